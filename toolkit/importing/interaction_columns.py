"""The standard columns of an interaction: what Salesforce's fields say of its time, its subject and who took part.

Every org keeps e-mails, meetings, calls and notes in the same few objects (SKA-32), so nothing has to be mapped for
these; a mapped field of the same name goes before them. Times are UTC. Of an all-day meeting, and of a task of which
only the day is known, ``at`` is midnight UTC of that day and ``all_day`` is true: the day belongs to no time zone.
"""

from collections.abc import Mapping

import polars as pl

from toolkit.config.objects import ObjectMapping
from toolkit.frames import RECORD_KEY, SKIPS
from toolkit.importing.derived import ACCOUNT_THERE_ID, Derived
from toolkit.importing.emails import by_email
from toolkit.matching.emails import normal_email
from toolkit.values import to_18, to_text

ABOUT = ("RelatedToId", "WhatId", "ParentId")
"""The fields that say what an interaction is about: an account, or something that belongs to one."""

TASK_THERE_ID = "task_there_id"
"""The Task that Salesforce keeps beside an EmailMessage; both are one e-mail."""

OWNER_OBJECTS = {"005": "User", "00G": "Group"}
"""The objects that may own an interaction, by the prefix of their record ids."""

_SUBJECT = {"Note": "Title", "ContentNote": "Title"}
_BODY = {"EmailMessage": "TextBody", "Note": "Body", "ContentNote": "TextPreview"}
_OWNER = {"EmailMessage": "CreatedById"}
_TEXT = pl.lit(None, pl.String)
_NEAR = pl.duration(hours=36)
"""A task is told to have been done at the time it was completed if that is on its day, in whatever time zone."""


def interaction_columns(
    there: pl.DataFrame,
    mapping: ObjectMapping,
    extras: Mapping[str, pl.DataFrame],
    links: pl.DataFrame,
    contacts: pl.DataFrame | None = None,
) -> Derived:
    """Return the standard columns of interactions, by their record id.

    kind, at (UTC), all_day, minutes, subject, body, owner, contact_id, and account_there_id, which goes before the
    mapping's path where an interaction is about something else that belongs to an account. `extras` are what
    `toolkit.importing.extras.extra_reads` asks for, `links` those of accounts and contacts, `contacts` the contacts
    here, by whose e-mail addresses an e-mail finds its contact.
    """
    sobject, has = mapping.sobject, there.columns
    rows = there.with_columns(to_18(pl.col(RECORD_KEY)))
    at, all_day = _time(rows, sobject)
    columns = rows.select(
        RECORD_KEY,
        kind=pl.lit(mapping.interaction_kind, pl.String),
        at=at,
        all_day=all_day,
        minutes=_minutes(rows),
        subject=_first_text(has, _SUBJECT.get(sobject, "Subject")),
        body=_first_text(has, _BODY.get(sobject, "Description")),
        _who=to_18(_first_text(has, owner_path(sobject))),
        **{TASK_THERE_ID: to_18(_first_text(has, "ActivityId"))},
    )
    columns = columns.join(_owners(extras), on="_who", how="left").drop("_who")
    columns = columns.join(_contacts_of(rows, links, contacts), on=RECORD_KEY, how="left")
    found = _accounts_of(rows, mapping, extras, links)
    of_contact = _account_of_contact(links, contacts)
    columns = columns.join(found, on=RECORD_KEY, how="left").join(of_contact, on="contact_id", how="left")
    account = pl.coalesce(ACCOUNT_THERE_ID, "_of_contact").alias(ACCOUNT_THERE_ID)
    return Derived(columns.with_columns(account).drop("_of_contact").sort(RECORD_KEY), SKIPS.empty())


def owner_path(sobject: str) -> str:
    """Return the field with the id of the user, or the group of users, whose interaction it is."""
    return _OWNER.get(sobject, "OwnerId")


def _owners(extras: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return _who (an id) and owner (a name) of users and groups. Their names are read apart from the records.

    An owner may be of several objects, and of such a reference Salesforce tells no time of change: a record would keep
    the name that its owner had when it was last read.
    """
    rows = [
        extras[name].select(_who=to_18(pl.col("Id")), owner=pl.col("Name").cast(pl.String))
        for name in OWNER_OBJECTS.values()
        if name in extras
    ]
    empty = pl.DataFrame(schema={"_who": pl.String, "owner": pl.String})
    return pl.concat([empty, *rows]).unique("_who", keep="first", maintain_order=True)


def _first_text(has: list[str], *paths: str) -> pl.Expr:
    given = [pl.col(path).cast(pl.String).str.strip_chars() for path in paths if path in has]
    return pl.coalesce(*[pl.when(each != "").then(each) for each in given], _TEXT) if given else _TEXT


def _moment(rows: pl.DataFrame, path: str) -> pl.Expr:
    if path not in rows.columns:
        return pl.lit(None, pl.Datetime("ms", "UTC"))
    text = to_text(pl.col(path), rows.schema[path], "datetime")
    return text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="ms", time_zone="UTC", strict=False)


def _time(rows: pl.DataFrame, sobject: str) -> tuple[pl.Expr, pl.Expr]:
    """Return when an interaction was, and whether only its day is known."""
    created, day = _moment(rows, "CreatedDate"), _moment(rows, "ActivityDate")
    if sobject == "Event":
        given = pl.col("IsAllDayEvent") if "IsAllDayEvent" in rows.columns else pl.lit(value=False)
        all_day = (given.cast(pl.String).str.to_lowercase() == "true").fill_null(value=False)
        start = _moment(rows, "StartDateTime")
        return pl.when(all_day).then(pl.coalesce(day, start.dt.truncate("1d"))).otherwise(start), all_day
    if sobject == "Task":
        done = _moment(rows, "CompletedDateTime")
        near = ((done - (day + pl.duration(hours=12))).abs() <= _NEAR).fill_null(value=False)
        timed = done.is_not_null() & (near | day.is_null())
        at = pl.when(timed).then(done).otherwise(pl.coalesce(day, created))
        return at, ~timed & day.is_not_null()
    return pl.coalesce(_moment(rows, "MessageDate"), created), pl.lit(value=False)


def _minutes(rows: pl.DataFrame) -> pl.Expr:
    if "DurationInMinutes" in rows.columns:
        return pl.col("DurationInMinutes").cast(pl.Float64, strict=False)
    if "CallDurationInSeconds" in rows.columns:
        return pl.col("CallDurationInSeconds").cast(pl.Float64, strict=False) / 60
    return pl.lit(None, pl.Float64)


def _contacts_of(rows: pl.DataFrame, links: pl.DataFrame, contacts: pl.DataFrame | None) -> pl.DataFrame:
    """Return id and contact_id: whom the record names, or whose address an e-mail went to or came from."""
    named = rows.select(RECORD_KEY, who=to_18(_first_text(rows.columns, "WhoId")))
    partner = links.filter(pl.col("object") == "contact").select(who="there_id", contact_id="here_id")
    found = named.join(partner, on="who", how="left").select(RECORD_KEY, "contact_id")
    if contacts is None or "FromAddress" not in rows.columns or "ToAddress" not in rows.columns:
        return found
    incoming = _first_text(rows.columns, "Incoming").str.to_lowercase() == "true"
    to = pl.col("ToAddress").cast(pl.String).str.split(";").list.first()
    address = normal_email(pl.when(incoming).then(pl.col("FromAddress").cast(pl.String)).otherwise(to))
    known = by_email(contacts).filter(pl.col("contacts") == 1).select("email", by_address="contact_id")
    addressed = rows.select(RECORD_KEY, email=address).join(known, on="email", how="left")
    return (
        found.join(addressed, on=RECORD_KEY, how="left")
        .with_columns(contact_id=pl.coalesce("contact_id", "by_address"))
        .select(RECORD_KEY, "contact_id")
    )


def _account_of_contact(links: pl.DataFrame, contacts: pl.DataFrame | None) -> pl.DataFrame:
    """Return contact_id and the record id of the account that the contact belongs to here."""
    empty = pl.DataFrame(schema={"contact_id": pl.String, "_of_contact": pl.String})
    if contacts is None or "account_id" not in contacts.columns:
        return empty
    accounts = links.filter(pl.col("object") == "account").select(account_id="here_id", _of_contact="there_id")
    own = contacts.select(contact_id=RECORD_KEY, account_id=pl.col("account_id").cast(pl.String))
    return own.join(accounts, on="account_id", how="inner").select(list(empty.schema))


def _accounts_of(
    rows: pl.DataFrame, mapping: ObjectMapping, extras: Mapping[str, pl.DataFrame], links: pl.DataFrame
) -> pl.DataFrame:
    """Return id and account_there_id: the account itself, or that of what the interaction is about."""
    ways = _ways(extras)
    links = links.filter(pl.col("object") == "account").select(about="there_id", itself="there_id")
    if "ContentDocumentLink" in extras:
        return _by_document(extras["ContentDocumentLink"], ways, links)
    found = rows.select(RECORD_KEY, account_there_id=_TEXT, first=_TEXT)
    for path in dict.fromkeys([mapping.account_path, *ABOUT]):
        if path is None or path not in rows.columns:
            continue
        about = rows.select(RECORD_KEY, about=to_18(_first_text(rows.columns, path)))
        beside = about.join(links, on="about", how="left").join(ways, on="about", how="left")
        step = beside.select(RECORD_KEY, "about", leads=pl.coalesce("itself", "way"))
        found = found.join(step, on=RECORD_KEY, how="left").select(
            RECORD_KEY, account_there_id=pl.coalesce(ACCOUNT_THERE_ID, "leads"), first=pl.coalesce("first", "about")
        )
    return found.select(RECORD_KEY, account_there_id=pl.coalesce(ACCOUNT_THERE_ID, "first"))


def _ways(extras: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return, for records that belong to an account: about (their id) and way (the account's)."""
    owned = [frame for frame in extras.values() if {"Id", "AccountId"} <= set(frame.columns) and frame.width == 2]
    rows = [each.select(about=to_18(pl.col("Id")), way=to_18(pl.col("AccountId"))) for each in owned]
    empty = pl.DataFrame(schema={"about": pl.String, "way": pl.String})
    return pl.concat([empty, *rows]).unique("about", keep="first", maintain_order=True)


def _by_document(shares: pl.DataFrame, ways: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """Return id and account_there_id of notes: the first account, by id, that the note was shared with."""
    about = shares.select(id=to_18(pl.col("ContentDocumentId")), about=to_18(pl.col("LinkedEntityId")))
    beside = about.join(links, on="about", how="left").join(ways, on="about", how="left")
    leads = beside.select(RECORD_KEY, leads=pl.coalesce("itself", "way")).drop_nulls()
    return leads.group_by(RECORD_KEY).agg(account_there_id=pl.col("leads").min())
