"""The internet domain of a company: by default that of its website in Salesforce (SKA-15)."""

import polars as pl

from toolkit.frames import RECORD_KEY, SKIPS
from toolkit.importing.derived import Derived
from toolkit.values import to_18

DOMAIN = "domain"
WEBSITE = "Website"

_HOST = r"^(?:[a-z][a-z0-9+.-]*:)?(?://)?(?:[^/@?#\s]*@)?([^/:?#\s@]+\.[^/:?#\s@.]+)"


def domain_columns(there: pl.DataFrame) -> Derived:
    """Return the ``domain`` of accounts by their record id; none where Website was not read."""
    ids = to_18(pl.col(RECORD_KEY).cast(pl.String)).alias(RECORD_KEY)
    if WEBSITE not in there.columns:
        return Derived(there.select(ids), SKIPS.empty())
    return Derived(there.select(ids, domain_of(pl.col(WEBSITE)).alias(DOMAIN)), SKIPS.empty())


def domain_of(websites: pl.Expr) -> pl.Expr:
    """Return the host of web addresses as people write them, in lower case and without ``www.``; null for no address.

    ``https://www.Acme.com/about`` and ``acme.com`` are both ``acme.com``.
    """
    text = websites.cast(pl.String).str.strip_chars().str.to_lowercase()
    host = text.str.extract(_HOST).str.strip_chars(".")
    return host.str.strip_prefix("www.")
