"""E-mail addresses in the one form in which they are compared, and which contacts have which (CC-11)."""

import polars as pl

from toolkit.frames import RECORD_KEY

EMAIL = "email"

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


def by_email(contacts: pl.DataFrame, email: str = EMAIL) -> pl.DataFrame:
    """Return one row an address: email, contacts (how many have it), contact_id (the first by id), who (up to three).

    Also account_id and accounts, the first of their accounts here and how many there are. Contacts that were archived
    are left out.
    """
    if email not in contacts.columns:
        contacts = contacts.with_columns(pl.lit(None, pl.String).alias(email))
    if "archived_on" in contacts.columns:
        contacts = contacts.filter(pl.col("archived_on").is_null())
    account = pl.col("account_id").cast(pl.String) if "account_id" in contacts.columns else pl.lit(None, pl.String)
    known = contacts.select(email=normal_email(pl.col(email)), contact_id=RECORD_KEY, account_id=account)
    return (
        known.filter(pl.col("email").is_not_null())
        .sort("contact_id")
        .group_by("email", maintain_order=True)
        .agg(
            contacts=pl.len(),
            contact_id=pl.col("contact_id").first(),
            who=pl.col("contact_id").head(3).str.join(", "),
            accounts=pl.col("account_id").drop_nulls().n_unique(),
            account_id=pl.col("account_id").drop_nulls().sort().first(),
        )
        .sort("email")
    )
