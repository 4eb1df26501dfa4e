"""The head of an answer as Salesforce prints it: header names with capital letters.

HTTP lets a client read names in any case, but some look them up in a plain dictionary under one spelling, and go
another way when they find it. Uvicorn prints them small.
"""

import asyncio
import re

_NAME = re.compile(rb"^[a-z0-9-]+(?=:)", re.MULTILINE)
_SPECIAL = {
    b"etag": b"ETag",
    b"sforce-numberofrecords": b"Sforce-NumberOfRecords",
    b"www-authenticate": b"WWW-Authenticate",
    b"x-sfdc-request-id": b"X-SFDC-Request-Id",
}
_INTERIM = b"HTTP/1.1 1"
"""How the answer before the answer begins: it has no headers."""


def capitalised(head: bytes) -> bytes:
    """Return a status line and headers with their names in Salesforce's spelling."""
    return _NAME.sub(lambda name: _SPECIAL.get(name[0]) or name[0].title(), head)


class HeadTransport(asyncio.Transport):
    """The transport of one answer: its head, which is written first and in one piece, goes out capitalised."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._written = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes on."""
        if not self._written and bytes(data[: len(_INTERIM)]) != _INTERIM:
            self._written = True
            data = capitalised(bytes(data))
        self._transport.write(data)

    def is_closing(self) -> bool:
        """Return whether the connection is being closed."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()
