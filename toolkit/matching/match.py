"""Pair the records of both sides: what people decided, links that still hold, then the mapping's rules in their order.

A rule links two records only when their values agree and each value occurs once on its side. A value that occurs twice
decides nothing: the records that carry it, and those they could have been paired with, are held, also from later and
weaker rules. Nothing is ever left out: every record of each side is in exactly one link or one mismatch.

    duplicate_key  the value is on several records of its own side
    ambiguous      the value is on several records of the other side, or on one that is linked or held already
    decided        a rule would pair it with a record that a person said is another one (BEY-11)
    no_key         every field that the rules compare is blank, or says nothing
    unmatched      no record of the other side has the value

The result depends on what is in the frames, never on the order of their rows, and a second run changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from toolkit.config.match_rules import MatchRule
from toolkit.config.objects import ObjectMapping
from toolkit.frames import LINKS, MISMATCHES, PAIR_DECISIONS, RECORD_KEY, SIDES, UTC_TIME, conform
from toolkit.matching.decisions import BY_DECISION, different, same
from toolkit.matching.keys import keyed, parts_of
from toolkit.matching.reasons import OTHER, alone, held, held_by_decision, held_through
from toolkit.matching.through import Contacts, candidates, only_ones, values_of

BY_RULE = "rule"
"""``decided_by`` of a link that a rule made; any other is the person who made it."""

_ROW = "here_row"
_LINKED = [*LINKS.schema, _ROW]


@dataclass(frozen=True)
class Matched:
    """The links of an object (`frames.LINKS`) and every record that has none (`frames.MISMATCHES`)."""

    links: pl.DataFrame
    mismatches: pl.DataFrame


def match(
    here: pl.DataFrame,
    there: pl.DataFrame,
    mapping: ObjectMapping,
    existing_links: pl.DataFrame | None,
    now: datetime,
    *,
    object_name: str = "account",
    decisions: pl.DataFrame | None = None,
    contacts: Contacts | None = None,
) -> Matched:
    """Return the links and mismatches of the records of both sides; new links are dated `now`.

    `decisions` (`frames.PAIR_DECISIONS`) go before everything: what a person said is the same is linked while both
    records are there, whatever their keys, and what is different never is. An existing link holds while both records
    are there. One that a rule made holds only while that rule is in the mapping and its values are not known to
    differ: a value that was blanked does not break a pairing, one that now points elsewhere does. Where the two fields
    are mapped too, a new value that nobody else has is no other partner but a change, which the merge brings over: a
    person with a new e-mail address is the same person. `contacts` are what rules through contacts look at. Raises
    NotFoundError when a rule names a field that the records do not have.
    """
    work = _Matching(here, there, mapping, object_name, contacts or Contacts())
    decided = PAIR_DECISIONS.empty() if decisions is None else decisions.filter(pl.col("object") == object_name)
    said = same(decided, here[RECORD_KEY], there[RECORD_KEY])
    made = [work.linked(said), work.still_linked(existing_links, said, different(decided))]
    made += [work.by_rule(number, different(decided), now) for number in range(len(mapping.match))]
    work.mismatches += [alone(work.free(side), side, mapping) for side in SIDES]
    found = pl.concat(work.mismatches).with_columns(pl.lit(object_name).alias("object"))
    links = pl.concat(made).sort(_ROW)  # as the records are: where these are in order, the links need no sorting
    return Matched(conform(links, LINKS), conform(found, MISMATCHES))


class _Matching:
    """One run: the keyed records of both sides, those that are free yet, and the mismatches found so far."""

    def __init__(
        self, here: pl.DataFrame, there: pl.DataFrame, mapping: ObjectMapping, object_name: str, contacts: Contacts
    ) -> None:
        records = dict(zip(SIDES, (here, there), strict=True))
        self.mapping, self.object = mapping, object_name
        values = {side: values_of(records[side], mapping, side, contacts) for side in SIDES}
        self.found = {number: candidates({side: values[side][number] for side in SIDES}) for number in values["here"]}
        self.sides = {side: keyed(records[side], mapping, side, values[side]) for side in SIDES}
        self.is_free = {side: pl.repeat(True, self.sides[side].height, dtype=pl.Boolean, eager=True) for side in SIDES}
        self.mismatches: list[pl.DataFrame] = []

    def free(self, side: str) -> pl.DataFrame:
        """Return the records of a side that have neither a partner nor a mismatch yet."""
        return self.sides[side].filter(self.is_free[side])

    def take(self, side: str, rows: pl.Series) -> None:
        """Note that the records in these rows of a side are dealt with."""
        if rows.len():
            self.is_free[side] = self.is_free[side].scatter(rows, False)

    def linked(self, links: pl.DataFrame) -> pl.DataFrame:
        """Return links with the position of their record here, and note that their records have a partner."""
        for side in SIDES:
            known = self.sides[side].select(pl.col("row").alias(f"{side}_row"), pl.col(RECORD_KEY).alias(f"{side}_id"))
            links = links.join(known, on=f"{side}_id", how="inner")
            self.take(side, links[f"{side}_row"])
        return links.select(_LINKED)

    def by_rule(self, number: int, apart: pl.DataFrame, now: datetime) -> pl.DataFrame:
        """Return the links that a rule makes among the free records, and hold those that it cannot decide about."""
        rule = self.mapping.match[number]
        pairs = self._through(number) if rule.of_contacts else self._equal(number)
        forbidden = pairs.join(apart, on=["here_id", "there_id"], how="inner") if apart.height else None
        if forbidden is not None:
            pairs = pairs.join(apart, on=["here_id", "there_id"], how="anti")
        for side in SIDES:
            self.take(side, pairs[f"{side}_row"])
            if forbidden is not None:
                self.take(side, forbidden[f"{side}_row"])
                self.mismatches.append(held_by_decision(forbidden, side, self.sides, self.mapping, number))
        found = {side: self._held(number, side) for side in SIDES}
        for side in SIDES:
            self.take(side, found[side]["row"])
            self.mismatches.append(found[side])
        return _as_links(pairs, rule, now, self.object).select(_LINKED)

    def still_linked(self, existing: pl.DataFrame | None, said: pl.DataFrame, apart: pl.DataFrame) -> pl.DataFrame:
        """Return the existing links that hold and stand in no one's way, and note their records.

        A decision that was taken back links nothing any more.
        """
        given = LINKS.empty() if existing is None else existing
        own = given.filter((pl.col("object") == self.object) & pl.col("rule").ne_missing(pl.lit(BY_DECISION)))
        own = own.filter(own["there_id"].is_unique())
        if apart.height:
            own = own.join(apart, on=["here_id", "there_id"], how="anti")
        for side in SIDES if said.height else ():
            own = own.join(said, on=f"{side}_id", how="anti")
        holding = self._holding(own)
        for side in SIDES:
            self.take(side, holding[f"{side}_row"])
        return holding.select(_LINKED)

    def _holding(self, links: pl.DataFrame) -> pl.DataFrame:
        for side in SIDES:
            keys = [
                pl.col(part).alias(f"{side} {part}")
                for number, rule in enumerate(self.mapping.match)
                for part in parts_of(rule, number)
            ]
            known = self.sides[side].select(
                pl.col(RECORD_KEY).alias(f"{side}_id"), pl.col("row").alias(f"{side}_row"), *keys
            )
            links = links.join(known, on=f"{side}_id", how="inner")
        holds = pl.col("decided_by") != BY_RULE
        for number, rule in enumerate(self.mapping.match):
            if rule.of_contacts:
                links, agree = self._still_a_candidate(links, number)
            else:
                agree = pl.all_horizontal(self._part_agrees(rule, number, part) for part in range(len(rule.parts)))
            holds |= (pl.col("rule") == str(rule)) & agree
        return links.filter(holds)

    def _part_agrees(self, rule: MatchRule, number: int, part: int) -> pl.Expr:
        column, fields = parts_of(rule, number)[part], rule.parts[part]
        agree = (pl.col(f"here {column}") == pl.col(f"there {column}")).fill_null(value=True)
        if any((each.here, each.there) == (fields.here.field, fields.there.field) for each in self.mapping.fields):
            agree |= ~pl.any_horizontal(
                pl.col(f"{side} {column}").is_in(self.sides[OTHER[side]][column].implode()) for side in SIDES
            )
        return agree

    def _still_a_candidate(self, links: pl.DataFrame, number: int) -> tuple[pl.DataFrame, pl.Expr]:
        """Return `links` and whether the values of each still lead to its partner, or to nobody at all."""
        found, name = self.found[number], f"leads{number}"
        pairs = found.select("here_row", "there_row", pl.lit(value=True).alias(name))
        links = links.join(pairs, on=["here_row", "there_row"], how="left")
        leads = pl.col("here_row").is_in(found["here_row"].implode())
        return links, pl.col(name).fill_null(value=False) | ~leads

    def _equal(self, number: int) -> pl.DataFrame:
        """Return the id and row of either side and the key, of free records whose key occurs once on each side."""
        once = {}
        for side in SIDES:
            records = self.sides[side]
            usable = self.is_free[side] & records[f"once{number}"]
            keys = records.select("row", pl.col(RECORD_KEY).alias("id"), pl.col(f"key{number}").alias("key"))
            once[side] = keys.filter(usable).with_columns(_hash=pl.col("key").hash())
        both = once["here"].join(once["there"], on="_hash", how="inner", suffix="_there", maintain_order="left")
        pairs = both.filter(pl.col("key") == pl.col("key_there"))
        return pairs.select("key", here_row="row", there_row="row_there", here_id="id", there_id="id_there")

    def _through(self, number: int) -> pl.DataFrame:
        pairs = only_ones(self.found[number]).select("here_row", "there_row", "key")
        for side in SIDES:
            ids = self.free(side).select(pl.col("row").alias(f"{side}_row"), pl.col(RECORD_KEY).alias(f"{side}_id"))
            pairs = pairs.join(ids, on=f"{side}_row", how="inner")
        return pairs

    def _held(self, number: int, side: str) -> pl.DataFrame:
        if self.mapping.match[number].of_contacts:
            return held_through(self.free(side), side, self.sides, self.found[number], self.mapping, number)
        return held(self.free(side), side, self.sides, self.mapping, number)


def _as_links(pairs: pl.DataFrame, rule: MatchRule, now: datetime, object_name: str) -> pl.DataFrame:
    return pairs.select(
        pl.lit(object_name).alias("object"),
        "here_id",
        "there_id",
        pl.lit(str(rule)).alias("rule"),
        pl.col("key").str.replace_all("\x1f", ", ").alias("value"),
        pl.lit(now).cast(UTC_TIME).alias("linked_at"),
        pl.lit(BY_RULE).alias("decided_by"),
        _ROW,
    )
