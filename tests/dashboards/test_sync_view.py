"""The health of the sync: every figure, and the list behind each."""

from datetime import timedelta

import polars as pl
import pytest
from playwright.sync_api import expect

from dashboards import syncing
from dashboards.reader import Reader
from dashboards.views import sync, sync_lists
from dashboards.views.scene import Scene
from tests.dashboards.looking import ON_A_PHONE, cells, figure, kept, tables, words
from tests.dashboards.samples import NOW, fill
from toolkit.frames import JOURNAL, SKIPS, conform
from toolkit.store import Store

# Panel hands tables to Bokeh, which uses a keyword that pandas 3.1 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.reset_index:DeprecationWarning")

NIGHTLY = "a" * 12
BY_HAND = "b" * 12
REFUSED = "FIELD_CUSTOM_VALIDATION_EXCEPTION"


def journal(commit: str, *told: tuple) -> pl.DataFrame:
    """Journal rows of (side, object, record, field, operation, state, code, message)."""
    made = [
        dict.fromkeys(JOURNAL.schema)
        | {"commit_id": commit, "seq": seq, "side": side, "object": object_name, "here_id": record, "name": record}
        | {"field": field, "operation": operation, "state": state, "code": code, "message": message, "after": "new"}
        for seq, (side, object_name, record, field, operation, state, code, message) in enumerate(told, 1)
    ]
    return conform(pl.DataFrame(made, schema=dict(JOURNAL.schema)), JOURNAL)


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    folder = tmp_path_factory.mktemp("synced")
    fill(folder, accounts=30)
    night = NOW - timedelta(hours=6)
    with Store.open(folder) as store:
        store.intend(
            journal(
                NIGHTLY,
                *(("there", "account", f"P-{n}", field, "update", "written", None, None)
                  for n in range(4) for field in ("CS_MRR__c", "CS_Health_Score__c")),
                ("there", "account", "P-9", "CS_Stage__c", "update", "failed", REFUSED, "No <b>way</b> back"),
                ("there", "account", "P-8", "CS_Stage__c", "clear", "held", "MOVED", "changed since"),
                ("here", "account", "P-1", "industry", "update", "written", None, None),
                ("there", "contact", "C-1", "LastName", "create", "written", None, None),
            ),
            {"at": night.isoformat()},
        )  # fmt: skip
        store.intend(journal(BY_HAND, ("there", "account", "P-3", "CS_Stage__c", "update", "written", None, None)))
        for step, commit, calls in (("sync", NIGHTLY, 7), ("sync job", NIGHTLY, 11), ("edit", BY_HAND, 2)):
            run = store.start_run(step, "account", night)
            store.end_run(run, at=night, api_calls=calls, note=f"Commit {commit}: written")
        run = store.start_run("pull", "meeting", night)
        store.end_run(run, at=night, status="failed", note="Salesforce did not answer")
        run = store.start_run("score", "account", night)
        store.end_run(run, at=night)
        left_out = {"object": "account", "side": "here", "id": "X-1", "name": "Left", "rule": "r", "reason": "no stage"}
        store.write(SKIPS, conform(pl.DataFrame([left_out], schema=dict(SKIPS.schema)), SKIPS))
    return Reader(folder)


@pytest.fixture(scope="module")
def snapshot(reader):
    return reader.snapshot()


def opened(reader, snapshot, **pick: str):
    scene = Scene(snapshot, pick=pick)
    wanted = sync_lists.wanted_commits(scene)
    return sync.view(scene, pl.concat(map(reader.commit, wanted)) if wanted else None)


def test_DSH_8_each_object_has_the_figures_of_its_last_reading_and_its_last_sync(snapshot):
    rows = {row["object"]: row for row in syncing.objects(snapshot).to_dicts()}
    account = rows["account"]
    assert account["read_at"] == NOW - timedelta(minutes=45) + timedelta(seconds=1.7)
    assert account["commit_id"] == NIGHTLY, "an edit by hand is no sync"
    figures = ("read", "skipped", "taken_over", "created", "updated", "deleted", "held", "failed")
    assert [account[name] for name in figures] == [12, 1, 1, 0, 4, 0, 1, 1]
    assert (rows["contact"]["created"], rows["contact"]["failed"]) == (1, 0)
    assert rows["meeting"]["read_failed"] == "Salesforce did not answer"
    assert rows["meeting"]["commit_id"] is None


def test_DSH_8_errors_are_told_by_kind_in_salesforces_words_with_what_to_do(reader, snapshot):
    failed, held = syncing.error_kinds(snapshot).to_dicts()
    assert (failed["code"], failed["records"], failed["message"]) == (REFUSED, 1, "No <b>way</b> back")
    assert "ask its admin" in failed["remedy"]
    assert (held["state"], held["code"]) == ("held", "MOVED")
    told = words(opened(reader, snapshot))
    assert "No &lt;b&gt;way&lt;/b&gt; back" in told
    assert "<b>way" not in told


def test_DSH_8_calls_of_a_job_are_counted_once_and_what_is_left_is_known_from_the_newest_plan(snapshot):
    spent = syncing.allowance(snapshot)
    assert spent.used == syncing.calls_of_a_day(snapshot)["api_calls"].sum() == 6 + 2 + 7 + 2
    assert spent.left == snapshot.plan.plan.cost.left


def test_DSH_8_the_next_run_is_the_earliest_that_is_appointed(snapshot):
    jobs = syncing.jobs(snapshot)
    assert [job["next"] for job in jobs] == sorted(job["next"] for job in jobs)
    assert jobs[0]["next"] > NOW


@pytest.mark.parametrize(
    ("pick", "column", "rows"),
    [
        ({"list": "read", "object": "meeting"}, "note", 2),
        ({"list": "skipped", "object": "account"}, "reason", 1),
        ({"list": "taken_over", "object": "account"}, "field", 1),
        ({"list": "created", "object": "contact"}, "field", 1),
        ({"list": "updated", "object": "account"}, "field", 8),
        ({"list": "written"}, "field", 9),
        ({"list": "failed", "object": "account"}, "reason", 1),
        ({"list": "held", "code": "MOVED"}, "reason", 1),
        ({"list": "api"}, "api_calls", 4),
    ],
    ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else "",
)
def test_DSH_8_every_number_opens_its_list(reader, snapshot, pick, column, rows):
    (listed,) = tables(opened(reader, snapshot, **pick))
    assert listed.value.shape[0] == rows
    assert column in listed.value.columns
    assert sum(kept(listed).values()) <= ON_A_PHONE


def test_an_unknown_list_of_the_address_shows_none(reader, snapshot):
    assert tables(opened(reader, snapshot, list="nonsense")) == []


def test_DSH_8_a_person_opens_the_list_behind_a_number_and_closes_it(window, company_url):
    page = window.open(f"{company_url}?view=sync")
    expect(figure(page, "Still failing")).to_have_text("0")
    expect(page.get_by_text("Everything that was to be written was written.")).to_be_visible()
    page.get_by_role("link", name="Read of account: 12").click()
    page.wait_for_url("**list=read**")
    expect(page.get_by_role("heading", name="Readings of Salesforce")).to_be_visible()
    assert set(cells(page, "object").all_inner_texts()) == {"account"}
    page.get_by_role("button", name="Only account").click()
    expect(page.get_by_role("heading", name="Readings of Salesforce")).to_be_hidden()
