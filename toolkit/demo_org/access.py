"""Who may do what: the rights of users on objects and on fields.

A field a user may not see does not exist for them: it is absent from describe, and naming it in a query or a write is
the error of an unknown field. A field they may see and not edit is described as neither createable nor updateable.
The same goes for objects.

Where rights come from is up to the `Security` that is asked: `FieldSecurity` is a list of limits, and
`toolkit.demo_org.permissions` reads the permission sets the org keeps as records.
"""

from dataclasses import dataclass
from typing import Protocol

from toolkit.demo_org.schema import SObject


@dataclass(frozen=True)
class FieldRight:
    """What one user may do with one field. Who may edit may also see."""

    read: bool = True
    edit: bool = True


FULL_RIGHT = FieldRight()


class Security(Protocol):
    """What knows the rights of users. ``version`` changes with each change of a right."""

    version: int

    def right(self, user_id: str, sobject_name: str, field_name: str) -> FieldRight:
        """Return what a user may do with a field."""

    def may(self, user_id: str, right: str, sobject: SObject) -> bool:
        """Return whether a user has a right (Create, Read, Edit, Delete) on an object."""

    def has_right(self, user_id: str, right: str) -> bool:
        """Return whether a user has a right that is about no object, such as BulkApiHardDelete."""


class FieldSecurity:
    """The field rights of every user whose rights are limited; whoever is not listed may see and edit everything.

    ``version`` changes with each change of a right, so that what is worked out from rights can be kept until then.
    """

    def __init__(self) -> None:
        self._rights: dict[str, dict[tuple[str, str], FieldRight]] = {}
        self.version = 0

    def limit(self, user_id: str, sobject_name: str, field_name: str, *, read: bool, edit: bool) -> None:
        """Set what a user may do with a field."""
        rights = self._rights.setdefault(user_id, {})
        rights[sobject_name.lower(), field_name.lower()] = FieldRight(read, read and edit)
        self.version += 1

    def right(self, user_id: str, sobject_name: str, field_name: str) -> FieldRight:
        """Return what a user may do with a field."""
        rights = self._rights.get(user_id)
        return rights.get((sobject_name.lower(), field_name.lower()), FULL_RIGHT) if rights else FULL_RIGHT

    def may(self, user_id: str, right: str, sobject: SObject) -> bool:  # noqa: ARG002 - it limits fields only
        """Return True: objects are not limited here."""
        return True

    def has_right(self, user_id: str, right: str) -> bool:  # noqa: ARG002 - it limits fields only
        """Return True: rights that are about no object are not limited here."""
        return True


NO_LIMITS = FieldSecurity()


class Access:
    """One user's view of a `Security`."""

    def __init__(self, user_id: str, security: Security = NO_LIMITS) -> None:
        self.user_id = user_id
        self._security = security

    @classmethod
    def for_user(cls, user_id: str, security: Security = NO_LIMITS) -> "Access":
        """Return the access of a user; without `security` they may see and edit everything."""
        return cls(user_id, security)

    @property
    def version(self) -> tuple[int, int]:
        """A value that differs whenever the answers of this access may differ."""
        return id(self._security), self._security.version

    def readable(self, sobject_name: str, field_name: str) -> bool:
        """Return whether the user may see the field."""
        return self._security.right(self.user_id, sobject_name, field_name).read

    def editable(self, sobject_name: str, field_name: str) -> bool:
        """Return whether the user may edit the field, as far as field-level security goes."""
        return self._security.right(self.user_id, sobject_name, field_name).edit

    def may(self, right: str, sobject: SObject) -> bool:
        """Return whether the user has a right (Create, Read, Edit, Delete) on an object."""
        return self._security.may(self.user_id, right, sobject)

    def has_right(self, right: str) -> bool:
        """Return whether the user has a right that is about no object, such as BulkApiHardDelete."""
        return self._security.has_right(self.user_id, right)
