"""What the command line prints about matching: the classes of records, the review queue, one pair side by side.

Everything that comes from a record is printed without being read as markup.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from toolkit.console import WIDE, print_frame
from toolkit.matching.classes import CLASSES, counts
from toolkit.matching.differences import Span
from toolkit.review_queue import ReviewQueue

AGREE_STYLES = {"same": "green", "alike": "cyan", "differs": "yellow", "one side": "dim"}
DIFFERS = "bold underline yellow"
KEYS = "a accept   r reject   s skip   n next   p previous   q end"
ARROWS = {"[C": "n", "[D": "p"}
"""What a terminal sends for the arrows to the right and to the left, behind an Escape."""
SIDES = {"here": "Here", "there": "Salesforce"}


def print_classes(console: Console, classes: pl.DataFrame) -> None:
    """Print how many records of each side are in each class, with the totals they add up to, and what to do next."""
    if classes.is_empty():
        console.print("Nothing was read yet. Next: cs-toolkit pull")
        return
    counted = counts(classes)
    for object_name in counted["object"].unique(maintain_order=True):
        rows = counted.filter(pl.col("object") == object_name)
        _print_counts(console, str(object_name), rows)
    for name in counted["record_class"].unique(maintain_order=True):
        known = CLASSES[name]
        if known.command:
            console.print(f"{known.title}: {known.cause} {known.fix} {known.command}", style="dim", markup=False)


def print_class(console: Console, records: pl.DataFrame, rows: int) -> None:
    """Print the first records of a class with the reason of each."""
    shown = records.head(rows).select(
        pl.col("side").replace(SIDES).alias("Side"),
        pl.col("name").alias("Name"),
        pl.col("id").alias("Id"),
        pl.col("partner_id").alias("Partner"),
        pl.col("reason").alias("Why"),
    )
    console_width = console.width >= WIDE
    print_frame(console, shown if console_width else shown.drop("Partner"))
    if records.height > rows:
        console.print(f"{rows:,} of {records.height:,} records; see more with --rows.")


def print_proposals(console: Console, proposals: pl.DataFrame) -> None:
    """Print the open proposals for repairs with their evidence."""
    shown = proposals.select(
        pl.col("name").alias("Name"),
        pl.col("kind").str.replace_all("_", " ").alias("What"),
        pl.col("action").str.replace_all("_", " ").alias("Repair"),
        pl.col("evidence").alias("Evidence"),
    )
    print_frame(console, shown)


def print_queue(console: Console, queue: ReviewQueue, rows: int) -> None:
    """Print the suggested pairs that are left, best first."""
    shown = queue.pairs.head(rows).select(
        (pl.col("score") * 100).round().cast(pl.Int64).alias("Of 100"),
        pl.col("here_name").alias("Here"),
        pl.col("there_name").alias("Salesforce"),
        pl.col("evidence").alias("Evidence"),
    )
    if shown.height:
        print_frame(console, shown)
    console.print(f"{queue.summary()}.", markup=False)


def print_pair(console: Console, queue: ReviewQueue) -> None:
    """Print the pair that is looked at: two records side by side, what differs marked, and the evidence."""
    pair = queue.current
    if pair is None:
        return
    console.print()
    score, place = f"{pair['score'] * 100:.0f} of 100", f"pair {queue.position + 1:,} of {queue.pairs.height:,}"
    console.print(Text.assemble((score, "bold"), (f"   {place}", "dim")))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("Field", f"Here {pair['here_id']}", f"Salesforce {pair['there_id']}", "Agree"):
        table.add_column(name, overflow="fold")
    for line in queue.lines():
        here, there = (_marked(spans) for spans in line.spans)
        table.add_row(Text(line.here_field, style="dim"), here, there, Text(line.agrees, AGREE_STYLES[line.agrees]))
    console.print(table)
    runner_up = pair["runner_up"]
    near = "no other comes near" if runner_up is None else f"the next best candidate has {runner_up * 100:.0f}"
    console.print(f"{pair['evidence']}; {near}.", markup=False)


@contextmanager
def keys() -> Iterator[Callable[[], str]]:
    """Give the callable that waits for one key, in lower case; the arrows are n and p. Keys are not echoed meanwhile.

    What was typed ahead is not lost. The callable raises KeyboardInterrupt for Ctrl-C, EOFError when input ends.
    """
    try:
        import termios
        import tty
    except ImportError:  # Windows
        import msvcrt

        yield lambda: str(msvcrt.getwch()).lower()  # type: ignore[attr-defined]
        return
    stream = sys.stdin.fileno()
    before = termios.tcgetattr(stream)
    try:
        tty.setcbreak(stream, termios.TCSADRAIN)
        yield _typed
    finally:
        termios.tcsetattr(stream, termios.TCSADRAIN, before)


def _typed() -> str:
    key = sys.stdin.read(1)
    if not key:
        raise EOFError
    return ARROWS.get(sys.stdin.read(2), "") if key == "\x1b" else key.lower()


def _print_counts(console: Console, object_name: str, rows: pl.DataFrame) -> None:
    wide = rows.pivot(on="side", index=["record_class", "title"], values="records", maintain_order=True)
    table = Table(title=object_name, title_justify="left", box=None, pad_edge=False, header_style="bold")
    sides = [side for side in SIDES if side in wide.columns]
    for name in ("Class", "", *(SIDES[side] for side in sides)):
        table.add_column(name, justify="right" if name in SIDES.values() else "left", no_wrap=True)
    for row in wide.to_dicts():
        figures = [f"{row[side] or 0:,}" for side in sides]
        table.add_row(row["title"], Text(row["record_class"], style="dim"), *figures)
    table.add_row("All records", "", *(f"{wide[side].sum():,}" for side in sides), style="bold")
    console.print(table)
    console.print()


def _marked(spans: tuple[Span, ...]) -> Text:
    return Text.assemble(*((span.text, DIFFERS if span.differs else "") for span in spans)) if spans else Text("—")
