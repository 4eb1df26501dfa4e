"""The fields that the mapping file configures, as columns: in which order, under which title, of which kind.

The first five visible fields, by order and then alphabetically, are columns and filters of every list of accounts
(CSU-18); all visible ones are shown on the account's page, in that order (CSU-16, CSU-17).
"""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from dashboards import theme
from toolkit.config import ObjectMapping
from toolkit.config.objects import FieldMapping

MOST = 5
"""So many configured fields are columns and filters of the lists (CSU-18)."""

Kind = Literal["text", "number", "day", "time", "truth"]

_SAME = {"health_score": "shown", "health_band": "band", "health_coverage": "coverage"}
"""Fields that the table of accounts has under another name already."""
_SHORT = {"nps", "mrr", "arr", "csm", "id", "crm", "url", "vat", "csat"}


@dataclass(frozen=True)
class Column:
    """A configured field as a column: `field` is its name here, `name` its name in the table of accounts."""

    field: str
    name: str
    title: str
    kind: Kind = "text"


def title(field: str) -> str:
    """Return a field's name as a person reads it: ``nps_score`` is ``NPS score``."""
    words = [word.upper() if word.lower() in _SHORT else word for word in field.split("_") if word]
    said = " ".join(words) or field
    return said[0].upper() + said[1:]


def configured(mapping: ObjectMapping | None, here: pl.DataFrame, taken: tuple[str, ...]) -> tuple[Column, ...]:
    """Return the first five visible fields of the accounts' mapping that are here, as columns.

    `taken` are the columns that the table of accounts has anyway. A field that nothing has filled yet is a column too.
    """
    if mapping is None:
        return ()
    fields = list(dict.fromkeys(field.here for field in mapping.visible_fields))[:MOST]
    kinds = {field: kind_of(here.schema.get(field, pl.String())) for field in fields}
    return tuple(Column(field, _name(field, taken), title(field), kinds[field]) for field in fields)


def _name(field: str, taken: tuple[str, ...]) -> str:
    # a field that happens to be called like a column of ours, such as "driver", gets a name of its own
    return _SAME.get(field) or (f"{field}_" if field in taken and field not in _SHARED else field)


_SHARED = ("name", "segment", "csm", "stage", "mrr", "renewal_date", "parent_id")
"""Fields that are columns of the table of accounts under their own name."""


def kind_of(dtype: pl.DataType) -> Kind:
    """Return how values of a type are compared and shown."""
    if dtype == pl.Boolean:
        return "truth"
    if dtype == pl.Date:
        return "day"
    if isinstance(dtype, pl.Datetime):
        return "time"
    return "number" if dtype.is_numeric() else "text"


def plain(frame: pl.DataFrame, field: str) -> pl.Expr:
    """Return an expression: a field's values as they can stand in a table; lists and structures as text."""
    if field not in frame.columns:
        return pl.lit(None, pl.String)
    dtype = frame.schema[field]
    if isinstance(dtype, pl.List):
        return pl.col(field).cast(pl.List(pl.String)).list.join(", ")
    if isinstance(dtype, pl.Struct):
        return pl.col(field).struct.json_encode()
    return pl.col(field)


def said(value: object) -> str:
    """Return one value as a person reads it, as plain text."""
    if value is None or value == "":
        return theme.NO_VALUE
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() else f"{value:,.2f}".rstrip("0")
    if isinstance(value, int):
        return f"{value:,}"
    if hasattr(value, "hour"):
        return theme.moment(value)
    if hasattr(value, "year"):
        return theme.day(value)
    if isinstance(value, list):
        return ", ".join(map(str, value)) or theme.NO_VALUE
    if isinstance(value, dict):
        return ", ".join(str(each) for each in value.values() if each is not None) or theme.NO_VALUE
    return str(value)


def way(field: FieldMapping) -> str:
    """Return whether a person may change the field, and where its value comes from, in words (CSU-17)."""
    said = {"input": "from Salesforce", "output": "to Salesforce", "two_way": "both ways"}[field.direction]
    return f"{said}, editable" if field.editable else said
