"""What the mapping file uses the columns of a source for: which must be there, and as what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from toolkit.config.models import HEALTH_FIELDS, Settings
from toolkit.config.sources import PERIOD_END, Metric
from toolkit.sources.column_types import Need
from toolkit.sources.usage_events import PERIOD_START

COUNTED = (PERIOD_START, PERIOD_END, "events", "active_users", "distinct_events")
"""The columns of a source of events that no file has: they are counted."""

ANSWERED = ("nps", "promoters", "passives", "detractors")
"""The columns of a source of answers to the NPS question that no file has: they follow from the score."""

_KINDS: dict[str, Need] = {
    "count": "any", "distinct": "any", "days_since": "moment", "days_until": "moment", "open": "moment",
    "last": "figure", "min": "figure", "max": "figure",
}  # fmt: skip


@dataclass(frozen=True)
class Needs:
    """The columns that must be there, and the `optional` ones that are only read with care when they are."""

    required: Mapping[str, Need] = field(default_factory=dict)
    optional: Mapping[str, Need] = field(default_factory=dict)


def source_needs(name: str, settings: Settings) -> Needs:
    """Return what the mapping file uses the columns of a source for.

    An object other than the account may take a mapped value from Salesforce or from a person as well as from its
    source, so those columns need not be there; of accounts those that people may edit, a pulse for example (SKA-35).
    """
    source = settings.sources[name]
    derived = {"events": COUNTED, "nps": ANSWERED}.get(source.kind, (PERIOD_END,) if source.period else ())
    mapping = settings.objects.get(source.records_of or "")
    sent: dict[str, Need] = {}
    matched: dict[str, Need] = {}
    if mapping is not None:
        computed = {*HEALTH_FIELDS, *settings.metrics}
        outputs = {each.here for each in mapping.fields if each.direction == "output"} - computed
        sent = _all_as("value", sorted(outputs))
        matched = _all_as("text", (column for rule in mapping.match for column in rule.here_columns))
    measured = _of_metrics(name, settings)
    if mapping is not None and mapping.acts_as == "interaction":
        matched["at"] = "time"
    accounts = name == settings.account_source
    said = {each.here for each in mapping.fields if each.editable} if mapping is not None else set()
    optional = {each: need for each, need in sent.items() if not accounts or each in said}
    required = {each: need for each, need in sent.items() if each not in optional} | measured | matched
    return Needs({each: need for each, need in required.items() if each not in derived}, optional)


def _of_metrics(name: str, settings: Settings) -> dict[str, Need]:
    needs: dict[str, Need] = {}
    for metric in settings.metrics.values():
        if metric.source == name:
            needs = _all_as("any", metric.where) | needs
        if metric.source == name and metric.column is not None:
            need: Need = "moment" if metric.since else _KINDS.get(metric.aggregate, "number")
            needs[metric.column] = _stronger(needs.get(metric.column, "any"), need)
        if metric.source == name and metric.since is not None:
            needs[metric.since] = "moment"
        if metric.per is not None and name == _home_of_divisor(metric, settings):
            needs[metric.per] = "number"
    return needs


def _stronger(one: Need, other: Need) -> Need:
    """Return what serves both: a column that is counted by one metric may be measured by another."""
    order: tuple[Need, ...] = ("any", "figure", "number", "date", "moment")
    return max(one, other, key=order.index)


def _home_of_divisor(metric: Metric, settings: Settings) -> str | None:
    """Return the source that holds the column a metric is divided by, or None when it is divided by a metric."""
    if metric.aggregate == "ratio":
        return metric.source
    return None if metric.per in settings.metrics else settings.account_source


def _all_as(need: Need, columns: Iterable[str]) -> dict[str, Need]:
    return dict.fromkeys(columns, need)
