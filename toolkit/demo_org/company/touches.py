"""What the customer success managers of the sample company have done with their customers: calls, e-mails, meetings.

A healthy customer was mostly spoken with in the last weeks, one that is not well often has heard nothing for months. As
in real orgs some meetings are there twice, as a calendar's sync leaves them, and some are not about a customer at all.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TypeVar

from toolkit.demo_org.clock import to_stamp
from toolkit.demo_org.company.customers import Customer
from toolkit.demo_org.company.rows import Row, stamps
from toolkit.demo_org.validation import Stored

Some = TypeVar("Some")
_CALLS = ("Check-in call", "Call about the renewal", "Call about open tickets", "Onboarding call", "Adoption review")
_MAILS = ("Email: Minutes of our meeting", "Email: Renewal terms", "Email: Training dates", "Email: Your question")
_MEETINGS = (
    *("Quarterly business review", "Training session", "Roadmap session", "Success plan review"),
    *("Onboarding workshop", "Renewal meeting"),
)
_OF_OUR_OWN = ("Team meeting", "Pipeline review", "Interview")
_RESULTS = ("Reached", "Reached", "Reached", "Left a message", "No answer")
_LENGTHS = (30, 45, 60, 60, 90)
_TWICE, _ALL_DAY, _INTERNAL = 0.04, 0.05, 0.02
_RHYTHM = {"healthy": (0.1, 42, 45), "wavering": (0.45, 56, 50), "poor": (0.6, 40, 60)}
"""Of each mood: how many have heard nothing for long, how long the others have at most, days from touch to touch."""
_MOST = {"healthy": 5, "wavering": 3, "poor": 3}
_DAY = timedelta(days=1)


class Touches:
    """Adds calls, e-mails and meetings for some accounts at a time, with its own randomness.

    `ids` gives ids for new records of an object; `csms` are the ids of the success managers.
    """

    def __init__(self, ids: Callable[[str, int], list[str]], csms: Sequence[str], seed: int, today: date) -> None:
        self._ids = ids
        self._csms = csms
        self._rng = random.Random(f"touches {seed}")  # noqa: S311 - sample data, meant to repeat
        self._today = today
        self.rows: dict[str, list[Row]] = {"Task": [], "Event": []}

    def add(self, customers: Sequence[Customer], rows: Mapping[str, list[Row]]) -> None:
        """Add what was done with these customers, whose accounts and contacts are among `rows`."""
        people: dict[Stored, list[Stored]] = {}
        for contact in rows["Contact"]:
            people.setdefault(contact["AccountId"], []).append(contact["Id"])
        for customer, account in zip(customers, rows["Account"], strict=True):
            csm = self._csms[customer.csm]
            if customer.kind.startswith("Customer") and customer.active:
                for day in self._days(customer):
                    self._touch(day, csm, account["Id"], people.get(account["Id"], ()))
            if self._rng.random() < _INTERNAL:
                day = self._today - int(1 + self._rng.random() * 60) * _DAY
                self._meet(self._some(_OF_OUR_OWN), day, {"WhoId": None, "WhatId": None, "AccountId": None}, csm)
        for name, made in self.rows.items():
            for row, record_id in zip(made, self._ids(name, len(made)), strict=True):
                row["Id"] = record_id

    def _days(self, customer: Customer) -> Iterator[date]:
        """Yield the days something was done with a customer, the latest first, none before it was one."""
        random_number = self._rng.random
        quiet, most, between = _RHYTHM[customer.mood]
        if random_number() < quiet:
            low, high = (46, 90) if customer.mood == "healthy" else (61, 150)
            ago = low + int(random_number() * (high - low))
        else:
            ago = 1 + int(random_number() * most)
        known = (self._today - customer.signed_on).days
        for _ in range(1 + int(random_number() * _MOST[customer.mood])):
            if ago > known:
                return
            yield self._today - ago * _DAY
            ago += 8 + int(random_number() * between)

    def _touch(self, day: date, csm: str, account_id: Stored, people: Sequence[Stored]) -> None:
        who = self._some(people) if people else None
        about: Row = {"WhoId": who, "WhatId": account_id, "AccountId": account_id}
        chance = self._rng.random()
        if chance < 0.5:
            self._meet(self._some(_MEETINGS), day, about, csm)
        elif chance < 0.9:
            self._call(day, about, csm)
        else:
            text = "Hello, as we agreed, here is what comes next."
            self._done("Email", self._some(_MAILS), day, about, csm, text, (None, None, None))

    def _call(self, day: date, about: Row, csm: str) -> None:
        result = self._some(_RESULTS)
        reached = result == "Reached"
        seconds = 120 + int(self._rng.random() * 3000) if reached else 20
        text = "Talked through goals and open points." if reached else None
        direction = "Inbound" if self._rng.random() < 0.25 else "Outbound"
        self._done("Call", self._some(_CALLS), day, about, csm, text, (seconds, direction, result))

    def _done(
        self,
        subtype: str,
        subject: str,
        day: date,
        about: Row,
        csm: str,
        text: str | None,
        call: tuple[int | None, str | None, str | None],
    ) -> None:
        stamp = _stamp(day, 8 + int(self._rng.random() * 9))
        self.rows["Task"].append(
            {
                "Id": None,
                **about,
                "OwnerId": csm,
                "Subject": subject,
                "ActivityDate": stamp[:10],
                "Status": "Completed",
                "Priority": "Normal",
                "Description": text,
                "IsClosed": 1,
                "CallDurationInSeconds": call[0],
                "CallType": call[1],
                "CallDisposition": call[2],
                "TaskSubtype": subtype,
                "CompletedDateTime": stamp,
                **stamps(stamp, stamp, csm),
            }
        )

    def _meet(self, subject: str, day: date, about: Row, csm: str) -> None:
        random_number = self._rng.random
        whole_day = random_number() < _ALL_DAY
        minutes = 24 * 60 if whole_day else _LENGTHS[int(random_number() * len(_LENGTHS))]
        hour = 0 if whole_day else 8 + int(random_number() * 9)
        start, made = _stamp(day, hour), _stamp(day - 6 * _DAY, 9)
        end = _stamp(day, hour, minutes)
        row: Row = {
            "Id": None,
            **about,
            "OwnerId": csm,
            "Subject": subject,
            "IsAllDayEvent": int(whole_day),
            "StartDateTime": start,
            "ActivityDateTime": start,
            "ActivityDate": start[:10],
            "EndDateTime": end,
            "EndDate": end[:10],
            "DurationInMinutes": minutes,
            "ShowAs": "Free" if whole_day else "Busy",
            "Description": None,
            **stamps(made, made, csm),
        }
        self.rows["Event"].append(row)
        if about["AccountId"] and random_number() < _TWICE:
            later = _stamp(day - 6 * _DAY, 9, 20)
            self.rows["Event"].append({**row, "Description": "From the calendar", **stamps(later, later, csm)})

    def _some(self, values: Sequence[Some]) -> Some:
        return values[int(self._rng.random() * len(values))]


@lru_cache(maxsize=65536)
def _stamp(day: date, hour: int, minutes: int = 0) -> str:
    """A moment as stored text: a day, an hour and so many minutes later."""
    return to_stamp(datetime.combine(day, time(hour), UTC) + timedelta(minutes=minutes))
