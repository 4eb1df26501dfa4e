"""Asks an org every check, compares the answers, and deletes what that left in it.

Everything a run makes has a name that begins with "cs-toolkit conformance" and a word of its own, by which the end of
the run finds and deletes it, whatever happened in between.
"""

import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
import requests

from toolkit.errors import InputError, UnavailableError
from toolkit.salesforce.conformance import asking_access, asking_batches, asking_queries, asking_records
from toolkit.salesforce.conformance.checks import Check, UnknownWord, filled
from toolkit.salesforce.conformance.shapes import disagreements
from toolkit.salesforce.conformance.target import Target
from toolkit.salesforce.login import Grant, log_in
from toolkit.salesforce.transport import Transport

Verdict = Literal["agrees", "differs", "skipped"]

CHECKS: tuple[Check, ...] = (
    *asking_access.CHECKS,
    *asking_records.DESCRIBES,
    *asking_records.RECORDS,
    *asking_records.UPSERTS,
    *asking_queries.QUERIES,
    *asking_queries.ERRORS,
    *asking_queries.LIST_VIEWS,
    *asking_batches.COMPOSITES,
    *asking_batches.BULK,
    *asking_records.REPLICATION,
)
LABEL = "cs-toolkit conformance"
TIMEOUT = (5, 60)
FIRST_WAIT, LONGEST_WAIT, PATIENCE = 0.1, 5.0, 300.0
MADE = ("Contact", "Account")
"""The objects in which a run makes records, children first."""


@dataclass(frozen=True)
class Outcome:
    """What came of one check: the verdict, and how the answer differed or why it was skipped."""

    group: str
    name: str
    request: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()


def run(
    target: Target,
    *,
    api_version: str = "66.0",
    production: bool = False,
    progress: Callable[[int, int | None], None] = lambda _done, _total: None,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Outcome]:
    """Ask an org every check, in order, and return what came of each. Costs about a hundred API calls.

    Makes a few accounts and contacts of its own and deletes them again. Raises InputError for a production org unless
    `production` is set, LoginError when the login is refused, and UnavailableError when nothing answers.
    """
    transport = Transport(ca_file=target.ca_file, timeout=TIMEOUT, sleep=sleep, jitter=lambda: 0.0)
    grant = log_in(transport, target.login, target.login_url, target.credentials)
    asker = _Asker(transport.session, grant, target.login_url.rstrip("/"), api_version.removeprefix("v"), sleep)
    if not production:
        asker.refuse_production()
    outcomes: list[Outcome] = []
    try:
        for number, check in enumerate(CHECKS, 1):
            outcomes.append(asker.ask(check))
            progress(number, len(CHECKS))
    finally:
        asker.clean_up()
    return outcomes


class _Asker:
    """Sends the requests of the checks and knows what earlier answers gave."""

    def __init__(
        self, session: requests.Session, grant: Grant, login_host: str, version: str, sleep: Callable[[float], None]
    ) -> None:
        self._session = session
        self._grant = grant
        self._login_host = login_host
        self._sleep = sleep
        word = secrets.token_hex(4)
        mark = f"{LABEL} {word}"
        self.words = {"version": version, "mark": mark, "MARK": mark.upper(), "short": f"cst-{word}"}
        self._jobs: list[str] = []

    def ask(self, check: Check) -> Outcome:
        """Return what came of one check."""
        request = f"{check.method} {check.path}"
        try:
            wanted = filled(check, self.words)
        except UnknownWord as unknown:
            reason = f"the org gave no {unknown} to ask with"
            return Outcome(check.group, check.name, request, "skipped", (reason,))
        answer = self._answer_to(wanted)
        body = _json_of(answer)
        self._keep(check, answer, body)
        reasons = tuple(_differences(wanted, answer, body))
        return Outcome(check.group, check.name, request, "differs" if reasons else "agrees", reasons)

    def refuse_production(self) -> None:
        """Raise InputError when the org is neither a sandbox nor a developer's nor a trial."""
        statement = "SELECT IsSandbox, OrganizationType, TrialExpirationDate FROM Organization"
        records = self._json("GET", "query", params={"q": statement}).get("records")
        found = records[0] if records else {}
        harmless = found.get("IsSandbox") or found.get("TrialExpirationDate")
        if not harmless and found.get("OrganizationType") != "Developer Edition":
            raise InputError(
                f"{self._grant.instance_url} is a production org, and a run makes and deletes records in it",
                hint="use a sandbox or a Developer Edition org, or say --production",
            )

    def clean_up(self) -> None:
        """Delete every record and job that this run made and that is still there."""
        for sobject in MADE:
            field = "LastName" if sobject == "Contact" else "Name"
            statement = f"SELECT Id FROM {sobject} WHERE {field} LIKE '{self.words['mark']}%'"
            for record in self._json("GET", "query", params={"q": statement}).get("records") or []:
                self._send("DELETE", self._url(f"sobjects/{sobject}/{record['Id']}"), {})
        for path in self._jobs:
            self._send("DELETE", self._url(path), {})

    def _answer_to(self, check: Check) -> requests.Response:
        host = self._login_host if check.on_login_host else self._grant.instance_url
        url = f"{host}{check.path}" if check.path.startswith("/") else self._url(check.path)
        content: dict[str, Any] = {"params": dict(check.params)}
        if check.body is not None:
            content["json"] = check.body
        if check.text is not None:
            content["data"] = check.text.encode()
        if check.form is not None:
            content["data"] = dict(check.form)
        headers = {"Content-Type": "application/json"} if check.text is not None else {}
        headers |= check.headers
        answer = self._send(check.method, url, headers, login=check.login, **content)
        waited, wait = 0.0, FIRST_WAIT
        while check.until and waited < PATIENCE and _state_of(answer) not in check.until and answer.ok:
            self._sleep(wait)
            waited, wait = waited + wait, min(2 * wait, LONGEST_WAIT)
            answer = self._send(check.method, url, headers, login=check.login)
        return answer

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], *, login: bool = True, **content: Any
    ) -> requests.Response:
        given = dict(headers)
        if login:
            given["Authorization"] = f"Bearer {self._grant.access_token}"
        try:
            return self._session.request(method, url, headers=given, timeout=TIMEOUT, allow_redirects=False, **content)
        except requests.RequestException as error:
            name = type(error).__name__  # what `requests` raised holds the request and its token
        raise UnavailableError(f"{method} {url}: no answer ({name})", hint="check the address and run it again")

    def _json(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        body = _json_of(self._send(method, self._url(path), {}, **content))
        return body if isinstance(body, dict) else {}

    def _url(self, path: str) -> str:
        return f"{self._grant.instance_url}/services/data/v{self.words['version']}/{path}"

    def _keep(self, check: Check, answer: requests.Response, body: Any) -> None:
        for word, place in check.keep.items():
            found = answer.headers.get(place[7:]) if place.startswith("header:") else _look_up(body, place)
            if isinstance(found, str):
                self.words[word] = found
        if check.path in ("jobs/ingest", "jobs/query") and isinstance(body, dict) and "id" in body:
            self._jobs.append(f"{check.path}/{body['id']}")
        if "modified" in check.keep and "modified" in self.words:
            moment = datetime.strptime(self.words["modified"], "%Y-%m-%dT%H:%M:%S.%f%z")
            self.words["from"] = (moment - timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
            self.words["to"] = (moment + timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _differences(check: Check, answer: requests.Response, body: Any) -> Iterator[str]:
    allowed = check.status if isinstance(check.status, tuple) else (check.status,)
    if answer.status_code not in allowed:
        said = _said(body)
        yield f"status {answer.status_code}, not {' or '.join(map(str, allowed))}{f' ({said})' if said else ''}"
        return
    for name, pattern in check.answers.items():
        value = answer.headers.get(name)
        if pattern is None and value is not None:
            yield f"header {name} is there"
        elif pattern is not None and value is None:
            yield f"header {name} is missing"
        elif pattern is not None and not re.fullmatch(pattern, value or ""):
            yield f"header {name} is {value!r}, not like {pattern}"
    if check.shape is not Any:
        yield from disagreements(check.shape, body)
    if check.text_like is not None:
        text = answer.content.decode("utf-8", "replace")
        if not re.fullmatch(check.text_like, text, re.DOTALL):
            yield f"the text is {text[:160]!r}, not like {check.text_like}"


def _said(body: Any) -> str:
    first = body[0] if isinstance(body, list) and body else body
    return str(first.get("errorCode") or first.get("error") or "") if isinstance(first, dict) else ""


def _json_of(answer: requests.Response) -> Any:
    try:
        return msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _state_of(answer: requests.Response) -> str:
    body = _json_of(answer)
    return str(body.get("state")) if isinstance(body, dict) else ""


def _look_up(body: Any, place: str) -> Any:
    """Return what is at a place such as ``records.0.Id``; ``?flag`` takes the first entry in which that is true."""
    for step in place.split("."):
        if step.startswith("?") and isinstance(body, list):
            usable = (each for each in body if each.get(step[1:]) and each.get("createable"))
            body = next((each for each in usable if each.get("type") == "string"), None)
        elif isinstance(body, list):
            body = body[int(step)] if len(body) > int(step) else None
        else:
            body = body.get(step) if isinstance(body, dict) else None
    return body
