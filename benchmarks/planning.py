"""What a plan takes beside the bare comparison of the same frames. Nothing here is a test.

    python benchmarks/planning.py            100,000 and 1,000,000 accounts of 20 mapped fields
    python benchmarks/planning.py 100000     only that many

Of the accounts 15 % changed, each in one to five of its fields: in half of the fields here, which go to Salesforce, in
the others there. Planning is `make_plan`, which merges three ways, judges every row against describe, orders, prices
and digests them. The bare comparison joins the two sides by their link, compares each column with `ne_missing`, and
collects the cells that differ in long form, as text. Each runs in a process of its own, which reads the same Parquet
files; seconds are of the step alone, the lower of three runs, and memory is the process's high-water mark.
"""

import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from toolkit.config.objects import FieldMapping, ObjectMapping
from toolkit.salesforce.describe import FieldDescribe, ObjectDescribe
from toolkit.values import to_text
from toolkit.writeback.planning.merge import new_base
from toolkit.writeback.planning.plan import Plan, make_plan
from toolkit.writeback.planning.sides import Sides

SIZES = (100_000, 1_000_000)
KINDS = (*["double"] * 6, *["string"] * 8, *["date"] * 3, *["boolean"] * 2, "picklist")
CHANGED = 15
"""Of a hundred accounts."""
RUNS = 3
ORG = "00DdM0000000001UAA"


def main(sizes: tuple[int, ...]) -> None:
    """Print a table of what planning and the bare comparison take at each size."""
    print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores", flush=True)
    print(f"{'accounts':>9} {'step':>8} {'rows':>9} {'seconds':>8} {'CPU s':>7} {'peak MB':>8}", flush=True)
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            for step in ("make", "bare", "plan"):
                subprocess.run([sys.executable, __file__, step, str(size), folder], check=True)


def step(name: str, size: int, folder: Path) -> None:
    """Do one step in this process."""
    if name == "make":
        make(size, folder)
        return
    here, there, links = (pl.read_parquet(folder / f"{each}.parquet") for each in ("here", "there", "links"))
    if name == "bare":
        rows, wall, cpu = quickest(lambda: bare(here, there, links).height)
    else:
        base = pl.read_parquet(folder / "base.parquet")
        sides = Sides("account", mapping(), describe(), links, here, there, base)
        rows, wall, cpu = quickest(lambda: plan(sides).changes.height)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{size:>9,} {name:>8} {rows:>9,} {wall:>8.2f} {cpu:>7.2f} {peak:>8,.0f}", flush=True)


def quickest(run: Callable[[], int]) -> tuple[int, float, float]:
    """Return what a step gives, and the lowest seconds and CPU seconds of its runs."""
    walls, cpus, given = [], [], 0
    for _ in range(RUNS):
        wall, cpu = time.perf_counter(), time.process_time()
        given = run()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return given, min(walls), min(cpus)


def plan(sides: Sides) -> Plan:
    """Return the plan of the sides."""
    return make_plan([sides], org_id=ORG, org_name="Benchmark", created_at=datetime(2026, 11, 2, 8, tzinfo=UTC))


def bare(here: pl.DataFrame, there: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """Return the cells in which two linked records differ: here_id, there_id, field, and both values as text."""
    names = [f"f{place}" for place in range(len(KINDS))]
    sided = there.rename({f"F{place}__c": f"there {place}" for place in range(len(KINDS))})
    joined = links.join(here, left_on="here_id", right_on="id").join(sided, left_on="there_id", right_on="id")
    parts = []
    for place, (name, kind) in enumerate(zip(names, KINDS, strict=True)):
        differs = joined.filter(pl.col(name).ne_missing(pl.col(f"there {place}")))
        texts = {
            "here": to_text(pl.col(name), joined.schema[name], kind, 2),
            "there": to_text(pl.col(f"there {place}"), joined.schema[name], kind, 2),
        }
        parts.append(differs.select("here_id", "there_id", field=pl.lit(name), **texts))
    return pl.concat(parts)


def mapping() -> ObjectMapping:
    """Return the mapping: every other field goes out, the others come in."""
    fields = tuple(
        FieldMapping(here=f"f{place}", there=f"F{place}__c", direction="input" if place % 2 else "output")
        for place in range(len(KINDS))
    )
    return ObjectMapping.model_validate({"match": ["external_id = Name"], "fields": fields}).named("account")


def describe() -> ObjectDescribe:
    """Return the describe of the Salesforce side."""
    chosen = {"picklist": tuple(f"value {number}" for number in range(1001))}
    facts = {
        f"F{place}__c": FieldDescribe(
            f"F{place}__c", type=kind, length=80, precision=16, scale=2, picklist_values=chosen.get(kind, ())
        )
        for place, kind in enumerate(KINDS)
    }
    return ObjectDescribe("Account", "Account", {"Name": FieldDescribe("Name", length=255), **facts})


def make(size: int, folder: Path) -> None:
    """Write the frames of both sides, of what they agreed on last, and of their links."""
    number = pl.int_range(size, eager=True)
    here_id, there_id = ("P-" + number.cast(pl.String).str.zfill(8), "001dM0000" + number.cast(pl.String).str.zfill(9))
    plain = {place: values(number, kind, place) for place, kind in enumerate(KINDS)}
    moved = {place: values(number, kind, place, moved=changed(number, place)) for place, kind in enumerate(KINDS)}
    named = {"id": there_id, "Name": "Customer " + here_id}
    agreed = pl.DataFrame({"id": here_id} | {f"f{place}": value for place, value in plain.items()})
    there_before = pl.DataFrame(named | {f"F{place}__c": value for place, value in plain.items()})
    here = pl.DataFrame(
        {"id": here_id} | {f"f{place}": (plain if place % 2 else moved)[place] for place in range(len(KINDS))}
    )
    there = pl.DataFrame(
        named | {f"F{place}__c": (moved if place % 2 else plain)[place] for place in range(len(KINDS))}
    )
    links = pl.DataFrame({"here_id": here_id, "there_id": there_id}).with_columns(object=pl.lit("account"))
    base = new_base(Sides("account", mapping(), describe(), links, agreed, there_before))
    for name, frame in (("here", here), ("there", there), ("base", base), ("links", links)):
        frame.write_parquet(folder / f"{name}.parquet")


def changed(number: pl.Series, place: int) -> pl.Series:
    """Return which records changed in a field: 15 in a hundred, each in one to five fields that follow each other."""
    spread = number * 7919 % 100
    first, many = number * 31 % len(KINDS), number % 5 + 1
    return (spread < CHANGED) & ((place - first) % len(KINDS) < many)


def values(number: pl.Series, kind: str, place: int, moved: pl.Series | None = None) -> pl.Series:
    """Return the values of one field, another one where it moved."""
    plain = (number * 7 + place) % 1000
    if moved is not None:
        plain = plain + moved.cast(pl.Int64)
    if kind == "double":
        return plain / 4
    if kind == "boolean":
        return plain % 2 == 0
    if kind == "date":
        return pl.select(pl.date(2020, 1, 1) + pl.duration(days=pl.lit(plain))).to_series()
    return "value " + plain.cast(pl.String)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        step(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
    else:
        main(tuple(int(each) for each in sys.argv[1:]) or SIZES)
