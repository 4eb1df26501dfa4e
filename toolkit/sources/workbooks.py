"""Excel workbooks to columns, each row with the number it has in the sheet.

A column whose cells are all numbers keeps them exactly; any other is text as its cells read, with dates in ISO form and
the numbers among them in the notation of the source. A cell is never parsed twice: text that looks like a formula is
text, and of a formula it is the value that the workbook keeps. A cell with an error reads as its text, ``#N/A``.
"""

import logging
from typing import Any

import fastexcel
import polars as pl

from toolkit.config.sources import Source
from toolkit.errors import SourceError
from toolkit.sources.column_types import EXACT
from toolkit.sources.csv_files import usable_header
from toolkit.sources.old_workbooks import whole_if_old
from toolkit.sources.rejects import LINE
from toolkit.sources.workbook_errors import with_errors

logging.getLogger("fastexcel").addHandler(logging.NullHandler())
"""What it warns of (columns of nothing but errors) is not for a person at a console."""


def workbook_columns(content: bytes, file: str, source: Source) -> pl.DataFrame:
    """Return the columns of the source's sheet, the first when it names none, with `LINE` last.

    The first row that is not blank is the header; blank rows are no records. Raises SourceError for a file that is no
    workbook or was cut off, a sheet that does not exist or is empty, and a header that is not usable.
    """
    readings = _readings(content, file, source.sheet)
    text = readings[0]
    filled = pl.select(pl.any_horizontal([_filled(column) for column in text])).to_series() if text.width else _NONE
    if not filled.any():
        raise SourceError(f"{file} is empty.", hint="Name another sheet, or export it again; it needs a header row.")
    top = filled.arg_true()[0]
    cells = [cell or "" for cell in text.row(top)]
    used = [at for at, name in enumerate(cells) if name.strip() or _filled(_below(text.to_series(at), top)).any()]
    names = usable_header([cells[at] for at in used], file, top + 1)
    columns = []
    for at, name in zip(used, names, strict=True):
        cells_below = [_below(frame.to_series(at), top) for frame in readings]
        columns.append(_column(cells_below, source).alias(name))
    lines = pl.Series(LINE, range(top + 2, text.height + 1), pl.UInt32)
    return pl.DataFrame([*columns, lines]).filter(filled.slice(top + 1))


def is_panic(error: BaseException) -> bool:
    """Return whether an error is what a broken file makes of a library in Rust; its class has no common base."""
    return type(error).__name__ == "PanicException"


def _readings(content: bytes, file: str, sheet: str | None) -> list[pl.DataFrame]:
    """Return the cells of a sheet from its first row on: as text, as numbers, and as true or false."""
    names: list[str] = []
    readings: list[pl.DataFrame] = []
    try:
        if whole_if_old(content):
            workbook: Any = fastexcel.read_excel(content)
            names = workbook.sheet_names
            chosen = sheet if sheet is not None else next(iter(names), "")
            readings = [
                workbook.load_sheet(chosen, header_row=None, skip_rows=0, dtypes=kind).to_polars()
                for kind in ("string", "float", "boolean")
                if chosen in names
            ]
            readings[:1] = (with_errors(text, content, chosen) for text in readings[:1])
    except fastexcel.FastExcelError:
        names = []
    except BaseException as error:
        if not is_panic(error):
            raise
        names = []
    if not names:
        raise SourceError(f"{file} is not a readable Excel workbook; it may have been cut off.", hint="Save it again.")
    if not readings:
        raise SourceError(f'{file} has no sheet "{sheet}".', hint=f"Its sheets are: {', '.join(names)}.")
    return readings


_NONE = pl.Series(dtype=pl.Boolean)


def _filled(column: pl.Series) -> pl.Series:
    return (column.str.strip_chars() != "").fill_null(value=False)


def _below(column: pl.Series, top: int) -> pl.Series:
    return column.slice(top + 1)


def _column(cells: list[pl.Series], source: Source) -> pl.Series:
    """Return numbers when every cell is one, else text. Only of a number cell there is a truth beside the number."""
    text, number, truth = cells
    trimmed = text.str.strip_chars()
    given = trimmed.set((trimmed == "").fill_null(value=True), None)
    numeric = number.is_not_null() & truth.is_not_null() & ~given.is_in(["true", "false"]).fill_null(value=True)
    if numeric.any() and (numeric | given.is_null()).all():
        exact = number.set(~numeric, None)
        whole = ((exact == exact.floor()) & (exact.abs() < EXACT)).all()
        return exact.cast(pl.Int64) if whole else exact
    written = number.cast(pl.String).str.replace(r"\.0$", "").str.replace(".", source.decimal or ".", literal=True)
    days = given.str.replace(r"^(\d{4}-\d{2}-\d{2}) 00:00:00$", "${1}")
    return written.zip_with(numeric, days)
