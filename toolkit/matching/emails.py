"""E-mail addresses in the one form in which they are compared."""

import polars as pl

_ADDRESS = r"^[^@\s]+@[^@\s]+$"


def normal_email(values: pl.Expr) -> pl.Expr:
    """Return addresses without blanks, display name and ``mailto:``, in lower case; null for what is no address.

    The part before the @ is compared without case as well: no mail system in use tells Ada@ from ada@. Dots and what
    follows a plus are part of an address.
    """
    text = values.cast(pl.String)
    text = pl.coalesce(text.str.extract(r"<([^<>]*)>\s*$"), text).str.strip_chars().str.to_lowercase()
    text = text.str.strip_prefix("mailto:").str.strip_chars().str.normalize("NFC")
    return pl.when(text.str.contains(_ADDRESS)).then(text)


def email_of(values: pl.Series) -> pl.Series:
    """Return a column of addresses in the form of `normal_email`."""
    return values.to_frame("v").select(normal_email(pl.col("v"))).to_series().alias(values.name)
