"""Who the sample company's customers are, and how well each is doing, and why.

Both sides of the demo, the org and the customer-side files, are made of the same customers, so that they agree except
where they are meant to differ. The same number of accounts, seed and day give the same customers.
"""

import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from toolkit.demo_org.company.words import (
    AWKWARD_NAMES,
    FIRST_NAMES,
    LAST_NAMES,
    NAME_ENDS,
    NAME_STARTS,
    PLACES,
    TITLES,
    TRADES,
)

CAUSES = ("usage decline", "low seat use", "silent champion", "urgent tickets", "renewal with low NPS")
MOODS = (("healthy", 64), ("wavering", 24), ("poor", 12))
CSM_COUNT = 8
REP_COUNT = 8
_SEGMENTS = (("SMB", 55), ("Mid-Market", 32), ("Enterprise", 13))
_SIZES = {"SMB": (8, 50, 15, 120), "Mid-Market": (50, 300, 120, 1500), "Enterprise": (300, 2500, 1500, 20000)}
_PLANS = {"SMB": ("Starter", 29.0), "Mid-Market": ("Business", 42.5), "Enterprise": ("Enterprise", 57.75)}
_LEGAL_FORMS = {"SMB": ("Ltd", "LLC", ""), "Mid-Market": ("Inc.", "GmbH", "Ltd"), "Enterprise": ("Group", "plc", "AG")}
_AWKWARD_EVERY = 4
_NAMES = len(NAME_STARTS) * len(NAME_ENDS) * len(TRADES)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works at a customer. ``here`` and ``there``: which side knows them."""

    first_name: str
    last_name: str
    email: str
    role: str
    title: str
    here: bool = True
    there: bool = True

    @property
    def full_name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True, slots=True)
class Customer:
    """An account of the sample company.

    ``external_id`` is its id on the customer side (None: not there) and ``product_id`` what the org has in
    Product_Id__c (None: empty); ``there`` says whether the org has it at all. ``name_there``, ``segment_there`` and
    ``stage_there`` differ from their like where the two sides have drifted apart. ``causes`` are out of `CAUSES`.
    """

    number: int
    name: str
    name_there: str
    domain: str
    kind: str
    active: bool
    external_id: str | None
    product_id: str | None
    there: bool
    segment: str
    segment_there: str
    industry: str
    city: str
    country: str
    employees: int
    csm: int
    rep: int
    signed_on: date
    renewal_date: date
    plan: str
    seats: int
    mrr: float
    mood: str
    causes: frozenset[str]
    stage: str
    stage_there: str
    nps: tuple[int, int, int] | None  # promoters, passives, detractors
    people: tuple[Person, ...]


def customers(accounts: int, seed: int, today: date) -> list[Customer]:
    """Return `accounts` accounts of the org, customers and others, and some customers it does not have."""
    return list(each_customer(accounts, seed, today))


def each_customer(accounts: int, seed: int, today: date) -> Iterator[Customer]:
    """Yield what `customers` returns, one at a time."""
    rng = random.Random(f"customers {seed}")  # noqa: S311 - sample data, meant to repeat
    extra = max(1, accounts // 100)
    total = accounts + extra
    names = rng.sample(range(max(total, _NAMES)), total)
    for number in range(1, total + 1):
        yield _customer(rng, number, names[number - 1], number <= accounts, today)


def staff(seed: int) -> list[tuple[str, str]]:
    """Return the first and last names of the sample company's people: first those of success, then those of sales."""
    rng = random.Random(f"staff {seed}")  # noqa: S311 - sample data, meant to repeat
    last_names = rng.sample(LAST_NAMES, CSM_COUNT + REP_COUNT)
    return list(zip(rng.sample(FIRST_NAMES, CSM_COUNT + REP_COUNT), last_names, strict=True))


def _customer(rng: random.Random, number: int, name_number: int, there: bool, today: date) -> Customer:
    segment = _pick(rng, _SEGMENTS)
    name, domain, industry = _name(rng, number, name_number, segment)
    kind, active = _kind(rng) if there else ("Customer - Direct", True)
    external_id, product_id = _keys(rng, number, kind, there)
    few, many, staff_few, staff_many = _SIZES[segment]
    seats = rng.randint(few, many)
    plan, price = _PLANS[segment]
    mood, causes = _mood(rng, active)
    signed_on = today - timedelta(days=rng.randint(20, 90) if rng.random() < 0.05 else rng.randint(91, 1900))
    stage = _stage(rng, kind, mood, (today - signed_on).days)
    city, country = rng.choice(PLACES)
    return Customer(
        number=number,
        name=name,
        name_there=_drifted_name(rng, name),
        domain=domain,
        kind=kind,
        active=active,
        external_id=external_id,
        product_id=product_id,
        there=there,
        segment=segment,
        segment_there=_pick(rng, _SEGMENTS) if rng.random() < 0.02 else segment,
        industry=industry,
        city=city,
        country=country,
        employees=rng.randint(staff_few, staff_many),
        csm=rng.randrange(CSM_COUNT),
        rep=rng.randrange(REP_COUNT),
        signed_on=signed_on,
        renewal_date=_renewal(rng, causes, today),
        plan=plan,
        seats=seats,
        mrr=round(seats * price * rng.uniform(0.8, 1.0), 2),
        mood=mood,
        causes=causes,
        stage=stage,
        stage_there=rng.choice(("Adoption", "Growth", "At Risk")) if rng.random() < 0.03 else stage,
        nps=_nps(rng, causes, seats),
        people=_people(rng, domain),
    )


def _name(rng: random.Random, number: int, name_number: int, segment: str) -> tuple[str, str, str]:
    again, rest = divmod(name_number, _NAMES)
    rest, trade = divmod(rest, len(TRADES))
    start, end = divmod(rest, len(NAME_ENDS))
    core, (word, industry) = NAME_STARTS[start] + NAME_ENDS[end], TRADES[trade]
    if again:  # a company so large that the names do not suffice has namesakes
        core = f"{core}{again + 1}"
    domain = f"{core}-{word}.example".lower()
    place, awkward = divmod(number, _AWKWARD_EVERY)
    if awkward == 0 and place <= len(AWKWARD_NAMES):
        return AWKWARD_NAMES[place - 1], domain, industry
    return f"{core} {word} {rng.choice(_LEGAL_FORMS[segment])}".rstrip(), domain, industry


def _drifted_name(rng: random.Random, name: str) -> str:
    if rng.random() >= 0.03:
        return name.strip()
    return rng.choice(
        (name.upper(), name.replace(" ", "  ", 1).strip() + ".", f"{name} (formerly Old {name[:12]})")
    ).strip()


def _kind(rng: random.Random) -> tuple[str, bool]:
    chance = rng.random()
    if chance < 0.81:
        return ("Customer - Channel" if rng.random() < 0.2 else "Customer - Direct"), True
    if chance < 0.85:
        return "Customer - Direct", False
    if chance < 0.93:
        return "Prospect", False
    return ("Former Customer", False) if chance < 0.97 else ("Technology Partner", False)


def _keys(rng: random.Random, number: int, kind: str, there: bool) -> tuple[str | None, str | None]:
    """Return the id here and the id in the org; most customers have the same on both sides."""
    key = f"P-{number:05d}"
    if kind in ("Prospect", "Technology Partner"):
        return None, None
    if not there:
        return key, None
    chance = rng.random()
    if chance < 0.06:
        return key, None
    if chance < 0.07:
        return None, key
    return key, (f" {key.lower()}".strip() if chance < 0.09 else key)


def _mood(rng: random.Random, active: bool) -> tuple[str, frozenset[str]]:
    mood = _pick(rng, MOODS) if active or rng.random() < 0.6 else "poor"
    if mood == "healthy":
        count = int(rng.random() < 0.15)
    else:
        count = rng.choice((2, 2, 3) if mood == "wavering" else (4, 4, 5))
    return mood, frozenset(rng.sample(CAUSES, count))


def _stage(rng: random.Random, kind: str, mood: str, days: int) -> str:
    if kind == "Former Customer":
        return "Churned"
    if days <= 90:
        return "Onboarding"
    weights = {
        "healthy": (("Growth", 60), ("Adoption", 38), ("At Risk", 2)),
        "wavering": (("Adoption", 60), ("Growth", 22), ("At Risk", 18)),
        "poor": (("At Risk", 72), ("Adoption", 18), ("Churned", 10)),
    }
    return _pick(rng, weights[mood])


def _renewal(rng: random.Random, causes: frozenset[str], today: date) -> date:
    near = "renewal with low NPS" in causes
    return today + timedelta(days=rng.randint(5, 55) if near else rng.randint(75, 420))


def _nps(rng: random.Random, causes: frozenset[str], seats: int) -> tuple[int, int, int] | None:
    if "renewal with low NPS" in causes:
        shares = (rng.uniform(0.05, 0.2), rng.uniform(0.45, 0.7))
    elif rng.random() < 0.05:
        return None
    else:
        shares = (rng.uniform(0.45, 0.75), rng.uniform(0.02, 0.15))
    answers = max(4, seats // rng.randint(3, 6))
    promoters, detractors = round(answers * shares[0]), round(answers * shares[1])
    return promoters, max(0, answers - promoters - detractors), detractors


_ROLES = ("champion", "sponsor", "key user", "end user", "key user", "end user")


def _people(rng: random.Random, domain: str) -> tuple[Person, ...]:
    people = []
    taken = set()
    for place in range(rng.randint(1, 6)):
        first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
        email = f"{plain(first)}.{plain(last)}@{domain}"
        if email in taken:
            continue
        taken.add(email)
        role = _ROLES[place]
        known = rng.random()
        people.append(Person(first, last, email, role, rng.choice(TITLES[role]), known >= 0.03, known < 0.97))
    return tuple(people)


@lru_cache(maxsize=1024)
def plain(name: str) -> str:
    """Return a name as it goes into an e-mail address: ASCII letters in lower case."""
    letters = unicodedata.normalize("NFKD", name.lower().replace("ł", "l").replace("ø", "o"))
    return "".join(letter for letter in letters if "a" <= letter <= "z")


def _pick(rng: random.Random, weighted: tuple[tuple[str, int], ...]) -> str:
    point = rng.random() * 100
    for value, weight in weighted:
        point -= weight
        if point < 0:
            return value
    return weighted[-1][0]
