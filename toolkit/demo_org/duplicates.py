"""Duplicate rules at work: finding the records that a new or changed one agrees with, and saying so."""

import sqlite3
from collections.abc import Mapping

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.rules import DuplicateRule
from toolkit.demo_org.schema import SObject

MOST_MATCHES = 100
"""How many of the records found an answer names."""


class DuplicatesDetected(Refusal):
    """The refusal of a duplicate. ``details`` is what its answer carries beside code and message."""

    def __init__(self, sobject: SObject, rule: DuplicateRule, found: list[str]) -> None:
        super().__init__(400, "DUPLICATES_DETECTED", rule.alert)
        self.details = {"duplicateResult": _result(sobject, rule, found)}


def check_duplicates(
    connection: sqlite3.Connection,
    sobject: SObject,
    rule: DuplicateRule,
    record: Mapping[str, str | int | float | None],
    allow: bool,
) -> DuplicatesDetected | None:
    """Return the refusal of a record that has duplicates, or None.

    `allow` is the caller's word that they want it saved all the same, which counts unless the rule blocks.
    """
    if allow and not rule.blocks:
        return None
    names = [field.name for name in rule.fields if (field := sobject.field(name)) is not None]
    values = [record.get(name) for name in names]
    if not names or any(value is None for value in values):
        return None
    terms = " AND ".join(f'"{name}" = ?' for name in names)
    present = " AND IsDeleted = 0" if sobject.has_bin else ""
    statement = f'SELECT Id FROM "{sobject.name}" WHERE {terms}{present} AND Id != ? ORDER BY Id LIMIT {MOST_MATCHES}'
    found = [row[0] for row in connection.execute(statement, (*values, record.get("Id")))]
    return DuplicatesDetected(sobject, rule, found) if found else None


def _result(sobject: SObject, rule: DuplicateRule, found: list[str]) -> dict[str, object]:
    return {
        "allowSave": not rule.blocks,
        "duplicateRule": rule.name,
        "duplicateRuleEntityType": sobject.name,
        "errorMessage": rule.alert,
        "matchResults": [
            {
                "entityType": sobject.name,
                "errors": [],
                "matchEngine": "ExactMatchEngine",
                "matchRecords": [
                    {
                        "additionalInformation": [],
                        "fieldDiffs": [],
                        "matchConfidence": 100.0,
                        "record": {"attributes": {"type": sobject.name}, "Id": record_id},
                    }
                    for record_id in found
                ],
                "rule": rule.matching_rule,
                "size": len(found),
                "success": True,
            }
        ],
    }
