"""Fields made, granted and deleted by a commit, row by row, and found again after one that was cut off (BEY-15).

A field is known by its name: before one is made it is looked for, so that it is never made twice, and after a crash it
is looked for again. A new field may take a while until describe shows it (CAT-21): it is waited for, within bounds.
A field is deleted only while it is as it was made, and while no record holds a value in it but what a commit wrote.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from toolkit.errors import AccessError, RequestError, SalesforceError
from toolkit.salesforce import Org
from toolkit.salesforce.tooling import CustomField
from toolkit.writeback.committing.journal import Ledger
from toolkit.writeback.committing.remedies import remedy
from toolkit.writeback.committing.settling import ALREADY, CHANGED, FOUND, NOT_WRITTEN, compared
from toolkit.writeback.planning.operations import CREATE_FIELD, DELETE_FIELD, FIELDS, GRANT_FIELD
from toolkit.writeback.planning.sides import Sides
from toolkit.writeback.restructuring.field_creation import same_shape, unchanged
from toolkit.writeback.restructuring.granting import now_granted, write_permissions
from toolkit.writeback.undoing.uncreating_fields import foreign_values

LOOKS = 4
"""How often describe is asked whether it shows new fields, with growing waits between: half a minute in all."""
TAKEN = "DUPLICATE_DEVELOPER_NAME"
NOT_SHOWN = (
    "created; Salesforce does not show it to the integration user yet, which may take a while: refresh the fields later"
)
_REFUSED = (AccessError, RequestError)


@dataclass(frozen=True)
class FieldWriter:
    """Carries out the field rows of one object. ``tell`` counts the rows that are done."""

    org: Org
    ledger: Ledger
    sides: Sides
    tell: Callable[[int], None]

    def carry_out(self, rows: pl.DataFrame) -> None:
        """Make, grant and delete fields and settle each journal row.

        Raises SalesforceError when the org cannot be reached or refuses more than a field; the rest stays intended.
        """
        self._make(_of(rows, CREATE_FIELD))
        doomed = self._doomed(_of(rows, DELETE_FIELD))
        self._grant(self._grantable(_of(rows, GRANT_FIELD)))
        self._delete(doomed)
        self._await(_of(rows, CREATE_FIELD, GRANT_FIELD)["field"].unique().sort().to_list())

    def settle_left_over(self) -> None:
        """Settle the rows that an interrupted commit left open, by what the org has. Makes and deletes nothing."""
        mine = (pl.col("object") == self.sides.object) & (pl.col("state") == "intended")
        rows = self.ledger.rows().filter(mine & pl.col("operation").is_in(FIELDS))
        if rows.is_empty():
            return
        known = self._known(_of(rows, CREATE_FIELD, DELETE_FIELD)["field"])
        for row in _of(rows, CREATE_FIELD, DELETE_FIELD).iter_rows(named=True):
            self._settle(row["seq"], *_after_interruption(row, known.get(row["field"].lower())))
        grants = _of(rows, GRANT_FIELD)
        if grants.height:
            seen = now_granted(self.org, self.sides.mapping.sobject, grants)
            self.ledger.settle(compared(_asked(seen), after_interruption=True))
        self.org.describe(self.sides.mapping.sobject, refresh=True)

    # -- making --------------------------------------------------------------------------------------------------------

    def _make(self, rows: pl.DataFrame) -> None:
        known = self._known(rows["field"])
        for row in rows.iter_rows(named=True):
            self._settle(row["seq"], *self._made(row, known.get(row["field"].lower())))

    def _made(self, row: Mapping[str, Any], there: CustomField | None) -> tuple[str, str | None, str | None]:
        definition = json.loads(row["after"])
        if there is not None:
            return _found(definition, there, ALREADY, "was there already; no call was needed")
        given = {key: value for key, value in definition.items() if key != "fullName"}
        try:
            self.org.tooling.create(self.sides.mapping.sobject, row["field"], given)
        except _REFUSED as error:
            if error.code == TAKEN:
                there = self._known(pl.Series([row["field"]])).get(row["field"].lower())
                if there is not None:
                    return _found(definition, there, FOUND, "somebody made it in the same moment")
            return _refused(error)
        return "written", None, None

    # -- granting ------------------------------------------------------------------------------------------------------

    def _grantable(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of fields that are there, and stay or go as planned; the others are settled."""
        journal = self.ledger.rows().filter(pl.col("object") == self.sides.object)
        failed = _of(journal, CREATE_FIELD).filter(pl.col("state").is_in(["failed", "held"]))
        kept = _of(journal, DELETE_FIELD).filter(pl.col("state").is_in(["failed", "held"]))
        for waiting, why in (
            (failed, "the field was not created; see its row"),
            (kept, "the field stays, so who may see it stays as well; see its row"),
        ):
            mine = rows.join(waiting, on="field", how="semi", maintain_order="left")
            said = {"state": pl.lit("held"), "code": pl.lit(NOT_WRITTEN), "message": pl.lit(why)}
            self.ledger.settle(mine.with_columns(**said))
            rows = rows.join(mine, on="seq", how="anti", maintain_order="left")
        return rows

    def _grant(self, rows: pl.DataFrame) -> None:
        if rows.is_empty():
            return
        judged = compared(_asked(now_granted(self.org, self.sides.mapping.sobject, rows)))
        waiting = judged.filter(pl.col("state") == "intended")
        self.ledger.settle(judged.filter(pl.col("state") != "intended"))
        results = write_permissions(self.org, self.sides.mapping.sobject, waiting)
        failed = pl.concat_str(pl.col("error_message").fill_null("no reason was given"), pl.lit("; "),
                               remedy("error_code"))  # fmt: skip
        told = waiting.select("seq").join(results, on="seq", how="inner", maintain_order="left")
        done = pl.col("success")
        self.ledger.settle(
            told.select(
                "seq",
                state=pl.when(done).then(pl.lit("written")).otherwise(pl.lit("failed")),
                code=pl.when(~done).then("error_code"),
                message=pl.when(~done).then(failed),
            )
        )
        self.tell(rows.height)

    # -- deleting ------------------------------------------------------------------------------------------------------

    def _doomed(self, rows: pl.DataFrame) -> list[tuple[Mapping[str, Any], CustomField]]:
        """The rows of fields that may go now, each with the field; the others are settled."""
        known = self._known(rows["field"])
        doomed: list[tuple[Mapping[str, Any], CustomField]] = []
        for row in rows.iter_rows(named=True):
            there = known.get(row["field"].lower())
            if there is None:
                self._settle(row["seq"], "written", ALREADY, "was deleted already")
                continue
            changed = unchanged(json.loads(row["before"]), there.definition)
            values = 0 if changed else foreign_values(self.org, self.sides, row["field"], self.ledger.store.journal())
            if changed or values:
                why = f"changed since the plan: {changed}" if changed else f"{values:,} records hold a value by now"
                self._settle(row["seq"], "held", CHANGED, why)
                continue
            doomed.append((row, there))
        return doomed

    def _delete(self, doomed: Sequence[tuple[Mapping[str, Any], CustomField]]) -> None:
        for row, there in doomed:
            try:
                self.org.tooling.delete(there.id)
            except _REFUSED as error:
                gone = error.code in ("NOT_FOUND", "ENTITY_IS_DELETED")
                self._settle(row["seq"], *(("written", ALREADY, "was deleted already") if gone else _refused(error)))
            else:
                self._settle(row["seq"], "written", None, None)
        if doomed:
            self.org.describe(self.sides.mapping.sobject, refresh=True)

    # -- seeing --------------------------------------------------------------------------------------------------------

    def _await(self, names: list[str]) -> None:
        """Ask describe until it shows the fields that were made or granted just now, and note those that it does not.

        Without a permission that was granted nobody sees them; they are not waited for then.
        """
        journal = self.ledger.rows().filter((pl.col("object") == self.sides.object) & (pl.col("state") == "written"))
        granted = _of(journal, GRANT_FIELD).filter(pl.col("after").is_not_null())
        expected = set(granted["field"]) & set(names)
        made = _of(journal, CREATE_FIELD).filter(pl.col("field").is_in(names) & pl.col("code").is_null())
        missing = set(made["field"])
        for attempt in range(1, LOOKS + 1) if expected or missing else ():
            shown = self.org.describe(self.sides.mapping.sobject, refresh=True).fields
            missing = {name for name in expected | missing if name not in shown}
            if not missing & expected or attempt == LOOKS:
                break
            self.org.pause(attempt)
        late = made.filter(pl.col("field").is_in(sorted(missing)))
        self.ledger.settle(late.with_columns(message=pl.lit(NOT_SHOWN)))

    def _known(self, names: pl.Series) -> dict[str, CustomField]:
        return self.org.tooling.fields(self.sides.mapping.sobject, names.unique().sort().to_list())

    def _settle(self, seq: int, state: str, code: str | None, message: str | None) -> None:
        row = {"seq": [seq], "state": [state], "code": [code], "message": [message]}
        schema = {"seq": pl.UInt32, "state": pl.String, "code": pl.String, "message": pl.String}
        self.ledger.settle(pl.DataFrame(row, schema=schema))
        self.tell(1)


def _of(rows: pl.DataFrame, *operations: str) -> pl.DataFrame:
    return rows.filter(pl.col("operation").is_in(operations))


def _asked(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(found=pl.lit(value=True), hidden=pl.lit(value=False))


def _found(
    definition: Mapping[str, Any], there: CustomField, code: str, said: str
) -> tuple[str, str | None, str | None]:
    if same_shape(definition, there.definition):
        return "written", code, said
    return "held", CHANGED, "a field of this name was made since the plan, of another kind; map another name"


def _after_interruption(row: Mapping[str, Any], there: CustomField | None) -> tuple[str, str | None, str | None]:
    if row["operation"] == CREATE_FIELD and there is not None:
        return _found(json.loads(row["after"]), there, FOUND, "found created after the run was interrupted")
    if row["operation"] == DELETE_FIELD and there is None:
        return "written", FOUND, "found deleted after the run was interrupted"
    return "failed", NOT_WRITTEN, "the run was interrupted before this was done; plan again"


def _refused(error: SalesforceError) -> tuple[str, str | None, str | None]:
    return "failed", error.code or f"HTTP_{error.status}", f"{error.message}; {error.hint}"
