"""The command line as a person uses it: real processes, real exit codes."""

import re
import signal
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.request import urlopen

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


def test_the_ways_to_go_on_lead_to_the_folder_of_the_demo(demo):
    folder, told = demo
    ways = told.split("How to go on")[1]
    assert [line.split()[1] for line in ways.splitlines() if "cs-toolkit" in line] == [
        "demo", "decide", "match", "undo", "status", "dashboard", "demo",
    ]  # fmt: skip
    assert ways.count(f"-w {folder}") == 7


def test_a_demo_that_says_no_size_takes_that_of_its_folder(demo):
    folder, _ = demo
    assert cs_toolkit("demo", "-w", str(folder)).returncode == 0
    other = cs_toolkit("demo", "-w", str(folder), "--accounts", "90")
    assert other.returncode == 1
    assert "80 accounts" in other.stderr


def test_a_narrow_terminal_shows_each_reason_whole(demo, monkeypatch):
    folder, _ = demo
    monkeypatch.setenv("COLUMNS", "80")
    narrow = cs_toolkit("undo", "-w", str(folder), "--rows", "4").stdout
    assert re.search(r"^  puts back nothing in place of '", narrow, re.MULTILINE)
    assert max(map(len, narrow.splitlines())) <= 80
    monkeypatch.setenv("COLUMNS", "160")
    assert re.search(r"  write +puts back nothing in place of '", cs_toolkit("undo", "-w", str(folder)).stdout)


def test_what_is_piped_into_a_program_that_stops_reading_ends_quietly(demo):
    folder, _ = demo
    command = f"{sys.executable} -m toolkit.cli status -w {folder} | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False, timeout=60)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_an_unknown_command_suggests_the_right_one():
    done = cs_toolkit("pul")
    assert done.returncode != 0
    assert "pull" in done.stdout + done.stderr


def test_help_teaches_the_order_of_the_steps():
    told = cs_toolkit("--help").stdout
    for command in ("demo", "demo-org", "init", "status", "dashboard", "schedule"):
        assert command in told
    steps = ("check", "pull", "match", "score", "plan", "commit", "undo", "resume")
    places = [re.search(rf"^\W+{step} ", told, re.MULTILINE) for step in steps]
    assert [place.start() for place in places] == sorted(place.start() for place in places)


def test_a_commit_by_a_wrong_digest_writes_nothing(demo):
    folder, _ = demo
    done = cs_toolkit("commit", "0" * 12, "-w", str(folder))
    assert done.returncode == 1
    assert "no plan" in done.stderr


def test_the_demo_org_alone_says_how_to_log_in_and_where_to_look():
    command = [sys.executable, "-m", "toolkit.cli", "demo-org", "--port", "0", "--size", "5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        told = [process.stdout.readline().split(maxsplit=1)]
        while told[-1] and told[-1][0] != "window":
            told.append(process.stdout.readline().split(maxsplit=1))
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
    assert told[0][0] == "url"
    assert told[-1][0] == "window"
    assert told[-1][1].startswith(dict(told)["url"].strip())
    assert process.returncode == 0


def test_init_writes_a_commented_mapping_file_once(tmp_path):
    assert cs_toolkit("init", str(tmp_path / "mine")).returncode == 0
    assert "# " in (tmp_path / "mine" / "workspace.toml").read_text("utf-8")
    again = cs_toolkit("init", str(tmp_path / "mine"))
    assert again.returncode == 1
    assert "exists already" in again.stderr


def test_serve_leaves_the_org_up_for_other_processes_with_both_faces_on_it(tmp_path):
    folder = tmp_path / "demo"
    command = [
        sys.executable,
        "-m",
        "toolkit.cli",
        "demo",
        "-w",
        str(folder),
        "--accounts",
        "60",
        "--serve",
        "--no-browser",
    ]
    with (tmp_path / "told").open("w+b") as told:
        serving = subprocess.Popen(command, stdout=told, stderr=subprocess.STDOUT)
        try:
            dashboard = wait_for(tmp_path / "told", r"Dashboard +(http://127\.0\.0\.1:\d+)")
            assert "<title>Custom" in page(dashboard)
            lab = wait_for(tmp_path / "told", r"(http://127\.0\.0\.1:\d+/lab/tree/00_tour\.ipynb\?token=\w+)")
            assert "JupyterLab" in page(lab)
            other = cs_toolkit("pull", "-w", str(folder))
            assert other.returncode == 0, other.stdout + other.stderr
        finally:
            serving.terminate()
            assert serving.wait(timeout=60) == 130
    assert not (folder / "org.json").exists()


def wait_for(path, pattern: str, seconds: float = 60) -> str:
    """Return what `pattern` catches in a file that another process is writing."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = re.search(pattern, path.read_text("utf-8", errors="replace"))
        if found:
            return found[1]
        time.sleep(0.2)
    raise AssertionError(f"{pattern} not told within {seconds} s: {path.read_text('utf-8', errors='replace')[-2000:]}")


def page(address: str, seconds: float = 60) -> str:
    """Return a page that is being brought up."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urlopen(address) as answer:
                return answer.read().decode()
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)
