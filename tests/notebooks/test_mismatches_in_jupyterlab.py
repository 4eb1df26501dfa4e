"""A person looks into a class of mismatches and reviews its suggestions, in JupyterLab."""

from playwright.sync_api import expect

from tests.notebooks.conftest import opened


def test_BEY_10_a_class_is_chosen_and_its_suggestions_are_reviewed_by_keyboard(browser, tmp_path):
    with opened(browser, tmp_path / "lab", "08_inspect_mismatches") as lab:
        lab.run_all()
        last = lab.page.locator(".cs-widget", has=lab.page.get_by_role("grid", name="Classes of records")).last
        line = last.get_by_role("row").filter(has_text="Only here").first
        line.click()
        expect(last.get_by_role("table", name="Records")).to_contain_text("no record in Salesforce has")
        before = int(line.locator("td").nth(1).inner_text())
        lab.page.keyboard.type("xdd")  # which elsewhere in JupyterLab cuts and deletes cells
        last.get_by_role("button", name="Review suggestions").press("Enter")
        card = last.locator(".cs-card")
        expect(card).to_be_focused()
        lab.page.keyboard.press("a")
        expect(card.get_by_role("status")).to_contain_text("linked")
        expect(card).to_be_focused()
        expect(line.locator("td").nth(1)).to_have_text(str(before - 1))
        assert lab.errors == []
        assert lab.foreign == []
