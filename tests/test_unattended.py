"""What runs by itself carries out only what it should, obeys brakes, caps and names, and says what it did."""

import polars as pl
import pytest

from toolkit.errors import BrakeError, LimitError, PermissionDenied
from toolkit.workspace import Workspace

ACCOUNTS = 40


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    """A workspace that was brought up to date once; each test changes something of its own."""
    with Workspace.demo(tmp_path_factory.mktemp("unattended") / "w", accounts=ACCOUNTS) as workspace:
        for job in ("pull", "push_health", "sync"):
            workspace.job(job)
        yield workspace


def stamps(ws):
    """When each account there was last changed, by anybody."""
    return {row["Id"]: row["SystemModstamp"] for row in ws.demo_org.rows("SELECT Id, SystemModstamp FROM Account")}


def with_settings(ws, monkeypatch, **changes):
    writeback = ws.settings.writeback.model_copy(update=changes)
    monkeypatch.setattr(ws, "settings", ws.settings.model_copy(update={"writeback": writeback}))


def note_of(ws, job):
    return ws.runs().filter(step=f"{job} job")["note"][-1]


def test_CAT_4_the_job_that_reads_writes_nothing_there_and_the_one_that_pushes_nothing_here(ws):
    linked = ws.links()["there_id"].to_list()
    ws.demo_org.edit("Account", linked[0], {"Phone": "+1 555 0142"})
    ws.demo_org.edit("Account", linked[1], {"CS_MRR__c": 1})
    before = stamps(ws)
    said = ws.job("pull")
    assert stamps(ws) == before
    assert said == note_of(ws, "pull")
    assert "1 written" in said
    link = ws.links().filter(there_id=linked[0])["here_id"].item()
    assert ws.here().filter(id=link)["phone"].item() == "+1 555 0142"
    ws.demo_org.edit("Account", linked[0], {"Phone": "+1 555 0143"})
    ws.job("push_health")
    assert ws.here().filter(id=link)["phone"].item() == "+1 555 0142"
    assert ws.demo_org.rows(f"SELECT CS_MRR__c FROM Account WHERE Id = '{linked[1]}'")[0]["CS_MRR__c"] != 1
    assert "1 written" in note_of(ws, "push_health")


@pytest.mark.parametrize("job", ["push_health", "sync", "pull"])
def test_CAT_22_CSU_2_a_job_stops_at_the_cap_and_says_so(ws, monkeypatch, job):
    with_settings(ws, monkeypatch, max_api_calls=5)
    before = stamps(ws)
    monkeypatch.delitem(ws.__dict__, "org")
    with pytest.raises(LimitError, match="The cap of 5 API calls"):
        ws.job(job)
    assert stamps(ws) == before
    assert note_of(ws, job).startswith("LimitError: The cap of 5")


@pytest.mark.parametrize("job", ["push_health", "sync"])
def test_CSU_2_BEY_8_no_job_goes_over_a_brake_and_its_note_says_which(ws, job):
    path = ws.folder / "accounts.csv"
    text = path.read_text("utf-8")
    accounts = pl.read_csv(path, infer_schema=False)
    accounts.with_columns(mrr=pl.lit(None, dtype=pl.String)).write_csv(path)
    before = stamps(ws)
    try:
        with pytest.raises(BrakeError, match="would lose CS_MRR__c in Salesforce"):
            ws.job(job)
    finally:
        path.write_text(text, "utf-8")
    assert stamps(ws) == before
    assert "would lose CS_MRR__c" in note_of(ws, job)
    ws.job("pull")  # the file is whole again


def test_CSU_2_a_sync_writes_for_nobody_who_may_not_commit(ws, monkeypatch):
    access = ws.settings.access.model_copy(update={"commit": ("ada",)})
    monkeypatch.setattr(ws, "settings", ws.settings.model_copy(update={"access": access}))
    monkeypatch.setenv("CS_TOOLKIT_USER", "bob")
    with pytest.raises(PermissionDenied, match="bob may not commit"):
        ws.job("sync")


def test_CSU_5_a_look_writes_for_nobody_who_may_not_commit(ws, monkeypatch):
    with_settings(ws, monkeypatch, sync_on_view=True)
    link = ws.links().row(2, named=True)
    ws.demo_org.edit("Account", link["there_id"], {"CS_MRR__c": 3})
    access = ws.settings.access.model_copy(update={"commit": ("ada",)})
    monkeypatch.setattr(ws, "settings", ws.settings.model_copy(update={"access": access}))
    monkeypatch.setenv("CS_TOOLKIT_USER", "bob")
    before = stamps(ws)
    assert ws.record("account", link["here_id"]).height
    assert stamps(ws) == before
    monkeypatch.setenv("CS_TOOLKIT_USER", "ada")
    ws.record("account", link["here_id"])
    assert ws.runs().filter(step="view")["note"][-1].startswith("Wrote 1 value in Salesforce")


def test_VIT_15_an_edit_stops_at_the_cap_and_leaves_both_sides_alone(ws, monkeypatch):
    link = ws.links().join(ws.here().filter(stage="Growth"), left_on="here_id", right_on="id").row(0, named=True)
    with_settings(ws, monkeypatch, max_api_calls=1)
    before = stamps(ws)
    monkeypatch.delitem(ws.__dict__, "org")
    with pytest.raises(LimitError):
        ws.edit("account", link["here_id"], {"stage": "At Risk"})
    assert stamps(ws) == before
    assert ws.here().filter(id=link["here_id"])["stage"].item() == "Growth"
    assert "cap of 1" in ws.runs().filter(step="edit")["note"][-1]
