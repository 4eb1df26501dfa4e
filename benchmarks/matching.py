"""Matching 1,000,000 records here with 1,000,000 in Salesforce, exactly, beside one bare join of the same keys.

Nine in ten carry an external id on both sides; the rest can only be known by the domain of their website, or not at
all. The bare join is polars' own, of the columns as they are: no normaliser, no look for doubles, no reasons. Both run
in this process, one after the other; the best of three is told. Run: python benchmarks/matching.py [records]
"""

import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import polars as pl

from toolkit.config.objects import ObjectMapping
from toolkit.matching.match import match

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
MAPPING = ObjectMapping(match=("external_id = Product_Id__c", "domain(website) = domain(Website)"))
RUNS = 3


def sides(records: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    number = pl.int_range(records, eager=True).alias("number")
    keyed = number % 10 != 0
    key, name = pl.format("P-{}", "number"), pl.format("Company {}", "number")
    site = pl.format("https://www.company{}.com/about", "number")
    here = number.to_frame().select(
        id=key, external_id=pl.when(keyed).then(key), name=name, website=pl.format("company{}.com", "number")
    )
    there = number.to_frame().sample(fraction=1, shuffle=True, seed=1).select(
        id=pl.format("001dM{}QAW", pl.col("number").cast(pl.String).str.zfill(10)),
        Product_Id__c=pl.when(pl.col("number") % 10 != 0).then(key), Name=name,
        Website=pl.when(pl.col("number") % 20 != 0).then(site),
    )  # fmt: skip
    return here, there.sort("id")


def timed(work: Callable[[], pl.DataFrame]) -> tuple[float, float, int]:
    best = (float("inf"), float("inf"), 0)
    for _ in range(RUNS):
        wall, cpu = time.perf_counter(), time.process_time()
        rows = work().height
        best = min(best, (time.perf_counter() - wall, time.process_time() - cpu, rows))
    return best


def main(records: int) -> None:
    here, there = sides(records)
    first = timed(lambda: here.join(there, left_on="external_id", right_on="Product_Id__c", how="left"))
    both = timed(lambda: bare(here, there))
    ours = timed(lambda: match(here, there, MAPPING, None, NOW).links)
    again = match(here, there, MAPPING, None, NOW).links
    rerun = timed(lambda: match(here, there, MAPPING, again, NOW).links)
    print(f"{records:,} x {records:,}; {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB at the most")
    print("| what | s | CPU s | pairs | times the bare join |\n| --- | ---: | ---: | ---: | ---: |")
    for what, (wall, cpu, rows) in {
        "one bare join, of external ids": first, "the bare join of ids, then of websites": both, "match": ours,
        "match again, all links standing": rerun,
    }.items():  # fmt: skip
        print(f"| {what} | {wall:.2f} | {cpu:.2f} | {rows:,} | {wall / both[0]:.1f}, {cpu / both[1]:.1f} CPU |")


def bare(here: pl.DataFrame, there: pl.DataFrame) -> pl.DataFrame:
    """Join on the id, and what has none on the website, as the columns are."""
    by_id = here.join(there, left_on="external_id", right_on="Product_Id__c", how="left", suffix="_there")
    rest = by_id.filter(pl.col("id_there").is_null()).select(here.columns)
    return pl.concat([by_id.select("id"), rest.join(there, left_on="website", right_on="Website", how="left").select("id")])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
