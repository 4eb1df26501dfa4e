"""Reads from the store all that is kept of one record, for `lineage.lineage` to tell where a value came from."""

import polars as pl

from toolkit.config import Settings
from toolkit.config.sources import Metric
from toolkit.errors import NotFoundError
from toolkit.frames import (
    CONTRIBUTIONS,
    DECISIONS,
    JOURNAL,
    KEPT,
    LINK_HISTORY,
    LINKS,
    RECORD_KEY,
    SCORES,
    SIDES,
    SPENT_DECISIONS,
    FrameSpec,
)
from toolkit.lineage.lineage import COMMITS, RULES, Facts, Node, lineage
from toolkit.salesforce.describe import near
from toolkit.store import Side, Store
from toolkit.store.plans import WAITING
from toolkit.values import to_text
from toolkit.writeback.planning.sides import CHANGED_AT

ACCOUNT = "account"


def trace(store: Store, settings: Settings, object_name: str, record_id: str, field: str, side: Side) -> pl.DataFrame:
    """Return where a value came from (`frames.LINEAGE`), the newest first; needs no org.

    `record_id` and `field` are by the names of `side`, here or there. Raises NotFoundError for an object, a record or a
    field that the side does not have.
    """
    mapping = settings.objects.get(object_name)
    if mapping is None or side not in SIDES:
        raise NotFoundError(f"There is no {object_name} {side}.", hint=f"There are {', '.join(settings.objects)}.")
    own = _record(store, side, object_name, record_id)
    known = {
        name.lower(): name
        for name in [*(own.columns if own is not None else ()), *_mapped(settings, object_name, side)]
    }
    journal = _journal(store, object_name, side, record_id)
    if own is None and journal.is_empty():
        raise NotFoundError(
            f"No {object_name} {record_id} is known {_PLACE[side]}.",
            hint="Name it by its id on that side; or pull and load, then look again.",
        )
    if field.lower() not in known:
        raise NotFoundError(
            f"{object_name} has no field {field} {_PLACE[side]}{near(field, known.values())}",
            hint="name it as that side does",
        )
    links = _links(store, object_name, side, record_id)
    facts = _facts(store, settings, object_name, side, record_id, journal, links)
    return lineage(facts, side, known[field.lower()])


_PLACE = {"here": "here", "there": "in Salesforce"}


def _mapped(settings: Settings, object_name: str, side: Side) -> list[str]:
    fields = settings.objects[object_name].fields
    return [each.here for each in fields] if side == "here" else [each.there for each in fields]


def _facts(
    store: Store,
    settings: Settings,
    object_name: str,
    side: Side,
    record_id: str,
    journal: pl.DataFrame,
    links: pl.DataFrame,
) -> Facts:
    ids = _both_ids(side, record_id, links, journal)
    here, there = _record(store, "here", object_name, ids["here"]), _record(store, "there", object_name, ids["there"])
    source = _record(store, "source", object_name, ids["here"])
    commits = journal["commit_id"].unique().to_list()
    runs = store.runs().filter(status="done")
    is_account = object_name == ACCOUNT and ids["here"] is not None
    stamp = there[CHANGED_AT][0] if there is not None and CHANGED_AT in there.columns else None
    return Facts(
        fields=settings.objects[object_name].fields,
        values=_values("here", here) | _values("there", there),
        seen={name: value for (_, name), value in _values("here", source).items()},
        source=_source_label(settings, object_name),
        metrics=_metrics(settings) if object_name == ACCOUNT else {},
        kept=frozenset(KEPT),
        changed_there=stamp,
        journal=journal,
        commits=_commits(store, commits, runs),
        rules=_rules(store, commits, object_name),
        links=links,
        decisions=_within(store, DECISIONS, object_name, "here_id", ids["here"]),
        spent=_within(store, SPENT_DECISIONS, object_name, "here_id", ids["here"]),
        scores=store.score_history(ids["here"]) if is_account else SCORES.empty(),
        contributions=store.read(CONTRIBUTIONS, {"id": str(ids["here"])}) if is_account else CONTRIBUTIONS.empty(),
        pulls=runs.filter(step="pull", object=object_name),
        loads=runs.filter(step="load"),
        scorings=runs.filter(step="score"),
        imports=runs.filter(step="import", object=object_name),
    )  # fmt: skip


def _record(store: Store, side: Side, object_name: str, record_id: str | None) -> pl.DataFrame | None:
    records = store.scan_records(side, object_name)
    if records is None or record_id is None:
        return None
    found = records.filter(pl.col(RECORD_KEY) == record_id).collect(engine="streaming")
    return found if found.height else None


def _values(side: str, record: pl.DataFrame | None) -> dict[Node, str | None]:
    if record is None:
        return {}
    texts = record.select(
        to_text(pl.col(name), dtype, _kind(dtype)).alias(name) for name, dtype in record.schema.items()
    )
    return {(side, name): value for name, value in texts.row(0, named=True).items()}


def _kind(dtype: pl.DataType) -> str:
    if dtype.is_float() or dtype.is_decimal():
        return "double"
    kinds: dict[type[pl.DataType], str] = {pl.Boolean: "boolean", pl.Date: "date", pl.Datetime: "datetime"}
    return next((kind for each, kind in kinds.items() if dtype == each), "int" if dtype.is_integer() else "string")


def _journal(store: Store, object_name: str, side: Side, record_id: str) -> pl.DataFrame:
    return _within(store, JOURNAL, object_name, f"{side}_id", record_id)


def _links(store: Store, object_name: str, side: Side, record_id: str) -> pl.DataFrame:
    """The history of the record's links, the present one from where it is kept when the history does not have it."""
    history = _within(store, LINK_HISTORY, object_name, f"{side}_id", record_id)
    now = _within(store, LINKS, object_name, f"{side}_id", record_id)
    missing = now.join(history.filter(pl.col("ended_at").is_null()), on=["here_id", "there_id"], how="anti")
    columns = {"here_value": "value", "there_value": "value"}
    told = missing.with_columns(**{name: pl.col(each) for name, each in columns.items()}).with_columns(
        ended_at=pl.lit(None, LINK_HISTORY.schema["ended_at"]), ended_why=pl.lit(None, pl.String)
    )
    return pl.concat([history, told.select(list(LINK_HISTORY.schema))]).sort("linked_at")


def _both_ids(side: Side, record_id: str, links: pl.DataFrame, journal: pl.DataFrame) -> dict[str, str | None]:
    other = "there_id" if side == "here" else "here_id"
    current = links.filter(pl.col("ended_at").is_null())[other].to_list()
    told = [*journal[other].drop_nulls().to_list(), *current]
    return {"here": None, "there": None, side: record_id, other.removesuffix("_id"): told[-1] if told else None}


def _within(store: Store, spec: FrameSpec, object_name: str, column: str, record_id: str | None) -> pl.DataFrame:
    return spec.empty() if record_id is None else store.read(spec, within={"object": object_name, column: record_id})


def _commits(store: Store, commit_ids: list[str], runs: pl.DataFrame) -> pl.DataFrame:
    """What is remembered of commits; a run that says which commit it made is the commit's."""
    order = {commit_id: number for number, commit_id in enumerate(store.commits()["commit_id"])}
    plans = {meta["plan_id"]: meta for meta in store.plans()}
    made = runs.select("run_id", commit_id=pl.col("note").str.extract(r"\bCommit (\w+):")).drop_nulls()
    ran = dict(made.select("commit_id", "run_id").rows())
    rows = []
    for commit_id in commit_ids:
        meta = plans.get(commit_id, {}) | store.commit_meta(commit_id)
        told = (meta.get("at"), meta.get("purpose"), meta.get("made_by"))
        rows.append((commit_id, order[commit_id], ran.get(commit_id), *told))
    texts = pl.DataFrame(rows, schema={**COMMITS, "at": pl.String}, orient="row")
    return texts.with_columns(pl.col("at").str.to_datetime(time_zone="UTC").cast(COMMITS["at"]))


def _rules(store: Store, commit_ids: list[str], object_name: str) -> pl.DataFrame:
    parts = [store.read(WAITING, within={"plan_id": each, "object": object_name}) for each in commit_ids]
    kept = pl.concat([WAITING.empty(), *parts])
    told = kept.select(commit_id="plan_id", seq="seq", rule="rule", reason="reason")
    return told.select(pl.col(name).cast(dtype) for name, dtype in RULES.items())


def _source_label(settings: Settings, object_name: str) -> str:
    return ", ".join(each.label for each in settings.sources.values() if each.records_of == object_name)


def _metrics(settings: Settings) -> dict[str, tuple[Metric, str]]:
    return {name: (metric, settings.sources[metric.source].label) for name, metric in settings.metrics.items()}
