"""How well both sides are kept in agreement: what each object's last runs read and wrote, what fails, what comes next.

Every number is a link to the list behind it (`dashboards.views.sync_lists`).
"""

from datetime import datetime

import panel as pn
import polars as pl

from dashboards import syncing, theme
from dashboards.data import Snapshot
from dashboards.views import parts, sync_lists
from dashboards.views.scene import Scene

VIEW = "sync"
FIGURES = {
    "read": "Read",
    "skipped": "Left out",
    "taken_over": "Taken over",
    "created": "Created",
    "updated": "Updated",
    "deleted": "Deleted",
    "held": "Held back",
    "failed": "Failed",
}
"""The figures of an object: what came in, then what the last sync did, then what is still not written."""
TONES = {"held": theme.VERDICT_COLORS["held"], "failed": theme.VERDICT_COLORS["conflict"]}
KINDS = 20
"""So many kinds of error are listed; the rest is in the list of rows."""


def view(scene: Scene, commit: pl.DataFrame | None = None) -> pn.Column:
    """Return the health of the sync, under the list that was asked for; `commit` is the journal of the picked one."""
    snapshot = scene.snapshot
    rows = syncing.objects(snapshot)
    asked = sync_lists.asked(scene, commit)
    return parts.page(
        *([asked] if asked is not None else []),
        parts.grid(*_cards(scene, rows), smallest=170, most=5),
        _objects(scene, rows),
        _errors(scene),
        _jobs(snapshot),
    )


def _cards(scene: Scene, rows: pl.DataFrame) -> list[pn.viewable.Viewable]:
    snapshot, spent = scene.snapshot, syncing.allowance(scene.snapshot)
    failed, held = (rows[state].sum() for state in ("failed", "held"))
    written = rows.select(pl.sum_horizontal("created", "updated", "deleted").sum()).item()
    due = syncing.jobs(snapshot)[:1]
    left = f"{theme.count(spent.left)} left {theme.age(spent.told_at, snapshot.now)}" if spent.told_at else ""
    return [
        parts.figure_card(
            "Salesforce read", _age(snapshot.pulled_at, snapshot.now), theme.moment(snapshot.pulled_at),
            on_click=lambda: scene.go(VIEW, list="read"),
        ),
        parts.figure_card(
            "Written there", theme.count(written), f"last {_age(rows['wrote_at'].max(), snapshot.now)}",
            on_click=lambda: scene.go(VIEW, list="written"),
        ),
        parts.figure_card(
            "Still failing", theme.count(failed), f"records · {theme.count(held)} more held back",
            tone=TONES["failed"] if failed else None, on_click=lambda: scene.go(VIEW, list="failed"),
        ),
        parts.figure_card(
            "API calls, 24 hours", theme.count(spent.used), left or "what is left is not known",
            on_click=lambda: scene.go(VIEW, list="api"),
        ),
        parts.figure_card(
            "Next run", _until(due[0]["next"], snapshot.now) if due else "none",
            f"{due[0]['name']}, {theme.moment(due[0]['next'])}" if due else "nothing is appointed",
        ),
    ]  # fmt: skip


def _objects(scene: Scene, rows: pl.DataFrame) -> pn.Column:
    labels = list(FIGURES.values())
    titles = ("Object", "Last read", *labels[:2], "Last write", *labels[2:])
    head = "".join(f'<th scope="col"{"" if label in labels else " class=when"}>{label}</th>' for label in titles)
    body = "".join(_object(scene, row) for row in rows.iter_rows(named=True))
    about = (
        "Rows that came in by the last reading, records that the last sync changed here and in Salesforce, and records "
        "that still wait. Each number opens its list."
    )
    return parts.card(
        parts.heading("By object", about),
        _table(head, body),
    )


def _table(head: str, body: str, kind: str = "") -> pn.pane.HTML:
    return parts.html(
        f'<div class="fits"><table class="sync {kind}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _object(scene: Scene, row: dict[str, object]) -> str:
    now, name = scene.snapshot.now, str(row["object"])
    figures = {figure: _link(scene, name, figure, row[figure]) for figure in FIGURES}
    read, wrote = (_when(row[column], now) for column in ("read_at", "wrote_at"))
    if row["read_failed"] is not None:
        href, why = (theme.text(each) for each in (scene.link(VIEW, list="read", object=name), row["read_failed"]))
        read += f' <a href="{href}" class="chip" style="--tone:{TONES["failed"]}" title="{why}">newest failed</a>'
    told = [(FIGURES[figure], cell) for figure, cell in figures.items()]
    told = [("Last read", read), *told[:2], ("Last write", wrote), *told[2:]]
    cells = "".join(
        f'<td data-label="{label}"{"" if label in FIGURES.values() else " class=when"}>{cell}</td>'
        for label, cell in told
    )
    return f'<tr><th scope="row">{theme.text(name)}</th>{cells}</tr>'


def _link(scene: Scene, name: str, figure: str, value: object) -> str:
    if not value:
        return f'<span class="quiet">{0 if value == 0 else theme.NO_VALUE}</span>'
    href = theme.text(scene.link(VIEW, list=figure, object=name))
    tone = f' class="chip" style="--tone:{TONES[figure]}"' if figure in TONES else ""
    label = f"{FIGURES[figure]} of {name}: {value}"
    return f'<a href="{href}" aria-label="{theme.text(label)}"{tone}>{value:,}</a>'


def _errors(scene: Scene) -> pn.Column:
    kinds = syncing.error_kinds(scene.snapshot)
    title = "Kinds of error"
    if kinds.is_empty():
        return parts.card(parts.heading(title), parts.nothing("Everything that was to be written was written."))
    rows = []
    for kind in kinds.head(KINDS).iter_rows(named=True):
        state = {"failed": "failed", "held": "held back"}[kind["state"]]
        href = theme.text(scene.link(VIEW, list=kind["state"], object=kind["object"], code=kind["code"]))
        remedy = f'<p class="quiet">What to do: {theme.text(kind["remedy"])}</p>' if kind["remedy"] else ""
        rows.append(
            f'<tr><th scope="row"><span class="chip" style="--tone:{TONES[kind["state"]]}">{state}</span></th>'
            f'<td data-label="Object">{theme.text(kind["object"])}</td>'
            f'<td data-label="Records"><a href="{href}">{kind["records"]:,}</a></td>'
            f'<td class="words" data-label="In its own words"><code>{theme.text(kind["code"])}</code> '
            f"{theme.text(kind['message'])}{remedy}</td></tr>"
        )
    head = "".join(f'<th scope="col">{label}</th>' for label in ("State", "Object", "Records", "In its own words"))
    more = f"{theme.plural(kinds.height - KINDS, 'further kind')} in the list of rows." if kinds.height > KINDS else ""
    return parts.card(
        parts.heading(title, "What failed or was held back at its last try and was not written since. " + more),
        _table(head, "".join(rows), "errors"),
    )


def _jobs(snapshot: Snapshot) -> pn.Column:
    appointed = syncing.jobs(snapshot)
    if not appointed:
        said = 'Nothing runs by itself. Add for example push_health = "0 2 * * *" under [schedule] in workspace.toml.'
        return parts.card(parts.heading("Appointed runs"), parts.nothing(said))
    rows = []
    for job in appointed:
        failed = (
            f' <span class="chip" style="--tone:{TONES["failed"]}">failed</span>' if job["status"] == "failed" else ""
        )
        note = f'<p class="quiet">{theme.text(job["note"])}</p>' if job["note"] else ""
        rows.append(
            f'<tr><th scope="row">{theme.text(job["name"])}</th>'
            f'<td class="when" data-label="Next">{_until(job["next"], snapshot.now)} '
            f'<span class="quiet">{theme.moment(job["next"])}</span></td>'
            f'<td class="when" data-label="Appointed"><code>{theme.text(job["cron"])}</code></td>'
            f'<td class="words" data-label="Last">{_age(job["last"], snapshot.now)}{failed}{note}</td></tr>'
        )
    head = "".join(f'<th scope="col">{label}</th>' for label in ("Job", "Next", "Appointed (UTC)", "Last"))
    return parts.card(
        parts.heading("Appointed runs", "What the [schedule] section of the mapping file runs by itself."),
        _table(head, "".join(rows), "errors"),
    )


def _when(at: object, now: datetime) -> str:
    if not isinstance(at, datetime):
        return '<span class="quiet">never</span>'
    return f'<span title="{theme.moment(at)}">{theme.age(at, now)}</span>'


def _age(at: datetime | None, now: datetime) -> str:
    return theme.age(at, now)


def _until(at: datetime, now: datetime) -> str:
    minutes = max(0, int((at - now).total_seconds() // 60))
    if minutes < 60:
        return f"in {minutes} min"
    return f"in {minutes // 60} h" if minutes < 48 * 60 else f"in {minutes // (24 * 60)} days"
