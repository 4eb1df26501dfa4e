"""The columns of a Bulk upload: fields of the object, or of a parent: ``Owner.Email``, ``Lead:Who.Email``.

A parent is named by its relationship and a field of it that finds it; where it may be of several objects, the right one
goes first.
"""

from collections.abc import Iterable, Sequence

from toolkit.demo_org.access import Access
from toolkit.demo_org.schema import SObject
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.writes import Row


def is_column(org: OrgState, sobject: SObject, name: str, access: Access) -> bool:
    """Return whether an upload may have a column of this name."""
    kind, colon, path = name.rpartition(":")
    relationship, dot, key = path.partition(".")
    field = sobject.relationship(relationship) if dot else sobject.field(path)
    if field is None or not access.readable(sobject.name, field.name) or (colon and not dot):
        return False
    if not dot:
        return True
    target = org.schema.get(kind or field.reference_to[0])
    return target is not None and target.name in field.reference_to and target.field(key) is not None


def with_parents(rows: Sequence[Row], names: Iterable[str]) -> Sequence[Row]:
    """Return the rows with parents of several possible objects spelled as REST has them."""
    parents = dict(_parents(names))
    return [_spelled(row, parents) for row in rows] if parents else rows


def _parents(names: Iterable[str]) -> Iterable[tuple[str, tuple[str, str, str]]]:
    for name in names:
        kind, colon, path = name.rpartition(":")
        if colon:
            relationship, _, key = path.partition(".")
            yield name, (relationship, kind, key)


def _spelled(row: Row, parents: dict[str, tuple[str, str, str]]) -> Row:
    # The object in the attributes, before the field that names the record.
    plain = {name: value for name, value in row.items() if name not in parents}
    for name, (relationship, kind, key) in parents.items():
        if name in row:
            plain[relationship] = {"attributes": {"type": kind}, key: row[name]}
    return plain
