"""Where a value came from: one story of a workspace, looked at from both sides."""

import polars as pl
import pytest

from toolkit.demo_workspace import AS_OF as NOW
from toolkit.errors import NotFoundError
from toolkit.frames import DECISIONS, LINEAGE
from toolkit.lineage.lineage import COMMITS, Facts, lineage
from toolkit.workspace import Workspace


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """Pulled, loaded, scored, committed; one stage edited by hand, changed in Salesforce, edited again and undone."""
    folder = tmp_path_factory.mktemp("lineage") / "w"
    with Workspace.demo(folder, accounts=20) as ws:
        for step in (ws.pull, ws.load, ws.match, ws.import_records, ws.score):
            step()
        plan = ws.plan()
        ws.commit(plan, confirm=plan.digest)
        yield ws


@pytest.fixture(scope="module")
def link(story):
    """An account whose stage both sides hold, as its ids."""
    agreed = story.links().join(story.here().filter(pl.col("stage").is_not_null()), left_on="here_id", right_on="id")
    return agreed.row(0, named=True)


def test_BEY_14_a_score_in_salesforce_leads_back_to_the_measures_and_the_profile(story, link):
    found = story.lineage("account", link["there_id"], "CS_Health_Score__c", "there")
    assert list(found.columns) == list(LINEAGE.schema)
    assert found["step"].to_list() == list(range(1, found.height + 1))
    written = found.row(by_predicate=pl.col("event") == "written", named=True)
    assert written["side"] == "there"
    assert written["value"] == story.here().filter(id=link["here_id"])["health_score"].cast(pl.String).item()
    assert "from here health_score" in written["origin"]
    assert written["commit_id"] == story.last_commit()
    assert written["run_id"] == story.runs().filter(step="commit")["run_id"][-1]
    computed = found.row(by_predicate=pl.col("event") == "computed", named=True)
    assert computed["rule"].startswith("health profile default, version ")
    assert "points added: " in computed["origin"]
    measures = story.contributions().filter(id=link["here_id"])["measure"]
    assert all(measure in computed["origin"] for measure in measures)
    assert computed["run_id"] == story.runs().filter(step="score")["run_id"][-1]
    assert {"linked", "read"} <= set(found["event"])
    assert found["event"][-1] == "read"
    assert found["at"][-1] is None
    assert "was there before the first pull" in found["origin"][-1]


def test_BEY_14_a_metric_names_its_source_its_window_and_the_run(story, link):
    name, metric = next((name, each) for name, each in story.settings.metrics.items() if each.window_days)
    found = story.lineage("account", link["here_id"], name)
    assert found["event"].to_list() == ["computed"]
    row = found.row(0, named=True)
    assert f"of the last {metric.window_days} days" in row["origin"]
    assert story.settings.sources[metric.source].label in row["origin"]
    assert row["run_id"] == story.runs().filter(step="load")["run_id"][-1]


def test_BEY_14_a_file_names_its_column_and_says_what_it_does_not_know(story, link):
    found = story.lineage("account", link["here_id"], "stage")
    loaded = found.row(by_predicate=pl.col("event") == "loaded", named=True)
    assert loaded["origin"] == 'the column "stage" of accounts.csv; how it came there is not known here'
    assert loaded["value"] == story.store.records("source", "account").filter(id=link["here_id"])["stage"].item()


def test_BEY_14_edits_undos_and_changes_of_others_are_told_in_their_order(story, link):
    now = story.here().filter(id=link["here_id"])["stage"].item()
    first, second, third = [each for each in ("At Risk", "Growth", "Onboarding", "Adoption") if each != now][:3]
    one = story.edit("account", link["here_id"], {"stage": first})
    story.demo_org.edit("Account", link["there_id"], {"CS_Stage__c": second})
    story.pull()
    plan = story.plan()
    story.commit(plan, confirm=plan.digest)
    other = story.edit("account", link["here_id"], {"stage": third})
    undo = story.undo(other.commit_id)
    story.commit(undo, confirm=undo.digest)
    found = story.lineage("account", link["there_id"], "CS_Stage__c", "there").filter(side="there")
    told = found.filter(pl.col("commit_id").is_not_null()).select("event", "value").rows()
    assert told[:4] == [("undone", second), ("edited", third), ("read", second), ("edited", first)]
    moved = found.filter(pl.col("origin").str.contains("by somebody or something else"))
    assert moved["before"].to_list() == [first]
    assert one.commit_id in moved["origin"].item()
    here = story.lineage("account", link["here_id"], "stage")
    assert "written" in here.filter(side="here")["event"].to_list()
    assert {"here", "there"} == set(here["side"])


def test_BEY_14_decisions_and_links_are_part_of_it(story, link):
    told = {"object": "account", "here_id": link["here_id"], "there_id": link["there_id"], "note": "asked the customer"}
    decision = {"pair": "stage = CS_Stage__c", "choice": "here", "here": "Growth", "there": "At Risk"}
    who = {"decided_by": "Ann", "decided_at": NOW}
    story.store.write(DECISIONS, pl.DataFrame([{**told, **decision, **who}], schema=dict(DECISIONS.schema)))
    found = story.lineage("account", link["here_id"], "stage")
    decided = found.row(by_predicate=pl.col("event") == "decided", named=True)
    assert (decided["value"], decided["origin"]) == ("Growth", "Ann decided for here: asked the customer")
    linked = found.row(by_predicate=pl.col("event") == "linked", named=True)
    assert linked["rule"] == link["rule"]
    assert link["there_id"] in linked["origin"]


def test_BEY_14_who_and_why_are_known_when_the_plan_is_long_gone(story):
    journal = story.journal()
    commit_id = story.store.commits()["commit_id"][1]
    told = story.store.commit_meta(commit_id)
    assert (told["purpose"], told["made_by"]) == ("edit", story.person())
    rows = journal.filter(commit_id=commit_id, side="there")
    row = {"commit_id": commit_id, "number": 1, "run_id": None, "at": NOW, "purpose": "edit", "made_by": "Ann"}
    facts = Facts(
        fields=story.mapped().fields, journal=rows, commits=pl.DataFrame([row], schema=COMMITS),
    )  # fmt: skip
    (found,) = lineage(facts, "there", "CS_Stage__c").to_dicts()
    assert (found["event"], found["origin"]) == ("edited", "entered in the toolkit, by Ann")
    assert found["rule"] == "stage = CS_Stage__c, two_way, hold"


def test_BEY_14_what_nobody_has_is_said(story, link):
    with pytest.raises(NotFoundError, match="No account nobody is known here"):
        story.lineage("account", "nobody", "stage")
    with pytest.raises(NotFoundError, match="has no field stag here; did you mean stage"):
        story.lineage("account", link["here_id"], "stag")
    with pytest.raises(NotFoundError, match="There is no planet here"):
        story.lineage("planet", link["here_id"], "stage")
