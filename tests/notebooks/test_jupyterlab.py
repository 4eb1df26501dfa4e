"""A person's way through the tour, in a real JupyterLab and a real browser."""

import re

from playwright.sync_api import Locator, Page, expect


def texts(area: Locator, column: int) -> list[str]:
    return area.locator(f"tbody td:nth-child({column})").all_inner_texts()


def test_CARD_4_a_person_runs_the_tour_looks_through_the_plan_and_commits_it(lab):
    lab.run_all()
    look_at_the_card(lab.output("ConnectionCard(ws)"))
    edit_the_mapping(lab.page, lab.output("MappingTable(ws)"))
    expect(lab.output("review.commit()")).to_contain_text(re.compile(r"[\d,]+ written"))
    review(lab.page, lab.output("PlanReview(ws, ws.undo())"))
    assert lab.errors == []
    assert lab.foreign == []


def look_at_the_card(card: Locator) -> None:
    expect(card).to_contain_text("Halvard Cloud")
    card.get_by_role("button", name="Refresh fields").click()
    expect(card.get_by_role("status")).to_contain_text("fields of Account read afresh")


def edit_the_mapping(page: Page, table: Locator) -> None:
    """By keyboard alone: to a cell, another value, on to the next; then saved with the button."""
    save = table.get_by_role("button", name="Save mapping")
    expect(save).to_be_disabled()
    order = table.get_by_label("Order of Phone")
    order.focus()
    page.keyboard.type("x7")
    page.keyboard.press("Tab")
    expect(table.get_by_role("alert")).to_contain_text("Order is a whole number, not 'x7'")
    expect(order).to_have_value("")
    expect(table.get_by_label("Editable of Phone")).to_be_focused()
    order.focus()
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    expect(table.locator(".cs-edited")).to_have_count(1)
    table.get_by_label("Direction of CS_Stage__c").select_option("to Salesforce")
    table.get_by_label("Shown of Phone").check()
    expect(table.locator(".cs-edited")).to_have_count(3)
    save.click()
    expect(table.get_by_role("status").last).to_contain_text("Saved 2 fields in the mapping file.")
    expect(table.locator(".cs-edited")).to_have_count(0)
    expect(table.get_by_label("Order of Phone")).to_have_value("7")


def review(page: Page, plan: Locator) -> None:
    commit = plan.get_by_role("button", name=re.compile(r"Commit [\d,]+ changes"))
    expect(commit).to_be_disabled()
    open_a_group(page, plan.get_by_role("treegrid", name="Groups of changes"), plan)
    planned = re.sub(r"[^\d,]", "", commit.inner_text())
    health = plan.get_by_label("Field").locator("option", has_text="CS_Health_Score__c").inner_text()
    plan.get_by_label("Field").select_option(label=health)
    scores = re.sub(r".*\((.*)\)", r"\1", health)
    rows = plan.locator(".cs-grid", has=page.get_by_role("grid", name="Planned changes"))
    expect(rows.locator(".cs-count").first).to_have_text(f"Rows 1 to 12 of {scores}")
    plan.get_by_label("Search Planned changes").fill("nothing like it")
    expect(rows.locator(".cs-nothing")).to_have_text("No row is like that")
    plan.get_by_label("Search Planned changes").fill("LTD")
    expect(rows.locator(".cs-nothing")).to_have_count(0)
    expect(rows.locator(".cs-count").first).to_contain_text(f"found among {scores}")
    assert all("ltd" in name.lower() for name in texts(rows, 4))
    heading = rows.get_by_role("columnheader", name="Before")
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    page.keyboard.press("Enter")  # the heading kept the focus
    expect(heading).to_have_attribute("aria-sort", "descending")
    before = [float(text) for text in texts(rows, 6)]
    assert before == sorted(before, reverse=True)
    rows.get_by_role("button", name="Next ›").click()
    expect(rows.get_by_text("Page 2 of")).to_be_visible()
    looked = plan.get_by_label("I have looked at these changes")
    looked.press("x")  # which elsewhere in JupyterLab cuts the cell
    looked.check()
    commit.click()
    expect(plan.get_by_role("status").last).to_contain_text(f"{planned} written")
    expect(plan.get_by_role("button", name="Committed")).to_be_disabled()
    assert set(texts(rows, 8)) == {"●written"}


def open_a_group(page: Page, groups: Locator, plan: Locator) -> None:
    """By keyboard alone: into the groups, open the first, choose what it opens into, and back to all rows."""
    first = groups.locator("tbody tr").first
    first.focus()
    page.keyboard.press("ArrowRight")
    expect(first).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    field = groups.locator("tbody tr").nth(1)
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-selected", "true")
    expect(
        plan.get_by_role("button", name=f"Only {field.locator('td').first.inner_text()[1:].strip()}")
    ).to_be_visible()
    page.keyboard.press("Escape")
    expect(plan.get_by_role("button", name=re.compile("^Only"))).to_be_hidden()
