"""Queries over REST: children in pages of their own, columns, plans, stamps, versions and the user's clock."""

from collections.abc import Callable
from typing import Any

import pytest

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.ids import is_id, make_id
from toolkit.demo_org.soql import Query
from toolkit.demo_org.web.cursors import Cursors

BATCHES_OF_200 = {"Sforce-Query-Options": "batchSize=200"}
MANY = 450


@pytest.fixture(scope="module")
def parent(web_org) -> str:
    """The id of an account with 450 contacts."""
    state = web_org._state
    access = state.access(web_org.user_id)
    (account,) = state.records.save_many("insert", "Account", [{"Name": "Crowd"}], access)
    rows = [{"LastName": f"c{number:03d}", "AccountId": account.id} for number in range(MANY)]
    state.records.save_many("insert", "Contact", rows, access)
    return str(account.id)


def test_children_have_pages_of_their_own(api, parent: str) -> None:
    soql = f"SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName) FROM Account WHERE Id = '{parent}'"
    page = api.query(soql, headers=BATCHES_OF_200)
    assert (page["totalSize"], page["done"]) == (1, True)
    children = page["records"][0]["Contacts"]
    assert (children["totalSize"], children["done"], len(children["records"])) == (MANY, False, 200)
    names = [each["LastName"] for each in children["records"]]
    while not children["done"]:
        locator, _, offset = children["nextRecordsUrl"].rsplit("/", 1)[1].partition("-")
        assert is_id(locator)
        assert int(offset) == len(names)
        again = api.get(children["nextRecordsUrl"]).json()
        children = api.get(children["nextRecordsUrl"]).json()
        assert children == again
        assert children["totalSize"] == MANY
        assert children["records"][0]["attributes"]["type"] == "Contact"
        names += [each["LastName"] for each in children["records"]]
    assert names == [f"c{number:03d}" for number in range(MANY)]


def test_children_that_fit_come_at_once(api, parent: str) -> None:
    page = api.query(f"SELECT Id, (SELECT Id FROM Contacts) FROM Account WHERE Id = '{parent}'")
    children = page["records"][0]["Contacts"]
    assert (children["done"], len(children["records"])) == (True, MANY)
    assert "nextRecordsUrl" not in children


def test_parents_and_children_page_side_by_side(api, parent: str) -> None:
    soql = f"SELECT LastName, Account.Name FROM Contact WHERE AccountId = '{parent}' ORDER BY LastName"
    first = api.query(soql, headers=BATCHES_OF_200)
    nested = api.query(
        f"SELECT Id, (SELECT LastName FROM Contacts) FROM Account WHERE Id = '{parent}'", headers=BATCHES_OF_200
    )
    child_url = nested["records"][0]["Contacts"]["nextRecordsUrl"]
    assert first["nextRecordsUrl"] != child_url
    assert api.get(first["nextRecordsUrl"]).json()["records"][0]["Account"]["Name"] == "Crowd"
    assert len(api.get(child_url).json()["records"]) == 200


def test_children_of_a_later_page_page_too(api, web_org, parent: str) -> None:
    soql = "SELECT Name, (SELECT LastName FROM Contacts) FROM Account ORDER BY CreatedDate"
    web_org.faults.inject("short_page", times=1, size=50)
    first = api.query(soql, headers=BATCHES_OF_200)
    second = api.get(first["nextRecordsUrl"]).json()
    crowd = [each["Contacts"] for each in second["records"] if each["Name"] == "Crowd"]
    assert crowd[0]["totalSize"] == MANY
    assert len(api.get(crowd[0]["nextRecordsUrl"]).json()["records"]) == 200


def test_query_all_brings_who_lost_a_merge(api, web_org) -> None:
    winner, loser = (api.post("/sobjects/Account", {"Name": f"Twin {each}"}).json()["id"] for each in "ab")
    api.post("/sobjects/Contact", {"LastName": "Moved", "AccountId": loser})
    web_org.merge("Account", winner, [loser])
    soql = "SELECT Id, IsDeleted, MasterRecordId, (SELECT LastName FROM Contacts) FROM Account WHERE Name LIKE 'Twin %'"
    (kept,) = api.query(soql)["records"]
    assert (kept["Id"], kept["Contacts"]["records"][0]["LastName"]) == (winner, "Moved")
    everything = api.get("/queryAll", params={"q": f"{soql} ORDER BY Name"}).json()["records"]
    assert [(each["Id"], each["IsDeleted"], each["MasterRecordId"]) for each in everything] == [
        *((winner, False, None), (loser, True, winner)),
    ]


def test_nested_levels_depend_on_the_version(api, web_org) -> None:
    soql = "SELECT Id, (SELECT Id, (SELECT Id FROM Contacts) FROM ChildAccounts) FROM Account LIMIT 1"
    assert "ChildAccounts" in api.query(soql)["records"][0]
    refused = api.get("/services/data/v57.0/query", params={"q": soql})
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "MALFORMED_QUERY")


def test_columns_are_told_instead_of_records(api) -> None:
    soql = "SELECT Id, Owner.Name, (SELECT LastName FROM Contacts) FROM Account LIMIT 1"
    answer = api.get("/query", params={"q": soql, "columns": "true"}).json()
    assert list(answer) == ["columnMetadata", "entityName", "groupBy", "idSelected", "keyPrefix"]
    assert [each["columnName"] for each in answer["columnMetadata"]] == ["Id", "Owner", "Contacts"]
    refused = api.get("/query", params={"q": "SELECT Nope FROM Account", "columns": "true"})
    assert refused.json()[0]["errorCode"] == "INVALID_FIELD"


def test_a_query_is_explained_instead_of_run(api) -> None:
    answer = api.get("/query", params={"explain": "SELECT Id FROM Account WHERE Name = 'Crowd'"})
    assert answer.status_code == 200
    assert answer.json()["plans"][0]["leadingOperationType"] == "Index"
    assert api.call("HEAD", "/query", params={"explain": "SELECT Id FROM Account"}).status_code == 200
    refused = api.get("/query", params={"explain": "SELECT Id FROM"})
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "MALFORMED_QUERY")
    assert api.get("/query").json()[0]["errorCode"] == "MALFORMED_QUERY"


def test_a_record_shown_for_view_remembers_it(api, parent: str) -> None:
    fields = "LastViewedDate, LastReferencedDate, SystemModstamp, LastModifiedDate"
    ask = f"SELECT {fields} FROM Account WHERE Id = '{parent}'"
    before = api.query(ask)["records"][0]
    api.query(f"{ask} FOR REFERENCE")
    referenced = api.query(ask)["records"][0]
    assert (referenced["LastViewedDate"], referenced["LastReferencedDate"] is None) == (None, False)
    api.query(f"{ask} FOR VIEW")
    viewed = api.query(ask)["records"][0]
    assert viewed["LastViewedDate"] == viewed["LastReferencedDate"] is not None
    assert [viewed[each] for each in ("SystemModstamp", "LastModifiedDate")] == [
        before[each] for each in ("SystemModstamp", "LastModifiedDate")
    ]
    assert [each["Id"] for each in api.query("SELECT Id FROM Account USING SCOPE mru")["records"]] == [parent]


def test_literals_follow_the_users_clock(api, web_org, parent: str) -> None:
    me = web_org.user_id
    hour = "HOUR_IN_DAY(convertTimezone(CreatedDate))"
    soql = f"SELECT {hour} h FROM Account WHERE Id = '{parent}' GROUP BY {hour}"
    in_utc = api.query(soql)["records"][0]["h"]
    web_org.edit("User", me, {"TimeZoneSidKey": "Asia/Tokyo"})
    try:
        assert api.query(soql)["records"][0]["h"] == (in_utc + 9) % 24
        assert api.query("SELECT COUNT() FROM Account WHERE CreatedDate = TOMORROW")["totalSize"] == 0
    finally:
        web_org.edit("User", me, {"TimeZoneSidKey": "UTC"})


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
        "SELECT TYPEOF What WHEN Account THEN Name END FROM Task",
        "SELECT Type, COUNT(Id) FROM Account GROUP BY ROLLUP(Type)",
    ],
)
def test_bulk_refuses_what_rest_answers(api, soql: str) -> None:
    assert api.get("/query", params={"q": soql}).status_code == 200
    refused = api.post("/jobs/query", {"operation": "query", "query": soql})
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "API_ERROR")


def test_two_long_texts_make_small_pages(api, web_org) -> None:
    state = web_org._state
    rows = [{"LastName": f"l{number}", "Description": "x"} for number in range(250)]
    state.records.save_many("insert", "Contact", rows, state.access(web_org.user_id))
    soql = "SELECT {} FROM Contact WHERE LastName LIKE 'l%' AND AccountId = null"
    assert len(api.query(soql.format("Id, Description"))["records"]) == 250
    assert len(api.query(soql.format("Description, Account.Description"))["records"]) == 200


# -- cursors


def test_the_next_page_is_gone_when_its_cursor_has_expired(api, web_org, parent: str) -> None:
    soql = f"SELECT Id FROM Contact WHERE AccountId = '{parent}'"
    first = api.query(soql, headers=BATCHES_OF_200)
    assert api.get(first["nextRecordsUrl"]).status_code == 200
    web_org.set_cursor_lifetime(-1.0)
    try:
        expired = api.get(first["nextRecordsUrl"])
        assert (expired.status_code, expired.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")
    finally:
        web_org.set_cursor_lifetime(3600.0)


def _cursors(ready: Callable[..., Query], **settings: Any) -> tuple[Cursors, str]:
    cursors = Cursors(**settings)
    rows = [(make_id("001", number),) for number in range(5)]
    cursor = cursors.open(ready("SELECT Id FROM Account"), "me", 2, rows[:3], rows[3:])
    return cursors, cursor.locator(2)


def test_a_locator_can_be_read_again_until_it_expires(ready: Callable[..., Query]) -> None:
    cursors, locator = _cursors(ready)
    for _ in range(2):
        cursor, offset = cursors.find(locator, "me")
        assert [row[0] for row in cursor.rows(offset, 2)] == [make_id("001", 2), make_id("001", 3)]
    cursors.lifetime = -1.0
    with pytest.raises(Refusal) as refused:
        cursors.find(locator, "me")
    assert (refused.value.code, refused.value.message) == ("INVALID_QUERY_LOCATOR", "invalid query locator")
    cursors.lifetime = 60.0
    with pytest.raises(Refusal):
        cursors.find(locator, "me")
    cursors.close()


def test_a_locator_is_its_users_own(ready: Callable[..., Query]) -> None:
    cursors, locator = _cursors(ready)
    with pytest.raises(Refusal):
        cursors.find(locator, "somebody else")
    name, _, offset = locator.partition("-")
    assert cursors.find(f"{name[:15]}-{offset}", "me")[1] == 2
    cursors.close()


def test_children_do_not_push_out_the_cursors_of_queries(ready: Callable[..., Query]) -> None:
    cursors, locator = _cursors(ready)
    children = [
        cursors.open(ready("SELECT Id FROM Account"), "me", 1, [("x",), ("y",)], (), of_children=True)
        for _ in range(401)
    ]
    assert cursors.find(locator, "me")
    assert cursors.find(children[-1].locator(1), "me")[0].rows(1, 1) == [("y",)]
    with pytest.raises(Refusal):
        cursors.find(children[0].locator(1), "me")
    cursors.close()
