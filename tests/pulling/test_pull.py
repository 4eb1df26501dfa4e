"""Pulling from the demo org, over the wire, into a store on the disk."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from toolkit import frames
from toolkit.config import FieldMapping, ObjectMapping, Scope
from toolkit.errors import NotFoundError, StoreError
from toolkit.pulling.pull import LEFT_SCOPE, OVERLAP, pull
from toolkit.store import Store

ACTIVE = "SELECT Id, Name FROM Account WHERE Type LIKE 'Customer%' AND Active__c = TRUE ORDER BY Id"


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path) as store:
        yield store


@pytest.fixture
def mapping(settings) -> ObjectMapping:
    return settings.objects["account"]


def with_fields(mapping: ObjectMapping, *added: FieldMapping) -> ObjectMapping:
    return mapping.model_copy(update={"fields": (*mapping.fields, *added)})


def read_only(there: str) -> FieldMapping:
    return FieldMapping(here=there.replace(".", "_").lower(), there=there, direction="input")


def skips(store: Store) -> list[tuple[str, str]]:
    return store.read(frames.SKIPS).select("id", "reason").rows()


def test_VIT_1_the_first_pull_reads_what_the_list_view_shows(demo_org, org, store, mapping):
    result = pull(org, mapping, store)
    records = store.records("there", "account")
    shown = demo_org.rows(ACTIVE)
    assert records["id"].to_list() == [row["Id"] for row in shown]
    assert 20 < records.height < 60, "the list view leaves some out"
    assert records.columns[:2] == ["id", "SystemModstamp"]
    assert set(records.columns[2:]) == set(mapping.there_paths)
    assert records.schema["CS_MRR__c"] == pl.Float64
    assert records.schema["CS_Renewal_Date__c"] == pl.Date
    assert records["Owner.Name"].null_count() == 0
    assert (result.full, result.read, result.records, result.changed, result.left) == (
        True, records.height, records.height, records.height, 0,
    )  # fmt: skip
    assert 'the list view "Active Customers", read in full' in str(result)


def test_VIT_1_without_a_list_view_everything_is_in_scope(org, store, mapping):
    everything = mapping.model_copy(update={"scope": Scope()})
    assert pull(org, everything, store).records == 60


def test_the_watermark_is_the_latest_stamp_of_the_org_and_no_clock_of_ours(demo_org, org, store, mapping):
    result = pull(org, mapping, store)
    stamps = store.records("there", "account")["SystemModstamp"]
    assert result.watermark == store.watermark("account") == stamps.max()
    assert result.watermark < datetime(2026, 11, 2, 9, tzinfo=UTC), "the demo org's clock, whatever ours says"


def test_a_second_pull_changes_nothing(demo_org, org, store, mapping):
    pull(org, mapping, store)
    before, version = store.records("there", "account"), store.version
    calls = len(demo_org.calls)
    result = pull(org, mapping, store)
    assert (result.full, result.changed, result.left) == (False, 0, 0)
    assert result.read < before.height, "only what is as new as the watermark is read again"
    assert store.version == version
    assert_frame_equal(store.records("there", "account"), before)
    assert len(demo_org.calls) - calls <= 4


def test_a_changed_record_is_read_and_the_others_are_not(demo_org, org, store, mapping):
    pull(org, mapping, store)
    before = store.records("there", "account")
    demo_org.edit("Account", before["id"][3], {"Phone": "+1 555 0100", "CS_Stage__c": "Growth"})
    result = pull(org, mapping, store)
    after = store.records("there", "account")
    assert result.changed == 1
    assert after.filter(pl.col("Phone") == "+1 555 0100")["id"].to_list() == [before["id"][3]]
    assert_frame_equal(after.filter(pl.col("id") != before["id"][3]), before.filter(pl.col("id") != before["id"][3]))
    assert store.watermark("account") == after["SystemModstamp"].max() > before["SystemModstamp"].max()


def test_a_record_whose_stamp_lies_a_little_behind_the_watermark_is_still_read(demo_org, org, store, mapping):
    assert timedelta(minutes=10) < OVERLAP, "a transaction may run for ten minutes before others see what it stamped"
    first = demo_org.rows(ACTIVE)[0]["Id"]
    demo_org.edit("Account", first, {"Phone": "1"})
    pull(org, mapping, store)
    store.set_watermark("account", store.watermark("account") + OVERLAP - timedelta(seconds=30))
    demo_org.edit("Account", first, {"Phone": "2"})
    assert pull(org, mapping, store).changed == 1
    assert store.records("there", "account").filter(pl.col("id") == first)["Phone"].item() == "2"


def test_a_change_of_a_related_record_is_read(demo_org, org, store, mapping):
    pull(org, mapping, store)
    records = store.records("there", "account")
    owner = demo_org.rows("SELECT OwnerId FROM Account WHERE Id = '" + records["id"][0] + "'")[0]["OwnerId"]
    owned = records.filter(pl.col("Owner.Name") == records["Owner.Name"][0]).height
    demo_org.edit("User", owner, {"LastName": "Newname"})
    assert pull(org, mapping, store).changed == owned
    assert "Newname" in store.records("there", "account")["Owner.Name"][0]


def test_records_that_leave_the_list_view_are_dropped_with_their_reason(demo_org, org, store, mapping):
    pull(org, mapping, store)
    left = demo_org.rows(ACTIVE)[:2]
    for row in left:
        demo_org.edit("Account", row["Id"], {"Type": "Former Customer"})
    result = pull(org, mapping, store)
    assert (result.left, result.records) == (2, len(demo_org.rows(ACTIVE)))
    reason = 'no longer in the list view "Active Customers"'
    assert skips(store) == [(row["Id"], reason) for row in left]
    row = store.read(frames.SKIPS).row(0, named=True)
    assert (row["side"], row["rule"], row["name"]) == ("there", LEFT_SCOPE, left[0]["Name"])
    version = store.version
    assert pull(org, mapping, store).left == 0
    assert (skips(store), store.version) == ([(row["Id"], reason) for row in left], version)
    demo_org.edit("Account", left[0]["Id"], {"Type": "Customer - Direct"})
    pull(org, mapping, store)
    assert skips(store) == [(left[1]["Id"], reason)]


def test_deleted_records_are_dropped_with_their_reason(org, store, mapping):
    everything = mapping.model_copy(update={"scope": Scope()})
    pull(org, everything, store)
    results = org.write("Account", "delete", store.records("there", "account").select(Id="id"), {})
    gone = results.filter(pl.col("success"))["id"].sort().to_list()  # accounts with contracts stay, as in Salesforce
    assert 0 < len(gone) < results.height
    assert pull(org, everything, store).left == len(gone)
    assert skips(store) == [(each, "deleted in Salesforce") for each in gone]
    assert not set(gone) & set(store.records("there", "account")["id"])


def test_records_that_enter_without_being_changed_are_read(org, store, mapping):
    enterprise = mapping.model_copy(update={"scope": Scope(list_view="Enterprise Customers")})
    few = pull(org, enterprise, store)
    result = pull(org, mapping, store)
    assert not result.full
    assert result.records > few.records
    assert result.changed >= result.records - few.records
    fresh = Store.open(store.folder / "fresh")
    pull(org, mapping, fresh)
    assert_frame_equal(store.records("there", "account"), fresh.records("there", "account"))
    fresh.close()


def test_a_field_mapped_later_is_read_for_every_record(org, store, mapping):
    pull(org, mapping, store)
    result = pull(org, with_fields(mapping, read_only("BillingCity")), store)
    assert result.full
    assert store.records("there", "account")["BillingCity"].null_count() < result.records


def test_CAT_16_fields_that_are_missing_or_hidden_are_all_named_with_names_that_come_near(org, store, mapping):
    wrong = with_fields(mapping, read_only("Industri"), read_only("Hidden_Notes__c"), read_only("Owner.Nam"))
    with pytest.raises(NotFoundError) as caught:
        pull(org, wrong, store)
    text = str(caught.value)
    assert text.startswith("3 mapped fields cannot be read from Account:")
    assert "no field Industri; did you mean Industry" in text
    assert "no field Hidden_Notes__c" in text
    assert "User has no field Nam; did you mean Name" in text
    assert "field-level security" in caught.value.hint
    assert store.records("there", "account") is None


def test_a_field_removed_between_two_pulls_is_named_and_what_was_read_stays(demo_org, org, store, mapping):
    pull(org, mapping, store)
    before = store.records("there", "account")
    demo_org.remove_field("Account", "CS_MRR__c")
    org.describe("Account", refresh=True)
    with pytest.raises(NotFoundError, match=r"a mapped field cannot be read from Account:\n.*CS_MRR__c"):
        pull(org, mapping, store)
    assert_frame_equal(store.records("there", "account"), before)


def test_a_list_view_that_is_gone_is_named_with_those_there_are(demo_org, org, store, mapping):
    pull(org, mapping, store)
    demo_org.drop_list_view("Active Customers")
    with pytest.raises(NotFoundError, match=r"Active Customers.*All Accounts"):
        pull(org, mapping, store)
    assert store.records("there", "account").height > 0


def test_a_damaged_snapshot_stops_a_pull_and_a_full_one_mends_it(org, store, mapping):
    pull(org, mapping, store)
    before = store.records("there", "account")
    (path,) = (store.folder / "snapshots").iterdir()
    path.write_bytes(b"damaged")
    with pytest.raises(StoreError, match="is damaged"):
        pull(org, mapping, store)
    assert pull(org, mapping, store, full=True).full
    assert_frame_equal(store.records("there", "account"), before)


def test_a_session_that_expires_mid_way_is_renewed(demo_org, org, store, mapping):
    demo_org.faults.expire_sessions()
    assert pull(org, mapping, store).records == len(demo_org.rows(ACTIVE))


def test_the_id_itself_can_be_mapped(org, store, mapping):
    pull(org, with_fields(mapping, read_only("Id")), store)
    records = store.records("there", "account")
    assert records["Id"].to_list() == records["id"].to_list()
    assert not pull(org, with_fields(mapping, read_only("Id")), store).full


def test_progress_is_told(org, store, mapping):
    told: list[tuple[int, int | None]] = []
    result = pull(org, mapping, store, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (result.records, result.records)


@pytest.mark.parametrize("demo_org", [{"accounts": 2_500}], indirect=True)
def test_several_pages_are_read(demo_org, org, store, mapping):
    result = pull(org, mapping, store)
    assert result.records == len(demo_org.rows(ACTIVE)) > 1_500
    demo_org.edit("Account", demo_org.rows(ACTIVE)[0]["Id"], {"Phone": "1"})
    again = pull(org, mapping, store)
    assert again.changed == 1
    assert again.read < 100
