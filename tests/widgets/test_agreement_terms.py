import pytest

from toolkit.errors import InputError
from toolkit.widgets import AgreementTerms


def mapping_text(workspace) -> str:
    return (workspace.folder / "workspace.toml").read_text("utf-8")


def test_the_terms_are_shown_in_words(connected):
    html = AgreementTerms(connected).html()
    for words in ("a year&#x27;s revenue (ARR)", "Term_Months__c months after the start", "if Auto_Renew__c is true"):
        assert words in html


def test_SKA_26_SKA_27_the_amount_and_what_it_stands_for_are_chosen(connected):
    editor = AgreementTerms(connected)
    editor.revenue.value = "mrr"
    editor.amount.value = "Setup_Fee__c"
    editor.save()
    terms = connected.mapped("agreement").terms
    assert (terms.revenue, terms.amount) == ("mrr", "Setup_Fee__c")
    assert "# seldom the closing date" in mapping_text(connected)


def test_SKA_30_end_and_notice_are_given_in_three_ways(connected):
    editor = AgreementTerms(connected)
    assert (editor.end.kind.value, editor.end.unit.value) == ("duration", "month")
    editor.end.kind.value, editor.end.date.value = "date", "CloseDate"
    editor.notice.kind.value, editor.notice.manual.value = "manual", "3 months"
    editor.save()
    terms = connected.mapped("agreement").terms
    assert (terms.end.date, terms.notice.manual) == ("CloseDate", "3 months")
    assert editor.end.kind.value == "date"
    editor.end.kind.value = ""
    editor.save()
    assert connected.mapped("agreement").terms.end is None


def test_SKA_31_a_tacit_renewal_is_told_by_a_field_or_a_notice_or_is_always_or_never_so(connected):
    editor = AgreementTerms(connected)
    assert (editor.tacit.kind.value, editor.tacit.values.value) == ("field", "true")
    for kind in ("always", "never", "when_notice_given"):
        editor.tacit.kind.value = kind
        editor.save()
        tacit = connected.mapped("agreement").terms.tacit
        assert (tacit.always, tacit.when_notice_given, tacit.field) == (
            {"always": True, "never": False}.get(kind), kind == "when_notice_given", None,
        )  # fmt: skip
        assert editor.tacit.kind.value == kind
    editor.tacit.kind.value, editor.tacit.field.value, editor.tacit.values.value = "field", "Auto_Renew__c", "false"
    editor.save()
    assert connected.mapped("agreement").terms.tacit.values == (False,)


def test_a_term_that_cannot_be_is_told_in_words_and_nothing_is_saved(connected):
    before = mapping_text(connected)
    editor = AgreementTerms(connected)
    editor.notice.kind.value, editor.notice.manual.value = "manual", "a while"
    editor.save_button.click()
    assert "The notice before it cannot be that." in editor.message.text
    assert "a length such as 3 months" in editor.message.text
    editor.discard_button.click()
    editor.start.value = ""
    with pytest.raises(InputError, match="Not given: start"):
        editor.save()
    assert mapping_text(connected) == before


def test_a_save_says_what_the_agreements_come_to(ws):
    editor = AgreementTerms(ws)
    editor.tacit.kind.value = "always"
    editor.save()
    assert editor.message.text == f"Saved. {ws.preview('agreement')}"
