"""What of a plan cannot be undone, or only for a while or in part: said before it is committed (BEY-5). Pure."""

from collections.abc import Iterator

import polars as pl

from toolkit.writeback.planning.finding import Finding
from toolkit.writeback.planning.operations import CREATE, CREATE_FIELD, DELETE, DELETE_FIELD, MERGE


def irreversible(changes: pl.DataFrame) -> tuple[Finding, ...]:
    """Return what an undo of these rows (`CHANGES`) would not bring back, as findings; empty when it would bring all.

    Values that are changed come back wherever nobody changed them since, so they are not named.
    """
    writes = changes.filter(pl.col("verdict") == "write")
    return tuple(_said(writes))


def _said(writes: pl.DataFrame) -> Iterator[Finding]:
    there = writes.filter(pl.col("side") == "there")
    for operation, message, hint in (
        (
            MERGE,
            "{} merged {} cannot be parted again",
            "Taking a merged record out of the recycle bin brings back the record, not what belonged to it.",
        ),
        (
            DELETE,
            "{} deleted {} can come back for 15 days only",
            "An undo takes them out of Salesforce's recycle bin, with what went with them, unless it was emptied.",
        ),
        (
            DELETE_FIELD,
            "{} deleted {} can come back empty only",
            "An undo creates a field again, without its values; Setup keeps the old one for 15 days.",
        ),
        (
            CREATE_FIELD,
            "{} new {} can go again only while nobody typed anything there",
            "An undo deletes a field that is as it was made and holds only what commits wrote.",
        ),
        (
            CREATE,
            "{} new {} can go again only while nobody changed them, and nothing belongs to them",
            "An undo puts them into Salesforce's recycle bin.",
        ),
    ):
        rows = there.filter(pl.col("operation") == operation)
        if rows.height:
            keys = (
                ["object", "field"] if operation in (DELETE_FIELD, CREATE_FIELD) else ["object", "here_id", "there_id"]
            )
            for (name,), mine in rows.partition_by("object", as_dict=True, maintain_order=True).items():
                number = mine.select(keys).n_unique()
                noun = ("field" if "field" in keys else "record") + ("" if number == 1 else "s")
                text = message.format(f"{number:,}", noun)
                severity = "warning" if operation in (MERGE, DELETE, DELETE_FIELD) else "info"
                yield Finding(severity, "BEY-5", f"objects.{name}", text, hint)  # type: ignore[arg-type]
