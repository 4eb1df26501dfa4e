"""Several requests in one call: what they cost, what each is answered, and what is done again."""

from itertools import pairwise

import pytest

from toolkit.demo_org import DemoOrg
from toolkit.errors import RequestError, UnavailableError
from toolkit.salesforce import Credentials
from toolkit.salesforce.composite import Subrequest, calls_for, composite
from toolkit.salesforce.limits import Meter
from toolkit.salesforce.login import log_in
from toolkit.salesforce.transport import Transport
from toolkit.salesforce.wire import Wire

COUNT = Subrequest("GET", "query", {"q": "SELECT count() FROM Account"})


@pytest.fixture(scope="module")
def shared():
    with DemoOrg.start(accounts=12, seed=1) as org:
        yield org


@pytest.fixture
def demo(shared):
    """One org for the module; a test edits records of its own."""
    return shared


@pytest.fixture
def wire(demo, naps):
    transport = Transport(ca_file=demo.ca_file, timeout=(2, 10), sleep=naps, jitter=lambda: 0.0)
    grant = log_in(transport, "client_credentials", demo.url, Credentials(demo.client_id, demo.client_secret))
    return Wire(transport, grant, api_version="66.0", meter=Meter(None), renew=None)


def spent(wire):
    return wire.meter.budget().spent


def some_ids(demo, number):
    return [row["Id"] for row in demo.rows(f"SELECT Id FROM Account ORDER BY Id LIMIT {number}")]


def site_of(demo, record_id):
    return demo.rows(f"SELECT Site FROM Account WHERE Id = '{record_id}'")[0]["Site"]


def update(record_id, **values):
    return Subrequest("PATCH", f"sobjects/Account/{record_id}", body=values, repeatable=True)


def test_BEY_7_what_fits_together_is_one_call(wire):
    answers = composite(wire, [COUNT] * 5 + [Subrequest("GET", "sobjects/Account/describe")] * 20)
    assert spent(wire) == 1
    assert {each.taken()["totalSize"] for each in answers[:5]} == {answers[0].body["totalSize"]}
    assert answers[-1].taken()["name"] == "Account"
    assert answers[-1].headers["ETag"]


def test_BEY_7_what_does_not_is_cut_into_as_few_calls_as_keep_the_order(wire):
    requests = [COUNT] * 11 + [Subrequest("GET", "sobjects/User/describe")]
    answers = composite(wire, requests)
    assert spent(wire) == calls_for(requests) == 3
    assert [each.body.get("name") for each in answers] == [None] * 11 + ["User"]
    assert calls_for([Subrequest("GET", "sobjects/User/describe")] * 26) == 2


def test_one_refused_subrequest_says_nothing_of_the_others(wire):
    wrong = Subrequest("GET", "query", {"q": "SELECT Nope FROM Account"})
    gone = Subrequest("GET", "sobjects/Nope/describe")
    first, second, third = composite(wire, [wrong, COUNT, gone])
    assert isinstance(first.error, RequestError)
    assert first.error.code == "INVALID_FIELD"
    assert "GET query in composite" in first.error.message
    assert second.error is None
    assert third.error is not None
    assert third.error.code == "NOT_FOUND"
    with pytest.raises(RequestError):
        third.taken()


def test_a_condition_in_a_subrequests_headers_is_answered_without_a_body(wire):
    (first,) = composite(wire, [Subrequest("GET", "sobjects/Account/describe")])
    asked = {"If-None-Match": first.headers["ETag"]}
    (again,) = composite(wire, [Subrequest("GET", "sobjects/Account/describe", headers=asked)])
    assert (again.status, again.body, again.error) == (304, None, None)


def test_odd_characters_arrive_as_they_were_sent(wire, demo):
    (record_id,) = some_ids(demo, 1)
    name = "Ä&B = 50 % + 'x', \"y\" ? # \\"
    composite(wire, [update(record_id, Name=name)])[0].taken()
    soql = "SELECT Id FROM Account WHERE Name = 'Ä&B = 50 % + \\'x\\', \\\"y\\\" ? # \\\\'"
    (found,) = composite(wire, [Subrequest("GET", "query", {"q": soql})])
    assert [each["Id"] for each in found.taken()["records"]] == [record_id]


def test_a_text_like_a_reference_is_written_as_it_is_and_never_filled_in(wire, demo):
    first, second, third = some_ids(demo, 3)
    odd = "@{ref0.id} and @{"
    requests = [update(first, Site="a"), update(second, Site=odd), update(third, Site="c")]
    assert all(each.error is None for each in composite(wire, requests))
    assert spent(wire) == calls_for(requests) == 3
    assert [site_of(demo, each) for each in (first, second, third)] == ["a", odd, "c"]
    (refused,) = composite(wire, [Subrequest("PATCH", "sobjects/Account/001000000000000AAA", body={"Site": odd})])
    assert isinstance(refused.error, RequestError)


def test_a_locked_record_is_written_again_and_the_others_only_once(wire, demo, naps):
    first, second = some_ids(demo, 2)
    demo.faults.inject("lock_row", match=second)
    answers = composite(wire, [update(first, Site="once"), update(second, Site="twice")])
    assert [each.error for each in answers] == [None, None]
    assert spent(wire) == 2
    assert len(naps.taken) == 1
    demo.faults.inject("lock_row", times=50, match=second)
    (answer,) = composite(wire, [update(second, Site="never")])
    demo.faults.clear()
    assert isinstance(answer.error, UnavailableError)
    assert answer.error.code == "UNABLE_TO_LOCK_ROW"
    waits = naps.taken[1:]
    assert len(waits) == 4
    assert all(shorter < longer for shorter, longer in pairwise(waits))


def test_a_call_that_reads_is_repeated_as_a_whole_and_one_that_creates_is_not(wire, demo):
    demo.faults.inject("status", status=502, match="/composite", method="POST")
    assert composite(wire, [COUNT])[0].error is None
    demo.faults.inject("drop", of="response", after=0, match="/composite", method="POST")
    new = Subrequest("POST", "sobjects/Account", body={"Name": "Created once"})
    with pytest.raises(UnavailableError):
        composite(wire, [COUNT, new])
    assert len(demo.rows("SELECT Id FROM Account WHERE Name = 'Created once'")) == 1


def test_a_whole_is_done_together_or_not_at_all(wire, demo):
    first, second = some_ids(demo, 2)
    wrong = update(second, NumberOfEmployees="many")
    answers = composite(wire, [update(first, Site="undone"), wrong], all_or_none=True)
    assert [each.error.code for each in answers] == ["PROCESSING_HALTED", "JSON_PARSER_ERROR"]
    assert site_of(demo, first) != "undone"
    with pytest.raises(ValueError, match="do not fit"):
        composite(wire, [COUNT] * 6, all_or_none=True)
