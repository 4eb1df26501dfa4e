"""WHERE, as SQL: what each operator means for each type of field.

A condition holds or it does not; where SQL would say "unknown" it does not, and NOT of it holds:

- ``=``, ``<``, ``>`` and their like are false for a null field; ``!=``, ``NOT IN`` and ``EXCLUDES`` are true for it;
- ``= null`` and ``= ''`` ask for null, a checkbox is never null, and a missing parent's fields are null;
- text compares without regard to case (unless the field says otherwise), ids by their 18-character form;
- a relative date literal is a range of days in the user's time zone.

Values are always bound, never written into the statement.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.ids import is_id, to_18
from toolkit.demo_org.schema import ID_TYPES, NUMBER_TYPES, Field
from toolkit.demo_org.soql import complaints
from toolkit.demo_org.soql.dates import EARLIEST, LATEST, days_of, start_of_day
from toolkit.demo_org.soql.lexer import like_pattern, string_value
from toolkit.demo_org.soql.setting import ORG_CURRENCY, Setting
from toolkit.demo_org.soql.sources import Reached, Sources
from toolkit.demo_org.soql.sql_functions import UPPER, upper
from toolkit.demo_org.soql.tree import (
    Call,
    Comparison,
    Condition,
    Either,
    Every,
    Expression,
    Opposite,
    Value,
    Within,
)

MOST_IN_A_ROW = 32
DEEP = 8  # so many conditions within each other
MOST_BOUND_VALUES = 1000  # a longer list is bound as one JSON array

_ORDERED = frozenset({"<", "<=", ">", ">="})
NEGATIVE = frozenset({"!=", "NOT IN", "EXCLUDES"})
_DATES = frozenset({"date", "datetime"})
_COMPOUND = frozenset({"address", "location"})
_UNORDERED_TYPES = frozenset({"boolean", "multipicklist"})
_UNLIKE_TYPES = frozenset({"boolean", "int", "multipicklist"}) | NUMBER_TYPES | ID_TYPES | _DATES | {"time"}
_FILTER_TYPE_NAMES = {"datetime": "dateTime", "id": "ID", "reference": "ID"}


@dataclass(frozen=True)
class Terms:
    """What conditions are read with: the tables, the setting, where values go, and how the left sides are bound.

    `inner` compiles the SELECT of a semi-join; there is none where semi-joins may not be.
    """

    sources: Sources
    setting: Setting
    params: list[object]
    bind: Callable[[Expression], Reached]
    inner: "Callable[[Within, Reached, Terms], str] | None" = None

    @property
    def text(self) -> str:
        """The statement."""
        return self.sources.text


def where(condition: Condition, terms: Terms) -> str:
    """Return the SQL of a condition; its values go to the end of ``terms.params``, in order."""
    if isinstance(condition, Every | Either):
        joint = "AND" if isinstance(condition, Every) else "OR"
        return joined([where(each, terms) for each in _deepest_first(condition.terms)], joint)
    if isinstance(condition, Opposite):
        inner = condition.term
        return where(inner.term, terms) if isinstance(inner, Opposite) else opposite(where(inner, terms))
    reached = terms.bind(condition.left)
    position = condition.left.position
    if not reached.field.filterable or reached.field.type in _COMPOUND:
        raise complaints.cannot_be(terms.text, position, reached.field.name, "filtered")
    if not isinstance(condition, Within):
        return _Comparing(condition, reached, terms).sql()
    if terms.inner is None:
        raise complaints.unexpected(terms.text, condition.position, "SELECT")
    return terms.inner(condition, reached, terms)


def present_records(sources: Sources, *, all_rows: bool) -> list[str]:
    """Return the SQL that leaves out deleted and archived records, nothing if `all_rows` are wanted."""
    table = sources.root.tables[0]
    flags = () if all_rows else ("IsDeleted", "IsArchived")
    return [f"{table.column(flag)} = 0" for flag in flags if sources.sobject.field(flag) is not None]


def opposite(sql: str) -> str:
    """Return the SQL of NOT: null is not false only here. Elsewhere the bare comparison lets an index be used."""
    return f"({sql}) IS NOT TRUE"


def joined(parts: Sequence[str], joint: str) -> str:
    """Return conditions joined with AND or OR, as a tree: SQLite bounds how deep an expression may be."""
    if len(parts) == 1:
        return parts[0]
    if len(parts) <= MOST_IN_A_ROW:
        return f"({f' {joint} '.join(parts)})"
    rows = [parts[start : start + MOST_IN_A_ROW] for start in range(0, len(parts), MOST_IN_A_ROW)]
    return joined([joined(row, joint) for row in rows], joint)


def _deepest_first(terms: Sequence[Condition]) -> Sequence[Condition]:
    """Return the terms with the deepest one first, where SQLite's parser has to remember the least of what is open."""
    depths = [_depth(each) for each in terms]
    if max(depths) < DEEP:
        return terms
    return [terms[place] for place in sorted(range(len(terms)), key=lambda place: -depths[place])]


def _depth(condition: Condition) -> int:
    if isinstance(condition, Every | Either):
        return 1 + max(map(_depth, condition.terms))
    return 1 + _depth(condition.term) if isinstance(condition, Opposite) else 0


@dataclass(frozen=True)
class _Comparing:
    comparison: Comparison
    reached: Reached
    terms: Terms

    @property
    def field(self) -> Field:
        return self.reached.field

    def sql(self) -> str:
        operator = self.comparison.operator
        self._check_operator(operator)
        if operator == "LIKE":
            return self._like(self.comparison.values[0])
        if operator in ("INCLUDES", "EXCLUDES"):
            return self._includes(operator == "EXCLUDES")
        if operator in _ORDERED:
            return self._ordered(operator, self.comparison.values[0])
        return self._equal(negated=operator in NEGATIVE)

    def _check_operator(self, operator: str) -> None:
        kind = self.field.type
        wrong = (
            (operator in _ORDERED and kind in _UNORDERED_TYPES)
            or (operator == "LIKE" and kind in _UNLIKE_TYPES)
            or (operator in ("INCLUDES", "EXCLUDES") and kind != "multipicklist")
            or (self._measures_distance() and operator not in ("<", ">"))
        )
        if wrong:
            raise complaints.wrong_operator(self.terms.text, self.comparison.left.position)

    def _measures_distance(self) -> bool:
        return isinstance(self.comparison.left, Call) and self.comparison.left.function == "DISTANCE"

    # -- = != IN NOT IN

    def _equal(self, *, negated: bool) -> str:
        """One rule for the four: the field is one of the values, or is not."""
        if self.field.type == "boolean":
            truths = [self._boolean(each) for each in self.comparison.values]
            found = f"ifnull({self.reached.sql}, 0) IN ({self._bound(truths)})"
            return opposite(found) if negated else found
        ranges = [each for each in self.comparison.values if each.kind == "relative"]
        single = [self._converted(each) for each in self.comparison.values if each.kind != "relative"]
        values = [each for each in single if each is not None]
        matches = [self._one_of(values)] if values else []
        matches += [self._within_days(each) for each in ranges]
        if len(values) < len(single):
            matches.append(f"{self.reached.sql} IS NULL")
        found = joined(matches, "OR")
        return opposite(found) if negated else found

    def _one_of(self, values: list[object]) -> str:
        column = self.reached.sql
        if self._folds_case():
            if not all(str(each).isascii() for each in values):
                column, values = f"{UPPER}({column})", [upper(str(each)) for each in values]
            else:
                column = f"{column} COLLATE NOCASE"
        if len(values) == 1:
            return f"{column} = {self._bound(values)}"
        if len(values) > MOST_BOUND_VALUES:
            return f"{column} IN (SELECT value FROM json_each({self._bound([json.dumps(values)])}))"
        return f"{column} IN ({self._bound(values)})"

    def _folds_case(self) -> bool:
        return self.field.type not in _UNLIKE_TYPES - {"multipicklist"} and not self.field.case_sensitive

    # -- < <= > >=

    def _ordered(self, operator: str, value: Value) -> str:
        column = self.reached.sql
        if value.kind == "relative":
            first, after = self._edges(value)
            edge, strict = {"<": (first, "<"), "<=": (after, "<"), ">": (after, ">="), ">=": (first, ">=")}[operator]
            return f"{column} {strict} {self._bound([edge])}"
        converted = self._converted(value)
        if converted is None:
            raise complaints.wrong_operator(self.terms.text, self.comparison.left.position)
        if self._folds_case():
            column, converted = f"{UPPER}({column})", upper(str(converted))
        return f"{column} {operator} {self._bound([converted])}"

    def _within_days(self, value: Value) -> str:
        first, after = self._edges(value)
        column = self.reached.sql
        return f"({column} >= {self._bound([first])} AND {column} < {self._bound([after])})"

    def _edges(self, value: Value) -> tuple[str, str]:
        if self.field.type not in _DATES:
            raise self._wrong_value()
        zone = self.terms.setting.zone
        today = self.terms.setting.now.astimezone(zone).date()
        first, after = days_of(value.token.text.upper(), value.count, today, self.terms.setting.calendar)
        if self.field.type == "date":
            return first.isoformat(), after.isoformat()
        return _moment_text(start_of_day(first, zone)), _moment_text(start_of_day(after, zone))

    # -- LIKE INCLUDES EXCLUDES

    def _like(self, value: Value) -> str:
        if value.kind != "string":
            raise self._wrong_value()
        pattern = like_pattern(value.token, self.terms.text)
        column = self.reached.sql
        if self.field.case_sensitive:
            return f"{column} GLOB {self._bound([_as_glob(pattern)])}"
        if not pattern.isascii():
            column, pattern = f"{UPPER}({column})", upper(pattern)
        return f"{column} LIKE {self._bound([pattern])} ESCAPE '\\'"

    def _includes(self, negated: bool) -> str:
        chosen = f"(';' || {UPPER}({self.reached.sql}) || ';')"
        matches = []
        for value in self.comparison.values:
            if value.kind != "string":
                raise self._wrong_value()
            wanted = [upper(each.strip()) for each in string_value(value.token, self.terms.text).split(";")]
            matches.append(joined([f"instr({chosen}, {self._bound([f';{each};'])}) > 0" for each in wanted], "AND"))
        found = joined(matches, "OR")
        return opposite(found) if negated else found

    # -- values

    def _bound(self, values: Sequence[object]) -> str:
        self.terms.params.extend(values)
        return ", ".join("?" * len(values))

    def _boolean(self, value: Value) -> int:
        if value.kind not in ("boolean", "null"):
            raise self._wrong_value()
        return int(value.token.text.upper() == "TRUE")

    def _converted(self, value: Value) -> object:
        """Return the value as the field's column holds it; None for null."""
        if value.kind == "null":
            return None
        kind = self.field.type
        if kind == "date" or kind == "datetime":
            return self._date_or_moment(value)
        if kind == "time":
            return self._time(value)
        if kind == "currency" and value.kind == "currency":
            return self._amount(value)
        if kind == "int" or kind in NUMBER_TYPES:
            if value.kind != "number":
                raise self._wrong_value()
            return float(value.token.text)
        if value.kind != "string":
            raise self._wrong_value()
        text = string_value(value.token, self.terms.text)
        if not text:
            return None
        return self._id(text) if kind in ID_TYPES else text

    def _date_or_moment(self, value: Value) -> str:
        if value.kind != self.field.type:
            raise self._wrong_value()
        text = value.token.text
        try:
            if value.kind == "date":
                day = date.fromisoformat(text)
                in_range, written = EARLIEST <= day <= LATEST, day.isoformat()
            else:
                moment = _moment(text)
                in_range, written = EARLIEST <= moment.date() <= LATEST, _moment_text(moment)
        except (ValueError, OverflowError):
            in_range, written = False, ""
        if not in_range:
            raise complaints.syntax(self.terms.text, value.token.position, f"Invalid {value.kind}: {text}")
        return written

    def _time(self, value: Value) -> str:
        if value.kind != "time":
            raise self._wrong_value()
        try:
            moment = time.fromisoformat(value.token.text.upper().removesuffix("Z"))
        except ValueError:
            raise complaints.syntax(self.terms.text, value.position, f"Invalid time: {value.token.text}") from None
        return moment.strftime("%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"

    def _amount(self, value: Value) -> float:
        """An amount of a named currency, which can only be the org's own."""
        currency, amount = value.token.text[:3].upper(), value.token.text[3:]
        if currency != ORG_CURRENCY or any(each.kind == "number" for each in self.comparison.values):
            raise complaints.at(
                self.terms.text, value.position, f"Invalid currency: {value.token.text}", "MALFORMED_QUERY"
            )
        return float(amount)

    def _id(self, text: str) -> str:
        if not is_id(text):
            raise complaints.at(
                self.terms.text,
                self.comparison.left.position,
                f"invalid ID field: {text}",
                "INVALID_QUERY_FILTER_OPERATOR",
            )
        return to_18(text)

    def _wrong_value(self) -> Refusal:
        kind = self.field.type
        quoted = kind in ID_TYPES or (kind not in _UNLIKE_TYPES or kind == "multipicklist")
        wanted = _FILTER_TYPE_NAMES.get(kind, "string" if quoted else kind)
        return complaints.wrong_value(
            self.terms.text, self.comparison.left.position, self.field.name, wanted, quoted=quoted
        )


def _moment(text: str) -> datetime:
    text = text.upper()
    if text[-1] != "Z" and text[-6] not in "+-" and text[-5] not in "+-":
        raise ValueError(text)
    return datetime.fromisoformat(text).astimezone(UTC)


def _moment_text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _as_glob(pattern: str) -> str:
    """Return a LIKE pattern as a GLOB pattern, which regards case."""
    parts, characters = [], iter(pattern)
    for character in characters:
        if character in "%_":
            parts.append("*" if character == "%" else "?")
            continue
        literal = next(characters, "\\") if character == "\\" else character
        parts.append(f"[{literal}]" if literal in "*?[" else literal)
    return "".join(parts)
