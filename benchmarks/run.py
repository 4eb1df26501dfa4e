"""The figures the project stands by, measured on this machine and printed. Nothing here is a test.

    python benchmarks/run.py            both sizes of the demo
    python benchmarks/run.py 500        only that size

Each demo runs twice in a process of its own, as a user would start it: the first run does everything, the second finds
nothing left to do. Wall time is the whole command, start-up included. Peak memory is the process's high-water mark;
the demo org lives in the same process, so the figure bounds the toolkit's own.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = (500, 20_000)


def main(sizes: tuple[int, ...]) -> None:
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}"
    )
    print(f"{'accounts':>9} {'run':>7} {'seconds':>9} {'CPU s':>7} {'peak MB':>8}")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            for run in ("first", "second"):
                wall, cpu, peak = demo(Path(folder) / "demo", size)
                print(f"{size:>9,} {run:>7} {wall:>9.1f} {cpu:>7.1f} {peak:>8,.0f}", flush=True)


def demo(folder: Path, accounts: int) -> tuple[float, float, float]:
    """Run the demo command; return wall seconds, CPU seconds and peak memory in MB."""
    code = (
        "import json, resource, sys\n"
        "from toolkit.cli import main\n"
        "try:\n"
        "    main(sys.argv[1:])\n"
        "finally:\n"
        "    own = resource.getrusage(resource.RUSAGE_SELF)\n"
        "    sys.stderr.write('\\n' + json.dumps([own.ru_utime + own.ru_stime, own.ru_maxrss / 1024]))\n"
    )
    command = [sys.executable, "-c", code, "demo", "-w", str(folder), "--accounts", str(accounts)]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - started
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    cpu, peak = json.loads(done.stderr.splitlines()[-1])
    return wall, cpu, peak


if __name__ == "__main__":
    main(tuple(int(each) for each in sys.argv[1:]) or SIZES)
