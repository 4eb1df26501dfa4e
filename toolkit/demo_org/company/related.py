"""What hangs on the accounts beside contacts, deals and contracts: relations, roles, mails, notes, cases, plans.

It also puts in what real orgs have and nobody wants: contacts without an account or an e-mail address, two with the
same one, deals of somebody who has left, contracts that overlap or have no end.
"""

import base64
import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

from toolkit.demo_org.automation import contract_end
from toolkit.demo_org.company.customers import Customer
from toolkit.demo_org.company.rows import Row, stamp_of, stamps
from toolkit.demo_org.ids import number_of
from toolkit.demo_org.objects.case import REASONS
from toolkit.demo_org.objects.content import NOTE_TYPE
from toolkit.demo_org.objects.record_types import RECORD_TYPES
from toolkit.demo_org.objects.success_plan import STATUSES

OBJECTS = (
    *("AccountContactRelation", "OpportunityContactRole", "EmailMessage", "Note", "ContentNote", "ContentDocument"),
    *("ContentDocumentLink", "Case", "Success_Plan__c"),
)
_ROLES = ("Decision Maker", "Economic Buyer", "Executive Sponsor", "Evaluator", "Business User")
_SUBJECTS = ("Renewal terms", "Minutes of our call", "Training dates", "Your open ticket", "Welcome aboard")
_QUESTIONS = ("Export stops half way", "How to add a user?", "Wrong totals on the report", "Login is slow")
_GOALS = ("Roll out to a second team", "Cut manual reporting by half", "Reach 80 % weekly use", "Replace the old tool")
_RECORD_TYPE_OF = {
    "New business": RECORD_TYPES["Opportunity"][0].id,
    "Renewal": RECORD_TYPES["Opportunity"][1].id,
    "Expansion": RECORD_TYPES["Opportunity"][2].id,
}


class Related:
    """Adds rows for some accounts at a time. It has its own randomness, so that the other objects do not depend on it.

    `ids` gives ids for new records of an object; `former` is a user who has left, `campaigns` are ids of campaigns.
    """

    def __init__(
        self, ids: Callable[[str, int], list[str]], seed: int, today: date, former: str, campaigns: Sequence[str]
    ) -> None:
        self._ids = ids
        self._rng = random.Random(f"related {seed}")  # noqa: S311 - sample data, meant to repeat
        self._today = today
        self._former = former
        self._campaigns = campaigns
        self._seen: Row | None = None
        self.rows: dict[str, list[Row]] = {name: [] for name in OBJECTS}

    def add(
        self, customers: Sequence[Customer], rows: Mapping[str, list[Row]], contract_number: Callable[[], int]
    ) -> None:
        """Add what belongs to these customers; `rows` are their accounts, contacts and so on, which get company."""
        contacts = _by_account(rows["Contact"])
        deals = _by_account(rows["Opportunity"])
        contracts = _by_account(rows["Contract"])
        for row in rows["Contact"]:
            row["ReportsToId"] = None
        for row in rows["Opportunity"]:
            row["RecordTypeId"] = _RECORD_TYPE_OF.get(str(row["Name"]).rpartition(" - ")[2])
            row["CampaignId"] = self._rng.choice(self._campaigns) if self._rng.random() < 0.1 else None
        strange: list[Row] = []
        for customer, account in zip(customers, rows["Account"], strict=True):
            account_id = str(account["Id"])
            people = contacts.get(account_id, [])
            self._relate(account_id, people)
            self._add_roles(deals.get(account_id, []), people)
            if people:
                self._add_papers(customer, account, people)
                strange += self._strange_contacts(people)
            rows["Opportunity"] += self._strange_deals(deals.get(account_id, []))
            rows["Contract"] += self._strange_contracts(contracts.get(account_id, []), contract_number)
        rows["Contact"] += strange

    def _relate(self, account_id: str, people: Sequence[Row]) -> None:
        rng = self._rng
        for row in people:
            self._add_relation(account_id, row, direct=True)
        if people and self._seen is not None and rng.random() < 0.06:
            self._add_relation(account_id, self._seen, direct=False)
        if people:
            self._seen = people[0]
        if len(people) > 2 and rng.random() < 0.1:
            for above, row in itertools.pairwise(people):
                row["ReportsToId"] = above["Id"]

    def _add_relation(self, account_id: str, contact: Row, *, direct: bool) -> None:
        self._put(
            "AccountContactRelation",
            contact,
            AccountId=account_id,
            ContactId=contact["Id"],
            Roles=None if direct else "Influencer",
            IsDirect=int(direct),
            IsActive=1,
        )

    def _add_roles(self, deals: Sequence[Row], people: Sequence[Row]) -> None:
        for deal in deals:
            for place, contact in enumerate(people[: 1 + (self._rng.random() < 0.3)]):
                self._put(
                    "OpportunityContactRole",
                    deal,
                    OpportunityId=deal["Id"],
                    ContactId=contact["Id"],
                    Role=self._rng.choice(_ROLES),
                    IsPrimary=int(place == 0),
                )

    def _add_papers(self, customer: Customer, account: Row, people: Sequence[Row]) -> None:
        rng = self._rng
        if rng.random() < 0.25:
            self._add_mail(account, people[0])
        if rng.random() < 0.1:
            body = f"Spoke with {people[0]['Name']} about the next quarter."
            owner = account["OwnerId"]
            self._put("Note", account, ParentId=account["Id"], Title="Call", Body=body, OwnerId=owner)
        if rng.random() < 0.1:
            self._add_content_note(account)
        if rng.random() < 0.08:
            self._add_case(account, people[-1])
        if customer.active and rng.random() < 0.15:
            self._add_plan(account)

    def _add_mail(self, account: Row, contact: Row) -> None:
        incoming = self._rng.random() < 0.4
        staff, customer = "success@demo.example", contact["Email"]
        self._put(
            "EmailMessage",
            account,
            Subject=self._rng.choice(_SUBJECTS),
            TextBody="Hello,\n\nplease see below.\n\nKind regards",
            FromAddress=customer if incoming else staff,
            ToAddress=staff if incoming else customer,
            Incoming=int(incoming),
            Status="1" if incoming else "3",
            MessageDate=account["LastModifiedDate"],
            RelatedToId=account["Id"],
        )

    def _add_content_note(self, account: Row) -> None:
        text = "Goals, risks and next steps of this account."
        owner, title = account["OwnerId"], "Account review"
        shared: Row = {"Title": title, "FileType": NOTE_TYPE, "FileExtension": "snote", "ContentSize": len(text)}
        content = base64.b64encode(text.encode()).decode()
        note = self._put("ContentNote", account, **shared, Content=content, TextPreview=text, OwnerId=owner)
        document = {**shared, "PublishStatus": "P", "OwnerId": owner}
        self.rows["ContentDocument"].append({"Id": note["Id"], **document, **_stamps_of(account)})
        for place, kind in ((account["Id"], "V"), (owner, "I")):
            link: Row = {"ContentDocumentId": note["Id"], "LinkedEntityId": place, "ShareType": kind}
            link |= {"Visibility": "AllUsers", "SystemModstamp": account["SystemModstamp"]}
            self.rows["ContentDocumentLink"].append({"Id": self._ids("ContentDocumentLink", 1)[0], **link})

    def _add_case(self, account: Row, contact: Row) -> None:
        rng = self._rng
        closed = rng.random() < 0.7
        case = self._put(
            "Case",
            account,
            CaseNumber=None,
            AccountId=account["Id"],
            ContactId=contact["Id"],
            ContactEmail=contact["Email"],
            ContactPhone=contact["Phone"],
            Subject=rng.choice(_QUESTIONS),
            Status="Closed" if closed else rng.choice(("New", "Working", "Escalated")),
            Priority=rng.choice(("High", "Medium", "Medium", "Low")),
            Origin=rng.choice(("Email", "Phone", "Web")),
            Reason=rng.choice(REASONS),
            IsClosed=int(closed),
            ClosedDate=account["LastModifiedDate"] if closed else None,
            OwnerId=account["OwnerId"],
        )
        case["CaseNumber"] = f"{number_of(str(case['Id'])):08d}"

    def _add_plan(self, account: Row) -> None:
        rng = self._rng
        status = rng.choice(STATUSES)
        done = status == "Achieved"
        plan = self._put(
            "Success_Plan__c",
            account,
            Name=None,
            Account__c=account["Id"],
            Objective__c=rng.choice(_GOALS),
            Status__c=status,
            Target_Date__c=(self._today + timedelta(days=rng.randint(-60, 200))).isoformat(),
            Progress__c=100.0 if done else float(rng.randrange(0, 95, 5)),
            Complete__c=int(done),
        )
        plan["Name"] = f"SP-{number_of(str(plan['Id'])):05d}"

    def _strange_contacts(self, people: Sequence[Row]) -> list[Row]:
        """Return contacts that make trouble: without an account, without an e-mail address, with somebody else's."""
        chance, first = self._rng.random(), people[0]
        if chance >= 0.03:
            return []
        changes: Row = {"AccountId": None} if chance < 0.01 else {"Email": None if chance < 0.02 else first["Email"]}
        last_name = f"{first['LastName']} (2)"
        name: Row = {"LastName": last_name, "Name": f"{first['FirstName']} {last_name}"}
        contact = {**first, **name, "Id": self._ids("Contact", 1)[0], "OwnerId": self._former, **changes}
        if contact["AccountId"]:
            self._add_relation(str(contact["AccountId"]), contact, direct=True)
        return [contact]

    def _strange_deals(self, deals: Sequence[Row]) -> list[Row]:
        """Return a deal of somebody who has left, without an amount or with a very small one, still open."""
        if not deals or self._rng.random() >= 0.03:
            return []
        changes: Row = {
            "Name": f"{str(deals[0]['Name'])[:100]} (old)",
            "StageName": "Qualification",
            "Probability": 10.0,
        }
        changes |= {"IsClosed": 0, "IsWon": 0, "ForecastCategory": "Pipeline", "ForecastCategoryName": "Pipeline"}
        amount = self._rng.choice((None, 0.0, 0.01))
        changes |= {"Amount": amount, "ExpectedRevenue": None if amount is None else round(amount / 10, 2)}
        return [{**deals[0], **changes, "OwnerId": self._former, "Id": self._ids("Opportunity", 1)[0]}]

    def _strange_contracts(self, contracts: Sequence[Row], number: Callable[[], int]) -> list[Row]:
        """Return a draft that overlaps the contract there is, or one without an end."""
        chance = self._rng.random()
        if not contracts or chance >= 0.03:
            return []
        start = (date.fromisoformat(str(contracts[0]["StartDate"])) + timedelta(days=90)).isoformat()
        term = None if chance < 0.01 else 12
        return [
            {
                **contracts[0],
                "Id": self._ids("Contract", 1)[0],
                "StartDate": start,
                "ContractTerm": term,
                "EndDate": None if term is None else contract_end(start, term),
                "Status": "Draft",
                "StatusCode": "Draft",
                "ActivatedById": None,
                "ActivatedDate": None,
                "ContractNumber": f"{number():08d}",
            }
        ]

    def _put(self, name: str, like: Row, **values: str | int | float | None) -> Row:
        row: Row = {"Id": self._ids(name, 1)[0], **values, **_stamps_of(like)}
        self.rows[name].append(row)
        return row


def _stamps_of(row: Row) -> Row:
    return stamps(str(row["CreatedDate"]), str(row["LastModifiedDate"]), str(row["LastModifiedById"]))


def _by_account(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(str(row["AccountId"]), []).append(row)
    return found


def campaigns(ids: Sequence[str], today: date, owner: str) -> list[Row]:
    """Return the company's campaigns, one for each id."""
    kinds = ("Webinar", "Conference", "Email", "Trade Show")
    rows: list[Row] = []
    for place, record_id in enumerate(ids):
        start = today - timedelta(days=90 * (place + 1))
        rows.append(
            {
                "Id": record_id,
                "Name": f"{kinds[place % len(kinds)]} {start.year}-{start.month:02d}",
                "Type": kinds[place % len(kinds)],
                "Status": "Completed" if place else "In Progress",
                "StartDate": start.isoformat(),
                "EndDate": (start + timedelta(days=20)).isoformat(),
                "IsActive": int(not place),
                "BudgetedCost": 5000.0 * (place + 1),
                "OwnerId": owner,
                **stamps(stamp_of(start), stamp_of(start), owner),
            }
        )
    return rows
