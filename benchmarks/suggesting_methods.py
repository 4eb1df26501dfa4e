"""The methods that `suggesting.py` compares, each run alone: `python suggesting_methods.py METHOD FOLDER`.

Writes here_id, there_id, score and rank of the best candidates into FOLDER, and prints CPU seconds and peak memory.
What only one method needs is imported by it, because another Python may run this.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

TOP = 5


def main() -> None:
    method, folder = sys.argv[1], Path(sys.argv[2])
    METHODS[method](folder, folder / f"{method}.csv")


def told(started: float) -> None:
    """Print what was spent since."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu": time.process_time() - started, "mb": peak}))


def sides(folder: Path, *, traits: bool):
    """Return both lists as the toolkit has them."""
    import polars as pl

    here, there = (pl.read_csv(folder / f"{side}.csv", infer_schema_length=0) for side in ("here", "there"))
    names = {"name": "Name", "domain": "Website", "city": "BillingCity", "country": "BillingCountry"}
    there = there.rename(names)
    return (here, there) if traits else (here.select("id", "name"), there.select("id", "Name"))


def mapped():
    """Return a mapping of accounts without any rule."""
    from toolkit.config.objects import ObjectMapping

    return ObjectMapping.model_validate({"sobject": "Account"}).named("account")


def ours(folder: Path, out: Path, *, traits: bool = False) -> None:
    from toolkit.matching.suggest import suggest

    here, there = sides(folder, traits=traits)
    started = time.process_time()
    found = suggest(here, there, mapped(), least=0.0)
    told(started)
    found.select("here_id", "there_id", "score", "rank").write_csv(out)


def all_grams(folder: Path, out: Path) -> None:
    import numpy as np
    import polars as pl
    from sparse_dot_topn import sp_matmul_topn

    from toolkit.matching.names import core_name
    from toolkit.matching.suggest_features import grams, plain
    from toolkit.matching.suggest_scores import normed, rarity

    here, there = sides(folder, traits=False)
    started = time.process_time()
    features = tuple(grams(plain(core_name(names))) for names in (here["name"], there["Name"]))
    left, right = (normed(each, rarity(features)) for each in features)
    top = sp_matmul_topn(left, right.T.tocsr(), top_n=TOP, threshold=0.0, sort=True, n_threads=1)
    told(started)
    rows = np.repeat(np.arange(here.height), np.diff(top.indptr))
    rank = np.concatenate([np.arange(1, size + 1) for size in np.diff(top.indptr)])
    pl.DataFrame(
        {"here_id": here["id"][rows], "there_id": there["id"][top.indices], "score": top.data, "rank": rank}
    ).write_csv(out)


def blocking(folder: Path, out: Path) -> None:
    import numpy as np
    import polars as pl
    from rapidfuzz import fuzz, process

    from toolkit.matching.names import core_name

    here, there = sides(folder, traits=False)
    started = time.process_time()
    words = []
    for side, column in ((here, "name"), (there, "Name")):
        names = side.select(core_name(side[column]).alias("name").fill_null("")).with_row_index("row")
        split = (
            names.with_columns(word=pl.col("name").str.split(" "))
            .explode("word")
            .filter(pl.col("word").str.len_chars() > 2)
        )
        keys = pl.concat([split.select("row", key="word"), split.select("row", key=pl.col("word").str.slice(0, 4))])
        words.append((names, keys.unique()))
    rare = [keys.group_by("key").len().filter(pl.col("len") <= 60).select("key") for _, keys in words]
    kept = [keys.join(each, on="key", how="semi") for (_, keys), each in zip(words, rare, strict=True)]
    pairs = kept[0].join(kept[1], on="key", suffix="_there").select("row", "row_there").unique()
    texts = [np.array(names["name"].to_list(), dtype=object) for names, _ in words]
    score = process.cpdist(
        texts[0][pairs["row"].to_numpy()], texts[1][pairs["row_there"].to_numpy()], scorer=fuzz.token_sort_ratio,
        dtype=np.float32,
    )  # fmt: skip
    ranked = pairs.with_columns(score=pl.Series(score)).sort(
        "row", "score", "row_there", descending=[False, True, False]
    )
    best = ranked.with_columns(rank=pl.int_range(1, pl.len() + 1).over("row")).filter(pl.col("rank") <= TOP)
    told(started)
    ids = {"here_id": here["id"][best["row"]], "there_id": there["id"][best["row_there"]]}
    pl.DataFrame({**ids, "score": best["score"], "rank": best["rank"]}).write_csv(out)


def string_grouper(folder: Path, out: Path) -> None:
    import pandas as pd
    from string_grouper import match_strings

    here, there = (pd.read_csv(folder / f"{side}.csv", keep_default_na=False) for side in ("here", "there"))
    started = time.process_time()
    found = match_strings(
        here["name"], there["name"], master_id=here["id"], duplicates_id=there["id"], max_n_matches=TOP,
        min_similarity=0.3,
    )  # fmt: skip
    told(started)
    found = found.sort_values(["left_id", "similarity", "right_id"], ascending=[True, False, True])
    found["rank"] = found.groupby("left_id").cumcount() + 1
    columns = {"left_id": "here_id", "right_id": "there_id", "similarity": "score", "rank": "rank"}
    found[list(columns)].rename(columns=columns).to_csv(out, index=False)


METHODS: dict[str, Callable[[Path, Path], None]] = {
    "ours": ours,
    "ours_traits": lambda folder, out: ours(folder, out, traits=True),
    "all_grams": all_grams,
    "blocking": blocking,
    "string_grouper": string_grouper,
}

if __name__ == "__main__":
    main()
