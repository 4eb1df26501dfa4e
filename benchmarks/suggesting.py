"""Suggestions beside other methods, on companies made up here and written twice. Nothing here is a test.

    python benchmarks/suggesting.py                           100,000 x 100,000, ours and the methods that are installed
    python benchmarks/suggesting.py 10000                     fewer
    python benchmarks/suggesting.py --peer PYTHON             string_grouper by another Python that has it

string_grouper 0.8 asks for an older pandas than the toolkit: `uv venv peer; uv pip install --python peer/bin/python
string-grouper==0.8.0`, then `--peer peer/bin/python`. Each method runs in a process of its own on the same two files.
All get the names only; ours also runs with domain, city and country. Ours keeps all scores here (`least=0`): what the
queue shows by default is what the bands from 0.65 on say. CPU seconds are those of all threads together,
from the names to the pairs; memory is the process's high-water mark.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import polars as pl
from company_names import company_lists

SIZE = 100_000
TOP = 5
BANDS = (0.0, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.01)
HERE = Path(__file__).parent
METHODS = {
    "ours": "names alone",
    "ours_traits": "names, domain, city and country",
    "all_grams": "TF-IDF of all character 3-grams, sparse_dot_topn",
    "blocking": "polars blocks of rare words, rapidfuzz token sort",
    "string_grouper": "string_grouper 0.8",
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("size", nargs="?", type=int, default=SIZE)
    options.add_argument("--peer", default="", help="the Python that has string_grouper")
    options.add_argument("--only", default="", help="one method")
    asked = options.parse_args()
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}"
    )
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        lists = company_lists(asked.size)
        lists.here.write_csv(folder / "here.csv")
        lists.there.write_csv(folder / "there.csv")
        lists.pairs.write_csv(folder / "pairs.csv")
        print(f"{'method':<52} {'recall@1':>9} {'recall@5':>9} {'CPU s':>7} {'peak MB':>8}", flush=True)
        for method, about in METHODS.items():
            if asked.only in ("", method) and (method != "string_grouper" or asked.peer):
                report(method, about, folder, asked.peer or sys.executable)


def report(method: str, about: str, folder: Path, peer: str) -> None:
    """Run a method in a process of its own and print how many of the true pairs it found, and at what cost."""
    python = peer if method == "string_grouper" else sys.executable
    command = [python, str(HERE / "suggesting_methods.py"), method, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{about:<52} failed: {done.stderr.strip().splitlines()[-1]}")
        return
    spent = json.loads(done.stdout.splitlines()[-1])
    found = pl.read_csv(folder / f"{method}.csv", infer_schema_length=0)
    found = found.with_columns(pl.col("score").cast(pl.Float64), pl.col("rank").cast(pl.Int64))
    pairs = pl.read_csv(folder / "pairs.csv").join(found, on=["here_id", "there_id"], how="left")
    first, best = ((pairs["rank"] <= most).fill_null(value=False).mean() for most in (1, TOP))
    print(f"{about:<52} {first:>9.4f} {best:>9.4f} {spent['cpu']:>7.1f} {spent['mb']:>8,.0f}", flush=True)
    if method.startswith("ours"):
        precision(found, pairs)
    if method == "ours_traits":
        unreviewed(folder)


def precision(found: pl.DataFrame, pairs: pl.DataFrame) -> None:
    """Print how many of the first candidates are right, by their score."""
    best = found.filter(pl.col("rank") == 1)
    truth = pairs.select("here_id", "there_id", right=pl.lit(value=True))
    judged = best.join(truth, on=["here_id", "there_id"], how="left").with_columns(
        pl.col("right").fill_null(value=False)
    )
    for low, high in pairwise(BANDS):
        band = judged.filter(pl.col("score").is_between(low, high, closed="left"))
        if band.height:
            print(
                f"    score {low:.2f} to {min(high, 1):.2f}: {band.height:>7,} firsts, right {band['right'].mean():.3f}"
            )


def unreviewed(folder: Path) -> None:
    """Print the precision of what match rules link without a person: equal names with a second field that agrees."""
    from datetime import UTC, datetime

    from suggesting_methods import mapped, sides

    from toolkit.config.match_rules import MatchRule
    from toolkit.matching.match import match

    here, there = sides(folder, traits=True)
    pairs = pl.read_csv(folder / "pairs.csv")
    rules = (
        "domain(domain) = domain(Website) and name(name) = name(Name)",
        "name(name) = name(Name) and city = BillingCity",
    )
    for chosen in ((rules[0],), rules, ("name(name) = name(Name)",)):
        mapping = mapped().model_copy(update={"match": tuple(MatchRule.model_validate(rule) for rule in chosen)})
        links = match(here, there, mapping, None, datetime(2026, 11, 2, tzinfo=UTC)).links
        right = links.join(pairs, on=["here_id", "there_id"], how="semi").height
        print(f"    linked unasked by {' | '.join(chosen)}: {links.height:,}, right {right / max(links.height, 1):.5f}")


if __name__ == "__main__":
    main()
