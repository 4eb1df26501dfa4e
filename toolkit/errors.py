"""The errors this package raises, grouped by what the caller does next.

Every error says what happened and where in its message, and what to do next in its ``hint``. No exception of a library
below leaves the package: whatever `requests`, `simple_salesforce`, `sqlite3` or `pydantic` raise is translated at the
door it came through. A secret never becomes part of an error.

    ToolkitError
    ├── InputError              mend what you gave: a file, an argument, the mapping file
    │   ├── ConfigError         the mapping file; carries every fault at once (``faults``)
    │   ├── SourceError         a customer-side file: encoding, columns, duplicate keys, ragged rows
    │   └── NotFoundError       a list view, object, field, plan or commit that does not exist; names those that do
    ├── SalesforceError         Salesforce said no; carries its ``code``, ``status`` and ``fields``
    │   ├── LoginError          wrong or missing credentials, or an app that may not log in this way
    │   ├── SessionError        the session ended and could not be renewed
    │   ├── AccessError         the user may not see or change this object, field or record
    │   ├── RequestError        the request itself was refused: a malformed query, an invalid value
    │   ├── LimitError          the org's API allowance, or the cap set in the mapping file, is used up
    │   └── UnavailableError    the org did not answer, or asked to come back later; safe to try again
    ├── PlanError               a plan that may not be committed; nothing was written
    │   ├── DigestError         the plan is not the one that was reviewed
    │   ├── PreflightError      values or fields that Salesforce would refuse (``findings``)
    │   ├── EditRefused         an edit that may not be made, or that was held, with the reason
    │   └── PermissionDenied    this person may not do this, by the mapping file's [access]
    ├── BrakeError              a run would change more than the mapping file allows; nothing was changed (BEY-8)
    └── StoreError              the workspace's own state
        ├── StoreInUseError     another run holds the store
        └── StepMissingError    a step was called before the one it builds on
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing wrong with an input: where it is, what was given, and what would be valid."""

    place: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        where = f"line {self.line}, {self.place}" if self.line is not None else self.place
        return f"{where}: {self.message}"


class ToolkitError(Exception):
    """Base of every error of this package. ``str(error)`` is the message followed by the hint."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  -> {self.hint}" if self.hint else self.message


class InputError(ToolkitError):
    """Something the caller gave has to be mended."""


class ConfigError(InputError):
    """The mapping file is not valid. ``faults`` holds every fault, in the order of the file."""

    def __init__(self, message: str, *, faults: Sequence[Fault], hint: str) -> None:
        listed = "\n".join(f"  - {fault}" for fault in faults)
        super().__init__(f"{message}\n{listed}" if listed else message, hint=hint)
        self.faults = tuple(faults)


class SourceError(InputError):
    """A customer-side file cannot be read as it is. ``faults`` names the rows or columns."""

    def __init__(self, message: str, *, hint: str, faults: Sequence[Fault] = ()) -> None:
        listed = "\n".join(f"  - {fault}" for fault in faults)
        super().__init__(f"{message}\n{listed}" if listed else message, hint=hint)
        self.faults = tuple(faults)


class NotFoundError(InputError):
    """A named thing does not exist; the message lists the ones that do."""


class SalesforceError(ToolkitError):
    """Salesforce refused a request.

    ``code`` is Salesforce's errorCode (or the OAuth ``error``), ``status`` the HTTP status (0 when there was no
    answer), ``fields`` the field API names that Salesforce blamed.
    """

    def __init__(self, message: str, *, hint: str, code: str = "", status: int = 0, fields: Sequence[str] = ()) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.status = status
        self.fields = tuple(fields)


class LoginError(SalesforceError):
    """The login was refused."""


class SessionError(SalesforceError):
    """The session ended and could not be renewed."""


class AccessError(SalesforceError):
    """The user lacks a right on the object, field or record."""


class RequestError(SalesforceError):
    """The request was understood and refused."""


class LimitError(SalesforceError):
    """An API allowance is used up: the org's own, or the cap of the mapping file."""


class UnavailableError(SalesforceError):
    """The org did not answer, or asked to come back later. Repeating the call is safe."""


class PlanError(ToolkitError):
    """A plan may not be committed as it stands. Nothing was written."""


class DigestError(PlanError):
    """The plan's rows are not the rows that were reviewed."""


class PreflightError(PlanError):
    """The org would refuse what is planned. ``findings`` holds each reason."""

    def __init__(self, message: str, *, findings: Sequence[str], hint: str) -> None:
        listed = "\n".join(f"  - {finding}" for finding in findings)
        super().__init__(f"{message}\n{listed}" if listed else message, hint=hint)
        self.findings = tuple(findings)


class EditRefused(PlanError):  # noqa: N818 - reads as what happened
    """A value may not be edited, or a record not be entered, or Salesforce did not take it."""


class PermissionDenied(PlanError):  # noqa: N818 - reads as what happened
    """The [access] section does not let this person do this."""


class BrakeError(ToolkitError):
    """A run would change, drop or clear more than the brakes of the mapping file allow, or the org's schema moved under
    it. Nothing was changed; the hint says how to go on.
    """


class StoreError(ToolkitError):
    """The workspace's own state does not allow this."""


class StoreInUseError(StoreError):
    """Another run holds the store."""


class StepMissingError(StoreError):
    """A step was called before the one it builds on."""
