"""What a commit does besides values, new and deleted records: fields, merges, and records taken out of the bin.

The commit hands over all its journal rows and gets back those that go the ordinary way. How each is done, and found
again after a crash, is in `toolkit.writeback.field_creation_run`, `merging_run` and `undeleting`.
"""

import polars as pl

from toolkit.writeback.field_creation_run import FieldWriter
from toolkit.writeback.operations import FIELDS
from toolkit.writeback.sides import Sides
from toolkit.writeback.writer import Writer


def carry_out(writer: Writer, rows: pl.DataFrame) -> pl.DataFrame:
    """Do what journal rows say of fields, and return the rows that are left for the ordinary ways.

    Fields come first: what is written into them comes after.
    """
    for sides in writer.objects:
        mine = rows.filter((pl.col("object") == sides.object) & pl.col("operation").is_in(FIELDS))
        if mine.height:
            _fields(writer, sides).carry_out(mine)
    return rows.filter(~pl.col("operation").is_in(FIELDS))


def settle_structural(writer: Writer, sides: Sides) -> None:
    """Settle what an interrupted commit left open of these operations, for one object. Writes nothing there."""
    _fields(writer, sides).settle_left_over()


def _fields(writer: Writer, sides: Sides) -> FieldWriter:
    return FieldWriter(writer.org, writer.ledger, sides, writer.tell)
