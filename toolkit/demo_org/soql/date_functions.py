"""CALENDAR_YEAR(), WEEK_IN_MONTH(), HOUR_IN_DAY() and their like, as SQL over the text that dates are stored as.

A datetime is read in UTC unless convertTimezone() asks for the user's time zone. Weeks of a year or a month are
counted from its first day: the first seven days are week 1. Fiscal years are named after the year they end in.
"""

from toolkit.demo_org.schema import Field
from toolkit.demo_org.soql import complaints
from toolkit.demo_org.soql.setting import Setting
from toolkit.demo_org.soql.sources import Reached, Sources
from toolkit.demo_org.soql.sql_functions import LOCAL, zone_key
from toolkit.demo_org.soql.tree import Call

_OF_MOMENTS_ONLY = frozenset({"DAY_ONLY", "HOUR_IN_DAY"})
_YEAR, _MONTH, _DAY, _HOUR = ((1, 4), (6, 2), (9, 2), (12, 2))


def date_function(call: Call, sources: Sources, setting: Setting) -> Reached:
    """Return a date function of a field as a field of its own; raises Refusal for a field that is no date."""
    path = call.path
    if path is None:
        raise complaints.unexpected(sources.text, call.position, call.function.lower())
    reached = sources.reach(path)
    converted = isinstance(call.arguments[0], Call)
    kinds = {"datetime"} if converted or call.function in _OF_MOMENTS_ONLY else {"date", "datetime"}
    if reached.field.type not in kinds:
        message = f"{call.function} function does not support a field of type {reached.field.type}: {path}"
        raise complaints.at(sources.text, call.position, message, "MALFORMED_QUERY")
    text = reached.sql
    if converted:
        text = f"{LOCAL}({text}, '{zone_key(setting.zone)}')"
    answer = "date" if call.function == "DAY_ONLY" else "int"
    sql = _sql(call.function, text, setting.calendar.fiscal_year_starts_in)
    return Reached(Field(reached.field.name, call.written, answer), sql, reached.source)


def _sql(function: str, text: str, fiscal_start: int) -> str:
    year, month, day = (_number(text, place) for place in (_YEAR, _MONTH, _DAY))
    fiscal_month = f"(({month} + {12 - fiscal_start}) % 12 + 1)"
    ends_next_year = f"({month} >= {fiscal_start})" if fiscal_start > 1 else "0"
    day_in_year = f"CAST(strftime('%j', substr({text}, 1, 10)) AS INTEGER)"
    return {
        "CALENDAR_YEAR": year,
        "CALENDAR_QUARTER": f"(({month} + 2) / 3)",
        "CALENDAR_MONTH": month,
        "DAY_IN_MONTH": day,
        "DAY_IN_WEEK": f"(strftime('%w', substr({text}, 1, 10)) + 1)",
        "DAY_IN_YEAR": day_in_year,
        "DAY_ONLY": f"substr({text}, 1, 10)",
        "FISCAL_YEAR": f"({year} + {ends_next_year})",
        "FISCAL_QUARTER": f"(({fiscal_month} + 2) / 3)",
        "FISCAL_MONTH": fiscal_month,
        "HOUR_IN_DAY": _number(text, _HOUR),
        "WEEK_IN_MONTH": f"(({day} + 6) / 7)",
        "WEEK_IN_YEAR": f"(({day_in_year} + 6) / 7)",
    }[function]


def _number(text: str, place: tuple[int, int]) -> str:
    start, length = place
    return f"CAST(substr({text}, {start}, {length}) AS INTEGER)"
