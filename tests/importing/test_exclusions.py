"""What the mapping file leaves out although it is in scope, and that each of them says why."""

from datetime import UTC, datetime

import polars as pl
import pytest

from toolkit.config import parse
from toolkit.config.objects import ObjectMapping
from toolkit.errors import ConfigError
from toolkit.frames import LINKS
from toolkit.importing.exclusions import excluded
from toolkit.importing.extras import extra_reads
from toolkit.importing.records import import_object

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
FIELDS = [{"here": "name", "there": "Name", "direction": "input"}]


def mapping(**exclude):
    return ObjectMapping.model_validate({"create": True, "fields": FIELDS, "exclude": exclude}).named("account")


def accounts(names, **columns):
    return pl.DataFrame({"id": [f"001{n}" for n in range(len(names))], "Name": names, **columns})


def told(done):
    return done.skips.select("id", "rule", "reason").rows()


@pytest.mark.parametrize(("length", "left_out"), [(128, False), (129, True)])
def test_CC_15_names_of_more_characters_than_allowed_are_passed_over(length, left_out):
    rows = accounts(["Ä" * length, "Acme", None])
    done = excluded(rows, mapping(name_over=128))
    assert (rows.height - done.kept.height == 1) is left_out
    reason = "its name has 129 characters; at most 128 are taken"
    assert told(done) == ([("0010", "name_over (CC-15)", reason)] if left_out else [])


def test_CC_15_nothing_is_left_out_unless_the_mapping_says_so():
    assert excluded(accounts(["x" * 500]), mapping()).skips.is_empty()


def test_CC_16_person_accounts_are_left_out_where_the_mapping_wants_companies():
    rows = accounts(["Ada", "Acme", "Bolt"], IsPersonAccount=[True, False, None])
    assert told(excluded(rows, mapping(person_accounts=True))) == [
        ("0010", "person_accounts (CC-16)", "it is a person, not a company")
    ]
    assert excluded(rows, mapping()).kept.height == 3


def test_CC_16_an_org_without_person_accounts_has_no_persons():
    assert excluded(accounts(["Acme"]), mapping(person_accounts=True)).kept.height == 1


def test_CC_13_parents_are_left_out_and_children_stay():
    rows = accounts(["Group", "Child", "Child", "Alone"], ParentId=[None, "0010", "0010", None])
    done = excluded(rows, mapping(parents=True))
    assert done.kept["id"].to_list() == ["0011", "0012", "0013"]
    assert told(done) == [("0010", "parents (CC-13)", "it is the parent of 2 other accounts")]


def test_CC_13_a_parent_whose_children_are_out_of_scope_is_one_too():
    using = mapping(parents=True)
    rows = accounts(["Group", "Alone"], ParentId=[None, None])
    (read,) = extra_reads(using, rows)
    assert (read.sobject, read.fields, read.where) == ("Account", ("Id", "ParentId"), "ParentId != null")
    extras = {"Account": pl.DataFrame({"Id": ["001Z"], "ParentId": ["0010"]})}
    done = import_object(using, rows, None, LINKS.empty(), NOW, extras=extras)
    assert done.here["id"].to_list() == ["0011"]
    assert done.skips["reason"].to_list() == ["it is the parent of 1 other account"]


def test_a_record_that_is_left_out_for_two_reasons_says_both_and_counts_once():
    rows = accounts(["x" * 129], IsPersonAccount=[True])
    using = mapping(name_over=128, person_accounts=True)
    done = import_object(using, rows, None, LINKS.empty(), NOW)
    assert done.skips["rule"].to_list() == ["name_over (CC-15)", "person_accounts (CC-16)"]
    assert done.counts["skipped"] == 1


def scoped(picklist):
    return f"""
        [objects.account]
        create = true
        scope = {{ picklist = {picklist} }}
        fields = [{{ here = "name", there = "Name", direction = "input" }}]
    """


def test_CC_17_one_field_with_several_values_says_who_is_a_customer():
    picklist = parse(scoped('{ field = "Type", values = ["Customer - Direct", "Customer - Channel"] }')).objects[
        "account"
    ]
    assert picklist.scope.picklist.values == ("Customer - Direct", "Customer - Channel")
    with pytest.raises(ConfigError):
        parse(scoped('[{ field = "Type", values = ["A"] }, { field = "Rating", values = ["Hot"] }]'))
