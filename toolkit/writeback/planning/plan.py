"""The plan: every change on either side, judged, priced and sealed with a digest.

A plan is what is shown, what is confirmed and what is committed. It is made in memory from frames alone; it is kept,
exported and loaded again elsewhere, and whoever loads it finds out when a row is not what it was.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from html import escape
from typing import Any

import polars as pl

from toolkit.config.health import HealthProfile
from toolkit.config.models import HEALTH_FIELDS, Brakes, Writeback
from toolkit.errors import DigestError, PreflightError
from toolkit.frames import CHANGES, conform
from toolkit.writeback.planning.braking import Brake, tripped
from toolkit.writeback.planning.cost import Cost, predict
from toolkit.writeback.planning.creating import creates, in_order
from toolkit.writeback.planning.deciding import decided
from toolkit.writeback.planning.digest import ID_LENGTH, digest_of
from toolkit.writeback.planning.excluding import excluded
from toolkit.writeback.planning.irreversible import irreversible
from toolkit.writeback.planning.merge import MERGED_COLUMNS, merge
from toolkit.writeback.planning.nesting import with_depth
from toolkit.writeback.planning.preflight import Finding, check_targets, judge
from toolkit.writeback.planning.sides import Sides, traced

HINTS = 3
"""How many recipes an error gives before it says where the others are."""
ORDER = ("side", "object", "there_id", "here_id", "field", "operation", "name")
"""What the rows of a plan are sorted by: objects each after those it refers to; of an object new records first, and of
these parents before what hangs on them."""


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that a commit would do, and what it leaves alone with the reason.

    ``changes`` is the frame `CHANGES`. ``digest`` covers it, the org, and ``parent``, the commit it was planned after.
    What the digest does not cover is only told: ``purpose`` in words, who made it, the plan it was ``made_of``, when it
    expires, and the ``brakes`` it trips. A commit works the latter out anew.
    """

    digest: str
    created_at: datetime
    org_id: str
    org_name: str
    parent: str | None
    changes: pl.DataFrame = field(repr=False)
    cost: Cost = field(default_factory=Cost)
    findings: tuple[Finding, ...] = ()
    brakes: tuple[Brake, ...] = ()
    purpose: str = "plan"
    made_by: str = ""
    made_of: str | None = None
    expires_at: datetime | None = None

    @property
    def plan_id(self) -> str:
        """The first characters of the digest."""
        return self.digest[:ID_LENGTH]

    @property
    def writes(self) -> int:
        """How many fields a commit would write."""
        return self.count("write")

    def count(self, verdict: str) -> int:
        """Return the number of rows with a verdict: write, conflict, held, refused or excluded."""
        return self.rows(verdict).height

    def rows(self, verdict: str) -> pl.DataFrame:
        """Return the rows with a verdict."""
        return self.changes.filter(pl.col("verdict") == verdict)

    @property
    def summary(self) -> pl.DataFrame:
        """One row a side, field and verdict with its number of rows: side, object, field, verdict, rows."""
        keys = ["side", "object", "field", "verdict"]
        return self.changes.group_by(keys).agg(rows=pl.len().cast(pl.Int64)).sort(keys)

    @property
    def irreversible(self) -> tuple[Finding, ...]:
        """What an undo of this plan's commit would not bring back, or only for a while or in part (BEY-5)."""
        return irreversible(self.changes)

    def __str__(self) -> str:
        verdicts = {name: self.count(name) for name in ("conflict", "held", "refused", "excluded")}
        others = "".join(f", {count:,} {name}" for name, count in verdicts.items() if count)
        told = [f"Plan {self.plan_id}: {self.writes:,} to write{others}; {self.cost}"]
        told += [f"brake: {brake}" for brake in self.brakes]
        told += [f"undo: {each.message}" for each in self.irreversible if each.severity == "warning"]
        return "\n  ".join(told)

    def _repr_html_(self) -> str:
        return f"<p>{escape(str(self)).replace(chr(10), '<br>')}</p>"

    def without(
        self, seqs: Iterable[int], by: str, *, belongs: pl.DataFrame | None = None, bulk_from: int | None = None
    ) -> "Plan":
        """Return a new plan, with a digest of its own, in which a person left out these rows (by their ``seq``).

        What cannot stand without them is left out as well; `planning.excluding` says what that is, and what
        `belongs` is for. Raises InputError for a row that the plan does not have or would not write.
        """
        changes = excluded(self.changes, seqs, by, belongs)
        return replace(
            self,
            digest=digest_of(changes, self.org_id, self.parent),
            changes=changes,
            cost=predict(changes, bulk_from or Writeback().bulk_from, self.cost.left, self.cost.traced),
            brakes=(),
            made_by=by,
            made_of=self.plan_id,
        )

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
            "brakes": [asdict(brake) for brake in self.brakes],
            "purpose": self.purpose,
            "made_by": self.made_by,
            "made_of": self.made_of,
            "expires_at": self.expires_at.astimezone(UTC).isoformat() if self.expires_at else None,
        }

    @classmethod
    def load(cls, meta: Mapping[str, Any], changes: pl.DataFrame) -> "Plan":
        """Return the plan of what `meta` gave and its changes. Raises DigestError when a row was tampered with."""
        expires = meta.get("expires_at")  # plans that were kept before there were such things have none of them
        plan = cls(
            digest=meta["digest"],
            created_at=datetime.fromisoformat(meta["created_at"]),
            org_id=meta["org_id"],
            org_name=meta["org_name"],
            parent=meta["parent"],
            changes=conform(changes, CHANGES),
            cost=Cost.from_json(meta["cost"]),
            findings=tuple(Finding(**finding) for finding in meta["findings"]),
            brakes=tuple(Brake(**brake) for brake in meta.get("brakes", ())),
            purpose=meta.get("purpose", "plan"),
            made_by=meta.get("made_by", ""),
            made_of=meta.get("made_of"),
            expires_at=datetime.fromisoformat(expires) if expires else None,
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
    decisions: pl.DataFrame | None = None,
    brakes: Brakes | None = None,
    computed: Collection[str] = HEALTH_FIELDS,
) -> Plan:
    """Return the plan that brings both sides of these objects into agreement.

    With `mismatches` (`MISMATCHES`) it also creates in Salesforce what only is here, for objects with ``create_there``;
    `journal` (`JOURNAL`) is what earlier commits did, so that nothing is created twice. `decisions` (`DECISIONS`) are
    what people decided about conflicts and held rows. `brakes` says when a share is too large, `computed` which columns
    here are figures of the toolkit's own; see `planning.braking`. `parent` is the id of the last commit,
    `calls_left` the API calls that may still be spent. Raises PreflightError when the mapping cannot work in this org,
    with every reason; StepMissingError when a side lacks a field's column.
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
    merged = [merge(sides) for sides in objects]
    if decisions is not None and decisions.height:
        merged = [
            decided(rows, sides.object, sides.mapping, decisions) for rows, sides in zip(merged, objects, strict=True)
        ]
    return seal(
        pl.concat([CHANGES.empty().select(MERGED_COLUMNS), *merged, *new]),
        objects,
        org_id=org_id,
        org_name=org_name,
        created_at=created_at,
        parent=parent,
        bulk_from=guards.bulk_from,
        calls_left=calls_left,
        findings=tuple(findings),
        brakes=brakes,
        computed=computed,
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
    brakes: Brakes | None = None,
    computed: Collection[str] = HEALTH_FIELDS,
) -> Plan:
    """Return the plan of some changes (`CHANGES` without seq): numbered, judged against describe, priced, digested."""
    places = {sides.object: place for place, sides in enumerate(in_order(objects))}
    place = pl.col("object").replace_strict(places, default=len(places), return_dtype=pl.Int64)
    placed = with_depth(changes.select(MERGED_COLUMNS), "_depth").with_columns(_place=place)
    ordered = placed.sort("side", "_place", "there_id", "_depth", *ORDER[3:]).select(MERGED_COLUMNS)
    numbered = ordered.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).alias("seq"))
    judged = conform(judge(numbered, objects), CHANGES)
    return Plan(
        digest=digest_of(judged, org_id, parent),
        created_at=created_at,
        org_id=org_id,
        org_name=org_name,
        parent=parent,
        changes=judged,
        cost=predict(judged, bulk_from, calls_left, traced(objects)),
        findings=findings,
        brakes=() if brakes is None else tripped(judged, objects, brakes, computed),
    )


def _findings(sides: Sides, profile: HealthProfile | None, guards: Writeback) -> tuple[Finding, ...]:
    here, there = dict(sides.here.schema), dict(sides.there.schema)
    return check_targets(sides.object, sides.mapping, sides.describe, profile, guards, here, there)
