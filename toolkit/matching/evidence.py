"""Why a record has the partner it has: each rule with the values on both sides, and the runner-up (BEY-11)."""

from dataclasses import dataclass, field
from datetime import datetime
from html import escape

import polars as pl

from toolkit.config.objects import ObjectMapping
from toolkit.frames import LINK_HISTORY, LINKS, PAIR_DECISIONS, RECORD_KEY, SIDES
from toolkit.matching.keys import keyed
from toolkit.matching.match import BY_RULE
from toolkit.matching.through import Contacts, candidates, values_of

ROWS = {"rule": pl.String, "here_value": pl.String, "there_value": pl.String, "agrees": pl.Boolean, "others": pl.String}
"""One row a rule: the values as written, whether they agree (null: one is blank), and which others have the value."""

_NAMED = 3


@dataclass(frozen=True)
class Candidates:
    """Both sides of an object as the rules compare them; made once, asked for many records."""

    mapping: ObjectMapping
    sides: dict[str, pl.DataFrame]
    through: dict[int, pl.DataFrame]

    @classmethod
    def of(
        cls, here: pl.DataFrame, there: pl.DataFrame, mapping: ObjectMapping, contacts: Contacts | None = None
    ) -> "Candidates":
        """Read the values of both sides. Raises NotFoundError when a rule names a column that is not there."""
        records = dict(zip(SIDES, (here, there), strict=True))
        values = {side: values_of(records[side], mapping, side, contacts or Contacts()) for side in SIDES}
        found = {number: candidates({side: values[side][number] for side in SIDES}) for number in values["here"]}
        return cls(mapping, {side: keyed(records[side], mapping, side, values[side]) for side in SIDES}, found)

    def by_rule(self, here_id: str) -> pl.DataFrame:
        """Return number (of the rule), there_id and name of every record there that agrees in a rule with this one."""
        mine = self.sides["here"].filter(pl.col(RECORD_KEY) == here_id)
        named = self.sides["there"].select("row", there_id=RECORD_KEY, name="name")
        parts = [pl.DataFrame(schema={"number": pl.Int32, "there_id": pl.String, "name": pl.String})]
        for number, rule in enumerate(self.mapping.match):
            if rule.of_contacts:
                rows = self.through[number].join(mine, left_on="here_row", right_on="row", how="semi")
                met = named.join(rows, left_on="row", right_on="there_row", how="semi")
            else:
                met = self.sides["there"].join(mine.select(f"key{number}"), on=f"key{number}", how="semi")
                met = met.select(there_id=RECORD_KEY, name="name")
            parts.append(met.select(pl.lit(number, pl.Int32).alias("number"), "there_id", "name"))
        return pl.concat(parts).sort("number", "there_id")


@dataclass(frozen=True)
class Evidence:
    """What speaks for a link: `rows` has the columns of `ROWS`, `history` and `decisions` what was before.

    ``there_id`` is None for a record without a partner; ``reason`` says why then.
    """

    object: str
    here_id: str
    there_id: str | None
    rule: str | None
    here_value: str | None
    there_value: str | None
    decided_by: str | None
    linked_at: datetime | None
    runner_up: str | None
    reason: str | None
    rows: pl.DataFrame = field(repr=False)
    history: pl.DataFrame = field(repr=False)
    decisions: pl.DataFrame = field(repr=False)

    def __str__(self) -> str:
        if self.there_id is None:
            start = f"{self.here_id} has no partner: {self.reason or 'it was not matched yet'}"
        else:
            both = self.here_value is not None and self.there_value is not None
            compared = f' ("{self.here_value}" and "{self.there_value}")' if both else ""
            by = "by the rule" if self.decided_by == BY_RULE else f"by {self.decided_by}:"
            start = f"{self.here_id} is {self.there_id} since {self.linked_at:%Y-%m-%d}, {by} {self.rule}{compared}"
        return f"{start}. {'Next best: ' + self.runner_up if self.runner_up else 'Nothing else comes near'}."

    def _repr_html_(self) -> str:
        return f"<p>{escape(str(self))}</p>"


def evidence_of(
    here_id: str,
    known: Candidates,
    links: pl.DataFrame,
    *,
    mismatches: pl.DataFrame,
    history: pl.DataFrame | None = None,
    decisions: pl.DataFrame | None = None,
) -> Evidence:
    """Return what speaks for the partner of a record here, or why it has none, and the runner-up of either.

    `links`, `mismatches`, `history` and `decisions` are those of the object. The runner-up is the other record that
    agrees in most rules, of several the one of the strongest rule.
    """
    link = links.filter(pl.col("here_id") == here_id)
    linked = link.row(0, named=True) if link.height else dict.fromkeys(LINKS.schema)
    met = known.by_rule(here_id)
    past = _of(history, LINK_HISTORY.empty(), here_id).sort("linked_at")
    began = past.filter(pl.col("ended_at").is_null()).tail(1)
    reason = mismatches.filter((pl.col("side") == "here") & (pl.col(RECORD_KEY) == here_id))["reason"]
    return Evidence(
        object=known.mapping.object,
        here_id=here_id,
        there_id=linked["there_id"],
        rule=linked["rule"],
        here_value=began["here_value"].to_list()[0] if began.height else None,
        there_value=began["there_value"].to_list()[0] if began.height else None,
        decided_by=linked["decided_by"],
        linked_at=linked["linked_at"],
        runner_up=_runner_up(met, linked["there_id"], known.mapping),
        reason=None if link.height or reason.is_empty() else str(reason[0]),
        rows=_rows(here_id, linked["there_id"], known, met),
        history=past,
        decisions=_of(decisions, PAIR_DECISIONS.empty(), here_id),
    )


def _of(frame: pl.DataFrame | None, empty: pl.DataFrame, here_id: str) -> pl.DataFrame:
    return empty if frame is None else frame.filter(pl.col("here_id") == here_id)


def _rows(here_id: str, there_id: str | None, known: Candidates, met: pl.DataFrame) -> pl.DataFrame:
    here = known.sides["here"].filter(pl.col(RECORD_KEY) == here_id)
    there = known.sides["there"].filter(pl.col(RECORD_KEY) == there_id)
    rows = []
    for number, rule in enumerate(known.mapping.match):
        mine, theirs = (side[f"given{number}"].first() if side.height else None for side in (here, there))
        keys = [side[f"key{number}"].first() if side.height else None for side in (here, there)]
        same = met.filter(pl.col("number") == number)
        agrees = None if None in keys else bool(same["there_id"].is_in([there_id or ""]).any())
        others = same.filter(pl.col("there_id") != (there_id or ""))
        rows.append((str(rule), mine, theirs, agrees, _listed(others)))
    return pl.DataFrame(rows, schema=ROWS, orient="row")


def _listed(others: pl.DataFrame) -> str | None:
    if others.is_empty():
        return None
    names = [
        f"{name} ({key})" if name else key for key, name in others.head(_NAMED).select("there_id", "name").iter_rows()
    ]
    return ", ".join(names) + (f" and {others.height - _NAMED:,} more" if others.height > _NAMED else "")


def _runner_up(met: pl.DataFrame, there_id: str | None, mapping: ObjectMapping) -> str | None:
    others = met.filter(pl.col("there_id") != (there_id or ""))
    best = (
        others.group_by("there_id")
        .agg(pl.col("name").first(), pl.col("number").min(), rules=pl.col("number").n_unique(), which=pl.col("number"))
        .sort("rules", "number", "there_id", descending=[True, False, False])
    )
    if best.is_empty():
        return None
    first = best.row(0, named=True)
    agrees = " and ".join(f'"{mapping.match[number]}"' for number in sorted(set(first["which"])))
    label = f"{first['name']} ({first['there_id']})" if first["name"] else first["there_id"]
    return f"{label}, which agrees in {agrees}"
