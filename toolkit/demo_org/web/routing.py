"""From a path and a method to the handler that answers, with Salesforce's 404 and 405 for the rest."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.wire import Answer, Call, not_found

Handler = Callable[..., Answer]
"""A function `(org, call, **parts) -> Answer`; the parts are the named pieces of the route's path."""


@dataclass(frozen=True)
class Route:
    """One resource: its path below the versioned root, such as ``sobjects/{sobject}/describe``, its methods, and the
    API version it came with.
    """

    template: str
    handlers: Mapping[str, Handler]
    since: int = 0

    def compile(self) -> re.Pattern[str]:
        """Return the pattern of the whole path; a part matches anything but a slash."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.template)
        return re.compile(f"{pattern}/?", re.IGNORECASE)


class Router:
    """The resources below one root. The first route that matches decides."""

    def __init__(self, *groups: list[Route]) -> None:
        self._routes = [(route.compile(), route) for group in groups for route in group]

    def answer(self, org: OrgState, call: Call, rest: str) -> Answer:
        """Let the handler of `rest` answer `call`. Raises Refusal NOT_FOUND or METHOD_NOT_ALLOWED."""
        for pattern, route in self._routes:
            match = pattern.fullmatch(rest)
            if match is None or call.version < route.since:
                continue
            handlers = route.handlers
            handler = handlers.get("GET" if call.method == "HEAD" else call.method)
            if handler is None:
                allowed = ",".join([*(["HEAD"] if "GET" in handlers else []), *handlers])
                text = f"HTTP Method '{call.method}' not allowed. Allowed are {allowed}"
                raise Refusal(405, "METHOD_NOT_ALLOWED", text)
            return handler(org, call, **{name: unquote(part) for name, part in match.groupdict().items()})
        raise not_found()
