"""What a commit will spend, before it spends it: API calls, Bulk jobs, bytes (BEY-7), and the way each write goes.

    collections   200 records a call, answered at once: up to two calls
    composite     five collections in one call: from the third call on
    bulk          a handful of calls a job however large: from ``bulk_from`` records on

Every call counts against the org's daily allowance, also those of Bulk (the jobs' rows do not). Where the usual way
would need more calls than are left, the cheapest of the three is taken.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import polars as pl

from toolkit.errors import LimitError, PlanError
from toolkit.writeback.planning.nesting import with_depth
from toolkit.writeback.planning.operations import CREATE
from toolkit.writeback.planning.structural_cost import OTHER_WAYS, spent_otherwise

Via = Literal["collections", "composite", "bulk"]

RECORDS_PER_CALL = 200
RECORDS_PER_COMPOSITE = 1_000
COMPOSITE_FROM = 401
"""Up to two calls are made as they are: what is in doubt when one breaks off is less, and it is answered sooner."""
RECORDS_PER_READ = 2_000
CALLS_PER_JOB = 5  # create, upload, close, results, delete
POLLS_PER_JOB = 3
"""A guess: a job is asked about until it is done."""
RECORDS_PER_JOB = 100_000
"""A job is better large, but its records were read before it begins, and get old."""
BYTES_PER_JOB = 100_000_000
BYTES_AROUND_VALUE = 3  # quotes and comma, or a JSON name on average
ID_LENGTH = 18


@dataclass(frozen=True)
class Part:
    """What the records of one object cost: those that are changed, those that are created, or those deleted."""

    object: str
    records: int
    via: Via
    read_calls: int
    write_calls: int
    jobs: int
    bytes: int
    operation: str = "update"

    def __str__(self) -> str:
        if self.operation in OTHER_WAYS:
            return OTHER_WAYS[self.operation].format(self.records, self.object)
        what = {"create": "new ", "delete": "deleted "}.get(self.operation, "")
        ways = {"collections": "REST collections", "composite": "REST collections, five in a call"}
        way = ways.get(self.via, f"{self.jobs} Bulk job{'s' if self.jobs > 1 else ''}")
        return f"{self.records:,} {what}{self.object} records through {way}"


@dataclass(frozen=True)
class Cost:
    """What a commit is expected to spend. ``left`` is what the org and the connection still allow, None if unknown.

    ``traced`` are the objects of which it is asked what changed, see `predict`.
    """

    parts: tuple[Part, ...] = ()
    left: int | None = None
    traced: tuple[str, ...] = ()

    @property
    def calls(self) -> int:
        """API calls in all: reading the records again, then writing them."""
        return sum(part.read_calls + part.write_calls for part in self.parts)

    @property
    def jobs(self) -> int:
        """Bulk jobs in all."""
        return sum(part.jobs for part in self.parts)

    @property
    def bytes(self) -> int:
        """Bytes sent, roughly."""
        return sum(part.bytes for part in self.parts)

    def via(self, object_name: str, operation: str = "update") -> Via:
        """Return the way the records of an object are changed, created or deleted."""
        mine = [part for part in self.parts if (part.object, part.operation) == (object_name, operation)]
        return mine[0].via if mine else "collections"

    def __str__(self) -> str:
        if not self.parts:
            return "no API calls"
        about = "about " if self.jobs else ""
        left = f"; {self.left:,} left" if self.left is not None else ""
        return (
            f"{about}{self.calls:,} API call{'s' if self.calls != 1 else ''} ({', '.join(map(str, self.parts))}){left}"
        )

    def to_json(self) -> dict[str, Any]:
        """Return the cost as JSON values."""
        return {"parts": [asdict(part) for part in self.parts], "left": self.left, "traced": [*self.traced]}

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "Cost":
        """Return the cost of what `to_json` gave."""
        return cls(tuple(Part(**part) for part in given["parts"]), given["left"], tuple(given.get("traced", ())))


def predict(changes: pl.DataFrame, bulk_from: int, left: int | None = None, traced: Collection[str] = ()) -> Cost:
    """Return what writing the rows of `changes` with the verdict ``write`` would spend.

    `left` are the calls that may still be made today, where that is known. Of the objects in `traced` a Bulk job asks
    what changed since the last pull, which is one call, instead of reading every record again.
    """
    there = changes.filter((pl.col("verdict") == "write") & (pl.col("side") == "there"))
    special = pl.col("operation").is_in(list(OTHER_WAYS))
    counted = (
        there.filter(~special)
        .with_columns(
            pl.col("operation").replace("clear", "update"),
            _record=pl.coalesce("there_id", "here_id"),
            _bytes=pl.col("after").str.len_bytes().fill_null(4) + BYTES_AROUND_VALUE,
        )
        .group_by("object", "operation")
        .agg(pl.col("_record").n_unique().alias("records"), pl.col("_bytes").sum().alias("bytes"))
        .sort("object", "operation")
    )
    levels = _levels(there.filter(pl.col("operation") == CREATE))
    parts = [
        _part(
            name,
            operation,
            levels.get(name, [records]) if operation == CREATE else [records],
            size,
            bulk_from,
            left,
            name in traced,
        )
        for name, operation, records, size in counted.iter_rows()
    ]
    others = [
        Part(str(name), records, "collections", reads, calls, 0, 0, str(operation))
        for (name, operation), rows in there.filter(special).partition_by("object", "operation", as_dict=True).items()
        for records, reads, calls in [spent_otherwise(str(operation), rows)]
    ]
    others.sort(key=lambda part: (part.object, part.operation))
    return Cost((*parts, *others), left, tuple(sorted(traced)))


def refuse_if_too_dear(cost: Cost, cap: int | None) -> None:
    """Raise before anything is spent: PlanError over the mapping file's `cap`, LimitError over what is left."""
    if cap is not None and cost.calls > cap:
        raise PlanError(
            f"The commit needs about {cost.calls:,} API calls; max_api_calls allows {cap:,}. Nothing was written.",
            hint="Raise max_api_calls under [writeback] in the mapping file, lower bulk_from, or commit fewer records.",
        )
    if cost.left is not None and cost.calls > cost.left:
        raise LimitError(
            f"The commit needs about {cost.calls:,} API calls; only {cost.left:,} are left. Nothing was written.",
            hint="Wait until the allowance is renewed (it counts the last 24 hours), or commit fewer records.",
            code="REQUEST_LIMIT_EXCEEDED",
        )


def _levels(created: pl.DataFrame) -> dict[str, list[int]]:
    """How many new records of each object go at once: each level of a hierarchy waits for the one above it."""
    if created.is_empty():
        return {}
    counted = (
        with_depth(created, "_depth").group_by("object", "_depth").agg(pl.col("here_id").n_unique()).sort("_depth")
    )
    return {
        str(name): rows["here_id"].to_list() for (name,), rows in counted.partition_by("object", as_dict=True).items()
    }


def _part(
    object_name: str,
    operation: str,
    levels: Sequence[int],
    value_bytes: int,
    bulk_from: int,
    left: int | None,
    is_traced: bool,
) -> Part:
    records = sum(levels)
    size = value_bytes + records * (ID_LENGTH + BYTES_AROUND_VALUE)
    # Of an object that gets new records, the newest is asked for before, and the new ones are read afterwards.
    reads = sum(math.ceil(each / RECORDS_PER_READ) for each in levels) + (operation == CREATE)
    jobs = max(math.ceil(records / RECORDS_PER_JOB), math.ceil(size / BYTES_PER_JOB)) + len(levels) - 1
    calls: dict[Via, int] = {
        "collections": sum(math.ceil(each / RECORDS_PER_CALL) for each in levels),
        "composite": sum(math.ceil(each / RECORDS_PER_COMPOSITE) for each in levels),
        "bulk": jobs * (CALLS_PER_JOB + POLLS_PER_JOB),
    }
    via: Via = "bulk" if records >= bulk_from else "composite" if records >= COMPOSITE_FROM else "collections"
    if left is not None and reads + calls[via] > left:
        via = min(calls, key=lambda each: calls[each])
    if via == "bulk" and is_traced and operation == "update":
        reads = math.ceil(records / RECORDS_PER_JOB)
    return Part(object_name, records, via, reads, calls[via], jobs if via == "bulk" else 0, size, operation)


def allowed(*limits: int | None) -> int | None:
    """Return the smallest of the limits that are known, or None."""
    known: Sequence[int] = [each for each in limits if each is not None]
    return min(known) if known else None
