"""FIELDS(ALL), FIELDS(STANDARD) and FIELDS(CUSTOM): the fields they stand for, and when they may be used."""

from toolkit.demo_org.schema import Field
from toolkit.demo_org.soql import complaints
from toolkit.demo_org.soql.setting import Setting
from toolkit.demo_org.soql.sources import Sources
from toolkit.demo_org.soql.tree import FieldsOf, Path, Statement, comparisons

MOST_ROWS_OF_ALL_FIELDS = 200
FIRST_VERSION = 51


def fields_of(item: FieldsOf, statement: Statement, sources: Sources, setting: Setting) -> list[Field]:
    """Return the fields the user may see of a group; raises Refusal where the rows are not bounded to 200."""
    if setting.version < FIRST_VERSION:
        raise complaints.unexpected(sources.text, item.position, "FIELDS")
    if item.group != "STANDARD" and not _is_bounded(statement):
        raise complaints.plain(f"The SOQL FIELDS function must have a LIMIT of at most {MOST_ROWS_OF_ALL_FIELDS}")
    wanted = {"ALL": (True, False), "STANDARD": (False,), "CUSTOM": (True,)}[item.group]
    found = [each for each in sources.fields() if each.custom in wanted]
    if not found:
        raise complaints.plain("'FIELDS(...)' expansion function must result in at least one field being selected.")
    return found


def _is_bounded(statement: Statement) -> bool:
    """Whether there can be no more than 200 rows: by LIMIT, or because the ids are listed."""
    if statement.limit is not None and statement.limit <= MOST_ROWS_OF_ALL_FIELDS:
        return True
    return any(
        isinstance(term.left, Path)
        and str(term.left).lower() == "id"
        and term.operator in ("=", "IN")
        and len(term.values) <= MOST_ROWS_OF_ALL_FIELDS
        for term in comparisons(statement.where)
    )
