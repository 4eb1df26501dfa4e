"""What a commit does besides values, new and deleted records: fields, merges, and records taken out of the bin.

The commit hands over all its journal rows and gets back those that go the ordinary way. How each is done, and found
again after a crash, is in `toolkit.writeback.restructuring.field_creation_run`, `merging_run` and `undeleting_run`.
"""

import polars as pl

from toolkit.frames import LINKS
from toolkit.writeback.committing.settling import CHANGED, UNLINKED
from toolkit.writeback.committing.writer import Writer
from toolkit.writeback.planning.operations import DELETE, FIELDS, UNDELETE
from toolkit.writeback.planning.rule_names import DELETE as BY_PLAN
from toolkit.writeback.planning.sides import Sides
from toolkit.writeback.restructuring.deleting import GOES, what_goes
from toolkit.writeback.restructuring.field_creation_run import FieldWriter
from toolkit.writeback.restructuring.merging_run import Merger, of_merges
from toolkit.writeback.undoing.hanging import dependents
from toolkit.writeback.undoing.undeleting_run import Restorer
from toolkit.writeback.undoing.whole_records import changed_since


def carry_out(writer: Writer, rows: pl.DataFrame, planned: pl.DataFrame) -> pl.DataFrame:
    """Do what journal rows say of fields, merges and deleted records; return the rows left for the ordinary ways.

    Fields come first, because what is written into them comes after; then what is to come back, parents before what
    belongs to them; then merges. A record here that changed since its deletion was planned is held, and so is one in
    Salesforce that became the partner of another since, or would take along others than `planned` (`CHANGES`) shows.
    """
    done = [judge(writer, sides, rows) for judge in (_changed_here, _of_others) for sides in writer.objects]
    left = rows.join(pl.concat([rows.clear(), *done]), on="seq", how="anti", maintain_order="left")
    done += [_taking_others(writer, sides, left, planned) for sides in writer.objects]
    for sides in writer.objects:
        mine = rows.filter((pl.col("object") == sides.object) & pl.col("operation").is_in(FIELDS))
        if mine.height:
            _fields(writer, sides).carry_out(mine)
            done.append(mine)
    for sides in writer.objects:
        mine = rows.filter((pl.col("object") == sides.object) & (pl.col("operation") == UNDELETE))
        if mine.height:
            _restorer(writer, sides).carry_out(mine)
            done.append(mine)
    for sides in writer.objects:
        mine = of_merges(rows.filter(pl.col("object") == sides.object))
        if mine.height:
            _merger(writer, sides).carry_out(mine)
            done.append(mine)
    return rows.join(pl.concat([rows.clear(), *done]), on="seq", how="anti", maintain_order="left")


def settle_structural(writer: Writer, sides: Sides) -> None:
    """Settle what an interrupted commit left open of these operations, for one object. Writes nothing there."""
    _fields(writer, sides).settle_left_over()
    _restorer(writer, sides).settle_left_over()
    _merger(writer, sides).settle_left_over()


def _fields(writer: Writer, sides: Sides) -> FieldWriter:
    return FieldWriter(writer.org, writer.ledger, sides, writer.tell)


def _restorer(writer: Writer, sides: Sides) -> Restorer:
    return Restorer(writer.org, writer.ledger, sides, writer.at, writer.tell)


def _merger(writer: Writer, sides: Sides) -> Merger:
    return Merger(writer.org, writer.ledger, sides, writer.at, writer.tell)


def _changed_here(writer: Writer, sides: Sides, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that delete records here which are no longer what the plan showed, settled as held."""
    planned = (pl.col("side") == "here") & (pl.col("operation") == DELETE) & pl.col("before").is_not_null()
    mine = rows.filter((pl.col("object") == sides.object) & planned)
    if mine.is_empty():
        return mine
    moved = changed_since(mine.select("here_id", record="before"), writer.as_kept(sides).here)
    stale = mine.filter(pl.col("here_id").is_in(moved.implode()))
    why = pl.lit("the record changed here since the plan; plan again to decide")
    writer.ledger.settle(stale.with_columns(state=pl.lit("held"), code=pl.lit(CHANGED), message=why))
    return stale


def _of_others(writer: Writer, sides: Sides, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that delete records in Salesforce which are the partners of other records by now, settled as held."""
    links = writer.ledger.store.read(LINKS).filter(pl.col("object") == sides.object)
    mine = (pl.col("object") == sides.object) & (pl.col("side") == "there") & (pl.col("operation") == DELETE)
    planned = rows.filter(mine).join(links.select("there_id", _now="here_id"), on="there_id", how="left")
    taken = planned.filter(pl.col("_now").is_not_null() & pl.col("_now").ne_missing(pl.col("here_id")))
    why = pl.format("{} is linked to {} by now; plan again to decide", "there_id", "_now")
    writer.ledger.settle(taken.with_columns(state=pl.lit("held"), code=pl.lit(UNLINKED), message=why))
    return taken.select(rows.columns)


def _taking_others(writer: Writer, sides: Sides, rows: pl.DataFrame, planned: pl.DataFrame) -> pl.DataFrame:
    """The rows of planned deletions in Salesforce that would do to other records what nobody saw, settled as held."""
    said = (pl.col("rule") == BY_PLAN) & pl.col("reason").str.starts_with(GOES)
    shown = planned.filter(said).select("seq", _shown="reason")
    mine = rows.filter((pl.col("object") == sides.object) & (pl.col("operation") == DELETE))
    deleted = mine.join(shown, on="seq", how="inner", maintain_order="left")
    if deleted.is_empty():
        return rows.clear()
    ids = deleted["there_id"].sort()
    hanging = dependents(writer.org, sides.describe, ids, [each.describe for each in writer.objects])
    now = deleted.join(what_goes(ids, hanging), on="there_id", how="left", maintain_order="left")
    others = now.filter(pl.col("goes") != pl.col("_shown"))
    why = pl.format("what belongs to it changed since the plan: now it {}; plan again to decide", "goes")
    writer.ledger.settle(others.with_columns(state=pl.lit("held"), code=pl.lit(CHANGED), message=why))
    return others.select(rows.columns)
