"""Community engagement by account (CC-1): the members that belong to an account, and what they did."""

import panel as pn
import polars as pl

from dashboards import columns, theme
from dashboards.views import parts, states
from dashboards.views.scene import Scene
from toolkit import engagement

MOST_COLUMNS = 4


def cards(scene: Scene) -> list[pn.viewable.Viewable]:
    """Return the community's figures and its list of accounts; without a members' source, what to add for one."""
    members = scene.snapshot.members
    head = "Community engagement by account"
    if members is None:
        return [parts.card(parts.heading(head), parts.nothing(states.not_mapped(scene.snapshot, "member")))]
    rows = _engaged(scene)
    linked = members["account_id"].is_not_null().sum()
    activity = scene.snapshot.activity  # has every member; `MEMBERS` only those that belong to an account
    known = max(members.height, activity.height if activity is not None else 0)
    about = (
        f"{theme.plural(rows.height, 'account')} with {theme.plural(int(rows['members'].sum() or 0), 'member')}; "
        f"{theme.count(known - linked)} of {theme.plural(known, 'member')} belong to no account"
    )
    figures = parts.grid(
        parts.figure_card(
            "In the community",
            theme.count(rows.height),
            "accounts with a member",
            on_click=lambda: scene.go("engagement", list="members"),
        ),
        parts.figure_card(
            "Not in the community",
            theme.count(scene.accounts.height - rows.height),
            "accounts without a member",
            on_click=lambda: scene.go("engagement", list="no_members"),
        ),
        smallest=150,
        most=4,
    )
    table = _table(scene, rows) if rows.height else parts.nothing("No member belongs to one of these accounts.")
    return [parts.card(parts.heading(head, about), figures, table)]


def accounts(scene: Scene, *, with_members: bool) -> pl.DataFrame:
    """Return the accounts that have a member, or that have none."""
    how = "semi" if with_members else "anti"
    return scene.accounts.join(_engaged(scene).select("id"), on="id", how=how, maintain_order="left")


def _engaged(scene: Scene) -> pl.DataFrame:
    members = scene.snapshot.members
    return engagement.community(
        scene.accounts, members if members is not None else pl.DataFrame(), scene.snapshot.activity
    )


def _table(scene: Scene, rows: pl.DataFrame) -> pn.widgets.Tabulator:
    done = [name for name in rows.columns if name not in ("id", "members", "name", "csm", "band")][:MOST_COLUMNS]
    facts = scene.accounts.select("id", "name", "band", "csm", tone=scene.snapshot.tones())
    shown = rows.join(facts, on="id", how="left", maintain_order="left")
    kinds = {name: columns.kind_of(shown.schema[name]) for name in done}
    formats = {"number": parts.NUMBER, "day": parts.DAY}
    shown = shown.with_columns(parts.told(name, columns.said) for name, kind in kinds.items() if kind == "time")
    titles = {"name": "Account", "members": "Members"} | {name: columns.title(name) for name in done}
    titles |= {"band": "Band", "csm": "CSM"}
    ids = shown["id"].to_list()
    return parts.table(
        shown.select(*titles, "id", "tone"),
        titles,
        formatters={
            "name": parts.account_name(),
            "members": parts.WHOLE,
            "band": parts.chip("tone"),
            **{name: formats[kind] for name, kind in kinds.items() if kind in formats},
        },
        right=("members", *(name for name, kind in kinds.items() if kind == "number")),
        filters=("name", "csm"),
        give_way=("csm", "band", *reversed(done)),
        rows=10,
        choose=lambda row: scene.go("account", id=ids[row]) if row is not None else None,
    )
