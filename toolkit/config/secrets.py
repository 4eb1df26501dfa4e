"""Find secrets that somebody put into the mapping file, so that they can be refused by name and never by value."""

from collections.abc import Iterator, Mapping
from typing import Any

from toolkit.config.lines import Place

SECRET_KEYS = frozenset(
    {
        "access_token",
        "api_key",
        "client_secret",
        "consumer_secret",
        "password",
        "private_key",
        "refresh_token",
        "secret",
        "security_token",
        "session_id",
        "token",
    }
)
_MESSAGE = "secrets do not belong in this file; set the environment variable {variable} and delete this line"


def find_secrets(document: Mapping[str, Any]) -> list[tuple[Place, str]]:
    """Return the place and a message for every text under a key that names a secret."""
    return [(place, _MESSAGE.format(variable=f"CS_TOOLKIT_{str(place[-1]).upper()}")) for place in _walk(document, ())]


def _walk(value: object, place: Place) -> Iterator[Place]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key.lower() in SECRET_KEYS and not isinstance(inner, Mapping | list):
                yield (*place, key)
            elif key != "where":  # a metric may well look at a column called "token"
                yield from _walk(inner, (*place, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _walk(inner, (*place, number))
