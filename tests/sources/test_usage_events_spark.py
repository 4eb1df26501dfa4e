"""Usage events counted by Spark, where it is installed (the extra ``spark``, and Java): the digits of polars."""

from datetime import UTC, datetime, timedelta
from random import Random

import polars as pl
import pytest

from toolkit.config.sources import Source
from toolkit.errors import SourceError
from toolkit.sources.reading import read_source

pytest.importorskip("pyspark", reason="needs the extra spark")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def test_spark_counts_the_digits_of_polars_and_says_what_is_wrong(tmp_path):
    random, start = Random(1), datetime(2026, 9, 20, tzinfo=UTC)
    rows = [
        (
            random.choice(["A", "B ", None, ""]),
            start + timedelta(minutes=random.randrange(86_400)),
            random.choice("xyz"),
        )
        for _ in range(2_000)
    ]
    pl.DataFrame(rows, schema=["account", "at", "user"], orient="row").write_parquet(tmp_path / "events.parquet")
    given = {"kind": "events", "account": "account", "at": "at", "user": "user"}
    query = f"select * from parquet.`{tmp_path / 'events.parquet'}`"
    for period in ("day", "week", "month"):
        for zone in (None, "America/New_York"):
            timed = {**given, "period": period, "time_zone": zone}
            here = read_source(tmp_path, Source(path="events.parquet", **timed))
            there = read_source(tmp_path, Source(url="spark://local", query=query, **timed))
            assert there.records.equals(here.records)
            assert there.skips.select("reason").equals(here.skips.select("reason"))
    with pytest.raises(SourceError, match="has no column when"):
        read_source(tmp_path, Source(url="spark://local", query=query, **{**given, "at": "when"}))
    with pytest.raises(SourceError, match="is no time"):
        read_source(tmp_path, Source(url="spark://local", query=query, **{**given, "at": "user"}))
    with pytest.raises(SourceError, match="the database says"):
        read_source(tmp_path, Source(url="spark://local", table="nowhere", **given))
