"""What stops a pull before it changes anything (BEY-8), and how to go on."""

import pytest
from polars.testing import assert_frame_equal

from toolkit.config import Brakes, FieldMapping, ObjectMapping, Scope
from toolkit.demo_org.listviews import Condition
from toolkit.errors import BrakeError, NotFoundError
from toolkit.pulling.brakes import check_shrinking
from toolkit.pulling.pull import pull
from toolkit.store import Store


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path) as store:
        yield store


@pytest.fixture
def mapping(settings) -> ObjectMapping:
    return settings.objects["account"]


def nothing_changed(store, before, version) -> bool:
    assert_frame_equal(store.records("there", "account"), before)
    return store.version == version


def test_BEY_8_a_list_view_that_shrank_by_more_than_half_stops_the_pull(demo_org, org, store, mapping):
    pull(org, mapping, store)
    before, version = store.records("there", "account"), store.version
    demo_org.change_list_view("Active Customers", conditions=(Condition("Name", "like", ("'A%'",)),))
    calls = len(demo_org.calls)
    with pytest.raises(BrakeError) as caught:
        pull(org, mapping, store)
    left = len(demo_org.rows("SELECT Id FROM Account WHERE Name LIKE 'A%'"))
    assert f'of the {before.height} records would leave the list view "Active Customers"' in caught.value.message
    assert "the brake allows 50%. Nothing was changed" in caught.value.message
    assert "somebody changed the list view" in caught.value.hint
    assert "accept_shrinking=True" in caught.value.hint
    assert nothing_changed(store, before, version)
    assert len(demo_org.calls) - calls <= 3, "the count alone tells it"
    result = pull(org, mapping, store, accept_shrinking=True)
    assert result.records == left < before.height / 2


def test_BEY_8_a_view_that_shows_others_as_many_as_before_stops_it_too(demo_org, org, store):
    view = ObjectMapping(scope=Scope(list_view="Active Customers")).named("account")
    customers = demo_org.rows("SELECT Id FROM Account WHERE Type LIKE 'Customer%' AND Active__c = TRUE ORDER BY Id")
    others = [row["Id"] for row in demo_org.rows("SELECT Id FROM Account ORDER BY Id")]
    chosen = [each for each in others if each not in {row["Id"] for row in customers}]
    half = [row["Id"] for row in customers][: len(chosen)]
    for each in half:
        demo_org.edit("Account", each, {"Site": "first"})
    for each in chosen:
        demo_org.edit("Account", each, {"Site": "second"})
    demo_org.change_list_view("Active Customers", conditions=(Condition("Site", "equals", ("'first'",)),))
    pull(org, view, store)
    before, version = store.records("there", "account"), store.version
    demo_org.change_list_view("Active Customers", conditions=(Condition("Site", "equals", ("'second'",)),))
    with pytest.raises(BrakeError, match=rf"{len(half)} of the {len(half)} records would leave .* \(100%\)"):
        pull(org, view, store)
    assert nothing_changed(store, before, version)
    with pytest.raises(BrakeError):
        pull(org, view, store, full=True)
    assert nothing_changed(store, before, version)


def test_BEY_8_a_list_view_that_vanished_stops_the_pull(demo_org, org, store, mapping):
    pull(org, mapping, store)
    before, version = store.records("there", "account"), store.version
    demo_org.drop_list_view("Active Customers")
    with pytest.raises(NotFoundError, match=r"Active Customers.*All Accounts"):
        pull(org, mapping, store)
    assert nothing_changed(store, before, version)


def test_BEY_8_the_share_is_a_setting_and_a_few_records_never_brake(demo_org, org, store, mapping):
    pull(org, mapping, store)
    for each in store.records("there", "account")["id"][:3]:
        demo_org.edit("Account", each, {"Type": "Former Customer"})
    with pytest.raises(BrakeError, match=r"3 of the .* the brake allows 5%"):
        pull(org, mapping, store, brakes=Brakes(max_left_share=0.05, from_records=3))
    assert pull(org, mapping, store, brakes=Brakes(max_left_share=0.05)).left == 3


def test_BEY_8_another_scope_in_the_mapping_file_is_said_to_be_the_cause(org, store, mapping):
    pull(org, mapping, store)
    other = mapping.model_copy(update={"scope": Scope(filter="Name starts with 'A'")})
    with pytest.raises(BrakeError) as caught:
        pull(org, other, store)
    assert "another one than at the last pull" in caught.value.hint
    assert "the mapping file" in caught.value.hint


def test_BEY_8_a_share_that_is_just_allowed_goes_through():
    check_shrinking(Brakes(), "all", 40, 20, scope_changed=False)
    with pytest.raises(BrakeError):
        check_shrinking(Brakes(), "all", 40, 21, scope_changed=False)


def test_BEY_8_a_mapped_field_that_was_deleted_stops_the_pull(demo_org, org, store, mapping):
    pull(org, mapping, store)
    before, version = store.records("there", "account"), store.version
    demo_org.remove_field("Account", "CS_MRR__c")
    org.describe("Account", refresh=True)
    with pytest.raises(NotFoundError) as caught:
        pull(org, mapping, store)
    assert "no field CS_MRR__c" in caught.value.message
    assert "at the last pull it was a currency" in caught.value.message
    assert "take the field out of it. Nothing was changed (BEY-8)" in caught.value.hint
    assert nothing_changed(store, before, version)


def test_BEY_8_a_mapped_field_of_another_type_stops_the_pull(demo_org, org, store):
    demo_org.metadata.create_field("Account.Rank__c", {"label": "Rank", "type": "Text", "length": 20})
    demo_org.set_access("Account", "Rank__c", read=True, edit=True)
    field = FieldMapping(here="rank", there="Rank__c", direction="input")
    mapping = ObjectMapping(fields=(field,)).named("account")
    org.describe("Account", refresh=True)
    pull(org, mapping, store)
    before, version = store.records("there", "account"), store.version
    demo_org.remove_field("Account", "Rank__c")
    demo_org.metadata.create_field("Account.Rank__c", {"label": "Rank", "type": "Number", "precision": 8, "scale": 0})
    demo_org.set_access("Account", "Rank__c", read=True, edit=True)
    org.describe("Account", refresh=True)
    for full in (False, True):
        with pytest.raises(BrakeError) as caught:
            pull(org, mapping, store, full=full)
        assert "A mapped field of Account changed type since the last pull" in caught.value.message
        assert "Rank__c was string and is double" in caught.value.message
        assert "accept_retyped=True" in caught.value.hint
        assert nothing_changed(store, before, version)
    result = pull(org, mapping, store, accept_retyped=True)
    assert result.full
    assert not pull(org, mapping, store).full
