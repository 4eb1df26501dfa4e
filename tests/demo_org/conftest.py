"""What the demo org's wire tests share: one org a module, and a plain HTTP session logged in to it."""

import time
from datetime import UTC, datetime

import pytest
import requests

from toolkit.demo_org import DemoOrg

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)


class Api:
    """A requests session that trusts the org and is logged in; paths are below the versioned root."""

    def __init__(self, org: DemoOrg, version: str = "66.0") -> None:
        self.org = org
        self.root = f"{org.url}/services/data/v{version}"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(org.ca_file)
        self.login()

    def login(self) -> None:
        form = {"grant_type": "client_credentials", "client_id": self.org.client_id}
        answer = self.token({**form, "client_secret": self.org.client_secret})
        self.access_token = answer.json()["access_token"]
        self.session.headers["Authorization"] = f"Bearer {self.access_token}"

    def token(self, form: dict[str, str], **more) -> requests.Response:
        return self.session.post(f"{self.org.url}/services/oauth2/token", data=form, timeout=20, **more)

    def call(self, method: str, path: str, **more) -> requests.Response:
        url = path if path.startswith("https:") else self.root + path
        if path.startswith("/services/"):
            url = self.org.url + path
        return self.session.request(method, url, timeout=20, **more)

    def get(self, path: str, **more) -> requests.Response:
        return self.call("GET", path, **more)

    def post(self, path: str, json: object = None, **more) -> requests.Response:
        return self.call("POST", path, json=json, **more)

    def patch(self, path: str, json: object = None, **more) -> requests.Response:
        return self.call("PATCH", path, json=json, **more)

    def delete(self, path: str, **more) -> requests.Response:
        return self.call("DELETE", path, **more)

    def query(self, soql: str, **more) -> dict:
        answer = self.get("/query", params={"q": soql}, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wait(self, kind: str, job_id: str) -> dict:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            info = self.get(f"/jobs/{kind}/{job_id}").json()
            if info["state"] in ("JobComplete", "Failed", "Aborted"):
                return info
            time.sleep(0.01)
        raise AssertionError(f"job {job_id} did not end: {info}")

    def ingest(self, csv: str | bytes, operation: str = "update", **details) -> tuple[str, dict]:
        job = self.post("/jobs/ingest", {"object": "Account", "operation": operation, **details}).json()
        data = csv.encode() if isinstance(csv, str) else csv
        sent = self.call("PUT", f"/jobs/ingest/{job['id']}/batches", data=data, headers={"Content-Type": "text/csv"})
        assert sent.status_code == 201, sent.text
        self.patch(f"/jobs/ingest/{job['id']}", {"state": "UploadComplete"})
        return job["id"], self.wait("ingest", job["id"])

    def results(self, job_id: str, kind: str) -> str:
        answer = self.get(f"/jobs/ingest/{job_id}/{kind}")
        assert answer.status_code == 200, answer.text
        return answer.content.decode("utf-8")

    def close(self) -> None:
        self.session.close()


@pytest.fixture(scope="module")
def web_org():
    """A demo org of 60 accounts with a clock that stands still, shared by the tests of a module."""
    with DemoOrg.start(accounts=60, seed=1, now=NOW) as org:
        yield org


@pytest.fixture
def api(web_org):
    """A session logged in to the module's org; what a test left broken is mended first."""
    web_org.faults.clear()
    web_org.faults.set_daily_limit(15_000, 0)
    session = Api(web_org)
    yield session
    session.close()
