"""Agreements of each kind of object, from the demo org over the wire."""

from datetime import date

import polars as pl
import pytest

from toolkit.config import AgreementTerms, ObjectMapping, TacitRenewal, Term
from toolkit.importing.agreements import Agreed, agreements
from toolkit.revenue import monthly, renewals, retention, waterfall

TODAY = date(2026, 11, 2)


def read(org, mapping: ObjectMapping) -> tuple[pl.DataFrame, Agreed]:
    """The records as a pull shapes them, and their agreements; every account is linked."""
    there = org.records(mapping.sobject, ["Id", *mapping.there_paths]).rename({"Id": "id"})
    links = org.records("Account", ["Id"]).select(there_id="Id", here_id=pl.col("Id").str.slice(8))
    return there, agreements(there, mapping, links, TODAY)


def agreement(sobject: str, **options) -> ObjectMapping:
    terms = {name: options.pop(name) for name in list(options) if name in AgreementTerms.model_fields}
    return ObjectMapping(sobject=sobject, mode="input", terms=AgreementTerms(**terms), **options).named("agreement")


def test_SKA_24_agreements_from_opportunities_are_the_won_ones(demo_org, org):
    mapping = agreement(
        "Opportunity", revenue="arr", start="CloseDate", end=Term(manual="12 months"), plan="Type",
        notice=Term(manual="3 months"), tacit=TacitRenewal(always=True),
    )  # fmt: skip
    there, found = read(org, mapping)
    won = demo_org.rows("SELECT Id, Amount, CloseDate FROM Opportunity WHERE IsWon = TRUE AND Amount >= 0 ORDER BY Id")
    assert 0 < len(won) < there.height
    assert found.agreements.select("id", "arr", pl.col("start").cast(pl.String)).rows() == [
        (row["Id"], row["Amount"], row["CloseDate"]) for row in won
    ]
    assert found.skips.height == there.height - len(won), "nothing is lost"
    lost = found.skips.filter(rule="won opportunities (SKA-25)")
    assert lost["id"].to_list() == [
        row["Id"] for row in demo_org.rows("SELECT Id FROM Opportunity WHERE IsWon = FALSE ORDER BY Id")
    ]
    assert set(found.agreements["currency"]) == {""}


def test_SKA_30_opportunities_with_terms_of_their_own_have_them(demo_org, org):
    mapping = agreement(
        "Opportunity", revenue="arr", start="Contract_Start__c", end=Term(duration="Term_Months__c"), plan="Plan__c",
        notice=Term(duration="Notice_Days__c", unit="day"), tacit=TacitRenewal(field="Auto_Renew__c"),
        one_time="Setup_Fee__c",
    )  # fmt: skip
    one = demo_org.rows("SELECT Id FROM Opportunity WHERE IsWon = TRUE AND Amount > 0 ORDER BY Id LIMIT 1")[0]["Id"]
    terms = {"Contract_Start__c": "2024-02-29", "Term_Months__c": 36, "Notice_Days__c": 30, "Auto_Renew__c": True}
    demo_org.edit("Opportunity", one, terms | {"Plan__c": "<i>Pro</i>", "Setup_Fee__c": 99.95})
    row = read(org, mapping)[1].agreements.row(by_predicate=pl.col("id") == one, named=True)
    days = (date(2024, 2, 29), date(2027, 2, 27), date(2027, 1, 28))
    assert (row["start"], row["end"], row["notice"]) == days
    assert (row["tacit"], row["plan"], row["one_time"], row["status"]) == (True, "<i>Pro</i>", 99.95, "active")


def test_SKA_24_agreements_from_contracts_end_when_salesforce_says(demo_org, org):
    mapping = agreement(
        "Contract", name="ContractNumber", revenue="arr", amount="Account.AnnualRevenue", start="StartDate",
        end=Term(duration="ContractTerm"), notice=Term(duration="OwnerExpirationNotice", unit="day"),
        tacit=TacitRenewal(when_notice_given=True), plan="Status",
    )  # fmt: skip
    there, found = read(org, mapping)
    told = demo_org.rows("SELECT Id, EndDate FROM Contract ORDER BY Id")
    assert found.agreements.height == there.height == len(told)
    assert found.agreements.select("id", pl.col("end").cast(pl.String)).rows() == [
        (row["Id"], row["EndDate"]) for row in told
    ]
    timely = found.agreements.filter(pl.col("end").is_not_null())
    assert set((timely["end"] - timely["notice"]).dt.total_days()) == {90}
    assert timely["tacit"].all()
    assert renewals(found.agreements, TODAY).height > 0


def test_SKA_24_agreements_from_accounts_have_the_account_itself_as_customer(demo_org, org):
    account = demo_org.rows("SELECT Id FROM Account ORDER BY Id LIMIT 2")
    demo_org.edit("Account", account[0]["Id"], {"CS_MRR__c": 100.005, "CS_Renewal_Date__c": "2026-12-31"})
    demo_org.edit("Account", account[1]["Id"], {"CS_MRR__c": -5, "CS_Renewal_Date__c": "2026-12-31"})
    mapping = agreement(
        "Account", revenue="mrr", amount="CS_MRR__c", start="CreatedDate", end=Term(date="CS_Renewal_Date__c")
    )
    there, found = read(org, mapping)
    (held,) = demo_org.rows(f"SELECT CS_MRR__c FROM Account WHERE Id = '{account[0]['Id']}'")
    assert found.agreements.select("account_there_id", "mrr", "end").rows() == [
        (account[0]["Id"], held["CS_MRR__c"], date(2026, 12, 31))
    ]
    assert found.skips.height == there.height - 1
    reasons = found.skips["reason"].unique().sort().to_list()
    assert reasons == [
        "CS_MRR__c is empty",
        "its amount is -5.0: a credit or a correction, which is never added to revenue",
    ]


def test_SKA_24_agreements_from_a_custom_object(demo_org, org):
    mapping = agreement(
        "Success_Plan__c", account="Account__c", revenue="mrr", amount="Progress__c", start="Target_Date__c",
        end=Term(manual="1 year"), plan="Objective__c", tacit=TacitRenewal(field="Status__c", values=("Active",)),
    )  # fmt: skip
    there, found = read(org, mapping)
    rows = demo_org.rows("SELECT Id, Account__c, Progress__c, Status__c FROM Success_Plan__c ORDER BY Id")
    assert there.height == len(rows) > 0
    assert found.agreements.select("id", "account_there_id", "mrr", "tacit").rows() == [
        (row["Id"], row["Account__c"], row["Progress__c"], row["Status__c"] == "Active") for row in rows
    ]


def test_DSH_4_the_figures_of_the_demo_company_follow_from_its_won_opportunities(demo_org, org):
    _, found = read(org, agreement("Opportunity", revenue="arr", start="CloseDate"))
    mrr = monthly(found.agreements, TODAY)
    year = waterfall(mrr, date(2025, 11, 1), date(2026, 11, 1), measure="arr")
    won = "SELECT Amount, AccountId FROM Opportunity WHERE IsWon = TRUE AND Amount >= 0 AND CloseDate <= {}"
    ended, started = (demo_org.rows(won.format(day)) for day in ("2026-11-01", "2025-11-01"))
    at_end, at_start = (round(sum(row["Amount"] for row in rows), 2) for rows in (ended, started))
    assert year.select("start", "end").rows() == [(at_start, at_end)]
    grew = year.select("upgrade", "new").sum_horizontal().item()
    assert grew == pytest.approx(at_end - at_start)
    kept = retention(found.agreements, mrr, date(2025, 11, 1), date(2026, 11, 1))
    customers = {row["AccountId"] for row in started if row["Amount"] > 0}
    still = round(sum(row["Amount"] for row in ended if row["AccountId"] in customers), 2)
    assert kept.select("accounts", "grr").rows() == [(len(customers), 1.0)]
    assert kept["nrr"].item() == pytest.approx(still / at_start, abs=1e-6)
