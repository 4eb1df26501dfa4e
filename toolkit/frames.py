"""The frames that pass between stages: their columns, their types and their keys.

A stage takes frames and ends by calling `conform` on what it returns, so that whoever reads the store, a plan or a
journal can rely on the columns named here. The wide record frames (one column a mapped field) have no fixed columns;
`RECORD_KEY` is all they share. Values of changes are text in the form that `toolkit.values` describes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

SIDES = ("here", "there")
"""The two sides: *here* is the customer store, *there* is Salesforce."""

RECORD_KEY = "id"
"""The key column of every wide record frame: the customer's own id here, the 18-character record id there."""

KEPT = (
    *("account_id", "contact_id", "there_id", "parent_id", "root_id", "level", "domain"),
    *("champion", "sponsor", "key_user", "end_user"),
    *("kind", "at", "all_day", "minutes", "subject", "body", "owner", "origin", "fingerprint"),
    *("churned_on", "stage_before", "archived_on", "edited_at"),
    *("pulse_at", "pulse_by", "pulse_reason"),
)
"""Columns of the records here that neither a file nor Salesforce gives: the toolkit works them out and keeps them."""


@dataclass(frozen=True)
class FrameSpec:
    """The declared shape of a frame: column types in order, and the columns that identify a row."""

    name: str
    schema: Mapping[str, pl.DataType | type[pl.DataType]]
    key: tuple[str, ...]
    about: str = field(default="", compare=False)

    def empty(self) -> pl.DataFrame:
        """Return a frame of no rows with this shape."""
        return pl.DataFrame(schema=dict(self.schema))


class FrameError(AssertionError):
    """A stage returned a frame that is not what it declares. This is a fault of the program, not of its input."""


def conform(frame: pl.DataFrame, spec: FrameSpec) -> pl.DataFrame:
    """Return `frame` with the columns of `spec`, cast, in order, and sorted by its key.

    Raises FrameError when a column is missing or the key has a null or occurs twice.
    """
    missing = [name for name in spec.schema if name not in frame.columns]
    if missing:
        raise FrameError(f"{spec.name}: missing columns {missing}, got {frame.columns}")
    conformed = frame.select(pl.col(name).cast(dtype) for name, dtype in spec.schema.items())
    if _is_in_order(conformed, spec.key):
        return conformed
    conformed = conformed.sort(spec.key)
    keys = conformed.select(spec.key)
    if keys.null_count().sum_horizontal().sum():
        raise FrameError(f"{spec.name}: null in key {spec.key}")
    if keys.is_duplicated().any():
        sample = conformed.filter(keys.is_duplicated()).head(1).to_dicts()
        raise FrameError(f"{spec.name}: key {spec.key} is not unique, for example {sample}")
    return conformed


def _is_in_order(frame: pl.DataFrame, key: tuple[str, ...]) -> bool:
    """Return whether each row's key is greater than the one before: then it is sorted, and no key occurs twice.

    A null in a key makes it not so. Comparing neighbours costs a fraction of sorting and counting.
    """
    greater = pl.lit(value=False)
    for name in reversed(key):
        before = pl.col(name).shift(1)
        greater = (pl.col(name) > before) | ((pl.col(name) == before) & greater)
    told = frame.select(rises=greater.slice(1).fill_null(value=False).all(), nulls=pl.any_horizontal(
        pl.col(name).null_count() > 0 for name in key))  # fmt: skip
    return bool(told["rises"][0]) and not told["nulls"][0]


UTC_TIME = pl.Datetime("ms", "UTC")

LINKS = FrameSpec(
    "links",
    {
        "object": pl.String,
        "here_id": pl.String,
        "there_id": pl.String,
        "rule": pl.String,  # as in the mapping file, "external_id = Product_Id__c"
        "value": pl.String,  # the normalised value both sides agreed on
        "linked_at": UTC_TIME,
        "decided_by": pl.String,  # "rule", or the name of a person
    },
    ("object", "here_id"),
    "Which record here is which record there.",
)

MISMATCHES = FrameSpec(
    "mismatches",
    {
        "object": pl.String,
        "side": pl.String,
        "id": pl.String,
        "name": pl.String,
        "kind": pl.String,  # unmatched | ambiguous | duplicate_key | no_key
        "value": pl.String,
        "reason": pl.String,
    },
    ("object", "side", "id"),
    "Every record in scope that has no link, once, with the reason in words.",
)

SKIPS = FrameSpec(
    "skips",
    {
        "object": pl.String,
        "side": pl.String,
        "id": pl.String,
        "name": pl.String,
        "rule": pl.String,
        "reason": pl.String,
    },
    ("object", "side", "id", "rule"),
    "Every record that was left out before matching, with the rule that left it out.",
)

SCORES = FrameSpec(
    "scores",
    {
        "id": pl.String,
        "profile": pl.String,
        "version": pl.String,  # digest of the profile's rules
        "score": pl.Float64,  # 0-100, unrounded; null when coverage is too low
        "shown": pl.Float64,  # on the profile's scale, rounded half up to its decimals
        "band": pl.String,  # "green" | "yellow" | "red" (as configured) | null
        "coverage": pl.Float64,  # share of the weight whose measures had a value, 0-1
        "as_of": pl.Date,
    },
    ("id",),
    "One health score an account.",
)

CONTRIBUTIONS = FrameSpec(
    "contributions",
    {
        "id": pl.String,
        "measure": pl.String,
        "group": pl.String,
        "value": pl.Float64,
        "points": pl.Float64,  # 0-100 for this measure alone
        "weight": pl.Float64,  # effective share of the whole after missing data, 0-1
        "contribution": pl.Float64,  # points x weight; these add up to the score
    },
    ("id", "measure"),
    "What each measure added to each score.",
)

CHANGES = FrameSpec(
    "changes",
    {
        "seq": pl.UInt32,  # position in the plan, from 1
        "side": pl.String,  # the side that would be written
        "object": pl.String,
        "here_id": pl.String,
        "there_id": pl.String,
        "name": pl.String,  # the record's name, for a person to read
        "operation": pl.String,  # one of toolkit.writeback.planning.operations
        "field": pl.String,  # the field that would be written, by its own side's name
        "partner": pl.String,  # the field on the other side that it is mapped to
        "type": pl.String,  # the Salesforce field type: string, double, date, ...
        "base": pl.String,  # what both sides agreed on last; of an undo, what they had agreed on before the commit
        "here": pl.String,
        "there": pl.String,
        "after": pl.String,
        "rule": pl.String,  # output | input | two_way | *_wins | hold | decided | create | edit | add | undo | ...
        "verdict": pl.String,  # write | conflict | held | refused | excluded
        "reason": pl.String,
    },
    ("seq",),
    "One row a field that would change: the preview, the dry run, the commit's input and the undo.",
)

DECISIONS = FrameSpec(
    "decisions",
    {
        "object": pl.String,
        "here_id": pl.String,
        "there_id": pl.String,
        "pair": pl.String,  # the two fields, "stage = CS_Stage__c"
        "choice": pl.String,  # here | there | leave: whose value is taken on both sides, or neither
        "here": pl.String,  # what the two sides held when it was decided; a decision about other values is void
        "there": pl.String,
        "decided_by": pl.String,
        "decided_at": UTC_TIME,
        "note": pl.String,
    },
    ("object", "here_id", "there_id", "pair"),
    "What a person decided about a value that both sides changed, or that was held.",
)

SPENT_DECISIONS = FrameSpec(
    "spent_decisions",
    {**DECISIONS.schema, "commit_id": pl.String},
    ("commit_id", *DECISIONS.key),
    "The decisions that a commit has carried out.",
)

APPROVALS = FrameSpec(
    "approvals",
    {
        "plan_id": pl.String,
        "digest": pl.String,  # of exactly the rows that were approved
        "person": pl.String,
        "at": UTC_TIME,
        "note": pl.String,
    },
    ("plan_id", "person"),
    "Who approved which plan.",
)

LINEAGE = FrameSpec(
    "lineage",
    {
        "step": pl.UInt32,  # from 1, the newest first
        "at": UTC_TIME,
        "side": pl.String,  # the side whose value this is about
        "field": pl.String,  # by its own side's name
        "event": pl.String,  # read | loaded | computed | linked | decided | written | edited | created | undone
        "value": pl.String,  # what the field held afterwards
        "before": pl.String,
        "rule": pl.String,  # the mapping's direction and conflict rule, the source, the metric or the profile
        "origin": pl.String,  # in words: which file, field, person or commit it came from
        "run_id": pl.Int64,
        "commit_id": pl.String,
    },
    ("step",),
    "Where a value came from, by which rule, in which run (BEY-14).",
)

LINK_HISTORY = FrameSpec(
    "link_history",
    {
        "object": pl.String,
        "here_id": pl.String,
        "there_id": pl.String,
        "linked_at": UTC_TIME,
        "rule": pl.String,
        "here_value": pl.String,  # what the rule compared, as written on either side
        "there_value": pl.String,
        "decided_by": pl.String,
        "ended_at": UTC_TIME,  # null while the link holds
        "ended_why": pl.String,
    },
    ("object", "here_id", "there_id", "linked_at"),
    "Every link there ever was; one that ended is a tombstone with the reason.",
)

PAIR_DECISIONS = FrameSpec(
    "pair_decisions",
    {
        "object": pl.String,
        "here_id": pl.String,
        "there_id": pl.String,
        "verdict": pl.String,  # same | different
        "decided_by": pl.String,
        "decided_at": UTC_TIME,
        "evidence": pl.String,  # what was shown when it was decided
        "note": pl.String,
    },
    ("object", "here_id", "there_id"),
    "What a person said about two records: the same, or not. It is never asked again.",
)

SUGGESTIONS = FrameSpec(
    "suggestions",
    {
        "object": pl.String,
        "here_id": pl.String,
        "there_id": pl.String,
        "here_name": pl.String,
        "there_name": pl.String,
        "rank": pl.UInt32,  # among the candidates of here_id, from 1
        "score": pl.Float64,  # 0-1
        "evidence": pl.String,  # what agrees and what does not, in words
        "runner_up": pl.Float64,  # the score of the next best candidate of here_id, or null
    },
    ("object", "here_id", "there_id"),
    "Which unmatched records may be the same, for a person to decide.",
)

PROPOSALS = FrameSpec(
    "proposals",
    {
        "proposal_id": pl.String,  # stable: of the object, the kind and the records
        "object": pl.String,
        "kind": pl.String,  # merged | deleted | restored | changed_id | short_id | duplicate_here | duplicate_there
        "here_id": pl.String,
        "there_id": pl.String,
        "to_here_id": pl.String,  # the record here, or there, that takes its place; null where it is one that goes
        "to_there_id": pl.String,
        "name": pl.String,
        "evidence": pl.String,
        "action": pl.String,  # relink | unlink | rename_here | merge_here | merge_there
        "state": pl.String,  # open | accepted | rejected | done
        "decided_by": pl.String,
        "decided_at": UTC_TIME,
    },
    ("proposal_id",),
    "How a broken or doubled pairing can be mended, with the evidence (BEY-9).",
)

RECORD_CLASSES = FrameSpec(
    "record_classes",
    {
        "object": pl.String,
        "side": pl.String,
        "id": pl.String,
        "name": pl.String,
        "record_class": pl.String,  # one of toolkit.matching.classes.CLASSES
        "value": pl.String,
        "reason": pl.String,
        "partner_id": pl.String,  # the record of the other side, where there is one
    },
    ("object", "side", "id"),
    "Every record of both sides in exactly one class (BEY-10).",
)

WRITE_RESULTS = FrameSpec(
    "write_results",
    {
        "id": pl.String,
        "success": pl.Boolean,
        "created": pl.Boolean,
        "error_code": pl.String,
        "error_message": pl.String,
        "error_fields": pl.String,  # comma-separated API names
    },
    ("id",),
    "What Salesforce answered for each record of a write.",
)

JOURNAL = FrameSpec(
    "journal",
    {
        "commit_id": pl.String,
        "seq": pl.UInt32,
        "side": pl.String,
        "object": pl.String,
        "here_id": pl.String,
        "there_id": pl.String,
        "name": pl.String,
        "field": pl.String,
        "partner": pl.String,
        "type": pl.String,
        "before": pl.String,  # what the written side held when it was written
        "after": pl.String,
        "state": pl.String,  # intended | written | failed | held
        "code": pl.String,  # Salesforce's errorCode
        "message": pl.String,
        "base": pl.String,  # what both sides had agreed on before
        "agreed": pl.String,  # what they agree on once the row is written
        "operation": pl.String,  # update | clear | create | delete, as in the plan
    },
    ("commit_id", "seq"),
    "What a commit meant to write and what became of it.",
)

RUNS = FrameSpec(
    "runs",
    {
        "run_id": pl.Int64,
        "step": pl.String,
        "object": pl.String,
        "started_at": UTC_TIME,
        "ended_at": UTC_TIME,
        "status": pl.String,  # running | done | failed
        "read": pl.Int64,
        "written": pl.Int64,
        "skipped": pl.Int64,
        "held": pl.Int64,
        "failed": pl.Int64,
        "api_calls": pl.Int64,
        "note": pl.String,
    },
    ("run_id",),
    "One row a step that ran: what it read, wrote, left out and spent.",
)

AGREEMENTS = FrameSpec(
    "agreements",
    {
        "id": pl.String,
        "account_id": pl.String,  # the account here
        "account_there_id": pl.String,  # and in Salesforce
        "name": pl.String,
        "plan": pl.String,
        "start": pl.Date,  # the first day
        "end": pl.Date,  # the last day; null is open-ended
        "notice": pl.Date,  # the last day on which notice can be given
        "tacit": pl.Boolean,  # whether it renews by itself
        "mrr": pl.Float64,  # recurring revenue of a month, whole hundredths of `currency`
        "arr": pl.Float64,  # and of a year
        "one_time": pl.Float64,  # a fee that does not recur, or null
        "currency": pl.String,  # the code, or "" where the org has only one
        "status": pl.String,  # future | active | ended, as of the day they were worked out
    },
    ("id",),
    "What each account has agreed to pay, from when, until when.",
)

AGREEMENT_REMARKS = FrameSpec(
    "agreement_remarks",
    {
        "id": pl.String,
        "account_id": pl.String,
        "name": pl.String,
        "kind": pl.String,  # open_ended | overlap | short | notice | runs_on
        "reason": pl.String,
    },
    ("id", "kind"),
    "What is worth a second look at agreements that are kept and count.",
)

MRR = FrameSpec(
    "mrr",
    {
        "account_id": pl.String,
        "currency": pl.String,
        "month": pl.Date,  # its first day
        "mrr": pl.Float64,  # in force on that day, whole hundredths
        "arr": pl.Float64,
    },
    ("account_id", "currency", "month"),
    "The recurring revenue of each account in each month since its first, zeros included.",
)

ONE_TIME_FEES = FrameSpec(
    "one_time_fees",
    {"account_id": pl.String, "currency": pl.String, "month": pl.Date, "one_time": pl.Float64},
    ("account_id", "currency", "month"),
    "The one-time fees of each account, in the month in which their agreement starts.",
)

RENEWALS = FrameSpec(
    "renewals",
    {
        "id": pl.String,
        "account_id": pl.String,
        "name": pl.String,
        "plan": pl.String,
        "currency": pl.String,
        "mrr": pl.Float64,
        "arr": pl.Float64,
        "end": pl.Date,  # the last day of the term
        "renewal_date": pl.Date,  # the day after
        "notice": pl.Date,  # the last day on which notice can be given, or null
        "tacit": pl.Boolean,
        "days_left": pl.Int64,  # to the renewal date; 0 and less when it has come
        "notice_days_left": pl.Int64,  # to the last day of notice, 0 on it; null without one
        "overdue": pl.Boolean,  # ended, does not renew by itself, and nothing followed
        "follow_up": pl.String,  # the agreement that follows, once there is one
    },
    ("id",),
    "Each agreement whose term ends soon, or ended and was not renewed.",
)

FATES = FrameSpec(
    "fates",
    {
        "object": pl.String,
        "side": pl.String,  # "there"; "here" for records whose partner left the scope
        "id": pl.String,
        "name": pl.String,
        "fate": pl.String,  # created | returned | updated | unchanged | held | skipped, here: churned | archived | kept
        "rule": pl.String,  # the rule that held or left it out, with its requirement id; null for the others
        "reason": pl.String,
    },
    ("object", "side", "id"),
    "What an import makes of every record there, and of those here whose partner left the scope.",
)

PREVIEW = FrameSpec(
    "preview",
    {
        "outcome": pl.String,  # the fates of FATES
        "rule": pl.String,  # "" where there is none
        "records": pl.Int64,
        "example": pl.String,  # the name, or id, of the first
        "reason": pl.String,  # the first one's
    },
    ("outcome", "rule"),
    "What an import would do: how many records of each outcome.",
)

MEMBERS = FrameSpec(
    "members",
    {
        "member_id": pl.String,
        "email": pl.String,  # as compared
        "contact_id": pl.String,  # null where several contacts of the one account have the e-mail
        "account_id": pl.String,
        "contact_there_id": pl.String,
        "account_there_id": pl.String,
    },
    ("member_id",),
    "Which community member is which contact, and belongs to which account; read from either end.",
)

CONTACT_ACCOUNTS = FrameSpec(
    "contact_accounts",
    {
        "contact_id": pl.String,
        "account_id": pl.String,  # both by their ids here
        "role": pl.String,  # as Salesforce says it, several with ";"; null where none is given
        "direct": pl.Boolean,  # whether it is the contact's own account
        "active": pl.Boolean,
    },
    ("contact_id", "account_id"),
    "Every account that a contact has to do with; it belongs to one of them (CC-14).",
)

INTERACTIONS = FrameSpec(
    "interactions",
    {
        "id": pl.String,
        "object": pl.String,
        "account_id": pl.String,
        "contact_id": pl.String,
        "kind": pl.String,  # email | meeting | call | note
        "at": UTC_TIME,  # of an all-day one, midnight UTC of its day
        "all_day": pl.Boolean,
        "minutes": pl.Float64,
        "subject": pl.String,
        "owner": pl.String,
        "origin": pl.String,  # "salesforce" | "manual" | the name of a source
        "fingerprint": pl.String,  # what two copies of one interaction have in common; null when too little is known
        "duplicate_of": pl.String,  # the id of the copy that counts
    },
    ("object", "id"),
    "Every e-mail, meeting, call and note of the accounts here.",
)
