"""Whatever is sent, the org answers in Salesforce's way: never with a fault of its own, never with silence."""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.web.bulk_common import quoted
from toolkit.demo_org.web.classic_forms import BadBatchError, read_rows
from toolkit.demo_org.web.multipart import form_parts
from toolkit.demo_org.web.references import filled
from toolkit.demo_org.web.xml_form import BadXmlError, parse_xml, to_xml

SOME = settings(
    max_examples=20, deadline=2_000, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
FAST = settings(max_examples=60, deadline=1_000)
WORDS = st.sampled_from(
    [
        "SELECT",
        "FROM",
        "Account",
        "Id",
        "WHERE",
        "(",
        ")",
        "'",
        '"',
        "{",
        "}",
        "FIND",
        "RETURNING",
        ",",
        "*",
        "\\",
        "AND",
    ]
)
TEXTS = st.one_of(st.text(max_size=40), st.lists(WORDS, max_size=12).map(" ".join))
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
SUBREQUESTS = st.fixed_dictionaries(
    {"method": st.sampled_from(["GET", "POST", "PATCH", "DELETE", "?"]), "referenceId": TEXTS},
    optional={"url": st.one_of(TEXTS, TEXTS.map("/services/data/v66.0/".__add__)), "body": JSONS, "httpHeaders": JSONS},
)


def fine(answer) -> bool:
    return answer.status_code != 500


@SOME
@given(body=JSONS)
@pytest.mark.parametrize(
    "path",
    [
        "/sobjects/Account",
        "/composite",
        "/composite/batch",
        "/composite/graph",
        "/composite/sobjects",
        "/composite/tree/Account",
        "/jobs/ingest",
        "/jobs/query",
        "/parameterizedSearch",
        "/tooling/sobjects/CustomField",
    ],
)
def test_any_json_is_answered(api, path, body):
    assert fine(api.post(path, body))


@SOME
@given(requests=st.lists(SUBREQUESTS, max_size=4), whole=st.booleans())
def test_any_composite_is_answered(api, requests, whole):
    assert fine(api.post("/composite", {"compositeRequest": requests, "allOrNone": whole}))
    assert fine(api.post("/composite/batch", {"batchRequests": requests, "haltOnError": whole}))


@SOME
@given(data=st.binary(max_size=60))
@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/sobjects/Account", "application/xml"),
        ("/sobjects/Account", "application/json"),
        ("/jobs/ingest", "multipart/form-data; boundary=a"),
        ("/services/oauth2/token", "application/x-www-form-urlencoded"),
        ("/services/oauth2/authorize", "application/x-www-form-urlencoded"),
        ("/services/async/66.0/job", "application/xml"),
        ("/services/async/66.0/job", "application/json"),
    ],
)
def test_any_bytes_are_answered(api, path, content_type, data):
    headers = {"Content-Type": content_type, "X-SFDC-Session": api.access_token}
    assert fine(api.call("POST", path, data=data, headers=headers, allow_redirects=False))


@SOME
@given(text=TEXTS)
def test_any_address_is_answered(api, text):
    for path, name in (
        ("/query", "q"),
        ("/search", "q"),
        ("/tooling/query", "q"),
        ("/sobjects/Account/updated", "start"),
    ):
        assert fine(api.get(path, params={name: text}))
    for path in ("/sobjects/{}", "/sobjects/Account/{}", "/query/{}", "/jobs/query/{}/results", "/{}"):
        assert fine(api.get(path.format(text.replace("/", "").replace("#", "").replace("?", "").replace("\\", ""))))


@SOME
@given(text=TEXTS, line=st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_upload_ends_its_job(api, text, line):
    _, info = api.ingest(f"Name{line}{text}{line}", "insert")
    assert info["state"] in ("JobComplete", "Failed")
    assert "InternalServerError" not in info.get("errorMessage", "")


@FAST
@given(data=st.binary(max_size=80), kind=st.sampled_from(["CSV", "JSON", "XML"]))
def test_rows_of_any_batch_are_read_or_refused(data, kind):
    with suppress(BadBatchError):
        assert isinstance(read_rows(kind, data), list)


@FAST
@given(rows=st.lists(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2)))
def test_cells_written_are_the_cells_read(rows):
    text = "A,B\r\n" + "".join(",".join(map(quoted, row)) + "\r\n" for row in rows)
    read = read_rows("CSV", text.encode())
    assert [[row.get("A", ""), row.get("B", "")] for row in read] == [
        ["#N/A" if cell is None else cell for cell in row] for row in rows
    ]


@FAST
@given(body=st.dictionaries(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True), JSONS, max_size=4))
def test_any_answer_makes_well_formed_xml(body):
    assert parse_xml(to_xml("Result", _named(body))) is not None


@FAST
@given(data=st.binary(max_size=80))
def test_any_multipart_body_or_document_is_read_or_refused(data):
    with suppress(Refusal):
        assert isinstance(form_parts(data, "x; boundary=a"), dict)
    with suppress(BadXmlError):
        assert parse_xml(data) is not None


@FAST
@given(value=JSONS, answered=st.dictionaries(st.just("r"), JSONS))
def test_references_are_filled_or_refused(value, answered):
    with pytest.raises(Refusal, match="Invalid reference specified"):
        filled([value, "@{r}"], answered)
    with suppress(Refusal):
        assert filled(["@{r.a[0]}"], answered)


def _named(value: object) -> object:
    # Names of elements are API names; only the values may be anything.
    if isinstance(value, dict):
        return {f"n{number}": _named(each) for number, each in enumerate(value.values())}
    return [_named(each) for each in value] if isinstance(value, list) else value
