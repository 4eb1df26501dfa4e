"""Values laid over kept records: a column keeps its type, or becomes wider, and never loses a value."""

from datetime import date

import polars as pl
import pytest

from toolkit.writeback.committing.records import with_values


def laid(values, field_type, text):
    frame = pl.DataFrame({"id": ["a", "b"], "x": values})
    cells = pl.DataFrame(
        {"id": ["b"], "field": ["x"], "type": [field_type], "value": [text]}, schema_overrides={"value": pl.String}
    )
    return with_values(frame, cells)["x"]


@pytest.mark.parametrize(
    ("values", "field_type", "text", "expected", "dtype"),
    [
        ([1.5, 2.5], "double", "7.25", [1.5, 7.25], pl.Float64),
        ([1, 2], "double", "7", [1, 7], pl.Int64),
        ([1, 2], "double", "7.5", [1.0, 7.5], pl.Float64),
        ([1, 2], "int", "7", [1, 7], pl.Int64),
        (["1", "2"], "double", "7.5", ["1", "7.5"], pl.String),
        ([date(2026, 1, 1), None], "date", "2026-05-24", [date(2026, 1, 1), date(2026, 5, 24)], pl.Date),
        ([date(2026, 1, 1), None], "string", "soon", ["2026-01-01", "soon"], pl.String),
        ([1, 2], "string", "many", ["1", "many"], pl.String),
        ([True, False], "boolean", "true", [True, True], pl.Boolean),
        ([None, None], "double", "7.5", [None, 7.5], pl.Float64),
        ([1.5, 2.5], "double", None, [1.5, None], pl.Float64),
        (["a", "b"], "string", None, ["a", None], pl.String),
    ],
)
def test_no_value_is_lost_on_its_way_into_a_column(values, field_type, text, expected, dtype):
    column = laid(values, field_type, text)
    assert column.to_list() == expected
    assert column.dtype == dtype


def test_a_column_that_is_not_there_yet_is_made():
    cells = pl.DataFrame(
        {"id": ["b", "zz"], "field": ["y", "y"], "type": ["date", "date"], "value": ["2026-05-24", None]}
    )
    frame = with_values(pl.DataFrame({"id": ["a", "b"]}), cells)
    assert frame.rows() == [("a", None), ("b", date(2026, 5, 24))]


def test_a_column_that_nobody_filled_takes_the_type_of_the_field_that_fills_it():
    frame = pl.DataFrame(
        {"id": ["a", "b"], "tags": [None, None], "seats": [None, None]}, schema_overrides={"tags": pl.String}
    )
    values = pl.DataFrame(
        {"id": ["a", "b"], "field": ["tags", "seats"], "type": ["multipicklist", "int"], "value": ["A;B", "7"]}
    )
    filled = with_values(frame, values)
    assert filled.schema == {"id": pl.String, "tags": pl.List(pl.String), "seats": pl.Int64}
    assert filled.to_dicts() == [{"id": "a", "tags": ["A", "B"], "seats": None}, {"id": "b", "tags": None, "seats": 7}]
