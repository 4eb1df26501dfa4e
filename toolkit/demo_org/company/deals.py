"""The won opportunities of the sample company: one for each agreement a customer has made (`agreed`).

Amount is what an agreement is worth a year; Contract_Start__c, Term_Months__c and the like say the rest. The deals that
are still open have terms too: those that are proposed.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

from toolkit.demo_org.company.agreed import CREDIT, EXPANSION, FIRST, RENEWAL, Agreement, agreements
from toolkit.demo_org.company.customers import Customer
from toolkit.demo_org.company.rows import Row, stamp_of, stamps
from toolkit.demo_org.objects.opportunity import STAGES
from toolkit.demo_org.objects.record_types import RECORD_TYPES
from toolkit.demo_org.validation import Stored

_WON = next(stage for stage in STAGES if stage.won)
_NEW, _RENEWED, _EXPANDED = (each.id for each in RECORD_TYPES["Opportunity"])
_UPGRADE, _REPLACEMENT = "Existing Customer - Upgrade", "Existing Customer - Replacement"
_DOWNGRADE = "Existing Customer - Downgrade"
_NO_TERMS: Row = {
    "Plan__c": None,
    "Contract_Start__c": None,
    "Term_Months__c": None,
    "Notice_Days__c": None,
    "Auto_Renew__c": 0,
    "Setup_Fee__c": None,
}
_EARLY = 0.3
"""How many of those that renew within four months have done so already."""


class Deals:
    """Adds won opportunities for some accounts at a time, with its own randomness. `ids` gives ids for new records."""

    def __init__(self, ids: Callable[[str, int], list[str]], seed: int, today: date) -> None:
        self._ids = ids
        self._rng = random.Random(f"deals {seed}")  # noqa: S311 - sample data, meant to repeat
        self._today = today
        self.rows: dict[str, list[Row]] = {"Opportunity": []}

    def add(self, customers: Sequence[Customer], rows: Mapping[str, list[Row]]) -> None:
        """Add what these customers have agreed to; their deals among `rows` get terms."""
        deals: dict[Stored, list[Row]] = {}
        for row in rows["Opportunity"]:
            row.update(_NO_TERMS)
            deals.setdefault(row["AccountId"], []).append(row)
        for customer, account in zip(customers, rows["Account"], strict=True):
            known = deals.get(account["Id"], [])
            for row in known:
                if not row["IsClosed"]:
                    self._propose(customer, row)
            if customer.kind.startswith(("Customer", "Former")):
                self._add_agreements(customer, known)
        made = self.rows["Opportunity"]
        for row, record_id in zip(made, self._ids("Opportunity", len(made)), strict=True):
            row["Id"] = record_id

    def _propose(self, customer: Customer, row: Row) -> None:
        starts = date.fromisoformat(str(row["CloseDate"]))
        if not str(row["Name"]).endswith(RENEWAL):
            starts += timedelta(days=14)
        row |= {"Plan__c": customer.plan, "Contract_Start__c": starts.isoformat(), "Term_Months__c": 12.0}
        row["Notice_Days__c"] = 90.0

    def _add_agreements(self, customer: Customer, known: Sequence[Row]) -> None:
        rng = self._rng
        first, *others = agreements(rng, customer, self._today)
        soon = customer.active and (customer.renewal_date - self._today).days < 120
        if soon and rng.random() < _EARLY and not any(str(row["Name"]).endswith(RENEWAL) for row in known):
            others.append(self._renewed_early(customer, others[-1] if others else first))
        won = known[0]
        won |= _terms(first)
        self.rows["Opportunity"] += [self._won(customer, won, each) for each in others]

    def _renewed_early(self, customer: Customer, last: Agreement) -> Agreement:
        signed = self._today - timedelta(days=1 + int(self._rng.random() * 20))
        growth = 1.0 + int(self._rng.random() * 3) / 20
        return Agreement(
            what=RENEWAL,
            closed=signed,
            start=customer.renewal_date,
            months=12,
            arr=round(customer.mrr * 12 * growth, 2),
            plan=customer.plan,
            notice=last.notice,
            auto_renew=last.auto_renew,
            growth=growth,
        )

    def _won(self, customer: Customer, first: Row, each: Agreement) -> Row:
        rng, today = self._rng, self._today
        yesterday = today - timedelta(days=1)
        closed = min(each.closed, yesterday)
        made = closed - timedelta(days=10 + int(rng.random() * 60))
        changed = closed + timedelta(days=int(rng.random() * min(30, (today - closed).days)))
        owner, quarter = str(first["OwnerId"]), (closed.month + 2) // 3
        kind, record_type = _kind(each)
        return {
            "Id": None,
            "AccountId": first["AccountId"],
            "RecordTypeId": record_type,
            "Name": f"{customer.name_there[:80]} - {each.what} {(each.start or closed).isoformat()[:7]}",
            "StageName": _WON.name,
            "Probability": _WON.probability,
            "CloseDate": closed.isoformat(),
            "Type": kind,
            "IsClosed": 1,
            "IsWon": 1,
            "ForecastCategory": _WON.forecast,
            "ForecastCategoryName": _WON.forecast_name,
            "OwnerId": owner,
            "LastStageChangeDate": stamp_of(closed),
            "FiscalQuarter": quarter,
            "FiscalYear": closed.year,
            "Fiscal": f"{closed.year} {quarter}",
            **stamps(stamp_of(made), stamp_of(changed), owner),
            **_terms(each),
        }


def _kind(each: Agreement) -> tuple[str, str]:
    """The type of a deal after the first, and the record type that allows it."""
    if each.what == FIRST:
        return "New Customer", _NEW
    if each.what == EXPANSION:
        return _UPGRADE, _EXPANDED
    return (_DOWNGRADE if each.what == CREDIT or each.growth < 1 else _REPLACEMENT), _RENEWED


def _terms(each: Agreement) -> Row:
    return {
        "Amount": each.arr,
        "ExpectedRevenue": each.arr,
        "Plan__c": each.plan,
        "Contract_Start__c": None if each.start is None else each.start.isoformat(),
        "Term_Months__c": None if each.months is None else float(each.months),
        "Notice_Days__c": None if each.notice is None else float(each.notice),
        "Auto_Renew__c": int(each.auto_renew),
        "Setup_Fee__c": each.fee,
    }
