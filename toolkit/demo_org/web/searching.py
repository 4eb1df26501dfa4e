"""Search: SOSL in its plain form, and the same asked with parameters.

    FIND {acme AND "north wind"} IN NAME FIELDS RETURNING Account(Id, Name WHERE Type != null LIMIT 5), Contact LIMIT 20

A word is found as a word, ``*`` stands for any ending and ``?`` for one character; AND, OR, AND NOT and quotes combine.
Clauses beyond these (WITH, UPDATE, snippets ...) are refused with MALFORMED_SEARCH.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.schema import Field, SObject
from toolkit.demo_org.soql import json_renderer
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.routing import Route
from toolkit.demo_org.web.wire import Answer, Call

MOST_FOUND = 2_000
MOST_EACH = 200
"""How many records of an object are found when neither the clause nor the request says."""
LONGEST, LONGEST_CLAUSE = 20_000, 4_000
"""Characters of a search, and of what stands in one object's parentheses."""
FIRST_WITH_OBJECT = 37
"""From this version on the records found are the member ``searchRecords`` of an object."""
NO_TERM = "No search term found. The search term must be enclosed in braces."

_SOSL = re.compile(
    r"\s*FIND\s*\{(?P<term>(?:[^}\\]|\\.)*)\}\s*(?:IN\s+(?P<group>\w+)\s+FIELDS\s*)?"
    r"(?:RETURNING\s+(?P<returning>.*?))?(?:\s*LIMIT\s+(?P<limit>\d+)\s*)?",
    re.IGNORECASE | re.DOTALL,
)
_ONE = re.compile(r"\s*(?P<name>\w+)\s*(?:\((?P<inner>.*)\))?\s*", re.DOTALL)
_INNER = re.compile(
    r"(?P<fields>.*?)(?:\s*\bWHERE\s+(?P<where>.*?))?(?:\s*\bORDER\s+BY\s+(?P<order>.*?))?"
    r"(?:\s*\bLIMIT\s+(?P<limit>\d+))?(?:\s*\bOFFSET\s+(?P<offset>\d+))?\s*",
    re.IGNORECASE | re.DOTALL,
)
_WORDS = re.compile(r'"(?:[^"\\]|\\.)*"|\(|\)|[^\s()"]+')
_TYPES = {
    "ALL": frozenset({"string", "textarea", "email", "phone", "url", "picklist"}),
    "NAME": frozenset({"string"}),
    "EMAIL": frozenset({"email"}),
    "PHONE": frozenset({"phone"}),
    "SIDEBAR": frozenset({"string", "email", "phone"}),
}


@dataclass(frozen=True)
class Wanted:
    """What to find of one object: columns, and clauses of SOQL."""

    sobject: str
    fields: tuple[str, ...] = ()
    where: str = ""
    order: str = ""
    limit: int = MOST_EACH
    offset: int = 0


def search(org: OrgState, call: Call) -> Answer:
    """GET /search?q=FIND {...} ...: SOSL."""
    sosl = call.query.get("q", "")
    if len(sosl) > LONGEST:
        raise _malformed("The search is too long")
    match = _SOSL.fullmatch(sosl)
    if match is None or not match.group("term").strip():
        raise _malformed(NO_TERM if "{" not in sosl or match is not None else "Unable to parse the search")
    wanted = [_wanted(each) for each in _split(match.group("returning") or "")] or _everything(org)
    group = (match.group("group") or "ALL").upper()
    return _answer(call, _found(org, call, match.group("term"), group, wanted, int(match.group("limit") or MOST_FOUND)))


def parameterized(org: OrgState, call: Call) -> Answer:
    """GET or POST /parameterizedSearch: the same, with a member or parameter for each part."""
    asked = call.json_object() if call.method == "POST" else _parameters(call)
    term = asked.get("q")
    if not isinstance(term, str) or not term.strip():
        raise Refusal(400, "MALFORMED_SEARCH", "q parameter must be specified")
    default = _whole(asked.get("defaultLimit"), MOST_EACH)
    everywhere = _names(asked.get("fields"))
    given = asked.get("sobjects")
    objects = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    wanted = [
        Wanted(
            str(each.get("name")),
            _names(each.get("fields")) or everywhere,
            str(each.get("where") or ""),
            str(each.get("orderBy") or ""),
            _whole(each.get("limit"), default),
        )
        for each in objects
    ] or [replace(each, fields=everywhere, limit=default) for each in _everything(org)]
    limit = _whole(asked.get("overallLimit"), MOST_FOUND)
    return _answer(call, _found(org, call, _escaped(term), str(asked.get("in") or "ALL").upper(), wanted, limit))


def _answer(call: Call, records: list[dict[str, object]]) -> Answer:
    return Answer(200, {"searchRecords": records} if call.version >= FIRST_WITH_OBJECT else records)


def _found(
    org: OrgState, call: Call, term: str, group: str, wanted: list[Wanted], limit: int
) -> list[dict[str, object]]:
    if group not in _TYPES:
        raise _malformed(f"unexpected token: {group}")
    words = _WORDS.findall(term)
    bare = re.sub(r"[\s\"*?()\\]", "", term)
    if len(bare) < 2:
        raise Refusal(400, "INVALID_SEARCH", f"search term must be longer than one character: {term}")
    found: list[dict[str, object]] = []
    for each in wanted:
        sobject = org.schema.get(each.sobject)
        if sobject is None:
            raise Refusal(400, "INVALID_TYPE", f"sObject type '{each.sobject}' is not supported.")
        found += _of_one(org, call, sobject, each, _searched(org, call, sobject, group), words)
    return found[: min(limit, MOST_FOUND)]


def _of_one(
    org: OrgState, call: Call, sobject: SObject, wanted: Wanted, searched: list[Field], words: list[str]
) -> list[dict[str, object]]:
    if not searched:
        return []
    terms = _Condition(words, [field.name for field in searched]).text()
    where = f"({terms}) AND ({wanted.where})" if wanted.where else f"({terms})"
    order = f" ORDER BY {wanted.order}" if wanted.order else ""
    columns = ", ".join(wanted.fields or ("Id",))
    soql = f"SELECT {columns} FROM {sobject.name} WHERE {where}{order} LIMIT {min(wanted.limit, MOST_FOUND)}"
    soql += f" OFFSET {wanted.offset}" if wanted.offset else ""
    with org.query(soql, org.access(call.user_id), version=call.version) as (prepared, rows):
        return list(map(json_renderer(prepared, call.version), islice(rows, MOST_FOUND)))


def _searched(org: OrgState, call: Call, sobject: SObject, group: str) -> list[Field]:
    access = org.access(call.user_id)
    fields = [
        each
        for each in sobject.fields
        if each.type in _TYPES[group] and each.filterable and each.stored and access.readable(sobject.name, each.name)
    ]
    return [each for each in fields if each.name_field or each.name.endswith("Name")] if group == "NAME" else fields


class _Condition:
    """Makes a WHERE clause of the words of a search: ``OR`` binds less than ``AND``, which stands between any two."""

    def __init__(self, words: list[str], fields: list[str]) -> None:
        self._words = words
        self._fields = fields
        self._at = 0

    def text(self) -> str:
        """Return the clause. Raises MALFORMED_SEARCH."""
        clause = self._either()
        if self._at < len(self._words):
            raise _malformed(f"unexpected token: {self._words[self._at]}")
        return clause

    def _either(self) -> str:
        parts = [self._all()]
        while self._take("OR"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else "(" + " OR ".join(parts) + ")"

    def _all(self) -> str:
        parts = [self._one()]
        while self._at < len(self._words) and self._words[self._at].upper() not in ("OR", ")"):
            self._take("AND")
            parts.append(f"(NOT {self._one()})" if self._take("NOT") else self._one())
        return parts[0] if len(parts) == 1 else "(" + " AND ".join(parts) + ")"

    def _one(self) -> str:
        if self._at >= len(self._words):
            raise _malformed("unexpected end of the search term")
        if self._take("("):
            clause = self._either()
            if not self._take(")"):
                raise _malformed("a parenthesis is not closed")
            return clause
        word = self._words[self._at]
        self._at += 1
        return self._match(word)

    def _match(self, word: str) -> str:
        text = re.sub(r"\\(.)", r"\1", word.strip('"'))
        pattern = text.replace("\\", "\\\\").replace("'", "\\'").replace("%", "\\%").replace("_", "\\_")
        pattern = pattern.replace("*", "%").replace("?", "_")
        forms = (pattern, f"{pattern} %", f"% {pattern}", f"% {pattern} %")
        return "(" + " OR ".join(f"{field} LIKE '{form}'" for field in self._fields for form in forms) + ")"

    def _take(self, word: str) -> bool:
        if self._at < len(self._words) and self._words[self._at].upper() == word:
            self._at += 1
            return True
        return False


def _split(returning: str) -> Iterator[str]:
    # At commas that stand in no parentheses and no quotes.
    part, deep, quoted, escaped = "", 0, False, False
    for letter in returning:
        if letter == "," and deep == 0 and not quoted:
            yield part
            part = ""
            continue
        if letter == "'" and not escaped:
            quoted = not quoted
        escaped = letter == "\\" and not escaped
        deep += 0 if quoted else (letter == "(") - (letter == ")")
        part += letter
    if part.strip():
        yield part


def _wanted(text: str) -> Wanted:
    match = _ONE.fullmatch(text) if len(text) <= LONGEST_CLAUSE else None
    inner = None if match is None else _INNER.fullmatch(match.group("inner") or "")
    if match is None or inner is None:
        raise _malformed(f"unexpected token: {text.strip()[:80]}")
    return Wanted(
        match.group("name"),
        tuple(each.strip() for each in inner.group("fields").split(",") if each.strip()),
        inner.group("where") or "",
        inner.group("order") or "",
        int(inner.group("limit") or MOST_EACH),
        int(inner.group("offset") or 0),
    )


def _everything(org: OrgState) -> list[Wanted]:
    return [Wanted(each.name) for each in org.schema if each.layoutable]


def _parameters(call: Call) -> dict[str, object]:
    asked: dict[str, object] = dict(call.query)
    names = [each.strip() for each in call.query.get("sobject", "").split(",") if each.strip()]
    asked["sobjects"] = [
        {"name": name}
        | {
            part: call.query[f"{name}.{part}"]
            for part in ("fields", "limit", "where")
            if f"{name}.{part}" in call.query
        }
        for name in names
    ]
    return asked


def _names(given: object) -> tuple[str, ...]:
    listed = given if isinstance(given, list) else str(given or "").split(",")
    return tuple(str(each).strip() for each in listed if str(each).strip())


def _whole(given: object, default: int) -> int:
    return int(str(given)) if str(given).isdigit() else default


def _escaped(term: str) -> str:
    # What is asked with parameters is a term, not SOSL; parentheses in it are letters.
    return term.replace("(", " ").replace(")", " ")


def _malformed(text: str) -> Refusal:
    return Refusal(400, "MALFORMED_SEARCH", text)


ROUTES = [
    Route("search", {"GET": search}),
    Route("parameterizedSearch", {"GET": parameterized, "POST": parameterized}, since=30),
]
"""What `toolkit.demo_org.web.resources` routes to this module."""
