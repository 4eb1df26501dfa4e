import polars as pl
import pytest

from toolkit.errors import InputError
from toolkit.widgets.grid import Action, Column, Grid
from toolkit.widgets.tree import Tree

ROWS = pl.DataFrame(
    {
        "id": [f"00{number}" for number in range(30)],
        "name": ["<script>alert(1)</script>", *(f"Account {number}" for number in range(1, 30))],
        "score": [None, *(float(number) for number in range(1, 30))],
        "shown": [True] * 30,
        "text": [None, *(str(number * 7) for number in range(1, 29)), "none"],
        "order": pl.Series([None] * 30, dtype=pl.Int64),
        "light": ["ok"] * 29 + ["error"],
        "reason": [""] * 29 + ["too long by 3 characters"],
    }
)
COLUMNS = (
    Column("name", "Name"),
    Column("score", "Score", align="right"),
    Column("shown", "Shown", editable=True),
    Column("id", "Id", editable=True, choices=("a", "b")),
    Column("text", "Text"),
    Column("order", "Order", editable=True),
    Column("light", "Light", words={"ok": "fits", "error": "does not fit"}, tones={"ok": "ok", "error": "error"}),
)


@pytest.fixture
def grid() -> Grid:
    return Grid(ROWS, COLUMNS, key="id", label="Accounts", note="reason", page_size=12)


def names(grid: Grid) -> list[str]:
    return [row["cells"]["name"] for row in grid.page["rows"]]


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
    assert (grid.page["total"], grid.page["first"], grid.page["all"]) == (0, 0, 30)


def test_a_search_finds_the_words_that_are_shown(grid):
    grid.find("does not fit")
    assert names(grid) == ["Account 29"]


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


def test_numbers_kept_as_text_are_sorted_by_their_size(grid):
    grid.sort_by("text")
    assert [row["cells"]["text"] for row in grid.page["rows"]][:3] == ["7", "14", "21"]
    grid.turn_to(2)
    assert [row["cells"]["text"] for row in grid.page["rows"]][-3:] == ["196", "none", None]


def test_another_frame_keeps_search_and_order_and_begins_at_its_first_page(grid):
    grid.find("account")
    grid.sort_by("score", descending=True)
    grid.turn_to(2)
    grid.replace(ROWS.head(20))
    assert (grid.page["number"], grid.page["total"], names(grid)[0]) == (0, 19, "Account 19")


def test_an_edit_is_kept_and_marked(grid):
    grid.edit("003", "shown", False)
    assert grid.edits == {("003", "shown"): False}
    assert grid.frame.filter(pl.col("id") == "003")["shown"].item() is False
    assert [row["edited"] for row in grid.page["rows"] if row["key"] == "003"] == [["shown"]]


def test_a_number_typed_is_a_number_and_nothing_typed_is_none(grid):
    grid.edit("003", "order", "7")
    assert grid.frame.filter(pl.col("id") == "003")["order"].item() == 7
    grid.edit("003", "order", " ")
    assert grid.edits == {("003", "order"): None}


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("name", "x", "cannot be edited"),
        ("nowhere", "x", "cannot be edited"),
        ("id", "c", "none of a, b"),
        ("order", "first", "Order is a whole number, not 'first'"),
        ("order", "1.5", "whole number"),
        ("shown", "yes", "either on or off"),
    ],
)
def test_an_edit_that_is_not_offered_is_refused(grid, column, value, what):
    with pytest.raises(ValueError, match=what):
        grid.edit("003", column, value)
    assert grid.edits == {}


def test_an_edit_from_the_browser_that_is_refused_says_why_and_draws_the_old_value_again(grid):
    drawn = grid.page["drawn"]
    grid._handle_custom_msg({"kind": "edit", "row": "003", "column": "id", "value": "c"}, [])
    assert "none of a, b" in grid.message
    assert grid.page["drawn"] > drawn
    grid._handle_custom_msg({"kind": "edit", "row": "003", "column": "id", "value": "b"}, [])
    assert (grid.message, grid.edits) == ("", {("003", "id"): "b"})


def test_an_edit_that_its_owner_refuses_is_not_taken():
    def refuse(_row, _column, _value):
        raise InputError("Not on a Monday.", hint="Come back tomorrow.")

    grid = Grid(ROWS, COLUMNS, key="id", label="Accounts", on_edit=refuse)
    grid._handle_custom_msg({"kind": "edit", "row": "003", "column": "shown", "value": False}, [])
    assert grid.message == "Not on a Monday.\nCome back tomorrow."
    assert grid.frame["shown"].all()


def test_a_note_goes_with_its_row(grid):
    grid.turn_to(2)
    assert [row["note"] for row in grid.page["rows"]][-2:] == ["", "too long by 3 characters"]
    assert "too long by 3 characters" in grid.html(rows=30)


def test_the_static_twin_shows_markup_as_text(grid):
    html = grid.html()
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "12 of 30 rows." in html


def test_the_static_twin_says_a_light_in_words_and_by_its_shape(grid):
    grid.turn_to(2)
    assert "■ does not fit" in grid.html(rows=30)
    assert "● fits" in grid.html(rows=30)


def test_a_notebook_is_given_the_live_table_and_its_twin(grid):
    data, _metadata = grid._repr_mimebundle_()
    assert data["text/plain"] == "Accounts: 30 rows"
    assert data["text/html"] == grid.html()
    assert "application/vnd.jupyter.widget-view+json" in data


def test_a_hundred_thousand_rows_are_one_page_for_the_browser():
    many = pl.DataFrame({"id": range(100_000)}).with_columns(name=pl.format("Account {}", "id"))
    grid = Grid(many, (Column("id", "#", align="right"), Column("name", "Name")), key="id", label="Many")
    grid.sort_by("id", descending=True)
    grid.find("account 99")
    assert (grid.page["total"], len(grid.page["rows"]), names(grid)[0]) == (1111, 12, "Account 99999")


def test_rows_move_to_a_place_and_the_owner_says_what_follows():
    asked = []

    def renumber(frame):
        asked.append(frame["id"].to_list()[:3])
        return {("002", "order"): 1}

    grid = Grid(ROWS, COLUMNS, key="id", label="Accounts", page_size=12, on_move=renumber)
    grid.move("002", 0)
    assert asked == [["002", "000", "001"]]
    assert grid.edits == {("002", "order"): 1}
    assert grid.page["rows"][0]["cells"]["order"] == "1"
    grid.move("002", 99)
    assert (grid.frame["id"][-1], grid.page["number"]) == ("002", 2)
    with pytest.raises(ValueError, match="no row"):
        grid.move("nobody", 0)


def test_rows_of_a_table_that_is_in_no_order_of_its_own_cannot_be_moved(grid):
    with pytest.raises(ValueError, match="cannot be moved"):
        grid.move("002", 0)
    assert not grid.movable


def test_a_share_is_shown_in_per_cent_and_only_nothing_and_all_are_rounded_to_the_ends():
    shares = pl.DataFrame({"id": ["a", "b", "c", "d", "e"], "filled": [0.0, 0.001, 0.5, 0.999, 1.0]})
    grid = Grid(shares, (Column("filled", "Filled", bar="filled"),), key="id", label="Shares")
    assert [row["cells"]["filled"] for row in grid.page["rows"]] == ["0 %", "1 %", "50 %", "99 %", "100 %"]
    assert [row["bars"]["filled"] for row in grid.page["rows"]] == [0.0, 0.001, 0.5, 0.999, 1.0]
    assert "#4a90d955 50%" in grid.html()


# -- rows that something can be done with --------------------------------------------------------------------------


@pytest.fixture
def deeds() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def deciding(deeds) -> Grid:
    actions = (Action("here", "Take here", "h"), Action("next", "", "n"))
    return Grid(
        ROWS, COLUMNS, key="id", label="Accounts", actions=actions, on_action=lambda *done: deeds.append(done),
        on_choose=lambda row: deeds.append(("chose", row)),
    )  # fmt: skip


def test_a_row_is_chosen_and_something_is_done_with_it(deciding, deeds):
    deciding._receive(None, {"kind": "choose", "row": "002"}, None)
    deciding._receive(None, {"kind": "act", "name": "here", "row": "002"}, None)
    deciding._receive(None, {"kind": "step", "by": 1}, None)
    assert deeds == [("chose", "002"), ("here", "002"), ("chose", "003")]
    assert (deciding.chosen, deciding.page["chosen"]) == ("003", "003")


def test_choosing_turns_to_the_page_of_the_row_and_keeps_to_the_search(deciding):
    deciding.choose("0020")
    assert deciding.page["number"] == 1
    deciding.step(100)
    assert deciding.chosen == "0029"
    deciding.find("Account 1")
    with pytest.raises(ValueError, match="no row of Accounts"):
        deciding.choose("0020")


def test_nothing_is_done_without_a_row_or_with_a_deed_that_there_is_not(deciding, grid, deeds):
    for name, told in (("here", "Choose a row first"), ("burn", "cannot be done")):
        with pytest.raises(ValueError, match=told):
            deciding.act(name)
    grid._receive(None, {"kind": "act", "name": "here", "row": "002"}, None)
    assert "cannot be done" in grid.message
    assert deeds == []


FAMILIES = pl.DataFrame(
    {
        "key": ["a", "a1", "a11", "a2", "b", "b1"],
        "parent": [None, "a", "a1", "a", None, "b"],
        "level": [0, 1, 2, 1, 0, 1],
        "label": ["Ash", "Ant", "Apple", "Arm", "Bee", "Bear"],
    }
)


@pytest.fixture
def tree() -> Tree:
    return Tree(FAMILIES, (Column("label", "Name"),), key="key", parent="parent", label="Families")


def shown(tree: Tree) -> list[tuple[str, bool | None]]:
    return [(row["key"], row["open"]) for row in tree.page["rows"]]


def test_rows_open_into_the_rows_below_them_and_close_with_everything_in_them(tree):
    assert shown(tree) == [("a", False), ("b", False)]
    tree.toggle("a")
    tree._receive(None, {"kind": "toggle", "row": "a1"}, None)
    assert shown(tree) == [("a", True), ("a1", True), ("a11", None), ("a2", None), ("b", False)]
    tree.toggle("a")
    assert shown(tree) == [("a", False), ("b", False)]


def test_choosing_a_row_opens_everything_that_it_is_in(tree):
    tree.choose("a11")
    assert shown(tree) == [("a", True), ("a1", True), ("a11", None), ("a2", None), ("b", False)]
    assert tree.chosen == "a11"


def test_a_search_finds_what_is_closed_away(tree):
    tree.find("ap")
    assert shown(tree) == [("a11", None)]
    tree.find("")
    assert shown(tree) == [("a", False), ("b", False)]
    tree._receive(None, {"kind": "toggle", "row": "b1"}, None)
    assert "nothing below" in tree.message


def test_a_switch_with_gaps_and_a_count_are_told_to_the_browser():
    rows = pl.DataFrame({"id": ["1", "2"], "on": [True, None], "many": [1200, 3]})
    columns = [Column("on", "On", editable=True, gaps=True), Column("many", "Many", counts=True)]
    grid = Grid(rows, columns, key="id", label="Rows")
    assert [column["gaps"] for column in grid.columns] == [True, False]
    assert [column["counts"] for column in grid.columns] == [False, True]
    assert [row["cells"]["on"] for row in grid.page["rows"]] == [True, None]
