"""The customer's side of the sample company: accounts, weekly usage, contacts and support tickets, as plain columns.

Whatever is wrong with a customer shows here: use that declines, seats left idle, a champion gone quiet, urgent tickets,
a renewal that is near while promoters are few.
"""

import random
from datetime import date, timedelta

from toolkit.demo_org.company.customers import Customer, Person, customers, staff

WEEKS = 26
Columns = dict[str, list[object]]

_ACCOUNTS = (
    "external_id", "name", "domain", "segment", "csm", "stage", "plan", "mrr", "currency", "seats", "signed_on",
    "renewal_date", "nps_score", "nps_promoters", "nps_passives", "nps_detractors",
)  # fmt: skip
_USAGE = ("external_id", "week", "active_users", "logins", "key_actions")
_CONTACTS = ("external_id", "email", "full_name", "role", "last_seen")
_TICKETS = ("external_id", "opened_on", "closed_on", "severity", "csat")


def customer_side(accounts: int, seed: int, today: date) -> dict[str, Columns]:
    """Return the tables of the customer's side as lists a column: accounts, usage, contacts and tickets.

    Dates are `date` objects and what is not known is None. The same arguments give `seed` the org that goes with it.
    """
    rng = random.Random(f"customer side {seed}")  # noqa: S311 - sample data, meant to repeat
    names = [f"{first} {last}" for first, last in staff(seed)]
    rows: dict[str, list[tuple[object, ...]]] = {"accounts": [], "usage": [], "contacts": [], "tickets": []}
    for customer in customers(accounts, seed, today):
        if customer.external_id is None:
            continue
        rows["accounts"].append(_account(customer, names))
        rows["usage"].extend(_usage(rng, customer, today))
        rows["contacts"].extend(_contact(rng, customer, each, today) for each in customer.people if each.here)
        rows["tickets"].extend(_tickets(rng, customer, today))
    headers = {"accounts": _ACCOUNTS, "usage": _USAGE, "contacts": _CONTACTS, "tickets": _TICKETS}
    return {name: _columns(header, rows[name]) for name, header in headers.items()}


def _account(customer: Customer, names: list[str]) -> tuple[object, ...]:
    nps: tuple[object, ...] = (None, None, None, None)
    if customer.nps is not None:
        promoters, passives, detractors = customer.nps
        nps = (round(100 * (promoters - detractors) / sum(customer.nps)), promoters, passives, detractors)
    return (
        customer.external_id,
        customer.name,
        customer.domain,
        customer.segment,
        names[customer.csm],
        customer.stage,
        customer.plan,
        customer.mrr,
        "USD",
        customer.seats,
        customer.signed_on,
        customer.renewal_date,
        *nps,
    )


def _usage(rng: random.Random, customer: Customer, today: date) -> list[tuple[object, ...]]:
    if customer.kind == "Former Customer" or rng.random() < 0.02:
        return []  # nobody works with it any more, or it is not measured
    severe = customer.mood == "poor"
    low = (0.12, 0.3) if severe else (0.32, 0.5)
    share = rng.uniform(*low) if "low seat use" in customer.causes else rng.uniform(0.68, 0.92)
    weekly_loss = (0.075 if severe else 0.03) if "usage decline" in customer.causes else 0.0
    monday = today - timedelta(days=today.weekday() + 7)
    rows: list[tuple[object, ...]] = []
    for ago in range(WEEKS - 1, -1, -1):
        week = monday - timedelta(weeks=ago)
        if week < customer.signed_on:
            continue
        left = 1 - weekly_loss * max(0, 10 - ago)
        active = min(customer.seats, max(1, round(customer.seats * share * left * rng.uniform(0.94, 1.06))))
        logins = round(active * rng.uniform(3, 6))
        rows.append((customer.external_id, week, active, logins, round(logins * rng.uniform(2, 5))))
    return rows


def _contact(rng: random.Random, customer: Customer, person: Person, today: date) -> tuple[object, ...]:
    quiet = person.role in ("champion", "sponsor") and "silent champion" in customer.causes
    days = rng.randint(75, 160) if quiet else rng.randint(0, 18) if person.role == "champion" else rng.randint(0, 45)
    seen = None if customer.kind == "Former Customer" else today - timedelta(days=days)
    return customer.external_id, person.email, person.full_name, person.role, seen


def _tickets(rng: random.Random, customer: Customer, today: date) -> list[tuple[object, ...]]:
    urgent = "urgent tickets" in customer.causes
    usual = [(rng.randint(3, 120), rng.choice(("low", "normal", "normal"))) for _ in range(rng.randint(0, 3))]
    grave = [(rng.randint(1, 27), rng.choice(("high", "urgent", "urgent"))) for _ in range(rng.randint(3, 6) * urgent)]
    rows = [_ticket(rng, customer, today, *each, good=True) for each in usual]
    rows += [_ticket(rng, customer, today, *each, good=False) for each in grave]
    return sorted(rows, key=lambda row: str(row[1]))


def _ticket(
    rng: random.Random, customer: Customer, today: date, days_ago: int, severity: str, *, good: bool
) -> tuple[object, ...]:
    took = rng.randint(0, 6) if good else rng.randint(3, 30)
    closed = today - timedelta(days=days_ago - took) if took < days_ago else None
    answered = closed is not None and rng.random() < 0.7
    csat = (rng.randint(4, 5) if good else rng.randint(1, 3)) if answered else None
    return customer.external_id, today - timedelta(days=days_ago), closed, severity, csat


def _columns(header: tuple[str, ...], rows: list[tuple[object, ...]]) -> Columns:
    return {name: [row[place] for row in rows] for place, name in enumerate(header)}
