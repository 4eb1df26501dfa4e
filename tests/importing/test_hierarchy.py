"""Parents: to any depth, on as many levels as are kept, whatever circles and gaps there are."""

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.config.objects import ObjectMapping
from toolkit.frames import LINKS
from toolkit.importing.hierarchy import hierarchy
from toolkit.importing.records import import_object

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)


def mapping(levels=None, **more):
    given = {"create": True, "hierarchy": {} if levels is None else {"levels": levels}} | more
    return ObjectMapping.model_validate(given).named("account")


def accounts(parents):
    rows = {"id": list(parents), "Name": [f"N {each}" for each in parents], "ParentId": list(parents.values())}
    return pl.DataFrame(rows, schema=dict.fromkeys(rows, pl.String))


def linked(*ids):
    rows = [("account", f"h{each}", each, "import", None, NOW, "import") for each in ids]
    return pl.DataFrame(rows, schema=LINKS.schema, orient="row")


def placed(parents, levels=None, here=None):
    done = hierarchy(accounts(parents), linked(*(parents if here is None else here)), mapping(levels))
    rows = {row[0][1:]: tuple(each and each[1:] for each in row[1:3]) + row[3:] for row in done.rows.iter_rows()}
    return rows, done.skips.select("id", "rule", "reason").rows()


CHAIN = {"A": None, "B": "A", "C": "B", "D": "C"}


def test_SKA_13_parents_are_kept_to_any_depth():
    assert placed(CHAIN) == (
        {"A": (None, "A", 1), "B": ("A", "A", 2), "C": ("B", "A", 3), "D": ("C", "A", 4)},
        [],
    )
    deep = {f"{n:05d}": f"{n - 1:05d}" if n else None for n in range(3000)}
    rows, _ = placed(deep)
    assert rows["02999"] == ("02998", "00000", 3000)


def test_SKA_13_of_two_levels_the_top_stays_and_all_others_hang_on_it():
    rows, notes = placed(CHAIN, levels=2)
    assert rows == {"A": (None, "A", 1), "B": ("A", "A", 2), "C": ("A", "A", 2), "D": ("A", "A", 2)}
    assert notes == [
        ("C", "levels (SKA-13)", "it is on level 3 in Salesforce; it hangs on hA"),
        ("D", "levels (SKA-13)", "it is on level 4 in Salesforce; it hangs on hA"),
    ]


@pytest.mark.parametrize(("levels", "of_d"), [(1, (None, "D", 1)), (3, ("B", "A", 3)), (4, ("C", "A", 4))])
def test_SKA_13_who_is_too_deep_hangs_one_level_above_the_last(levels, of_d):
    assert placed(CHAIN, levels=levels)[0]["D"] == of_d


def test_SKA_13_without_the_option_all_stand_on_one_level():
    using = ObjectMapping(create=True).named("account")
    done = import_object(using, accounts(CHAIN), None, LINKS.empty(), NOW)
    assert not {"parent_id", "level"} & set(done.here.columns)


def test_SKA_13_a_parent_that_is_not_here_is_told_and_the_next_one_above_it_taken():
    rows, notes = placed(CHAIN | {"E": "Z"}, here="ACDE")
    assert rows == {"A": (None, "A", 1), "C": ("A", "A", 2), "D": ("C", "A", 3), "E": (None, "E", 1)}
    assert notes == [
        ("C", "parent (SKA-13)", "its parent B is not here; it hangs on hA"),
        ("E", "parent (SKA-13)", "its parent Z is not here; it stands at the top"),
    ]


def test_SKA_13_parents_in_a_circle_stand_at_the_top_with_their_own_below_them():
    rows, notes = placed({"A": "C", "B": "A", "C": "B", "D": "C", "E": "D", "F": "F"}, levels=2)
    assert rows == {
        "A": (None, "A", 1), "B": (None, "B", 1), "C": (None, "C", 1), "D": ("C", "C", 2), "E": ("C", "C", 2),
        "F": (None, "F", 1),
    }  # fmt: skip
    circle = [row for row in notes if row[1] == "circle of parents (SKA-13)"]
    assert [row[0] for row in circle] == ["A", "B", "C", "F"]
    assert circle[0][2] == "its parent C is below it as well; it stands at the top"


def test_SKA_13_the_import_keeps_the_hierarchy_here_and_follows_it():
    using = mapping(2)
    first = import_object(using, accounts(CHAIN), None, LINKS.empty(), NOW)
    assert first.here.select("id", "parent_id", "root_id", "level").rows() == [
        ("A", None, "A", 1), ("B", "A", "A", 2), ("C", "A", "A", 2), ("D", "A", "A", 2),
    ]  # fmt: skip
    freed = accounts(CHAIN | {"B": None})
    second = import_object(using, freed, first.here, first.links, NOW)
    assert second.here["parent_id"].to_list() == [None, None, "B", "B"]
    assert second.counts["updated"] == 3


def test_SKA_13_an_account_that_is_only_here_keeps_the_parent_its_file_gave_it():
    here = pl.DataFrame({"id": ["h1", "h2"], "parent_id": [None, "h1"], "level": ["1", "2"]})
    done = import_object(mapping(2), accounts({"A": None}), here, LINKS.empty(), NOW)
    assert done.here.select("id", "parent_id", "level").rows() == [("A", None, 1), ("h1", None, 1), ("h2", "h1", 2)]
    gone = import_object(mapping(2), accounts({"A": None, "B": "A"}), None, LINKS.empty(), NOW)
    left = import_object(mapping(2), accounts({"A": None}), gone.here, gone.links, NOW)
    assert left.here.select("id", "parent_id").rows() == [("A", None), ("B", None)]


def test_CC_13_children_of_parents_that_are_left_out_stand_at_the_top():
    using = mapping(None, exclude={"parents": True})
    done = import_object(using, accounts({"A": None, "B": "A"}), None, LINKS.empty(), NOW)
    assert done.here.select("id", "parent_id", "level").rows() == [("B", None, 1)]
    assert sorted(done.skips["rule"]) == ["parent (SKA-13)", "parents (CC-13)"]


NAMES = "ABCDEFGH"


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from([*NAMES, "Z", None]), min_size=1),
    st.sets(st.sampled_from(NAMES)),
    st.sampled_from([None, 1, 2, 3]),
)
def test_SKA_13_whatever_the_parents_are_it_is_a_forest_of_so_many_levels(parents, out, levels):
    here = [each for each in parents if each not in out]
    rows, _ = placed(parents, levels, here)
    assert set(rows) == set(here)
    for parent, root, level in rows.values():
        if parent is None:
            assert level == 1
        else:
            assert rows[parent][1:] == (root, level - 1)
        assert rows[root] == (None, root, 1)
        assert levels is None or level <= levels
