"""How alike two names are, exactly: of candidates, one pair at a time.

The mean of three views, each 0 to 1, because each forgives what another does not: the cosine of all grams weighted by
their rarity (forgives order and what was added), the edits between the names with their words in alphabetical order
(forgives slips of the pen), and the agreement of how they begin (forgives endings and abbreviations).
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import Indel, JaroWinkler
from scipy import sparse

from toolkit.matching.suggest_features import Features, Longs

Floats: TypeAlias = npt.NDArray[np.float32]

ACRONYM = np.float32(0.6)
"""The score of a name and its initials: hardly ever wrong among few companies, often among many."""
_AT_ONCE = 200_000
"""Pairs whose grams are multiplied at a time, which bounds the memory."""


def name_scores(
    sides: tuple[pl.DataFrame, pl.DataFrame], grams: tuple[Features, Features], pairs: tuple[Longs, Longs]
) -> Floats:
    """Return the score of each pair of positions of two frames of traits (name, ordered, initials)."""
    begin = process.cpdist(*_texts(sides, pairs, "name"), scorer=JaroWinkler.normalized_similarity, dtype=np.float32)
    edits = process.cpdist(*_texts(sides, pairs, "ordered"), scorer=Indel.normalized_similarity, dtype=np.float32)
    score: Floats = (cosines(grams, pairs) + edits + begin) / np.float32(3)
    score[_initials(*sides, pairs) | _initials(*sides[::-1], pairs[::-1])] = ACRONYM
    return np.clip(score, 0, 1)


def _texts(
    sides: tuple[pl.DataFrame, pl.DataFrame], pairs: tuple[Longs, Longs], column: str
) -> list[npt.NDArray[np.object_]]:
    texts = [np.array(side[column].to_list(), dtype=object) for side in sides]
    return [text[rows] for text, rows in zip(texts, pairs, strict=True)]


def _initials(side: pl.DataFrame, other: pl.DataFrame, pairs: tuple[Longs, Longs]) -> npt.NDArray[np.bool_]:
    """Return for which pairs the other name is the initials of the first."""
    short, whole = side["initials"].hash().to_numpy(), other["name"].hash().to_numpy()
    given = side["initials"].is_not_null().to_numpy()
    same: npt.NDArray[np.bool_] = given[pairs[0]] & (short[pairs[0]] == whole[pairs[1]])
    return same


def cosines(grams: tuple[Features, Features], pairs: tuple[Longs, Longs]) -> Floats:
    """Return the cosine of the weighted grams of each pair of names."""
    weights = rarity(grams)
    here, there = (normed(side, weights) for side in grams)
    found = np.zeros(len(pairs[0]), np.float32)
    for start in range(0, len(found), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        products = here[pairs[0][part]].multiply(there[pairs[1][part]])
        found[part] = np.asarray(products.sum(axis=1)).ravel()
    return found


def rarity(sides: tuple[Features, ...]) -> Floats:
    """Return the weight of each feature: log(names / names that have it) + 1."""
    counts = sum(np.bincount(side.numbers, minlength=side.count) for side in sides)
    weights: Floats = (np.log(sum(side.names for side in sides) / np.maximum(counts, 1)) + 1).astype(np.float32)
    return weights


def normed(side: Features, weights: Floats) -> sparse.csr_matrix:
    """Return a matrix name x feature of the weights, each name of length one, so that products are cosines."""
    ones = np.ones(len(side.rows), np.float32)
    matrix = sparse.csr_matrix((ones, (side.rows, side.numbers)), shape=(side.names, side.count))
    matrix.data = weights[matrix.indices]
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    matrix.data /= np.repeat(np.maximum(lengths, 1e-9), np.diff(matrix.indptr)).astype(np.float32)
    return matrix
