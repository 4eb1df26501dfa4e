"""The internet domain of a company: by default that of its website in Salesforce (SKA-15)."""

import polars as pl

from toolkit.frames import RECORD_KEY, SKIPS
from toolkit.importing.derived import Derived
from toolkit.matching.domains import domain_of
from toolkit.values import to_18

DOMAIN = "domain"
WEBSITE = "Website"


def domain_columns(there: pl.DataFrame) -> Derived:
    """Return the ``domain`` of accounts by their record id; none where Website was not read."""
    ids = to_18(pl.col(RECORD_KEY).cast(pl.String)).alias(RECORD_KEY)
    if WEBSITE not in there.columns:
        return Derived(there.select(ids), SKIPS.empty())
    return Derived(there.select(ids, domain_of(pl.col(WEBSITE)).alias(DOMAIN)), SKIPS.empty())
