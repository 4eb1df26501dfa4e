"""What is remembered of a journal is what is on the disk."""

import polars as pl
import pytest

from toolkit.frames import JOURNAL, FrameError, conform
from toolkit.store import Store
from toolkit.writeback.committing.journal import Ledger

ROWS = 2_500  # more than are noted one by one


@pytest.fixture
def ledger(tmp_path):
    number = pl.int_range(1, ROWS + 1, eager=True)
    rows = pl.DataFrame({"seq": number}).select(
        commit_id=pl.lit("c"), seq=pl.col("seq").cast(pl.UInt32), side=pl.lit("there"), object=pl.lit("it's"),
        here_id=pl.format("P-{}", "seq"), there_id=pl.format("001{}", "seq"), name=pl.lit(None, pl.String),
        field=pl.when(pl.col("seq") % 2 == 0).then(pl.lit("A")).otherwise(pl.lit("B")), partner=pl.lit("a"),
        type=pl.lit("string"), before=pl.lit(None, pl.String), after=pl.format("“{}”; x'", "seq"),
        state=pl.lit("intended"), code=pl.lit(None, pl.String), message=pl.lit(None, pl.String),
        base=pl.lit(None, pl.String), agreed=pl.lit(""), operation=pl.lit("update"),
    )  # fmt: skip
    with Store.open(tmp_path) as store:
        made = Ledger(store, "c")
        made.intend(conform(rows, JOURNAL), {"at": "now"})
        yield made


def same(ledger):
    kept = ledger.store.journal("c")
    assert ledger.rows().equals(kept)
    assert Ledger(ledger.store, "c").rows().equals(kept)
    return kept


def test_BEY_6_what_is_intended_is_kept_as_it_is(ledger):
    kept = same(ledger)
    assert kept.height == ROWS
    assert kept["object"].unique().to_list() == ["it's"]
    assert kept["after"].to_list() == [f"“{number}”; x'" for number in range(1, ROWS + 1)]


def test_BEY_6_every_row_is_settled_as_it_was_told_in_whatever_order(ledger):
    rows = ledger.rows().sample(fraction=1.0, shuffle=True, seed=1)
    odd = pl.col("seq") % 700 == 0
    told = rows.with_columns(
        state=pl.when(odd).then(pl.lit("failed")).otherwise(pl.lit("written")),
        code=pl.when(odd).then(pl.lit("STRING_TOO_LONG")),
        message=pl.when(odd).then(pl.format("row {}", "seq")),
    )
    ledger.settle(told.head(2_000).drop("before"))
    ledger.settle(told.tail(ROWS - 2_000).with_columns(before=pl.format("was {}", "seq")))
    kept = same(ledger)
    wanted = told.sort("seq")
    assert kept.select("seq", "state", "code", "message").equals(wanted.select("seq", "state", "code", "message"))
    assert kept["before"].null_count() == 2_000
    assert kept.filter(pl.col("before") != pl.format("was {}", "seq")).is_empty()


def test_BEY_6_a_row_that_is_told_of_twice_is_as_it_was_told_last(ledger):
    row = ledger.rows().filter(pl.col("seq") == 7)
    ledger.sent_in_job(row, "750")
    ledger.settle(row.with_columns(state=pl.lit("held"), code=pl.lit("X"), message=pl.lit("y")))
    ledger.settle(row.with_columns(state=pl.lit("written")), also=("there_id",))
    (kept,) = same(ledger).filter(pl.col("seq") == 7).to_dicts()
    assert (kept["state"], kept["code"], kept["message"]) == ("written", None, None)


def test_BEY_6_what_was_never_intended_is_not_noted_at_all(ledger):
    rows = ledger.rows().head(2).with_columns(state=pl.lit("written"), seq=pl.Series([ROWS, ROWS + 1], dtype=pl.UInt32))
    with pytest.raises(FrameError):
        ledger.settle(rows)
    assert same(ledger)["state"].unique().to_list() == ["intended"]
