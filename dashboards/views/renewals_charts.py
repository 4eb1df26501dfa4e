"""The charts of the renewals page: bubbles by day, score and revenue, and the calendar of renewals and notices."""

import altair as alt
import panel as pn
import polars as pl

from dashboards import theme
from dashboards.views import parts
from dashboards.views.scene import Scene

DAYS = 90
"""The usual period ahead, in days."""
MOST_BUBBLES = 500
WEEKS_UNTIL = 180
"""Days of a period up to which the calendar is of weeks; a longer one is of months."""
DAY_LABEL = "utcFormat(toDate(datum.value), '%-d %b')"
"""How an axis of ISO dates tells them: a date is the same day wherever the reader is."""
BY = {"Renewal": "renewal", "Last day of notice": "notice"}
ACTIONS = {
    "overdue": "Overdue",
    "notice": "Notice due",
    "renews": "Renews",
    "ends": "Ends",
    "followed": "Followed",
}
"""What becomes of an agreement: it ended and nothing followed, its notice is due soon, it renews by itself (tacit), it
ends unless somebody renews it, or another agreement follows already."""
TONES = {
    "overdue": "#D6453D",
    "notice": "#EFAE2B",
    "renews": "#2E9E6B",
    "ends": theme.PRIMARY,
    "followed": theme.NOT_SCORED,
}


def step_of(scene: Scene) -> str:
    """Return what the calendar counts by: a week, or a month in a longer period."""
    return "1w" if scene.days(DAYS) <= WEEKS_UNTIL else "1mo"


def bubbles_card(scene: Scene, rows: pl.DataFrame) -> pn.Column:
    """Return the renewals as bubbles; one that is clicked is the list's only row."""
    due = rows.filter(pl.col("action") != "followed").drop_nulls("shown")
    drawn = due.sort(scene.measure, "id", descending=[True, False]).head(MOST_BUBBLES)
    left = f" Drawn are the {MOST_BUBBLES} biggest of {theme.count(due.height)}." if due.height > MOST_BUBBLES else ""
    head = parts.heading(
        "Renewals by day, score and revenue", f"Bigger is more revenue; what is low and to the left comes first.{left}"
    )
    if drawn.is_empty():
        return parts.card(head, parts.nothing("No agreement with a score comes up in the period."))
    snapshot, measure = scene.snapshot, scene.measure
    data = [
        {
            "n": n,
            "day": row["renewal_date"].isoformat(),
            "shown": row["shown"],
            "revenue": row[measure],
            "account": row["account"],
            "action": ACTIONS[row["action"]],
            "said": theme.exact(row[measure], snapshot.symbol_of(row["currency"])),
            "when": theme.day(row["renewal_date"]),
        }
        for n, row in enumerate(drawn.iter_rows(named=True))
    ]
    kinds = [each for each in ACTIONS if each in set(drawn["action"])]
    bubbles = (
        alt.Chart(alt.InlineData(data))
        .mark_circle(opacity=0.75, cursor="pointer")
        .add_params(parts.picked())
        .encode(
            x=alt.X(
                "day:T",
                title="Renewal",
                scale=alt.Scale(type="utc"),
                axis=alt.Axis(grid=False, tickCount=5, format="%-d %b"),
            ),
            y=alt.Y("shown:Q", title=f"Score, 0 to {snapshot.top:g}", scale=alt.Scale(domain=[0, snapshot.top]),
                    axis=alt.Axis(tickCount=5, domain=False)),
            size=alt.Size("revenue:Q", scale=alt.Scale(range=[30, 900]), legend=None),
            color=alt.Color(
                "action:N",
                scale=alt.Scale(domain=[ACTIONS[each] for each in kinds], range=[TONES[each] for each in kinds]),
                legend=alt.Legend(orient="top", title=None, offset=4, direction="horizontal", columns=3),
            ),
            tooltip=[
                alt.Tooltip("account:N", title="Account"),
                alt.Tooltip("when:N", title="Renewal"),
                alt.Tooltip("shown:Q", title="Score"),
                alt.Tooltip("said:N", title=scene.filters.money),
                alt.Tooltip("action:N", title="What happens"),
            ],
        )
    )  # fmt: skip
    today = alt.Chart(alt.InlineData([{"day": snapshot.now.date().isoformat()}])).mark_rule(
        color=theme.palette(dark=scene.dark)["quiet"], strokeDash=[4, 3]
    ).encode(x=alt.X("day:T", scale=alt.Scale(type="utc")))  # fmt: skip
    ids = drawn["id"].to_list()
    chart = parts.chart(
        bubbles + today,
        dark=scene.dark,
        height=320,
        label=f"{len(data)} agreements by renewal date, health score and revenue; the dashed line is today",
        open_list=lambda n: scene.go("renewals", agreement=ids[n]),
    )
    return parts.card(head, chart)


def calendar_card(scene: Scene, rows: pl.DataFrame) -> pn.Column:
    """Return how many renewals and last days of notice each week has; a bar opens its agreements."""
    step = step_of(scene)
    head = parts.heading(
        "Calendar", f"Renewal dates and last days of notice, {'week by week' if step == '1w' else 'month by month'}."
    )
    today = scene.snapshot.now.date()
    due = rows.filter((pl.col("action") != "followed") & (pl.col("renewal_date") > today))
    days = [
        due.select(pl.col("renewal_date").alias("day"), kind=pl.lit("Renewal")),
        due.filter(pl.col("notice") >= today).select(pl.col("notice").alias("day"), kind=pl.lit("Last day of notice")),
    ]
    weeks = (
        pl.concat(days)
        .group_by(week=pl.col("day").dt.truncate(step), kind="kind")
        .agg(pl.len().alias("agreements"))
        .sort("week", "kind")
    )
    if weeks.is_empty():
        return parts.card(head, parts.nothing("Nothing comes up in the period."))
    every = pl.date_range(weeks["week"].min(), weeks["week"].max(), step, eager=True)
    data = [
        row
        | {
            "n": n,
            "week": row["week"].isoformat(),
            "said": f"{'Week of ' if step == '1w' else 'From '}{theme.day(row['week'])}",
        }
        for n, row in enumerate(weeks.iter_rows(named=True))
    ]
    bars = (
        alt.Chart(alt.InlineData(data))
        .mark_bar(cursor="pointer", width={"band": 0.8})
        .add_params(parts.picked())
        .encode(
            x=alt.X(
                "week:O",
                title=None,
                scale=alt.Scale(domain=[week.isoformat() for week in every]),
                axis=alt.Axis(labelExpr=DAY_LABEL, labelAngle=0, labelOverlap=True, labelSeparation=4, ticks=False),
            ),
            y=alt.Y("agreements:Q", title="Agreements", axis=alt.Axis(tickMinStep=1, tickCount=4, domain=False)),
            xOffset="kind:N",
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=["Renewal", "Last day of notice"], range=[theme.PRIMARY, TONES["notice"]]),
                legend=alt.Legend(orient="top", title=None, offset=4, direction="horizontal"),
            ),
            tooltip=[alt.Tooltip("said:N", title="When"), "kind:N", alt.Tooltip("agreements:Q", title="Agreements")],
        )
    )  # fmt: skip
    chart = parts.chart(
        bars,
        dark=scene.dark,
        height=320,
        label="Renewals and last days of notice in each week",
        open_list=lambda n: scene.go("renewals", week=data[n]["week"], by=BY[data[n]["kind"]]),
    )
    return parts.card(head, chart)
