"""A program that commits the latest plan of a desk's store, for tests that need a whole process of its own."""

import json
import subprocess
import sys
from pathlib import Path

from tests.writeback.desk import FIELDS, Desk
from tests.writeback.samples import object_mapping
from toolkit.config.models import Settings
from toolkit.salesforce import Credentials, connect
from toolkit.store import Store
from toolkit.writeback.planning.plan import Plan

ROOT = Path(__file__).parent.parent.parent


def committing(desk: Desk) -> "subprocess.Popen[str]":
    """Start the program for the plan that `desk` made last; what it says goes into pipes."""
    given = {
        "url": desk.demo_org.url, "ca_file": str(desk.demo_org.ca_file), "client_id": desk.demo_org.client_id,
        "client_secret": desk.demo_org.client_secret, "store": str(desk.store.folder),
        "bulk_from": desk.settings.writeback.bulk_from,
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.writeback.elsewhere", json.dumps(given)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def main(given: dict) -> None:
    credentials = Credentials(client_id=given["client_id"], client_secret=given["client_secret"])
    org = connect(
        login="client_credentials", login_url=given["url"], credentials=credentials, ca_file=Path(given["ca_file"])
    )
    with Store.open(given["store"]) as store:
        writeback = {"guard_prefix": "CS_", "bulk_from": given["bulk_from"]}
        settings = Settings(objects={"account": object_mapping(*FIELDS)}, writeback=writeback)
        desk = Desk(None, org, store, settings)
        print(desk.commit(Plan.load(*store.latest_plan())), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
