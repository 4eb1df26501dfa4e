"""Every kind of field, both ways over the wire: written and read back equal, and edited there and taken over here."""

import json
import time
from datetime import UTC, date, datetime
from datetime import time as clock

import polars as pl
import pytest
import requests

from tests.writeback.desk import NOW, Desk
from tests.writeback.samples import UNBRAKED, links_of, mapped, object_mapping
from toolkit.config.models import Settings
from toolkit.demo_org import DemoOrg
from toolkit.errors import PreflightError
from toolkit.frames import LINKS
from toolkit.salesforce import Credentials, connect
from toolkit.store import Store

VALUES = [{"fullName": each} for each in ("Alpha", "Beta", "Gamma")]
PICKLIST = {"valueSet": {"restricted": True, "valueSetDefinition": {"value": VALUES}}}

KINDS = {
    # name: definition, value here, its canonical text, another value as Salesforce takes it, that one's text
    "Plain": ({"type": "Text", "length": 80}, " O'Neil & \"Söhne\", Ltd ", "O'Neil & \"Söhne\", Ltd", "x;y", "x;y"),
    "Lines": ({"type": "TextArea"}, "one\ntwo", "one\ntwo", "a\r\nb", "a\nb"),
    "Long": ({"type": "LongTextArea", "length": 5000, "visibleLines": 3}, "=1+2\n" * 400, ("=1+2\n" * 400).strip(),
             "long " * 900, ("long " * 900).strip()),
    "Rich": ({"type": "Html", "length": 5000, "visibleLines": 9}, "<p>a &amp; b</p>", "<p>a &amp; b</p>",
             "<b>c</b>", "<b>c</b>"),
    "Choice": ({"type": "Picklist", **PICKLIST}, "Beta", "Beta", "Gamma", "Gamma"),
    "Several": ({"type": "MultiselectPicklist", "visibleLines": 4, **PICKLIST}, ["Gamma", "Alpha"], "Alpha;Gamma",
                "Beta;Alpha", "Alpha;Beta"),
    "Ticked": ({"type": "Checkbox", "defaultValue": "false"}, True, "true", False, "false"),
    "Amount": ({"type": "Number", "precision": 12, "scale": 3}, 1234.5675, "1234.568", -0.001, "-0.001"),
    "Money": ({"type": "Currency", "precision": 18, "scale": 2}, 19.99, "19.99", 1e7, "10000000"),
    "Share": ({"type": "Percent", "precision": 5, "scale": 1}, 45.0, "45", 12.5, "12.5"),
    "Day": ({"type": "Date"}, date(2026, 5, 24), "2026-05-24", "1999-12-31", "1999-12-31"),
    "Moment": ({"type": "DateTime"}, datetime(2026, 5, 24, 7, 25, 37, tzinfo=UTC), "2026-05-24T07:25:37.000Z",
               "2026-03-29T03:00:00+02:00", "2026-03-29T01:00:00.000Z"),
    "Opens": ({"type": "Time"}, clock(8, 30), "08:30:00.000Z", "23:59:59.999Z", "23:59:59.999Z"),
    "Mail": ({"type": "Email"}, "a.b@example.com", "a.b@example.com", "c@example.org", "c@example.org"),
    "Call": ({"type": "Phone"}, "+49 30 1234", "+49 30 1234", "(555) 010-9", "(555) 010-9"),
    "Web": ({"type": "Url"}, "https://a.example/?b=1&c=2", "https://a.example/?b=1&c=2", "b.example", "b.example"),
}  # fmt: skip
PLACE = {"type": "Location", "scale": 4, "displayLocationInDecimal": True}
ADDRESS = {"street": "Weg 1\n2. OG", "city": "Zürich", "postalCode": "8001", "country": "Switzerland", "state": None}
ADDRESS_TEXT = '{"city":"Zürich","country":"Switzerland","postalCode":"8001","street":"Weg 1\\n2. OG"}'


def column(name):
    return name.lower()


FIELDS = [mapped(column(name), f"CS_{name}__c", "two_way", on_conflict="toolkit_wins") for name in KINDS]
FIELDS += [
    mapped("user", "CSM__c", "two_way", on_conflict="toolkit_wins"),
    mapped("address", "ShippingAddress", "two_way", on_conflict="toolkit_wins"),
    mapped("place", "CS_Place__c", "two_way", on_conflict="toolkit_wins"),
    mapped("employees", "NumberOfEmployees", "two_way", on_conflict="toolkit_wins"),
]


@pytest.fixture(scope="module")
def org_with_kinds():
    with DemoOrg.start(accounts=12, seed=1, now=NOW) as org:
        definitions = {f"CS_{name}__c": each[0] for name, each in KINDS.items()} | {"CS_Place__c": PLACE}
        secret = {"type": "EncryptedText", "length": 20, "maskChar": "asterisk", "maskType": "all"}
        for name, definition in (definitions | {"CS_Secret__c": secret}).items():
            made = ask(org, "POST", "tooling/sobjects/CustomField",
                       {"FullName": f"Account.{name}", "Metadata": {"label": name, **definition}})  # fmt: skip
            assert made.status_code == 201, made.text
            org.set_access("Account", name, read=True, edit=True)
        yield org


def ask(org, method, path, body):
    form = {"grant_type": "client_credentials", "client_id": org.client_id, "client_secret": org.client_secret}
    with requests.Session() as session:
        session.trust_env, session.verify = False, str(org.ca_file)
        token = session.post(f"{org.url}/services/oauth2/token", data=form, timeout=20).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        return session.request(method, f"{org.url}/services/data/v66.0/{path}", json=body, headers=headers, timeout=20)


class KindsDesk(Desk):
    """A desk with a record of every kind of field on both sides."""

    def pull(self, via="rest"):
        paths = ["Id", "Name", "SystemModstamp", *(field.reads for field in self.settings.objects["account"].fields)]
        there = self.org.records("Account", list(dict.fromkeys(paths)), via=via)
        self.store.save_records("there", "account", there.with_columns(id="Id"))


def laid(demo_org, folder, fields, here, bulk_from=2000):
    """A desk where every account is linked to a record here that holds `here`; a list gives one value a record."""
    credentials = Credentials(client_id=demo_org.client_id, client_secret=demo_org.client_secret)
    org = connect(
        login="client_credentials",
        login_url=demo_org.url,
        credentials=credentials,
        ca_file=demo_org.ca_file,
        sleep=lambda seconds: time.sleep(min(seconds, 0.05)),
    )
    settings = Settings(
        objects={"account": object_mapping(*fields)}, writeback={"bulk_from": bulk_from}, brakes=UNBRAKED
    )
    desk = KindsDesk(demo_org, org, Store.open(folder), settings)
    desk.pull()
    ids = org.records("Account", ["Id"])["Id"].sort().to_list()
    names = [f"P-{number:05}" for number in range(len(ids))]
    desk.store.write(LINKS, links_of(zip(names, ids, strict=True)))
    frame = pl.DataFrame({"id": names, **{name: [value] * len(ids) for name, value in here.items()}})
    desk.store.save_records("here", "account", frame)
    return desk


@pytest.fixture
def here(org_with_kinds):
    user = org_with_kinds.rows("SELECT Id FROM User WHERE IsActive = true ORDER BY Id LIMIT 1")[0]["Id"]
    values = {column(name): each[1] for name, each in KINDS.items()}
    place = {"latitude": 47.37691, "longitude": 8.5}
    return values | {"user": user[:15], "address": ADDRESS, "place": place, "employees": 12}


def texts(user):
    expected = {f"CS_{name}__c": each[2] for name, each in KINDS.items()}
    return expected | {
        "CSM__c": user,
        "ShippingAddress": ADDRESS_TEXT,
        "CS_Place__c": '{"latitude":47.3769,"longitude":8.5}',
        "NumberOfEmployees": "12",
    }


@pytest.mark.parametrize("bulk_from", [2000, 1], ids=["collections", "bulk"])
def test_CSU_3_every_kind_of_field_is_written_and_read_back_equal(org_with_kinds, here, tmp_path, bulk_from):
    desk = laid(org_with_kinds, tmp_path, FIELDS, here, bulk_from)
    plan = desk.plan()
    assert plan.count("refused") == 0, plan.rows("refused")["reason"].to_list()
    user = org_with_kinds.rows("SELECT Id FROM User WHERE IsActive = true ORDER BY Id LIMIT 1")[0]["Id"]
    planned = dict(plan.changes.select("field", "after").unique().iter_rows())
    assert planned.items() <= texts(user).items()
    done = desk.commit(plan)
    assert (done.written, done.failed, done.held) == (plan.writes, 0, 0), done.results.to_dicts()
    for via in ("rest", "bulk"):
        desk.pull(via)
        again = desk.plan()
        assert again.changes.is_empty(), again.changes.select("field", "here", "there", "reason").to_dicts()[:3]
    row = org_with_kinds.rows(
        "SELECT ShippingStreet, ShippingState, CS_Place__Latitude__s, CS_Several__c FROM Account"
    )[0]
    assert tuple(row.values())[1:] == ("Weg 1\n2. OG", None, 47.3769, "Alpha;Gamma")


@pytest.mark.parametrize("via", ["rest", "bulk"])
def test_CSU_3_every_kind_of_field_is_taken_over_from_salesforce(org_with_kinds, here, tmp_path, via):
    desk = laid(org_with_kinds, tmp_path, FIELDS, here)
    desk.commit(desk.plan())
    record = desk.store.records("there", "account")["id"][0]
    edits = {f"CS_{name}__c": each[3] for name, each in KINDS.items()}
    parts = {
        "ShippingStreet": "Am Ring 7",
        "ShippingCity": None,
        "CS_Place__Latitude__s": -33.5,
        "NumberOfEmployees": 9,
    }
    saved = ask(org_with_kinds, "PATCH", f"sobjects/Account/{record}", edits | parts | {"CSM__c": None})
    assert saved.status_code == 204, saved.text
    desk.pull(via)
    plan = desk.plan()
    assert set(plan.changes["side"]) == {"here"}
    assert set(plan.changes["there_id"]) == {record}
    expected = {column(name): each[4] for name, each in KINDS.items()} | {
        "address": '{"country":"Switzerland","postalCode":"8001","street":"Am Ring 7"}',
        "place": '{"latitude":-33.5,"longitude":8.5}',
        "employees": "9",
        "user": None,
    }
    assert dict(plan.changes.select("field", "after").iter_rows()) == expected
    done = desk.commit(plan)
    assert (done.written, done.failed, done.held) == (len(FIELDS), 0, 0), done.results.to_dicts()
    assert desk.plan().changes.is_empty()
    kept = desk.here().filter(id=plan.changes["here_id"][0]).to_dicts()[0]
    assert kept["several"] == ["Alpha", "Beta"]
    assert kept["opens"] == clock(23, 59, 59, 999000)
    assert kept["moment"] == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert json.loads(kept["address"])["street"] == "Am Ring 7"


def test_CSU_3_every_kind_of_field_can_be_emptied_and_its_commit_undone(org_with_kinds, here, tmp_path):
    desk = laid(org_with_kinds, tmp_path, FIELDS, here)
    desk.commit(desk.plan())
    desk.pull()
    before = desk.store.records("there", "account").drop("SystemModstamp")
    empty = desk.here().with_columns(pl.lit(None).cast(dtype).alias(name) for name, dtype in desk.here().schema.items()
                                     if name not in ("id", "ticked"))  # fmt: skip
    desk.store.save_records("here", "account", empty)
    plan = desk.plan()
    assert set(plan.changes["operation"]) == {"clear"}
    done = desk.commit(plan)
    assert (done.written, done.failed) == (plan.writes, 0), done.results.to_dicts()
    desk.pull()
    cleared = desk.store.records("there", "account").drop("id", "Id", "Name", "SystemModstamp", "CS_Ticked__c")
    assert cleared.null_count().sum_horizontal().item() == cleared.height * cleared.width
    undo = desk.undo(done.commit_id)
    desk.commit(undo)
    desk.pull()
    assert desk.store.records("there", "account").drop("SystemModstamp").equals(before)


def test_CSU_3_most_fields_of_an_account_map_and_agree_after_one_sync(org_with_kinds, tmp_path):
    bare = laid(org_with_kinds, tmp_path / "bare", [mapped("name", "Name", "input")], {})
    fields, written = [], set()
    for number, field in enumerate(bare.org.describe("Account").fields.values()):
        ways = field.written_fields or (field,)
        free = field.type != "encryptedstring" and all(each.updateable for each in ways)
        both = free and not written & {field.compound_field_name, *(each.name for each in ways)}
        written |= {field.name, *(each.name for each in ways)} if both else set()
        fields.append(mapped(f"f{number}", field.name, "two_way" if both else "input"))
    assert len(fields) > 90
    assert sum(field.direction == "two_way" for field in fields) > 60
    desk = laid(org_with_kinds, tmp_path / "all", fields, {})
    plan = desk.plan()
    assert set(plan.changes["side"]) == {"here"}
    assert set(plan.changes["verdict"]) == {"write"}
    done = desk.commit(plan)
    assert (done.written, done.failed, done.held) == (plan.writes, 0, 0)
    for via in ("rest", "bulk"):
        desk.pull(via)
        assert desk.plan().changes.is_empty()


def test_CSU_10_encrypted_text_comes_in_masked_and_never_goes_out(org_with_kinds, tmp_path):
    record = org_with_kinds.rows("SELECT Id FROM Account ORDER BY Id LIMIT 1")[0]["Id"]
    ask(org_with_kinds, "PATCH", f"sobjects/Account/{record}", {"CS_Secret__c": "4711"})
    desk = laid(org_with_kinds, tmp_path / "in", [mapped("secret", "CS_Secret__c", "input")], {})
    assert desk.plan().changes["after"].to_list() == ["****"]
    desk = laid(org_with_kinds, tmp_path / "out", [mapped("secret", "CS_Secret__c", "output")], {"secret": "****"})
    with pytest.raises(PreflightError) as refused:
        desk.plan()
    assert "encrypted text is read masked" in str(refused.value.findings)
