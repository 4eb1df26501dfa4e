"""The two sides of one object, put beside each other: what a merge looks at.

Shapes and the text form of a side's values; nothing is decided here.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property

import polars as pl

from toolkit.config.objects import FieldMapping, ObjectMapping
from toolkit.errors import NotFoundError, StepMissingError
from toolkit.frames import RECORD_KEY, UTC_TIME
from toolkit.salesforce.describe import FieldDescribe, ObjectDescribe
from toolkit.values import to_text


@dataclass(frozen=True)
class Sides:
    """One object with everything a plan is made from.

    ``here`` and ``there`` are wide records keyed by ``id``; ``base`` is what `toolkit.writeback.merge.new_base`
    returned last, None before that. ``lookups`` are the records that references kept by a value may mean, by the path
    that is compared (``Owner.Name``), as `toolkit.writeback.lookups.with_lookups` reads them.
    """

    object: str
    mapping: ObjectMapping
    describe: ObjectDescribe
    links: pl.DataFrame
    here: pl.DataFrame
    there: pl.DataFrame
    base: pl.DataFrame | None = None
    lookups: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    @cached_property
    def fields(self) -> Mapping[str, FieldDescribe]:
        """The Salesforce field of every mapped path that exists for this user, as `described` tells it."""
        return described(self.mapping, self.describe)

    def reads(self, path: str) -> str:
        """Return the path whose value stands for the field `path`: of a reference kept by a value, that value's."""
        mine = [each for each in self.mapping.fields if each.there == path]
        return next((each.reads for each in sorted(mine, key=lambda each: not each.writes_there)), path)


def described(mapping: ObjectMapping, describe: ObjectDescribe) -> dict[str, FieldDescribe]:
    """Return the Salesforce field of every mapped path; paths that do not exist for this user are left out.

    A reference that is kept by a value (``by``) has the type and the size of that value.
    """
    found = {}
    for each in mapping.fields:
        with suppress(NotFoundError):
            found[each.there] = _as_compared(describe.field(each.there), describe.field(each.reads))
    return found


def _as_compared(named: FieldDescribe, compared: FieldDescribe) -> FieldDescribe:
    if named.name == compared.name:
        return named
    return replace(
        compared,
        name=named.name,
        label=named.label,
        nillable=named.nillable,
        createable=named.createable,
        updateable=named.updateable,
        unique=named.unique,
        external_id=named.external_id,
    )


EDITED_AT = "edited_at"
"""The column here that says when somebody last edited a record in the toolkit."""
CHANGED_AT = "SystemModstamp"
"""The column there that says when a record was last changed in Salesforce, whichever field it was."""


def traced(objects: Iterable[Sides]) -> frozenset[str]:
    """Return the objects whose records there were pulled with the stamp of their last change."""
    return frozenset(sides.object for sides in objects if CHANGED_AT in sides.there.columns)


CHANGED_HERE, CHANGED_THERE = "changed:here", "changed:there"

HERE, THERE, BASE = "here:", "there:", "base:"
PAIR = "{} = {}"
"""How a pair of fields is called, here before there."""


def pair(field: FieldMapping) -> str:
    """Return the name of a mapped pair of fields, which is its column in the base: ``stage = CS_Stage__c``."""
    return PAIR.format(field.here, field.there)


def side_by_side(sides: Sides, fields: tuple[FieldMapping, ...], *, differing: bool = False) -> pl.DataFrame:
    """Return one row a link: here_id, there_id, name, and for each field ``here:``, ``there:`` and ``base:`` columns.

    Where a field's rule is newest_wins, ``changed:here`` and ``changed:there`` say when the record was last changed,
    null where nobody knows. Links whose record is not among the records of either side are left out; with `differing`,
    also those whose records hold the same in every field. Raises StepMissingError when a column that would be written
    elsewhere was never computed or pulled: a missing column must not read as empty values.
    """
    here, there = _here_columns(sides, fields), _there_columns(sides, fields)
    links = sides.links.filter(pl.col("object") == sides.object).select("here_id", "there_id")
    joined = links.join(here, on="here_id", how="inner").join(there, on="there_id", how="inner")
    if differing and fields:
        joined = joined.filter(pl.any_horizontal(_may_differ(joined.schema, each) for each in fields))
    known = [pair(each) for each in fields if sides.base is not None and pair(each) in sides.base.columns]
    if sides.base is not None:
        base = sides.base.select(pl.col(RECORD_KEY).alias("there_id"), "here_id", pl.col(known).name.prefix(BASE))
        if differing:
            base = base.join(joined, on=["there_id", "here_id"], how="semi")
        joined = joined.join(base, on=["there_id", "here_id"], how="left", maintain_order="left")
    never = [pl.lit(None, dtype=pl.String).alias(BASE + pair(each)) for each in fields if pair(each) not in known]
    return joined.with_columns(never)


def natively_comparable(schema: Mapping[str, pl.DataType], field: FieldMapping) -> bool:
    """Return whether two values of a field that are equal as they are kept have equal text: most need none of it."""
    return field.default is None and schema[HERE + field.here] == schema[_there_column(schema, field)]


def _may_differ(schema: Mapping[str, pl.DataType], field: FieldMapping) -> pl.Expr:
    if not natively_comparable(schema, field):
        return pl.lit(value=True)
    return pl.col(HERE + field.here).ne_missing(pl.col(_there_column(schema, field)))


def _here_columns(sides: Sides, fields: tuple[FieldMapping, ...]) -> pl.DataFrame:
    names = dict.fromkeys(each.here for each in fields)
    missing = [name for name in names if name not in sides.here.columns]
    sent = [each.here for each in fields if each.here in missing and each.direction == "output"]
    if sent:
        raise StepMissingError(
            f"{sides.object}: {', '.join(sent)} has no values here yet.",
            hint="Load the sources and run the health score before planning; then plan again.",
        )
    empty = [pl.lit(None, dtype=pl.String).alias(HERE + name) for name in missing]
    present = [pl.col(name).alias(HERE + name) for name in names if name not in missing]
    changed = _moments(fields, sides.here, EDITED_AT, CHANGED_HERE)
    return sides.here.select(pl.col(RECORD_KEY).alias("here_id"), *present, *empty, *changed)


def _moments(fields: tuple[FieldMapping, ...], frame: pl.DataFrame, column: str, name: str) -> list[pl.Expr]:
    if not any(each.on_conflict == "newest_wins" for each in fields):
        return []
    dtype = frame.schema.get(column)
    known = isinstance(dtype, pl.Datetime) and dtype.time_zone is not None
    return [(pl.col(column) if known else pl.lit(None)).cast(UTC_TIME).alias(name)]


def _there_columns(sides: Sides, fields: tuple[FieldMapping, ...]) -> pl.DataFrame:
    paths = dict.fromkeys(each.reads for each in fields)
    missing = [path for path in paths if path not in sides.there.columns]
    if missing:
        raise StepMissingError(
            f"{sides.object}: {', '.join(missing)} was not pulled from Salesforce yet.",
            hint="Pull again, so that the records hold every mapped field; then plan again.",
        )
    name = sides.mapping.name
    shown = pl.col(name).cast(pl.String) if name in sides.there.columns else pl.lit(None, dtype=pl.String)
    columns = [pl.col(path).alias(THERE + path) for path in paths]
    changed = _moments(fields, sides.there, CHANGED_AT, CHANGED_THERE)
    return sides.there.select(pl.col(RECORD_KEY).alias("there_id"), shown.alias("name"), *columns, *changed)


def there_column(joined: pl.DataFrame, field: FieldMapping) -> str:
    """Return the name that the values of a field there have in `side_by_side`."""
    return _there_column(joined.schema, field)


def _there_column(schema: Mapping[str, pl.DataType], field: FieldMapping) -> str:
    return THERE + field.reads if THERE + field.reads in schema else THERE + field.there


def text_sides(joined: pl.DataFrame, field: FieldMapping, facts: FieldDescribe) -> tuple[pl.Expr, pl.Expr]:
    """Return the canonical text of a field here and there, as expressions over `side_by_side`.

    Where the side that the value comes from has none, it is the field's default: there for an input field, else here.
    """
    here_name, there_name = HERE + field.here, there_column(joined, field)
    here = to_text(pl.col(here_name), joined.schema[here_name], facts.type, facts.scale)
    there = to_text(pl.col(there_name), joined.schema[there_name], facts.type, facts.scale)
    if field.default is None:
        return here, there
    filler = pl.Series([field.default])
    default = to_text(pl.lit(filler.item()), filler.dtype, facts.type, facts.scale)
    return (pl.coalesce(here, default), there) if field.writes_there else (here, pl.coalesce(there, default))


def equal(field: FieldMapping, one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Return whether two texts of a field are one value; names and addresses of referred records ignore case."""
    if field.by is not None:
        one, other = one.str.to_lowercase(), other.str.to_lowercase()
    return one.eq_missing(other)
