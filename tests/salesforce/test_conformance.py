"""The conformance script against the demo org: full agreement, every disagreement seen, and nothing left behind."""

import json
import os
import subprocess
import sys
from collections import Counter

import pytest

from toolkit.errors import InputError, LoginError
from toolkit.salesforce import Credentials
from toolkit.salesforce.conformance import Target, run, target_from_environment
from toolkit.salesforce.conformance.shapes import ID, Entries, Keys, OneOf, Only, Text, disagreements

ORG = pytest.mark.parametrize("demo_org", [{"accounts": 300, "now": None}], indirect=True)
MADE = "SELECT Id FROM {} WHERE {} LIKE 'cs-toolkit conformance%'"


def target(org) -> Target:
    return Target("client_credentials", org.url, Credentials(org.client_id, org.client_secret), org.ca_file)


def left_behind(org):
    return org.rows(MADE.format("Account", "Name")) + org.rows(MADE.format("Contact", "LastName"))


@ORG
def test_the_demo_org_agrees_fully_and_nothing_is_left_in_it(demo_org):
    before = len(demo_org.rows("SELECT Id FROM Account"))
    outcomes = run(target(demo_org))
    assert [each for each in outcomes if each.verdict != "agrees"] == []
    assert len(outcomes) >= 60
    assert len({(each.group, each.name) for each in outcomes}) == len(outcomes)
    assert left_behind(demo_org) == []
    assert len(demo_org.rows("SELECT Id FROM Account")) == before


@pytest.mark.parametrize(
    ("fault", "group", "name"),
    [
        ({"kind": "status", "match": "/recordCount", "status": 500}, "limits", "how many records there are"),
        ({"kind": "status", "match": "/composite/batch", "status": 503}, "composite", "a batch"),
        ({"kind": "job_failed"}, "bulk", "ended"),
        ({"kind": "lock_row", "match": "/composite/sobjects"}, "composite", "a collection is made in part"),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else None,
)
@ORG
def test_a_wrong_answer_is_a_disagreement_and_nothing_is_left(demo_org, fault, group, name):
    demo_org.faults.inject(**fault)
    differing = [each for each in run(target(demo_org)) if each.verdict == "differs"]
    assert (group, name) in [(each.group, each.name) for each in differing]
    assert all(each.reasons for each in differing)
    assert left_behind(demo_org) == []


@ORG
def test_an_org_without_an_external_id_is_asked_the_rest(demo_org):
    demo_org.remove_field("Account", "Product_Id__c")
    outcomes = run(target(demo_org))
    verdicts = Counter(each.verdict for each in outcomes)
    assert verdicts["differs"] == 0
    skipped = [each for each in outcomes if each.verdict == "skipped"]
    assert {each.group for each in skipped} == {"upsert"}
    assert skipped[0].reasons == ("the org gave no external to ask with",)


@ORG
def test_records_are_deleted_even_when_the_connection_breaks(demo_org):
    demo_org.faults.inject("drop", match="/jobs/ingest$", of="request", after=1)
    with pytest.raises(Exception, match="no answer"):
        run(target(demo_org))
    assert left_behind(demo_org) == []


@ORG
def test_a_refused_login_is_told_before_anything_is_asked(demo_org):
    wrong = Target("client_credentials", demo_org.url, Credentials("nobody", "nothing"), demo_org.ca_file)
    with pytest.raises(LoginError):
        run(wrong)
    assert demo_org.calls == []


@ORG
def test_a_production_org_is_refused_unless_told_so(demo_org):
    [found] = demo_org.rows("SELECT Id FROM Organization")
    state = demo_org._state
    with state.database.writing() as connection:
        connection.execute("UPDATE Organization SET IsSandbox = 0, OrganizationType = 'Enterprise Edition'")
    with pytest.raises(InputError, match="production org"):
        run(target(demo_org))
    assert left_behind(demo_org) == []
    assert run(target(demo_org), production=True)[0].verdict == "agrees"
    assert found["Id"] == demo_org.org_id


@ORG
def test_the_command_asks_the_org_of_the_environment_and_says_where_it_differs(demo_org):
    demo_org.faults.inject("status", match="/recordCount", status=500)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CS_TOOLKIT_")},
        "CS_TOOLKIT_LOGIN_URL": demo_org.url,
        "CS_TOOLKIT_CLIENT_ID": demo_org.client_id,
        "CS_TOOLKIT_CLIENT_SECRET": demo_org.client_secret,
        "CS_TOOLKIT_CA_FILE": str(demo_org.ca_file),
    }
    command = [sys.executable, "-m", "toolkit.cli", "conformance", "--org"]
    first = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert first.returncode == 1, first.stderr
    assert "limits, how many records there are: differs" in first.stdout
    assert demo_org.client_secret not in first.stdout + first.stderr
    second = subprocess.run(
        [*command, "--json"], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert second.returncode == 0, second.stdout
    rows = json.loads(second.stdout)
    assert {each["verdict"] for each in rows} == {"agrees"}
    assert left_behind(demo_org) == []


def test_no_org_in_the_environment_is_told(monkeypatch):
    for name in [name for name in os.environ if name.startswith("CS_TOOLKIT_")]:
        monkeypatch.delenv(name)
    with pytest.raises(InputError, match="No org is named") as told:
        target_from_environment()
    assert "CS_TOOLKIT_LOGIN_URL" in told.value.hint
    monkeypatch.setenv("CS_TOOLKIT_INSTANCE_URL", "https://here.example")
    monkeypatch.setenv("CS_TOOLKIT_ACCESS_TOKEN", "00D!x")
    found = target_from_environment()
    assert (found.login, found.login_url) == ("token", "https://here.example")


@pytest.mark.parametrize(
    ("shape", "value", "told"),
    [
        (str, 1, "body is 1, not str"),
        (int, True, "body is True, not int"),
        (float, "x", "body is 'x', not float"),
        ({"a": 1}, {"a": True}, "body.a is True, not 1"),
        ({"a": 1}, {}, "body lacks a"),
        (Only({"a": 1}), {"a": 1, "b": 2}, "body also has b"),
        (Keys("a b"), {"a": 1}, "body lacks b"),
        ([{"a": str}], [{"a": "x"}, {"a": 2}], "body[1].a is 2, not str"),
        ([str], [], "body is empty"),
        ([], [1], "body is not empty"),
        (Entries({"a": 1}), [{"a": 2}], "body has no entry like {'a': 1}"),
        (ID, "001000000000000", "body is '001000000000000', not like [0-9A-Za-z]{15}[A-Z0-5]{3}"),
        (Text("x"), None, "body is None, not like x"),
        (OneOf(None, str), 5, "body is 5"),
        ({}, [], "body is [], not an object"),
        ([str], {}, "body is {}, not a list"),
    ],
)
def test_a_shape_says_where_a_value_differs(shape, value, told):
    assert list(disagreements(shape, value)) == [told]


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (float, 3),
        ({"a": str}, {"a": "x", "b": 1}),
        ([1, 2], [1, 2]),
        (Entries(1), [2, 1]),
        (OneOf(None, str), None),
        (1500.0, 1500),
    ],
)
def test_a_shape_lets_pass_what_fits(shape, value):
    assert list(disagreements(shape, value)) == []
