"""The parts of a multipart/form-data body, byte for byte."""

import re

from toolkit.demo_org.errors import Refusal

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_NAME = re.compile(rb'content-disposition\s*:[^\r\n]*?\bname="?([^";\r\n]+)"?', re.IGNORECASE)


def form_parts(body: bytes, content_type: str) -> dict[str, bytes]:
    """Return the parts by name. Raises Refusal when the body does not have the form that its type says."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise _malformed("no boundary is given")
    delimiter = b"--" + boundary.group(1).strip().encode()
    _, *pieces = re.split(rb"(?:^|\r?\n)" + re.escape(delimiter), body)
    if not pieces or not pieces[-1].startswith(b"--"):
        raise _malformed("the last part has no end")
    parts = {}
    for piece in pieces[:-1]:
        head, *rest = re.split(rb"\r?\n\r?\n", piece, maxsplit=1)
        name = _NAME.search(head)
        if not rest or name is None:
            raise _malformed("a part has no name")
        parts[name.group(1).decode("utf-8", "replace")] = rest[0]
    return parts


def _malformed(why: str) -> Refusal:
    return Refusal(400, "INVALID_INPUT", f"The multipart body is malformed: {why}")
