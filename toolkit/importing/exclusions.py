"""Records that are in scope and still take no part, because the mapping file says so; each with its reason.

They are left out before matching, so that nothing is ever linked to them.
"""

from dataclasses import dataclass

import polars as pl

from toolkit.config.objects import ObjectMapping
from toolkit.frames import RECORD_KEY, SKIPS, conform
from toolkit.values import to_18

NAME_TOO_LONG = "name_over (CC-15)"
PERSON_ACCOUNT = "person_accounts (CC-16)"
PARENT = "parents (CC-13)"
EXCLUSIONS = (NAME_TOO_LONG, PARENT, PERSON_ACCOUNT)
"""The rules under which records are excluded, in the order in which they are told."""

IS_PERSON = "IsPersonAccount"
PARENT_PATH = "ParentId"


@dataclass(frozen=True)
class Excluded:
    """The records there that take part, and the others as `frames.SKIPS`, one row for each rule that left one out."""

    kept: pl.DataFrame
    skips: pl.DataFrame


def excluded(there: pl.DataFrame, mapping: ObjectMapping, parents: pl.Series | None = None) -> Excluded:
    """Return which records there take part, each under its record id of 18 characters.

    A name is as long as Salesforce counts it, in characters. An org without person accounts has no ``IsPersonAccount``:
    then nobody is one. A parent is an account that another one in scope, or one of `parents`, points to; `parents` are
    ids of accounts known to have children that are not in scope.
    """
    wanted, there = mapping.exclude, there.with_columns(to_18(pl.col(RECORD_KEY).cast(pl.String)))
    found: list[pl.DataFrame] = []
    if wanted.name_over is not None and mapping.name in there.columns:
        length = pl.col(mapping.name).cast(pl.String).str.len_chars()
        too_long = pl.format("its name has {} characters; at most {} are taken", length, pl.lit(wanted.name_over))
        found.append(_skips(there, mapping, length > wanted.name_over, NAME_TOO_LONG, too_long))
    if wanted.person_accounts and IS_PERSON in there.columns:
        person = pl.col(IS_PERSON).cast(pl.String).str.to_lowercase() == "true"
        found.append(_skips(there, mapping, person, PERSON_ACCOUNT, pl.lit("it is a person, not a company")))
    if wanted.parents:
        found += _with_children(there, mapping, parents)
    skips = conform(pl.concat(found), SKIPS) if found else SKIPS.empty()
    return Excluded(there.join(skips, on=RECORD_KEY, how="anti", maintain_order="left"), skips)


def _with_children(there: pl.DataFrame, mapping: ObjectMapping, parents: pl.Series | None) -> list[pl.DataFrame]:
    path = mapping.hierarchy.parent if mapping.hierarchy else PARENT_PATH
    ids = there[path].cast(pl.String) if path in there.columns else pl.Series(dtype=pl.String)
    children = pl.DataFrame({"parent": pl.concat([ids, *([] if parents is None else [parents.cast(pl.String)])])})
    counted = children.select(to_18(pl.col("parent"))).drop_nulls().group_by("parent").len("children")
    beside = there.join(counted, left_on=RECORD_KEY, right_on="parent", how="left")
    one = pl.col("children") == 1
    reason = pl.format("it is the parent of {} other {}", "children", pl.when(one).then(pl.lit("account")).otherwise(
        pl.lit("accounts")))  # fmt: skip
    return [_skips(beside, mapping, pl.col("children").is_not_null(), PARENT, reason)]


def _skips(there: pl.DataFrame, mapping: ObjectMapping, which: pl.Expr, rule: str, reason: pl.Expr) -> pl.DataFrame:
    name = pl.col(mapping.name).cast(pl.String) if mapping.name in there.columns else pl.lit(None, pl.String)
    return there.filter(which).select(
        object=pl.lit(mapping.object), side=pl.lit("there"), id=RECORD_KEY, name=name, rule=pl.lit(rule), reason=reason
    )
