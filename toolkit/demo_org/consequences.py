"""What saving one record does to others: relations that follow a contact, one primary role a deal, twins, documents."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from toolkit.demo_org.database import Database
from toolkit.demo_org.objects.person_account import MIRRORED
from toolkit.demo_org.schema import Schema, SObject
from toolkit.demo_org.statements import change_records, make_record
from toolkit.demo_org.validation import Stored


@dataclass(frozen=True)
class Followed:
    """A record that was saved: as it was, empty for a new one, and as it is."""

    id: str
    before: Mapping[str, Stored]
    after: Mapping[str, Stored]

    @property
    def creating(self) -> bool:
        """Whether the record is new."""
        return not self.before

    def sets(self, *names: str) -> bool:
        """Return whether one of these fields has another value than before."""
        return any(self.before.get(name) != self.after.get(name) for name in names)


@dataclass(frozen=True)
class Org:
    """Where and in whose name consequences are written."""

    database: Database
    schema: Schema
    at: str
    user_id: str

    def make(self, name: str, values: Mapping[str, Stored], record_id: str = "") -> str:
        """Write a new record of the org's own accord and return its id."""
        sobject = self._sobject(name)
        return make_record(self.database, sobject, values, self.at, self.user_id, record_id)

    def change(self, name: str, record_ids: Sequence[str], values: Mapping[str, Stored]) -> None:
        """Set values on records of the org's own accord."""
        change_records(self.database, self._sobject(name), record_ids, values, self.at, self.user_id)

    def bin(self, name: str, record_ids: Sequence[str]) -> None:
        """Put records into the recycle bin."""
        sobject = self._sobject(name)
        change_records(self.database, sobject, record_ids, {"IsDeleted": 1}, self.at, self.user_id, kind="delete")

    def ids(self, statement: str, *params: object) -> list[str]:
        """Return the ids a statement selects."""
        return [row[0] for row in self.database.connection.execute(statement, params)]

    def _sobject(self, name: str) -> SObject:
        sobject = self.schema.get(name)
        assert sobject is not None
        return sobject


def follow(org: Org, sobject: SObject, rows: Iterable[Followed]) -> None:
    """Do what follows from these records having been saved."""
    effect = _effect(sobject)
    if effect is not None:
        for row in rows:
            effect(org, row)


def has_consequences(sobject: SObject) -> bool:
    """Return whether anything follows from saving records of this object."""
    return _effect(sobject) is not None


Effect = Callable[[Org, Followed], None]


def _effect(sobject: SObject) -> Effect | None:
    if sobject.name == "Account" and not sobject.field("IsPersonAccount"):
        return None
    return _EFFECTS.get(sobject.name)


def _contact(org: Org, row: Followed) -> None:
    if row.after.get("IsPersonAccount"):
        _mirror_to_account(org, row)
    elif org.schema.get("AccountContactRelation") and row.sets("AccountId"):
        _relate(org, row.id, row.before.get("AccountId"), row.after.get("AccountId"))


_RELATION = "SELECT Id FROM AccountContactRelation WHERE ContactId = ? AND AccountId = ? AND IsDeleted = 0"


def _relate(org: Org, contact_id: str, old: Stored, new: Stored) -> None:
    """Keep the one direct relation of a contact in step with its account."""
    if old:
        org.bin("AccountContactRelation", org.ids(f"{_RELATION} AND IsDirect = 1", contact_id, old))
    if not new:
        return
    known = org.ids(_RELATION, contact_id, new)
    if known:
        org.change("AccountContactRelation", known, {"IsDirect": 1})
    else:
        values: dict[str, Stored] = {"AccountId": new, "ContactId": contact_id, "IsDirect": 1, "IsActive": 1}
        org.make("AccountContactRelation", values)


def _opportunity(org: Org, row: Followed) -> None:
    if row.creating and row.after.get("ContactId"):
        values = {"OpportunityId": row.id, "ContactId": row.after["ContactId"], "IsPrimary": 1}
        org.make("OpportunityContactRole", values)


def _role(org: Org, row: Followed) -> None:
    if not row.after.get("IsPrimary") or not row.sets("IsPrimary", "ContactId"):
        return
    others = (
        "SELECT Id FROM OpportunityContactRole WHERE OpportunityId = ? AND Id != ? AND IsPrimary = 1 AND IsDeleted = 0"
    )
    opportunity = str(row.after["OpportunityId"])
    org.change("OpportunityContactRole", org.ids(others, opportunity, row.id), {"IsPrimary": 0})
    org.change("Opportunity", [opportunity], {"ContactId": row.after["ContactId"]})


def _note(org: Org, row: Followed) -> None:
    shared = {name: row.after.get(name) for name in ("Title", "FileType", "FileExtension", "ContentSize", "OwnerId")}
    if not row.creating:
        org.change("ContentDocument", [row.id], {**shared, "ContentModifiedDate": org.at})
        return
    org.make("ContentDocument", {**shared, "PublishStatus": "P", "ContentModifiedDate": org.at}, row.id)
    link: dict[str, Stored] = {
        "ContentDocumentId": row.id,
        "LinkedEntityId": row.after.get("OwnerId"),
        "ShareType": "I",
        "Visibility": "AllUsers",
    }
    org.make("ContentDocumentLink", link)


def _document(org: Org, row: Followed) -> None:
    if row.sets("Title", "OwnerId"):
        org.change("ContentNote", [row.id], {name: row.after.get(name) for name in ("Title", "OwnerId")})


def _account(org: Org, row: Followed) -> None:
    if not row.after.get("IsPersonAccount"):
        return
    account = org.schema.get("Account")
    assert account is not None
    twin = {mirror: row.after.get(name) for name, mirror in _mirrors(account).items()}
    twin |= {"Name": row.after.get("Name"), "AccountId": row.id, "IsPersonAccount": 1}
    known = row.after.get("PersonContactId")
    if known:
        if row.sets(*_mirrors(account)):
            org.change("Contact", [str(known)], twin)
        return
    contact_id = org.make("Contact", twin)
    org.change("Account", [row.id], {"PersonContactId": contact_id})


def _mirror_to_account(org: Org, row: Followed) -> None:
    account = org.schema.get("Account")
    assert account is not None
    mirrors = _mirrors(account)
    if row.sets(*mirrors.values()):
        values = {name: row.after.get(mirror) for name, mirror in mirrors.items()}
        org.change("Account", [str(row.after["AccountId"])], {**values, "Name": row.after.get("Name")})


def _mirrors(account: SObject) -> dict[str, str]:
    """Return which field of the contact each field of a person account is."""
    custom = {
        each.name: f"{each.name.removesuffix('__pc')}__c" for each in account.fields if each.name.endswith("__pc")
    }
    return {**MIRRORED, **custom}


_EFFECTS: dict[str, Effect] = {
    "Account": _account,
    "Contact": _contact,
    "ContentDocument": _document,
    "ContentNote": _note,
    "Opportunity": _opportunity,
    "OpportunityContactRole": _role,
}
