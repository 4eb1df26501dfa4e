"""The functions that SOQL needs and SQLite lacks, given to a connection the first time a statement asks for them."""

import sqlite3
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from math import asin, cos, radians, sin, sqrt

UPPER = "soql_upper"  # `upper`; SQLite's own is ASCII only
LOCAL = "soql_local"  # `_local`: a moment as the clock of a time zone shows it
DISTANCE = "soql_distance"  # `_distance`: the way between two places, in kilometres
PREFIX = "soql_"

EARTH_RADIUS = 6371.0088  # kilometres, the mean

_zones: dict[str, tzinfo] = {}


def install(connection: sqlite3.Connection) -> None:
    """Make the functions known to a connection."""
    connection.create_function(UPPER, 1, _upper, deterministic=True)
    connection.create_function(LOCAL, 2, _local, deterministic=True)
    connection.create_function(DISTANCE, 4, _distance, deterministic=True)


def upper(text: str) -> str:
    """Return a text in capitals, character by character, so that it keeps its length ("ß" stays)."""
    capitals = text.upper()
    if len(capitals) == len(text):
        return capitals
    return "".join(each if len(each.upper()) > 1 else each.upper() for each in text)


def zone_key(zone: tzinfo) -> str:
    """Return the name under which ``soql_local`` knows a time zone."""
    key = str(zone)
    _zones[key] = zone
    return key


def _upper(text: str | None) -> str | None:
    return None if text is None else upper(text)


def _local(stored: str | None, key: str) -> str | None:
    return None if stored is None else _shown(stored, key)


@lru_cache(maxsize=4096)
def _shown(stored: str, key: str) -> str:
    moment = datetime.fromisoformat(stored).astimezone(_zones.get(key, UTC))
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _distance(
    latitude: float | None, longitude: float | None, other_latitude: float | None, other_longitude: float | None
) -> float | None:
    if latitude is None or longitude is None or other_latitude is None or other_longitude is None:
        return None
    here, there = radians(latitude), radians(other_latitude)
    half = sin((there - here) / 2) ** 2
    half += cos(here) * cos(there) * sin(radians(other_longitude - longitude) / 2) ** 2
    return 2 * EARTH_RADIUS * asin(min(1.0, sqrt(half)))
