"""Where a value came from: by which rule, in which run, from whom (BEY-14).

Frames in, `frames.LINEAGE` out. A value on one side may come from the other side, so the events of its partner are told
with it; each row names its side and field. What happened before the toolkit looked is said not to be known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from toolkit.config.models import HEALTH_FIELDS
from toolkit.config.objects import FieldMapping
from toolkit.config.sources import Metric
from toolkit.frames import (
    CONTRIBUTIONS,
    DECISIONS,
    JOURNAL,
    LINEAGE,
    LINK_HISTORY,
    RUNS,
    SCORES,
    SPENT_DECISIONS,
    UTC_TIME,
    conform,
)
from toolkit.lineage.words import contributions_words, metric_words
from toolkit.writeback.planning.operations import CREATE

Node = tuple[str, str]
"""A side, and a field by its own side's name."""

_SHOWN = dict(zip(HEALTH_FIELDS, ("shown", "band", "coverage", "as_of"), strict=True))
_WHERE = {"here": "here", "there": "in Salesforce"}
_SCHEMA = {name: dtype for name, dtype in LINEAGE.schema.items() if name != "step"} | {"_late": pl.Int64}
"""Events as they are gathered: ``_late`` orders those of one moment, the last one highest."""

COMMITS: dict[str, pl.DataType | type[pl.DataType]] = {
    "commit_id": pl.String, "number": pl.Int64, "run_id": pl.Int64, "at": UTC_TIME, "purpose": pl.String,
    "made_by": pl.String,
}  # fmt: skip
"""The columns of `Facts.commits`, one row a commit, ``number`` in the order they were made; ``run_id`` may be null."""
RULES: dict[str, pl.DataType | type[pl.DataType]] = {
    "commit_id": pl.String,
    "seq": pl.UInt32,
    "rule": pl.String,
    "reason": pl.String,
}
"""The columns of `Facts.rules`, one row a row of a plan that is still kept."""


@dataclass(frozen=True)
class Facts:
    """All that is kept of one record. ``values`` are today's, as text, by side and field; ``seen`` those of its file.

    ``journal`` has the record's rows, ``pulls``, ``loads`` and ``scorings`` the runs (`RUNS`) of those steps that ended
    well, ``changed_there`` is when Salesforce last changed the record. ``source`` is what its file is called;
    ``metrics`` are by column, each with what its source is called.
    """

    fields: Sequence[FieldMapping]
    values: Mapping[Node, str | None] = field(default_factory=dict)
    seen: Mapping[str, str | None] = field(default_factory=dict)
    source: str = ""
    metrics: Mapping[str, tuple[Metric, str]] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()
    changed_there: datetime | None = None
    journal: pl.DataFrame = field(default_factory=JOURNAL.empty)
    commits: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=COMMITS))
    rules: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=RULES))
    links: pl.DataFrame = field(default_factory=LINK_HISTORY.empty)
    decisions: pl.DataFrame = field(default_factory=DECISIONS.empty)
    spent: pl.DataFrame = field(default_factory=SPENT_DECISIONS.empty)
    scores: pl.DataFrame = field(default_factory=SCORES.empty)
    contributions: pl.DataFrame = field(default_factory=CONTRIBUTIONS.empty)
    pulls: pl.DataFrame = field(default_factory=RUNS.empty)
    loads: pl.DataFrame = field(default_factory=RUNS.empty)
    scorings: pl.DataFrame = field(default_factory=RUNS.empty)
    imports: pl.DataFrame = field(default_factory=RUNS.empty)


def lineage(facts: Facts, side: str, name: str) -> pl.DataFrame:
    """Return where the value of the field `name` on `side` came from (`LINEAGE`), the newest first."""
    nodes = _nodes(facts, side, name)
    parts = [_written(facts, nodes), _moved_between(facts, nodes)]
    if len(nodes) > 1:
        parts += [_linked(facts, side, name), _decided(facts, nodes)]
    for node in nodes:
        parts += _of_there(facts, node) if node[0] == "there" else _of_here(facts, node)
    events = pl.concat([pl.DataFrame(schema=_SCHEMA), *parts]).sort(
        "at", "_late", descending=True, nulls_last=True, maintain_order=True
    )
    return conform(events.with_columns(step=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32)), LINEAGE)


def _nodes(facts: Facts, side: str, name: str) -> list[Node]:
    """The value itself, and those on the other side that a sync brings to it."""
    if side == "here":
        come = [("there", each.there) for each in facts.fields if each.here == name and each.writes_here]
        return [("here", name), *dict.fromkeys(come)]
    come = [("here", each.here) for each in facts.fields if name in (each.there, each.reads) and each.writes_there]
    there = next((each.there for each in facts.fields if name in (each.there, each.reads)), name)
    return [("there", there), *dict.fromkeys(come)]


def _events(**columns: object) -> pl.DataFrame:
    """One event; what is not said is null."""
    return pl.DataFrame({name: [columns.get(name)] for name in _SCHEMA}, schema=_SCHEMA, strict=False)


def _rows_of(facts: Facts, nodes: Sequence[Node]) -> pl.DataFrame:
    """The journal rows that wrote the value, in the order of their commits, with what is known of each commit."""
    wanted = pl.DataFrame(nodes, schema={"side": pl.String, "field": pl.String}, orient="row")
    rows = facts.journal.filter(state="written").join(wanted, on=["side", "field"], how="semi")
    told = rows.join(facts.commits, on="commit_id", how="left").join(facts.rules, on=["commit_id", "seq"], how="left")
    return told.sort("number", "seq", nulls_last=True)


def _written(facts: Facts, nodes: Sequence[Node]) -> pl.DataFrame:
    purpose, rule = pl.col("purpose").fill_null(""), pl.col("rule").fill_null("")
    edited, undone = (purpose == "edit") | (rule == "edit"), purpose.str.starts_with("undo") | (rule == "undo")
    event = (
        pl.when(pl.col("operation") == CREATE)
        .then(pl.lit("created"))
        .when(undone)
        .then(pl.lit("undone"))
        .when(edited)
        .then(pl.lit("edited"))
        .otherwise(pl.lit("written"))
    )
    person = pl.when(pl.col("made_by").fill_null("") != "").then(pl.format(", by {}", "made_by")).otherwise(pl.lit(""))
    whence = pl.when(pl.col("side") == "there").then(pl.lit("here")).otherwise(pl.lit("Salesforce"))
    source = pl.coalesce(pl.format("from {} {}", whence, "partner"), pl.lit("by no other field"))
    origin = (
        pl.when(undone)
        .then(pl.format("taken back to what it was: {}{}", purpose, person))
        .when(edited)
        .then(pl.format("entered in the toolkit{}", person))
        .otherwise(pl.format("{}{}", source, person))
    )
    because = pl.when(pl.col("reason").fill_null("") != "").then(pl.format("; {}", "reason")).otherwise(pl.lit(""))
    rules = {(each_side, each): _mapped_rule(facts, (each_side, each)) for each_side, each in nodes}
    fallback = pl.format("{}|{}", "side", "field").replace_strict(
        {f"{key[0]}|{key[1]}": text for key, text in rules.items()}, default="", return_dtype=pl.String
    )
    return _rows_of(facts, nodes).select(
        "at", "side", "field", event.alias("event"), value="after", before="before",
        rule=pl.when(rule != "").then(rule).otherwise(fallback), origin=pl.format("{}{}", origin, because),
        run_id="run_id", commit_id="commit_id", _late=_after(facts) + pl.col("number").fill_null(0),
    )  # fmt: skip


def _moved_between(facts: Facts, nodes: Sequence[Node]) -> pl.DataFrame:
    """What somebody else changed between two commits: the later one found another value than the earlier one left."""
    rows = _rows_of(facts, nodes)
    last = pl.col("after").shift(1).over("side", "field")
    earlier = pl.col("commit_id").shift(1).over("side", "field")
    moved = rows.with_columns(_last=last, _earlier=earlier).filter(
        pl.col("_earlier").is_not_null() & pl.col("before").ne_missing(pl.col("_last"))
    )
    where = pl.col("side").replace_strict(_WHERE, return_dtype=pl.String)
    return moved.select(
        "at", "side", "field", event=pl.lit("read"), value="before", before="_last", rule=pl.lit(""),
        origin=pl.format(
            "changed {} after commit {} by somebody or something else; commit {} found it",
            where, "_earlier", "commit_id",
        ),
        run_id="run_id", commit_id="commit_id", _late=_after(facts) + pl.col("number").fill_null(0) - 1,
    )  # fmt: skip


def _after(facts: Facts) -> int:
    """What puts commits after the runs of the same moment, which is how a job goes."""
    ids = [frame["run_id"].max() for frame in (facts.pulls, facts.loads, facts.scorings, facts.imports)]
    return max((int(each) for each in ids if isinstance(each, int)), default=0) + 1


def _linked(facts: Facts, side: str, name: str) -> pl.DataFrame:
    by = pl.when(pl.col("decided_by") == "rule").then(pl.lit("by a rule")).otherwise(pl.format("by {}", "decided_by"))
    begun = facts.links.select(
        at="linked_at", rule="rule",
        origin=pl.format("{} here became {} in Salesforce, {}", "here_id", "there_id", by),
    )  # fmt: skip
    ended = facts.links.filter(pl.col("ended_at").is_not_null()).select(
        at="ended_at", rule="rule",
        origin=pl.format("{} here is no longer {} in Salesforce: {}", "here_id", "there_id", "ended_why"),
    )  # fmt: skip
    return pl.concat([begun, ended]).select(
        "at", side=pl.lit(side), field=pl.lit(name), event=pl.lit("linked"), value=pl.lit(None, pl.String),
        before=pl.lit(None, pl.String), rule="rule", origin="origin", run_id=pl.lit(None, pl.Int64),
        commit_id=pl.lit(None, pl.String), _late=pl.lit(0, pl.Int64),
    )  # fmt: skip


def _decided(facts: Facts, nodes: Sequence[Node]) -> pl.DataFrame:
    fields = dict(nodes)
    pair = f"{fields.get('here')} = {fields.get('there')}"
    value = pl.when(pl.col("choice") == "here").then("here").when(pl.col("choice") == "there").then("there")
    note = pl.when(pl.col("note").fill_null("") != "").then(pl.format(": {}", "note")).otherwise(pl.lit(""))
    waiting = facts.decisions.with_columns(commit_id=pl.lit(None, pl.String))
    made = pl.concat([facts.spent, waiting.select(facts.spent.columns)]).filter(pair=pair)
    told = made.join(facts.commits.select("commit_id", "number"), on="commit_id", how="left", maintain_order="left")
    return told.select(
        at="decided_at", side=pl.lit(nodes[0][0]), field=pl.lit(nodes[0][1]), event=pl.lit("decided"), value=value,
        before=pl.lit(None, pl.String), rule=pl.lit("decided"),
        origin=pl.format("{} decided for {}{}", "decided_by", "choice", note), run_id=pl.lit(None, pl.Int64),
        commit_id="commit_id", _late=_after(facts) + pl.col("number").fill_null(0),
    )  # fmt: skip


def _of_there(facts: Facts, node: Node) -> list[pl.DataFrame]:
    """The last reading of a Salesforce field, and what was before anybody looked."""
    if facts.pulls.is_empty() or node not in facts.values:
        return []
    first, last = facts.pulls.row(0, named=True), facts.pulls.row(-1, named=True)
    stamp = facts.changed_there
    changed = f"; Salesforce last changed the record at {stamp:%Y-%m-%d %H:%M} UTC" if stamp else ""
    read = _events(
        at=last["ended_at"] or last["started_at"], side="there", field=node[1], event="read", value=facts.values[node],
        rule=_mapped_rule(facts, node), origin=f"read from Salesforce{changed}", run_id=last["run_id"],
        _late=last["run_id"],
    )  # fmt: skip
    ours = _rows_of(facts, [node])
    if ours.filter(pl.col("operation") == CREATE).height:
        return [read]
    was = facts.values[node] if ours.is_empty() else ours["before"][0]
    since = f"{first['started_at']:%Y-%m-%d %H:%M} UTC"
    after = ours.is_empty() and stamp is not None and stamp > first["started_at"]
    said = f"the record was changed in Salesforce after the first pull ({since})" if after else (
        f"was there before the first pull ({since})")  # fmt: skip
    origin = f"{said}; who or what gave it this value is not known here"
    return [read, _events(side="there", field=node[1], event="read", value=was, origin=origin)]


def _of_here(facts: Facts, node: Node) -> list[pl.DataFrame]:
    name = node[1]
    if name in HEALTH_FIELDS:
        return [_scored(facts, name)]
    loaded = name in facts.seen
    found = []
    if not loaded and name in facts.metrics:
        metric, label = facts.metrics[name]
        found.append(_from_run(facts, node, "computed", facts.loads, f"metric {name}", metric_words(metric, label)))
    elif not loaded and name in facts.kept:
        origin = "brought by the import from the record in Salesforce, or worked out from its other values and links"
        found.append(_from_run(facts, node, "computed", facts.imports, "import", origin))
    if loaded:
        origin = f'the column "{name}" of {facts.source}; how it came there is not known here'
        found.append(_from_run(facts, node, "loaded", facts.loads, facts.source, origin, facts.seen[name]))
    mapped = any(each.here == name and each.writes_here for each in facts.fields)
    if not found and not mapped and _rows_of(facts, [node]).is_empty() and node in facts.values:
        origin = "no file, metric, field or commit is known that gave it this value"
        found.append(_events(side="here", field=name, event="loaded", value=facts.values[node], origin=origin))
    made = facts.links.filter(rule="import")
    if made.height and mapped:
        origin = "the record was made here of the one in Salesforce"
        found.append(
            _events(at=made["linked_at"][0], side="here", field=name, event="created", rule="import", origin=origin)
        )
    return found


def _from_run(
    facts: Facts, node: Node, event: str, runs: pl.DataFrame, rule: str, origin: str, value: str | None = None
) -> pl.DataFrame:
    run = runs.row(-1, named=True) if runs.height else {}
    at, run_id = run.get("ended_at") or run.get("started_at"), run.get("run_id")
    shown = value if event == "loaded" else facts.values.get(node)
    told = {"at": at, "run_id": run_id, "_late": run_id, "rule": rule, "origin": origin, "value": shown}
    return _events(side=node[0], field=node[1], event=event, **told)


def _scored(facts: Facts, name: str) -> pl.DataFrame:
    """One event a day and version of the profile that scored the account; the last tells what added up to it."""
    newest = facts.scores.height - 1
    made_of = contributions_words(facts.contributions)
    runs = facts.scorings.select(as_of=pl.col("started_at").dt.date(), run_id="run_id", _at="ended_at")
    runs = runs.unique("as_of", keep="last", maintain_order=True)
    scores = facts.scores.sort("as_of").with_row_index("_number").join(runs, on="as_of", how="left")
    scores = scores.sort("_number").with_columns(_last=pl.col("_number") == newest)
    value = pl.col(_SHOWN[name]).cast(pl.String)
    older = "what each measure added then is not kept"
    return scores.select(
        at=pl.coalesce("_at", pl.col("as_of").cast(pl.Datetime("ms")).dt.replace_time_zone("UTC")).cast(UTC_TIME),
        side=pl.lit("here"), field=pl.lit(name), event=pl.lit("computed"), value=value,
        before=value.shift(1), rule=pl.format("health profile {}, version {}", "profile", "version"),
        origin=pl.when("_last").then(pl.lit(made_of)).otherwise(pl.lit(older)), run_id="run_id",
        commit_id=pl.lit(None, pl.String), _late=pl.col("run_id").fill_null(0),
    )  # fmt: skip


def _mapped_rule(facts: Facts, node: Node) -> str:
    """The rule of the mapping file by which the value travels, as it is today."""
    side, name = node
    found = [each for each in facts.fields if name == (each.here if side == "here" else each.there)]
    return "; ".join(f"{each.here} = {each.there}, {each.direction}, {each.on_conflict}" for each in found)
