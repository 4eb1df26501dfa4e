"""What becomes of records here whose partner in Salesforce left the scope or was deleted, and of those that come back.

Nothing is ever deleted (SKA-12). ``keep`` leaves the record as it is; ``churn`` makes the customer a churner, with the
day on which it was made one; ``archive`` gives it a day from which lists leave it out. A record other than an account
has no stage, so ``churn`` archives it. Who comes back is brought back, and only from what was done here: a customer
that a person made a churner stays one.

A record that was merged into another has not left: its customer is still one. The pairing moves on to the record that
is left, unless that one has a partner of its own; then the record here is kept, and told (CSU-14).
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from toolkit.config.objects import ObjectMapping
from toolkit.frames import FATES, RECORD_KEY, SKIPS

LEFT_RULE = "left_scope (SKA-12)"

SCOPE_RULE = "scope (VIT-1)"
"""The rule under which a pull tells, in `frames.SKIPS`, who left the scope and why."""

_SURVIVOR = r"^merged into (?:.*\()?([0-9A-Za-z]+)\)? in Salesforce$"

STAGE = "stage"
CHURNED = "Churned"
"""What the ``stage`` of a customer becomes who left."""

CHURNED_ON = "churned_on"
ARCHIVED_ON = "archived_on"
STAGE_BEFORE = "stage_before"


@dataclass(frozen=True)
class Left:
    """The records here afterwards, and those whose partner left as `frames.SKIPS` and `frames.FATES`."""

    here: pl.DataFrame
    skips: pl.DataFrame
    fates: pl.DataFrame


def return_of(here: pl.DataFrame, linked: pl.Series) -> pl.DataFrame:
    """Return the records here where those with a partner again are no churners and not archived any more.

    The stage from before comes back, unless somebody has set another one meanwhile.
    """
    here = here.with_columns(_back=pl.col(RECORD_KEY).is_in(linked.implode()))
    here = here.with_columns(_ours=pl.col("_back") & pl.col(CHURNED_ON).is_not_null())
    changes: dict[str, pl.Expr] = {ARCHIVED_ON: pl.when(~pl.col("_back")).then(ARCHIVED_ON)}
    changes |= {name: pl.when(~pl.col("_ours")).then(name) for name in (CHURNED_ON, STAGE_BEFORE)}
    if STAGE in here.columns:
        restored = pl.col("_ours") & (pl.col(STAGE).cast(pl.String) == CHURNED)
        changes[STAGE] = pl.when(restored).then(STAGE_BEFORE).otherwise(STAGE)
    return here.with_columns(**changes).drop("_back", "_ours")


def merged_into(skipped: pl.DataFrame | None, survivors: pl.Series | None) -> pl.DataFrame:
    """Return there_id and survivor of the records that the pull's skips tell to be merged into one of `survivors`."""
    merged = merges_told(SKIPS.empty() if skipped is None else skipped)
    return merged.clear() if survivors is None else merged.filter(pl.col("survivor").is_in(survivors.implode()))


def merges_told(skipped: pl.DataFrame) -> pl.DataFrame:
    """Return there_id and survivor of every record that the pull's skips tell to be merged into another."""
    told = skipped.filter((pl.col("rule") == SCOPE_RULE) & (pl.col("side") == "there"))
    merged = told.select(there_id="id", survivor=pl.col("reason").str.extract(_SURVIVOR))
    return merged.drop_nulls("survivor")


def left_records(
    here: pl.DataFrame,
    gone: pl.DataFrame,
    mapping: ObjectMapping,
    now: datetime,
    skipped: pl.DataFrame | None = None,
    survivors: pl.Series | None = None,
) -> Left:
    """Return what the mapping's ``left_scope`` makes of the records here that `gone` names.

    `gone` has the columns ``id``, of the record here, and ``there_id``. `skipped` are the pull's skips, which know
    whether a record was deleted or only left, or merged; into one of `survivors`, which are in scope, is not leaving.
    """
    churns = mapping.left_scope == "churn" and mapping.acts_as == "account"
    archives = mapping.left_scope != "keep" and not churns
    if churns and STAGE not in here.columns:
        here = here.with_columns(pl.lit(None, pl.String).alias(STAGE))
    merged = gone.join(merged_into(skipped, survivors), on="there_id", how="semi")
    here = here.with_columns(
        _went=pl.col(RECORD_KEY).is_in(gone[RECORD_KEY].implode()),
        _merged=pl.col(RECORD_KEY).is_in(merged[RECORD_KEY].implode()),
    )
    stays = pl.col(CHURNED_ON if churns else ARCHIVED_ON).is_not_null()
    if churns:
        stays = stays | (pl.col(STAGE).cast(pl.String) == CHURNED).fill_null(value=False)
    now_out = pl.col("_went") & ~pl.col("_merged") & ~stays
    fate = pl.when(now_out).then(pl.lit("churned" if churns else "archived")).otherwise(pl.lit("unchanged"))
    fate = pl.when(pl.lit(not (churns or archives)) | pl.col("_merged")).then(pl.lit("kept")).otherwise(fate)
    told = here.with_columns(_name(here, mapping), _fate=fate).filter("_went")
    changes = _churned(now_out, now) if churns else _archived(now_out, now) if archives else []
    after = here.with_columns(changes).drop("_went", "_merged")
    told = told.select(RECORD_KEY, "_name", "_fate", "_merged").join(gone, on=RECORD_KEY)
    told = told.join(after.select(RECORD_KEY, CHURNED_ON, ARCHIVED_ON), on=RECORD_KEY)
    told = _explained(told, skipped, churns=churns, archives=archives).rename({"_name": "name", "_fate": "fate"})
    shaped = told.with_columns(object=pl.lit(mapping.object), side=pl.lit("here"), rule=pl.lit(LEFT_RULE))
    return Left(after, shaped.select(list(SKIPS.schema)), shaped.select(list(FATES.schema)))


def _churned(now_out: pl.Expr, now: datetime) -> list[pl.Expr]:
    return [
        pl.when(now_out).then(pl.col(STAGE).cast(pl.String)).otherwise(STAGE_BEFORE).alias(STAGE_BEFORE),
        pl.when(now_out).then(pl.lit(CHURNED)).otherwise(pl.col(STAGE).cast(pl.String)).alias(STAGE),
        pl.when(now_out).then(pl.lit(now.date())).otherwise(CHURNED_ON).alias(CHURNED_ON),
    ]


def _archived(now_out: pl.Expr, now: datetime) -> list[pl.Expr]:
    return [pl.when(now_out).then(pl.lit(now.date())).otherwise(ARCHIVED_ON).alias(ARCHIVED_ON)]


def _name(here: pl.DataFrame, mapping: ObjectMapping) -> pl.Expr:
    mapped = [field.here for field in mapping.fields if field.there == mapping.name]
    column = next((name for name in (*mapped, "name") if name in here.columns), None)
    return (pl.lit(None, pl.String) if column is None else pl.col(column).cast(pl.String)).alias("_name")


def _explained(told: pl.DataFrame, skipped: pl.DataFrame | None, *, churns: bool, archives: bool) -> pl.DataFrame:
    """Return `told` with a ``reason``: why the partner is gone, and what that made of the record here."""
    skipped = SKIPS.empty() if skipped is None else skipped
    why = skipped.filter((pl.col("rule") == SCOPE_RULE) & (pl.col("side") == "there")).select("id", why="reason")
    because = pl.format("its record {} is {}", "there_id", pl.col("why").fill_null("no longer in scope, or deleted"))
    if churns:
        day = pl.col(CHURNED_ON).dt.to_string("%Y-%m-%d")
        done = pl.when(day.is_null()).then(pl.lit("a churner already")).otherwise(pl.format("a churner since {}", day))
    elif archives:
        done = pl.format("archived on {}", pl.col(ARCHIVED_ON).dt.to_string("%Y-%m-%d"))
    else:
        done = pl.lit("kept as it is")
    done = pl.when("_merged").then(pl.lit("kept, because that one has a partner of its own")).otherwise(done)
    beside = told.join(why, left_on="there_id", right_on="id", how="left")
    return beside.with_columns(reason=pl.format("{}: {}", because, done))
