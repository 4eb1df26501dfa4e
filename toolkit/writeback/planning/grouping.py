"""A plan counted in groups that open into smaller ones: object and side, then field, then rule.

Pure: frames in, frames out. What is counted here is shown alike by the command line, the notebook and the dashboard.
"""

import polars as pl

from toolkit.values import NUMBER_TYPES
from toolkit.writeback.planning.operations import (
    CHANGING,
    CREATE,
    CREATE_FIELD,
    DELETE,
    DELETE_FIELD,
    GRANT_FIELD,
    MERGE,
    UNDELETE,
)

VERDICTS = ("write", "conflict", "held", "refused", "excluded")
"""What can be said of a row of a plan."""

WHOLE_WORDS = {
    CREATE: "new records",
    DELETE: "deleted records",
    UNDELETE: "records out of the recycle bin",
    MERGE: "merged records",
    CREATE_FIELD: "new fields",
    GRANT_FIELD: "who may see fields",
    DELETE_FIELD: "fields that go",
}
"""What a group of rows that are not about single values is called, by operation."""

RULE_WORDS = {
    "output": "goes to Salesforce",
    "input": "comes from Salesforce",
    "two_way": "one side changed",
    "salesforce_wins": "both changed, Salesforce wins",
    "toolkit_wins": "both changed, this side wins",
    "newest_wins": "both changed, the newest wins",
    "hold": "both changed, nobody decided",
    "decided": "decided by a person",
    "create": "on one side only",
    "edit": "edited by hand",
    "add": "entered by hand",
    "undo": "taken back",
}
"""Why a row is in the plan, by its rule; a rule that is not named here is shown as it is."""

SEPARATOR = "\x1f"
"""What stands between the parts of a group's key."""

GROUPS = {
    "key": pl.String,  # the path of the group; a group within it begins with it
    "parent": pl.String,  # the key of the group that opens into it, null for the largest ones
    "level": pl.Int64,  # 0 object and side, 1 field or operation, 2 rule
    "label": pl.String,
    "records": pl.Int64,
    **dict.fromkeys(VERDICTS, pl.Int64),
    "largest": pl.Float64,  # how much the row that changes most changes, 0-1
}
"""The columns of `groups`."""


def groups(changes: pl.DataFrame) -> pl.DataFrame:
    """Return the groups of a plan's rows (`CHANGES`) as `GROUPS`, each directly above those that it opens into.

    Groups beside each other are in the order of how much they would write, then of their largest change.
    """
    keyed = with_groups(changes)
    levels = [_counted(keyed, level) for level in range(3)]
    placed = [each.with_columns(_place=_place(each)) for each in levels]
    paths = placed[0].with_columns(parent=pl.lit(None, dtype=pl.String), _path=pl.concat_list("_place"))
    parts = [paths]
    for level in placed[1:]:
        above = paths.select(parent="key", _before="_path")
        paths = (
            level.with_columns(parent=_PARENT)
            .join(above, on="parent")
            .with_columns(_path=pl.concat_list("_before", "_place"))
        )
        parts.append(paths)
    # A list that is the beginning of another sorts before it, so that a group stands above those within.
    together = pl.concat(parts, how="diagonal_relaxed")
    order = [pl.col("_path").list.get(place, null_on_oob=True) for place in range(3)]
    return together.sort(order, nulls_last=False).select(pl.col(name).cast(dtype) for name, dtype in GROUPS.items())


def with_groups(changes: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with the column ``group``, the key of the smallest group that each is in."""
    whole = ~pl.col("operation").is_in(CHANGING)
    what = pl.when(whole).then("operation").otherwise("field")
    why = pl.when(whole).then(pl.coalesce("field", pl.lit(""))).otherwise("rule")
    key = pl.concat_str(pl.concat_str("object", "side", separator=SEPARATOR), what, why, separator=SEPARATOR)
    return changes.with_columns(group=key)


def within(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """Return those of the rows of `with_groups` that are in the group `key`, or in one that it opens into."""
    return rows.filter((pl.col("group") == key) | pl.col("group").str.starts_with(key + SEPARATOR))


def change_size() -> pl.Expr:
    """Return how much a row changes, 0-1: a number by |after - before| / max(|before|, |after|).

    Whatever overwrites a value that is no number is 0.75, what fills an empty field 0.5; a number that comes or goes 1.
    """
    before = pl.when(pl.col("side") == "there").then("there").otherwise("here")
    old, new = (each.cast(pl.Float64, strict=False) for each in (before, pl.col("after")))
    size = ((new - old).abs() / pl.max_horizontal(old.abs(), new.abs())).fill_nan(0.0).fill_null(1.0)
    return (
        pl.when(pl.col("type").is_in([*NUMBER_TYPES, "int"]))
        .then(size)
        .otherwise(pl.when(before.is_null()).then(0.5).otherwise(0.75))
    )


def _counted(keyed: pl.DataFrame, level: int) -> pl.DataFrame:
    parts = pl.col("group").str.split(SEPARATOR)
    record = pl.struct("object", "here_id", "there_id")
    return (
        keyed.with_columns(
            key=parts.list.head(2 + level).list.join(SEPARATOR), label=_label(level), _size=change_size()
        )
        .group_by("key", maintain_order=True)
        .agg(
            pl.lit(level).alias("level"),
            pl.col("label").first(),
            record.n_unique().alias("records"),
            *((pl.col("verdict") == name).sum().alias(name) for name in VERDICTS),
            pl.col("_size").filter(pl.col("verdict") == "write").max().fill_null(0.0).alias("largest"),
        )
    )


def _label(level: int) -> pl.Expr:
    if level == 0:
        where = pl.when(pl.col("side") == "there").then(pl.lit("in Salesforce")).otherwise(pl.lit("here"))
        return pl.concat_str("object", where, separator=" ")
    whole = ~pl.col("operation").is_in(CHANGING)
    if level == 1:
        return pl.when(whole).then(pl.col("operation").replace(WHOLE_WORDS)).otherwise("field")
    return pl.when(whole).then(pl.coalesce("field", pl.lit("the record"))).otherwise(pl.col("rule").replace(RULE_WORDS))


def _place(counted: pl.DataFrame) -> pl.Series:
    """Return the place of each group among all of its level: most rows to write first, then the largest change."""
    order = counted.with_row_index("_row").sort(
        "write", "largest", "key", descending=[True, True, False], maintain_order=True
    )
    return order.with_columns(_place=pl.int_range(pl.len(), dtype=pl.Int64)).sort("_row")["_place"]


_PARTS = pl.col("key").str.split(SEPARATOR)
_PARENT = _PARTS.list.head(_PARTS.list.len() - 1).list.join(SEPARATOR)
