"""The cells of an Excel workbook that hold an error, such as ``#N/A`` of a lookup that found nothing.

The reader of workbooks takes them for blank, which would make a missing figure of a broken one. They are found in the
XML of the sheet (ECMA-376, part 1, 18.3.1.4: a cell of type "e"). Binary workbooks do not tell.
"""

import io
import re
import zipfile
import zlib
from html import unescape

import polars as pl

_SHEET = re.compile(rb"<sheet\s[^>]*>")
_RELATION = re.compile(rb"<Relationship\s[^>]*>")
_CELL = re.compile(rb'<c\s+r="([A-Z]+)\d+"')
_ERROR = re.compile(rb'<c\s+r="([A-Z]+)(\d+)"[^>]*\bt="e"[^>]*>(?:(?!</c>).)*?<v>([^<]*)</v>', re.DOTALL)


def with_errors(cells: pl.DataFrame, content: bytes, sheet: str) -> pl.DataFrame:
    """Return the cells of a sheet as text, from its first row on, with the errors among them as text as well."""
    xml = _sheet_xml(content, sheet)
    found = _ERROR.findall(xml) if b't="e"' in xml else []
    if not found:
        return cells
    first = min(map(_number, set(_CELL.findall(xml))))
    columns = cells.get_columns()
    places: dict[int, dict[int, str]] = {}
    for column, row, text in found:
        at = _number(column) - first
        if 0 <= at < len(columns) and int(row) <= cells.height:
            places.setdefault(at, {})[int(row) - 1] = text.decode("utf-8", "replace")
    for at, errors in places.items():
        columns[at] = columns[at].scatter(list(errors), list(errors.values()))
    return pl.DataFrame(columns)


def _sheet_xml(content: bytes, sheet: str) -> bytes:
    """Return the XML of a sheet, or nothing when the workbook is of a kind that has none."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            names = [_attributes(tag) for tag in _SHEET.findall(parts.read("xl/workbook.xml"))]
            relation = next(each.get("r:id") for each in names if each.get("name") == sheet)
            relations = map(_attributes, _RELATION.findall(parts.read("xl/_rels/workbook.xml.rels")))
            target = next(each["Target"] for each in relations if each.get("Id") == relation)
            return parts.read(target.lstrip("/") if target.startswith("/") else f"xl/{target}")
    except (zipfile.BadZipFile, KeyError, StopIteration, OSError, EOFError, zlib.error):
        return b""


def _attributes(tag: bytes) -> dict[str, str]:
    found = re.findall(r'([\w:]+)="([^"]*)"', tag.decode("utf-8", "replace"))
    return {name: unescape(value) for name, value in found}


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
