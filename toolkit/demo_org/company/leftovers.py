"""What lies in the recycle bin of the sample company: accounts that were merged into others, or deleted."""

from collections.abc import Sequence
from datetime import date, timedelta

from toolkit.demo_org.company.rows import Row, new_ids, stamp_of, stamps, write_rows
from toolkit.demo_org.database import Database
from toolkit.demo_org.deletion import BIN
from toolkit.demo_org.schema import Schema

ONE_IN = 30
"""For so many accounts, one was merged and one deleted lately."""


def write_leftovers(database: Database, schema: Schema, accounts: Sequence[Row], today: date, by: str) -> None:
    """Write a merged duplicate and a deleted account for every so many of these accounts. Call it inside `writing`."""
    chosen = accounts[ONE_IN // 2 :: ONE_IN]
    ids = new_ids(database, schema, "Account", 2 * len(chosen))
    rows: list[Row] = []
    for place, account in enumerate(chosen):
        deleted = stamp_of(today - timedelta(days=1 + place % 12))
        changed = stamps(str(account["CreatedDate"]), deleted, by)
        gone: Row = {**account, "Product_Id__c": None, "IsDeleted": 1, "ParentId": None, **changed}
        name = str(account["Name"])
        rows.append({**gone, "Id": ids[2 * place], "Name": name.upper(), "MasterRecordId": account["Id"]})
        closed: Row = {"Name": f"{name[:200]} (closed)", "Type": "Former Customer", "Active__c": 0}
        rows.append({**gone, "Id": ids[2 * place + 1], **closed, "MasterRecordId": None})
    write_rows(database, "Account", rows)
    database.connection.executemany(
        f"INSERT OR REPLACE INTO {BIN} VALUES (?, 'Account', ?, ?)",
        [(row["Id"], row["SystemModstamp"], row["Id"]) for row in rows],
    )
