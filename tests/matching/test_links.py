"""The history of links is what was linked when: each link once, each end with its reason, whatever comes after what."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.config.objects import ObjectMapping
from toolkit.frames import LINK_HISTORY, LINKS, PAIR_DECISIONS, SKIPS
from toolkit.matching.evidence import Candidates, evidence_of
from toolkit.matching.links import MATCHED, Circumstances, values_compared, with_links
from toolkit.matching.match import match

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
RULE = "external_id = Product_Id__c"
MAPPING = ObjectMapping(match=(RULE, "domain(site) = domain(Website)"))


def links(*pairs, rule=RULE, by="rule", at=NOW):
    rows = [("account", here, there, rule, "v", at, by) for here, there in pairs]
    return pl.DataFrame(rows, schema=LINKS.schema, orient="row")


def seen(here=("A", "B"), there=("1", "2"), **more):
    return Circumstances(pl.Series(here, dtype=pl.String), pl.Series(there, dtype=pl.String), rules=(RULE,), **more)


BEGUN = with_links(LINK_HISTORY.empty(), links(("A", "1")), NOW, seen())


def why(after, circumstances, at=LATER):
    return with_links(BEGUN, after, at, circumstances).filter(pl.col("ended_at").is_not_null())["ended_why"].to_list()


APART = pl.DataFrame(
    [("account", "A", "1", "different", "ada", NOW, "", "")], schema=PAIR_DECISIONS.schema, orient="row"
)
MERGED = pl.DataFrame(
    [("account", "there", "1", "x", "scope (VIT-1)", "merged into 2 in Salesforce")], schema=SKIPS.schema, orient="row"
)


@pytest.mark.parametrize(
    ("after", "circumstances", "reason"),
    [
        (links(), seen(decisions=APART), "ada said they are different"),
        (links(), seen(here=("B",)), "the record here is gone"),
        (links(), seen(there=("2",), skips=MERGED), "its record in Salesforce is merged into 2 in Salesforce"),
        (links(), seen(there=("2",)), "its record in Salesforce is gone: deleted, or out of scope"),
        (links(("A", "2"), rule="decided", by="bob"), seen(), "linked otherwise now: 2 is its partner, by bob"),
        (links(("B", "1")), seen(), "linked otherwise now: B is the partner of 1"),
        (links(), seen(step=MATCHED), "the values differ now"),
        (links(), seen(step="taken back by a commit"), "taken back by a commit"),
        (links(("A", "1"), rule="decided", by="ada"), seen(), "still linked, now by ada"),
    ],
)
def test_VIT_7_CSU_14_a_link_that_ends_leaves_a_tombstone_with_the_reason(after, circumstances, reason):
    assert why(after, circumstances) == [reason]


def test_CSU_14_a_rule_that_left_the_mapping_is_the_reason():
    gone = Circumstances(pl.Series(["A"]), pl.Series(["1"]), rules=("domain = Website",))
    assert why(links(), gone) == [f'the rule "{RULE}" is not in the mapping any more']


def test_BEY_11_the_values_are_kept_as_they_were_written():
    here = pl.DataFrame(
        {"id": ["A", "B"], "external_id": [" P-1 ", None], "site": [None, "www.Bolt.com"], "name": ["", ""]}
    )
    there = pl.DataFrame(
        {"id": ["1", "2"], "Product_Id__c": ["p-1", None], "Website": [None, "bolt.com"], "Name": ["", ""]}
    )
    found = match(here, there, MAPPING, None, NOW).links
    values = values_compared(found, here, there, MAPPING)
    assert sorted(values.select("here_value", "there_value").rows()) == [(" P-1 ", "p-1"), ("www.Bolt.com", "bolt.com")]
    told = evidence_of("B", Candidates.of(here, there, MAPPING), found, mismatches=pl.DataFrame(
        schema={"side": pl.String, "id": pl.String, "reason": pl.String}))  # fmt: skip
    assert told.there_id == "2"
    assert told.rows["agrees"].to_list() == [None, True]


EVENTS = st.lists(st.dictionaries(st.sampled_from("ABC"), st.sampled_from("123"), max_size=3), max_size=6)


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_VIT_7_the_open_links_are_those_of_today_and_nothing_that_was_is_forgotten(days):
    history, ever, at = LINK_HISTORY.empty(), set(), NOW
    for number, day in enumerate(days):
        pairs = list({there: (here, there) for here, there in day.items()}.values())
        ever |= set(pairs)
        before = history
        at = NOW + timedelta(days=number // 2)  # two steps may have one time
        history = with_links(history, links(*pairs, at=at), at, seen("ABC", "123", step=MATCHED))
        is_open = history.filter(pl.col("ended_at").is_null())
        assert sorted(is_open.select("here_id", "there_id").rows()) == sorted(pairs)
        assert set(history.select("here_id", "there_id").rows()) == ever
        assert history.filter(pl.col("ended_at").is_not_null())["ended_why"].null_count() == 0
        assert history.height >= before.height
        assert with_links(history, links(*pairs, at=at), at, seen("ABC", "123")).equals(history)
