"""The import of one object, whole: what each role has worked out of Salesforce, adoption, and what follows from it.

Pure: the shell reads what `toolkit.importing.extras.extra_reads` asks for, hands it in, and keeps what is returned.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import polars as pl

from toolkit.config.objects import ObjectMapping
from toolkit.frames import RECORD_KEY, SKIPS, conform
from toolkit.importing.adoption import ACCOUNT, Adopted, adopt, finished
from toolkit.importing.contacts import CONTACT_NOTES, contact_columns, contact_notes
from toolkit.importing.derived import Derived
from toolkit.importing.domains import domain_columns
from toolkit.importing.exclusions import EXCLUSIONS, PARENT_PATH, excluded
from toolkit.importing.hierarchy import HIERARCHY_COLUMNS, HIERARCHY_NOTES, hierarchy
from toolkit.importing.interaction_columns import interaction_columns
from toolkit.importing.interactions import with_copies
from toolkit.importing.judging import JUDGING_RULES, THERE_ID, writes_here
from toolkit.importing.leaving import LEFT_RULE
from toolkit.values import to_18

NOTES = (*CONTACT_NOTES, *HIERARCHY_NOTES, LEFT_RULE)
"""The rules of skips that leave nothing out: what is worth knowing of records that are here."""

RULES = (*EXCLUSIONS, *JUDGING_RULES, *NOTES)
"""Every rule that an import may write into `frames.SKIPS`; each import replaces all it said before."""


def import_object(
    mapping: ObjectMapping,
    there: pl.DataFrame,
    here: pl.DataFrame | None,
    links: pl.DataFrame,
    now: datetime,
    *,
    mismatches: pl.DataFrame | None = None,
    extras: Mapping[str, pl.DataFrame] | None = None,
    contacts: pl.DataFrame | None = None,
    gone: pl.DataFrame | None = None,
    apart: pl.DataFrame | None = None,
) -> Adopted:
    """Return what an import makes of an object: `there` are all its records in scope, `here` those here so far.

    `links` are those of all objects, `mismatches` matching's of this one (an object that is not matched needs none),
    `extras` the rows of other objects by name, `contacts` the contacts here, `gone` the pull's skips,
    `apart` (here_id, there_id) the pairs that a person said are different. Doing it again with what it returned changes
    nothing.
    """
    extras = extras or {}
    there = there.with_columns(to_18(pl.col(RECORD_KEY).cast(pl.String)))
    scope = excluded(there, mapping, _parents(mapping, extras))
    derived = _derived(scope.kept, mapping, extras, links, contacts)
    matched = mismatches if mapping.is_merged else None
    done = adopt(
        there, here, links, mapping, now, mismatches=matched, derived=derived, gone=gone, scope=scope, apart=apart
    )
    if mapping.acts_as == "account" and mapping.hierarchy is not None and writes_here(mapping):
        done = _with_hierarchy(done, scope.kept, mapping)
    if mapping.acts_as == "contact":
        done = _noted(done, contact_notes(done.here, mapping))
    if mapping.acts_as == "interaction":
        done = replace(done, here=with_copies(done.here, mapping))
    return finished(done, here)


def blank_here(mapping: ObjectMapping) -> pl.DataFrame:
    """Return records here of no rows, with every column that the mapping's rules and fields name, as text."""
    names = [
        RECORD_KEY,
        *(name for rule in mapping.match for name in rule.here_columns),
        *(field.here for field in mapping.fields),
    ]
    return pl.DataFrame(schema=dict.fromkeys(names, pl.String))


def _parents(mapping: ObjectMapping, extras: Mapping[str, pl.DataFrame]) -> pl.Series | None:
    path = mapping.hierarchy.parent if mapping.hierarchy else PARENT_PATH
    found = extras.get(mapping.sobject)
    return found[path] if mapping.exclude.parents and found is not None and path in found.columns else None


def _derived(
    there: pl.DataFrame,
    mapping: ObjectMapping,
    extras: Mapping[str, pl.DataFrame],
    links: pl.DataFrame,
    contacts: pl.DataFrame | None,
) -> Derived | None:
    match mapping.acts_as:
        case "account":
            return domain_columns(there)
        case "contact":
            return contact_columns(there, mapping, extras, links.filter(pl.col("object") == ACCOUNT))
        case "interaction":
            return interaction_columns(there, mapping, extras, links, contacts)
        case _:
            return None


def _with_hierarchy(done: Adopted, there: pl.DataFrame, mapping: ObjectMapping) -> Adopted:
    """Return an import whose linked accounts have their parents; who is linked no more stands alone at the top.

    An account that never had a partner keeps the parent that its file gave it.
    """
    placed = hierarchy(there, done.links, mapping)
    given = {name: f"given {name}" for name in HIERARCHY_COLUMNS if name in done.here.columns}
    here = done.here.rename(given).join(placed.rows, on=RECORD_KEY, how="left")
    own = pl.col(THERE_ID).is_null()
    stands = [
        pl.when(own).then(pl.coalesce(name, pl.col(was).cast(placed.rows.schema[name], strict=False))).otherwise(name)
        for name, was in given.items()
    ]
    here = here.with_columns(each.alias(name) for name, each in zip(given, stands, strict=True)).drop(given.values())
    here = here.with_columns(pl.col("root_id").fill_null(pl.col(RECORD_KEY)), pl.col("level").fill_null(1))
    return _noted(replace(done, here=here.sort(RECORD_KEY)), placed.skips)


def _noted(done: Adopted, notes: pl.DataFrame) -> Adopted:
    return replace(done, skips=conform(pl.concat([done.skips, notes]), SKIPS))
