"""Sources of any object: accounts, their contacts and meetings, and what accounts did; whose each row is."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from toolkit.config import parse
from toolkit.config.sources import Source
from toolkit.errors import ConfigError, SourceError
from toolkit.sources.metrics import measure
from toolkit.sources.reading import read_source, read_sources
from toolkit.sources.tables import drift

MAPPING = """
[objects.account]
match = ["external_id = Product_Id__c"]

[objects.contact]
sobject = "Contact"
match = ["email = Email"]

[[objects.contact.fields]]
here = "title"
there = "Title"
direction = "input"

[objects.meeting]
sobject = "Event"
create = true

[objects.user]
sobject = "User"
mode = "input"
create = true

[sources.accounts]
path = "accounts.csv"
key = "external_id"

[sources.people]
path = "people.csv"
object = "contact"
key = "person"
account = "external_id"
date = "last_seen"

[sources.calendar]
path = "calendar.csv"
object = "meeting"
key = "uid"
account = "customer"
time_zone = "Europe/Berlin"

[sources.team]
path = "team.csv"
object = "user"
key = "login"

[sources.tickets]
path = "tickets.csv"
account = "external_id"
date = "opened_on"

[metrics.champion_silence]
source = "people"
column = "last_seen"
aggregate = "days_since"
where = { role = "champion" }
"""
FILES = {
    "accounts.csv": "external_id,name\nP-1,Acme\nP-2,Bolt\n",
    "people.csv": "person,external_id,email,role,last_seen\n"
    "0007,P-1,a@acme.example,champion,2026-10-30\n0008,P-1,b@acme.example,,2026-11-01\n"
    "0009,P-9,c@none.example,champion,2026-11-01\n0010,,d@none.example,,\n,P-2,e@bolt.example,,\n",
    "calendar.csv": "uid,customer,at,subject\nm1,P-2,2026-10-01 09:00,=Kickoff\nm2,P-1,2026-10-02,<b>Review</b>\n",
    "team.csv": "login,name\nlea,Lea\n",
    "tickets.csv": "external_id,opened_on\nP-1,2026-10-01\nP-9,2026-10-01\nP-9,2026-10-02\n",
}


@pytest.fixture
def folder(tmp_path):
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    return tmp_path


@pytest.fixture
def sources(folder):
    return read_sources(folder, parse(MAPPING))


def test_sources_are_accounts_records_of_objects_and_activities(sources):
    assert sources.objects == ("account", "contact", "meeting", "user")
    assert sources.accounts["id"].to_list() == ["P-1", "P-2"]
    assert sources.records("account").equals(sources.accounts)
    assert sources.records("agreement") is None
    assert list(sources.activities) == ["tickets"]
    assert sources.activities["tickets"].records["id"].to_list() == ["P-1"]


def test_records_of_an_object_have_their_own_id_and_the_accounts(sources):
    people = sources.records("contact")
    assert people.columns == ["id", "account_id", "person", "external_id", "email", "role", "last_seen"]
    assert people.select("id", "account_id", "email").rows() == [
        ("0007", "P-1", "a@acme.example"),
        ("0008", "P-1", "b@acme.example"),
    ]
    assert sources.records("user").rows() == [("lea", "lea", "Lea")]


def test_records_of_unknown_accounts_or_without_one_are_left_out_and_each_is_a_skip(sources):
    skips = sources.skips.filter(pl.col("object") == "contact").select("side", "id", "rule", "reason")
    assert skips.rows() == [
        ("here", "0009", "people: account is in accounts.csv", 'its account "P-9" is not in accounts.csv'),
        ("here", "people.csv line 5", "people: external_id is given",
         '"external_id" is blank, so the row belongs to no account'),
        ("here", "people.csv line 6", "people: person is given", '"person" is blank, so the row has no id'),
    ]  # fmt: skip
    activity = sources.skips.filter(pl.col("object") == "account").select("id", "reason").rows()
    assert activity == [("P-9", "its 2 rows were left out: the id is not in accounts.csv")]


def test_accounts_that_are_known_beside_the_file_keep_their_records(folder):
    known = read_sources(folder, parse(MAPPING), pl.Series(["P-9"]))
    assert known.records("contact")["id"].to_list() == ["0007", "0008", "0009"]
    assert known.activities["tickets"].records.height == 3
    without = MAPPING.replace("[sources.accounts]\n", "[sources.sites]\n").replace(
        'key = "external_id"', 'account = "external_id"', 1
    )
    assert read_sources(folder, parse(without)).records("contact").height == 3  # nothing says which accounts exist
    only = read_sources(folder, parse(without), pl.Series(["P-1"]))
    assert only.skips.filter(pl.col("id") == "0009")["reason"].to_list() == [
        'its account "P-9" is not in the accounts here'
    ]


def test_an_interaction_has_a_time_in_utc_and_a_day_alone_is_its_midnight(sources):
    meetings = sources.records("meeting")
    assert meetings.select("id", "at", "subject").rows() == [
        ("m1", datetime(2026, 10, 1, 7, tzinfo=UTC), "=Kickoff"),
        ("m2", datetime(2026, 10, 1, 22, tzinfo=UTC), "<b>Review</b>"),
    ]


def test_metrics_measure_the_records_of_an_object_by_account(sources):
    metrics = measure(parse(MAPPING).metrics, sources.tables, date(2026, 11, 2))
    assert metrics.rows() == [("P-1", 3.0), ("P-2", None)]


def test_two_records_with_one_id_are_an_error_with_their_lines(tmp_path):
    (tmp_path / "people.csv").write_text("person,account\n7,P-1\n8,P-1\n7,P-2\n")
    source = Source(path="people.csv", object="contact", key="person", account="account")
    with pytest.raises(SourceError, match=r'(?s)which row is the contact.*person "7": occurs on lines 2, 4'):
        read_source(tmp_path, source)


def test_a_file_may_not_have_another_column_of_a_kept_name(tmp_path):
    (tmp_path / "people.csv").write_text("person,account,account_id\n7,P-1,x\n")
    source = Source(path="people.csv", object="contact", key="person", account="account")
    with pytest.raises(SourceError, match='has a column "account_id", but "account" is the account\'s id'):
        read_source(tmp_path, source)


def test_a_mapped_value_of_a_contact_need_not_be_in_its_file_but_is_judged_when_it_is(folder):
    mapping = MAPPING.replace('direction = "input"', 'direction = "output"')
    assert read_sources(folder, parse(mapping)).records("contact").height == 2
    people = folder / "people.csv"
    people.write_text("person,external_id,email,role,last_seen,title\n7,P-1,,,,03/04/2026\n")
    with pytest.raises(SourceError, match=r'column "title": "03/04/2026" is not in plain notation.*add dates = '):
        read_sources(folder, parse(mapping))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('object = "contact"', 'object = "contacts"', 'sources.people.object: given "contacts"; valid objects are'),
        ('object = "contact"', 'object = "account"', '"account" is for what belongs to an account'),
        ('key = "uid"\naccount = "customer"', 'key = "uid"', 'sources.calendar: needs "account"'),
        ('key = "uid"\n', "", 'needs a "key": the column with the id of each meeting'),
        ('object = "meeting"', 'object = "contact"', '"people" already has the records of "contact"'),
        ('path = "people.csv"', 'path = "people.csv"\nurl = "sqlite:///x.db"', "needs exactly one of"),
        ('path = "people.csv"', 'url = "sqlite:///x.db"', 'needs either a "table" or a "query"'),
        ('path = "people.csv"', 'path = "people.csv"\ntable = "x"', 'belong to a "url"'),
        ('path = "people.csv"', 'path = "people.csv"\nsheet = "x"', '"sheet" is for an Excel workbook'),
        ('path = "people.csv"', 'path = "people.xlsx"\nencoding = "utf-8"', '"encoding" is for a CSV file'),
        ('path = "people.csv"', 'path = "people.csv"\nencoding = "base64"', 'given "base64"; must be an encoding'),
        ('path = "people.csv"', 'path = "people.csv"\ntime_zone = "Mars"', 'given "Mars"; must be a time zone'),
        ('path = "people.csv"', 'path = "people.csv"\nthousands = "."', "cannot both be"),
        ('path = "people.csv"', 'path = "people.csv"\ndates = "dmy"', 'given "dmy"; valid is "iso", "day_first"'),
        ('path = "people.csv"', 'path = "people.csv"\nscore = "x"', '"score" is for a source of kind "nps"'),
        ('date = "opened_on"', 'kind = "events"', 'of kind "events" needs "at"'),
        ('date = "opened_on"', 'kind = "events"\nat = "x"\ndate = "x"', 'of kind "events" has no "date"'),
        ('date = "opened_on"', 'kind = "nps"', 'of kind "nps" needs "score"'),
        ('date = "opened_on"', 'period = "week"', '"period" needs a "date"'),
        ('path = "people.csv"', 'url = "crm"\ntable = "x"', "must be a URL such as"),
        ('path = "people.csv"', 'url = "x://h/d?api_key=1"\ntable = "x"', "must not hold a password"),
    ],
)
def test_a_source_that_does_not_hold_together_is_refused_with_its_place(old, new, said):
    assert old in MAPPING
    with pytest.raises(ConfigError) as caught:
        parse(MAPPING.replace(old, new))
    assert said in str(caught.value)


def test_what_changed_in_the_columns_since_the_last_load_is_named(folder, sources):
    before = sources.columns()
    assert drift(before, before) == ()
    (folder / "people.csv").write_text(
        "person,external_id,email,last_seen,role,phone\n7,P-1,a@acme.example,2026-10-30,3,0123\n"
    )
    (folder / "tickets.csv").write_text("external_id,opened_on,csat\nP-1,2026-10-01,\n")
    (folder / "accounts.csv").write_text("external_id\nP-1\n")
    mapping = MAPPING.replace('where = { role = "champion" }', "")
    assert drift(before, read_sources(folder, parse(mapping)).columns()) == (
        'accounts: the column "name" is gone',
        'people: the column "role" held text and now holds number',
        'people: the column "phone" is new',
    )
