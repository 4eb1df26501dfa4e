"""The e-mails, meetings, calls and notes of all objects in one frame, with the copies of one interaction marked.

Salesforce keeps none of the ids that a calendar gives its meetings, so a meeting that both bring is told apart by its
fingerprint: account, subject, start and length (SKA-34). Copies are marked with ``duplicate_of`` and told, never
deleted. The copy that counts is the one in Salesforce, then that of a connected source, then the one made by hand.

    meeting   every copy with the same fingerprint
    e-mail    the same, when its time is known; and the Task that Salesforce keeps beside an EmailMessage
    call, note   only copies of different origin: two calls of a day may well have the same subject

The loop guard (SKA-33): only what was entered here by hand may be created in Salesforce, and only if it is not there
already. What came from Salesforce or from a connected source never goes back.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from toolkit.config.objects import ObjectMapping
from toolkit.frames import INTERACTIONS, RECORD_KEY, SKIPS, conform
from toolkit.importing.interaction_columns import TASK_THERE_ID
from toolkit.importing.judging import MANUAL, SALESFORCE, THERE_ID

DUPLICATE = "duplicate (SKA-34)"
INTERACTION_RULES = (DUPLICATE,)
"""The rules of `Interactions.skips`; they are replaced as a whole each time."""

_PREFIX = r"^((e-?mail|invitation|updated invitation|accepted|tentative)\s*:\s*)+"
_TEXTS = (RECORD_KEY, "account_id", "contact_id", "kind", "subject", "owner", "origin", THERE_ID, TASK_THERE_ID)
_COLUMNS: dict[str, pl.DataType] = dict.fromkeys(_TEXTS, pl.String()) | {
    "at": pl.Datetime("ms", "UTC"),
    "all_day": pl.Boolean(),
    "minutes": pl.Float64(),
    "archived_on": pl.Date(),
}


@dataclass(frozen=True)
class Interactions:
    """The interactions (`frames.INTERACTIONS`), and the copies among them as `frames.SKIPS`."""

    rows: pl.DataFrame
    skips: pl.DataFrame


def interactions(frames: Mapping[str, pl.DataFrame], mappings: Mapping[str, ObjectMapping]) -> Interactions:
    """Return the interactions of all objects as one frame; `frames` are the records here, `mappings` say their kind.

    Archived ones are left out. A column that an object does not have is null.
    """
    parts = [_shaped(name, frames[name], mappings[name]) for name in sorted(frames)]
    empty = pl.DataFrame(schema={"object": pl.String, **_COLUMNS})
    rows = pl.concat([empty, *parts]).filter(pl.col("archived_on").is_null())
    rows = rows.with_columns(fingerprint=fingerprint()).sort("object", RECORD_KEY)
    rows = rows.join(_copies(rows), on=["object", RECORD_KEY], how="left")
    told = rows.filter(pl.col("duplicate_of").is_not_null()).select(
        object="object", side=pl.lit("here"), id=RECORD_KEY, name="subject", rule=pl.lit(DUPLICATE),
        reason=pl.format("the same {} as {} ({}): {}; that one counts", "kind", "duplicate_of",
                         pl.col("_of_origin").fill_null("of unknown origin"), "_why"),
    )  # fmt: skip
    return Interactions(conform(rows, INTERACTIONS), conform(told, SKIPS))


def fingerprint() -> pl.Expr:
    """Return what the copies of one interaction have in common, as text: kind, account, subject, start, minutes.

    Null without an account, a subject or a time. Of all-day ones the day counts, whatever midnight it is written as,
    and no length. A subject is compared without case, repeated blanks and what mail programs put before it.
    """
    subject = pl.col("subject").str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
    subject = subject.str.replace(_PREFIX, "").str.normalize("NFC")
    all_day = pl.col("all_day").fill_null(value=False)
    day = (pl.col("at") + pl.duration(hours=12)).dt.to_string("%Y-%m-%d")
    start = pl.when(all_day).then(day).otherwise(pl.col("at").dt.to_string("%Y-%m-%dT%H:%MZ"))
    minutes = pl.when((pl.col("kind") == "meeting") & ~all_day).then(pl.col("minutes").round().cast(pl.Int64))
    return pl.concat_str(
        "kind", "account_id", pl.when(subject != "").then(subject), start, minutes.cast(pl.String).fill_null(""),
        separator="|",
    )  # fmt: skip


def with_copies(here: pl.DataFrame, mapping: ObjectMapping) -> pl.DataFrame:
    """Return the records here of one object with ``fingerprint`` and ``duplicate_of``, the copies among themselves."""
    found = interactions({mapping.object: here}, {mapping.object: mapping}).rows
    found = found.select(RECORD_KEY, "fingerprint", "duplicate_of")
    rest = here.drop("fingerprint", "duplicate_of", strict=False)
    return rest.join(found, on=RECORD_KEY, how="left", maintain_order="left")


def may_go_out(here: pl.DataFrame) -> pl.DataFrame:
    """Return ``id``, ``goes`` and ``reason``, why not, for each record here: which may be created in Salesforce.

    What has no ``origin`` does not go: nobody can say that it was entered by hand. Nor does a copy of another one.
    """
    lacking = [name for name in ("origin", "duplicate_of") if name not in here.columns]
    rows = here.with_columns(pl.lit(None, pl.String).alias(name) for name in lacking)
    elsewhere = pl.format("it came from {}; only what was entered by hand goes out (SKA-33)", "origin")
    unknown = pl.lit("its origin is not known; only what was entered by hand goes out (SKA-33)")
    copy = pl.format("it is a copy of {} (SKA-34)", "duplicate_of")
    reason = (
        pl.when(pl.col("origin").is_null())
        .then(unknown)
        .when(pl.col("origin") != MANUAL)
        .then(elsewhere)
        .when(pl.col("duplicate_of").is_not_null())
        .then(copy)
    )
    return rows.select(RECORD_KEY, goes=reason.is_null(), reason=reason).sort(RECORD_KEY)


def _shaped(name: str, here: pl.DataFrame, mapping: ObjectMapping) -> pl.DataFrame:
    """Return the records of one object with the columns that are compared; what nobody gave a kind has its object's."""
    columns = [
        (pl.col(column).cast(dtype, strict=False) if column in here.columns else pl.lit(None, dtype)).alias(column)
        for column, dtype in _COLUMNS.items()
    ]
    kind = pl.col("kind").fill_null(pl.lit(mapping.interaction_kind, pl.String))
    return here.select(pl.lit(name).alias("object"), *columns).with_columns(kind)


def _copies(rows: pl.DataFrame) -> pl.DataFrame:
    """Return object and id of the copies, with duplicate_of, the origin of that one, and why they are the same."""
    rank = (
        pl.when(pl.col("origin") == SALESFORCE).then(0).when((pl.col("origin") != MANUAL).fill_null(value=True)).then(1)
    ).otherwise(2)
    tasks = _tasks_of_mails(rows)
    marked = rows.join(tasks, on=["object", RECORD_KEY], how="anti").filter(pl.col("fingerprint").is_not_null())
    first = marked.sort(rank, "object", RECORD_KEY).group_by("fingerprint", maintain_order=True).agg(
        duplicate_of=pl.col(RECORD_KEY).first(), _of=pl.col("object").first(), _of_origin=pl.col("origin").first()
    )  # fmt: skip
    timed = ~pl.col("all_day").fill_null(value=False)
    always = (pl.col("kind") == "meeting") | ((pl.col("kind") == "email") & timed)
    elsewhere = pl.col("origin").ne_missing(pl.col("_of_origin"))
    itself = (pl.col(RECORD_KEY) == pl.col("duplicate_of")) & (pl.col("object") == pl.col("_of"))
    found = marked.join(first, on="fingerprint", how="left").filter(~itself & (always | elsewhere))
    why = pl.lit("the same account, subject and time")
    return pl.concat([tasks, found.select("object", RECORD_KEY, "duplicate_of", "_of_origin", _why=why)])


def _tasks_of_mails(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the Tasks that Salesforce keeps beside an EmailMessage, as copies of it."""
    mails = rows.select(there_id=TASK_THERE_ID, duplicate_of=RECORD_KEY, _of_origin="origin").drop_nulls("there_id")
    mails = mails.sort("duplicate_of").unique("there_id", keep="first", maintain_order=True)
    why = pl.lit("Salesforce keeps a Task beside an e-mail")
    return rows.join(mails, on=THERE_ID, how="inner").select(
        "object", RECORD_KEY, "duplicate_of", "_of_origin", _why=why
    )  # fmt: skip
