"""What is worth a second look at agreements that are kept: an open end, an overlap, a notice that cannot be right.

A remark changes no figure. It says which rule was taken, so that nobody is surprised by the sum.
"""

from datetime import date

import polars as pl

from toolkit.frames import AGREEMENT_REMARKS, conform
from toolkit.writeback.planning.sentences import sentence

FOREVER = date(9999, 12, 31)


def remarks(known: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Return `frames.AGREEMENT_REMARKS` for agreements that `running.with_runs` has been through.

    ``open_ended``: no end, so it counts until it gets one. ``overlap``: it starts while another of the same account and
    plan still runs; both are added. ``short``: it is in force on no first of a month, so it is in no month's revenue.
    ``notice``: the notice cannot be read, or is after the end. ``runs_on``: it has ended, and renewed by itself.
    """
    first = (pl.col("start").dt.month_start() + pl.duration(days=31)).dt.month_start()
    next_first = pl.when(pl.col("start").dt.day() == 1).then(pl.col("start")).otherwise(first)
    late = sentence("the last day of notice ", _day("notice"), " is after the end ", _day("end"))
    runs_on = pl.col("tacit") & (pl.col("end") < as_of) & (pl.col("status") == "active")
    kinds = {
        "open_ended": pl.when(pl.col("end").is_null()).then(
            sentence("no end is given, so it counts as open-ended from ", _day("start"))
        ),
        "short": pl.when(pl.col("until") < next_first).then(
            sentence("it runs from ", _day("start"), " to ", _day("until"), ", on no first of a month: it is in no MRR")
        ),
        "notice": pl.coalesce("_notice", pl.when(pl.col("notice") > pl.col("end")).then(late)),
        "runs_on": pl.when(runs_on).then(
            sentence("it ended on ", _day("end"), " and renewed by itself, as nothing has followed it")
        ),
        "overlap": pl.col("_overlap"),
    }
    found = _with_overlaps(known).with_columns(**{f"_{kind}": reason for kind, reason in kinds.items()})
    told = found.unpivot(
        [f"_{kind}" for kind in kinds], index=["id", "account_id", "name"], variable_name="kind", value_name="reason"
    )
    return conform(told.drop_nulls("reason").with_columns(pl.col("kind").str.strip_prefix("_")), AGREEMENT_REMARKS)


def _day(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String)


def _with_overlaps(known: pl.DataFrame) -> pl.DataFrame:
    """Return `known` with ``_overlap``: the sentence for each that starts while an earlier one of its plan runs."""
    group = ["account_id", pl.col("plan").fill_null("")]
    ends = pl.col("end").fill_null(FOREVER)
    ordered = known.sort("account_id", "plan", "start", "id", nulls_last=True)
    latest = ends.cum_max().shift(1).over(group)
    ordered = ordered.with_columns(_before=latest)
    longest = pl.when(pl.col("_before").is_null() | (ends > pl.col("_before"))).then("id")
    ordered = ordered.with_columns(_holder=longest.forward_fill().shift(1).over(group))
    until = (
        pl.when(pl.col("_before") == FOREVER)
        .then(pl.lit("without an end"))
        .otherwise(sentence("until ", _day("_before")))
    )
    said = sentence(
        "it starts on ", _day("start"), " while ", pl.col("_holder"), " of the same account and plan runs ", until,
        ": both are added",
    )  # fmt: skip
    return ordered.with_columns(_overlap=pl.when(pl.col("start") <= pl.col("_before")).then(said))
