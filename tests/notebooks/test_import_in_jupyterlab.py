"""A person imports accounts: fields in another order by keyboard and by drag, a scope by its filter."""

import re

from playwright.sync_api import Locator, Page, expect


def fields(table: Locator) -> list[str]:
    return table.locator(".cs-grid tbody tr:not(.cs-note) td:nth-child(4)").all_inner_texts()


def test_CSU_17_VIT_1_a_person_orders_the_fields_and_narrows_the_scope(importing):
    importing.run_all()
    order_the_fields(importing.page, importing.output("MappingTable(ws)"))
    narrow_the_scope(importing.page, importing.output("ScopeEditor(ws)"))
    look_at_the_preview(importing.output("ImportPreview(ws)"))
    assert importing.errors == []
    assert importing.foreign == []


def order_the_fields(page: Page, table: Locator) -> None:
    """By keyboard: the handle keeps the focus while its row moves. Then by drag. Then saved with the button."""
    assert fields(table)[3:6] == ["CS_Stage__c", "Owner.Name", "Industry"]
    handle = table.get_by_role("button", name="Move Industry")
    handle.focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(table.get_by_text("Industry is now 5 of 16")).to_be_visible()
    page.keyboard.press("Alt+ArrowUp")
    expect(table.get_by_text("Industry is now 4 of 16")).to_be_visible()
    expect(handle).to_be_focused()
    assert fields(table)[3] == "Industry"
    drag(page, table.get_by_role("button", name="Move CS_Stage__c"), table.locator(".cs-grid tbody tr").first)
    expect(table.get_by_text("CS_Stage__c is now 1 of 16")).to_be_visible()
    assert fields(table)[:5] == ["CS_Stage__c", "Name", "CS_Health_Score__c", "CS_Health_Band__c", "Industry"]
    table.get_by_label("Search Field mapping").fill("stage")
    expect(table.get_by_role("button", name="Move CS_Stage__c")).to_be_disabled()
    table.get_by_label("Search Field mapping").fill("")
    table.get_by_role("button", name="Save mapping").click()
    expect(table.get_by_role("status").last).to_contain_text("Saved 6 fields in the mapping file.")
    expect(table.get_by_label("Order of CS_Stage__c")).to_have_value("1")


def drag(page: Page, handle: Locator, onto: Locator) -> None:
    """Press the mouse on a handle, move it to the upper edge of a row, and let go."""
    handle.scroll_into_view_if_needed()
    start, end = handle.bounding_box(), onto.bounding_box()
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + 20, end["y"] + 30, steps=5)
    page.mouse.move(end["x"] + 20, end["y"] + 3, steps=3)
    expect(onto).to_have_class(re.compile("cs-above"))
    page.mouse.up()


def narrow_the_scope(page: Page, scope: Locator) -> None:
    """A fault in the typed filter is told in words; a filter from lists is counted, and saved."""
    scope.get_by_label("Filter").fill("Industy = 'Energy'")
    page.keyboard.press("Tab")
    expect(scope.get_by_role("alert")).to_contain_text("did you mean Industry?")
    expect(scope.get_by_role("button", name="Save scope")).to_be_disabled()
    scope.get_by_label("Filter").fill("")
    page.keyboard.press("Tab")
    expect(scope.get_by_title("Field", exact=True)).to_have_count(0)
    scope.get_by_role("button", name="Add a condition").click()
    scope.get_by_title("Field", exact=True).select_option(label="Industry (Industry)")
    expect(scope.get_by_text("a text", exact=True)).to_be_visible()
    scope.get_by_title("Value", exact=True).fill("Energy")
    page.keyboard.press("Tab")
    expect(scope.get_by_label("Filter")).to_have_value("Industry = 'Energy'")
    expect(scope.get_by_text(re.compile("Active Customers\", Industry = 'Energy'"))).to_be_visible()
    scope.get_by_role("button", name="Save scope").click()
    expect(scope.get_by_role("status").last).to_contain_text("Saved scope of account.")


def look_at_the_preview(preview: Locator) -> None:
    preview.get_by_role("button", name="Look again").click()
    expect(preview.locator(".cs-share").first).to_be_visible()
    expect(preview.get_by_role("row").filter(has_text="CS_Stage__c")).to_contain_text("100 %")
