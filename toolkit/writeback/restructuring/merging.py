"""Merging duplicates in Salesforce: which records go, which values are taken from them, and which one should survive.

A merge makes one or two records part of a third: what belonged to them belongs to it, and they go to the recycle bin.
It cannot be undone: taking a record out of the bin brings back the record, not what belonged to it. So the plan shows
everything that moves. Frames in, frames out; nothing is asked of the org here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import polars as pl

from toolkit.errors import InputError, NotFoundError
from toolkit.frames import CHANGES, RECORD_KEY
from toolkit.values import to_18, to_text
from toolkit.writeback.planning.finding import Finding
from toolkit.writeback.planning.operations import CLEAR, MERGE, UPDATE
from toolkit.writeback.planning.rule_names import MERGE as BY_MERGE
from toolkit.writeback.planning.sentences import sentence, shown
from toolkit.writeback.planning.sides import Sides
from toolkit.writeback.undoing.hanging import counted
from toolkit.writeback.undoing.uncreating import STAMP

MERGEABLE = ("Account", "Contact", "Lead", "Case")
"""The objects whose records Salesforce merges."""
MOST_LOSERS = 2
SurvivorRule = Literal["oldest", "most_filled", "most_children", "linked"]

_COLUMNS = tuple(name for name in CHANGES.schema if name != "seq")
_NOTHING = pl.lit(None, dtype=pl.String)


@dataclass(frozen=True)
class Merging:
    """One merge: the record that stays, the one or two that go, and whose value of which field it takes.

    ``fields`` are Salesforce fields, each with the id of the loser whose value the survivor gets. Ids have 15 or 18
    characters.
    """

    survivor_id: str
    loser_ids: tuple[str, ...]
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Survivor:
    """Which record of several should survive, why, and how all of them rank.

    ``ranking`` has a row a record, the best first: id, name, created, filled, children, linked (its id here), rank.
    """

    id: str
    reason: str
    ranking: pl.DataFrame = field(repr=False)


def checked(merges: Iterable[Merging], sides: Sides) -> list[Merging]:
    """Return the merges with ids of 18 characters. Raises InputError for one that Salesforce does not know."""
    found = [
        Merging(_long(each.survivor_id), tuple(map(_long, each.loser_ids)),
                {name: _long(loser) for name, loser in each.fields.items()})
        for each in merges
    ]  # fmt: skip
    sobject, prefix = sides.describe.name, sides.describe.key_prefix
    if sobject not in MERGEABLE:
        raise InputError(f"Salesforce merges no {sobject} records.", hint=f"It merges {', '.join(MERGEABLE)}.")
    losers = [loser for each in found for loser in each.loser_ids]
    for each in found:
        ids = (each.survivor_id, *each.loser_ids)
        if not 1 <= len(set(each.loser_ids)) == len(each.loser_ids) <= MOST_LOSERS:
            hint = "Merge the rest into the same survivor with a second plan."
            raise InputError(f"One or two records are merged into another, not {len(each.loser_ids)}.", hint=hint)
        wrong = [one for one in ids if prefix and not one.startswith(prefix)]
        if wrong:
            raise InputError(f"{wrong[0]} is no id of {sobject}.", hint="Ids are those of the records in Salesforce.")
        if each.survivor_id in losers or len(set(losers)) < len(losers):
            hint = "A record goes into one other, and what survives goes nowhere: make one plan after the other."
            raise InputError(f"{each.survivor_id} is merged with a record that is merged already.", hint=hint)
        for name, loser in each.fields.items():
            if loser not in each.loser_ids:
                raise InputError(f"{name} is taken from {loser}, which is not merged.", hint="Name one of the losers.")
            if not sides.describe.field(name).updateable:
                raise InputError(f"{name} cannot be written.", hint="Leave it out: Salesforce fills it by itself.")
    return found


def merge_rows(sides: Sides, merges: Sequence[Merging], now: pl.DataFrame, hanging: pl.DataFrame) -> pl.DataFrame:
    """Return the rows (`CHANGES` without seq) of checked merges: one a loser, and one a value taken from a loser.

    `now` are all these records as they are: ``id``, their name, `STAMP`, and the fields that are taken; `hanging`
    (`DEPENDENTS`) is what belongs to them. Raises NotFoundError when a record is gone.
    """
    missing = sorted({one for each in merges for one in (each.survivor_id, *each.loser_ids)} - set(now[RECORD_KEY]))
    if missing:
        raise NotFoundError(
            f"{', '.join(missing)}: deleted, merged already, or not visible.", hint="Pull and match, and look again."
        )
    return pl.concat([_going(sides, merges, now, hanging), *_taken(sides, merges, now)])


def merge_findings(sides: Sides, changes: pl.DataFrame) -> tuple[Finding, ...]:
    """Return what to know before merging: what becomes of the records here whose partners go."""
    found = []
    keys = {path for rule in sides.mapping.match for path in rule.there_paths}
    taken = sorted(set(changes["field"]) & keys)
    if taken:
        message = f"{', '.join(taken)} decides the pairing: the survivor may be paired anew by the next match"
        hint = "Take it from a loser only where the survivor is to be the partner of the loser's record here."
        found.append(Finding("warning", "BEY-9", f"objects.{sides.object}", message, hint))
    going = changes.filter((pl.col("operation") == MERGE) & pl.col("here_id").is_not_null())
    linked = sides.links.filter(pl.col("object") == sides.object)["there_id"]
    alone = going.filter(pl.col("after").is_in(linked.implode()) | pl.col("after").is_duplicated())
    if alone.height:
        number = "1 record here loses its" if alone.height == 1 else f"{alone.height:,} records here lose their"
        message = f"{number} partner: {', '.join(alone['here_id'].head(5))}"
        hint = "Merge them here in the system they come from; until then they are mismatches of the kind unmatched."
        found.append(Finding("warning", "BEY-9", f"objects.{sides.object}", message, hint))
    return tuple(found)


def survivor_of(
    sides: Sides, now: pl.DataFrame, created: pl.DataFrame, hanging: pl.DataFrame, rule: SurvivorRule
) -> Survivor:
    """Return which of the records in `now` (wide, ``id``) should survive by a rule; ties go to the older one.

    `created` has id and created (a moment), `hanging` (`DEPENDENTS`) what belongs to them. Raises InputError for a rule
    that does not exist.
    """
    if rule not in get_args(SurvivorRule):
        raise InputError(f"There is no rule {rule!r}.", hint=f"Rules are: {', '.join(get_args(SurvivorRule))}.")
    links = sides.links.filter(pl.col("object") == sides.object).select(id="there_id", linked="here_id")
    children = hanging.unique(["there_id", "sobject", "id"]).group_by("there_id").len("children")
    filled = pl.sum_horizontal(pl.all().exclude(RECORD_KEY).is_not_null()).cast(pl.Int64)
    name = sides.mapping.name
    ranking = (
        now.select(RECORD_KEY, name=pl.col(name).cast(pl.String) if name in now.columns else _NOTHING, filled=filled)
        .join(created, on=RECORD_KEY, how="left")
        .join(children, left_on=RECORD_KEY, right_on="there_id", how="left")
        .join(links, on=RECORD_KEY, how="left")
        .with_columns(pl.col("children").fill_null(0).cast(pl.Int64))
    )
    first = {
        "oldest": pl.col("filled") * 0,
        "most_filled": -pl.col("filled"),
        "most_children": -pl.col("children"),
        "linked": pl.col("linked").is_null().cast(pl.Int64),
    }[rule]
    ranked = ranking.sort(first, "created", RECORD_KEY, nulls_last=True).with_row_index("rank", 1)
    best = ranked.row(0, named=True)
    why = {
        "oldest": f"made first, at {best['created']:%Y-%m-%d %H:%M}" if best["created"] else "made first",
        "most_filled": f"{best['filled']} of its fields are filled",
        "most_children": f"{best['children']} records belong to it",
        "linked": f"linked to {best['linked']} here" if best["linked"] else "none is linked; it was made first",
    }[rule]
    columns = ["id", "name", "created", "filled", "children", "linked", "rank"]
    return Survivor(str(best["id"]), why, ranked.select(columns))


def _going(sides: Sides, merges: Sequence[Merging], now: pl.DataFrame, hanging: pl.DataFrame) -> pl.DataFrame:
    pairs = [(loser, each.survivor_id) for each in merges for loser in each.loser_ids]
    given = pl.DataFrame(pairs, schema={"there_id": pl.String, "after": pl.String}, orient="row")
    links = sides.links.filter(pl.col("object") == sides.object).select("there_id", "here_id")
    kept = links.select(after="there_id", _kept="here_id")
    stamp = to_text(pl.col(STAMP), now.schema[STAMP], "datetime")
    names = now.select(there_id=RECORD_KEY, name=_name(sides, now), base=stamp)
    joined = (
        given.join(names, on="there_id", how="left", maintain_order="left")
        .join(names.select(after="there_id", _survivor="name"), on="after", how="left", maintain_order="left")
        .join(links, on="there_id", how="left", maintain_order="left")
        .join(kept, on="after", how="left", maintain_order="left")
        .join(counted(hanging).rename({"said": "_moves"}), on="there_id", how="left", maintain_order="left")
    )
    linked = pl.col("there_id").filter(pl.col("here_id").is_not_null())
    first = pl.col("there_id") == linked.min().over("after")  # the first that a commit comes to inherits
    link = (
        pl.when(pl.col("here_id").is_null())
        .then(pl.lit(""))
        .when(pl.col("_kept").is_null() & first)
        .then(sentence("; ", pl.col("here_id"), " here is linked to the survivor"))
        .otherwise(sentence("; ", pl.col("here_id"), " here is left without a partner"))
    )
    moves = pl.when(pl.col("_moves").is_null()).then(pl.lit("nothing belongs to it"))
    reason = sentence("becomes part of ", shown(pl.col("_survivor")), " (", pl.col("after"), "); ",
                      moves.otherwise(sentence("these move there: ", pl.col("_moves"))), link)  # fmt: skip
    return joined.select(_row(sides, MERGE, "MasterRecordId", "reference", pl.col("after"), reason,
                              base=pl.col("base")))  # fmt: skip


def _taken(sides: Sides, merges: Sequence[Merging], now: pl.DataFrame) -> list[pl.DataFrame]:
    links = sides.links.filter(pl.col("object") == sides.object).select("there_id", "here_id")
    parts = []
    for name in sorted({name for each in merges for name in each.fields}):
        facts = sides.describe.field(name)
        text = to_text(pl.col(name), now.schema[name], facts.type, facts.scale)
        held = now.select(_id=RECORD_KEY, _text=text, _name=_name(sides, now))
        wanted = [(each.survivor_id, each.fields[name]) for each in merges if name in each.fields]
        pairs = pl.DataFrame(wanted, schema={"there_id": pl.String, "_loser": pl.String}, orient="row")
        joined = (
            pairs.join(held.select(there_id="_id", there="_text", name="_name"), on="there_id", how="left")
            .join(held.select(_loser="_id", _after="_text", _from="_name"), on="_loser", how="left")
            .join(links, on="there_id", how="left", maintain_order="left")
            .filter(pl.col("there").ne_missing(pl.col("_after")))
        )
        operation = pl.when(pl.col("_after").is_null()).then(pl.lit(CLEAR)).otherwise(pl.lit(UPDATE))
        reason = sentence("taken from ", shown(pl.col("_from")), " (", pl.col("_loser"), "), which goes")
        parts.append(joined.select(_row(sides, operation, facts.name, facts.type, pl.col("_after"), reason,
                                        there=pl.col("there"))))  # fmt: skip
    return parts


def _row(
    sides: Sides,
    operation: str | pl.Expr,
    name: str,
    kind: str,
    after: pl.Expr,
    reason: pl.Expr,
    *,
    base: pl.Expr = _NOTHING,
    there: pl.Expr = _NOTHING,
) -> list[pl.Expr]:
    given = {
        "side": pl.lit("there"),
        "object": pl.lit(sides.object),
        "operation": pl.lit(operation) if isinstance(operation, str) else operation,
        "field": pl.lit(name),
        "partner": _NOTHING,
        "type": pl.lit(kind),
        "base": base,
        "here": _NOTHING,
        "there": there,
        "after": after,
        "rule": pl.lit(BY_MERGE),
        "verdict": pl.lit("write"),
        "reason": reason,
    }
    return [given.get(column, pl.col(column)).alias(column) for column in _COLUMNS]


def _name(sides: Sides, now: pl.DataFrame) -> pl.Expr:
    name = sides.mapping.name
    return pl.col(name).cast(pl.String) if name in now.columns else _NOTHING


def _long(record_id: str) -> str:
    return str(pl.select(to_18(pl.lit(record_id.strip()))).item())
