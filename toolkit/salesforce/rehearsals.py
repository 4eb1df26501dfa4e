"""Records sent to be judged and not to be saved: with one among them that must fail, all or none of a call is saved.

So validation rules, triggers and duplicate rules of the org have their say, and nothing is there afterwards. Salesforce
answers the good rows with ALL_OR_NONE_OPERATION_ROLLED_BACK, which here counts as success.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from toolkit.errors import RequestError, SalesforceError
from toolkit.frames import WRITE_RESULTS
from toolkit.salesforce.collections import ROWS_PER_CALL, Operation, Write, json_records, request_of, results_of
from toolkit.salesforce.describe import ObjectDescribe
from toolkit.salesforce.wire import Wire

ROLLED_BACK = "ALL_OR_NONE_OPERATION_ROLLED_BACK"
ROWS_PER_REHEARSAL = ROWS_PER_CALL - 1
_ALONE = frozenset({400, 413})


def rehearse(wire: Wire, write: Write, describe: ObjectDescribe) -> pl.DataFrame:
    """Return what would become of each row (`frames.WRITE_RESULTS`, in their order), and save none.

    One call for every 199 rows. A call that is refused as a whole is halved until the row at fault is alone. Raises
    SalesforceError when the org does not answer, RequestError in the case that must not be: something was saved.
    """
    records = json_records(write)
    parts = [WRITE_RESULTS.empty()]
    for start in range(0, len(records), ROWS_PER_REHEARSAL):
        some = records[start : start + ROWS_PER_REHEARSAL]
        judged = results_of(write, some, _judged(wire, write, some, _failing(write.operation, describe)))
        parts.append(judged.with_columns(id=pl.when(pl.lit(write.operation != "insert")).then("id")))
    rolled_back = pl.col("error_code") == ROLLED_BACK
    nothing = pl.lit(None, dtype=pl.String)
    return pl.concat(parts).with_columns(
        success=rolled_back.fill_null(value=False),
        error_code=pl.when(rolled_back).then(nothing).otherwise("error_code"),
        error_message=pl.when(rolled_back).then(nothing).otherwise("error_message"),
    )


def make_sure(answers: Sequence[dict[str, Any]]) -> None:
    """Raise RequestError when the org saved any of the records after all."""
    saved = [str(each.get("id")) for each in answers if each["success"]]
    if saved:
        raise RequestError(
            f"The rehearsal was saved: {len(saved):,} records, {', '.join(saved[:3])} among them",
            hint="the org did not undo it as it was asked to: take it back there, and rehearse no more in this org",
            code="REHEARSAL_SAVED",
        )


def _judged(
    wire: Wire, write: Write, records: Sequence[dict[str, Any]], failing: dict[str, Any]
) -> list[dict[str, Any]]:
    request = request_of(write, [*records, failing])
    if write.operation == "delete":
        request = replace(request, params={**request.params, "allOrNone": "true"})
    else:
        request = replace(request, body={**request.body, "allOrNone": True})
    try:
        answers: list[dict[str, Any]] = wire.json(
            request.method, request.address, json=request.body, repeatable=request.may_repeat
        )
    except RequestError as error:
        if error.status not in _ALONE:
            raise
        refused: SalesforceError = error
    else:
        make_sure(answers)
        return answers[:-1]
    if len(records) == 1:
        said = {"statusCode": refused.code, "message": refused.message, "fields": list(refused.fields)}
        return [{"success": False, "errors": [said]}]
    middle = len(records) // 2
    return [each for half in (records[:middle], records[middle:]) for each in _judged(wire, write, half, failing)]


def _failing(operation: Operation, describe: ObjectDescribe) -> dict[str, Any]:
    """A record that cannot be saved: it has, or belongs to, an id that no record has."""
    nobody = f"{describe.key_prefix or '001'}000000000000"
    attributes = {"attributes": {"type": describe.name}}
    owner = describe.fields.get("OwnerId")
    if operation == "insert" and owner is not None and owner.createable:
        return {**attributes, "OwnerId": "005000000000000"}
    return {**attributes, "Id": nobody}
