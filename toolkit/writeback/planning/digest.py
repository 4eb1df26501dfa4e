"""The digest that names a plan: sha256 over its rows, the org it is for, and the commit it builds on.

Whoever confirms a digest confirms exactly these rows. The form that is hashed does not depend on a library's version:
every cell is its length in bytes, a colon and its text, or ``-`` for null, so that no two plans share one form. The
time of planning is not part of it: the same changes planned again are the same plan; after a commit they are not,
because the last commit's id is.
"""

import hashlib

import polars as pl

from toolkit.frames import CHANGES

ID_LENGTH = 12
"""Characters of a digest that make a plan's id."""
_ROWS_AT_ONCE = 50_000


def digest_of(changes: pl.DataFrame, org_id: str, parent: str | None) -> str:
    """Return the digest, 64 hexadecimal digits, of `changes` (`CHANGES`) for an org, after the commit `parent`."""
    running = hashlib.sha256()
    for heading in ("cs-toolkit plan 1", org_id, parent or ""):
        running.update(f"{len(heading.encode())}:{heading}\n".encode())
    rows = changes.sort("seq").select(pl.concat_str([_cell(name) for name in CHANGES.schema]).alias("row"))
    for part in rows.iter_slices(_ROWS_AT_ONCE):
        running.update(part["row"].str.join("\n").item().encode() + b"\n")
    return running.hexdigest()


def _cell(name: str) -> pl.Expr:
    text = pl.col(name).cast(pl.String)
    full = pl.concat_str([text.str.len_bytes().cast(pl.String), pl.lit(":"), text])
    return pl.when(text.is_null()).then(pl.lit("-")).otherwise(full)
