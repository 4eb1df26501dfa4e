"""The files of the customer side: accounts.csv, contacts.csv and tickets.csv in UTF-8, and usage.parquet."""

import csv
from datetime import date
from pathlib import Path

import polars as pl

from toolkit.demo_org.company.customer_side import Columns, customer_side

USAGE_TYPES = {
    "external_id": pl.String,
    "week": pl.Date,
    "active_users": pl.Int64,
    "logins": pl.Int64,
    "key_actions": pl.Int64,
}


def write_customer_side(folder: Path, accounts: int, seed: int, today: date) -> None:
    """Write the four files into `folder`, which is made if need be. The same arguments give the same content."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = customer_side(accounts, seed, today)
    for name in ("accounts", "contacts", "tickets"):
        _write_csv(folder / f"{name}.csv", tables[name])
    pl.DataFrame(tables["usage"], schema=USAGE_TYPES).write_parquet(folder / "usage.parquet")


def _write_csv(path: Path, columns: Columns) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
