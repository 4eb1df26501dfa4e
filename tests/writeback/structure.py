"""A small workspace for the tests of fields, merges and deletes, with a demo org in memory that answers at once."""

from pathlib import Path

import polars as pl
import tomlkit

from toolkit.demo_workspace import create_demo
from toolkit.salesforce import Credentials, connect
from toolkit.workspace import Workspace

ACCOUNTS = 12
NEW = (
    ("health_score", "CS_Score_Now__c"),
    ("health_band", "CS_Band_Now__c"),
    ("health_coverage", "CS_Coverage__c"),
    ("seats", "CS_Seats__c"),
)
"""Mapped fields that the demo org lacks: here, there."""


def opened(folder: Path, new=()) -> Workspace:
    """A workspace of accounts alone whose mapping also writes the fields `new`; its org makes nobody wait."""
    create_demo(folder, ACCOUNTS, 1)
    path = folder / "workspace.toml"
    mapping = tomlkit.parse(path.read_text("utf-8"))
    for name in [each for each in mapping["objects"] if each != "account"]:
        del mapping["objects"][name]
    for here, there in new:
        mapping["objects"]["account"]["fields"].append({"here": here, "there": there, "direction": "output"})
    path.write_text(tomlkit.dumps(mapping), "utf-8")
    workspace = Workspace(folder, in_memory_org=True)
    workspace.connection()
    demo = workspace.demo_org
    workspace.org = connect(
        login="client_credentials",
        login_url=demo.url,
        credentials=Credentials(client_id=demo.client_id, client_secret=demo.client_secret),
        ca_file=demo.ca_file,
        sleep=lambda _seconds: None,
    )
    return workspace


def read(workspace: Workspace) -> None:
    """Read both sides, pair them and score."""
    for step in (workspace.pull, workspace.load, workspace.match, workspace.score):
        step()


def commit(workspace: Workspace, plan):
    """Commit a plan that was looked at."""
    return workspace.commit(plan, confirm=plan.digest)


def row(frame: pl.DataFrame, **having) -> dict:
    """The one row of a frame that has these values."""
    (found,) = frame.filter(**having).to_dicts()
    return found


def states(results: pl.DataFrame) -> dict[str, int]:
    """How many rows of a journal are in which state."""
    return dict(results.group_by("state").len().sort("state").iter_rows())
