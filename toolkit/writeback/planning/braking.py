"""The mass-change brakes of a plan (BEY-8): when it would clear, churn or change more than the mapping file allows.

A file that arrived half empty, or a list view that somebody edited, makes a plan that looks like any other, only
bigger. So shares are counted, per object, side and field, and what is over its share stops a commit until a person says
that it is meant. It is worked out from rows and sides alone, and anew before a commit: never trusted from a file.

What does not count: the filling of empty fields, so that a first push goes through (a box that nobody ever ticked is
empty, too); what an undo puts back, which was asked for by name; and, among what is changed, figures that go out and
that the toolkit works out itself, because they move every night. Fewer than ``from_records`` records never stop
anything.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from toolkit.config.models import HEALTH_FIELDS, Brakes, Settings
from toolkit.errors import BrakeError
from toolkit.frames import LINKS
from toolkit.importing.leaving import CHURNED, STAGE
from toolkit.writeback.planning.operations import CLEAR, DELETE, MERGE, UPDATE
from toolkit.writeback.planning.rule_names import UNDO
from toolkit.writeback.planning.sides import Sides

Kind = Literal["cleared", "churned", "changed"]
_KEY = ["side", "object", "field"]
_LIMITS: dict[Kind, str] = {
    "cleared": "max_cleared_share",
    "churned": "max_churned_share",
    "changed": "max_changed_share",
}
NAMED = 5
"""So many brakes an error names before it says how many more there are."""


@dataclass(frozen=True)
class Brake:
    """One share that is over what is allowed: of the ``of`` linked records of an object, ``records`` are hit.

    ``field`` is by its own side's name; it is empty where whole records would go.
    """

    kind: Kind
    side: str
    object: str
    field: str
    records: int
    of: int
    allowed: float

    @property
    def share(self) -> float:
        """The share of the linked records, 0 to 1."""
        return self.records / max(self.records, self.of)

    def __str__(self) -> str:
        where = "in Salesforce" if self.side == "there" else "here"
        deeds = {
            "cleared": f"lose {self.field} {where}" if self.field else f"be gone {where}",
            "churned": f"become churners {where}",
            "changed": f"get another {self.field} {where}",
        }
        return (
            f"{self.records:,} of the {self.of:,} linked records of {self.object} would {deeds[self.kind]} "
            f"({self.share:.0%}); the brake allows {self.allowed:.0%}"
        )


def computed_columns(settings: Settings) -> frozenset[str]:
    """Return the columns here that the toolkit works out itself: health and the metrics."""
    return frozenset({*HEALTH_FIELDS, *settings.metrics})


def tripped(
    changes: pl.DataFrame, objects: Sequence[Sides], brakes: Brakes, computed: Collection[str] = HEALTH_FIELDS
) -> tuple[Brake, ...]:
    """Return the brakes that the rows of `changes` (`CHANGES`) with the verdict ``write`` trip, the worst first.

    Shares are of the linked records of the object in `objects`. `computed` names the columns here whose figures may all
    change when they go out.
    """
    links = pl.concat([LINKS.empty(), *(sides.links.filter(object=sides.object) for sides in objects)])
    accounts = [sides.object for sides in objects if sides.mapping.acts_as == "account"]
    return tripped_by(changes, links, accounts, brakes, computed)


def tripped_by(
    changes: pl.DataFrame, links: pl.DataFrame, accounts: Sequence[str], brakes: Brakes, computed: Collection[str]
) -> tuple[Brake, ...]:
    """Return what `tripped` does, of `links` (`LINKS`) and the names of the objects that act as accounts."""
    there = pl.col("side") == "there"
    rows = changes.filter((pl.col("verdict") == "write") & pl.col("rule").ne_missing(UNDO)).with_columns(
        _now=pl.when(there).then("there").otherwise("here"), _here=pl.when(there).then("partner").otherwise("field")
    )
    unticked = (pl.col("type") == "boolean") & (pl.col("_now") == "false") & pl.col("base").is_null()
    held = pl.col("_now").is_not_null() & ~unticked.fill_null(value=False)
    ours = there & pl.col("_here").is_in(list(computed)).fill_null(value=False)
    churner, was_one = (pl.col(name).str.to_lowercase().eq_missing(CHURNED.lower()) for name in ("after", "_now"))
    hit: dict[Kind, pl.Expr] = {
        "churned": pl.col("object").is_in(accounts) & (pl.col("_here") == STAGE) & held & churner & ~was_one,
        "cleared": ((pl.col("operation") == CLEAR) & held) | pl.col("operation").is_in([DELETE, MERGE]),
        "changed": (pl.col("operation") == UPDATE) & held & pl.col("after").is_not_null() & ~ours,
    }
    linked: dict[str, int] = dict(links.group_by("object").len().iter_rows())
    found = [
        Brake(kind, side, name, field or "", records, linked.get(name, 0), allowed)
        for kind, when in hit.items()
        for allowed in [float(getattr(brakes, _LIMITS[kind]))]
        for side, name, field, records in _counted(rows.filter(when))
        if records >= brakes.from_records and records > allowed * max(records, linked.get(name, 0))
    ]
    return tuple(sorted(found, key=lambda brake: (list(_LIMITS).index(brake.kind), -brake.share, str(brake))))


def refuse_braked(changes: pl.DataFrame, objects: Sequence[Sides], settings: Settings, *, accept: bool) -> None:
    """Raise BrakeError when these rows (`CHANGES`) trip a brake, unless a person said that they are meant."""
    refuse(() if accept else tripped(changes, objects, settings.brakes, computed_columns(settings)))


def refuse_churning(records: int, of: int, name: str, brakes: Brakes) -> None:
    """Raise BrakeError when an import would make churners of too many of the `of` linked records of an object.

    The records whose partner left the scope; `records` are those that are no churners yet.
    """
    if records < brakes.from_records or records <= brakes.max_churned_share * of:
        return
    brake = Brake("churned", "here", name, STAGE, records, of, brakes.max_churned_share)
    raise BrakeError(
        f"{brake}, because they left the scope. Nothing was imported (BEY-8).",
        hint="Look whether somebody changed the list view or the mapping file's scope. If they did leave, import with "
        "accept_churning=True (`cs-toolkit import --accept-churning`), or raise brakes.max_churned_share.",
    )


def refuse(brakes: Iterable[Brake]) -> None:
    """Raise BrakeError with these brakes, when there are any."""
    tripped_ones = list(brakes)
    if not tripped_ones:
        return
    listed = "\n".join(f"  - {brake}" for brake in tripped_ones[:NAMED])
    more = f"\n  - and {len(tripped_ones) - NAMED} more" if len(tripped_ones) > NAMED else ""
    settings = ", ".join(f"brakes.{name}" for name in dict.fromkeys(_LIMITS[brake.kind] for brake in tripped_ones))
    raise BrakeError(
        f"The plan changes more at once than the brakes allow; nothing was written (BEY-8):\n{listed}{more}",
        hint="Look at these rows in the plan. If they are meant, commit with accept=True (`cs-toolkit commit "
        f"--accept`); to allow it always, raise {settings} in the mapping file.",
    )


def _counted(rows: pl.DataFrame) -> list[tuple[str, str, str | None, int]]:
    """The number of records by side, object and field."""
    record = pl.coalesce("here_id", "there_id")
    return rows.group_by(_KEY).agg(record.n_unique()).sort(_KEY).rows()
