"""How broken and doubled pairings can be mended: proposals with their evidence, never applied unasked (BEY-9).

    merged           its partner became part of another record in Salesforce (MasterRecordId)
    deleted          its partner was deleted
    restored         its partner is there again, and neither has another
    changed_id       the key of one of the two was changed, or a record here has a new id
    short_id         the link names a record by its id of 15 characters
    duplicate_here   two records here are one: the one that Salesforce brought, and the one that a file brings
    duplicate_there  two records in Salesforce have one id of ours

A proposal is known by its object, its kind and its records, so that what was decided about it is never asked again.
"""

from dataclasses import dataclass

import polars as pl

from toolkit.config.match_rules import MatchRule
from toolkit.config.objects import ObjectMapping
from toolkit.frames import PROPOSALS, RECORD_KEY, UTC_TIME, conform
from toolkit.matching.links import GONE_HERE, GONE_THERE, KEYS_DIFFER
from toolkit.matching.names import core_name
from toolkit.values import to_18

OPEN, ACCEPTED, REJECTED, DONE = "open", "accepted", "rejected", "done"
RELINK, UNLINK, RENAME_HERE, MERGE_HERE, MERGE_THERE = "relink", "unlink", "rename_here", "merge_here", "merge_there"
MERGEABLE = ("Account", "Contact", "Lead", "Case")
"""The Salesforce objects whose records can be merged."""
MOST_DOUBLES = 3
"""So many records with one id are doubles; more of them have a placeholder, not a customer, in common."""

_IDS = ("here_id", "there_id", "to_here_id", "to_there_id")
_SHAPE = {
    "kind": pl.String,
    **dict.fromkeys(_IDS, pl.String),
    "name": pl.String,
    "evidence": pl.String,
    "action": pl.String,
}
_NOTHING = pl.lit(None, pl.String)
_MERGE_STEPS = 6  # each doubles how far a chain is followed: 64 merges one after the other


@dataclass(frozen=True)
class Pairing:
    """All that is known of one object's pairing.

    `here` has id, name, ``made_here`` (no file has it) and ``archived``; `there` id, name and ``wanted`` (the id here
    that the mapping's ``id`` field gives it, or null). `keys` has side, id, number (of the rule), given and key, of the
    rules that compare ids or e-mail addresses. `merged` has there_id and survivor, `gone` there_id and reason, as the
    pull told them; `links` and `history` are those of the object.
    """

    mapping: ObjectMapping
    here: pl.DataFrame
    there: pl.DataFrame
    keys: pl.DataFrame
    links: pl.DataFrame
    history: pl.DataFrame
    merged: pl.DataFrame
    gone: pl.DataFrame

    def alone(self, side: str) -> pl.DataFrame:
        """Return the records of a side that have no partner."""
        records = self.here if side == "here" else self.there
        return records.join(self.links, left_on=RECORD_KEY, right_on=f"{side}_id", how="anti")


def decides_identity(rule: MatchRule) -> bool:
    """Return whether equal values of a rule mean one customer: ids and e-mails do, domains and names may be shared."""
    return all((part.here.normaliser or "id") in ("id", "email") for part in rule.parts) and not rule.of_contacts


def find(known: Pairing) -> pl.DataFrame:
    """Return every repair that can be proposed for an object now (`frames.PROPOSALS`, all ``open``)."""
    lost = _lost(known)
    found = [
        _merged(known, lost),
        _deleted(known, lost),
        _short(known, lost),
        _restored(known),
        _changed(known),
        _new_ids_here(known),
        _renamed(known),
        _doubles_here(known),
        _doubles_there(known),
    ]
    rows = pl.concat([pl.DataFrame(schema=_SHAPE), *(each.select(list(_SHAPE)) for each in found)])
    ids = [pl.col(name).fill_null("") for name in _IDS]
    named = rows.with_columns(
        object=pl.lit(known.mapping.object),
        proposal_id=pl.format("{}:{}:{}:{}>{}:{}", pl.lit(known.mapping.object), "kind", *ids),
        state=pl.lit(OPEN), decided_by=_NOTHING, decided_at=pl.lit(None, UTC_TIME),
    )  # fmt: skip
    order = {"merged": 0, "short_id": 1, "restored": 2, "changed_id": 3, "deleted": 4}
    place = pl.col("kind").replace_strict(order, default=9, return_dtype=pl.Int64)
    first = named.sort(place, "proposal_id").unique("proposal_id", keep="first", maintain_order=True)
    asked = pl.col("here_id").is_null() | (pl.int_range(pl.len()).over("here_id") == 0)  # one question a record
    return conform(first.filter(asked), PROPOSALS)


def with_decided(found: pl.DataFrame, kept: pl.DataFrame, known: Pairing) -> pl.DataFrame:
    """Return the proposals found now, and those that were decided, of which carried out ones are ``done``."""
    mine = kept.filter(pl.col("object") == known.mapping.object)
    loser_here = pl.col("action").is_in([RENAME_HERE, MERGE_HERE]) & ~pl.col("here_id").is_in(_living(known).implode())
    loser_there = (pl.col("action") == MERGE_THERE) & ~pl.col("there_id").is_in(known.there[RECORD_KEY].implode())
    done = (pl.col("state") == ACCEPTED) & (loser_here | loser_there)
    mine = mine.with_columns(state=pl.when(done).then(pl.lit(DONE)).otherwise("state"))
    return conform(pl.concat([found.join(mine, on="proposal_id", how="anti"), mine]), PROPOSALS)


def survivors(merged: pl.DataFrame) -> pl.DataFrame:
    """Return there_id and survivor, each followed to the end; null where the merges go in a circle."""
    ends = merged.select("there_id", "survivor").unique("there_id", keep="first", maintain_order=True)
    for _ in range(_MERGE_STEPS):
        on = ends.join(ends.rename({"there_id": "survivor", "survivor": "_next"}), on="survivor", how="left")
        ends = on.select("there_id", survivor=pl.coalesce("_next", "survivor"))
    circle = pl.col("survivor").is_in(ends["there_id"].implode())
    return ends.with_columns(survivor=pl.when(~circle).then("survivor"))


def _living(known: Pairing) -> pl.Series:
    return known.here.filter(~pl.col("archived"))[RECORD_KEY]


def _lost(known: Pairing) -> pl.DataFrame:
    """Return here_id, name and there_id of records here without partner whose last one is not in Salesforce's view."""
    ended = known.history.filter(pl.col("ended_why").str.starts_with(GONE_THERE))
    last = ended.sort("ended_at", "linked_at", "there_id").unique("here_id", keep="last", maintain_order=True)
    here = known.alone("here").filter(~pl.col("archived")).select(here_id=RECORD_KEY, name="name")
    rows = last.select("here_id", "there_id", _ended="ended_at").join(here, on="here_id", how="inner")
    return rows.join(known.there, left_on="there_id", right_on=RECORD_KEY, how="anti")


def _merged(known: Pairing, lost: pl.DataFrame) -> pl.DataFrame:
    rows = lost.join(survivors(known.merged), on="there_id", how="inner")
    rows = rows.join(_labels(known.there, "survivor", "_label"), on="survivor", how="left")
    partner = known.links.select(survivor="there_id", _other="here_id")
    rows = rows.join(partner, on="survivor", how="left")
    made = pl.col("here_id").is_in(known.here.filter("made_here")[RECORD_KEY].implode())
    seen, taken = pl.col("_label").is_not_null(), pl.col("_other").is_not_null()
    action = (
        pl.when(seen & ~taken).then(pl.lit(RELINK)).when(seen & made).then(pl.lit(MERGE_HERE)).otherwise(pl.lit(UNLINK))
    )
    start = pl.format("its record {} was merged", "there_id")
    evidence = (
        pl.when(pl.col("survivor").is_null())
        .then(pl.format("{} in a circle: no record is left of it", start))
        .when(~seen)
        .then(pl.format("{} into {}, which is not in scope", start, "survivor"))
        .when(taken)
        .then(pl.format("{} into {}, which is the partner of {}", start, "_label", "_other"))
        .otherwise(pl.format("{} into {}, which has no partner", start, "_label"))
    )
    goes = action == MERGE_HERE
    to_there = pl.when(action != UNLINK).then("survivor")
    return rows.select(kind=pl.lit("merged"), here_id="here_id", there_id="there_id",
                       to_here_id=pl.when(goes).then("_other"), to_there_id=to_there, name="name", evidence=evidence,
                       action=action)  # fmt: skip


def _deleted(known: Pairing, lost: pl.DataFrame) -> pl.DataFrame:
    """Partners that were deleted, also those of which Salesforce knows nothing any more (hard-deleted)."""
    rows = lost.join(known.merged, on="there_id", how="anti").join(known.gone, on="there_id", how="left")
    rows = rows.filter(pl.col("reason").fill_null("deleted").str.contains("deleted", literal=True))
    told = pl.coalesce("reason", pl.lit("gone: Salesforce knows nothing of it any more"))
    evidence = pl.format("its record {} is {}", "there_id", told)
    return rows.select(kind=pl.lit("deleted"), here_id="here_id", there_id="there_id", to_here_id=_NOTHING,
                       to_there_id=_NOTHING, name="name", evidence=evidence, action=pl.lit(UNLINK))  # fmt: skip


def _short(known: Pairing, lost: pl.DataFrame) -> pl.DataFrame:
    rows = lost.filter(pl.col("there_id").str.len_chars() == 15).with_columns(_long=to_18(pl.col("there_id")))
    rows = rows.join(known.alone("there").select(_long=RECORD_KEY), on="_long", how="semi")
    evidence = pl.format("{} is the short form of {}", "there_id", "_long")
    return rows.select(kind=pl.lit("short_id"), here_id="here_id", there_id="there_id", to_here_id=_NOTHING,
                       to_there_id="_long", name="name", evidence=evidence, action=pl.lit(RELINK))  # fmt: skip


def _restored(known: Pairing) -> pl.DataFrame:
    rows = _parted(known, GONE_THERE)
    evidence = pl.format("they were linked by {} until {}; {} is there again", "rule", _day("ended_at"), "there_id")
    return _again(rows, "restored", evidence)


def _changed(known: Pairing) -> pl.DataFrame:
    rows = _parted(known, KEYS_DIFFER)
    evidence = pl.format(
        'they were linked by {} until {}, by "{}" and "{}", which differ now; neither has another partner',
        "rule", _day("ended_at"), pl.col("here_value").fill_null(""), pl.col("there_value").fill_null(""),
    )  # fmt: skip
    return _again(rows, "changed_id", evidence)


def _parted(known: Pairing, why: str) -> pl.DataFrame:
    """Return the last links, ended for this reason, of two records that are both there and have no partner now."""
    ended = known.history.filter(pl.col("ended_at").is_not_null()).sort("ended_at", "linked_at", "here_id", "there_id")
    for side in ("here_id", "there_id"):
        ended = ended.unique(side, keep="last", maintain_order=True)
    rows = ended.filter(pl.col("ended_why").str.starts_with(why))
    here = known.alone("here").filter(~pl.col("archived")).select(here_id=RECORD_KEY, name="name")
    return rows.join(here, on="here_id", how="inner").join(
        known.alone("there").select(there_id=RECORD_KEY), on="there_id", how="semi"
    )


def _again(rows: pl.DataFrame, kind: str, evidence: pl.Expr) -> pl.DataFrame:
    return rows.select(kind=pl.lit(kind), here_id="here_id", there_id="there_id", to_here_id=_NOTHING,
                       to_there_id="there_id", name="name", evidence=evidence, action=pl.lit(RELINK))  # fmt: skip


def _new_ids_here(known: Pairing) -> pl.DataFrame:
    """A record that is gone here and one that is new, of the same name as the partner that was left alone."""
    ended = known.history.filter(pl.col("ended_why").str.starts_with(GONE_HERE)).sort("ended_at", "here_id", "there_id")
    ended = ended.unique("there_id", keep="last", maintain_order=True)
    theirs = known.alone("there").select(
        there_id=RECORD_KEY, name="name", _core=core_name(known.alone("there")["name"])
    )
    ours = known.alone("here").filter(~pl.col("archived"))
    ours = ours.select(to_here_id=RECORD_KEY, _name="name", _core=core_name(ours["name"]))
    ours = ours.join(known.history, left_on="to_here_id", right_on="here_id", how="anti")
    pairs = theirs.filter(pl.col("_core").is_unique()).join(ours.filter(pl.col("_core").is_unique()), on="_core")
    rows = ended.join(pairs, on="there_id", how="inner")
    evidence = pl.format('{}, its partner, is gone here; {}, which is new, has the same name, "{}"', "here_id",
                         "to_here_id", "_name")  # fmt: skip
    return rows.select(kind=pl.lit("changed_id"), here_id="here_id", there_id="there_id", to_here_id="to_here_id",
                       to_there_id=_NOTHING, name="name", evidence=evidence, action=pl.lit(RELINK))  # fmt: skip


def _renamed(known: Pairing) -> pl.DataFrame:
    """Records that Salesforce brought and whose id field says another id now: a file that has it would double them."""
    rows = known.links.join(
        known.here.filter(pl.col("made_here") & ~pl.col("archived")), left_on="here_id", right_on=RECORD_KEY
    )
    rows = rows.join(known.there.select(there_id=RECORD_KEY, wanted="wanted"), on="there_id", how="inner")
    rows = rows.filter(pl.col("wanted").is_unique() & (pl.col("wanted") != pl.col("here_id")))
    rows = rows.join(known.here, left_on="wanted", right_on=RECORD_KEY, how="anti")
    field = pl.lit(known.mapping.id or "")
    evidence = pl.format('{} of {} is "{}" by now; here it is called {}', field, "there_id", "wanted", "here_id")
    return rows.select(kind=pl.lit("changed_id"), here_id="here_id", there_id="there_id", to_here_id="wanted",
                       to_there_id=_NOTHING, name="name", evidence=evidence, action=pl.lit(RENAME_HERE))  # fmt: skip


def _doubles_here(known: Pairing) -> pl.DataFrame:
    """A record that Salesforce brought, and one of a file without partner that has the key of the same partner."""
    made = known.here.filter(pl.col("made_here") & ~pl.col("archived")).select(here_id=RECORD_KEY)
    brought = known.links.join(made, on="here_id", how="semi").select("here_id", "there_id")
    filed = (
        known.alone("here")
        .filter(~pl.col("made_here") & ~pl.col("archived"))
        .select(to_here_id=RECORD_KEY, name="name")
    )
    theirs = _once(known.keys.filter(pl.col("side") == "there"))
    ours = known.keys.filter(pl.col("side") == "here").join(filed, left_on="id", right_on="to_here_id", how="semi")
    met = _once(ours).join(theirs, on=["number", "key"], how="inner", suffix="_there")
    met = met.sort("number").unique("id", keep="first", maintain_order=True)
    rows = met.select("number", to_here_id="id", there_id="id_there", _given="given").join(
        brought, on="there_id", how="inner"
    )
    rows = rows.join(filed, on="to_here_id", how="inner").unique("here_id", keep="none", maintain_order=True)
    rule = pl.col("number").replace_strict(
        dict(enumerate(map(str, known.mapping.match))), default="", return_dtype=pl.String
    )
    evidence = pl.format('{} came from Salesforce and is linked to {}; {} has the same key, "{}" ({})', "here_id",
                         "there_id", "to_here_id", "_given", rule)  # fmt: skip
    return rows.select(kind=pl.lit("duplicate_here"), here_id="here_id", there_id="there_id", to_here_id="to_here_id",
                       to_there_id=_NOTHING, name="name", evidence=evidence, action=pl.lit(MERGE_HERE))  # fmt: skip


def _doubles_there(known: Pairing) -> pl.DataFrame:
    """Records in Salesforce with one id; the linked one is left over, else the oldest."""
    if known.mapping.sobject not in MERGEABLE:
        return pl.DataFrame(schema=_SHAPE)
    keys = known.keys.filter(pl.col("side") == "there").join(
        known.links.select(id="there_id", _linked=pl.lit(value=True)), on="id", how="left"
    )
    size = pl.len().over("number", "key")
    free = ~pl.col("_linked").fill_null(value=False)
    several = keys.filter((size > 1) & (size <= MOST_DOUBLES)).sort("number", free, "id")
    first = pl.col("id").first().over("number", "key")
    linked = pl.col("_linked").fill_null(value=False).sum().over("number", "key")
    rows = several.with_columns(_first=first, _links=linked).filter(
        (pl.col("id") != pl.col("_first")) & (pl.col("_links") < 2)
    )
    rows = rows.sort("number").unique("id", keep="first", maintain_order=True)
    rows = rows.join(known.there.select(id=RECORD_KEY, name="name"), on="id", how="inner")
    rows = rows.join(_labels(known.there, "_first", "_label"), on="_first", how="inner")
    evidence = pl.format('it has the same key as {}: "{}"', "_label", "given")
    return rows.select(kind=pl.lit("duplicate_there"), here_id=_NOTHING, there_id="id", to_here_id=_NOTHING,
                       to_there_id="_first", name="name", evidence=evidence, action=pl.lit(MERGE_THERE))  # fmt: skip


def _once(keys: pl.DataFrame) -> pl.DataFrame:
    return keys.filter(pl.len().over("number", "key") == 1)


def _labels(records: pl.DataFrame, key: str, label: str) -> pl.DataFrame:
    named = pl.when(pl.col("name").is_null()).then(RECORD_KEY).otherwise(pl.format("{} ({})", "name", RECORD_KEY))
    return records.select(pl.col(RECORD_KEY).alias(key), named.alias(label))


def _day(column: str) -> pl.Expr:
    return pl.col(column).dt.to_string("%Y-%m-%d")
