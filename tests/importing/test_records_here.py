"""The accounts here: a reload of an unchanged file undoes nothing, and an edit of the file is never lost."""

from datetime import date

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.config.objects import ObjectMapping
from toolkit.importing.records_here import here_records

MAPPING = ObjectMapping.model_validate(
    {
        "match": ["external_id = Product_Id__c"],
        "fields": [
            {"here": "stage", "there": "CS_Stage__c", "direction": "two_way"},
            {"here": "industry", "there": "Industry", "direction": "input"},
            {"here": "health_score", "there": "CS_Health_Score__c", "direction": "output"},
        ],
    }
)


def source(rows):
    return pl.DataFrame(
        [(key, key, stage, seats) for key, (stage, seats) in rows.items()],
        schema={"id": pl.String, "external_id": pl.String, "stage": pl.String, "seats": pl.Int64},
        orient="row",
    )


def load(new, old=None, here=None):
    return here_records(new, old, here, None, None, MAPPING)


def pulled(here, **columns):
    """What a sync does to the records here."""
    return here.with_columns(**{name: pl.Series(name, values) for name, values in columns.items()})


FILE = source({"A": ("Growth", 5), "B": ("Adoption", None)})


def test_the_first_load_is_the_file_with_a_column_for_each_pulled_field():
    here = load(FILE)
    assert here.columns == ["id", "external_id", "stage", "seats", "industry"]
    assert here["industry"].to_list() == [None, None]


def test_BEY_2_pulled_values_survive_a_reload_of_the_same_file():
    here = pulled(load(FILE), stage=["At Risk", None], industry=["Media", None])
    assert load(FILE, FILE, here).equals(here)


def test_BEY_2_an_edit_of_the_file_wins_and_only_where_it_was_made():
    here = pulled(load(FILE), stage=["At Risk", "Churned"], industry=["Media", "Retail"])
    edited = source({"A": ("Onboarding", 5), "B": ("Adoption", 9)})
    assert load(edited, FILE, here).rows() == [
        ("A", "A", "Onboarding", 5, "Media"),
        ("B", "B", "Churned", 9, "Retail"),
    ]


def test_BEY_2_a_value_that_was_blanked_in_the_file_is_an_edit_too():
    here = pulled(load(FILE), stage=["At Risk", "Churned"])
    assert load(source({"A": (None, 5), "B": ("Adoption", None)}), FILE, here)["stage"].to_list() == [None, "Churned"]


def test_records_come_and_go_with_the_file():
    here = pulled(load(FILE), industry=["Media", "Retail"])
    new = source({"B": ("Adoption", None), "C": ("Growth", 1)})
    assert load(new, FILE, here).rows() == [("B", "B", "Adoption", None, "Retail"), ("C", "C", "Growth", 1, None)]


def test_a_column_that_is_new_in_the_file_gives_its_values():
    here = load(FILE)
    wider = FILE.with_columns(region=pl.Series(["north", None]))
    assert load(wider, FILE, here)["region"].to_list() == ["north", None]


def test_a_pulled_column_that_appears_in_the_file_keeps_what_was_pulled_where_the_file_is_blank():
    here = pulled(load(FILE), industry=["Media", "Retail"])
    wider = FILE.with_columns(industry=pl.Series([None, "Banking"]))
    assert load(wider, FILE, here)["industry"].to_list() == ["Media", "Banking"]


def test_a_column_that_changes_its_type_between_loads_counts_only_real_edits_and_loses_nothing():
    texts = FILE.with_columns(seats=pl.Series(["5", "n/a"]))
    assert load(texts, FILE, pulled(load(FILE), seats=[7, None]))["seats"].to_list() == ["7", "n/a"]
    numbers = FILE.with_columns(seats=pl.Series([5, 6]))
    assert load(numbers, texts, load(texts))["seats"].to_list() == [5, 6]
    assert load(numbers, texts, pulled(load(texts), seats=["many", None]))["seats"].to_list() == ["many", "6"]
    assert load(FILE.with_columns(pl.col("seats").cast(pl.Float64)), FILE, pulled(load(FILE), seats=[7, None]))[
        "seats"
    ].to_list() == [7.0, None]


def test_BEY_2_decimals_that_were_pulled_into_a_column_of_whole_numbers_stay():
    assert load(FILE, FILE, pulled(load(FILE), seats=[12.34, None]))["seats"].to_list() == [12.34, None]


def test_BEY_2_a_cell_that_is_no_number_does_not_make_edits_of_its_neighbours():
    old = FILE.with_columns(seats=pl.Series([12.0, 7.5]))
    for still in ("12", "12.0", "12.00"):
        new = FILE.with_columns(seats=pl.Series([still, "n/a"]))
        assert load(new, old, pulled(load(old), seats=[99.25, 7.5]))["seats"].to_list() == ["99.25", "n/a"]


def test_BEY_2_dates_and_truths_stand_while_a_neighbour_is_mended():
    for values, odd in (([date(2027, 1, 1), date(2026, 1, 2)], "soon"), ([True, False], "maybe")):
        typed = FILE.with_columns(seats=pl.Series(values))
        broken = FILE.with_columns(seats=pl.Series([str(values[0]).lower(), odd]))
        kept = load(broken, typed, load(typed))
        assert kept["seats"].to_list() == [str(values[0]).lower(), odd]
        assert load(typed, broken, kept)["seats"].to_list() == values


def test_VIT_17_metrics_and_the_score_as_shown_stand_beside_the_files_columns():
    metrics = pl.DataFrame({"id": ["A", "B"], "active_users": [3.0, None], "seats": [99.0, 99.0]})
    scores = pl.DataFrame(
        {
            "id": ["A"],
            "score": [61.234],
            "shown": [6.1],
            "band": ["Yellow"],
            "coverage": [0.9],
            "as_of": [date(2026, 11, 2)],
        }
    )
    here = here_records(FILE, None, None, metrics, scores, MAPPING)
    assert here.row(0, named=True) == {
        "id": "A", "external_id": "A", "stage": "Growth", "seats": 5, "industry": None, "active_users": 3.0,
        "health_score": 6.1, "health_band": "Yellow", "health_coverage": 0.9, "health_as_of": date(2026, 11, 2),
    }  # fmt: skip
    again = here_records(FILE, FILE, here, metrics.with_columns(active_users=pl.lit(4.0)), None, MAPPING)
    assert again["active_users"].to_list() == [4.0, 4.0]
    assert "health_score" not in again.columns


STAGES = st.sampled_from([None, "Growth", "At Risk", "Churned"])
ROWS = st.dictionaries(st.sampled_from("ABCDEF"), st.tuples(STAGES, st.one_of(st.none(), st.integers(0, 3))))
STANDS = st.dictionaries(st.sampled_from("ABCDEF"), st.tuples(STAGES, STAGES))


@settings(max_examples=150, deadline=None)
@given(ROWS, ROWS, STANDS)
def test_BEY_2_of_file_and_pulled_values_the_last_change_stands(old_rows, new_rows, standing):
    old, new = source(old_rows), source(new_rows)
    here = load(old)
    edits = {key: standing.get(key, (stage, None)) for key, (stage, _) in old_rows.items()}
    here = pulled(
        here,
        stage=pl.Series([edits[key][0] for key in here["id"]], dtype=pl.String),
        industry=pl.Series([edits[key][1] for key in here["id"]], dtype=pl.String),
    )
    loaded = load(new, old, here)
    assert loaded["id"].to_list() == sorted(new_rows)
    for row in loaded.iter_rows(named=True):
        key, stage = row["id"], new_rows[row["id"]][0]
        unchanged = key in old_rows and old_rows[key][0] == stage
        assert row["stage"] == (edits[key][0] if unchanged else stage)
        assert row["industry"] == (edits[key][1] if key in old_rows else None)
    assert load(new, new, loaded).equals(loaded)
    assert load(new.reverse(), old.reverse(), here.reverse()).equals(loaded)


def test_VIT_8_without_a_file_the_columns_that_are_matched_on_are_kept_too():
    assert here_records(None, None, None, None, None, MAPPING).columns == ["id", "stage", "industry", "external_id"]
    adopted = pl.DataFrame({"id": ["P-1"], "external_id": ["P-1"], "there_id": ["001A"]})
    again = here_records(None, None, adopted, None, None, MAPPING)
    assert again.select("id", "external_id", "there_id").rows() == [("P-1", "P-1", "001A")]


def test_a_list_that_was_pulled_stays_when_the_file_gets_a_column_of_text_or_of_lists():
    before = source({"a": ("x", 1), "b": ("y", 2)})
    tags = pl.Series("tags", [["A", "B"], None], pl.List(pl.String))
    here = load(before).with_columns(tags)
    texts = load(before.with_columns(tags=pl.Series([None, None], dtype=pl.String)), before, here)
    assert texts.filter(id="a")["tags"].to_list() == ["A;B"]
    lists = before.with_columns(tags)
    as_text = here.with_columns(tags=pl.Series(["B;A", None]))
    kept = load(lists, lists, as_text)
    assert kept["tags"].to_list() == [["A", "B"], None]
