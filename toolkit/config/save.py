"""Write settings back into the mapping file so that a person still recognises it.

Only what differs is touched: comments, order, blank lines and the way values are written stay as they were.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import AoT, Array, Comment, InlineTable, Item, Table, Whitespace

from toolkit.config.load import parse, parse_toml
from toolkit.config.models import Settings

IN_ONE_LINE = frozenset({"rule", "scope", "where", "exclude", "hierarchy", "end", "notice", "tacit"})


def save(path: Path | str, settings: Settings) -> None:
    """Write `settings` to the mapping file at `path`, keeping the comments of the file that is there.

    The file is replaced in one step, or not at all. Raises ConfigError when the settings do not hold together (the
    sections of a changed copy are judged again here) or when the file that is there is no TOML.
    """
    path = Path(path)
    old = path.read_bytes().decode("utf-8-sig") if path.exists() else ""
    parse_toml(old, str(path))
    text = render(settings, old.replace("\r\n", "\n"))
    parse(text, name=str(path))
    _replace(path, text.replace("\n", "\r\n") if "\r\n" in old else text)


def render(settings: Settings, old: str = "") -> str:
    """Return `settings` as TOML: the text `old` with what differs changed. Values left unsaid stay unsaid."""
    document = tomlkit.parse(old)
    _merge(document, _plain(settings.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)))
    return tomlkit.dumps(document)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def _merge(table: Any, wanted: Mapping[str, Any]) -> None:
    for key in [key for key in table if key not in wanted]:
        del table[key]
    for key, value in wanted.items():
        current = table.get(key)
        if isinstance(current, InlineTable) and _unwrapped(current) != value:
            table[key] = _inline(value) if isinstance(value, Mapping) else _item(value)
        elif isinstance(current, Mapping) and isinstance(value, Mapping):
            _merge(current, value)
        elif isinstance(current, AoT) and value:
            _merge_entries(current, value)
        elif current is None:
            _add(table, key, _inline(value) if _is_short(table, key, value) else _item(value))
        elif _unwrapped(current) != value:
            table[key] = _item(value)


def _add(table: Any, key: str, item: Item) -> None:
    """Put a new value behind the last one of its section; a comment below that one is about what follows it."""
    if isinstance(table, Table) and not isinstance(item, Table | AoT):
        values = [known for known, inner in table.value.body if known and not isinstance(inner, Table | AoT)]
        if values:
            table.value._insert_after(values[-1], key, item)
            return
    table[key] = item


def _merge_entries(entries: AoT, wanted: list[dict[str, Any]]) -> None:
    """Make the tables of `entries` say what `wanted` says, each in the table that was about the same thing before."""
    tables: list[Table] = list(entries)
    chosen = _pair(tables, wanted)
    if chosen != list(range(len(tables))):
        tables = _resequence(tables, chosen, wanted)
        for _ in range(len(entries)):
            del entries[0]
        for table in tables:
            entries.append(table)
    for table, entry in zip(list(entries), wanted, strict=True):
        _merge(table, entry)


def _pair(tables: list[Table], wanted: list[dict[str, Any]]) -> list[int | None]:
    """Return for each wanted entry the number of the table about the same thing, or None."""
    free = dict(enumerate(tables))
    chosen: list[int | None] = []
    for entry in wanted:
        identity = ("name",) if "name" in entry else ("here", "there")
        same = (n for n, table in free.items() if all(table.get(key) == entry.get(key) for key in identity))
        number = next(same, None)
        if number is not None:
            del free[number]
        chosen.append(number)
    return chosen


def _resequence(tables: list[Table], chosen: list[int | None], wanted: list[dict[str, Any]]) -> list[Table]:
    # To the parser, what stands above a [[table]] is the tail of the table before it. The tails are taken off, and each
    # is put back above the table that it stood above; a comment above a table that is gone goes to the next one.
    tails = [_take_tail(table) for table in tables]
    above: dict[int | None, list[Item]] = {}
    carried: list[Item] = []
    for number in range(1, len(tables)):
        lead = carried + tails[number - 1]
        stays = number in chosen[1:]
        above[number] = lead if stays else []
        carried = [] if stays or not any(isinstance(item, Comment) for item in lead) else lead
    sequence = [tables[n] if n is not None else _table(entry) for n, entry in zip(chosen, wanted, strict=True)]
    leads = [above.get(number) or [Whitespace("\n")] for number in chosen[1:]]
    for table, tail in zip(sequence, [*leads, carried + tails[-1]], strict=True):
        for item in tail:
            table.value.append(None, item)
    return sequence


def _take_tail(table: Table) -> list[Item]:
    body = table.value.body
    start = 1 + max((place for place, (key, _) in enumerate(body) if key is not None), default=-1)
    tail = [item for _, item in body[start:]]
    del body[start:]
    return tail


def _unwrapped(item: Any) -> Any:
    return item.unwrap() if isinstance(item, Item) else item


def _table(value: Mapping[str, Any]) -> Table:
    table = tomlkit.table()
    for key, inner in value.items():
        table.append(key, _inline(inner) if _is_short(table, key, inner) else _item(inner))
    return table


def _is_short(table: Any, key: str, value: Any) -> bool:
    """Return whether a section is written in one line: the small ones, and all within one that is."""
    return isinstance(value, Mapping) and (key in IN_ONE_LINE or isinstance(table, InlineTable))


def _item(value: Any) -> Item:
    if isinstance(value, Mapping):
        return _table(value)
    if isinstance(value, list) and value and all(isinstance(inner, Mapping) for inner in value):
        if all(set(inner) <= {"name", "from"} for inner in value):
            return _lines(value)
        tables = tomlkit.aot()
        for inner in value:
            tables.append(_item(inner))
        return tables
    item: Item = tomlkit.item(value)
    return item


def _inline(value: Mapping[str, Any]) -> Item:
    table = tomlkit.inline_table()
    table.update({key: _inline(inner) if isinstance(inner, Mapping) else inner for key, inner in value.items()})
    return table


def _lines(value: list[Any]) -> Array:
    lines = tomlkit.array().multiline(multiline=True)
    for inner in value:
        lines.append(_inline(inner))
    return lines


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            Path(name).chmod(path.stat().st_mode & 0o777)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
