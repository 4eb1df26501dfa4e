"""Calls that widely used clients make and that nothing else of ours does, as plain requests."""

import re

import pytest

ENVELOPE = (
    '<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/">'
    '<e:Header xmlns="urn:partner.soap.sforce.com"><SessionHeader><sessionId>{session}</sessionId></SessionHeader>'
    '</e:Header><e:Body xmlns="urn:partner.soap.sforce.com">{body}</e:Body></e:Envelope>'
)


def soap(api, body: str):
    envelope = ENVELOPE.format(session=api.access_token, body=body)
    headers = {"Content-Type": "text/xml", "SOAPAction": '""'}
    return api.call("POST", "/services/Soap/u/60.0", data=envelope.encode(), headers=headers)


def made(api, **values: object) -> str:
    return api.post("/sobjects/Account", {"Name": "Passing", **values}).json()["id"]


def test_a_list_view_is_explained_by_its_id(api):
    views = api.get("/sobjects/Account/listviews").json()["listviews"]
    active = next(each["id"] for each in views if each["developerName"] == "AllAccounts")
    for view_id in (active, active[:15]):
        explained = api.get("/query", params={"explain": view_id}).json()
        assert explained["plans"][0]["sobjectType"] == "Account"
        assert "FROM Account" in explained["sourceQuery"]
    assert api.get("/query", params={"explain": "00B000000000000AAA"}).status_code == 400


def test_quick_actions_are_a_list(api):
    assert api.get("/quickActions").json() == []
    assert api.get("/sobjects/Account/quickActions/").json() == []
    assert api.get("/sobjects/Nothing__c/quickActions").status_code == 404


@pytest.mark.parametrize("name", ["request", "mergeRequests"])
def test_records_are_merged_under_either_name_of_the_parameter(api, name):
    master, loser = made(api), made(api)
    request = (
        f"<{name}><masterRecord><type>Account</type><Id>{master}</Id></masterRecord>"
        f"<recordToMergeIds>{loser}</recordToMergeIds></{name}>"
    )
    answer = soap(api, f"<merge>{request}</merge>")
    assert re.findall(r"<(id|mergedRecordIds|success)>([^<]*)<", answer.text) == [
        ("id", master),
        ("mergedRecordIds", loser),
        ("success", "true"),
    ]


def test_what_lies_in_the_recycle_bin_is_removed_for_good(api, web_org):
    binned, kept = made(api), made(api)
    api.delete(f"/sobjects/Account/{binned}")
    answer = soap(api, f"<emptyRecycleBin><ids>{binned}</ids><ids>{kept}</ids><ids>x</ids></emptyRecycleBin>")
    assert re.findall(r"<success>([^<]*)<", answer.text) == ["true", "false", "false"]
    assert re.findall(r"<statusCode>([^<]*)<", answer.text) == ["INVALID_ID_FIELD", "MALFORMED_ID"]
    found = api.get("/queryAll", params={"q": f"SELECT Id FROM Account WHERE Id IN ('{binned}', '{kept}')"}).json()
    assert [each["Id"] for each in found["records"]] == [kept]


def test_no_package_is_installed(api):
    columns = "SubscriberPackage.Id, SubscriberPackage.NamespacePrefix, SubscriberPackageVersionId"
    asked = api.get("/tooling/query/", params={"q": f"SELECT {columns} FROM InstalledSubscriberPackage"})
    assert (asked.status_code, asked.json()["records"]) == (200, [])
    assert api.get("/tooling/sobjects/InstalledSubscriberPackage/describe").status_code == 200
    definition = {"FullName": "a.b", "Metadata": {"label": "x"}}
    assert api.post("/tooling/sobjects/InstalledSubscriberPackage", definition).status_code == 404
