"""What a SOQL statement says, before it is known whether the org has what it names."""

from collections.abc import Iterator
from dataclasses import dataclass

from toolkit.demo_org.soql.lexer import Token


@dataclass(frozen=True)
class Path:
    """A field, by way of its parents: ``Account.Owner.Name``."""

    parts: tuple[str, ...]
    position: int

    def __str__(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True)
class Value:
    """A value to compare with. `count` is the n of ``LAST_N_DAYS:n``."""

    kind: str  # string, number, currency, date, datetime, time, boolean, null, relative
    token: Token
    count: int | None = None

    @property
    def position(self) -> int:
        """Where the value stands in the statement."""
        return self.token.position


@dataclass(frozen=True)
class Call:
    """A function: ``toLabel(Type)``, ``MAX(Amount)``, ``FORMAT(MIN(CloseDate))``, ``COUNT()``."""

    function: str  # in capitals
    arguments: "tuple[Path | Call | Value, ...]"
    position: int
    written: str  # as the statement has it

    @property
    def path(self) -> Path | None:
        """The field that the function is of, through functions within it; None for ``COUNT()``."""
        first = self.arguments[0] if self.arguments else None
        if isinstance(first, Call):
            return first.path
        return first if isinstance(first, Path) else None


Expression = Path | Call


@dataclass(frozen=True)
class FieldsOf:
    """``FIELDS(ALL)`` and its like; `group` is in capitals."""

    group: str
    position: int


@dataclass(frozen=True)
class Choice:
    """One ``WHEN Account THEN Phone, Name`` of a TYPEOF."""

    entity: str
    position: int
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class TypeOf:
    """``TYPEOF What WHEN .. THEN .. ELSE .. END``: fields by the type of the parent."""

    path: Path
    choices: tuple[Choice, ...]
    otherwise: tuple[Path, ...]
    position: int


@dataclass(frozen=True)
class Nested:
    """A child subquery: ``(SELECT LastName FROM Contacts)``."""

    statement: "Statement"
    position: int


@dataclass(frozen=True)
class Selected:
    """One item of the SELECT list."""

    expression: Expression | FieldsOf | TypeOf | Nested
    alias: str | None


@dataclass(frozen=True)
class Comparison:
    """A field compared with one value, or with a list of them (IN, NOT IN, INCLUDES, EXCLUDES)."""

    left: Expression
    operator: str  # = != < <= > >= LIKE IN NOT IN INCLUDES EXCLUDES
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Within:
    """A semi-join, ``Id IN (SELECT AccountId FROM Contact)``, or its opposite."""

    left: Path
    negated: bool
    statement: "Statement"
    position: int


@dataclass(frozen=True)
class Every:
    """Terms joined with AND."""

    terms: "tuple[Condition, ...]"


@dataclass(frozen=True)
class Either:
    """Terms joined with OR."""

    terms: "tuple[Condition, ...]"


@dataclass(frozen=True)
class Opposite:
    """NOT of a term."""

    term: "Condition"


Condition = Comparison | Within | Every | Either | Opposite


@dataclass(frozen=True)
class Origin:
    """What the statement reads from. `others` are the aliases of ``FROM Contact c, c.Account a``."""

    name: str  # an object; of a child subquery a relationship, perhaps with the parent before it
    position: int
    alias: str | None = None
    others: tuple[tuple[Path, str], ...] = ()


@dataclass(frozen=True)
class Grouping:
    """GROUP BY; `kind` is ROLLUP, CUBE or nothing."""

    expressions: tuple[Expression, ...] = ()
    kind: str = ""
    position: int = 0


@dataclass(frozen=True)
class Sorting:
    """One item of ORDER BY. `nulls` is FIRST, LAST or None where the statement does not say."""

    expression: Expression
    descending: bool = False
    nulls: str | None = None


@dataclass(frozen=True)
class Word:
    """A clause that is but a word or two, in capitals: ``USER_MODE``, ``VIEW``, ``TRACKING``."""

    name: str
    position: int


@dataclass(frozen=True)
class Statement:
    """A whole statement, or the inner one of a semi-join or of a child subquery."""

    text: str
    selected: tuple[Selected, ...]
    origin: Origin
    scope: tuple[str, int] | None = None
    where: Condition | None = None
    modes: tuple[Word, ...] = ()  # WITH: SECURITY_ENFORCED, USER_MODE, DATA CATEGORY and so on
    grouping: Grouping = Grouping()
    having: Condition | None = None
    sorted_by: tuple[Sorting, ...] = ()
    limit: int | None = None
    offset: int | None = None
    noted: tuple[Word, ...] = ()  # FOR: VIEW, REFERENCE, UPDATE
    updates: tuple[Word, ...] = ()  # UPDATE: TRACKING, VIEWSTAT


def comparisons(condition: Condition | None) -> Iterator[Comparison]:
    """Yield every comparison of a condition that holds whenever the condition does: its own, or those of an AND."""
    if isinstance(condition, Comparison):
        yield condition
    elif isinstance(condition, Every):
        for term in condition.terms:
            yield from comparisons(term)
