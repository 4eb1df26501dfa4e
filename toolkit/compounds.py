"""The canonical text of the two compound kinds of field, an address and a place, and its parts.

Salesforce reads a compound as one object and writes only its components. Here it is one value: JSON with sorted keys
and without empty parts, ``{"city":"Berlin","postalCode":"10115"}`` or ``{"latitude":52.5,"longitude":13.4}``; a
structure in a column is brought to the same text. Of an address the five postal parts count. Its coordinates and their
accuracy are worked out by Salesforce, its country and state codes say again what the names say: all of these are fields
of their own, to be mapped by their own names.
"""

from collections.abc import Mapping

import polars as pl

from toolkit.errors import InputError

PARTS: Mapping[str, tuple[str, ...]] = {
    "address": ("city", "country", "postalCode", "state", "street"),
    "location": ("latitude", "longitude"),
}
"""The parts of each compound type that make up its value, in the order of their text."""

COMPOUND_TYPES = frozenset(PARTS)

_DERIVED = ("countryCode", "geocodeAccuracy", "latitude", "longitude", "stateCode")
MOST_DECIMALS = 15
"""The decimals of a coordinate that Salesforce keeps at most."""

_ROUNDED_TO = 12

_STRINGS = r'"(?:[^"\\]|\\.)*"\s*:?'  # every JSON string; those with a colon behind them are keys


def compound_text(text: pl.Expr, field_type: str, scale: int = MOST_DECIMALS) -> pl.Expr:
    """Return the canonical form of JSON text; `scale` is the number of decimals of a place's coordinates.

    Null for an object all of whose parts are empty. Text that is no such object, or has a part that the type does not
    know, stays as it is, for the pre-flight to refuse.
    """
    parts = [_member(part, compound_part(text, field_type, part, scale), field_type) for part in PARTS[field_type]]
    inside = pl.concat_str(parts, separator=",", ignore_nulls=True)
    canonical = pl.when(inside != "").then(pl.concat_str(pl.lit("{"), inside, pl.lit("}")))
    return pl.when(~is_compound(text, field_type)).then(text).otherwise(canonical)


def compound_part(text: pl.Expr, field_type: str, part: str, scale: int = MOST_DECIMALS) -> pl.Expr:
    """Return the canonical text of one part of a compound's JSON text, null where it is empty."""
    value = text.str.json_path_match(f"$.{part}").str.strip_chars()
    if part == "street":
        value = value.str.replace_all("\r\n", "\n", literal=True)
    if field_type == "location":
        number = value.cast(pl.Float64, strict=False)
        # With more decimals than this a coordinate has more digits than a float tells apart: its own are all there are.
        rounded = number.round(scale, mode="half_away_from_zero") if scale <= _ROUNDED_TO else number
        whole = rounded.cast(pl.Int64, strict=False)
        plain = pl.when(rounded == whole).then(whole.cast(pl.String)).otherwise(rounded.cast(pl.String))
        value = pl.coalesce(plain, value)
    return pl.when(value != "").then(value)


def assembled(parts: Mapping[str, pl.Expr], field_type: str) -> pl.Expr:
    """Return the canonical text of a compound that was read in parts: text columns by the name of their part."""
    members = [_member(part, parts[part].str.strip_chars(), field_type) for part in PARTS[field_type]]
    inside = pl.concat_str(members, separator=",", ignore_nulls=True)
    whole = pl.when(inside != "").then(pl.concat_str(pl.lit("{"), inside, pl.lit("}")))
    return compound_text(whole, field_type)


def with_components(rows: pl.DataFrame, column: str, field_type: str, fields: Mapping[str, str]) -> pl.DataFrame:
    """Return `rows` with a compound's text column replaced by columns of its components.

    `fields` names the component of each part. Null sets each of them to null, empty text (of a sparse write) leaves
    each as it is. Raises InputError for a part without a component, a component that is a column already, and text
    that is no such compound.
    """
    lacking = [part for part in PARTS[field_type] if part not in fields]
    if lacking:
        raise InputError(
            f"{column} cannot be written as a whole: this user does not see its {', '.join(lacking)}",
            hint="make every component visible to the integration user, or write the components you need by name",
        )
    twice = [name for name in fields.values() if name in rows.columns]
    if twice:
        raise InputError(
            f"{', '.join(twice)} would be written twice, by itself and as a part of {column}", hint="write one of them"
        )
    text = pl.col(column)
    wrong = rows.filter((text != "") & ~is_compound(text, field_type))
    if wrong.height:
        raise InputError(
            f"{wrong[column][0]!r} is no value for {column}, which is of type {field_type}",
            hint=f"give canonical text, JSON with the keys {', '.join(PARTS[field_type])}",
        )
    parts = [
        pl.when(text == "").then(text).otherwise(compound_part(text, field_type, part)).alias(name)
        for part, name in fields.items()
    ]
    return rows.with_columns(parts).drop(column)


def is_compound(text: pl.Expr, field_type: str) -> pl.Expr:
    """Return whether text is a JSON object with no other parts than a compound of that type has."""
    known = [*PARTS[field_type], *_DERIVED] if field_type == "address" else [*PARTS[field_type]]
    strings = text.str.extract_all(_STRINGS)
    keys = strings.list.eval(pl.element().filter(pl.element().str.ends_with(":")))
    names = keys.list.eval(pl.element().str.strip_chars_end(": \n\t").str.strip_chars('"'))
    only_known = names.list.eval(pl.element().is_in(known)).list.all()
    return text.str.starts_with("{") & text.str.json_path_match("$").is_not_null() & only_known


def _member(part: str, value: pl.Expr, field_type: str) -> pl.Expr:
    member = pl.struct(value.alias(part)).struct.json_encode().str.head(-1).str.tail(-1)
    if field_type == "location":
        is_number = value.cast(pl.Float64, strict=False).is_finite().fill_null(value=False)
        member = pl.when(is_number).then(pl.concat_str(pl.lit(f'"{part}":'), value)).otherwise(member)
    return pl.when((value != "").fill_null(value=False)).then(member)
