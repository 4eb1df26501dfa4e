"""DISTANCE() between a place that is stored, a geolocation field or an address, and another place."""

from toolkit.demo_org.schema import Field
from toolkit.demo_org.soql import complaints
from toolkit.demo_org.soql.lexer import string_value
from toolkit.demo_org.soql.sources import Reached, Sources
from toolkit.demo_org.soql.sql_functions import DISTANCE
from toolkit.demo_org.soql.tree import Call, Path, Value

KILOMETRES_IN_A_MILE = 1.609344
PLACE_TYPES = frozenset({"address", "location"})


def distance(call: Call, sources: Sources) -> Reached:
    """Return ``DISTANCE(place, place, unit)`` as a field of its own, null where a place is not known."""
    first, second, unit = call.arguments
    measured = f"{DISTANCE}({_place(first, sources)}, {_place(second, sources)})"
    if _unit(unit, sources.text) == "mi":
        measured = f"({measured} / {KILOMETRES_IN_A_MILE})"
    return Reached(Field("DISTANCE", call.written, "double", scale=2), measured, sources.root)


def components(reached: Reached) -> tuple[str, str] | None:
    """Return the names of the fields that hold latitude and longitude of a compound field, or None if it has none."""
    name, sobject = reached.field.name, reached.source.tables[0].sobject
    for start, end in ((name.removesuffix("Address"), ""), (name.removesuffix("c"), "__s"), (name, "")):
        names = f"{start}Latitude{end}", f"{start}Longitude{end}"
        if all(sobject.field(each) for each in names):
            return names
    return None


def _place(place: Path | Call | Value, sources: Sources) -> str:
    if isinstance(place, Path):
        return _stored(place, sources)
    if isinstance(place, Call):
        latitude, longitude = (_degrees(each) for each in place.arguments)
        if abs(latitude) <= 90 and abs(longitude) <= 180:
            return f"{latitude!r}, {longitude!r}"
    raise complaints.at(
        sources.text, place.position, "Latitude must be -90 to 90, longitude -180 to 180", "MALFORMED_QUERY"
    )


def _stored(path: Path, sources: Sources) -> str:
    reached = sources.reach(path)
    names = components(reached) if reached.field.type in PLACE_TYPES else None
    if names is None:
        message = f"DISTANCE function does not support a field of type {reached.field.type}: {path}"
        raise complaints.at(sources.text, path.position, message, "MALFORMED_QUERY")
    table = reached.source.tables[0]
    seen = all(sources.reader.readable(table.sobject.name, name) for name in names)
    return ", ".join(table.column(name) for name in names) if seen else "NULL, NULL"


def _degrees(value: Path | Call | Value) -> float:
    return float(value.token.text) if isinstance(value, Value) else 0.0


def _unit(value: Path | Call | Value, text: str) -> str:
    unit = string_value(value.token, text).lower() if isinstance(value, Value) else ""
    if unit not in ("mi", "km"):
        message = "Distance unit must be 'mi' or 'km'"
        raise complaints.at(text, value.position, message, "MALFORMED_QUERY")
    return unit
