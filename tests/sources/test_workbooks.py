"""Excel workbooks as people fill them in: numbers, dates and text side by side, titles above, blank rows between."""

import io
from datetime import UTC, date, datetime

import polars as pl
import pytest
import xlsxwriter
import xlwt

from toolkit.config.sources import Source
from toolkit.errors import SourceError
from toolkit.sources.needs import Needs
from toolkit.sources.reading import read_source

BOOK = Source(path="book.xlsx", key="external_id")


def workbook(sheets):
    """Return a workbook: sheet name -> rows from the top, each cell as Excel would keep a value of its type."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    day, time = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, datetime):
                    sheet.write_datetime(at, column, value, time)
                elif isinstance(value, date):
                    sheet.write_datetime(at, column, value, day)
                elif isinstance(value, Formula):
                    sheet.write_formula(at, column, value.text, None, value.result)
                elif isinstance(value, str):
                    sheet.write_string(at, column, value)
                elif value is not None:
                    sheet.write(at, column, value)
    book.close()
    return buffer.getvalue()


class Formula:
    def __init__(self, text, result):
        self.text, self.result = text, result


@pytest.fixture
def read(tmp_path):
    def read_it(rows, source=BOOK, needs=None):
        content = rows if isinstance(rows, bytes) else workbook(rows if isinstance(rows, dict) else {"Data": rows})
        (tmp_path / source.path).write_bytes(content)
        return read_source(tmp_path, source, needs=Needs(needs or {}))

    return read_it


def refusal(read, rows, **more):
    with pytest.raises(SourceError) as caught:
        read(rows, **more)
    return str(caught.value)


def test_a_workbook_is_read_with_the_types_of_its_cells(read):
    table = read(
        [
            ["external_id", "seats", "rate", "since", "seen", "vip", "note"],
            ["P-1", 107, 1 / 3, date(2026, 11, 2), datetime(2026, 11, 2, 8, 30), True, " kept "],
            ["P-2", -5, 2, None, None, False, None],
        ],
        source=BOOK.model_copy(update={"time_zone": "Europe/Berlin"}),
    )
    assert table.records.rows() == [
        ("P-1", "P-1", 107, 1 / 3, date(2026, 11, 2), datetime(2026, 11, 2, 7, 30, tzinfo=UTC), True, "kept"),
        ("P-2", "P-2", -5, 2.0, None, None, False, None),
    ]
    assert table.records.schema["seats"] == pl.Int64


def test_ids_of_15_digits_stay_whole_and_longer_numbers_are_refused_because_excel_rounds_them(read):
    rows = [["external_id"], [123456789012345], ["00123"], ["001B000000abcDEIAZ"], [7]]
    assert read(rows).records["id"].to_list() == ["123456789012345", "00123", "001B000000abcDEIAZ", "7"]
    assert read([["external_id"], [123456789012345], [7]]).records["id"].to_list() == ["123456789012345", "7"]
    said = refusal(read, [["external_id"], [1234567890123456789], [7]])
    assert 'row 2, column "external_id"' in said
    assert "more digits than the file can keep; store it as text" in said


def test_html_and_text_that_looks_like_a_formula_pass_unharmed_and_of_a_formula_it_is_the_value(read):
    names = ["=2+3 Foods", '<b onclick="x">Bold & Sons</b>', "@SUM(A1)", "-1+cmd|' /C calc'!A0"]
    rows = [["external_id", "name", "total"], *([f"P-{n}", name, Formula("=1+1", 2)] for n, name in enumerate(names))]
    table = read(rows)
    assert table.records["name"].to_list() == names
    assert table.records["total"].to_list() == [2] * 4


def test_a_cell_with_an_error_is_named_and_never_blank(read):
    rows = [[], [None, None, "external_id", "mrr", "seats"]]
    rows += [[None, None, "P-1", Formula("=NA()", "#N/A"), 1], [None, None, "P-2", Formula("=1/0", "#DIV/0!"), 2]]
    rows += [[None, None, "P-3", 5, 3]]
    said = refusal(read, {"A&B": [["x"]], "<Data>": rows}, source=BOOK.model_copy(update={"sheet": "<Data>"}),
                   needs={"mrr": "number"})  # fmt: skip
    assert 'row 3, column "mrr": "#N/A" is not a plain number' in said
    assert 'row 4, column "mrr": "#DIV/0!" is not a plain number' in said
    assert read(rows).records.select("mrr", "seats").rows() == [("#N/A", 1), ("#DIV/0!", 2), ("5", 3)]


def test_titles_may_stand_above_no_row_is_lost_and_faults_name_the_row_of_the_sheet(read):
    rows = [[], [], ["external_id", "seats"], ["P-1", 1], [], [" ", None], ["P-2", 2], ["P-3", "many"]]
    assert read(rows).records["id"].to_list() == ["P-1", "P-2", "P-3"]
    assert 'row 8, column "seats": "many" is not a plain number' in refusal(read, rows, needs={"seats": "number"})


def test_rows_of_a_sheet_are_rejected_by_their_number(read):
    rows = [["external_id", "seats"], ["P-1", 1], [], ["P-2", "many"], ["P-3", 3], ["P-3", 4]]
    table = read(rows, source=BOOK.model_copy(update={"on_error": "reject", "max_rejected": 0.8}),
                 needs={"seats": "number"})  # fmt: skip
    assert table.records["id"].to_list() == ["P-1"]
    assert (table.read, table.rejected) == (4, 3)
    assert table.skips["id"].to_list() == ["book.xlsx row 4", "book.xlsx row 5", "book.xlsx row 6"]


def test_one_text_among_dates_is_named_and_not_lost(read):
    rows = [["external_id", "since"], ["P-1", date(2026, 11, 2)], ["P-2", "n/a"], ["P-3", 5]]
    said = refusal(read, rows, needs={"since": "date"})
    assert 'row 3, column "since": "n/a" is not a date' in said
    assert 'row 4, column "since": "5" is not a date' in said
    assert read(rows).records["since"].to_list() == ["2026-11-02", "n/a", "5"]


def test_numbers_and_local_texts_in_one_column_are_the_same_numbers(read):
    rows = [["external_id", "mrr"], ["P-1", 1.234], ["P-2", "1.234,56"], ["P-3", "7 "]]
    german = BOOK.model_copy(update={"decimal": ",", "thousands": "."})
    assert read(rows, source=german, needs={"mrr": "number"}).records["mrr"].to_list() == [1.234, 1234.56, 7.0]
    assert 'Add decimal = ",", thousands = "."' in refusal(read, rows, needs={"mrr": "number"})


def test_times_without_a_zone_need_one_where_a_time_is_needed(read):
    rows = [["external_id", "at"], ["P-1", datetime(2026, 7, 1, 9)]]
    said = refusal(read, rows, needs={"at": "time"})
    assert 'add time_zone = "UTC", or "Europe/Berlin"' in said
    berlin = BOOK.model_copy(update={"time_zone": "Europe/Berlin"})
    assert read(rows, source=berlin, needs={"at": "time"}).records["at"].to_list() == [
        datetime(2026, 7, 1, 7, tzinfo=UTC)
    ]


def test_a_sheet_is_chosen_by_name_and_another_name_lists_those_there_are(read):
    book = {"Notes": [["x"]], "Customers": [["external_id"], ["P-1"]]}
    chosen = BOOK.model_copy(update={"sheet": "Customers"})
    assert read(book, source=chosen).records["id"].to_list() == ["P-1"]
    said = refusal(read, book, source=BOOK.model_copy(update={"sheet": "Costumers"}))
    assert 'has no sheet "Costumers"' in said
    assert "Its sheets are: Notes, Customers." in said


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "book.xlsx is empty"),
        ([["external_id", "name", "name"], ["P-1", "a", "b"]], 'column "name": occurs 2 times'),
        ([["external_id", None, "b"], ["P-1", "a", "b"]], "column 2: has no name"),
        ([["name"], ["a"]], 'column "external_id": is missing'),
        (workbook({"Data": [["external_id"], ["P-1"]]})[:900], "not a readable Excel workbook; it may have been cut"),
        (b"external_id,name\nP-1,a\n", "not a readable Excel workbook"),
        (b"", "not a readable Excel workbook"),
    ],
)
def test_a_workbook_that_cannot_be_used_says_why(read, rows, said):
    assert said in refusal(read, rows)


def test_an_empty_column_that_only_has_a_format_is_no_column(read):
    table = read([["external_id", "name", ""], ["P-1", "a", " "]])
    assert table.records.columns == ["id", "external_id", "name"]


OLD = Source(path="book.xls", key="external_id")


def old_workbook():
    book = xlwt.Workbook()
    sheet = book.add_sheet("Data")
    for at, row in enumerate([["external_id", "seats"], ["00123", 5], ["P-2", 6.5]]):
        for column, value in enumerate(row):
            sheet.write(at, column, value)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_old_workbooks_are_read_too(read):
    assert read(old_workbook(), source=OLD).records.rows() == [("00123", "00123", 5.0), ("P-2", "P-2", 6.5)]


@pytest.mark.parametrize("share", [0.02, 0.09, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_a_workbook_that_was_cut_off_anywhere_says_so_and_ends_nothing(read, share):
    for content, source in ((old_workbook(), OLD), (workbook({"Data": [["external_id"], ["P-1"]]}), BOOK)):
        said = refusal(read, content[: int(len(content) * share)], source=source)
        assert "is not a readable Excel workbook; it may have been cut off" in said


@pytest.mark.parametrize("place", [44, 48, 64, 72, 76])
def test_an_old_workbook_whose_header_asks_for_more_than_there_is_is_refused(read, place):
    content = bytearray(old_workbook())
    content[place : place + 4] = (0x7FFFFFF0).to_bytes(4, "little")
    assert "not a readable Excel workbook" in refusal(read, bytes(content), source=OLD)
