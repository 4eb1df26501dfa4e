"""The SOAP door: what goes out is escaped, what comes back is judged, faults are the errors REST would have given."""

import pytest

from toolkit.errors import AccessError, RequestError, UnavailableError
from toolkit.salesforce.soap_calls import _parsed

FAULT = (
    '<?xml version="1.0"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    "<soapenv:Fault><faultcode>sf:{0}</faultcode><faultstring>{0}: {1}</faultstring></soapenv:Fault>"
    "</soapenv:Body></soapenv:Envelope>"
)


@pytest.fixture
def accounts(demo):
    return [each["Id"] for each in demo.rows("SELECT Id FROM Account ORDER BY Id LIMIT 4")]


def test_BEY_9_values_travel_escaped_and_null_clears(demo, org, accounts):
    survivor, loser = accounts[:2]
    text = "<Phone>&]]>\"'\x01"
    done = org.soap.merge("Account", survivor, [loser], {"Description": text, "Website": None, "CS_MRR__c": "12.5"})
    assert (done.success, done.losers) == (True, (loser,))
    assert done.moved
    (row,) = demo.rows(f"SELECT Description, Website, CS_MRR__c FROM Account WHERE Id = '{survivor}'")
    assert (row["Description"], row["Website"], row["CS_MRR__c"]) == (text.replace("\x01", ""), None, 12.5)
    assert org.fates("Account", [loser]).row(0) == (loser, True, survivor)


def test_BEY_9_what_one_merge_is_refused_for_is_told(org, accounts):
    survivor, loser = accounts[:2]
    assert org.soap.merge("Account", survivor, [loser]).success
    again = org.soap.merge("Account", survivor, [loser])
    assert (again.success, again.code) == (False, "ENTITY_IS_DELETED")
    three = org.soap.merge("Account", survivor, accounts[1:])
    assert (three.success, bool(three.message)) == (False, True)


def test_BEY_5_undelete_answers_each_record_in_order(org, accounts):
    org.soap.merge("Account", accounts[0], [accounts[1]])
    heard = []
    results = org.soap.undelete([accounts[2], accounts[1]], heard.append)
    assert results.select("id", "success", "error_code").rows() == [
        (accounts[2], False, "UNDELETE_FAILED"),
        (accounts[1], True, None),
    ]
    assert heard[0].equals(results)


def test_BEY_6_a_session_that_ended_is_renewed_and_the_envelope_made_anew(demo, org, accounts):
    demo.faults.expire_sessions()
    before = org.budget.spent
    assert org.soap.merge("Account", accounts[0], [accounts[1]]).success
    assert org.budget.spent - before <= 2


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("INSUFFICIENT_ACCESS", AccessError),
        ("INVALID_TYPE", RequestError),
        ("UNKNOWN_EXCEPTION", UnavailableError),
        ("SOMETHING_ELSE", UnavailableError),
    ],
)
def test_BEY_6_a_fault_is_a_typed_error(demo, org, accounts, code, error):
    demo.faults.inject("status", status=500, match="Soap", body=FAULT.format(code, "no &lt;way&gt;"))
    with pytest.raises(error, match="no <way>") as caught:
        org.soap.merge("Account", accounts[0], [accounts[1]])
    assert caught.value.code == code


def test_BEY_6_a_row_lock_on_the_whole_call_is_waited_out(demo, org, accounts, naps):
    demo.faults.inject("status", times=2, status=500, match="Soap", body=FAULT.format("UNABLE_TO_LOCK_ROW", "x"))
    assert org.soap.merge("Account", accounts[0], [accounts[1]]).success
    assert len(naps.taken) == 2


def test_BEY_6_an_answer_that_is_cut_short_leaves_the_fate_unknown(demo, org, accounts):
    demo.faults.inject("garble", match="Soap")
    with pytest.raises(UnavailableError) as caught:
        org.soap.merge("Account", accounts[0], [accounts[1]])
    assert caught.value.code == "NOT_SOAP"


def test_an_answer_that_declares_anything_is_not_read():
    bomb = b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'
    assert _parsed(bomb) is None
    assert _parsed("<!DOCTYPE x><x/>".encode("utf-16")) is None
    assert _parsed(b"<x>\xff</x>") is None
