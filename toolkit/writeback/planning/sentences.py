"""The reasons a change gives, as polars expressions: one short English sentence with the values in it.

Every sentence is made from the text columns ``base``, ``here`` and ``there``.
"""

import polars as pl

LONGEST = 60
"""Characters of a value that a reason shows."""


def shown(value: pl.Expr) -> pl.Expr:
    """Return how a reason names a value: in quotes, cut when it is long; null is ``nothing``."""
    cut = pl.when(value.str.len_chars() > LONGEST).then(value.str.head(LONGEST) + pl.lit("…")).otherwise(value)
    return pl.when(value.is_null()).then(pl.lit("nothing")).otherwise(pl.lit("'") + cut + pl.lit("'"))


def sentence(*parts: str | pl.Expr) -> pl.Expr:
    """Return the parts as one text; strings are said as they are."""
    return pl.concat_str([pl.lit(part) if isinstance(part, str) else part for part in parts])


BASE, HERE, THERE = (shown(pl.col(name)) for name in ("base", "here", "there"))


def moved(side: str) -> pl.Expr:
    """Return the plain case: only this side changed, or only it has a value."""
    value, word, other = (HERE, "here", "in Salesforce") if side == "here" else (THERE, "in Salesforce", "here")
    return (
        pl.when(pl.col("base").is_null())
        .then(pl.lit(f"not {other} yet"))
        .otherwise(sentence(f"changed {word} from ", BASE, " to ", value))
    )


def overwritten(side: str) -> pl.Expr:
    """Return why the value of this side of a one-way field is lost (CAT-18)."""
    value, word = (HERE, "here") if side == "here" else (THERE, "in Salesforce")
    why = f"overwritten, because this field {'comes from' if side == 'here' else 'goes to'} Salesforce only"
    return (
        pl.when(pl.col("base").is_null())
        .then(sentence(value, f" {word} was never agreed; {why}"))
        .otherwise(sentence(f"edited {word} from ", BASE, " to ", value, f"; {why}"))
    )


def left_alone(side: str) -> pl.Expr:
    """Return why the value of this side stays although the other, which would be copied over it, is empty."""
    value, word, other = (HERE, "here", "in Salesforce") if side == "here" else (THERE, "in Salesforce", "here")
    return sentence(f"nothing {other} to copy, and ", value, f" {word} was never agreed, so it stays")


def collided() -> pl.Expr:
    """Return how both sides came to differ, without saying who wins."""
    return (
        pl.when(pl.col("base").is_null())
        .then(sentence("never agreed: here ", HERE, ", in Salesforce ", THERE))
        .otherwise(sentence("changed from ", BASE, " to ", HERE, " here and to ", THERE, " in Salesforce"))
    )


def held_edit(side: str) -> pl.Expr:
    """Return why a one-way field with the rule ``hold`` waits: this side, which would be overwritten, was edited."""
    value, word = (HERE, "here") if side == "here" else (THERE, "in Salesforce")
    new, other = (THERE, "in Salesforce") if side == "here" else (HERE, "here")
    return (
        pl.when(pl.col("base").is_null())
        .then(collided())
        .otherwise(sentence(f"edited {word} from ", BASE, " to ", value, f", while {other} it is ", new))
    )


def at_times(here: pl.Expr, there: pl.Expr) -> pl.Expr:
    """Return when the two records were last changed; the times are in UTC, null where nobody knows."""
    told = [each.dt.strftime("%Y-%m-%d %H:%M:%S").fill_null("an unknown time") for each in (here, there)]
    return sentence("; edited here at ", told[0], ", the record in Salesforce changed at ", told[1], " (UTC)")


def filled_in(from_here: bool) -> str:
    """Return that the value is the field's default; `from_here` says which side it stands in for."""
    return f"; there is no value {'here' if from_here else 'in Salesforce'}, so it is the field's default"
