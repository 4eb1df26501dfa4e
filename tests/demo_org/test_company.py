import csv
import io
import itertools
from collections import Counter
from datetime import UTC, datetime

import polars as pl
import pytest

from tests.demo_org.company_samples import TODAY, ask, seeded
from toolkit.demo_org.access import Access
from toolkit.demo_org.clock import Clock
from toolkit.demo_org.company import customer_side, seed
from toolkit.demo_org.company.customers import MOODS, customers, each_customer
from toolkit.demo_org.company.files import write_customer_side
from toolkit.demo_org.company.org_side import AT_A_TIME
from toolkit.demo_org.company.words import AWKWARD_NAMES
from toolkit.demo_org.database import Database
from toolkit.demo_org.objects import standard_schema
from toolkit.demo_org.records import Records
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.validation import converter

SIZE = 400


def dump(records):
    return {
        each.name: records.database.connection.execute(f'SELECT * FROM "{each.name}" ORDER BY Id').fetchall()
        for each in records.schema
    }


@pytest.fixture(scope="module")
def org():
    records = seeded(SIZE)
    yield records
    records.database.close()


@pytest.fixture(scope="module")
def files():
    return customer_side(SIZE, 1, TODAY)


def test_the_same_seed_gives_the_same_company_and_another_another():
    first, again, other = seeded(40), seeded(40), seeded(40, number=2)
    assert dump(first) == dump(again)
    assert dump(first)["Account"] != dump(other)["Account"]
    assert customer_side(40, 1, TODAY) == customer_side(40, 1, TODAY)
    assert customer_side(40, 1, TODAY) != customer_side(40, 2, TODAY)
    for records in (first, again, other):
        records.database.close()


def test_about_four_in_five_accounts_are_active_customers(org):
    ((active,),) = ask(org, "SELECT count(*) FROM Account WHERE Active__c = 1 AND Type LIKE 'Customer%'")
    assert 0.74 < active / SIZE < 0.86
    assert ask(org, "SELECT count(*) FROM Account WHERE IsDeleted = 0") == [(SIZE,)]


def test_every_seeded_value_is_one_the_org_would_take(org):
    for sobject in org.schema:
        fields = [field for field in sobject.fields if field.stored and field.type != "id"]
        columns = ", ".join(f'"{field.name}"' for field in fields)
        for row in ask(org, f'SELECT {columns} FROM "{sobject.name}"'):
            for field, value in zip(fields, row, strict=True):
                given = bool(value) if field.type == "boolean" else value
                assert converter(field, text=False)(given) == value, field.name
                assert value is not None or field.nillable, field.name


def test_every_reference_points_at_a_record(org):
    for sobject in org.schema:
        for field in (each for each in sobject.fields if each.type == "reference"):
            found = " AND ".join(
                f'NOT EXISTS (SELECT 1 FROM "{to}" WHERE Id = r."{field.name}")' for to in field.reference_to
            )
            lost = ask(org, f'SELECT count(*) FROM "{sobject.name}" r WHERE r."{field.name}" IS NOT NULL AND {found}')
            assert lost == [(0,)], (sobject.name, field.name)


def test_nothing_happened_after_today(org):
    for sobject in (each for each in org.schema if each.field("SystemModstamp")):
        ((latest,),) = ask(org, f'SELECT max(SystemModstamp) FROM "{sobject.name}"')
        assert latest is None or latest < "2026-11-02T08"


def test_what_the_toolkit_writes_is_empty_at_first(org):
    written = ("CS_Health_Score__c", "CS_Health_Band__c", "CS_Active_Users__c", "CS_MRR__c", "CS_Renewal_Date__c")
    for name in written:
        assert ask(org, f"SELECT count({name}) FROM Account") == [(0,)]
    assert ask(org, "SELECT count(CS_Stage__c) > 300 FROM Account") == [(1,)]


def test_most_keys_are_on_both_sides_and_a_few_on_one(org, files):
    here = {key.lower() for key in files["accounts"]["external_id"]}
    there = {key.lower() for (key,) in ask(org, "SELECT Product_Id__c FROM Account WHERE Product_Id__c IS NOT NULL")}
    assert len(here & there) > 0.9 * len(here)
    assert here - there
    assert there - here
    customers_there = "SELECT count(*), count(Product_Id__c) FROM Account WHERE Type LIKE 'Customer%'"
    ((total, keyed),) = ask(org, customers_there)
    assert 0.90 < keyed / total < 0.98


def test_keys_are_unique_on_both_sides(org, files):
    assert max(Counter(files["accounts"]["external_id"]).values()) == 1
    keys = [key.lower() for (key,) in ask(org, "SELECT Product_Id__c FROM Account WHERE Product_Id__c IS NOT NULL")]
    assert len(keys) == len(set(keys))


def test_a_few_names_stages_and_segments_have_drifted_apart():
    every = customers(2000, 1, TODAY)
    for drifted in (
        sum(each.name.strip() != each.name_there for each in every),
        sum(each.stage != each.stage_there for each in every),
        sum(each.segment != each.segment_there for each in every),
    ):
        assert 5 < drifted < 100


def test_awkward_names_are_on_both_sides(org, files):
    assert set(AWKWARD_NAMES) <= set(files["accounts"]["name"]) | {each.name for each in customers(SIZE, 1, TODAY)}
    there = {name for (name,) in ask(org, "SELECT Name FROM Account")}
    assert len([name for name in AWKWARD_NAMES if name.strip() in there]) >= len(AWKWARD_NAMES) - 2
    assert any(len(name) > 130 for name in there)


def test_causes_of_poor_health_show_in_the_files(files):
    every = {each.external_id: each for each in customers(SIZE, 1, TODAY)}
    usage = (
        pl.DataFrame(files["usage"])
        .sort("external_id", "week")
        .group_by("external_id")
        .agg(last=pl.col("active_users").tail(2).mean(), before=pl.col("active_users").slice(-12, 2).mean())
    )
    for key, last, before in usage.iter_rows():
        causes, seats = every[key].causes, every[key].seats
        if "usage decline" in causes and every[key].mood == "poor" and before > 20:
            assert last < 0.6 * before
        if "low seat use" in causes and seats > 20:
            assert last < 0.6 * seats
    urgent = Counter(
        key
        for key, severity in zip(files["tickets"]["external_id"], files["tickets"]["severity"], strict=True)
        if severity in ("high", "urgent")
    )
    for key, customer in every.items():
        if key is not None:
            assert (urgent[key] >= 3) is ("urgent tickets" in customer.causes)
            if "renewal with low NPS" in customer.causes:
                assert 0 < (customer.renewal_date - TODAY).days < 60
                assert customer.nps[0] < customer.nps[2]


def test_moods_are_spread_as_planned():
    active = [each for each in customers(3000, 1, TODAY) if each.active]
    moods = Counter(each.mood for each in active)
    for mood, share in MOODS:
        assert abs(100 * moods[mood] / len(active) - share) < 4


def test_nothing_is_real(org, files):
    for (website,) in ask(org, "SELECT Website FROM Account"):
        assert website.endswith(".example")
    for email in files["contacts"]["email"]:
        assert email.endswith(".example")
    for (phone,) in ask(org, "SELECT Phone FROM Account UNION SELECT Phone FROM Contact"):
        assert phone.startswith("+44 20 7946 0") or " 555 01" in phone, phone


def test_the_files_hold_the_columns_they_promise(tmp_path):
    folder = tmp_path / "data"
    write_customer_side(folder, 60, 1, TODAY)
    headers = {path.name: path.read_text("utf-8").partition("\n")[0] for path in sorted(folder.glob("*.csv"))}
    assert headers == {
        "accounts.csv": "external_id,name,domain,segment,csm,stage,plan,mrr,currency,seats,signed_on,renewal_date,"
        "nps_score,nps_promoters,nps_passives,nps_detractors",
        "contacts.csv": "external_id,email,full_name,role,last_seen",
        "tickets.csv": "external_id,opened_on,closed_on,severity,csat",
    }
    usage = pl.read_parquet(folder / "usage.parquet")
    assert dict(usage.schema) == {
        "external_id": pl.String,
        "week": pl.Date,
        "active_users": pl.Int64,
        "logins": pl.Int64,
        "key_actions": pl.Int64,
    }
    assert usage["week"].dt.weekday().unique().to_list() == [1]
    assert usage["week"].n_unique() == 26


def test_the_files_are_the_same_bytes_each_time(tmp_path):
    for name in ("a", "b"):
        write_customer_side(tmp_path / name, 60, 3, TODAY)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_awkward_names_survive_the_csv_file(tmp_path, files):
    write_customer_side(tmp_path, SIZE, 1, TODAY)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "accounts.csv").read_text("utf-8"))))
    assert [row["name"] for row in rows] == files["accounts"]["name"]


def test_staff_of_the_files_are_users_of_the_org(org, files):
    users = {name for (name,) in ask(org, "SELECT Name FROM User")}
    assert set(files["accounts"]["csm"]) <= users


def test_the_integration_user_can_work_with_it(org):
    ((user,),) = ask(org, "SELECT Id FROM User WHERE Username = 'integration@demo.example'")
    ((account,),) = ask(org, "SELECT Id FROM Account LIMIT 1")
    org.update("Account", account, {"CS_Health_Score__c": 7.1}, Access.for_user(user))
    assert org.get("Account", account, Access.for_user(user))["CS_Health_Score__c"] == 7.1


def test_the_integration_user_sees_and_writes_what_each_product_needs(api):
    for name, fields in (
        ("Account", ("CS_Pulse__c", "Catalyst_Health_Score__c", "Skalin_Health_Score__c", "Vitally_Health_Score__c")),
        ("Account", ("ClientSuccess__ClientSuccess_SuccessScore__c", "ClientSuccess__ClientSuccess_Assigned_CSM__c")),
        ("Opportunity", ("Plan__c", "Contract_Start__c", "Term_Months__c", "Notice_Days__c", "Auto_Renew__c")),
        ("Contact", ("CS_Role__c",)),
    ):
        writable = {
            each["name"] for each in api.get(f"/sobjects/{name}/describe").json()["fields"] if each["updateable"]
        }
        assert set(fields) <= writable


def test_a_company_too_large_for_its_names_has_namesakes_and_no_domain_twice():
    some = list(itertools.islice(each_customer(300_000, 1, TODAY), 3000))
    assert len({each.domain for each in some}) == len(some)
    assert any(character.isdigit() for each in some for character in each.domain)


def test_a_company_written_in_parts_is_whole():
    records = seeded(AT_A_TIME + 50)
    alive = "SELECT count(*), count(DISTINCT Id) FROM Account WHERE IsDeleted = 0"
    assert ask(records, alive) == [(AT_A_TIME + 50, AT_A_TIME + 50)]
    assert ask(records, "SELECT count(*) FROM Contract") == ask(
        records, "SELECT count(DISTINCT ContractNumber) FROM Contract"
    )
    names = {row[0] for row in ask(records, "SELECT name FROM sqlite_master WHERE type = 'index'")}
    assert {"Account_Product_Id__c", "Account_SystemModstamp", "Contact_AccountId"} <= names
    records.database.close()


def test_an_org_whose_beginning_was_cut_off_begins_again(tmp_path):
    path = tmp_path / "org.sqlite"
    now = datetime(2026, 11, 2, 8, tzinfo=UTC)
    first = OrgState(20, 1, now, path)
    before = dump(first.records)
    first.database.connection.execute("DELETE FROM _facts WHERE name = 'seed'")
    first.close()
    again = OrgState(20, 1, now, path)
    assert dump(again.records)["Contact"] == before["Contact"]
    again.close()


# --- what real orgs have and nobody wants


def test_every_contact_with_an_account_has_one_direct_relation(org):
    contacts = ask(org, "SELECT Id, AccountId FROM Contact WHERE AccountId IS NOT NULL ORDER BY Id")
    direct = "SELECT ContactId, AccountId FROM AccountContactRelation WHERE IsDirect = 1 ORDER BY ContactId"
    assert contacts == ask(org, direct)
    assert ask(org, "SELECT count(*) > 3 FROM AccountContactRelation WHERE IsDirect = 0") == [(1,)]


def test_a_deal_has_at_most_one_primary_role_and_a_contact_one_role_in_it(org):
    twice = "SELECT 1 FROM OpportunityContactRole GROUP BY OpportunityId HAVING sum(IsPrimary) > 1"
    same = "SELECT 1 FROM OpportunityContactRole GROUP BY OpportunityId, ContactId HAVING count(*) > 1"
    assert ask(org, twice) == ask(org, same) == []


@pytest.mark.parametrize(
    "awkward",
    [
        "SELECT 1 FROM Account WHERE IsDeleted = 1 AND MasterRecordId IS NOT NULL",
        "SELECT 1 FROM Account WHERE IsDeleted = 1 AND MasterRecordId IS NULL",
        "SELECT 1 FROM Contact WHERE AccountId IS NULL",
        "SELECT 1 FROM Contact WHERE Email IS NULL",
        "SELECT 1 FROM Contact GROUP BY Email HAVING count(*) > 1",
        "SELECT 1 FROM Contact c JOIN User u ON u.Id = c.OwnerId WHERE u.IsActive = 0",
        "SELECT 1 FROM Contact a JOIN Contact b ON a.ReportsToId = b.Id WHERE b.ReportsToId IS NOT NULL",
        "SELECT 1 FROM Opportunity WHERE Amount IS NULL OR Amount < 1",
        "SELECT 1 FROM Opportunity o JOIN RecordType r ON r.Id = o.RecordTypeId",
        "SELECT 1 FROM Opportunity WHERE CampaignId IS NOT NULL",
        "SELECT 1 FROM Contract WHERE EndDate IS NULL",
        "SELECT 1 FROM Contract a JOIN Contract b USING (AccountId) WHERE a.Id < b.Id AND a.EndDate > b.StartDate",
        'SELECT 1 FROM "Case" WHERE IsClosed = 0',
        "SELECT 1 FROM EmailMessage WHERE Incoming = 1",
        "SELECT 1 FROM Note",
        "SELECT 1 FROM ContentNote n JOIN ContentDocumentLink ON ContentDocumentId = n.Id",
        "SELECT 1 FROM Success_Plan__c WHERE Complete__c = 1",
        "SELECT 1 FROM Campaign WHERE IsActive = 1",
        "SELECT 1 FROM PermissionSetAssignment",
        "SELECT 1 FROM UserRole WHERE ParentRoleId IS NOT NULL",
    ],
)
def test_the_company_has(org, awkward):
    assert ask(org, f"{awkward} LIMIT 1") == [(1,)]


def test_what_lies_in_the_bin_can_be_brought_back(org):
    ((merged,),) = ask(org, "SELECT Id FROM Account WHERE MasterRecordId IS NOT NULL LIMIT 1")
    assert org.undelete([merged], Access.for_user(""))[0].id == merged
    org.delete("Account", merged, Access.for_user(""))


def test_a_company_with_person_accounts_has_persons_and_companies():
    schema = standard_schema(person_accounts=True)
    with Database(None, schema) as database:
        records = Records(database, schema, Clock(datetime(2026, 11, 2, 8, tzinfo=UTC)))
        seed(records, accounts=60, seed=1, today=TODAY)
        kinds = ask(records, "SELECT IsPersonAccount, count(DISTINCT RecordTypeId) FROM Account GROUP BY 1")
        assert kinds == [(0, 1), (1, 1)]
        twins = "SELECT count(*) FROM Account a JOIN Contact c ON c.Id = a.PersonContactId AND c.AccountId = a.Id"
        assert ask(records, twins) == [(3,)]
