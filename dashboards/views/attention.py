"""The accounts in order of attention: the list behind every number that counts accounts."""

from collections.abc import Sequence
from typing import Any

import panel as pn
import polars as pl

from dashboards import columns, theme
from dashboards.columns import Column
from dashboards.filters import narrow
from dashboards.views import parts
from dashboards.views.scene import Scene

TITLES = {
    "place": "#",
    "name": "Account",
    "band": "Band",
    "score": "Score",
    "driver": "What pulls it down",
    "mrr": "MRR",
    "renewal_date": "Renewal",
    "touched_at": "Last touch",
    "csm": "CSM",
    "segment": "Segment",
}
WIDTHS = {
    "place": 42,
    "name": 150,
    "band": 78,
    "score": 94,
    "driver": 150,
    "mrr": 78,
    "renewal_date": 100,
    "touched_at": 96,
    "csm": 104,
    "segment": 96,
}
CONFIGURED_WIDTH = 104
GIVE_WAY = ("place", "segment", "touched_at", "driver", "csm", "renewal_date", "mrr")
"""Which columns hide first where space is short; configured columns hide after the first three (CSU-18)."""
SAID = {
    "band": "Band: {}",
    "segment": "Segment: {}",
    "csm": "CSM: {}",
    "stage": "Stage: {}",
    "scored": "With a score: {}",
    "coverage": "Coverage: {}",
}


def view(scene: Scene) -> pn.Column:
    """Return the accounts that pass the filters and the pick, those most in need of attention first."""
    accounts = narrow(scene.accounts, scene.filters, scene.pick)
    about = f"{theme.plural(accounts.height, 'account')} · {scene.revenue(float(accounts['mrr'].sum() or 0))}"
    head: list[pn.viewable.Viewable] = [
        parts.heading("Accounts in order of attention", f"{about} · choose one to see everything about it")
    ]
    words = picked_words(scene)
    if words:
        head.append(parts.dropping(", ".join(words), lambda: scene.go("accounts")))
    table = account_table(scene, accounts) if accounts.height else parts.nothing("No account passes these filters.")
    return parts.page(parts.card(parts.bar(*head), table))


def picked_words(scene: Scene) -> list[str]:
    """Return what the list is limited to beside the filters, in words."""
    said = [words.format(scene.pick[name]) for name, words in SAID.items() if name in scene.pick]
    if "from" in scene.pick and "to" in scene.pick:
        said.append(f"Score: {scene.pick['from']} to {scene.pick['to']}")
    return said


def account_table(scene: Scene, accounts: pl.DataFrame) -> pn.widgets.Tabulator:
    """Return the table of `accounts`, in their order, with the usual columns and then the configured ones (CSU-18).

    Columns sort by the figure behind what they show; each row opens its account's page.
    """
    more = [column for column in scene.snapshot.columns if column.name not in (*TITLES, "shown")]
    configured = [column.name for column in more]
    titles = TITLES | {"mrr": scene.filters.money} | {column.name: column.title for column in more}
    hidden = ["id", "tone", "part", "score_text", "mrr_text", "touched_text", *extra_texts(more)]
    texts = [column.name for column in more if column.kind == "text"]
    ids = accounts["id"].to_list()
    return parts.table(
        with_texts(scene, accounts, more).select(*titles, *hidden),
        titles,
        formatters=formatters(titles, more),
        widths=WIDTHS | dict.fromkeys(configured, CONFIGURED_WIDTH),
        right=("place", "mrr", *(column.name for column in more if column.kind == "number")),
        filters=("name", "band", "driver", "csm", "segment", *texts),
        give_way=(*GIVE_WAY[:3], *reversed(configured), *GIVE_WAY[3:]),
        choose=lambda row: scene.go("account", id=ids[row]) if row is not None else None,
    )


def with_texts(scene: Scene, accounts: pl.DataFrame, more: Sequence[Column]) -> pl.DataFrame:
    """Return the accounts with the columns that formatters show for a figure."""
    snapshot, now = scene.snapshot, scene.snapshot.now
    return accounts.with_columns(
        tone=snapshot.tones(),
        part=pl.col("score").fill_null(0.0).round(1),
        score_text=parts.told("shown", snapshot.figure),
        mrr_text=parts.told("mrr", scene.amount),
        touched_text=parts.told("touched_at", lambda at: theme.age(at, now)),
        touched_at=pl.col("touched_at").dt.timestamp("ms"),
        **extra_texts(more),
    )


def extra_texts(more: Sequence[Column]) -> dict[str, pl.Expr]:
    """Return the columns that configured ones are told by: times and truths are shown as text."""
    return {
        f"{column.name}_text": parts.told(column.name, columns.said)
        for column in more
        if column.kind in ("time", "truth")
    }


def extra_formatters(more: Sequence[Column]) -> dict[str, Any]:
    """Return how configured columns are shown."""
    kinds = {"number": parts.NUMBER, "day": parts.DAY}
    told = {column.name: parts.said(f"{column.name}_text") for column in more if column.kind in ("time", "truth")}
    return told | {column.name: kinds[column.kind] for column in more if column.kind in kinds}


def formatters(named: dict[str, str], more: Sequence[Column]) -> dict[str, Any]:
    """Return how each of an account's columns is shown."""
    every = {
        "name": parts.account_name(),
        "band": parts.chip("tone"),
        "score": parts.meter("score_text", "tone", "part"),
        "mrr": parts.said("mrr_text"),
        "renewal_date": parts.DAY,
        "touched_at": parts.said("touched_text"),
        **extra_formatters(more),
    }
    return {name: every[name] for name in named if name in every}
