"""Creates: which records here Salesforce lacks, what each would hold there, and why some of them may not go.

A record is created as a whole or not at all, so one field that Salesforce would refuse refuses the record. Each is a
row a field, like any other change, with the operation ``create``. Only what matching found nothing for is created; of
interactions only those that were entered by hand (SKA-33), so that what came in never goes out again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from toolkit.config.models import ORDER as ROLES_IN_ORDER
from toolkit.config.objects import FieldMapping, ObjectMapping
from toolkit.errors import NotFoundError
from toolkit.frames import CHANGES, LINKS, RECORD_KEY, UTC_TIME, conform
from toolkit.importing.interactions import may_go_out
from toolkit.importing.leaving import ARCHIVED_ON
from toolkit.matching.links import FREE, LOST
from toolkit.salesforce.describe import FieldDescribe
from toolkit.values import to_text
from toolkit.writeback.planning.nesting import nested, without_parent
from toolkit.writeback.planning.operations import CREATE, DELETE, UNDELETE
from toolkit.writeback.planning.refusing import IS_NEW, refused
from toolkit.writeback.planning.sides import HERE, THERE, Sides, text_sides

NEW = "{{{}:{}}}"
"""Stands for the id of a record that the same plan creates, until it has one: ``{account:P-00001}``."""
NEW_THERE = "not in Salesforce yet"

PARENT = "parent_id"
"""The column here that names an account's parent."""
BY_COMMIT, CREATED = "commit", "created"
"""``decided_by`` and ``rule`` of the link of a record that a commit created."""
_USUAL = {
    "Event": {"Subject": "subject", "Description": "body", "StartDateTime": "at", "DurationInMinutes": "minutes"},
    "Task": {"Subject": "subject", "Description": "body", "ActivityDate": "at"},
    "EmailMessage": {"Subject": "subject", "TextBody": "body", "MessageDate": "at"},
    "Note": {"Title": "subject", "Body": "body"},
}
_ACTIVITIES = {"AccountId": "WhatId"}  # of a Task or an Event the account is read-only: it follows from WhatId
_SUBTYPES = {("Task", "call"): ("TaskSubtype", "Call"), ("Task", "email"): ("TaskSubtype", "Email")}
_COLUMNS = tuple(name for name in CHANGES.schema if name != "seq")
_NOTHING = pl.lit(None, dtype=pl.String)


@dataclass(frozen=True)
class Known:
    """What a new record may refer to: ``links`` (`LINKS`) of all objects, and the records ``coming`` with this plan."""

    links: pl.DataFrame
    coming: pl.DataFrame  # object, here_id

    @classmethod
    def of(cls, objects: Sequence[Sides]) -> "Known":
        """Return the links of these objects, with nothing coming."""
        links = pl.concat([LINKS.empty(), *(sides.links for sides in objects)]).unique(["object", "here_id"])
        return cls(links, LINKS.empty().select("object", "here_id"))


def in_order(objects: Sequence[Sides]) -> list[Sides]:
    """Return the objects each after those it refers to: users, accounts, contacts, the rest by name."""
    last = len(ROLES_IN_ORDER)
    return sorted(objects, key=lambda sides: (ROLES_IN_ORDER.get(sides.mapping.acts_as, last), sides.object))


def creates(objects: Sequence[Sides], mismatches: pl.DataFrame, journal: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return the rows (`CHANGES` without seq) that create in Salesforce what only is here.

    `mismatches` (`MISMATCHES`) says what has no partner; what matching holds is never created, and what lost its
    partner (`LOST`) is held. `journal` (`JOURNAL`) keeps what was created before from being created again, wherever
    its record is now.
    """
    known, parts = Known.of(objects), [CHANGES.empty().select(_COLUMNS)]
    lost = mismatches.filter((pl.col("kind") == LOST) & (pl.col("side") == "here"))
    for sides in in_order(objects):
        ids = lacking(sides, mismatches)
        if ids.len():
            mine = ids.to_frame("here_id").select(pl.lit(sides.object).alias("object"), "here_id")
            among = replace(known, coming=pl.concat([known.coming, mine]))  # any may hang on any other of them
            gone = lost.filter(pl.col("object") == sides.object).select(here_id="id", held="reason")
            rows = nested(new_rows(sides, ids, among, objects, journal, gone))
            parts.append(rows)
            going = rows.filter(pl.col("verdict") == "write").select("object", "here_id").unique()
            known = replace(known, coming=pl.concat([known.coming, going]))
    return pl.concat(parts)


def lacking(sides: Sides, mismatches: pl.DataFrame) -> pl.Series:
    """Return the ids here of the records that the mapping lets Salesforce have (SKA-5, SKA-6) and that it lacks."""
    mapping, here = sides.mapping, sides.here
    alone = mismatches.filter(
        (pl.col("object") == sides.object) & (pl.col("side") == "here") & pl.col("kind").is_in([*FREE, LOST])
    )
    if not creates_there(mapping):
        return here[RECORD_KEY].clear()
    if ARCHIVED_ON in here.columns:  # put away: it is another record by now, or out of every list
        here = here.filter(pl.col(ARCHIVED_ON).is_null())
    if mapping.acts_as == "interaction":
        here = here.join(may_go_out(here).filter("goes"), on=RECORD_KEY, how="semi")
    mine = sides.links.filter(pl.col("object") == sides.object)
    found = here.join(alone, left_on=RECORD_KEY, right_on="id", how="semi")
    return found.join(mine, left_on=RECORD_KEY, right_on="here_id", how="anti")[RECORD_KEY].sort()


def creates_there(mapping: ObjectMapping) -> bool:
    """Return whether records of an object may be created in Salesforce: ``create_there``, two-way or output only."""
    return mapping.create_there and mapping.mode in ("two_way", "output")


def new_rows(
    sides: Sides,
    ids: pl.Series,
    known: Known,
    objects: Sequence[Sides],
    journal: pl.DataFrame | None = None,
    lost: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return the rows that create these records of one object, judged: write, refused, or held for want of an account.

    A record that was created before, by what `journal` says, is held, and so is one that `lost` (here_id, held) names.
    """
    cells, missing = cells_of(sides, ids, known, objects)
    before = _created_before(sides.object, journal)
    held = pl.concat([before, *([] if lost is None else [lost]), missing]).unique(
        "here_id", keep="first", maintain_order=True
    )
    judged = refused(cells, sides)
    reasons = judged.join(held, on="here_id", how="left", maintain_order="left")
    verdict = (
        pl.when(pl.col("held").is_not_null())
        .then(pl.lit("held"))
        .when(pl.col("whole").is_not_null())
        .then(pl.lit("refused"))
        .otherwise(pl.lit("write"))
    )
    others = pl.when(pl.col("whole").is_not_null()).then(pl.lit("the record is not created: ") + pl.col("whole"))
    reason = pl.coalesce("held", "fault", others, "reason")
    return reasons.with_columns(verdict=verdict, reason=reason).select(_COLUMNS)


def cells_of(sides: Sides, ids: pl.Series, known: Known, objects: Sequence[Sides]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what the records with these ids would hold in Salesforce, as rows of `CHANGES`, before they are judged.

    The second frame has ``here_id`` and ``held``: why a record cannot go yet, because its account is not there.
    """
    records = sides.here.filter(pl.col(RECORD_KEY).is_in(ids.implode()))
    base = records.select(pl.all(), _id=RECORD_KEY, _name=_name_of(sides))
    parts = [
        base.select(_columns(sides.object, path, partner, facts.type, text, text))
        for path, partner, facts, text in _targets(sides, base)
    ]
    missing = [pl.DataFrame(schema={"here_id": pl.String, "held": pl.String})]
    notes = [pl.DataFrame(schema={"here_id": pl.String, "_note": pl.String})]
    for reference in _references(sides, objects):
        found = _referred(base, reference, known)
        parts.append(found.select(_columns(sides.object, *reference.columns, pl.col("_refers"), pl.col("_target"))))
        without = found.filter(pl.col("_target").is_null())
        if reference.needed:
            missing.append(without.select(here_id="_id", held="_why"))
        elif reference.column == PARENT:
            parted = without.drop_nulls("_refers").select(here_id="_id", _note=without_parent(pl.col("_refers")))
            notes.append(parted)
    cells = pl.concat([CHANGES.empty().select(_COLUMNS), *parts]).filter(pl.col("after").is_not_null())
    noted = cells.join(pl.concat(notes), on="here_id", how="left", maintain_order="left")
    told = noted.with_columns(reason=pl.col("reason") + pl.col("_note").fill_null(""))
    return told.select(_COLUMNS), pl.concat(missing)


@dataclass(frozen=True)
class _Reference:
    """A column here that names another record of ours, and the Salesforce field that points to it."""

    column: str
    path: str
    object: str
    needed: bool

    @property
    def columns(self) -> tuple[str, str, str]:
        return self.path, self.column, "reference"


def _columns(object_name: str, path: str, partner: str, kind: str, here: pl.Expr, after: pl.Expr) -> list[pl.Expr]:
    said = pl.when(pl.lit(kind == "reference") & after.str.contains(IS_NEW)).then(
        pl.lit(f"{NEW_THERE}, nor is the record it refers to: it goes first")
    )
    given = {
        "side": pl.lit("there"),
        "object": pl.lit(object_name),
        "here_id": pl.col("_id"),
        "there_id": _NOTHING,
        "name": pl.col("_name"),
        "operation": pl.lit(CREATE),
        "field": pl.lit(path),
        "partner": pl.lit(partner),
        "type": pl.lit(kind),
        "base": _NOTHING,
        "here": here,
        "there": _NOTHING,
        "after": after,
        "rule": pl.lit(CREATE),
        "verdict": pl.lit("write"),
        "reason": said.otherwise(pl.lit(NEW_THERE)),
    }
    return [value.alias(name) for name, value in given.items()]


Target = tuple[str, str, FieldDescribe, pl.Expr]
"""A Salesforce field that a new record gets: its path, the column here, the field, and the text."""


def _targets(sides: Sides, base: pl.DataFrame) -> Iterator[Target]:
    fields = [each for each in sides.mapping.in_effect.fields if each.there in sides.fields]
    mapped = {each.there.lower() for each in fields}
    for field in fields:
        if _goes(sides, field):
            yield field.there, field.here, sides.fields[field.there], _text_of(sides, base, field)
    for path, column, text in _keys(sides, base):
        if path.lower() not in mapped:
            facts = sides.describe.field(path)
            yield path, column, facts, to_text(text, base.schema[column], facts.type, facts.scale)
    yield from _parts_of_names(sides, base, fields)
    yield from _usual(sides, base, {each.here for each in fields}, mapped)
    subtype = _SUBTYPES.get((sides.describe.name, sides.mapping.interaction_kind or ""))
    if subtype and subtype[0].lower() not in mapped and _createable(sides, subtype[0]):
        yield subtype[0], "kind", sides.describe.field(subtype[0]), pl.lit(subtype[1])


def _goes(sides: Sides, field: FieldMapping) -> bool:
    """Whether a new record is given the field. Of what comes in only, too: nothing is there yet that it could hide."""
    if field.writes_there:
        return _takes(sides, field.there)
    return field.by is None and "." not in field.there and _createable(sides, field.there)


def _takes(sides: Sides, path: str) -> bool:
    """Whether a field that is written is set at once; what can only be updated is left to the next plan."""
    try:
        facts = sides.describe.field(path)
    except NotFoundError:
        return False
    return "." not in path and (facts.createable or not facts.updateable)


def _text_of(sides: Sides, base: pl.DataFrame, field: FieldMapping) -> pl.Expr:
    facts = sides.fields[field.there]
    here = base[field.here] if field.here in base.columns else pl.repeat(None, base.height, dtype=pl.String, eager=True)
    nothing = pl.repeat(None, base.height, dtype=here.dtype, eager=True)
    joined = pl.DataFrame({HERE + field.here: here, THERE + field.there: nothing})
    text, _ = text_sides(joined, field, facts)
    values = joined.select(text.alias("text")).to_series()
    return pl.lit(values)


def _keys(sides: Sides, base: pl.DataFrame) -> Iterator[tuple[str, str, pl.Expr]]:
    """The fields that matching compares: with them, the new record is found again by everybody's rules."""
    carried = dict.fromkeys((path, column) for rule in sides.mapping.match for column, path in rule.carried)
    for path, column in carried:
        if column in base.columns and "." not in path and path != "Id" and _createable(sides, path):
            yield path, column, pl.col(column)


def _parts_of_names(sides: Sides, base: pl.DataFrame, fields: list[FieldMapping]) -> Iterator[Target]:
    """A person's name is written in two parts where only the whole is mapped: the last word is the last name."""
    whole = next((each for each in fields if each.there == "Name" and each.here in base.columns), None)
    parts_mapped = any(each.there in ("FirstName", "LastName") for each in fields)
    if whole is None or parts_mapped or _createable(sides, "Name") or not _createable(sides, "LastName"):
        return
    name = pl.col(whole.here).cast(pl.String).str.strip_chars()
    first, last = name.str.extract(r"^(.*\S)\s+\S+$", 1), name.str.extract(r"(\S+)$", 1)
    yield "FirstName", whole.here, sides.describe.field("FirstName"), first
    yield "LastName", whole.here, sides.describe.field("LastName"), last


def _usual(sides: Sides, base: pl.DataFrame, columns: set[str], mapped: set[str]) -> Iterator[Target]:
    """What says when an interaction was and what it was about goes to the usual fields, where nothing is mapped."""
    usual = _USUAL.get(sides.describe.name, {}) if sides.mapping.acts_as == "interaction" else {}
    for path, column in usual.items():
        unsaid = column not in columns and path.lower() not in mapped
        if unsaid and column in base.columns and _createable(sides, path):
            facts = sides.describe.field(path)
            yield path, column, facts, to_text(pl.col(column), base.schema[column], facts.type, facts.scale)


def _createable(sides: Sides, path: str) -> bool:
    try:
        return sides.describe.field(path).createable
    except NotFoundError:
        return False


def _references(sides: Sides, objects: Sequence[Sides]) -> Iterator[_Reference]:
    mapped = {each.there.lower() for each in sides.mapping.in_effect.fields if each.writes_there}
    by_role = {each.mapping.acts_as: each.object for each in reversed(objects)}
    parent = sides.mapping.hierarchy.parent if sides.mapping.hierarchy else None
    path = sides.mapping.account_path
    wanted = [("account_id", path, "account", True), (PARENT, parent, "account", False)]
    if sides.mapping.acts_as == "interaction":
        wanted.append(("contact_id", "WhoId", "contact", False))
    for column, given, role, needed in wanted:
        if given is None or column not in sides.here.columns or role not in by_role:
            continue
        field = given if _createable(sides, given) else _ACTIVITIES.get(given, given)
        if _createable(sides, field) and field.lower() not in mapped:
            yield _Reference(column, field, by_role[role], needed)


def _referred(base: pl.DataFrame, reference: _Reference, known: Known) -> pl.DataFrame:
    """The records with the id that the reference has there: a linked record's, or what stands for one to come."""
    mine = pl.col("object") == reference.object
    links = known.links.filter(mine).select(_refers="here_id", _linked="there_id")
    coming = known.coming.filter(mine).select(_refers="here_id", _comes=pl.lit(value=True))
    to_come = pl.when("_comes").then(pl.format(NEW, pl.lit(reference.object), "_refers"))
    alone = pl.format(
        "its {} {} has no record in Salesforce, and this plan makes none", pl.lit(reference.object), "_refers"
    )
    return (
        base.with_columns(_refers=pl.col(reference.column).cast(pl.String))
        .join(links, on="_refers", how="left", maintain_order="left")
        .join(coming, on="_refers", how="left", maintain_order="left")
        .with_columns(
            _target=pl.coalesce("_linked", to_come),
            _why=pl.coalesce(alone, pl.lit(f"has no {reference.object} here, so nobody would find it in Salesforce")),
        )
    )


def _name_of(sides: Sides) -> pl.Expr:
    mapped = [each.here for each in sides.mapping.fields if each.there == sides.mapping.name]
    column = next((each for each in (*mapped, "name") if each in sides.here.columns), None)
    return _NOTHING if column is None else pl.col(column).cast(pl.String)


def relinked(links: pl.DataFrame, journal: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Return `links` (`LINKS`) with those of records that a commit created, where a matching has dropped them.

    A record that was out of view for a while has no link any more, and often nothing that matching could compare. The
    journal (`JOURNAL`) knows it: give matching these links, and it keeps those whose records are on both sides.
    """
    made = pl.concat(
        [
            LINKS.empty().select("object", "here_id", "there_id"),
            *(_made(each).drop("commit_id") for each in journal.partition_by("object")),
        ]
    )
    lost = made.join(links, on=["object", "here_id"], how="anti").join(links, on=["object", "there_id"], how="anti")
    again = lost.with_columns(
        rule=pl.lit(CREATED), value=_NOTHING, linked_at=pl.lit(now).cast(UTC_TIME), decided_by=pl.lit(BY_COMMIT)
    )
    return conform(pl.concat([links, again.select(links.columns)]), LINKS)


def _made(journal: pl.DataFrame) -> pl.DataFrame:
    """The records that commits created and no undo has taken back: object, here_id, there_id, commit_id."""
    done = journal.filter((pl.col("side") == "there") & (pl.col("state") == "written"))
    made = done.filter(pl.col("operation") == CREATE)
    left = made.join(deleted(done), on="there_id", how="anti").unique("here_id", keep="last", maintain_order=True)
    return left.select("object", "here_id", "there_id", "commit_id")


def deleted(journal: pl.DataFrame) -> pl.DataFrame:
    """Return the records in Salesforce that commits deleted, and did not take out of the bin again: object, there_id.

    `journal` (`JOURNAL`) has the oldest row first.
    """
    moved = journal.filter(
        (pl.col("side") == "there") & (pl.col("state") == "written") & pl.col("operation").is_in([DELETE, UNDELETE])
    )
    last = moved.unique(["object", "there_id"], keep="last", maintain_order=True)
    return last.filter(pl.col("operation") == DELETE).select("object", "there_id")


def _created_before(object_name: str, journal: pl.DataFrame | None) -> pl.DataFrame:
    """The records of an object that a commit created and no undo has taken back: here_id, held (the reason)."""
    if journal is None:
        return pl.DataFrame(schema={"here_id": pl.String, "held": pl.String})
    left = _made(journal.filter(pl.col("object") == object_name))
    why = (
        "commit {} created it as {}, which is no longer linked: it left the scope, was merged or deleted; link it again"
    )
    return left.select("here_id", held=pl.format(why, "commit_id", "there_id"))
