"""Reading: counts, pages, types, long statements, and the same frame by REST and by Bulk."""

from datetime import date, datetime

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from toolkit.demo_org.ids import make_id
from toolkit.errors import InputError, NotFoundError, RequestError
from toolkit.salesforce import query, query_jobs

FIELDS = [
    "Id",
    "Name",
    "Active__c",
    "NumberOfEmployees",
    "AnnualRevenue",
    "CS_Health_Score__c",
    "CS_Renewal_Date__c",
    "CreatedDate",
    "Owner.Name",
    "Parent.Owner.Username",
]


@pytest.fixture
def filled(org, demo):
    """The org with a value in every field that is read, and odd text."""
    first, second = [row["Id"] for row in demo.rows("SELECT Id FROM Account ORDER BY Id LIMIT 2")]
    demo.edit(
        "Account",
        first,
        {"Name": 'Zoë "The" O\'Hara,\nLtd', "CS_Health_Score__c": 9.5, "CS_Renewal_Date__c": "2026-12-31"},
    )
    demo.edit("Account", second, {"ParentId": first, "Name": "=2+3, <b>x</b>", "AnnualRevenue": 950000000})
    return org


def test_count_counts(org, demo):
    assert org.count("Account") == len(demo.rows("SELECT Id FROM Account"))
    assert org.count("Account", where="Type = 'Prospect'") == len(
        demo.rows("SELECT Id FROM Account WHERE Type = 'Prospect'")
    )
    assert org.count("Account", scope="mine") == 0


@pytest.mark.parametrize("via", ["rest", "bulk"])
def test_records_are_typed_by_describe(filled, demo, via):
    frame = filled.records("Account", FIELDS, via=via)
    assert frame.schema == {
        "Id": pl.String,
        "Name": pl.String,
        "Active__c": pl.Boolean,
        "NumberOfEmployees": pl.Int64,
        "AnnualRevenue": pl.Float64,
        "CS_Health_Score__c": pl.Float64,
        "CS_Renewal_Date__c": pl.Date,
        "CreatedDate": pl.Datetime("ms", "UTC"),
        "Owner.Name": pl.String,
        "Parent.Owner.Username": pl.String,
    }
    assert frame["Id"].is_sorted()
    first, second = frame.rows(named=True)[:2]
    assert first["Name"] == 'Zoë "The" O\'Hara,\nLtd'
    assert first["CS_Health_Score__c"] == 9.5
    assert first["CS_Renewal_Date__c"] == date(2026, 12, 31)
    assert isinstance(first["CreatedDate"], datetime)
    assert first["Parent.Owner.Username"] is None
    assert second["Parent.Owner.Username"]
    assert second["AnnualRevenue"] == 950_000_000.0
    assert frame.height == len(demo.rows("SELECT Id FROM Account"))


def test_rest_and_bulk_give_the_same_frame(filled):
    assert_frame_equal(filled.records("Account", FIELDS, via="rest"), filled.records("Account", FIELDS, via="bulk"))


@pytest.mark.parametrize("via", ["rest", "bulk"])
def test_no_records_are_an_empty_frame_with_types(org, via):
    frame = org.records("Account", ["Name", "CreatedDate"], where="Name = 'nobody'", via=via)
    assert frame.height == 0
    assert frame.schema == {"Name": pl.String, "CreatedDate": pl.Datetime("ms", "UTC")}


def test_columns_are_named_and_ordered_as_asked(org):
    frame = org.records("Account", ["owner.name", "NAME"])
    assert frame.columns == ["owner.name", "NAME"]
    assert frame["owner.name"].null_count() == 0


def test_a_filter_keeps_its_own_logic(org, demo):
    either = "Type = 'Prospect' OR Type = 'Customer - Direct'"
    assert org.records("Account", ["Id"], where=either).height == len(
        demo.rows(f"SELECT Id FROM Account WHERE {either}")
    )


def test_pages_are_followed_and_reported(org, demo):
    demo.faults.inject("short_page", size=10, times=50, match="/query")
    seen = []
    frame = org.records("Account", ["Id"], progress=lambda done, total: seen.append((done, total)))
    assert frame.height == len(demo.rows("SELECT Id FROM Account"))
    assert len(seen) > 1
    assert seen[-1] == (frame.height, frame.height)


def test_reading_goes_on_when_the_result_pages_were_dropped(org, demo):
    demo.faults.inject("short_page", size=10, times=50, match="/query")
    gone = '[{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}]'
    demo.faults.inject("status", status=400, body=gone, times=2, match="/query/0r8")
    frame = org.records("Account", ["Name"], where="Name != 'a' OR Name != 'b'")
    assert frame.height == len(demo.rows("SELECT Id FROM Account"))


def test_a_large_result_goes_to_bulk_by_itself(org, calls_of):
    calls = calls_of(lambda: org.records("Account", ["Id"], bulk_from=10))
    assert ("POST", "jobs/query", 200) in calls


def test_a_compound_field_is_one_value_over_rest_and_bulk_and_through_a_relationship(org, demo):
    fields = ["Id", "BillingAddress", "BillingCity"]
    rest, bulk = (org.records("Account", fields, via=via) for via in ("rest", "bulk"))
    assert rest.equals(bulk)
    known = rest.drop_nulls("BillingAddress")
    assert known.height > 10
    assert known["BillingAddress"].str.json_path_match("$.city").equals(known["BillingCity"].alias("BillingAddress"))
    assert known["BillingAddress"].str.starts_with('{"city":').all()
    through = org.records("Contact", ["AccountId", "Account.BillingAddress"]).drop_nulls()
    expected = dict(known.select("Id", "BillingAddress").iter_rows())
    assert dict(through.iter_rows()).items() <= expected.items()


def test_a_compound_with_a_hidden_part_is_read_over_rest_alone(org, demo, calls_of):
    demo.set_access("Account", "BillingState", read=False, edit=False)
    org.describe("Account", refresh=True)
    calls = calls_of(lambda: org.records("Account", ["Id", "BillingAddress"], bulk_from=10))
    assert not [path for _, path, _ in calls if path.startswith("jobs")]
    with pytest.raises(InputError, match="does not see every part of BillingAddress"):
        org.records("Account", ["BillingAddress"], via="bulk")


def test_by_ids_returns_those_that_exist(org, demo, calls_of):
    ids = [row["Id"] for row in demo.rows("SELECT Id FROM Account ORDER BY Id")]
    frame = org.by_ids("Account", [ids[3], ids[1], ids[3], "001dM00000zzzzzQAA"], ["Name", "Owner.Name"])
    assert frame.columns == ["Name", "Owner.Name"]
    assert frame.height == 2
    assert org.by_ids("Account", [], ["Name"]).height == 0


def test_many_ids_travel_in_the_body_of_one_call(org, demo, calls_of):
    ids = [row["Id"] for row in demo.rows("SELECT Id FROM Account")]
    strangers = [make_id("001", 500_000 + number) for number in range(1_900)]
    org.describe("Account")
    frames = []
    calls = calls_of(lambda: frames.append(org.by_ids("Account", [*strangers, *ids], ["Id"])))
    assert frames[0]["Id"].to_list() == sorted(ids)
    assert [path for _, path, _ in calls] == ["composite"] * query.calls_for_ids(len(ids) + 1_900)


def test_a_refusal_inside_a_long_statement_is_typed_too(org):
    condition = " OR ".join(f"Nothing__c = '{number:040d}'" for number in range(300))
    with pytest.raises(RequestError) as raised:
        org.records("Account", ["Id"], where=condition)
    assert raised.value.code == "INVALID_FIELD"


def test_a_statement_that_nobody_takes_is_refused_before_the_call(org, calls_of):
    org.describe("Account")

    def fails():
        with pytest.raises(InputError, match="100000"):
            org.records("Account", ["Id"], where=f"Name = '{'x' * 100_000}'")

    assert not calls_of(fails)


@pytest.mark.parametrize(
    ("fields", "error"),
    [([], InputError), (["Id", "id"], InputError), (["Nmae"], NotFoundError), (["Hidden_Notes__c"], NotFoundError)],
)
def test_fields_that_cannot_be_read_are_refused_before_the_call(org, calls_of, fields, error):
    org.describe("Account")

    def fails():
        with pytest.raises(error):
            org.records("Account", fields)

    assert not calls_of(fails)


@pytest.mark.parametrize(
    ("where", "code"),
    [("Nothing__c = 1", "INVALID_FIELD"), ("Name = ", "MALFORMED_QUERY"), ("Name == 'x'", "MALFORMED_QUERY")],
)
@pytest.mark.parametrize("via", ["rest", "bulk"])
def test_a_filter_that_salesforce_refuses_is_typed(org, where, code, via):
    with pytest.raises(RequestError) as raised:
        org.records("Account", ["Id"], where=where, via=via)
    assert raised.value.code == code or code in raised.value.message


def test_bulk_results_come_page_by_page_and_the_job_is_deleted(org, demo, calls_of):
    columns = query.columns_of(org.describe("Account"), ["Id", "Name"])
    seen, frames = [], []

    def read():
        statement = "SELECT Id, Name FROM Account"
        pages = query_jobs.read_bulk(org._wire, columns, statement, lambda done, _: seen.append(done), per_page=15)
        frames.extend(pages)

    calls = calls_of(read)
    number = len(demo.rows("SELECT Id FROM Account"))
    pages = -(-number // 15)
    assert len([path for _, path, _ in calls if path.endswith("/results")]) == pages
    assert seen == [min(number, 15 * page) for page in range(1, pages + 1)]
    assert sum(frame.height for frame in frames) == number
    assert calls[-1][0::2] == ("DELETE", 204)


def test_an_interrupted_bulk_read_aborts_its_job(connected, demo):
    def interrupt(seconds):
        raise KeyboardInterrupt

    org = connected(sleep=interrupt)
    org.describe("Account")
    demo.faults.inject("slow_job", seconds=30)
    with pytest.raises(KeyboardInterrupt):
        org.records("Account", ["Id"], via="bulk")
    assert demo.requests[-1][0] == "PATCH"


def test_a_query_job_that_fails_says_why(org, demo):
    demo.faults.inject("job_failed", message="InternalServerError : Out of luck.")
    with pytest.raises(RequestError, match="Out of luck"):
        org.records("Account", ["Id"], via="bulk")
