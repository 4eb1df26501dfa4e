"""Stories that an admin plays, and what each used to get wrong: a name misspelled, a merge of one's own, a hint."""

import re
import shutil
from pathlib import Path

import polars as pl
import pytest

import toolkit
from toolkit.cli import app
from toolkit.errors import BrakeError, InputError, NotFoundError
from toolkit.workspace import Workspace

ACCOUNTS = 20
SEGMENT = 'here = "segment"\n'


@pytest.fixture(scope="module")
def laid(tmp_path_factory):
    """A folder of a workspace that was read and matched once."""
    folder = tmp_path_factory.mktemp("stories") / "demo"
    with Workspace.demo(folder, accounts=ACCOUNTS) as ws:
        for step in (ws.pull, ws.load, ws.match):
            step()
    return folder


@pytest.fixture
def folder(laid, tmp_path, monkeypatch):
    monkeypatch.setenv("CS_TOOLKIT_USER", "ada")
    shutil.copytree(laid, tmp_path / "demo")
    return tmp_path / "demo"


@pytest.mark.parametrize(
    ("column", "meant"),
    [("segmnt", 'has no column "segmnt"'), ("segment", None), ("zone", 'has no column "zone"')],
)
def test_SKA_35_a_column_that_people_may_fill_is_named_while_no_file_has_it(folder, column, meant):
    path = folder / "workspace.toml"
    path.write_text(path.read_text("utf-8").replace(SEGMENT, f'here = "{column}"\neditable = true\n'), "utf-8")
    with Workspace.open(folder) as ws:
        said = str(ws.load())
        assert (meant in said) if meant else ("has no column" not in said)
        assert ('is it the column "segment"?' in said) == (column == "segmnt")


def test_BEY_9_a_record_that_a_commit_merged_or_deleted_is_not_told_as_one_salesforce_knows_nothing_of(folder):
    with Workspace.open(folder) as ws:
        pairs = ws.links().sort("here_id").select("here_id", "there_id").rows()
        (kept, survivor), (gone, loser) = pairs[:2]
        plan = ws.plan_merge("account", survivor, [loser])
        assert ws.commit(plan, confirm=plan.digest).written == 1
        for step in (ws.pull, ws.load, ws.match):
            step()
        (told,) = ws.proposals("account").filter(here_id=gone).to_dicts()
        assert told["kind"] == "merged"
        assert f"the partner of {kept}" in told["evidence"]


def test_BEY_10_records_that_are_only_read_are_accounted_for_as_what_they_are(folder):
    with Workspace.open(folder) as ws:
        ws.import_records()
        classes = ws.classes("agreement")
        here, there = (classes.filter(side=side) for side in ("here", "there"))
        assert set(here["id"]) == set(ws.here("agreement")["id"])
        assert set(there["id"]) == set(ws.there("agreement")["id"])
        assert classes.select("side", "id").is_unique().all()
        assert set(here["record_class"]) == {"in_agreement"}
        left = there.filter(~pl.col("id").is_in(here["id"].implode()))
        assert set(left["record_class"]) == {"skipped"}
        assert left["reason"].null_count() == 0


def test_VIT_10_an_object_that_the_mapping_does_not_have_is_not_matched(folder):
    with pytest.raises(InputError, match="nope"):
        app(["match", "--workspace", str(folder), "--object", "nope"], exit_on_error=False)


def test_every_command_that_a_text_of_the_program_names_exists():
    text = "".join(path.read_text("utf-8") for path in Path(toolkit.__file__).parent.rglob("*.py"))
    named = set(re.findall(r"[`:] ?cs-toolkit ([a-z][a-z-]*)", text))
    assert "pull" in named
    assert named - set(app) == set()


def test_BEY_2_a_row_that_does_not_wait_names_the_command_that_lists_what_does(folder):
    with Workspace.open(folder) as ws, pytest.raises(NotFoundError) as refused:
        ws.decide(["nothing"], "here")
    assert "cs-toolkit decide" in refused.value.hint


def test_BEY_8_a_file_that_lost_most_of_its_accounts_stops_the_load_and_changes_nothing(folder):
    with Workspace.open(folder) as ws:
        here, path = ws.here(), folder / "accounts.csv"
        path.write_text(path.read_text("utf-8").splitlines()[0] + "\n", "utf-8")
        with pytest.raises(BrakeError, match=rf"{here.height} of the {here.height} records of accounts.csv are gone"):
            ws.load()
        assert ws.here().equals(here)
        assert ws.runs()["status"][-1] == "failed"
        ws.load(accept_shrinking=True)
        assert ws.here().height < here.height
