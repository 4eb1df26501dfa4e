"""What a customer of the sample company has agreed to over the years: a chain of agreements with amounts and terms.

A chain leads from the day the customer signed to its renewal date, mostly in terms of twelve months; the first term
takes up what is left over. Its last agreement is worth twelve times what the customer pays a month, the earlier ones
mostly less and sometimes more. A few chains have a gap or an overlap; the chain of whoever has left ends in the past.
"""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from toolkit.demo_org.automation import months_later
from toolkit.demo_org.company.customers import Customer

FIRST, RENEWAL, EXPANSION, CREDIT = "New business", "Renewal", "Expansion", "Credit note"
ADD_ONS = ("Analytics add-on", "Extra seats", "Premium support")
AWKWARD_EVERY = 97
"""One customer in so many has each of the awkward things, by its number."""
AWKWARD_PLANS = {71: "<b>Gold</b> & <script>alert(1)</script>", 83: '=HYPERLINK("https://plans.example","Gold")'}
NO_START, NO_AMOUNT, CREDITED, OPEN_ENDED = 13, 29, 41, 57
_YEAR = 12
_PLANS = ("Starter", "Business", "Enterprise")
_FEES = {"SMB": 250.0, "Mid-Market": 1000.0, "Enterprise": 2500.0}


class Agreement(NamedTuple):
    """One agreement: `arr` is worth a year whatever the term, `months` its term (None: open-ended)."""

    what: str
    closed: date
    start: date | None
    months: int | None
    arr: float | None
    plan: str
    notice: int | None
    auto_renew: bool
    fee: float | None = None
    growth: float = 1.0


def agreements(rng: random.Random, customer: Customer, today: date) -> list[Agreement]:
    """Return what a customer has agreed to, in order: the chain, then what was added to it in mid-term.

    The first of the list is the deal that won the customer, and is signed on the day the customer knows.
    """
    ends = customer.renewal_date if customer.active else _left_on(rng, customer, today)
    start, months = _span(customer.signed_on, ends)
    runs_on = customer.active and rng.random() < 0.07
    terms = _terms(rng, customer.segment, months, _months_between(today, ends, late=True), runs_on=runs_on)
    chain = _chain(rng, customer, start, terms)
    if len(chain) > 1 and not runs_on:
        chain = _uneven(rng, chain)
    if not customer.active:
        chain[-1] = chain[-1]._replace(auto_renew=False)
    elif runs_on:
        chain[-1] = chain[-1]._replace(auto_renew=True)
    added = [] if runs_on else list(_added(rng, chain, today))
    return _awkward(customer, [*chain, *added], len(chain) - 1)


def _left_on(rng: random.Random, customer: Customer, today: date) -> date:
    """The day after the last one of a customer who has left: some days to a year and a half ago."""
    known = (today - customer.signed_on).days
    return today - timedelta(days=min(int(10 + rng.random() * 540), known // 3))


def _span(signed_on: date, ends: date) -> tuple[date, int]:
    """The start of the first agreement, some days after it was signed, and the months from there to the end."""
    months = _months_between(signed_on + timedelta(days=5), ends, late=False)
    months = max(1, months)
    return months_later(ends, -months), months


def _months_between(day: date, ends: date, *, late: bool) -> int:
    """The whole months from `day` back from `ends`; `late` rounds up, so that the start is not after `day`."""
    months = (ends.year - day.year) * 12 + ends.month - day.month
    start = months_later(ends, -months)
    if late:
        return months + 1 if start > day else months
    return months - 1 if start < day else months


def _terms(rng: random.Random, segment: str, months: int, ahead: int, *, runs_on: bool) -> list[int]:
    """Split so many months into terms; the last one is running, so it lasts at least the months `ahead`."""
    last = _usual(rng, segment)
    last = (
        last if ahead <= last <= months else _YEAR if ahead <= _YEAR <= months else max(ahead, min(months, 2 * _YEAR))
    )
    last = min(last, months)
    terms, left = [last], months - last
    while left > _YEAR + 2:
        term = _usual(rng, segment)
        term = term if term + 3 <= left else _YEAR
        terms.append(term)
        left -= term
    if left > 2:
        terms.append(left)
    else:
        terms[-1] += left
    terms.reverse()
    if runs_on:  # renewed by itself ever since: nobody signed again
        while len(terms) > 1 and terms[-2:] == [_YEAR, _YEAR]:
            terms.pop()
    return terms


def _usual(rng: random.Random, segment: str) -> int:
    chance = rng.random()
    if segment == "SMB":
        return 6 if chance < 0.1 else _YEAR
    if segment == "Enterprise":
        return 36 if chance < 0.06 else 24 if chance < 0.2 else _YEAR
    return 24 if chance < 0.06 else _YEAR


def _chain(rng: random.Random, customer: Customer, start: date, terms: list[int]) -> list[Agreement]:
    worth = _worth(rng, customer, terms)
    notice = rng.choice((30, 30, 60, 90, 90, None))
    auto_renew = rng.random() < 0.55
    grown = rng.random() < 0.2  # it began with a smaller plan
    chain = []
    for place, (term, arr) in enumerate(zip(terms, worth, strict=True)):
        small = grown and place < len(terms) / 2
        first = place == 0
        closed = customer.signed_on if first else start - timedelta(days=5 + int(rng.random() * 36))
        chain.append(
            Agreement(
                what=FIRST if first else RENEWAL,
                closed=closed,
                start=start,
                months=term,
                arr=arr,
                plan=_PLANS[max(0, _PLANS.index(customer.plan) - 1)] if small else customer.plan,
                notice=notice,
                auto_renew=auto_renew,
                fee=_FEES[customer.segment] * (1 + int(rng.random() * 6)) if first and rng.random() < 0.4 else None,
                growth=1.0 if first else arr / worth[place - 1],
            )
        )
        start = months_later(start, term)
    return chain


def _worth(rng: random.Random, customer: Customer, terms: list[int]) -> list[float]:
    """What each agreement is worth a year, worked back from the last."""
    worth = [round(customer.mrr * 12, 2)]
    for place in range(len(terms) - 1, 0, -1):
        chance = rng.random()
        shrinks = 0.5 if customer.mood == "poor" and place == len(terms) - 1 else 0.15
        if chance < shrinks:
            growth = 0.7 + rng.random() * 0.25
        else:
            growth = 1.0 if chance < shrinks + 0.2 else 1.03 + rng.random() * 0.35
        if terms[place - 1] < 6:  # a pilot
            growth += 0.4
        worth.append(round(worth[-1] / growth, 2))
    return worth[::-1]


def _uneven(rng: random.Random, chain: list[Agreement]) -> list[Agreement]:
    """Let an agreement in some chains end before the next one starts, or after."""
    chance = rng.random()
    if chance >= 0.08:
        return chain
    place = int(rng.random() * (len(chain) - 1))
    each, moved = chain[place], 1 + int(rng.random() * 3)
    assert each.months is not None
    months = max(1, each.months - moved) if chance < 0.045 else each.months + moved
    chain[place] = each._replace(months=months, auto_renew=False)
    return chain


def _added(rng: random.Random, chain: list[Agreement], today: date) -> Iterator[Agreement]:
    """Yield what was sold in mid-term; the agreement it adds to is worth that much less in `chain`."""
    for place, each in enumerate(chain):
        if each.months is None or each.months < _YEAR or rng.random() >= 0.14:
            continue
        passed = 2 + int(rng.random() * (each.months - 4))
        assert each.start is not None
        assert each.arr is not None
        start = months_later(each.start, passed)
        closed = start - timedelta(days=5 + int(rng.random() * 20))
        if start > today:
            continue
        extra = round(each.arr * (0.08 + rng.random() * 0.22), 2)
        chain[place] = each._replace(arr=round(each.arr - extra, 2))
        plan = ADD_ONS[int(rng.random() * len(ADD_ONS))]
        what = each._replace(what=EXPANSION, closed=closed, start=start, months=each.months - passed, arr=extra)
        yield what._replace(plan=plan, fee=None, growth=1.0)


def _awkward(customer: Customer, agreed: list[Agreement], last: int) -> list[Agreement]:
    """Put into the agreement at the place `last` what goes wrong in real orgs, for a few customers."""
    which, each = customer.number % AWKWARD_EVERY, agreed[last]
    if which == NO_START:
        agreed[last] = each._replace(start=None)
    elif which == NO_AMOUNT:
        agreed[last] = each._replace(arr=None)
    elif which == OPEN_ENDED:
        agreed[last] = each._replace(months=None, notice=None, auto_renew=False)
    elif which in AWKWARD_PLANS:
        agreed[last] = each._replace(plan=AWKWARD_PLANS[which])
    elif which == CREDITED:
        amount = -round((each.arr or 0.0) * 0.05, 2)
        credit = each._replace(what=CREDIT, arr=amount, closed=each.start or each.closed, fee=None, growth=1.0)
        agreed.append(credit)
    return agreed
