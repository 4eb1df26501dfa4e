"""The commands about plans as a person uses them: through `main`, on a workspace whose org is on the wire."""

import re
import shutil
from pathlib import Path

import polars as pl
import pytest

from toolkit.cli import main
from toolkit.cli.application import console
from toolkit.workspace import Workspace

DONE, FAILED, USAGE, ATTENTION = 0, 1, 2, 3


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    """A demo workspace, read and scored, whose org is kept in the folder from one command to the next."""
    folder = tmp_path_factory.mktemp("plans") / "demo"
    with Workspace.demo(folder, accounts=60) as ws:
        for step in (ws.pull, ws.load, ws.match, ws.score):
            step()
    return folder


@pytest.fixture
def folder(template, tmp_path) -> Path:
    """A copy of the workspace, for one test alone."""
    return Path(shutil.copytree(template, tmp_path / "demo"))


@pytest.fixture
def run(folder, capsys, monkeypatch):
    """Run a command on that workspace; return its exit code and what it printed, on a wide terminal."""
    monkeypatch.setattr(console, "width", 200)
    monkeypatch.setenv("CS_TOOLKIT_USER", "ada")

    def run(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "-w", str(folder)])
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out + told.err

    return run


def digest(told: str) -> str:
    return re.findall(r"Digest (\w{12})", told)[-1]


def test_BEY_1_a_plan_is_counted_in_groups_listed_and_looked_at_again(run):
    code, told = run("plan")
    assert code == ATTENTION, "a conflict waits"
    assert re.search(r"^account in Salesforce +\d+ +\d+", told, re.MULTILINE)
    assert re.search(r"^  CS_Health_Score__c +\d+", told, re.MULTILINE)
    made = digest(told)
    assert digest(run("plan", made)[1]) == made
    listed = run("plan", "--list")[1]
    assert re.search(rf"{made} .* ada +plan .* pending", listed)


def test_BEY_1_rows_are_left_out_by_number_and_two_plans_compared(run):
    first = digest(run("plan")[1])
    code, told = run("plan", first, "--exclude", "1-3,5", "--rows", "0")
    second = digest(told)
    assert second != first
    assert "Left out" in told
    code, told = run("diff", first, second)
    assert code == DONE
    assert "4 verdict" in told
    assert run("diff", first, first)[1].startswith("Both plans would write the same")
    assert run("plan", first, "--exclude", "3-x")[0] == USAGE


def test_a_command_line_that_makes_no_sense_is_told_what_is_expected_and_where_to_read_on(run):
    code, told = run("commit")
    assert code == USAGE
    assert "The digest that `plan` printed" in " ".join(told.split())
    assert "-> See cs-toolkit commit --help" in told
    code, told = run("plan", "--row", "3")
    assert code == USAGE
    assert "Did you mean --rows?" in told


def test_BEY_1_a_file_that_is_no_exported_plan_is_told_by_name(run, folder):
    code, told = run("plan", "--import", str(folder / "nowhere.csv"))
    assert (code, "There is no file" in " ".join(told.split())) == (FAILED, True)
    (folder / "plan.xlsx").write_bytes(b"PK\x03\x04\x14\x00")
    code, told = run("plan", "--import", str(folder / "plan.xlsx"))
    assert (code, "save it as CSV" in " ".join(told.split())) == (FAILED, True)


def test_BEY_1_a_colleague_reviews_a_file_and_marks_what_is_to_be_left_out(run, folder):
    first = digest(run("plan", "--export", str(folder / "plan.csv"))[1])
    file = folder / "plan.csv"
    lines = file.read_text("utf-8-sig").splitlines()
    file.write_text("\n".join([lines[0], "yes" + lines[1], *lines[2:]]), "utf-8")
    assert digest(run("plan", "--import", str(file), "--rows", "0")[1]) != first
    assert run("plan", "--import", str(folder / "nothing.csv"))[0] == FAILED


def test_BEY_2_conflicts_are_listed_decided_and_carried_out_by_the_next_plan(run, folder):
    run("plan")
    code, told = run("decide")
    assert code == ATTENTION
    row = re.search(r"\w{12}:\d+", told)[0]
    assert run("decide", "there")[0] == FAILED, "no row was named"
    assert "1 decided by ada" in run("decide", "there", row, "--note", "as agreed")[1]
    assert "there, by ada" in run("decide", "--decided")[1]
    with Workspace.open(folder) as ws:
        assert ws.decisions()["note"].to_list() == ["as agreed"]
    assert "as agreed" in run("plan", "--rows", "500")[1]
    run("decide", "open", row)
    assert "there, by ada" not in run("decide", "--decided")[1]


def test_BEY_2_a_narrow_terminal_cuts_no_name_that_is_to_be_typed(run, monkeypatch):
    run("plan")
    for width in (60, 80, 120):
        monkeypatch.setattr(console, "width", width)
        row = re.search(r"\w{12}:\d+", run("decide")[1])[0]
        assert run("decide", "leave", row)[0] != FAILED
        assert run("decide", "open", row)[0] != FAILED


def test_BEY_6_what_failed_is_told_with_a_remedy_and_tried_again_alone(run, folder):
    with Workspace.open(folder) as ws:
        _ = ws.org
        ws.demo_org.add_validation_rule("Account", "No", 'ISPICKVAL(CS_Health_Band__c, "Red")', "No red ones")
        made = ws.plan()
    code, told = run("commit", made.plan_id, "--rehearse")
    assert code == ATTENTION
    assert "nothing was saved" in told
    code, told = run("commit", made.plan_id)
    assert code == ATTENTION
    assert "No red ones" in told
    assert "x FIELD_CUSTOM_VALIDATION_EXCEPTION -> a validation rule of the org refused this" in told
    with Workspace.open(folder) as ws:
        _ = ws.org
        ws.demo_org.switch_rule("Account", "No", active=False)
    code, told = run("retry")
    assert code == DONE
    again = digest(told)
    assert run("commit", again)[0] == DONE


def test_BEY_5_the_journal_is_shown_and_exported_and_a_part_taken_back(run, folder):
    made = digest(run("plan")[1])
    assert "Nothing was committed yet" in run("journal")[1]
    run("commit", made)
    assert re.search(rf"^{made} +2026-11-02 08:00 +\d+", run("journal")[1], re.MULTILINE)
    code, told = run("journal", made, "--rows", "3")
    assert code == DONE
    assert "more; see them with --rows or --export" in told
    run("journal", made, "--state", "written", "--export", str(folder / "rows.csv"))
    written = pl.read_csv(folder / "rows.csv", infer_schema=False)
    assert set(written["state"]) == {"written"}
    code, told = run("undo", made, "--field", "CS_MRR__c", "--rows", "0")
    assert code == DONE
    assert re.search(r"^  CS_MRR__c", told, re.MULTILINE)
    assert "CS_Health_Score__c" not in told


def test_BEY_14_the_way_of_a_value_is_told_newest_first(run, folder):
    run("commit", digest(run("plan")[1]))
    with Workspace.open(folder) as ws:
        record = ws.links()["there_id"][0]
    code, told = run("lineage", "account", record, "CS_MRR__c", "--side", "there")
    assert code == DONE
    assert "written" in told.splitlines()[0]
    assert "accounts.csv" in told
    assert run("lineage", "account", record, "Nothing__c", "--side", "there")[0] == FAILED


def test_a_plan_is_approved_by_somebody_else_and_not_by_its_maker(run, monkeypatch):
    made = digest(run("plan")[1])
    code, told = run("approve", made)
    assert code == FAILED
    assert "its own maker" in told
    monkeypatch.setenv("CS_TOOLKIT_USER", "ben")
    assert "ben approved plan" in run("approve", made, "--note", "looked at all of it")[1]


def test_BEY_8_a_braked_plan_is_committed_only_by_who_says_so(run, folder):
    run("commit", digest(run("plan")[1]))
    sheet = pl.read_csv(folder / "accounts.csv", infer_schema=False)
    sheet.with_columns(segment=pl.lit("")).write_csv(folder / "accounts.csv")
    with Workspace.open(folder) as ws:
        ws.load()
    code, told = run("plan")
    assert "brake: " in told
    assert "--accept-mass-change" in told
    made = digest(told)
    code, told = run("commit", made)
    assert code == FAILED
    assert "nothing was written" in told
    assert run("commit", made, "--accept-mass-change")[0] == DONE


def test_BEY_15_fields_that_salesforce_lacks_are_planned_by_name_of_the_object(run, folder):
    with Workspace.open(folder) as ws:
        _ = ws.org
        ws.demo_org.remove_field("Account", "CS_Segment__c")
    code, told = run("plan", "--fields", "account")
    assert code == DONE
    assert "new fields" in told
    assert "CS_Segment__c" in told
