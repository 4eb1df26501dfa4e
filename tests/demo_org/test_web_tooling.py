"""Custom fields made, granted, read, changed and deleted through the Tooling and Metadata APIs."""

import pytest
import requests
import simple_salesforce

HEALTH = {"label": "Renewal Risk", "type": "Number", "precision": 3, "scale": 1, "required": False}


def make(api, full_name: str, metadata: dict):
    return api.post("/tooling/sobjects/CustomField", {"FullName": full_name, "Metadata": metadata})


def described(api, sobject: str, name: str) -> dict | None:
    fields = api.get(f"/sobjects/{sobject}/describe").json()["fields"]
    return next((field for field in fields if field["name"] == name), None)


def grant(api, field: str) -> None:
    profile = api.get(f"/sobjects/User/{api.org.user_id}?fields=ProfileId").json()["ProfileId"]
    own = api.query(f"SELECT Id FROM PermissionSet WHERE ProfileId = '{profile}'")["records"][0]["Id"]
    row = {"ParentId": own, "SobjectType": field.split(".")[0], "Field": field}
    made = api.post("/sobjects/FieldPermissions", {**row, "PermissionsRead": True, "PermissionsEdit": True})
    assert made.status_code == 201, made.text


def test_a_new_field_is_invisible_until_it_is_granted(api):
    made = make(api, "Account.Renewal_Risk__c", HEALTH)
    assert made.status_code == 201, made.text
    body = made.json()
    assert (list(body), body["id"][:3]) == (["id", "success", "errors", "warnings", "infos"], "00N")
    assert described(api, "Account", "Renewal_Risk__c") is None
    refused = api.get("/query", params={"q": "SELECT Renewal_Risk__c FROM Account"})
    assert refused.json()[0]["errorCode"] == "INVALID_FIELD"
    grant(api, "Account.Renewal_Risk__c")
    field = described(api, "Account", "Renewal_Risk__c")
    assert (field["precision"], field["scale"], field["updateable"]) == (3, 1, True)
    account = api.query("SELECT Id FROM Account LIMIT 1")["records"][0]["Id"]
    assert api.patch(f"/sobjects/Account/{account}", {"Renewal_Risk__c": 99.9}).status_code == 204
    assert api.patch(f"/sobjects/Account/{account}", {"Renewal_Risk__c": 100}).status_code == 400


def test_a_field_is_read_changed_and_deleted_by_its_id(api):
    field_id = make(api, "Account.Short_Lived__c", {"label": "Short", "type": "Text", "length": 10}).json()["id"]
    read = api.get(f"/tooling/sobjects/CustomField/{field_id}").json()
    assert (read["FullName"], read["Metadata"]["length"]) == ("Account.Short_Lived__c", 10)
    wider = {"Metadata": {"label": "Longer", "type": "Text", "length": 20}}
    assert api.patch(f"/tooling/sobjects/CustomField/{field_id}", wider).status_code == 204
    assert api.get(f"/tooling/sobjects/CustomField/{field_id}").json()["Metadata"]["length"] == 20
    assert api.delete(f"/tooling/sobjects/CustomField/{field_id}").status_code == 204
    assert api.get(f"/tooling/sobjects/CustomField/{field_id}").status_code == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"FullName": "Account.CS_Health_Score__c", "Metadata": HEALTH}, "DUPLICATE_DEVELOPER_NAME"),
        ({"FullName": "Account.Bad name__c", "Metadata": HEALTH}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"FullName": "Account.X__c", "Metadata": {"label": "X", "type": "Colour"}}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"FullName": "Account.X__c"}, "REQUIRED_FIELD_MISSING"),
        ({"Metadata": HEALTH}, "REQUIRED_FIELD_MISSING"),
    ],
)
def test_a_field_that_cannot_be_is_refused(api, body, code):
    answer = api.post("/tooling/sobjects/CustomField", body)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code), answer.text


def test_fields_are_queried_with_the_keys_of_the_tooling_api(api):
    soql = "SELECT Id, DeveloperName, TableEnumOrId FROM CustomField WHERE TableEnumOrId = 'Account'"
    page = api.get("/tooling/query", params={"q": soql}).json()
    assert list(page) == ["size", "totalSize", "done", "queryLocator", "entityTypeName", "records"]
    assert (page["queryLocator"], page["entityTypeName"], page["size"]) == (None, "CustomField", page["totalSize"])
    record = next(each for each in page["records"] if each["DeveloperName"] == "CS_Health_Score")
    assert record["attributes"]["url"].endswith(f"/tooling/sobjects/CustomField/{record['Id']}")
    one = f"SELECT FullName, Metadata FROM CustomField WHERE Id = '{record['Id']}'"
    found = api.get("/tooling/query/", params={"q": one}).json()["records"][0]
    assert (found["FullName"], found["Metadata"]["scale"]) == ("Account.CS_Health_Score__c", 1)
    many = api.get("/tooling/query", params={"q": "SELECT Metadata FROM CustomField"})
    assert many.json()[0]["errorCode"] == "MALFORMED_QUERY"


def test_definitions_are_queried_there_and_in_the_data_api(api):
    soql = (
        "SELECT QualifiedApiName, DataType, Precision, Scale, Length FROM FieldDefinition "
        "WHERE EntityDefinition.QualifiedApiName = 'Account'"
    )
    for path in ("/query", "/tooling/query"):
        records = api.get(path, params={"q": soql}).json()["records"]
        score = next(each for each in records if each["QualifiedApiName"] == "CS_Health_Score__c")
        assert (score["DataType"], score["Precision"], score["Scale"]) == ("Number(2, 1)", 3, 1)
    page = api.get("/tooling/query", params={"q": "SELECT QualifiedApiName FROM EntityDefinition"}).json()
    assert "Account" in [each["QualifiedApiName"] for each in page["records"]]


def test_a_validation_rule_is_made_and_taken_out(api):
    rule = {"active": True, "errorConditionFormula": 'Site = "Venus"', "errorMessage": "Too hot"}
    body = {"FullName": "Account.No_Venus", "Metadata": rule}
    made = api.post("/tooling/sobjects/ValidationRule", body).json()["id"]
    assert api.post("/sobjects/Account", {"Name": "x", "Site": "Venus"}).json()[0]["message"] == "Too hot"
    soql = "SELECT Id, ValidationName, Active FROM ValidationRule WHERE EntityDefinition.QualifiedApiName = 'Account'"
    found = api.get("/tooling/query", params={"q": soql}).json()["records"]
    assert {"No_Venus": True}.items() <= {each["ValidationName"]: each["Active"] for each in found}.items()
    assert api.delete(f"/tooling/sobjects/ValidationRule/{made}").status_code == 204
    assert api.post("/sobjects/Account", {"Name": "x", "Site": "Venus"}).status_code == 201


@pytest.mark.parametrize("path", ["/tooling/sobjects/ApexClass/x", "/tooling/executeAnonymous", "/tooling/runTests"])
def test_what_is_not_served_is_not_found(api, path):
    assert api.get(path).json()[0]["errorCode"] == "NOT_FOUND"


def test_the_tooling_api_describes_itself(api):
    names = [each["name"] for each in api.get("/tooling/sobjects").json()["sobjects"]]
    assert "CustomField" in names
    fields = api.get("/tooling/sobjects/CustomField/describe").json()["fields"]
    assert "DeveloperName" in [field["name"] for field in fields]


@pytest.fixture(scope="module")
def zeep_client(web_org):
    """The metadata client of a widely used library; reading its WSDL takes a second."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(web_org.ca_file)
        form = {
            "grant_type": "client_credentials",
            "client_id": web_org.client_id,
            "client_secret": web_org.client_secret,
        }
        token = session.post(f"{web_org.url}/services/oauth2/token", data=form, timeout=20).json()["access_token"]
        sf = simple_salesforce.Salesforce(instance_url=web_org.url, session_id=token, session=session)
        sf.mdapi._client.transport.session.verify = str(web_org.ca_file)
        sf.mdapi._client.transport.session.trust_env = False
        yield sf
        sf.mdapi._client.transport.session.close()


def test_a_widely_used_client_lists_and_reads_fields(zeep_client):
    mdapi = zeep_client.mdapi
    query = mdapi._client.get_type("ns0:ListMetadataQuery")(type="CustomField")
    listed = {each.fullName: each for each in mdapi.list_metadata([query])}
    assert listed["Account.CS_Health_Score__c"].type == "CustomField"
    field = mdapi.CustomField.read(["Account.CS_Health_Score__c"])
    assert (field.fullName, field.type, field.precision, field.scale) == ("Account.CS_Health_Score__c", "Number", 3, 1)
    band = mdapi.CustomField.read(["Account.CS_Health_Band__c"])
    assert [each.fullName for each in band.valueSet.valueSetDefinition.value] == ["Green", "Yellow", "Red"]
    assert mdapi.describe_metadata().metadataObjects[0].xmlName == "CustomObject"


def test_a_widely_used_client_makes_changes_and_deletes_fields(zeep_client):
    kind = zeep_client.mdapi.CustomField
    values = {"fullName": "Account.By_Client__c", "label": "By client", "type": "Text"}
    kind.create([kind(**values, length=12)])
    kind.update([kind(**values, length=30)])
    assert kind.read(["Account.By_Client__c"]).length == 30
    with pytest.raises(Exception, match="DUPLICATE_DEVELOPER_NAME"):
        kind.create([kind(**values, length=12)])
    kind.delete(["Account.By_Client__c"])
    read = kind.read(["Account.By_Client__c"])
    assert read is None or read.fullName is None


def test_a_tooling_query_that_finds_nothing_names_no_entity(api):
    soql = "SELECT Id FROM CustomField WHERE DeveloperName = 'None_Such'"
    assert api.get("/tooling/query", params={"q": soql}).json() == {
        "size": 0,
        "totalSize": 0,
        "done": True,
        "queryLocator": None,
        "entityTypeName": None,
        "records": [],
    }


def test_a_field_that_came_with_a_package_says_so(api):
    soql = "SELECT DeveloperName, NamespacePrefix FROM FieldDefinition WHERE EntityDefinitionId = 'Account' AND "
    (packed,) = api.query(f"{soql} QualifiedApiName = 'ClientSuccess__ClientSuccess_SuccessScore__c'")["records"]
    assert (packed["DeveloperName"], packed["NamespacePrefix"]) == ("ClientSuccess_SuccessScore", "ClientSuccess")
    (own,) = api.query(f"{soql} QualifiedApiName = 'CS_Pulse__c'")["records"]
    assert (own["DeveloperName"], own["NamespacePrefix"]) == ("CS_Pulse", None)
