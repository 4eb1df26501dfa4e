"""What belongs to one account: its contacts with their tags, agreements, interactions and community members."""

from typing import Any

import panel as pn
import polars as pl

from dashboards import columns, theme
from dashboards.data import Snapshot
from dashboards.views import parts, states
from dashboards.views.scene import Scene
from toolkit.config.objects import ROLE_TAGS
from toolkit.engagement import community
from toolkit.revenue import monthly

TAGS = {"champion": "Champion", "sponsor": "Sponsor", "key_user": "Key user", "end_user": "End user"}
MOST_COLUMNS = 6
RELATION = "relation"
"""The column that says to which other account a contact belongs, and as what it has to do with this one."""
STATUS_TONES = {"active": "#2E9E6B", "future": theme.PRIMARY, "ended": theme.NOT_SCORED}
AGREEMENT_TITLES = {
    "name": "Agreement",
    "plan": "Plan",
    "status": "Status",
    "start": "Start",
    "end": "End",
    "notice": "Notice until",
    "tacit_text": "Renews itself",
    "recurring": "MRR",
    "one_time": "One-time",
}
INTERACTION_TITLES = {
    "at": "When",
    "kind": "Kind",
    "subject": "Subject",
    "contact": "With",
    "owner": "By",
    "origin": "From",
}


def lists(scene: Scene, account_id: str) -> list[pn.viewable.Viewable]:
    """Return the cards of what belongs to the account; each says so when there is nothing."""
    cards = [_contacts(scene.snapshot, account_id), _agreements(scene, account_id), _interactions(scene, account_id)]
    if scene.snapshot.members is not None:
        cards.append(_members(scene.snapshot, account_id))
    return cards


def tags_text(contacts: pl.DataFrame) -> pl.Expr:
    """Return an expression: the tags that a contact carries, in words."""
    known = [tag for tag in ROLE_TAGS if tag in contacts.columns]
    named = [pl.when(pl.col(tag).fill_null(value=False)).then(pl.lit(TAGS[tag])) for tag in known]
    return pl.concat_str(named, separator=", ", ignore_nulls=True) if named else pl.lit("")


def _own(frame: pl.DataFrame | None, account_id: str) -> pl.DataFrame | None:
    return None if frame is None else frame.filter(pl.col("account_id") == account_id)


def _empty(snapshot: Snapshot, role: str, title: str, said: str) -> pn.Column:
    about = said if snapshot.mapped(role) else states.not_mapped(snapshot, role)
    return parts.card(parts.heading(title), parts.nothing(about))


def _contacts(snapshot: Snapshot, account_id: str) -> pn.Column:
    own = _people(snapshot, account_id)
    if own is None or own.is_empty():
        return _empty(snapshot, "contact", "Contacts", "No contact of this account is known.")
    listed = _contact_fields(snapshot, own)
    carried = [pl.col(tag).fill_null(value=False) for tag in TAGS if tag in own.columns]
    rows = own.sort(carried, descending=True, maintain_order=True) if carried else own
    rows = rows.with_columns(tags=tags_text(own), **{name: columns.plain(own, name) for name in listed})
    kinds = {name: columns.kind_of(rows.schema[name]) for name in listed}
    shown: dict[str, Any] = {"number": parts.NUMBER, "day": parts.DAY}
    rows = rows.with_columns(
        parts.told(name, columns.said) for name, kind in kinds.items() if kind in ("time", "truth")
    )
    titles = {name: columns.title(name) for name in listed} | {"tags": "Tags"}
    if own[RELATION].is_not_null().any():
        titles[RELATION] = "Belongs to"
        rows = rows.with_columns(pl.col(RELATION).fill_null("this account"))
    table = parts.table(
        rows.select(*titles),
        titles,
        formatters={name: shown[kind] for name, kind in kinds.items() if kind in shown},
        widths={"name": 140, "email": 190, "tags": 130, RELATION: 250},
        give_way=tuple(reversed(listed[1:])),
        rows=10,
    )
    return parts.card(parts.heading("Contacts", theme.plural(own.height, "contact")), table)


def _people(snapshot: Snapshot, account_id: str) -> pl.DataFrame | None:
    """The account's own contacts, then those of other accounts that have to do with it (CC-14), with `RELATION`."""
    contacts, relations = snapshot.contacts, snapshot.relations
    if contacts is None:
        return None
    own = contacts.filter(pl.col("account_id") == account_id).with_columns(pl.lit(None, pl.String).alias(RELATION))
    if relations is None:
        return own
    mine = relations.filter((pl.col("account_id") == account_id) & ~pl.col("direct") & pl.col("active"))
    others = (
        contacts.join(mine.select(id="contact_id", _role="role"), on="id", how="inner", maintain_order="left")
        .filter(pl.col("account_id").ne_missing(account_id))
        .join(
            snapshot.accounts.select(account_id="id", _account="name"),
            on="account_id",
            how="left",
            maintain_order="left",
        )
    )
    said = [pl.col("_account").fill_null("another account"), pl.col("_role").str.replace_all(";", ", ", literal=True)]
    named = others.with_columns(pl.concat_str(said, separator=": ", ignore_nulls=True).alias(RELATION))
    return pl.concat([own, named.select(own.columns)])


def _contact_fields(snapshot: Snapshot, own: pl.DataFrame) -> list[str]:
    # the visible fields of the contacts' mapping, in their order, the name first
    mapped = [field.here for mapping in snapshot.mapped("contact") for field in mapping.visible_fields]
    wanted = dict.fromkeys(["name", *(mapped or ["title", "email"])])
    listed = [name for name in wanted if name in own.columns and name not in TAGS]
    return listed[:MOST_COLUMNS] or ["id"]


def _agreements(scene: Scene, account_id: str) -> pn.Column:
    own = _own(scene.snapshot.agreements, account_id)
    if own is None or own.is_empty():
        return _empty(scene.snapshot, "agreement", "Agreements", "No agreement of this account is known.")
    measure, symbol = ("arr" if scene.filters.arr else "mrr"), scene.snapshot.symbol_of
    today = scene.snapshot.now.date()
    now = monthly(own, today).filter(pl.col("month") == today.replace(day=1))
    sums = (
        " + ".join(theme.exact(row[measure], symbol(row["currency"])) for row in now.iter_rows(named=True)) or "nothing"
    )
    rows = own.sort("start", descending=True).with_columns(
        tone=pl.col("status").replace_strict(STATUS_TONES, default=theme.NOT_SCORED),
        tacit_text=parts.told("tacit", columns.said),
        recurring=pl.col(measure),
        recurring_text=pl.struct(measure, "currency").map_elements(
            lambda row: theme.exact(row[measure], symbol(row["currency"])), return_dtype=pl.String
        ),
        one_time_text=pl.struct("one_time", "currency").map_elements(
            lambda row: theme.exact(row["one_time"], symbol(row["currency"])), return_dtype=pl.String
        ),
    )
    table = parts.table(
        rows.select(*AGREEMENT_TITLES, "tone", "recurring_text", "one_time_text"),
        AGREEMENT_TITLES | {"recurring": scene.filters.money},
        formatters={
            "status": parts.chip("tone"),
            "recurring": parts.said("recurring_text"),
            "one_time": parts.said("one_time_text"),
            **dict.fromkeys(("start", "end", "notice"), parts.DAY),
        },
        widths={"name": 180, "start": 96, "end": 96, "notice": 100, "recurring": 100},
        right=("recurring", "one_time"),
        give_way=("plan", "one_time", "tacit_text", "start", "notice", "status"),
        rows=10,
    )
    about = f"{theme.plural(own.height, 'agreement')} · in force this month: {sums} {scene.filters.money}"
    return parts.card(parts.heading("Agreements", about), table)


def _interactions(scene: Scene, account_id: str) -> pn.Column:
    own = _own(scene.snapshot.interactions, account_id)
    if own is None or own.is_empty():
        return _empty(scene.snapshot, "interaction", "Interactions", "No interaction with this account is known.")
    once = own.filter(pl.col("duplicate_of").is_null()).sort("at", descending=True, nulls_last=True)
    copies = own.height - once.height
    people = scene.snapshot.contacts
    names = (
        people.select(contact_id="id", contact="name") if people is not None and "name" in people.columns else _NOBODY
    )
    rows = once.join(names.unique("contact_id"), on="contact_id", how="left", maintain_order="left").with_columns(
        at_text=parts.told("at", theme.moment),
        at=pl.col("at").dt.timestamp("ms"),
        kind=pl.col("kind").str.to_titlecase(),
    )
    table = parts.table(
        rows.select(*INTERACTION_TITLES, "at_text"),
        INTERACTION_TITLES,
        formatters={"at": parts.said("at_text")},
        widths={"at": 170, "subject": 220, "kind": 76},
        filters=("kind", "subject", "contact", "owner"),
        give_way=("origin", "owner", "contact", "kind"),
        rows=10,
    )
    left = f" · {theme.plural(copies, 'copy is', 'copies are')} left out" if copies else ""
    about = f"{theme.plural(once.height, 'interaction')}, the newest first{left}"
    return parts.card(parts.heading("Interactions", about), table)


_NOBODY = pl.DataFrame(schema={"contact_id": pl.String, "contact": pl.String})


def _members(snapshot: Snapshot, account_id: str) -> pn.Column:
    members = snapshot.members
    own = members.filter(pl.col("account_id") == account_id) if members is not None else None
    if own is None or own.is_empty():
        return parts.card(
            parts.heading("Community"), parts.nothing("No member of the community belongs to this account.")
        )
    done = community(snapshot.accounts, own, snapshot.activity)
    told = done.row(0, named=True) if done.height else {}
    figures = [
        f"{columns.title(name)}: {columns.said(value)}" for name, value in told.items() if name not in ("id", "members")
    ]
    titles = {"member_id": "Member", "email": "E-mail"}
    about = " · ".join([theme.plural(own.height, "member"), *figures])
    return parts.card(parts.heading("Community", about), parts.table(own.select(*titles), titles, rows=10))
