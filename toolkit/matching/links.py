"""Every link there ever was: when it began, by what, and why it ended (VIT-7, CSU-14, BEY-11).

Links are made and ended by matching, imports, commits and people. Whoever did it, the history is brought up to date by
comparing what was linked before with what is linked now; a link that is no more stays as a tombstone with the reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl

from toolkit.config.objects import ObjectMapping
from toolkit.frames import LINK_HISTORY, PAIR_DECISIONS, RECORD_KEY, SIDES, SKIPS, UTC_TIME, conform
from toolkit.matching.decisions import DIFFERENT
from toolkit.matching.keys import keyed
from toolkit.matching.match import BY_RULE
from toolkit.matching.through import Contacts, values_of

GONE_HERE = "the record here is gone"
GONE_THERE = "its record in Salesforce is "
REPLACED = "linked otherwise now: "
KEYS_DIFFER = "the values differ now: "
LOST = "lost"
"""The kind of a mismatch of a record here whose partner is out of view in Salesforce, for who would make it anew."""
MATCHED = "matched anew"
"""The step that ends a link because its values say something else now."""

STEPS = {"match": MATCHED, "import": "ended by an import", "commit": "taken back by a commit",
         "resume": "taken back by a commit", "add": "ended by an entry", "view": "ended by a sync",
         "sync": "ended by a sync", "repair": "ended by a repair"}  # fmt: skip
"""The steps of a workspace that make or end links, as their tombstones say it."""
FREE = ("unmatched", "no_key")
"""The kinds of mismatches of records that matching found nothing for."""
_PAIR = ("here_id", "there_id")
_TICK = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Circumstances:
    """What tells why a link ended: the records that are left, what the pull said, what people said, the rules.

    `step` says in words who ended it when nothing else does, ``taken back by a commit``.
    """

    here: pl.Series
    there: pl.Series
    skips: pl.DataFrame = field(default_factory=SKIPS.empty)
    decisions: pl.DataFrame = field(default_factory=PAIR_DECISIONS.empty)
    rules: Sequence[str] = ()
    step: str = "ended"


def with_links(
    history: pl.DataFrame, links: pl.DataFrame, now: datetime, seen: Circumstances, values: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return the history (`frames.LINK_HISTORY`) of one object with the links (`frames.LINKS`) it has now.

    `values` has here_id, there_id, here_value and there_value, as written, of links that may be new.
    """
    still_open = history.filter(pl.col("ended_at").is_null())
    same = [*_PAIR, "rule", "decided_by"]
    new = links.join(still_open, on=same, how="anti", nulls_equal=True)
    over = still_open.join(links, on=same, how="anti", nulls_equal=True)
    if new.is_empty() and over.is_empty():
        return history
    untouched = history.join(over, on=list(LINK_HISTORY.key), how="anti")
    ended = _ended(over, links, now, seen)
    begun = _begun(new, pl.concat([untouched, ended]), values)
    return conform(pl.concat([untouched, ended, begun]), LINK_HISTORY)


def with_lost(
    mismatches: pl.DataFrame, history: pl.DataFrame, links: pl.DataFrame, let_go: pl.DataFrame
) -> pl.DataFrame:
    """Return `mismatches` in which records here that lost their partner are `LOST`, with what became of it.

    A partner out of view is not gone: who left the scope is still in Salesforce, and would be made a second time. So it
    is with one in view whose values differ now. `let_go` (object, there_id) are partners that somebody let go, or that
    a commit deleted; they are missed no more, nor are those that are linked otherwise by now.
    """
    key = ["object", "there_id"]
    ended = history.filter(pl.col("ended_at").is_not_null()).sort("ended_at", "linked_at", "there_id")
    last = ended.unique(["object", "here_id"], keep="last", maintain_order=True)
    alone = mismatches.filter(pl.col("side") == "there").select("object", there_id="id", _alone=pl.lit(value=True))
    seen = last.join(alone, on=key, how="left", maintain_order="left")
    out_of_view, differ = (pl.col("ended_why").str.starts_with(why) for why in (GONE_THERE, KEYS_DIFFER.rstrip(": ")))
    lost = seen.filter(out_of_view | (differ & pl.col("_alone").fill_null(value=False)))
    lost = lost.join(links, on=key, how="anti").join(let_go, on=key, how="anti")
    told = pl.format(
        "its partner was {}, but {}. It is not made a second time: decide about it (cs-toolkit match --review), or "
        "bring its partner back into view",
        "there_id", "ended_why",
    )  # fmt: skip
    known = lost.select("object", id="here_id", side=pl.lit("here"), _told=told)
    found = mismatches.join(known, on=["object", "side", "id"], how="left", maintain_order="left")
    is_lost = pl.col("_told").is_not_null() & pl.col("kind").is_in(FREE)
    return found.with_columns(
        kind=pl.when(is_lost).then(pl.lit(LOST)).otherwise("kind"),
        reason=pl.when(is_lost).then("_told").otherwise("reason"),
    ).select(mismatches.columns)


def values_compared(
    links: pl.DataFrame,
    here: pl.DataFrame,
    there: pl.DataFrame,
    mapping: ObjectMapping,
    contacts: Contacts | None = None,
) -> pl.DataFrame:
    """Return here_id, there_id, here_value and there_value of links: what their rule compared, as written.

    Of a link that no rule made, the values of the first rule that has some.
    """
    parts = links.select(*_PAIR, "rule")
    for side, records in zip(SIDES, (here, there), strict=True):
        few = records.join(links, left_on=RECORD_KEY, right_on=f"{side}_id", how="semi")
        through = values_of(few, mapping, side, contacts or Contacts())
        given = keyed(few, mapping, side, through)
        columns = [pl.col(f"given{number}").alias(f"{side}{number}") for number in range(len(mapping.match))]
        parts = parts.join(given.select(pl.col(RECORD_KEY).alias(f"{side}_id"), *columns), on=f"{side}_id", how="left")
    told = []
    for side in SIDES:
        value: pl.Expr = pl.coalesce([pl.lit(None, pl.String), *(f"{side}{n}" for n in range(len(mapping.match)))])
        for number, rule in enumerate(mapping.match):
            value = pl.when(pl.col("rule") == str(rule)).then(f"{side}{number}").otherwise(value)
        told.append(value.alias(f"{side}_value"))
    return parts.select(*_PAIR, *told)


def _begun(new: pl.DataFrame, before: pl.DataFrame, values: pl.DataFrame | None) -> pl.DataFrame:
    """Return the rows of links that are new; one that was ended before begins after its tombstone began."""
    last = before.group_by(_PAIR).agg(_last=pl.col("linked_at").max())
    rows = new.join(last, on=_PAIR, how="left")
    later = pl.max_horizontal("linked_at", pl.col("_last") + _TICK)
    rows = rows.with_columns(linked_at=pl.coalesce(later, "linked_at"))
    known = pl.DataFrame(schema=dict.fromkeys((*_PAIR, "here_value", "there_value"), pl.String))
    rows = rows.join(known if values is None else values, on=_PAIR, how="left")
    return rows.with_columns(
        ended_at=pl.lit(None, UTC_TIME), ended_why=pl.lit(None, pl.String), linked_at=pl.col("linked_at").cast(UTC_TIME)
    ).select(list(LINK_HISTORY.schema))


def _ended(over: pl.DataFrame, links: pl.DataFrame, now: datetime, seen: Circumstances) -> pl.DataFrame:
    apart = seen.decisions.filter(pl.col("verdict") == DIFFERENT).select(*_PAIR, _who="decided_by")
    told = seen.skips.filter(pl.col("side") == "there").unique("id", keep="first", maintain_order=True)
    other_there = links.select("here_id", _there="there_id", _by="rule", _person="decided_by")
    other_here = links.select("there_id", _here="here_id")
    rows = (
        over.join(apart, on=_PAIR, how="left")
        .join(told.select(there_id="id", _left="reason"), on="there_id", how="left")
        .join(other_there, on="here_id", how="left")
        .join(other_here, on="there_id", how="left")
    )
    by = pl.when(pl.col("_person") == BY_RULE).then("_by").otherwise("_person")
    confirmed = (pl.col("_there") == pl.col("there_id")).fill_null(value=False)
    gone_there = ~pl.col("there_id").is_in(seen.there.implode())
    left = pl.coalesce("_left", pl.lit("gone: deleted, or out of scope"))
    by_rule = pl.col("decided_by") == BY_RULE
    old_rule = by_rule & ~pl.col("rule").is_in(list(seen.rules))
    differ = pl.format('{}"{}" and "{}" were compared', pl.lit(KEYS_DIFFER), "here_value", "there_value")
    why = (
        pl.when(pl.col("_who").is_not_null())
        .then(pl.format("{} said they are different", "_who"))
        .when(confirmed)
        .then(pl.format("still linked, now by {}", by))
        .when(~pl.col("here_id").is_in(seen.here.implode()))
        .then(pl.lit(GONE_HERE))
        .when(gone_there)
        .then(pl.format("{}{}", pl.lit(GONE_THERE), left))
        .when(pl.col("_there").is_not_null())
        .then(pl.format("{}{} is its partner, by {}", pl.lit(REPLACED), "_there", by))
        .when(pl.col("_here").is_not_null())
        .then(pl.format("{}{} is the partner of {}", pl.lit(REPLACED), "_here", "there_id"))
        .when(old_rule)
        .then(pl.format('the rule "{}" is not in the mapping any more', "rule"))
        .when(by_rule & pl.lit(seen.step == MATCHED))
        .then(pl.coalesce(differ, pl.lit(KEYS_DIFFER.rstrip(": "))))
        .otherwise(pl.lit(seen.step))
    )
    at = pl.lit(now).cast(UTC_TIME)
    return rows.with_columns(ended_at=at, ended_why=why).select(list(LINK_HISTORY.schema))
