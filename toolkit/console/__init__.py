"""What the command line prints: tables, bars and sentences made from frames. Shows, decides nothing.

What is about plans and commits is in `toolkit.console.plans`. Everything that comes from a record is printed without
being read as markup.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import polars as pl
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from toolkit import summaries
from toolkit.importing.importer import Preview
from toolkit.salesforce.conformance import Outcome
from toolkit.workspace import Workspace
from toolkit.writeback.planning.preflight import Finding

BAND_STYLES = {"red": "red", "yellow": "yellow", "green": "green"}
FATE_STYLES = {"skipped": "yellow", "held": "yellow", "churned": "red", "archived": "red"}
LIGHT_STYLES = {"ok": "green", "warning": "yellow", "error": "red"}
STATUS_STYLES = {"failed": "red", "running": "yellow"}
SEVERITY_STYLES = {"error": "bold red", "warning": "yellow", "info": "cyan"}
BAR = 30
ONE_LINE = {"Record": 22, "Field": 22, "Before": 12, "After": 12, "Verdict": 8, "Name": 40}
"""Columns that are cut rather than wrapped, and their widest."""
WHOLE = {"Row", "Plan", "Commit"}
"""Columns of names that a person types: they are never cut."""
WIDE = 110
"""From this many columns on, a terminal has room for the reasons beside a table's rows."""


@contextmanager
def progress(console: Console, doing: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show a progress bar while a step works; gives the callable that moves it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(doing, total=None)

        def advance(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        yield advance


def print_frame(
    console: Console, frame: pl.DataFrame, *, title: str = "", styles: dict[str, dict[str, str]] | None = None
) -> None:
    """Print a frame as a table; numbers to the right. `styles` maps a column's values to colours."""
    table = Table(title=title or None, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for name, dtype in frame.schema.items():
        right, narrow = dtype.is_numeric(), name in ONE_LINE
        longest = max(map(cell_len, map(cell, frame[name])), default=0) if name in WHOLE else None
        table.add_column(
            name, justify="right" if right else "left", no_wrap=narrow, overflow="ellipsis" if narrow else "fold",
            max_width=ONE_LINE.get(name), min_width=longest,
        )  # fmt: skip
    for row in frame.iter_rows():
        table.add_row(
            *(
                Text(cell(value), style=(styles or {}).get(name, {}).get(str(value).lower(), ""))
                for name, value in zip(frame.columns, row, strict=True)
            )
        )
    console.print(table)


def print_findings(console: Console, findings: Sequence[Finding]) -> None:
    """Print what a check of the mapping found, worst first, or that all is well."""
    if not any(finding.severity == "error" for finding in findings):
        console.print("Every mapped field exists, may be written, and can hold what would be written to it.")
    for finding in sorted(findings, key=lambda each: list(SEVERITY_STYLES).index(each.severity)):
        severity = (f"{finding.severity}: ", SEVERITY_STYLES[finding.severity])
        console.print(Text.assemble(severity, f"{finding.place}: {finding.message}"))
        console.print(Text(f"  -> {finding.hint}", style="dim"))


def print_mismatches(console: Console, mismatches: pl.DataFrame) -> None:
    """Print how many records have no partner, by side and cause, with an example each."""
    if mismatches.is_empty():
        console.print("Every record on both sides has its partner.")
        return
    counted = summaries.mismatch_counts(mismatches)
    print_frame(console, counted if console.width >= WIDE else counted.drop("Why"))


def print_preview(console: Console, preview: Preview) -> None:
    """Print what an import of an object would do, and what its fields hold."""
    console.print(Text(str(preview), style="bold"))
    outcomes = preview.outcomes.with_columns(pl.col("rule").replace("", None))
    print_frame(
        console, outcomes if console.width >= WIDE else outcomes.drop("reason"), styles={"outcome": FATE_STYLES}
    )
    if preview.fields.height:
        shown = preview.fields.with_columns((pl.col("filled") * 100).round(0).cast(pl.Int64).alias("filled %"))
        columns = ["here", "there", "filled %", "samples", "light", "note"]
        print_frame(console, shown.select(columns), styles={"light": LIGHT_STYLES})
    console.print()


def print_distribution(console: Console, workspace: Workspace) -> None:
    """Print how many accounts are in each band, as bars, worst band first."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("Health", "Accounts", "", "MRR"):
        table.add_column(name, justify="right" if name in ("Accounts", "MRR") else "left")
    for row in workspace.distribution().to_dicts():
        style = BAND_STYLES.get(row["band"].lower(), "dim")
        revenue = "—" if row["mrr"] is None else f"{row['mrr']:,.0f}"
        table.add_row(
            Text(row["band"], style=style),
            f"{row['accounts']:,}",
            Text("█" * round(BAR * row["share"]) + f" {row['share']:.0%}", style=style),
            revenue,
        )
    console.print(table)


def print_with_reasons(console: Console, frame: pl.DataFrame, title: str, styles: dict[str, dict[str, str]]) -> None:
    """Print a frame with a column "Why": as a table, or in a narrow terminal with each reason under its row."""
    if console.width >= WIDE:
        print_frame(console, frame, title=title, styles=styles)
        return
    console.print(Text(title, style="italic"))
    shown = frame.drop("Why")
    cells = [[cell(value) for value in row] for row in shown.iter_rows()]
    longest = [max(map(cell_len, column)) for column in zip(shown.columns, *cells, strict=True)]
    widths = [min(size, ONE_LINE.get(name, size)) for name, size in zip(shown.columns, longest, strict=True)]
    elastic = [place for place, name in enumerate(shown.columns) if name not in WHOLE]
    while sum(widths) + 2 * (len(widths) - 1) > console.width and max(widths[place] for place in elastic) > 1:
        widths[max(elastic, key=lambda place: widths[place])] -= 1

    def line(row: Sequence[str], style: str = "") -> Text:
        styled = zip(shown.columns, row, widths, strict=True)
        parts = []
        for name, text, width in styled:
            part = Text(text, style=styles.get(name, {}).get(text.lower(), style))
            part.truncate(width, overflow="ellipsis", pad=True)
            parts.append(part)
        return Text("  ").join(parts)

    console.print(line(shown.columns, "bold"))
    for row, why in zip(cells, frame["Why"], strict=True):
        console.print(line(row))
        console.print(Padding(Text(why or "", style="dim"), (0, 0, 0, 2)))


def print_status(console: Console, workspace: Workspace) -> None:
    """Print where a workspace stands and what the next step is."""
    state = workspace.status()
    print_frame(console, state.figures())
    if not state.runs.is_empty():
        runs = state.runs.head(8).select(
            pl.col("step").alias("Step"),
            pl.col("started_at").dt.strftime("%Y-%m-%d %H:%M").alias("Began (UTC)"),
            pl.col("status").alias("Status"),
            pl.col("note").str.split("\n").list.first().alias("What it did"),
        )
        console.print()
        print_frame(console, runs, title="Last runs", styles={"Status": STATUS_STYLES})
    console.print()
    elsewhere = "" if workspace.folder.resolve() == Path.cwd() else f" (with -w {workspace.folder})"
    console.print(Text(f"Next: {state.next_step}{elsewhere}"))


def print_conformance(console: Console, url: str, outcomes: Sequence[Outcome]) -> None:
    """Print how far an org's answers agree, a line a group, and each answer that differs in full."""
    table = Table(box=None, pad_edge=False, header_style="bold", title=f"Answers of {url}", title_justify="left")
    for name in ("Group", "Checks", "Agree", "Differ", "Skipped"):
        table.add_column(name, justify="left" if name == "Group" else "right")
    for group in dict.fromkeys(each.group for each in outcomes):
        verdicts = Counter(each.verdict for each in outcomes if each.group == group)
        differ, skipped = verdicts["differs"], verdicts["skipped"]
        table.add_row(
            Text(group),
            str(verdicts.total()),
            Text(str(verdicts["agrees"]), style="green"),
            Text(str(differ or ""), style="red"),
            Text(str(skipped or ""), style="yellow"),
        )
    console.print(table)
    for each in outcomes:
        if each.verdict != "agrees":
            console.print()
            style = "bold red" if each.verdict == "differs" else "yellow"
            console.print(Text(f"{each.group}, {each.name}: {each.verdict}", style=style))
            console.print(Text(f"  {each.request}", style="dim"))
            for reason in each.reasons:
                console.print(Text(f"  {reason}"))
    agree = sum(each.verdict == "agrees" for each in outcomes)
    console.print()
    console.print(Text(f"{agree} of {len(outcomes)} checks agree."))


def print_conformance_json(outcomes: Sequence[Outcome]) -> None:
    """Print every check with its verdict as JSON, for a program to read."""
    rows = [asdict(each) for each in outcomes]
    sys.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")


def cell(value: object) -> str:
    """Return a value as a table shows it: thousands apart, a dash for nothing."""
    if value is None:
        return "—"
    if isinstance(value, float):
        return f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
