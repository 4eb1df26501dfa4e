"""Adoption: records that only Salesforce has become records here, whole and linked; nothing is guessed or overwritten.

A record there without a partner is adopted when the mapping creates records (VIT-10, CC-7) and nothing stands against
it. Its id here is the value of the mapping's ``id`` field (SKA-14, VIT-8), else its record id; an id that is taken
here stays with whoever had it first (VIT-7). What matching holds, because a value is on several records, is not
adopted: somebody has to decide.

Linked records keep their mapped values, which are the plan's to change. Only what the toolkit works out from Salesforce
itself follows at each import: the account they belong to, their tags, their standard columns.

Pure, and the result depends on no order of rows. The same import again changes nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from toolkit.config.objects import FieldMapping, ObjectMapping
from toolkit.frames import FATES, LINKS, MISMATCHES, RECORD_KEY, SKIPS, UTC_TIME, conform
from toolkit.importing.derived import ACCOUNT_THERE_ID, Derived
from toolkit.importing.exclusions import Excluded, excluded
from toolkit.importing.judging import (
    ACCOUNT_ID,
    ORIGIN,
    SALESFORCE,
    THERE_ID,
    account_of,
    fates_of,
    hangs_on_accounts,
    judged,
    skips_of,
    writes_here,
)
from toolkit.importing.leaving import ARCHIVED_ON, CHURNED_ON, STAGE_BEFORE, left_records, merged_into, return_of
from toolkit.importing.stacking import stacked, together
from toolkit.values import to_18, to_text

BY_IMPORT = "import"
"""The rule of a link that an import made, and who decided it; such a link holds while both records are there."""

FATE_ORDER = ("created", "returned", "updated", "unchanged", "churned", "archived", "kept", "held", "skipped")
"""Every fate, in the order in which they are told."""

ACCOUNT = "account"


@dataclass(frozen=True)
class Adopted:
    """What an import of one object makes of the records on both sides.

    ``here`` are the records here afterwards, ``links`` (`frames.LINKS`) and ``mismatches`` (`frames.MISMATCHES`) those
    of the object, ``skips`` (`frames.SKIPS`) what was left out, and what is worth knowing. ``fates`` (`frames.FATES`)
    has one row for each record there, and one for each here whose partner left the scope.
    """

    object: str
    here: pl.DataFrame
    links: pl.DataFrame
    mismatches: pl.DataFrame
    skips: pl.DataFrame
    fates: pl.DataFrame

    @property
    def counts(self) -> dict[str, int]:
        """How many records of each fate, all of them, in a fixed order."""
        found = dict(self.fates.group_by("fate").len().iter_rows())
        return {fate: found.get(fate, 0) for fate in FATE_ORDER}

    def __str__(self) -> str:
        told = [f"{count:,} {fate}" for fate, count in self.counts.items() if count and fate != "unchanged"]
        return ", ".join(told) or "nothing to import"


def adopt(
    there: pl.DataFrame,
    here: pl.DataFrame | None,
    links: pl.DataFrame,
    mapping: ObjectMapping,
    now: datetime,
    *,
    mismatches: pl.DataFrame | None = None,
    derived: Derived | None = None,
    gone: pl.DataFrame | None = None,
    scope: Excluded | None = None,
    apart: pl.DataFrame | None = None,
) -> Adopted:
    """Return the records here with those that only Salesforce has, and what became of every one.

    `there` are all records in scope, `links` those of the object and of accounts, `mismatches` matching's (None: there
    was nothing to match, every record without a link is free). `gone` are the pull's skips, whose reasons are told on;
    `scope` is what `excluded` returned, None to work it out; `apart` (here_id, there_id) are pairs that a person said
    are different.
    """
    there = there.with_columns(to_18(pl.col(RECORD_KEY).cast(pl.String)))
    scope = excluded(there, mapping) if scope is None else scope
    mapping, before = mapping.in_effect, _with_bookkeeping(here)
    derived = derived or Derived(there.select(RECORD_KEY), SKIPS.empty())
    known = links.filter(object=mapping.object).join(before, left_on="here_id", right_on=RECORD_KEY, how="semi")
    holding = known.join(scope.kept, left_on="there_id", right_on=RECORD_KEY, how="semi")
    homes = account_of(scope.kept, mapping, links.filter(object=ACCOUNT), derived)
    merged = merged_into(gone, scope.kept[RECORD_KEY])
    rows = judged(scope.kept, before, holding, mapping, mismatches, homes, merged, apart)
    made = _made_links(rows.filter(pl.col("fate").is_in(["created", "returned"])), mapping.object, now)
    now_linked = conform(pl.concat([holding.select(made.columns), made]), LINKS)
    after, out = before, before.select(RECORD_KEY, THERE_ID).clear()
    if writes_here(mapping):
        after = return_of(_refreshed(before, rows, mapping, derived), now_linked["here_id"])
        out = _gone(after, there, known, now_linked)
    left = left_records(after, out, mapping, now, gone, scope.kept[RECORD_KEY])
    new = _new_records(rows.filter(pl.col("fate") == "created"), scope.kept, mapping, derived)
    here = stacked(left.here, new).sort(RECORD_KEY)
    skips = conform(pl.concat([scope.skips, derived.skips, skips_of(rows, mapping), left.skips]), SKIPS)
    fates = conform(pl.concat([fates_of(rows, mapping), _excluded_fates(scope), left.fates]), FATES)
    alone = _still_mismatched(mismatches, now_linked, scope, mapping)
    return finished(Adopted(mapping.object, here, now_linked, alone, skips, fates), before)


def finished(done: Adopted, before: pl.DataFrame | None) -> Adopted:
    """Return an import with the fates of linked records told anew, by what became of the records here.

    ``returned`` where one is no churner, or not archived, any more; ``updated`` where it is otherwise not as `before`.
    """
    before = _with_bookkeeping(before)
    shared = [name for name in done.here.columns if name != RECORD_KEY]
    old = before.select(RECORD_KEY, *(pl.col(name).alias(f"old {name}") for name in shared if name in before.columns))
    beside = done.here.join(old, on=RECORD_KEY, how="inner")
    back = [pl.col(f"old {name}").is_not_null() & pl.col(name).is_null() for name in (CHURNED_ON, ARCHIVED_ON)]
    changed = pl.any_horizontal(_differs(name, beside.schema) for name in shared)
    became = pl.when(pl.any_horizontal(back)).then(pl.lit("returned")).when(changed).then(pl.lit("updated"))
    partner = done.links.select("there_id", "here_id").join(
        beside.select(here_id=RECORD_KEY, became=became), on="here_id", how="left"
    )
    fates = done.fates.join(partner, left_on=RECORD_KEY, right_on="there_id", how="left")
    linked = (pl.col("side") == "there") & pl.col("fate").is_in(["returned", "updated", "unchanged"])
    told = pl.when(pl.col("fate") == "returned").then("fate").otherwise(pl.col("became").fill_null("unchanged"))
    return replace(done, fates=conform(fates.with_columns(fate=pl.when(linked).then(told).otherwise("fate")), FATES))


def _differs(name: str, types: pl.Schema) -> pl.Expr:
    old = f"old {name}"
    if old not in types:
        return pl.col(name).is_not_null()
    if types[name] == types[old]:
        return pl.col(name).ne_missing(pl.col(old))
    one, other = (to_text(pl.col(each), types[each], "string") for each in (name, old))
    return one.ne_missing(other)


_BOOKKEEPING: dict[str, pl.DataType] = {
    ORIGIN: pl.String(),
    THERE_ID: pl.String(),
    CHURNED_ON: pl.Date(),
    ARCHIVED_ON: pl.Date(),
    STAGE_BEFORE: pl.String(),
}


def _with_bookkeeping(here: pl.DataFrame | None) -> pl.DataFrame:
    """Return the records here with the columns in which an import remembers."""
    if here is None:
        here = pl.DataFrame(schema={RECORD_KEY: pl.String})
    lacking = [pl.lit(None, dtype).alias(name) for name, dtype in _BOOKKEEPING.items() if name not in here.columns]
    having = [pl.col(name).cast(dtype) for name, dtype in _BOOKKEEPING.items() if name in here.columns]
    return here.with_columns(*lacking, *having)


def _made_links(paired: pl.DataFrame, object_name: str, now: datetime) -> pl.DataFrame:
    made = paired.select(
        object=pl.lit(object_name),
        here_id="here_id",
        there_id="there_id",
        rule=pl.lit(BY_IMPORT),
        value=pl.col("_key"),
        linked_at=pl.lit(now).cast(UTC_TIME),
        decided_by=pl.lit(BY_IMPORT),
    )
    return conform(made, LINKS)


def _new_records(rows: pl.DataFrame, there: pl.DataFrame, mapping: ObjectMapping, derived: Derived) -> pl.DataFrame:
    """Return the records here of adopted ones: mapped fields, the fields that match rules compare, what is derived."""
    types = there.schema
    columns = {field.here: _value(field, types) for field in mapping.fields if field.writes_here}
    for here_column, path in (pair for rule in mapping.match for pair in rule.carried):
        if path in types:
            columns.setdefault(here_column, pl.col(path))
    columns |= {ORIGIN: pl.lit(SALESFORCE), THERE_ID: pl.col(RECORD_KEY)}
    if hangs_on_accounts(mapping):
        columns[ACCOUNT_ID] = pl.col("_account")
    columns[RECORD_KEY] = pl.col("_here")
    placed = rows.select(pl.col("there_id").alias(RECORD_KEY), _here="here_id", _account=ACCOUNT_ID)
    new = there.join(placed, on=RECORD_KEY, how="inner").select(value.alias(name) for name, value in columns.items())
    return new.join(_beyond_the_mapping(derived, mapping), left_on=THERE_ID, right_on=RECORD_KEY, how="left")


def _value(field: FieldMapping, types: pl.Schema) -> pl.Expr:
    given = pl.col(field.reads) if field.reads in types else pl.lit(None, pl.String)
    if field.default is None:
        return given
    return given.fill_null(pl.lit(field.default).cast(types.get(field.reads, pl.String()), strict=False))


def _beyond_the_mapping(derived: Derived, mapping: ObjectMapping) -> pl.DataFrame:
    """Return the derived columns that no mapped field writes: what the mapping says goes before what is standard."""
    taken = {field.here for field in mapping.fields} | {ACCOUNT_THERE_ID, ORIGIN, THERE_ID, ACCOUNT_ID}
    return derived.columns.select(name for name in derived.columns.columns if name == RECORD_KEY or name not in taken)


def _refreshed(here: pl.DataFrame, rows: pl.DataFrame, mapping: ObjectMapping, derived: Derived) -> pl.DataFrame:
    """Return the records here where linked ones have what the import works out as it is in Salesforce now."""
    fresh = rows.filter(pl.col("fate").is_in(["unchanged", "returned"]))
    own = [ACCOUNT_ID] if hangs_on_accounts(mapping) else []
    fresh = fresh.select(pl.col("here_id").alias(RECORD_KEY), "there_id", *own)
    more = _beyond_the_mapping(derived, mapping)
    fresh = fresh.join(more, left_on="there_id", right_on=RECORD_KEY, how="left").rename({"there_id": THERE_ID})
    known = [name for name in fresh.columns if name != RECORD_KEY]
    wide = here.with_columns(pl.lit(None, fresh.schema[name]).alias(name) for name in known if name not in here.columns)
    beside = wide.join(fresh.with_columns(_fresh=pl.lit(value=True)), on=RECORD_KEY, how="left", suffix=" new")
    ours = beside["_fresh"].fill_null(value=False) & (beside[ORIGIN] == SALESFORCE).fill_null(value=False)
    columns = []
    for name in known:
        stands, comes = together(beside[name], beside[f"{name} new"])
        follows = beside["_fresh"].fill_null(value=False) if name in (*derived.always, THERE_ID) else ours
        filled = pl.select(pl.coalesce(pl.lit(stands), pl.lit(comes))).to_series()
        columns.append(filled.zip_with(~follows, comes).alias(name))
    return beside.with_columns(columns).select(wide.columns)


def _gone(here: pl.DataFrame, there: pl.DataFrame, known: pl.DataFrame, linked: pl.DataFrame) -> pl.DataFrame:
    """Return id and there_id of the records here whose partner is not in scope any more."""
    before = known.select(pl.col("here_id").alias(RECORD_KEY), partner="there_id")
    alone = here.join(linked, left_on=RECORD_KEY, right_on="here_id", how="anti")
    alone = (
        alone.join(before, on=RECORD_KEY, how="left")
        .select(RECORD_KEY, there_id=pl.coalesce("partner", THERE_ID))
        .drop_nulls()
    )
    return alone.join(there, left_on="there_id", right_on=RECORD_KEY, how="anti")


def _still_mismatched(
    mismatches: pl.DataFrame | None, links: pl.DataFrame, scope: Excluded, mapping: ObjectMapping
) -> pl.DataFrame:
    """Return matching's mismatches without the records that have a partner now or take no part."""
    if mismatches is None:
        return MISMATCHES.empty()
    out = pl.concat(
        [
            links.select(side=pl.lit("there"), id="there_id"),
            links.select(side=pl.lit("here"), id="here_id"),
            scope.skips.select("side", "id"),
        ]
    )
    own = mismatches.filter(pl.col("object") == mapping.object)
    return conform(own.join(out, on=["side", "id"], how="anti"), MISMATCHES)


def _excluded_fates(scope: Excluded) -> pl.DataFrame:
    first = scope.skips.sort("id", "rule").unique(["object", "side", "id"], keep="first", maintain_order=True)
    return first.with_columns(fate=pl.lit("skipped")).select(list(FATES.schema))
