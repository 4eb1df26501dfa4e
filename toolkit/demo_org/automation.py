"""What the org works out by itself when a record is saved: names, stages, ends, what an activity is about.

Each rule looks at the record as it will be and at which fields were set, and returns the fields it fills.
"""

import base64
import binascii
import calendar
import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from toolkit.demo_org.clock import to_stamp
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.ids import number_of
from toolkit.demo_org.objects.case import CLOSED_STATUS as CLOSED_CASE
from toolkit.demo_org.objects.content import NOTE_TYPE
from toolkit.demo_org.objects.contract import STATUS_CODES
from toolkit.demo_org.objects.email_message import DRAFT
from toolkit.demo_org.objects.opportunity import STAGES
from toolkit.demo_org.objects.person_account import PERSON_ONLY, is_person_type
from toolkit.demo_org.objects.record_types import PERSON_ACCOUNT
from toolkit.demo_org.objects.task import CLOSED_STATUS
from toolkit.demo_org.schema import SObject
from toolkit.demo_org.validation import Stored, not_editable, required_missing

_STAGES = {stage.name: stage for stage in STAGES}


@dataclass(frozen=True)
class Saving:
    """A record about to be saved: all its values as they will be, the names of those that were set, and the moment.

    ``account_of`` gives the account of a record of any object, or None, and ``look_up`` all values of any record.
    """

    record: Mapping[str, Stored]
    changed: frozenset[str]
    creating: bool
    at: str
    user_id: str
    account_of: Callable[[str], str | None]
    before: Mapping[str, Stored] = field(default_factory=dict)
    look_up: Callable[[str], Mapping[str, Stored]] = field(default=lambda _: {})
    sobject: SObject | None = None

    def sets(self, *names: str) -> bool:
        """Return whether the record is new or one of these fields was set."""
        return self.creating or not self.changed.isdisjoint(names)


Rule = Callable[[Saving], dict[str, Stored]]


def rule_for(sobject: SObject) -> Rule | None:
    """Return what the org does when a record of this object is saved, or None when that is nothing."""
    if sobject.name in ("Account", "Contact") and sobject.field("IsPersonAccount"):
        return person_account if sobject.name == "Account" else _contact_or_twin
    return _RULES.get(sobject.name) or (_numbered if any(each.auto_number for each in sobject.fields) else None)


def _person(saving: Saving) -> dict[str, Stored]:
    parts = (saving.record.get("FirstName"), saving.record.get("LastName"))
    return {"Name": " ".join(str(part) for part in parts if part)}


def _opportunity(saving: Saving) -> dict[str, Stored]:
    derived: dict[str, Stored] = {}
    stage = _STAGES.get(str(saving.record.get("StageName")))
    if stage is not None and saving.sets("StageName"):
        derived = {
            "IsClosed": int(stage.closed),
            "IsWon": int(stage.won),
            "ForecastCategory": stage.forecast,
            "LastStageChangeDate": saving.at,
        }
        if "Probability" not in saving.changed:
            derived["Probability"] = float(stage.probability)
        if "ForecastCategoryName" not in saving.changed:
            derived["ForecastCategoryName"] = stage.forecast_name
    elif saving.creating:
        derived = {"ForecastCategory": "Pipeline", "Probability": saving.record.get("Probability") or 0.0}
    record = {**saving.record, **derived}
    amount, probability = record.get("Amount"), record.get("Probability")
    if isinstance(amount, float) and isinstance(probability, float):
        derived["ExpectedRevenue"] = round(amount * probability / 100, 2)
    else:
        derived["ExpectedRevenue"] = None
    closes = date.fromisoformat(str(record["CloseDate"]))
    quarter = (closes.month + 2) // 3
    return {**derived, "FiscalYear": closes.year, "FiscalQuarter": quarter, "Fiscal": f"{closes.year} {quarter}"}


def _contract(saving: Saving) -> dict[str, Stored]:
    record = saving.record
    status = str(record.get("Status"))
    code = STATUS_CODES.get(status, "Draft")
    if saving.creating and code == "Activated":
        raise Refusal(
            400,
            "FAILED_ACTIVATION",
            "Choose a valid contract status and save your changes. Ask your admin for details.",
        )
    derived: dict[str, Stored] = {"StatusCode": code, **_numbered(saving)}
    if code == "Activated" and record.get("ActivatedDate") is None:
        derived |= {"ActivatedDate": saving.at, "ActivatedById": saving.user_id}
    start, term = record.get("StartDate"), record.get("ContractTerm")
    derived["EndDate"] = contract_end(str(start), term) if start and isinstance(term, int) else None
    return derived


def contract_end(start: str, months: int) -> str:
    """Return the last day of a contract that starts on a day and lasts so many months."""
    return (months_later(date.fromisoformat(start), months) - timedelta(days=1)).isoformat()


def months_later(day: date, months: int) -> date:
    """Return the same day so many months later, or the last one of a month that has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year, last = day.year + years, day.day
    if last > 28:  # every month has that many
        last = min(last, calendar.monthrange(year, month + 1)[1])
    return date(year, month + 1, last)


def _task(saving: Saving) -> dict[str, Stored]:
    record = saving.record
    closed = record.get("Status") == CLOSED_STATUS
    derived: dict[str, Stored] = {
        "IsClosed": int(closed),
        "IsHighPriority": int(record.get("Priority") == "High"),
        "AccountId": _account(saving),
        "CompletedDateTime": (record.get("CompletedDateTime") or saving.at) if closed else None,
    }
    if saving.creating and not record.get("TaskSubtype"):
        derived["TaskSubtype"] = "Task"
    return derived


def _event(saving: Saving) -> dict[str, Stored]:
    record = saving.record
    start = record.get("StartDateTime" if "StartDateTime" in saving.changed else "ActivityDateTime")
    start = (
        start or record.get("StartDateTime") or (f"{record['ActivityDate']}T00:00:00.000Z" if _day(record) else None)
    )
    if start is None:
        raise required_missing(["StartDateTime"])
    begins = datetime.fromisoformat(str(start))
    end, minutes = record.get("EndDateTime"), record.get("DurationInMinutes")
    if isinstance(minutes, int) and ("DurationInMinutes" in saving.changed or end is None):
        ends = begins + timedelta(minutes=minutes)
    elif end is not None:
        ends = datetime.fromisoformat(str(end))
    elif record.get("IsAllDayEvent"):
        ends = begins + timedelta(days=1)
    else:
        raise required_missing(["DurationInMinutes"])
    return {
        "StartDateTime": to_stamp(begins),
        "ActivityDateTime": to_stamp(begins),
        "ActivityDate": begins.date().isoformat(),
        "EndDateTime": to_stamp(ends),
        "EndDate": ends.date().isoformat(),
        "DurationInMinutes": int((ends - begins).total_seconds() // 60),
        "AccountId": _account(saving),
    }


def _case(saving: Saving) -> dict[str, Stored]:
    record = saving.record
    closed = record.get("Status") == CLOSED_CASE
    derived: dict[str, Stored] = {
        **_numbered(saving),
        "IsClosed": int(closed),
        "ClosedDate": (record.get("ClosedDate") or saving.at) if closed else None,
    }
    if saving.sets("ContactId"):
        contact = saving.look_up(str(record["ContactId"])) if record.get("ContactId") else {}
        derived |= {
            "ContactEmail": contact.get("Email"),
            "ContactPhone": contact.get("Phone"),
            "ContactMobile": contact.get("MobilePhone"),
            "ContactFax": contact.get("Fax"),
        }
        if record.get("AccountId") is None:
            derived["AccountId"] = contact.get("AccountId")
    return derived


_EMAIL_STAYS_OPEN = frozenset({"IsExternallyVisible", "Status"})


def _email(saving: Saving) -> dict[str, Stored]:
    if not saving.creating and saving.before.get("Status") != DRAFT and saving.changed - _EMAIL_STAYS_OPEN:
        raise Refusal(403, "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", ())
    return {"MessageDate": saving.record.get("MessageDate") or saving.at} if saving.creating else {}


def _note(saving: Saving) -> dict[str, Stored]:
    if not saving.sets("Content"):
        return {}
    try:
        content = base64.b64decode(str(saving.record.get("Content") or ""), validate=True)
    except binascii.Error:
        message = "Content: value not of required type: base64"
        raise Refusal(400, "INVALID_TYPE_ON_FIELD_IN_RECORD", message, ("Content",)) from None
    text = _TAG.sub(" ", content.decode("utf-8", "replace"))
    preview = " ".join(html.unescape(text).split())[:255] or None
    return {"FileType": NOTE_TYPE, "FileExtension": "snote", "ContentSize": len(content), "TextPreview": preview}


def _numbered(saving: Saving) -> dict[str, Stored]:
    """Return the auto-numbers of a new record: how many-th of its object it is, in the form each field asks for."""
    if not saving.creating or saving.sobject is None:
        return {}
    number = number_of(str(saving.record["Id"]))
    return {
        each.name: _ZEROS.sub(lambda match: f"{number:0{len(match.group(1))}d}", each.number_format or "{0}")
        for each in saving.sobject.fields
        if each.auto_number
    }


_ZEROS = re.compile(r"\{(0+)\}")
_TAG = re.compile(r"<[^<>]*>")


def _contact_or_twin(saving: Saving) -> dict[str, Stored]:
    if saving.record.get("IsPersonAccount") and saving.record.get("AccountId") != saving.before.get("AccountId"):
        raise not_editable(["AccountId"])
    return _person(saving)


def person_account(saving: Saving) -> dict[str, Stored]:
    """Return what makes an account a person or a company: it has either the parts of a name or a name."""
    record = saving.record
    person = is_person_type(record.get("RecordTypeId"))
    if saving.creating and not saving.before.get("RecordTypeId") and "RecordTypeId" not in saving.changed:
        person = record.get("LastName") is not None and record.get("Name") is None
    refused = [name for name in (("Name",) if person else PERSON_ONLY) if name in saving.changed]
    if refused and any(record.get(name) is not None for name in refused):
        raise not_editable(refused)
    missing = "LastName" if person else "Name"
    if record.get(missing) is None:
        raise required_missing([missing])
    derived: dict[str, Stored] = {"IsPersonAccount": int(person)}
    if person:
        derived |= {**_person(saving), "RecordTypeId": PERSON_ACCOUNT.id}
    return derived


def _day(record: Mapping[str, Stored]) -> bool:
    return bool(record.get("IsAllDayEvent")) and record.get("ActivityDate") is not None


def _account(saving: Saving) -> Stored:
    for name in ("WhatId", "WhoId"):
        about = saving.record.get(name)
        account = saving.account_of(str(about)) if about else None
        if account:
            return account
    return None


_RULES: dict[str, Rule] = {
    "Case": _case,
    "ContentNote": _note,
    "EmailMessage": _email,
    "Lead": _person,
    "Contact": _person,
    "User": _person,
    "Opportunity": _opportunity,
    "Contract": _contract,
    "Task": _task,
    "Event": _event,
}
