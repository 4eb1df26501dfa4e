"""How fast and how large the demo org is, measured on this machine and printed. Nothing here is a test.

    python benchmarks/demo_org.py                    500, 20,000 and 100,000 accounts
    python benchmarks/demo_org.py 1000000            another size

Every size gets an org in a process of its own, in a file, as ``cs-toolkit demo-org --db`` runs one; this process is its
client and keeps nothing of what it reads. "Rows" are accounts; seeding counts every record there is. Memory is the
org's process: its resident size at the start and its highest during each step, so a column that stays flat while the
sizes grow says that answers are streamed.
"""

import csv
import io
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import requests

SIZES = (500, 20_000, 100_000)
MOST_ROWS = 100_000
"""How many rows a step moves at most, so that steps at large sizes compare."""
COLLECTION = 200
COLLECTION_ROWS = 4_000
READ = "SELECT Id, Name, Product_Id__c, CS_Stage__c, CS_Health_Score__c, AnnualRevenue, Owner.Name, SystemModstamp"
CHILD = """
import resource, sys, time
from pathlib import Path
began = time.perf_counter()
from toolkit.demo_org import DemoOrg
loaded = time.perf_counter()
org = DemoOrg.start(accounts=int(sys.argv[1]), seed=1, db=Path(sys.argv[2]))
org.faults.set_daily_limit(10_000_000, 0)
started = time.perf_counter()
print(org.url, org.ca_file, org.client_id, org.client_secret, loaded - began, started - loaded, flush=True)
sys.stdin.readline()
org.stop()
"""


def main(sizes: tuple[int, ...]) -> None:
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}"
    )
    heads = ("accounts", "step", "rows", "seconds", "rows/s", "org MB")
    print("{:>9}  {:<28}{:>11}{:>9}{:>10}{:>8}".format(*heads))
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="demo-org-benchmark-") as folder:
            measure(size, Path(folder) / "org.sqlite")


def measure(size: int, db: Path) -> None:
    """Print what one size takes: seed, start again, read and write each way."""
    with Running(size, db) as org:
        records = sum(org.counts().values())
        tell(size, "seed and start", records, org.start_seconds, org.highest())
        tell(size, "on disk, MB", records, 0.0, sum(each.stat().st_size for each in db.parent.iterdir()) / 2**20)
    with Running(size, db) as org:
        tell(size, "start again", records, org.start_seconds, org.resident())
        rows = min(size, MOST_ROWS)
        for name, step in STEPS.items():
            org.forget_highest()
            began = time.perf_counter()
            moved = step(org, rows)
            tell(size, name, moved, time.perf_counter() - began, org.highest())


def tell(size: int, step: str, rows: int, seconds: float, megabytes: float) -> None:
    speed = f"{rows / seconds:,.0f}" if seconds and "start again" not in step else ""
    taken = f"{seconds:.2f}" if seconds else ""
    print(f"{size:>9,}  {step:<28}{rows:>11,}{taken:>9}{speed:>10}{megabytes:>8,.0f}", flush=True)


@dataclass
class Running:
    """An org in a process of its own, and a session logged in to it."""

    size: int
    db: Path

    def __enter__(self) -> "Running":
        command = [sys.executable, "-c", CHILD, str(self.size), str(self.db)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline().split()
        if len(line) != 6:
            sys.exit("the org did not start")
        self.url, ca_file, client_id, client_secret, _, taken = line
        self.start_seconds = float(taken)
        self.root = f"{self.url}/services/data/v66.0"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = ca_file
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
        token = self.session.post(f"{self.url}/services/oauth2/token", data=form, timeout=60).json()["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"
        return self

    def __exit__(self, *exception: object) -> None:
        self.session.close()
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)

    def call(self, method: str, path: str, **content: object) -> requests.Response:
        url = f"{self.url}{path}" if path.startswith("/services") else f"{self.root}{path}"
        answer = self.session.request(method, url, timeout=600, **content)  # type: ignore[arg-type]
        if not answer.ok:
            sys.exit(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer

    def counts(self) -> dict[str, int]:
        return {each["name"]: each["count"] for each in self.call("GET", "/limits/recordCount").json()["sObjects"]}

    def ended(self, kind: str, job: str) -> dict[str, object]:
        while True:
            info: dict[str, object] = self.call("GET", f"/jobs/{kind}/{job}").json()
            if info["state"] in ("JobComplete", "Failed", "Aborted"):
                return info
            time.sleep(0.05)

    def resident(self) -> float:
        return self._memory("VmRSS")

    def highest(self) -> float:
        return self._memory("VmHWM")

    def forget_highest(self) -> None:
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5", "ascii")

    def _memory(self, name: str) -> float:
        lines = Path(f"/proc/{self.process.pid}/status").read_text("ascii").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def read_by_query(org: Running, rows: int) -> int:
    page = org.call("GET", "/query", params={"q": f"{READ} FROM Account LIMIT {rows}"}).json()
    moved = len(page["records"])
    while not page["done"]:
        page = org.call("GET", page["nextRecordsUrl"]).json()
        moved += len(page["records"])
    return moved


def read_by_query_sorted(org: Running, rows: int) -> int:
    statement = f"{READ} FROM Account WHERE Type LIKE 'Customer%' ORDER BY Name LIMIT {rows}"
    page = org.call("GET", "/query", params={"q": statement}).json()
    moved = len(page["records"])
    while not page["done"]:
        page = org.call("GET", page["nextRecordsUrl"]).json()
        moved += len(page["records"])
    return moved


def read_in_bulk(org: Running, rows: int) -> int:
    body = {"operation": "query", "query": f"{READ} FROM Account LIMIT {rows}"}
    job = org.call("POST", "/jobs/query", json=body).json()["id"]
    org.ended("query", job)
    moved, locator = 0, ""
    while locator != "null":
        asked = {"locator": locator} if locator else {}
        with org.session.get(f"{org.root}/jobs/query/{job}/results", params=asked, stream=True, timeout=600) as answer:
            locator = answer.headers["Sforce-Locator"]
            moved += sum(piece.count(b"\n") for piece in answer.iter_content(1 << 16)) - 1
    org.call("DELETE", f"/jobs/query/{job}")
    return moved


def count_groups(org: Running, rows: int) -> int:
    statement = "SELECT Industry, count(Id), sum(AnnualRevenue) FROM Account GROUP BY Industry"
    org.call("GET", "/query", params={"q": statement})
    return rows


def describe(org: Running, _rows: int) -> int:
    for _ in range(50):
        org.call("GET", "/sobjects/Account/describe")
    return 50


def insert_in_bulk(org: Running, rows: int) -> int:
    values = ({"Name": f"Benchmark {n}", "Product_Id__c": f"B-{n}", "NumberOfEmployees": n} for n in range(rows))
    return ingest(org, "insert", values)


def update_in_bulk(org: Running, rows: int) -> int:
    keys = (f"B-{n}" for n in range(rows))
    values = ({"Product_Id__c": key, "CS_Health_Score__c": 7.5, "CS_Stage__c": "Growth"} for key in keys)
    return ingest(org, "upsert", values, externalIdFieldName="Product_Id__c")


def ingest(org: Running, operation: str, rows: Iterator[dict[str, object]], **details: str) -> int:
    """Write rows through one Bulk job and return how many it processed."""
    text = io.StringIO()
    writer: csv.DictWriter[str] | None = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(text, row.keys(), lineterminator="\n")
            writer.writeheader()
        writer.writerow(row)
    job = org.call("POST", "/jobs/ingest", json={"object": "Account", "operation": operation, **details}).json()["id"]
    headers = {"Content-Type": "text/csv"}
    org.call("PUT", f"/jobs/ingest/{job}/batches", data=text.getvalue().encode(), headers=headers)
    org.call("PATCH", f"/jobs/ingest/{job}", json={"state": "UploadComplete"})
    info = org.ended("ingest", job)
    if info["state"] != "JobComplete" or info["numberRecordsFailed"]:
        sys.exit(json.dumps(info))
    org.call("GET", f"/jobs/ingest/{job}/successfulResults")
    return int(str(info["numberRecordsProcessed"]))


def update_collections(org: Running, rows: int) -> int:
    wanted = min(rows, COLLECTION_ROWS)
    found = org.call("GET", "/query", params={"q": f"SELECT Id FROM Account LIMIT {COLLECTION}"}).json()
    ids = [each["Id"] for each in found["records"]]
    for start in range(0, wanted, COLLECTION):
        records = [{"attributes": {"type": "Account"}, "id": each, "CS_MRR__c": start + 0.5} for each in ids]
        org.call("PATCH", "/composite/sobjects", json={"records": records})
    return wanted


def update_singly(org: Running, _rows: int) -> int:
    found = org.call("GET", "/query", params={"q": f"SELECT Id FROM Account LIMIT {COLLECTION}"}).json()
    for each in found["records"]:
        org.call("PATCH", f"/sobjects/Account/{each['Id']}", json={"CS_MRR__c": 1.5})
    return len(found["records"])


STEPS: dict[str, Callable[[Running, int], int]] = {
    "out: REST query": read_by_query,
    "out: REST query, sorted": read_by_query_sorted,
    "out: Bulk query": read_in_bulk,
    "one GROUP BY over all": count_groups,
    "describe of Account, calls": describe,
    "in: Bulk insert": insert_in_bulk,
    "in: Bulk upsert": update_in_bulk,
    "in: collections of 200": update_collections,
    "in: one by one": update_singly,
}


if __name__ == "__main__":
    main(tuple(int(each) for each in sys.argv[1:]) or SIZES)
