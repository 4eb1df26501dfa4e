"""Keeps secrets out of text: whatever is about to become a message or a log line goes through a `Scrubber` first."""

import re
from urllib.parse import quote

HIDDEN = "***"

_LOOKS_LIKE_A_TOKEN = re.compile(r"00D\w{12}(?:\w{3})?![\w.+/=-]+|(?<=Bearer )[^\s'\",]+")
_SHORTEST_SECRET = 4  # replacing shorter ones would eat ordinary words and hide nothing


class Scrubber:
    """A function from text to text in which every secret it has learned, and whatever looks like a token, is hidden."""

    def __init__(self) -> None:
        self._secrets: tuple[str, ...] = ()

    def learn(self, *secrets: str | None) -> None:
        """Hide these from now on, also in their URL-encoded form."""
        known = {each for secret in secrets if secret for each in (secret, quote(secret, safe=""))}
        longest_first = sorted({*known, *self._secrets}, key=len, reverse=True)
        self._secrets = tuple(each for each in longest_first if len(each) >= _SHORTEST_SECRET)

    def __call__(self, text: str) -> str:
        """Return `text` with every secret hidden."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return _LOOKS_LIKE_A_TOKEN.sub(HIDDEN, text)

    def __repr__(self) -> str:
        return f"Scrubber({len(self._secrets)} secrets)"
