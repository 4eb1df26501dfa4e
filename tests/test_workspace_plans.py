"""Plans under review, as people of a workspace do it: decide, leave out, hand over, approve, brake, try again."""

import shutil
from dataclasses import replace

import polars as pl
import pytest

from toolkit.errors import BrakeError, DigestError, InputError, NotFoundError, PermissionDenied, PlanError
from toolkit.frames import SPENT_DECISIONS
from toolkit.workspace import Workspace
from toolkit.writeback.planning.digest import digest_of
from toolkit.writeback.planning.listing import PLANS

ACCOUNTS = 30
HELD = 'there = "CS_Segment__c"\ndirection = "output"\non_conflict = "hold"\n'


@pytest.fixture(scope="module")
def laid(tmp_path_factory):
    """A folder of a workspace whose first plan was committed; somebody is asked when a segment was edited there."""
    folder = tmp_path_factory.mktemp("plans") / "demo"
    with Workspace.demo(folder, accounts=ACCOUNTS) as ws:
        with_mapping(ws, 'there = "CS_Segment__c"\ndirection = "output"\n', HELD)
    with Workspace.open(folder) as ws:
        for step in (ws.pull, ws.load, ws.match, ws.score):
            step()
        ws.plan()
        ws.decide(ws.queue(), "here")
        plan = ws.plan()
        ws.commit(plan, confirm=plan.digest)
    return folder


@pytest.fixture
def ws(laid, tmp_path, monkeypatch):
    monkeypatch.setenv("CS_TOOLKIT_USER", "ada")
    shutil.copytree(laid, tmp_path / "demo")
    with Workspace.open(tmp_path / "demo") as workspace:
        workspace.connection()
        yield workspace


def with_mapping(workspace, old, new):
    path = workspace.folder / "workspace.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def reopened(workspace, old, new):
    """The same workspace once its mapping file was edited."""
    with_mapping(workspace, old, new)
    workspace.close()
    return Workspace.open(workspace.folder)


def linked(workspace, count=1):
    """Linked accounts that have a segment here, by their ids there, with the segment."""
    here = workspace.here().select("id", "segment").drop_nulls()
    pairs = here.join(workspace.links(), left_on="id", right_on="here_id").sort("id")
    return pairs.select("there_id", "segment").rows()[:count]


def edited_there(workspace, count=1, value="Typed"):
    accounts = linked(workspace, count)
    for account, _ in accounts:
        workspace.demo_org.edit("Account", account, {"CS_Segment__c": value})
    workspace.pull()
    return accounts


def segment(workspace, account):
    return workspace.demo_org.rows(f"SELECT CS_Segment__c FROM Account WHERE Id = '{account}'")[0]["CS_Segment__c"]


def test_BEY_2_a_conflict_waits_in_the_queue_until_somebody_decides_and_is_asked_again_when_it_comes_back(ws):
    ((account, ours),) = edited_there(ws)
    plan = ws.plan()
    assert (plan.count("conflict"), segment(ws, account)) == (1, "Typed")
    (row,) = ws.queue().to_dicts()
    assert (row["there_id"], row["pair"], row["here"], row["there"]) == (
        account,
        "segment = CS_Segment__c",
        ours,
        "Typed",
    )
    assert (row["choices"], row["row"]) == ("here, leave", f"{plan.plan_id}:{plan.rows('conflict')['seq'][0]}")

    made = ws.decide([row["row"]], "here", "ours is from the contract")
    assert made.select("decided_by", "choice", "note").row(0) == ("ada", "here", "ours is from the contract")
    assert ws.queue().is_empty()
    assert ws.queue(decided=True)["choice"].to_list() == ["here"]
    assert segment(ws, account) == "Typed"  # nothing is written by deciding

    plan = ws.plan()
    assert plan.rows("write").select("there_id", "after", "rule").rows() == [(account, ours, "decided")]
    done = ws.commit(plan, confirm=plan.digest)
    assert (done.written, segment(ws, account)) == (1, ours)
    assert ws.decisions().is_empty()  # spent
    assert ws.store.read(SPENT_DECISIONS, {"commit_id": done.commit_id})["decided_by"].to_list() == ["ada"]
    told = ws.lineage("account", account, "CS_Segment__c", "there").head(2)
    assert told["event"].to_list() == ["written", "decided"]
    assert told["origin"][1] == "ada decided for here: ours is from the contract"
    assert ws.plan().changes.is_empty()  # the base moved on

    ws.demo_org.edit("Account", account, {"CS_Segment__c": "Typed"})  # the same two values, but a new question
    ws.pull()
    assert ws.plan().count("conflict") == 1
    assert ws.queue().height == 1


def test_BEY_2_what_is_left_alone_stays_until_a_value_moves(ws):
    ((account, _),) = edited_there(ws)
    ws.plan()
    ws.decide(ws.queue(), "leave")
    plan = ws.plan()
    assert (plan.writes, plan.rows("held")["rule"].to_list()) == (0, ["decided"])
    assert "decided by ada" in plan.rows("held")["reason"][0]
    assert ws.queue().is_empty()
    ws.demo_org.edit("Account", account, {"CS_Segment__c": "Typed again"})
    ws.pull()
    assert ws.plan().count("conflict") == 1
    assert ws.decisions().is_empty()  # void
    assert "decided before about values that have moved since" in ws.runs().filter(step="plan")["note"][-1]
    assert ws.queue()["there"].to_list() == ["Typed again"]


def test_BEY_2_a_decision_can_be_taken_back_and_has_to_name_what_waits(ws):
    edited_there(ws)
    ws.plan()
    with pytest.raises(InputError, match='"there" cannot be chosen'):
        ws.decide(ws.queue(), "there")
    ws.decide(ws.queue(), "here")
    assert ws.undecide(ws.queue(decided=True)) == 1
    assert ws.queue().height == 1
    with pytest.raises(NotFoundError, match="Nothing waits under the name nowhere:1"):
        ws.decide(["nowhere:1"], "here")
    with pytest.raises(NotFoundError, match="No row was named"):
        ws.decide([], "here")
    with (
        reopened(ws, 'edit = ["*"]', 'edit = ["bob"]') as other,
        pytest.raises(PermissionDenied, match="ada may not edit"),
    ):
        other.decide(other.queue(), "here")


@pytest.mark.parametrize("job", ["push_health", "sync"])
def test_BEY_2_a_job_carries_out_what_was_decided_and_decides_nothing_itself(ws, job):
    (decided, ours), (waiting, _) = edited_there(ws, 2)
    ws.job("sync")
    ws.plan()
    ws.decide(ws.queue().filter(there_id=decided), "here")
    ws.job(job)
    assert (segment(ws, decided), segment(ws, waiting)) == (ours, "Typed")
    assert ws.decisions().is_empty()
    assert ws.queue()["there_id"].to_list() == [waiting]
    assert ws.plans()["purpose"][0] == ("plan output" if job == "push_health" else "sync")


def with_changes(workspace, count=4):
    """Plan what somebody typed over in Salesforce, a few figures of ours."""
    accounts = [account for account, _ in linked(workspace, count)]
    for account in accounts:
        workspace.demo_org.edit("Account", account, {"CS_MRR__c": 1})
    workspace.pull()
    return workspace.plan()


def test_BEY_1_rows_left_out_are_not_written_and_the_next_plan_has_them_again(ws):
    plan = with_changes(ws)
    out = plan.rows("write").head(1)
    thinner = ws.exclude(plan, out)
    assert (thinner.made_of, thinner.made_by, thinner.writes) == (plan.plan_id, "ada", plan.writes - 1)
    assert ws.compare(plan, thinner.plan_id)["change"].to_list() == ["verdict"]
    done = ws.commit(thinner, confirm=thinner.digest)
    assert (done.written, out["there_id"][0] in done.results["there_id"].to_list()) == (plan.writes - 1, False)
    assert ws.plan().rows("write")["there_id"].to_list() == out["there_id"].to_list()


def test_BEY_1_the_plans_are_listed_with_who_made_them_and_whether_they_still_hold(ws):
    plan = with_changes(ws)
    thinner = ws.exclude(plan, [1])
    ws.commit(thinner, confirm=thinner.digest)
    again = ws.plan()
    told = ws.plans()
    assert told.schema == PLANS.schema
    assert told.select("plan_id", "made_by", "purpose", "made_of", "writes", "excluded", "state").rows()[:3] == [
        (again.plan_id, "ada", "plan", None, 1, 0, "pending"),
        (thinner.plan_id, "ada", "plan", plan.plan_id, plan.writes - 1, 1, "committed"),
        (plan.plan_id, "ada", "plan", None, plan.writes, 0, "overtaken"),
    ]
    with reopened(ws, "as_of = 2026-11-02T08:00:00Z", "as_of = 2026-11-05T08:00:00Z") as later:
        assert later.plans()["state"][0] == "expired"
        with pytest.raises(PlanError, match="too old to commit"):
            later.commit(again, confirm=again.digest)
        assert later.plan().digest == again.digest  # the same changes, planned anew
        assert later.plans()["state"][0] == "pending"


def test_BEY_1_edits_all_day_push_out_no_plan_that_waits_for_a_review(ws):
    plan = with_changes(ws)
    account = ws.links()["here_id"][0]
    for number in range(11):
        ws.edit("account", account, {"stage": ("Growth", "Adoption")[number % 2]})
    assert ws.saved_plan(plan.digest).digest == plan.digest
    assert ws.plans().filter(pl.col("purpose") == "edit").height == 10


def test_BEY_1_a_colleague_reviews_a_plan_in_a_spreadsheet(ws, tmp_path):
    plan = with_changes(ws)
    path = ws.export_plan(plan, tmp_path / "out" / "plan.csv")
    assert ws.import_plan(path).digest == plan.digest
    cells = pl.read_csv(path, infer_schema=False)
    cells.with_columns(exclude=pl.when(pl.col("seq") == "2").then(pl.lit("x"))).write_csv(path)
    thinner = ws.import_plan(path)
    assert (thinner.made_of, thinner.rows("excluded")["seq"].to_list()) == (plan.plan_id, [2])
    assert ws.plans()["plan_id"][0] == thinner.plan_id
    cells.with_columns(after=pl.lit("7")).write_csv(path)
    with pytest.raises(DigestError, match="column after"):
        ws.import_plan(path)
    with pytest.raises(InputError, match=r"not written as \.xlsx"):
        ws.export_plan(plan, tmp_path / "plan.xlsx")


def test_BEY_1_a_plan_travels_to_another_workspace_and_is_made_by_who_brought_it(ws, laid, tmp_path, monkeypatch):
    plan = with_changes(ws)
    path = ws.export_plan(plan, tmp_path / "plan.parquet")
    assert ws.import_plan(path).made_by == "ada"  # it is kept here
    shutil.copytree(laid, tmp_path / "other")
    monkeypatch.setenv("CS_TOOLKIT_USER", "bob")
    with Workspace.open(tmp_path / "other") as other:
        read = other.import_plan(path)
        assert (read.digest, read.made_by, other.plans()["state"][0]) == (plan.digest, "bob", "pending")
        assert other.saved_plan(plan.digest).changes.equals(plan.changes)


def test_VIT_19_a_file_cannot_write_past_the_mapping_as_an_undo_or_a_merge_of_nothing(ws, tmp_path):
    plan = with_changes(ws)
    ws.commit(plan, confirm=plan.digest)
    undo = ws.undo()
    path = ws.export_plan(undo, tmp_path / "undo.parquet")
    first = str(ws.store.commits()["commit_id"][0])
    for seq in ws.journal(first)["seq"].head(11):  # it is not kept any more; what it takes back is known all the same
        ws.undo(first, seqs=[seq])
    assert undo.plan_id not in ws.plans()["plan_id"]
    assert ws.import_plan(path).digest == undo.digest
    one = undo.rows("write").filter(side="there").head(1)
    for forged in ({"field": "Phone"}, {"field": "Phone", "partner": None, "rule": "merge"}):
        rows = one.with_columns(pl.lit(value, pl.String).alias(name) for name, value in forged.items())
        strange = replace(undo, changes=rows, digest=digest_of(rows, undo.org_id, undo.parent))
        with pytest.raises(InputError, match="'Phone' would be written by the rule"):
            ws.import_plan(ws.export_plan(strange, tmp_path / "forged.parquet"))


def test_CAT_1_a_second_person_approves_before_a_person_commits_and_jobs_need_nobody(ws, monkeypatch):
    with reopened(ws, "approval = false", "approval = true") as strict:
        strict.connection()
        plan = with_changes(strict)
        with pytest.raises(PlanError, match="made by ada and nobody else has approved it"):
            strict.commit(plan, confirm=plan.digest)
        with pytest.raises(PlanError, match="cannot be approved by its own maker: ada"):
            strict.approve(plan)
        monkeypatch.setenv("CS_TOOLKIT_USER", "bob")
        given = strict.approve(plan.plan_id, "looks right")
        assert given.select("person", "note", "digest").row(0) == ("bob", "looks right", plan.digest)
        assert strict.plans().select("approvals", "approved_by").row(0) == (1, "bob")
        monkeypatch.setenv("CS_TOOLKIT_USER", "ada")
        thinner = strict.exclude(plan, [1])
        with pytest.raises(PlanError, match="nobody else has approved it"):
            strict.commit(thinner, confirm=thinner.digest)  # another digest
        assert not strict.store.open_commits()
        assert strict.commit(plan, confirm=plan.digest).written == plan.writes
        with pytest.raises(PlanError, match="was committed already"):
            strict.approve(plan)

        account = strict.links()["here_id"][0]
        with pytest.raises(PlanError, match="nobody else has approved it"):
            strict.edit("account", account, {"stage": "Growth"})
        edit = strict.saved_plan(strict.plans()["plan_id"][0])
        monkeypatch.setenv("CS_TOOLKIT_USER", "bob")
        strict.approve(edit)
        assert strict.commit(edit, confirm=edit.digest).written == edit.writes

        strict.demo_org.edit("Account", linked(strict)[0][0], {"CS_MRR__c": 2})
        strict.job("push_health")
        assert strict.plans().select("state", "approvals").row(0) == ("committed", 0)


def test_CAT_1_only_those_the_mapping_file_names_may_approve(ws, monkeypatch):
    plan = with_changes(ws)
    with reopened(ws, 'approve = ["*"]', 'approve = ["cleo"]') as strict:
        monkeypatch.setenv("CS_TOOLKIT_USER", "bob")
        with pytest.raises(PermissionDenied, match=r"bob may not approve[\s\S]*cleo"):
            strict.approve(plan)
        monkeypatch.setenv("CS_TOOLKIT_USER", "cleo")
        strict.approve(plan)
        assert strict.approvals(plan)["person"].to_list() == ["cleo"]


def test_BEY_8_a_file_that_came_half_empty_stops_a_commit_until_it_is_meant_and_a_job_always(ws):
    accounts = pl.read_csv(ws.folder / "accounts.csv", infer_schema=False)
    accounts.with_columns(mrr=pl.lit(None, dtype=pl.String)).write_csv(ws.folder / "accounts.csv")
    before = ws.demo_org.rows("SELECT Id, CS_MRR__c FROM Account ORDER BY Id")
    calls = len(ws.demo_org.calls)
    for step in (ws.load, ws.match, ws.score):
        step()
    plan = ws.plan()
    assert [(brake.kind, brake.field) for brake in plan.brakes] == [("cleared", "CS_MRR__c")]
    assert ws.plans()["brakes"][0] == 1
    with pytest.raises(BrakeError, match="would lose CS_MRR__c in Salesforce"):
        ws.commit(plan, confirm=plan.digest)
    with pytest.raises(BrakeError, match="would lose CS_MRR__c in Salesforce"):
        ws.job("push_health")
    assert not [call for call in ws.demo_org.calls[calls:] if call[0] in ("PATCH", "PUT", "DELETE")]
    assert ws.demo_org.rows("SELECT Id, CS_MRR__c FROM Account ORDER BY Id") == before
    assert "BrakeError" in ws.runs().filter(step="push_health job")["note"][-1]
    few = ws.exclude(plan, plan.rows("write")["seq"][5:])
    assert few.brakes == ()
    plan = ws.plan()
    assert ws.commit(plan, confirm=plan.digest, accept=True).written == plan.writes


def test_BEY_8_customers_who_leave_the_scope_together_are_no_churners_unasked(ws):
    with reopened(ws, "[objects.account]\n", '[objects.account]\nleft_scope = "churn"\n') as churning:
        churning.connection()
        churning.import_records()
        gone = churning.links().sort("there_id")["there_id"].to_list()[:12]
        for account in gone:
            churning.demo_org.edit("Account", account, {"Active__c": False})
        churning.pull(accept_shrinking=True)
        churning.match()
        before = churning.here()
        with pytest.raises(
            BrakeError, match=f"{len(gone)} of the {churning.links().height + len(gone)} linked records"
        ):
            churning.import_records()
        assert churning.here().equals(before)
        churning.import_records(accept_churning=True)
        assert churning.here().filter(stage="Churned").height >= len(gone)


def test_BEY_1_what_failed_is_tried_again_alone_and_what_moved_is_held(ws):
    accounts = [account for account, _ in linked(ws, 3)]
    plan = with_changes(ws, 3)
    bad = ", ".join(f"Id = '{account}'" for account in accounts[:2])
    formula = f"AND(ISCHANGED(CS_MRR__c), OR({bad}))"
    ws.demo_org.add_validation_rule("Account", "Not_today", formula, "not today")
    done = ws.commit(plan, confirm=plan.digest)
    assert (done.written, done.failed) == (1, 2)
    with pytest.raises(NotFoundError, match="there is no commit"):
        ws.retry("nothing")
    ws.demo_org.switch_rule("Account", "Not_today", active=False)
    ws.demo_org.edit("Account", accounts[0], {"CS_MRR__c": 3})
    ws.pull()
    again = ws.retry()
    assert (again.purpose, again.made_by) == (f"retry {done.commit_id}", "ada")
    told = dict(again.changes.select("there_id", "verdict").rows())
    assert told == {accounts[0]: "held", accounts[1]: "write"}
    assert "changed in Salesforce since, from '1' to '3'" in again.rows("held")["reason"][0]
    assert "not today" in again.rows("write")["reason"][0]
    written = ws.commit(again, confirm=again.digest)
    assert (written.written, written.failed) == (1, 0)
    with pytest.raises(NotFoundError, match=f"Nothing of commit {written.commit_id} failed"):
        ws.retry()
