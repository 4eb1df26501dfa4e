"""Repairs are found in what the frames say, each with its evidence; a circle or a placeholder proposes nothing."""

from datetime import UTC, datetime

import polars as pl
import pytest

from toolkit.config.objects import ObjectMapping
from toolkit.frames import LINK_HISTORY, LINKS
from toolkit.matching.links import GONE_HERE, GONE_THERE, KEYS_DIFFER
from toolkit.matching.repair import Pairing, find, survivors, with_decided

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
RULE = "external_id = Product_Id__c"
SHORT, LONG = "001dM0000000AbC", "001dM0000000AbCQAU"


def people(*ids, **columns):
    shape = {"id": pl.String, "name": pl.String, **{name: pl.Series(values).dtype for name, values in columns.items()}}
    return pl.DataFrame({"id": ids, "name": [f"N {each}" for each in ids], **columns}, schema=shape)


def pairing(
    here=("A",), there=(), links=(), history=(), merged=(), gone=(), keys=(), made=(), archived=(), wanted=None
):
    linked = [("account", *pair, RULE, None, NOW, "rule") for pair in links]
    past = [("account", *pair, NOW, RULE, "P-1", "P-2", "rule", NOW, why) for *pair, why in history]
    return Pairing(
        mapping=ObjectMapping(match=(RULE,), id="Product_Id__c"),
        here=people(*here, made_here=[each in made for each in here], archived=[each in archived for each in here]),
        there=people(*there, wanted=pl.Series([(wanted or {}).get(each) for each in there], dtype=pl.String)),
        keys=pl.DataFrame(
            [(side, key, 0, value, value.lower()) for side, key, value in keys],
            schema={"side": pl.String, "id": pl.String, "number": pl.Int64, "given": pl.String, "key": pl.String},
            orient="row",
        ),
        links=pl.DataFrame(linked, schema=LINKS.schema, orient="row"),
        history=pl.DataFrame(past, schema=LINK_HISTORY.schema, orient="row"),
        merged=pl.DataFrame(list(merged), schema={"there_id": pl.String, "survivor": pl.String}, orient="row"),
        gone=pl.DataFrame(list(gone), schema={"there_id": pl.String, "reason": pl.String}, orient="row"),
    )


def told(known):
    found = find(known)
    return found.select("kind", "action", "here_id", "there_id", "to_here_id", "to_there_id").rows()


MERGED = f"{GONE_THERE}merged into X in Salesforce"


def test_BEY_9_a_merged_partner_leads_to_the_survivor_also_over_several_merges():
    chain = [("1", "2"), ("2", "3")]
    free = pairing(there=("3",), history=[("A", "1", MERGED)], merged=chain)
    assert told(free) == [("merged", "relink", "A", "1", None, "3")]
    assert find(free)["evidence"].item() == "its record 1 was merged into N 3 (3), which has no partner"
    taken = pairing(("A", "B"), ("3",), [("B", "3")], [("A", "1", MERGED)], chain)
    assert told(taken) == [("merged", "unlink", "A", "1", None, None)]  # a file would bring A again
    brought = pairing(("A", "B"), ("3",), [("B", "3")], [("A", "1", MERGED)], chain, made=("A",))
    assert told(brought) == [("merged", "merge_here", "A", "1", "B", "3")]
    outside = pairing(history=[("A", "1", MERGED)], merged=chain)
    assert find(outside)["evidence"].item() == "its record 1 was merged into 3, which is not in scope"


def test_BEY_9_cyclic_merges_end_nowhere_and_are_told_so():
    circle = pl.DataFrame({"there_id": ["1", "2", "3", "4"], "survivor": ["2", "3", "1", "5"]})
    assert dict(survivors(circle).sort("there_id").rows()) == {"1": None, "2": None, "3": None, "4": "5"}
    known = pairing(history=[("A", "1", MERGED)], merged=circle.rows())
    assert told(known) == [("merged", "unlink", "A", "1", None, None)]
    assert find(known)["evidence"].item() == "its record 1 was merged in a circle: no record is left of it"
    itself = pairing(history=[("A", "1", MERGED)], merged=[("1", "1")])
    assert told(itself) == [("merged", "unlink", "A", "1", None, None)]


def test_BEY_9_a_link_to_a_deleted_or_hard_deleted_id_is_proposed_to_end_and_one_out_of_scope_is_not():
    deleted = pairing(history=[("A", "1", f"{GONE_THERE}deleted")], gone=[("1", "deleted in Salesforce")])
    assert told(deleted) == [("deleted", "unlink", "A", "1", None, None)]
    hard = pairing(history=[("A", "1", f"{GONE_THERE}gone")])
    assert find(hard)["evidence"].item() == "its record 1 is gone: Salesforce knows nothing of it any more"
    left = pairing(history=[("A", "1", f"{GONE_THERE}no longer in All")], gone=[("1", 'no longer in "All"')])
    assert told(left) == []


def test_BEY_9_a_restored_partner_and_a_changed_key_are_linked_again():
    restored = pairing(there=("1",), history=[("A", "1", f"{GONE_THERE}deleted")])
    assert told(restored) == [("restored", "relink", "A", "1", None, "1")]
    changed = pairing(there=("1",), history=[("A", "1", f"{KEYS_DIFFER}...")])
    assert told(changed) == [("changed_id", "relink", "A", "1", None, "1")]
    assert 'by "P-1" and "P-2", which differ now' in find(changed)["evidence"].item()
    elsewhere = pairing(("A", "B"), ("1",), [("B", "1")], [("A", "1", f"{KEYS_DIFFER}...")])
    assert told(elsewhere) == []


def test_BEY_9_a_link_by_the_short_form_of_an_id_is_proposed_the_long_one():
    known = pairing(there=(LONG,), history=[("A", SHORT, f"{GONE_THERE}gone")])
    assert told(known)[0] == ("short_id", "relink", "A", SHORT, None, LONG)


def test_BEY_9_an_id_that_changed_here_is_known_by_the_name_and_one_that_changed_there_by_the_id_field():
    known = pairing(("B",), ("1",), history=[("A", "1", GONE_HERE)])
    same = known.__dict__ | {"here": known.here.with_columns(name=pl.lit("Acme Inc")),
                             "there": known.there.with_columns(name=pl.lit("ACME"))}  # fmt: skip
    assert told(Pairing(**same)) == [("changed_id", "relink", "A", "1", "B", None)]
    assert told(known) == []
    renamed = pairing(there=("1",), links=[("A", "1")], made=("A",), wanted={"1": "P-7"})
    assert told(renamed) == [("changed_id", "rename_here", "A", "1", "P-7", None)]
    assert told(pairing(there=("1",), links=[("A", "1")], wanted={"1": "P-7"})) == []  # a file says what it is called


def test_BEY_9_what_salesforce_brought_and_a_file_brings_again_is_one():
    keys = [("here", "P-1", "P-1"), ("there", "1", "p-1")]
    known = pairing(("001X", "P-1"), ("1",), [("001X", "1")], keys=keys, made=("001X",))
    assert told(known) == [("duplicate_here", "merge_here", "001X", "1", "P-1", None)]
    twice = pairing(("001X", "P-1"), ("1", "2"), [("001X", "1")], keys=[*keys, ("there", "2", "P-1")], made=("001X",))
    assert ("duplicate_here", "merge_here", "001X", "1", "P-1", None) not in told(twice)


@pytest.mark.parametrize("bearers", [2, 3, 4])
def test_BEY_9_two_or_three_records_with_one_id_are_doubles_and_more_have_a_placeholder_in_common(bearers):
    there = tuple(str(number) for number in range(1, bearers + 1))
    known = pairing(there=there, links=[("A", "2")], keys=[("there", each, "P-1") for each in there])
    goes = [each for each in there if each != "2"] if bearers < 4 else []  # the linked one is left over
    assert told(known) == [("duplicate_there", "merge_there", None, each, None, "2") for each in goes]


def test_BEY_9_a_proposal_is_made_once_and_known_again():
    known = pairing(there=("3",), history=[("A", "1", MERGED)], merged=[("1", "3")])
    found = find(known)
    assert found["proposal_id"].to_list() == ["account:merged:A:1>:3"]
    assert find(known).equals(found)
    rejected = found.with_columns(state=pl.lit("rejected"), decided_by=pl.lit("ada"))
    assert with_decided(found, rejected, known)["state"].to_list() == ["rejected"]
    gone = pairing(("A", "B"), keys=[], made=("A",), archived=("A",))
    accepted = found.with_columns(state=pl.lit("accepted"), action=pl.lit("merge_here"))
    assert with_decided(find(gone), accepted, gone)["state"].to_list() == ["done"]
