"""Customer files as people really have them: every way they can be wrong is said with its place."""

import io
from datetime import UTC, date, datetime

import polars as pl
import pytest

from toolkit.config import parse, preset_text
from toolkit.config.sources import Source
from toolkit.errors import SourceError
from toolkit.sources.needs import Needs, source_needs
from toolkit.sources.reading import read_source, read_sources

ACCOUNTS = Source(path="accounts.csv", key="external_id")
TICKETS = Source(path="tickets.csv", account="external_id", date="opened_on")


@pytest.fixture
def read(tmp_path):
    """Write a file and read it as the accounts source, or as another."""

    def read_it(content, source=ACCOUNTS, needs=None, name="accounts.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_source(path.parent, source.model_copy(update={"path": name}), needs=Needs(needs or {}))

    return read_it


def refusal(read, content, **more):
    with pytest.raises(SourceError) as caught:
        read(content, **more)
    return str(caught.value)


def test_VIT_8_ids_are_the_customers_own_and_stay_text(read):
    table = read("external_id,seats,zip\n00123, 7 ,01234\n P-2 ,8,99999\n")
    assert table.records.rows(named=True) == [
        {"id": "00123", "external_id": "00123", "seats": 7, "zip": "01234"},
        {"id": "P-2", "external_id": "P-2", "seats": 8, "zip": "99999"},
    ]


@pytest.mark.parametrize(
    ("values", "dtype", "parsed"),
    [
        (["1", "-20"], pl.Int64, [1, -20]),
        (["1.50", "-2"], pl.Float64, [1.5, -2.0]),
        (["2026-11-02", ""], pl.Date, [date(2026, 11, 2), None]),
        (["2026-11-02T08:00:00Z", ""], pl.Datetime("ms", "UTC"), [datetime(2026, 11, 2, 8, tzinfo=UTC), None]),
        (["true", "False"], pl.Boolean, [True, False]),
        (["007", "12"], pl.String, ["007", "12"]),
        (["1,234", "5"], pl.String, ["1,234", "5"]),
        (["1e5", "5"], pl.String, ["1e5", "5"]),
        (["12345678901234567", "5"], pl.String, ["12345678901234567", "5"]),
        (["31/12/2026", "01/01/2026"], pl.String, ["31/12/2026", "01/01/2026"]),
        (["NaN", "1"], pl.String, ["NaN", "1"]),
        (["", " "], pl.String, [None, None]),
    ],
)
def test_columns_become_numbers_and_dates_only_when_they_certainly_are(read, values, dtype, parsed):
    rows = "\n".join(f'{number},"{value}"' for number, value in enumerate(values))
    column = read(f"external_id,x\n{rows}\n").records["x"]
    assert column.dtype == dtype
    assert column.to_list() == parsed


def test_a_byte_order_mark_is_welcome_and_so_are_semicolons_tabs_and_line_ends_of_windows(read):
    expected = [{"id": "A", "external_id": "A", "name": "Ärzte, Bund"}]
    assert read(b"\xef\xbb\xbf" + 'external_id,name\nA,"Ärzte, Bund"\n'.encode()).records.to_dicts() == expected
    assert read("external_id;name\r\nA;Ärzte, Bund\r\n").records.to_dicts() == expected
    assert read("external_id\tname\nA\tÄrzte, Bund").records.to_dicts() == expected


def test_blank_lines_and_rows_of_separators_are_no_records(read):
    table = read("\nexternal_id,name\n\nA,x\n,\n  ,  \nB,y\n\n")
    assert table.records["id"].to_list() == ["A", "B"]
    assert table.skips.is_empty()


def test_a_value_may_hold_separators_quotes_and_line_breaks(read):
    table = read('external_id,name\nA,"He said ""hi"",\nthen left"\nB,=2+3 Foods\n')
    assert table.records["name"].to_list() == ['He said "hi",\nthen left', "=2+3 Foods"]


def test_a_wrong_encoding_is_named_with_its_byte_its_line_and_the_encoding_it_looks_like(read):
    said = refusal(read, "external_id,name\nA,Acme\nB,Café Münster\n".encode("cp1252"))
    assert "accounts.csv is not UTF-8: byte 29 (0xE9), line 3." in said
    assert "looks like Windows-1252" in said
    assert 'reads "B,Café Münster"' in said
    assert "save it as UTF-8" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "accounts.csv is empty"),
        (b" \n\n", "accounts.csv is empty"),
        ("external_id,name\nA,B\n".encode("utf-16"), "looks like UTF-16"),
        (b"PK\x03\x04stuff", "not a CSV file but an Excel workbook"),
        (b"\x1f\x8bstuff", "compressed with gzip"),
        ("external_id,,name\nA,B,C\n", "column 2: has no name"),
        ("external_id,name,name\nA,B,C\n", 'column "name": occurs 2 times'),
        (
            'external_id,name\nA,"open\nB,c\n',
            "record that starts on line 2 cannot be read: a quote is opened and never",
        ),
        ("external_id,id\nA,1\n", 'has a column "id", but "external_id" is the account'),
    ],
)
def test_a_file_that_is_no_usable_csv_says_why(read, content, said):
    assert said in refusal(read, content)


def test_ragged_rows_are_all_named_up_to_ten(read):
    rows = "".join(f"P-{number},1\n" if number % 2 else f"P-{number},1,2\n" for number in range(30))
    said = refusal(read, f"external_id,a,b\n{rows}")
    assert "15 rows do not have the 3 fields of the header (lines 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, ...)" in said
    assert "line 3, row: 2 fields instead of 3" in said
    assert "5 more like these" in said


def test_the_line_of_a_ragged_row_counts_the_line_breaks_inside_values(read):
    assert "(lines 5)" in refusal(read, 'external_id,a\nA,"1\n2"\nB,1\nC\n')


def test_duplicate_keys_are_named_with_their_lines(read):
    said = refusal(read, "external_id,name\nP-1,a\nP-2,b\n P-1,c\nP-3,d\nP-2,e\nP-2,f\n")
    assert '2 values of "external_id" occur more than once' in said
    assert 'external_id "P-1": occurs on lines 2, 4' in said
    assert 'external_id "P-2": occurs on lines 3, 6, 7' in said


def test_many_rows_an_account_are_no_duplicates_in_a_file_of_events(read):
    table = read("external_id,opened_on\nP-1,2026-11-01\nP-1,2026-11-01\n", source=TICKETS)
    assert table.records.height == 2


def test_a_blank_id_is_a_skip_with_its_line_and_no_error(read):
    table = read("external_id,name\nP-1,a\n,b\n  ,c\n")
    assert table.records["id"].to_list() == ["P-1"]
    assert table.skips.select("side", "id", "reason").rows() == [
        ("here", "accounts.csv line 3", '"external_id" is blank, so the row belongs to no account'),
        ("here", "accounts.csv line 4", '"external_id" is blank, so the row belongs to no account'),
    ]


def test_missing_columns_are_named_beside_those_that_are_there(read):
    said = refusal(read, "External_ID,nps\nP-1,3\n", needs={"mrr": "number"})
    assert "It has: External_ID, nps." in said
    assert 'column "mrr": is missing' in said
    assert 'column "external_id": is missing; is it now called "External_ID"?' in said


def test_values_that_are_not_the_date_or_number_they_are_used_as_are_named(read):
    content = "external_id,opened_on,csat\nP-1,2026-11-01,5\nP-2,soon,n/a\nP-3,2026-02-30,\n"
    said = refusal(read, content, source=TICKETS, needs={"csat": "number"})
    assert 'line 3, column "opened_on": "soon" is not a date; write it like 2026-12-31' in said
    assert 'line 4, column "opened_on": "2026-02-30" is not a date' in said
    assert 'line 3, column "csat": "n/a" is not a plain number; write it like 1234.50' in said


def test_a_day_that_is_not_in_the_calendar_is_an_error_even_where_nobody_needs_it(read):
    assert '"2026-02-30" is not a date' in refusal(read, "external_id,x\nA,2026-02-28\nB,2026-02-30\n")


def test_one_bad_value_among_figures_is_named_not_taken_for_text(read):
    content = "external_id,x\nA,1\nB,2\nC,unknown\n"
    assert '"unknown" is not a plain number' in refusal(read, content, needs={"x": "figure"})
    assert read(content).records["x"].dtype == pl.String


def test_a_missing_file_names_those_that_are_there(tmp_path):
    (tmp_path / "acounts.csv").write_text("x")
    (tmp_path / "notes.md").write_text("x")
    with pytest.raises(SourceError, match=r"(?s)accounts.csv is not in .*Could it be one of these\? acounts.csv\."):
        read_source(tmp_path, ACCOUNTS)
    with pytest.raises(SourceError, match="there is no folder"):
        read_source(tmp_path / "nowhere", ACCOUNTS)
    with pytest.raises(SourceError, match="of no kind that can be read"):
        read_source(tmp_path, Source(path="notes.md", key="id"))


def parquet(**columns):
    buffer = io.BytesIO()
    pl.DataFrame(columns).write_parquet(buffer)
    return buffer.getvalue()


USAGE = Source(path="usage.parquet", account="external_id", date="week")


def test_a_parquet_file_is_read_with_its_types(read):
    content = parquet(
        external_id=[" 7", "8", None], week=[datetime(2026, 11, 2, 12), datetime(2026, 10, 26), None],
        users=pl.Series([1.0, float("nan"), None], dtype=pl.Float32),
        plan=pl.Series(["a", "b", ""], dtype=pl.Categorical),
    )  # fmt: skip
    table = read(content, source=USAGE, name="usage.parquet", needs={"users": "number"})
    assert table.records.rows() == [("7", "7", date(2026, 11, 2), 1.0, "a"), ("8", "8", date(2026, 10, 26), None, "b")]
    assert table.skips["id"].to_list() == ["usage.parquet row 3"]


def test_ids_that_are_numbers_in_a_parquet_file_become_text(read):
    content = parquet(external_id=[7, 8], week=[date(2026, 11, 2)] * 2)
    assert read(content, source=USAGE, name="usage.parquet").records["id"].to_list() == ["7", "8"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "usage.parquet is empty"),
        (b"PAR1 and then nothing", "not a readable Parquet file"),
        (parquet(external_id=["A"], week=[[1, 2]]), "the columns week hold lists"),
        (parquet(external_id=["A"], week=[5]), 'row 1, column "week": "5" is not a date'),
        (parquet(external_id=["A"], day=[5]), 'column "week": is missing'),
    ],
)
def test_a_parquet_file_that_cannot_be_used_says_why(read, content, said):
    assert said in refusal(read, content, source=USAGE, name="usage.parquet")


def test_what_the_mapping_file_uses_a_column_for_decides_how_it_is_read():
    settings = parse(preset_text("demo"))
    assert source_needs("usage", settings).required == {"active_users": "figure", "logins": "number"}
    assert source_needs("contacts", settings).required == {"role": "any", "last_seen": "moment"}
    needs = source_needs("accounts", settings).required
    assert needs["seats"] == "number"
    assert needs["renewal_date"] == "moment"
    assert needs["external_id"] == "text"
    assert needs["mrr"] == "value"
    assert "health_score" not in needs
    assert "name" not in needs  # it comes from Salesforce


def test_every_source_is_read_and_rows_of_unknown_accounts_are_skips(workspace_folder, settings):
    with (workspace_folder / "tickets.csv").open("a", encoding="utf-8") as tickets:
        tickets.write("P-99999,2026-10-01,,urgent,\nP-99999,2026-10-02,,urgent,\n")
    sources = read_sources(workspace_folder, settings)
    assert set(sources.tables) == {"accounts", "usage", "contacts", "tickets"}
    assert sources.tables["accounts"].records["id"].is_unique().all()
    strangers = sources.skips.filter(pl.col("id") == "P-99999")
    assert strangers["reason"].to_list() == ["its 2 rows were left out: the id is not in accounts.csv"]
