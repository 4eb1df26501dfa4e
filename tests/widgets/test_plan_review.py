from dataclasses import replace

import polars as pl
import pytest

from toolkit import summaries
from toolkit.errors import DigestError
from toolkit.salesforce.opening import Organization
from toolkit.widgets import PlanReview
from toolkit.writeback.planning.braking import Brake


@pytest.fixture
def review(ws) -> PlanReview:
    return PlanReview(ws, ws.plan())


def column(review: PlanReview, name: str) -> list[str]:
    return review.grid.selection()[name].to_list()


def written(ws) -> int:
    return len(ws.demo_org.rows("SELECT Id FROM Account WHERE CS_Health_Score__c != null"))


def test_CARD_4_a_plan_is_looked_through_before_anything_is_written(ws, review):
    assert review.grid.page["total"] == review.plan.changes.height
    assert set(column(review, "Written to")) == {"Here", "Salesforce"}
    assert f">{review.plan.writes}<" in review.figures.value
    assert review.plan.digest[:12] in review.figures.value
    assert written(ws) == 0


def test_rows_are_narrowed_down_by_side_field_and_verdict(review):
    review.show(side="Salesforce", field="CS_Health_Score__c")
    assert set(column(review, "Field")) == {"CS_Health_Score__c"}
    assert set(column(review, "Written to")) == {"Salesforce"}
    review.show(verdict="conflict")
    assert review.grid.page["total"] == review.plan.count("conflict") > 0
    review.grid.find("somebody has to decide")
    assert review.grid.page["total"] == review.plan.count("conflict")
    review.show()
    review.grid.find("")
    assert review.grid.page["total"] == review.plan.changes.height
    with pytest.raises(ValueError, match="none of conflict, write"):
        review.show(verdict="perhaps")


def test_numbers_before_and_after_are_sorted_by_their_size(review):
    review.show(field="CS_Active_Users__c")
    review.grid.sort_by("After")
    values = [float(value) for value in column(review, "After")]
    assert values == sorted(values)
    assert values != sorted(values, key=str)


def test_the_button_waits_until_the_changes_were_looked_at(ws, review):
    assert review.commit_button.disabled
    review.reviewed.value = True
    assert not review.commit_button.disabled
    review.reviewed.value = False
    assert review.commit_button.disabled
    assert written(ws) == 0


def test_BEY_1_the_button_writes_exactly_the_plan_on_the_screen(ws, review):
    review.reviewed.value = True
    review.commit_button.click()
    assert review.message.text.startswith(f"Commit {review.plan.plan_id}: {review.plan.writes} written")
    planned = review.plan.changes.filter(field="CS_Health_Score__c", verdict="write")
    held = {row["Id"]: row["CS_Health_Score__c"] for row in ws.demo_org.rows(
        "SELECT Id, CS_Health_Score__c FROM Account WHERE CS_Health_Score__c != null")}  # fmt: skip
    assert held == {there: float(after) for there, after in planned.select("there_id", "after").iter_rows()}


def test_afterwards_the_rows_say_what_became_of_them_and_nothing_can_be_pressed(review):
    review.reviewed.value = True
    review.commit_button.click()
    assert set(column(review, "Verdict")) == {"written", "conflict"}
    assert (review.commit_button.description, review.commit_button.disabled) == ("Committed", True)
    assert (review.reviewed.disabled, review.progress.layout.display) == (True, "none")
    assert review.progress.value == review.progress.max > 1
    review.show(verdict="written")
    assert review.grid.page["total"] == review.plan.writes
    assert "● written" in review.grid.html()


def test_a_cell_that_commits_after_the_button_writes_nothing_again(ws, review):
    review.reviewed.value = True
    review.commit_button.click()
    calls = len(ws.demo_org.calls)
    assert review.commit() is review.outcome
    assert len(ws.demo_org.calls) == calls


def test_a_row_that_moved_since_is_held_and_says_so(ws, review):
    moved = review.plan.changes.filter(field="CS_Health_Band__c", verdict="write", after="Green")["there_id"][0]
    ws.demo_org.edit("Account", moved, {"CS_Health_Band__c": "Yellow"})
    outcome = review.commit()
    assert outcome.held >= 1
    review.show(verdict="held")
    (held,) = review.grid.selection().filter(Field="CS_Health_Band__c").to_dicts()
    assert held["Why"]
    assert held["Why"] != "not in Salesforce yet"
    assert f"{outcome.held} held" in review.message.text


def test_BEY_1_rows_that_were_tampered_with_are_refused_in_words(ws, review):
    changes = review.plan.changes.with_columns(
        after=pl.when(pl.col("field") == "CS_Health_Score__c").then(pl.lit("10.0")).otherwise("after")
    )
    tampered = PlanReview(ws, replace(review.plan, changes=changes))
    tampered.reviewed.value = True
    tampered.commit_button.click()
    assert "not the rows that were reviewed; nothing was written" in tampered.message.text
    assert "Make the plan again" in tampered.message.text
    assert (tampered.outcome, tampered.reviewed.value, tampered.commit_button.disabled) == (None, False, True)
    assert written(ws) == 0
    with pytest.raises(DigestError):
        tampered.commit()


def test_a_plan_that_somebody_else_committed_is_refused_in_words(ws, review):
    ws.commit(review.plan, confirm=review.plan.digest)
    review.reviewed.value = True
    review.commit_button.click()
    assert "was committed already" in review.message.text
    assert review.outcome is None


def test_an_empty_plan_offers_nothing_to_press(ws, review):
    review.commit()
    empty = PlanReview(ws, ws.plan())
    assert empty.plan.writes == 0
    assert (empty.commit_button.description, empty.commit_button.disabled) == ("Nothing to write", True)
    assert empty.reviewed.disabled
    empty.show(verdict="conflict")
    assert empty.html()


def test_BEY_5_an_undo_is_reviewed_and_committed_like_any_plan(ws, review):
    review.commit()
    undo = PlanReview(ws, ws.undo())
    undo.reviewed.value = True
    undo.commit_button.click()
    assert undo.outcome is not None
    assert undo.outcome.written == review.plan.writes
    assert written(ws) == 0


def test_the_twin_shows_some_rows_of_every_kind_and_nothing_that_changes(ws, review):
    bundle = review._repr_mimebundle_()
    html = bundle["text/html"]
    for text in ("Salesforce", "Here", "○ write", "▲ conflict", "CS_Health_Score__c", "8 of 600 rows"):
        assert text in html, text
    for volatile in ("127.0.0.1", str(ws.folder), "API calls left"):
        assert volatile not in html
    again = PlanReview(ws, ws.saved_plan(review.plan.digest))
    assert again._repr_mimebundle_()["text/html"] == html
    assert bundle["text/plain"] == review.summary()


# -- groups, rows that are left out, and what stands in the way ------------------------------------------------------


def group_of(review: PlanReview, label: str) -> str:
    return review.rows.groups.frame.filter(label=label)["key"][0]


def test_BEY_1_groups_open_into_fields_and_rules_and_narrow_the_rows_down(review):
    shown = [row["cells"]["label"] for row in review.rows.groups.page["rows"]]
    assert shown == ["account in Salesforce", "account here"]
    review.rows.groups.toggle(group_of(review, "account in Salesforce"))
    assert "CS_MRR__c" in [row["cells"]["label"] for row in review.rows.groups.page["rows"]]
    review.rows.groups.choose(group_of(review, "CS_MRR__c"))
    assert set(column(review, "Field")) == {"CS_MRR__c"}
    review.rows.groups.act("all")
    assert review.grid.page["total"] == review.plan.changes.height


def test_the_rows_that_change_most_come_first(review):
    review.show(field="CS_Health_Score__c")
    assert [int(number) for number in column(review, "#")] == (
        summaries.biggest_changes(review.plan.changes.filter(field="CS_Health_Score__c"), 10**6)["seq"].to_list()
    )


def test_BEY_1_rows_are_left_out_by_key_and_the_new_plan_is_what_is_committed(ws, review):
    before = review.plan
    review.rows.groups.choose(group_of(review, "CS_MRR__c"))
    review.rows.groups.act("mark")
    assert review.leave_out_button.description == f"Leave out {len(review.rows.marked)} rows"
    review.grid.choose(review.grid.page["rows"][0]["key"])
    review.grid.act("leave")
    assert len(review.rows.marked) == before.changes.filter(field="CS_MRR__c", verdict="write").height - 1
    kept = set(before.changes.filter(field="CS_MRR__c", verdict="write")["seq"]) - review.rows.marked
    review.leave_out_button.click()
    assert review.plan.digest != before.digest
    assert review.plan.made_of == before.plan_id
    assert review.plan.plan_id in review.figures.value
    outcome = review.commit()
    assert set(outcome.results.filter(field="CS_MRR__c")["seq"]) == kept
    assert outcome.commit_id == review.plan.plan_id


def test_only_what_would_be_written_can_be_left_out(review):
    review.show(verdict="conflict")
    review.grid._receive(None, {"kind": "act", "name": "leave", "row": review.grid.page["rows"][0]["key"]}, None)
    assert "would not be written anyway" in review.grid.message
    assert review.rows.marked == set()


def test_BEY_8_brakes_are_shown_and_passed_only_by_who_says_that_it_is_meant(ws, review):
    braked = PlanReview(ws, replace(review.plan, brakes=(Brake("cleared", "there", "account", "Phone", 30, 40, 0.2),)))
    assert "30 of the 40 linked records of account would lose Phone" in braked.notes.value
    braked.reviewed.value = True
    assert braked.commit_button.disabled
    braked.accepted.value = True
    assert not braked.commit_button.disabled
    assert review.accepted.layout.display == "none"


def test_only_rows_that_would_be_written_have_a_mark_and_none_after_the_commit(review):
    review.show(verdict="conflict")
    assert {row["cells"]["Leave out"] for row in review.grid.page["rows"]} == {None}
    review.show(verdict="write")
    assert {row["cells"]["Leave out"] for row in review.grid.page["rows"]} == {False}
    review.commit()
    review.show()
    assert set(column(review, "Leave out")) == {None}


def test_BEY_8_a_production_org_is_named_before_the_button_is_there_and_nothing_is_rehearsed(ws, review):
    made = review.plan
    ws.org.__dict__["organization"] = Organization(ws.org.organization.name, is_sandbox=False)
    asked = PlanReview(ws, made)
    assert (asked.typed_name.layout.display, asked.rehearse_button.layout.display) == (None, "none")
    asked.reviewed.value = True
    assert asked.commit_button.disabled
    asked.typed_name.value = f"{ws.org.organization.name} "
    assert not asked.commit_button.disabled
    nothing = PlanReview(ws, ws.exclude(made, made.rows("write")))
    assert nothing.typed_name.layout.display == "none"


def test_an_org_whose_name_the_user_may_not_see_is_named_by_its_id(ws, review):
    ws.org.__dict__["organization"] = Organization("", is_sandbox=False)
    asked = PlanReview(ws, review.plan)
    asked.reviewed.value = True
    asked.typed_name.value = ws.org.org_id
    asked.commit_button.click()
    assert asked.outcome is not None


def test_BEY_6_what_failed_says_what_to_do_and_is_tried_again_alone(ws, review):
    ws.demo_org.add_validation_rule("Account", "No_Red", 'ISPICKVAL(CS_Health_Band__c, "Red")', "Red is not allowed")
    outcome = review.commit()
    assert outcome.failed > 0
    review.show(verdict="failed")
    assert {
        why for why in column(review, "Why") if "Red is not allowed" not in why or "ask its admin" not in why
    } == set()
    assert review.retry_button.layout.display is None
    ws.demo_org.switch_rule("Account", "No_Red", active=False)
    review.retry_button.click()
    assert review.outcome is None
    assert review.plan.purpose == f"retry {outcome.commit_id}"
    assert review.plan.writes == outcome.failed
    assert review.commit().written == outcome.failed


def test_a_plan_that_needs_a_second_person_offers_the_approval(ws, review, monkeypatch):
    ws.settings = ws.settings.model_copy(
        update={"writeback": ws.settings.writeback.model_copy(update={"approval": True})}
    )
    waiting = PlanReview(ws, review.plan)
    assert f"somebody other than {ws.person()}" in waiting.notes.value
    waiting.approve_button.click()
    assert "cannot be approved by its own maker" in waiting.message.text
    monkeypatch.setenv("CS_TOOLKIT_USER", "second.person")
    waiting.approve_button.click()
    assert "Approved by second.person." in waiting.notes.value
    waiting.reviewed.value = True
    waiting.commit_button.click()
    assert waiting.outcome is not None


def test_BEY_4_a_rehearsal_tells_which_records_the_org_would_refuse_and_saves_nothing(ws, review):
    ws.demo_org.add_validation_rule("Account", "No_Red", 'ISPICKVAL(CS_Health_Band__c, "Red")', "Red is not allowed")
    review.rehearse_button.click()
    assert "nothing was saved" in review.message.text
    assert "Red is not allowed" in review.message.text
    assert written(ws) == 0
