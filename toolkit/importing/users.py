"""The people of the customer's own company: who may be a customer success manager in Salesforce, and who is one.

A CSM that comes from Salesforce has to come from a lookup to User (SKA-16): a text field holds whatever somebody typed,
and a queue or a contact is nobody who can be asked. The account owner usually is the sales representative, not the CSM;
mapping it is allowed and said. What goes to Salesforce may be text, as the CSM's name is (CSU-6).
"""

from toolkit.config.objects import FieldMapping, ObjectMapping
from toolkit.errors import NotFoundError
from toolkit.salesforce.describe import FieldDescribe, ObjectDescribe
from toolkit.writeback.planning.finding import Finding

CSM = "csm"
"""The column here that holds the customer success manager of an account."""

USER = "User"


def check_users(object_name: str, mapping: ObjectMapping, describe: ObjectDescribe) -> tuple[Finding, ...]:
    """Return what is wrong, or worth knowing, about the field that the CSM comes from; nothing for other objects.

    A field that the org does not have is for `toolkit.writeback.preflight.check_targets` to report.
    """
    if mapping.acts_as != "account":
        return ()
    found = []
    for number, field in enumerate(mapping.fields):
        lookup = _lookup(field, describe) if field.here == CSM and field.writes_here else None
        if lookup is None:
            continue
        place = f"objects.{object_name}.fields[{number}] ({field.here} -> {field.there})"
        if lookup.type != "reference" or USER not in lookup.reference_to:
            found.append(_no_user(place, lookup, describe))
        elif lookup.name.lower() == "ownerid":
            found.append(_owner(place))
    return tuple(found)


def _lookup(field: FieldMapping, describe: ObjectDescribe) -> FieldDescribe | None:
    """Return the field that decides who it is: of ``CSM__r.Name`` that is CSM__c, of ``CSM__c`` the field itself."""
    try:
        found = describe.field(field.there)
        if found.type == "reference" or "." not in field.there:
            return found
        *way, relationship, _ = field.there.split(".")
        return describe.field(".".join([*way, _reference(relationship)]))
    except NotFoundError:
        return None


def _reference(relationship: str) -> str:
    """Return the field that a relationship belongs to, by Salesforce's rule for its names: ``CSM__r`` to ``CSM__c``."""
    return relationship[:-1] + "c" if relationship.endswith("__r") else f"{relationship}Id"


def _no_user(place: str, field: FieldDescribe, describe: ObjectDescribe) -> Finding:
    kind = f"a lookup to {', '.join(field.reference_to)}" if field.type == "reference" else f"of type {field.type}"
    return Finding(
        "error",
        "SKA-16",
        place,
        f"the CSM has to come from a lookup to User; {describe.name}.{field.name} is {kind}",
        f'Map csm to a field of {describe.label} that is a Lookup(User), with by = "Name" or by = "Email", '
        'for example there = "CSM__c".',
    )


def _owner(place: str) -> Finding:
    return Finding(
        "info",
        "SKA-16",
        place,
        "the CSM is taken from the account owner, who in most companies is the sales representative",
        "If the CSM is kept in another Lookup(User) field of the account, map that one.",
    )
