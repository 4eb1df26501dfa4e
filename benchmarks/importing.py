"""What importing costs: a first pull of all accounts and contacts, a pull of 1 % changed, and the floor under both.

    python benchmarks/importing.py                          10,000 and 100,000 accounts
    python benchmarks/importing.py --db FOLDER 1000000      another size; the org is kept in FOLDER for the next time

The demo org runs in a process of its own, each pull in another; memory is that process's highest. The floor is what
any client has to do: curl asks for a query job, waits for it, downloads the same CSV page by page; polars parses it.
The speed of a pull is the floor's time divided by the pull's: 50 % is twice as long as downloading and parsing alone.
The time in which the org makes the result is in both, and told apart. Bytes are those received, heads and gzipped
bodies. Nothing here is a test.
"""

import argparse
import json
import os
import platform
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import polars as pl

SIZES = (10_000, 100_000)
CHANGED_SHARE = 0.01
SERVER = """
import sys
from pathlib import Path
from toolkit.demo_org import DemoOrg
org = DemoOrg.start(accounts=int(sys.argv[1]), seed=1, db=Path(sys.argv[2]))
org.faults.set_daily_limit(10_000_000, 0)
print(org.url, org.ca_file, org.client_id, org.client_secret, flush=True)
sys.stdin.readline()
org.stop()
"""
CLIENT = """
import json, resource, ssl, sys, time
from pathlib import Path
from toolkit.config import FieldMapping, ObjectMapping
from toolkit.pulling.pull import pull
from toolkit.salesforce import Credentials, connect
from toolkit.store import Store

url, ca_file, client_id, client_secret, folder = sys.argv[1:6]
ACCOUNT = ("Type", "Industry", "AnnualRevenue", "Phone", "BillingCity", "CS_Stage__c", "CS_MRR__c", "Product_Id__c")
CONTACT = ("Email", "Title", "Phone")

def mapping(name, sobject, paths):
    fields = tuple(FieldMapping(here=path.lower(), there=path, direction="input") for path in paths)
    return ObjectMapping(sobject=sobject, fields=fields).named(name)

org = connect(login="client_credentials", login_url=url, ca_file=Path(ca_file),
              credentials=Credentials(client_id=client_id, client_secret=client_secret))
account, contact = mapping("account", "Account", ACCOUNT), mapping("contact", "Contact", CONTACT)
account_scope, told = None, []
body = {"bytes": 0}
receive = ssl.SSLSocket.recv_into

def counted(self, *given):
    got = receive(self, *given)
    body["bytes"] += got
    return got

ssl.SSLSocket.recv_into = counted
with Store.open(Path(folder)) as store:
    for each in (account, contact):
        before, began = (org.budget.spent, body["bytes"]), time.perf_counter()
        done = pull(org, each, store, accounts=account, accounts_scope=account_scope)
        account_scope = account_scope or done.resolved
        told.append({"object": each.object, "seconds": time.perf_counter() - began, "records": done.records,
                     "changed": done.changed, "full": done.full, "calls": org.budget.spent - before[0],
                     "bytes": body["bytes"] - before[1]})
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"pulls": told, "megabytes": peak, "cpu": used.ru_utime + used.ru_stime}))
"""
STATEMENTS = {
    "Account": "SELECT Id, SystemModstamp, Name, Type, Industry, AnnualRevenue, Phone, BillingCity, CS_Stage__c, "
    "CS_MRR__c, Product_Id__c, Website FROM Account",
    "Contact": "SELECT Id, SystemModstamp, Name, Email, Title, Phone, AccountId FROM Contact",
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES)
    parser.add_argument("--db", type=Path, help="a folder where the org is kept")
    parser.add_argument("--folder", type=Path, help="where the pulls' stores are made")
    chosen = parser.parse_args()
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}"
    )
    for size in chosen.sizes:
        with tempfile.TemporaryDirectory(prefix="importing-", dir=chosen.folder) as folder:
            measure(size, (chosen.db or Path(folder)) / "org.sqlite", Path(folder))


def measure(size: int, db: Path, folder: Path) -> None:
    """Print the figures of one size."""
    with Running(size, db) as org:
        first = org.pull(folder)
        report(size, "first", first)
        floors = [org.floor(statement, folder) for statement in STATEMENTS.values()]
        made, read, cpu = (sum(each[which] for each in floors) for which in (0, 1, 2))
        seconds = sum(each["seconds"] for each in first["pulls"])
        print(
            f"{size:>9,}  curl and polars: {made + read:.1f} s, of which {made:.1f} s the org makes the result; "
            f"the pull is at {(made + read) / seconds:.0%} of that speed",
            flush=True,
        )
        used = first["cpu"]
        print(f"{size:>9,}  CPU: curl and polars {cpu:.1f} s, the pull {used:.1f} s, {cpu / used:.0%}", flush=True)
        again = org.pull(folder)
        report(size, "again", again)
        changed = org.change(CHANGED_SHARE, folder)
        delta = org.pull(folder)
        report(size, f"{changed:,} changed", delta)
        for what in ("calls", "bytes"):
            total, spent = (sum(each[what] for each in run["pulls"]) for run in (first, delta))
            print(f"{size:>9,}  {what} of the delta: {spent:,} of {total:,}, {spent / total:.2%}")
        pages = sum(-(-each["records"] // 2_000) for each in first["pulls"])
        spent = sum(each["calls"] for each in delta["pulls"])
        print(f"{size:>9,}  read over REST they are {pages:,} pages; the delta's calls are {spent / pages:.2%} of that")


def cpu_seconds() -> float:
    """CPU seconds of this process and of those that it waited for."""
    used = [resource.getrusage(each) for each in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def report(size: int, name: str, run: dict) -> None:
    for each in run["pulls"]:
        speed = each["records"] / each["seconds"]
        print(
            f"{size:>9,}  {name:<16} {each['object']:<8} {each['records']:>9,} records {each['changed']:>9,} changed "
            f"{each['seconds']:>7.1f} s {speed:>9,.0f}/s {each['calls']:>5,} calls {each['bytes'] / 1e6:>8.2f} MB",
            flush=True,
        )
    print(f"{size:>9,}  {name:<16} highest memory of the process: {run['megabytes']:,.0f} MB", flush=True)


@dataclass
class Running:
    """A demo org in a process of its own."""

    size: int
    db: Path

    def __enter__(self) -> "Running":
        command = [sys.executable, "-c", SERVER, str(self.size), str(self.db)]
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

    def pull(self, folder: Path) -> dict:
        command = [sys.executable, "-c", CLIENT, self.url, self.ca_file, self.client_id, self.client_secret]
        done = subprocess.run([*command, str(folder / "store")], capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr)
        return json.loads(done.stdout)

    def floor(self, statement: str, folder: Path) -> tuple[float, float, float]:
        """Seconds in which the org makes the result of a job, in which curl downloads and polars parses it; CPU s."""
        token, cpu = self._token(), cpu_seconds()
        began = time.perf_counter()
        made = self._curl(token, "jobs/query", "-d", json.dumps({"operation": "query", "query": statement}))
        job = json.loads(made)["id"]
        while json.loads(self._curl(token, f"jobs/query/{job}"))["state"] not in ("JobComplete", "Failed"):
            time.sleep(0.2)
        making = time.perf_counter() - began
        seconds, locator = 0.0, ""
        heads, page = folder / "heads", folder / "page.csv"
        while locator != "null":
            began = time.perf_counter()
            query = "?maxRecords=100000" + (f"&locator={locator}" if locator else "")
            saved = ("-H", "Accept: text/csv", "--compressed", "-D", str(heads), "-o", str(page))
            self._curl(token, f"jobs/query/{job}/results{query}", *saved)
            pl.read_csv(page, infer_schema=False)
            seconds += time.perf_counter() - began
            found = re.search(r"(?im)^sforce-locator: *(\S+)", heads.read_text("utf-8"))
            locator = found[1] if found else "null"
        page.unlink()
        self._curl(token, f"jobs/query/{job}", "-X", "DELETE")
        return making, seconds, cpu_seconds() - cpu

    def change(self, share: float, folder: Path) -> int:
        """Touch that share of accounts and contacts, by Bulk updates of a field; return how many."""
        code = (
            "import sys, time\nfrom pathlib import Path\nimport polars as pl\n"
            "from toolkit.salesforce import Credentials, connect\nfrom toolkit.store import Store\n"
            "url, ca, key, secret, folder, share = sys.argv[1:7]\n"
            "org = connect(login='client_credentials', login_url=url, ca_file=Path(ca),\n"
            "              credentials=Credentials(client_id=key, client_secret=secret))\n"
            "changed = 0\n"
            "for sobject, name in (('Account', 'account'), ('Contact', 'contact')):\n"
            "    ids = Store.open(folder, read_only=True).records('there', name).select(Id='id')\n"
            "    some = ids.gather_every(round(1 / float(share)))\n"
            "    rows = some.with_columns(Phone=pl.lit(f'+1 555 {time.time_ns()}'))\n"
            "    results = org.write(sobject, 'update', rows, {'Phone': 'phone'}, via='bulk')\n"
            "    changed += int(results['success'].sum())\n"
            "print(changed)\n"
        )
        command = [sys.executable, "-c", code, self.url, self.ca_file, self.client_id, self.client_secret]
        done = subprocess.run(
            [*command, str(folder / "store"), str(share)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(done.stderr)
        return int(done.stdout)

    def _token(self) -> str:
        form = f"grant_type=client_credentials&client_id={self.client_id}&client_secret={self.client_secret}"
        command = ["curl", "-s", "--cacert", self.ca_file, "-d", form, f"{self.url}/services/oauth2/token"]
        return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["access_token"]

    def _curl(self, token: str, path: str, *more: str) -> bytes:
        heads = ["-H", f"Authorization: Bearer {token}", "-H", "Content-Type: application/json"]
        command = ["curl", "-s", "--cacert", self.ca_file, *heads, *more, f"{self.url}/services/data/v66.0/{path}"]
        return subprocess.run(command, capture_output=True, check=True).stdout


if __name__ == "__main__":
    main()
