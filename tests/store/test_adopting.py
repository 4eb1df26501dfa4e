"""Records too large for memory: moved into the store as a file, and read without being loaded."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from toolkit.errors import StoreError
from toolkit.store import Store

RECORDS = pl.DataFrame({"id": ["a", "b", "c"], "Name": ["A", None, "C"]})


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path) as store:
        yield store


def adopt(store, frame) -> None:
    file = store.incoming("account") / "whole.parquet"
    frame.lazy().sink_parquet(file)
    store.adopt_records("there", "account", file, frame.height)


def test_a_file_becomes_the_records_and_replaces_those_before(store):
    store.save_records("there", "account", RECORDS.head(1))
    version = store.version
    adopt(store, RECORDS)
    assert store.version > version
    assert_frame_equal(store.records("there", "account"), RECORDS)
    assert store.count_records("there", "account") == 3
    assert [path.name for path in store.incoming("account").iterdir()] == []
    assert len(list((store.folder / "snapshots").iterdir())) == 1


def test_records_are_read_unloaded(store):
    assert store.scan_records("there", "account") is None
    assert store.count_records("there", "account") == 0
    adopt(store, RECORDS)
    assert store.scan_records("there", "account").filter(pl.col("Name") == "C").collect()["id"].to_list() == ["c"]


@pytest.mark.parametrize("damage", ["missing", "cut", "overwritten"])
def test_a_damaged_file_is_told_before_it_is_read(store, damage):
    adopt(store, RECORDS)
    (path,) = (store.folder / "snapshots").iterdir()
    whole = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(whole[:-1] if damage == "cut" else b"x" * len(whole))
    with pytest.raises(StoreError, match="is missing" if damage == "missing" else "is damaged"):
        store.scan_records("there", "account")


def test_what_is_on_its_way_outlives_another_opening_of_the_store(store):
    file = store.incoming("account") / "part-000000.parquet"
    RECORDS.write_parquet(file)
    with Store.open(store.folder):
        assert file.exists()


def test_the_last_pulls_scope_and_types_are_remembered(store):
    assert store.pulled("account") is None
    store.set_pulled("account", "everything", {"Name": "string"})
    store.set_pulled("account", "Type = 'x'", {"Name": "string", "Phone": "phone"})
    assert store.pulled("account") == ("Type = 'x'", {"Name": "string", "Phone": "phone"})
