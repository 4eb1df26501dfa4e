"""Parents among the accounts here: who is below whom, who is at the top, and on which level (SKA-13).

A parent in Salesforce is a parent here if it is here. Where it is not, because it is out of scope or was left out, the
account hangs on its nearest ancestor that is; without one it stands at the top. A level that is not kept is taken out
from below: accounts deeper than the last level hang on their ancestor one above it, so that of two levels the first
is the top of the group and the second is everybody else in it. Accounts that are parents of each other in a circle all
stand at the top. Each of these is told.

Every step is a whole column at once: an account's parent is a position, and following it twice, four times, eight
times takes as many steps as a group's depth has binary digits.
"""

from dataclasses import dataclass

import polars as pl

from toolkit.config.objects import ObjectMapping
from toolkit.frames import RECORD_KEY, SKIPS, conform
from toolkit.importing.exclusions import PARENT_PATH
from toolkit.values import to_18

OUT_OF_SCOPE = "parent (SKA-13)"
CIRCLE = "circle of parents (SKA-13)"
TOO_DEEP = "levels (SKA-13)"
HIERARCHY_NOTES = (OUT_OF_SCOPE, CIRCLE, TOO_DEEP)
"""Rules under which an account hangs elsewhere than in Salesforce; none leaves it out."""

HIERARCHY_COLUMNS = ("parent_id", "root_id", "level")


@dataclass(frozen=True)
class Hierarchy:
    """One row an account here that is linked: id, parent_id (null at the top), root_id, level from 1; and the notes."""

    rows: pl.DataFrame
    skips: pl.DataFrame


def hierarchy(there: pl.DataFrame, links: pl.DataFrame, mapping: ObjectMapping) -> Hierarchy:
    """Return the hierarchy of the linked accounts among `there`; without ``hierarchy`` all stand on one level."""
    links = links.filter(pl.col("object") == mapping.object)
    places = there.select(there_id=to_18(pl.col(RECORD_KEY).cast(pl.String)), name=_name(there, mapping),
                          given=_parent(there, mapping)).sort("there_id")  # fmt: skip
    places = places.join(links.select("there_id", "here_id"), on="there_id", how="left", maintain_order="left")
    places = places.with_row_index("place")
    ours, itself = places["here_id"].is_not_null(), places["place"]
    named = _places(places, "given")
    parent = named.fill_null(itself)
    visible = _followed(itself.zip_with(ours, parent))  # each account here is itself, others their nearest that is
    nearest = visible.gather(parent)
    above = nearest.zip_with(ours & named.is_not_null() & ours.gather(nearest), itself)
    circular = (_in_circle(above) | (named == itself).fill_null(value=False)) & ours
    above = itself.zip_with(circular, above)
    level = _depth(above) + 1
    kept, moved = _cut(above, level, mapping)
    rows = places.with_columns(
        _kept=kept, _root=_followed(kept), level=_depth(kept) + 1, was=level, circular=circular, moved=moved,
        missing=ours & places["given"].is_not_null() & (named.is_null() | (nearest != parent)),
    )  # fmt: skip
    rows = rows.with_columns(
        parent_id=pl.when(pl.col("_kept") != pl.col("place")).then(pl.col("here_id").gather(pl.col("_kept"))),
        root_id=pl.col("here_id").gather(pl.col("_root")),
    )
    linked = rows.filter(pl.col("here_id").is_not_null())
    shown = linked.select(pl.col("here_id").alias(RECORD_KEY), "parent_id", "root_id", pl.col("level").cast(pl.Int64))
    return Hierarchy(shown.sort(RECORD_KEY), _notes(linked, mapping))


def _name(there: pl.DataFrame, mapping: ObjectMapping) -> pl.Expr:
    return pl.col(mapping.name).cast(pl.String) if mapping.name in there.columns else pl.lit(None, pl.String)


def _parent(there: pl.DataFrame, mapping: ObjectMapping) -> pl.Expr:
    path = mapping.hierarchy.parent if mapping.hierarchy else PARENT_PATH
    if mapping.hierarchy is None or path not in there.columns:
        return pl.lit(None, pl.String)
    return to_18(pl.col(path).cast(pl.String))


def _places(places: pl.DataFrame, column: str) -> pl.Series:
    """Return where the record is that `column` names, null where it is not among the records."""
    known = places.select(pl.col("there_id").alias(column), _at="place")
    return places.select(column).join(known, on=column, how="left", maintain_order="left")["_at"]


def _itself(above: pl.Series) -> pl.Series:
    return pl.int_range(above.len(), dtype=pl.UInt32, eager=True)


def _followed(above: pl.Series) -> pl.Series:
    """Return where following `above` to its end leads; in a circle, somewhere in it."""
    for _ in range(above.len().bit_length()):
        further = above.gather(above)
        if further.equals(above):
            break
        above = further
    return above


def _depth(above: pl.Series) -> pl.Series:
    """Return how many steps each place is below the top; `above` has no circles."""
    steps = (above != _itself(above)).cast(pl.UInt32)
    for _ in range(above.len().bit_length()):
        further = above.gather(above)
        if further.equals(above):
            break
        steps, above = steps + steps.gather(above), further
    return steps


def _in_circle(above: pl.Series) -> pl.Series:
    """Return which places are in a circle: those that are still led to after more steps than there are places."""
    itself = _itself(above)
    jump = above
    for _ in range(above.len().bit_length()):
        jump = jump.gather(jump)
    endless = above.gather(jump) != jump
    return itself.is_in(jump.filter(endless).unique().implode())


def _cut(above: pl.Series, level: pl.Series, mapping: ObjectMapping) -> tuple[pl.Series, pl.Series]:
    """Return the parents that are left when only so many levels are kept, and who was moved.

    Who is deeper hangs on the ancestor one level above the last; of one level nobody hangs on anybody.
    """
    levels = mapping.hierarchy.levels if mapping.hierarchy else None
    itself = _itself(above)
    if levels is None:
        return above, pl.repeat(False, above.len(), dtype=pl.Boolean, eager=True)
    moved = level > levels
    target = max(levels - 1, 1)
    steps = (level.cast(pl.Int64) - target).clip(0)
    jump, found = above, itself
    for digit in range(above.len().bit_length()):
        found = jump.gather(found).zip_with((steps // 2**digit) % 2 == 1, found)
        jump = jump.gather(jump)
    return (itself if levels == 1 else found).zip_with(moved, above), moved


def _notes(linked: pl.DataFrame, mapping: ObjectMapping) -> pl.DataFrame:
    at_top = pl.col("parent_id").is_null()
    stands = pl.when(at_top).then(pl.lit("it stands at the top")).otherwise(pl.format("it hangs on {}", "parent_id"))
    notes = [
        (
            pl.col("missing") & ~pl.col("circular"),
            OUT_OF_SCOPE,
            pl.format("its parent {} is not here; {}", "given", stands),
        ),
        (pl.col("circular"), CIRCLE, pl.format("its parent {} is below it as well; it stands at the top", "given")),
        (pl.col("moved"), TOO_DEEP, pl.format("it is on level {} in Salesforce; {}", "was", stands)),
    ]
    told = [
        linked.filter(which).select(
            object=pl.lit(mapping.object),
            side=pl.lit("there"),
            id="there_id",
            name="name",
            rule=pl.lit(rule),
            reason=why,
        )
        for which, rule, why in notes
    ]
    return conform(pl.concat(told), SKIPS)
