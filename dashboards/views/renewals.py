"""What comes up for renewal (DSH-3): by day, score and revenue; until when notice can be given; what is overdue.

Which agreement comes up, and what overdue means, is worked out by `toolkit.revenue.renewals`. Amounts of several
currencies are never added.
"""

from datetime import date

import panel as pn
import polars as pl

from dashboards import theme
from dashboards.columns import Column
from dashboards.filters import of_accounts
from dashboards.views import attention, parts, states
from dashboards.views.renewals_charts import ACTIONS, DAYS, TONES, bubbles_card, calendar_card, step_of
from dashboards.views.scene import Scene
from toolkit.frames import RENEWALS
from toolkit.revenue import renewals

NOTICE_SOON = 30
"""Days before the last day of notice from which on a notice deadline is near."""
TITLES = {
    "account": "Account",
    "name": "Agreement",
    "action_text": "What happens",
    "renewal_date": "Renewal",
    "days_left": "Days left",
    "notice": "Notice until",
    "recurring": "MRR",
    "score": "Score",
    "csm": "CSM",
}
WIDTHS = {
    "account": 132, "name": 130, "action_text": 98, "renewal_date": 98, "days_left": 80, "notice": 104,
    "recurring": 88, "score": 92, "csm": 104,
}  # fmt: skip


def view(scene: Scene) -> pn.Column:
    """Return the renewals within the period, overdue ones first; a figure or bar narrows the list to what it counts."""
    agreements = scene.snapshot.agreements
    if agreements is None or agreements.is_empty():
        said = "What comes up for renewal is not known without them."
        return parts.page(states.missing(scene.snapshot, "agreement", said))
    rows = upcoming(scene)
    return parts.page(
        parts.grid(*_cards(scene, rows), smallest=150, most=5),
        parts.grid(bubbles_card(scene, rows), calendar_card(scene, rows), smallest=420, most=2),
        _list(scene, rows),
    )


def upcoming(scene: Scene) -> pl.DataFrame:
    """Return `frames.RENEWALS` of the accounts that pass the filters, overdue first, then by day, with account's facts.

    Further columns: ``action`` (one of `ACTIONS`), ``account``, ``shown``, ``band``, ``csm``.
    """
    agreements, days = scene.snapshot.agreements, scene.days(DAYS)
    if agreements is None:
        return RENEWALS.empty()
    # whether an agreement is followed is seen from all agreements of its account
    rows = renewals(of_accounts(agreements, scene.accounts), scene.snapshot.now.date(), days, days)
    near = pl.col("notice_days_left").is_between(0, NOTICE_SOON)
    action = (
        pl.when(pl.col("follow_up").is_not_null())
        .then(pl.lit("followed"))
        .when("overdue")
        .then(pl.lit("overdue"))
        .when(near)
        .then(pl.lit("notice"))
        .when("tacit")
        .then(pl.lit("renews"))
        .otherwise(pl.lit("ends"))
    )
    configured = [column.name for column in more_columns(scene)]
    facts = scene.accounts.select(
        "shown", "score", "band", "csm", *configured, account_id="id", account="name", tone=scene.snapshot.tones()
    )
    return (
        rows.with_columns(action=action)
        .join(facts, on="account_id", how="left")
        .sort("overdue", "renewal_date", "id", descending=[True, False, False])
    )


def more_columns(scene: Scene) -> list[Column]:
    """Return the configured columns that a list of renewals does not have anyway (CSU-18)."""
    has = ("name", "shown", "band", "csm", "renewal_date", "mrr")
    return [each for each in scene.snapshot.columns if each.name not in has]


def _picked(scene: Scene, rows: pl.DataFrame) -> pl.DataFrame:
    action, agreement = scene.pick.get("action"), scene.pick.get("agreement")
    rows = rows.filter(action=action) if action else rows
    return rows.filter(id=agreement) if agreement else rows


def _sums(scene: Scene, rows: pl.DataFrame) -> str:
    measure = scene.measure
    sums = rows.group_by("currency").agg(pl.col(measure).sum()).sort(measure, descending=True)
    symbol = scene.snapshot.symbol_of
    told = " + ".join(theme.money(row[measure], symbol(row["currency"]))
                      for row in sums.iter_rows(named=True))  # fmt: skip
    return f"{told or theme.money(0, scene.snapshot.symbol)} {scene.filters.money}"


def _cards(scene: Scene, rows: pl.DataFrame) -> list[pn.viewable.Viewable]:
    days = scene.days(DAYS)
    open_ = rows.filter(pl.col("action") != "followed")
    cards = [
        parts.figure_card(
            "Up for renewal",
            theme.count(rows.filter(~pl.col("overdue")).height),
            f"in the next {days} days, {theme.count(rows.height - open_.height)} followed already",
            _sums(scene, rows.filter(~pl.col("overdue"))),
            on_click=lambda: scene.go("renewals"),
        )
    ]
    about = {
        "overdue": "ended, and nothing followed",
        "notice": f"can be given for {NOTICE_SOON} days or less",
        "renews": "by itself: tacit renewal",
        "ends": "unless somebody renews it",
    }
    for action, said in about.items():
        own = open_.filter(action=action)
        cards.append(
            parts.figure_card(
                ACTIONS[action],
                theme.count(own.height),
                said,
                _sums(scene, own),
                tone=TONES[action],
                on_click=lambda action=action: scene.go("renewals", action=action),
            )
        )
    return cards


def _list(scene: Scene, rows: pl.DataFrame) -> pn.Column:
    kept = _of_week(scene, _picked(scene, rows))
    measure = scene.measure
    about = f"{theme.plural(kept.height, 'agreement')} · {_sums(scene, kept)} · overdue first, then by renewal date"
    head: list[pn.viewable.Viewable] = [parts.heading("Agreements", about)]
    words = picked_words(scene)
    if words:
        head.append(parts.dropping(words, lambda: scene.go("renewals")))
    if kept.is_empty():
        return parts.card(parts.bar(*head), parts.nothing("No agreement of these accounts is in the list."))
    more = more_columns(scene)
    shown = kept.with_columns(
        recurring=pl.col(measure),
        recurring_text=pl.struct(measure, "currency").map_elements(
            lambda row: theme.exact(row[measure], scene.snapshot.symbol_of(row["currency"])), return_dtype=pl.String
        ),
        score_text=parts.told("shown", scene.snapshot.figure),
        part=pl.col("score").fill_null(0.0).round(1),
        action_tone=pl.col("action").replace_strict(TONES),
        action_text=pl.col("action").replace_strict(ACTIONS),
        **attention.extra_texts(more),
    )
    titles = TITLES | {"recurring": scene.filters.money} | {column.name: column.title for column in more}
    ids = kept["account_id"].to_list()
    hidden = ["account_id", "recurring_text", "score_text", "part", "tone", "action_tone", *attention.extra_texts(more)]
    table = parts.table(
        shown.select(*titles, *hidden),
        titles,
        formatters={
            "account": parts.account_name("account_id"),
            "action_text": parts.chip("action_tone"),
            "renewal_date": parts.DAY,
            "notice": parts.DAY,
            "recurring": parts.said("recurring_text"),
            "score": parts.meter("score_text", "tone", "part"),
            **attention.extra_formatters(more),
        },
        widths=WIDTHS | {column.name: attention.CONFIGURED_WIDTH for column in more},
        right=("days_left", "recurring"),
        filters=("account", "name", "action_text", "csm", *(column.name for column in more if column.kind == "text")),
        give_way=(
            "name",
            "days_left",
            *(column.name for column in reversed(more)),
            "csm",
            "score",
            "notice",
            "recurring",
        ),
        choose=lambda row: scene.go("account", id=ids[row]) if row is not None else None,
    )
    return parts.card(parts.bar(*head), table)


def _of_week(scene: Scene, rows: pl.DataFrame) -> pl.DataFrame:
    week = _day(scene.pick.get("week", ""))
    if week is None:
        return rows
    column = "notice" if scene.pick.get("by") == "notice" else "renewal_date"
    return rows.filter((pl.col(column).dt.truncate(step_of(scene)) == week) & (pl.col("action") != "followed"))


def picked_words(scene: Scene) -> str:
    """Return what the list is limited to, in words; nothing when it is not."""
    pick, week = scene.pick, _day(scene.pick.get("week", ""))
    said = [ACTIONS.get(pick["action"], pick["action"])] if "action" in pick else []
    if week is not None:
        what = "Notice" if pick.get("by") == "notice" else "Renewal"
        said.append(f"{what} in the {'week' if step_of(scene) == '1w' else 'month'} of {theme.day(week)}")
    said += ["One agreement"] if "agreement" in pick else []
    return ", ".join(said)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
