"""Two records side by side, field by field, with what differs marked word by word: what a person decides by."""

from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby

import polars as pl

from toolkit.config.objects import ObjectMapping
from toolkit.frames import RECORD_KEY
from toolkit.matching.domains import registrable_domain
from toolkit.matching.names import core_name
from toolkit.matching.suggest_traits import CITIES, COUNTRIES, DOMAINS, column_for
from toolkit.values import to_text


@dataclass(frozen=True)
class Span:
    """A piece of a value, and whether the other side has it too."""

    text: str
    differs: bool


@dataclass(frozen=True)
class Line:
    """One field of two records: its names, what each holds (None for nothing), and how the two agree.

    ``agrees`` is ``same``, ``alike`` (but for case, accents, legal form or punctuation, or the same domain),
    ``differs``, or ``one side`` where one of them is empty.
    """

    here_field: str
    there_field: str
    here: str | None
    there: str | None
    agrees: str

    @property
    def spans(self) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
        """Both values in pieces, here first, with what the other does not have marked; none of what is empty."""
        if self.here is None or self.there is None:
            return _whole(self.here), _whole(self.there)
        return marked(self.here, self.there)


def side_by_side(
    mapping: ObjectMapping, here: pl.DataFrame, there: pl.DataFrame, here_id: str, there_id: str
) -> tuple[Line, ...]:
    """Return the fields of two records that tell who they are: keys and name always, others where both hold something.

    A record that is not in its frame has no values.
    """
    one = here.filter(pl.col(RECORD_KEY) == here_id)
    other = there.filter(pl.col(RECORD_KEY) == there_id)
    always, more = _pairs(mapping, here, there)
    lines = [_line(one, other, *pair) for pair in (*always, *more)]
    kept = [line for line in lines[: len(always)] if line.here is not None or line.there is not None]
    return (*kept, *(line for line in lines[len(always) :] if line.here is not None and line.there is not None))


def marked(here: str, there: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Return two texts in pieces; words that only one of them has, whatever their case, differ."""
    words = [_words(text) for text in (here, there)]
    lowered = [[word.casefold() for word in each] for each in words]
    equal: tuple[set[int], set[int]] = (set(), set())
    for block in SequenceMatcher(None, lowered[0], lowered[1], autojunk=False).get_matching_blocks():
        equal[0].update(range(block.a, block.a + block.size))
        equal[1].update(range(block.b, block.b + block.size))
    return _spans(words[0], equal[0]), _spans(words[1], equal[1])


def _whole(text: str | None) -> tuple[Span, ...]:
    return () if text is None else (Span(text, differs=False),)


def _words(text: str) -> list[str]:
    return ["".join(letters) for _, letters in groupby(text, key=lambda letter: (letter.isalnum(), letter.isspace()))]


def _spans(words: list[str], equal: set[int]) -> tuple[Span, ...]:
    """Return words as pieces, neighbours of a kind together; blanks alone never differ."""
    told = [(word, place not in equal and not word.isspace()) for place, word in enumerate(words)]
    runs = groupby(told, key=lambda each: each[1])
    return tuple(Span("".join(word for word, _ in run), differs) for differs, run in runs)


def _pairs(
    mapping: ObjectMapping, here: pl.DataFrame, there: pl.DataFrame
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the columns to compare: name and keys, and then what else both sides have."""
    names = [field.here for field in mapping.fields if field.there == mapping.name]
    always = [(name, mapping.name) for name in (*names, "name") if name in here.columns][:1]
    always += [(part.here.field, part.there.field) for rule in mapping.match for part in rule.parts]
    found = [(column_for(here, mapping, "here", each), column_for(there, mapping, "there", each))
             for each in (DOMAINS, CITIES, COUNTRIES)]  # fmt: skip
    traits = [(one, other) for one, other in found if one is not None and other is not None]
    fields = [(field.here, field.reads) for field in mapping.visible_fields]
    first = list(dict.fromkeys(always))
    return first, [pair for pair in dict.fromkeys([*traits, *fields]) if pair not in first]


def _line(one: pl.DataFrame, other: pl.DataFrame, here_field: str, there_field: str) -> Line:
    here, there = _text(one, here_field), _text(other, there_field)
    if here is None or there is None:
        return Line(here_field, there_field, here, there, "one side")
    if here == there:
        return Line(here_field, there_field, here, there, "same")
    both = pl.Series([here, there])
    forms = (both.str.to_lowercase(), core_name(both), registrable_domain(both))
    alike = any(form[0] is not None and form[0] == form[1] for form in forms)
    return Line(here_field, there_field, here, there, "alike" if alike else "differs")


def _text(record: pl.DataFrame, column: str) -> str | None:
    column = RECORD_KEY if column == "Id" and column not in record.columns else column
    if column not in record.columns or record.is_empty():
        return None
    dtype = record.schema[column]
    kind = "boolean" if dtype == pl.Boolean else "multipicklist" if isinstance(dtype, pl.List) else "string"
    text = record.select(to_text(pl.col(column), dtype, kind)).item(0, 0)
    return str(text) if text is not None and str(text).strip() else None
