"""COUNT, SUM, AVG, MIN and MAX of a field, as far as the field's type has them."""

from toolkit.demo_org.schema import NUMBER_TYPES, Field
from toolkit.demo_org.soql import complaints
from toolkit.demo_org.soql.expressions import AGGREGATES
from toolkit.demo_org.soql.ordering import picklist_rank
from toolkit.demo_org.soql.sources import Reached, Sources
from toolkit.demo_org.soql.tree import Call, Path

_UNAGGREGATED = frozenset({"boolean", "multipicklist", "address", "location"})
_SUMMED = NUMBER_TYPES | {"int"}
_RANK_DIGITS = 6


def aggregate(call: Call, sources: Sources) -> Reached:
    """Return an aggregate function of a field as a field; raises Refusal where the type does not have the function."""
    path = call.arguments[0] if call.arguments else None
    if call.function not in AGGREGATES or not isinstance(path, Path):
        raise complaints.unexpected(sources.text, call.position, call.function.lower())
    if len(call.arguments) > 1:
        message = f"aggregate function {call.function} takes one field: {call.written}"
        raise complaints.at(sources.text, call.position, message, "INVALID_FIELD")
    reached = sources.reach(path)
    if not _allowed(call.function, reached.field):
        message = f"field {reached.field.name} does not support aggregate operator {call.function}"
        raise complaints.at(sources.text, call.position, message, "MALFORMED_QUERY")
    return Reached(_answer(call.function, reached.field), _sql(call.function, reached), reached.source)


def _allowed(function: str, field: Field) -> bool:
    if not field.filterable or field.type in _UNAGGREGATED:
        return False
    return field.type in _SUMMED if function in ("SUM", "AVG") else True


def _answer(function: str, field: Field) -> Field:
    if function in ("COUNT", "COUNT_DISTINCT"):
        return Field(field.name, field.label, "int")
    if function == "AVG":
        return Field(field.name, field.label, "double", scale=max(field.scale, 2))
    return field


def _sql(function: str, reached: Reached) -> str:
    if function == "COUNT_DISTINCT":
        return f"count(DISTINCT {reached.sql})"
    if function in ("MIN", "MAX") and reached.field.type == "picklist":
        # The value with the lowest or highest place in the list: values compare by place, written before them.
        ranked = f"printf('%0{_RANK_DIGITS}d', {picklist_rank(reached)}) || {reached.sql}"
        return f"substr({function.lower()}({ranked}), {_RANK_DIGITS + 1})"
    return f"{function.lower()}({reached.sql})"
