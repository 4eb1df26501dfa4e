"""What a night costs in which nothing changed: API calls, seconds and memory of each job. Nothing here is a test.

    python benchmarks/nightly.py                 500 and 20,000 accounts
    python benchmarks/nightly.py 100000          another size

A demo workspace with all its objects is pulled, loaded, scored and committed, and left alone for a day of the org's
clock before each job. The org runs in one process, each job in a fresh one of its own; memory is that process's
high-water mark. Calls are what the org itself counted, one of them the login's look at what the org serves.
"""

import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from toolkit.workspace import Workspace

SIZES = (500, 20_000)
JOBS = ("push_health", "pull", "sync")
DAY = 24 * 60 * 60.0


def main(sizes: tuple[int, ...]) -> None:
    """Print a table of what each job takes at each size."""
    print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores", flush=True)
    print(f"{'accounts':>9} {'job':>12} {'calls':>6} {'seconds':>8} {'CPU s':>7} {'peak MB':>8}  note", flush=True)
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="nightly-") as folder:
            measure(size, Path(folder) / "w")


def measure(size: int, folder: Path) -> None:
    """Print the figures of one size."""
    with Workspace.demo(folder, accounts=size) as ws, ExitStack() as until:
        for job in JOBS:
            ws.job(job)
        assert ws.demo_org is not None
        ws.demo_org.pass_time(DAY)
        ws.job("pull")  # takes note of what the commits themselves changed in Salesforce
        ws.announce(until)
        for job in JOBS:
            ws.demo_org.pass_time(DAY)
            before = len(ws.demo_org.calls)
            subprocess.run([sys.executable, __file__, job, str(folder), str(size)], check=True)
            assert len(ws.demo_org.calls) - before <= 10


def night(job: str, folder: Path, size: int) -> None:
    """Run one job in this process and print what it took."""
    with Workspace.open(folder) as ws:
        started = time.perf_counter()
        note = ws.job(job)
        taken, spent = time.perf_counter() - started, ws.org.budget.spent
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    print(f"{size:>9,} {job:>12} {spent:>6} {taken:>8.1f} {cpu:>7.1f} {peak:>8,.0f}  {note}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        night(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main(tuple(int(each) for each in sys.argv[1:]) or SIZES)
