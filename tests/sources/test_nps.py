"""Answers to the NPS question as metrics: the score of a window and how many of each there are."""

from datetime import date

import pytest

from toolkit.config.sources import Metric, Source
from toolkit.errors import SourceError
from toolkit.sources.metrics import measure
from toolkit.sources.reading import read_source

ANSWERS = Source(path="nps.csv", kind="nps", account="account", score="score", date="answered_on")
CSV = (
    "account,score,answered_on\n"
    "P-1,9,2026-10-01\nP-1,10,2026-10-02\nP-1,8,2026-10-03\nP-1,6,2026-10-04\nP-1,,2026-10-05\n"
    "P-1,0,2026-01-01\nP-2,0,2026-10-01\nP-3,,2026-10-01\n"
)


@pytest.fixture
def read(tmp_path):
    def read_it(content=CSV, **given):
        (tmp_path / "nps.csv").write_text(content)
        return read_source(tmp_path, ANSWERS.model_copy(update=given), name="nps")

    return read_it


def test_promoters_answer_9_or_10_passives_7_or_8_and_the_rest_are_detractors(read):
    scores = "\n".join(f"P-1,{score},2026-10-01" for score in range(11))
    rows = read(f"account,score,answered_on\n{scores}\n").records
    assert rows.select("score", "nps", "promoters", "passives", "detractors").rows() == [
        *((score, -100, 0, 0, 1) for score in range(7)),
        *((score, 0, 0, 1, 0) for score in (7, 8)),
        *((score, 100, 1, 0, 0) for score in (9, 10)),
    ]


def test_the_score_and_the_numbers_of_each_are_metrics_of_a_window(read):
    given = {"source": "nps", "window_days": 90}
    metrics = {
        "nps": Metric(**given, column="nps", aggregate="mean"),
        "promoters": Metric(**given, column="promoters", aggregate="sum"),
        "passives": Metric(**given, column="passives", aggregate="sum"),
        "detractors": Metric(**given, column="detractors", aggregate="sum"),
        "answers": Metric(**given, column="score", aggregate="count"),
    }
    assert measure(metrics, {"nps": read()}, date(2026, 11, 2)).rows() == [
        ("P-1", 25.0, 2.0, 1.0, 1.0, 4.0),
        ("P-2", -100.0, 0.0, 0.0, 1.0, 1.0),
        ("P-3", None, None, None, None, 0.0),
    ]


@pytest.mark.parametrize("score", ["11", "-1", "7.5", "great"])
def test_an_answer_that_is_no_whole_number_from_0_to_10_is_a_fault(read, score):
    content = CSV + f"P-1,{score},2026-10-01\n"
    with pytest.raises(SourceError, match=r'line 10, column "score": "' + score):
        read(content)
    table = read(content, on_error="reject", max_rejected=0.5)
    assert (table.rejected, table.records.height) == (1, 8)
