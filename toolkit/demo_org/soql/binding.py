"""What an expression of a statement is in terms of the org: a field, or a function as if it were a field."""

from dataclasses import replace

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.schema import Field
from toolkit.demo_org.soql import complaints
from toolkit.demo_org.soql.date_functions import date_function
from toolkit.demo_org.soql.expressions import DATE_FUNCTIONS
from toolkit.demo_org.soql.geography import distance
from toolkit.demo_org.soql.setting import Setting
from toolkit.demo_org.soql.sources import Reached, Sources
from toolkit.demo_org.soql.tree import Call, Expression

_LABELLED = frozenset({"picklist", "multipicklist", "combobox"})


def bound(expression: Expression, sources: Sources, setting: Setting) -> Reached:
    """Return the field or function of single records that `expression` is; raises Refusal for what is neither."""
    if not isinstance(expression, Call):
        return sources.reach(expression)
    if expression.function in DATE_FUNCTIONS:
        return date_function(expression, sources, setting)
    if expression.function == "DISTANCE":
        return distance(expression, sources)
    if expression.function == "TOLABEL" and expression.path is not None:
        return _labelled(sources.reach(expression.path))
    raise complaints.unexpected(sources.text, expression.position, expression.function.lower())


def no_currencies(call: Call, sources: Sources) -> Refusal:
    """Return the refusal of convertCurrency() in an org that has one currency."""
    message = "convertCurrency() requires that multiple currencies are enabled for the organization"
    return complaints.at(sources.text, call.position, message, "MALFORMED_QUERY")


def _labelled(reached: Reached) -> Reached:
    """Return the labels of a picklist as a text field; any other field is its own label."""
    field = reached.field
    if field.type not in _LABELLED or not field.picklist:
        return reached
    cases = " ".join(f"WHEN {quoted(each.value)} THEN {quoted(each.label)}" for each in field.picklist)
    text = Field(field.name, field.label, "string", field.length, filterable=field.filterable)
    return replace(reached, field=text, sql=f"CASE {reached.sql} {cases} ELSE {reached.sql} END")


def quoted(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
