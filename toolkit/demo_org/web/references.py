"""References between subrequests: ``@{ref.records[0].Id}`` stands for a part of what an earlier one answered."""

import re
from collections.abc import Mapping

from toolkit.demo_org.errors import Refusal

_REFERENCE = re.compile(r"@\{(\w+)((?:\.\w+|\[\d+\])*)\}", re.ASCII)
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]", re.ASCII)


def filled(value: object, answered: Mapping[str, object]) -> object:
    """Return a value with its references replaced. Raises PROCESSING_HALTED for one that leads nowhere."""
    if isinstance(value, dict):
        return {name: filled(each, answered) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, answered) for each in value]
    if isinstance(value, str) and "@{" in value:
        return _REFERENCE.sub(lambda match: _referred(match.group(1), match.group(2), answered), value)
    return value


def referred_to(value: object) -> set[str]:
    """Return the reference ids that a value names."""
    if isinstance(value, dict):
        return set().union(*map(referred_to, value.values()))
    if isinstance(value, list):
        return set().union(*map(referred_to, value))
    return {match.group(1) for match in _REFERENCE.finditer(value)} if isinstance(value, str) else set()


def _referred(reference: str, steps: str, answered: Mapping[str, object]) -> str:
    value = answered.get(reference)
    for name, index in _STEP.findall(steps):
        if name and isinstance(value, dict):
            value = value.get(name)
        elif index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        else:
            value = None
    if value is None or not steps:
        text = f"Invalid reference specified. No value for {reference}{steps} found in {reference}"
        raise Refusal(400, "PROCESSING_HALTED", text)
    return str(value).lower() if isinstance(value, bool) else str(value)
