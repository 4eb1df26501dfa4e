"""The record types that the org has from the start, and the field that carries one."""

from toolkit.demo_org.ids import make_id
from toolkit.demo_org.objects.fields import reference
from toolkit.demo_org.schema import Field, RecordType

RECORD_TYPE_PREFIX = "012"

PERSON_ACCOUNT = RecordType(
    make_id(RECORD_TYPE_PREFIX, 6), "PersonAccount", "Person Account", "Somebody who buys alone", person=True
)

RECORD_TYPES: dict[str, tuple[RecordType, ...]] = {
    "Opportunity": (
        RecordType(
            make_id(RECORD_TYPE_PREFIX, 1),
            "New_Business",
            "New Business",
            "A first deal",
            picklists={"Type": ("New Customer",)},
        ),
        RecordType(
            make_id(RECORD_TYPE_PREFIX, 2),
            "Renewal",
            "Renewal",
            "A deal that goes on",
            picklists={
                "Type": ("Existing Customer - Replacement", "Existing Customer - Downgrade"),
                "StageName": ("Qualification", "Negotiation/Review", "Closed Won", "Closed Lost"),
            },
        ),
        RecordType(
            make_id(RECORD_TYPE_PREFIX, 3),
            "Expansion",
            "Expansion",
            "A deal that grows",
            picklists={"Type": ("Existing Customer - Upgrade",)},
        ),
    ),
    "Case": (RecordType(make_id(RECORD_TYPE_PREFIX, 4), "Support", "Support", "Something does not work"),),
    "Account": (
        RecordType(make_id(RECORD_TYPE_PREFIX, 5), "Business", "Business", "A company", default=True),
        PERSON_ACCOUNT,
    ),
}


def record_type_field() -> Field:
    """Return RecordTypeId."""
    return reference("RecordTypeId", "Record Type ID", "RecordType", "RecordType", permissionable=False)
