"""A person reviews suggested pairs by keyboard, in JupyterLab."""

from playwright.sync_api import expect

from tests.notebooks.conftest import opened


def test_BEY_11_pairs_are_decided_by_keys_and_the_focus_stays(browser, tmp_path):
    with opened(browser, tmp_path / "lab", "07_match") as lab:
        lab.run_all()
        review = lab.output("review.reject()")
        card = review.locator(".cs-card")
        expect(review.get_by_role("button", name="Accept: link the two")).to_contain_text("A")
        expect(review.get_by_text("Pair 1 of ")).to_be_visible()
        expect(review.locator("mark").first).to_have_text("https://www.")
        card.focus()
        lab.page.keyboard.press("n")
        expect(review.get_by_text("Pair 2 of ")).to_be_visible()
        lab.page.keyboard.press("p")
        expect(review.get_by_text("Pair 1 of ")).to_be_visible()
        lab.page.keyboard.type("dd")  # which elsewhere in JupyterLab deletes the cell
        lab.page.keyboard.press("s")
        expect(review.get_by_role("status")).to_contain_text("left for another time")
        lab.page.keyboard.press("r")
        expect(review.get_by_role("status")).to_contain_text("kept apart")
        expect(card).to_be_focused()
        assert lab.errors == []
        assert lab.foreign == []
