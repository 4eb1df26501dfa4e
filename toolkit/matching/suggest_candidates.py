"""Which names of one list may be which of the other: few candidates for each, found without comparing all with all.

Names meet in the features they share. A feature that many names have says little and costs most, so those that would
make too many meetings are left out here; the exact score that follows knows them all. Two searches run beside each
other, by words and by grams, and each gives its best for every name: what one overlooks the other finds.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sparse_dot_topn import sp_matmul_topn

from toolkit.matching.suggest_features import Features, Longs


@dataclass(frozen=True)
class Search:
    """Features of both lists, and how often a feature may occur: the most names here times names there."""

    here: Features
    there: Features
    most: int
    best: int
    """Candidates that the search gives for a name."""


def candidates(searches: list[Search]) -> tuple[Longs, Longs]:
    """Return pairs of positions (here, there), each once and sorted: what the searches find."""
    width = max(searches[0].there.names, 1)
    keys = np.sort(np.concatenate([_found(search, width) for search in searches]))
    keys = keys[np.diff(keys, prepend=-1) > 0]
    return keys // width, keys % width


def _found(search: Search, width: int) -> Longs:
    here, there = _selective(search)
    if not here.nnz or not there.nnz:
        return np.empty(0, np.int64)
    top = sp_matmul_topn(here, there.T.tocsr(), top_n=search.best, threshold=0.0, sort=False, n_threads=1)
    rows = np.repeat(np.arange(top.shape[0], dtype=np.int64), np.diff(top.indptr))
    found: Longs = rows * width + top.indices
    return found


def _selective(search: Search) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Return both lists as matrices name x feature of what they share and what is rare enough, weighted by rarity.

    The rarer a feature, the more it counts: log(names / names that have it) + 1. A name there counts the less the more
    features it has, so that long names do not win by their length.
    """
    sides = (search.here, search.there)
    here, there = (np.bincount(side.numbers, minlength=side.count) for side in sides)
    kept = (here > 0) & (there > 0) & (here * there <= search.most)  # 64 bits: no overflow
    weights = (np.log((search.here.names + search.there.names) / np.maximum(here + there, 1)) + 1).astype(np.float32)
    place = np.cumsum(kept) - 1
    left, right = (_matrix(side, kept, place, weights) for side in sides)
    lengths = np.sqrt(np.maximum(np.bincount(search.there.rows, minlength=search.there.names), 1)).astype(np.float32)
    right.data /= np.repeat(lengths, np.diff(right.indptr))
    return left, right


def _matrix(
    side: Features, kept: npt.NDArray[np.bool_], place: Longs, weights: npt.NDArray[np.float32]
) -> sparse.csr_matrix:
    chosen = kept[side.numbers]
    numbers = side.numbers[chosen]
    shape = (side.names, int(kept.sum()))
    entries = (weights[numbers], (side.rows[chosen], place[numbers].astype(np.int32)))
    return sparse.csr_matrix(entries, shape=shape)
