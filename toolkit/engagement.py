"""Who was spoken to, who was not, and whom the accounts are known through (DSH-6, CC-1).

Pure: frames in, frames out, the moment is an argument. What every rule here shares:

- A touch is an interaction that has taken place. A meeting that is still to come is none yet, and a copy of an
  interaction that came from two places counts once (`frames.INTERACTIONS`, ``duplicate_of``).
- An account without a single touch is one without a touch in any number of days.
- Coverage counts a tag only where the mapping file maps it: a tag that nothing says is unknown, not absent.
"""

from datetime import datetime, timedelta

import polars as pl

from toolkit.config.objects import ROLE_TAGS
from toolkit.frames import RECORD_KEY

KINDS = ("email", "meeting", "call", "note")
"""The kinds of interactions, in the order in which they are listed."""

COVERED_BY = ("champion", "sponsor", "key_user")
"""The tags that an account should have somebody for (DSH-6)."""

PULSE, PULSE_AT = "pulse", "pulse_at"
"""The columns of accounts that hold what their CSM last felt, and when (HLT-6)."""


def touches(interactions: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Return the interactions (`frames.INTERACTIONS`) that have taken place by `now`, each once."""
    return interactions.filter(pl.col("duplicate_of").is_null() & (pl.col("at") <= now))


def last_touches(interactions: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Return one row an account with a touch: account_id, touched_at, touch (its kind) and days_silent."""
    return (
        touches(interactions, now)
        .drop_nulls("account_id")
        .sort("at", "id")
        .group_by("account_id", maintain_order=True)
        .agg(touched_at=pl.col("at").last(), touch=pl.col("kind").last())
        .with_columns(days_silent=(pl.lit(now) - pl.col("touched_at")).dt.total_days())
        .sort("account_id")
    )


def untouched(accounts: pl.DataFrame, interactions: pl.DataFrame, now: datetime, days: int) -> pl.DataFrame:
    """Return the accounts without a touch in the last `days` days, the longest silence first, never touched before all.

    The columns of `accounts` (`id` and any others), then touched_at, touch and days_silent as from `last_touches`.
    """
    told = accounts.drop("touched_at", "touch", "days_silent", strict=False)
    rows = told.join(
        last_touches(interactions, now), left_on=RECORD_KEY, right_on="account_id", how="left", maintain_order="left"
    )
    silent = rows.filter(pl.col("touched_at").is_null() | (pl.col("touched_at") < now - timedelta(days=days)))
    return silent.sort("touched_at", nulls_last=False, maintain_order=True)


def by_kind(interactions: pl.DataFrame, accounts: pl.DataFrame, now: datetime, days: int) -> pl.DataFrame:
    """Return the touches of the last `days` days, one row a CSM and kind: csm, kind, interactions, accounts.

    `accounts` has id and csm; touches of other accounts are left out. CSMs of most touches first, kinds as in `KINDS`.
    """
    order = {kind: place for place, kind in enumerate(KINDS)}
    recent = touches(interactions, now).filter(pl.col("at") >= now - timedelta(days=days))
    counted = (
        recent.join(accounts.select(account_id=RECORD_KEY, csm="csm"), on="account_id", how="inner")
        .group_by("csm", "kind")
        .agg(interactions=pl.len().cast(pl.Int64), accounts=pl.col("account_id").n_unique().cast(pl.Int64))
    )
    return (
        counted.with_columns(
            _all=pl.col("interactions").sum().over("csm"),
            _place=pl.col("kind").replace_strict(order, default=len(order), return_dtype=pl.Int64),
        )
        .sort("_all", "csm", "_place", descending=[True, False, False], nulls_last=True)
        .drop("_all", "_place")
    )


def known_tags(contacts: pl.DataFrame) -> tuple[str, ...]:
    """Return the tags that say something about at least one contact; the others are not mapped (SKA-22)."""
    return tuple(tag for tag in ROLE_TAGS if tag in contacts.columns and contacts[tag].is_not_null().any())


def coverage(accounts: pl.DataFrame, contacts: pl.DataFrame) -> pl.DataFrame:
    """Return one row an account, in the order of `accounts`: id, contacts, and the number of contacts with each tag.

    A tag that is not mapped is null.
    """
    tags = known_tags(contacts)
    counted = contacts.group_by("account_id").agg(
        contacts=pl.len().cast(pl.Int64), **{tag: pl.col(tag).sum().cast(pl.Int64) for tag in tags}
    )
    rows = accounts.select(RECORD_KEY).join(
        counted, left_on=RECORD_KEY, right_on="account_id", how="left", maintain_order="left"
    )
    unknown = [pl.lit(None, pl.Int64).alias(tag) for tag in ROLE_TAGS if tag not in tags]
    return rows.with_columns(pl.col("contacts", *tags).fill_null(0), *unknown).select(
        RECORD_KEY, "contacts", *ROLE_TAGS
    )


def community(accounts: pl.DataFrame, members: pl.DataFrame, activity: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return one row an account with a member, most members first: id, members, then what its members did (CC-1).

    `members` is `frames.MEMBERS`. `activity` has the members' own records by ``id``; of its columns numbers are summed
    and days and times are told by the latest.
    """
    linked = members.drop_nulls("account_id").select("account_id", "member_id")
    done: list[pl.Expr] = []
    if activity is not None:
        more = activity.select(
            pl.col(RECORD_KEY).cast(pl.String).alias("member_id"),
            *(pl.col(name) for name, dtype in activity.schema.items() if _tells(name, dtype)),
        )
        linked = linked.join(more, on="member_id", how="left", maintain_order="left")
        done = [
            pl.col(name).sum() if dtype.is_numeric() else pl.col(name).max()
            for name, dtype in more.schema.items()
            if name != "member_id"
        ]
    counted = linked.group_by("account_id").agg(pl.len().cast(pl.Int64).alias("members"), *done)
    return (
        counted.rename({"account_id": RECORD_KEY})
        .join(accounts.select(RECORD_KEY), on=RECORD_KEY, how="semi")
        .sort("members", RECORD_KEY, descending=[True, False])
    )


def pulses(accounts: pl.DataFrame, now: datetime) -> pl.DataFrame | None:
    """Return one row an account with a CSM's pulse: id, pulse, pulse_at, days; None when no pulse is recorded (HLT-6).

    The oldest first, those without a time before all.
    """
    if PULSE not in accounts.columns or accounts[PULSE].is_not_null().sum() == 0:
        return None
    at = pl.col(PULSE_AT) if PULSE_AT in accounts.columns else pl.lit(None, pl.Date)
    if isinstance(accounts.schema.get(PULSE_AT), pl.String):
        at = at.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    return (
        accounts.filter(pl.col(PULSE).is_not_null())
        .select(RECORD_KEY, pulse=pl.col(PULSE).cast(pl.String), pulse_at=at.cast(pl.Date, strict=False))
        .with_columns(days=(pl.lit(now.date()) - pl.col("pulse_at")).dt.total_days())
        .sort("pulse_at", RECORD_KEY, nulls_last=False)
    )


def _tells(name: str, dtype: pl.DataType) -> bool:
    own = name != RECORD_KEY and not name.endswith("_id")
    return own and (dtype.is_numeric() or isinstance(dtype, pl.Date | pl.Datetime))
