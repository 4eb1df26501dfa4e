import pytest

from toolkit.config import Picklist, Scope
from toolkit.errors import InputError
from toolkit.salesforce.describe import FieldDescribe, ObjectDescribe
from toolkit.widgets import ScopeEditor
from toolkit.widgets.filter_builder import FilterBuilder


def mapping_text(workspace) -> str:
    return (workspace.folder / "workspace.toml").read_text("utf-8")


def modes(editor: ScopeEditor) -> list[str]:
    return [mode for _, mode in editor.mode.options]


@pytest.fixture
def editor(connected) -> ScopeEditor:
    return ScopeEditor(connected)


def test_VIT_1_the_scope_is_a_sentence_with_its_number_of_records(editor, connected):
    connected.pull()
    assert editor.summary() == f'Scope of account: the list view "Active Customers", {connected.there().height} records'
    assert f">{connected.there().height} records<" in editor.html()
    assert editor.save_button.disabled


def test_SKA_9_SKA_10_the_list_views_of_the_org_are_offered(editor, connected):
    views = [view.label for view in connected.org.list_views("Account")]
    assert [value for _, value in editor.form.list_view.options] == ["", *views]
    editor.form.list_view.value = "All Accounts"
    assert editor.count == connected.org.count("Account")
    editor.save()
    assert connected.mapped().scope.list_view == "All Accounts"


def test_SKA_11_it_is_said_that_only_an_administrator_should_edit_the_view(editor):
    assert "let only an administrator edit it" in editor.figures.value


def test_VIT_13_it_is_said_that_not_every_account_is_a_customer(editor):
    editor.form.list_view.value = ""
    assert "accounts that are no customers of today" in editor.figures.value


def test_CC_3_only_picklists_are_offered_and_CC_2_likely_ones_come_first(editor, connected):
    offered = [name for _, name in editor.form.picklist.field.options][1:]
    types = {connected.org.describe("Account").field(name).type for name in offered}
    assert types <= {"picklist", "multipicklist"}
    assert offered[0] == "Type"


def test_CC_5_CC_6_a_picklist_and_its_values_are_saved_and_the_comments_of_the_file_stay(editor, connected):
    comments = [line for line in mapping_text(connected).splitlines() if line.startswith("#")]
    editor.form.list_view.value = ""
    editor.form.picklist.field.value = "Type"
    assert editor.message.text.startswith("No value of Type is chosen.")
    assert editor.save_button.disabled
    values = [value for value in editor.form.picklist.values if value.startswith("Customer")]
    for value in values:
        editor.form.picklist.values[value].value = True
    condition = f"Type IN ({', '.join(repr(value) for value in values)})"
    assert editor.count == connected.org.count("Account", condition)
    editor.save_button.click()
    assert editor.message.text.startswith("Saved scope of account.")
    assert connected.mapped().scope == Scope(picklist=Picklist(field="Type", values=tuple(values)))
    assert [line for line in mapping_text(connected).splitlines() if line.startswith("#")] == comments


def test_VIT_1_a_filter_is_built_from_lists_and_written_as_text(editor, connected):
    builder = editor.form.filter
    builder.add("Industry", "=", "Technology")
    builder.add("AnnualRevenue", ">", "1000000")
    builder.add("Name", "contains", "Ltd", beside=1)
    assert builder.text.value == "Industry = 'Technology' and (AnnualRevenue > 1000000 or Name contains 'Ltd')"
    builder.joiner.value = "any"
    assert builder.text.value == "Industry = 'Technology' or (AnnualRevenue > 1000000 and Name contains 'Ltd')"
    builder.groups[0][0].remove_button.click()
    assert builder.text.value == "AnnualRevenue > 1000000 and Name contains 'Ltd'"
    editor.save()
    assert connected.mapped().scope.filter == "AnnualRevenue > 1000000 and Name contains 'Ltd'"
    assert 'list_view = "Active Customers"' in mapping_text(connected)


def test_a_filter_that_was_typed_is_shown_as_conditions(editor):
    builder = editor.form.filter
    builder.text.value = "Type in ('Customer - Direct', 'Other') and (Industry is empty or CreatedDate = LAST_WEEK)"
    shown = [[(each.field.value, each.operator.value, each.value.value) for each in group] for group in builder.groups]
    assert shown == [
        [("Type", "in", "Customer - Direct, Other")],
        [("Industry", "is empty", ""), ("CreatedDate", "=", "LAST_WEEK")],
    ]
    text = builder.text.value
    builder.rewrite()
    assert builder.text.value == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Industy = 'Energy'", "did you mean Industry?"),
        ("Industry = 'Energy' and (", "the filter ends too early"),
        ("Industry = Energy", "does not belong here"),
        ("AnnualRevenue contains 5", "AnnualRevenue"),
    ],
)
def test_a_faulty_filter_is_told_in_words_and_nothing_is_saved(editor, connected, text, said):
    before = mapping_text(connected)
    editor.form.filter.text.value = text
    assert said in editor.message.text
    assert editor.save_button.disabled
    assert (editor.resolved, editor.count) == (None, None)
    with pytest.raises(InputError):
        editor.save()
    assert mapping_text(connected) == before
    editor.discard_button.click()
    assert (editor.message.text, editor.form.filter.text.value) == ("", "")


def test_a_value_that_does_not_suit_its_field_is_told_and_the_filter_stays_as_it_was(editor):
    builder = editor.form.filter
    builder.add("AnnualRevenue", ">", "a lot")
    assert "does not belong here" in builder.note.value or "cannot be read" in builder.note.value
    assert builder.text.value == ""


def test_a_filter_of_more_than_two_levels_is_edited_as_text(editor):
    builder = editor.form.filter
    builder.text.value = "not (Industry = 'Energy')"
    assert "more than two levels" in builder.note.value
    assert builder.add_button.disabled
    assert editor.message.text == "Not saved yet."


def test_operators_are_those_that_the_type_of_a_field_allows():
    fields = {
        "Name": FieldDescribe("Name", "Name"),
        "Open__c": FieldDescribe("Open__c", "Open", "boolean"),
        "Blob": FieldDescribe("Blob", "Blob", "base64"),
    }
    builder = FilterBuilder(ObjectDescribe(name="Account", label="Account", fields=fields), "", lambda: None)
    assert [each.name for each in builder.fields()] == ["Name", "Open__c"]
    builder.add("Open__c")
    row = builder.groups[0][0]
    assert row.operator.options == ("=", "!=")
    assert row.value.options == ("true", "false")
    row.field.value = "Name"
    assert "contains" in row.operator.options


def test_SKA_4_SKA_5_SKA_6_SKA_7_only_the_modes_that_make_sense_are_offered(connected):
    assert modes(ScopeEditor(connected)) == ["input", "two_way", "output", "disabled"]
    assert modes(ScopeEditor(connected, "contact")) == ["input", "two_way", "disabled"]
    assert modes(ScopeEditor(connected, "agreement")) == ["input", "disabled"]
    meeting = ScopeEditor(connected, "meeting")
    assert modes(meeting) == ["input", "two_way", "output", "disabled"]
    meeting.mode.value = "output"
    meeting.save()
    assert connected.mapped("meeting").mode == "output"


def test_SKA_12_CC_13_CC_15_CC_16_what_leaves_and_what_is_left_out_is_saved(editor, connected):
    editor.left_scope.value = "churn"
    editor.form.longest_name.value = "128"
    editor.form.persons.value = editor.form.parents.value = True
    editor.save()
    mapping = connected.mapped()
    assert mapping.left_scope == "churn"
    excluded = mapping.exclude
    assert (excluded.name_over, excluded.person_accounts, excluded.parents) == (128, True, True)
    editor.form.longest_name.value = "long"
    assert "Give a number of characters (CC-15)" in editor.message.text


def test_SKA_19_contacts_are_those_of_the_accounts_unless_switched_off(connected):
    editor = ScopeEditor(connected, "contact")
    kept = editor.count
    assert "of the accounts in" in editor.summary()
    editor.form.of_accounts.value = False
    assert editor.count == connected.org.count("Contact") > kept


def test_SKA_25_opportunities_are_won_ones_unless_said_otherwise(connected):
    editor = ScopeEditor(connected, "agreement")
    won = editor.count
    assert editor.summary().startswith("Scope of agreement: won opportunities")
    editor.form.won.value = False
    assert editor.count > won


def test_a_list_view_that_vanished_is_offered_as_what_it_is_and_told(connected):
    connected.edit_object("account", {"scope": Scope(list_view="Gone <b>away</b>")})
    editor = ScopeEditor(connected)
    offered = {value: label for label, value in editor.form.list_view.options}
    assert "no longer in Salesforce" in offered["Gone <b>away</b>"]
    assert "Gone <b>away</b>" in editor.message.text
    for html in (editor.html(), editor.message.value, editor.figures.value):
        assert "<b>" not in html


def test_nobody_saves_a_scope_that_is_not_theirs_to_edit(connected):
    path = connected.folder / "workspace.toml"
    path.write_text(path.read_text("utf-8").replace('edit = ["*"]', 'edit = ["somebody-else"]'), "utf-8")
    with type(connected).open(connected.folder) as workspace:
        editor = ScopeEditor(workspace)
        editor.left_scope.value = "archive"
        editor.save_button.click()
        assert "may not edit" in editor.message.text


def test_what_was_changed_elsewhere_meanwhile_is_not_taken_back(editor, connected):
    connected.edit_object("account", {"create": True})
    editor.left_scope.value = "churn"
    editor.save()
    assert (connected.mapped().create, connected.mapped().left_scope) == (True, "churn")
    assert editor.create.value
