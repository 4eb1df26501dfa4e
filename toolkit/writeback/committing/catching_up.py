"""What a run that was killed after it settled rows, and before it brought the kept records up to date, still owes.

Its rows are settled, so nothing is open; but the base of the next merge is as it was. To the merge our own write would
look like somebody's change in Salesforce: a conflict, or the end of a newer value here. `resume` makes up for it.
"""

import polars as pl

from toolkit.frames import RECORD_KEY
from toolkit.salesforce import Org
from toolkit.writeback.committing.sending import now_there
from toolkit.writeback.planning.operations import CHANGING, DELETE, MERGE
from toolkit.writeback.planning.sides import PAIR, Sides


def read_again(org: Org, rows: pl.DataFrame, sides: Sides) -> pl.DataFrame | None:
    """Return the changed rows there of settled journal rows with what Salesforce holds ``now``; None of none.

    They may have been changed, and pulled, since. Raises SalesforceError when the org does not answer.
    """
    changed = rows.filter((pl.col("side") == "there") & pl.col("operation").is_in(CHANGING))
    return now_there(org, changed, sides) if changed.height else None


def owed(org: Org, rows: pl.DataFrame, sides: Sides) -> pl.DataFrame:
    """Return those settled journal rows that the kept records have yet to learn of.

    Left out are pairs of fields about which both sides agreed anew since, in a plan that was made meanwhile, and
    records that are deleted in the journal and were restored since.
    """
    pair = (
        pl.when(pl.col("side") == "there")
        .then(pl.format(PAIR, "partner", "field"))
        .otherwise(pl.format(PAIR, "field", "partner"))
    )
    moved = _moved(rows.with_columns(_pair=pair), sides.base)
    gone = rows.filter((pl.col("side") == "there") & pl.col("operation").is_in([DELETE, MERGE]))
    alive = org.by_ids(sides.mapping.sobject, gone["there_id"].unique().sort(), ["Id"])["Id"] if gone.height else None
    left = rows.join(moved, on="seq", how="anti", maintain_order="left")
    if alive is None:
        return left
    restored = gone.filter(pl.col("there_id").is_in(alive.implode()))
    return left.join(restored, on="seq", how="anti", maintain_order="left")


def _moved(rows: pl.DataFrame, base: pl.DataFrame | None) -> pl.DataFrame:
    """The seq of rows whose pair of fields has another base than when the plan was made."""
    names = [] if base is None else [name for name in rows["_pair"].drop_nulls().unique() if name in base.columns]
    if base is None or not names:
        return rows.clear().select("seq")
    cells = base.select(pl.col(RECORD_KEY).alias("there_id"), "here_id", *names).unpivot(
        names, index=["there_id", "here_id"], variable_name="_pair", value_name="_base"
    )
    known = rows.join(cells, on=["there_id", "here_id", "_pair"], how="inner")
    return known.filter(pl.col("_base").ne_missing(pl.col("base"))).select("seq")
