import polars as pl
import pytest

from toolkit.errors import StepMissingError
from toolkit.widgets import Bars, ImportPreview


def test_the_preview_shows_each_outcome_with_its_reason_and_an_example(ws):
    preview = ImportPreview(ws, "contact")
    outcomes = ws.preview("contact").outcomes
    rows = [row["cells"] for row in preview.outcomes.page["rows"]]
    assert [int(row["records"]) for row in rows] == outcomes["records"].to_list()
    skipped = outcomes.filter(outcome="skipped").row(0, named=True)
    assert "■ is left out</td>" in preview.html()
    assert skipped["rule"] in preview.html()
    assert "its account" in preview.html()
    assert preview.summary() == str(ws.preview("contact"))


def test_the_preview_shows_what_each_field_brings_with_a_bar_for_how_much_is_filled_in(ws):
    preview = ImportPreview(ws, "contact")
    email = next(row for row in preview.fields.page["rows"] if row["key"] == "Email")
    filled = ws.preview("contact").fields.filter(there="Email")["filled"].item()
    assert 0.9 < filled < 1
    assert email["bars"]["filled"] == filled
    assert email["cells"]["filled"] == "99 %" or email["cells"]["filled"] == f"{filled:.0%}".replace("%", " %")
    assert "linear-gradient(" in preview.html()


def test_the_button_imports_what_the_preview_says_and_shows_the_run(ws):
    preview = ImportPreview(ws, "contact")
    created = ws.preview("contact").outcomes.filter(outcome="created")["records"].sum()
    preview.import_button.click()
    assert ws.here("contact").height == created
    assert f"contact: {created:,} created" in preview.message.text
    assert "created" not in preview.preview.outcomes["outcome"].to_list()
    assert preview.run is not None


def test_nothing_is_kept_by_looking(ws):
    ImportPreview(ws, "contact")
    assert ws.store.records("here", "contact") is None


def test_there_is_no_preview_before_the_first_pull(connected):
    with pytest.raises(StepMissingError, match="Nothing was read"):
        ImportPreview(connected)


def test_bars_are_as_long_as_their_share_of_the_largest_figure_and_markup_is_text():
    bars = Bars(pl.DataFrame({"month": ["<i>May</i>", "June"], "mrr": [50.0, 200.0]}), "mrr", labels={"mrr": "MRR"})
    html = bars._repr_html_()
    assert "#4a90d955 25%" in html
    assert "#4a90d955 100%" in html
    assert "&lt;i&gt;May&lt;/i&gt;" in html
    assert ">MRR</th>" in html
    assert repr(bars) == "Bars of 2 rows: Month, MRR"


def test_bars_of_nothing_are_empty():
    assert "<tbody></tbody>" in Bars(pl.DataFrame({"mrr": pl.Series([], dtype=pl.Float64)}), "mrr")._repr_html_()
