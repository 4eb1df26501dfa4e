"""Reading a SOQL statement: recursive descent over the tokens, one method a clause.

What is SOQL but not for REST (binds, ALL ROWS) is refused here in Salesforce's words; what depends on the org, its
version or on other clauses is left to those who know them.
"""

from toolkit.demo_org.soql import complaints
from toolkit.demo_org.soql.expressions import ExpressionReader
from toolkit.demo_org.soql.lexer import Kind
from toolkit.demo_org.soql.reader import RESERVED
from toolkit.demo_org.soql.tree import (
    Choice,
    FieldsOf,
    Grouping,
    Nested,
    Origin,
    Path,
    Selected,
    Sorting,
    Statement,
    TypeOf,
    Word,
)

LARGEST_OFFSET = 2000

_CLAUSES = ("USING", "WHERE", "WITH", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FOR", "UPDATE", "ALL")
_MODES = ("SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE")
_CATEGORY_OPERATORS = ("AT", "ABOVE", "BELOW", "ABOVE_OR_BELOW")


def parse(text: str) -> Statement:
    """Return what the statement says; raises Refusal (MALFORMED_QUERY) where it is not SOQL."""
    reader = _StatementReader(text)
    statement = reader.statement()
    if reader.now.kind is not Kind.END:
        raise reader.unexpected()
    return statement


class _StatementReader(ExpressionReader):
    def statement(self) -> Statement:
        self.word("SELECT")
        if self.now.is_word("FROM"):
            raise complaints.unexpected(self.text, self.now.position, f"SELECT {self.now.text}")
        selected = self.listed(self._selected)
        if not self.now.is_word("FROM") and self.now.kind is Kind.NAME:
            raise complaints.syntax(self.text, self.now.position, f"missing value at '{self.now.text}'")
        self.word("FROM")
        statement = Statement(
            self.text,
            tuple(selected),
            self._origin(),
            scope=self._scope() if self.taken("USING") else None,
            where=self.condition() if self.taken("WHERE") else None,
            modes=self._modes(),
            grouping=(grouping := self._grouping() if self.taken("GROUP") else Grouping()),
            having=self.condition() if grouping.expressions and self.taken("HAVING") else None,
            sorted_by=self._sorted_by() if self.taken("ORDER") else (),
            limit=self.whole_number() if self.taken("LIMIT") else None,
            offset=self._offset() if self.taken("OFFSET") else None,
            noted=self._words("FOR", ("VIEW", "REFERENCE", "UPDATE")),
            updates=self._words("UPDATE", ("TRACKING", "VIEWSTAT")),
        )
        if self.now.is_word("ALL") and self.next.is_word("ROWS"):
            raise complaints.syntax(self.text, self.now.position, "ALL ROWS not allowed in this context")
        return statement

    # -- SELECT

    def _selected(self) -> Selected:
        if self.now.is_symbol("("):
            return self._nested()
        if self.now.is_word("TYPEOF") and self.next.kind is Kind.NAME and not self.next.is_word("FROM"):
            return Selected(self._type_of(), None)
        if self.now.is_word("FIELDS") and self.next.is_symbol("("):
            return Selected(self._fields_of(), self._alias())
        expression = self.expression()
        return Selected(expression, self._alias())

    def _nested(self) -> Selected:
        position = self.now.position
        self.at += 1
        statement = self.deeper(self.statement)
        self.symbol(")")
        return Selected(Nested(statement, position), None)

    def _fields_of(self) -> FieldsOf:
        position = self.now.position
        self.at += 1
        self.symbol("(")
        group = self.one_of("ALL", "STANDARD", "CUSTOM").text.upper()
        self.symbol(")")
        return FieldsOf(group, position)

    def _type_of(self) -> TypeOf:
        position = self.now.position
        self.at += 1
        path = self.path()
        choices = []
        while self.taken("WHEN"):
            entity = self.name()
            self.word("THEN")
            choices.append(Choice(entity.text, entity.position, tuple(self.listed(self.path))))
        if not choices:
            raise self.unexpected()
        otherwise = tuple(self.listed(self.path)) if self.taken("ELSE") else ()
        self.word("END")
        return TypeOf(path, tuple(choices), otherwise, position)

    # -- FROM

    def _origin(self) -> Origin:
        path = self.path()
        alias = self._origin_alias()
        others: list[tuple[Path, str]] = []
        while self.now.is_symbol(","):
            self.at += 1
            other = self.path()
            name = self._origin_alias()
            if name is None:
                raise self.unexpected()
            others.append((other, name))
        return Origin(str(path), path.position, alias, tuple(others))

    def _origin_alias(self) -> str | None:
        if self.now.is_word("AS") and self.next.kind is Kind.NAME:
            self.at += 1
        ends_here = self.next.kind is Kind.END or self.next.is_symbol(")")
        return None if self.now.is_word(*_CLAUSES) and not ends_here else self._alias()

    def _alias(self) -> str | None:
        if self.now.kind is not Kind.NAME or self.now.is_word(*RESERVED):
            return None
        alias = self.now.text
        self.at += 1
        return alias

    def _scope(self) -> tuple[str, int]:
        self.word("SCOPE")
        name = self.name()
        return name.text, name.position

    # -- the clauses after WHERE

    def _modes(self) -> tuple[Word, ...]:
        modes = []
        while self.taken("WITH"):
            position = self.now.position
            if self.taken("DATA"):
                self.word("CATEGORY")
                self._categories()
                modes.append(Word("DATA CATEGORY", position))
            else:
                modes.append(Word(self.one_of(*_MODES).text.upper(), position))
        return tuple(modes)

    def _categories(self) -> None:
        while True:
            self.name()
            self.one_of(*_CATEGORY_OPERATORS)
            if self.now.is_symbol("("):
                self.at += 1
                self.listed(self.name)
                self.symbol(")")
            else:
                self.name()
            if not self.taken("AND"):
                return

    def _grouping(self) -> Grouping:
        self.word("BY")
        position = self.now.position
        if not (self.now.is_word("ROLLUP", "CUBE") and self.next.is_symbol("(")):
            return Grouping(tuple(self.listed(self.expression)), "", position)
        kind = self.now.text.upper()
        self.at += 2
        expressions = tuple(self.listed(self.expression))
        self.symbol(")")
        return Grouping(expressions, kind, position)

    def _sorted_by(self) -> tuple[Sorting, ...]:
        self.word("BY")
        return tuple(self.listed(self._sorting))

    def _sorting(self) -> Sorting:
        expression = self.expression()
        descending = self.taken("DESC")
        if not descending:
            self.taken("ASC")
        nulls = self.one_of("FIRST", "LAST").text.upper() if self.taken("NULLS") else None
        return Sorting(expression, descending, nulls)

    def _offset(self) -> int:
        offset = self.whole_number()
        if offset > LARGEST_OFFSET:
            raise complaints.plain(
                f"Maximum SOQL offset allowed is {LARGEST_OFFSET}", code="NUMBER_OUTSIDE_VALID_RANGE"
            )
        return offset

    def _words(self, clause: str, allowed: tuple[str, ...]) -> tuple[Word, ...]:
        """``FOR VIEW, REFERENCE`` or ``FOR VIEW FOR REFERENCE``: the clause, once or more."""
        words: list[Word] = []
        while self.now.is_word(clause):
            self.at += 1
            words += [Word(each.text.upper(), each.position) for each in self.listed(lambda: self.one_of(*allowed))]
        return tuple(words)
