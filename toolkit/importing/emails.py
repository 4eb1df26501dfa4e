"""Which contacts have which e-mail address (CC-11), in the form in which `toolkit.matching.emails` compares them."""

import polars as pl

from toolkit.frames import RECORD_KEY
from toolkit.matching.emails import normal_email

EMAIL = "email"


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
