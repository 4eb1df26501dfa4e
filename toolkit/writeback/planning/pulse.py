"""The pulse: what a customer success manager thinks of an account, said by hand, with when, by whom and why (SKA-35).

The pulse itself is a mapped field like any other and goes to Salesforce where the mapping says so. Who said it, when,
and the reason stay here, in columns beside it, so that one can see how fresh it is.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl

from toolkit.engagement import PULSE, PULSE_AT
from toolkit.frames import RECORD_KEY
from toolkit.values import to_text
from toolkit.writeback.committing.settling import EDIT
from toolkit.writeback.planning.operations import CLEAR, UPDATE
from toolkit.writeback.planning.sentences import sentence, shown

PULSE_BY, PULSE_REASON = "pulse_by", "pulse_reason"
BESIDE = {PULSE_AT: "date", PULSE_BY: "string", PULSE_REASON: "string"}
"""The columns here beside a pulse, each with the Salesforce type in whose form its values are kept."""


def told_beside(values: Mapping[str, Any], at: datetime, person: str) -> dict[str, str | None]:
    """Return what is noted beside a pulse that is said or taken away by an edit; nothing for an edit of other fields.

    A pulse that is taken away takes with it when and by whom it was said.
    """
    if PULSE not in values:
        return {}
    if values[PULSE] is None:
        return dict.fromkeys(BESIDE)
    reason = values.get(PULSE_REASON)
    day = at.astimezone(UTC).date().isoformat()
    return {PULSE_AT: day, PULSE_BY: person or None, PULSE_REASON: None if reason is None else str(reason)}


def rows_beside(
    object_name: str, here: pl.DataFrame, links: pl.DataFrame, name: pl.Expr, beside: Mapping[str, str | None]
) -> pl.DataFrame:
    """Return the rows of `frames.CHANGES`, without ``seq``, that note `beside` on the one record of `here`.

    They are written here only: no field of Salesforce is mapped to them. What is so already gives no row.
    """
    parts = [_row(object_name, here, links, name, column, text) for column, text in beside.items()]
    return pl.concat(parts)


def _row(
    object_name: str, here: pl.DataFrame, links: pl.DataFrame, name: pl.Expr, column: str, text: str | None
) -> pl.DataFrame:
    known = column in here.columns
    old = to_text(pl.col(column), here.schema[column], BESIDE[column]) if known else pl.lit(None, pl.String)
    nothing = pl.lit(None, pl.String)
    after = pl.lit(text, dtype=pl.String)
    return (
        here.select(pl.col(RECORD_KEY).alias("here_id"), old.alias("here"), name.alias("name"))
        .join(links.select("here_id", "there_id"), on="here_id", how="left")
        .filter(pl.col("here").ne_missing(after))
        .select(
            pl.lit("here").alias("side"),
            pl.lit(object_name).alias("object"),
            "here_id",
            "there_id",
            "name",
            pl.lit(CLEAR if text is None else UPDATE).alias("operation"),
            pl.lit(column).alias("field"),
            nothing.alias("partner"),
            pl.lit(BESIDE[column]).alias("type"),
            nothing.alias("base"),
            "here",
            nothing.alias("there"),
            after.alias("after"),
            pl.lit(EDIT).alias("rule"),
            pl.lit("write").alias("verdict"),
            sentence("noted with the pulse, in place of ", shown(pl.col("here"))).alias("reason"),
        )
    )
