"""Engagement and coverage (DSH-6): who was spoken to, who was not, whom accounts are known through, fresh pulses.

Every figure and every bar opens the list behind it: the accounts, or the interactions themselves.
"""

from dataclasses import dataclass
from datetime import timedelta

import altair as alt
import panel as pn
import polars as pl

from dashboards import theme
from dashboards.filters import NOT_SET, of_accounts
from dashboards.views import community, parts, states
from dashboards.views.attention import account_table
from dashboards.views.scene import Scene
from toolkit.engagement import COVERED_BY, KINDS, by_kind, coverage, known_tags, pulses, touches, untouched

DAYS = 90
"""The usual period, in days."""
MOST_CSMS = 12
KIND_NAMES = {"email": "E-mails", "meeting": "Meetings", "call": "Calls", "note": "Notes"}
KIND_TONES = {"email": "#3F72E0", "meeting": "#2E9E6B", "call": "#EFAE2B", "note": "#8A4FBF"}
COVERS = {"champion": "Champion", "sponsor": "Sponsor", "key_user": "Key user"}
LIST = {"at": "When", "account": "Account", "kind": "Kind", "subject": "Subject", "csm": "CSM", "owner": "By"}


@dataclass(frozen=True)
class Listed:
    """A list that a figure opens: its title, what it says, and its accounts."""

    title: str
    about: str
    accounts: pl.DataFrame


def view(scene: Scene) -> pn.Column:
    """Return the page; what is picked opens its list right below the figures."""
    cards = [*_touch_cards(scene), *_cover_cards(scene), *_pulse_cards(scene)]
    return parts.page(
        *([parts.grid(*cards, smallest=150, most=len(cards) if len(cards) < 6 else 3)] if cards else []),
        *_opened(scene),
        *_interactions(scene),
        *_coverage(scene),
        *community.cards(scene),
        *_pulse(scene),
    )


# -- the figures -----------------------------------------------------------------------------------------------------


def _touch_cards(scene: Scene) -> list[pn.viewable.Viewable]:
    if not _has_interactions(scene):
        return []
    days, now = scene.days(DAYS), scene.snapshot.now
    counted = by_kind(_interactions_of(scene), scene.accounts, now, days)
    silent = _silent(scene)
    return [
        parts.figure_card(
            "Interactions",
            theme.count(int(counted["interactions"].sum() or 0)),
            f"in the last {days} days",
            on_click=lambda: scene.go("engagement", list="interactions"),
        ),
        parts.figure_card(
            f"No touch in {days} days",
            theme.count(silent.height),
            f"of {theme.plural(scene.accounts.height, 'account')}",
            scene.revenue(float(silent["mrr"].sum() or 0)),
            tone=theme.VERDICT_COLORS["conflict"] if silent.height else None,
            on_click=lambda: scene.go("engagement", list="silent"),
        ),
    ]


def _cover_cards(scene: Scene) -> list[pn.viewable.Viewable]:
    cards = []
    for tag in _tags(scene):
        without = _without(scene, tag)
        share = 1 - without.height / scene.accounts.height if scene.accounts.height else None
        cards.append(
            parts.figure_card(
                f"{COVERS[tag]} known",
                theme.share(share),
                f"{theme.plural(without.height, 'account')} without one",
                on_click=lambda tag=tag: scene.go("engagement", list=tag),
            )
        )
    return cards


def _pulse_cards(scene: Scene) -> list[pn.viewable.Viewable]:
    told = _pulses(scene)
    if told is None:
        return []
    stale = told.filter(pl.col("days").fill_null(scene.days(DAYS) + 1) > scene.days(DAYS))
    return [
        parts.figure_card(
            "Pulse out of date",
            theme.count(stale.height),
            f"older than {scene.days(DAYS)} days, of {theme.count(told.height)}",
            on_click=lambda: scene.go("engagement", list="pulse"),
        )
    ]


# -- the list behind a figure ----------------------------------------------------------------------------------------


def _opened(scene: Scene) -> list[pn.viewable.Viewable]:
    if scene.pick.get("list") == "interactions" and _has_interactions(scene):
        return [_interaction_list(scene)]
    listed = _listed(scene)
    if listed is None:
        return []
    about = f"{theme.plural(listed.accounts.height, 'account')} {listed.about}"
    head = parts.bar(
        parts.heading(listed.title, about), parts.dropping("Close the list", lambda: scene.go("engagement"))
    )
    table = account_table(scene, listed.accounts) if listed.accounts.height else parts.nothing("No account is in it.")
    return [parts.card(head, table)]


def _listed(scene: Scene) -> Listed | None:
    name, days = scene.pick.get("list", ""), scene.days(DAYS)
    if name == "silent" and _has_interactions(scene):
        about = f"without an interaction since {scene.since(DAYS)}, the longest silence first"
        return Listed(f"No touch in {days} days", about, _silent(scene))
    if name in _tags(scene):
        return Listed(f"No {COVERS[name].lower()}", "whose contacts carry no such tag", _without(scene, name))
    if name in ("members", "no_members") and scene.snapshot.members is not None:
        kept = community.accounts(scene, with_members=name == "members")
        return Listed("In the community" if name == "members" else "Not in the community", "by their members", kept)
    told = _pulses(scene)
    if name == "pulse" and told is not None:
        stale = told.filter(pl.col("days").fill_null(days + 1) > days).select("id")
        about = f"whose pulse is older than {days} days, the oldest first"
        return Listed("Pulse out of date", about, stale.join(scene.accounts, on="id", maintain_order="left"))
    return None


def _interaction_list(scene: Scene) -> pn.Column:
    kind, csm = scene.pick.get("kind"), scene.pick.get("csm")
    rows = touches(_interactions_of(scene), scene.snapshot.now).filter(
        pl.col("at") >= scene.snapshot.now - timedelta(days=scene.days(DAYS))
    )
    accounts = scene.accounts.select(account_id="id", account="name", csm="csm")
    rows = rows.join(accounts, on="account_id", how="inner").sort("at", descending=True)
    rows = rows.filter(pl.col("kind") == kind) if kind else rows
    rows = rows.filter(pl.col("csm").fill_null(NOT_SET) == csm) if csm else rows
    ids = rows["account_id"].to_list()
    table = parts.table(
        rows.with_columns(
            at_text=parts.told("at", theme.moment),
            at=pl.col("at").dt.timestamp("ms"),
            kind=pl.col("kind").str.to_titlecase(),
        ).select(*LIST, "at_text", "account_id"),
        LIST,
        formatters={"at": parts.said("at_text"), "account": parts.account_name("account_id")},
        widths={"at": 170, "account": 150, "subject": 220},
        filters=("account", "subject", "csm", "owner"),
        give_way=("owner", "csm", "kind", "subject"),
        choose=lambda row: scene.go("account", id=ids[row]) if row is not None else None,
    )
    limits = ", ".join(each for each in (KIND_NAMES.get(kind or "", kind), csm) if each)
    about = f"{theme.plural(rows.height, 'interaction')} since {scene.since(DAYS)}{f': {limits}' if limits else ''}"
    close = parts.dropping("Close the list", lambda: scene.go("engagement"))
    return parts.card(
        parts.bar(parts.heading("Interactions", about), close),
        table if rows.height else parts.nothing("There is none."),
    )


# -- the cards below -------------------------------------------------------------------------------------------------


def _interactions(scene: Scene) -> list[pn.viewable.Viewable]:
    if not _has_interactions(scene):
        said = "Who was spoken to, and who was not, is not known without them."
        return [states.missing(scene.snapshot, "interaction", said)]
    counted = by_kind(_interactions_of(scene), scene.accounts, scene.snapshot.now, scene.days(DAYS))
    counted = counted.with_columns(pl.col("csm").fill_null(NOT_SET))
    csms = counted["csm"].unique(maintain_order=True).to_list()
    rows = [
        row | {"n": n, "what": KIND_NAMES.get(row["kind"], row["kind"])}
        for n, row in enumerate(counted.filter(pl.col("csm").is_in(csms[:MOST_CSMS])).iter_rows(named=True))
    ]
    left = f" {theme.plural(len(csms) - MOST_CSMS, 'more is', 'more are')} not shown." if len(csms) > MOST_CSMS else ""
    head = parts.heading("Interactions by type and CSM", f"Since {scene.since(DAYS)}, each once.{left}")
    if not rows:
        return [parts.card(head, parts.nothing("No interaction of these accounts falls into the period."))]
    drawn = (
        alt.Chart(alt.InlineData(rows))
        .mark_bar(size=16, cursor="pointer")
        .add_params(parts.picked())
        .encode(
            y=alt.Y("csm:N", sort=csms, title=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=150)),
            x=alt.X(
                "interactions:Q", stack="zero", title=None, axis=alt.Axis(tickCount=5, domain=False, tickMinStep=1)
            ),
            color=alt.Color(
                "what:N",
                scale=alt.Scale(domain=list(KIND_NAMES.values()), range=list(KIND_TONES.values())),
                legend=alt.Legend(orient="top", title=None, offset=4, direction="horizontal"),
            ),
            order=alt.Order("place:Q"),
            tooltip=[
                alt.Tooltip("csm:N", title="CSM"),
                alt.Tooltip("what:N", title="Type"),
                alt.Tooltip("interactions:Q", title="Interactions", format=","),
                alt.Tooltip("accounts:Q", title="Accounts", format=","),
            ],
        )
    )
    for row in rows:
        row["place"] = KINDS.index(row["kind"]) if row["kind"] in KINDS else len(KINDS)
    chart = parts.chart(
        drawn,
        dark=scene.dark,
        height=78 + 28 * min(len(csms), MOST_CSMS),
        label=f"Interactions by type and CSM; {csms[0]} has the most",
        open_list=lambda n: scene.go("engagement", list="interactions", kind=rows[n]["kind"], csm=rows[n]["csm"]),
    )
    return [parts.card(head, chart)]


def _coverage(scene: Scene) -> list[pn.viewable.Viewable]:
    snapshot = scene.snapshot
    if snapshot.contacts is None or snapshot.contacts.is_empty():
        said = "Whether an account has a champion, a sponsor or a key user is not known without them."
        return [states.missing(snapshot, "contact", said)]
    tags = _tags(scene)
    untold = [COVERS[tag].lower() for tag in COVERED_BY if tag not in tags]
    missing = f" Not mapped: {', '.join(untold)}; add [objects.contact.tags.{_first(tags)}]." if untold else ""
    head = parts.heading("Coverage by CSM", f"Accounts with at least one contact who carries the tag.{missing}")
    if not tags:
        return [parts.card(head)]
    covered = coverage(scene.accounts, snapshot.contacts).join(scene.accounts.select("id", "csm"), on="id")
    shares = (
        covered.group_by(csm=pl.col("csm").fill_null(NOT_SET))
        .agg(pl.len().alias("accounts"), *((pl.col(tag) > 0).mean().alias(tag) for tag in tags))
        .sort(tags[0], "csm")
    )
    titles = {"csm": "CSM", "accounts": "Accounts"} | {tag: COVERS[tag] for tag in tags}
    texts = {f"{tag}_text": parts.told(tag, theme.share) for tag in tags}
    parts_ = {f"{tag}_part": (pl.col(tag) * 100).round(1) for tag in tags}
    shown = shares.with_columns(**texts, **parts_, tone=pl.lit(theme.PRIMARY))
    csms = shares["csm"].to_list()
    table = parts.table(
        shown.select(*titles, *texts, *parts_, "tone"),
        titles,
        formatters={tag: parts.meter(f"{tag}_text", "tone", f"{tag}_part") for tag in tags},
        right=("accounts",),
        widths={"csm": 120, "accounts": 76} | dict.fromkeys(tags, 110),
        rows=12,
        choose=lambda row: scene.go("accounts", csm=csms[row]) if row is not None else None,
    )
    return [parts.card(head, table)]


def _pulse(scene: Scene) -> list[pn.viewable.Viewable]:
    told = _pulses(scene)
    head = parts.heading("Pulse", "What the CSM last felt about the account, and when.")
    if told is None:
        said = "No pulse is recorded. It is read from the columns pulse and pulse_at of the accounts, once they exist."
        return [parts.card(head, parts.nothing(said))]
    rows = told.join(scene.accounts.select("id", "name", "csm"), on="id", how="inner", maintain_order="left")
    titles = {"name": "Account", "csm": "CSM", "pulse": "Pulse", "pulse_at": "Recorded", "days": "Days ago"}
    ids = rows["id"].to_list()
    table = parts.table(
        rows.select(*titles, "id"),
        titles,
        formatters={"name": parts.account_name(), "pulse_at": parts.DAY, "days": parts.WHOLE},
        right=("days",),
        filters=("name", "csm", "pulse"),
        rows=10,
        choose=lambda row: scene.go("account", id=ids[row]) if row is not None else None,
    )
    return [parts.card(head, table)]


# -- the frames behind them ------------------------------------------------------------------------------------------


def _has_interactions(scene: Scene) -> bool:
    return scene.snapshot.interactions is not None and scene.snapshot.interactions.height > 0


def _interactions_of(scene: Scene) -> pl.DataFrame:
    frame = scene.snapshot.interactions
    return of_accounts(frame, scene.accounts) if frame is not None else pl.DataFrame()


def _silent(scene: Scene) -> pl.DataFrame:
    return untouched(scene.accounts, _interactions_of(scene), scene.snapshot.now, scene.days(DAYS))


def _tags(scene: Scene) -> list[str]:
    contacts = scene.snapshot.contacts
    known = known_tags(contacts) if contacts is not None else ()
    return [tag for tag in COVERED_BY if tag in known]


def _without(scene: Scene, tag: str) -> pl.DataFrame:
    contacts = scene.snapshot.contacts
    if contacts is None:
        return scene.accounts.clear()
    bare = coverage(scene.accounts, contacts).filter(pl.col(tag) == 0)
    return scene.accounts.join(bare.select("id"), on="id", how="semi", maintain_order="left")


def _pulses(scene: Scene) -> pl.DataFrame | None:
    kept = scene.snapshot.here.join(scene.accounts.select("id"), on="id", how="semi")
    return pulses(kept, scene.snapshot.now)


def _first(tags: list[str]) -> str:
    return next(tag for tag in COVERED_BY if tag not in tags)
