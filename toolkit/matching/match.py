"""Pair the records of both sides: links that still hold, then the mapping's rules in their order.

A rule links two records only when their values agree and each value occurs once on its side. A value that occurs twice
decides nothing: the records that carry it, and those they could have been paired with, are held, also from later and
weaker rules. Nothing is ever left out: every record of each side is in exactly one link or one mismatch.

    duplicate_key  the value is on several records of its own side
    ambiguous      the value is on several records of the other side, or on one that is linked or held already
    no_key         every field that the rules compare is blank
    unmatched      no record of the other side has the value

The result depends on what is in the frames, never on the order of their rows, and a second run changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from toolkit.config.objects import ObjectMapping
from toolkit.frames import LINKS, MISMATCHES, RECORD_KEY, SIDES, UTC_TIME, conform
from toolkit.matching.keys import field_of, keyed

BY_RULE = "rule"
"""``decided_by`` of a link that a rule made; any other is the person who made it."""

_OTHER = {"here": "there", "there": "here"}
_PLACE = {"here": "here", "there": "in Salesforce"}
_NAMED = 3


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
) -> Matched:
    """Return the links and mismatches of the records of both sides; new links are dated `now`.

    An existing link holds while both records are there. One that a rule made holds only while that rule is in the
    mapping and its two values are not known to differ: a value that was blanked does not break a pairing, one that now
    points elsewhere does. Where the two fields are mapped too, a new value that nobody else has is no other partner
    but a change, which the merge brings over: a person with a new e-mail address is the same person. Raises
    NotFoundError when a rule names a field that the records do not have.
    """
    sides = {side: keyed(records, mapping, side) for side, records in zip(SIDES, (here, there), strict=True)}
    links = _still_valid(existing_links, sides, mapping, object_name)
    free = {side: sides[side].join(links, left_on=RECORD_KEY, right_on=f"{side}_id", how="anti") for side in SIDES}
    mismatches: list[pl.DataFrame] = []
    for number in range(len(mapping.match)):
        pairs = _pairs(free, number)
        links = pl.concat([links, _as_links(pairs, mapping, number, now, object_name)])
        for side in SIDES:
            free[side] = free[side].join(pairs, left_on="row", right_on=f"{side}_row", how="anti")
        held = {side: _held(free[side], side, sides, mapping, number) for side in SIDES}
        for side in SIDES:
            free[side] = free[side].join(held[side], on="row", how="anti")
            mismatches.append(held[side].drop("row"))
    mismatches += [_alone(free[side], side, mapping) for side in SIDES]
    found = pl.concat(mismatches).with_columns(pl.lit(object_name).alias("object"))
    return Matched(conform(links, LINKS), conform(found, MISMATCHES))


def _still_valid(
    existing: pl.DataFrame | None, sides: dict[str, pl.DataFrame], mapping: ObjectMapping, object_name: str
) -> pl.DataFrame:
    columns = list(LINKS.schema)
    if existing is None or existing.is_empty():
        return LINKS.empty()
    links = conform(existing.filter(pl.col("object") == object_name), LINKS)
    present = links.filter(~pl.col("there_id").is_duplicated())
    for side in SIDES:
        keys = [pl.col(f"key{number}").alias(f"{side}{number}") for number in range(len(mapping.match))]
        present = present.join(
            sides[side].select(pl.col(RECORD_KEY).alias(f"{side}_id"), *keys), on=f"{side}_id", how="inner"
        )
    holds = pl.col("decided_by") != BY_RULE
    for number, rule in enumerate(mapping.match):
        agree = (pl.col(f"here{number}") == pl.col(f"there{number}")).fill_null(value=True)
        if any((field.here, field.there) == (rule.here, rule.there) for field in mapping.fields):
            agree |= ~pl.any_horizontal(
                pl.col(f"{side}{number}").is_in(sides[_OTHER[side]][f"key{number}"].implode()) for side in SIDES
            )
        holds |= (pl.col("rule") == str(rule)) & agree
    return present.filter(holds).select(columns)


def _pairs(free: dict[str, pl.DataFrame], number: int) -> pl.DataFrame:
    """Return the id and row of either side and the key, of free records whose key occurs once on each side."""
    key = f"key{number}"
    once = {
        side: free[side]
        .filter(pl.col(f"once{number}"))
        .select(pl.col(RECORD_KEY).alias(f"{side}_id"), pl.col("row").alias(f"{side}_row"), key)
        for side in SIDES
    }
    return once["here"].join(once["there"], on=key, how="inner")


def _as_links(
    pairs: pl.DataFrame, mapping: ObjectMapping, number: int, now: datetime, object_name: str
) -> pl.DataFrame:
    return pairs.select(
        pl.lit(object_name).alias("object"),
        "here_id",
        "there_id",
        pl.lit(str(mapping.match[number])).alias("rule"),
        pl.col(f"key{number}").alias("value"),
        pl.lit(now).cast(UTC_TIME).alias("linked_at"),
        pl.lit(BY_RULE).alias("decided_by"),
    )


def _held(
    free: pl.DataFrame, side: str, sides: dict[str, pl.DataFrame], mapping: ObjectMapping, number: int
) -> pl.DataFrame:
    """Return, as mismatches, the free records whose key is repeated on a side or taken on the other one.

    After pairing, a free record whose key the other side knows at all is one of these: were both keys unique and both
    records free, they would be a pair.
    """
    key, rule, other = f"key{number}", mapping.match[number], _OTHER[side]
    own = free.filter(pl.col(key).is_not_null() & ~pl.col(f"once{number}"))
    rest = free.filter(pl.col(f"once{number}")).join(sides[other], on=key, how="semi")
    return pl.concat(
        [
            _explained(own, sides[side], number, side, "duplicate_key", side, field_of(rule, side)),
            _explained(rest, sides[other], number, side, "ambiguous", other, field_of(rule, other)),
        ]
    )


def _explained(
    held: pl.DataFrame, bearers: pl.DataFrame, number: int, side: str, kind: str, at: str, field: str
) -> pl.DataFrame:
    """Return held records as mismatches whose reason names up to three bearers of the key on the side `at`."""
    key = f"key{number}"
    named = bearers.join(held, on=key, how="semi").sort(RECORD_KEY)
    label = pl.when(pl.col("name").is_null()).then(RECORD_KEY).otherwise(pl.format("{} ({})", "name", RECORD_KEY))
    who = named.group_by(key).agg(bearers=pl.len(), who=label.head(_NAMED).str.join(", "))
    more = pl.when(pl.col("bearers") > _NAMED).then(pl.lit(", ...")).otherwise(pl.lit(""))
    several = pl.format(
        '{} "{}" is on {} records {}: {}{}', pl.lit(field), f"given{number}", "bearers", pl.lit(_PLACE[at]), "who", more
    )
    taken = pl.format('{} "{}" is on {}, which is linked or held already', pl.lit(field), f"given{number}", "who")
    reason = pl.when(pl.col("bearers") > 1).then(several).otherwise(taken)
    return held.join(who, on=key, how="left").select(
        "row",
        pl.lit(side).alias("side"),
        RECORD_KEY,
        "name",
        pl.lit(kind).alias("kind"),
        pl.col(f"given{number}").alias("value"),
        reason.alias("reason"),
    )


def _alone(free: pl.DataFrame, side: str, mapping: ObjectMapping) -> pl.DataFrame:
    """Return, as mismatches, the records that no rule found a partner for: without any key, or with one nobody has."""
    other = _OTHER[side]
    if not mapping.match:
        reason = pl.lit("no rule says which records belong together")
        alone = [pl.lit("no_key").alias("kind"), pl.lit(None, pl.String).alias("value"), reason.alias("reason")]
        return free.select(pl.lit(side).alias("side"), RECORD_KEY, "name", *alone)
    fields = " and ".join(dict.fromkeys(field_of(rule, side) for rule in mapping.match))
    blank = "is blank" if len(mapping.match) == 1 else "are blank"
    keys = [pl.col(f"key{number}") for number in range(len(mapping.match))]
    given = [pl.when(key.is_not_null()).then(f"given{number}") for number, key in enumerate(keys)]
    reasons = [
        pl.when(key.is_not_null()).then(
            pl.format(
                'no record {} has {} "{}"', pl.lit(_PLACE[other]), pl.lit(field_of(rule, other)), f"given{number}"
            )
        )
        for number, (key, rule) in enumerate(zip(keys, mapping.match, strict=True))
    ]
    no_key = pl.all_horizontal(key.is_null() for key in keys)
    return free.select(
        pl.lit(side).alias("side"),
        RECORD_KEY,
        "name",
        pl.when(no_key).then(pl.lit("no_key")).otherwise(pl.lit("unmatched")).alias("kind"),
        pl.coalesce(given).alias("value"),
        pl.coalesce(*reasons, pl.lit(f"{fields} {blank}")).alias("reason"),
    )
