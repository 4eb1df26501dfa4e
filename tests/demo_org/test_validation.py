import pytest

from toolkit.demo_org.access import Access, FieldSecurity
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.objects import standard_schema
from toolkit.demo_org.validation import ParentKey, converter, make_plan

SCHEMA = standard_schema()
USER = "005dM0000000001QAA"
ALL = Access.for_user(USER)


def convert(name, value, *, text=False, sobject="Account"):
    return converter(SCHEMA.get(sobject).field(name), text=text)(value)


def refused(name, value, **more):
    with pytest.raises(Refusal) as caught:
        convert(name, value, **more)
    return caught.value.code, caught.value.message, caught.value.fields


def plan(*names, creating=False, access=ALL, sobject="Account", text=False):
    return make_plan(SCHEMA, SCHEMA.get(sobject), names, access, creating=creating, text=text)


@pytest.mark.parametrize(("given", "stored"), [("  Acme ", "Acme"), ("", None), ("   ", None), (None, None)])
def test_text_is_trimmed_and_empty_text_is_null(given, stored):
    assert convert("Name", given) == stored


def test_BEY_4_text_that_is_too_long():
    code, message, fields = refused("Product_Id__c", "x" * 41)
    assert code == "STRING_TOO_LONG"
    assert message == f"Product Id: data value too large: {'x' * 41} (max length=40)"
    assert fields == ("Product_Id__c",)
    assert convert("Product_Id__c", f" {'x' * 40} ") == "x" * 40


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (7, 7.0),
        (7.25, 7.3),
        (7.35, 7.4),
        (-7.25, -7.3),
        (99.9, 99.9),
        (99.94, 99.9),
        ("8.45", 8.5),
        (" 8 ", 8.0),
        ("1e1", 10.0),
        ("", None),
        (None, None),
        (-99.9, -99.9),
    ],
)
def test_CAT_13_extra_decimals_are_rounded_half_up(given, stored):
    assert convert("CS_Health_Score__c", given) == stored


@pytest.mark.parametrize(
    ("given", "shown"), [(100, "100"), (100.0, "100"), (99.95, "99.95"), ("100", "100"), (-100, "-100"), (1e300, None)]
)
def test_CAT_13_a_number_with_too_many_digits(given, shown):
    code, message, fields = refused("CS_Health_Score__c", given)
    assert code == "NUMBER_OUTSIDE_VALID_RANGE"
    assert message.startswith("Health Score: value outside of valid range on numeric field: ")
    assert shown is None or message.endswith(f": {shown}")
    assert fields == ("CS_Health_Score__c",)


def test_the_decimal_that_was_written_counts_and_not_its_binary_form():
    assert convert("CS_MRR__c", 2.675) == 2.68
    assert convert("CS_MRR__c", "1.005") == 1.01


@pytest.mark.parametrize("given", ["abc", "nan", "inf", "1_000", "1,5", "0x10", True, [], {}])
def test_what_is_not_a_number(given):
    code, message, _ = refused("CS_Health_Score__c", given)
    assert code == "JSON_PARSER_ERROR"
    assert message.startswith("Cannot deserialize instance of double from ")


def test_a_wrong_type_in_a_csv_file_is_the_row_s_error():
    code, message, fields = refused("CS_Health_Score__c", "abc", text=True)
    assert code == "INVALID_TYPE_ON_FIELD_IN_RECORD"
    assert message == "Health Score: value not of required type: abc"
    assert fields == ("CS_Health_Score__c",)


def test_whole_numbers():
    assert convert("NumberOfEmployees", 12) == 12
    assert convert("NumberOfEmployees", "12.0") == 12
    assert refused("NumberOfEmployees", 12.5)[1].startswith(
        "Cannot deserialize instance of int from VALUE_NUMBER_FLOAT"
    )
    assert refused("NumberOfEmployees", 100_000_000)[0] == "NUMBER_OUTSIDE_VALID_RANGE"
    assert refused("NumberOfEmployees", False)[0] == "JSON_PARSER_ERROR"


def test_BEY_4_a_restricted_picklist_takes_only_its_values():
    assert convert("CS_Health_Band__c", " Green ") == "Green"
    assert convert("CS_Health_Band__c", "") is None
    code, message, fields = refused("CS_Health_Band__c", "Purple")
    assert code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert message == "Health Band: bad value for restricted picklist field: Purple"
    assert fields == ("CS_Health_Band__c",)


def test_an_unrestricted_picklist_takes_any_text_that_fits():
    assert convert("Industry", "Falconry") == "Falconry"
    assert refused("Industry", "x" * 41)[0] == "STRING_TOO_LONG"


@pytest.mark.parametrize("given", ["a.b@c.example", "o'brien+x@sub.domain.example", "ü@ö.example"])
def test_e_mail_addresses(given):
    assert convert("Email", given, sobject="Contact") == given


@pytest.mark.parametrize(
    "given", ["nobody", "a@b", "a b@c.example", "@c.example", "a@", "a@@c.example", "a.@c.example"]
)
def test_BEY_4_what_is_no_e_mail_address(given):
    assert refused("Email", given, sobject="Contact") == (
        "INVALID_EMAIL_ADDRESS",
        f"Email: invalid email address: {given}",
        ("Email",),
    )


@pytest.mark.parametrize(
    ("given", "stored"),
    [("2026-05-24", "2026-05-24"), ("2026-05-24T23:30:00+02:00", "2026-05-24"), ("", None), (None, None)],
)
def test_dates(given, stored):
    assert convert("CS_Renewal_Date__c", given) == stored


@pytest.mark.parametrize("given", ["2026-02-30", "24.05.2026", "20260524", "2026-W21-7", 20260524, "soon"])
def test_what_is_no_date(given):
    assert refused("CS_Renewal_Date__c", given)[0] == "JSON_PARSER_ERROR"
    assert refused("CS_Renewal_Date__c", given, text=True)[0] == "INVALID_TYPE_ON_FIELD_IN_RECORD"


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("2026-05-24T07:25:37.000Z", "2026-05-24T07:25:37.000Z"),
        ("2026-05-24T07:25:37.000+0000", "2026-05-24T07:25:37.000Z"),
        ("2026-05-24T09:25:37+02:00", "2026-05-24T07:25:37.000Z"),
        ("2026-05-24", "2026-05-24T00:00:00.000Z"),
    ],
)
def test_datetimes_are_kept_in_utc(given, stored):
    assert convert("ReminderDateTime", given, sobject="Task") == stored


@pytest.mark.parametrize("given", ["2026-05-24T07:25", "2026-05-24 07:25:37Z", "2026-13-24T07:25:37Z", 1])
def test_what_is_no_datetime(given):
    assert refused("ReminderDateTime", given, sobject="Task")[0] == "JSON_PARSER_ERROR"


def test_checkboxes():
    assert [convert("Active__c", each) for each in (True, False, None, "true", "FALSE")] == [1, 0, 0, 1, 0]
    assert convert("Active__c", "1", text=True) == 1
    assert refused("Active__c", "yes")[0] == "JSON_PARSER_ERROR"
    assert refused("Active__c", 1)[0] == "JSON_PARSER_ERROR"
    assert refused("Active__c", "yes", text=True)[0] == "INVALID_TYPE_ON_FIELD_IN_RECORD"


def test_ids_are_kept_in_their_18_characters():
    assert convert("CSM__c", "005dM0000000001") == "005dM0000000001QAA"
    assert refused("CSM__c", "somebody") == (
        "MALFORMED_ID",
        "Customer Success Manager: id value of incorrect type: somebody",
        ("CSM__c",),
    )


def test_a_number_is_no_text():
    assert refused("Name", 12)[1].startswith("Cannot deserialize instance of string from VALUE_NUMBER_INT value 12")


def test_a_column_that_is_not_there():
    (problem,) = plan("Nmae").problems
    assert (problem.code, problem.message) == ("INVALID_FIELD", "No such column 'Nmae' on sobject of type Account")


def test_CAT_16_a_hidden_column_is_not_there_and_a_locked_one_refuses():
    security = FieldSecurity()
    security.limit(USER, "Account", "Hidden_Notes__c", read=False, edit=False)
    security.limit(USER, "Account", "Locked_Score__c", read=True, edit=False)
    access = Access.for_user(USER, security)
    (hidden,) = plan("Hidden_Notes__c", access=access).problems
    assert hidden.message == "No such column 'Hidden_Notes__c' on sobject of type Account"
    (locked,) = plan("Locked_Score__c", "Name", "CreatedDate", access=access).problems
    assert locked.code == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert locked.message.startswith("Unable to create/update fields: Locked_Score__c, CreatedDate. Please check the ")
    assert locked.fields == ("Locked_Score__c", "CreatedDate")


def test_the_id_is_not_a_column():
    (problem,) = plan("Id").problems
    assert problem.message == "The Id field should not be specified in the sobject data."


def test_BEY_4_all_that_is_required_is_named_at_once():
    new = plan("Amount", creating=True, sobject="Opportunity")
    _, refusals = new.convert({"Amount": 1})
    (refusal,) = refusals
    assert refusal.code == "REQUIRED_FIELD_MISSING"
    assert refusal.message == "Required fields are missing: [Name, StageName, CloseDate]"
    assert refusal.fields == ("Name", "StageName", "CloseDate")


def test_what_is_required_may_be_left_out_of_a_change_but_not_emptied():
    assert plan("Phone").convert({"Phone": "1"}) == (["1"], [])
    _, (refusal,) = plan("Name").convert({"Name": " "})
    assert refusal.message == "Required fields are missing: [Name]"


def test_a_new_record_gets_defaults_for_what_it_leaves_empty():
    values, refusals = plan("Name", "OwnerId", creating=True).convert({"Name": "A", "OwnerId": None})
    assert (values, refusals) == (["A", USER], [])


def test_several_things_wrong_with_a_row_are_all_said():
    columns = ("CS_Health_Score__c", "CS_Health_Band__c", "CS_MRR__c", "Name")
    row = {"CS_Health_Score__c": 100, "CS_Health_Band__c": "x", "CS_MRR__c": 1, "Name": ""}
    _, refusals = plan(*columns).convert(row)
    assert [each.code for each in refusals] == [
        "REQUIRED_FIELD_MISSING",
        "NUMBER_OUTSIDE_VALID_RANGE",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    ]


def test_field_names_go_in_any_case():
    assert plan("cs_mrr__C").convert({"cs_mrr__C": 5}) == ([5.0], [])


def test_a_parent_can_be_named_by_a_unique_field():
    (key,), _ = plan("CSM__r").convert({"CSM__r": {"Username": "a@b.example"}})
    assert isinstance(key, ParentKey)
    assert (key.sobject.name, key.field.name, key.value) == ("User", "Username", "a@b.example")
    (key,), _ = plan("CSM__r.Username", text=True).convert({"CSM__r.Username": "a@b.example"})
    assert key.value == "a@b.example"
    _, (refusal,) = plan("CSM__r").convert({"CSM__r": {"Title": "Boss"}})
    assert refusal.code == "INVALID_FIELD"


def test_a_parent_of_one_of_several_objects_says_its_object_first():
    change = plan("What", sobject="Task")
    _, (refusal,) = change.convert({"What": {"Product_Id__c": "P-1"}})
    assert refusal.message == (
        "Nested object for polymorphic foreign key must have an attributes field before any other fields."
    )
    (key,), _ = change.convert({"What": {"attributes": {"type": "Account"}, "Product_Id__c": "P-1"}})
    assert key.sobject.name == "Account"
