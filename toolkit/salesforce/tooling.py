"""The door to the Tooling API, as far as custom fields need it: find one by its name, make one, take one away.

    GET    tooling/query?q=SELECT ... FROM CustomField
    GET, POST, DELETE   tooling/sobjects/CustomField[/ID]

A custom field of tasks and events belongs to ``Activity``. A definition is a dict in the form of the Metadata API
(``label``, ``type``, ``precision``, ``valueSet``, ...); what it should be is not decided here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.salesforce.soql import literal
from toolkit.salesforce.wire import Wire

_SHARED = {"Task": "Activity", "Event": "Activity"}
_FIELDS = "tooling/sobjects/CustomField"


@dataclass(frozen=True)
class CustomField:
    """A custom field that the org has: its record id, its API name, and its definition."""

    id: str
    name: str
    definition: Mapping[str, Any]


def home_of(sobject: str) -> str:
    """Return the object that custom fields of `sobject` are made on."""
    return _SHARED.get(sobject, sobject)


class Tooling:
    """Custom fields of one connection."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def fields(self, sobject: str, names: Sequence[str]) -> dict[str, CustomField]:
        """Return those of the fields with these API names (``Health__c``) that exist, by API name in lower case.

        One that nobody may see is found as well. Costs a call, and one for each field that exists. Raises
        SalesforceError, an AccessError for a user without the right to see the org's setup.
        """
        developer_names = [literal(name.removesuffix("__c")) for name in names]
        if not developer_names:
            return {}
        home = home_of(sobject)
        # TableEnumOrId is the name of a standard object, but the record id of a custom one.
        belongs = "TableEnumOrId" if home != sobject else "EntityDefinition.QualifiedApiName"
        query = (
            f"SELECT Id, DeveloperName FROM CustomField WHERE {belongs} = {literal(home)} "
            f"AND NamespacePrefix = null AND DeveloperName IN ({','.join(developer_names)})"
        )
        records = self._wire.json("GET", "tooling/query", params={"q": query})["records"]
        found = [self._read(str(each["Id"]), f"{each['DeveloperName']}__c") for each in records]
        return {each.name.lower(): each for each in found}

    def create(self, sobject: str, name: str, definition: Mapping[str, Any]) -> str:
        """Make a custom field and return its record id. Nobody may see it yet, not even who made it.

        Raises RequestError DUPLICATE_DEVELOPER_NAME when the name is taken, AccessError without the right to customise
        the application. After an UnavailableError nobody knows whether it was made: look for it by its name.
        """
        body = {"FullName": f"{home_of(sobject)}.{name}", "Metadata": dict(definition)}
        return str(self._wire.json("POST", _FIELDS, repeatable=False, json=body)["id"])

    def delete(self, field_id: str) -> None:
        """Delete a custom field with its values and its permissions. Raises RequestError NOT_FOUND when it is gone."""
        self._wire.call("DELETE", f"{_FIELDS}/{field_id}", repeatable=False)

    def _read(self, field_id: str, name: str) -> CustomField:
        found = self._wire.json("GET", f"{_FIELDS}/{field_id}")
        return CustomField(field_id, name, found.get("Metadata") or {})
