"""What an import works out of contacts: the one account each belongs to, and who is champion, sponsor, key user.

A contact belongs to one account here, even if it is related to several (CC-14): to its own account, if that is here;
else, where ``related_accounts`` allows it, to one that it is related to. Of several the active relation goes before an
ended one, a direct one before an indirect one, and then the smallest account id decides, so that the choice never
depends on an order of rows. The others are told.

Contacts without an account or an e-mail address, and several with one address, are kept and told (CC-11): who they are
is for a person to decide.
"""

from collections.abc import Mapping

import polars as pl

from toolkit.config.objects import ROLE_TAGS, ObjectMapping, RoleTag
from toolkit.frames import CONTACT_ACCOUNTS, RECORD_KEY, SKIPS, conform
from toolkit.importing.derived import ACCOUNT_THERE_ID, Derived
from toolkit.importing.emails import EMAIL, by_email
from toolkit.importing.extras import ACCOUNT_RELATIONS, OPPORTUNITY_ROLES
from toolkit.matching.emails import normal_email
from toolkit.values import to_18, to_text

OTHER_ACCOUNTS = "related_accounts (CC-14)"
OUT_OF_ACCOUNT = "no account (SKA-19)"
NO_EMAIL = "no e-mail (CC-11)"
SAME_EMAIL = "same e-mail (CC-11)"
CONTACT_NOTES = (OTHER_ACCOUNTS, OUT_OF_ACCOUNT, NO_EMAIL, SAME_EMAIL)
"""Rules under which a contact is kept and told about; none leaves it out."""

_NAMED = 3


def contact_columns(
    there: pl.DataFrame, mapping: ObjectMapping, extras: Mapping[str, pl.DataFrame], accounts: pl.DataFrame
) -> Derived:
    """Return the role tags of contacts and account_there_id, by their record id.

    `extras` are the rows that `toolkit.importing.extras.extra_reads` asks for, `accounts` the links of accounts. A tag
    that is not mapped is null, not false: nobody has said who carries it.
    """
    rows = there.with_columns(to_18(pl.col(RECORD_KEY)))
    relations = _relations(extras.get(ACCOUNT_RELATIONS))
    placed, skips = _one_account(rows, mapping, relations, accounts)
    columns, tags = placed, {str(name): tag for name, tag in mapping.tags.items()}
    for name in ROLE_TAGS:
        tag = tags.get(name)
        carriers = None if tag is None else _carriers(rows, tag, extras, relations, placed)
        tagged = pl.lit(None, pl.Boolean) if carriers is None else pl.col(RECORD_KEY).is_in(carriers.implode())
        columns = columns.with_columns(tagged.alias(name))
    return Derived(columns.sort(RECORD_KEY), skips, always=tuple(name for name in ROLE_TAGS if name in tags))


def contact_notes(here: pl.DataFrame, mapping: ObjectMapping) -> pl.DataFrame:
    """Return what is worth knowing of the contacts here (`frames.SKIPS`): no account, no e-mail, or another's."""
    column = email_column(mapping)
    if "archived_on" in here.columns:
        here = here.filter(pl.col("archived_on").is_null())
    email = normal_email(pl.col(column)) if column in here.columns else pl.lit(None, pl.String)
    shared = (
        by_email(here, column).filter(pl.col("contacts") > 1).select(_email="email", contacts="contacts", who="who")
    )
    rows = here.with_columns(_email=email).join(shared, on="_email", how="left")
    several = pl.format("{} contacts have the e-mail {}: {}{}", "contacts", "_email", "who",
                        pl.when(pl.col("contacts") > _NAMED).then(pl.lit(", ...")).otherwise(pl.lit("")))  # fmt: skip
    notes = [
        (pl.col("contacts") > 1, SAME_EMAIL, pl.format("{}; a member with it is not linked to a contact", several)),
        (pl.col("_email").is_null(), NO_EMAIL, pl.lit("it has no e-mail address; no member can be linked to it")),
    ]
    if "account_id" in here.columns:
        reason = pl.lit("it belongs to no account in Salesforce; it is kept, and counts for none")
        notes.append((pl.col("account_id").is_null(), OUT_OF_ACCOUNT, reason))
    name = pl.col("name").cast(pl.String) if "name" in here.columns else pl.lit(None, pl.String)
    told = [
        rows.filter(which).select(
            object=pl.lit(mapping.object), side=pl.lit("here"), id=RECORD_KEY, name=name, rule=pl.lit(rule), reason=why
        )
        for which, rule, why in notes
    ]
    return conform(pl.concat(told), SKIPS)


def email_column(mapping: ObjectMapping) -> str:
    """Return the column here that holds a contact's e-mail address."""
    return next((field.here for field in mapping.fields if field.there.lower() == "email"), EMAIL)


def contact_accounts(
    there: pl.DataFrame, mapping: ObjectMapping, given: pl.DataFrame | None, links: pl.DataFrame
) -> pl.DataFrame:
    """Return every account here that each contact here has to do with (`frames.CONTACT_ACCOUNTS`, CC-14).

    `given` are AccountContactRelation rows (None: an org that has none), `links` those of contacts and accounts. The
    account that a contact names itself is one of them whether or not a row says so.
    """
    path = mapping.account_path or "AccountId"
    named = to_18(pl.col(path).cast(pl.String)) if path in there.columns else pl.lit(None, pl.String)
    own = there.select(contact=to_18(pl.col(RECORD_KEY)), account=named, roles=pl.lit(None, pl.String),
                       direct=pl.lit(value=True), active=pl.lit(value=True)).drop_nulls("account")  # fmt: skip
    ways = (
        pl.concat([_relations(given), own])
        .group_by("contact", "account")
        .agg(pl.col("roles").drop_nulls().sort().first(), pl.col("direct").any(), pl.col("active").any())
    )
    for name, role in (("contact", mapping.object), ("account", "account")):
        mine = links.filter(pl.col("object") == role).select(there_id=to_18(pl.col("there_id")), here_id="here_id")
        partner = mine.rename({"here_id": f"{name}_id"})
        ways = ways.join(partner, left_on=name, right_on="there_id", how="inner")
    return conform(ways.with_columns(role="roles"), CONTACT_ACCOUNTS)


def _relations(given: pl.DataFrame | None) -> pl.DataFrame:
    """Return contact, account, roles, direct and active of AccountContactRelation rows."""
    if given is None:
        shape = {"contact": pl.String, "account": pl.String, "roles": pl.String, "direct": pl.Boolean}
        return pl.DataFrame(schema={**shape, "active": pl.Boolean})
    return given.select(
        contact=to_18(pl.col("ContactId")),
        account=to_18(pl.col("AccountId")),
        roles=to_text(pl.col("Roles"), given.schema["Roles"], "multipicklist"),
        direct=pl.col("IsDirect").cast(pl.String).str.to_lowercase() == "true",
        active=pl.col("IsActive").cast(pl.String).str.to_lowercase() == "true",
    )


def _one_account(
    rows: pl.DataFrame, mapping: ObjectMapping, relations: pl.DataFrame, accounts: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return id and account_there_id of each contact, and as `frames.SKIPS` those that have further accounts here."""
    path = mapping.account_path or "AccountId"
    named = to_18(pl.col(path).cast(pl.String)) if path in rows.columns else pl.lit(None, pl.String)
    own = rows.select(RECORD_KEY, account_there_id=named)
    if not mapping.related_accounts:
        return own, SKIPS.empty()
    direct = own.select(contact=RECORD_KEY, account=ACCOUNT_THERE_ID, rank=pl.lit(0)).drop_nulls()
    rank = pl.lit(1) + (~pl.col("active")).cast(pl.Int32) * 2 + (~pl.col("direct")).cast(pl.Int32)
    related = relations.select("contact", "account", rank=rank)
    ways = pl.concat([direct, related]).join(accounts, left_on="account", right_on="there_id", how="semi")
    ways = ways.group_by("contact", "account").agg(pl.col("rank").min()).sort("contact", "rank", "account")
    chosen = ways.group_by("contact", maintain_order=True).agg(
        chosen=pl.col("account").first(), others=pl.col("account").slice(1).str.join(", "), count=pl.len()
    )
    placed = own.join(chosen, left_on=RECORD_KEY, right_on="contact", how="left")
    told = rows.join(chosen.filter(pl.col("count") > 1), left_on=RECORD_KEY, right_on="contact", how="inner")
    name = pl.col(mapping.name).cast(pl.String) if mapping.name in rows.columns else pl.lit(None, pl.String)
    skips = told.select(
        object=pl.lit(mapping.object), side=pl.lit("there"), id=RECORD_KEY, name=name, rule=pl.lit(OTHER_ACCOUNTS),
        reason=pl.format("it belongs to one account, {}; it is also related to {}", "chosen", "others"),
    )  # fmt: skip
    return placed.select(RECORD_KEY, account_there_id=pl.coalesce("chosen", ACCOUNT_THERE_ID)), conform(skips, SKIPS)


def _carriers(
    rows: pl.DataFrame,
    tag: RoleTag,
    extras: Mapping[str, pl.DataFrame],
    relations: pl.DataFrame,
    placed: pl.DataFrame,
) -> pl.Series | None:
    """Return the record ids of the contacts that carry a tag, or None when what would say so was not read."""
    if tag.field is not None:
        return rows.filter(_has_one(rows, tag.field, tag.values))[RECORD_KEY] if tag.field in rows.columns else None
    if tag.opportunity_roles:
        roles = extras.get(OPPORTUNITY_ROLES)
        if roles is None:
            return None
        return (
            roles.filter(_has_one(roles, "Role", tag.opportunity_roles)).select(to_18(pl.col("ContactId"))).to_series()
        )
    if ACCOUNT_RELATIONS not in extras:
        return None
    own = placed.select(contact=RECORD_KEY, account=ACCOUNT_THERE_ID)
    holding = relations.filter(pl.col("active") & _has_one(relations, "roles", tag.account_roles))
    return holding.join(own, on=["contact", "account"], how="semi")["contact"]


def _has_one(rows: pl.DataFrame, column: str, values: tuple[str | bool, ...]) -> pl.Expr:
    """Return whether a column has one of the values, in any case; of a multi-select picklist one of them is enough."""
    wanted = [str(value).strip().lower() for value in values]
    text = to_text(pl.col(column), rows.schema[column], "string").str.to_lowercase()
    given = text.str.split(";").list.eval(pl.element().str.strip_chars())
    return pl.any_horizontal(given.list.contains(value) for value in wanted).fill_null(value=False)
