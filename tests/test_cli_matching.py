"""The commands about matching, in processes of their own: in a pipe they list, in a terminal they ask key by key."""

import os
import pty
import select
import subprocess
import sys
import time

import pytest

from toolkit import Workspace

COMMAND = [sys.executable, "-m", "toolkit.cli"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("cli") / "w"
    with Workspace.demo(place, accounts=200) as ws:
        for step in (ws.pull, ws.load, ws.match):
            step()
        assert ws.suggestions().height > 3
    return place


def run(*words) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "140"}
    return subprocess.run(
        [*COMMAND, *map(str, words)], capture_output=True, text=True, env=environment, timeout=200, check=False
    )


def test_BEY_10_mismatches_counts_every_record_and_lists_a_class(folder):
    done = run("mismatches", "-w", folder)
    assert done.returncode == 0, done.stderr
    with Workspace.open(folder) as ws:
        found = ws.classes()
    totals = next(line.split()[-2:] for line in done.stdout.splitlines() if line.startswith("All records"))
    assert totals == [f"{found.filter(side=side).height:,}" for side in ("here", "there")]
    listed = run("mismatches", "no_key", "-w", folder)
    assert found.filter(record_class="no_key")["name"][0] in listed.stdout
    wrong = run("mismatches", "lost", "-w", folder)
    assert wrong.returncode == 1
    assert "unmatched_here" in wrong.stderr


def test_BEY_11_in_a_pipe_the_queue_is_listed_and_nothing_is_decided(folder):
    done = run("match", "--review", "-w", folder)
    assert done.returncode == 3, done.stderr
    assert "suggested pairs to review" in done.stdout
    with Workspace.open(folder) as ws:
        assert ws.pair_decisions("account").is_empty()


def test_BEY_11_in_a_terminal_each_key_decides(folder):
    with Workspace.open(folder) as ws:
        queue = ws.suggestions()
    said = typed("arsnq", "match", "--review", "-w", str(folder))
    assert "1 accepted, 1 rejected, 1 skipped" in said
    with Workspace.open(folder) as ws:
        decided = ws.pair_decisions("account")
        assert sorted(decided["verdict"]) == ["different", "same"]
        first = queue.row(0, named=True)
        assert ws.links().filter(here_id=first["here_id"])["there_id"].to_list() == [first["there_id"]]
        again = ws.suggestions()
        assert again.join(decided, on=["here_id", "there_id"]).is_empty()


def typed(keys: str, *words: str) -> str:
    """Run a command in a terminal, press a key whenever it asks for one, and return all it said."""
    child, terminal = pty.fork()
    if child == 0:  # the command itself
        os.environ["COLUMNS"] = "140"
        os.execv(sys.executable, [*COMMAND, *words])  # never returns
    said, left, until = b"", list(keys), time.monotonic() + 200
    while time.monotonic() < until:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            more = os.read(terminal, 65536)
        except OSError:  # the other end was closed
            break
        said += more
        if b"q end" in more and left:
            os.write(terminal, left.pop(0).encode())
    os.close(terminal)
    os.waitpid(child, 0)
    return said.decode()
