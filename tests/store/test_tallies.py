"""The newest commits counted, and what of them is still not written."""

import polars as pl
import pytest

from toolkit.frames import JOURNAL, conform
from toolkit.store import Store


def rows(commit: str, *told: tuple[str, str, str, str]) -> pl.DataFrame:
    """Journal rows of (record, field, operation, state)."""
    made = [
        dict.fromkeys(JOURNAL.schema)
        | {"commit_id": commit, "seq": seq, "side": "there", "object": "account", "here_id": record, "name": record}
        | {"field": field, "operation": operation, "state": state, "code": "X" if state == "failed" else None}
        for seq, (record, field, operation, state) in enumerate(told, 1)
    ]
    return conform(pl.DataFrame(made, schema=dict(JOURNAL.schema)), JOURNAL)


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path) as store:
        store.intend(
            rows(
                "first", ("A", "Name", "update", "failed"), ("A", "Phone", "update", "written"),
                ("B", "Name", "create", "written"), ("B", "Phone", "create", "written"), ("C", "Name", "clear", "held"),
            ),
            {"at": "2026-11-01T08:00:00+00:00"},
        )  # fmt: skip
        store.intend(rows("second", ("A", "Name", "update", "written"), ("D", "Name", "update", "failed")))
        yield store


def test_DSH_8_commits_are_counted_by_what_was_done_and_what_became_of_it(store):
    told = store.tallies(5).select("commit_id", "operation", "state", "rows", "records").rows()
    assert told == [
        ("second", "update", "failed", 1, 1), ("second", "update", "written", 1, 1),
        ("first", "create", "written", 2, 1),
        ("first", "update", "failed", 1, 1), ("first", "update", "held", 1, 1), ("first", "update", "written", 1, 1),
    ]  # fmt: skip
    at = store.tallies(5)["at"].to_list()
    assert at[0] is None
    assert f"{at[-1]:%Y-%m-%d %H:%M}" == "2026-11-01 08:00"
    assert set(store.tallies(1)["commit_id"]) == {"second"}


def test_DSH_8_what_failed_once_and_was_written_later_is_settled(store):
    told = store.unwritten(5)
    assert told.schema == dict(JOURNAL.schema)
    assert told.select("commit_id", "here_id", "state").rows() == [("second", "D", "failed"), ("first", "C", "held")]
    assert store.unwritten(1)["here_id"].to_list() == ["D"]
