"""Rows that a reviewer leaves out of a plan: they stay in it, with the verdict ``excluded`` and who left them out.

A record is created, deleted or merged as a whole or not at all, and nothing is left half done: with a record that is
not created goes what refers to it, with a value that is changed on both sides its other half, with a record's currency
its amounts, with a field that is not created who would see it. A record from which something hangs that stays is not
deleted either: Salesforce would delete both.
"""

from collections.abc import Iterable, Mapping

import polars as pl

from toolkit.errors import InputError
from toolkit.frames import CHANGES, RECORD_KEY, conform
from toolkit.writeback.planning.operations import CHANGING, CREATE, CREATE_FIELD, DELETE, FIELDS, WHOLE
from toolkit.writeback.planning.record_rules import CURRENCY_CODE
from toolkit.writeback.planning.refusing import IS_NEW

EXCLUDED = "excluded"
BELONGS = {"object": pl.String, "here_id": pl.String, "to_object": pl.String, "to_here_id": pl.String}
"""Which record here hangs from which: a contact from its account."""

_HOLDERS = {"account_id": "account", "contact_id": "contact", "parent_id": "account"}
_WHOLE_KEY = ["side", "object", "operation", "_record"]
_FIELD_KEY = ["object", "field"]


def excluded(changes: pl.DataFrame, seqs: Iterable[int], by: str, belongs: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return `changes` (`CHANGES`) with these rows, and what cannot stand without them, left out by a person.

    `belongs` (`BELONGS`) says what hangs from what, for records that are deleted. Raises InputError for a row that the
    plan does not have, or that it would not write anyway.
    """
    wanted = sorted(set(seqs))
    _refuse_unknown(changes.filter(pl.col("seq").is_in(wanted)), wanted)
    writes = changes.filter(verdict="write").with_columns(_record=pl.coalesce("here_id", "there_id"))
    hangs = pl.DataFrame(schema=BELONGS) if belongs is None else belongs.select(list(BELONGS))
    out = writes.filter(pl.col("seq").is_in(wanted))
    while True:  # each round follows one more step of what hangs on what
        more = _with(out, writes, hangs)
        if more.height == out.height:
            break
        out = more
    goes = pl.col("seq").is_in(out["seq"].implode())
    said = pl.when(pl.col("seq").is_in(wanted)).then(pl.lit(f"left out by {by}"))
    reason = said.otherwise(pl.lit(f"left out by {by}, with what it belongs to"))
    return conform(
        changes.with_columns(
            verdict=pl.when(goes).then(pl.lit(EXCLUDED)).otherwise("verdict"),
            reason=pl.when(goes).then(reason).otherwise("reason"),
        ),
        CHANGES,
    )


def _refuse_unknown(found: pl.DataFrame, wanted: list[int]) -> None:
    missing = sorted(set(wanted) - set(found["seq"]))
    if missing:
        raise InputError(
            f"The plan has no row {', '.join(map(str, missing[:5]))}.", hint="Name rows by their number, seq."
        )
    if found.filter(verdict="write").is_empty():
        raise InputError(
            "There is nothing to leave out: none of these rows would be written.",
            hint="Leave out rows with the verdict write; conflicts and held rows are never written.",
        )


def _with(out: pl.DataFrame, writes: pl.DataFrame, belongs: pl.DataFrame) -> pl.DataFrame:
    """The rows of `writes` that are left out once those of `out` are."""
    whole = out.filter(pl.col("operation").is_in(WHOLE))
    parts = [
        out,
        writes.join(whole, on=_WHOLE_KEY, how="semi"),
        _referring(writes, out.filter(operation=CREATE)),
        _other_halves(writes, out.filter(pl.col("operation").is_in(CHANGING))),
        _of_field(writes, out.filter(operation=CREATE_FIELD)),
        _money_of(writes, out.filter(pl.col("operation").is_in(CHANGING))),
        _carrying(writes, out.filter(operation=DELETE), belongs),
    ]
    return pl.concat(parts).unique("seq").sort("seq")


def _referring(writes: pl.DataFrame, created: pl.DataFrame) -> pl.DataFrame:
    """The rows whose value is a record that is not created now: ``{account:P-1}``."""
    gone = created.select(_to="object", _to_id="here_id").unique()
    to = writes.with_columns(
        _to=pl.col("after").str.extract(IS_NEW, 1), _to_id=pl.col("after").str.extract(IS_NEW, 2)
    ).filter((pl.col("type") == "reference") & pl.col("_to").is_not_null())
    return to.join(gone, on=["_to", "_to_id"], how="semi").select(writes.columns)


def _other_halves(writes: pl.DataFrame, out: pl.DataFrame) -> pl.DataFrame:
    """The rows that change the same pair of fields of the same record on the other side."""
    keys = ["object", "here_id", "there_id", "field", "partner"]
    halves = out.select("object", "here_id", "there_id", field="partner", partner="field")
    changed = writes.filter(pl.col("operation").is_in(CHANGING))
    return changed.join(halves, on=keys, how="semi", nulls_equal=True)


def _money_of(writes: pl.DataFrame, out: pl.DataFrame) -> pl.DataFrame:
    """The amounts in Salesforce of records whose currency stays what it is: they are in another one."""
    codes = out.filter((pl.col("side") == "there") & (pl.col("field").str.to_lowercase() == CURRENCY_CODE.lower()))
    amounts = writes.filter(pl.col("operation").is_in(CHANGING), side="there", type="currency")
    return amounts.join(codes, on=["object", "there_id"], how="semi")


def _of_field(writes: pl.DataFrame, created: pl.DataFrame) -> pl.DataFrame:
    return writes.filter(pl.col("operation").is_in(FIELDS)).join(created, on=_FIELD_KEY, how="semi")


def _carrying(writes: pl.DataFrame, kept: pl.DataFrame, belongs: pl.DataFrame) -> pl.DataFrame:
    """The deletions of the records from which a record hangs that is not deleted now."""
    holders = kept.join(belongs, on=["object", "here_id"], how="inner").select(object="to_object", here_id="to_here_id")
    return writes.filter(operation=DELETE).join(holders, on=["object", "here_id"], how="semi")


def hanging(here: Mapping[str, pl.DataFrame], roles: Mapping[str, str]) -> pl.DataFrame:
    """Return which record here hangs from which (`BELONGS`): `here` are the records by object, `roles` what each is."""
    by_role = {role: name for name, role in roles.items()}
    parts = [pl.DataFrame(schema=BELONGS)]
    for name, records in here.items():
        for column, role in _HOLDERS.items():
            if column in records.columns and role in by_role:
                to = pl.col(column).cast(pl.String)
                parts.append(
                    records.select(object=pl.lit(name), here_id=RECORD_KEY, to_object=pl.lit(by_role[role]),
                                   to_here_id=to).drop_nulls()
                )  # fmt: skip
    return pl.concat(parts)
