"""Judge the sections of a mapping file against each other.

The checks look at whatever parts are valid in themselves, so that a slip in one table does not hide what is wrong
between others. They return places and messages and raise nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from toolkit.config.explain import did_you_mean
from toolkit.config.filters import parse_filter
from toolkit.config.lines import Place
from toolkit.config.match_rules import MatchRule
from toolkit.config.models import HEALTH_FIELDS, Connection, Writeback
from toolkit.config.objects import INTERACTIONS, MODES, FieldMapping, ObjectMapping
from toolkit.config.sources import MEMBER, Metric, Source
from toolkit.config.terms import Model
from toolkit.errors import InputError

Found = Iterator[tuple[Place, str]]
AnyModel = TypeVar("AnyModel", bound=Model)


def cross_check(document: Mapping[str, Any]) -> list[tuple[Place, str]]:
    """Return the place and message of everything in `document` that does not fit together."""
    found = list(_connection(document))
    for name, mapping in _table(document, "objects").items():
        found += _object(mapping, name)
        fields = list(_fields(mapping, ("objects", name, "fields")))
        found += _guard_prefix(fields, document)
        found += _direction_faults(fields)
        found += _health_faults(fields, document)
        found += _duplicate_targets(fields)
        found += _spellings(fields, mapping, name)
    found += _contact_rules(document)
    found += _sources(document)
    found += _metrics(document)
    found += _measures(document)
    return found


@dataclass(frozen=True)
class _Field:
    place: Place
    mapping: FieldMapping


def _connection(document: Mapping[str, Any]) -> Found:
    given = _table(document, "connection")
    connection = _valid(Connection, {**given, "login_url": None})
    if connection and connection.login != "demo" and not given.get("login_url"):
        yield (
            ("connection", "login_url"),
            (
                f'is missing; login "{connection.login}" needs the address of your org, for example '
                '"https://mycompany.my.salesforce.com" (CAT-6)'
            ),
        )


def _object(given: object, name: str) -> Found:
    """What an object needs for what it is, and the modes that make sense for it (SKA-4 to SKA-7)."""
    mapping = _valid(ObjectMapping, given)
    if mapping is None or not isinstance(given, Mapping):
        return
    mapping, place = mapping.named(name), ("objects", name)
    role = mapping.acts_as
    if role != "account" and "sobject" not in given:
        yield (*place, "sobject"), f"is missing; which Salesforce object is {name}?"
    if role == "account" and not given.get("match") and not mapping.create:
        yield (*place, "match"), 'is missing; this table needs match, or "create = true" to bring every record here'
    if mapping.mode not in MODES[role]:
        valid = ", ".join(f'"{mode}"' for mode in MODES[role])
        yield (*place, "mode"), f'given "{mapping.mode}"; valid for {role} is {valid}'
    if role == "agreement" and given.get("terms") is None and mapping.mode != "disabled":
        yield (*place, "terms"), "is missing; an agreement needs at least revenue, amount and start (SKA-26, SKA-27)"
    if mapping.terms is not None and mapping.terms.amount is None and mapping.sobject != "Opportunity":
        yield (*place, "terms", "amount"), f"is missing; which field of {mapping.sobject} holds the amount? (SKA-27)"
    if mapping.scope.filter is not None:
        yield from _filter(mapping.scope.filter, (*place, "scope", "filter"))
    if role == "interaction" and mapping.interaction_kind is None:
        yield (*place, "kind"), f"is missing; valid is {', '.join(INTERACTIONS)}"


def _filter(text: str, place: Place) -> Found:
    try:
        parse_filter(text)
    except InputError as error:
        yield place, error.message


def _guard_prefix(fields: list[_Field], document: Mapping[str, Any]) -> Found:
    writeback = _valid(Writeback, _table(document, "writeback"))
    for field in fields:
        there = field.mapping.there
        prefix = writeback.prefix_of(field.mapping) if writeback else None
        if prefix and not there.lower().startswith(prefix.lower()):
            yield (
                (*field.place, "there"),
                (
                    f'given "{there}"; a field that is written in Salesforce must start with "{prefix}" '
                    "(writeback.guard_prefix, VIT-19)"
                ),
            )


def _direction_faults(fields: list[_Field]) -> Found:
    for field in fields:
        mapping = field.mapping
        if mapping.writes_there and "." in mapping.there:
            yield (
                (*field.place, "there"),
                f'given "{mapping.there}"; a field of another record can only be read: direction must be "input"',
            )
        losing = {"output": "salesforce_wins", "input": "toolkit_wins"}.get(mapping.direction)
        if mapping.on_conflict == losing:
            valid = '"toolkit_wins", "hold"' if mapping.direction == "output" else '"salesforce_wins", "hold"'
            yield (
                (*field.place, "on_conflict"),
                f'given "{losing}"; valid for direction "{mapping.direction}" is {valid}',
            )


def _health_faults(fields: list[_Field], document: Mapping[str, Any]) -> Found:
    has_profile = bool(_table(_table(document, "health"), "profiles"))
    metrics = _table(document, "metrics")
    for field in fields:
        here = field.mapping.here
        if here.startswith("health_") and here not in (*HEALTH_FIELDS, *metrics):
            valid = ", ".join(HEALTH_FIELDS)
            yield (*field.place, "here"), f'given "{here}"; valid is {valid}{did_you_mean(here, HEALTH_FIELDS)}'
        if here in HEALTH_FIELDS and not has_profile:
            yield (
                (*field.place, "here"),
                f'"{here}" is mapped but no health profile is configured; add [health.profiles.default] (CAT-5)',
            )
        if (here in HEALTH_FIELDS or here in metrics) and field.mapping.writes_here:
            yield (
                (*field.place, "direction"),
                f'given "{field.mapping.direction}"; "{here}" is worked out here, so its direction must be "output"',
            )


def _duplicate_targets(fields: list[_Field]) -> Found:
    first: dict[tuple[str, str], Place] = {}
    for field in fields:
        mapping = field.mapping
        targets = [("here", mapping.here)] if mapping.writes_here else []
        targets += [("there", mapping.there.lower())] if mapping.writes_there else []
        for target in targets:
            if target in first:
                yield (
                    (*field.place, target[0]),
                    (
                        f'"{getattr(mapping, target[0])}" is already written by fields[{first[target][-1]}]; '
                        "one target takes its value from one field"
                    ),
                )
            first.setdefault(target, field.place)


def _spellings(fields: list[_Field], mapping: object, name: str) -> Found:
    given = mapping if isinstance(mapping, Mapping) else {}
    label = str(given.get("name", "Name"))
    seen = {label.lower(): label}
    texts = given.get("match", [])
    for number, text in enumerate(texts if isinstance(texts, list) else []):
        rule = _valid(MatchRule, text)
        for there in rule.there_paths if rule else ():
            if seen.setdefault(there.lower(), there) != there:
                yield ("objects", name, "match", number), f'"{there}" is also spelled "{seen[there.lower()]}" here'
    for field in fields:
        there = field.mapping.there
        if seen.setdefault(there.lower(), there) != there:
            yield (*field.place, "there"), f'"{there}" is also spelled "{seen[there.lower()]}" in this mapping'


def _contact_rules(document: Mapping[str, Any]) -> Found:
    """A rule through contacts is for accounts, and looks at what an object of contacts reads (CC-11)."""
    read: set[str] | None = None
    for name, given in _table(document, "objects").items():
        mapping = _valid(ObjectMapping, given)
        if mapping is not None and mapping.named(name).acts_as == "contact" and mapping.mode != "disabled":
            read = {path.lower() for path in mapping.named(name).there_paths}
    for name, given in _table(document, "objects").items():
        mapping = _valid(ObjectMapping, given)
        for number, rule in enumerate(mapping.match if mapping else ()):
            wanted = [part.there.of_contacts for part in rule.parts if part.there.of_contacts]
            place = ("objects", name, "match", number)
            if rule.of_contacts and mapping is not None and mapping.named(name).acts_as != "account":
                yield place, f'"{rule}" goes through contacts to their account; it is for objects of accounts only'
            elif wanted and read is None:
                yield place, f'"{rule}" looks at contacts, and none are read; add a section [objects.contact] (CC-11)'
            elif wanted and wanted[0].lower() not in (read or set()):
                yield (
                    place,
                    f'"{rule}" looks at {wanted[0]} of contacts, which is not read; map it in the object of contacts',
                )


def _sources(document: Mapping[str, Any]) -> Found:
    """One source an object, of objects that are mapped; each record of most of them belongs to an account."""
    objects, first = _table(document, "objects"), dict[str, str]()
    for name, given in _table(document, "sources").items():
        source = _valid(Source, given)
        kind = source.records_of if source else None
        if source is None or kind is None:
            continue
        if kind in first and kind == "account":
            yield (
                ("sources", name, "key"),
                (
                    f'"{first[kind]}" already is the accounts file; '
                    'name the account\'s column in "account" instead of "key"'
                ),
            )
        elif kind in first:
            yield (
                ("sources", name, "object"),
                f'"{first[kind]}" already has the records of "{kind}"; one source has all',
            )
        elif kind == MEMBER:
            pass  # people of the community, who are linked to contacts by their e-mail address (CC-11)
        elif source.object is not None and kind not in objects:
            yield ("sources", name, "object"), _unknown("object", kind, objects)
        elif kind in objects and source.account is None and _belongs_to_accounts(objects[kind], kind):
            yield ("sources", name), f'needs "account": the column with the id of the account of each {kind}'
        first.setdefault(kind, name)


def _belongs_to_accounts(given: object, name: str) -> bool:
    mapping = _valid(ObjectMapping, given)
    return mapping is not None and mapping.named(name).acts_as not in ("account", "user")


def _metrics(document: Mapping[str, Any]) -> Found:
    sources = _table(document, "sources")
    read = [_valid(Source, given) for given in sources.values()]
    keyed = any(source is not None and source.records_of == "account" for source in read)
    for name, given in _table(document, "metrics").items():
        metric = _valid(Metric, given)
        if metric is None:
            continue
        if metric.source not in sources:
            yield ("metrics", name, "source"), _unknown("source", metric.source, sources)
            continue
        source = _valid(Source, sources[metric.source])
        if source and metric.window_days and not source.date_column:
            yield (
                ("metrics", name, "window_days"),
                f'needs a date, but [sources.{metric.source}] names none; add date = "..." there',
            )
        outside = metric.aggregate != "ratio" and metric.per not in _table(document, "metrics")
        if metric.per and outside and not keyed:
            yield ("metrics", name, "per"), 'divides by a column of the accounts file, but no source has a "key"'


def _measures(document: Mapping[str, Any]) -> Found:
    metrics = _table(document, "metrics")
    for name, profile in _table(_table(document, "health"), "profiles").items():
        measures = profile.get("measures") if isinstance(profile, Mapping) else None
        for number, measure in enumerate(measures if isinstance(measures, list) else []):
            metric = measure.get("metric") if isinstance(measure, Mapping) else None
            if isinstance(metric, str) and metric not in metrics:
                place = ("health", "profiles", name, "measures", number, "metric")
                yield place, _unknown("metric", metric, metrics)


def _unknown(kind: str, given: str, valid: Mapping[str, Any]) -> str:
    if not valid:
        return f'given "{given}", but no {kind} is configured; add [{kind}s.{given}]'
    return f'given "{given}"; valid {kind}s are {", ".join(valid)}{did_you_mean(given, valid)}'


def _fields(mapping: object, place: Place) -> Iterator[_Field]:
    given = mapping.get("fields") if isinstance(mapping, Mapping) else None
    for number, entry in enumerate(given if isinstance(given, list) else []):
        field = _valid(FieldMapping, entry)
        if field:
            yield _Field((*place, number), field)


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = document.get(key)
    return value if isinstance(value, Mapping) else {}


def _valid(model: type[AnyModel], given: object) -> AnyModel | None:
    """Return the table as a model, without the keys that are faulty in themselves, or None when too little is left."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        faulty = {fault["loc"][0] for fault in error.errors() if fault["loc"]}
        if not isinstance(given, Mapping) or not faulty & set(given):
            return None
        return _valid(model, {key: value for key, value in given.items() if key not in faulty})
