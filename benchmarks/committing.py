"""What committing costs: a plan of one field of every account through Bulk API 2.0, beside curl posting the same CSV.

    python benchmarks/committing.py                          10,000 and 100,000 accounts
    python benchmarks/committing.py --db FOLDER 1000000      another size; the org is kept in FOLDER for the next time

The demo org runs in a process of its own, the commit in another; memory is that process's highest. Its accounts are
bare: they were put in through Bulk, without contacts and all the rest. The floor is what any client has to do: curl
makes a job of the same rows, uploads them, closes it, waits until the org has saved them all and fetches the results.
It has no journal, does not look whether anything changed since, and keeps nothing. Curl writes other values than the
commit, so that each of them changes every record. On a busy machine the clock tells little: CPU seconds of the client
and the org together are told as well. Nothing here is a test.
"""

import argparse
import cProfile
import json
import os
import platform
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

SIZES = (10_000, 100_000)
SERVER = """
import sys, time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from toolkit.demo_org import DemoOrg
org = DemoOrg.start(accounts=10, seed=1, db=Path(sys.argv[1]), now=datetime.fromisoformat(sys.argv[2]))
org.faults.set_daily_limit(10_000_000, 0)
print(org.url, org.ca_file, org.client_id, org.client_secret, flush=True)
for line in sys.stdin:
    org.pass_time(3600)
    print("later", flush=True)
org.stop()
"""
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
FIELD = "CS_Segment__c"
NOW = datetime.now(UTC)
ORG_NOW = BEGAN + 60 * (NOW - BEGAN)
"""In the org a minute is an hour, so that an earlier run's writes are not what changed just before this one's pull."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES)
    parser.add_argument("--db", type=Path, help="a folder where the org is kept")
    parser.add_argument("--folder", type=Path, help="where the store is made")
    parser.add_argument("--profile", action="store_true", help="say where the commit spends its time")
    parser.add_argument("--commit", nargs=7, help=argparse.SUPPRESS)
    parser.add_argument("--fill", nargs=6, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.fill:
        fill(*chosen.fill[:4], size=int(chosen.fill[5]))
        return
    if chosen.commit:
        commit_once(*chosen.commit, profile=chosen.profile)
        return
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}"
    )
    for size in chosen.sizes:
        with tempfile.TemporaryDirectory(prefix="committing-", dir=chosen.folder) as folder:
            measure(size, (chosen.db or Path(folder)) / "org.sqlite", Path(folder), profile=chosen.profile)


def measure(size: int, db: Path, folder: Path, *, profile: bool) -> None:
    """Print the figures of one size."""
    with Running(db) as org:
        org.run("--fill", str(size))
        org.let_time_pass()
        value, profiled = f"c{time.time_ns() % 10_000_000}", ["--profile"] if profile else []
        told = json.loads(org.run("--commit", str(folder), value, *profiled))
        rows, seconds = told["written"], told["seconds"]
        committed = told["cpu"] + told["org_cpu"]
        before = cpu_of(org.process.pid) + own_cpu()
        saved, fetched = org.floor(folder / "rows.csv")
        posted = cpu_of(org.process.pid) + own_cpu() - before
        print(
            f"{size:>9,}  commit: {seconds:.1f} s, {rows / seconds:,.0f} rows a second, {told['calls']} API calls "
            f"({told['predicted']} predicted), {told['megabytes']:,.0f} MB at its highest, {told['cpu']:.1f} CPU s"
        )
        print(f"{size:>9,}  curl: {saved:.1f} s until all is saved, {fetched:.1f} s to fetch the results")
        print(
            f"{size:>9,}  the commit takes {seconds / saved:.2f} times as long as curl until all is saved, "
            f"{seconds / (saved + fetched):.2f} times with the results; load of the machine {os.getloadavg()[0]:.1f}"
        )
        print(
            f"{size:>9,}  CPU of client and org: {committed:.1f} s and {posted:.1f} s, {committed / posted:.2f} times",
            flush=True,
        )


def fill(url: str, ca_file: str, client_id: str, client_secret: str, *, size: int) -> None:
    """Put as many accounts into the org as it lacks."""
    from toolkit.salesforce import Credentials, connect

    credentials = Credentials(client_id=client_id, client_secret=client_secret)
    org = connect(login="client_credentials", login_url=url, ca_file=Path(ca_file), credentials=credentials)
    there = org.count("Account")
    for first in range(there, size, 100_000):
        number = pl.int_range(first, min(size, first + 100_000), eager=True)
        names = pl.DataFrame({"n": number}).select(Name=pl.format("Account {}", "n"))
        assert org.write("Account", "insert", names, {"Name": "string"}, via="bulk")["success"].all()


def commit_once(
    url: str, ca_file: str, client_id: str, client_secret: str, org_pid: str, folder: str, value: str, *, profile: bool
) -> None:
    """Plan and commit another value of one field of every account, and print what it took."""
    from toolkit.config.models import Settings
    from toolkit.config.objects import FieldMapping, ObjectMapping
    from toolkit.frames import LINKS
    from toolkit.pulling.pull import pull
    from toolkit.salesforce import Credentials, connect
    from toolkit.store import Store
    from toolkit.writeback.committing.commit import commit
    from toolkit.writeback.planning.plan import make_plan
    from toolkit.writeback.planning.sides import Sides

    field = FieldMapping(here="segment", there=FIELD, direction="output")
    mapping = ObjectMapping(sobject="Account", fields=(field,), match=()).named("account")
    settings = Settings(objects={"account": mapping}, writeback={"max_api_calls": None})
    credentials = Credentials(client_id=client_id, client_secret=client_secret)
    org = connect(login="client_credentials", login_url=url, ca_file=Path(ca_file), credentials=credentials)
    with Store.open(Path(folder) / "store") as store:
        pull(org, mapping, store)
        there = store.records("there", "account")
        assert there is not None
        ids = there["id"]
        store.save_records("here", "account", pl.DataFrame({"id": ids, "segment": [value] * len(ids)}))
        links = there.select(
            object=pl.lit("account"), here_id="id", there_id="id", rule=pl.lit("id"), value="id",
            linked_at=pl.lit(NOW), decided_by=pl.lit("rule"),
        )  # fmt: skip
        store.write(LINKS, links.select(pl.col(name).cast(dtype) for name, dtype in LINKS.schema.items()))
        sides = Sides("account", mapping, org.describe("Account"), store.read(LINKS),
                      store.records("here", "account"), there)  # fmt: skip
        assert org.organization.is_sandbox
        plan = make_plan([sides], org_id=org.org_id, created_at=NOW, writeback=settings.writeback)
        rows = plan.rows("write").select(Id="there_id", **{FIELD: "after"})
        curled = rows.with_columns((pl.col(FIELD) + pl.lit("x")).alias(FIELD))
        curled.write_csv(Path(folder) / "rows.csv")
        meter = cProfile.Profile(time.process_time)
        org_cpu, used, began = cpu_of(int(org_pid)), cpu_seconds(), time.perf_counter()
        if profile:
            meter.enable()
        done = commit(plan, plan.digest, org, store, settings, objects=[sides], now=NOW, accept=True)
        meter.disable()
        seconds, cpu = time.perf_counter() - began, cpu_seconds() - used
    if profile:
        pstats.Stats(meter, stream=sys.stderr).sort_stats("cumulative").print_stats(60)
    told = {
        "written": done.written, "rows": rows.height, "seconds": seconds, "calls": done.api_calls,
        "predicted": plan.cost.calls, "cpu": cpu, "org_cpu": cpu_of(int(org_pid)) - org_cpu,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip
    assert done.written == rows.height, str(done)
    print(json.dumps(told))


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def own_cpu() -> float:
    """CPU seconds of the programs that this process ran and waited for, such as curl."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cpu_of(pid: int) -> float:
    """CPU seconds of a process so far, 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass
class Running:
    """A demo org in a process of its own."""

    db: Path

    def __enter__(self) -> "Running":
        command = [sys.executable, "-c", SERVER, str(self.db), ORG_NOW.isoformat()]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline().split()
        if len(line) != 4:
            sys.exit("the org did not start")
        self.url, self.ca_file, self.client_id, self.client_secret = line
        return self

    def __exit__(self, *exception: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=120)

    def let_time_pass(self) -> None:
        """Move the org's clock on by an hour."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print("later", file=self.process.stdin, flush=True)
        self.process.stdout.readline()

    def run(self, what: str, *given: str) -> str:
        """Run a part of this file in a process of its own and return what it printed."""
        login = [self.url, self.ca_file, self.client_id, self.client_secret, str(self.process.pid)]
        command = [sys.executable, __file__, what, *login, *given]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            sys.exit(done.returncode)
        return done.stdout

    def floor(self, rows: Path) -> tuple[float, float]:
        """Seconds until curl has posted a CSV and all of it is saved, and in which it fetches the results."""
        token = self._token()
        began = time.perf_counter()
        asked = {"object": "Account", "operation": "update", "contentType": "CSV", "lineEnding": "LF"}
        job = json.loads(self._curl(token, "jobs/ingest", "-d", json.dumps(asked)))["id"]
        self._curl(token, f"jobs/ingest/{job}/batches", "-X", "PUT", "-H", "Content-Type: text/csv", "-T", str(rows))
        self._curl(token, f"jobs/ingest/{job}", "-X", "PATCH", "-d", json.dumps({"state": "UploadComplete"}))
        while (info := json.loads(self._curl(token, f"jobs/ingest/{job}")))["state"] != "JobComplete":
            if info["state"] in ("Failed", "Aborted"):
                sys.exit(f"curl's job: {info}")
            time.sleep(0.2)
        if info["numberRecordsFailed"]:
            sys.exit(f"curl's job: {info}")
        saved = time.perf_counter() - began
        began = time.perf_counter()
        self._curl(token, f"jobs/ingest/{job}/successfulResults", "-o", os.devnull)
        self._curl(token, f"jobs/ingest/{job}", "-X", "DELETE")
        return saved, time.perf_counter() - began

    def _token(self) -> str:
        form = f"grant_type=client_credentials&client_id={self.client_id}&client_secret={self.client_secret}"
        command = ["curl", "-s", "--cacert", self.ca_file, "-d", form, f"{self.url}/services/oauth2/token"]
        return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["access_token"]

    def _curl(self, token: str, path: str, *more: str) -> bytes:
        heads = ["-H", f"Authorization: Bearer {token}"]
        if "Content-Type: text/csv" not in more:
            heads += ["-H", "Content-Type: application/json"]
        command = ["curl", "-s", "--cacert", self.ca_file, *heads, *more, f"{self.url}/services/data/v66.0/{path}"]
        return subprocess.run(command, capture_output=True, check=True).stdout


if __name__ == "__main__":
    main()
