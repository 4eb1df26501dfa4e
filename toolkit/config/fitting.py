"""Fit a preset to an org: what the org does not have is switched off with the reason, what it has is offered.

A preset is a text with comments, and stays one. A mapped field that the org lacks is replaced when exactly one field of
the org has that name or label in another spelling; otherwise its table is turned into comments that say what to do.
Below each object stand the org's other fields, to copy from.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from toolkit.config.match_rules import MatchRule
from toolkit.errors import NotFoundError
from toolkit.salesforce.describe import FieldDescribe, ObjectDescribe

OFFERED = 40
"""Fields of an object that are listed to copy from; the rest is counted."""
VALUES_SHOWN = 6
_TABLE = re.compile(r"^\[\[?([A-Za-z0-9_.]+)\]\]?\s*(#.*)?$")
_PATH = re.compile(r'"([A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*)"')
_FIELD_KEYS = ("there", "id", "account", "name", "parent", "amount", "currency", "plan", "one_time", "start")
_INLINE_KEYS = ("field", "duration", "date")
_SYSTEM = frozenset({"Id", "IsDeleted", "MasterRecordId", "CreatedById", "LastModifiedById", "SystemModstamp"})


@dataclass(frozen=True)
class Fitted:
    """The text of the mapping file, and what was changed or left for the admin to decide, in words."""

    text: str
    notes: tuple[str, ...]


def fit(text: str, describes: Mapping[str, ObjectDescribe]) -> Fitted:
    """Return the preset `text` fitted to the org; `describes` are its objects by our names (``account``, ...)."""
    notes: list[str] = []
    lines: list[str] = []
    blocks = list(_blocks(text))
    for number, block in enumerate(blocks):
        describe = describes.get(block.object)
        lines += block.lines if describe is None else _fitted(block, describe, notes)
        last = number + 1 == len(blocks) or blocks[number + 1].object != block.object
        if describe is not None and last:
            lines += _offer(block.object, describe, "\n".join(lines))
    return Fitted("\n".join(lines).rstrip("\n") + "\n", tuple(notes))


@dataclass(frozen=True)
class _Block:
    """A table of the file with the comments below it; `object` is the object it belongs to, or empty."""

    table: str
    object: str
    lines: list[str]


def _blocks(text: str) -> Iterator[_Block]:
    table, lines = "", list[str]()
    for line in text.splitlines():
        opened = _TABLE.match(line)
        if opened:
            above = _comments_above(lines)
            yield _Block(table, _object_of(table), lines[: len(lines) - above])
            table, lines = opened[1], [*lines[len(lines) - above :]]
        lines.append(line)
    yield _Block(table, _object_of(table), lines)


def _comments_above(lines: list[str]) -> int:
    """Return how many of the last lines are comments that stand right above the table that follows."""
    count = 0
    while count < len(lines) and (lines[-1 - count].startswith("#") or not lines[-1 - count].strip()):
        count += 1
    return count


def _object_of(table: str) -> str:
    parts = table.split(".")
    return parts[1] if parts[0] == "objects" and len(parts) > 1 else ""


def _fitted(block: _Block, describe: ObjectDescribe, notes: list[str]) -> list[str]:
    where = f"objects.{block.object}"
    fitted: list[str] = []
    for line in block.lines:
        found = {path: _find(path, describe) for path in _paths_of(line)}
        missing = next((path for path, name in found.items() if name is None), None)
        if missing is None:
            respelled = {path: name for path, name in found.items() if name and name != path}
            notes += [f"{where}: {path} is {name} in this org." for path, name in respelled.items()]
            fitted.append(_respelled(line, respelled))
        elif block.table.endswith(".fields"):
            notes.append(f"{where}: {describe.name} has no {missing}; its mapping is switched off.")
            return _switched_off(block.lines, f"{describe.name} has no {missing} that the integration user sees.")
        else:
            notes.append(f"{where}: {describe.name} has no {missing}; its line is switched off.")
            fitted += [f"# {describe.name} has no {missing} here: name the field that is meant.", f"# {line}"]
    return fitted


def _respelled(line: str, names: Mapping[str, str]) -> str:
    for path, name in names.items():
        line = re.sub(rf"(?<![\w.]){re.escape(path)}(?![\w.])", name, line)
    return line


def _paths_of(line: str) -> list[str]:
    """Return the Salesforce fields that a line of an object's table names."""
    key, equals, value = line.partition("=")
    key = key.strip()
    if not equals or line.lstrip().startswith("#"):
        return []
    if key == "match":
        rules = [MatchRule.model_validate(text) for text in re.findall(r'"([^"]*)"', value)]
        return [path for rule in rules for path in rule.there_paths]
    if key in _FIELD_KEYS:
        return _PATH.findall(value)[:1]
    return [path for inner in _INLINE_KEYS for path in re.findall(rf'\b{inner}\s*=\s*"([A-Za-z][\w.]*)"', value)]


def _find(path: str, describe: ObjectDescribe) -> str | None:
    """Return the field as the org spells it, or the only one with that name or label but for the way it is written."""
    try:
        describe.field(path)
    except NotFoundError:
        wanted = _plain(path)
        alike = [each.name for each in describe.fields.values() if wanted in (_plain(each.name), _plain(each.label))]
        return alike[0] if len(alike) == 1 else None
    return path


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower().removesuffix("__c").rpartition("__")[2])


def _switched_off(lines: list[str], why: str) -> list[str]:
    commented = [line if not line.strip() or line.startswith("#") else f"# {line}" for line in lines]
    first = next(number for number, line in enumerate(commented) if line.startswith("# [["))
    return [*commented[:first], f"# {why} Create it, or name another; then remove the # signs.", *commented[first:]]


def _offer(object_name: str, describe: ObjectDescribe, text: str) -> list[str]:
    mapped = {path.lower() for path in _PATH.findall(text)}
    free = [
        each
        for each in sorted(describe.fields.values(), key=lambda field: field.name)
        if each.name not in _SYSTEM
        and each.name.lower() not in mapped
        and each.compound_field_name in (None, each.name)
    ]
    if not free:
        return []
    lines = ["", f"# Other fields of {describe.name} in this org, to map as [[objects.{object_name}.fields]]:"]
    lines += [f"#   {each.name}: {_described(each)}" for each in free[:OFFERED]]
    if len(free) > OFFERED:
        lines.append(f"#   and {len(free) - OFFERED} more, see: cs-toolkit fields {object_name}")
    return [*lines, ""]


def _described(field: FieldDescribe) -> str:
    label = " ".join(field.label.split())
    shown = f"{label}, {field.type}"
    if field.picklist_values:
        more = ", ..." if len(field.picklist_values) > VALUES_SHOWN else ""
        values = ", ".join(" ".join(value.split()) for value in field.picklist_values[:VALUES_SHOWN])
        shown += f" ({values}{more})"
    return shown if field.updateable else f"{shown}, read-only"
