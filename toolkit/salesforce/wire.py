"""The one function every request to the org goes through, built into simple-salesforce's `Salesforce` object.

`Wire` keeps that object's session, addresses and calls (`describe`, `query`, `query_more`, `limits`, `restful`) and
replaces what they all rest on, `_call_salesforce`: timeouts, bounded repeats, one renewal of an expired session for all
threads, the budget, and errors of this package. The parts of simple-salesforce that go round it (one object's `SFType`,
whose renewal never ends; both bulk handlers) are shut off.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any, NoReturn
from urllib.parse import urlsplit

import msgspec
import requests
from simple_salesforce import Salesforce

from toolkit.errors import LoginError, SalesforceError, SessionError, UnavailableError
from toolkit.salesforce.limits import Meter
from toolkit.salesforce.login import Grant
from toolkit.salesforce.refusals import EXPIRED_CODES, refusal
from toolkit.salesforce.transport import Refuse, Transport

_REPEATABLE_METHODS = frozenset({"GET", "HEAD"})


class Wire(Salesforce):  # type: ignore[misc]  # simple-salesforce is read without its types
    """A logged-in connection to one org. Safe to use from several threads."""

    def __init__(
        self,
        transport: Transport,
        grant: Grant,
        *,
        api_version: str,
        meter: Meter,
        renew: Callable[[], Grant] | None,
    ) -> None:
        self.transport = transport
        self.meter = meter
        self._renew_grant = renew
        self._renewing = threading.Lock()
        super().__init__(
            instance_url=grant.instance_url,
            session_id=grant.access_token,
            session=transport.session,
            version=api_version.removeprefix("v"),
            object_pairs_hook=None,
        )

    @property
    def instance_url(self) -> str:
        """The org's address."""
        return f"https://{self.sf_instance}"

    @property
    def version_path(self) -> str:
        """The path under which this API version's resources are, `/services/data/v66.0`."""
        return f"/services/data/v{self.sf_version}"

    def call(
        self,
        method: str,
        path: str,
        *,
        repeatable: bool | None = None,
        headers: Mapping[str, str] | None = None,
        body: Callable[[str], bytes] | None = None,
        refuse: Refuse = refusal,
        **content: Any,
    ) -> requests.Response:
        """Send one request and return its answer, whose status is below 300.

        `path` begins with `/services` or is relative to the API version. `repeatable` says that doing it twice equals
        doing it once (reads are by themselves). `content` is params, data (bytes) or json; `body` makes the data of
        the session's id, for calls that carry it inside, and `refuse` the error of an answer that says no. Raises
        SalesforceError.
        """
        url = f"{self.instance_url}{path}" if path.startswith("/") else f"{self.base_url}{path}"
        may_repeat = method in _REPEATABLE_METHODS if repeatable is None else repeatable
        used = self.session_id

        def prepare() -> Mapping[str, str]:
            nonlocal used
            self.meter.spend()
            used = self.session_id
            return {"Authorization": f"Bearer {used}", "Accept": "application/json", **(headers or {})}

        def send() -> requests.Response:
            given = content if body is None else {**content, "data": body(self.session_id)}
            return self.transport.exchange(
                method, url, headers=prepare, heard=self._hear, repeatable=may_repeat, content=given, refuse=refuse
            )

        try:
            return send()
        except SessionError as error:
            if error.code not in EXPIRED_CODES:
                raise
            expired = error
        self._renew(used, expired)
        try:
            return send()
        except SessionError as error:
            error.hint = "the renewed session was refused, too: ask the admin whether the user may use the API"
            raise

    def json(self, method: str, path: str, *, repeatable: bool | None = None, **content: Any) -> Any:
        """Send one request and return the decoded JSON body, None for an empty one. Raises like `call`."""
        return self.parse_result_to_json(self.call(method, path, repeatable=repeatable, **content))

    def parse_result_to_json(self, result: requests.Response) -> Any:
        """Return the decoded body of an answer, for this class and the calls it inherits."""
        if not result.content:
            return None
        try:
            return msgspec.json.decode(result.content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            path = urlsplit(result.url).path
        raise UnavailableError(
            f"{result.request.method} {path}: the answer is not JSON",
            hint="something between here and the org answered in its place (a proxy, a maintenance page): try again",
            code="NOT_JSON",
            status=result.status_code,
        )

    def _call_salesforce(self, method: str, url: str, name: str = "", **kwargs: Any) -> requests.Response:  # noqa: ARG002
        # What the inherited calls end in. They give whole addresses on our own instance.
        return self.call(method, url.removeprefix(self.instance_url), **kwargs)

    def _hear(self, response: requests.Response) -> None:
        self.meter.hear(response.headers.get("Sforce-Limit-Info"))

    def _renew(self, used: str, expired: SalesforceError) -> None:
        with self._renewing:
            if self.session_id != used:
                return  # another thread was first
            if self._renew_grant is None:
                raise SessionError(
                    expired.message,
                    hint="the access token that was handed over has ended: hand over a new one, or use another login",
                    code=expired.code,
                    status=expired.status,
                )
            try:
                self._adopt(self._renew_grant())
            except LoginError as error:
                refused = error
            else:
                return
        raise SessionError(
            f"The session ended and could not be renewed: {refused.message}",
            hint=refused.hint,
            code=refused.code,
            status=refused.status,
        )

    def _adopt(self, grant: Grant) -> None:
        parts = urlsplit(grant.instance_url)
        self.sf_instance = parts.netloc
        self.base_url = f"{grant.instance_url}{self.version_path}/"
        self.session_id = grant.access_token

    def __getattr__(self, name: str) -> Any:
        # The class below would make an `SFType` of any name, a misspelt one too.
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __repr__(self) -> str:
        return f"Wire({self.instance_url}, API {self.sf_version})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A connection holds an access token and is not written anywhere")
