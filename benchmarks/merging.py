"""What merging takes: the rows of a plan, and the base of the next one. Nothing here is a test.

    python benchmarks/merging.py            100,000 and 1,000,000 records of 20 fields
    python benchmarks/merging.py 100000     only that many

One record in a hundred differs in each field. CPU seconds are those of all threads together, the lower of two runs;
memory is the process's high-water mark, the records of both sides included.
"""

import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import polars as pl

from toolkit.config.objects import Direction, FieldMapping, ObjectMapping
from toolkit.salesforce.describe import FieldDescribe, ObjectDescribe
from toolkit.writeback.planning.merge import merge, new_base
from toolkit.writeback.planning.sides import Sides

SIZES = (100_000, 1_000_000)
KINDS = (*["double"] * 6, *["string"] * 8, *["date"] * 3, *["boolean"] * 2, "picklist")
DIRECTIONS: tuple[Direction, ...] = ("output", "two_way", "input")


def main(sizes: tuple[int, ...]) -> None:
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}"
    )
    print(f"{'records':>9} {'changes':>9} {'merge CPU s':>12} {'base CPU s':>11} {'peak MB':>8}", flush=True)
    for size in sizes:
        subprocess.run([sys.executable, __file__, str(size)], check=True)


def measure(size: int) -> None:
    sides = sample(size)
    rows, merging = quickest(lambda: merge(sides))
    _, basing = quickest(lambda: new_base(sides))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{size:>9,} {rows.height:>9,} {merging:>12.2f} {basing:>11.2f} {peak:>8,.0f}", flush=True)


def quickest(step: Callable[[], pl.DataFrame]) -> tuple[pl.DataFrame, float]:
    """Return what a step gives and the CPU seconds of the quicker of two runs."""
    taken = []
    for _ in range(2):
        started = time.process_time()
        made = step()
        taken.append(time.process_time() - started)
    return made, min(taken)


def sample(size: int) -> Sides:
    """Return sides of `size` linked records that agreed once, on what Salesforce holds now."""
    number = pl.int_range(size, eager=True)
    here_id, there_id = ("P-" + number.cast(pl.String).str.zfill(8), "001dM0000" + number.cast(pl.String).str.zfill(9))
    fields = tuple(
        FieldMapping(here=f"f{place}", there=f"F{place}__c", direction=DIRECTIONS[place % 3])
        for place in range(len(KINDS))
    )
    facts = {f"F{place}__c": FieldDescribe(f"F{place}__c", type=kind, scale=2) for place, kind in enumerate(KINDS)}
    there = pl.DataFrame(
        {
            "id": there_id,
            "Name": "Customer " + here_id,
            **{f"F{place}__c": values(number, kind, place) for place, kind in enumerate(KINDS)},
        }
    )
    here = pl.DataFrame(
        {"id": here_id} | {f"f{place}": values(number, kind, place, edited=True) for place, kind in enumerate(KINDS)}
    )
    agreed = here.with_columns(there[f"F{place}__c"].alias(f"f{place}") for place in range(len(KINDS)))
    links = pl.DataFrame({"here_id": here_id, "there_id": there_id}).with_columns(object=pl.lit("account"))
    describe = ObjectDescribe("Account", "Account", {"Name": FieldDescribe("Name"), **facts})
    mapping = ObjectMapping.model_validate({"match": ["external_id = Name"], "fields": fields})
    sides = Sides("account", mapping, describe, links, agreed, there)
    return replace(sides, here=here, base=new_base(sides))


def values(number: pl.Series, kind: str, place: int, *, edited: bool = False) -> pl.Series:
    """Return the values of one field; when `edited`, one record in a hundred holds another one."""
    plain = (number * 7 + place) % 1000
    moved = plain + ((number % 100) == place).cast(pl.Int64) if edited else plain
    if kind == "double":
        return moved / 4
    if kind == "boolean":
        return moved % 2 == 0
    if kind == "date":
        return pl.select(pl.date(2020, 1, 1) + pl.duration(days=pl.lit(moved))).to_series()
    return "value " + moved.cast(pl.String)


if __name__ == "__main__":
    asked = tuple(int(each) for each in sys.argv[1:])
    if len(asked) == 1:
        measure(*asked)
    else:
        main(asked or SIZES)
