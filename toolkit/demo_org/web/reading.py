"""Reading a request's body: into memory, or straight into a file where it may be large; unpacked when it is gzipped.

The limit counts unpacked bytes, so that a small packed body cannot fill memory or disk. What is too much is read to its
end and thrown away, because a client that is still sending does not read answers.
"""

import tempfile
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO

from toolkit.demo_org.errors import Refusal

MAX_BODY = 50_000_000
"""Bytes of a body that is no upload of a Bulk job."""
_WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
_PIECE = 1_048_576


@dataclass(frozen=True)
class Received:
    """A body: its bytes, or the file they were written to, or why there is neither."""

    body: bytes = b""
    file: Path | None = None
    problem: Refusal | None = None


async def read_body(
    pieces: AsyncIterator[bytes], encoding: str, *, limit: int = MAX_BODY, folder: Path | None = None
) -> Received:
    """Read a body to its end. With `folder` it goes into a new file there, which is the caller's to remove."""
    with _sink(folder) as sink:
        reader = _Reader(sink, encoding.strip().lower(), limit)
        try:
            async for piece in pieces:
                reader.take(piece)
        except BaseException:
            if folder is not None:
                Path(str(sink.name)).unlink()
            raise
        if folder is not None:
            return Received(file=Path(str(sink.name)), problem=reader.problem)
        sink.seek(0)
        return Received(body=b"" if reader.problem else sink.read(), problem=reader.problem)


def _sink(folder: Path | None) -> IO[bytes]:
    if folder is None:
        return BytesIO()
    return tempfile.NamedTemporaryFile(dir=folder, delete=False)


class _Reader:
    """Takes a body piece by piece; what is wrong with it is noted, and the rest then thrown away."""

    def __init__(self, sink: IO[bytes], encoding: str, limit: int) -> None:
        self.problem: Refusal | None = None
        self._sink = sink
        self._limit = limit
        self._size = 0
        self._unpacker = zlib.decompressobj(_WINDOWS[encoding]) if encoding in _WINDOWS else None
        if encoding not in ("", "identity", *_WINDOWS):
            text = f"Content-Encoding {encoding} is not supported"
            self.problem = Refusal(415, "UNSUPPORTED_MEDIA_TYPE", text)

    def take(self, piece: bytes) -> None:
        """Write a piece, unpacked."""
        if self.problem is not None:
            return
        if self._unpacker is None:
            self._write(piece)
            return
        try:
            while piece and self.problem is None:
                self._write(self._unpacker.decompress(piece, _PIECE))
                piece = self._unpacker.unconsumed_tail
        except zlib.error:
            self.problem = Refusal(400, "INVALID_INPUT", "The body is not what its Content-Encoding says")

    def _write(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._limit:
            text = f"The request is larger than {self._limit} bytes"
            self.problem = Refusal(413, "REQUEST_ENTITY_TOO_LARGE", text)
            return
        self._sink.write(data)
