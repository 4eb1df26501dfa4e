"""Which fate an import has for each record there: linked, adopted, held or left out, and why.

The first case that applies counts; every record has exactly one fate.
"""

import polars as pl

from toolkit.config.objects import ObjectMapping
from toolkit.frames import FATES, MISMATCHES, RECORD_KEY, SKIPS
from toolkit.importing.derived import ACCOUNT_THERE_ID, Derived
from toolkit.matching.clean import comparable
from toolkit.matching.keys import key_of
from toolkit.values import to_18

ORIGIN = "origin"
THERE_ID = "there_id"
ACCOUNT_ID = "account_id"
SALESFORCE = "salesforce"
"""The ``origin`` of a record here that Salesforce created."""
MANUAL = "manual"
"""The ``origin`` of what a person entered here."""

FREE_KINDS = ("unmatched", "no_key")
"""The mismatches of matching that an import may adopt; it holds the others, because a value is on several records.

Contacts that only share a value with each other are adopted as well, and told."""

ID_TAKEN = "id (VIT-7)"
ID_TWICE = "id (SKA-14)"
NO_ACCOUNT = "account (SKA-19)"
NOT_CREATED = "create (VIT-10)"
NOT_INPUT = "mode (SKA-6)"
JUDGING_RULES = (ID_TAKEN, ID_TWICE, NO_ACCOUNT)
"""The rules under which records that could be adopted are left out."""


def judged(
    there: pl.DataFrame,
    here: pl.DataFrame,
    holding: pl.DataFrame,
    mapping: ObjectMapping,
    mismatches: pl.DataFrame | None,
    accounts: pl.DataFrame,
    merged: pl.DataFrame,
    apart: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return one row a record there, by ``there_id``: name, here_id, account_id, fate, rule, reason.

    ``fate`` is created, returned (adopted before, and its link was lost while it was out of scope, or the partner of a
    record here was merged into it), unchanged (linked), held or skipped. `holding` are the links that hold, `accounts`
    is from `account_of`, `merged` from `toolkit.importing.leaving.merged_into`, `apart` (here_id, there_id) are pairs
    that a person said are different: they are not brought together again.
    """
    ours = _ours(here, holding, merged)
    if apart is not None:
        ours = ours.join(apart, left_on=["returned", "there_id"], right_on=["here_id", "there_id"], how="anti")
    rows = _beside(there, holding, mapping, mismatches).join(ours, on="there_id", how="left")
    rows = rows.join(accounts, on="there_id", how="left")
    free = pl.lit(value=True) if mismatches is None else pl.col("kind").is_in(FREE_KINDS).fill_null(value=False)
    if mapping.acts_as == "contact":
        several = there.filter(~_is_wanted_here(there, here, holding, mapping))[RECORD_KEY]
        free = free | ((pl.col("kind") == "duplicate_key") & pl.col("there_id").is_in(several.implode()))
    unmatched = pl.coalesce("why", pl.lit("it was not matched yet"))
    cases = [
        (pl.col("link").is_not_null(), "unchanged", None, None),
        (pl.lit(writes_here(mapping)) & pl.col("itself").fill_null(value=False), "returned", None, None),
        (~free, "held", pl.col("kind"), unmatched),
        (pl.lit(not writes_here(mapping)), "held", pl.lit(NOT_INPUT), pl.lit(f"the mode is {mapping.mode}")),
        (pl.col("returned").is_not_null(), "returned", None, None),
        (
            pl.lit(not creates_here(mapping)),
            "held",
            pl.lit(NOT_CREATED),
            pl.lit("only records with a partner are updated"),
        ),
        (_without_account(mapping), "skipped", pl.lit(NO_ACCOUNT), _account_reason()),
    ]
    fate, rule, reason = _first_that_applies(cases)
    rows = rows.with_columns(fate=fate, rule=rule, reason=reason, here_id=pl.coalesce("link", "returned", "wanted"))
    return _without_clashes(rows, here, mapping).sort("there_id")


def _first_that_applies(
    cases: list[tuple[pl.Expr, str, pl.Expr | None, pl.Expr | None]],
) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Return fate, rule and reason of the first case that applies; of none, the record is created."""
    nothing = pl.lit(None, pl.String)
    fate, rule, reason = pl.lit("created"), nothing, nothing
    for applies, name, why, told in reversed(cases):
        fate = pl.when(applies).then(pl.lit(name)).otherwise(fate)
        rule = pl.when(applies).then(nothing if why is None else why).otherwise(rule)
        reason = pl.when(applies).then(nothing if told is None else told).otherwise(reason)
    return fate, rule, reason


def account_of(there: pl.DataFrame, mapping: ObjectMapping, accounts: pl.DataFrame, derived: Derived) -> pl.DataFrame:
    """Return there_id, account_there_id and account_id, by the links of accounts; null for what hangs on no account."""
    path = mapping.account_path
    if ACCOUNT_THERE_ID in derived.columns.columns:
        found = derived.columns.select(there_id=RECORD_KEY, account_there_id=ACCOUNT_THERE_ID)
    elif hangs_on_accounts(mapping) and path is not None and path in there.columns:
        found = there.select(there_id=RECORD_KEY, account_there_id=to_18(pl.col(path).cast(pl.String)))
    else:
        found = there.select(there_id=RECORD_KEY, account_there_id=pl.lit(None, pl.String))
    partner = accounts.select(account_there_id="there_id", account_id="here_id")
    return found.join(partner, on=ACCOUNT_THERE_ID, how="left")


def hangs_on_accounts(mapping: ObjectMapping) -> bool:
    """Return whether records of an object belong to an account."""
    return mapping.acts_as not in ("account", "user")


def creates_here(mapping: ObjectMapping) -> bool:
    """Return whether records there become records here: when the mapping says so (VIT-10), and users always."""
    return mapping.create or mapping.acts_as == "user"


def writes_here(mapping: ObjectMapping) -> bool:
    """Return whether the mode lets Salesforce change anything here (SKA-4 to SKA-7)."""
    return mapping.mode in ("input", "two_way")


def fates_of(rows: pl.DataFrame, mapping: ObjectMapping) -> pl.DataFrame:
    """Return what `judged` returned as `frames.FATES`."""
    named = rows.select(object=pl.lit(mapping.object), side=pl.lit("there"), id="there_id", name="name", fate="fate",
                        rule="rule", reason="reason")  # fmt: skip
    return named.select(list(FATES.schema))


def skips_of(rows: pl.DataFrame, mapping: ObjectMapping) -> pl.DataFrame:
    """Return those that `judged` skipped as `frames.SKIPS`."""
    return fates_of(rows, mapping).filter(pl.col("fate") == "skipped").select(list(SKIPS.schema))


def _beside(
    there: pl.DataFrame,
    holding: pl.DataFrame,
    mapping: ObjectMapping,
    mismatches: pl.DataFrame | None,
) -> pl.DataFrame:
    """Return there_id, name, wanted (the id it would have here), link, and matching's kind and why."""
    name = pl.col(mapping.name).cast(pl.String) if mapping.name in there.columns else pl.lit(None, pl.String)
    rows = there.select(there_id=RECORD_KEY, name=name, wanted=_wanted_id(there, mapping))
    rows = rows.join(holding.select("there_id", link="here_id"), on="there_id", how="left")
    told = MISMATCHES.empty() if mismatches is None else mismatches
    told = told.filter((pl.col("side") == "there") & (pl.col("object") == mapping.object))
    return rows.join(told.select(there_id=RECORD_KEY, kind="kind", why="reason"), on="there_id", how="left")


def _ours(here: pl.DataFrame, holding: pl.DataFrame, merged: pl.DataFrame) -> pl.DataFrame:
    """Return there_id and returned: the record here without a partner that a record there has belonged to before.

    ``itself`` says that it is that very record, which no value that others share can make doubtful; else the partner
    was merged into it.
    """
    alone = here.join(holding, left_on=RECORD_KEY, right_on="here_id", how="anti")
    own = alone.filter(pl.col(ORIGIN).is_in([SALESFORCE, MANUAL]))  # of a file's records matching alone decides
    adopted = own.select(there_id=THERE_ID, returned=RECORD_KEY, itself=pl.lit(value=True)).drop_nulls()
    moved = alone.join(merged, left_on=THERE_ID, right_on="there_id")
    moved = moved.select(there_id="survivor", returned=RECORD_KEY, itself=pl.lit(value=False))
    return pl.concat([adopted, moved]).filter(~pl.col("there_id").is_duplicated() & ~pl.col("returned").is_duplicated())


def _is_wanted_here(
    there: pl.DataFrame, here: pl.DataFrame, holding: pl.DataFrame, mapping: ObjectMapping
) -> pl.Series:
    """Return which records there share the value of a match rule with a record here that has no partner yet.

    Two people with one e-mail address are two people, unless one of them may be somebody who is here already.
    """
    alone = here.join(holding, left_on=RECORD_KEY, right_on="here_id", how="anti")
    found = pl.repeat(False, there.height, dtype=pl.Boolean, eager=True)
    for rule in mapping.match:
        ours, theirs = key_of(alone, rule, "here"), key_of(there, rule, "there")
        if ours is not None and theirs is not None:
            found = found | theirs[1].is_in(ours[1].drop_nulls().implode()).fill_null(value=False)
    return found


def _wanted_id(there: pl.DataFrame, mapping: ObjectMapping) -> pl.Expr:
    """Return the id that a record has here: its value of the mapping's id field, or else its record id (SKA-14)."""
    if mapping.id is None or mapping.id not in there.columns:
        return pl.col(RECORD_KEY)
    given = pl.col(mapping.id).cast(pl.String).str.strip_chars()
    return pl.when(given != "").then(given).otherwise(RECORD_KEY)


def _without_account(mapping: ObjectMapping) -> pl.Expr:
    """Whether a record has no account here. A contact may have none at all; it is told about elsewhere."""
    may_stand_alone = mapping.account_path is None and mapping.acts_as != "interaction"
    if not hangs_on_accounts(mapping) or may_stand_alone:
        return pl.lit(value=False)
    names_one = pl.col(ACCOUNT_THERE_ID).is_not_null() if mapping.acts_as == "contact" else pl.lit(value=True)
    return pl.col(ACCOUNT_ID).is_null() & names_one


def _account_reason() -> pl.Expr:
    account = pl.col(ACCOUNT_THERE_ID)
    waits = pl.format("its account {} is not here; it comes once the account does", account)
    return pl.when(account.is_null()).then(pl.lit("it belongs to no account")).otherwise(waits)


def _without_clashes(rows: pl.DataFrame, here: pl.DataFrame, mapping: ObjectMapping) -> pl.DataFrame:
    """Return `rows` where new records whose id is taken here, or that want the same id, are skipped."""
    holders = here.select(_key=comparable(here[RECORD_KEY]), holder=RECORD_KEY).group_by("_key").agg(pl.min("holder"))
    rows = rows.with_columns(_key=comparable(rows["wanted"])).join(holders, on="_key", how="left")
    new, field = pl.col("fate") == "created", pl.lit(mapping.id or "Id")
    several = pl.len().over("_key", "fate") > 1
    taken = pl.format(
        '{} "{}" is already the id of {} here; match on that field to link both', field, "wanted", "holder"
    )
    first = pl.col("there_id").min().over("_key", "fate")
    twice = pl.format('{} "{}" is on several records in Salesforce, the first is {}', field, "wanted", first)
    held = pl.col("holder").is_not_null()
    rule = pl.when(held).then(pl.lit(ID_TAKEN)).when(several).then(pl.lit(ID_TWICE))
    told = pl.when(held).then(taken).when(several).then(twice)
    rows = rows.with_columns(
        rule=pl.when(new).then(rule).otherwise("rule"), reason=pl.when(new).then(told).otherwise("reason")
    )
    clashes = new & pl.col("rule").is_not_null()
    return rows.with_columns(fate=pl.when(clashes).then(pl.lit("skipped")).otherwise("fate"))
