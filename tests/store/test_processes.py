"""Several processes and threads at one store, and processes that are killed while they write."""

import random
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import polars as pl
import pytest

from toolkit import frames
from toolkit.errors import StoreError, StoreInUseError
from toolkit.store import Store

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
ROUNDS = 12

START = """
import sys
from datetime import UTC, datetime
import polars as pl
from toolkit.frames import JOURNAL
from toolkit.store import Store
store = Store.open(sys.argv[1])
def say(*words): print(*words, flush=True)
"""

SWAP_FOR_EVER = """
number = int(sys.argv[2])
while True:
    number += 1
    store.save_records("there", "account", pl.DataFrame({"id": range(20_000), "n": number}))
    say(number)
"""

JOURNAL_FOR_EVER = """
rows, number = 400, int(sys.argv[2])
while True:
    number += 1
    commit = f"c{number:06d}"
    columns = {name: pl.Series(["x"] * rows) for name in JOURNAL.schema}
    frame = pl.DataFrame(columns).with_columns(
        pl.int_range(rows).alias("seq"), pl.lit(commit).alias("commit_id"), pl.lit("intended").alias("state")
    )
    store.intend(frame)
    say("intended", number)
    store.settle(commit, pl.DataFrame({"seq": range(rows), "state": ["written"] * rows}))
    say("settled", number)
"""

HOLD = """
with store.lock("commit"):
    store.start_run("commit", "account", datetime(2026, 11, 2, 8, tzinfo=UTC))
    say("holding")
    sys.stdin.readline()
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", START + script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def killed_somewhere(script: str, folder, number: int, chance: random.Random) -> list[str]:
    """Start the script, kill it -9 a random moment after its first word, and return what it said until then."""
    with start(script, folder, number) as process:
        first = process.stdout.readline()
        time.sleep(chance.uniform(0, 0.08))
        process.kill()
        rest = process.stdout.read()  # `communicate` would miss what `readline` took in beyond the first line
    return (first + rest).splitlines()


def test_a_process_killed_while_it_swaps_a_snapshot_leaves_the_old_or_the_new_one(tmp_path):
    chance = random.Random(1)
    told = 0
    for _ in range(ROUNDS):
        told = int(killed_somewhere(SWAP_FOR_EVER, tmp_path, told, chance)[-1])
        with Store.open(tmp_path) as store:
            records = store.records("there", "account")
            (number,) = records["n"].unique()
            assert records.height == 20_000
            assert number in (told, told + 1), "what was said to be saved is there, and nothing older"
            assert len(list((tmp_path / "snapshots").iterdir())) == 1, "what the killed one left is swept"
        told = number


def test_BEY_6_a_process_killed_while_it_journals_leaves_whole_commits_only(tmp_path):
    chance = random.Random(2)
    last = 0
    for _ in range(ROUNDS):
        said = [line.split() for line in killed_somewhere(JOURNAL_FOR_EVER, tmp_path, last, chance)]
        told = {word: max(int(n) for each, n in said if each == word) for word in {word for word, _ in said}}
        with Store.open(tmp_path) as store:
            commits = store.commits()
            assert commits["rows"].unique().to_list() == [400]
            assert set(commits["intended"]) | set(commits["written"]) <= {0, 400}
            last = int(commits["commit_id"][-1][1:])
            assert last in (told["intended"], told["intended"] + 1)
            written = commits.filter(pl.col("written") == 400)["commit_id"].to_list()
            assert f"c{told.get('settled', 0):06d}" in [*written, "c000000"]


def test_a_killed_swap_leaves_no_part_behind(tmp_path):
    with Store.open(tmp_path) as store:
        store.save_records("there", "account", pl.DataFrame({"id": ["a"]}))
    for name in ("there.account.99999999.parquet", "there.account.00000002.part"):
        (tmp_path / "snapshots" / name).write_bytes(b"half")
    (tmp_path / "snapshots" / "notes.txt").write_text("not ours")
    with Store.open(tmp_path) as store:
        assert store.records("there", "account")["id"].to_list() == ["a"]
    names = {path.name for path in (tmp_path / "snapshots").iterdir()}
    assert names == {"there.account.00000001.parquet", "notes.txt"}


def test_a_store_in_use_by_another_process_says_by_whom(tmp_path):
    with start(HOLD, tmp_path) as process:
        assert process.stdout.readline() == "holding\n"
        with Store.open(tmp_path) as store:
            owner = rf"step commit, process {process.pid}, since 2\d\d\d-"
            with pytest.raises(StoreInUseError, match=owner) as caught, store.lock("pull"):
                pass
            assert caught.value.hint
            assert store.runs()["status"].to_list() == ["running"], "reading needs no lock"
            threading.Timer(0.3, process.stdin.close).start()
            with store.lock("pull", wait=20):
                pass
    assert not (tmp_path / "store.owner.json").exists()


def test_the_lock_of_a_killed_process_is_free_and_its_run_is_closed(tmp_path):
    with start(HOLD, tmp_path) as process:
        assert process.stdout.readline() == "holding\n"
        process.kill()
    with Store.open(tmp_path) as store, store.lock("pull"):
        run = store.runs().row(0, named=True)
        assert (run["status"], run["note"]) == ("failed", "stopped before it ended")
        with store.lock("match"):
            own = store.start_run("match", "account", NOW)
        with store.lock("match"):
            assert store.runs()["status"].to_list() == ["failed", "running"], "the inner lock closes nobody's run"
        store.end_run(own, at=NOW)


def test_two_stores_in_one_process_exclude_each_other(tmp_path):
    with Store.open(tmp_path) as first, Store.open(tmp_path) as second, first.lock("pull"):  # noqa: SIM117
        with pytest.raises(StoreInUseError, match="step pull"), second.lock("match"):
            pass


def test_a_reader_sees_whole_snapshots_while_another_process_swaps_them(tmp_path):
    with start(SWAP_FOR_EVER, tmp_path, 0) as process:
        process.stdout.readline()
        with Store.open(tmp_path, read_only=True) as reader:
            seen, versions = [], []
            until = time.monotonic() + 2
            while time.monotonic() < until:
                versions.append(reader.version)
                records = reader.records("there", "account")
                assert records.height == 20_000
                seen.append(*records["n"].unique())
        process.kill()
    assert seen == sorted(seen)
    assert len(set(seen)) > 5
    assert versions == sorted(versions)


def test_two_processes_that_write_wait_for_each_other(tmp_path):
    Store.open(tmp_path).close()
    script = "for n in range(60): store.start_run('pull', sys.argv[2], datetime(2026, 11, 2, 8, tzinfo=UTC))"
    processes = [start(script, tmp_path, name) for name in "abc"]
    assert [process.wait() for process in processes] == [0, 0, 0]
    for process in processes:
        process.communicate()
    with Store.open(tmp_path) as store:
        assert store.runs().height == 180
        assert store.version == 180


def test_a_store_that_two_processes_make_at_once_is_made_once(tmp_path):
    processes = [start("say(store.version)", tmp_path) for _ in range(3)]
    assert [process.communicate()[0] for process in processes] == ["0\n"] * 3


def test_threads_share_a_store(tmp_path):
    with Store.open(tmp_path) as store:
        failures: list[BaseException] = []

        def work(name: str) -> None:
            try:
                for number in range(20):
                    store.save_records("source", name, pl.DataFrame({"id": [str(number)]}))
                    assert store.records("source", name)["id"].to_list() == [str(number)]
                    store.read(frames.LINKS)
            except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
                failures.append(error)

        threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []


def test_an_unusable_folder_is_named(tmp_path):
    (tmp_path / "store.sqlite").mkdir()
    with pytest.raises(StoreError, match=r"store\.sqlite could not be used.*\n.*check that the folder exists"):
        Store.open(tmp_path)
