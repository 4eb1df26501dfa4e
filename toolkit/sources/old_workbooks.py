"""Whether an old Excel workbook (.xls) is whole, told from its container before anything else reads it.

Such a file is a small file system of sectors (Microsoft, "[MS-CFB] Compound File Binary File Format"). A reader that
trusts the sizes in one that was cut off asks for memory that nobody has, and the process ends.
"""

import struct

_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEADER = 512
_FREE, _LAST_USED = 0xFFFFFFFF, 0xFFFFFFFA
_ENTRY, _STREAMS = 128, (2, 5)


def whole_if_old(content: bytes) -> bool:
    """Return False for a container that lacks sectors it says it has, or that says what cannot be; else True."""
    if not content.startswith(_MAGIC):
        return True
    if len(content) < _HEADER:
        return False
    shift, mini = struct.unpack_from("<HH", content, 30)
    tables, directory = struct.unpack_from("<II", content, 44)
    _, mini_tables, _, more = struct.unpack_from("<IIII", content, 60)
    size = 1 << shift if shift in (9, 12) else 0
    if not size or mini != 6:
        return False
    sectors = (len(content) - _HEADER) // size
    if max(tables, mini_tables, more) > sectors or directory >= sectors:
        return False
    chain = _allocation(content, size, sectors, min(tables, 109))
    used = max((at for at, following in enumerate(chain) if following != _FREE), default=-1)
    begun = -(-(len(content) - _HEADER) // size)  # some writers leave the last sector short
    return bool(chain) and used < begun and _streams_fit(content, chain, directory, size)


def _allocation(content: bytes, size: int, sectors: int, tables: int) -> list[int]:
    """Return for each sector the one that follows it, as far as the header names the tables; empty when it cannot."""
    places = struct.unpack_from(f"<{tables}I", content, 76)
    if any(place >= sectors for place in places):
        return []
    parts = (struct.unpack_from(f"<{size // 4}I", content, _HEADER + place * size) for place in places)
    return [following for part in parts for following in part]


def _streams_fit(content: bytes, chain: list[int], directory: int, size: int) -> bool:
    """Return whether no stream of the directory is longer than the file, and the directory itself has an end."""
    sector, seen = directory, 0
    while sector < _LAST_USED:
        if sector >= len(chain) or seen > len(chain) or _HEADER + (sector + 1) * size > len(content):
            return False
        for start in range(_HEADER + sector * size, _HEADER + (sector + 1) * size, _ENTRY):
            kind, length = content[start + 66], struct.unpack_from("<I", content, start + 120)[0]
            if kind in _STREAMS and length > len(content):
                return False
        sector, seen = chain[sector], seen + 1
    return True
