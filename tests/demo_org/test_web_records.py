"""Records over REST, one at a time and in collections."""

from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.fixture
def account(api):
    made = api.post("/sobjects/Account", {"Name": "Umbral Foods", "Segment__c": "SMB"})
    assert made.status_code == 201, made.text
    return made.json()["id"]


def test_a_created_record_answers_201_with_its_address(api):
    answer = api.post("/sobjects/Account/", {"Name": "  Brand new  "})
    body = answer.json()
    assert (answer.status_code, body["success"], body["errors"]) == (201, True, [])
    assert answer.headers["Location"] == f"/services/data/v66.0/sobjects/Account/{body['id']}"
    assert api.get(f"/sobjects/Account/{body['id']}", params={"fields": "Name"}).json()["Name"] == "Brand new"


def test_a_whole_record_has_its_fields_in_describe_order(api, account):
    record = api.get(f"/sobjects/Account/{account}").json()
    described = [field["name"] for field in api.get("/sobjects/Account/describe").json()["fields"]]
    assert list(record) == ["attributes", *described]
    assert "Hidden_Notes__c" not in record


def test_a_15_character_id_is_the_same_record(api, account):
    assert api.get(f"/sobjects/Account/{account[:15]}", params={"fields": "Id"}).json()["Id"] == account


def test_a_change_answers_204_without_a_body_and_with_the_limit_header(api, account):
    answer = api.patch(f"/sobjects/Account/{account}", {"CS_Health_Score__c": 9.9})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Sforce-Limit-Info"].startswith("api-usage=")
    record = api.get(f"/sobjects/Account/{account}", params={"fields": "CS_Health_Score__c"}).json()
    assert record["CS_Health_Score__c"] == 9.9


def test_post_stands_in_for_patch(api, account):
    answer = api.post(f"/sobjects/Account/{account}?_HttpMethod=PATCH", {"Segment__c": "Enterprise"})
    assert answer.status_code == 204


def test_a_deleted_record_is_gone_and_deleting_it_again_says_so(api, account):
    assert api.delete(f"/sobjects/Account/{account}").status_code == 204
    assert api.get(f"/sobjects/Account/{account}").status_code == 404
    again = api.delete(f"/sobjects/Account/{account}")
    assert again.status_code == 404
    assert again.text == '[{"message":"entity is deleted","errorCode":"ENTITY_IS_DELETED","fields":[]}]'


def test_several_faults_of_a_record_come_in_one_answer(api, account):
    answer = api.patch(f"/sobjects/Account/{account}", {"CS_Health_Score__c": 100, "CS_Health_Band__c": "Blue"})
    assert answer.status_code == 400
    assert [(each["errorCode"], each["fields"]) for each in answer.json()] == [
        ("NUMBER_OUTSIDE_VALID_RANGE", ["CS_Health_Score__c"]),
        ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["CS_Health_Band__c"]),
    ]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"Hidden_Notes__c": "x"}, "INVALID_FIELD"),
        ({"Locked_Score__c": 1}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"Id": "001"}, "INVALID_FIELD"),
        ({"Name": None}, "REQUIRED_FIELD_MISSING"),
    ],
)
def test_what_may_not_be_written_is_refused(api, account, values, code):
    answer = api.patch(f"/sobjects/Account/{account}", values)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


def test_a_body_that_is_no_json_is_refused(api):
    answer = api.call("POST", "/sobjects/Account", data="{'Name': 1}", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


def test_an_upsert_creates_then_changes(api):
    path = "/sobjects/Account/Product_Id__c/P-90001"
    created = api.patch(path, {"Name": "By key"})
    assert created.status_code == 201
    assert created.json() == {"id": created.json()["id"], "success": True, "errors": [], "created": True}
    changed = api.patch("/sobjects/Account/product_id__c/p-90001", {"Name": "By key, again"})
    assert (changed.status_code, changed.json()["created"]) == (200, False)
    assert changed.headers["Location"].endswith(created.json()["id"])
    assert api.get(path).json()["Name"] == "By key, again"
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404


def test_old_versions_answer_an_upsert_without_created(api):
    root = "/services/data/v45.0/sobjects/Account/Product_Id__c/P-90002"
    assert api.patch(root, {"Name": "Old"}).json().keys() == {"id", "success", "errors"}
    changed = api.patch(root, {"Name": "Older"})
    assert (changed.status_code, changed.content) == (204, b"")


def test_update_only_makes_nothing(api):
    assert api.patch("/sobjects/Account/Product_Id__c/P-90003?updateOnly=true", {"Name": "No"}).status_code == 404


def test_a_field_that_is_no_external_id_is_refused(api):
    answer = api.patch("/sobjects/Account/Name/Umbral", {"Site": "x"})
    assert answer.status_code == 404
    expected = "Provided external ID field does not exist or is not accessible: Name"
    assert answer.json()[0]["message"] == expected


def test_several_matches_answer_300_with_their_addresses(api):
    ids = [api.post("/sobjects/Contact", {"LastName": "Twin", "Email": "twin@demo.example"}).json()["id"] for _ in "ab"]
    answer = api.get("/sobjects/Contact/Email/twin@demo.example")
    assert answer.status_code == 300
    assert answer.json() == [f"/services/data/v66.0/sobjects/Contact/{each}" for each in ids]


def test_a_path_may_follow_a_relationship(api, account):
    owner = api.get(f"/sobjects/Account/{account}/Owner", params={"fields": "Username"}).json()
    assert owner["Username"] == "integration@demo.example"


def test_an_unread_change_is_not_written_over(api, account):
    read = api.get(f"/sobjects/Account/{account}").headers["Last-Modified"]
    api.patch(f"/sobjects/Account/{account}", {"Site": "first"})
    refused = api.patch(f"/sobjects/Account/{account}", {"Site": "second"}, headers={"If-Unmodified-Since": read})
    assert refused.status_code == 412


def test_a_collection_answers_200_with_one_entry_a_record(api, account):
    records = [
        {"attributes": {"type": "Account"}, "id": account, "Site": "here"},
        {"attributes": {"type": "Account"}, "id": "001000000000001AAA", "Site": "there"},
    ]
    answer = api.patch("/composite/sobjects", {"allOrNone": False, "records": records})
    assert answer.status_code == 200
    refused = {"statusCode": "INVALID_CROSS_REFERENCE_KEY", "message": "invalid cross reference id", "fields": []}
    assert answer.json() == [
        {"id": account, "success": True, "errors": []},
        {"success": False, "errors": [refused]},
    ]


def test_all_or_none_undoes_every_record_of_every_object(api):
    records = [
        {"attributes": {"type": "Account"}, "Name": "Undone"},
        {"attributes": {"type": "Contact"}, "FirstName": "Nobody"},
    ]
    entries = api.post("/composite/sobjects", {"allOrNone": True, "records": records}).json()
    codes = [entry["errors"][0]["statusCode"] for entry in entries]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert api.query("SELECT count() FROM Account WHERE Name = 'Undone'")["totalSize"] == 0


def test_a_collection_upserts_reads_and_deletes(api):
    records = [{"attributes": {"type": "Account"}, "Product_Id__c": f"P-9100{n}", "Name": f"N{n}"} for n in range(3)]
    made = api.patch("/composite/sobjects/Account/Product_Id__c", {"records": records}).json()
    assert [entry["created"] for entry in made] == [True] * 3
    ids = [entry["id"] for entry in made]
    asked = {"ids": ",".join([ids[1], "001000000000001AAA", ids[0]]), "fields": "Name,Product_Id__c"}
    read = api.get("/composite/sobjects/Account", params=asked).json()
    assert [each and each["Name"] for each in read] == ["N1", None, "N0"]
    assert api.post("/composite/sobjects/Account", {"ids": ids, "fields": ["Name"]}).json()[2]["Name"] == "N2"
    gone = api.delete("/composite/sobjects", params={"ids": ",".join(ids), "allOrNone": "true"}).json()
    assert [entry["success"] for entry in gone] == [True] * 3


def test_readers_and_writers_do_not_get_into_each_others_way(api, web_org):
    def write(number: int) -> list[bool]:
        session = type(api)(web_org)
        records = [{"attributes": {"type": "Account"}, "Name": f"Crowd {number} {n}"} for n in range(20)]
        entries = session.post("/composite/sobjects", {"records": records}).json()
        session.query("SELECT Id, Name, Owner.Name FROM Account")
        session.close()
        return [entry["success"] for entry in entries]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(write, range(16))) == [[True] * 20] * 16
    assert api.query("SELECT count() FROM Account WHERE Name LIKE 'Crowd%'")["totalSize"] == 320


def test_more_than_200_records_are_refused(api):
    records = [{"attributes": {"type": "Account"}, "Name": "x"}] * 201
    assert api.post("/composite/sobjects", {"records": records}).status_code == 400


def test_a_composite_answers_each_subrequest_and_counts_as_one_call(api, web_org):
    before = len(web_org.calls)
    root = "/services/data/v66.0"
    long_list = ",".join(f"'001dM00000{n:05d}'" for n in range(900))
    requests = [
        ("Long", f"{root}/query/?q=SELECT count() FROM Account WHERE Id IN ({long_list})"),
        ("Bad", f"{root}/sobjects/Foo"),
        ("One", f"{root}/query?q=SELECT+Id+FROM+Account+LIMIT+1"),
        ("Same", f"{root}/sobjects/Account/@{{One.records[0].Id}}?fields=Id"),
    ]
    body = {"compositeRequest": [{"method": "GET", "referenceId": ref, "url": url} for ref, url in requests]}
    answered = api.post("/composite", body).json()["compositeResponse"]
    assert [each["httpStatusCode"] for each in answered] == [200, 404, 200, 200]
    assert answered[1]["body"] == [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
    assert answered[3]["body"]["Id"] == answered[2]["body"]["records"][0]["Id"]
    assert len(web_org.calls) == before + 1


def test_a_batch_answers_each_request_with_its_status(api):
    body = {"batchRequests": [{"method": "GET", "url": "v57.0/limits"}, {"method": "GET", "url": "v57.0/nowhere"}]}
    answer = api.post("/composite/batch/", body).json()
    assert (answer["hasErrors"], [each["statusCode"] for each in answer["results"]]) == (True, [200, 404])


def test_describes_in_a_composite_are_conditional_too(api):
    request = {"method": "GET", "referenceId": "a", "url": "/services/data/v49.0/sobjects"}
    first = api.post("/composite", {"compositeRequest": [request]}).json()["compositeResponse"][0]
    request["httpHeaders"] = {"If-Modified-Since": first["httpHeaders"]["Last-Modified"]}
    again = api.post("/composite", {"compositeRequest": [request]}).json()["compositeResponse"][0]
    assert (again["httpStatusCode"], again["body"]) == (304, None)
