"""The lists of accounts behind the figures of the revenue page."""

from datetime import date

import panel as pn
import polars as pl

from dashboards import theme
from dashboards.views import attention, parts
from dashboards.views.revenue_charts import moved
from dashboards.views.revenue_figures import STEPS, Figures
from dashboards.views.scene import Scene
from toolkit.revenue import MOVEMENTS

RATES = {
    "nrr": "Net retention, all revenue",
    "grr": "Gross retention, all revenue",
    "nrr_renewing": "Net retention, renewing",
    "grr_renewing": "Gross retention, renewing",
}
KEPT = {
    "start": "Start",
    "renewing": "Came up",
    "upgrade": "Upgrade",
    "downgrade": "Downgrade",
    "churn": "Churn",
    "end": "End",
}


def opened(scene: Scene, told: Figures) -> list[pn.viewable.Viewable]:
    """Return the list that is picked, or nothing."""
    name, month = scene.pick.get("list", ""), _month(scene.pick.get("month", ""), told)
    if name in RATES:
        return [_retained(scene, told, name)]
    if name in STEPS or name == "moved":
        return [_moved(scene, told, name, month)]
    if name == "fees":
        return [fees_card(scene, told)]
    return []


def fees_card(scene: Scene, told: Figures) -> pn.Column:
    """Return the one-time fees of the period, by account and month, apart from what recurs."""
    head = parts.heading("One-time fees", "In the month in which their agreement starts; in none of the figures above.")
    fees = told.fees.join(_facts(scene), on="account_id", how="left").sort("month", "account", descending=[True, False])
    if fees.is_empty():
        return parts.card(head, parts.nothing("No agreement of the period has a one-time fee."))
    symbol = told.symbol(scene.snapshot.symbol)
    shown = fees.with_columns(
        month_text=pl.col("month").dt.strftime("%b %Y"),
        fee_text=parts.told("one_time", lambda fee: theme.exact(fee, symbol)),
    )
    titles = {"account": "Account", "month": "Month", "one_time": "Fee", "csm": "CSM"}
    ids = fees["account_id"].to_list()
    table = parts.table(
        shown.select(*titles, "month_text", "fee_text", "account_id"),
        titles,
        formatters={
            "account": parts.account_name("account_id"),
            "month": parts.said("month_text"),
            "one_time": parts.said("fee_text"),
        },
        right=("one_time",),
        filters=("account", "csm"),
        give_way=("csm",),
        rows=5,
        choose=lambda row: scene.go("account", id=ids[row]) if row is not None else None,
    )
    return parts.card(head, table)


def _moved(scene: Scene, told: Figures, name: str, month: date | None) -> pn.Column:
    rows = told.by_account(month)
    wanted = pl.any_horizontal(pl.col(step) != 0 for step in MOVEMENTS) if name == "moved" else pl.col(name) != 0
    by = pl.sum_horizontal(pl.col(step).abs() for step in MOVEMENTS) if name == "moved" else pl.col(name).abs()
    kept = rows.filter(wanted).sort(by, descending=True)
    when = f"in {month:%B %Y}" if month else f"from {told.start:%b %Y} to {told.end:%b %Y}"
    title = "What moved" if name == "moved" else STEPS[name]
    total = theme.money(float(kept[name].sum()), told.symbol(scene.snapshot.symbol)) if name in STEPS else ""
    about = f"{theme.plural(kept.height, 'account')} {when}{f' · {total} {scene.filters.money}' if total else ''}"
    return _list(scene, told, kept, STEPS, title, about)


def _retained(scene: Scene, told: Figures, name: str) -> pn.Column:
    rows = told.retained_by_account()
    kept = rows.filter(pl.col("renewing") > 0) if name.endswith("renewing") else rows
    kept = kept.sort(pl.col("end") - pl.col("start"), "account_id")
    about = f"{theme.plural(kept.height, 'account')} that had revenue in {told.start:%b %Y}, the biggest loss first"
    return _list(scene, told, kept, KEPT, RATES[name], about)


def _list(
    scene: Scene, told: Figures, rows: pl.DataFrame, amounts: dict[str, str], title: str, about: str
) -> pn.Column:
    close = parts.dropping("Close the list", lambda: scene.go("revenue", **told.pick))
    head = parts.bar(parts.heading(title, about), close)
    if rows.is_empty():
        return parts.card(head, parts.nothing("No account is in it."))
    more = [
        column for column in scene.snapshot.columns if column.name not in ("name", "shown", "band", "csm", *amounts)
    ]
    symbol = told.symbol(scene.snapshot.symbol)
    texts = {f"{name}_text": parts.told(name, lambda amount: moved(amount, symbol)) for name in amounts}
    facts = _facts(scene, *(column.name for column in more))
    shown = rows.join(facts, on="account_id", how="left", maintain_order="left").with_columns(
        **texts, **attention.extra_texts(more)
    )
    titles = {"account": "Account"} | amounts | {"band": "Band", "csm": "CSM"}
    titles |= {column.name: column.title for column in more}
    ids = rows["account_id"].to_list()
    table = parts.table(
        shown.select(*titles, *texts, *attention.extra_texts(more), "account_id", "tone"),
        titles,
        formatters={
            "account": parts.account_name("account_id"),
            "band": parts.chip("tone"),
            **{name: parts.said(f"{name}_text") for name in amounts},
            **attention.extra_formatters(more),
        },
        widths={"account": 150, "csm": 104, "band": 78} | dict.fromkeys(amounts, 78),
        right=tuple(amounts),
        filters=("account", "csm", *(column.name for column in more if column.kind == "text")),
        give_way=(*reversed([column.name for column in more]), "csm", "band", "reactivation", "renewing", "start"),
        choose=lambda row: scene.go("account", id=ids[row]) if row is not None else None,
    )
    return parts.card(head, table)


def _facts(scene: Scene, *more: str) -> pl.DataFrame:
    return scene.accounts.select("band", "csm", *more, account_id="id", account="name", tone=scene.snapshot.tones())


def _month(text: str, told: Figures) -> date | None:
    try:
        month = date.fromisoformat(text).replace(day=1)
    except ValueError:
        return None
    return month if told.start < month <= told.end else None
