"""Writing, by collections and by Bulk: the same rows, the same answers, in the order of the rows."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from toolkit.errors import InputError, NotFoundError, RequestError, UnavailableError
from toolkit.frames import WRITE_RESULTS, conform
from toolkit.salesforce.bulk import write_bulk
from toolkit.salesforce.collections import Write

BOTH = pytest.mark.parametrize("via", ["collections", "bulk"])
TYPES = {
    "Name": "string",
    "Description": "textarea",
    "CS_Segment__c": "string",
    "CS_MRR__c": "currency",
    "CS_Active_Users__c": "double",
    "CS_Renewal_Date__c": "date",
    "CS_Health_Score__c": "double",
    "CS_Health_Band__c": "picklist",
    "Active__c": "boolean",
    "Product_Id__c": "string",
    "Locked_Score__c": "double",
}

AWKWARD = [
    'He said "yes", twice',
    "first line\nsecond line",
    "first line\r\nsecond line",
    "Zoë, Łódź, 東京, 🎉",
    "=2+3",
    "#N/A",
    "a,b;c\td",
    "'single'",
    "\\n is not a line",
    '"',
    "null",
    None,
]


def ids_of(demo, number=None):
    rows = demo.rows("SELECT Id FROM Account ORDER BY Id")
    return [str(row["Id"]) for row in rows][:number]


def held(demo, ids, field):
    found = {row["Id"]: row[field] for row in demo.rows(f"SELECT Id, {field} FROM Account")}
    return [found[each] for each in ids]


@BOTH
def test_awkward_text_and_null_arrive_as_they_are(org, demo, via):
    ids = ids_of(demo, len(AWKWARD))
    for each in ids:
        demo.edit("Account", each, {"Description": "something", "CS_Segment__c": "something"})
    rows = pl.DataFrame({"Id": ids, "Description": AWKWARD})
    results = org.write("Account", "update", rows, TYPES, via=via)
    assert results.schema == WRITE_RESULTS.schema
    assert results["id"].to_list() == ids
    assert results["success"].all()
    assert not results["created"].any()
    assert results["error_code"].null_count() == len(ids)
    assert held(demo, ids, "Description") == AWKWARD
    for reading in ("rest", "bulk"):
        assert (
            org.records("Account", ["Id", "Description"], via=reading)["Description"].head(len(ids)).to_list()
            == AWKWARD
        )
    conform(results, WRITE_RESULTS)


@BOTH
def test_every_type_is_written_and_cleared(org, demo, via):
    account = ids_of(demo, 1)
    values = {
        "CS_MRR__c": "1234.5",
        "CS_Active_Users__c": "17",
        "CS_Renewal_Date__c": "2026-12-31",
        "CS_Health_Score__c": "9.5",
        "CS_Health_Band__c": "Green",
        "Active__c": "true",
    }
    rows = pl.DataFrame({"Id": account, **{name: [text] for name, text in values.items()}})
    assert org.write("Account", "update", rows, TYPES, via=via)["success"].all()
    found = org.records("Account", list(values), where=f"Id = '{account[0]}'").row(0, named=True)
    assert found["CS_MRR__c"] == 1234.5
    assert found["CS_Active_Users__c"] == 17
    assert str(found["CS_Renewal_Date__c"]) == "2026-12-31"
    assert found["CS_Health_Score__c"] == 9.5
    assert found["CS_Health_Band__c"] == "Green"
    assert found["Active__c"] is True
    nothing = pl.DataFrame({"Id": account, **{name: [""] for name in values if name != "Active__c"}})
    assert org.write("Account", "update", nothing, TYPES, via=via)["success"].all()
    found = org.records("Account", list(values), where=f"Id = '{account[0]}'").row(0, named=True)
    assert [found[name] for name in values if name != "Active__c"] == [None] * 5


@BOTH
def test_rows_that_are_refused_say_why_and_the_others_are_written(org, demo, via):
    ids = ids_of(demo, 5)
    rows = pl.DataFrame(
        {
            "Id": [ids[0], ids[1], "001dM00000zzzzzQAA", ids[3], ids[4]],
            "CS_Health_Score__c": ["9.5", "100", "1", "2", "3"],
            "CS_Health_Band__c": ["Green", "Green", "Green", "Purple", "Red"],
        }
    )
    results = org.write("Account", "update", rows, TYPES, via=via)
    assert results["id"].to_list() == rows["Id"].to_list()
    assert results["success"].to_list() == [True, False, False, False, True]
    assert results["error_code"].to_list() == [
        None,
        "NUMBER_OUTSIDE_VALID_RANGE",
        "INVALID_CROSS_REFERENCE_KEY",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        None,
    ]
    assert results["error_fields"].to_list()[1] == "CS_Health_Score__c"
    assert "Purple" in results["error_message"][3]
    assert held(demo, [ids[0], ids[4]], "CS_Health_Score__c") == [9.5, 3.0]


@BOTH
def test_CAT_16_a_field_that_is_read_only_is_refused_with_its_code(org, demo, via):
    rows = pl.DataFrame({"Id": ids_of(demo, 1), "Locked_Score__c": ["1"]})
    results = org.write("Account", "update", rows, TYPES, via=via)
    assert results["error_code"].to_list() == ["INVALID_FIELD_FOR_INSERT_UPDATE"]
    assert "Locked_Score__c" in results["error_message"][0]


@BOTH
def test_inserts_return_the_new_ids_in_the_order_of_the_rows(org, demo, via):
    names = ["Third", "First", "First", None, "Second"]
    rows = pl.DataFrame({"Name": names, "CS_Segment__c": ["a", "b", "b", "c", None]})
    results = org.write("Account", "insert", rows, TYPES, via=via)
    assert results["success"].to_list() == [True, True, True, False, True]
    assert results["created"].to_list() == [True, True, True, False, True]
    assert results["id"].is_null().to_list() == [False, False, False, True, False]
    assert results["id"].drop_nulls().n_unique() == 4
    assert results["error_code"][3] == "REQUIRED_FIELD_MISSING"
    assert held(demo, results["id"].drop_nulls().to_list(), "Name") == ["Third", "First", "First", "Second"]


@BOTH
def test_upserts_say_which_were_created(org, demo, via):
    known = demo.rows("SELECT Id, Product_Id__c FROM Account WHERE Product_Id__c != null LIMIT 1")[0]
    rows = pl.DataFrame({"Product_Id__c": ["P-NEW-1", known["Product_Id__c"]], "Name": ["Newly", "Renamed"]})
    results = org.write("Account", "upsert", rows, TYPES, via=via, external_id="Product_Id__c")
    assert results["success"].all()
    assert results["created"].to_list() == [True, False]
    assert results["id"][1] == known["Id"]
    assert held(demo, results["id"].to_list(), "Name") == ["Newly", "Renamed"]


@BOTH
def test_deletes_delete(org, demo, via):
    fresh = org.write("Account", "insert", pl.DataFrame({"Name": ["Gone", "Gone too"]}), TYPES)["id"].to_list()
    rows = pl.DataFrame({"Id": [*fresh, "001dM00000zzzzzQAA"], "Name": ["x", "y", "z"]})
    results = org.write("Account", "delete", rows, TYPES, via=via)
    assert results["success"].to_list() == [True, True, False]
    assert results["id"].to_list() == rows["Id"].to_list()
    assert not demo.rows("SELECT Id FROM Account WHERE Name LIKE 'Gone%'")


@BOTH
def test_a_sparse_write_leaves_empty_cells_alone(org, demo, via):
    ids = ids_of(demo, 3)
    for each in ids:
        demo.edit("Account", each, {"CS_Segment__c": "kept", "CS_MRR__c": 5})
    rows = pl.DataFrame({"Id": ids, "CS_Segment__c": ["new", "", None], "CS_MRR__c": ["", "7.5", ""]})
    assert org.write("Account", "update", rows, TYPES, via=via, sparse=True)["success"].all()
    assert held(demo, ids, "CS_Segment__c") == ["new", "kept", None]
    assert held(demo, ids, "CS_MRR__c") == [5.0, 7.5, 5.0]


@BOTH
def test_nothing_to_write_costs_nothing(org, calls_of, via):
    rows = pl.DataFrame({"Id": [], "Name": []}, schema={"Id": pl.String, "Name": pl.String})
    results = []
    assert not calls_of(lambda: results.append(org.write("Account", "update", rows, TYPES, via=via)))
    assert_frame_equal(results[0], WRITE_RESULTS.empty())


@BOTH
def test_both_ways_answer_the_same(connected, demo, via):
    org = connected()
    ids = ids_of(demo)
    rows = pl.DataFrame({"Id": ids, "CS_Health_Score__c": [str(number * 5) for number in range(len(ids))]})
    results = org.write("Account", "update", rows, TYPES, via=via)
    assert results["success"].to_list() == [number * 5 < 100 for number in range(len(ids))]


@pytest.mark.parametrize(
    ("operation", "rows", "what"),
    [
        ("update", {"Name": ["x"]}, "no column Id"),
        ("update", {"Id": ["001dM00000zzzzz", "001dM00000zzzzzQAA"], "Name": ["x", "y"]}, "occurs in 2"),
        ("update", {"Id": [None], "Name": ["x"]}, "empty"),
        ("update", {"Id": ["001dM00000zzzzzQAA"], "CS_MRR__c": [1.5]}, "not canonical text"),
        ("update", {"Id": ["001dM00000zzzzzQAA"], "Owner.Email": ["x"]}, "not an API name"),
        ("upsert", {"Product_Id__c": ["p-1"]}, "needs external_id"),
        ("merge", {"Id": ["001dM00000zzzzzQAA"]}, "no operation"),
    ],
)
def test_rows_that_cannot_be_sent_are_refused_before_the_call(org, calls_of, operation, rows, what):
    def fails():
        with pytest.raises(InputError, match=what):
            org.write("Account", operation, pl.DataFrame(rows), TYPES)

    assert not calls_of(fails)


def test_text_that_is_no_value_of_its_type_is_refused_before_the_call(org, calls_of):
    def fails():
        with pytest.raises(InputError, match=r"'many' is not a value for Account.CS_MRR__c"):
            org.write("Account", "update", pl.DataFrame({"Id": ["001dM00000zzzzzQAA"], "CS_MRR__c": ["many"]}), TYPES)

    assert not calls_of(fails)


# Collections


def test_collections_send_200_a_call_and_report_each(org, demo, calls_of):
    rows = pl.DataFrame({"Name": [f"Row {number}" for number in range(450)]})
    seen, parts = [], []
    results = []
    calls = calls_of(
        lambda: results.append(
            org.write(
                "Account", "insert", rows, TYPES, progress=lambda *done: seen.append(done), on_results=parts.append
            )
        )
    )
    assert [path for _, path, _ in calls] == ["composite/sobjects"] * 3
    assert seen == [(200, 450), (400, 450), (450, 450)]
    assert_frame_equal(pl.concat(parts).drop("row"), results[0])
    assert held(demo, results[0]["id"].to_list(), "Name") == rows["Name"].to_list()


def test_what_was_answered_before_a_failure_is_known(org, demo):
    rows = pl.DataFrame({"Name": [f"Row {number}" for number in range(450)]})
    parts = []

    def one_more(part):
        parts.append(part)
        demo.faults.inject("drop", match="composite/sobjects", of="request")

    with pytest.raises(UnavailableError):
        org.write("Account", "insert", rows, TYPES, on_results=one_more)
    assert [part.height for part in parts] == [200]


def test_a_locked_row_is_sent_again(org, demo, naps):
    ids = ids_of(demo, 5)
    demo.faults.inject("lock_row", rows=2, times=2)
    rows = pl.DataFrame({"Id": ids, "CS_Segment__c": list("abcde")})
    results = org.write("Account", "update", rows, TYPES)
    assert results["success"].all()
    assert held(demo, ids, "CS_Segment__c") == list("abcde")
    assert len(naps.taken) == 2


def test_a_row_that_stays_locked_is_given_up(org, demo, naps):
    ids = ids_of(demo, 3)
    demo.faults.inject("lock_row", rows=1, times=50)
    results = org.write("Account", "update", pl.DataFrame({"Id": ids, "CS_Segment__c": list("abc")}), TYPES)
    assert results["success"].to_list() == [False, True, True]
    assert results["error_code"][0] == "UNABLE_TO_LOCK_ROW"
    assert len(naps.taken) == 3


# Bulk


def test_bulk_makes_one_job_follows_it_and_deletes_it(org, demo, calls_of):
    ids = ids_of(demo)
    jobs, seen = [], []
    rows = pl.DataFrame({"Id": ids, "CS_Segment__c": ["x"] * len(ids)})
    calls = calls_of(
        lambda: org.write(
            "Account", "update", rows, TYPES, via="bulk", on_job=jobs.append, progress=lambda *done: seen.append(done)
        )
    )
    job = f"jobs/ingest/{jobs[0]}"
    others = [call[:2] for call in calls if call[:2] != ("GET", job)]
    assert others == [
        ("POST", "jobs/ingest"),
        ("PUT", f"{job}/batches"),
        ("PATCH", job),
        ("GET", f"{job}/successfulResults"),
        ("DELETE", job),
    ]
    assert seen[-1] == (len(ids), len(ids))


def test_bulk_splits_what_is_too_large_for_one_job(org, demo):
    ids = ids_of(demo)
    jobs = []
    rows = pl.DataFrame({"Id": ids, "CS_Segment__c": [f"s{number}" for number in range(len(ids))]})
    write = Write("Account", "update", rows, TYPES, "Id")
    results = write_bulk(org._wire, write, on_job=jobs.append, most_bytes=300)
    assert len(jobs) > 2
    assert results["id"].to_list() == ids
    assert results["success"].all()
    assert held(demo, ids, "CS_Segment__c") == rows["CS_Segment__c"].to_list()


def test_polls_grow_longer(org, demo, naps):
    demo.faults.inject("slow_job", seconds=0.3)
    rows = pl.DataFrame({"Id": ids_of(demo, 1), "CS_Segment__c": ["x"]})
    assert org.write("Account", "update", rows, TYPES, via="bulk")["success"].all()
    assert len(naps.taken) > 3
    assert naps.taken == sorted(naps.taken)
    assert naps.taken[-1] <= 20


def test_a_job_that_fails_is_answered_row_by_row(org, demo):
    ids = ids_of(demo, 3)
    demo.faults.inject("job_failed", message="InternalServerError : An unexpected error occurred.")
    rows = pl.DataFrame({"Id": ids, "CS_Segment__c": ["x"] * 3})
    results = org.write("Account", "update", rows, TYPES, via="bulk")
    assert results["id"].to_list() == ids
    assert not results["success"].any()
    assert results["error_code"].to_list() == ["InternalServerError"] * 3
    assert "unexpected" in results["error_message"][0]


def test_an_unknown_column_fails_the_job_with_its_name(org, demo):
    rows = pl.DataFrame({"Id": ids_of(demo, 2), "Nothing__c": ["x", "y"]})
    results = org.write("Account", "update", rows, TYPES, via="bulk")
    assert not results["success"].any()
    assert "Nothing__c" in results["error_message"][0]


@pytest.mark.parametrize("of", ["request", "response"])
def test_an_upload_that_breaks_off_is_made_anew(org, demo, of):
    ids = ids_of(demo)
    jobs = []
    demo.faults.inject("drop", match="/batches", method="PUT", of=of)
    rows = pl.DataFrame({"Id": ids, "CS_Segment__c": ["x"] * len(ids)})
    results = org.write("Account", "update", rows, TYPES, via="bulk", on_job=jobs.append)
    assert results["success"].all()
    assert held(demo, ids, "CS_Segment__c") == ["x"] * len(ids)
    if of == "request":  # the answer to an upload has no body: its loss may pass unseen
        assert len(jobs) == 2


def test_a_close_whose_answer_is_lost_is_looked_up(org, demo):
    demo.faults.inject("drop", match="jobs/ingest/750", method="PATCH")
    names = pl.DataFrame({"Name": ["Only once"]})
    jobs = []
    results = org.write("Account", "insert", names, TYPES, via="bulk", on_job=jobs.append)
    assert results["success"].all()
    assert len(jobs) == 1
    assert len(demo.rows("SELECT Id FROM Account WHERE Name = 'Only once'")) == 1


def test_an_interrupted_write_aborts_its_job(connected, demo):
    def interrupt(seconds):
        raise KeyboardInterrupt

    org = connected(sleep=interrupt)
    demo.faults.inject("slow_job", seconds=30)
    rows = pl.DataFrame({"Id": ids_of(demo, 1), "CS_Segment__c": ["never"]})
    with pytest.raises(KeyboardInterrupt):
        org.write("Account", "update", rows, TYPES, via="bulk")
    assert demo.requests[-1][0] == "PATCH"
    assert demo.requests[-1][2] == 200


def test_BEY_6_a_job_that_an_earlier_run_left_is_collected(connected, demo):
    class Killed(BaseException):
        pass

    def die(seconds):
        raise Killed

    ids = ids_of(demo, 3)
    rows = pl.DataFrame({"Id": ids, "CS_Health_Score__c": ["1", "100", "3"]})
    jobs = []
    demo.faults.inject("slow_job", seconds=0.2)
    with pytest.raises(Killed):
        connected(sleep=die).write("Account", "update", rows, TYPES, via="bulk", on_job=jobs.append)
    org = connected()
    more = pl.concat([rows, pl.DataFrame({"Id": ["001dM00000zzzzzQAA"], "CS_Health_Score__c": ["4"]})])
    results = org.collect(jobs[0], "Account", "update", more, TYPES)
    assert results["id"].to_list() == ids
    assert results["success"].to_list() == [True, False, True]
    assert org.collect(jobs[0], "Account", "update", more, TYPES).equals(results)  # killed before it was noted
    org.forget(jobs[0])
    with pytest.raises(NotFoundError):
        org.collect(jobs[0], "Account", "update", rows, TYPES)


def test_BEY_6_a_job_that_may_be_at_work_gets_no_second_job_with_the_same_rows(org, demo):
    rows = pl.DataFrame({"Name": [f"Once {number}" for number in range(3)]})
    jobs = []
    demo.faults.inject("drop", match="jobs/ingest/750", method="PATCH")  # it is closed, and nobody hears of it
    demo.faults.inject("drop", times=9, match="jobs/ingest/750", method="GET", of="request")
    with pytest.raises(UnavailableError):
        org.write("Account", "insert", rows, TYPES, via="bulk", on_job=jobs.append)
    demo.faults.clear()
    assert len(jobs) == 1
    collected = org.collect(jobs[0], "Account", "insert", rows, TYPES)
    assert collected["created"].to_list() == [True] * 3
    assert len(demo.rows("SELECT Id FROM Account WHERE Name LIKE 'Once _'")) == 3


@pytest.mark.parametrize("fault", [{"kind": "garble"}, {"kind": "drop", "after": -1}], ids=["half", "no headers"])
def test_BEY_6_a_result_file_that_is_cut_short_is_asked_for_again(org, demo, fault):
    rows = pl.DataFrame({"Id": ids_of(demo, 9), "CS_Segment__c": [f"Cut {number}" for number in range(9)]})
    demo.faults.inject(match="successfulResults", **fault)
    assert org.write("Account", "update", rows, TYPES, via="bulk")["success"].all()


def test_BEY_6_what_a_cut_result_file_does_not_tell_is_not_called_a_failure(org, demo):
    rows = pl.DataFrame({"Id": ids_of(demo, 9), "CS_Segment__c": [f"Cut {number}" for number in range(9)]})
    jobs, told = [], []
    demo.faults.inject("garble", times=99, match="successfulResults")
    with pytest.raises(UnavailableError, match="does not hold all that the job did"):
        org.write("Account", "update", rows, TYPES, via="bulk", on_job=jobs.append, on_results=told.append)
    assert told == []
    known = org.collect(jobs[0], "Account", "update", rows, TYPES)
    assert known.height < 9
    assert known["success"].all()  # the others are left to be read


def test_an_unknown_object_is_refused(org):
    with pytest.raises(RequestError):
        org.write("Acount", "insert", pl.DataFrame({"Name": ["x"]}), TYPES, via="bulk")
