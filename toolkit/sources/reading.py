"""The customer's own files and tables, read into typed frames: the one door to them.

Whatever is wrong with one is said with its name, the line and column, and what to do; nothing is mended in silence. A
row without an account id is left out and recorded as a skip, and so is, where the source says `on_error` "reject", a
row with a fault. Ids are trimmed and stay text, so ``00123`` keeps its zeros.
"""

import difflib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl

from toolkit.config.models import Settings
from toolkit.config.sources import Source
from toolkit.errors import Fault, SourceError
from toolkit.frames import RECORD_KEY, SKIPS, conform
from toolkit.sources.belonging import blank_ids, identified, repeated_ids, require_unique, strangers
from toolkit.sources.column_types import Need, typed_columns
from toolkit.sources.event_engines import Counted, counted, counted_where_they_are, event_columns
from toolkit.sources.files import Raw, raw_columns
from toolkit.sources.needs import ANSWERED, COUNTED, Needs, source_needs
from toolkit.sources.nps import with_nps, wrong_scores
from toolkit.sources.periods import with_period_end
from toolkit.sources.rejects import LINE, listed, rejected_rows, require_few, require_none
from toolkit.sources.tables import Sources, SourceTable
from toolkit.sources.usage_events import AT, activity

__all__ = ["Sources", "read_source", "read_sources"]


def read_sources(folder: Path, settings: Settings, known: pl.Series | None = None) -> Sources:
    """Read every source that the mapping file names, its paths relative to `folder`.

    Rows that belong to an account that is neither in the accounts source nor among `known` (ids of accounts here)
    belong to nobody: they are left out, and of activities each such id, of records each record is a skip. Where there
    is no accounts source and nothing is known, every account is taken to exist. Raises SourceError for the first
    source that cannot be read.
    """
    tables = {
        name: read_source(folder, source, name=name, needs=source_needs(name, settings))
        for name, source in settings.sources.items()
    }
    accounts = tables.get(settings.account_source or "")
    ids = [each for each in (known, None if accounts is None else accounts.records[RECORD_KEY]) if each is not None]
    if ids:
        place = accounts.source.label if accounts is not None else "the accounts here"
        tables = {
            name: table if table is accounts else strangers(table, pl.concat(ids), place)
            for name, table in tables.items()
        }
    skips = pl.concat([SKIPS.empty(), *(table.skips for table in tables.values())])
    return Sources(tables, conform(skips, SKIPS))


def read_source(folder: Path, source: Source, *, name: str = "accounts", needs: Needs | None = None) -> SourceTable:
    """Return the records of one source, in the file's order, with their id as `id` in front of its columns.

    `needs` says what columns are used for, see `source_needs`. Raises SourceError for a source that is missing, empty
    or unreadable, for missing columns, for values that could be read in two ways, and, unless its rows are to be
    rejected, for values that are not the number or date they are needed as and for records whose id occurs twice.
    """
    needs = needs or Needs()
    if source.kind == "events" and (found := counted_where_they_are(folder, source)) is not None:
        return _events(SourceTable(name, source, pl.DataFrame(), read=found.incomplete["read"].item()), found)
    raw = raw_columns(folder, source)
    table, records = _records(raw, source, name, needs)
    if source.kind == "events":
        columns = event_columns(source)
        events = records.select(pl.col(column).alias(ours) for ours, column in columns.items())
        return _events(table, counted(events, source))
    if source.kind == "nps":
        records = with_nps(records, source.score or "")
    return replace(table, records=with_period_end(records, source))


def _records(raw: Raw, source: Source, name: str, needs: Needs) -> tuple[SourceTable, pl.DataFrame]:
    """Return the rows of a source that are whole and have an id, and a table without them that tells of the rest."""
    wanted = _wanted(source, needs)
    _require_columns(raw, wanted)
    typed = typed_columns(raw.columns, {**needs.optional, **wanted}, source)
    if typed.undecided:
        raise SourceError(
            f"{raw.file} holds values that could be read in more than one way.",
            hint=f"Say in [sources.{name}] how they are written.",
            faults=listed(list(typed.undecided)),
        )
    rows = identified(typed.columns, source, raw.file)
    wrong = [raw.faults, typed.wrong]
    if source.kind == "nps":
        wrong.append(wrong_scores(rows, source.score or ""))
    if source.records_of is not None and source.on_error == "reject":
        wrong.append(repeated_ids(rows, source, raw.place))
    faults = pl.concat(wrong)
    count = rows.height + raw.faults.height
    rejected, skips = 0, SKIPS.empty()
    if source.on_error == "stop":
        require_none(faults, raw.file, raw.place)
    else:
        rejected = require_few(faults, count, source, raw.file, raw.place)
        skips = rejected_rows(faults, source, name, raw.file, raw.place)
        rows = rows.join(faults, on=LINE, how="anti", maintain_order="left")
    kept, blank = blank_ids(rows, source, name, raw.file, raw.place)
    if source.records_of is not None:
        require_unique(kept, source, raw.file, raw.place)
    skips = conform(pl.concat([skips, blank]), SKIPS)
    empty = pl.DataFrame(schema={RECORD_KEY: pl.String})
    return SourceTable(name, source, empty, skips, count, rejected), kept.drop(LINE)


def _events(table: SourceTable, found: Counted) -> SourceTable:
    """Return the table with its events counted; those that could not be placed are a skip each reason."""
    source, skips = table.source, [table.skips]
    for column, what, number in (
        (source.account, "account", found.incomplete["without_account"].item()),
        (source.at, "time", found.incomplete["without_time"].item()),
    ):
        if number:
            skips.append(
                conform(
                    pl.DataFrame(
                        {
                            "object": "account", "side": "here", "id": source.label, "name": None,
                            "rule": f"{table.name}: {column} is given",
                            "reason": f'"{column}" is blank in {int(number):,} events, so they have no {what}',
                        }
                    ),
                    SKIPS,
                )
            )  # fmt: skip
    records = activity(found.counts, source.period or "week")
    return replace(table, records=records, skips=conform(pl.concat(skips), SKIPS))


def _wanted(source: Source, needs: Needs) -> dict[str, Need]:
    derived = {"events": COUNTED, "nps": ANSWERED}.get(source.kind, ())
    wanted: dict[str, Need] = {name: need for name, need in needs.required.items() if name not in derived}
    if source.date is not None and wanted.get(source.date) not in ("moment", "time"):
        wanted[source.date] = "date"
    if source.score is not None:
        wanted[source.score] = "number"
    for ours, column in event_columns(source).items() if source.kind == "events" else ():
        wanted[column] = "moment" if ours == AT else "text"
    for column in filter(None, (source.key, source.account)):
        wanted[column] = "text"
    return wanted


def _require_columns(raw: Raw, wanted: Mapping[str, Need]) -> None:
    columns = raw.columns.drop(LINE).columns
    missing = [name for name in wanted if name not in columns]
    if not missing:
        return
    faults = []
    for name in missing:
        near = difflib.get_close_matches(name.lower(), [column.lower() for column in columns], 1)
        meant = next((column for column in columns if near and column.lower() == near[0]), None)
        faults.append(Fault(f'column "{name}"', f'is missing; is it now called "{meant}"?' if meant else "is missing"))
    raise SourceError(
        f"{raw.file} lacks columns that the mapping file uses. It has: {', '.join(columns)}.",
        hint="Rename the column in the file, or change its name in the mapping file.",
        faults=listed(faults),
    )
