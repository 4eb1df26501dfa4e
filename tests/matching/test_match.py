"""Matching: each record of both sides ends in exactly one link or one mismatch, whatever the data looks like."""

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.config.objects import ObjectMapping
from toolkit.errors import NotFoundError
from toolkit.frames import LINKS
from toolkit.matching.match import match

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
LATER = datetime(2026, 11, 3, 8, tzinfo=UTC)
RULE = "external_id = Product_Id__c"
MAPPING = ObjectMapping(match=(RULE,))
TWO_RULES = ObjectMapping(match=(RULE, "domain = Website"))


def here(rows):
    return pl.DataFrame(
        rows, schema=["id", "external_id", "name"], orient="row", schema_overrides={"external_id": pl.String}
    )


def there(rows):
    return pl.DataFrame(
        rows, schema=["id", "Product_Id__c", "Name"], orient="row", schema_overrides={"Product_Id__c": pl.String}
    )


def pairs(matched):
    return matched.links.select("here_id", "there_id").rows()


def kinds(matched):
    return {(side, key): kind for side, key, kind in matched.mismatches.select("side", "id", "kind").rows()}


HERE = here(
    [
        ("A", "P-1 ", "Acme"),
        ("B", "p-2", "Bolt"),
        ("C", "P-3", "Cog"),
        ("D", None, "Dot"),
        ("E", "P-3", None),
        ("F", "P-9", "Fox"),
    ]
)
THERE = there(
    [
        ("1", "p-1", "Acme Inc"),
        ("2", "P-2", "Bolt A"),
        ("3", "P-2", "Bolt B"),
        ("4", "P-3", "Cog"),
        ("5", " ", "Eel"),
        ("6", "P-8", "Gnu"),
    ]
)


def test_VIT_2_VIT_6_equal_external_ids_link_whatever_their_case_and_blanks():
    matched = match(HERE, THERE, MAPPING, None, NOW)
    assert matched.links.rows(named=True) == [
        {
            "object": "account", "here_id": "A", "there_id": "1", "rule": RULE, "value": "p-1", "linked_at": NOW,
            "decided_by": "rule",
        }
    ]  # fmt: skip


def test_BEY_10_every_record_without_a_partner_says_why():
    matched = match(HERE, THERE, MAPPING, None, NOW)
    assert matched.mismatches.select("side", "id", "kind", "value", "reason").rows() == [
        ("here", "B", "ambiguous", "p-2", 'Product_Id__c "p-2" is on 2 records in Salesforce: Bolt A (2), Bolt B (3)'),
        ("here", "C", "duplicate_key", "P-3", 'external_id "P-3" is on 2 records here: Cog (C), E'),
        ("here", "D", "no_key", None, "external_id is blank"),
        ("here", "E", "duplicate_key", "P-3", 'external_id "P-3" is on 2 records here: Cog (C), E'),
        ("here", "F", "unmatched", "P-9", 'no record in Salesforce has Product_Id__c "P-9"'),
        (
            "there",
            "2",
            "duplicate_key",
            "P-2",
            'Product_Id__c "P-2" is on 2 records in Salesforce: Bolt A (2), Bolt B (3)',
        ),
        (
            "there",
            "3",
            "duplicate_key",
            "P-2",
            'Product_Id__c "P-2" is on 2 records in Salesforce: Bolt A (2), Bolt B (3)',
        ),
        ("there", "4", "ambiguous", "P-3", 'external_id "P-3" is on 2 records here: Cog (C), E'),
        ("there", "5", "no_key", None, "Product_Id__c is blank"),
        ("there", "6", "unmatched", "P-8", 'no record here has external_id "P-8"'),
    ]


def test_more_than_three_bearers_of_a_value_are_counted_and_three_named():
    many = there([(str(number), "P-1", f"Acme {number}") for number in range(1, 6)])
    reason = match(here([("A", "P-1", "Acme")]), many, MAPPING, None, NOW).mismatches["reason"][0]
    assert reason == 'Product_Id__c "P-1" is on 5 records in Salesforce: Acme 1 (1), Acme 2 (2), Acme 3 (3), ...'


def test_VIT_5_a_custom_object_is_matched_by_its_own_mapping():
    mapping = ObjectMapping(sobject="Customer__c", match=("external_id = Key__c",), name="Title__c")
    records = pl.DataFrame({"id": ["a01"], "Key__c": ["P-7"], "Title__c": ["Seven"]})
    matched = match(here([("G", "P-7", "Gnu")]), records, mapping, None, NOW, object_name="customer")
    assert matched.links.select("object", "here_id", "there_id").rows() == [("customer", "G", "a01")]


def test_SKA_14_the_record_id_can_be_the_key_in_its_short_form():
    mapping = ObjectMapping(match=("crm_id = Id",))
    ours = pl.DataFrame({"id": ["A", "B"], "crm_id": ["001dM0000000AbC", "001dM0000000aBC"]})
    records = pl.DataFrame({"id": ["001dM0000000AbCQAU", "001dM0000000aBCQAY"], "Name": ["x", "y"]})
    assert pairs(match(ours, records, mapping, None, NOW)) == [
        ("A", "001dM0000000AbCQAU"),
        ("B", "001dM0000000aBCQAY"),
    ]


def test_VIT_9_a_second_rule_finds_what_the_first_had_no_value_for():
    ours = pl.DataFrame({"id": ["A", "B"], "external_id": ["P-1", None], "domain": ["a.example", "b.example"]})
    theirs = pl.DataFrame(
        {"id": ["1", "2"], "Product_Id__c": ["P-1", None], "Website": ["x.example", "B.example"], "Name": ["", ""]}
    )
    matched = match(ours, theirs, TWO_RULES, None, NOW)
    assert matched.links.select("here_id", "there_id", "rule").rows() == [
        ("A", "1", RULE),
        ("B", "2", "domain = Website"),
    ]


def test_BEY_10_what_a_strong_rule_holds_a_weaker_one_does_not_decide():
    ours = pl.DataFrame({"id": ["A"], "external_id": ["P-1"], "domain": ["a.example"]})
    theirs = pl.DataFrame(
        {
            "id": ["1", "2", "3"],
            "Product_Id__c": ["P-1", "P-1", None],
            "Website": [None, None, "a.example"],
            "Name": ["", "", ""],
        }
    )
    matched = match(ours, theirs, TWO_RULES, None, NOW)
    assert matched.links.is_empty()
    assert kinds(matched) == {
        ("here", "A"): "ambiguous", ("there", "1"): "duplicate_key", ("there", "2"): "duplicate_key",
        ("there", "3"): "ambiguous",
    }  # fmt: skip


def links(*rows):
    return pl.DataFrame(
        [("account", ours, theirs, rule, "p-1", NOW, by) for ours, theirs, rule, by in rows],
        schema=dict(LINKS.schema), orient="row",
    )  # fmt: skip


ONE_HERE, ONE_THERE = here([("A", "P-1", "Acme")]), there([("1", "P-1", "Acme"), ("2", "P-2", "Bolt")])


def test_CSU_14_a_link_outlives_a_key_that_was_blanked():
    blanked = ONE_THERE.with_columns(Product_Id__c=pl.lit(None, pl.String))
    matched = match(ONE_HERE, blanked, MAPPING, links(("A", "1", RULE, "rule")), LATER)
    assert matched.links["linked_at"].to_list() == [NOW]
    assert kinds(matched) == {("there", "2"): "no_key"}


def test_CSU_14_a_link_outlives_a_second_record_with_the_same_key_which_is_held():
    twice = there([("1", "P-1", "Acme"), ("2", "P-1", "Acme again")])
    matched = match(ONE_HERE, twice, MAPPING, links(("A", "1", RULE, "rule")), LATER)
    assert pairs(matched) == [("A", "1")]
    assert kinds(matched) == {("there", "2"): "duplicate_key"}


def test_CSU_14_a_link_whose_key_now_points_elsewhere_is_made_anew():
    swapped = there([("1", "P-7", "Acme"), ("2", "P-1", "Bolt")])
    matched = match(ONE_HERE, swapped, MAPPING, links(("A", "1", RULE, "rule")), LATER)
    assert pairs(matched) == [("A", "2")]
    assert matched.links["linked_at"].to_list() == [LATER]
    assert kinds(matched) == {("there", "1"): "unmatched"}


def test_CSU_14_a_link_to_a_record_that_is_gone_is_no_link():
    matched = match(ONE_HERE, there([("2", "P-2", "Bolt")]), MAPPING, links(("A", "1", RULE, "rule")), LATER)
    assert matched.links.is_empty()
    assert kinds(matched) == {("here", "A"): "unmatched", ("there", "2"): "unmatched"}


def test_BEY_11_a_persons_decision_stands_against_the_keys_until_a_record_is_gone():
    decided = links(("A", "2", RULE, "ada"))
    matched = match(ONE_HERE, ONE_THERE, MAPPING, decided, LATER)
    assert pairs(matched) == [("A", "2")]
    assert matched.links["decided_by"].to_list() == ["ada"]
    assert matched.mismatches.select("id", "kind", "reason").rows() == [
        ("1", "ambiguous", 'external_id "P-1" is on Acme (A), which is linked or held already')
    ]


def test_a_link_of_a_rule_that_left_the_mapping_is_judged_anew():
    matched = match(ONE_HERE, ONE_THERE, MAPPING, links(("A", "2", "domain = Website", "rule")), LATER)
    assert pairs(matched) == [("A", "1")]


def test_links_of_another_object_are_none_of_our_business():
    foreign = links(("A", "1", RULE, "rule")).with_columns(object=pl.lit("contact"))
    assert match(ONE_HERE, ONE_THERE, MAPPING, foreign, LATER).links["object"].to_list() == ["account"]


def test_a_rule_on_a_field_that_is_not_there_says_so():
    with pytest.raises(NotFoundError, match='no "Product_Id__c", which the match rule "external_id = Product_Id__c"'):
        match(ONE_HERE, ONE_THERE.drop("Product_Id__c"), MAPPING, None, NOW)
    with pytest.raises(NotFoundError, match='The records here have no "external_id"'):
        match(ONE_HERE.drop("external_id"), ONE_THERE, MAPPING, None, NOW)


def test_nothing_on_either_side():
    assert match(HERE.clear(), THERE.clear(), MAPPING, None, NOW).mismatches.is_empty()
    assert set(kinds(match(HERE.clear(), ONE_THERE, MAPPING, None, NOW)).values()) == {"unmatched"}


KEYS = st.sampled_from([None, "", "P-1", "p-1 ", "P-2", "P-3", "001dM0000000AbC", "001dM0000000abc"])
ROWS = st.lists(st.tuples(KEYS, KEYS), max_size=7)


def side(rows, prefix, first, second):
    return pl.DataFrame(
        {
            "id": [f"{prefix}{number}" for number in range(len(rows))],
            first: [row[0] for row in rows],
            second: [row[1] for row in rows],
        },
        schema={"id": pl.String, first: pl.String, second: pl.String},
    )


@settings(max_examples=60, deadline=None)
@given(ROWS, ROWS, ROWS, st.randoms(use_true_random=False))
def test_BEY_10_links_and_mismatches_are_a_partition_in_any_order_and_on_every_run(ours, theirs, moved, shuffle):
    left, right = side(ours, "h", "external_id", "domain"), side(theirs, "t", "Product_Id__c", "Website")
    matched = match(left, right, TWO_RULES, None, NOW)
    assert_partition(matched, left, right)

    again = match(left, right, TWO_RULES, matched.links, LATER)
    assert again.links.equals(matched.links)
    assert again.mismatches.equals(matched.mismatches)

    left_order, right_order = list(range(len(ours))), list(range(len(theirs)))
    shuffle.shuffle(left_order)
    shuffle.shuffle(right_order)
    other = match(left[left_order], right[right_order], TWO_RULES, None, NOW)
    assert other.links.equals(matched.links)
    assert other.mismatches.equals(matched.mismatches)

    changed = side(moved, "t", "Product_Id__c", "Website")
    assert_partition(match(left, changed, TWO_RULES, matched.links, LATER), left, changed)


def assert_partition(matched, left, right):
    for name, records in (("here", left), ("there", right)):
        linked = matched.links[f"{name}_id"].to_list()
        alone = matched.mismatches.filter(pl.col("side") == name)["id"].to_list()
        assert sorted(linked + alone) == sorted(records["id"].to_list())
