"""Why a record has no partner, in words, as `frames.MISMATCHES` tells it."""

import polars as pl

from toolkit.config.objects import ObjectMapping
from toolkit.frames import RECORD_KEY
from toolkit.matching.keys import label_of

OTHER = {"here": "there", "there": "here"}
PLACE = {"here": "here", "there": "in Salesforce"}
DECIDED = "decided"
"""The kind of a mismatch of which a person said that it is not its only partner."""

_NAMED = 3


def held(
    free: pl.DataFrame, side: str, sides: dict[str, pl.DataFrame], mapping: ObjectMapping, number: int
) -> pl.DataFrame:
    """Return, as mismatches, the free records whose key is repeated on a side or taken on the other one.

    After pairing, a free record whose key the other side knows at all is one of these: were both keys unique and both
    records free, they would be a pair.
    """
    key, rule, other = f"key{number}", mapping.match[number], OTHER[side]
    own = free.filter(pl.col(key).is_not_null() & ~pl.col(f"once{number}"))
    rest = free.filter(pl.col(f"once{number}"))
    known = sides[other].filter(pl.col(key).is_in(rest[key].implode())) if rest.height else sides[other].clear()
    rest = rest.join(known, on=key, how="semi")
    return pl.concat(
        [
            _explained(own, sides[side], number, side, "duplicate_key", side, label_of(rule, side)),
            _explained(rest, sides[other], number, side, "ambiguous", other, label_of(rule, other)),
        ]
    )


def held_through(
    free: pl.DataFrame,
    side: str,
    sides: dict[str, pl.DataFrame],
    found: pl.DataFrame,
    mapping: ObjectMapping,
    number: int,
) -> pl.DataFrame:
    """Return, as mismatches, the free records that have candidates through contacts and were not paired."""
    other = OTHER[side]
    own, partner = f"{side}_row", f"{other}_row"
    lead = found.with_columns(leads=pl.len().over(partner))
    known = sides[other].select(pl.col("row").alias(partner), _label().alias("who"))
    told = (
        lead.join(known, on=partner, how="left")
        .sort(own, "who")
        .group_by(own, maintain_order=True)
        .agg(bearers=pl.len(), who=pl.col("who").head(_NAMED).str.join(", "), given=pl.col(f"{side}_given").first(),
             leads=pl.col("leads").max())
    )  # fmt: skip
    label = pl.lit(label_of(mapping.match[number], side))
    more = pl.when(pl.col("bearers") > _NAMED).then(pl.lit(", ...")).otherwise(pl.lit(""))
    start = pl.format('{} "{}" leads to ', label, "given")
    several = pl.format("{}{} records {}: {}{}", start, "bearers", pl.lit(PLACE[other]), "who", more)
    shared = pl.format("{}{}, to which {} records {} lead", start, "who", "leads", pl.lit(PLACE[side]))
    taken = pl.format("{}{}, which is linked or held already", start, "who")
    reason = pl.when(pl.col("bearers") > 1).then(several).when(pl.col("leads") > 1).then(shared).otherwise(taken)
    rows = free.join(told, left_on="row", right_on=own, how="inner")
    kind = pl.lit("ambiguous").alias("kind")
    return rows.select("row", pl.lit(side).alias("side"), RECORD_KEY, "name", kind, value="given", reason=reason)


def held_by_decision(
    pairs: pl.DataFrame, side: str, sides: dict[str, pl.DataFrame], mapping: ObjectMapping, number: int
) -> pl.DataFrame:
    """Return, as mismatches, one side of pairs that a rule would make and a person said are different.

    `pairs` has here_row, there_row, decided_by and decided_at.
    """
    own, other = f"{side}_row", OTHER[side]
    partner = sides[other].select(pl.col("row").alias(f"{other}_row"), _label().alias("who"))
    rows = (
        sides[side].join(pairs, left_on="row", right_on=own, how="inner").join(partner, on=f"{other}_row", how="left")
    )
    reason = pl.format(
        'the rule "{}" would pair it with {}; {} said on {} that they are different',
        pl.lit(str(mapping.match[number])), "who", "decided_by", pl.col("decided_at").dt.to_string("%Y-%m-%d"),
    )  # fmt: skip
    kind, value = pl.lit(DECIDED).alias("kind"), _written(number).alias("value")
    return rows.select("row", pl.lit(side).alias("side"), RECORD_KEY, "name", kind, value, reason.alias("reason"))


def alone(free: pl.DataFrame, side: str, mapping: ObjectMapping) -> pl.DataFrame:
    """Return, as mismatches, the records that no rule found a partner for: without any key, or with one nobody has."""
    other = OTHER[side]
    if not mapping.match:
        reason = pl.lit("no rule says which records belong together")
        nothing = [pl.lit("no_key").alias("kind"), pl.lit(None, pl.String).alias("value"), reason.alias("reason")]
        return free.select("row", pl.lit(side).alias("side"), RECORD_KEY, "name", *nothing)
    fields = " and ".join(dict.fromkeys(label_of(rule, side) for rule in mapping.match))
    blank = "is blank" if len(mapping.match) == 1 else "are blank"
    numbered = list(enumerate(mapping.match))
    given, reasons, unread = [], [], []
    for number, rule in numbered:
        key, text = pl.col(f"key{number}"), _written(number)
        given.append(pl.when(key.is_not_null()).then(text))
        has_not = pl.format('no record {} has {} "{}"', pl.lit(PLACE[other]), pl.lit(label_of(rule, other)), text)
        reasons.append(pl.when(key.is_not_null()).then(has_not))
        says = pl.format('{} "{}" is nothing to match by', pl.lit(label_of(rule, side)), text)
        unread.append(pl.when(key.is_null() & (text != "")).then(says))
    no_key = pl.all_horizontal(pl.col(f"key{number}").is_null() for number, _ in numbered)
    return free.select(
        "row",
        pl.lit(side).alias("side"),
        RECORD_KEY,
        "name",
        pl.when(no_key).then(pl.lit("no_key")).otherwise(pl.lit("unmatched")).alias("kind"),
        pl.coalesce(given).alias("value"),
        pl.coalesce(*reasons, *unread, pl.lit(f"{fields} {blank}")).alias("reason"),
    )


def _explained(
    found: pl.DataFrame, bearers: pl.DataFrame, number: int, side: str, kind: str, at: str, field: str
) -> pl.DataFrame:
    """Return held records as mismatches whose reason names up to three bearers of the key on the side `at`."""
    key = f"key{number}"
    named = bearers.filter(pl.col(key).is_in(found[key].implode())) if found.height else bearers.clear()
    named = named.sort(RECORD_KEY)
    who = named.group_by(key).agg(bearers=pl.len(), who=_label().head(_NAMED).str.join(", "))
    more = pl.when(pl.col("bearers") > _NAMED).then(pl.lit(", ...")).otherwise(pl.lit(""))
    several = pl.format(
        '{} "{}" is on {} records {}: {}{}', pl.lit(field), _written(number), "bearers", pl.lit(PLACE[at]), "who", more
    )
    taken = pl.format('{} "{}" is on {}, which is linked or held already', pl.lit(field), _written(number), "who")
    reason = pl.when(pl.col("bearers") > 1).then(several).otherwise(taken)
    return found.join(who, on=key, how="left").select(
        "row",
        pl.lit(side).alias("side"),
        RECORD_KEY,
        "name",
        pl.lit(kind).alias("kind"),
        _written(number).alias("value"),
        reason.alias("reason"),
    )


def _label() -> pl.Expr:
    return pl.when(pl.col("name").is_null()).then(RECORD_KEY).otherwise(pl.format("{} ({})", "name", RECORD_KEY))


def _written(number: int) -> pl.Expr:
    return pl.col(f"given{number}").str.strip_chars()
