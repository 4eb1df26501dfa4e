import polars as pl
import pytest

from toolkit.widgets import Column, Grid

ROWS = pl.DataFrame(
    {
        "id": [f"00{number}" for number in range(30)],
        "name": ["<script>alert(1)</script>", *(f"Account {number}" for number in range(1, 30))],
        "score": [None, *(float(number) for number in range(1, 30))],
        "shown": [True] * 30,
    }
)
COLUMNS = (
    Column("name", "Name"),
    Column("score", "Score", align="right"),
    Column("shown", "Shown", kind="check", editable=True),
    Column("id", "Id", editable=True, choices=("a", "b")),
)


@pytest.fixture
def grid() -> Grid:
    return Grid(ROWS, COLUMNS, key="id", label="Accounts", page_size=12)


def names(grid: Grid) -> list[str]:
    return [row["name"] for row in grid.page["rows"]]


def test_the_browser_is_given_one_page(grid):
    assert len(names(grid)) == 12
    assert (grid.page["total"], grid.page["pages"], grid.page["first"]) == (30, 3, 1)
    grid.turn_to(2)
    assert (len(names(grid)), grid.page["first"]) == (6, 25)


def test_a_page_beyond_the_last_is_the_last(grid):
    grid.turn_to(99)
    assert grid.page["number"] == 2


def test_a_search_looks_into_every_column_whatever_the_case(grid):
    grid.find("ACCOUNT 2")
    assert grid.page["total"] == 11
    grid.find("29.0")
    assert names(grid) == ["Account 29"]
    grid.find("nothing like it")
    assert (grid.page["total"], grid.page["first"]) == (0, 0)


def test_search_text_is_no_pattern(grid):
    grid.find(".*")
    assert grid.page["total"] == 0


def test_a_sort_puts_missing_values_last_both_ways(grid):
    grid.sort_by("score")
    assert names(grid)[0] == "Account 1"
    grid.sort_by("score", descending=True)
    assert names(grid)[0] == "Account 29"
    grid.turn_to(2)
    assert names(grid)[-1].startswith("<script>")


def test_an_edit_is_kept_and_marked(grid):
    grid.edit("003", "shown", False)
    assert grid.edits == {("003", "shown"): False}
    assert grid.frame.filter(pl.col("id") == "003")["shown"].item() is False
    assert grid.page["edited"] == [["003", "shown"]]


@pytest.mark.parametrize(("column", "value", "what"), [("name", "x", "cannot be edited"), ("id", "c", "none of a, b")])
def test_an_edit_that_is_not_offered_is_refused(grid, column, value, what):
    with pytest.raises(ValueError, match=what):
        grid.edit("003", column, value)
    assert grid.edits == {}


def test_an_edit_from_the_browser_that_is_refused_says_why(grid):
    grid._handle_custom_msg({"kind": "edit", "row": "003", "column": "id", "value": "c"}, [])
    assert "none of a, b" in grid.message


def test_the_static_twin_shows_markup_as_text(grid):
    html = grid.html()
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "The first 12 of 30 rows." in html
