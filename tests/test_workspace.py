"""The whole path as an admin's object walks it: real files, a real store, the demo org on the wire."""

import polars as pl
import pytest

from toolkit.config import preset_text
from toolkit.errors import (
    BrakeError,
    ConfigError,
    DigestError,
    InputError,
    LimitError,
    NotFoundError,
    PermissionDenied,
    PreflightError,
    SalesforceError,
    SourceError,
    StepMissingError,
    StoreInUseError,
)
from toolkit.workspace import Workspace

ACCOUNTS = 60


@pytest.fixture
def ws(tmp_path):
    with Workspace.demo(tmp_path / "demo", accounts=ACCOUNTS) as workspace:
        yield workspace


def up_to_score(workspace: Workspace) -> Workspace:
    for step in (workspace.pull, workspace.load, workspace.match, workspace.score):
        step()
    return workspace


def with_mapping(workspace: Workspace, old: str, new: str) -> None:
    """Edit the mapping file as an admin would, in an editor, and open it again."""
    path = workspace.folder / "workspace.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_CARD_3_the_path_ends_with_the_scores_in_the_org(ws):
    plan = up_to_score(ws).plan()
    done = ws.commit(plan, confirm=plan.digest)
    assert (done.written, done.failed, done.held) == (plan.writes, 0, 0)
    scores = dict(ws.scores().drop_nulls("shown").select("id", "shown").rows())
    linked = dict(ws.links().select("here_id", "there_id").rows())
    held = {
        row["Id"]: row["CS_Health_Score__c"] for row in ws.demo_org.rows("SELECT Id, CS_Health_Score__c FROM Account")
    }
    expected = {there: scores[here] for here, there in linked.items() if here in scores}
    assert expected
    assert {there: held[there] for there in expected} == expected


def test_CARD_4_nothing_is_written_before_the_commit(ws):
    before = ws_rows(ws)
    up_to_score(ws).plan()
    ws.mapping()
    ws.check()
    assert ws_rows(ws) == before
    assert not [call for call in ws.demo_org.calls if call[0] in ("PATCH", "PUT", "DELETE")]


def ws_rows(workspace: Workspace) -> list[dict[str, object]]:
    workspace.connection()
    return workspace.demo_org.rows("SELECT Id, SystemModstamp, CS_Health_Score__c, CS_MRR__c FROM Account ORDER BY Id")


def test_a_second_round_finds_nothing_left_to_do(ws):
    plan = up_to_score(ws).plan()
    ws.commit(plan, confirm=plan.digest)
    again = up_to_score(ws).plan()
    assert again.writes == 0
    assert set(again.changes["verdict"]) <= {"conflict"}


def test_CAT_18_what_somebody_typed_into_the_score_is_overwritten_and_said(ws):
    plan = up_to_score(ws).plan()
    ws.commit(plan, confirm=plan.digest)
    account = ws.scores().join(ws.links(), left_on="id", right_on="here_id").drop_nulls("shown")["there_id"][0]
    ws.demo_org.edit("Account", account, {"CS_Health_Score__c": 1.1})
    ws.pull()
    row = ws.plan().changes.filter(pl.col("field") == "CS_Health_Score__c").row(0, named=True)
    assert (row["there_id"], row["verdict"], row["side"], row["there"]) == (account, "write", "there", "1.1")
    assert "1.1" in row["reason"]


def test_CAT_23_scores_that_moved_since_the_last_sync_are_a_plan_not_an_error(ws):
    plan = up_to_score(ws).plan()
    ws.commit(plan, confirm=plan.digest)
    accounts = pl.read_csv(ws.folder / "accounts.csv", infer_schema=False)
    changed = accounts.with_columns(mrr=pl.col("mrr").cast(pl.Float64) + 100)
    changed.write_csv(ws.folder / "accounts.csv")
    up_to_score(ws)
    drift = ws.plan().changes
    assert set(drift["field"]) - {"CS_Stage__c"} == {"CS_MRR__c"}
    assert set(drift.filter(pl.col("field") == "CS_MRR__c")["verdict"]) == {"write"}


def test_BEY_5_undo_restores_every_field_on_both_sides(ws):
    up_to_score(ws)
    before_there = ws_rows_without_stamp(ws)
    before_here = ws.here()
    plan = ws.plan()
    ws.commit(plan, confirm=plan.digest)
    assert ws_rows_without_stamp(ws) != before_there
    undo = ws.undo()
    assert undo.writes == plan.writes
    ws.commit(undo, confirm=undo.digest)
    assert ws_rows_without_stamp(ws) == before_there
    filled = [name for name in before_here.columns if name in ws.here().columns]
    assert ws.here().select(filled).equals(before_here.select(filled))


def ws_rows_without_stamp(workspace: Workspace) -> list[dict[str, object]]:
    fields = ", ".join(field.there for field in workspace.mapped().fields if field.writes_there)
    return workspace.demo_org.rows(f"SELECT Id, {fields} FROM Account ORDER BY Id")


def test_BEY_5_what_was_changed_since_is_held_by_an_undo(ws):
    plan = up_to_score(ws).plan()
    ws.commit(plan, confirm=plan.digest)
    account = plan.rows("write").filter(pl.col("field") == "CS_MRR__c")["there_id"][0]
    ws.demo_org.edit("Account", account, {"CS_MRR__c": 7})
    undo = ws.undo()
    held = undo.rows("held")
    assert held.select("there_id", "field").rows() == [(account, "CS_MRR__c")]
    ws.commit(undo, confirm=undo.digest)
    assert ws.demo_org.rows(f"SELECT CS_MRR__c FROM Account WHERE Id = '{account}'")[0]["CS_MRR__c"] == 7


def test_BEY_1_a_commit_takes_the_digest_of_the_plan_that_was_shown(ws):
    plan = up_to_score(ws).plan()
    with pytest.raises(DigestError, match="digest"):
        ws.commit(plan, confirm="0" * 64)
    assert not [call for call in ws.demo_org.calls if "composite/sobjects" in call[1] or "ingest" in call[1]]


def test_BEY_1_a_saved_plan_is_found_by_the_start_of_its_digest(ws):
    plan = up_to_score(ws).plan()
    assert ws.saved_plan(plan.digest[:12]).changes.equals(plan.changes)
    with pytest.raises(InputError, match="too short"):
        ws.saved_plan(plan.digest[:5])
    with pytest.raises(NotFoundError, match=plan.plan_id):
        ws.saved_plan("f" * 12)


def test_BEY_16_everything_stays_on_this_machine(ws):
    assert ws.connection().url.startswith("https://127.0.0.1:")


def test_CAT_1_only_those_the_mapping_file_names_may_commit(ws, monkeypatch):
    with_mapping(ws, 'commit = ["*"]', 'commit = ["ada"]')
    plan = up_to_score(ws).plan()
    ws.close()
    with Workspace.open(ws.folder) as reopened:
        monkeypatch.setenv("CS_TOOLKIT_USER", "bob")
        with pytest.raises(PermissionDenied, match=r"bob may not commit[\s\S]*ada"):
            reopened.commit(plan, confirm=plan.digest)
        monkeypatch.setenv("CS_TOOLKIT_USER", "ada")
        assert reopened.commit(plan, confirm=plan.digest).written == plan.writes


def test_CAT_3_health_is_pushed_only_where_it_is_mapped(ws):
    up_to_score(ws)
    head = "[[objects.account.fields]]\n"
    with_mapping(
        ws, f'{head}here = "health_score"\nthere = "CS_Health_Score__c"\ndirection = "output"\norder = 2\n', ""
    )
    ws.close()
    with Workspace.open(ws.folder) as reopened:
        fields = set(up_to_score(reopened).plan().changes["field"])
    assert "CS_Health_Score__c" not in fields
    assert "CS_Health_Band__c" in fields


def test_CAT_4_the_nightly_push_writes_health_one_way_only(ws):
    ws.job("push_health")
    journal = ws.journal()
    assert set(journal["side"]) == {"there"}
    assert "CS_Health_Score__c" in set(journal["field"])
    assert ws.job("push_health") == "nothing to write"


def test_CAT_6_a_push_without_an_org_says_so_before_anything_else(ws):
    up_to_score(ws)
    with_mapping(ws, 'login = "demo"', 'login = "client_credentials"')
    ws.close()
    with pytest.raises(ConfigError, match="login_url"):
        Workspace.open(ws.folder)


def test_CAT_5_without_a_health_profile_there_is_no_push(ws):
    text = (ws.folder / "workspace.toml").read_text("utf-8")
    start, end = text.index("[health.profiles.default]"), text.index("[writeback]")
    (ws.folder / "workspace.toml").write_text(text[:start] + text[end:], "utf-8")
    with pytest.raises(ConfigError, match="profile"):
        Workspace.open(ws.folder)


def test_CAT_16_a_field_that_is_read_only_for_the_integration_user_stops_the_plan(ws):
    up_to_score(ws)
    ws.demo_org.set_access("Account", "CS_Health_Score__c", read=True, edit=False)
    ws.refresh_fields()
    with pytest.raises(PreflightError, match="cannot be written by the integration user") as caught:
        ws.plan()
    assert "Field-Level" in caught.value.hint


def test_CAT_21_a_field_that_was_just_granted_is_seen_after_a_refresh(ws):
    ws.connection()
    ws.demo_org.set_access("Account", "CS_Health_Score__c", read=True, edit=False)
    assert [each.requirement for each in ws.check() if each.severity == "error"] == ["CAT-16"]
    ws.demo_org.set_access("Account", "CS_Health_Score__c", read=True, edit=True)
    assert [each.requirement for each in ws.check() if each.severity == "error"] == ["CAT-16"]
    assert ws.refresh_fields() > 50
    assert not [each for each in ws.check() if each.severity == "error"]


def test_CAT_20_a_mapped_field_is_chosen_and_saved_with_the_comments_kept(ws):
    ws.edit_mapping({"CS_Stage__c": {"direction": "input"}})
    text = (ws.folder / "workspace.toml").read_text("utf-8")
    assert "# --- both ways" in text
    field = next(each for each in ws.mapped().fields if each.there == "CS_Stage__c")
    assert field.direction == "input"
    with pytest.raises(NotFoundError, match="Nope__c"):
        ws.edit_mapping({"Nope__c": {"direction": "input"}})


def test_VIT_16_only_linked_accounts_are_written(ws):
    plan = up_to_score(ws).plan()
    linked = set(ws.links()["there_id"])
    assert set(plan.changes["there_id"]) <= linked
    assert ws.there().height > len(linked)


def test_VIT_17_what_the_product_lists_can_be_pushed(ws):
    plan = up_to_score(ws).plan()
    pushed = set(plan.rows("write").filter(pl.col("side") == "there")["partner"])
    assert pushed >= {
        "health_score", "renewal_date", "mrr", "nps_score", "nps_promoters", "nps_passives", "nps_detractors",
        "segment", "active_users",
    }  # fmt: skip


def test_the_mapping_shows_values_of_one_pair_from_both_sides(ws):
    up_to_score(ws)
    table = {row["there"]: row for row in ws.mapping().to_dicts()}
    assert table["Name"]["sample_here"] == table["Name"]["sample_there"]
    assert table["CS_Health_Score__c"]["sample_there"] is None
    assert set(ws.mapping()["light"]) == {"ok"}


def test_a_step_before_its_time_says_which_comes_first(ws):
    with pytest.raises(StepMissingError, match="load"):
        ws.match()
    with pytest.raises(StepMissingError, match="load"):
        ws.score()


def test_a_failed_step_leaves_its_row_with_the_reason(ws):
    (ws.folder / "accounts.csv").write_bytes(b"external_id,name\nP-1,Caf\xe9\n")
    with pytest.raises(SourceError):
        ws.load()
    last = ws.runs().row(-1, named=True)
    assert (last["step"], last["status"]) == ("load", "failed")
    assert "accounts.csv" in last["note"]


def test_two_runs_cannot_hold_a_workspace_at_once(ws):
    with ws.store.lock("commit"), Workspace.open(ws.folder) as other, pytest.raises(StoreInUseError, match="commit"):
        other.load()


def test_a_folder_without_a_mapping_file_is_no_workspace(tmp_path):
    with pytest.raises(NotFoundError, match="no workspace"):
        Workspace.open(tmp_path)


def test_a_demo_never_takes_over_a_folder_of_another_size(ws):
    with pytest.raises(InputError, match="60 accounts"):
        Workspace.demo(ws.folder, accounts=70)


def test_fresh_starts_over_and_keeps_what_is_not_its_own(ws):
    plan = up_to_score(ws).plan()
    ws.commit(plan, confirm=plan.digest)
    (ws.folder / "notes.txt").write_text("mine", "utf-8")
    ws.close()
    with Workspace.demo(ws.folder, accounts=ACCOUNTS, fresh=True) as again:
        assert up_to_score(again).plan().writes == plan.writes
        assert (again.folder / "notes.txt").read_text("utf-8") == "mine"


def test_the_demo_goes_on_where_it_was_left(ws):
    plan = up_to_score(ws).plan()
    ws.commit(plan, confirm=plan.digest)
    ws.close()
    with Workspace.demo(ws.folder, accounts=ACCOUNTS) as again:
        assert up_to_score(again).plan().writes == 0
        assert again.read_back().height > 0


def test_status_says_what_to_do_next(ws):
    assert "pull" in ws.status().next_step
    ws.pull()
    ws.load()
    assert "match" in ws.status().next_step
    ws.match()
    assert "score" in ws.status().next_step
    ws.score()
    plan = ws.plan()
    assert plan.digest[:12] in ws.status().next_step
    ws.commit(plan, confirm=plan.digest)
    assert ws.status().pending == 0


def test_the_cap_on_api_calls_holds_for_a_step_not_for_the_life_of_a_notebook(ws):
    with_mapping(ws, "max_api_calls = 1000", "max_api_calls = 12")
    ws.close()
    with Workspace.open(ws.folder) as reopened:
        for _ in range(4):
            reopened.pull()
        assert reopened.org.budget.spent > 12
    with_mapping(ws, "max_api_calls = 12", "max_api_calls = 2")
    with Workspace.open(ws.folder) as reopened, pytest.raises(LimitError, match="cap of 2 API calls"):
        reopened.pull()


def test_BEY_5_after_an_undo_the_next_plan_is_the_plan_before_the_commit(ws):
    plan = up_to_score(ws).plan()
    ws.commit(plan, confirm=plan.digest)
    undo = ws.undo()
    ws.commit(undo, confirm=undo.digest)
    for step in (ws.pull, ws.load, ws.match, ws.score):
        step()
    assert ws.plan().changes.equals(plan.changes)  # with the same bases and reasons: nobody is said to have edited


def test_what_both_sides_agree_on_is_known_from_the_first_plan_without_a_commit(ws):
    plan = up_to_score(ws).plan()
    agreed = ws.links().join(plan.changes.filter(pl.col("field") == "CS_Stage__c"), on="there_id", how="anti")
    account = agreed["there_id"][0]
    ws.demo_org.edit("Account", account, {"CS_Stage__c": "Churned"})
    ws.pull()
    (row,) = (
        ws.plan().changes.filter((pl.col("there_id") == account) & pl.col("reason").str.contains("Churned")).to_dicts()
    )
    assert (row["field"], row["side"], row["verdict"]) == ("stage", "here", "write")
    assert row["reason"].startswith("changed in Salesforce from ")


def swap_ids(ws, one, other):
    """Give two accounts each other's Product_Id__c, as somebody does who had mixed them up."""
    held = {row["Id"]: row["Product_Id__c"] for row in ws.demo_org.rows("SELECT Id, Product_Id__c FROM Account")}
    ws.demo_org.edit("Account", one, {"Product_Id__c": None})
    ws.demo_org.edit("Account", other, {"Product_Id__c": held[one]})
    ws.demo_org.edit("Account", one, {"Product_Id__c": held[other]})


def test_a_plan_never_pairs_records_that_no_longer_belong_together(ws):
    up_to_score(ws)
    one, other = ws.links().head(2).to_dicts()
    swap_ids(ws, one["there_id"], other["there_id"])
    ws.pull()  # and nobody thinks of matching again
    plan = ws.plan()
    pairs = set(plan.changes.select("here_id", "there_id").rows())
    assert (one["here_id"], other["there_id"]) in pairs
    assert (one["here_id"], one["there_id"]) not in pairs


def test_BEY_3_a_link_that_changed_since_the_plan_is_held(ws):
    plan = up_to_score(ws).plan()
    one, other = (row["there_id"] for row in ws.links().head(2).to_dicts())
    swap_ids(ws, one, other)
    ws.pull()
    done = ws.commit(plan, confirm=plan.digest)
    held = done.results.filter(pl.col("state") == "held")
    assert set(held["there_id"]) == {one, other}
    assert set(held["code"]) == {"NO_LONGER_LINKED"}
    assert held.height == plan.rows("write").filter(pl.col("there_id").is_in([one, other])).height
    assert done.written == plan.writes - held.height


def test_BEY_3_a_field_that_is_mapped_no_longer_is_held(ws):
    plan = up_to_score(ws).plan()
    ws.edit_mapping({"CS_MRR__c": {"direction": "input"}})
    done = ws.commit(plan, confirm=plan.digest)
    held = done.results.filter(pl.col("state") == "held")
    assert set(held["field"]) == {"CS_MRR__c"}
    assert set(held["code"]) == {"NO_LONGER_MAPPED"}


def test_BEY_5_what_went_to_the_wrong_record_can_be_taken_back_after_the_link_was_mended(ws):
    plan = up_to_score(ws).plan()
    done = ws.commit(plan, confirm=plan.digest)
    swap_ids(ws, *ws.links()["there_id"].head(2))
    ws.pull()
    undo = ws.undo(done.commit_id)
    taken_back = ws.commit(undo, confirm=undo.digest)
    assert (taken_back.written, taken_back.held) == (done.written, 0)


def test_CAT_22_a_step_by_hand_does_not_pass_for_the_job_of_the_same_name(ws):
    ws.pull()
    assert ws.last_jobs() == {}
    ws.job("pull")
    assert ws.last_jobs() == {"pull": ws.now()}


def test_CAT_22_the_job_after_a_crash_settles_what_was_left_open(ws):
    plan = up_to_score(ws).plan()
    ws.demo_org.faults.inject("status", times=50, status=500, match="composite/sobjects")
    with pytest.raises(SalesforceError):
        ws.commit(plan, confirm=plan.digest)
    ws.demo_org.faults.clear()
    assert ws.store.open_commits() == [plan.plan_id]
    assert "written" in ws.job("push_health")
    assert ws.store.open_commits() == []


def test_accounts_that_are_missing_from_the_file_all_at_once_are_told(ws):
    up_to_score(ws)
    path = ws.folder / "accounts.csv"
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join(lines[:20]), "utf-8")
    gone = rf"{len(lines) - 20} of the {len(lines) - 1} records of accounts\.csv are gone"
    with pytest.raises(BrakeError, match=gone):
        ws.load()
    note = str(ws.load(accept_shrinking=True))
    assert f"{len(lines) - 20} accounts are no longer in accounts.csv" in note
    assert "belong to no account and were left out" in note
    assert ws.skips().filter(pl.col("rule") == "usage: account is in accounts.csv").height > 20


def test_fresh_takes_nothing_from_under_a_process_that_is_at_work(ws):
    up_to_score(ws)
    with pytest.raises(StoreInUseError, match="has the demo org"):
        Workspace.demo(ws.folder, fresh=True)
    assert ws.plan().writes > 0


def test_fresh_never_deletes_customer_files_that_somebody_put_there(tmp_path):
    (tmp_path / "workspace.toml").write_text(preset_text("demo"), "utf-8")
    (tmp_path / "accounts.csv").write_text("external_id,name\nP-1,Ours\n", "utf-8")
    with pytest.raises(InputError, match=r"accounts\.csv .* not made by the demo"):
        Workspace.demo(tmp_path, fresh=True)
    assert "Ours" in (tmp_path / "accounts.csv").read_text("utf-8")


def test_a_nightly_push_keeps_what_the_other_fields_agreed_on(ws):
    plan = up_to_score(ws).plan()
    ws.commit(plan, confirm=plan.digest)
    agreed = ws.store.records("base", "account").filter(pl.col("stage = CS_Stage__c") == "Adoption")["id"][0]
    ws.demo_org.edit("Account", agreed, {"CS_Stage__c": "Growth"})
    ws.job("push_health")
    changed = ws.plan().changes.filter(pl.col("there_id") == agreed).row(0, named=True)
    assert (changed["side"], changed["field"], changed["verdict"]) == ("here", "stage", "write")
    assert (changed["base"], changed["after"]) == ("Adoption", "Growth")
