"""How long revenue takes to work out, and in how much memory, measured on this machine. Nothing here is a test.

    python benchmarks/revenue.py                 100,000 agreements
    python benchmarks/revenue.py 1000000         another number

The agreements are of a third as many accounts over five years, with renewals, additions, gaps and tacit renewals, as
records of opportunities; every step is what the dashboard calls, one after the other in one process. Memory is the
highest of the process so far.
"""

import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from random import Random

import polars as pl

from toolkit.config import AgreementTerms, ObjectMapping, TacitRenewal, Term
from toolkit.importing.agreements import agreements
from toolkit.revenue import bridge, monthly, movements, one_time_fees, renewals, retention, waterfall

TODAY = date(2026, 11, 2)
START, END = date(2025, 11, 1), date(2026, 11, 1)
MAPPING = ObjectMapping(
    sobject="Opportunity",
    mode="input",
    terms=AgreementTerms(
        revenue="arr",
        start="Start__c",
        end=Term(duration="Months__c"),
        notice=Term(duration="Notice__c", unit="day"),
        tacit=TacitRenewal(field="Auto__c"),
        plan="Plan__c",
        one_time="Fee__c",
    ),
).named("agreement")


def main(size: int) -> None:
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}"
    )
    print(f"{'step':<34}{'rows out':>12}{'seconds':>9}{'CPU s':>8}{'peak MB':>9}")
    there, links, groups = company(size)
    found = tell("agreements from records", lambda: agreements(there, MAPPING, links, TODAY).agreements)
    mrr = tell("monthly, five years", lambda: monthly(found, TODAY))
    tell("movements, twelve months", lambda: movements(mrr, START, END))
    tell("waterfall by segment and CSM", lambda: waterfall(mrr, START, END, groups=groups))
    kept = tell("retention by segment and CSM", lambda: retention(found, mrr, START, END, groups=groups))
    tell("bridge", lambda: bridge(kept))
    tell("renewals", lambda: renewals(found, TODAY))
    tell("one-time fees", lambda: one_time_fees(found))


def tell(step: str, work: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """Do a step, print what it took, and return what it gave."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{step:<34}{found.height:>12,}{wall:>9.2f}{cpu:>8.2f}{peak:>9,.0f}", flush=True)
    return found


def company(size: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return records of opportunities, the links of their accounts, and the accounts' segments and CSMs."""
    random, accounts = Random(1), max(1, size // 3)
    owner = [random.randrange(accounts) for _ in range(size)]
    ids = [f"001{number:012d}AAA" for number in range(accounts)]
    there = pl.DataFrame(
        {
            "id": [f"006{number:012d}AAA" for number in range(size)],
            "Name": [f"Deal {number}" for number in range(size)],
            "AccountId": [ids[each] for each in owner],
            "IsWon": [random.random() < 0.95 for _ in range(size)],
            "Amount": [round(random.uniform(-100, 90_000), 2) for _ in range(size)],
            "Start__c": [date(2021, 11, 1) + timedelta(days=random.randrange(1825)) for _ in range(size)],
            "Months__c": [random.choice((None, 1, 6, 12, 12, 12, 24, 36)) for _ in range(size)],
            "Notice__c": [random.choice(("30", "90", None)) for _ in range(size)],
            "Auto__c": [random.random() < 0.5 for _ in range(size)],
            "Plan__c": [random.choice(("Starter", "Business", "Enterprise")) for _ in range(size)],
            "Fee__c": [random.choice((None, None, 500.0)) for _ in range(size)],
        }
    )
    here = [f"P-{number}" for number in range(accounts)]
    groups = pl.DataFrame(
        {
            "account_id": here,
            "segment": [("SMB", "Mid-Market", "Enterprise")[number % 3] for number in range(accounts)],
            "csm": [f"CSM {number % 40}" for number in range(accounts)],
        }
    )
    return there, pl.DataFrame({"there_id": ids, "here_id": here}), groups


if __name__ == "__main__":
    main(int(sys.argv[1].replace("_", "").replace(",", "")) if len(sys.argv) > 1 else 100_000)
