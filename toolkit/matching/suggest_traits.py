"""What of a record suggests which company or person it is: its name, its domain, its city and its country.

The columns are those that the mapping file knows the standard fields by, and else those that are called like them.
"""

import polars as pl

from toolkit.config.objects import ObjectMapping
from toolkit.frames import RECORD_KEY
from toolkit.matching.domains import registrable_domain
from toolkit.matching.keys import names_of
from toolkit.matching.names import core_name
from toolkit.matching.suggest_features import acronyms, plain

DOMAINS = ("Website", "Email")
CITIES = ("BillingCity", "ShippingCity", "MailingCity", "City")
COUNTRIES = ("BillingCountry", "ShippingCountry", "MailingCountry", "Country")
"""The standard fields of a trait, the first that a record has counts."""

_HERE = {DOMAINS: ("website", "domain", "email"), CITIES: ("city",), COUNTRIES: ("country",)}
LONGEST_CODE = 3
"""Letters of a country's code."""
_LABEL = r"^([^.]+)"


def traits(records: pl.DataFrame, mapping: ObjectMapping, side: str) -> pl.DataFrame:
    """Return one side's records, by id: `id`, `shown` (the name as written), `name` (plain), `ordered` (its words by
    the alphabet), `initials`, `domain`, `label` (the domain without its ending), `city` and `country`.

    All but `shown` as they are compared; null where it is not known, but `name` and `ordered` are blank then.
    """
    by_id = records.sort(RECORD_KEY)
    shown = names_of(by_id, mapping, side)
    name = plain(core_name(shown))
    domain = registrable_domain(_first(by_id, mapping, side, DOMAINS))
    return pl.DataFrame(
        {
            RECORD_KEY: by_id[RECORD_KEY],
            "shown": shown,
            "name": name,
            "ordered": pl.Series([" ".join(sorted(each.split())) for each in name], dtype=pl.String),
            "initials": acronyms(name),
            "domain": domain,
            "label": domain.str.extract(_LABEL),
            "city": core_name(_first(by_id, mapping, side, CITIES)),
            "country": _written_out(core_name(_first(by_id, mapping, side, COUNTRIES))),
        }
    )


def _written_out(countries: pl.Series) -> pl.Series:
    # a code (DE, DEU) is not another country than a name, so it is not compared at all
    return countries.set(countries.str.len_chars() <= LONGEST_CODE, None)


def column_for(records: pl.DataFrame, mapping: ObjectMapping, side: str, fields: tuple[str, ...]) -> str | None:
    """Return the column that holds a trait (`DOMAINS`, ...): the first that is there and not empty throughout."""
    names: tuple[str, ...] = fields
    if side == "here":
        mapped = [field.here for wanted in fields for field in mapping.fields if field.there == wanted]
        names = (*mapped, *_HERE[fields])
    filled = (name for name in names if name in records.columns and records[name].null_count() < records.height)
    return next(filled, None)


def _first(records: pl.DataFrame, mapping: ObjectMapping, side: str, fields: tuple[str, ...]) -> pl.Series:
    column = column_for(records, mapping, side, fields)
    if column is None:
        return pl.repeat(None, records.height, dtype=pl.String, eager=True)
    return records[column].cast(pl.String)
