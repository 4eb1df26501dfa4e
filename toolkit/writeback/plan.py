"""The plan: every change on either side, judged, priced and sealed with a digest.

A plan is what is shown, what is confirmed and what is committed. It is made in memory from frames alone; it is kept,
exported and loaded again elsewhere, and whoever loads it finds out when a row is not what it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import Any

import polars as pl

from toolkit.config.health import HealthProfile
from toolkit.config.models import Writeback
from toolkit.errors import DigestError, PreflightError
from toolkit.frames import CHANGES, conform
from toolkit.writeback.cost import Cost, predict
from toolkit.writeback.creating import creates, in_order
from toolkit.writeback.digest import ID_LENGTH, digest_of
from toolkit.writeback.merge import MERGED_COLUMNS, merge
from toolkit.writeback.preflight import Finding, check_targets, judge
from toolkit.writeback.sides import Sides

HINTS = 3
"""How many recipes an error gives before it says where the others are."""
ORDER = ("side", "object", "there_id", "here_id", "field")
"""What the rows of a plan are sorted by: objects each after those it refers to, of an object new records first."""


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that a commit would do, and what it leaves alone with the reason.

    ``changes`` is the frame `CHANGES`. ``digest`` covers it, the org, and ``parent``, the commit it was planned after.
    """

    digest: str
    created_at: datetime
    org_id: str
    org_name: str
    parent: str | None
    changes: pl.DataFrame = field(repr=False)
    cost: Cost = field(default_factory=Cost)
    findings: tuple[Finding, ...] = ()

    @property
    def plan_id(self) -> str:
        """The first characters of the digest."""
        return self.digest[:ID_LENGTH]

    @property
    def writes(self) -> int:
        """How many fields a commit would write."""
        return self.count("write")

    def count(self, verdict: str) -> int:
        """Return the number of rows with a verdict: write, conflict, held or refused."""
        return self.rows(verdict).height

    def rows(self, verdict: str) -> pl.DataFrame:
        """Return the rows with a verdict."""
        return self.changes.filter(pl.col("verdict") == verdict)

    @property
    def summary(self) -> pl.DataFrame:
        """One row a side, field and verdict with its number of rows: side, object, field, verdict, rows."""
        keys = ["side", "object", "field", "verdict"]
        return self.changes.group_by(keys).agg(rows=pl.len().cast(pl.Int64)).sort(keys)

    def __str__(self) -> str:
        verdicts = {name: self.count(name) for name in ("conflict", "held", "refused")}
        others = "".join(f", {count:,} {name}" for name, count in verdicts.items() if count)
        return f"Plan {self.plan_id}: {self.writes:,} to write{others}; {self.cost}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(str(self))}</p>"

    def check(self) -> None:
        """Raise DigestError when the rows are not those that the digest was made of."""
        if digest_of(self.changes, self.org_id, self.parent) != self.digest:
            raise DigestError(
                f"The rows of plan {self.plan_id} are not the rows that were reviewed; nothing was written.",
                hint="Make the plan again (`cs-toolkit plan`), look at it, and confirm its new digest.",
            )

    def meta(self) -> dict[str, Any]:
        """Return everything but the changes as JSON values, for the store and for exports."""
        return {
            "plan_id": self.plan_id,
            "digest": self.digest,
            "created_at": self.created_at.astimezone(UTC).isoformat(),
            "org_id": self.org_id,
            "org_name": self.org_name,
            "parent": self.parent,
            "cost": self.cost.to_json(),
            "findings": [asdict(finding) for finding in self.findings],
        }

    @classmethod
    def load(cls, meta: Mapping[str, Any], changes: pl.DataFrame) -> "Plan":
        """Return the plan of what `meta` gave and its changes. Raises DigestError when a row was tampered with."""
        plan = cls(
            digest=meta["digest"],
            created_at=datetime.fromisoformat(meta["created_at"]),
            org_id=meta["org_id"],
            org_name=meta["org_name"],
            parent=meta["parent"],
            changes=conform(changes, CHANGES),
            cost=Cost.from_json(meta["cost"]),
            findings=tuple(Finding(**finding) for finding in meta["findings"]),
        )
        plan.check()
        return plan


def make_plan(
    objects: Sequence[Sides],
    *,
    org_id: str,
    org_name: str = "",
    created_at: datetime,
    parent: str | None = None,
    writeback: Writeback | None = None,
    profile: HealthProfile | None = None,
    calls_left: int | None = None,
    mismatches: pl.DataFrame | None = None,
    journal: pl.DataFrame | None = None,
) -> Plan:
    """Return the plan that brings both sides of these objects into agreement.

    With `mismatches` (`MISMATCHES`) it also creates in Salesforce what only is here, for objects with ``create_there``;
    `journal` (`JOURNAL`) is what earlier commits did, so that nothing is created twice. `parent` is the id of the last
    commit, `calls_left` the API calls that may still be spent. Raises PreflightError when the mapping cannot work in
    this org, with every reason; StepMissingError when a side lacks a field's column.
    """
    guards = writeback or Writeback()
    findings = [each for sides in objects for each in _findings(sides, profile, guards)]
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        places = f"{len(errors)} place{'s' if len(errors) > 1 else ''}"
        hints = list(dict.fromkeys(f"{finding.place}: {finding.hint}" for finding in errors))
        more = len(hints) - HINTS
        raise PreflightError(
            f"The mapping does not fit the org in {places}; nothing was planned.",
            findings=[str(finding) for finding in errors],
            hint="\n\n".join([*hints[:HINTS], *([f"And {more} more: see `cs-toolkit check`."] if more > 0 else [])]),
        )
    new = [] if mismatches is None else [creates(objects, mismatches, journal)]
    return seal(
        pl.concat([CHANGES.empty().select(MERGED_COLUMNS), *(merge(sides) for sides in objects), *new]),
        objects,
        org_id=org_id,
        org_name=org_name,
        created_at=created_at,
        parent=parent,
        bulk_from=guards.bulk_from,
        calls_left=calls_left,
        findings=tuple(findings),
    )


def seal(
    changes: pl.DataFrame,
    objects: Sequence[Sides],
    *,
    org_id: str,
    org_name: str,
    created_at: datetime,
    parent: str | None,
    bulk_from: int,
    calls_left: int | None = None,
    findings: tuple[Finding, ...] = (),
) -> Plan:
    """Return the plan of some changes (`CHANGES` without seq): numbered, judged against describe, priced, digested."""
    places = {sides.object: place for place, sides in enumerate(in_order(objects))}
    place = pl.col("object").replace_strict(places, default=len(places), return_dtype=pl.Int64)
    ordered = (
        changes.select(MERGED_COLUMNS).with_columns(_place=place).sort("side", "_place", *ORDER[1:]).drop("_place")
    )
    numbered = ordered.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).alias("seq"))
    judged = conform(judge(numbered, objects), CHANGES)
    return Plan(
        digest=digest_of(judged, org_id, parent),
        created_at=created_at,
        org_id=org_id,
        org_name=org_name,
        parent=parent,
        changes=judged,
        cost=predict(judged, bulk_from, calls_left),
        findings=findings,
    )


def _findings(sides: Sides, profile: HealthProfile | None, guards: Writeback) -> tuple[Finding, ...]:
    here, there = dict(sides.here.schema), dict(sides.there.schema)
    return check_targets(sides.object, sides.mapping, sides.describe, profile, guards, here, there)
