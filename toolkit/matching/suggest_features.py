"""What a company name consists of, as numbers by which names that are spelt differently still meet.

Three kinds of features, each a pair of arrays (row of the name, number of the feature):

* grams: every three letters that follow each other, blanks at both ends included;
* words: every word, every word with one letter left out (two words that one slip of the pen made different share one),
  the beginnings of words (abbreviations), two neighbours written as one word, the initials of the name, and each of
  these together with each other word of the name: "dvia" finds "divia" among thousands only beside "engineering";
* labels: the name that the company's domain has.

Numbers are made by arithmetic alone, so that the same name has the same features in every process.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

Longs: TypeAlias = npt.NDArray[np.int64]
Ints: TypeAlias = npt.NDArray[np.int32]
Hashes: TypeAlias = npt.NDArray[np.uint64]

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
GRAMS = (len(ALPHABET) + 1) ** 3
"""So many different grams there are."""
BUCKETS = 1 << 22
"""So many numbers there are for features of words; two that fall together only make one candidate more."""

_LETTERS = 14
"""Letters of a word that count; two long words that agree so far have grams in common anyway."""
_SHORTEST = 3
"""Letters that a word must have before one may be missing."""
_BEGINNINGS = (3, 5)
_NEIGHBOURS = 4
"""Words that stand further apart make no pair."""
_LONGEST_ACRONYM = 6
_CODES = np.zeros(256, np.int64)
_CODES[np.frombuffer(ALPHABET.encode(), np.uint8)] = np.arange(1, len(ALPHABET) + 1)


@dataclass(frozen=True)
class Features:
    """Which name (its position) has which feature; a name may have one several times."""

    rows: Ints
    numbers: Ints
    names: int
    count: int


def plain(names: pl.Series) -> pl.Series:
    """Return names that are normalised already, as letters a to z, digits and single blanks; blank for null."""
    text = names.fill_null("")
    if not text.str.len_bytes().equals(text.str.len_chars()):
        text = text.str.replace_all(r"[^a-z0-9 ]", "")
    return text.str.replace_all(r" {2,}", " ").str.strip_chars()


def grams(names: pl.Series) -> Features:
    """Return the grams of plain names: their three letters as a number to the base of the alphabet."""
    text = " " + names + " "
    sizes = text.str.len_bytes().to_numpy().astype(np.int64)
    codes = _CODES[np.frombuffer("".join(text.to_list()).encode("ascii"), np.uint8)]
    base = len(ALPHABET) + 1
    numbers = (codes[:-2] * base + codes[1:-1]) * base + codes[2:]
    rows = np.repeat(np.arange(len(sizes)), sizes)
    within = rows[:-2] == rows[2:]
    return Features(rows[:-2][within].astype(np.int32), numbers[within].astype(np.int32), len(sizes), GRAMS)


def words(names: pl.Series) -> Features:
    """Return the features of the words of plain names."""
    told = _words(names)
    spelt = _Spellings(told.distinct)
    word = told.codes[: len(told.rows)]
    found = [spelt.expand(told.rows, word), spelt.expand(told.joined_rows, told.joined), _acronyms(names)]
    for distance in range(1, _NEIGHBOURS):
        near = np.flatnonzero(told.rows[:-distance] == told.rows[distance:])
        for one, other in ((near, near + distance), (near + distance, near)):
            beside = spelt.whole[word[other]]
            at, variants = spelt.expand(np.arange(len(one)), word[one])
            found.append((told.rows[one][at], _together(variants, beside[at])))
    found += _joined_beside(told, spelt, word)
    numbers = [(_mixed(hashes) % np.uint64(BUCKETS)).astype(np.int32) for _, hashes in found]
    rows = np.concatenate([rows for rows, _ in found]).astype(np.int32)
    return Features(rows, np.concatenate(numbers), len(names), BUCKETS)


def labels(domains: pl.Series) -> Features:
    """Return the one feature of each registered domain: its first label, ``acme`` of ``acme.co.uk``."""
    label = domains.str.extract(r"^([^.]+)").str.replace_all(r"[^a-z0-9]", "")
    given = (label.fill_null("") != "").to_numpy()
    numbers = (_mixed(_Spellings(label.filter(pl.Series(given))).whole) % np.uint64(BUCKETS)).astype(np.int32)
    return Features(np.flatnonzero(given).astype(np.int32), numbers, len(domains), BUCKETS)


def acronyms(names: pl.Series) -> pl.Series:
    """Return the initials of plain names of two to six words, null for others."""
    initials = names.str.replace_all(r"([a-z0-9])[a-z0-9]* ?", "$1")
    several = initials.str.len_bytes().is_between(2, _LONGEST_ACRONYM) & names.str.contains(" ", literal=True)
    return initials.set(~several, None)


# -- words -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Words:
    """The words of names in order (rows), two neighbours as one word (joined_rows), and the distinct ones of both."""

    rows: Longs
    codes: Longs
    joined_rows: Longs
    joined: Longs
    distinct: pl.Series


def _words(names: pl.Series) -> _Words:
    lists = names.str.split(" ")
    rows = np.repeat(np.arange(len(names)), lists.list.len().to_numpy())
    word = lists.explode(empty_as_null=True).fill_null("")
    given = (word != "").to_numpy()
    rows, word = rows[given], word.filter(pl.Series(given))
    neighbours = rows[:-1] == rows[1:]
    joined = (word.head(-1) + word.tail(-1)).filter(pl.Series(neighbours)) if len(word) > 1 else word.clear()
    every = pl.concat([word, joined]).rename("word")
    distinct = every.unique().sort()
    table = pl.DataFrame({"word": distinct, "code": pl.int_range(len(distinct), eager=True)})
    codes = every.to_frame().join(table, on="word", how="left", maintain_order="left")["code"].to_numpy()
    return _Words(rows, codes, rows[:-1][neighbours], codes[len(rows) :], distinct)


class _Spellings:
    """The words as hashes: whole, and `expand`ed to all its spellings: one letter left out, only the beginning."""

    def __init__(self, distinct: pl.Series) -> None:
        sizes = np.minimum(distinct.str.len_bytes().to_numpy(), _LETTERS)
        padded = "".join(distinct.str.slice(0, _LETTERS).str.pad_end(_LETTERS, "\0").to_list()).encode("ascii")
        letters = np.frombuffer(padded, np.uint8).reshape(len(distinct), _LETTERS).astype(np.uint64)
        before = _running(letters * _POWERS[1:])
        after = _running(letters * _POWERS[:-1])  # each letter one place further to the front
        self.whole: Hashes = before[:, -1]
        kinds, given = [self.whole], [sizes > 0]
        for place in range(_LETTERS):
            kinds.append(before[:, place] + (after[:, -1] - after[:, place + 1]))
            given.append((sizes > place) & (sizes >= _SHORTEST))
        for size in _BEGINNINGS:
            kinds.append(before[:, size] * np.uint64(7) + np.uint64(size))
            given.append(sizes >= size)
        has = np.stack(given, axis=1)
        self._hashes: Hashes = np.stack(kinds, axis=1)[has]
        self._counts: Longs = has.sum(axis=1)
        self._starts: Longs = np.cumsum(self._counts) - self._counts

    def expand(self, rows: Longs, codes: Longs) -> tuple[Longs, Hashes]:
        """Return each row as often as its word has variants, and the variants."""
        counts = self._counts[codes]
        first = np.repeat(self._starts[codes] - (np.cumsum(counts) - counts), counts)
        return np.repeat(rows, counts), self._hashes[first + np.arange(len(first))]


def _joined_beside(told: _Words, spelt: _Spellings, word: Longs) -> list[tuple[Longs, Hashes]]:
    """Return two neighbours as one word, together with the word before and the one behind them, in either order."""
    at = np.flatnonzero(told.rows[:-1] == told.rows[1:])  # the place of the first of the two
    found = []
    for beside in (at - 1, at + 2):
        inside = np.flatnonzero((beside >= 0) & (beside < len(told.rows)))
        inside = inside[told.rows[beside[inside]] == told.joined_rows[inside]]
        one, other = spelt.whole[told.joined[inside]], spelt.whole[word[beside[inside]]]
        found += [(told.joined_rows[inside], _together(one, other)), (told.joined_rows[inside], _together(other, one))]
    return found


def _acronyms(names: pl.Series) -> tuple[Longs, Hashes]:
    initials = acronyms(names)
    given = initials.is_not_null()
    return given.arg_true().to_numpy().astype(np.int64), _Spellings(initials.drop_nulls()).whole


_POWERS = np.array([pow(1099511628211, n, 1 << 64) for n in range(_LETTERS + 1)], np.uint64)


def _running(values: Hashes) -> Hashes:
    """Return running sums along each row, beginning with nothing."""
    return np.concatenate([np.zeros((len(values), 1), np.uint64), np.cumsum(values, axis=1)], axis=1)


def _together(variant: Hashes, word: Hashes) -> Hashes:
    return variant * np.uint64(3) + _mixed(word)


def _mixed(hashes: Hashes) -> Hashes:
    mixed = (hashes ^ (hashes >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
    return mixed ^ (mixed >> np.uint64(29))
