"""Starting and stopping: many orgs in one process, an org that goes on where it was, and an org in its own process."""

import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, datetime

import pytest
import requests

from toolkit.demo_org import DemoOrg
from toolkit.demo_org.database import FileFormatError

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)


def log_in(org: DemoOrg) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.verify = str(org.ca_file)
    form = {"grant_type": "client_credentials", "client_id": org.client_id, "client_secret": org.client_secret}
    token = session.post(f"{org.url}/services/oauth2/token", data=form, timeout=20).json()["access_token"]
    session.headers["Authorization"] = f"Bearer {token}"
    return session


def test_orgs_come_and_go_and_leave_no_thread_and_no_file_behind():
    before = set(threading.enumerate())
    for _ in range(3):
        with DemoOrg.start(accounts=5, now=NOW) as org, log_in(org) as session:
            body = {"operation": "query", "query": "SELECT Id FROM Account"}
            assert session.post(f"{org.url}/services/data/v66.0/jobs/query", json=body, timeout=20).status_code == 200
            ca_file = org.ca_file
        assert not ca_file.exists()
        org.stop()
    assert set(threading.enumerate()) == before


def test_two_orgs_run_side_by_side_and_know_nothing_of_each_other():
    with DemoOrg.start(accounts=5, now=NOW) as one, DemoOrg.start(accounts=7, now=NOW) as other:
        assert one.url != other.url
        with log_in(one) as session:
            answer = session.get(f"{other.url}/services/data/v66.0/limits", verify=str(other.ca_file), timeout=20)
            assert answer.status_code == 401


def test_an_idle_client_does_not_hold_up_the_end():
    org = DemoOrg.start(accounts=5, now=NOW)
    port = int(org.url.rsplit(":", 1)[1])
    with log_in(org):
        began = time.monotonic()
        org.stop()
        assert time.monotonic() - began < 2
        with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=5):
            pass


def test_the_same_seed_and_clock_make_the_same_org():
    soql = "SELECT Id, Name, CreatedDate, SystemModstamp, Owner.Name FROM Account ORDER BY Id"
    with DemoOrg.start(accounts=20, seed=3, now=NOW) as one, DemoOrg.start(accounts=20, seed=3, now=NOW) as other:
        assert one.rows(soql) == other.rows(soql)


def test_an_org_with_a_file_goes_on_where_it_was_left(tmp_path):
    db = tmp_path / "org.sqlite"
    with DemoOrg.start(accounts=8, seed=2, now=NOW, db=db) as org, log_in(org) as session:
        authority = org.ca_file.read_bytes()
        assert org.ca_file == tmp_path / "ca.pem"
        made = session.post(f"{org.url}/services/data/v66.0/sobjects/Account", json={"Name": "Kept"}, timeout=20)
        org.remove_field("Account", "CS_Segment__c")
        refresh_token, accounts = org.refresh_token, org.rows("SELECT Id, Name FROM Account")
    assert db.stat().st_mode & 0o077 == 0
    with DemoOrg.start(accounts=99, seed=9, now=NOW, db=db) as again:
        assert again.ca_file.read_bytes() == authority
        assert again.refresh_token == refresh_token
        assert again.rows("SELECT Id, Name FROM Account") == accounts
        with requests.Session() as later:
            later.trust_env = False
            later.verify = str(again.ca_file)
            later.headers["Authorization"] = session.headers["Authorization"]
            root = f"{again.url}/services/data/v66.0"
            kept = later.get(f"{root}/sobjects/Account/{made.json()['id']}", timeout=20)
            assert kept.json()["Name"] == "Kept"
            assert "CS_Segment__c" not in kept.json()


def test_a_file_of_another_version_is_refused_in_words_and_left_as_it_is(tmp_path):
    db = tmp_path / "org.sqlite"
    with DemoOrg.start(accounts=5, now=NOW, db=db):
        pass
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("PRAGMA user_version = 0")
    for _ in range(2):
        with pytest.raises(FileFormatError, match=r"org\.sqlite holds a demo org that another version .* --fresh"):
            DemoOrg.start(accounts=5, now=NOW, db=db)


def test_a_taken_port_is_an_error():
    with DemoOrg.start(accounts=5, now=NOW) as org:
        port = int(org.url.rsplit(":", 1)[1])
        with pytest.raises(OSError, match="in use"):
            DemoOrg.start(accounts=5, now=NOW, port=port)


def test_an_org_runs_as_a_process_until_it_is_told_to_stop(tmp_path):
    command = [
        sys.executable,
        "-m",
        "toolkit.demo_org",
        "--port",
        "0",
        "--accounts",
        "5",
        "--now",
        "2026-11-02T08:00:00Z",
    ]
    command += ["--db", str(tmp_path / "org.sqlite")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        printed = dict(process.stdout.readline().split(maxsplit=1) for _ in range(6))
        told = {name: value.strip() for name, value in printed.items()}
        answer = requests.Session()
        answer.trust_env = False
        with answer:
            versions = answer.get(f"{told['url']}/services/data", verify=told["ca_file"], timeout=20)
        assert versions.status_code == 200
        process.send_signal(signal.SIGTERM)
        _, complaints = process.communicate(timeout=20)
    assert (process.returncode, complaints) == (0, "")
