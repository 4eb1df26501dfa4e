"""Tables and queries as sources: SQLite by the standard library, others by SQLAlchemy and DuckDB; secrets stay in."""

import os
import sqlite3
import subprocess
import sys
import traceback
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest

from toolkit.config import parse
from toolkit.config.sources import Source
from toolkit.errors import ConfigError, SourceError
from toolkit.sources.databases import columns_of
from toolkit.sources.needs import Needs
from toolkit.sources.reading import read_source

PASSWORD = "s3cr3t-p%40ss"


@pytest.fixture
def crm(tmp_path):
    """A SQLite file in a folder; its columns hold what SQLite lets them hold."""
    connection = sqlite3.connect(tmp_path / "crm.db")
    connection.execute("create table customers (external_id text, seats integer, rate real, since text, odd)")
    connection.executemany(
        "insert into customers values (?, ?, ?, ?, ?)",
        [("00123", 7, 1, "2026-11-02", 1), (" P-2 ", None, 2.5, "", "=2+3 <b>"), ("P-3", 9, None, None, 2.5)],
    )
    connection.commit()
    connection.close()
    return tmp_path


def source(**given):
    return Source(key="external_id", **{"url": "sqlite:///crm.db", "table": "customers", **given})


def refusal(folder, given, **more):
    with pytest.raises(SourceError) as caught:
        read_source(folder, given, **more)
    return str(caught.value)


def test_a_sqlite_table_is_read_and_no_value_of_a_mixed_column_is_lost(crm):
    table = read_source(crm, source(), needs=Needs({"since": "date"}))
    assert table.records.rows() == [
        ("00123", "00123", 7, 1.0, date(2026, 11, 2), "1"),
        ("P-2", "P-2", None, 2.5, None, "=2+3 <b>"),
        ("P-3", "P-3", 9, None, None, "2.5"),
    ]


def test_a_query_is_read_and_an_address_may_come_from_the_environment(crm):
    # The process runs with the variable set, as a person's shell would have it.
    code = (
        "from pathlib import Path; from toolkit.config.sources import Source\n"
        "from toolkit.sources.reading import read_source\n"
        "source = Source(url_env='CRM_URL', query='select external_id, seats * 2 as seats from customers', "
        "key='external_id')\n"
        "print(read_source(Path('.'), source).records['seats'].to_list())"
    )
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "CRM_URL": "sqlite:///crm.db"}
    ran = subprocess.run([sys.executable, "-c", code], cwd=crm, env=environment, capture_output=True, text=True)
    assert ran.stdout.strip() == "[14, None, 18]", ran.stderr


def test_an_address_that_is_not_set_is_named_by_its_variable(tmp_path):
    said = refusal(tmp_path, source(url=None, url_env="CS_TOOLKIT_TEST_NOT_SET"))
    assert "customers: the environment variable CS_TOOLKIT_TEST_NOT_SET is not set" in said
    assert "postgresql+psycopg://user:password@host/database" in said


def test_a_source_is_only_read(crm):
    with pytest.raises(ValueError, match="must begin with"):
        source(table=None, query="delete from customers")
    said = refusal(crm, source(table=None, query="with gone as (select 1) insert into customers select 1,2,3,4,5"))
    assert "attempt to write a readonly database" in said


def test_the_live_store_may_be_read_while_a_run_writes_it(crm):
    with sqlite3.connect(crm / "crm.db", isolation_level=None) as writing:
        writing.execute("begin immediate")
        assert read_source(crm, source()).records.height == 3
        writing.execute("insert into customers values ('P-4', 1, 1, '', 1)")
        writing.execute("commit")
    writing.close()
    assert read_source(crm, source()).records.height == 4


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"table": "customer"}, "customer cannot be read: the database says: no such table: customer"),
        ({"table": None, "query": "select nocol from customers"}, "no such column: nocol"),
        ({"table": None, "query": "select external_id, seats as external_id from customers"}, "more than one column"),
        ({"table": None, "query": "select x'00' as external_id"}, 'column "external_id" holds bytes'),
        ({"table": None, "query": "select 1 as id"}, 'column "external_id": is missing'),
        ({"url": "sqlite:///crm2.db"}, "crm2.db is not in"),
        ({"url": "sqlite://"}, "the URL names no file"),
        ({"url": "nosuchdatabase://host/x"}, "nosuchdatabase is not installed"),
        ({"url": "postgresql+pg8000://host/x"}, "pg8000 is not installed"),
    ],
)
def test_a_database_that_cannot_be_read_says_why(crm, given, said):
    assert said in refusal(crm, source(**given))


def test_a_file_that_is_no_database_says_so(tmp_path):
    (tmp_path / "crm.db").write_text("external_id,name\n" * 100)
    assert "file is not a database" in refusal(tmp_path, source())


def test_duplicate_ids_of_a_table_are_named_by_row(crm):
    query = "select 'P-1' as external_id union all select 'P-1'"
    assert 'external_id "P-1": occurs on rows 1, 2' in refusal(crm, source(table=None, query=query))


@pytest.mark.parametrize(
    "url",
    [
        f"sqlite+pysqlite://user:{PASSWORD}@host/crm.db",
        f"nosuchdatabase://user:{PASSWORD}@host/x",
        f"postgresql+psycopg://user:{PASSWORD}@[broken/x",
        f"duckdb://user:{PASSWORD}@host/none.duckdb",
        f"sqlite+pysqlite:///crm.db?token={PASSWORD}",
        f"not a url {PASSWORD}",
        f"{PASSWORD}:{PASSWORD}@host",
    ],
)
def test_no_secret_is_in_an_error_not_even_in_its_traceback(crm, url):
    os.environ["CS_TOOLKIT_TEST_URL"] = url
    try:
        with pytest.raises(SourceError) as caught:
            read_source(crm, source(url=None, url_env="CS_TOOLKIT_TEST_URL", table="nowhere"))
    finally:
        del os.environ["CS_TOOLKIT_TEST_URL"]
    written = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert "s3cr3t" not in written
    assert caught.value.__context__ is None or "s3cr3t" not in str(caught.value.__context__)


def test_a_password_in_the_mapping_file_is_refused_and_not_repeated():
    text = (
        '[objects.account]\nmatch = ["id = Id"]\n\n[sources.accounts]\nkey = "id"\ntable = "t"\n'
        f'url = "postgresql://user:{PASSWORD}@host/crm"\n'
    )
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert "sources.accounts.url: must not hold a password" in str(caught.value)
    assert 'name it in "url_env"' in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


def test_rows_of_a_table_are_rejected_by_their_number(crm):
    odd = source(on_error="reject", max_rejected=0.5)
    table = read_source(crm, odd, name="customers", needs=Needs({"odd": "number"}))
    assert table.records["id"].to_list() == ["00123", "P-3"]
    assert table.skips.select("id", "reason").rows() == [
        ("customers row 2", 'column "odd": "=2+3 <b>" is not a plain number; write it like 1234.50')
    ]
    query = source(table=None, query="select 'x' as odd, 1 as external_id", on_error="reject")
    assert "the query of sqlite:///crm.db: 1 of 1 rows would be left out" in refusal(
        crm, query, needs=Needs({"odd": "number"})
    )


def test_sqlalchemy_reads_what_it_has_a_driver_for(crm):
    table = read_source(crm, source(url="sqlite+pysqlite:///crm.db"))
    assert table.records.equals(read_source(crm, source()).records)


def test_duckdb_reads_its_files_and_files_beside_it(tmp_path):
    with duckdb.connect(str(tmp_path / "crm.duckdb")) as connection:
        connection.execute(
            "create table customers as select '00123' as external_id, 5 as seats, date '2026-11-02' as d"
        )
    table = read_source(tmp_path, source(url="duckdb:///crm.duckdb"))
    assert table.records.rows() == [("00123", "00123", 5, date(2026, 11, 2))]
    pl.DataFrame({"external_id": ["P-1"]}).write_parquet(tmp_path / "a.parquet")
    beside = read_source(tmp_path, source(url="duckdb://", table=None, query="from 'a.parquet'"))
    assert beside.records["id"].to_list() == ["P-1"]
    assert "does not exist" in refusal(tmp_path, source(url="duckdb:///crm.duckdb", table="nowhere"))


def test_values_of_a_driver_become_columns_and_none_is_lost():
    zoned, naive = datetime(2026, 11, 2, 8, tzinfo=UTC), datetime(2026, 11, 2, 8)
    frame = columns_of(
        ["money", "big", "zoned", "naive", "both", "flag", "none"],
        [(Decimal("1.50"), 2**70, zoned, naive, zoned, True, None), (2, 1, None, naive, naive, None, None)],
    )
    assert frame.rows() == [
        (1.5, str(2**70), zoned, naive, "2026-11-02T08:00:00+00:00", True, None),
        (2.0, "1", None, naive, "2026-11-02T08:00:00", None, None),
    ]
