"""Clients in the wild take the demo org for Salesforce: each logs in, describes, queries, reads and writes in bulk.

They are installed for the test, so it has a marker of its own and runs only when asked for, where packages can be had:

    python tests -m clients
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from toolkit.demo_org import DemoOrg

pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]
PROGRAMS = Path(__file__).parent / "programs"
ACCOUNTS = 60


@dataclass(frozen=True)
class Client:
    program: str
    packages: tuple[str, ...]
    writes: bool = True


CLIENTS = {
    "simple-salesforce": Client("simple_salesforce_program.py", ("simple-salesforce==1.12.10",)),
    "jsforce": Client("jsforce_program.cjs", ("jsforce@3.10.16",)),
    "aiosalesforce": Client("aiosalesforce_program.py", ("aiosalesforce==0.6.2",)),
    "salesforce-bulk": Client("salesforce_bulk_program.py", ("salesforce-bulk==2.2.0",)),
    "tap-salesforce": Client("tap_salesforce_program.py", ("tap-salesforce==2.8.1", "setuptools<81"), writes=False),
}


@pytest.fixture(scope="module")
def org():
    with DemoOrg.start(accounts=ACCOUNTS, seed=1, now=datetime(2026, 11, 2, 8, tzinfo=UTC)) as started:
        yield started


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_in_the_wild_takes_the_demo_org_for_salesforce(name, org, tmp_path):
    client = CLIENTS[name]
    facts = {key: str(getattr(org, key)) for key in ("url", "ca_file", "client_id", "client_secret", "refresh_token")}
    (tmp_path / "org.json").write_text(json.dumps(facts), "utf-8")
    before = len(org.rows("SELECT Id FROM Account"))
    told = run(client, tmp_path, facts["ca_file"])
    after = len(org.rows("SELECT Id FROM Account"))
    assert told["described"] > 5
    assert told["queried"] > 0
    if client.writes:
        assert told["bulk_written"] == 3
        assert after >= before + 3
    assert told["bulk_read"] >= (3 if name == "aiosalesforce" else before)


def run(client: Client, folder: Path, ca_file: str) -> dict[str, int]:
    """Install a client into a place of its own, run its program against the org, and return what it told."""
    program = PROGRAMS / client.program
    if program.suffix == ".cjs":
        node = shutil.which("node")
        if node is None:
            pytest.skip("this machine has no Node.js")
        called("npm", "install", "--silent", "--no-audit", "--no-fund", *client.packages, folder=folder)
        command = [node, str(program)]
    else:
        called(sys.executable, "-m", "venv", "environment", folder=folder)
        python = str(folder / "environment" / "bin" / "python")
        called(python, "-m", "pip", "install", "--quiet", *client.packages, folder=folder)
        command = [python, str(program)]
    trust = dict.fromkeys(("NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"), ca_file)
    told = called(*command, "org.json", folder=folder, **trust)
    return json.loads(told.splitlines()[-1])


def called(*command: str, folder: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command[0]}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done.stdout
