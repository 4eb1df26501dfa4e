"""For whom, when and how a statement is prepared: the moment, the user's time zone and calendar, the API version."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from toolkit.demo_org.soql.dates import USUAL, Calendar

LATEST_VERSION = 66.0
SUNDAY_FIRST = frozenset({"US", "CA", "JP", "BR", "MX", "IL", "IN", "KR", "PH", "TW", "ZA"})
"""Countries of a locale where the week begins on Sunday; elsewhere it begins on Monday."""

ORG_CURRENCY = "USD"


@dataclass(frozen=True)
class Setting:
    """What a statement means besides its words."""

    now: datetime
    zone: tzinfo = UTC
    calendar: Calendar = USUAL
    version: float = LATEST_VERSION
    all_rows: bool = False


def zone_and_calendar(connection: sqlite3.Connection, user_id: str) -> tuple[tzinfo, Calendar]:
    """Return the time zone and the calendar of a user, from their settings and the org's; the usual ones for nobody."""
    user = connection.execute('SELECT TimeZoneSidKey, LocaleSidKey FROM "User" WHERE Id = ?', (user_id,)).fetchone()
    org = connection.execute('SELECT FiscalYearStartMonth FROM "Organization" LIMIT 1').fetchone()
    zone_name, locale = user or (None, None)
    starts = 6 if locale is None or locale[-2:].upper() in SUNDAY_FIRST else 0
    return zone_of(zone_name or "UTC"), Calendar(starts, int(org[0]) if org and org[0] else 1)


def zone_of(name: str) -> tzinfo:
    """Return the time zone of that name, UTC where there is none."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
