"""The command line as a person uses it: real processes, real exit codes."""

import subprocess
import sys

import pytest


def cs_toolkit(*arguments: str, cwd=None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "toolkit.cli", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A demo folder after one run, and what that run printed."""
    folder = tmp_path_factory.mktemp("cli") / "demo"
    done = cs_toolkit("demo", "-w", str(folder), "--accounts", "80")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


def test_BEY_16_the_demo_tells_what_a_person_wants_to_know(demo):
    _, told = demo
    for words in (
        "Connected to", "records in the list view", "pairs", "without a partner", "Green", "Examples",
        "changes to write", "predicted", "spent", "accounts hold a health score", "How to go on",
    ):  # fmt: skip
        assert words in told, words


def test_a_second_demo_finds_nothing_left_to_do(demo):
    folder, _ = demo
    again = cs_toolkit("demo", "-w", str(folder), "--accounts", "80")
    assert again.returncode == 0, again.stdout + again.stderr
    planned = again.stdout.split("Plan")[1]
    assert "Nothing is left to do" in planned
    assert "Commit exactly" not in planned


def test_the_steps_run_one_by_one_and_undo_ends_where_it_began(demo):
    folder, _ = demo
    for step in ("pull", "match", "score", "status"):
        done = cs_toolkit(step, "-w", str(folder))
        assert done.returncode == 0, done.stdout + done.stderr
    undo = cs_toolkit("undo", "-w", str(folder))
    assert undo.returncode == 0, undo.stdout + undo.stderr
    digest = undo.stdout.split("Digest ")[1].split()[0]
    done = cs_toolkit("commit", digest, "-w", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    planned = cs_toolkit("plan", "-w", str(folder), "--export", str(folder / "plan.csv"))
    assert "changes to write" in planned.stdout
    assert (folder / "plan.csv").read_text("utf-8").count("\n") > 100


def test_an_error_is_told_in_words_with_the_next_step_and_exit_code_1(tmp_path):
    done = cs_toolkit("pull", "-w", str(tmp_path))
    assert done.returncode == 1
    assert "no workspace" in done.stderr
    assert "->" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_command_suggests_the_right_one():
    done = cs_toolkit("pul")
    assert done.returncode != 0
    assert "pull" in done.stdout + done.stderr


def test_help_teaches_the_order_of_the_steps():
    told = cs_toolkit("--help").stdout
    for command in ("demo", "demo-org", "init", "pull", "match", "score", "plan", "commit", "undo", "status"):
        assert command in told


def test_a_commit_by_a_wrong_digest_writes_nothing(demo):
    folder, _ = demo
    done = cs_toolkit("commit", "0" * 12, "-w", str(folder))
    assert done.returncode == 1
    assert "no plan" in done.stderr


def test_init_writes_a_commented_mapping_file_once(tmp_path):
    assert cs_toolkit("init", str(tmp_path / "mine")).returncode == 0
    assert "# " in (tmp_path / "mine" / "workspace.toml").read_text("utf-8")
    again = cs_toolkit("init", str(tmp_path / "mine"))
    assert again.returncode == 1
    assert "exists already" in again.stderr
