from datetime import date

import polars as pl

from toolkit.widgets import Table
from toolkit.widgets.twin import facts_html, figures_html, table_html

FRAME = pl.DataFrame(
    {
        "days_to_renewal": [29, None, 4],
        "CS_Score__c": [1.25, 3.0, None],
        "mrr": [120_313.61, 90.5, 7.0],
        "share": [0.5, 0.1729, 0.0],
        "renewal": [date(2026, 12, 1), None, None],
        "name": ["<b>Bold</b> & Sons", "x" * 60, "short"],
    }
)


def test_headings_are_words_and_api_names_stay():
    table = Table(FRAME, labels={"mrr": "MRR"}, percent=["share"])
    assert table.frame.columns == ["Days to renewal", "CS_Score__c", "MRR", "Share", "Renewal", "Name"]
    assert repr(table).startswith("Table of 3 rows: Days to renewal, CS_Score__c, MRR")


def test_numbers_of_a_column_have_the_same_number_of_decimals():
    html = Table(FRAME, percent=["share"])._repr_html_()
    for text in ("120,314", ">90<", ">1.25<", ">3.00<", "50 %", "17 %", ">—<", "2026-12-01"):
        assert text in html, text


def test_a_table_says_how_many_rows_there_are():
    assert "2 of 3 rows." in Table(FRAME, rows=2)._repr_html_()
    assert " rows." not in Table(FRAME)._repr_html_()
    assert "<tbody></tbody>" in Table(FRAME.clear())._repr_html_()


def test_text_of_records_is_never_markup():
    text = "<img src=x onerror=alert(1)>"
    frame = pl.DataFrame({text: [text]})
    for html in (table_html(frame), facts_html(text, {text: text}), figures_html({text: text})):
        assert "<img" not in html
        assert "&lt;img" in html
