"""What belongs to the made-up company's accounts: contacts with tags, agreements, interactions, community members."""

import random
from datetime import UTC, date, datetime, timedelta

import polars as pl

from toolkit.frames import AGREEMENTS, INTERACTIONS, MEMBERS, conform

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
TODAY = NOW.date()

OBJECTS = """
[objects.contact]
sobject = "Contact"
mode = "input"
create = true
match = ["email = Email"]

[objects.contact.tags.champion]
field = "Champion__c"

[objects.contact.tags.sponsor]
field = "Sponsor__c"

[[objects.contact.fields]]
here = "email"
there = "Email"
direction = "input"
order = 2

[[objects.contact.fields]]
here = "title"
there = "Title"
direction = "input"
order = 1

[[objects.contact.fields]]
here = "phone"
there = "Phone"
direction = "input"
visible = false

[objects.agreement]
sobject = "Opportunity"
mode = "input"

[objects.agreement.terms]
revenue = "arr"
start = "CloseDate"
end = { manual = "12 months" }

[objects.meeting]
sobject = "Event"
mode = "input"
create = true

[objects.call]
sobject = "Task"
mode = "input"
create = true
"""
"""Sections of the mapping file for what belongs to accounts; key users are left unmapped."""

FIRST = ["Ana", "Bo", "Cleo", "Dan", "Eva", "Finn", "Gia", "Hugo", "Ida", "Jon"]
LAST = ["Berg", "Costa", "Dunn", "Ek", "Fox", "Gray", "Holm", "Iqbal"]
PLANS = ["Starter", "Team", "Enterprise"]
SUBJECTS = ["Quarterly review", "Onboarding", "Renewal talk", "Roadmap", "<b>Escalation</b>", "Training"]


def belongings(here: pl.DataFrame, seed: int) -> list[tuple[str, str, pl.DataFrame]]:
    """Return side, name and frame of everything that a store keeps of it."""
    contacts = contacts_of(here, seed)
    agreements = agreements_of(here, seed)
    members = members_of(contacts, seed)
    activity = members.select(
        id="member_id",
        posts=pl.int_range(pl.len()) % 7,
        visited_on=pl.lit(TODAY) - pl.duration(days=pl.int_range(pl.len()) % 90),
    )
    return [
        ("here", "contact", contacts),
        ("here", "agreement", agreements),
        ("derived", "agreements", agreements),
        ("derived", "interactions", interactions_of(here, contacts, seed)),
        ("derived", "members", members),
        ("here", "member", activity),
    ]


def contacts_of(here: pl.DataFrame, seed: int) -> pl.DataFrame:
    chance = random.Random(seed + 1)
    rows = []
    for account in here["id"]:
        for place in range(chance.choice([0, 1, 2, 2, 3, 5])):
            first, last = chance.choice(FIRST), chance.choice(LAST)
            rows.append(
                {
                    "id": f"K-{account[2:]}-{place}",
                    "account_id": account,
                    "name": f"{first} {last}",
                    "title": chance.choice(["CTO", "Head of Ops", "Buyer", "Analyst <i>x</i>"]),
                    "email": f"{first}.{last}.{account[2:]}{place}@example.test".lower(),
                    "phone": "555",
                    "champion": chance.random() < 0.3,
                    "sponsor": chance.random() < 0.15,
                    "key_user": None,
                    "end_user": None,
                }
            )
    return pl.DataFrame(rows, schema_overrides={"key_user": pl.Boolean, "end_user": pl.Boolean})


def agreements_of(here: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Return agreements of a year each: most follow one another and change in size, some end, some pay a fee."""
    chance = random.Random(seed + 2)
    rows = []
    for account in here.select("id", "mrr", "renewal_date").iter_rows(named=True):
        last_end = (account["renewal_date"] or date(2027, 3, 1)) - timedelta(days=1)
        years = chance.choice([1, 2, 2, 3])
        gone = chance.random() < 0.12
        amount = account["mrr"]
        tacit = chance.random() < 0.5
        length = chance.choice([365, 365, 365, 1095])
        notice = chance.choice([30, 60, 90])
        for back in range(years):
            end = last_end - timedelta(days=length * (back + (1 if gone else 0)))
            rows.append(
                {
                    "id": f"AG-{account['id'][2:]}-{back}",
                    "account_id": account["id"],
                    "account_there_id": None,
                    "name": f"Subscription {end.year}",
                    "plan": chance.choice(PLANS),
                    "start": end - timedelta(days=length - 1),
                    "end": end,
                    "notice": end - timedelta(days=notice),
                    "tacit": tacit and not gone,
                    "mrr": round(amount, 2),
                    "arr": round(amount * 12, 2),
                    "one_time": 1500.0 if chance.random() < 0.1 else None,
                    "currency": "USD",
                    "status": "ended"
                    if end < TODAY
                    else "future"
                    if end - timedelta(days=length - 1) > TODAY
                    else "active",
                }
            )
            amount *= chance.choice([0.7, 0.9, 0.9, 1.0, 1.0, 1.15])
    return conform(pl.DataFrame(rows, infer_schema_length=None), AGREEMENTS)


def interactions_of(here: pl.DataFrame, contacts: pl.DataFrame, seed: int) -> pl.DataFrame:
    chance = random.Random(seed + 3)
    people = dict(
        contacts.unique("account_id", keep="first", maintain_order=True).select("account_id", "id").iter_rows()
    )
    rows = []
    for account in here.select("id", "csm").iter_rows(named=True):
        quiet = chance.random() < 0.2
        for number in range(chance.randrange(0, 6)):
            days = chance.randrange(120, 400) if quiet else chance.randrange(-5, 150)
            kind = chance.choice(["meeting", "call", "call"])
            rows.append(
                {
                    "id": f"I-{account['id'][2:]}-{number}",
                    "object": kind,
                    "account_id": account["id"],
                    "contact_id": people.get(account["id"]),
                    "kind": kind,
                    "at": NOW - timedelta(days=days, hours=chance.randrange(8)),
                    "all_day": False,
                    "minutes": 30.0,
                    "subject": chance.choice(SUBJECTS),
                    "owner": account["csm"],
                    "origin": "salesforce",
                    "fingerprint": None,
                    "duplicate_of": None,
                }
            )
    for number, row in enumerate(rows[:20]):  # the same meetings once more, from a calendar
        rows.append(row | {"id": f"D-{number}", "origin": "calendar", "duplicate_of": row["id"]})
    return conform(pl.DataFrame(rows, infer_schema_length=None), INTERACTIONS)


def members_of(contacts: pl.DataFrame, seed: int) -> pl.DataFrame:
    chosen = contacts.sample(fraction=0.3, seed=seed).sort("id")
    strangers = pl.DataFrame({"member_id": ["M-x1", "M-x2"], "email": ["a@elsewhere.test", "b@elsewhere.test"]})
    linked = chosen.select(
        member_id=pl.col("id").str.replace("K", "M"), email="email", contact_id="id", account_id="account_id"
    )
    rows = pl.concat([linked, strangers], how="diagonal")
    return conform(rows.with_columns(contact_there_id=pl.lit(None), account_there_id=pl.lit(None)), MEMBERS)
