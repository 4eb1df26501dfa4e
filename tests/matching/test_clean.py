"""Ids in the form in which they are compared."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.matching.clean import comparable
from toolkit.values import to_18

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("P-00001", "p-00001"),
        ("  P-00001\t", "p-00001"),
        ("00123", "00123"),
        ("a b", "a b"),
        ("", None),
        ("   ", None),
        (None, None),
        ("cafe\u0301", "caf\u00e9"),
        ("001d000000AbCdE", "001d000000abcdeaav"),
        ("ACME-0000000015", "acme-0000000015"),  # 15 characters and no record id
        ("acme00000000015", "acme00000000015"),
    ],
)
def test_VIT_6_ids_are_compared_without_blanks_around_them_and_without_case(given, expected):
    assert comparable(pl.Series([given], dtype=pl.String))[0] == expected


def test_CSU_13_short_and_long_record_ids_are_the_same_and_case_tells_short_ones_apart():
    ids = pl.Series(["001dM000000AbcD", "001dM000000AbcDQAW", "001dM000000abcD", " 001DM000000ABCDQAW"])
    short, long, other, shouted = comparable(ids)
    assert long == shouted
    assert short != other
    assert short[:15] == long[:15]


def test_a_column_of_numbers_is_compared_as_text():
    assert comparable(pl.Series([7, None])).to_list() == ["7", None]


def by_hand(short):
    suffix = ""
    for start in (0, 5, 10):
        bits = sum(1 << at for at, each in enumerate(short[start : start + 5]) if each.isupper())
        suffix += ALPHABET[bits]
    return short + suffix


@given(st.lists(st.text("abcXYZ019", min_size=15, max_size=15), min_size=1))
def test_CSU_13_the_suffix_is_salesforces_own_algorithm(ids):
    frame = pl.DataFrame({"id": ids})
    assert frame.select(to_18(pl.col("id")))["id"].to_list() == [by_hand(each) for each in ids]


def test_CSU_13_ids_of_another_length_stay_as_they_are():
    frame = pl.DataFrame({"id": ["001dM000000AbcDQAW", "x", None]})
    assert frame.select(to_18(pl.col("id")))["id"].to_list() == ["001dM000000AbcDQAW", "x", None]
