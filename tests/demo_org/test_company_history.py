"""What the sample company has agreed with its customers, who they are there, and what was done with them."""

from datetime import date, timedelta

import polars as pl
import pytest

from tests.demo_org.company_samples import TODAY, ask, seeded
from toolkit.demo_org.automation import months_later
from toolkit.demo_org.company.customers import customers

SIZE = 500


@pytest.fixture(scope="module")
def org():
    records = seeded(SIZE)
    yield records
    records.database.close()


@pytest.fixture(scope="module")
def deals(org):
    """The won deals with their account, each with the day after its last one."""
    names = ("AccountId", "Name", "Amount", "CloseDate", "Contract_Start__c", "Term_Months__c", "Plan__c", "Type")
    rows = ask(org, f"SELECT {', '.join(names)} FROM Opportunity WHERE IsWon = 1 AND IsDeleted = 0")
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String) | NUMBERS, orient="row")
    dates = frame.with_columns(pl.col("CloseDate", "Contract_Start__c").str.to_date())
    return dates.with_columns(
        ends=pl.col("Contract_Start__c").dt.offset_by(pl.format("{}mo", pl.col("Term_Months__c").cast(pl.Int64)))
    )


NUMBERS = {"Amount": pl.Float64, "Term_Months__c": pl.Float64}


@pytest.fixture(scope="module")
def by_account(org):
    """The active customers by the id of their account."""
    accounts = dict(ask(org, "SELECT AccountNumber, Id FROM Account WHERE IsDeleted = 0"))
    every = {accounts[f"A{each.number:06d}"]: each for each in customers(SIZE, 1, TODAY) if each.there}
    return {key: each for key, each in every.items() if each.kind.startswith("Customer") and each.active}


def running(deals):
    return deals.filter((pl.col("Contract_Start__c") <= TODAY) & (pl.col("ends") > TODAY))


def test_what_an_active_customer_has_agreed_to_is_worth_what_it_pays(deals, by_account):
    worth = dict(running(deals).group_by("AccountId").agg(pl.col("Amount").sum()).iter_rows())
    same = [key for key, each in by_account.items() if abs(worth.get(key, 0.0) - each.mrr * 12) < 0.05]
    assert 0.85 < len(same) / len(by_account) < 0.99


def test_most_chains_lead_to_the_renewal_date_without_a_gap(deals, by_account):
    chains = deals.filter(~pl.col("Name").str.contains("Expansion|Credit note")).sort("AccountId", "Contract_Start__c")
    follows = pl.col("Contract_Start__c").shift(-1).over("AccountId")
    gaps = chains.select(days=(follows - pl.col("ends")).dt.total_days()).drop_nulls()["days"]
    assert gaps.is_between(-3, 3).mean() > 0.93
    assert gaps.max() > 20
    assert gaps.min() < -20
    last = {key: end for key, end in running(chains).select("AccountId", "ends").iter_rows() if key in by_account}
    kept = [abs((end - by_account[key].renewal_date).days) <= 3 for key, end in last.items()]
    assert sum(kept) > 0.95 * len(kept)
    assert len(last) > 0.88 * len(by_account)


def test_most_terms_are_of_twelve_months_and_some_of_6_24_and_36(deals):
    shares = dict(deals["Term_Months__c"].value_counts(normalize=True).iter_rows())
    assert shares[12] > 0.5
    assert {6, 24, 36} <= set(shares)
    assert deals.group_by("AccountId").len()["len"].max() >= 5


def test_contracts_start_after_the_deal_is_closed(deals):
    days = (deals["Contract_Start__c"] - deals["CloseDate"]).dt.total_days().drop_nulls()
    assert days.is_between(5, 40).mean() > 0.9
    assert deals["CloseDate"].max() < TODAY


def test_revenue_has_grown_and_some_has_shrunk(deals):
    kinds = dict(deals["Type"].value_counts().iter_rows())
    assert kinds["Existing Customer - Upgrade"] > 30
    assert kinds["Existing Customer - Downgrade"] > 30
    assert kinds["Existing Customer - Replacement"] > kinds["Existing Customer - Downgrade"]


def test_whoever_has_left_has_no_agreement_any_more(org, deals):
    left = pl.Series([key for (key,) in ask(org, "SELECT Id FROM Account WHERE Type = 'Former Customer'")])
    theirs = deals.filter(pl.col("AccountId").is_in(left.implode()))
    assert theirs.height >= 10
    assert theirs["ends"].max() <= TODAY
    auto = (
        "SELECT count(*) FROM Opportunity o JOIN Account a ON a.Id = o.AccountId WHERE a.Type = 'Former Customer' "
        "AND o.IsWon = 1 AND o.Auto_Renew__c = 1 AND NOT EXISTS (SELECT 1 FROM Opportunity l WHERE "
        "l.AccountId = o.AccountId AND l.IsWon = 1 AND l.Contract_Start__c > o.Contract_Start__c)"
    )
    assert ask(org, auto) == [(0,)]


@pytest.mark.parametrize(
    "awkward",
    [
        "Contract_Start__c IS NULL",
        "Amount IS NULL",
        "Amount < 0",
        "Term_Months__c IS NULL AND Contract_Start__c IS NOT NULL",
        "Plan__c LIKE '<b>%'",
        "Plan__c LIKE '=HYPERLINK%'",
        "Contract_Start__c > '2026-11-02'",
        "Name LIKE '% - Expansion 20%' AND Contract_Start__c <= '2026-11-02'",
        "Auto_Renew__c = 1 AND Notice_Days__c IS NULL",
        "Auto_Renew__c = 0 AND Notice_Days__c = 90",
        "Setup_Fee__c > 0 AND Type = 'New Customer'",
    ],
)
def test_won_deals_are_there_with(org, awkward):
    ((count,),) = ask(org, f"SELECT count(*) FROM Opportunity WHERE IsWon = 1 AND {awkward}")
    assert count >= 1


def test_every_deal_has_a_type_that_its_record_type_allows(org):
    types = {each.id: each.picklists["Type"] for each in org.schema.get("Opportunity").record_types}
    for record_type, kind in ask(org, "SELECT RecordTypeId, Type FROM Opportunity WHERE RecordTypeId IS NOT NULL"):
        assert kind in types[record_type]


def test_a_month_that_is_too_short_ends_the_term_on_its_last_day():
    assert months_later(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert months_later(date(2026, 3, 15), -14) == date(2025, 1, 15)


# --- contacts


def test_about_one_customer_in_twelve_has_no_champion_there(org):
    champions = "EXISTS (SELECT 1 FROM Contact c WHERE c.AccountId = a.Id AND c.CS_Role__c = 'Champion')"
    ((total, without),) = ask(org, f"SELECT count(*), sum(NOT {champions}) FROM Account a WHERE Type LIKE 'Customer%'")
    assert 0.05 < without / total < 0.13
    roles = {role for (role,) in ask(org, "SELECT DISTINCT CS_Role__c FROM Contact")}
    assert roles == {None, "Champion", "Sponsor", "Key User", "End User"}


# --- calls, e-mails and meetings


def last_touch(org):
    """Days since the last call, e-mail or meeting that is over, by account."""
    touches = (
        "SELECT AccountId, max(day) FROM (SELECT AccountId, ActivityDate day FROM Event UNION ALL "
        "SELECT AccountId, ActivityDate FROM Task WHERE TaskSubtype != 'Task') WHERE day <= '2026-11-02' GROUP BY 1"
    )
    return {key: (TODAY - date.fromisoformat(day)).days for key, day in ask(org, touches)}


def test_healthy_customers_were_spoken_with_lately_and_others_often_not(org, by_account):
    days = last_touch(org)

    def share(mood, most):
        some = [days.get(key, 999) for key, each in by_account.items() if each.mood == mood]
        return sum(each <= most for each in some) / len(some)

    assert share("healthy", 45) > 0.85
    assert share("wavering", 60) < 0.75
    assert share("poor", 60) < 0.65


@pytest.mark.parametrize(
    ("least", "statement"),
    [
        (200, "Task WHERE TaskSubtype = 'Call' AND Status = 'Completed' AND CallDurationInSeconds > 0"),
        (200, "Task WHERE TaskSubtype = 'Call' AND WhoId IS NOT NULL AND AccountId IS NOT NULL"),
        (20, "Task WHERE TaskSubtype = 'Email'"),
        (10, "Event WHERE IsAllDayEvent = 1"),
        (5, "Event WHERE AccountId IS NULL"),
        (5, "(SELECT 1 FROM Event GROUP BY AccountId, Subject, StartDateTime HAVING count(*) = 2)"),
        (2, "Account a JOIN Account b ON b.Id = a.ParentId JOIN Account c ON c.Id = b.ParentId"),
    ],
)
def test_there_are_enough(org, least, statement):
    ((count,),) = ask(org, f"SELECT count(*) FROM {statement}")
    assert count >= least


def test_whoever_looks_after_an_account_did_what_was_done_with_it(org):
    for name in ("Task", "Event"):
        others = f"SELECT count(*) FROM {name} t JOIN Account a ON a.Id = t.AccountId WHERE t.OwnerId != a.CSM__c"
        assert ask(org, others) == [(0,)]
    late = (TODAY + timedelta(days=1)).isoformat()
    assert ask(org, f"SELECT count(*) FROM Task WHERE IsClosed = 1 AND ActivityDate > '{late}'") == [(0,)]
