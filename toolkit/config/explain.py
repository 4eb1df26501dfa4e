"""Say in words what a model found wrong: what was given, what is valid, and what was probably meant."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel

from toolkit.config.lines import Place
from toolkit.config.models import Settings

_WANTED = {
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "string": "a text in quotes",
    "tuple": "a list in [ ]",
    "dict": "a table",
    "model": "a table",
    "datetime": "a time such as 2026-11-02T08:00:00Z",
    "timezone": "a time with its zone, such as 2026-11-02T08:00:00Z",
}
_LIMITS = {
    "greater_than": ("gt", "more than {}"),
    "greater_than_equal": ("ge", "{} or more"),
    "less_than": ("lt", "less than {}"),
    "less_than_equal": ("le", "{} or less"),
}
_PATTERNS = {
    "api_version": 'must be a version such as "66.0"',
    "there": 'must be a Salesforce field name such as "Name", "CS_MRR__c" or "Owner.Name"',
    "name": 'must be a Salesforce field name such as "Name"',
    "sobject": 'must be the API name of a Salesforce object, such as "Account" or "Customer__c"',
}


def explain(error: Mapping[str, Any], document: Mapping[str, Any]) -> tuple[Place, str] | None:
    """Return the place and the message of one of pydantic's errors about `document`, or None when another says it."""
    place = _place_in(error["loc"], document)
    if _is_echo(error):
        return None
    kind, context, given = str(error["type"]), error.get("ctx", {}), error.get("input")
    if kind == "extra_forbidden":
        return place, _unknown_key(place)
    if kind == "missing":
        return place, f"is missing; {_describe_missing(place)}"
    if kind == "value_error":
        return place, str(context["error"])
    if kind == "literal_error":
        valid = context["expected"].replace("'", '"').replace(" or ", ", ").split(", ")
        guess = did_you_mean(str(given), [word.strip('"') for word in valid])
        return place, f"given {show(given)}; valid is {', '.join(valid)}{guess}"
    if kind == "string_pattern_mismatch":
        wanted = _PATTERNS.get(str(place[-1]), "must be a plain name: a letter, then letters, digits and underscores")
        return place, f"given {show(given)}; {wanted}"
    if kind in _LIMITS:
        key, words = _LIMITS[kind]
        return place, f"given {show(given)}; must be {words.format(f'{context[key]:g}')}"
    if kind in ("too_short", "string_too_short"):
        return place, "must not be empty" if context["min_length"] == 1 else f"needs at least {context['min_length']}"
    wanted = next((words for start, words in _WANTED.items() if kind.startswith(start)), "")
    return place, f"given {show(given)}; must be {wanted}" if wanted else f"given {show(given)}; {error['msg']}"


def did_you_mean(given: str, valid: Iterable[str]) -> str:
    """Return ``; did you mean "x"?`` for the nearest of `valid`, or nothing when none is near."""
    by_fold = {word.lower(): word for word in valid}
    near = difflib.get_close_matches(given.lower(), by_fold, n=1, cutoff=0.6)
    return f'; did you mean "{by_fold[near[0]]}"?' if near else ""


def show(value: object) -> str:
    """Return a given value as it would stand in the file, cut to a length that fits a message."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "a list"
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 80 else f'{text[:76]}..."'


def _is_echo(error: Mapping[str, Any]) -> bool:
    # A default that needs a faulty neighbour, and a list that is only too short because its entries are faulty.
    if error["type"] == "default_factory_not_called":
        return True
    return bool(error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"])


def _place_in(location: tuple[str | int, ...], document: Mapping[str, Any]) -> Place:
    # Pydantic's locations also hold names of union members and validators; only what is in the file is a place. The
    # last part may be a key that is missing.
    place: list[str | int] = []
    value: object = document
    for number, part in enumerate(location):
        last = number == len(location) - 1
        if isinstance(value, Mapping):
            if part in value:
                value = value[part]
            elif not last or part == "[key]":
                continue
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            continue
        place.append(part)
    return tuple(place)


def _unknown_key(place: Place) -> str:
    model = _model_at(place[:-1])
    valid = _keys(model) if model else []
    return f"is not a key of this table{did_you_mean(str(place[-1]), valid)}; valid keys are {', '.join(valid)}"


def _describe_missing(place: Place) -> str:
    model = _model_at(place[:-1])
    required = [key for key, info in _by_key(model).items() if info.is_required()] if model else []
    return f"this table needs {', '.join(required)}" if required else "it is needed here"


def _by_key(model: type[BaseModel]) -> dict[str, Any]:
    return {info.alias or name: info for name, info in model.model_fields.items()}


def _keys(model: type[BaseModel]) -> list[str]:
    return list(_by_key(model))


def _model_at(place: Place) -> type[BaseModel] | None:
    kind: Any = Settings
    for part in place:
        if _is_model(kind):
            info = _by_key(kind).get(str(part))
            kind = info.annotation if info else None
        else:  # dict[name, model] or tuple[model, ...]
            kind = next((inner for inner in get_args(kind) if _is_model(inner)), None)
    return kind if _is_model(kind) else None


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
