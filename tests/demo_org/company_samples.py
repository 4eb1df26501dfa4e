"""Orgs with the sample company in them, and asking their tables."""

from datetime import UTC, date, datetime

from toolkit.demo_org.clock import Clock
from toolkit.demo_org.company import seed
from toolkit.demo_org.database import Database
from toolkit.demo_org.objects import standard_schema
from toolkit.demo_org.records import Records

TODAY = date(2026, 11, 2)


def seeded(accounts, number=1):
    schema = standard_schema()
    records = Records(Database(None, schema), schema, Clock(datetime(2026, 11, 2, 8, tzinfo=UTC)))
    seed(records, accounts=accounts, seed=number, today=TODAY)
    return records


def ask(records, sql):
    return records.database.connection.execute(sql).fetchall()
