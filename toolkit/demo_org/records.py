"""Saving, reading and deleting records the way Salesforce does: the data half of every API the org offers.

All writes of one call happen in one transaction, a row that is refused leaves no trace, and every saved row is stamped,
logged, and given what `toolkit.demo_org.automation` works out. The clock advances by one tick a call.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from toolkit.demo_org.access import Access
from toolkit.demo_org.clock import Clock
from toolkit.demo_org.database import Database
from toolkit.demo_org.deletion import delete_record, prepare_bin
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.ids import is_id, to_18
from toolkit.demo_org.lookups import existing, find_ids, key_text, records_of
from toolkit.demo_org.merging import Merged, check_merge, merge_records
from toolkit.demo_org.recycling import purge, remove_for_good, remove_from_bin, undelete_record
from toolkit.demo_org.rules import Rules, standard_duplicate_rules
from toolkit.demo_org.saving import Pending, Saver, Saving
from toolkit.demo_org.schema import Field, Schema, SObject, masked
from toolkit.demo_org.validation import Stored

NOT_FOUND_TEXT = "The requested resource does not exist"
ROLLED_BACK = Refusal(
    200,
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
    (),
)


@dataclass(frozen=True, slots=True)
class Saved:
    """A row that was saved (or deleted), and whether that made a new record."""

    id: str
    created: bool


Outcome = Saved | list[Refusal]


class RowRefusal(Refusal):
    """The refusal of one record for one or several reasons: it reads as the first, and ``reasons`` holds them all."""

    def __init__(self, reasons: Sequence[Refusal]) -> None:
        first = reasons[0]
        super().__init__(first.status, first.code, first.message, first.fields)
        self.reasons = tuple(reasons)


class SeveralMatches(Refusal):
    """An upsert met more than one record (HTTP 300); ``ids`` are theirs."""

    def __init__(self, field: Field, value: str, ids: Sequence[str]) -> None:
        message = f"{field.name}: more than one record found for external id field: [{', '.join(ids)}]"
        super().__init__(300, "DUPLICATE_VALUE", message, (field.name,))
        self.value = value
        self.ids = tuple(ids)


class Records:
    """The records of an org. Every method may be called from any thread and raises Refusal for Salesforce's no.

    ``after_write`` is called with the object of each save or deletion when it is done.
    """

    def __init__(self, database: Database, schema: Schema, clock: Clock, rules: Rules | None = None) -> None:
        self.database = database
        self.schema = schema
        self.clock = clock
        self.rules = Rules(standard_duplicate_rules()) if rules is None else rules
        self._saver = Saver(database, schema, self.rules)
        self.after_write: Callable[[SObject], None] = lambda _: None
        prepare_bin(database)

    def get(
        self, sobject_name: str, record_id: str, access: Access, fields: Sequence[str] | None = None
    ) -> dict[str, object]:
        """Return a record's fields as REST prints them: all the user may see in describe order, or those named.

        Raises NOT_FOUND for an unknown or deleted record and INVALID_FIELD for an unknown field.
        """
        sobject = self._sobject(sobject_name)
        wanted = _readable(sobject, access, fields)
        stored = [each for each in sobject.fields if each.stored]
        if not is_id(record_id):
            raise _not_found()
        columns = ", ".join(f'"{each.name}"' for each in stored)
        with self.database.reading() as connection:
            row = connection.execute(
                f'SELECT {columns} FROM "{sobject.name}" WHERE Id = ?', (to_18(record_id),)
            ).fetchone()
        if row is None:
            raise _not_found()
        values = dict(zip((each.name for each in stored), row, strict=True))
        if values.get("IsDeleted"):
            raise _not_found()
        return {each.name: _printed(sobject, each, values) for each in wanted}

    def create(
        self, sobject_name: str, values: Mapping[str, object], access: Access, allow_duplicates: bool = False
    ) -> str:
        """Create a record and return its id; `allow_duplicates` says that the caller has seen the duplicates."""
        return self._one("insert", sobject_name, values, access, allow_duplicates=allow_duplicates).id

    def update(
        self,
        sobject_name: str,
        record_id: str,
        values: Mapping[str, object],
        access: Access,
        allow_duplicates: bool = False,
    ) -> None:
        """Change a record. Raises NOT_FOUND when there is none and ENTITY_IS_DELETED when it is in the bin."""
        sobject = self._sobject(sobject_name)
        if any(name.lower() == "id" for name in values):
            raise Refusal(400, "INVALID_FIELD", "The Id field should not be specified in the sobject data.")
        target = self._required(sobject, record_id)
        self._one("update", sobject_name, {**values, "Id": target}, access, allow_duplicates=allow_duplicates)

    def upsert(
        self,
        sobject_name: str,
        external_field: str,
        external_value: str,
        values: Mapping[str, object],
        access: Access,
        update_only: bool = False,
        allow_duplicates: bool = False,
    ) -> tuple[str, bool]:
        """Change the record that has this value in this field, or create it; return its id and whether it is new.

        Raises SeveralMatches when there are several, and NOT_FOUND when there is none and `update_only` is set or when
        the field is not one to look records up by.
        """
        sobject = self._sobject(sobject_name)
        field = _upsert_field(sobject, external_field, access)
        if any(name.lower() == field.name.lower() for name in values):
            message = f"The {field.name} field should not be specified in the sobject data."
            raise Refusal(400, "INVALID_FIELD", message)
        if field.type == "id":
            if not external_value:
                return self.create(sobject_name, values, access, allow_duplicates), True
            self.update(sobject_name, external_value, values, access, allow_duplicates)
            return to_18(external_value), False
        if update_only and not self.find(sobject.name, field.name, external_value):
            raise _not_found()
        row = {**values, field.name: external_value}
        saved = self._one("upsert", sobject_name, row, access, field.name, allow_duplicates)
        return saved.id, saved.created

    def delete(self, sobject_name: str, record_id: str, access: Access) -> None:
        """Move a record, and what goes with it, to the recycle bin."""
        sobject = self._sobject(sobject_name)
        _allowed(sobject, "delete", access)
        target = self._required(sobject, record_id)
        self._begin()
        with self.database.writing():
            delete_record(self.database, self.schema, sobject, target, self.clock.stamp(), access.user_id)
        self.after_write(sobject)

    def undelete(self, record_ids: Sequence[str], access: Access) -> list[Outcome]:
        """Bring records, each with what went with it, back from the recycle bin; return one outcome an id, in order."""
        self._begin()
        with self.database.writing():
            return [self._recycle(undelete_record, each, access) for each in record_ids]

    def empty_bin(self, record_ids: Sequence[str], access: Access) -> list[Outcome]:
        """Remove records that lie in the recycle bin; return one outcome an id, in order."""
        self._begin()
        with self.database.writing():
            return [self._recycle(remove_from_bin, each, access) for each in record_ids]

    def hard_delete(self, sobject_name: str, record_ids: Sequence[str], access: Access) -> list[Outcome]:
        """Remove records past the recycle bin; return one outcome an id, in order.

        Raises FEATURENOTENABLED for a user who may not hard-delete.
        """
        sobject = self._sobject(sobject_name)
        _allowed(sobject, "delete", access)
        if not access.has_right("BulkApiHardDelete"):
            message = (
                "hardDelete operation requires special user profile permission, please contact your system "
                "administrator"
            )
            raise Refusal(400, "FEATURENOTENABLED", message)
        self._begin()
        with self.database.writing():
            return [self._recycle(remove_for_good, each, access, sobject) for each in record_ids]

    def merge(
        self,
        sobject_name: str,
        master_id: str,
        loser_ids: Sequence[str],
        access: Access,
        values: Mapping[str, object] | None = None,
    ) -> Merged:
        """Merge up to two records of an object into a third, which takes on `values`; return what was done.

        Account, Contact, Lead and Case can be merged. Raises Refusal, and then nothing is changed.
        """
        sobject = self._sobject(sobject_name)
        _allowed(sobject, "update", access)
        _allowed(sobject, "delete", access)
        for each in (master_id, *loser_ids):
            if not is_id(each) or each[:3] != sobject.key_prefix:
                raise _malformed(sobject, each)
        master, losers = to_18(master_id), [to_18(each) for each in loser_ids]
        self._begin()
        at = self.clock.stamp()
        with self.database.writing():
            check_merge(self.database, sobject, master, losers)
            merged = merge_records(self.database, self.schema, sobject, master, losers, at, access.user_id)
            saved = self._save("update", sobject, [{**(values or {}), "Id": master}], None, Saving(access, at))[0]
            if isinstance(saved, list):
                raise RowRefusal(saved)
            if sobject.field("IsPersonAccount"):
                self._merge_twins(sobject, master, losers, at, access)
        return merged

    def purge(self) -> int:
        """Remove for good what has been in the recycle bin for too long; return how many records that was."""
        return purge(self.database, self.schema, self.clock.now())

    def find(self, sobject_name: str, field_name: str, value: str) -> list[str]:
        """Return the ids of the records, not deleted, that have this value in this field."""
        sobject = self._sobject(sobject_name)
        field = sobject.field(field_name)
        if field is None:
            return []
        with self.database.reading() as connection:
            return find_ids(connection, sobject, field, [value.strip()]).get(value.strip().lower(), [])

    def save_many(
        self,
        operation: str,
        sobject_name: str,
        rows: Sequence[Mapping[str, object]],
        access: Access,
        external_id: str | None = None,
        all_or_none: bool = False,
        text: bool = False,
        allow_duplicates: bool = False,
    ) -> list[Outcome]:
        """Insert, update, upsert or delete many rows in one transaction; return one outcome a row, in order.

        Rows of an update or delete carry ``Id``, rows of an upsert the field `external_id`. A key that is left out
        leaves the field as it is; None or empty text sets it to null. `text` says that the values are the cells of a
        CSV file, `allow_duplicates` that the caller has seen the duplicates. With `all_or_none` one refused row undoes
        all. Raises Refusal for what concerns the request as a whole: an unknown object, an operation it does not allow,
        a field that is not an external id.
        """
        sobject = self._sobject(sobject_name)
        _allowed(sobject, operation, access)
        key = _upsert_field(sobject, external_id or "", access) if operation == "upsert" else None
        if operation == "delete":
            self.purge()
        self.clock.advance()
        try:
            with self.database.writing():
                call = Saving(access, self.clock.stamp(), text, allow_duplicates)
                outcomes = self._save(operation, sobject, rows, key, call)
                if all_or_none:
                    _undo_if_refused(outcomes)
        except _UndoneError as undone:
            return [outcome if isinstance(outcome, list) else [ROLLED_BACK] for outcome in undone.outcomes]
        self.after_write(sobject)
        return outcomes

    def _begin(self) -> None:
        self.clock.advance()
        self.purge()

    def _recycle(
        self, step: Callable[..., None], record_id: str, access: Access, expected: SObject | None = None
    ) -> Outcome:
        sobject = expected or (self.schema.by_prefix(record_id) if is_id(record_id) else None)
        if sobject is None or not is_id(record_id) or record_id[:3] != sobject.key_prefix:
            return [Refusal(400, "MALFORMED_ID", f"malformed id {record_id}", ())]
        target = to_18(record_id)
        try:
            _allowed(sobject, "delete", access)
            with self.database.writing():
                step(self.database, self.schema, sobject, target, self.clock.stamp(), access.user_id)
        except Refusal as refusal:
            return [refusal]
        return Saved(target, created=False)

    def _merge_twins(self, sobject: SObject, master: str, losers: Sequence[str], at: str, access: Access) -> None:
        contact = self._sobject("Contact")
        accounts = records_of(self.database.connection, sobject, [master, *losers])
        twins = [accounts[each].get("PersonContactId") for each in (master, *losers)]
        winner, *others = [str(each) for each in twins if each is not None]
        if others:
            merge_records(self.database, self.schema, contact, winner, others, at, access.user_id)

    def _save(
        self,
        operation: str,
        sobject: SObject,
        rows: Sequence[Mapping[str, object]],
        key: Field | None,
        call: Saving,
    ) -> list[Outcome]:
        if operation == "insert":
            pending = [Pending(row, None) for row in rows]
        elif key is not None and key.type != "id":
            pending = self._matched(sobject, rows, key)
        else:
            pending = self._targeted(sobject, rows, optional=key is not None)
        if operation == "delete":
            return [self._delete(sobject, each, call.at, call.access.user_id) for each in pending]
        self._saver.save(sobject, pending, call)
        return [each.refusals or Saved(each.target or "", each.creating) for each in pending]

    def _targeted(self, sobject: SObject, rows: Sequence[Mapping[str, object]], *, optional: bool) -> list[Pending]:
        """Return the rows with the record that each one's Id names, checked."""
        pending = []
        for row in rows:
            name, given = _key_of(row, "Id")
            values = {each: value for each, value in row.items() if each != name}
            record_id = given.strip() if isinstance(given, str) else ""
            each = Pending(values, to_18(record_id) if is_id(record_id) else None)
            if not record_id and not optional:
                each.refusals.append(Refusal(400, "MISSING_ARGUMENT", "Id not specified in an update call", ()))
            elif record_id and (each.target is None or record_id[:3] != sobject.key_prefix):
                each.refusals.append(_malformed(sobject, record_id))
            pending.append(each)
        wanted = [each.target for each in pending if each.target is not None and not each.refusals]
        known = existing(self.database.connection, sobject, wanted)
        for each in pending:
            if each.target is None or each.refusals:
                continue
            if each.target not in known:
                each.refusals.append(Refusal(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ()))
            elif known[each.target]:
                each.refusals.append(_deleted())
        return pending

    def _matched(self, sobject: SObject, rows: Sequence[Mapping[str, object]], key: Field) -> list[Pending]:
        """Return the rows with the record that each one's external id names, or none for a new record."""
        given = [_key_of(row, key.name) for row in rows]
        values = [key_text(value) for _, value in given]
        found = find_ids(self.database.connection, sobject, key, [value for value in values if value])
        counts: dict[str, int] = {}
        for value in values:
            counts[value.lower()] = counts.get(value.lower(), 0) + 1
        pending = []
        for row, (name, _), value in zip(rows, given, values, strict=True):
            ids = found.get(value.lower(), [])
            each = Pending(
                {column: cell for column, cell in row.items() if column != name} if ids else row,
                ids[0] if ids else None,
            )
            if not value:
                message = f"{key.name} not specified"
                each.refusals.append(Refusal(400, "MISSING_ARGUMENT", message, ()))
            elif counts[value.lower()] > 1:
                message = f"Duplicate external id specified: {value}"
                each.refusals.append(Refusal(400, "DUPLICATE_VALUE", message, (key.name,)))
            elif len(ids) > 1:
                each.refusals.append(SeveralMatches(key, value, ids))
            pending.append(each)
        return pending

    def _delete(self, sobject: SObject, pending: Pending, at: str, user_id: str) -> Outcome:
        if pending.refusals or pending.target is None:
            return pending.refusals
        try:
            with self.database.writing():
                delete_record(self.database, self.schema, sobject, pending.target, at, user_id)
        except Refusal as refusal:
            return [refusal]
        return Saved(pending.target, created=False)

    def _one(
        self,
        operation: str,
        name: str,
        values: Mapping[str, object],
        access: Access,
        key: str | None = None,
        allow_duplicates: bool = False,
    ) -> Saved:
        outcome = self.save_many(operation, name, [values], access, external_id=key, allow_duplicates=allow_duplicates)[
            0
        ]
        if isinstance(outcome, Saved):
            return outcome
        raise outcome[0] if isinstance(outcome[0], SeveralMatches) else RowRefusal(outcome)

    def _sobject(self, name: str) -> SObject:
        sobject = self.schema.get(name)
        if sobject is None:
            raise _not_found()
        return sobject

    def _required(self, sobject: SObject, record_id: str) -> str:
        if not is_id(record_id) or record_id[:3] != sobject.key_prefix:
            raise _malformed(sobject, record_id)
        target = to_18(record_id)
        with self.database.reading() as connection:
            known = existing(connection, sobject, [target])
        if target not in known:
            raise _not_found()
        if known[target]:
            raise _deleted()
        return target


class _UndoneError(Exception):
    def __init__(self, outcomes: list[Outcome]) -> None:
        super().__init__()
        self.outcomes = outcomes


def _undo_if_refused(outcomes: list[Outcome]) -> None:
    # Raised inside the transaction, so that leaving it undoes the rows that were saved.
    if any(isinstance(outcome, list) for outcome in outcomes):
        raise _UndoneError(outcomes)


def json_value(field: Field, stored: Stored) -> object:
    """Return a stored value as REST prints it: true/false, 3.0, and datetimes as ``2026-05-01T07:25:37.000+0000``."""
    if stored is None:
        return None
    if field.type == "boolean":
        return bool(stored)
    if field.type == "datetime":
        return f"{str(stored)[:-1]}+0000"
    if field.type == "encryptedstring":
        return masked(str(stored))
    return stored


def compound_address(sobject: SObject, field: Field, values: Mapping[str, Stored]) -> dict[str, Stored] | None:
    """Return an address as REST prints the compound field, or None when every part is null."""
    prefix = field.name.removesuffix("Address")
    parts = ("City", "Country", "GeocodeAccuracy", "Latitude", "Longitude", "PostalCode", "State", "Street")
    address = {
        part[0].lower() + part[1:]: values.get(f"{prefix}{part}") for part in parts if sobject.field(f"{prefix}{part}")
    }
    return address if any(value is not None for value in address.values()) else None


def _printed(sobject: SObject, field: Field, values: Mapping[str, Stored]) -> object:
    if field.type == "address":
        return compound_address(sobject, field, values)
    if field.type == "location":
        start = field.name.removesuffix("c")
        place = {part.lower(): values.get(f"{start}{part}__s") for part in ("Latitude", "Longitude")}
        return place if any(value is not None for value in place.values()) else None
    return json_value(field, values[field.name])


def _readable(sobject: SObject, access: Access, names: Sequence[str] | None) -> list[Field]:
    if names is None:
        return [each for each in sobject.fields if access.readable(sobject.name, each.name)]
    wanted = []
    for name in names:
        field = sobject.field(name)
        if field is None or not access.readable(sobject.name, field.name):
            raise Refusal(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}")
        wanted.append(field)
    return wanted


def _upsert_field(sobject: SObject, name: str, access: Access) -> Field:
    field = sobject.field(name)
    known = field is not None and access.readable(sobject.name, field.name)
    if field is None or not known or not (field.external_id or field.id_lookup):
        message = f"Provided external ID field does not exist or is not accessible: {name}"
        raise Refusal(404, "NOT_FOUND", message)
    return field


def _key_of(row: Mapping[str, object], name: str) -> tuple[str, object]:
    if name in row:
        return name, row[name]
    lowered = name.lower()
    return next(((each, value) for each, value in row.items() if each.lower() == lowered), (name, None))


_NEEDED = {"insert": "createable", "update": "updateable", "upsert": "updateable", "delete": "deletable"}
_RIGHTS = {"insert": ("Create",), "update": ("Edit",), "upsert": ("Create", "Edit"), "delete": ("Delete",)}


def _allowed(sobject: SObject, operation: str, access: Access) -> None:
    if operation not in _NEEDED:
        raise Refusal(400, "INVALID_OPERATION", f"Unsupported operation: {operation}")
    if not getattr(sobject, _NEEDED[operation]):
        message = f"entity type {sobject.name} does not support {operation}"
        raise Refusal(400, "INVALID_TYPE_FOR_OPERATION", message)
    if not all(access.may(right, sobject) for right in _RIGHTS[operation]):
        raise Refusal(403, "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", ())


def _malformed(sobject: SObject, record_id: str) -> Refusal:
    label = next(each.label for each in sobject.fields if each.name == "Id")
    return Refusal(400, "MALFORMED_ID", f"{label}: id value of incorrect type: {record_id}", ("Id",))


def _not_found() -> Refusal:
    return Refusal(404, "NOT_FOUND", NOT_FOUND_TEXT)


def _deleted() -> Refusal:
    return Refusal(404, "ENTITY_IS_DELETED", "entity is deleted", ())
