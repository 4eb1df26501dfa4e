"""How long an agreement runs: what follows it, and what tacit renewal makes of its end.

An agreement is *followed* by the first one of its account that starts on its last day or after, whatever the plan, or
that starts in its last `EARLY` days with the same plan: renewals are often made a little early. What starts before that
is an addition, not a renewal.

A tacit agreement renews by itself (SKA-31): when its end has come and nothing has followed, it runs on by terms of the
same length, until the day before what follows it starts. Every other agreement runs until its end. So a tacit renewal
ends by what Salesforce says: an end with the tacit renewal taken back, or an agreement that follows.
"""

from datetime import date

import polars as pl

DAY = pl.duration(days=1)
EARLY = 90
"""How many days before the end a renewal with the same plan may start."""


def with_runs(agreements: pl.DataFrame) -> pl.DataFrame:
    """Return `agreements` with the columns ``follow_up``, an id or null, and ``until``, the last day they run or null.

    ``until`` is null for what is open-ended, and for what renews by itself and has no follow-up.
    """
    same_plan = _next(agreements, pl.col("end") - EARLY * DAY, by_plan=True)
    any_plan = _next(agreements, pl.col("end"), by_plan=False)
    both = agreements.join(same_plan, on="id", how="left").join(any_plan, on="id", how="left", suffix="_any")
    plan_first = pl.col("_follows_on_any").is_null() | (pl.col("_follows_on") <= pl.col("_follows_on_any"))
    first = pl.col("_follows_on").is_not_null() & plan_first
    follows, starts = (
        pl.when(first).then(pl.col(name)).otherwise(pl.col(f"{name}_any")) for name in ("follow_up", "_follows_on")
    )
    before = starts - DAY
    until = pl.when(pl.col("tacit")).then(pl.when(before.is_not_null()).then(pl.max_horizontal("end", before)))
    return both.with_columns(
        follow_up=follows,
        until=pl.when(pl.col("end").is_not_null()).then(until.otherwise(pl.col("end"))),
    ).select(*agreements.columns, "follow_up", "until")


def with_terms(runs: pl.DataFrame, at: date) -> pl.DataFrame:
    """Return what `with_runs` returns, with ``end`` and ``notice`` of the term that runs at the day `at`.

    A tacit agreement that runs on past its end does so by terms as long as the first: of whole months where the first
    is, otherwise of as many days. Its notice moves with its end. Others keep what they have.
    """
    months = _months(pl.col("start"), pl.col("end") + DAY)
    whole = (months > 0) & (pl.col("start").dt.offset_by(pl.format("{}mo", months)) == pl.col("end") + DAY)
    days = (pl.col("end") - pl.col("start")).dt.total_days() + 1
    runs_on = pl.col("tacit") & (pl.col("end") < at) & (pl.col("until").is_null() | (pl.col("until") >= at))
    termed = runs.with_columns(
        _unit=pl.when(whole).then(pl.lit("mo")).otherwise(pl.lit("d")),
        _each=pl.when(whole).then(months).otherwise(days),
        _begun=pl.when(whole)
        .then(_months(pl.col("start"), pl.lit(at)))
        .otherwise((at - pl.col("start")).dt.total_days()),
        _on=runs_on.fill_null(value=False),
    ).with_columns(_terms=pl.col("_begun") // pl.col("_each"))
    # counted in months, the last term may not have begun yet: from the 15th to the 10th
    done = termed.with_columns(
        _terms=pl.col("_terms") - (_moved(pl.col("start"), pl.col("_terms")) > at).cast(pl.Int64)
    )
    end = _moved(pl.col("start"), pl.col("_terms") + 1) - DAY
    notice = _moved(pl.col("notice") + DAY, pl.col("_terms")) - DAY
    return done.with_columns(
        end=pl.when("_on").then(pl.min_horizontal(end, "until")).otherwise("end"),
        notice=pl.when("_on").then(notice).otherwise("notice"),
    ).select(runs.columns)


def _moved(day: pl.Expr, terms: pl.Expr) -> pl.Expr:
    """The day so many terms later."""
    return day.dt.offset_by(pl.format("{}{}", terms * pl.col("_each"), pl.col("_unit")))


def _months(earlier: pl.Expr, later: pl.Expr) -> pl.Expr:
    """Calendar months between the months of two days."""
    years = later.dt.year().cast(pl.Int64) - earlier.dt.year()
    return years * 12 + later.dt.month().cast(pl.Int64) - earlier.dt.month()


def _next(agreements: pl.DataFrame, earliest: pl.Expr, *, by_plan: bool) -> pl.DataFrame:
    """Return id, follow_up and _follows_on: the first later one of the account that starts at `earliest` or after."""
    later = pl.max_horizontal(earliest, pl.col("start") + DAY)
    keyed = agreements.select(
        "id", "account_id", plan=pl.col("plan").fill_null(""), start="start",
        _from=pl.when(pl.col("end").is_not_null()).then(later),
    )  # fmt: skip
    by = ["account_id", "plan"] if by_plan else ["account_id"]
    starts = (
        keyed.sort("start", "id")
        .unique([*by, "start"], keep="first", maintain_order=True)
        .select(*by, follow_up="id", _follows_on="start")
    )
    asked = keyed.select("id", *by, "_from").drop_nulls("_from").sort("_from")
    found = asked.join_asof(
        starts,
        left_on="_from",
        right_on="_follows_on",
        by=by,
        strategy="forward",
        check_sortedness=False,
        coalesce=False,
    )
    return found.select("id", "follow_up", "_follows_on").drop_nulls("follow_up")
