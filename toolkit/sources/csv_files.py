"""CSV bytes to columns of text, each row with the line it stands on; every way the bytes can be wrong is said in words.

The file must be UTF-8 (a byte order mark is welcome) unless its source names another encoding. The separator is
whichever of comma, semicolon, tab and bar the header uses most. Nothing is guessed beyond that: a row with more or
fewer fields than the header is a fault, because shifting its values by a column would be worse than leaving it out.
Blank lines and rows of nothing but separators, which spreadsheets leave behind, are not records.
"""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import islice

import polars as pl

from toolkit.errors import Fault, SourceError
from toolkit.sources.rejects import CELLS, LINE, SHOWN, cells_of, listed

_CHUNK = 50_000
_SEPARATORS = ",;\t|"
_FOREIGN = (
    (b"PK\x03\x04", "an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"PAR1", "a Parquet file"),
    (b"\x1f\x8b", "compressed with gzip"),
)
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def csv_columns(content: bytes, file: str, encoding: str | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the columns of a CSV file as text (blank is null), with `LINE` last, and the rows that are none (`CELLS`):
    those whose number of fields is not the header's. `file` is its name, for messages.

    Raises SourceError for a file that is empty, is not CSV or not in `encoding` (UTF-8 when None), for a header with
    blank or repeated names, and for a quote that is never closed.
    """
    text = _decoded(content, file, encoding)
    separator = _separator(text)
    try:
        rows = _numbered(text, separator)
        _, header = next(rows, (0, []))
        names = usable_header(header, file)
        return _columns(rows, names) if _may_hold_quotes(text) else _split(text, separator, names)
    except csv.Error as error:
        raise _unreadable(error, text, separator, file) from None


def require_even(ragged: pl.DataFrame, width: int, file: str) -> None:
    """Raise SourceError that lists the rows with more or fewer fields than the header, when there are any."""
    if ragged.is_empty():
        return
    lines = ", ".join(map(str, ragged[LINE].head(SHOWN))) + (", ..." if ragged.height > SHOWN else "")
    faults = [Fault("row", reason, line) for line, reason in ragged.select(LINE, "reason").head(SHOWN).iter_rows()]
    raise SourceError(
        f"{file}: {ragged.height} rows do not have the {width} fields of the header (lines {lines}).",
        hint="A comma inside a value needs quotes around the value; so does a line break. Mend these lines. "
        "If the last row is one of them, the file may have been cut off: export it again.",
        faults=listed(faults, ragged.height),
    )


def usable_header(header: list[str], file: str, line: int = 1) -> list[str]:
    """Return the names of a header, trimmed. Raises SourceError when one is blank, repeated or kept for the toolkit."""
    names = [name.strip() for name in header]
    faults = [Fault(f"column {at}", "has no name", line) for at, name in enumerate(names, 1) if not name]
    faults += [
        Fault(f'column "{name}"', f"occurs {times} times", line)
        for name, times in Counter(names).items()
        if times > 1 and name
    ]
    faults += [Fault(f'column "{name}"', "is a name kept for the toolkit", line) for name in names if name == LINE]
    if faults:
        raise SourceError(
            f"The header of {file} is not usable.", hint="Give every column a name of its own.", faults=listed(faults)
        )
    return names


def _decoded(content: bytes, file: str, encoding: str | None) -> str:
    if not content.strip():
        raise SourceError(f"{file} is empty.", hint="Export it again; it needs a header line and one line a record.")
    for start, kind in _FOREIGN:
        if content.startswith(start):
            raise SourceError(
                f"{file} is not a CSV file but {kind}.",
                hint="Give it the ending of what it is, or save it as CSV in UTF-8.",
            )
    if encoding is not None:
        return _decoded_from(content, encoding, file)
    if content.startswith(_UTF_16) or b"\0" in content[:4096]:
        raise SourceError(
            f"{file} is not UTF-8: from byte 0, line 1, it looks like UTF-16.",
            hint='Save it as UTF-8 (in Excel "CSV UTF-8", not "Unicode text"), or add encoding = "utf-16".',
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_utf8(content, error, file) from None


def _decoded_from(content: bytes, encoding: str, file: str) -> str:
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SourceError(
            f"{file} is not {encoding}: byte {error.start} (0x{content[error.start]:02X}), line {line}.",
            hint="Name the encoding it really has in the source, or save it as UTF-8 and leave the encoding out.",
        ) from None


def _not_utf8(content: bytes, error: UnicodeDecodeError, file: str) -> SourceError:
    # utf-8-sig counts from behind the byte order mark.
    offset = error.start + (len(codecs.BOM_UTF8) if content.startswith(codecs.BOM_UTF8) else 0)
    line = content.count(b"\n", 0, offset) + 1
    start = content.rfind(b"\n", 0, offset) + 1
    shown = content[max(start, offset - 20) : offset + 10].splitlines()[0]
    what = f"{file} is not UTF-8: byte {offset} (0x{content[offset]:02X}), line {line}."
    try:
        reading = shown.decode("cp1252").strip()
    except UnicodeDecodeError:
        return SourceError(what, hint="Save it as UTF-8 and load it again.")
    return SourceError(
        what,
        hint=f'It looks like Windows-1252, in which that place reads "{reading}"; save it as UTF-8 and load it again, '
        'or add encoding = "windows-1252" to the source.',
        faults=[Fault(f"byte {offset}", f"0x{content[offset]:02X} cannot stand here in UTF-8", line)],
    )


def _separator(text: str) -> str:
    header = text.lstrip("\r\n").splitlines()[0]
    unquoted = "".join(header.split('"')[::2])
    return max(_SEPARATORS, key=unquoted.count)


def _numbered(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    start = 1
    for row in reader:
        if any(value.strip() for value in row):
            yield start, row
        start = reader.line_num + 1


def _columns(rows: Iterator[tuple[int, list[str]]], names: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    schema: dict[str, type[pl.DataType]] = {**dict.fromkeys(names, pl.String), LINE: pl.UInt32}
    width = len(names)
    parts, ragged = [pl.DataFrame(schema=schema)], [CELLS.empty()]
    while chunk := list(islice(rows, _CHUNK)):
        odd = [(line, len(row)) for line, row in chunk if len(row) != width]
        ragged += [cells_of(pl.Series([at]), None, None, f"{fields} fields instead of {width}") for at, fields in odd]
        even = chunk if not odd else [(line, row) for line, row in chunk if len(row) == width]
        columns = zip(*(row for _, row in even), strict=True) if even else [[] for _ in names]
        part = {name: pl.Series(name, values, pl.String) for name, values in zip(names, columns, strict=True)}
        parts.append(pl.DataFrame(part | {LINE: pl.Series(LINE, [line for line, _ in even], pl.UInt32)}))
    stripped = pl.col(names).str.strip_chars()
    return pl.concat(parts).with_columns(pl.when(stripped != "").then(stripped)), pl.concat(ragged)


def _may_hold_quotes(text: str) -> bool:
    """Return whether a record may be other than one line split at its separators."""
    return '"' in text or text.count("\r") != text.count("\r\n")


def _split(text: str, separator: str, names: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what `_columns` returns, of a text without any quote: at a quarter of the time."""
    lines = pl.DataFrame({"line": text.split("\n")}).with_row_index(LINE, 1)
    bare = pl.col("line").str.replace_all(separator, "", literal=True).str.strip_chars()
    records = lines.filter(bare != "").slice(1)
    fields = records["line"].str.count_matches(separator, literal=True) + 1
    odd = pl.DataFrame({LINE: records[LINE], "fields": fields}).filter(pl.col("fields") != len(names))
    reason = pl.format(f"{{}} fields instead of {len(names)}", "fields")
    ragged = cells_of(odd[LINE], None, None, "").with_columns(odd.select(reason=reason).to_series())
    even = records.filter(fields == len(names))
    cells = even["line"].str.split_exact(separator, len(names) - 1).struct.rename_fields(names).struct.unnest()
    stripped = pl.all().str.strip_chars()
    return cells.select(pl.when(stripped != "").then(stripped)).with_columns(even[LINE]), ragged


def _unreadable(error: csv.Error, text: str, separator: str, file: str) -> SourceError:
    line = 1
    try:
        for start, row in _numbered(text, separator):
            line = start + 1 + sum(value.count("\n") for value in row)
    except csv.Error:
        pass
    reason = "a quote is opened and never closed" if "end of data" in str(error) else str(error)
    return SourceError(
        f"{file}: the record that starts on line {line} cannot be read: {reason}.",
        hint='Put quotes around the whole value and write a quote inside it twice: "the ""best"" customer".',
        faults=[Fault("row", reason, line)],
    )
