"""The three-way merge: for every mapped field of every linked record, what would change, on which side, and why.

The base is the value both sides last agreed on; null means that they never did. Text is compared, in the form and
with the decimals of the Salesforce field. All of it is one set of polars expressions a field, over wide frames; only
cells that differ ever become rows.

    direction   differs because                         becomes
    output      whatever, there was edited (CAT-18)     write there
    output      nothing here, and never agreed          held: what we never wrote is not ours to clear
    output      there was edited, rule hold             conflict
    input       the mirror image of output
    two_way     changed here only                       write there
    two_way     changed there only                      write here
    two_way     both, or never agreed (BEY-2)           by rule: conflict, or write with the losing value in the reason

With ``nulls = "keep"`` an empty value never clears the other side: such a cell is no change. With the rule newest_wins
the side whose record was changed last wins; where that is not known, and in a field that goes one way, the cell is held
as with the rule hold. What a record holds counts with the field's default in place of no value.
"""

from dataclasses import dataclass

import polars as pl

from toolkit.config.objects import ConflictRule, FieldMapping
from toolkit.frames import CHANGES, RECORD_KEY
from toolkit.salesforce.describe import FieldDescribe
from toolkit.values import to_text
from toolkit.writeback.planning.sentences import (
    at_times,
    collided,
    filled_in,
    held_edit,
    left_alone,
    moved,
    overwritten,
    sentence,
)
from toolkit.writeback.planning.sides import (
    BASE,
    CHANGED_HERE,
    CHANGED_THERE,
    HERE,
    Sides,
    equal,
    natively_comparable,
    pair,
    side_by_side,
    text_sides,
    there_column,
)

DEFAULTED = "defaulted"

MERGED_COLUMNS = tuple(name for name in CHANGES.schema if name != "seq")
"""The columns of `merge`: a plan's, before its rows are numbered."""

SALESFORCE_WINS = "; Salesforce wins, the value here is lost"
TOOLKIT_WINS = "; the toolkit wins, the value in Salesforce is lost"
UNDECIDED = "; somebody has to decide"
NEWEST = {
    "here": "; the edit here is newer, the value in Salesforce is lost",
    "there": "; Salesforce is newer, the value here is lost",
}
UNKNOWN_WHEN = "; which side is newer is not known; somebody has to decide"


def merge(sides: Sides) -> pl.DataFrame:
    """Return one row a field that would change on either side: the columns of `frames.CHANGES` without ``seq``.

    A field that is not among ``sides.fields`` is left out; the pre-flight reports it. Raises StepMissingError when a
    side lacks the column of a mapped field.
    """
    fields = tuple(each for each in sides.mapping.fields if each.there in sides.fields)
    joined = side_by_side(sides, fields, differing=True)
    parts = pl.collect_all([_field_changes(sides, joined, each) for each in fields])
    return pl.concat([_merged_schema(), *parts])


def new_base(sides: Sides) -> pl.DataFrame:
    """Return the base of the next merge: a pair's value where both sides agree now, else what the base held before.

    Wide: ``id`` (of the record there), ``here_id``, then one text column a mapped pair. Pairs that are not
    mapped now, and records that are not linked or not in view, keep what they had.
    """
    worked_out = {*sides.here.columns}  # a score that was never made is nothing that could be agreed on
    fields = tuple(
        each
        for each in sides.mapping.fields
        if each.there in sides.fields and (each.here in worked_out or each.direction != "output")
    )
    joined = side_by_side(sides, fields)
    agreed = joined.select(
        pl.col("there_id").alias(RECORD_KEY), "here_id", *(_agreed(sides, joined, each) for each in fields)
    )
    if sides.base is not None:
        others = sides.base.select(RECORD_KEY, "here_id", pl.exclude(RECORD_KEY, "here_id", *agreed.columns))
        agreed = agreed.join(others, on=[RECORD_KEY, "here_id"], how="left")
        agreed = pl.concat([agreed, sides.base.join(agreed, on=RECORD_KEY, how="anti")], how="diagonal")
    return agreed.sort(RECORD_KEY)


def _agreed(sides: Sides, joined: pl.DataFrame, field: FieldMapping) -> pl.Expr:
    facts, one, other = sides.fields[field.there], HERE + field.here, there_column(joined, field)
    here, there = text_sides(joined, field, facts)
    agree = equal(field, here, there)
    if natively_comparable(joined.schema, field):
        differs = pl.col(one).ne_missing(pl.col(other))  # equal values have equal text: most need none of it
        rest = to_text(pl.when(differs).then(pl.col(other)), joined.schema[other], facts.type, facts.scale)
        agree = ~differs | equal(field, here, rest)
    return pl.when(agree).then(here).otherwise(pl.col(BASE + pair(field))).alias(pair(field))


def _merged_schema() -> pl.DataFrame:
    return CHANGES.empty().select(MERGED_COLUMNS)


def _field_changes(sides: Sides, joined: pl.DataFrame, field: FieldMapping) -> pl.LazyFrame:
    facts = sides.fields[field.there]
    here, there = text_sides(joined, field, facts)
    base = pl.col(BASE + pair(field))
    defaulted = []
    if field.default is not None:
        source = HERE + field.here if field.writes_there else there_column(joined, field)
        defaulted = [to_text(pl.col(source), joined.schema[source], facts.type, facts.scale).is_null().alias(DEFAULTED)]
    texts = [here.alias("here"), there.alias("there"), base.alias("base")]
    times = [CHANGED_HERE, CHANGED_THERE] if field.on_conflict == "newest_wins" else []
    differing = (
        _natively_different(joined, field)
        .select("here_id", "there_id", "name", *texts, *times, *defaulted)
        .filter(~equal(field, pl.col("here"), pl.col("there")))
    )
    if field.nulls == "keep":
        differing = differing.filter(~_only_clears(field))
    cases = _two_way(field) if field.direction == "two_way" else _one_way(field)
    return differing.select(_columns(sides.object, field, facts, cases))


def _only_clears(field: FieldMapping) -> pl.Expr:
    here, there, base = pl.col("here"), pl.col("there"), pl.col("base")
    if field.direction == "two_way":  # what was changed on the other side as well comes to the emptied one
        return (here.is_null() & there.eq_missing(base)) | (there.is_null() & here.eq_missing(base))
    return (here if field.direction == "output" else there).is_null()


def _natively_different(joined: pl.DataFrame, field: FieldMapping) -> pl.LazyFrame:
    # Values of one type that are equal have equal text: most cells are done without ever making text of them.
    if not natively_comparable(joined.schema, field):
        return joined.lazy()
    return joined.lazy().filter(pl.col(HERE + field.here).ne_missing(pl.col(there_column(joined, field))))


@dataclass(frozen=True)
class Case:
    """What becomes of the cells that `when` selects. The first case that applies counts; the last has no `when`."""

    when: pl.Expr | None
    side: str
    rule: str
    verdict: str
    reason: pl.Expr


def _one_way(field: FieldMapping) -> list[Case]:
    source, target = ("here", "there") if field.direction == "output" else ("there", "here")
    base = pl.col("base")
    edited = pl.col(target).ne_missing(base)
    never_ours = pl.col(source).is_null() & base.is_null()
    cases = [Case(never_ours, target, field.direction, "held", left_alone(target))]
    if field.on_conflict in ("hold", "newest_wins"):
        cases.append(Case(edited, target, "hold", "conflict", sentence(held_edit(target), UNDECIDED)))
    return [
        *cases,
        Case(edited, target, field.direction, "write", overwritten(target)),
        Case(None, target, field.direction, "write", moved(source)),
    ]


def _two_way(field: FieldMapping) -> list[Case]:
    here, there, base = pl.col("here"), pl.col("there"), pl.col("base")
    keeping = [
        Case(here.is_null() & base.is_not_null(), "here", "two_way", "write", moved("there")),
        Case(there.is_null() & base.is_not_null(), "there", "two_way", "write", moved("here")),
    ]
    return [
        *(keeping if field.nulls == "keep" else []),
        Case(there.eq_missing(base), "there", "two_way", "write", moved("here")),
        Case(here.eq_missing(base), "here", "two_way", "write", moved("there")),
        *_clash(field.on_conflict),
    ]


def _clash(rule: ConflictRule) -> list[Case]:
    if rule == "salesforce_wins":
        return [Case(None, "here", rule, "write", sentence(collided(), SALESFORCE_WINS))]
    if rule == "toolkit_wins":
        return [Case(None, "there", rule, "write", sentence(collided(), TOOLKIT_WINS))]
    if rule == "hold":
        return [Case(None, "there", rule, "conflict", sentence(collided(), UNDECIDED))]
    here, there = pl.col(CHANGED_HERE), pl.col(CHANGED_THERE)
    told = sentence(collided(), at_times(here, there))
    return [
        Case(here > there, "there", rule, "write", sentence(told, NEWEST["here"])),
        Case(there > here, "here", rule, "write", sentence(told, NEWEST["there"])),
        Case(None, "there", "hold", "conflict", sentence(told, UNKNOWN_WHEN)),
    ]


def _columns(object_name: str, field: FieldMapping, facts: FieldDescribe, cases: list[Case]) -> list[pl.Expr | str]:
    side = _choose(cases, [pl.lit(case.side) for case in cases])
    verdict = _choose(cases, [pl.lit(case.verdict) for case in cases])
    source = {"here": pl.col("there"), "there": pl.col("here")}
    after = _choose(
        cases,
        [source[case.side] if case.verdict != "conflict" else pl.lit(None, dtype=pl.String) for case in cases],
    )
    reason = _choose(cases, [case.reason for case in cases])
    if field.default is not None:
        reason = pl.when(DEFAULTED).then(sentence(reason, filled_in(field.writes_there))).otherwise(reason)
    written_there = side == "there"
    clears = after.is_null() & (verdict != "conflict")
    columns: list[pl.Expr | str] = [
        side.alias("side"),
        pl.lit(object_name).alias("object"),
        "here_id",
        "there_id",
        "name",
        pl.when(clears).then(pl.lit("clear")).otherwise(pl.lit("update")).alias("operation"),
        pl.when(written_there).then(pl.lit(field.there)).otherwise(pl.lit(field.here)).alias("field"),
        pl.when(written_there).then(pl.lit(field.here)).otherwise(pl.lit(field.there)).alias("partner"),
        pl.lit(facts.type).alias("type"),
        "base",
        "here",
        "there",
        after.alias("after"),
        _choose(cases, [pl.lit(case.rule) for case in cases]).alias("rule"),
        verdict.alias("verdict"),
        reason.alias("reason"),
    ]
    return columns


def _choose(cases: list[Case], values: list[pl.Expr]) -> pl.Expr:
    chosen = values[-1]
    for case, value in zip(cases[-2::-1], values[-2::-1], strict=True):
        assert case.when is not None, "only the last case applies to all that is left"
        chosen = pl.when(case.when).then(value).otherwise(chosen)
    return chosen
