"""What the dashboard costs: reading a workspace once after its store has changed, and opening each view.

    python benchmarks/dashboard.py              20,000 accounts of a made-up company
    python benchmarks/dashboard.py 2000         another number
    python benchmarks/dashboard.py --workspace FOLDER

Told are seconds of the wall clock and of the processor, of the server alone; the browser's drawing comes on top. A view
is opened twice: what takes long is kept for all readers until the store changes. Nothing here is a test.
"""

import argparse
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from dashboards.app import TABS  # noqa: E402
from dashboards.reader import Reader  # noqa: E402
from dashboards.views import account  # noqa: E402
from dashboards.views.scene import Scene  # noqa: E402
from tests.dashboards.samples import fill  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("accounts", nargs="?", type=int, default=20_000)
    parser.add_argument("--workspace", type=Path)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as made:
        folder = asked.workspace or Path(made)
        if asked.workspace is None:
            fill(folder, asked.accounts)
        tell(folder)


def tell(folder: Path) -> None:
    reader = Reader(folder)
    timed("read the store", reader.snapshot)
    snapshot = reader.snapshot()
    print(f"{snapshot.accounts.height:,} accounts")
    for name, (_, view) in TABS.items():
        for turn in ("first", "again"):
            timed(f"{name}, {turn}", lambda view=view: view(Scene(snapshot)))
    chosen = snapshot.accounts["id"][0]
    scene = Scene(snapshot, pick={"id": chosen})
    timed("account", lambda: account.view(scene, reader.details(snapshot, chosen), back=("Accounts", "?view=accounts")))


def timed(what: str, step: Callable[[], object]) -> None:
    wall, processor = time.perf_counter(), time.process_time()
    step()
    print(f"{what:22} {time.perf_counter() - wall:6.2f} s wall {time.process_time() - processor:6.2f} s processor")


if __name__ == "__main__":
    main()
