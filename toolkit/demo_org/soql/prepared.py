"""A statement that is ready to run, and what its rows hold."""

from dataclasses import dataclass
from datetime import tzinfo

from toolkit.demo_org.schema import Field, SObject

LONG_TEXT = 255


@dataclass(frozen=True)
class Column:
    """One column of the result.

    `names` is the path of keys in JSON (one of them where nothing is nested), `index` the place in the row, `reading`
    how the stored value is turned into the answer: plain, boolean, datetime, number, address, label, formatted,
    encryptedstring, children or typeof. `function` is the outermost function in capitals, if any, and `written` the
    column as the statement has it. The rows of a child subquery are read with `child`. Of a TYPEOF the row holds the
    parent's id; `choices` has, for each object, the query that reads that parent's fields out of the same row, under
    None the one for all other objects.
    """

    names: tuple[str, ...]
    field: Field
    index: int
    reading: str = "plain"
    function: str | None = None
    written: str = ""
    child: "Query | None" = None
    choices: "tuple[tuple[str | None, Query], ...]" = ()

    @property
    def header(self) -> str:
        """The column's name in CSV."""
        return ".".join(self.names)


@dataclass(frozen=True)
class Parent:
    """A parent object on the way to a column: where its id stands in the row and what it is called."""

    names: tuple[str, ...]
    entity: str
    id_index: int


@dataclass(frozen=True, eq=False)
class Query:
    """A query that is ready to run, and what its rows hold. Two queries are equal only if they are the same one."""

    soql: str
    sobject: SObject
    columns: tuple[Column, ...]
    parents: tuple[Parent, ...]
    key_prefixes: dict[str, str]  # the object of each id prefix, for parents of several types
    zone: tzinfo  # the user's
    is_count: bool = False  # SELECT count(): the answer is one number
    is_aggregate: bool = False  # the rows are groups, not records
    is_grouped: bool = False  # there is a GROUP BY
    sql: str = ""
    params: tuple[object, ...] = ()
    total_sql: str = ""  # how many rows there are in all
    total_params: tuple[object, ...] = ()
    limit: int | None = None
    offset: int | None = None
    all_rows: bool = False
    noted: frozenset[str] = frozenset()  # VIEW and REFERENCE, of FOR
    filtered: tuple[Field, ...] = ()  # fields of the object itself that every row has to satisfy a condition on

    @property
    def long_text_columns(self) -> int:
        """How many of the columns hold long text, which makes for smaller pages."""
        return sum(column.field.type == "textarea" and column.field.length > LONG_TEXT for column in self.columns)

    @property
    def has_children(self) -> bool:
        """Whether there is a child subquery in it."""
        return any(column.child is not None for column in self.columns)
