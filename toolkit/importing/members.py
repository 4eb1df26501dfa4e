"""Community members and the accounts they belong to: a member has the e-mail address of a contact of the account.

One function links both ways (CC-9, CC-11, CC-12): what it returns is read from the member to see whose customer wrote,
and from the contact or account to give Salesforce the member's name. A member belongs to one account only (CC-14). An
address that leads to several accounts, to none, or to nobody decides nothing; the member is held, with the reason.
"""

from dataclasses import dataclass

import polars as pl

from toolkit.frames import LINKS, MEMBERS, RECORD_KEY, SKIPS, conform
from toolkit.importing.emails import EMAIL, by_email
from toolkit.matching.emails import normal_email

MEMBER = "member"
"""What members are called in `frames.SKIPS`."""

NO_ADDRESS = "member without e-mail (CC-11)"
NO_CONTACT = "member without contact (CC-11)"
NO_ACCOUNT = "member without account (CC-11)"
SEVERAL_ACCOUNTS = "member of several accounts (CC-14)"
MEMBER_RULES = (NO_ADDRESS, NO_CONTACT, NO_ACCOUNT, SEVERAL_ACCOUNTS)
"""Every rule under which a member is held."""

_NAMED = 3


@dataclass(frozen=True)
class Members:
    """The members that belong to an account (`frames.MEMBERS`), and the others as `frames.SKIPS`."""

    links: pl.DataFrame
    skips: pl.DataFrame


def link_members(
    members: pl.DataFrame,
    contacts: pl.DataFrame,
    links: pl.DataFrame | None = None,
    *,
    email: str = EMAIL,
    name: str = "name",
    contact_email: str = EMAIL,
) -> Members:
    """Return which member is which contact and belongs to which account; every member is in one of both frames.

    `members` are keyed by ``id`` and have the column `email`; `contacts` are the contacts here, with ``account_id`` and
    the column `contact_email`; `links` (`frames.LINKS`) add the record ids in Salesforce. When several contacts of one
    account have the address, the account is certain and the contact is not: it stays empty. Several members with one
    address belong to the same account.
    """
    known = by_email(contacts, contact_email).with_columns(_known=pl.lit(value=True))
    shown = pl.col(name).cast(pl.String) if name in members.columns else pl.lit(None, pl.String)
    given = normal_email(pl.col(email)) if email in members.columns else pl.lit(None, pl.String)
    rows = members.select(member_id=pl.col(RECORD_KEY).cast(pl.String), name=shown, email=given)
    rows = rows.join(known, on="email", how="left")
    accounts = pl.col("accounts").fill_null(0)
    more = pl.when(pl.col("contacts") > _NAMED).then(pl.lit(", ...")).otherwise(pl.lit(""))
    who = pl.concat_str("who", more)
    cases = [
        (pl.col("email").is_null(), NO_ADDRESS, pl.lit("it has no e-mail address")),
        (pl.col("_known").is_null(), NO_CONTACT, pl.format("no contact has the e-mail {}", "email")),
        (accounts == 0, NO_ACCOUNT, pl.format("{} is the e-mail of {}, of no account", "email", who)),
        (accounts > 1, SEVERAL_ACCOUNTS,
         pl.format("{} is the e-mail of contacts of {} accounts: {}", "email", accounts, who)),
    ]  # fmt: skip
    rule, reason = pl.lit(None, pl.String), pl.lit(None, pl.String)
    for applies, why, told in reversed(cases):
        rule, reason = pl.when(applies).then(pl.lit(why)).otherwise(rule), pl.when(applies).then(told).otherwise(reason)
    rows = rows.with_columns(rule=rule, reason=reason)
    held = rows.filter(pl.col("rule").is_not_null())
    skips = held.select("name", "rule", "reason", object=pl.lit(MEMBER), side=pl.lit("here"), id="member_id")
    linked = rows.filter(pl.col("rule").is_null())
    linked = linked.with_columns(contact_id=pl.when(pl.col("contacts") == 1).then("contact_id"))
    return Members(conform(_with_record_ids(linked, links), MEMBERS), conform(skips, SKIPS))


def _with_record_ids(linked: pl.DataFrame, links: pl.DataFrame | None) -> pl.DataFrame:
    links = LINKS.empty() if links is None else links
    for object_name in ("contact", "account"):
        own = links.filter(pl.col("object") == object_name)
        partner = own.select(**{f"{object_name}_id": "here_id", f"{object_name}_there_id": "there_id"})
        linked = linked.join(partner, on=f"{object_name}_id", how="left")
    return linked
