"""The files in data/ are what the demo makes of its default size and seed; nobody edits them by hand."""

from pathlib import Path

import polars as pl
import pytest

from toolkit.demo_workspace import create_demo

DATA = Path(__file__).parent.parent / "data"
FILES = ("workspace.toml", "accounts.csv", "contacts.csv", "tickets.csv")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    create_demo(folder)
    return folder


@pytest.mark.parametrize("name", FILES)
def test_a_text_file_is_what_the_demo_makes(made, name):
    assert (DATA / name).read_text("utf-8") == (made / name).read_text("utf-8")


def test_the_parquet_file_holds_what_the_demo_makes(made):
    assert pl.read_parquet(DATA / "usage.parquet").equals(pl.read_parquet(made / "usage.parquet"))


def test_CARD_2_the_customer_side_lies_in_data():
    assert {path.name for path in DATA.iterdir()} >= {*FILES, "usage.parquet"}
