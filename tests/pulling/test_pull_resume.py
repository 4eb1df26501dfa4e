"""Large readings: the way they are read, and that they go on where a killed process left them."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from toolkit.config import FieldMapping, ObjectMapping, Scope
from toolkit.pulling.pull import pull
from toolkit.salesforce.downloads import Bookmark, cheaper_way
from toolkit.store import Store

CHILD = """
import os, signal, sys
from pathlib import Path
from toolkit.config import FieldMapping, ObjectMapping
from toolkit.pulling.pull import pull
from toolkit.salesforce import Credentials, connect
from toolkit.store import Store

url, client_id, client_secret, ca_file, folder, way, at = sys.argv[1:8]
org = connect(login="client_credentials", login_url=url, ca_file=Path(ca_file),
              credentials=Credentials(client_id=client_id, client_secret=client_secret))

def progress(done, total):
    if done >= int(at):
        os.kill(os.getpid(), signal.SIGKILL)

field = FieldMapping(here="phone", there="Phone", direction="input")
mapping = ObjectMapping(fields=(field,)).named("account")
with Store.open(folder) as store:
    pull(org, mapping, store, progress=progress, via=way, per_part=500)
"""


def run(demo_org, folder: Path, way: str, *, kill_at: int) -> subprocess.CompletedProcess[str]:
    arguments = [demo_org.url, demo_org.client_id, demo_org.client_secret, demo_org.ca_file, folder, way, kill_at]
    return subprocess.run(
        [sys.executable, "-c", CHILD, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("demo_org", [{"accounts": 6_000}], indirect=True)
@pytest.mark.parametrize("way", ["rest", "bulk"])
def test_a_pull_killed_mid_way_goes_on_without_reading_again(demo_org, org, tmp_path, way):
    killed = run(demo_org, tmp_path, way, kill_at=4_000)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with Store.open(tmp_path) as store:
        assert store.records("there", "account") is None
        assert store.watermark("account") is None
    note = json.loads((tmp_path / "incoming" / "account" / "parts" / "note.json").read_text("utf-8"))
    kept = note["received"]
    assert 1_000 <= kept < 6_000
    first = demo_org.rows("SELECT Id FROM Account ORDER BY Id LIMIT 1")[0]["Id"]
    demo_org.edit("Account", first, {"Phone": "changed meanwhile"})
    calls = len(demo_org.calls)
    again = run(demo_org, tmp_path, way, kill_at=10**9)
    assert again.returncode == 0, again.stderr
    paths = [path for _, path, _ in demo_org.calls[calls:]]
    if way == "bulk":
        assert not any(path.endswith("/jobs/query") for path in paths), "the job of the killed run is gone on with"
        results = [path for path in paths if path.endswith("/results")]
        assert len(results) == (6_000 - kept) // 1_000
    with Store.open(tmp_path) as store:
        records = store.records("there", "account")
        assert records.height == 6_000
        assert records["id"].is_sorted()
        assert records["id"].n_unique() == 6_000
        assert records.filter(pl.col("id") == first)["Phone"].item() == "changed meanwhile"
        before = records.clone()
        field = FieldMapping(here="phone", there="Phone", direction="input")
        assert pull(org, ObjectMapping(fields=(field,)).named("account"), store, full=True).changed == 0
        assert_frame_equal(store.records("there", "account"), before)
        assert not list((tmp_path / "incoming").glob("account/*"))


@pytest.mark.parametrize("demo_org", [{"accounts": 6_000}], indirect=True)
def test_a_job_that_is_gone_meanwhile_is_begun_anew(demo_org, org, tmp_path):
    if sys.platform == "win32":
        pytest.skip("there is no SIGKILL")
    assert run(demo_org, tmp_path, "bulk", kill_at=4_000).returncode == -signal.SIGKILL
    note = json.loads((tmp_path / "incoming" / "account" / "parts" / "note.json").read_text("utf-8"))
    fields = ["Id", "SystemModstamp", "Name", "Website", "Phone"]
    for _ in org.download("Account", fields, begin=Bookmark(**note["bookmark"])):
        pass  # whoever reads a job to its end deletes it
    assert demo_org.calls[-1][0] == "DELETE"
    again = run(demo_org, tmp_path, "bulk", kill_at=10**9)
    assert again.returncode == 0, again.stderr
    with Store.open(tmp_path) as store:
        assert store.records("there", "account").height == 6_000


@pytest.mark.parametrize(
    ("records", "only_rest", "left", "way"),
    [
        (2_000, False, None, "rest"),
        (20_000, False, 100_000, "rest"),
        (30_000, False, 100_000, "bulk"),
        (1_000_000, False, None, "bulk"),
        (1_000_000, True, 100_000, "rest"),
        (15_000, False, 100_000, "rest"),
        (15_000, False, 40, "bulk"),
        (4_000, False, 5, "rest"),
    ],
)
def test_large_loads_go_through_bulk_and_small_ones_through_rest_by_what_they_cost(records, only_rest, left, way):
    assert cheaper_way(records, only_rest=only_rest, calls_left=left) == way


@pytest.mark.parametrize("demo_org", [{"accounts": 30_000}], indirect=True)
def test_a_first_load_of_many_goes_through_bulk_and_a_full_one_gives_the_same(demo_org, org, tmp_path):
    field = FieldMapping(here="phone", there="Phone", direction="input")
    everything = ObjectMapping(fields=(field,), scope=Scope()).named("account")
    with Store.open(tmp_path) as store:
        pull(org, everything, store)
        assert any(path.endswith("/jobs/query") for _, path, _ in demo_org.calls)
        records = store.records("there", "account")
        assert records.height == 30_000
        version = store.version
        result = pull(org, everything, store, full=True)
        assert (result.full, result.changed, result.read) == (True, 0, 30_000)
        assert store.version == version
        for each in records["id"][:2_500:500]:
            demo_org.edit("Account", each, {"Phone": "1"})
        assert pull(org, everything, store).changed == 5
