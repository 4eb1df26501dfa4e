"""Classes are a partition of both sides, whatever the frames say; each has a cause, a fix and a place in the counts."""

from datetime import UTC, datetime

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.frames import CHANGES, JOURNAL, LINK_HISTORY, LINKS, MISMATCHES, RECORD_CLASSES, SKIPS
from toolkit.matching.classes import CLASSES, Seen, classify, counts
from toolkit.matching.links import GONE_HERE, GONE_THERE, KEYS_DIFFER

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
OUT, LEFT, NOTE = "name_over (CC-15)", "left_scope (SKA-12)", "no e-mail (CC-11)"


def frame(spec, *rows):
    """Rows of a frame from what is said of each; the rest is null."""
    made = [dict.fromkeys(spec.schema) | {"object": "account"} | row for row in rows]
    return pl.DataFrame(made, schema=spec.schema, orient="row")


def people(*ids):
    return pl.DataFrame({"id": ids, "name": [f"N {each}" for each in ids]}, schema={"id": pl.String, "name": pl.String})


def link(here, there, rule="external_id = Product_Id__c"):
    return {"here_id": here, "there_id": there, "rule": rule, "linked_at": NOW, "decided_by": "rule"}


def ended(here, there, why):
    return {"here_id": here, "there_id": there, "linked_at": NOW, "ended_at": NOW, "ended_why": why}


def change(here, there, field, verdict, seq=1, after="x", reason="why"):
    return {"seq": seq, "side": "there", "here_id": here, "there_id": there, "field": field, "verdict": verdict,
            "after": after, "reason": reason}  # fmt: skip


def wrote(here, seq):
    return {"commit_id": "c", "seq": seq, "side": "there", "here_id": here, "field": "A__c", "after": "x"}


def alone(side, record_id, kind, reason="because"):
    return {"side": side, "id": record_id, "kind": kind, "value": "v", "reason": reason}


def left_out(side, record_id, rule, reason="said"):
    return {"side": side, "id": record_id, "rule": rule, "reason": reason}


SEEN = Seen(
    here=people(*(f"h{n}" for n in range(14))),
    there=people(*(f"t{n}" for n in range(12))),
    links=frame(LINKS, *(link(f"h{n}", f"t{n}") for n in range(5)), link("h5", "t99")),
    mismatches=frame(
        MISMATCHES, alone("here", "h6", "unmatched"), alone("here", "h7", "no_key"), alone("here", "h8", "ambiguous"),
        alone("here", "h9", "unmatched"), alone("here", "h10", "unmatched"), alone("here", "h11", "decided"),
        alone("here", "h12", "unmatched"), alone("there", "t6", "unmatched"), alone("there", "t7", "duplicate_key"),
    ),
    skips=frame(SKIPS, left_out("there", "t8", OUT), left_out("there", "t77", "scope (VIT-1)", "gone"),
                left_out("here", "h10", LEFT, "no longer in All"), left_out("here", "h1", NOTE)),
    changes=frame(
        CHANGES, change("h1", "t1", "A__c", "write"), change("h2", "t2", "A__c", "write", 2),
        change("h2", "t2", "B__c", "conflict", 3, reason="both sides changed"), change("h3", "t3", "A__c", "write", 4),
        change("h4", "t4", "A__c", "write", 5),
    ),
    journal=frame(
        JOURNAL,
        wrote("h3", 1) | {"state": "written"}, wrote("h4", 2) | {"state": "failed", "message": "too long"},
    ),
    history=frame(LINK_HISTORY, ended("h9", "t98", f"{GONE_THERE}deleted in Salesforce"),
                  ended("h12", "t97", f"{KEYS_DIFFER}a, b"), ended("h10", "t96", f"{GONE_THERE}no longer in All")),
    excluded=(OUT,),
    left=LEFT,
)  # fmt: skip

EXPECTED = {
    ("here", "h0"): "in_agreement", ("here", "h1"): "expected_drift", ("here", "h2"): "value_drift",
    ("here", "h3"): "in_agreement", ("here", "h4"): "value_drift", ("here", "h5"): "broken_pair",
    ("here", "h6"): "unmatched_here", ("here", "h7"): "no_key", ("here", "h8"): "ambiguous",
    ("here", "h9"): "broken_pair", ("here", "h10"): "partner_left", ("here", "h11"): "held_by_decision",
    ("here", "h12"): "unmatched_here", ("here", "h13"): "not_matched_yet", ("there", "t5"): "not_matched_yet",
    ("there", "t6"): "unmatched_there", ("there", "t7"): "duplicate_key", ("there", "t8"): "skipped",
    ("there", "t77"): "skipped",
}  # fmt: skip


def test_BEY_10_each_class_has_its_records_with_the_cause_and_the_partner():
    found = classify("account", SEEN)
    named = {(side, key): name for side, key, name in found.select("side", "id", "record_class").rows()}
    assert {key: named[key] for key in EXPECTED} == EXPECTED
    told = {key: (reason, partner) for key, reason, partner in found.select("id", "reason", "partner_id").rows()}
    assert told["h2"] == ("B__c: both sides changed", "t2")
    assert told["h4"] == ("A__c: too long", "t4")
    assert told["h1"] == ("A__c differ until the next sync", "t1")
    assert told["h5"] == ("its partner t99 is not there any more", "t99")
    assert told["h9"] == ("it was t98: its record in Salesforce is deleted in Salesforce", "t98")
    assert told["t8"] == (f"{OUT}: said", None)


def test_CAT_23_both_records_of_a_pair_are_in_one_class():
    found = classify("account", SEEN)
    beside = found.join(found, left_on=["id"], right_on=["partner_id"], how="inner").filter(side="here")
    assert beside.height == 5
    assert beside.filter(pl.col("record_class") != pl.col("record_class_right")).is_empty()


def test_BEY_10_every_class_says_its_cause_and_its_fix_and_the_counts_add_up():
    assert all(each.title and each.cause and each.fix for each in CLASSES.values())
    assert all(each.cause.endswith(".") and each.fix.endswith(".") for each in CLASSES.values())
    found = classify("account", SEEN)
    told = counts(found)
    assert told["records"].sum() == found.height == 14 + 12 + 1
    assert told.filter(side="here")["records"].sum() == 14
    assert told.filter(side="here", record_class="in_agreement")["title"].to_list() == ["Paired, in agreement"]


def test_a_lost_partner_that_somebody_decided_about_is_no_broken_pair_any_more():
    settled = Seen(**{**SEEN.__dict__, "settled": pl.Series(["h9"])})
    assert classify("account", settled).filter(id="h9")["record_class"].item() == "unmatched_here"


IDS = st.integers(0, 6)
WHY = st.sampled_from([None, GONE_HERE, f"{GONE_THERE}merged into X", f"{GONE_THERE}deleted", KEYS_DIFFER, "ada said"])


@st.composite
def anything(draw):
    """Frames that need not agree with each other at all: links of what is not there, skips of what is linked."""

    def some(*parts):
        return draw(st.lists(st.tuples(*parts), max_size=5))

    def first(rows, spec):
        return frame(spec, *rows).unique(spec.key, keep="first", maintain_order=True)

    side = st.sampled_from(["here", "there"])
    at = {"here": "h", "there": "t"}
    kinds = st.sampled_from(["unmatched", "no_key", "ambiguous", "duplicate_key", "decided", "unheard of"])
    verdicts = st.sampled_from(["write", "conflict", "held", "refused", "excluded"])
    links = first([link(f"h{one}", f"t{other}") for one, other in some(IDS, IDS)], LINKS)
    journal = [
        {"commit_id": "c", "seq": seq, "side": one, "here_id": f"h{n}", "field": "A", "after": after, "state": state}
        for seq, (one, n, after, state) in enumerate(
            some(side, IDS, st.sampled_from(["x", "y"]), st.sampled_from(["written", "failed", "intended"]))
        )
    ]  # fmt: skip
    rules = st.sampled_from([OUT, LEFT, NOTE, "scope (VIT-1)"])
    return Seen(
        here=people(*sorted({f"h{n}" for n in draw(st.lists(IDS))})),
        there=people(*sorted({f"t{n}" for n in draw(st.lists(IDS))})),
        links=links,
        mismatches=first([alone(one, f"{at[one]}{n}", kind) for one, n, kind in some(side, IDS, kinds)], MISMATCHES),
        skips=first([left_out(one, f"{at[one]}{n}", rule) for one, n, rule in some(side, IDS, rules)], SKIPS),
        changes=frame(CHANGES, *(change(f"h{n}", f"t{m}", field, verdict, seq) for seq, (n, m, field, verdict)
                                 in enumerate(some(IDS, IDS, st.sampled_from("AB"), verdicts)))),
        journal=frame(JOURNAL, *journal),
        history=first([ended(f"h{n}", f"t{m}", why) for n, m, why in some(IDS, IDS, WHY)], LINK_HISTORY),
        excluded=(OUT,),
        left=LEFT,
    )  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(anything())
def test_BEY_10_every_record_of_both_sides_is_in_exactly_one_class(seen):
    found = classify("account", seen)
    expected = {("here", key) for key in seen.here["id"]} | {("there", key) for key in seen.there["id"]}
    expected |= set(seen.skips.select("side", "id").rows())
    assert sorted(found.select("side", "id").rows()) == sorted(expected)
    assert set(found["record_class"]) <= set(CLASSES)
    assert found["reason"].null_count() == 0
    assert counts(found)["records"].sum() == found.height
    assert found.schema == pl.Schema(RECORD_CLASSES.schema)
