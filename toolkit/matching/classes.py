"""Every record of both sides in exactly one class, with the cause in words and the fix in one step (BEY-10, CAT-23).

The classes are looked at in a fixed order; the first that applies counts. So they are a partition: whatever the
frames say, each record is counted once, and the counts of a side add up to its records.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

import polars as pl

from toolkit.frames import (
    CHANGES,
    JOURNAL,
    LINK_HISTORY,
    LINKS,
    MISMATCHES,
    RECORD_CLASSES,
    RECORD_KEY,
    SIDES,
    SKIPS,
    conform,
)
from toolkit.matching.links import GONE_HERE, GONE_THERE
from toolkit.matching.reasons import DECIDED, OTHER


@dataclass(frozen=True)
class RecordClass:
    """What a class is called, why a record is in it, and what to do about it; `command` does it, or shows where."""

    name: str
    title: str
    cause: str
    fix: str
    command: str


CLASSES: dict[str, RecordClass] = {
    each.name: each
    for each in (
        RecordClass("in_agreement", "Paired, in agreement", "Both records are linked and hold the same values.",
                    "Nothing to do.", ""),
        RecordClass("expected_drift", "Paired, until the next sync",
                    "Values differ, and the next sync brings them over: that is the interval, not an error.",
                    "Nothing to do; or commit the plan now.", "cs-toolkit plan"),
        RecordClass("value_drift", "Paired, values differ",
                    "Values differ and no sync will bring them over: both sides changed, or one may not be written.",
                    "Decide the rows in the queue of the plan.", "cs-toolkit plan"),
        RecordClass("unmatched_here", "Only here", "No record in Salesforce has a key of its own.",
                    "Look at its suggestions, or let it be created there.", "cs-toolkit match --review"),
        RecordClass("unmatched_there", "Only in Salesforce", "No record here has a key of its own.",
                    "Look at its suggestions, or import it.", "cs-toolkit match --review"),
        RecordClass("ambiguous", "Ambiguous", "Its key is that of several records of the other side, or of one that is "
                    "linked already; none is picked.", "Say which one it is.", "cs-toolkit match --review"),
        RecordClass("duplicate_key", "Duplicate key", "Its key is also on other records of its own side.",
                    "Merge the doubles, or give each a key of its own.", "cs-toolkit match --review"),
        RecordClass("no_key", "No key", "Every field that the rules compare is blank, or says nothing.",
                    "Fill in one of them, or look at its suggestions.", "cs-toolkit match --review"),
        RecordClass("broken_pair", "Broken pair", "It was linked, and its partner is gone or merged.",
                    "Decide about the proposed repair.", "cs-toolkit match --review"),
        RecordClass("partner_left", "Partner left the scope",
                    "Its partner is no longer in scope; what the mapping says about that was done.",
                    "Nothing to do; it comes back with its partner.", ""),
        RecordClass("archived", "Archived here", "It was put away here, as a repair made it part of another record.",
                    "Nothing to do.", ""),
        RecordClass("held_by_decision", "Held by a decision",
                    "A rule would pair it with a record that a person said is another one.",
                    "Correct the key of one of the two, or decide anew.", "cs-toolkit match --review"),
        RecordClass("skipped", "Skipped", "It was left out before matching.",
                    "Change what leaves it out in the mapping file, if it should take part.", "cs-toolkit preview"),
        RecordClass("not_matched_yet", "Not matched yet", "It came after the last match.", "Match.",
                    "cs-toolkit match"),
    )
}  # fmt: skip
"""Class -> what it means, in the order in which they are told."""

_BY_KIND = {"ambiguous": "ambiguous", "duplicate_key": "duplicate_key", DECIDED: "held_by_decision"}
_FREE = ("unmatched", "no_key")
_NOT_BACK = ("merged", "deleted")  # what merely left the scope may come back
_NAMED = 3
_KEY = ["side", "id"]
COUNTS = ("object", "side", "record_class", "title", "records")


@dataclass(frozen=True)
class Seen:
    """All that is known of one object's records. ``here`` and ``there`` are id and name of every record of a side.

    ``changes`` is the newest plan, ``journal`` what was written since it was made, the oldest first. ``excluded`` are
    the rules of skips that leave out a record which is there, ``left`` the rule that tells of a partner that left the
    scope. ``compared`` says whether there was a plan at all; ``settled`` are ids here whose lost partner somebody
    decided about, ``archived`` those of records that were put away.
    """

    here: pl.DataFrame
    there: pl.DataFrame
    links: pl.DataFrame = field(default_factory=LINKS.empty)
    mismatches: pl.DataFrame = field(default_factory=MISMATCHES.empty)
    skips: pl.DataFrame = field(default_factory=SKIPS.empty)
    changes: pl.DataFrame = field(default_factory=CHANGES.empty)
    journal: pl.DataFrame = field(default_factory=JOURNAL.empty)
    history: pl.DataFrame = field(default_factory=LINK_HISTORY.empty)
    excluded: Collection[str] = ()
    left: str = ""
    compared: bool = True
    settled: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.String))
    archived: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.String))


def classify(object_name: str, seen: Seen) -> pl.DataFrame:
    """Return every record of both sides of an object, once, with its class (`frames.RECORD_CLASSES`).

    The records are those of both frames, and those that were left out before they came into one of them. All frames
    of `seen` may hold rows of other objects as well.
    """
    mine = pl.col("object") == object_name
    links, skips = seen.links.filter(mine), seen.skips.filter(mine)
    rows = _universe(seen, skips)
    rows = rows.join(_partners(links), on=_KEY, how="left")
    present = rows.filter("_present").select(_side="side", partner_id="id", _has=pl.lit(value=True))
    rows = rows.with_columns(_side=pl.col("side").replace_strict(OTHER, return_dtype=pl.String))
    rows = rows.join(present, on=["_side", "partner_id"], how="left")
    rows = rows.join(_drift(seen.changes.filter(mine), seen.journal.filter(mine)), on="_here_id", how="left")
    told = seen.mismatches.filter(mine).select(*_KEY, kind="kind", _value="value", _why="reason")
    rows = rows.join(told, on=_KEY, how="left").join(_skipped(skips, seen), on=_KEY, how="left")
    put_away = (pl.col("side") == "here") & pl.col("id").is_in(seen.archived.implode())
    rows = rows.with_columns(_archived=put_away).join(_lost(seen.history.filter(mine), seen), on=_KEY, how="left")
    name, value, reason, partner = _first_that_applies(compared=seen.compared)
    found = rows.with_columns(
        object=pl.lit(object_name), record_class=name, value=value, reason=reason, partner_id=partner
    )
    return conform(found, RECORD_CLASSES)


def counts(classes: pl.DataFrame) -> pl.DataFrame:
    """Return how many records of each object and side are in each class: `COUNTS`, in the order of `CLASSES`."""
    order = {name: place for place, name in enumerate(CLASSES)}
    titles = {name: each.title for name, each in CLASSES.items()}
    counted = classes.group_by("object", "side", "record_class").agg(records=pl.len().cast(pl.Int64))
    named = counted.with_columns(title=pl.col("record_class").replace_strict(titles, return_dtype=pl.String))
    placed = named.sort("object", "side", pl.col("record_class").replace_strict(order, return_dtype=pl.Int64))
    return placed.select(COUNTS)


def _universe(seen: Seen, skips: pl.DataFrame) -> pl.DataFrame:
    """Return side, id and name of every record, and whether it is in its side's frame (``_present``)."""
    parts = [
        records.select(side=pl.lit(side), id=pl.col(RECORD_KEY), name="name", _present=pl.lit(value=True))
        for side, records in zip(SIDES, (seen.here, seen.there), strict=True)
    ]
    inside = pl.concat(parts, how="vertical_relaxed").with_columns(pl.col("side", "id", "name").cast(pl.String))
    outside = skips.sort("id", "rule").unique(_KEY, keep="first", maintain_order=True).join(inside, on=_KEY, how="anti")
    outside = outside.select(*_KEY, "name", _present=pl.lit(value=False))
    return pl.concat([inside, outside])


def _partners(links: pl.DataFrame) -> pl.DataFrame:
    """Return, by side and id, the partner of each linked record and the rule; ``_here_id`` names the pair."""
    sides = [
        links.select(
            side=pl.lit(side), id=f"{side}_id", partner_id=f"{OTHER[side]}_id", _rule="rule", _here_id="here_id"
        )
        for side in SIDES
    ]
    return pl.concat(sides).unique(_KEY, keep="first", maintain_order=True)


def _drift(changes: pl.DataFrame, journal: pl.DataFrame) -> pl.DataFrame:
    """Return, by ``_here_id``, which fields differ (``_fields``) and why a sync does not settle it (``_stuck``)."""
    cell = ["side", "here_id", "field"]
    since = journal.filter(pl.col("here_id").is_not_null())
    last = since.unique(cell, keep="last", maintain_order=True)
    last = last.select(*cell, _state="state", _after="after", _message="message", _touched=pl.lit(value=True))
    linked = changes.filter(pl.col("there_id").is_not_null() & pl.col("here_id").is_not_null())
    rows = linked.join(last, on=cell, how="left", nulls_equal=True)
    done = (pl.col("_state") == "written") & pl.col("_after").eq_missing(pl.col("after"))
    rows = rows.filter(~done.fill_null(value=False)).sort("field", "side")
    failed = pl.col("_state").is_in(["failed", "held"]).fill_null(value=False)
    told = pl.when(failed).then(pl.coalesce("_message", pl.lit("it was not written"))).otherwise("reason")
    stuck = (pl.col("verdict") != "write") | failed
    why = pl.when(stuck).then(pl.format("{}: {}", "field", pl.coalesce(told, "verdict")))
    return rows.group_by(_here_id="here_id").agg(
        _fields=pl.col("field").unique().sort().head(_NAMED).str.join(", "),
        _count=pl.col("field").n_unique(),
        _stuck=why.drop_nulls().first(),
    )


def _skipped(skips: pl.DataFrame, seen: Seen) -> pl.DataFrame:
    """Return, by side and id, why a record was left out (``_out``), and that its partner left (``_left``)."""
    rows = skips.sort("id", "rule").group_by(_KEY)
    left_out = pl.col("rule").is_in(list(seen.excluded))
    told = pl.format("{}: {}", "rule", pl.col("reason").fill_null("no reason was given"))
    return rows.agg(
        _any=told.first(),
        _out=told.filter(left_out).first(),
        _left=pl.col("reason").filter(pl.col("rule") == seen.left).first(),
    )


def _lost(history: pl.DataFrame, seen: Seen) -> pl.DataFrame:
    """Return, by side and id, the last partner of a record (``_was``) and why it is no more, where that one is gone."""
    ended = history.filter(pl.col("ended_at").is_not_null()).sort("ended_at", "linked_at", "here_id", "there_id")
    parts = []
    for side, others in zip(SIDES, (seen.there, seen.here), strict=True):
        other = OTHER[side]
        last = ended.unique(f"{side}_id", keep="last", maintain_order=True)
        gone = ~pl.col(f"{other}_id").is_in(others[RECORD_KEY].implode())
        by_itself = pl.col("ended_why").str.starts_with(GONE_HERE) | pl.col("ended_why").str.starts_with(GONE_THERE)
        settled = pl.col("here_id").is_in(seen.settled.implode())
        lost = last.filter(gone & by_itself & ~settled)
        parts.append(lost.select(side=pl.lit(side), id=f"{side}_id", _was=f"{other}_id", _gone="ended_why"))
    return pl.concat(parts)


def _first_that_applies(*, compared: bool) -> tuple[pl.Expr, pl.Expr, pl.Expr, pl.Expr]:
    """Return class, value, reason and partner of the first case that applies to a row."""
    nothing = pl.lit(None, pl.String)
    linked, partner = pl.col("partner_id").is_not_null(), pl.col("partner_id")
    whole = linked & pl.col("_has").fill_null(value=False)
    fields = pl.concat_str("_fields", pl.when(pl.col("_count") > _NAMED).then(pl.lit(", ...")).otherwise(pl.lit("")))
    free = pl.col("kind").is_in(_FREE).fill_null(value=False)
    missing = pl.format("its partner {} is not there any more", partner)
    was = pl.format("it was {}: {}", "_was", "_gone")
    broken = pl.any_horizontal(pl.col("_gone").str.starts_with(GONE_THERE + how) for how in _NOT_BACK).fill_null(
        value=False
    )
    agreed = pl.format("linked by {}", pl.col("_rule").fill_null("hand"))
    agreed = agreed if compared else pl.format("{}; a plan compares the values", agreed)
    cases: list[tuple[pl.Expr, pl.Expr, pl.Expr, pl.Expr, pl.Expr]] = [
        (~pl.col("_present"), pl.lit("skipped"), nothing, pl.col("_any"), nothing),
        (whole & pl.col("_stuck").is_not_null(), pl.lit("value_drift"), fields, pl.col("_stuck"), partner),
        (whole & pl.col("_fields").is_not_null(), pl.lit("expected_drift"), fields,
         pl.format("{} differ until the next sync", fields), partner),
        (whole, pl.lit("in_agreement"), nothing, agreed, partner),
        (linked, pl.lit("broken_pair"), nothing, missing, partner),
        (pl.col("_out").is_not_null(), pl.lit("skipped"), nothing, pl.col("_out"), nothing),
        (pl.col("kind").is_in(list(_BY_KIND)).fill_null(value=False),
         pl.col("kind").replace_strict(_BY_KIND, default=None, return_dtype=pl.String),
         pl.col("_value"), pl.col("_why"), nothing),
        (free & broken, pl.lit("broken_pair"), pl.col("_value"), was, pl.col("_was")),
        (free & pl.col("_left").is_not_null(), pl.lit("partner_left"), pl.col("_value"), pl.col("_left"),
         pl.col("_was")),
        (free & pl.col("_gone").is_not_null(), pl.lit("broken_pair"), pl.col("_value"), was, pl.col("_was")),
        (free & pl.col("_archived"), pl.lit("archived"), pl.col("_value"), pl.lit("it was put away here"), nothing),
        (pl.col("kind") == "no_key", pl.lit("no_key"), nothing, pl.col("_why"), nothing),
        (free, pl.format("unmatched_{}", "side"), pl.col("_value"), pl.col("_why"), nothing),
    ]  # fmt: skip
    found = [pl.lit("not_matched_yet"), nothing, pl.lit("it came after the last match"), nothing]
    for applies, *told in reversed(cases):
        found = [pl.when(applies).then(new).otherwise(old) for new, old in zip(told, found, strict=True)]
    return found[0], found[1], found[2], found[3]
