"""How healthy the customers are: the bands by accounts and by revenue, the spread of scores, segments and CSMs."""

import altair as alt
import panel as pn
import polars as pl

from dashboards import theme
from dashboards.data import Snapshot
from dashboards.filters import NOT_SET
from dashboards.views import parts
from dashboards.views.scene import Scene
from toolkit.health.distribution import histogram
from toolkit.summaries import NO_BAND

MOST_ROWS = 10
"""CSMs or segments in a chart; the rest are left to the list."""


def view(scene: Scene) -> pn.Column:
    """Return the health page of the accounts that pass the filters; every figure opens the list behind it."""
    if scene.snapshot.profile is None:
        about = "Without one no account has a score. Everything else is under the other tabs."
        step = "Add [health.profiles.default] to the mapping file, then score:"
        return parts.page(parts.screen("No health profile is configured", about, step, scene.snapshot.command("score")))
    return parts.page(
        parts.grid(*_headline(scene), smallest=150, most=4),
        parts.grid(*_band_cards(scene), smallest=150, most=4 if len(scene.snapshot.band_names) < 5 else 6),
        parts.grid(_by_band(scene), _spread(scene), smallest=400, most=2),
        parts.grid(
            _by_owner(scene, "segment", "Segments"),
            _by_owner(scene, "csm", "CSMs"),
            smallest=400,
            most=2,
        ),
    )


def bands(snapshot: Snapshot, accounts: pl.DataFrame) -> pl.DataFrame:
    """Return one row a band, worst first, then those without a score: band, accounts, share, mrr, mrr_share, tone."""
    counted = accounts.group_by("band").agg(accounts=pl.len().cast(pl.Int64), mrr=pl.col("mrr").sum())
    names = [*snapshot.band_names, NO_BAND]
    order = pl.DataFrame({"band": names, "tone": [snapshot.tone(name) for name in names]})
    table = order.join(counted, on="band", how="left", maintain_order="left").with_columns(
        pl.col("accounts").fill_null(0), pl.col("mrr").fill_null(0.0)
    )
    return table.filter((pl.col("band") != NO_BAND) | (pl.col("accounts") > 0)).with_columns(
        share=pl.col("accounts") / max(1, accounts.height),
        mrr_share=pl.col("mrr") / (accounts["mrr"].sum() or 1.0),
    )


def _headline(scene: Scene) -> list[pn.viewable.Viewable]:
    snapshot, accounts = scene.snapshot, scene.accounts
    scored = accounts.filter(pl.col("score").is_not_null())
    revenue = float(accounts["mrr"].sum() or 0.0)
    unscored = accounts.height - scored.height
    weighed = scored.filter(pl.col("mrr") > 0)
    by_revenue = (
        float((weighed["score"] * weighed["mrr"]).sum()) / float(weighed["mrr"].sum()) if weighed.height else None
    )
    average = scored["score"].mean()
    coverage = accounts["coverage"].mean()
    return [
        parts.figure_card(
            "Accounts",
            theme.count(accounts.height),
            f"{theme.count(unscored)} without a score" if unscored else "all of them scored",
            on_click=lambda: scene.go("accounts"),
        ),
        parts.figure_card(
            "Recurring revenue",
            scene.amount(revenue),
            f"{scene.filters.money}: {'a year' if scene.filters.arr else 'a month'}, as the accounts say",
            on_click=lambda: scene.go("accounts"),
        ),
        parts.figure_card(
            "Average score",
            snapshot.on_scale(average),
            f"of {snapshot.top:g} · by revenue {snapshot.on_scale(by_revenue)}",
            on_click=lambda: scene.go("accounts", scored="yes"),
        ),
        parts.figure_card(
            "Data coverage",
            theme.share(coverage),
            "of the score's inputs are known",
            on_click=lambda: scene.go("accounts", coverage="partial"),
        ),
    ]


def _band_cards(scene: Scene) -> list[pn.viewable.Viewable]:
    return [
        parts.figure_card(
            band["band"],
            theme.count(band["accounts"]),
            f"{theme.share(band['share'])} of accounts",
            f"{scene.revenue(band['mrr'])} · {theme.share(band['mrr_share'])}",
            tone=band["tone"],
            on_click=lambda name=band["band"]: scene.go("accounts", band=name),
        )
        for band in bands(scene.snapshot, scene.accounts).iter_rows(named=True)
    ]


def _by_band(scene: Scene) -> pn.Column:
    table = bands(scene.snapshot, scene.accounts).with_row_index("place")
    rows = [
        {
            "what": what,
            "band": band["band"],
            "place": band["place"],
            "share": band[share],
            "shown": theme.share(band[share]) if band[share] >= 0.06 else "",
            "said": said(band[value]),
            "n": band["place"],
        }
        for what, value, share, said in (
            ("Accounts", "accounts", "share", theme.count),
            ("Revenue", "mrr", "mrr_share", scene.revenue),
        )
        for band in table.iter_rows(named=True)
    ]
    base = alt.Chart(alt.InlineData(rows)).encode(
        y=alt.Y("what:N", title=None, axis=alt.Axis(ticks=False, domain=False, labelFontSize=13)),
        order=alt.Order("place:Q"),
        tooltip=[
            alt.Tooltip("band:N", title="Band"),
            alt.Tooltip("said:N", title="Amount"),
            alt.Tooltip("share:Q", title="Share", format=".1%"),
        ],
    )
    bars = (
        base.mark_bar(size=34, cursor="pointer")
        .add_params(parts.picked())
        .encode(
            x=alt.X(
                "share:Q",
                stack="zero",
                title=None,
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format="%", grid=False, tickCount=5),
            ),
            color=_band_color(scene.snapshot, table["band"].to_list()),
        )
    )
    labels = base.mark_text(fontWeight="bold", color="#10182A").encode(
        x=alt.X("share:Q", stack="zero", bandPosition=0.5), text="shown:N"
    )
    drawn = bars + labels
    return parts.card(
        parts.heading(
            "By accounts and by revenue", "Where the two differ, the bigger customers feel otherwise than the many."
        ),
        parts.chart(
            drawn,
            dark=scene.dark,
            height=190,
            label="Share of accounts and of revenue in each band",
            open_list=lambda n: scene.go("accounts", band=table["band"][n]),
        ),
    )


def _spread(scene: Scene) -> pn.Column:
    snapshot = scene.snapshot
    if snapshot.profile is None:
        return parts.card(parts.heading("How the scores are spread"), parts.nothing("No health profile is configured."))
    rows = histogram(scene.accounts.select("id", "shown"), snapshot.profile).with_row_index("n").to_dicts()
    edge = alt.Scale(domain=[0, snapshot.top], nice=False)
    drawn = (
        alt.Chart(alt.InlineData(rows))
        .mark_rect(cornerRadiusTopLeft=2, cornerRadiusTopRight=2, xOffset=1, x2Offset=-1, cursor="pointer")
        .add_params(parts.picked())
        .encode(
            x=alt.X(
                "start:Q", title=f"Score, 0 to {snapshot.top:g}", scale=edge, axis=alt.Axis(grid=False, tickCount=10)
            ),
            x2="end",
            y=alt.Y("accounts:Q", title="Accounts", axis=alt.Axis(tickCount=4, format="~s", domain=False, ticks=False)),
            y2=alt.datum(0),
            color=_band_color(snapshot, snapshot.band_names),
            tooltip=[
                alt.Tooltip("band:N", title="Band"),
                alt.Tooltip("start:Q", title="Score from"),
                alt.Tooltip("end:Q", title="below"),
                alt.Tooltip("accounts:Q", title="Accounts", format=","),
            ],
        )
    )

    def open_bar(n: int) -> None:
        last = {"last": "yes"} if n == len(rows) - 1 else {}  # the top of the scale belongs to the last bar
        scene.go("accounts", **{"from": f"{rows[n]['start']:g}", "to": f"{rows[n]['end']:g}"}, **last)

    return parts.card(
        parts.heading(
            "How the scores are spread", "Many accounts just above a bound may fall into the next band soon."
        ),
        parts.chart(
            drawn,
            dark=scene.dark,
            height=190,
            label="Histogram of health scores, coloured by band",
            open_list=open_bar,
        ),
    )


def _by_owner(scene: Scene, column: str, title: str) -> pn.Column:
    snapshot = scene.snapshot
    grouped = (
        scene.accounts.with_columns(pl.col(column).fill_null(NOT_SET))
        .group_by(column, "band")
        .agg(accounts=pl.len().cast(pl.Int64), mrr=pl.col("mrr").sum())
        .with_columns(
            total=pl.col("mrr").sum().over(column),
            worst=pl.col("mrr").filter(pl.col("band") == snapshot.band_names[0]).sum().over(column),
        )
        .sort("worst", "total", column, descending=[True, True, False])
    )
    owners = grouped[column].unique(maintain_order=True).head(MOST_ROWS).to_list()
    names = [*snapshot.band_names, NO_BAND]
    rows = [
        {
            "owner": row[column],
            "band": row["band"],
            "place": names.index(row["band"]),
            "mrr": scene.filters.recurring(row["mrr"]),
            "accounts": row["accounts"],
            "said": scene.amount(row["mrr"]),
            "n": n,
        }
        for n, row in enumerate(grouped.filter(pl.col(column).is_in(owners)).iter_rows(named=True))
    ]
    drawn = (
        alt.Chart(alt.InlineData(rows))
        .mark_bar(size=16, cursor="pointer")
        .add_params(parts.picked())
        .encode(
            y=alt.Y("owner:N", sort=owners, title=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=150)),
            x=alt.X(
                "mrr:Q",
                stack="zero",
                title=None,
                axis=alt.Axis(labelExpr=parts.amounts(snapshot.symbol), tickCount=5, domain=False),
            ),
            color=_band_color(snapshot, [name for name in names if name in set(grouped["band"])]),
            order=alt.Order("place:Q"),
            tooltip=[
                alt.Tooltip("owner:N", title=title[:-1]),
                alt.Tooltip("band:N", title="Band"),
                alt.Tooltip("accounts:Q", title="Accounts", format=","),
                alt.Tooltip("said:N", title=scene.filters.money),
            ],
        )
    )
    left = grouped[column].n_unique() - len(owners)
    more = f" {theme.plural(left, 'more is', 'more are')} not shown." if left > 0 else ""
    return parts.card(
        parts.heading(title, f"Revenue by band; most {snapshot.band_names[0].lower()} revenue first.{more}"),
        parts.chart(
            drawn,
            dark=scene.dark,
            height=78 + 28 * len(owners),
            label=f"Revenue in each band by {title}",
            open_list=lambda n: scene.go("accounts", **{column: rows[n]["owner"], "band": rows[n]["band"]}),
        ),
    )


def _band_color(snapshot: Snapshot, names: list[str]) -> alt.Color:
    return alt.Color(
        "band:N",
        scale=alt.Scale(domain=names, range=[snapshot.tone(name) for name in names]),
        legend=alt.Legend(orient="top", title=None, offset=4, direction="horizontal"),
    )
