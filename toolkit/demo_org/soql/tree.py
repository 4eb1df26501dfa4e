"""What a SOQL statement says, before it is known whether the org has what it names."""

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
class Call:
    """A function of a field: ``toLabel(Type)``, ``MAX(Amount)``, ``FORMAT(MIN(CloseDate))``, ``COUNT()``."""

    function: str  # in capitals
    argument: "Path | Call | None"
    position: int


@dataclass(frozen=True)
class FieldsOf:
    """``FIELDS(ALL)`` and its like; `group` is in capitals."""

    group: str
    position: int


@dataclass(frozen=True)
class Selected:
    """One item of the SELECT list."""

    expression: Path | Call | FieldsOf
    alias: str | None


@dataclass(frozen=True)
class Value:
    """A value to compare with. `count` is the n of ``LAST_N_DAYS:n``."""

    kind: str  # string, number, date, datetime, boolean, null, relative
    token: Token
    count: int | None = None


@dataclass(frozen=True)
class Comparison:
    """A field compared with one value, or with a list of them (IN, NOT IN, INCLUDES, EXCLUDES)."""

    left: Path
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

    name: str
    position: int
    alias: str | None = None
    others: tuple[tuple[Path, str], ...] = ()


@dataclass(frozen=True)
class Sorting:
    """One item of ORDER BY. `nulls` is FIRST, LAST or None where the statement does not say."""

    expression: Path | Call
    descending: bool = False
    nulls: str | None = None


@dataclass(frozen=True)
class Statement:
    """A whole statement, or the inner one of a semi-join."""

    text: str
    selected: tuple[Selected, ...]
    origin: Origin
    scope: tuple[str, int] | None = None
    where: Condition | None = None
    grouped: tuple[Path, ...] = ()
    sorted_by: tuple[Sorting, ...] = ()
    limit: int | None = None
    offset: int | None = None
    noted: str | None = None  # VIEW or REFERENCE
