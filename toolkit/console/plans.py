"""What the command line prints of plans, commits, decisions and lineage. Shows, decides nothing."""

import polars as pl
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from toolkit import summaries
from toolkit.console import SEVERITY_STYLES, cell, print_frame, print_with_reasons
from toolkit.writeback.committing.commit import Commit
from toolkit.writeback.committing.rehearsing import Rehearsal
from toolkit.writeback.committing.remedies import remedy
from toolkit.writeback.planning.grouping import VERDICTS, groups
from toolkit.writeback.planning.irreversible import irreversible
from toolkit.writeback.planning.plan import Plan

VERDICT_STYLES = {"write": "green", "conflict": "yellow", "held": "yellow", "refused": "red", "excluded": "dim"}
STATE_STYLES = {"held": "yellow", "failed": "red", "intended": "yellow", "written": "green"}
PLAN_STYLES = {"pending": "green", "overtaken": "dim", "expired": "yellow", "committed": "dim"}
HEADINGS = {"write": "Write", "conflict": "Conflict", "held": "Held", "refused": "Refused", "excluded": "Left out"}
TROUBLES = 20
"""How many of the rows that were not written are listed."""
SIDES = {"here": "here", "there": "Salesforce"}


def print_plan(console: Console, plan: Plan, rows: int) -> None:
    """Print a plan: counts by object, field and rule, examples, what stops it, cost, digest."""
    if plan.changes.is_empty():
        console.print("Nothing to change: both sides agree on every mapped field.")
        return
    print_groups(console, plan.changes)
    shown = summaries.readable(summaries.examples(plan.changes, rows)).drop("Written to")
    if not shown.is_empty():
        console.print()
        title = "Examples" if shown.height < plan.changes.height else "Every change"
        print_with_reasons(console, shown, title, {"Verdict": VERDICT_STYLES})
    console.print()
    for brake in plan.brakes:
        console.print(Text.assemble(("brake: ", "bold red"), str(brake)))
    for finding in (*plan.findings, *irreversible(plan.changes)):
        severity = (f"{finding.severity}: ", SEVERITY_STYLES[finding.severity])
        console.print(Text.assemble(severity, f"{finding.place}: {finding.message}"))
    console.print(Text(f"{plan.writes:,} changes to write. Cost: {plan.cost}"))
    console.print(Text(f"Digest {plan.plan_id}"))


def print_groups(console: Console, changes: pl.DataFrame) -> None:
    """Print how many rows of a plan are about what: objects, their fields, and the rules where a field has several."""
    counted = groups(changes)
    rules = pl.col("key").count().over("parent") > 1
    shown = counted.filter((pl.col("level") < 2) | rules)
    verdicts = [name for name in VERDICTS if shown[name].sum()]
    table = Table(header_style="bold", box=None, pad_edge=False)
    table.add_column("What", overflow="fold")
    for name in ("Records", *(HEADINGS[name] for name in verdicts)):
        table.add_column(name, justify="right")
    for row in shown.iter_rows(named=True):
        style = ("bold", "", "dim")[row["level"]]
        counts = (Text(f"{row[name]:,}" if row[name] else "", style=VERDICT_STYLES[name]) for name in verdicts)
        table.add_row(Text("  " * row["level"] + row["label"], style=style), f"{row['records']:,}", *counts)
    console.print(table)


def print_commit(console: Console, done: Commit) -> None:
    """Print what a commit did, and the first rows that were held or failed, with their reasons and what to do."""
    console.print(Text(str(done)))
    trouble = done.results.filter(pl.col("state").is_in(["held", "failed"]))
    if trouble.is_empty():
        return
    console.print()
    print_with_reasons(console, _troubles(trouble).head(TROUBLES), f"Not written: {trouble.height:,}", _STATES)
    if trouble.height > TROUBLES:
        console.print(Text(f"And {trouble.height - TROUBLES:,} more, each with its reason in the journal."))
    _print_remedies(console, trouble)
    console.print(Text(f"Each row: cs-toolkit journal {done.commit_id}. Try what failed again: cs-toolkit retry"))


def print_journal(console: Console, rows: pl.DataFrame, limit: int) -> None:
    """Print rows of the journal (`JOURNAL`): what was to be written and what became of it."""
    if rows.is_empty():
        console.print("The journal has no such row.")
        return
    shown = rows.select(
        pl.col("seq").alias("#"),
        pl.col("side").replace(SIDES).alias("Written to"),
        Record="name", Field="field", Before="before", After="after", State="state",
        Why=pl.concat_str("code", "message", separator=": ", ignore_nulls=True),
    )  # fmt: skip
    print_with_reasons(console, shown.head(limit), f"Rows of the journal: {rows.height:,}", _STATES)
    if rows.height > limit:
        console.print(Text(f"And {rows.height - limit:,} more; see them with --rows or --export."))
    _print_remedies(console, rows.filter(pl.col("state") == "failed"))


def print_commits(console: Console, commits: pl.DataFrame) -> None:
    """Print every commit, newest first: how many rows of it are in which state."""
    if commits.is_empty():
        console.print("Nothing was committed yet.")
        return
    shown = commits.reverse().select(
        Commit="commit_id", Made="made", Rows="rows", Written="written", Failed="failed", Held="held", Open="intended"
    )
    print_frame(console, shown)


def print_plans(console: Console, plans: pl.DataFrame) -> None:
    """Print the plans that are kept, newest first."""
    if plans.is_empty():
        console.print("No plan is kept; make one: cs-toolkit plan")
        return
    shown = plans.select(
        pl.col("plan_id").alias("Plan"),
        pl.col("created_at").dt.strftime("%Y-%m-%d %H:%M").alias("Made (UTC)"),
        pl.col("made_by").alias("By"),
        pl.col("purpose").alias("What for"),
        pl.col("writes").alias("Write"),
        pl.col("conflicts").alias("Conflict"),
        pl.col("brakes").alias("Brakes"),
        pl.col("approved_by").alias("Approved by"),
        pl.col("expires_at").dt.strftime("%Y-%m-%d %H:%M").alias("Until"),
        pl.col("state").alias("State"),
    )
    print_frame(console, shown, styles={"State": PLAN_STYLES})


def print_differences(console: Console, differences: pl.DataFrame, limit: int) -> None:
    """Print where two plans differ, row by row."""
    if differences.is_empty():
        console.print("Both plans would write the same.")
        return
    words = {"only_a": "only in the first", "only_b": "only in the second", "value": "value", "verdict": "verdict"}
    shown = differences.select(
        pl.col("change").replace(words).alias("Differs"),
        pl.col("side").replace(SIDES).alias("Written to"),
        Record="name", Field="field",
        First=_wanted("a"), Second=_wanted("b"),
    )  # fmt: skip
    counts = differences.group_by("change").len().sort("change").rows()
    console.print(Text(", ".join(f"{count:,} {words.get(change, change)}" for change, count in counts)))
    console.print()
    print_frame(console, shown.head(limit))
    if shown.height > limit:
        console.print(Text(f"And {shown.height - limit:,} more; see them with --rows."))


def print_queue(console: Console, queue: pl.DataFrame, limit: int) -> None:
    """Print what waits for a decision: what both sides held before, and what each holds now."""
    if queue.is_empty():
        console.print("Nothing waits for a decision.")
        return
    shown = queue.select(
        Row="row", Record="name", Fields="pair", Before="base", Here="here", Salesforce="there",
        Decided=pl.concat_str("choice", "decided_by", separator=", by ", ignore_nulls=True).replace("", None),
        Why="reason",
    )  # fmt: skip
    if shown["Decided"].null_count() == shown.height:
        shown = shown.drop("Decided")
    print_with_reasons(console, shown.head(limit), f"Waiting for a decision: {queue.height:,}", {})
    if queue.height > limit:
        console.print(Text(f"And {queue.height - limit:,} more; see them with --rows."))


def print_rehearsal(console: Console, rehearsal: Rehearsal) -> None:
    """Print what the org would say to each record, those that would fail with their reasons."""
    console.print(Text(str(rehearsal)))
    failing = rehearsal.failures
    if failing.height:
        shown = failing.select(Record="name", Field="fields", Code="code", Why="message").head(TROUBLES)
        console.print()
        print_with_reasons(console, shown, f"Would fail: {failing.height:,}", {})


def print_lineage(console: Console, lineage: pl.DataFrame) -> None:
    """Print where a value came from, the newest step first."""
    for row in lineage.iter_rows(named=True):
        at = f"{row['at']:%Y-%m-%d %H:%M}" if row["at"] else "before"
        head = Text.assemble((f"{at:<16}  ", "dim"), (f"{row['event']:<9} ", "bold"), cell(row["value"]))
        if row["before"] is not None and row["before"] != row["value"]:
            head.append(f"  (before: {cell(row['before'])})", style="dim")
        console.print(head)
        told = ", ".join(filter(None, (row["origin"], row["rule"] and f"rule {row['rule']}")))
        console.print(Padding(Text(told, style="dim"), (0, 0, 0, 18)))


def _wanted(plan: str) -> pl.Expr:
    value = pl.coalesce(f"after_{plan}", pl.lit("—"))
    return pl.when(pl.col(f"verdict_{plan}").is_not_null()).then(
        pl.concat_str(value, f"verdict_{plan}", separator=", ")
    )


def _troubles(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(Record="name", Field="field", State="state", Code="code", Why="message")


def _print_remedies(console: Console, rows: pl.DataFrame) -> None:
    """Print once for each kind of error what to do about it."""
    codes = rows.filter((pl.col("state") == "failed") & pl.col("code").is_not_null())
    if codes.is_empty():
        return
    counted = (
        codes.group_by("code")
        .agg(pl.len())
        .with_columns(do=remedy("code"))
        .sort("len", "code", descending=[True, False])
    )
    for code, count, do in counted.iter_rows():
        console.print(Text.assemble(f"  {count:,} x ", (code, "red"), f" -> {do}"))


_STATES = {"State": STATE_STYLES}
