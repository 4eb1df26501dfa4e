"""Custom fields of the kinds that no standard object has here: rich text, time, geolocation, encrypted text."""

import pytest

KINDS = {
    "Account.Story__c": {"label": "Story", "type": "Html", "length": 1000, "visibleLines": 10},
    "Account.Opens__c": {"label": "Opens", "type": "Time"},
    "Account.Place__c": {"label": "Place", "type": "Location", "scale": 5, "displayLocationInDecimal": True},
    "Account.Secret__c": {"label": "Secret", "type": "EncryptedText", "length": 20},
}


@pytest.fixture
def account(api):
    lacking = {name: each for name, each in KINDS.items() if name.partition(".")[2] not in described(api)}
    for name, metadata in lacking.items():
        made = api.post("/tooling/sobjects/CustomField", {"FullName": name, "Metadata": metadata})
        assert made.status_code == 201, made.text
        api.org.set_access("Account", name.partition(".")[2], read=True, edit=True)
    return api.query("SELECT Id FROM Account LIMIT 1")["records"][0]["Id"]


def described(api) -> dict:
    return {field["name"]: field for field in api.get("/sobjects/Account/describe").json()["fields"]}


def test_they_are_described_as_what_they_are(api, account):
    fields = described(api)
    assert (fields["Story__c"]["type"], fields["Story__c"]["htmlFormatted"]) == ("textarea", True)
    assert (fields["Opens__c"]["type"], fields["Opens__c"]["soapType"]) == ("time", "xsd:time")
    assert (fields["Secret__c"]["type"], fields["Secret__c"]["encrypted"], fields["Secret__c"]["filterable"]) == (
        "encryptedstring", True, False,
    )  # fmt: skip
    place = fields["Place__c"]
    assert (place["type"], place["updateable"], place["custom"]) == ("location", False, True)
    for part in ("Place__Latitude__s", "Place__Longitude__s"):
        field = fields[part]
        assert (field["compoundFieldName"], field["type"], field["scale"]) == ("Place__c", "double", 5)
        assert field["updateable"]
        assert field["custom"]


def test_their_values_are_read_as_salesforce_tells_them(api, account):
    values = {"Story__c": "<p>Grew & grew</p>", "Opens__c": "08:30:00Z", "Secret__c": "4711"}
    place = {"Place__Latitude__s": 52.52001, "Place__Longitude__s": 13.40495}
    saved = api.patch(f"/sobjects/Account/{account}", values | place)
    assert saved.status_code == 204, saved.text
    expected = {
        "Story__c": "<p>Grew & grew</p>",
        "Opens__c": "08:30:00.000Z",
        "Secret__c": "****",
        "Place__c": {"latitude": 52.52001, "longitude": 13.40495},
    }
    record = api.get(f"/sobjects/Account/{account}").json()
    assert {name: record[name] for name in expected} == expected
    (found,) = api.query(f"SELECT {', '.join(expected)} FROM Account WHERE Id = '{account}'")["records"]
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("field", "value"), [("Opens__c", "noon"), ("Opens__c", "25:00:00Z"), ("Secret__c", "x" * 21), ("Place__c", {})]
)
def test_a_value_of_another_form_is_refused(api, account, field, value):
    assert api.patch(f"/sobjects/Account/{account}", {field: value}).status_code == 400


def test_a_geolocation_goes_with_its_coordinates_and_can_be_read_back_as_metadata(api, account):
    name = "Account.Other_Place__c"
    made = api.post(
        "/tooling/sobjects/CustomField", {"FullName": name, "Metadata": KINDS["Account.Place__c"] | {"label": "Other"}}
    ).json()["id"]
    read = api.get(f"/tooling/sobjects/CustomField/{made}").json()["Metadata"]
    assert (read["type"], read["scale"]) == ("Location", 5)
    assert api.delete(f"/tooling/sobjects/CustomField/{made}").status_code == 204
    assert not [each for each in described(api) if each.startswith("Other_Place__")]
