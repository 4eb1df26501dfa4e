"""The persons among the sample company's accounts, where the org has person accounts."""

import random
from datetime import date, timedelta

from toolkit.demo_org.company.customers import plain
from toolkit.demo_org.company.rows import Row, new_ids, stamp_of, stamps, write_rows
from toolkit.demo_org.company.words import FIRST_NAMES, LAST_NAMES
from toolkit.demo_org.database import Database
from toolkit.demo_org.objects.record_types import PERSON_ACCOUNT, RECORD_TYPES
from toolkit.demo_org.schema import Schema

ONE_IN = 20
"""For so many companies there is one person."""


def write_persons(database: Database, schema: Schema, accounts: int, seed: int, today: date, owner: str) -> None:
    """Make the accounts there are companies, and add persons with their twins. Call it inside `writing`."""
    business = RECORD_TYPES["Account"][0].id
    database.connection.execute("UPDATE Account SET RecordTypeId = ?", (business,))
    rng = random.Random(f"persons {seed}")  # noqa: S311 - sample data, meant to repeat
    count = max(1, accounts // ONE_IN)
    account_ids, contact_ids = (new_ids(database, schema, name, count) for name in ("Account", "Contact"))
    persons: list[Row] = []
    twins: list[Row] = []
    for account_id, contact_id in zip(account_ids, contact_ids, strict=True):
        first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
        made = stamp_of(today - timedelta(days=rng.randint(2, 900)))
        email = f"{plain(first)}.{plain(last)}@mail.example"
        both: Row = {"FirstName": first, "LastName": last, "Name": f"{first} {last}", "IsPersonAccount": 1}
        both |= {"OwnerId": owner, **stamps(made, made, owner)}
        kind: Row = {"RecordTypeId": PERSON_ACCOUNT.id, "PersonContactId": contact_id, "PersonEmail": email}
        persons.append({"Id": account_id, **both, **kind, "Type": "Prospect"})
        twins.append({"Id": contact_id, **both, "AccountId": account_id, "Email": email})
    write_rows(database, "Account", persons)
    write_rows(database, "Contact", twins)
