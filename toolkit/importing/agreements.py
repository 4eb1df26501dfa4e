"""Agreements from the records of the Salesforce object that holds them (SKA-23 to SKA-31).

The mapping's ``terms`` say where each of their terms is: an opportunity, a contract, the account itself or a custom
object, it makes no difference. Nothing is guessed: a record that cannot become an agreement is left out with the reason
in words, and what is odd about one that is kept is remarked.

The rules. A negative amount is a credit note or a correction: it is left out and never summed, because lower revenue is
the end of one agreement and the start of another. Zero is kept and counts nothing. An agreement without an end is
open-ended. Agreements of one account that overlap are all kept and add up, because both are owed; where they have the
same plan that is remarked. ``mrr`` and ``arr`` are whole hundredths: the one that Salesforce holds is rounded half up,
``arr`` is twelve times ``mrr``, and ``mrr`` is a twelfth of ``arr``, rounded half up.
"""

from dataclasses import dataclass
from datetime import date

import polars as pl

from toolkit.config.agreements import AgreementTerms, TacitRenewal
from toolkit.config.objects import ObjectMapping
from toolkit.frames import AGREEMENT_REMARKS, AGREEMENTS, RECORD_KEY, SKIPS, conform
from toolkit.importing.agreement_remarks import remarks
from toolkit.importing.contract_dates import day, end_day, fault_of, filled, given_in_salesforce, notice_day, number
from toolkit.revenue.money import MOST, cents, money
from toolkit.revenue.running import with_runs
from toolkit.values import to_18
from toolkit.writeback.planning.finding import Finding
from toolkit.writeback.planning.sentences import sentence, shown

OPPORTUNITY = "Opportunity"
WON = "IsWon"
AMOUNT = "Amount"
"""The amount of an opportunity when the mapping does not say (SKA-27)."""

WON_RULE = "won opportunities (SKA-25)"
ACCOUNT_RULE = "account in scope (SKA-25)"
AMOUNT_RULE = "amount (SKA-27)"
FEE_RULE = "one-time fee (SKA-28)"
START_RULE = "start (SKA-29)"
END_RULE = "end (SKA-30)"
AGREEMENT_RULES = (WON_RULE, ACCOUNT_RULE, AMOUNT_RULE, FEE_RULE, START_RULE, END_RULE)
"""Every rule of a skip; each import replaces all it said before."""


@dataclass(frozen=True)
class Agreed:
    """What the records agree on (`frames.AGREEMENTS`), those that could not become an agreement and why
    (`frames.SKIPS`), and what is worth a look at those that did (`frames.AGREEMENT_REMARKS`).
    """

    agreements: pl.DataFrame
    skips: pl.DataFrame
    remarks: pl.DataFrame

    def __str__(self) -> str:
        active = self.agreements.filter(status="active").height
        left = f"; {self.skips.height:,} records are none" if self.skips.height else ""
        return f"{self.agreements.height:,} agreements, {active:,} of them in force{left}"


def agreements(there: pl.DataFrame, mapping: ObjectMapping, accounts: pl.DataFrame, as_of: date) -> Agreed:
    """Return what the records `there` agree on, as of a day.

    `there` are wide records with the columns ``id`` and every path of the mapping's ``there_paths``; `accounts` are the
    links of the accounts, with the columns ``there_id`` and ``here_id``. Without terms, or disabled, there are no
    agreements (SKA-23). An opportunity that is not won is never one, whatever brought it here (SKA-25).

    The id is the value of the mapping's ``id`` where that is one record's alone, otherwise the record id.
    """
    if mapping.terms is None or mapping.mode == "disabled":
        return Agreed(AGREEMENTS.empty(), SKIPS.empty(), AGREEMENT_REMARKS.empty())
    links = accounts.sort("there_id", "here_id").unique("there_id", keep="first", maintain_order=True)
    read = (
        _read(there, mapping, mapping.terms)
        .join(links.select(account_there_id="there_id", account_id="here_id"), on="account_there_id", how="left")
        .with_columns(_fault=_first_fault(mapping))
    )
    kept = with_runs(_amounts(read.filter(pl.col("_fault").is_null()), mapping.terms))
    known = kept.with_columns(status=_status(as_of))
    return Agreed(
        conform(known, AGREEMENTS),
        _skips(read.filter(pl.col("_fault").is_not_null()), mapping.object),
        remarks(known, as_of),
    )


def advice(mapping: ObjectMapping, place: str = "objects.agreement.terms") -> tuple[Finding, ...]:
    """Return what an admin should know about the terms before their figures are believed."""
    terms, found = mapping.terms, []
    if terms is None or mapping.mode == "disabled":
        return ()
    if terms.start.rpartition(".")[2].lower() == "closedate":
        message = "the start is the day the deal was closed, which is mostly not the day the contract starts"
        hint = "map the field that holds the start of the contract"
        found.append(Finding("warning", "SKA-29", f"{place}.start", message, hint))
    in_crm = terms.notice is not None and (terms.notice.date or terms.notice.duration)
    if terms.tacit.when_notice_given and not in_crm:
        message = "nothing ever renews by itself: no field of Salesforce says when notice is given"
        hint = "map notice to a field, or say tacit = { always = true }"
        found.append(Finding("warning", "SKA-31", f"{place}.tacit", message, hint))
    if terms.end is None:
        message = "no end is mapped: every agreement is open-ended, none is ever up for renewal or churns"
        found.append(Finding("warning", "SKA-30", f"{place}.end", message, "map the end by duration, date or manual"))
    return tuple(found)


def _amount_path(mapping: ObjectMapping) -> str | None:
    """The field of the amount (SKA-27)."""
    amount = mapping.terms.amount if mapping.terms else None
    return amount or (AMOUNT if mapping.sobject == OPPORTUNITY else None)


def _read(there: pl.DataFrame, mapping: ObjectMapping, terms: AgreementTerms) -> pl.DataFrame:
    """Return one row a record with every term in a column of its own, and why it cannot be read where it cannot."""
    schema, amount = there.schema, _amount_path(mapping)
    start = day(terms.start, schema)
    end = end_day(terms.end, start, schema)
    account = mapping.account_path or RECORD_KEY  # without a path the record itself is the customer
    nothing = pl.lit(None, pl.String)
    return there.select(
        id=_id(mapping.id),
        _record=RECORD_KEY,
        name=_text(mapping.name) if mapping.name in schema else nothing,
        account_there_id=to_18(_text(account)),
        plan=_text(terms.plan) if terms.plan else nothing,
        currency=_text(terms.currency).str.to_uppercase().fill_null("") if terms.currency else pl.lit(""),
        start=start,
        end=end,
        notice=notice_day(terms.notice, end, schema),
        tacit=_tacit(terms, schema),
        amount=number(amount, schema) if amount else pl.lit(None, pl.Float64),
        one_time=number(terms.one_time, schema) if terms.one_time else pl.lit(None, pl.Float64),
        _amount=_unread(amount, schema, "number"),
        _one_time=_unread(terms.one_time, schema, "number") if terms.one_time else nothing,
        _start=_unread(terms.start, schema, "date"),
        _end=fault_of(terms.end, schema),
        _notice=fault_of(terms.notice, schema),
        _won=pl.col(WON) if mapping.sobject == OPPORTUNITY else pl.lit(value=True),
    )


def _id(path: str | None) -> pl.Expr:
    if path is None:
        return pl.col(RECORD_KEY)
    own = _text(path)
    return pl.when((own.is_not_null() & own.is_unique()).fill_null(value=False)).then(own).otherwise(pl.col(RECORD_KEY))


def _text(path: str) -> pl.Expr:
    text = pl.col(path).cast(pl.String).str.strip_chars()
    return pl.when(text != "").then(text)


def _unread(path: str | None, schema: pl.Schema, wanted: str) -> pl.Expr:
    """Why a field cannot be read: null where it is empty or can."""
    if path is None:
        return pl.lit("no field is mapped to the amount")
    value = number(path, schema) if wanted == "number" else day(path, schema)
    text = shown(pl.col(path).cast(pl.String).str.strip_chars())
    return (
        pl.when(~filled(path, schema))
        .then(pl.lit(f"{path} is empty"))
        .when(value.is_null())
        .then(sentence(f"{path} is ", text, f", which is no {wanted}"))
    )


def _tacit(terms: AgreementTerms, schema: pl.Schema) -> pl.Expr:
    """Whether it renews by itself (SKA-31)."""
    rule: TacitRenewal = terms.tacit
    if rule.when_notice_given:
        return given_in_salesforce(terms.notice, schema)
    if rule.field is None:
        return pl.lit(bool(rule.always))
    wanted = [str(value).strip().lower() for value in rule.values]
    dtype, value = schema[rule.field], pl.col(rule.field)
    if isinstance(dtype, pl.List):
        plain = value.list.eval(pl.element().cast(pl.String).str.strip_chars().str.to_lowercase().is_in(wanted))
        return plain.list.any().fill_null(value=False)
    return value.cast(pl.String).str.strip_chars().str.to_lowercase().is_in(wanted).fill_null(value=False)


def _first_fault(mapping: ObjectMapping) -> pl.Expr:
    """The first reason why a record is no agreement, as a struct of rule and reason; null where it is one."""
    faults = [(WON_RULE, ~pl.col("_won").fill_null(value=False), pl.lit("the opportunity is not won"))]
    path = mapping.account_path or "Id"
    faults += [
        (ACCOUNT_RULE, pl.col("account_there_id").is_null(), pl.lit(f"it has no account: {path} is empty")),
        (
            ACCOUNT_RULE,
            pl.col("account_id").is_null(),
            sentence("its account ", pl.col("account_there_id"), " is not in scope, or not linked"),
        ),
    ]
    for rule, name in ((AMOUNT_RULE, "amount"), (FEE_RULE, "one_time")):
        told, text = pl.col(f"_{name}"), pl.col(name).cast(pl.String)
        unread = told.is_not_null() if name == "amount" else told.str.contains(", which is no ", literal=True)
        negative = sentence("its amount is ", text, ": a credit or a correction, which is never added to revenue")
        faults += [
            (rule, unread, told),
            (rule, pl.col(name) < 0, negative),
            (rule, pl.col(name) > MOST, sentence("its amount is ", text, ", more than can be added to the cent")),
        ]
    before = sentence(
        "it ends on ", pl.col("end").cast(pl.String), ", before it starts on ", pl.col("start").cast(pl.String)
    )
    faults += [
        (START_RULE, pl.col("_start").is_not_null(), pl.col("_start")),
        (END_RULE, pl.col("_end").is_not_null(), pl.col("_end")),
        (END_RULE, pl.col("end") < pl.col("start"), before),
    ]
    return pl.coalesce(
        pl.when(holds.fill_null(value=False)).then(pl.struct(rule=pl.lit(rule), reason=reason))
        for rule, holds, reason in faults
    )


def _amounts(read: pl.DataFrame, terms: AgreementTerms) -> pl.DataFrame:
    """Return the rows with mrr, arr and one_time as whole hundredths."""
    given = cents(pl.col("amount"))
    mrr, arr = (given, given * 12) if terms.revenue == "mrr" else ((given * 2 + 12) // 24, given)
    return read.with_columns(mrr=money(mrr), arr=money(arr), one_time=money(cents(pl.col("one_time"))))


def _status(as_of: date) -> pl.Expr:
    """Where the agreement stands on the day: what renews by itself is active until something follows it."""
    return (
        pl.when(pl.col("start") > as_of)
        .then(pl.lit("future"))
        .when(pl.col("until") < as_of)
        .then(pl.lit("ended"))
        .otherwise(pl.lit("active"))
    )


def _skips(left_out: pl.DataFrame, object_name: str) -> pl.DataFrame:
    fault = pl.col("_fault").struct
    rows = left_out.select(
        "name",
        object=pl.lit(object_name),
        side=pl.lit("there"),
        id="_record",
        rule=fault.field("rule"),
        reason=fault.field("reason"),
    )
    return conform(rows, SKIPS)
