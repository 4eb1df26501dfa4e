"""Agreements from records: every way to say a term, every record that cannot become one, and what is remarked."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from toolkit.config import AgreementTerms, ObjectMapping, TacitRenewal, Term, parse
from toolkit.errors import ConfigError, InputError
from toolkit.frames import AGREEMENT_REMARKS, AGREEMENTS, SKIPS
from toolkit.importing.agreements import advice, agreements

TODAY = date(2026, 11, 2)
ACME, OTHER = "001000000000001AAA", "001000000000002AAA"
LINKS = pl.DataFrame({"there_id": [ACME], "here_id": ["P-1"]})
YEAR = Term(duration="Months__c")
DOCUMENT = """
[connection]
login = "demo"
[objects.account]
sobject = "Account"
create = true
"""


def mapping(sobject="Contract", name="Name", mode="input", **terms) -> ObjectMapping:
    usual = {"revenue": "mrr", "amount": None if sobject == "Opportunity" else "Amount__c", "start": "Start__c"}
    terms = AgreementTerms(**{**usual, **terms})
    return ObjectMapping(sobject=sobject, name=name, mode=mode, terms=terms).named("agreement")


def records(*rows: dict[str, object], **types: pl.DataType) -> pl.DataFrame:
    usual = {"Name": "Deal", "AccountId": ACME, "Start__c": date(2026, 1, 15), "Amount__c": 100.0}
    full = [{"id": f"800{number:015d}", **usual, **row} for number, row in enumerate(rows, start=1)]
    return pl.DataFrame(full, schema_overrides=types, infer_schema_length=None)


def made(rows: list[dict[str, object]], as_of=TODAY, sobject="Contract", types=None, **terms):
    return agreements(records(*rows, **(types or {})), mapping(sobject, **terms), LINKS, as_of)


def ends(start: str, count: object, unit: str = "month") -> str:
    row = {"Start__c": date.fromisoformat(start), "Months__c": count}
    found = made([row], end=Term(duration="Months__c", unit=unit))
    return str(found.agreements["end"].item())


def test_SKA_23_agreements_are_off_until_an_object_is_chosen():
    assert [each.acts_as for each in parse(DOCUMENT).active_objects.values()] == ["account"]
    terms = 'revenue = "mrr"\namount = "MRR__c"\nstart = "StartDate"'
    assert "agreement" in parse(_with_agreement("Contract", terms)).active_objects
    assert "agreement" not in parse(_with_agreement("Contract", terms, 'mode = "disabled"')).active_objects
    for wrong in ("", 'mode = "two_way"', 'mode = "output"'):
        with pytest.raises(ConfigError, match='valid for agreement is "input", "disabled"'):
            parse(_with_agreement("Contract", terms, wrong))
    off = ObjectMapping(sobject="Contract", mode="disabled").named("agreement")
    for nothing in (off, mapping(mode="disabled"), ObjectMapping(sobject="Contract", mode="input").named("agreement")):
        found = agreements(records({}), nothing, LINKS, TODAY)
        assert (found.agreements.height, found.skips.height, found.remarks.height) == (0, 0, 0)


def test_SKA_25_an_opportunity_that_is_not_won_never_counts_whatever_brought_it_here():
    rows = [{"IsWon": won, "Amount": 5.0} for won in (True, False, None)]
    found = made(rows, sobject="Opportunity")
    assert found.agreements.height == 1
    assert found.skips.select("rule", "reason").unique().rows() == [
        ("won opportunities (SKA-25)", "the opportunity is not won")
    ]
    assert found.skips.height == 2


def test_SKA_25_the_account_must_be_in_scope():
    found = made([{}, {"AccountId": OTHER}, {"AccountId": None}, {"AccountId": ACME[:15]}])
    assert found.agreements.select("account_id", "account_there_id").unique().rows() == [("P-1", ACME)]
    assert found.agreements.height == 2, "an id of 15 characters is the same account"
    assert found.skips["reason"].to_list() == [
        f"its account {OTHER} is not in scope, or not linked", "it has no account: AccountId is empty",
    ]  # fmt: skip


def test_SKA_26_mrr_or_arr_must_be_said_and_gives_both():
    assert made([{"Amount__c": 99.99}]).agreements.select("mrr", "arr").rows() == [(99.99, 1199.88)]
    yearly = made([{"Amount__c": 1000.0}, {"Amount__c": 100.5}], revenue="arr").agreements
    assert yearly.select("mrr", "arr").rows() == [(83.33, 1000.0), (8.38, 100.5)], "a twelfth, rounded half up"


@pytest.mark.parametrize(
    ("sobject", "terms", "fault"),
    [
        ("Contract", 'amount = "MRR__c"\nstart = "StartDate"', "revenue"),
        ("Contract", 'revenue = "mrr"\nstart = "StartDate"', "amount"),
        ("Contract", 'revenue = "tcv"\namount = "MRR__c"\nstart = "StartDate"', "revenue"),
        ("Opportunity", 'revenue = "mrr"', "start"),
    ],
)
def test_SKA_26_and_SKA_27_what_is_mandatory_is_a_fault_of_the_mapping_file(sobject, terms, fault):
    with pytest.raises(ConfigError) as caught:
        parse(_with_agreement(sobject, terms))
    assert [f"objects.agreement.terms.{fault}"] == [each.place for each in caught.value.faults]


def test_SKA_27_the_amount_of_an_opportunity_is_amount_when_nothing_is_said():
    settings = parse(_with_agreement("Opportunity", 'revenue = "arr"\nstart = "Start__c"'))
    read = settings.objects["agreement"]
    assert {"Amount", "IsWon", "Start__c"} <= set(read.there_paths)
    rows = records({"Amount": 1200.0, "IsWon": True})
    assert agreements(rows, read, LINKS, TODAY).agreements["mrr"].item() == 100
    assert made([{"Amount": 1.0, "Other__c": 7.0, "IsWon": True}], sobject="Opportunity", amount="Other__c").agreements[
        "mrr"
    ].item() == 7  # fmt: skip


def test_SKA_28_plan_and_one_time_fee_are_optional_and_apart():
    found = made(
        [{"Plan__c": " Pro ", "Fee__c": 250.0}, {"Plan__c": " ", "Fee__c": None}], plan="Plan__c", one_time="Fee__c"
    )
    assert found.agreements.select("plan", "one_time", "mrr").rows() == [("Pro", 250.0, 100.0), (None, None, 100.0)]
    assert made([{}]).agreements.select("plan", "one_time").rows() == [(None, None)]


def test_SKA_29_the_start_is_a_field_of_its_own_and_the_closing_date_gets_a_warning():
    starts = {"Start__c": date(2026, 3, 1), "CloseDate": date(2026, 2, 1)}
    assert made([starts]).agreements["start"].item() == date(2026, 3, 1)
    (warning,) = advice(mapping(start="CloseDate", end=YEAR))
    assert (warning.severity, warning.requirement) == ("warning", "SKA-29")
    assert "not the day the contract starts" in warning.message
    assert warning.hint
    assert advice(mapping(end=YEAR)) == ()
    assert advice(mapping(start="CloseDate", mode="disabled")) == ()


def test_SKA_29_a_moment_or_a_text_has_its_day():
    moment = {"Start__c": datetime(2026, 3, 1, 23, 30, tzinfo=UTC)}
    assert made([moment]).agreements["start"].item() == date(2026, 3, 1)
    assert made([{"Start__c": "2026-03-01T10:00:00Z"}]).agreements["start"].item() == date(2026, 3, 1)


def test_SKA_30_the_end_is_a_duration_a_date_or_a_frozen_value():
    row = {"Months__c": 6, "End__c": date(2026, 12, 31)}
    told = {
        Term(duration="Months__c"): "2026-07-14",
        Term(date="End__c"): "2026-12-31",
        Term(manual="2027-03-31"): "2027-03-31",
        Term(manual="2 years"): "2028-01-14",
    }
    for term, end in told.items():
        assert str(made([row], end=term).agreements["end"].item()) == end


@pytest.mark.parametrize(
    ("start", "count", "unit", "end"),
    [
        ("2026-01-15", 12, "month", "2027-01-14"),
        ("2026-01-01", 12, "month", "2026-12-31"),
        ("2026-01-15", 1, "day", "2026-01-15"),
        ("2026-01-15", 2, "week", "2026-01-28"),
        ("2026-01-15", 3, "year", "2029-01-14"),
        ("2024-02-29", 1, "year", "2025-02-27"),
        ("2024-02-29", 4, "year", "2028-02-28"),
        ("2023-03-01", 12, "month", "2024-02-29"),
        ("2026-01-31", 1, "month", "2026-02-27"),
        ("2026-08-31", 6, "month", "2027-02-27"),
        ("2026-01-15", 12.0, "month", "2027-01-14"),
        ("2026-01-15", " 12 ", "month", "2027-01-14"),
    ],
)
def test_SKA_30_a_duration_runs_by_the_calendar(start, count, unit, end):
    assert ends(start, count, unit) == end


@pytest.mark.parametrize(
    ("notice", "last_day"),
    [
        (Term(duration="Notice__c"), "2026-09-30"),
        (Term(duration="Notice__c", unit="day"), "2026-12-28"),
        (Term(duration="Notice__c", unit="week"), "2026-12-10"),
        (Term(duration="Notice__c", unit="year"), "2023-12-31"),
        (Term(date="By__c"), "2026-10-15"),
        (Term(manual="3 months"), "2026-09-30"),
        (Term(manual="2026-11-11"), "2026-11-11"),
    ],
)
def test_SKA_30_the_notice_is_reckoned_back_from_the_end_in_the_same_three_ways(notice, last_day):
    row = {"Notice__c": "3", "By__c": date(2026, 10, 15)}
    found = made([row], end=Term(manual="2026-12-31"), notice=notice)
    assert str(found.agreements["notice"].item()) == last_day


def test_SKA_30_a_notice_of_whole_months_ends_where_a_month_does():
    found = made([{}], end=Term(manual="2027-02-28"), notice=Term(manual="3 months"))
    assert found.agreements["notice"].item() == date(2026, 11, 30)


@pytest.mark.parametrize("frozen", ["2026-02-30", "1001 years"])
def test_SKA_30_a_frozen_value_that_cannot_be_is_said(frozen):
    with pytest.raises(InputError, match=frozen):
        made([{}], end=Term(manual=frozen))


def test_SKA_30_without_an_end_it_is_open_ended_and_that_is_remarked():
    found = made([{"Months__c": None}], end=YEAR, notice=Term(manual="3 months"))
    assert found.agreements.select("end", "notice", "status").rows() == [(None, None, "active")]
    assert found.remarks.select("kind", "reason").rows() == [
        ("open_ended", "no end is given, so it counts as open-ended from 2026-01-15")
    ]
    (finding,) = advice(mapping())
    assert finding.requirement == "SKA-30"


def test_SKA_31_tacit_when_a_notice_is_given_in_salesforce():
    when = TacitRenewal(when_notice_given=True)
    rows = [{"Notice__c": "90", "By__c": None}, {"Notice__c": " ", "By__c": TODAY}, {"Notice__c": None, "By__c": None}]
    asked = {
        Term(duration="Notice__c", unit="day"): [True, False, False],
        Term(date="By__c"): [False, True, False],
        Term(manual="3 months"): [False, False, False],
    }
    for notice, wanted in asked.items():
        assert made(rows, tacit=when, notice=notice, end=Term(manual="1 year")).agreements["tacit"].to_list() == wanted
    (finding,) = advice(mapping(tacit=when, notice=Term(manual="3 months"), end=YEAR))
    assert finding.requirement == "SKA-31"


@pytest.mark.parametrize(
    ("held", "values", "tacit"),
    [
        ([True, False, None], (True,), [True, False, False]),
        (["Auto", "manual", None], ("auto", "Evergreen"), [True, False, False]),
        (["true", "FALSE", " True "], (True,), [True, False, True]),
        ([["A", "Auto"], ["B"], None], ("Auto",), [True, False, False]),
        ([1, 2, None], ("1",), [True, False, False]),
    ],
)
def test_SKA_31_tacit_by_a_value_of_salesforce(held, values, tacit):
    rule = TacitRenewal(field="Renews__c", values=values)
    assert made([{"Renews__c": value} for value in held], tacit=rule).agreements["tacit"].to_list() == tacit


def test_SKA_31_tacit_always_or_never():
    assert made([{}], tacit=TacitRenewal(always=True)).agreements["tacit"].to_list() == [True]
    assert made([{}], tacit=TacitRenewal(always=False)).agreements["tacit"].to_list() == [False]
    assert made([{}]).agreements["tacit"].to_list() == [False]


def test_the_status_is_as_of_a_day_and_a_tacit_renewal_is_active():
    row, half = {"Start__c": date(2026, 1, 1)}, Term(manual="6 months")
    days = {"2025-12-31": "future", "2026-01-01": "active", "2026-06-30": "active", "2026-07-01": "ended"}
    for day, status in days.items():
        assert made([row], date.fromisoformat(day), end=half).agreements["status"].item() == status
    always = TacitRenewal(always=True)
    found = made([row], end=half, tacit=always)
    assert found.agreements["status"].item() == "active"
    assert found.remarks["kind"].to_list() == ["runs_on"]
    followed = made([row, row | {"Start__c": date(2026, 7, 1)}], end=half, tacit=always)
    assert followed.agreements["status"].to_list() == ["ended", "active"]


BAD = [
    ({"Amount__c": None}, "amount (SKA-27)", "Amount__c is empty"),
    ({"Amount__c": -500.0}, "amount (SKA-27)", "its amount is -500.0: a credit or a correction"),
    ({"Amount__c": float("nan")}, "amount (SKA-27)", "which is no number"),
    ({"Amount__c": float("inf")}, "amount (SKA-27)", "which is no number"),
    ({"Amount__c": 1e15}, "amount (SKA-27)", "more than can be added to the cent"),
    ({"Fee__c": -1.0}, "one-time fee (SKA-28)", "its amount is -1.0: a credit or a correction"),
    ({"Start__c": None}, "start (SKA-29)", "Start__c is empty"),
    ({"Months__c": 0}, "end (SKA-30)", "it ends on 2026-01-14, before it starts on 2026-01-15"),
    ({"Months__c": -3}, "end (SKA-30)", "Months__c is '-3.0', which is no whole number of months from 0 to 12000"),
    ({"Months__c": 1.5}, "end (SKA-30)", "Months__c is '1.5', which is no whole number of months"),
    ({"Months__c": 1e9}, "end (SKA-30)", "which is no whole number of months"),
]


@pytest.mark.parametrize(("row", "rule", "reason"), BAD)
def test_what_cannot_become_an_agreement_is_skipped_with_the_reason(row, rule, reason):
    usual = {"Months__c": 12.0, "Fee__c": None}
    found = made(
        [usual | row, usual], end=YEAR, one_time="Fee__c", types={"Fee__c": pl.Float64, "Months__c": pl.Float64}
    )
    assert found.agreements["id"].to_list() == ["800000000000000002"]
    (skip,) = found.skips.to_dicts()
    assert (skip["object"], skip["side"], skip["id"], skip["name"]) == (
        "agreement",
        "there",
        "800000000000000001",
        "Deal",
    )
    assert skip["rule"] == rule
    assert reason in skip["reason"]


def test_texts_that_are_no_number_or_no_date_are_told():
    texts = [{"Amount__c": "12.50", "Start__c": "2026-01-01"}, {"Amount__c": "much", "Start__c": "soon"}]
    found = made([*texts, texts[0] | {"Start__c": "01/02/2026"}])
    assert found.agreements.select("mrr", "start").rows() == [(12.5, date(2026, 1, 1))]
    assert found.skips["reason"].to_list() == [
        "Amount__c is 'much', which is no number", "Start__c is '01/02/2026', which is no date",
    ]  # fmt: skip


def test_an_end_before_the_start_is_skipped_and_one_day_is_not():
    rows = [{"End__c": date(2026, 1, 14)}, {"End__c": date(2026, 1, 15)}]
    found = made(rows, end=Term(date="End__c"))
    assert found.agreements["end"].to_list() == [date(2026, 1, 15)]
    assert found.skips["reason"].to_list() == ["it ends on 2026-01-14, before it starts on 2026-01-15"]


def test_overlapping_agreements_of_one_plan_are_kept_and_remarked():
    rows = [
        {"Start__c": date(2026, 1, 1), "Plan__c": "Pro", "Months__c": 24},
        {"Start__c": date(2026, 2, 1), "Plan__c": "Pro", "Months__c": 1},
        {"Start__c": date(2026, 6, 1), "Plan__c": "Pro", "Months__c": 12},
        {"Start__c": date(2028, 1, 1), "Plan__c": "Pro", "Months__c": 12},
        {"Start__c": date(2026, 6, 1), "Plan__c": "Add-on", "Months__c": 12},
    ]
    found = made(rows, end=YEAR, plan="Plan__c")
    assert found.agreements.height == 5
    assert found.skips.is_empty()
    overlaps = found.remarks.filter(kind="overlap").select("id", "reason").rows()
    said = "it starts on {} while 800000000000000001 of the same account and plan runs until 2027-12-31: both are added"
    assert overlaps == [
        ("800000000000000002", said.format("2026-02-01")),
        ("800000000000000003", said.format("2026-06-01")),
    ]


def test_what_an_odd_notice_or_a_short_run_means_is_remarked():
    late = made([{"By__c": date(2027, 6, 1)}], end=Term(manual="1 year"), notice=Term(date="By__c"))
    assert late.remarks["reason"].to_list() == ["the last day of notice 2027-06-01 is after the end 2027-01-14"]
    unread = made([{"Days__c": "soon"}], end=Term(manual="1 year"), notice=Term(duration="Days__c", unit="day"))
    assert unread.agreements["notice"].to_list() == [None]
    assert "Days__c is 'soon', which is no whole number of days" in unread.remarks["reason"].item()
    short = made([{}], end=Term(manual="2 weeks"))
    assert short.remarks["reason"].to_list() == [
        "it runs from 2026-01-15 to 2026-01-28, on no first of a month: it is in no MRR"
    ]


def test_each_agreement_has_its_currency():
    found = made([{"Cur__c": "eur"}, {"Cur__c": "USD"}, {"Cur__c": None}], currency="Cur__c")
    assert found.agreements["currency"].to_list() == ["EUR", "USD", ""]
    assert made([{}]).agreements["currency"].to_list() == [""]


def test_html_and_formulas_in_names_stay_text():
    evil = "<script>alert(1)</script>"
    found = made(
        [{"Name": evil, "Plan__c": f"=HYPERLINK({evil})"}, {"Name": evil, "Plan__c": evil, "Amount__c": None}],
        plan="Plan__c",
    )
    assert found.agreements.select("name", "plan").rows() == [(evil, f"=HYPERLINK({evil})")]
    assert found.skips["name"].to_list() == [evil]


def test_the_id_is_the_mapped_one_where_it_is_of_one_record_alone():
    rows = [{"Key__c": key} for key in ("K-1", "K-2", "K-2", None, " ")]
    own = mapping().model_copy(update={"id": "Key__c"})
    found = agreements(records(*rows), own, LINKS, TODAY).agreements
    assert sorted(found["id"]) == sorted(["K-1", *(f"80000000000000000{number}" for number in (2, 3, 4, 5))])


def test_zero_is_kept_and_no_records_give_empty_frames():
    assert made([{"Amount__c": 0.0}]).agreements["arr"].to_list() == [0.0]
    found = made([{"Amount__c": None}])
    assert found.agreements.equals(AGREEMENTS.empty())
    assert (found.remarks.schema, found.skips.schema) == (AGREEMENT_REMARKS.empty().schema, SKIPS.empty().schema)


def _with_agreement(sobject: str, terms: str, mode: str = 'mode = "input"') -> str:
    return DOCUMENT + f'[objects.agreement]\nsobject = "{sobject}"\n{mode}\n[objects.agreement.terms]\n{terms}\n'
