"""Why two records may be the same, in words: what agrees first, then what does not."""

import polars as pl


def evidence(pairs: pl.DataFrame) -> pl.Series:
    """Return a sentence a row of pairs with the traits of both sides (here_..., there_...) and `alike`."""
    parts = [_name(), _domain(), _place("city"), _place("country")]
    return pairs.select(pl.concat_str(parts, separator="; ", ignore_nulls=True).alias("evidence")).to_series()


def _name() -> pl.Expr:
    here, there = pl.col("here_name"), pl.col("there_name")
    alike = pl.format("names alike to {} %", (pl.col("alike") * 100).round(0).cast(pl.Int64))
    told = (
        pl.when((here == "") | (there == ""))
        .then(pl.lit("no name to compare"))
        .when(pl.col("here_shown") == pl.col("there_shown"))
        .then(pl.lit("the same name"))
        .when(here == there)
        .then(pl.lit("the same name but for legal form, case and accents"))
        .when(pl.col("here_ordered") == pl.col("there_ordered"))
        .then(pl.lit("the same words in another order"))
        .when(here.str.replace_all(" ", "", literal=True) == there.str.replace_all(" ", "", literal=True))
        .then(pl.lit("the same name but for blanks"))
        .when((pl.col("here_initials") == there) | (pl.col("there_initials") == here))
        .then(pl.lit("one name is the initials of the other"))
    )
    for longer, shorter, who in ((there, here, "Salesforce"), (here, there, "the record here")):
        front, back = pl.concat_str(shorter, pl.lit(" ")), pl.concat_str(pl.lit(" "), shorter)
        also = pl.lit(f'the same name, but {who} also says "')
        behind, before = longer.str.strip_prefix(front), longer.str.strip_suffix(back)
        told = told.when(longer.str.starts_with(front)).then(pl.concat_str(also, behind, pl.lit('"')))
        told = told.when(longer.str.ends_with(back)).then(pl.concat_str(also, before, pl.lit('"')))
    return told.otherwise(alike)


def _domain() -> pl.Expr:
    here, there = pl.col("here_domain"), pl.col("there_domain")
    return (
        pl.when(here == there)
        .then(pl.format("same domain {}", here))
        .when(pl.col("here_label") == pl.col("there_label"))
        .then(pl.format("domains {} and {}", here, there))
        .when(here.is_not_null() & there.is_not_null())
        .then(pl.format("another domain: {} and {}", here, there))
    )


def _place(trait: str) -> pl.Expr:
    here, there = pl.col(f"here_{trait}"), pl.col(f"there_{trait}")
    return (
        pl.when(here == there)
        .then(pl.format(f"same {trait} {{}}", here.str.to_titlecase()))
        .when(here != there)
        .then(pl.format(f"another {trait}: {{}} and {{}}", here.str.to_titlecase(), there.str.to_titlecase()))
    )
