"""The org's side of the sample company: the accounts, contacts, open deals, contracts and plans for the coming weeks.

Rows are written straight into the tables, 20,000 accounts in seconds; what the org would have worked out itself on
saving them is filled in here.
"""

import itertools
import random
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import UTC, date, datetime, time, timedelta

from toolkit.demo_org.automation import contract_end
from toolkit.demo_org.clock import to_stamp
from toolkit.demo_org.company.customers import Customer, Person, each_customer
from toolkit.demo_org.company.deals import Deals
from toolkit.demo_org.company.roles import Roles
from toolkit.demo_org.company.rows import Row, stamp_of, stamps
from toolkit.demo_org.company.staff import People
from toolkit.demo_org.company.touches import Touches
from toolkit.demo_org.company.words import STREETS
from toolkit.demo_org.objects.opportunity import STAGES
from toolkit.demo_org.records import Records

AT_A_TIME = 5_000
"""How many accounts are made before they are written."""
_DEEPER = 5
"""One parent in so many has a parent itself, so that there are three levels."""
_OPEN_STAGES = [stage for stage in STAGES if not stage.closed]
_WON = next(stage for stage in STAGES if stage.won)
_LOST = next(stage for stage in STAGES if stage.closed and not stage.won)
_TASKS = ("Call", "Send onboarding plan", "Prepare business review", "Follow up on open tickets", "Renewal check-in")
_EVENTS = ("Kick-off", "Quarterly business review", "Training session", "Renewal meeting")


def seed(records: Records, accounts: int, seed: int, today: date) -> None:
    """Fill an empty org with the sample company of so many accounts. The same arguments give the same records.

    It is written some thousand accounts at a time, so memory does not grow with the company.
    """
    database = records.database
    people = People(database, records.schema, seed, today)
    company = _Company(people, random.Random(f"org {seed}"), today)  # noqa: S311 - sample data, meant to repeat
    there = (customer for customer in each_customer(accounts, seed, today) if customer.there)
    with database.writing():
        people.write()
        related = people.write_more(seed) if accounts else None
    additions = Roles(seed), Deals(people.ids, seed, today), Touches(people.ids, people.csms, seed, today)
    with database.loading(records.schema) if accounts > AT_A_TIME else nullcontext():
        while related is not None and (some := list(itertools.islice(there, AT_A_TIME))):
            company.add_accounts(some)
            for customer, account in zip(some, company.rows["Account"], strict=True):
                company.add_rest(customer, str(account["Id"]))
            related.add(some, company.rows, company.contract_number)
            for each in additions:
                each.add(some, company.rows)
            with database.writing():
                _write_some(people, company.rows, related.rows, *(each.rows for each in additions))
    if related is not None:
        people.write_persons(accounts, seed)


def _write_some(people: People, *made: dict[str, list[Row]]) -> None:
    accounts = list(made[0]["Account"])
    for rows_of in made:
        for name, rows in rows_of.items():
            people.write_rows(name, rows)
            rows.clear()
    people.write_leftovers(accounts)


class _Company:
    """Collects the rows of every object."""

    def __init__(self, people: People, rng: random.Random, today: date) -> None:
        self._people = people
        self._rng = rng
        self._today = today
        contracts = itertools.count(1)
        self.contract_number: Callable[[], int] = lambda: next(contracts)
        self.rows: dict[str, list[Row]] = {
            name: [] for name in ("Account", "Contact", "Opportunity", "Contract", "Task", "Event")
        }

    def add_accounts(self, there: Sequence[Customer]) -> None:
        """Add the accounts; a few belong to an earlier one."""
        ids = self._people.ids("Account", len(there))
        for place, (record_id, customer) in enumerate(zip(ids, there, strict=True)):
            account = self._account(record_id, customer)
            account["ParentId"] = ids[self._rng.randrange(place)] if place and self._rng.random() < 0.04 else None
            self.rows["Account"].append(account)
        linked = [account for account in self.rows["Account"] if account["ParentId"]]
        places = {record_id: place for place, record_id in enumerate(ids)}
        for account in linked[::_DEEPER]:
            above = places[str(account["ParentId"])]
            if above:
                self.rows["Account"][above]["ParentId"] = ids[above // 2]

    def add_rest(self, customer: Customer, account_id: str) -> None:
        """Add what hangs on an account."""
        known = [person for person in customer.people if person.there]
        contacts = self._people.ids("Contact", len(known))
        for record_id, person in zip(contacts, known, strict=True):
            self.rows["Contact"].append(self._contact(record_id, person, customer, account_id))
        deals = self._opportunities(customer, account_id)
        self.rows["Opportunity"].extend(deals)
        if customer.kind.startswith("Customer"):
            self.rows["Contract"].append(self._contract(customer, account_id))
        self._add_activities(customer, account_id, contacts[0] if contacts else None)

    def _account(self, record_id: str, customer: Customer) -> Row:
        rng, made = self._rng, min(customer.signed_on, self._today - timedelta(days=30))
        street = f"{rng.randint(1, 180)} {rng.choice(STREETS)}"
        return {
            "Id": record_id,
            "Name": customer.name_there,
            "Type": customer.kind,
            "BillingStreet": street,
            "BillingCity": customer.city,
            "BillingPostalCode": f"{rng.randint(10000, 99999)}",
            "BillingCountry": customer.country,
            "Phone": phone_number(rng, customer.country),
            "AccountNumber": f"A{customer.number:06d}",
            "Website": f"https://www.{customer.domain}",
            "Industry": customer.industry,
            "AnnualRevenue": float(customer.employees * rng.randint(60, 220) * 1000),
            "NumberOfEmployees": customer.employees,
            "Rating": rng.choice(("Hot", "Warm", "Cold")),
            "AccountSource": rng.choice(("Web", "Partner Referral", "Other")),
            "OwnerId": self._people.reps[customer.rep],
            "LastActivityDate": (self._today - timedelta(days=rng.randint(1, 90))).isoformat(),
            "Product_Id__c": customer.product_id,
            "CS_Stage__c": customer.stage_there if customer.kind.startswith(("Customer", "Former")) else None,
            "CSM__c": self._people.csms[customer.csm] if customer.kind.startswith("Customer") else None,
            "Segment__c": customer.segment_there,
            "Active__c": int(customer.active),
            "Locked_Score__c": round(rng.uniform(0, 10), 1),
            "Hidden_Notes__c": "For sales leadership only" if rng.random() < 0.1 else None,
            **self._changed(made, self._people.reps[customer.rep]),
        }

    def _contact(self, record_id: str, person: Person, customer: Customer, account_id: str) -> Row:
        return {
            "Id": record_id,
            "AccountId": account_id,
            "LastName": person.last_name,
            "FirstName": person.first_name,
            "Name": person.full_name,
            "Phone": phone_number(self._rng, customer.country),
            "Email": person.email,
            "Title": person.title,
            "LeadSource": "Web" if self._rng.random() < 0.5 else None,
            "OwnerId": self._people.reps[customer.rep],
            **self._changed(customer.signed_on, self._people.reps[customer.rep]),
        }

    def _opportunities(self, customer: Customer, account_id: str) -> list[Row]:
        rng, today, yearly = self._rng, self._today, customer.mrr * 12
        planned = []
        if customer.kind.startswith(("Customer", "Former")):
            planned.append(("New business", "New Customer", _WON, customer.signed_on, yearly))
            if customer.active and rng.random() < 0.5:
                stage = rng.choice(_OPEN_STAGES)
                planned.append(("Renewal", "Existing Customer - Replacement", stage, customer.renewal_date, yearly))
        elif customer.kind == "Prospect":
            stage = rng.choice((_LOST, *_OPEN_STAGES))
            moved = rng.randint(10, 120) * (-1 if stage.closed else 1)
            planned.append(("New business", "New Customer", stage, today + timedelta(days=moved), yearly))
        if customer.mood == "healthy" and rng.random() < 0.35:
            closes = today + timedelta(days=rng.randint(15, 150))
            planned.append(("Expansion", "Existing Customer - Upgrade", rng.choice(_OPEN_STAGES), closes, yearly * 0.3))
        ids = self._people.ids("Opportunity", len(planned))
        rows: list[Row] = []
        for record_id, (what, kind, stage, closes, worth) in zip(ids, planned, strict=True):
            quarter = (closes.month + 2) // 3
            amount = round(worth, 2)
            made = min(closes, today) - timedelta(days=rng.randint(20, 120))
            rows.append(
                {
                    "Id": record_id,
                    "AccountId": account_id,
                    "Name": f"{customer.name_there[:80]} - {what}",
                    "StageName": stage.name,
                    "Amount": amount,
                    "Probability": float(stage.probability),
                    "ExpectedRevenue": round(amount * stage.probability / 100, 2),
                    "CloseDate": closes.isoformat(),
                    "Type": kind,
                    "LeadSource": "Web",
                    "IsClosed": int(stage.closed),
                    "IsWon": int(stage.won),
                    "ForecastCategory": stage.forecast,
                    "ForecastCategoryName": stage.forecast_name,
                    "OwnerId": self._people.reps[customer.rep],
                    "LastStageChangeDate": stamp_of(made),
                    "FiscalQuarter": quarter,
                    "FiscalYear": closes.year,
                    "Fiscal": f"{closes.year} {quarter}",
                    **self._changed(made, self._people.reps[customer.rep]),
                }
            )
        return rows

    def _contract(self, customer: Customer, account_id: str) -> Row:
        record_id = self._people.ids("Contract", 1)[0]
        start = customer.renewal_date - timedelta(days=365)
        status = "Activated" if customer.active else "Draft"
        rep = self._people.reps[customer.rep]
        return {
            "Id": record_id,
            "AccountId": account_id,
            "StartDate": start.isoformat(),
            "ContractTerm": 12,
            "EndDate": contract_end(start.isoformat(), 12),
            "OwnerExpirationNotice": "90",
            "OwnerId": rep,
            "Status": status,
            "StatusCode": status,
            "ActivatedById": rep if customer.active else None,
            "ActivatedDate": stamp_of(start) if customer.active else None,
            "ContractNumber": f"{self.contract_number():08d}",
            **self._changed(min(start, self._today), rep),
        }

    def _add_activities(self, customer: Customer, account_id: str, contact_id: str | None) -> None:
        rng, today = self._rng, self._today
        csm = self._people.csms[customer.csm]
        about: Row = {"WhoId": contact_id, "WhatId": account_id, "AccountId": account_id, "OwnerId": csm}
        for record_id in self._people.ids("Task", rng.randint(0, 3)):
            due = today + timedelta(days=rng.randint(-120, 30))
            closed = due < today
            task: Row = {
                "Id": record_id,
                **about,
                "Subject": rng.choice(_TASKS),
                "ActivityDate": due.isoformat(),
                "Status": "Completed" if closed else "Not Started",
                "Priority": "Normal",
                "IsClosed": int(closed),
                "TaskSubtype": "Task",
                "CompletedDateTime": stamp_of(due) if closed else None,
                **self._changed(min(due, today) - timedelta(days=3), csm),
            }
            self.rows["Task"].append(task)
        if rng.random() < 0.4:
            day = today + timedelta(days=rng.randint(-90, 45))
            starts = datetime.combine(day, time(rng.randint(8, 16)), UTC)
            ends = starts + timedelta(hours=1)
            event: Row = {
                "Id": self._people.ids("Event", 1)[0],
                **about,
                "Subject": rng.choice(_EVENTS),
                "StartDateTime": to_stamp(starts),
                "ActivityDateTime": to_stamp(starts),
                "ActivityDate": day.isoformat(),
                "EndDateTime": to_stamp(ends),
                "EndDate": day.isoformat(),
                "DurationInMinutes": 60,
                "ShowAs": "Busy",
                **self._changed(min(day, today) - timedelta(days=5), csm),
            }
            self.rows["Event"].append(event)

    def _changed(self, made: date, by: str) -> Row:
        made = min(made, self._today - timedelta(days=1))
        changed = made + timedelta(days=self._rng.randrange((self._today - made).days))
        return stamps(stamp_of(made), stamp_of(changed), by)


def phone_number(rng: random.Random, country: str) -> str:
    """Return a phone number out of a range that no subscriber has."""
    if country in ("United States", "Canada"):
        return f"+1 {rng.choice(('415', '212', '312'))} 555 01{rng.randrange(100):02d}"
    return f"+44 20 7946 {rng.randrange(1000):04d}"
