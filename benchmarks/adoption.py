"""How long an import takes once everything is read, and in how much memory. Nothing here is a test.

    python benchmarks/adoption.py                100,000 accounts, as many contacts and meetings
    python benchmarks/adoption.py 1000000        another number

Half of the accounts are here already and are linked, the other half is adopted; three of four have a parent, to any
depth, cut to two levels. Every second meeting is a copy of another one. Every step is what the import calls, one after
the other in one process. Memory is the highest of the process so far.
"""

import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import polars as pl

from toolkit.config import ObjectMapping
from toolkit.importing.interactions import interactions
from toolkit.importing.members import link_members
from toolkit.importing.preview import preview, preview_fields
from toolkit.importing.records import import_object
from toolkit.matching.match import match

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
NAME = {"here": "name", "there": "Name", "direction": "input"}
ACCOUNT = {
    "match": ["external_id = Product_Id__c"], "id": "Product_Id__c", "left_scope": "churn",
    "hierarchy": {"levels": 2}, "exclude": {"name_over": 128},
}  # fmt: skip
EMAIL = {"here": "email", "there": "Email", "direction": "input"}
Result = TypeVar("Result")


def main(size: int) -> None:
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}"
    )
    print(f"{'step':<34}{'seconds':>9}{'CPU s':>8}{'peak MB':>9}")
    place = pl.int_range(size, eager=True)
    account = ObjectMapping.model_validate({"create": True, "fields": [NAME], **ACCOUNT}).named("account")
    there, here = accounts(place)
    found = tell("match", lambda: match(here, there, account, None, NOW))
    done = tell(
        "import accounts, half are adopted",
        lambda: import_object(account, there, here, found.links, NOW, mismatches=found.mismatches),
    )
    tell("preview", lambda: (preview(done), preview_fields(done, account, there)))
    tell(
        "import accounts again",
        lambda: import_object(account, there, done.here, done.links, NOW, mismatches=done.mismatches),
    )
    contact = ObjectMapping.model_validate({"sobject": "Contact", "create": True, "fields": [NAME, EMAIL]})
    people = pl.DataFrame({"id": ids("003", place), "Name": "N", "AccountId": there["id"], "Email": emails(place)})
    contacts = tell("import contacts", lambda: import_object(contact.named("contact"), people, None, done.links, NOW))
    members = pl.DataFrame({"id": place.cast(pl.String), "email": emails(place)})
    tell("link members", lambda: link_members(members, contacts.here))
    meeting = ObjectMapping(sobject="Event", create=True, name="Subject").named("meeting")
    links = pl.concat([done.links, contacts.links])
    events = meetings(place, there, people)
    met = tell("import meetings", lambda: import_object(meeting, events, None, links, NOW, contacts=contacts.here))
    tell("all interactions, copies marked", lambda: interactions({"meeting": met.here}, {"meeting": meeting}))


def accounts(place: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    own, key, nobody = ids("001", place), "P-" + place.cast(pl.String), pl.Series([None] * place.len(), dtype=pl.String)
    parent = own.gather(place // 3).zip_with(place % 4 != 0, nobody)
    website = "https://www.a" + place.cast(pl.String) + ".example/about"
    name = "Name " + place.cast(pl.String)
    there = {"id": own, "Name": name, "Product_Id__c": key, "Website": website, "ParentId": parent}
    half = place.len() // 2
    here = {"id": "h" + place.cast(pl.String), "external_id": key, "name": name, "stage": "Growth"}
    return pl.DataFrame(there), pl.DataFrame(here).head(half)


def meetings(place: pl.Series, there: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    start = pl.Series([NOW], dtype=pl.Datetime("ms", "UTC"))
    return pl.DataFrame(
        {
            "id": ids("00U", place),
            "Subject": "Kick-off",
            "AccountId": there["id"].gather(place // 2),
            "WhoId": people["id"],
            "StartDateTime": start.gather(place * 0),
            "IsAllDayEvent": False,
            "DurationInMinutes": 30,
        }
    )


def ids(prefix: str, place: pl.Series) -> pl.Series:
    return prefix + "dM" + place.cast(pl.String).str.zfill(10) + "AAA"


def emails(place: pl.Series) -> pl.Series:
    return "Person." + place.cast(pl.String) + "@customer.example"


def tell(step: str, work: Callable[[], Result]) -> Result:
    """Do a step, print what it took, and return what it gave."""
    began, cpu = time.perf_counter(), time.process_time()
    result = work()
    took, spent = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{step:<34}{took:>9.2f}{spent:>8.2f}{peak:>9,.0f}", flush=True)
    return result


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
