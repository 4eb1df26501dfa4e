"""Whose a row of a source is: its id, the account's id, and what becomes of rows that have none or a stranger's."""

from dataclasses import replace

import polars as pl

from toolkit.config.sources import Source
from toolkit.errors import Fault, SourceError
from toolkit.frames import RECORD_KEY, SKIPS, conform
from toolkit.sources.rejects import CELLS, LINE, SHOWN, cells_of, listed
from toolkit.sources.tables import ACCOUNT_ID, SourceTable


def identified(typed: pl.DataFrame, source: Source, file: str) -> pl.DataFrame:
    """Return the rows with their id as `id` in front, and of records of an object `account_id` behind it.

    Raises SourceError when the file has another column of one of these names.
    """
    ids = {RECORD_KEY: source.id_column}
    if source.records_of is not None and source.account is not None:
        ids[ACCOUNT_ID] = source.account
    for ours, column in ids.items():
        if ours in typed.columns and column != ours:
            whose = "the account's id" if source.account in (None, column) else "the id"
            raise SourceError(
                f'{file} has a column "{ours}", but "{column}" is {whose}.',
                hint=f'Rename the column "{ours}" in the file, or name it as the id in the mapping file.',
            )
    return typed.select(*(pl.col(column).alias(ours) for ours, column in ids.items()), pl.exclude(list(ids)))


def blank_ids(
    rows: pl.DataFrame, source: Source, name: str, file: str, place: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows that have every id they need, and the others as rows that were left out (`frames.SKIPS`)."""
    whole, skips = rows, [SKIPS.empty()]
    for column, ours in ((source.id_column, RECORD_KEY), (source.account, ACCOUNT_ID)):
        if column is None or ours not in rows.columns:
            continue
        blank = whole.filter(pl.col(ours).is_null())
        whole = whole.filter(pl.col(ours).is_not_null())
        lost = "belongs to no account" if column == source.account or source.account is None else "has no id"
        skips.append(
            conform(
                blank.select(
                    pl.lit(source.records_of or "account").alias("object"),
                    pl.lit("here").alias("side"),
                    pl.format("{} {} {}", pl.lit(file), pl.lit(place), LINE).alias("id"),
                    pl.lit(None, pl.String).alias("name"),
                    pl.lit(f"{name}: {column} is given").alias("rule"),
                    pl.lit(f'"{column}" is blank, so the row {lost}').alias("reason"),
                ),
                SKIPS,
            )
        )
    return whole, pl.concat(skips)


def repeated_ids(rows: pl.DataFrame, source: Source, place: str) -> pl.DataFrame:
    """Return every row whose id another row has too as a fault (`CELLS`): it is not clear which is the record."""
    repeated = rows.filter(pl.col(RECORD_KEY).is_not_null() & pl.col(RECORD_KEY).is_duplicated())
    if repeated.is_empty():
        return CELLS.empty()
    times = pl.format("occurs on {} {}s, so none of them is loaded", pl.len().over(RECORD_KEY), pl.lit(place))
    cells = cells_of(repeated[LINE], source.key, repeated[RECORD_KEY], "")
    return cells.with_columns(repeated.select(times.alias("reason")).to_series())


def require_unique(records: pl.DataFrame, source: Source, file: str, place: str) -> None:
    """Raise SourceError that names the lines of each id that occurs more than once."""
    repeated = records.filter(pl.col(RECORD_KEY).is_duplicated())
    if repeated.is_empty():
        return
    what = source.records_of
    lines = repeated.group_by(RECORD_KEY, maintain_order=True).agg(pl.col(LINE))
    faults = [
        Fault(f'{source.key} "{each}"', f"occurs on {place}s {', '.join(map(str, numbers[:SHOWN]))}")
        for each, numbers in lines.head(SHOWN).iter_rows()
    ]
    raise SourceError(
        f'{file}: {lines.height} values of "{source.key}" occur more than once, '
        f"so it is not clear which row is the {what}.",
        hint=f"Keep one row for each {what}.",
        faults=listed(faults, lines.height),
    )


def strangers(table: SourceTable, accounts: pl.Series, place: str) -> SourceTable:
    """Return the table without the rows whose account is not among `accounts`, which are recorded as left out.

    Of records each is a skip of its own, of activities each unknown account is one. `place` says where accounts are.
    """
    whose = ACCOUNT_ID if ACCOUNT_ID in table.records.columns and table.source.records_of else RECORD_KEY
    if table.source.records_of is not None and whose == RECORD_KEY:
        return table  # what belongs to no account, such as a user
    known = pl.col(whose).is_in(accounts.implode())
    unknown = table.records.filter(~known)
    if whose == RECORD_KEY:
        reason = pl.format("its {} rows were left out: the id is not in {}", "rows", pl.lit(place))
        unknown = unknown.group_by(RECORD_KEY).agg(rows=pl.len())
    else:
        reason = pl.format('its account "{}" is not in {}', whose, pl.lit(place))
    named = pl.col("name").cast(pl.String) if "name" in unknown.columns else pl.lit(None, pl.String)
    left_out = conform(
        unknown.select(
            pl.lit(table.source.records_of or "account").alias("object"),
            pl.lit("here").alias("side"),
            pl.col(RECORD_KEY),
            named.alias("name"),
            pl.lit(f"{table.name}: account is in {place}").alias("rule"),
            reason.alias("reason"),
        ),
        SKIPS,
    )
    skips = conform(pl.concat([table.skips, left_out]), SKIPS)
    return replace(table, records=table.records.filter(known), skips=skips)
