"""Keeps other web pages from looking through the window or working it.

The page carries a token that lives as long as the process; every call of its script sends it in a header, which a
foreign page can neither read nor send without a permission this server never gives. Requests are answered only under
the org's own address (so a foreign name made to point here is turned away) and only when the browser says that they
come from this page.
"""

import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

TOKEN_HEADER = "x-demo-window"  # noqa: S105 - the name of a header
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Sent with everything: nothing foreign is loaded, and nothing foreign may hold this page."""

_OWN_NAMES = ("127.0.0.1", "localhost")
_FROM_THE_PAGE = frozenset({"", "same-origin"})


class Guard:
    """Judges requests; header names are lower-case."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(32)

    def may_open(self, headers: Mapping[str, str], org_url: str) -> bool:
        """Return whether the page itself may be given: to whoever asks for it under the org's own address."""
        port = urlsplit(org_url).port
        return headers.get("host", "") in {f"{name}:{port}" for name in _OWN_NAMES}

    def may_call(self, headers: Mapping[str, str], org_url: str) -> bool:
        """Return whether a call of the page's script may be answered."""
        own = f"https://{headers.get('host', '')}"
        return (
            self.may_open(headers, org_url)
            and headers.get("sec-fetch-site", "") in _FROM_THE_PAGE
            and headers.get("origin", own) == own
            and hmac.compare_digest(headers.get(TOKEN_HEADER, "").encode(), self.token.encode())
        )
