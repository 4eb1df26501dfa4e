"""The part of the mapping file that says what an agreement is: its amount, its term, its notice and its renewal.

Every company keeps these elsewhere and in another form, so each is a path to a Salesforce field or a value that is
frozen here (SKA-23 to SKA-31). What is worked out from them is in `toolkit.importing.agreements`.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from toolkit.config.terms import FieldPath, Model

Interval = Literal["day", "week", "month", "year"]
Frozen = Annotated[str, StringConstraints(pattern=r"^(\d{4}-\d{2}-\d{2}|\d+ (day|week|month|year)s?)$")]
"""A value that is not in the CRM: a date, ``2026-12-31``, or a length of time, ``3 months``."""


class Term(Model):
    """When an agreement ends, or how long before its end notice is given, in one of three ways (SKA-30).

    ``duration`` is a field with a number of ``unit``; ``date`` a field with a date; ``manual`` a frozen date or length.
    A length runs from the start for the end of the contract, and back from the end for the notice.
    """

    duration: FieldPath | None = None
    unit: Interval = "month"
    date: FieldPath | None = None
    manual: Frozen | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "Term":
        if sum(each is not None for each in (self.duration, self.date, self.manual)) != 1:
            raise ValueError('needs exactly one of "duration", "date" and "manual" (SKA-30)')
        return self


class TacitRenewal(Model):
    """Whether an agreement renews by itself (SKA-31): if a notice is given in the CRM, by a value, always or never."""

    when_notice_given: bool = False
    field: FieldPath | None = None
    values: tuple[str | bool, ...] = (True,)
    always: bool | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "TacitRenewal":
        if self.when_notice_given + (self.field is not None) + (self.always is not None) != 1:
            raise ValueError('needs exactly one of "when_notice_given = true", "field" and "always" (SKA-31)')
        return self


class AgreementTerms(Model):
    """Where an agreement's terms are in Salesforce. ``revenue`` and ``amount`` are mandatory (SKA-26, SKA-27).

    ``amount`` is the recurring revenue of a month when ``revenue`` is ``mrr``, of a year when it is ``arr``; for
    opportunities it is Amount when not said. ``one_time`` is a fee on top that does not recur.
    """

    revenue: Literal["mrr", "arr"]
    amount: FieldPath | None = None
    currency: FieldPath | None = None
    plan: FieldPath | None = None
    one_time: FieldPath | None = None
    start: FieldPath
    end: Term | None = None
    notice: Term | None = None
    tacit: TacitRenewal = Field(default_factory=lambda: TacitRenewal(always=False))

    @property
    def paths(self) -> tuple[str, ...]:
        """Every Salesforce field that the terms are read from, each once."""
        return tuple(dict.fromkeys(self.named_paths.values()))

    @property
    def named_paths(self) -> dict[str, str]:
        """The Salesforce field of each term that is read from one, by the term's name."""
        paths = {
            "amount": self.amount,
            "currency": self.currency,
            "plan": self.plan,
            "one_time": self.one_time,
            "start": self.start,
            "end": self.end and (self.end.duration or self.end.date),
            "notice": self.notice and (self.notice.duration or self.notice.date),
            "tacit": self.tacit.field,
        }
        return {name: path for name, path in paths.items() if path}
