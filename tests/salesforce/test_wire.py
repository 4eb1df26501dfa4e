"""What goes wrong between here and the org: sessions, limits, busy servers, broken connections; and no secret shows."""

import logging
import pickle
import threading
import traceback

import polars as pl
import pytest

from toolkit.errors import LimitError, SessionError, ToolkitError, UnavailableError
from toolkit.salesforce import Credentials

TOKEN = "/services/oauth2/token"


def insert_one(org):
    return org.write("Account", "insert", pl.DataFrame({"Name": ["New"]}), {"Name": "string"})


# Sessions


def test_an_expired_session_is_renewed_once_mid_run(org, demo, calls_of):
    before = org.count("Account")
    demo.faults.expire_sessions()

    def go_on():
        assert org.count("Account") == before

    assert [status for _, _, status in calls_of(go_on)] == [401, 200, 200]


def test_a_session_that_expires_inside_a_bulk_job_is_renewed(org, demo):
    ids = [row["Id"] for row in demo.rows("SELECT Id FROM Account")]
    rows = pl.DataFrame({"Id": ids, "CS_Segment__c": ["x"] * len(ids)})
    results = org.write(
        "Account",
        "update",
        rows,
        {"CS_Segment__c": "string"},
        via="bulk",
        on_job=lambda _: demo.faults.expire_sessions(),
    )
    assert results["success"].all()


def test_a_session_that_stays_invalid_ends_after_one_renewal(org, demo, calls_of, naps):
    demo.faults.inject("status", status=401, times=50, match="/query")

    def fails():
        with pytest.raises(SessionError) as raised:
            org.count("Account")
        assert raised.value.code == "INVALID_SESSION_ID"

    assert [status for _, _, status in calls_of(fails)] == [401, 200, 401]
    assert not naps.taken


def test_threads_share_one_renewal(org, demo):
    demo.faults.expire_sessions()
    before = len(demo.requests)
    counts = []
    threads = [threading.Thread(target=lambda: counts.append(org.count("Account"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(counts) == 8
    assert [path for _, path, _ in demo.requests[before:]].count(TOKEN) == 1


def test_a_token_that_was_handed_over_cannot_be_renewed(connected, demo):
    token = connected()._wire.session_id
    org = connected(login="token", credentials=Credentials(access_token=token, instance_url=demo.url))
    demo.faults.expire_sessions()
    with pytest.raises(SessionError) as raised:
        org.count("Account")
    assert "hand over a new one" in raised.value.hint


def test_a_session_that_cannot_be_renewed_says_why(org, demo):
    demo.faults.expire_sessions()
    gone = '{"error": "invalid_client", "error_description": "invalid client credentials"}'
    demo.faults.inject("status", status=400, body=gone, match="oauth2/token")
    with pytest.raises(SessionError, match="could not be renewed") as raised:
        org.count("Account")
    assert raised.value.code == "invalid_client"
    assert "consumer secret" in raised.value.hint


def test_a_connection_is_not_written_anywhere(org):
    with pytest.raises(TypeError):
        pickle.dumps(org)


# Busy and broken


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("body", [True, False, "<html><body>Busy</body></html>"])
def test_a_busy_org_is_asked_again_even_for_an_insert(org, demo, naps, status, body):
    demo.faults.inject("status", status=status, body=body, times=2, match="composite/sobjects")
    assert insert_one(org)["success"].to_list() == [True]
    assert naps.taken == [0.5, 1.0]
    assert len(demo.rows("SELECT Id FROM Account WHERE Name = 'New'")) == 1


def test_an_org_that_stays_busy_is_given_up_after_five_tries(org, demo, calls_of):
    demo.faults.inject("status", status=503, body=False, times=50, match="/query")

    def fails():
        with pytest.raises(UnavailableError, match="503 and no body") as raised:
            org.count("Account")
        assert raised.value.status == 503

    assert len(calls_of(fails)) == 5


def test_the_org_says_how_long_to_wait(org, demo, naps):
    demo.faults.inject("status", status=503, retry_after=7, match="/query")
    assert org.count("Account") == len(demo.rows("SELECT Id FROM Account"))
    assert naps.taken == [7.0]


def test_a_wait_that_is_too_long_is_handed_to_the_caller(org, demo, naps):
    demo.faults.inject("status", status=503, retry_after=3600, match="/query")
    with pytest.raises(UnavailableError) as raised:
        org.count("Account")
    assert "3600 seconds" in raised.value.hint
    assert not naps.taken


@pytest.mark.parametrize("status", [500, 502, 504])
def test_an_inner_failure_is_cured_by_asking_again_unless_it_would_do_a_thing_twice(org, demo, calls_of, status):
    demo.faults.inject("status", status=status, match="/query")
    assert org.count("Account")
    demo.faults.inject("status", status=status, match="composite/sobjects")

    def fails():
        with pytest.raises(UnavailableError):
            insert_one(org)

    assert len(calls_of(fails)) == 1


@pytest.mark.parametrize("after", [0, 20])
def test_a_connection_that_breaks_off_is_cured_by_reading_again(org, demo, naps, after):
    demo.faults.inject("drop", match="/query", after=after)
    assert org.count("Account") == len(demo.rows("SELECT Id FROM Account"))
    assert len(naps.taken) == 1


@pytest.mark.parametrize("of", ["request", "response"])
def test_an_insert_whose_fate_is_unknown_is_not_repeated(org, demo, of):
    demo.faults.inject("drop", match="composite/sobjects", of=of)
    with pytest.raises(UnavailableError) as raised:
        insert_one(org)
    assert raised.value.code == "CONNECTION_DROPPED"
    assert "not known" in raised.value.hint
    assert len(demo.rows("SELECT Id FROM Account WHERE Name = 'New'")) <= 1


def test_an_update_whose_fate_is_unknown_is_never_repeated_blindly(org, demo):
    account = demo.rows("SELECT Id FROM Account LIMIT 1")[0]["Id"]
    demo.faults.inject("drop", match="composite/sobjects")
    rows = pl.DataFrame({"Id": [account], "CS_MRR__c": ["12.5"]})
    with pytest.raises(UnavailableError, match="broke off"):
        org.write("Account", "update", rows, {"CS_MRR__c": "currency"})
    assert demo.rows(f"SELECT CS_MRR__c FROM Account WHERE Id = '{account}'")[0]["CS_MRR__c"] == 12.5


def test_an_answer_that_does_not_come_in_time_is_given_up(connected, demo):
    org = connected(timeout=(2, 0.2))
    demo.faults.inject("slow", seconds=0.6, times=5, match="/query")
    with pytest.raises(UnavailableError) as raised:
        org.count("Account")
    assert raised.value.code == "TIMEOUT"


def test_something_that_answers_in_the_orgs_place_is_noticed(org, demo):
    demo.faults.inject("status", status=200, body="<html>Please accept our terms</html>", match="/query")
    with pytest.raises(UnavailableError) as raised:
        org.count("Account")
    assert raised.value.code == "NOT_JSON"


# The allowance


def test_the_budget_is_what_the_org_says_and_what_was_spent(org, demo):
    spent = org.budget.spent
    org.count("Account")
    demo.faults.inject("status", status=503, match="/query")
    org.count("Account")
    assert org.budget.spent == spent + 3
    assert org.budget.spent == len([path for _, path, _ in demo.requests if path != TOKEN])
    assert org.budget.daily_max
    assert org.budget.left == org.budget.daily_max - org.budget.daily_used


def test_the_limits_can_be_looked_up(org):
    most, remaining = org.limits()["DailyApiRequests"]
    assert most >= remaining > 0


def test_a_used_up_daily_limit_ends_the_run_at_once(org, demo, naps):
    demo.faults.set_daily_limit(15_000, 15_000)
    with pytest.raises(LimitError) as raised:
        org.count("Account")
    assert raised.value.code == "REQUEST_LIMIT_EXCEEDED"
    assert raised.value.status == 403
    assert not naps.taken


def test_too_many_requests_at_once_is_not_the_daily_limit(org, demo, naps):
    demo.faults.inject("status", status=403, match="/query")
    assert org.count("Account")
    assert len(naps.taken) == 1


def test_the_cap_stops_before_the_call(connected, demo):
    org = connected(max_calls=3)
    org.count("Account")
    org.count("Account")
    before = len(demo.requests)
    with pytest.raises(LimitError, match="cap of 3") as raised:
        org.count("Account")
    assert raised.value.code == "MAX_CALLS"
    assert len(demo.requests) == before
    assert org.budget.spent == 3


# Nothing leaks


def test_no_secret_shows_in_logs_errors_or_names(connected, demo, caplog):
    caplog.set_level(logging.DEBUG)
    org = connected()
    token = org._wire.session_id
    demo.faults.inject(
        "status", status=503, body=f"<p>Bearer {token} and {demo.client_secret}</p>", times=9, match="/query"
    )
    with pytest.raises(UnavailableError) as raised:
        org.count("Account")
    demo.faults.clear()
    demo.faults.expire_sessions()
    org.count("Account")
    shown = [
        caplog.text,
        str(raised.value),
        repr(raised.value),
        repr(org),
        repr(org._wire),
        repr(org._wire.transport.scrub),
    ]
    shown.append("".join(traceback.format_exception(raised.value)))
    secrets = [token, org._wire.session_id, demo.client_secret, demo.refresh_token]
    assert "toolkit.salesforce" in caplog.text
    assert not [secret for secret in secrets for text in shown if secret in text]


FAULTS = [
    ("status", {"status": 500, "times": 9}),
    ("status", {"status": 503, "times": 9, "body": False}),
    ("status", {"status": 404, "times": 9, "body": "<html>no</html>"}),
    ("status", {"status": 300, "times": 9, "body": True}),
    ("status", {"status": 302, "times": 9, "body": False}),
    ("status", {"status": 400, "times": 9, "body": '{"a": 1}'}),
    ("status", {"status": 401, "times": 9}),
    ("status", {"status": 200, "times": 9, "body": "no json"}),
    ("drop", {"times": 9}),
    ("drop", {"times": 9, "of": "request"}),
]


@pytest.mark.parametrize(("kind", "options"), FAULTS)
def test_no_foreign_exception_escapes(org, demo, kind, options):
    demo.faults.inject(kind, match="/v66.0/", **options)
    with pytest.raises(ToolkitError) as raised:
        org.records("Account", ["Id", "Name"])
    error = raised.value
    assert error.hint
    seen = []
    while error is not None:
        seen.append(type(error).__module__)
        error = error.__cause__ or error.__context__
    assert not [name for name in seen if name.split(".")[0] in ("requests", "urllib3", "simple_salesforce", "tenacity")]
