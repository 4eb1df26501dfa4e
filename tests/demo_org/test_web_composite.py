"""Several requests in one: references, what is undone, what is halted, graphs and trees, and their limits."""

import pytest


def sub(method: str, path: str, reference: str, body: object = None, **more: object) -> dict:
    request = {"method": method, "url": f"/services/data/v66.0{path}", "referenceId": reference, **more}
    return request if body is None else request | {"body": body}


def composite(api, *requests: dict, **more: object) -> list[dict]:
    answer = api.post("/composite", {"compositeRequest": list(requests), **more})
    assert answer.status_code == 200, answer.text
    return answer.json()["compositeResponse"]


def count(api, name: str) -> int:
    return api.query(f"SELECT count() FROM Account WHERE Name = '{name}'")["totalSize"]


def halted(entry: dict) -> bool:
    text = "The transaction was rolled back since another operation in the same transaction failed."
    return (entry["httpStatusCode"], entry["body"]) == (400, [{"errorCode": "PROCESSING_HALTED", "message": text}])


def test_a_later_request_uses_what_an_earlier_one_answered(api):
    entries = composite(
        api,
        sub("POST", "/sobjects/Account", "acc", {"Name": "Referred"}),
        sub("POST", "/sobjects/Contact", "con", {"LastName": "Child", "AccountId": "@{acc.id}"}),
        sub("GET", "/query?q=SELECT+Id,AccountId+FROM+Contact+WHERE+AccountId='@{acc.id}'", "found"),
        sub("GET", "/sobjects/Contact/@{found.records[0].Id}?fields=LastName", "read"),
    )
    assert [each["httpStatusCode"] for each in entries] == [201, 201, 200, 200]
    assert entries[0]["httpHeaders"]["Location"].endswith(entries[0]["body"]["id"])
    assert entries[2]["body"]["records"][0]["AccountId"] == entries[0]["body"]["id"]
    assert entries[3]["body"]["LastName"] == "Child"


@pytest.mark.parametrize("reference", ["@{acc.id}", "@{ACC.id}", "@{acc.records[3].Id}", "@{nobody.id}"])
def test_a_reference_to_nothing_halts_only_its_own_request(api, reference):
    entries = composite(
        api,
        sub("POST", "/sobjects/Account", "acc", {"Site": "no name"}),
        sub("DELETE", f"/sobjects/Account/{reference}", "gone"),
        sub("GET", "/limits", "limits"),
    )
    assert [each["httpStatusCode"] for each in entries] == [400, 400, 200]
    error = entries[1]["body"][0]
    name = reference[2:-1].partition(".")[0]
    text = f"Invalid reference specified. No value for {reference[2:-1]} found in {name}"
    assert error == {"message": text, "errorCode": "PROCESSING_HALTED"}


def test_all_or_none_undoes_what_was_done_and_sees_it_until_then(api):
    requests = (
        sub("POST", "/sobjects/Account", "one", {"Name": "Undone"}),
        sub("GET", "/sobjects/Account/@{one.id}?fields=Name", "two"),
        sub("PATCH", "/sobjects/Account/@{one.id}", "three", {"CS_Health_Score__c": 1000}),
        sub("GET", "/limits", "four"),
    )
    entries = composite(api, *requests, allOrNone=True)
    assert [each["referenceId"] for each in entries] == ["one", "two", "three", "four"]
    assert [halted(each) for each in entries] == [True, True, False, True]
    assert entries[2]["body"][0]["errorCode"] == "NUMBER_OUTSIDE_VALID_RANGE"
    assert count(api, "Undone") == 0
    kept = composite(api, *requests[:2], allOrNone=True, collateSubrequests=True)
    assert [each["httpStatusCode"] for each in kept] == [201, 200]
    assert count(api, "Undone") == 1


@pytest.mark.parametrize(
    ("requests", "code"),
    [
        ([sub("GET", "/limits", f"r{n}") for n in range(26)], "LIMIT_EXCEEDED"),
        ([sub("GET", "/query?q=SELECT+Id+FROM+User", f"r{n}") for n in range(6)], "LIMIT_EXCEEDED"),
        ([sub("POST", "/composite/sobjects", f"r{n}", {}) for n in range(6)], "LIMIT_EXCEEDED"),
        ([sub("GET", "/limits", "same"), sub("GET", "/limits", "same")], "INVALID_INPUT"),
        ([sub("GET", "/limits", "a-b")], "INVALID_INPUT"),
        ([{"method": "GET", "url": "/services/data/v66.0/limits"}], "INVALID_INPUT"),
        ([], "JSON_PARSER_ERROR"),
    ],
)
def test_a_composite_that_cannot_be_is_refused_as_a_whole(api, requests, code):
    answer = api.post("/composite", {"compositeRequest": requests})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


@pytest.mark.parametrize("path", ["/composite", "/composite/batch", "/jobs/query", "/nowhere", "/sobjects/Foo"])
def test_what_a_composite_does_not_reach_is_not_found(api, path):
    entry = composite(api, sub("GET", path, "one"))[0]
    assert entry == {
        "body": [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}],
        "httpHeaders": {},
        "httpStatusCode": 404,
        "referenceId": "one",
    }


def test_a_batch_goes_on_after_an_error_or_halts(api):
    requests = [
        {"method": "GET", "url": "v66.0/limits"},
        {"method": "GET", "url": "v66.0/sobjects/Nothing"},
        {"method": "POST", "url": "v66.0/sobjects/Account", "richInput": {"Name": "In a batch"}},
    ]
    body = api.post("/composite/batch", {"batchRequests": requests}).json()
    assert (body["hasErrors"], [each["statusCode"] for each in body["results"]]) == (True, [200, 404, 201])
    body = api.post("/composite/batch", {"batchRequests": requests, "haltOnError": True}).json()
    assert body["results"][2] == {
        "statusCode": 412,
        "result": [{"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch processing halted by request"}],
    }
    assert count(api, "In a batch") == 1
    assert api.post("/composite/batch", {"batchRequests": requests * 9}).json()[0]["errorCode"] == "LIMIT_EXCEEDED"


def test_each_graph_is_done_as_a_whole_or_not_at_all(api):
    good = [
        sub("POST", "/sobjects/Account", "a", {"Name": "Good graph"}),
        sub("POST", "/sobjects/Contact", "c", {"LastName": "G", "AccountId": "@{a.id}"}),
    ]
    bad = [sub("POST", "/sobjects/Account", "a", {"Name": "Bad graph"}), sub("POST", "/sobjects/Contact", "c", {})]
    body = {"graphs": [{"graphId": "g1", "compositeRequest": good}, {"graphId": "g2", "compositeRequest": bad}]}
    graphs = api.post("/composite/graph", body).json()["graphs"]
    assert [list(each) for each in graphs] == [["graphId", "graphResponse", "isSuccessful"]] * 2
    assert [each["isSuccessful"] for each in graphs] == [True, False]
    entries = graphs[1]["graphResponse"]["compositeResponse"]
    assert halted(entries[0])
    assert entries[1]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert (count(api, "Good graph"), count(api, "Bad graph")) == (1, 0)


def test_graphs_have_their_limits(api):
    def answer(*graphs: list[dict]) -> str:
        named = [{"graphId": str(n), "compositeRequest": graph} for n, graph in enumerate(graphs)]
        return api.post("/composite/graph", {"graphs": named}).json()[0]["errorCode"]

    chain = [sub("GET", "/limits" if n == 0 else f"/limits?x=@{{r{n - 1}.x}}", f"r{n}") for n in range(16)]
    assert answer(chain) == "LIMIT_EXCEEDED"
    assert answer(*[[sub("GET", "/limits", "r")]] * 76) == "LIMIT_EXCEEDED"
    assert answer([sub("GET", "/limits", f"r{n}") for n in range(501)]) == "LIMIT_EXCEEDED"


def tree_record(kind: str, reference: str, **values: object) -> dict:
    return {"attributes": {"type": kind, "referenceId": reference}, **values}


def test_a_tree_makes_parents_and_children_in_one_call(api):
    children = {
        "records": [tree_record("Contact", "c1", LastName="Twig"), tree_record("Contact", "c2", LastName="Leaf")]
    }
    records = [
        tree_record("Account", "a1", Name="Tree", Contacts=children),
        tree_record("Account", "a2", Name="Tree 2"),
    ]
    answer = api.post("/composite/tree/Account", {"records": records})
    assert answer.status_code == 201
    body = answer.json()
    assert body["hasErrors"] is False
    assert [each["referenceId"] for each in body["results"]] == ["a1", "a2", "c1", "c2"]
    parents = api.query("SELECT LastName, Account.Name FROM Contact WHERE LastName IN ('Twig', 'Leaf')")["records"]
    assert {each["Account"]["Name"] for each in parents} == {"Tree"}


def test_a_tree_with_a_refused_record_leaves_nothing(api):
    children = {"records": [tree_record("Contact", "c1", LastName="T", Email="no address")]}
    answer = api.post(
        "/composite/tree/Account", {"records": [tree_record("Account", "a1", Name="Felled", Contacts=children)]}
    )
    assert answer.status_code == 400
    body = answer.json()
    assert body["hasErrors"] is True
    assert [each["referenceId"] for each in body["results"]] == ["c1"]
    assert body["results"][0]["errors"][0]["statusCode"] == "INVALID_EMAIL_ADDRESS"
    assert count(api, "Felled") == 0


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([tree_record("Account", f"r{n}", Name="x") for n in range(201)], "LIMIT_EXCEEDED"),
        ([tree_record("Account", "same", Name="x"), tree_record("Account", "same", Name="y")], "INVALID_INPUT"),
        ([tree_record("Contact", "r", LastName="x")], "INVALID_INPUT"),
        ([{"attributes": {"type": "Account"}, "Name": "x"}], "INVALID_INPUT"),
        ([tree_record("Account", "r", Name="x", Twigs={"records": [{}]})], "INVALID_FIELD"),
        ("x", "JSON_PARSER_ERROR"),
    ],
)
def test_a_tree_that_cannot_be_is_refused(api, records, code):
    answer = api.post("/composite/tree/Account", {"records": records})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


def test_a_tree_is_at_most_five_levels_deep(api):
    record = tree_record("Account", "leaf", Name="x")
    for level in range(5):
        record = tree_record("Account", f"l{level}", Name="x", ChildAccounts={"records": [record]})
    assert api.post("/composite/tree/Account", {"records": [record]}).json()[0]["errorCode"] == "LIMIT_EXCEEDED"
