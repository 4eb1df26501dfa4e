"""Merges carried out by a commit, each in one call that takes the values along, and found again after a crash.

A merge is held when a record, or a value that was chosen, changed since the plan: it cannot be undone, so nothing is
assumed. Values of fields that hold each value once follow in a second call, because the loser has them until then.
What became of a loser is known from its MasterRecordId. The link of a loser ends; a survivor without one inherits it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from toolkit.frames import LINKS
from toolkit.salesforce import Org
from toolkit.salesforce.refusals import transient
from toolkit.salesforce.soap_calls import Merged
from toolkit.values import to_text
from toolkit.writeback.committing.journal import Ledger
from toolkit.writeback.committing.recognising import new_links
from toolkit.writeback.committing.remedies import REMEDIES
from toolkit.writeback.committing.sending import answered, now_there, types_of, wide
from toolkit.writeback.committing.settling import ALREADY, CHANGED, FOUND, GONE, NOT_WRITTEN, compared
from toolkit.writeback.planning.operations import CHANGING, MERGE
from toolkit.writeback.planning.sentences import sentence
from toolkit.writeback.planning.sides import Sides
from toolkit.writeback.undoing.uncreating import STAMP

TRIES = 4
"""How often a merge is sent while somebody else is saving one of the records."""
MERGED = "merged"
"""The rule of a link that a survivor inherited."""


def of_merges(rows: pl.DataFrame) -> pl.DataFrame:
    """Return those rows of a plan or a journal that merge records, or take values over from those that go."""
    taken = (pl.col("side") == "there") & pl.col("operation").is_in(CHANGING) & pl.col("partner").is_null()
    return rows.filter((pl.col("operation") == MERGE) | taken)


@dataclass(frozen=True)
class Merger:
    """Carries out the merges of one object. ``at`` is the time of the commit, ``tell`` counts records."""

    org: Org
    ledger: Ledger
    sides: Sides
    at: str
    tell: Callable[[int], None]

    def carry_out(self, rows: pl.DataFrame) -> None:
        """Merge what journal rows say and settle each row. Raises SalesforceError when a whole call fails."""
        losers = self._judged(rows.filter(pl.col("operation") == MERGE))
        values = rows.filter(pl.col("operation").is_in(CHANGING))
        if values.height:
            values = compared(now_there(self.org, values, self.sides))
        losers, values = self._held_together(losers, values)
        for judged in (losers, values):
            self._settle(judged.filter(pl.col("state") != "intended"))
        waiting, chosen = (each.filter(pl.col("state") == "intended") for each in (losers, values))
        for survivor in waiting["after"].unique(maintain_order=True):
            mine = waiting.filter(pl.col("after") == survivor)
            self._merge(survivor, mine, chosen.filter(pl.col("there_id") == survivor))
        self._update(chosen)

    def settle_left_over(self) -> None:
        """Settle what an interrupted commit left open, by what the org has. Merges nothing."""
        mine = (pl.col("object") == self.sides.object) & (pl.col("state") == "intended")
        rows = of_merges(self.ledger.rows().filter(mine))
        self._settle(self._after_interruption(rows.filter(pl.col("operation") == MERGE)))
        values = rows.filter(pl.col("operation").is_in(CHANGING))
        if values.height:
            self.ledger.settle(compared(now_there(self.org, values, self.sides), after_interruption=True))

    # -- inner -------------------------------------------------------------------------------------------------------

    def _judged(self, losers: pl.DataFrame) -> pl.DataFrame:
        """The rows of losers with their state: held where it, or the survivor, is not what it was."""
        if losers.is_empty():
            return losers
        ids = pl.concat([losers["there_id"], losers["after"]]).unique().sort()
        now = self.org.by_ids(self.sides.mapping.sobject, ids, ["Id", STAMP])
        stamp = to_text(pl.col(STAMP), now.schema[STAMP], "datetime")
        stamps = now.select(there_id="Id", _stamp=stamp)
        found = losers.join(stamps, on="there_id", how="left", maintain_order="left").join(
            stamps.select(after="there_id", _survivor="_stamp"), on="after", how="left", maintain_order="left"
        )
        gone = found.filter(pl.col("_stamp").is_null())["there_id"]
        merged = self._merged_into(gone)
        found = found.join(merged, on="there_id", how="left", maintain_order="left")
        already = pl.col("_master").eq_missing(pl.col("after"))
        away = pl.when(pl.col("_master").is_null()).then(pl.lit("the record is deleted, or no longer visible"))
        moved = pl.lit("the record changed in Salesforce since the plan, and a merge cannot be undone; plan again")
        cases = [
            (already, "written", ALREADY, pl.lit("was merged already; no call was needed")),
            (pl.col("_stamp").is_null(), "held", GONE,
             away.otherwise(sentence("it was merged into ", pl.col("_master")))),
            (pl.col("_survivor").is_null(), "held", GONE,
             sentence("the survivor ", pl.col("after"), " is deleted, or no longer visible")),
            (pl.col("_stamp") != pl.col("base"), "held", CHANGED, moved),
        ]  # fmt: skip
        return _settled(found, cases).select(losers.columns)

    def _held_together(self, losers: pl.DataFrame, values: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Hold a merge whose chosen values moved, and the values of a merge that is held."""
        held_values = values.filter(pl.col("state") == "held")["there_id"]
        stuck = pl.col("after").is_in(held_values.implode()) & (pl.col("state") == "intended")
        why = "a value of the survivor changed in Salesforce since the plan, and a merge cannot be undone; plan again"
        losers = _settled(losers, [(stuck, "held", CHANGED, pl.lit(why))], otherwise=True)
        held = losers.filter(pl.col("state") == "held")["after"]
        alone = pl.col("there_id").is_in(held.implode()) & (pl.col("state") == "intended")
        why = "the merge it belongs to is held; see its row"
        return losers, _settled(values, [(alone, "held", NOT_WRITTEN, pl.lit(why))], otherwise=True)

    def _merge(self, survivor: str, losers: pl.DataFrame, values: pl.DataFrame) -> None:
        """One merge with the values that may go with it; the others wait for `_update`."""
        with_it = values.filter(~pl.col("field").is_in(self._unique(values)))
        given = dict(with_it.select("field", "after").iter_rows())
        done = self._sent(survivor, losers["there_id"].to_list(), given)
        if done.success:
            told = {"state": pl.lit("written"), "code": _NONE, "message": _moved(done)}
            self._settle(losers.with_columns(**told))
            self.ledger.settle(with_it.with_columns(**{**told, "message": _NONE}))
            return
        help_ = REMEDIES.get(done.code, "see the message; plan again when it is mended")
        said = {
            "state": pl.lit("failed"),
            "code": pl.lit(done.code or "MERGE_FAILED"),
            "message": pl.lit(f"{done.message}; {help_}"),
        }
        self._settle(losers.with_columns(**said))
        self.ledger.settle(values.with_columns(**{**said, "message": pl.lit("the merge failed; see its row")}))

    def _sent(self, survivor: str, losers: list[str], values: dict[str, str | None]) -> Merged:
        for attempt in range(1, TRIES):
            done = self.org.soap.merge(self.sides.mapping.sobject, survivor, losers, values)
            said = pl.DataFrame({"code": [done.code], "message": [done.message]})
            if done.success or not said.select(transient(pl.col("code"), pl.col("message"))).item():
                return done
            self.org.pause(attempt)
        return self.org.soap.merge(self.sides.mapping.sobject, survivor, losers, values)

    def _update(self, values: pl.DataFrame) -> None:
        """Write the values that did not go with a merge: of fields that hold each once, or of merges already done."""
        open_still = self.ledger.rows().filter(pl.col("state") == "intended").select("seq")
        rest = values.join(open_still, on="seq", how="semi", maintain_order="left")
        if rest.height:
            results = self.org.write(self.sides.mapping.sobject, "update", wide(rest), types_of(rest), sparse=True)
            self.ledger.settle(answered(rest, results))

    def _unique(self, values: pl.DataFrame) -> list[str]:
        facts = {name: self.sides.describe.field(name) for name in values["field"].unique()}
        return [name for name, each in facts.items() if each.unique or each.external_id]

    def _merged_into(self, ids: pl.Series) -> pl.DataFrame:
        """What became of records that are gone: there_id, _master (null when merely deleted)."""
        if ids.is_empty():
            return pl.DataFrame(schema={"there_id": pl.String, "_master": pl.String})
        fates = self.org.fates(self.sides.mapping.sobject, ids.to_list())
        return fates.select(there_id="Id", _master="MasterRecordId")

    def _after_interruption(self, losers: pl.DataFrame) -> pl.DataFrame:
        if losers.is_empty():
            return losers
        found = losers.join(self._merged_into(losers["there_id"]), on="there_id", how="left", maintain_order="left")
        master = pl.col("_master")
        cases = [
            (master.eq_missing(pl.col("after")), "written", FOUND,
             pl.lit("found merged after the run was interrupted")),
            (master.is_not_null(), "held", GONE, sentence("it was merged into ", master)),
        ]  # fmt: skip
        why = pl.lit("the run was interrupted before this was merged; plan again")
        settled = _settled(found, [*cases, (pl.lit(value=True), "failed", NOT_WRITTEN, why)])
        return settled.select(losers.columns)

    def _settle(self, losers: pl.DataFrame) -> None:
        """Settle rows; of losers that were merged the link ends, and a survivor without one inherits the first."""
        merged = losers.filter((pl.col("operation") == MERGE) & (pl.col("state") == "written"))
        linked = merged.drop_nulls("here_id")
        known = self.ledger.store.read(LINKS).filter(pl.col("object") == self.sides.object)
        current = linked.join(known.select("here_id", "there_id"), on=["here_id", "there_id"], how="semi")
        heirs = current.filter(~pl.col("after").is_in(known["there_id"].implode()))
        heirs = heirs.unique("after", keep="first", maintain_order=True).with_columns(there_id="after")
        links = new_links(heirs, self.at).with_columns(rule=pl.lit(MERGED)) if heirs.height else None
        self.ledger.settle(losers, links=links, unlinked=current if current.height else None)
        self.tell(losers["there_id"].n_unique())


_NONE = pl.lit(None, dtype=pl.String)


def _moved(done: Merged) -> pl.Expr:
    number = len(done.moved)
    return pl.lit(f"{number:,} record{'s' if number != 1 else ''} moved to the survivor" if number else None, pl.String)


Case = tuple[pl.Expr, str, str, pl.Expr]


def _settled(rows: pl.DataFrame, cases: list[Case], *, otherwise: bool = False) -> pl.DataFrame:
    """The rows with state, code and message of the first case that holds; else intended, or as they were."""
    state = pl.col("state") if otherwise else pl.lit("intended")
    code = pl.col("code") if otherwise else _NONE
    message = pl.col("message") if otherwise else _NONE
    for when, case_state, case_code, case_message in reversed(cases):
        state = pl.when(when).then(pl.lit(case_state)).otherwise(state)
        code = pl.when(when).then(pl.lit(case_code)).otherwise(code)
        message = pl.when(when).then(case_message).otherwise(message)
    return rows.with_columns(state=state, code=code, message=message)
