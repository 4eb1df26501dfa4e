"""Matching 1,000,000 records here with 1,000,000 in Salesforce, exactly, beside one bare join of the same keys.

Nine in ten carry an external id on both sides; the rest can only be known by the domain of their website, or not at
all. The bare join is polars' own, of the columns as they are: no normaliser, no second rule, no look for doubles, no
reasons. All run in this process, one after the other; the best of three is told. Run: python benchmarks/matching.py [n]
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
    """Return records with the keys and a dozen fields besides, as the store has them: sorted by their ids."""
    number = pl.int_range(records, eager=True).alias("number")
    keyed = pl.col("number") % 10 != 0
    key, name = pl.format("P-{}", pl.col("number").cast(pl.String).str.zfill(8)), pl.format("Company {}", "number")
    site = pl.format("https://www.company{}.com/about", "number")
    texts = {f"text_{field}": pl.format("value {} of {}", pl.lit(field), pl.col("number") % 1000) for field in range(6)}
    figures = {f"figure_{field}": pl.col("number") * (field + 0.5) for field in range(6)}
    here = number.to_frame().select(
        id=key, external_id=pl.when(keyed).then(key), name=name, website=pl.format("company{}.com", "number"),
        **texts, **figures,
    )  # fmt: skip
    record_id = pl.format("001dM{}QAW", ((pl.col("number") * 7_919) % records).cast(pl.String).str.zfill(10))
    there = number.to_frame().select(
        id=record_id, Product_Id__c=pl.when(keyed).then(key), Name=name,
        Website=pl.when(pl.col("number") % 20 != 0).then(site), **texts, **figures,
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
    alone = timed(lambda: by_id(here.select("id", "external_id"), there.select("id", "Product_Id__c")))
    whole = timed(lambda: by_id(here, there))
    both = timed(lambda: by_id_and_site(here, there))
    ours = timed(lambda: match(here, there, MAPPING, None, NOW).links)
    standing = match(here, there, MAPPING, None, NOW).links
    again = timed(lambda: match(here, there, MAPPING, standing, NOW).links)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{records:,} x {records:,}; {peak:,.0f} MB at the most")
    print("| what | s | CPU s | rows | times the join by both keys: s, CPU |\n| --- | ---: | ---: | ---: | ---: |")
    for what, (wall, cpu, rows) in {
        "bare join by the id, of ids and keys alone": alone, "bare join by the id, of the records": whole,
        "bare join by both keys, of the records": both, "match by external id, then by domain": ours,
        "match again, every link standing": again,
    }.items():  # fmt: skip
        print(f"| {what} | {wall:.2f} | {cpu:.2f} | {rows:,} | {wall / both[0]:.1f}, {cpu / both[1]:.1f} |")


def by_id(here: pl.DataFrame, there: pl.DataFrame) -> pl.DataFrame:
    """Return both sides joined on the id, each record of either side in it, as the inspector accounts for them."""
    return here.join(there, left_on="external_id", right_on="Product_Id__c", how="full", suffix="_there")


def by_id_and_site(here: pl.DataFrame, there: pl.DataFrame) -> pl.DataFrame:
    """Join on the id, and what is left of either side on the website as it is written."""
    joined = by_id(here, there)
    left = joined.filter(pl.col("id_there").is_null()).select(here.columns)
    right = there.join(here, left_on="Product_Id__c", right_on="external_id", how="anti")
    rest = left.join(right, left_on="website", right_on="Website", how="full", suffix="_there")
    return pl.concat(
        [joined.filter(pl.col("id").is_not_null() & pl.col("id_there").is_not_null()), rest], how="diagonal"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
