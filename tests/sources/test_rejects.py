"""Rows with a fault: they stop the load, or are left out and each is recorded with its place, as the source says."""

import pytest

from toolkit.config.sources import Source
from toolkit.errors import SourceError
from toolkit.sources.needs import Needs
from toolkit.sources.reading import read_source

NEEDS = Needs({"seats": "number", "since": "date"})
LONG = "x" * 60
ROWS = (
    "external_id,seats,since\n"
    "P-1,5,2026-01-01\n"
    "P-2,many,2026-13-01\n"
    f'P-3,"{LONG}",\n'
    "P-4,6\n"
    "P-5,7,2026-01-02\n"
    "P-5,8,2026-01-03\n"
    ",9,\n"
    "=2+3,<b>1</b>,\n"
)


def source(**given):
    return Source(path="a.csv", key="external_id", **{"on_error": "reject", "max_rejected": 1, **given})


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.csv").write_text(ROWS)
    return tmp_path


def test_rejected_rows_are_left_out_and_each_is_a_skip_with_file_line_column_value_and_reason(folder):
    table = read_source(folder, source(), name="customers", needs=NEEDS)
    assert table.records["id"].to_list() == ["P-1"]
    assert (table.read, table.rejected) == (8, 6)
    shown = {row[0]: row for row in table.skips.select("id", "object", "rule", "reason").rows()}
    assert shown["a.csv line 4"][3] == f'column "seats": "{"x" * 37}..." is not a plain number; write it like 1234.50'
    assert shown["a.csv line 5"][2:] == ("customers: the row can be read", "2 fields instead of 3")
    assert shown["a.csv line 6"][3] == 'column "external_id": "P-5" occurs on 2 lines, so none of them is loaded'
    assert shown["a.csv line 8"][3] == '"external_id" is blank, so the row belongs to no account'
    assert '"<b>1</b>" is not a plain number' in shown["a.csv line 9"][3]
    of_line_3 = [row[3] for row in table.skips.select("id", "object", "rule", "reason").rows() if row[0].endswith("3")]
    assert of_line_3 == [
        'column "seats": "many" is not a plain number; write it like 1234.50',
        'column "since": "2026-13-01" is not a date; write it like 2026-12-31',
    ]


def test_by_default_the_first_fault_of_any_row_stops_the_load_and_says_how_to_go_on(folder):
    with pytest.raises(SourceError) as caught:
        read_source(folder, source(on_error="stop"), needs=NEEDS)
    assert "1 rows do not have the 3 fields of the header (lines 5)" in str(caught.value)
    (folder / "a.csv").write_text("external_id,seats,since\nP-2,many,\n")
    with pytest.raises(SourceError, match='With on_error = "reject" these rows are left out and the rest is loaded'):
        read_source(folder, source(on_error="stop"), needs=NEEDS)


def test_more_rejected_rows_than_allowed_stop_the_load_and_are_listed(tmp_path):
    rows = [f"P-{number},{'x' if number < 3 else number},\n" for number in range(20)]
    (tmp_path / "a.csv").write_text("external_id,seats,since\n" + "".join(rows))
    assert read_source(tmp_path, source(max_rejected=0.15), needs=NEEDS).rejected == 3
    with pytest.raises(SourceError) as caught:
        read_source(tmp_path, source(max_rejected=0.1), needs=NEEDS)
    assert "3 of 20 rows would be left out, more than max_rejected = 0.1 allows" in str(caught.value)
    assert 'line 2, column "seats": "x" is not a plain number' in str(caught.value)
    unset = Source(path="a.csv", key="external_id", on_error="reject")
    with pytest.raises(SourceError, match=r"max_rejected = 0\.1 allows"):
        read_source(tmp_path, unset, needs=NEEDS)


def test_what_is_wrong_with_the_whole_file_stops_the_load_all_the_same(tmp_path):
    for content, said in (
        ('external_id,seats\nP-1,"open\nP-2,5\n', "never closed"),
        ("external_id\nP-1\n", 'column "seats": is missing'),
        ('external_id,seats,since\nP-1,"1,5",\nP-2,2,\n', 'Add decimal = ","'),
    ):
        (tmp_path / "a.csv").write_text(content)
        with pytest.raises(SourceError, match=said):
            read_source(tmp_path, source(), needs=NEEDS)


def test_a_file_that_was_cut_off_in_a_row_says_so(tmp_path):
    (tmp_path / "a.csv").write_text("external_id,seats,since\nP-1,5,2026-01-01\nP-2,7")
    with pytest.raises(SourceError, match="the file may have been cut off"):
        read_source(tmp_path, source(on_error="stop"))
    cut = read_source(tmp_path, source())
    assert cut.skips["reason"].to_list() == ["2 fields instead of 3"]


def test_a_file_of_a_header_alone_has_no_rows_and_rejects_none(tmp_path):
    (tmp_path / "a.csv").write_text("external_id,seats,since\n")
    table = read_source(tmp_path, source(max_rejected=0), needs=NEEDS)
    assert (table.records.height, table.read, table.rejected) == (0, 0, 0)


def test_a_load_of_a_clean_file_rejects_nothing(tmp_path):
    (tmp_path / "a.csv").write_text("external_id,seats,since\nP-1,5,\n")
    table = read_source(tmp_path, source(max_rejected=0), needs=NEEDS)
    assert table.skips.is_empty()
    assert table.rejected == 0


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_file_with_quotes_and_one_without_are_read_alike(tmp_path, newline):
    lines = ["a;b;c", "P-1; é ;1", "", ";;", "P-2;x", "P-3;\u2028;3;4", " ; ;z", "P-4;;", ""]
    given = Source(path="a.csv", key="a", on_error="reject", max_rejected=1)
    (tmp_path / "a.csv").write_bytes(newline.join(lines).encode())
    without = read_source(tmp_path, given)
    (tmp_path / "a.csv").write_bytes(newline.join(['a;"b";c', *lines[1:]]).encode())
    quoted = read_source(tmp_path, given)
    assert without.records.equals(quoted.records)
    assert without.skips.equals(quoted.skips)
    assert without.records.rows() == [("P-1", "P-1", "é", "1"), ("P-4", "P-4", None, None)]
    assert without.skips["id"].to_list() == ["a.csv line 5", "a.csv line 6", "a.csv line 7"]
