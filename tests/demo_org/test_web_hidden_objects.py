"""An object that the user may not read does not exist for them, whatever the resource."""

import pytest


@pytest.fixture
def hidden(web_org, api):
    """A case and an account that refers to nothing hidden; afterwards nobody may read cases but administrators."""
    case = api.post("/sobjects/Case", {"Subject": "Hidden"}).json()["id"]
    profile = web_org.rows("SELECT ProfileId FROM User WHERE Username = 'integration@demo.example'")[0]["ProfileId"]
    rows = web_org.rows(
        f"SELECT Id FROM ObjectPermissions WHERE SobjectType = 'Case' AND Parent.ProfileId = '{profile}'"
    )
    rights = {
        f"Permissions{each}": False for each in ("Create", "Edit", "Delete", "ViewAllRecords", "ModifyAllRecords")
    }
    web_org.edit("ObjectPermissions", rows[0]["Id"], {**rights, "PermissionsRead": False})
    yield case
    opened = {f"Permissions{each}": True for each in ("Create", "Read", "Edit", "Delete")}
    web_org.edit("ObjectPermissions", rows[0]["Id"], opened)


def test_a_hidden_object_is_not_found_by_any_resource(api, hidden):
    record = f"/sobjects/Case/{hidden}"
    answers = [
        api.get("/sobjects/Case"),
        api.get("/sobjects/Case/describe"),
        api.get("/sobjects/Case/describe/layouts"),
        api.get("/sobjects/Case/listviews"),
        api.get(record),
        api.post("/sobjects/Case", {"Subject": "x"}),
        api.patch(record, {"Subject": "x"}),
        api.delete(record),
        api.get("/limits/recordCount", params={"sObjects": "Case"}),
        api.post("/composite/tree/Case", {"records": []}),
    ]
    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert {answer.json()[0]["errorCode"] for answer in answers} == {"NOT_FOUND"}


def test_describe_global_and_the_counts_of_all_leave_a_hidden_object_out(api, hidden):
    assert hidden
    assert "Case" not in [each["name"] for each in api.get("/sobjects").json()["sobjects"]]
    assert "Case" not in [each["name"] for each in api.get("/limits/recordCount").json()["sObjects"]]
