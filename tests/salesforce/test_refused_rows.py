"""A call that Salesforce refuses as a whole, rows that stay locked, and five collections in one call."""

import polars as pl
import pytest

from toolkit.errors import UnavailableError
from toolkit.salesforce.rest_writes import MOST_HALVINGS

TYPES = {"Name": "string", "CS_Segment__c": "string"}
REST = pytest.mark.parametrize("via", ["collections", "composite"])
MANY = 450


def rows_of(number, bad=()):
    """New accounts, of which some hold a word that the org refuses the whole call for."""
    names = [f"{'POISON' if each in bad else 'Row'} {each}" for each in range(number)]
    return pl.DataFrame({"Name": names})


def made(demo):
    return {row["Name"] for row in demo.rows("SELECT Name FROM Account")}


def poison(demo, status=400, code="JSON_PARSER_ERROR", **more):
    demo.faults.inject(
        "status", times=999, status=status, code=code, text="Cannot deserialize", match="composite", holding="POISON",
        **more,
    )  # fmt: skip


@REST
@pytest.mark.parametrize("code", ["JSON_PARSER_ERROR", "FIELD_INTEGRITY_EXCEPTION"])
def test_BEY_6_a_refused_call_is_halved_until_the_failing_row_is_alone(org, demo, via, code):
    poison(demo, code=code)
    told = []
    results = org.write("Account", "insert", rows_of(230, bad={77, 201}), TYPES, via=via, on_results=told.append)
    assert results.with_row_index().filter(~pl.col("success"))["index"].to_list() == [77, 201]
    assert results["error_code"].drop_nulls().to_list() == [code] * 2
    assert results["error_message"].drop_nulls().to_list() == ["Cannot deserialize"] * 2
    assert sorted(pl.concat(told)["row"]) == list(range(230))  # each row is told of once
    assert len([name for name in made(demo) if name.startswith("Row ")]) == 228


def test_BEY_6_looking_for_failing_rows_costs_little(org, demo, calls_of):
    poison(demo)
    calls = calls_of(lambda: org.write("Account", "insert", rows_of(200, bad={13}), TYPES))
    assert len(calls) == 17  # 200, 100 twice, 50 twice ... 2 or 1 twice


def test_BEY_6_a_call_in_which_every_row_is_at_fault_is_given_up(org, demo, calls_of):
    poison(demo)
    results = []
    calls = calls_of(lambda: results.append(org.write("Account", "insert", rows_of(200, bad=range(200)), TYPES)))
    assert len(calls) <= MOST_HALVINGS + 10
    assert not results[0]["success"].any()
    assert results[0]["error_message"].str.contains("Cannot deserialize").all()


def test_BEY_6_a_request_that_is_too_large_is_sent_in_parts(org, demo):
    demo.faults.inject("status", times=99, status=413, body="<h1>too large</h1>", match="composite", larger=9_000)
    results = org.write("Account", "insert", rows_of(200), TYPES)
    assert results["success"].all()


def test_BEY_6_a_row_on_which_salesforce_fails_inside_is_found(org, demo):
    ids = org.records("Account", ["Id"])["Id"].to_list()
    poison(demo, status=500, code="UNKNOWN_EXCEPTION")
    rows = pl.DataFrame({"Id": ids, "CS_Segment__c": ["POISON" if each == 9 else "x" for each in range(len(ids))]})
    results = org.write("Account", "update", rows, TYPES)
    assert results.with_row_index().filter(~pl.col("success")).select("index", "error_code").rows() == [
        (9, "UNKNOWN_EXCEPTION")
    ]


def test_BEY_6_an_org_that_fails_at_everything_is_no_fault_of_a_row(org, demo):
    ids = org.records("Account", ["Id"])["Id"].to_list()
    demo.faults.inject("status", times=999, status=500, match="composite")
    with pytest.raises(UnavailableError):
        org.write("Account", "update", pl.DataFrame({"Id": ids, "CS_Segment__c": ["x"] * len(ids)}), TYPES)


@pytest.mark.parametrize("code", ["INSUFFICIENT_ACCESS", "INVALID_TYPE_FOR_OPERATION"])
def test_BEY_6_what_holds_for_the_whole_object_is_told_of_every_row_in_one_call(org, demo, calls_of, code):
    demo.faults.inject("status", times=99, status=403, code=code, text="no", match="composite")
    results = []
    calls = calls_of(lambda: results.append(org.write("Account", "insert", rows_of(150), TYPES)))
    assert len(calls) == 1
    assert set(results[0]["error_code"]) == {code}


@pytest.mark.parametrize("via", ["collections", "composite", "bulk"])
def test_BEY_6_rows_that_were_locked_are_sent_again_and_no_others(org, demo, naps, calls_of, via):
    ids = org.records("Account", ["Id"])["Id"].to_list()
    demo.faults.inject("lock_row", rows=3, times=2)
    told, results = [], []
    rows = pl.DataFrame({"Id": ids, "CS_Segment__c": [f"s{number}" for number in range(len(ids))]})
    calls = calls_of(
        lambda: results.append(org.write("Account", "update", rows, TYPES, via=via, on_results=told.append))
    )
    assert results[0]["success"].all()
    assert results[0]["id"].to_list() == ids
    assert [part.height for part in told] == [len(ids) - 3, 3]
    assert sum("composite/sobjects" in path for _, path, _ in calls) == (2 if via == "bulk" else 3)


@pytest.mark.parametrize("via", ["collections", "bulk"])
def test_BEY_6_a_row_that_stays_locked_fails_with_the_code_of_the_lock(org, demo, via):
    ids = org.records("Account", ["Id"])["Id"].to_list()
    demo.faults.inject("lock_row", rows=1, times=99)
    rows = pl.DataFrame({"Id": ids, "CS_Segment__c": ["x"] * len(ids)})
    results = org.write("Account", "update", rows, TYPES, via=via)
    assert results["error_code"].to_list() == ["UNABLE_TO_LOCK_ROW", *[None] * (len(ids) - 1)]


def test_BEY_6_a_lock_that_an_automation_met_is_a_lock(org, demo, calls_of):
    ids = org.records("Account", ["Id"])["Id"].to_list()[:1]
    text = "CleanUp: execution of AfterUpdate caused by: UNABLE_TO_LOCK_ROW, unable to obtain exclusive access"
    demo.add_validation_rule("Account", "Locking", 'CS_Segment__c = "x"', text)
    rows = pl.DataFrame({"Id": ids, "CS_Segment__c": ["x"]})
    calls = calls_of(lambda: org.write("Account", "update", rows, TYPES))
    assert len(calls) == 4


def test_BEY_7_composite_sends_a_thousand_rows_in_one_call(org, demo, calls_of):
    results = []
    calls = calls_of(lambda: results.append(org.write("Account", "insert", rows_of(MANY), TYPES, via="composite")))
    assert [call[:2] for call in calls] == [("POST", "composite")]
    assert results[0]["success"].all()
    assert results[0]["id"].n_unique() == MANY
    ids = results[0]["id"]
    changed = pl.DataFrame({"Id": ids, "CS_Segment__c": [f"s{number}" for number in range(MANY)]})
    calls = calls_of(lambda: org.write("Account", "update", changed, TYPES, via="composite"))
    calls += calls_of(lambda: org.write("Account", "delete", changed.select("Id"), TYPES, via="composite"))
    assert [call[:2] for call in calls] == [("POST", "composite")] * 2
    assert not [name for name in made(demo) if name.startswith("Row ")]


@pytest.mark.parametrize("code", ["EXCEEDED_QUOTA", "INVALIDENTITY"])
def test_BEY_7_where_the_org_makes_no_job_rows_go_over_rest(org, demo, code):
    ids = org.records("Account", ["Id"])["Id"].to_list()
    demo.faults.inject("status", status=400, code=code, text="no", match="jobs/ingest$")
    rows = pl.DataFrame({"Id": ids, "CS_Segment__c": ["x"] * len(ids)})
    assert org.write("Account", "update", rows, TYPES, via="bulk")["success"].all()
