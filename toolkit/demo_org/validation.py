"""What a value has to be to be saved: every promise of describe, kept, with Salesforce's own error codes and texts.

A `Plan` is made once for a set of columns and then applied to each row, so that a bulk load does not look up a field
twice. It turns values as they come (JSON values, or the text of a CSV cell) into stored ones, or into refusals; what
needs the records themselves (does the parent exist, is the value taken) is left to `toolkit.demo_org.records`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property

from toolkit.demo_org.access import Access
from toolkit.demo_org.clock import to_stamp
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.ids import is_id, to_18
from toolkit.demo_org.schema import NUMBER_TYPES, Field, Schema, SObject

Stored = str | int | float | None


@dataclass(frozen=True)
class ParentKey:
    """A parent named by a value of one of its unique fields instead of by its id."""

    sobject: SObject
    field: Field
    value: str


Converted = Stored | ParentKey
Converter = Callable[[object], Converted]


@dataclass(frozen=True)
class Column:
    """One column of a plan: where its value is in the row, the field it is for, and how it is converted."""

    name: str
    field: Field
    convert: Converter


@dataclass(frozen=True)
class Plan:
    """How rows with one set of columns are checked and converted.

    ``problems`` are the refusals that every such row meets because of its columns alone; ``missing`` are the required
    fields a new record with these columns lacks.
    """

    sobject: SObject
    columns: tuple[Column, ...]
    problems: tuple[Refusal, ...]
    missing: tuple[str, ...]

    @cached_property
    def references(self) -> tuple[tuple[int, Field], ...]:
        """The lookups among the columns, each with its place."""
        return tuple((i, each.field) for i, each in enumerate(self.columns) if each.field.type == "reference")

    @cached_property
    def uniques(self) -> Mapping[str, int]:
        """The places of the unique fields among the columns, by name."""
        return {each.field.name: i for i, each in enumerate(self.columns) if each.field.unique}

    @cached_property
    def names_parents(self) -> bool:
        """Whether a column names a parent by another field than its id."""
        return any(each.name.lower() != each.field.name.lower() for each in self.columns)

    def convert(self, row: Mapping[str, object]) -> tuple[list[Converted], list[Refusal]]:
        """Return the row's stored values, in the order of ``columns``, and the reasons to refuse it."""
        values: list[Converted] = []
        refusals: list[Refusal] = []
        missing = list(self.missing)
        for column in self.columns:
            try:
                value = column.convert(row[column.name])
            except Refusal as refusal:
                refusals.append(refusal)
                continue
            if value is None and not column.field.nillable:
                missing.append(column.field.name)
            values.append(value)
        if missing:
            refusals.insert(0, required_missing(missing))
        return values, refusals


def make_plan(
    schema: Schema, sobject: SObject, names: Sequence[str], access: Access, *, creating: bool, text: bool
) -> Plan:
    """Return the plan for rows with these columns.

    `names` are field names in any case, a relationship name whose value is an object with one external id field
    (``CSM__r``), or both in one (``CSM__r.Username``). `text` says that values are text, as they are in a CSV file.
    """
    columns: dict[str, Column] = {}
    refused: list[str] = []
    problems: list[Refusal] = []
    for name in names:
        if name == "attributes":
            continue
        column = _column(schema, sobject, name, access, text)
        if isinstance(column, Refusal):
            problems.append(column)
        elif not _may_set(column.field, sobject, access, creating):
            refused.append(column.field.name)
        else:
            columns[column.field.name] = _with_default(column, access.user_id) if creating else column
    if refused and not problems:
        problems.append(not_editable(refused))
    return Plan(sobject, tuple(columns.values()), tuple(problems), _missing(sobject, columns, creating))


def default_value(field: Field, user_id: str) -> Stored:
    """Return what a field is on a new record that does not say, when `user_id` creates it."""
    if field.name == "OwnerId":
        return user_id
    if field.type == "boolean":
        return int(bool(field.default))
    return field.default if isinstance(field.default, str | int | float) else None


def required_missing(names: Sequence[str]) -> Refusal:
    """Return the refusal for required fields that have no value."""
    return Refusal(400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(names)}]", names)


def no_such_column(sobject: SObject, name: str) -> Refusal:
    """Return the refusal for a column that is not there, or not there for this user."""
    return Refusal(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}")


def not_editable(names: Sequence[str]) -> Refusal:
    """Return the refusal of fields that the user, or anybody, may not set."""
    return Refusal(
        400,
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings of this field and "
        "verify that it is read/write for your profile or permission set.",
        names,
    )


def _may_set(field: Field, sobject: SObject, access: Access, creating: bool) -> bool:
    allowed = field.createable if creating else field.updateable
    return allowed and access.editable(sobject.name, field.name)


def _with_default(column: Column, user_id: str) -> Column:
    default = default_value(column.field, user_id)
    if column.field.nillable or default is None:
        return column

    def convert(value: object) -> Converted:
        converted = column.convert(value)
        return default if converted is None else converted

    return Column(column.name, column.field, convert)


def _missing(sobject: SObject, columns: Mapping[str, Column], creating: bool) -> tuple[str, ...]:
    if not creating:
        return ()
    return tuple(each.name for each in sobject.fields if each.required_on_create and each.name not in columns)


def _column(schema: Schema, sobject: SObject, name: str, access: Access, text: bool) -> Column | Refusal:
    if name.lower() == "id":
        return Refusal(400, "INVALID_FIELD", "The Id field should not be specified in the sobject data.")
    field = sobject.field(name)
    if field is not None and access.readable(sobject.name, field.name):
        return Column(name, field, converter(field, text=text))
    relationship, _, key = name.partition(".")
    field = sobject.relationship(relationship)
    if field is None or not access.readable(sobject.name, field.name):
        return no_such_column(sobject, name)
    return Column(name, field, _parent_converter(schema, field, key or None))


def converter(field: Field, *, text: bool) -> Converter:
    """Return the function that turns a given value of `field` into a stored one, or raises Refusal."""
    if field.type in NUMBER_TYPES:
        return _number_converter(field, text)
    if field.type == "int":
        return _whole_number_converter(field, text)
    if field.type == "boolean":
        return _boolean_converter(field, text)
    if field.type == "date":
        return _date_converter(field, text)
    if field.type == "datetime":
        return _datetime_converter(field, text)
    if field.type == "time":
        return _time_converter(field, text)
    if field.type == "reference":
        return _reference_converter(field, text)
    if field.type == "email":
        return _email_converter(field, text)
    if field.type in {"picklist", "multipicklist"} and field.restricted_picklist:
        return _restricted_converter(field, text)
    if field.type == "base64":
        return _text_converter(replace(field, length=_MOST_BASE64), text)
    return _text_converter(field, text)


_MOST_BASE64 = 50_000_000


def _text_converter(field: Field, text: bool) -> Callable[[object], str | None]:
    limit = field.length

    def convert(value: object) -> str | None:
        if value is None:
            return None
        if type(value) is not str:
            raise _wrong_type(field, value, text)
        trimmed = value.strip()
        if len(trimmed) > limit:
            raise _refuse(
                "STRING_TOO_LONG", f"{field.label}: data value too large: {trimmed} (max length={limit})", field
            )
        return trimmed or None

    return convert


_EMAIL = re.compile(r"[^\s@\"(),:;<>\[\]\\.]+(?:\.[^\s@\"(),:;<>\[\]\\.]+)*@[^\s@.,;:_]+(?:\.[^\s@.,;:_]+)+")


def _email_converter(field: Field, text: bool) -> Converter:
    as_text = _text_converter(field, text)

    def convert(value: object) -> str | None:
        trimmed = as_text(value)
        if trimmed is not None and _EMAIL.fullmatch(trimmed) is None:
            raise _refuse("INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {trimmed}", field)
        return trimmed

    return convert


def _restricted_converter(field: Field, text: bool) -> Converter:
    allowed = frozenset(entry.value for entry in field.picklist if entry.active)
    several = field.type == "multipicklist"

    def convert(value: object) -> str | None:
        if value is None:
            return None
        if type(value) is not str:
            raise _wrong_type(field, value, text)
        trimmed = value.strip()
        if trimmed and trimmed not in allowed and not (several and allowed.issuperset(trimmed.split(";"))):
            raise _refuse(
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                f"{field.label}: bad value for restricted picklist field: {trimmed}",
                field,
            )
        return trimmed or None

    return convert


_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def _number_converter(field: Field, text: bool) -> Converter:
    scale = field.scale
    limit = 10.0 ** (field.precision - scale)
    unit = Decimal(1).scaleb(-scale)

    def convert(value: object) -> float | None:
        if value is None:
            return None
        if isinstance(value, str):
            trimmed = value.strip()
            if not trimmed:
                return None
            if _NUMBER.fullmatch(trimmed) is None:
                raise _wrong_type(field, value, text)
            number = float(trimmed)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            number = float(value)
        else:
            raise _wrong_type(field, value, text)
        rounded = round(number, scale)
        if rounded != number and -limit < number < limit:
            rounded = float(Decimal(repr(number)).quantize(unit, ROUND_HALF_UP))
        if not -limit < rounded < limit:
            raise _out_of_range(field, value)
        return rounded

    return convert


def _whole_number_converter(field: Field, text: bool) -> Converter:
    limit = 10**field.digits

    def convert(value: object) -> int | None:
        if value is None:
            return None
        if isinstance(value, str):
            trimmed = value.strip()
            if not trimmed:
                return None
            if _NUMBER.fullmatch(trimmed) is None or not float(trimmed).is_integer():
                raise _wrong_type(field, value, text)
            number = int(float(trimmed))
        elif isinstance(value, int) and not isinstance(value, bool):
            number = value
        elif isinstance(value, float) and value.is_integer():
            number = int(value)
        else:
            raise _wrong_type(field, value, text)
        if not -limit < number < limit:
            raise _out_of_range(field, value)
        return number

    return convert


_TRUTH = {"true": 1, "false": 0, "": 0}
_TRUTH_IN_TEXT = {**_TRUTH, "1": 1, "0": 0}


def _boolean_converter(field: Field, text: bool) -> Converter:
    truth = _TRUTH_IN_TEXT if text else _TRUTH

    def convert(value: object) -> int:
        if value is None:
            return 0
        if isinstance(value, bool):
            return int(value)
        known = truth.get(value.strip().lower()) if isinstance(value, str) else None
        if known is None:
            raise _wrong_type(field, value, text)
        return known

    return convert


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _date_converter(field: Field, text: bool) -> Converter:
    def convert(value: object) -> str | None:
        trimmed = value.strip() if isinstance(value, str) else value
        if trimmed is None or trimmed == "":
            return None
        if not isinstance(trimmed, str):
            raise _wrong_type(field, value, text)
        if _DATE.fullmatch(trimmed) is None:
            return _moment(field, trimmed, text).date().isoformat()
        try:
            date.fromisoformat(trimmed)
        except ValueError:
            raise _wrong_type(field, value, text) from None
        return trimmed

    return convert


def _datetime_converter(field: Field, text: bool) -> Converter:
    def convert(value: object) -> str | None:
        trimmed = value.strip() if isinstance(value, str) else value
        if trimmed is None or trimmed == "":
            return None
        if not isinstance(trimmed, str):
            raise _wrong_type(field, value, text)
        if _DATE.fullmatch(trimmed):
            trimmed = f"{trimmed}T00:00:00Z"
        return to_stamp(_moment(field, trimmed, text))

    return convert


_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3})?)?Z?", re.ASCII)


def _time_converter(field: Field, text: bool) -> Converter:
    def convert(value: object) -> str | None:
        trimmed = value.strip() if isinstance(value, str) else value
        if trimmed is None or trimmed == "":
            return None
        if not isinstance(trimmed, str) or _TIME.fullmatch(trimmed) is None:
            raise _wrong_type(field, value, text)
        return time.fromisoformat(trimmed.removesuffix("Z")).isoformat("milliseconds") + "Z"

    return convert


_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})", re.ASCII)


def _moment(field: Field, value: str, text: bool) -> datetime:
    if _MOMENT.fullmatch(value) is None:
        raise _wrong_type(field, value, text)
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise _wrong_type(field, value, text) from None


def _reference_converter(field: Field, text: bool) -> Converter:
    def convert(value: object) -> str | None:
        trimmed = value.strip() if isinstance(value, str) else value
        if trimmed is None or trimmed == "":
            return None
        if not isinstance(trimmed, str):
            raise _wrong_type(field, value, text)
        if not is_id(trimmed):
            raise _refuse("MALFORMED_ID", f"{field.label}: id value of incorrect type: {trimmed}", field)
        return to_18(trimmed)

    return convert


def _parent_converter(schema: Schema, field: Field, key: str | None) -> Converter:
    def convert(value: object) -> ParentKey | None:
        if value is None or (key is not None and value == ""):
            return None
        given: Mapping[str, object] = {key: value} if key is not None else value if isinstance(value, dict) else {}
        names = [name for name in given if name not in {"attributes", "type"}]
        target = _target(schema, field, given)
        parent_field = target.field(names[0]) if len(names) == 1 else None
        if parent_field is None or not (parent_field.external_id or parent_field.id_lookup):
            message = f"{field.relationship_name} needs exactly one external id field of {target.name}"
            raise _refuse("INVALID_FIELD", message, field)
        return ParentKey(target, parent_field, str(given[names[0]]).strip())

    return convert


def _target(schema: Schema, field: Field, given: Mapping[str, object]) -> SObject:
    name = field.reference_to[0]
    if len(field.reference_to) > 1:
        attributes = given.get("attributes")
        if next(iter(given), None) != "attributes" or not isinstance(attributes, dict):
            raise Refusal(
                400,
                "JSON_PARSER_ERROR",
                "Nested object for polymorphic foreign key must have an attributes field before any other fields.",
            )
        name = str(attributes.get("type"))
    target = schema.get(name)
    if target is None or target.name not in field.reference_to:
        raise _refuse("INVALID_FIELD", f"{name} is not a valid parent for {field.name}", field)
    return target


def _refuse(code: str, message: str, field: Field) -> Refusal:
    return Refusal(400, code, message, (field.name,))


def _out_of_range(field: Field, value: object) -> Refusal:
    shown = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    message = f"{field.label}: value outside of valid range on numeric field: {shown}"
    return _refuse("NUMBER_OUTSIDE_VALID_RANGE", message, field)


_JAVA_TYPES = {"double": "double", "currency": "double", "percent": "double", "datetime": "dateTime"}


def _wrong_type(field: Field, value: object, text: bool) -> Refusal:
    if text:
        message = f"{field.label}: value not of required type: {value}"
        return _refuse("INVALID_TYPE_ON_FIELD_IN_RECORD", message, field)
    wanted = _JAVA_TYPES.get(field.type, field.type if field.type in {"int", "boolean", "date"} else "string")
    token, shown = _token(value)
    return Refusal(
        400,
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {wanted} from {token} value {shown} or request may be missing a required "
        "field at [line:1, column:1]",
    )


def _token(value: object) -> tuple[str, str]:
    if isinstance(value, bool):
        return ("VALUE_TRUE", "true") if value else ("VALUE_FALSE", "false")
    if isinstance(value, int):
        return "VALUE_NUMBER_INT", str(value)
    if isinstance(value, float):
        return "VALUE_NUMBER_FLOAT", repr(value)
    if isinstance(value, dict):
        return "START_OBJECT", "{"
    if isinstance(value, list):
        return "START_ARRAY", "["
    return "VALUE_STRING", str(value)
