"""The demo mapping on the sample company: its score tells the accounts apart that the company's story tells apart."""

import polars as pl
import pytest

from toolkit.config import parse, preset_text
from toolkit.demo_org.company.files import write_customer_side
from toolkit.health.score import score
from toolkit.sources.metrics import measure
from toolkit.sources.reading import read_sources


@pytest.fixture(scope="module")
def scored(tmp_path_factory) -> pl.DataFrame:
    folder = tmp_path_factory.mktemp("company")
    settings = parse(preset_text("demo"))
    today = settings.workspace.as_of.date()
    write_customer_side(folder, 500, 1, today)
    tables = read_sources(folder, settings).tables
    metrics = measure(settings.metrics, tables, today)
    scores = score(metrics, settings.health.profile, today, name="default").scores
    return scores.join(tables["accounts"].records.select("id", "stage"), on="id")


def test_most_accounts_are_well_and_every_band_occurs(scored):
    share = {band: count / scored.height for band, count in scored["band"].value_counts().rows()}
    assert 0.4 < share["Green"] < 0.7
    assert 0.1 < share["Yellow"] < 0.3
    assert 0.1 < share["Red"] < 0.3
    assert 0 < share[None] < 0.1, "some have too little to be judged by"


def test_accounts_at_risk_score_far_below_those_that_grow(scored):
    mean = dict(scored.group_by("stage").agg(pl.col("score").mean()).rows())
    assert mean["At Risk"] < 45 < 75 < mean["Growth"]


def test_CAT_13_every_score_of_the_scale_fits_length_2_and_1_decimal(scored):
    shown = scored["shown"].drop_nulls()
    assert shown.min() >= 0
    assert shown.max() <= 10
    assert (shown == shown.round(1)).all()
