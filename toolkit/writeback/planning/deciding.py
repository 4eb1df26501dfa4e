"""What a person decides about values that wait: conflicts, and held rows of a merge; and the queue they wait in.

A decision is about two values, those that the sides held when it was made. It is carried out by every plan for as long
as both still hold them: the value of one side becomes a write to the other, or both are left as they are. Once either
moved, the decision is void and the person is asked again. Once it was written it is spent (`toolkit.store`), so that
the same two values, should they ever meet again, are a new question.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl

from toolkit.config.objects import FieldMapping, ObjectMapping
from toolkit.errors import InputError
from toolkit.frames import DECISIONS, UTC_TIME, FrameSpec, conform
from toolkit.writeback.planning.operations import CHANGING
from toolkit.writeback.planning.rule_names import DECIDED
from toolkit.writeback.planning.sentences import sentence, shown
from toolkit.writeback.planning.sides import PAIR, Sides, pair, side_by_side, text_sides

CHOICES = ("here", "there", "leave")
"""Whose value is taken on both sides, or neither."""
WAITING = ("conflict", "held")
KEY = ["object", "here_id", "there_id", "pair"]

QUEUE = FrameSpec(
    "queue",
    {
        "row": pl.String,  # how the row is named: the plan's id, a colon, and its seq
        "object": pl.String,
        "here_id": pl.String,
        "there_id": pl.String,
        "name": pl.String,
        "pair": pl.String,  # the two fields, "stage = CS_Stage__c"
        "type": pl.String,
        "base": pl.String,
        "here": pl.String,
        "there": pl.String,
        "verdict": pl.String,  # conflict | held
        "choices": pl.String,  # what may be decided: "here, there, leave"
        "since": UTC_TIME,  # the first of the plans that are kept in which these two values stood against each other
        "reason": pl.String,
        "choice": pl.String,  # null while it waits
        "decided_by": pl.String,
        "decided_at": UTC_TIME,
        "note": pl.String,
    },
    ("object", "here_id", "there_id", "pair"),
    "Values that wait for a person.",
)

_WHERE = pl.when(pl.col("side") == "there")
_PAIR = _WHERE.then(pl.format(PAIR, "partner", "field")).otherwise(pl.format(PAIR, "field", "partner"))
_DECIDABLE = pl.col("verdict").is_in(WAITING) & pl.col("operation").is_in(CHANGING)


def decided(rows: pl.DataFrame, object_name: str, mapping: ObjectMapping, decisions: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of a merge (`CHANGES` without seq) of one object as people decided (`DECISIONS`).

    A decided row is a write, or held when it is left alone, with the rule ``decided`` and who decided when. A decision
    about other values, or for a value that the mapping does not take there, changes nothing, and the row says so.
    """
    mine = decisions.filter(object=object_name).select(
        "here_id", "there_id", _pair="pair", _choice="choice", _here="here", _there="there",
        _who=pl.format("{} on {}", "decided_by", pl.col("decided_at").dt.strftime("%Y-%m-%d %H:%M")),
        _note=pl.when(pl.col("note").fill_null("") != "").then(pl.format(": {}", "note")).otherwise(pl.lit("")),
    )  # fmt: skip
    asked = (
        rows.with_columns(_pair=_PAIR)
        .join(mine, on=["here_id", "there_id", "_pair"], how="left", maintain_order="left")
        .join(_ways(mapping), on="_pair", how="left", maintain_order="left")
    )
    told = asked.filter(_DECIDABLE & pl.col("_choice").is_not_null())
    if told.is_empty():
        return rows
    rest = asked.filter(~(_DECIDABLE & pl.col("_choice").is_not_null()))
    return pl.concat([rest.select(rows.columns), _carried_out(told).select(rows.columns)])


def _carried_out(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that somebody decided about, beside the decision, as it makes them."""
    same = pl.col("here").eq_missing(pl.col("_here")) & pl.col("there").eq_missing(pl.col("_there"))
    to_there, left = pl.col("_choice") == "here", pl.col("_choice") == "leave"
    may = left | pl.when(to_there).then("_to_there").otherwise("_to_here").fill_null(value=False)
    here_field = _WHERE.then("partner").otherwise("field")
    there_field = _WHERE.then("field").otherwise("partner")
    writes = same & may & ~left
    after = pl.when(to_there).then("here").otherwise("there")
    moves = pl.when(to_there).then(
        sentence(shown(pl.col("here")), " in place of ", shown(pl.col("there")), " in Salesforce")
    )
    moved = moves.otherwise(sentence(shown(pl.col("there")), " in place of ", shown(pl.col("here")), " here"))
    stays = sentence("left as it is, here ", shown(pl.col("here")), ", in Salesforce ", shown(pl.col("there")))
    carried = sentence(pl.when(left).then(stays).otherwise(moved), ", decided by ", pl.col("_who"), pl.col("_note"))
    void = sentence(pl.col("reason"), "; what was decided by ", pl.col("_who"), " was about other values")
    no_way = sentence(pl.col("reason"), "; decided by ", pl.col("_who"), " for a value that this field does not take")
    return rows.with_columns(
        side=pl.when(writes).then(pl.when(to_there).then(pl.lit("there")).otherwise(pl.lit("here"))).otherwise("side"),
        field=pl.when(writes).then(pl.when(to_there).then(there_field).otherwise(here_field)).otherwise("field"),
        partner=pl.when(writes).then(pl.when(to_there).then(here_field).otherwise(there_field)).otherwise("partner"),
        after=pl.when(writes).then(after).otherwise("after"),
        operation=pl.when(writes & after.is_null())
        .then(pl.lit("clear"))
        .when(writes)
        .then(pl.lit("update"))
        .otherwise("operation"),
        rule=pl.when(same & may).then(pl.lit(DECIDED)).otherwise("rule"),
        verdict=pl.when(writes).then(pl.lit("write")).when(same & left).then(pl.lit("held")).otherwise("verdict"),
        reason=pl.when(same & may).then(carried).when(same).then(no_way).otherwise(void),
    )


def void(decisions: pl.DataFrame, objects: Sequence[Sides]) -> pl.DataFrame:
    """Return those of `decisions` (`DECISIONS`) that are about values which at least one side does not hold any more.

    What is not in view, or not mapped now, is not known to have moved.
    """
    parts = [DECISIONS.empty()]
    for sides in objects:
        mine = decisions.filter(object=sides.object)
        fields = [each for each in sides.mapping.fields if each.there in sides.fields and pair(each) in mine["pair"]]
        if not fields:
            continue
        known = sides.links.join(mine, on=["object", "here_id", "there_id"], how="semi")
        joined = side_by_side(replace(sides, links=known), tuple(fields))
        parts += [_moved(mine, joined, field, sides) for field in fields]
    return pl.concat(parts)


def _moved(decisions: pl.DataFrame, joined: pl.DataFrame, field: FieldMapping, sides: Sides) -> pl.DataFrame:
    here, there = text_sides(joined, field, sides.fields[field.there])
    now = joined.select("here_id", "there_id", _here=here, _there=there)
    mine = decisions.filter(pair=pair(field)).join(now, on=["here_id", "there_id"], how="inner")
    moved = pl.col("here").ne_missing(pl.col("_here")) | pl.col("there").ne_missing(pl.col("_there"))
    return mine.filter(moved).select(decisions.columns)


def queue(
    waiting: pl.DataFrame, decisions: pl.DataFrame, mappings: Mapping[str, ObjectMapping], written: pl.DataFrame
) -> pl.DataFrame:
    """Return the values that wait for a person (`QUEUE`), each once, as the newest plan tells them.

    `waiting` are conflicts and held rows of the plans that are kept: ``number`` and ``counts`` (whether the plan is one
    of those that tell what waits now), ``plan_id``, ``created_at`` and the columns of `CHANGES`. `written` (``number``
    and the columns of the key) is what commits wrote after that plan was made; it waits no longer.
    """
    rows = waiting.filter(_DECIDABLE).with_columns(pair=_PAIR)
    first = rows.group_by([*KEY, "here", "there"]).agg(since=pl.col("created_at").min())
    linked = pl.col("here_id").is_not_null() & pl.col("there_id").is_not_null()
    now = rows.filter(pl.col("counts") & linked).sort("number").unique(KEY, keep="last", maintain_order=True)
    now = now.join(written, on=["number", *KEY], how="anti").join(first, on=[*KEY, "here", "there"], nulls_equal=True)
    ways = pl.concat(
        [_offered(mapping).with_columns(object=pl.lit(name)) for name, mapping in mappings.items()] or [_NO_WAYS]
    )
    mine = decisions.rename({"here": "_here", "there": "_there"})
    told = (
        now.join(ways, on=["object", "pair"], how="inner")
        .join(mine, on=KEY, how="left", maintain_order="left")
        .with_columns(
            row=pl.format("{}:{}", "plan_id", "seq"),
            _holds=pl.col("here").eq_missing(pl.col("_here")) & pl.col("there").eq_missing(pl.col("_there")),
        )
    )
    own = ("choice", "decided_by", "decided_at", "note")
    return conform(told.with_columns(pl.when("_holds").then(name).alias(name) for name in own), QUEUE)


def written_pairs(journal: pl.DataFrame, number: int) -> pl.DataFrame:
    """Return which pairs of fields of which records a commit wrote (`JOURNAL`): `number`, and the key of a decision."""
    written = journal.filter((pl.col("state") == "written") & pl.col("operation").is_in(CHANGING))
    return written.select(pl.lit(number, dtype=pl.Int64).alias("number"), *KEY[:-1], pair=_PAIR)


def decisions_of(rows: pl.DataFrame, choice: str, person: str, at: datetime, note: str = "") -> pl.DataFrame:
    """Return the decisions (`DECISIONS`) of a person about rows of a `QUEUE`.

    Raises InputError for a choice that there is not, or that a row's field does not allow.
    """
    if choice not in CHOICES:
        raise InputError(f"There is no choice {choice!r}.", hint=f"Choose one of: {', '.join(CHOICES)}.")
    cannot = rows.filter(~pl.col("choices").str.split(", ").list.contains(choice))
    if cannot.height:
        first = cannot.row(0, named=True)
        raise InputError(
            f'"{choice}" cannot be chosen for {first["pair"]} of {first["name"] or first["here_id"]}: the field does '
            f"not take a value that way{f', nor do {cannot.height - 1} more' if cannot.height > 1 else ''}.",
            hint=f"Choose one of: {first['choices']}. Which way a field goes says its direction in the mapping file.",
        )
    made = rows.select(
        *KEY, "here", "there", choice=pl.lit(choice), decided_by=pl.lit(person),
        decided_at=pl.lit(at.astimezone(UTC)).cast(UTC_TIME), note=pl.lit(note),
    )  # fmt: skip
    return conform(made, DECISIONS)


def replaced(decisions: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Return `decisions` with the `new` ones, which take the place of older ones about the same values."""
    return conform(pl.concat([decisions.join(new, on=KEY, how="anti"), new]), DECISIONS)


def decided_ids(decisions: pl.DataFrame) -> dict[str, set[str]]:
    """Return, by object, the ids here of records about which something is to be carried out."""
    wanted = decisions.filter(pl.col("choice") != "leave").group_by("object").agg(pl.col("here_id"))
    return {name: set(ids) for name, ids in wanted.iter_rows()}


_NO_WAYS = pl.DataFrame(schema={"pair": pl.String, "choices": pl.String, "object": pl.String})


def _ways(mapping: ObjectMapping) -> pl.DataFrame:
    """Which way each pair of fields may go: ``_pair``, ``_to_there``, ``_to_here``."""
    rows = [(pair(each), each.writes_there, each.writes_here) for each in mapping.fields]
    schema = {"_pair": pl.String, "_to_there": pl.Boolean, "_to_here": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _offered(mapping: ObjectMapping) -> pl.DataFrame:
    choices = [("here", pl.col("_to_there")), ("there", pl.col("_to_here")), ("leave", pl.lit(value=True))]
    offered = pl.concat_list([pl.when(may).then(pl.lit(name)) for name, may in choices])
    return _ways(mapping).select(pair="_pair", choices=offered.list.drop_nulls().list.join(", "))
