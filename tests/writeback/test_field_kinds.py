"""What kinds of field do not do, said before any call: left out by a setting, never written, beside other values."""

from dataclasses import replace

import polars as pl
import pytest

from tests.writeback.desk import NOW
from tests.writeback.samples import FIELDS, mapped, sides
from tests.writeback.test_kinds import ask, laid
from toolkit.config.objects import ObjectMapping
from toolkit.demo_org import DemoOrg
from toolkit.errors import PreflightError
from toolkit.salesforce.describe import FieldDescribe, ObjectDescribe, fields_from_json
from toolkit.writeback.planning.excluding import excluded
from toolkit.writeback.planning.field_kinds import KINDS
from toolkit.writeback.planning.plan import make_plan
from toolkit.writeback.planning.preflight import check_targets
from toolkit.writeback.planning.rules import fault


def part(whole, name, **facts):
    return FieldDescribe(name, compound_field_name=whole, **facts)


ADDRESS = FieldDescribe(
    "BillingAddress", "Billing Address", "address", updateable=False, createable=False,
    components={
        "city": part("BillingAddress", "BillingCity", length=40),
        "country": part("BillingAddress", "BillingCountry", length=80),
        "postalCode": part("BillingAddress", "BillingPostalCode", length=20),
        "state": part("BillingAddress", "BillingState", length=80),
        "street": part("BillingAddress", "BillingStreet", type="textarea", length=255),
    },
)  # fmt: skip
PLACE = FieldDescribe(
    "Place__c", "Place", "location", updateable=False, custom=True, scale=4,
    components={
        "latitude": part("Place__c", "Place__Latitude__s", type="double", precision=7, scale=4),
        "longitude": part("Place__c", "Place__Longitude__s", type="double", precision=7, scale=4),
    },
)  # fmt: skip
OTHERS = {
    each.name: each
    for each in [
        ADDRESS,
        *ADDRESS.components.values(),
        PLACE,
        FieldDescribe("Phone", type="phone", length=40),
        FieldDescribe("Any__c", type="anyType"),
        FieldDescribe("Complex__c", type="complexvalue"),
        FieldDescribe("File__c", type="base64"),
        FieldDescribe("Story__c", type="textarea", length=5000, html=True),
        FieldDescribe("Secret__c", type="encryptedstring", length=20),
        FieldDescribe("Account__c", type="reference", length=18, reference_to=("Account",)),
        FieldDescribe("Order__c", type="reference", length=18, reference_to=("Order__x",)),
        FieldDescribe("Opens__c", "Opens", "time"),
        FieldDescribe("Total__c", "Total", "long"),
    ]
}
ALL = ObjectDescribe("Account", "Account", FIELDS | OTHERS)
EXCLUDED = {
    "multipicklist": "CS_Tags__c", "address": "BillingAddress", "phone": "Phone", "complexvalue": "Complex__c",
    "location": "Place__c", "reference": "Account__c", "external_reference": "Order__c", "richtext": "Story__c",
    "encryptedstring": "Secret__c",
}  # fmt: skip


def findings(fields, describe=ALL, **options):
    mapping = ObjectMapping(match=["external_id = Product_Id__c"], fields=fields, **options)
    return check_targets("account", mapping, describe, here={}, there={})


@pytest.mark.parametrize(("kind", "there"), EXCLUDED.items())
def test_CSU_10_a_kind_that_is_left_out_refuses_its_fields_and_names_the_setting(kind, there):
    field = mapped("value", there, "input")
    assert not [each for each in findings([field]) if each.severity == "error"]
    (told,) = (each for each in findings([field], exclude_types=(kind,)) if each.severity == "error")
    assert (told.requirement, told.place) == ("CSU-10", f"objects.account.fields[0] (value -> {there})")
    assert f'objects.account.exclude_types leaves out "{kind}"' in told.message
    assert "exclude_types" in told.hint
    others = tuple(each for each in KINDS if each != kind)
    assert not [each for each in findings([field], exclude_types=others) if each.severity == "error"]


def test_CSU_10_there_are_nine_kinds_and_none_is_left_out_by_default():
    assert set(KINDS) == set(EXCLUDED)
    assert ObjectMapping().exclude_types == ()


@pytest.mark.parametrize(
    ("there", "direction", "said"),
    [
        ("Secret__c", "output", "encrypted text is read masked"),
        ("Any__c", "output", "has no form to write it in"),
        ("Complex__c", "two_way", "has no form to write it in"),
        ("File__c", "output", "a file's content, which is not mapped"),
        ("File__c", "input", "a file's content, which is not mapped"),
    ],
)
def test_CSU_10_what_cannot_be_written_is_refused_in_words(there, direction, said):
    (told,) = (each for each in findings([mapped("value", there, direction)]) if each.severity == "error")
    assert said in told.message


def test_a_compound_is_refused_when_a_part_is_hidden_or_locked():
    locked = {**ADDRESS.components, "city": replace(ADDRESS.components["city"], updateable=False)}
    hidden = {name: each for name, each in ADDRESS.components.items() if name != "state"}
    for components, said in ((locked, "BillingCity cannot be written"), (hidden, "this user does not see its state")):
        describe = replace(ALL, fields={**ALL.fields, "BillingAddress": replace(ADDRESS, components=components)})
        (told,) = (
            each for each in findings([mapped("a", "BillingAddress", "output")], describe) if each.severity == "error"
        )
        assert said in told.message
        assert not findings([mapped("a", "BillingAddress", "input")], describe)


def test_a_component_is_not_written_by_itself_and_with_its_whole():
    both = [mapped("address", "BillingAddress", "output"), mapped("city", "BillingCity", "two_way")]
    (told,) = (each for each in findings(both) if each.severity == "error")
    assert "BillingCity would be written twice" in told.message
    assert not [
        each for each in findings([both[0], mapped("city", "BillingCity", "input")]) if each.severity == "error"
    ]


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        (OTHERS["Opens__c"], "11:59:59.000Z", None),
        (OTHERS["Opens__c"], "noon", "is not a time of day of the form 11:59:59.000Z"),
        (OTHERS["Opens__c"], "24:00:00.000Z", "is not a time of day"),
        (OTHERS["Total__c"], "9007199254740993", None),
        (OTHERS["Total__c"], "1.5", "is not a whole number"),
        (FIELDS["CS_Seen__c"], "2026-05-24T07:25:37.000", "has no time zone"),
        (ADDRESS, '{"city":"Ulm","street":"Weg 1"}', None),
        (ADDRESS, "Weg 1, Ulm", "is not JSON with the keys city, country, postalCode, state, street"),
        (ADDRESS, '{"town":"Ulm"}', "is not JSON with the keys"),
        (ADDRESS, '{"city":"' + "U" * 41 + '"}', "has 41 characters; BillingCity holds 40"),
        (ADDRESS, None, None),
        (PLACE, '{"latitude":-90,"longitude":180}', None),
        (PLACE, '{"latitude":90.5,"longitude":1}', "is not between -90 and 90 degrees"),
        (PLACE, '{"latitude":1,"longitude":-181}', "is not between -180 and 180 degrees"),
        (PLACE, '{"latitude":"high","longitude":1}', "is not a number"),
        (replace(FIELDS["CS_Tags__c"], restricted_picklist=False, length=4099), ";".join("v" * 3 for _ in range(501)),
         "has more values than the 500"),
    ],
)  # fmt: skip
def test_BEY_4_a_value_of_each_kind_is_judged_by_its_own_rules(field, text, said):
    reason = pl.DataFrame({"after": [text]}, schema={"after": pl.String}).select(fault(field)).item()
    assert (reason is None) if said is None else (said in reason)


def test_BEY_4_an_id_of_another_object_is_refused():
    users = ObjectDescribe("User", "User", {}, key_prefix="005")
    fields = {**FIELDS, "CSM__c": replace(FIELDS["CSM__c"], reference_to=("User",))}
    describe = ObjectDescribe("Account", "Account", fields, look_up=lambda _: users)
    given = replace(sides([CSM], [{"csm": "001dM0000000001AAA"}], [{"CSM__c": None}]), describe=describe)
    (row,) = plan_of(given).to_dicts()
    assert (row["verdict"], row["reason"]) == (
        "refused", "'001dM0000000001AAA' is no id of User, which CSM (CSM__c) refers to",
    )  # fmt: skip
    mine = replace(given, here=given.here.with_columns(csm=pl.lit("005dM0000000001AAA")))
    assert plan_of(mine)["verdict"].to_list() == ["write"]


CSM = mapped("csm", "CSM__c", "output")
MONEY = FieldDescribe("CS_MRR__c", "MRR", "currency", precision=18, scale=2)
CODE = FieldDescribe("CurrencyIsoCode", "Currency", "picklist", length=255)


@pytest.mark.parametrize(
    ("code", "mine", "theirs", "verdicts"),
    [
        ("input", "EUR", "EUR", {"CS_MRR__c": "write"}),
        ("input", "EUR", "USD", {"CS_MRR__c": "refused", "currency": "write"}),
        ("output", "EUR", "USD", {"CS_MRR__c": "write", "CurrencyIsoCode": "write"}),
        ("input", None, "USD", {"CS_MRR__c": "write", "currency": "write"}),
    ],
)
def test_BEY_4_an_amount_of_another_currency_is_refused(code, mine, theirs, verdicts):
    known = {**FIELDS, "CS_MRR__c": MONEY, "CurrencyIsoCode": CODE}
    fields = [mapped("mrr", "CS_MRR__c", "output"), mapped("currency", "CurrencyIsoCode", code)]
    changes = plan_of(
        sides(fields, [{"mrr": 5.0, "currency": mine}], [{"CS_MRR__c": 1.0, "CurrencyIsoCode": theirs}], known=known)
    )
    assert dict(changes.select("field", "verdict").iter_rows()) == verdicts
    if "refused" in verdicts.values():
        (reason,) = changes.filter(verdict="refused")["reason"]
        assert reason == "the amount here is in EUR, the record in Salesforce in USD"


def test_BEY_4_an_amount_stays_when_the_currency_of_its_record_is_refused_or_left_out():
    fields = [mapped("mrr", "CS_MRR__c", "output"), mapped("currency", "CurrencyIsoCode", "output")]
    for code in (CODE, replace(CODE, restricted_picklist=True, picklist_values=("USD",))):
        known = {**FIELDS, "CS_MRR__c": MONEY, "CurrencyIsoCode": code}
        here, there = [{"mrr": 5.0, "currency": "EUR"}], [{"CS_MRR__c": 1.0, "CurrencyIsoCode": "USD"}]
        changes = plan_of(sides(fields, here, there, known=known))
        verdicts = {"refused"} if code.restricted_picklist else {"write"}
        assert set(changes["verdict"]) == verdicts
        if not code.restricted_picklist:
            left = excluded(changes, changes.filter(field="CurrencyIsoCode")["seq"], "ada")
            assert set(left["verdict"]) == {"excluded"}


def test_BEY_4_an_amount_without_its_currency_is_warned_of():
    describe = ObjectDescribe("Account", "Account", {**FIELDS, "CS_MRR__c": MONEY, "CurrencyIsoCode": CODE})
    (told,) = (
        each for each in findings([mapped("mrr", "CS_MRR__c", "output")], describe) if each.severity == "warning"
    )
    assert "Map CurrencyIsoCode" in told.hint


def test_BEY_4_a_field_whose_type_was_changed_since_the_pull_stops_a_plan():
    given = sides([mapped("seats", "CS_Seats__c", "output")], [{"seats": 5}], [{"CS_Seats__c": 1}])
    retyped = {**FIELDS, "CS_Seats__c": FieldDescribe("CS_Seats__c", "CS Seats", length=10)}
    with pytest.raises(PreflightError) as refused:
        plan_of(replace(given, describe=ObjectDescribe("Account", "Account", retyped)))
    (told,) = refused.value.findings
    assert "CS Seats (CS_Seats__c) was pulled as numbers and is of type string now" in told
    assert "Pull again" in refused.value.hint


@pytest.mark.parametrize(
    ("options", "severity", "said"),
    [
        ({"direction": "output", "nulls": "keep"}, "info", "an empty value here never clears the other side"),
        ({"direction": "input", "nulls": "keep"}, "info", "an empty value in Salesforce never clears"),
        ({"direction": "output", "default": "x" * 41}, "error", "the default: 'x"),
        ({"direction": "output", "on_conflict": "newest_wins"}, "warning", 'edits are held as by "hold"'),
    ],
)
def test_BEY_2_the_rules_of_a_field_are_visible_in_the_check(options, severity, said):
    told = findings([mapped("segment", "CS_Segment__c", **options)])
    assert [each.severity for each in told if said in each.message] == [severity]


def described(values, controlling):
    """Describe's fields of a dependent picklist, in Salesforce's own JSON: `values` are (value, validFor)."""
    kind = {"name": "Kind__c", "picklistValues": [{"value": each, "active": True} for each in controlling]}
    detail = {
        "name": "Detail__c",
        "length": 255,
        "restrictedPicklist": True,
        "dependentPicklist": True,
        "controllerName": "Kind__c",
        "picklistValues": [{"value": each, "active": True, "validFor": bits} for each, bits in values],
    }
    common = {"type": "picklist", "nillable": True, "createable": True, "updateable": True}
    return fields_from_json([common | kind, common | detail])


def test_validFor_is_a_bitmap_whose_first_bit_is_the_highest():
    many = [f"k{number}" for number in range(21)]
    fields = described([("a", "gAAA"), ("b", "AAAI"), ("c", "AAAAAgAA"), ("d", None)], many)
    allowed = {each: values for each, values in fields["Detail__c"].allowed.items() if values}
    assert allowed == {"k0": ("a",), "k20": ("b",)}
    ticked = fields_from_json(
        [
            {"name": "On__c", "type": "boolean"},
            {"name": "Why__c", "type": "picklist", "dependentPicklist": True, "controllerName": "On__c",
             "picklistValues": [{"value": "yes", "active": True, "validFor": "QAAA"}]},
        ]
    )  # fmt: skip
    assert ticked["Why__c"].allowed == {"false": (), "true": ("yes",)}


KIND, DETAIL = mapped("kind", "Kind__c", "output"), mapped("detail", "Detail__c", "output")


@pytest.mark.parametrize(
    ("here", "there", "refused"),
    [
        ({"kind": "Fruit", "detail": "Apple"}, {"Kind__c": "Fruit", "Detail__c": None}, set()),
        ({"kind": "Fruit", "detail": "Leek"}, {"Kind__c": "Fruit", "Detail__c": None}, {"Detail__c"}),
        ({"kind": "Herb", "detail": "Leek"}, {"Kind__c": "Fruit", "Detail__c": "Apple"}, set()),
        ({"kind": "Herb", "detail": "Apple"}, {"Kind__c": "Fruit", "Detail__c": "Apple"}, {"Kind__c"}),
        ({"kind": None, "detail": "Apple"}, {"Kind__c": None, "Detail__c": None}, {"Detail__c"}),
        ({"kind": "Herb", "detail": None}, {"Kind__c": "Fruit", "Detail__c": None}, set()),
    ],
)
def test_BEY_4_a_dependent_value_goes_with_what_controls_it(here, there, refused):
    known = FIELDS | described([("Apple", "gAAA"), ("Leek", "QAAA")], ["Fruit", "Herb"])
    changes = plan_of(sides([KIND, DETAIL], [here], [there], known=known))
    assert set(changes.filter(verdict="refused")["field"]) == refused
    for reason in changes.filter(verdict="refused")["reason"]:
        assert "does not go with" in reason
        assert "which decides what is valid: " in reason


def test_BEY_4_a_dependent_picklist_without_what_controls_it_is_warned_of():
    describe = ObjectDescribe("A", "A", {**FIELDS, **described([("Apple", "gAAA")], ["Fruit"])})
    (told,) = (each for each in findings([DETAIL], describe) if each.severity == "warning")
    assert "depends on Kind__c, which is not mapped" in told.message


def test_BEY_4_the_org_and_the_pre_flight_refuse_the_same_dependent_values(tmp_path):
    values = [{"fullName": each} for each in ("Apple", "Leek")]
    settings = [
        {"controllingFieldValue": ["SMB"], "valueName": "Apple"},
        {"controllingFieldValue": ["Enterprise"], "valueName": "Leek"},
    ]
    detail = {
        "label": "Detail", "type": "Picklist",
        "valueSet": {"restricted": True, "controllingField": "Segment__c", "valueSettings": settings,
                     "valueSetDefinition": {"value": values}},
    }  # fmt: skip
    with DemoOrg.start(accounts=8, seed=1, now=NOW) as org:
        made = ask(org, "POST", "tooling/sobjects/CustomField", {"FullName": "Account.Detail__c", "Metadata": detail})
        assert made.status_code == 201, made.text
        org.set_access("Account", "Detail__c", read=True, edit=True)
        fields = [mapped("segment", "Segment__c", "input"), mapped("detail", "Detail__c", "output")]
        desk = laid(org, tmp_path, fields, {"detail": "Apple"})
        verdicts = dict(desk.plan().changes.filter(field="Detail__c").select("there_id", "verdict").iter_rows())
        assert set(verdicts.values()) == {"write", "refused"}
        for record, verdict in verdicts.items():
            answer = ask(org, "PATCH", f"sobjects/Account/{record}", {"Detail__c": "Apple"})
            assert (answer.status_code == 204) == (verdict == "write"), answer.text


def plan_of(given):
    return make_plan([given], org_id="00D000000000001AAA", created_at=NOW).changes
