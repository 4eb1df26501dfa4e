import pytest

from toolkit.demo_org.ids import checksum, is_id, make_id, number_of, to_18


def test_an_id_is_a_prefix_an_instance_and_a_number_in_base_62():
    assert make_id("001", 1) == "001dM0000000001QAA"
    assert make_id("001", 61)[:15] == "001dM000000000z"
    assert make_id("001", 62)[:15] == "001dM0000000010"


def test_ids_sort_in_the_order_of_their_numbers_and_never_repeat():
    ids = [make_id("003", number) for number in range(1, 10_000)]
    assert ids == sorted(ids)
    assert len({each.lower() for each in ids}) == len(ids)  # the checksum tells apart what only case tells apart


@pytest.mark.parametrize("number", [0, 1, 61, 62, 3843, 123_456_789, 62**9 - 1])
def test_the_number_can_be_read_back(number):
    assert number_of(make_id("006", number)) == number


@pytest.mark.parametrize(
    ("id15", "three"),
    [("000000000000000", "AAA"), ("AAAAAAAAAAAAAAA", "555"), ("A00000A0000000A", "BCQ"), ("abcdefghijklmno", "AAA")],
)
def test_each_checksum_character_says_which_of_five_are_capitals(id15, three):
    assert checksum(id15) == three
    assert to_18(id15) == id15 + three
    assert to_18(id15 + three) == id15 + three


@pytest.mark.parametrize(
    ("text", "well_formed"),
    [
        ("001dM0000000001", True),
        ("001dM0000000001QAA", True),
        ("001dM0000000001QAB", False),
        ("001DM0000000001QAA", False),
        ("001dM000000001", False),
        ("001dM0000000001Q", False),
        ("001dM000000000-", False),
        ("001dM000000000é", False),
        ("", False),
    ],
)
def test_only_15_or_18_right_characters_are_an_id(text, well_formed):
    assert is_id(text) is well_formed
