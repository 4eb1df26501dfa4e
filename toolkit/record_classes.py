"""The class of every record, read from a store: what the mismatch inspector and the dashboard show (BEY-10, DSH-9).

This is the shell around `toolkit.matching.classes`; it reads, and asks no org.
"""

import polars as pl

from toolkit import frames
from toolkit.config import ObjectMapping, Settings
from toolkit.importing.exclusions import EXCLUSIONS
from toolkit.importing.judging import JUDGING_RULES
from toolkit.importing.leaving import ARCHIVED_ON, LEFT_RULE
from toolkit.matching.classes import Seen, classify
from toolkit.matching.keys import names_of
from toolkit.matching.repair import DONE, REJECTED, UNLINK
from toolkit.store import Store

WHOLE_PLAN = "plan"
"""The purpose of a plan that was made of everything."""


def record_classes(store: Store, settings: Settings, object_name: str | None = None) -> pl.DataFrame:
    """Return every record of both sides with its class (`frames.RECORD_CLASSES`), of one object or of all (None).

    Of all: of those that are matched. Drift is that of the newest plan, less what was written since.
    """
    merged = [name for name, mapping in settings.active_objects.items() if mapping.is_merged]
    names = merged if object_name is None else [object_name]
    plan = _newest_plan(store)
    found = [_of_object(store, settings.objects[name], name, plan) for name in names]
    return frames.conform(pl.concat([frames.RECORD_CLASSES.empty(), *found]), frames.RECORD_CLASSES)


def _of_object(
    store: Store, mapping: ObjectMapping, name: str, plan: tuple[pl.DataFrame, pl.DataFrame] | None
) -> pl.DataFrame:
    within = {"object": name}
    changes, journal = plan or (frames.CHANGES.empty(), frames.JOURNAL.empty())
    here = store.records("here", name)
    links, skips = store.read(frames.LINKS, within=within), store.read(frames.SKIPS, within=within)
    left_out = (*EXCLUSIONS, *JUDGING_RULES)
    if not mapping.is_merged:  # its records only come in, each under its own id
        links = _came_in(here, store.records("there", name), name)
        skips = skips.filter(~pl.col("id").is_in(links["there_id"].implode()))
        left_out = tuple(skips["rule"].unique().sort())
    seen = Seen(
        here=_named(here, mapping, "here"),
        there=_named(store.records("there", name), mapping, "there"),
        links=links,
        mismatches=store.read(frames.MISMATCHES, within=within),
        skips=skips,
        changes=changes,
        journal=journal,
        history=store.read(frames.LINK_HISTORY, within=within),
        excluded=left_out,
        left=LEFT_RULE,
        compared=plan is not None,
        archived=_put_away(here),
        settled=store.read(frames.PROPOSALS, within=within).filter(
            pl.col("state").is_in([DONE, REJECTED]) & (pl.col("action") == UNLINK)
        )["here_id"],
    )
    return classify(name, seen)


def _came_in(here: pl.DataFrame | None, there: pl.DataFrame | None, name: str) -> pl.DataFrame:
    """Return the records that are on both sides under one id, as links that the import made."""
    if here is None or there is None:
        return frames.LINKS.empty()
    both = here.select(here_id=pl.col(frames.RECORD_KEY).cast(pl.String), there_id=pl.col(frames.RECORD_KEY)).join(
        there, left_on="there_id", right_on=frames.RECORD_KEY, how="semi"
    )
    told = both.with_columns(object=pl.lit(name), rule=pl.lit("import"), decided_by=pl.lit("import"))
    return pl.concat([frames.LINKS.empty(), told], how="diagonal").select(list(frames.LINKS.schema))


def _named(records: pl.DataFrame | None, mapping: ObjectMapping, side: str) -> pl.DataFrame:
    if records is None:
        return pl.DataFrame(schema={frames.RECORD_KEY: pl.String, "name": pl.String})
    return pl.DataFrame([records[frames.RECORD_KEY].cast(pl.String), names_of(records, mapping, side)])


def _put_away(here: pl.DataFrame | None) -> pl.Series:
    if here is None or ARCHIVED_ON not in here.columns:
        return pl.Series(dtype=pl.String)
    return here.filter(pl.col(ARCHIVED_ON).is_not_null())[frames.RECORD_KEY]


def _newest_plan(store: Store) -> tuple[pl.DataFrame, pl.DataFrame] | None:
    """Return the changes of the newest plan of everything, and what commits wrote since, the oldest first."""
    whole = [meta for meta in store.plans() if meta.get("purpose", WHOLE_PLAN) == WHOLE_PLAN]
    if not whole:
        return None
    newest, commits = whole[-1], store.commits()["commit_id"].to_list()
    since = commits[commits.index(newest["parent"]) + 1 :] if newest["parent"] in commits else commits
    written = pl.concat([frames.JOURNAL.empty(), *(store.journal(commit_id) for commit_id in since)])
    return store.plan(newest["plan_id"])[1], written
