"""Data quality (DSH-9): the class of every record, how far fields are filled, and values that no picklist knows.

Every number is a link to the list behind it.
"""

from collections.abc import Callable, Mapping

import panel as pn
import polars as pl

from dashboards import theme
from dashboards.quality import Quality
from dashboards.views import parts
from dashboards.views.scene import Scene
from toolkit.frames import RECORD_KEY, SIDES
from toolkit.matching.classes import CLASSES, counts

VIEW = "quality"
SIDE_NAMES = {"here": "Here", "there": "Salesforce"}
CALM = ("in_agreement", "expected_drift", "partner_left", "skipped", "not_matched_yet")
"""Classes that nobody has to look at."""
TONES = {
    "in_agreement": "#2E9E6B", "expected_drift": theme.PRIMARY, "partner_left": theme.NOT_SCORED,
    "skipped": theme.NOT_SCORED, "not_matched_yet": theme.NOT_SCORED, "broken_pair": "#D6453D",
    "duplicate_key": "#D6453D",
}  # fmt: skip
WAITING = "#EFAE2B"
LIST = {"name": "Record", RECORD_KEY: "Id", "side": "Side", "partner_id": "Partner", "reason": "Why"}
Listing = Callable[[str, str, str, str], pl.DataFrame]
"""(object, side, column, value) -> the records without a value in the column, or with it."""


def view(scene: Scene, quality: Quality | None = None, listing: Listing | None = None) -> pn.Column:
    """Return the page; what is picked opens its list right below the figures."""
    quality = quality or Quality()
    classes, left_out = _narrowed(scene, quality.classes)
    opened = _opened(scene, quality, classes, listing)
    return parts.page(
        parts.grid(*_cards(scene, quality, classes), smallest=170, most=5),
        *([opened] if opened is not None else []),
        _classes(scene, classes, left_out),
        _filled(scene, quality.filled),
        _unknown(scene, quality),
    )


# -- the figures -----------------------------------------------------------------------------------------------------


def _cards(scene: Scene, quality: Quality, classes: pl.DataFrame) -> list[pn.viewable.Viewable]:
    here, there = (classes.filter(side=side).height for side in SIDES)
    waiting = classes.filter(~pl.col("record_class").is_in(CALM))
    paired = classes.filter(pl.col("partner_id").is_not_null() & (pl.col("side") == "here")).height
    filled = (
        quality.filled.select(pl.col("filled").sum() / pl.col("records").sum()).item()
        if quality.filled.height
        else None
    )
    values = int(quality.unknown["records"].sum() or 0)
    return [
        parts.figure_card(
            "Records", theme.count(here + there), f"{theme.count(here)} here · {theme.count(there)} in Salesforce",
            on_click=lambda: scene.go(VIEW, list="class"),
        ),
        parts.figure_card(
            "Paired", theme.count(paired), f"{theme.share(paired / here)} of the records here" if here else "",
            on_click=lambda: scene.go(VIEW, list="class", state="paired"),
        ),
        parts.figure_card(
            "Want a look", theme.count(waiting.height), "unmatched, ambiguous, broken or drifting",
            tone=WAITING if waiting.height else None, on_click=lambda: scene.go(VIEW, list="class", state="waiting"),
        ),
        parts.figure_card(
            "Filled", theme.share(filled) if filled is not None else theme.NO_VALUE, "of all mapped fields, both sides",
            on_click=lambda: scene.go(VIEW, list="fields"),
        ),
        parts.figure_card(
            "Unknown values", theme.count(values),
            "in picklists" if quality.picklists_known else "not known before a pull",
            tone=WAITING if values else None, on_click=lambda: scene.go(VIEW, list="values"),
        ),
    ]  # fmt: skip


# -- the cards below -------------------------------------------------------------------------------------------------


def _classes(scene: Scene, classes: pl.DataFrame, left_out: int) -> pn.Column:
    about = "Each record of either side is in exactly one class. Each number opens its list."
    if left_out:
        about += (
            f" {theme.plural(left_out, 'record')} of no such account {'is' if left_out == 1 else 'are'} not counted."
        )
    head = parts.heading("Classes of records", about)
    if classes.is_empty():
        return parts.card(head, parts.nothing("No record was read yet. Next: cs-toolkit pull"))
    counted = counts(classes)
    order = list(dict.fromkeys(["account", *counted["object"].sort()]))
    rows = []
    for name in order:
        mine = counted.filter(pl.col("object") == name)
        for record_class in [each for each in CLASSES if each in mine["record_class"]]:
            rows += [_class_row(scene, name, record_class, mine.filter(record_class=record_class))]
        if mine.height:
            rows.append(_total_row(scene, name, mine))
    titles = '<th scope="col">Class</th><th scope="col">Here</th><th scope="col">Salesforce</th>'
    head_row = f'{titles}<th scope="col" class="words">What it means, and what to do</th>'
    return parts.card(head, _table(head_row, "".join(rows)))


def _class_row(scene: Scene, name: str, record_class: str, rows: pl.DataFrame) -> str:
    known = CLASSES[record_class]
    chip = f'<span class="chip" style="--tone:{TONES.get(record_class, WAITING)}">{theme.text(known.title)}</span>'
    cells = "".join(
        f'<td data-label="{SIDE_NAMES[side]}">{_number(scene, rows, side, object=name, record_class=record_class)}</td>'
        for side in SIDES
    )
    command = f" <code>{theme.text(known.command)}</code>" if known.command else ""
    words = f'{theme.text(known.cause)} <span class="quiet">{theme.text(known.fix)}{command}</span>'
    return (
        f'<tr><th scope="row"><span class="quiet of">{theme.text(name)}</span>{chip}</th>{cells}'
        f'<td class="words" data-label="What it means, and what to do">{words}</td></tr>'
    )


def _total_row(scene: Scene, name: str, rows: pl.DataFrame) -> str:
    cells = "".join(
        f'<td data-label="{SIDE_NAMES[side]}">{_number(scene, rows, side, object=name)}</td>' for side in SIDES
    )
    return f'<tr class="sum"><th scope="row">All of {theme.text(name)}</th>{cells}<td class="words"></td></tr>'


def _number(scene: Scene, rows: pl.DataFrame, side: str, **pick: str) -> str:
    value = int(rows.filter(side=side)["records"].sum())
    if not value:
        return '<span class="quiet">0</span>'
    of = CLASSES[pick["record_class"]].title if "record_class" in pick else "All"
    return _link(
        scene, f"{value:,}", f"{of}, {pick['object']}, {SIDE_NAMES[side]}: {value:,}", "class", side=side, **pick
    )


def _link(scene: Scene, shown: str, label: str, opened: str, **pick: str) -> str:
    href = theme.text(scene.link(VIEW, list=opened, **pick))
    return f'<a href="{href}" aria-label="{theme.text(label)}">{theme.text(shown)}</a>'


def _filled(scene: Scene, filled: pl.DataFrame) -> pn.Column:
    about = "Of the records of each side, how many have a value. A share opens the records that have none."
    head = parts.heading("Fill rate per field", about)
    if filled.is_empty():
        return parts.card(head, parts.nothing("No field is mapped, or no record was read yet."))
    rows = []
    for (name, field, there), mine in filled.partition_by(
        "object", "field", "there", as_dict=True, maintain_order=True
    ).items():
        cells = "".join(
            f'<td data-label="{SIDE_NAMES[side]}">{_share(scene, mine.filter(side=side))}</td>' for side in SIDES
        )
        rows.append(
            f'<tr><th scope="row"><span class="quiet of">{theme.text(name)}</span>{theme.text(field)} '
            f'<span class="quiet">= {theme.text(there)}</span></th>{cells}</tr>'
        )
    titles = '<th scope="col">Field</th><th scope="col">Here</th><th scope="col">Salesforce</th>'
    return parts.card(head, _table(titles, "".join(rows), "rates"))


def _share(scene: Scene, row: pl.DataFrame) -> str:
    if row.is_empty() or not row["records"][0]:
        return f'<span class="quiet">{theme.NO_VALUE}</span>'
    records, filled = row["records"][0], row["filled"][0]
    part = theme.share(filled / records)
    bar = f'<i class="part" style="--part:{filled / records * 100:.0f}%"></i>'
    pick = {name: str(row[name][0]) for name in ("object", "field", "side")}
    if filled == records:
        return f"{part} {bar}"
    label = f"{pick['object']} {pick['field']}, {SIDE_NAMES[pick['side']]}: {records - filled:,} without a value"
    return f"{_link(scene, part, label, 'empty', **pick)} {bar}"


def _unknown(scene: Scene, quality: Quality) -> pn.Column:
    head = parts.heading(
        "Unknown picklist values", "Values that records hold and that the picklist in Salesforce does not offer."
    )
    if quality.unknown.is_empty():
        known = "Every value of a mapped picklist is one that Salesforce offers."
        unread = "What the picklists offer is read with the next pull: cs-toolkit pull"
        return parts.card(head, parts.nothing(known if quality.picklists_known else unread))
    rows = []
    for row in quality.unknown.iter_rows(named=True):
        pick = {name: row[name] for name in ("object", "field", "side", "value")}
        number = f"{row['records']:,}"
        link = _link(scene, number, f"{row['value']}: {number} records", "unknown", **pick)
        rows.append(
            f'<tr><th scope="row">{theme.text(row["value"])}</th><td data-label="Field" class="when">'
            f"{theme.text(row['object'])} {theme.text(row['field'])}</td>"
            f'<td data-label="Side" class="when">{SIDE_NAMES[row["side"]]}</td>'
            f'<td data-label="Records">{link}</td></tr>'
        )
    titles = '<th scope="col">Value</th><th scope="col" class="when">Field</th><th scope="col" class="when">Side</th>'
    return parts.card(head, _table(f'{titles}<th scope="col">Records</th>', "".join(rows)))


def _table(head: str, body: str, kind: str = "") -> pn.pane.HTML:
    table = f'<table class="sync quality {kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return parts.html(f'<div class="fits">{table}</div>')


# -- the lists -------------------------------------------------------------------------------------------------------


def _opened(
    scene: Scene, quality: Quality, classes: pl.DataFrame, listing: Listing | None
) -> pn.viewable.Viewable | None:
    """Return the card of the list that was picked, or None when none was."""
    pick, wanted = scene.pick, scene.pick.get("list")
    if wanted == "class":
        return _records_card(scene, _title_of(pick), _of_class(classes, pick))
    if wanted in ("empty", "unknown") and listing is not None:
        object_name, side, field = (pick.get(name, "") for name in ("object", "side", "field"))
        side = side if side in SIDE_NAMES else "here"
        mapping = scene.snapshot.settings.active_objects.get(object_name) if scene.snapshot.settings else None
        mapped = next((each for each in mapping.fields if each.here == field), None) if mapping is not None else None
        if mapped is None:
            return None
        value = pick.get("value", "") if wanted == "unknown" else ""
        column = field if side == "here" else (mapped.there if value else mapped.reads)
        found = listing(object_name, side, column, value)
        known = classes.filter(pl.col("object") == object_name).select("side", RECORD_KEY, "partner_id", "reason")
        rows = found.join(known, on=["side", RECORD_KEY], how="left").with_columns(object=pl.lit(object_name))
        what = f"{field} is {value}" if value else f"{field} is empty"
        return _records_card(scene, f"{object_name}, {SIDE_NAMES[side]}: {what}", rows)
    if wanted == "fields":
        open_ = quality.filled.filter(pl.col("filled") < pl.col("records")).sort(pl.col("filled") / pl.col("records"))
        return _plain_card(scene, "Fields with gaps, the emptiest first", open_, {
            "object": "Object", "field": "Field", "there": "In Salesforce", "side": "Side", "records": "Records",
            "filled": "Filled"})  # fmt: skip
    if wanted == "values":
        return _plain_card(scene, "Unknown picklist values", quality.unknown, {
            "object": "Object", "field": "Field", "side": "Side", "value": "Value", "records": "Records"})  # fmt: skip
    return None


def _of_class(classes: pl.DataFrame, pick: Mapping[str, str]) -> pl.DataFrame:
    for name in ("object", "side", "record_class"):
        if pick.get(name):
            classes = classes.filter(pl.col(name) == pick[name])
    if pick.get("state") == "paired":
        classes = classes.filter(pl.col("partner_id").is_not_null() & (pl.col("side") == "here"))
    if pick.get("state") == "waiting":
        classes = classes.filter(~pl.col("record_class").is_in(CALM))
    return classes


def _title_of(wanted: Mapping[str, str]) -> str:
    states = {"paired": "Paired records here", "waiting": "Records that want a look"}
    record_class = wanted.get("record_class", "")
    named = CLASSES[record_class].title if record_class in CLASSES else states.get(wanted.get("state", ""), "Records")
    limits = [wanted[name] for name in ("object",) if wanted.get(name)]
    limits += [SIDE_NAMES[wanted["side"]]] if wanted.get("side") in SIDE_NAMES else []
    return ", ".join([named, *limits])


def _records_card(scene: Scene, title: str, rows: pl.DataFrame) -> pn.Column:
    """Return a list of records; one of an account that is here, or paired, opens the account."""
    account = pl.when(pl.col("object") == "account").then(
        pl.when(pl.col("side") == "here").then(pl.col(RECORD_KEY)).otherwise(pl.col("partner_id"))
    )
    shown = rows.with_columns(
        pl.col("side").replace(SIDE_NAMES), name=pl.coalesce("name", RECORD_KEY), account=account.fill_null("")
    )
    table = parts.table(
        shown.select(*LIST, "account"), LIST, formatters={"name": parts.account_name("account")},
        filters=("name", "reason"),
        widths={"name": 130, RECORD_KEY: 150, "side": 90, "partner_id": 150, "reason": 200},
        give_way=("partner_id", RECORD_KEY, "side"), wrap=("reason",), rows=12,
    )  # fmt: skip
    head = [
        parts.heading(title, theme.plural(rows.height, "record")),
        parts.dropping("Close the list", lambda: scene.go(VIEW)),
    ]
    return parts.card(parts.bar(*head), table if rows.height else parts.nothing("There is nothing in this list."))


def _plain_card(scene: Scene, title: str, rows: pl.DataFrame, titles: dict[str, str]) -> pn.Column:
    head = [
        parts.heading(title, theme.plural(rows.height, "row")),
        parts.dropping("Close the list", lambda: scene.go(VIEW)),
    ]
    shown = rows.with_columns(pl.col("side").replace(SIDE_NAMES)).select(*titles)
    table = parts.table(shown, titles, right=tuple(name for name in ("records", "filled") if name in titles), rows=12)
    return parts.card(parts.bar(*head), table if rows.height else parts.nothing("There is nothing in this list."))


def _narrowed(scene: Scene, classes: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return the classes of the accounts that pass the common filters, and how many accounts' records do not.

    Records of other objects are not narrowed; an account that is only in Salesforce passes no filter.
    """
    if not scene.filters.narrows:
        return classes, 0
    kept = pl.col(RECORD_KEY).is_in(scene.accounts["id"].implode())
    partner = pl.col("partner_id").is_in(scene.accounts["id"].implode()).fill_null(value=False)
    inside = (pl.col("object") != "account") | pl.when(pl.col("side") == "here").then(kept).otherwise(partner)
    rows = classes.filter(inside)
    return rows, classes.height - rows.height
