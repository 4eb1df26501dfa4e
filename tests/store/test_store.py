"""What the store keeps comes back as it went in, for every kind of thing it keeps."""

import sqlite3
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from toolkit import frames
from toolkit.errors import NotFoundError, StepMissingError, StoreError
from toolkit.frames import FrameError, FrameSpec
from toolkit.store import Store
from toolkit.store.schema import STEPS

NOW = datetime(2026, 11, 2, 8, 0, 0, 123_000, tzinfo=UTC)
TABLES = [
    *(frames.LINKS, frames.MISMATCHES, frames.SKIPS, frames.SCORES, frames.CONTRIBUTIONS),
    *(frames.DECISIONS, frames.SPENT_DECISIONS, frames.APPROVALS),
    *(frames.LINK_HISTORY, frames.PAIR_DECISIONS, frames.SUGGESTIONS, frames.PROPOSALS),
]
KEPT = {
    **{spec.name: spec for spec in TABLES},
    "changes": frames.CHANGES,
    "journal": frames.JOURNAL,
    "runs": frames.RUNS,
}
SAMPLES = {
    pl.String: ["a", 'Zoë\'s "Café", GmbH\nline 2 =2+3', "", None],
    pl.Float64: [0.1, -0.0, 1e300, None],
    pl.Boolean: [True, False, True, None],
    pl.Date: [date(2026, 11, 2), date(1, 1, 1), date(9999, 12, 31), None],
    pl.Datetime: [NOW, datetime(1970, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC), None],
    pl.UInt32: [0, 1, 2**32 - 1, None],
    pl.Int64: [0, -(2**62), 2**62, None],
}


def sample(spec: FrameSpec, rows: int = 4) -> pl.DataFrame:
    """Return a frame of the shape of `spec` with awkward values everywhere, and keys that differ."""
    columns = {}
    for name, dtype in spec.schema.items():
        values = SAMPLES[dtype.base_type()] * (rows // 4 + 1)
        key = name == spec.key[-1]
        if name in spec.key:
            texts = [f"{name}{n if key else ''}" for n in range(rows)]
            if dtype.is_integer():
                values = list(range(1, rows + 1))
            elif dtype.is_temporal():
                values = [NOW + timedelta(seconds=n) for n in range(rows)]
            else:
                values = texts
        columns[name] = pl.Series(values[:rows], dtype=dtype)
    return pl.DataFrame(columns)


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path) as store:
        yield store


@pytest.mark.parametrize("spec", TABLES, ids=lambda spec: spec.name)
def test_a_frame_comes_back_type_for_type(store, spec, tmp_path):
    frame = sample(spec)
    assert_frame_equal(store.read(spec), spec.empty())
    store.write(spec, frame)
    assert_frame_equal(store.read(spec), frames.conform(frame, spec))
    with Store.open(tmp_path, read_only=True) as other:
        assert_frame_equal(other.read(spec), frames.conform(frame, spec))
    store.write(spec, frame.head(1))
    assert store.read(spec).height == 1


@pytest.mark.parametrize("spec", KEPT.values(), ids=KEPT)
def test_the_tables_have_the_columns_of_their_frames(store, spec):
    with sqlite3.connect(store.folder / "store.sqlite") as connection:
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({spec.name})")]
    connection.close()
    others = {"plan_id"} - set(spec.schema)
    assert [name for name in columns if name not in others] == list(spec.schema)


def test_one_part_of_a_table_is_replaced_and_read_alone(store):
    skips = sample(frames.SKIPS, 2)
    store.write(frames.SKIPS, pl.concat([skips, skips.with_columns(side=pl.lit("here"))]))
    store.write(frames.SKIPS, skips.head(1).with_columns(side=pl.lit("here")), within={"side": "here"})
    assert store.read(frames.SKIPS).height == 3
    assert store.read(frames.SKIPS, within={"side": "here"}).height == 1


def test_a_frame_of_another_shape_changes_nothing(store):
    store.write(frames.LINKS, sample(frames.LINKS))
    with pytest.raises(FrameError, match="missing columns"):
        store.write(frames.LINKS, pl.DataFrame({"object": ["a"]}))
    twice = pl.concat([sample(frames.LINKS, 1)] * 2)
    with pytest.raises(FrameError, match="not unique"):
        store.write(frames.LINKS, twice)
    assert store.read(frames.LINKS).height == 4


@pytest.mark.parametrize("side", ["here", "there", "base", "source"])
def test_records_of_any_columns_come_back_as_they_were(store, side):
    assert store.records(side, "account") is None
    frame = pl.DataFrame(
        {"id": ["b", "a"], "Owner.Name": ["Zoë", None], "n": [1.5, None], "on": [date(2026, 1, 1), None]}
    )
    store.save_records(side, "account", frame)
    assert_frame_equal(store.records(side, "account"), frame)
    store.save_records(side, "account", frame.clear())
    assert_frame_equal(store.records(side, "account"), frame.clear())
    assert len(list((store.folder / "snapshots").iterdir())) == 1


def test_a_snapshot_name_cannot_leave_its_folder(store):
    with pytest.raises(ValueError, match="not a name"):
        store.save_records("there", "../account", pl.DataFrame({"id": ["a"]}))


def test_the_watermark_is_kept_to_the_millisecond(store):
    assert store.watermark("account") is None
    store.set_watermark("account", NOW)
    assert store.watermark("account") == NOW
    store.set_watermark("account", None)
    assert store.watermark("account") is None
    with pytest.raises(ValueError, match="without a zone"):
        store.set_watermark("account", NOW.replace(tzinfo=None))


def test_the_score_history_keeps_the_last_score_of_a_day_and_version(store):
    scores = pl.DataFrame(
        {"id": ["a", "b"], "profile": "default", "version": "v1", "score": [50.0, None], "shown": [5.0, None],
         "band": ["Yellow", None], "coverage": [1.0, 0.2], "as_of": date(2026, 11, 1)}
    )  # fmt: skip
    store.append_scores(scores)
    store.append_scores(scores.with_columns(score=pl.lit(60.0)))
    store.append_scores(scores.with_columns(as_of=pl.lit(date(2026, 11, 2))))
    history = store.score_history("a")
    assert history["score"].to_list() == [60.0, 50.0]
    assert store.score_history().height == 4


def test_BEY_1_a_plan_is_kept_row_for_row_under_its_id(store):
    assert store.latest_plan() is None
    changes = sample(frames.CHANGES, 8)
    store.save_plan({"plan_id": "p1", "digest": "abc", "cost": {"calls": 3}}, changes)
    store.save_plan({"plan_id": "p2"}, changes.head(2))
    meta, kept = store.plan("p1")
    assert meta == {"plan_id": "p1", "digest": "abc", "cost": {"calls": 3}}
    assert_frame_equal(kept, changes)
    assert store.latest_plan()[0] == {"plan_id": "p2"}
    assert [meta["plan_id"] for meta in store.plans()] == ["p1", "p2"]
    with pytest.raises(NotFoundError, match=r"p3.*p1, p2"):
        store.plan("p3")


def test_only_the_newest_plans_are_kept(store):
    for number in range(12):
        store.save_plan({"plan_id": f"p{number}"}, sample(frames.CHANGES, 3))
    assert [meta["plan_id"] for meta in store.plans()] == [f"p{number}" for number in range(2, 12)]
    with pytest.raises(NotFoundError):
        store.plan("p1")


def journal_rows(commit_id: str, rows: int) -> pl.DataFrame:
    return sample(frames.JOURNAL, rows).with_columns(commit_id=pl.lit(commit_id), state=pl.lit("intended"))


def test_BEY_6_what_was_intended_is_settled_row_by_row(store):
    store.intend(journal_rows("c1", 3), {"plan_id": "p1"})
    store.intend(journal_rows("c2", 1))
    assert store.open_commits() == ["c1", "c2"]
    assert store.commit_meta("c1") == {"plan_id": "p1"}
    store.settle("c1", pl.DataFrame({"seq": [1, 2], "state": ["written", "failed"], "code": [None, "X"]}))
    rows = store.journal("c1")
    assert rows["state"].to_list() == ["written", "failed", "intended"]
    assert rows["code"].to_list()[:2] == [None, "X"]
    assert rows["before"].to_list() == journal_rows("c1", 3)["before"].to_list(), "what is not given stays"
    store.settle("c1", pl.DataFrame({"seq": [3], "state": ["held"], "message": ["moved"]}))
    assert store.open_commits() == ["c2"]
    assert store.commits().rows() == [("c1", 3, 0, 1, 1, 1), ("c2", 1, 1, 0, 0, 0)]
    assert store.journal().height == 4


def test_BEY_6_the_journal_of_all_commits_has_the_oldest_first_whatever_their_ids(store):
    assert store.journal().is_empty()
    for commit_id in ("c5", "c1", "c3"):
        store.intend(journal_rows(commit_id, 2))
    assert store.journal().select("commit_id", "seq").rows() == [
        (commit_id, seq) for commit_id in ("c5", "c1", "c3") for seq in (1, 2)
    ]


def test_settling_what_was_never_intended_is_a_fault_and_notes_nothing(store):
    store.intend(journal_rows("c1", 2))
    with pytest.raises(FrameError, match="intended only 1"):
        store.settle("c1", pl.DataFrame({"seq": [2, 3], "state": ["written", "written"]}))
    assert store.journal("c1")["state"].to_list() == ["intended", "intended"]
    with pytest.raises(NotFoundError, match="c1"):
        store.journal("c9")


def test_an_intention_cannot_be_made_twice(store):
    store.intend(journal_rows("c1", 2))
    with pytest.raises(sqlite3.IntegrityError):
        store.intend(journal_rows("c1", 3))
    assert store.journal().height == 2


def test_runs_say_what_a_step_did(store):
    first = store.start_run("pull", "account", NOW)
    second = store.start_run("match", "account", NOW)
    store.end_run(first, at=NOW, read=60, api_calls=3, note="full")
    store.end_run(second, at=NOW, status="failed", note="no records yet")
    runs = store.runs()
    assert runs["status"].to_list() == ["done", "failed"]
    assert runs.row(0, named=True) == {
        "run_id": 1, "step": "pull", "object": "account", "started_at": NOW, "ended_at": NOW, "status": "done",
        "read": 60, "written": 0, "skipped": 0, "held": 0, "failed": 0, "api_calls": 3, "note": "full",
    }  # fmt: skip
    assert store.runs(limit=1)["run_id"].to_list() == [2]


def test_the_version_grows_with_every_change_and_with_nothing_else(store, tmp_path):
    with Store.open(tmp_path, read_only=True) as reader:
        seen = [reader.version]
        for change in (
            lambda: store.save_records("there", "account", pl.DataFrame({"id": ["a"]})),
            lambda: store.write(frames.LINKS, sample(frames.LINKS)),
            lambda: store.set_watermark("account", NOW),
            lambda: store.intend(journal_rows("c1", 1)),
            lambda: store.start_run("pull", "account", NOW),
        ):
            change()
            seen.append(reader.version)
        store.read(frames.LINKS)
        with Store.open(tmp_path), pytest.raises(FrameError):
            store.write(frames.LINKS, pl.DataFrame())
        assert reader.version == seen[-1]
    assert seen == sorted(set(seen))


def test_a_reader_finds_no_store_and_changes_none(tmp_path):
    with pytest.raises(StepMissingError, match="no store"):
        Store.open(tmp_path, read_only=True)
    assert not list(tmp_path.iterdir())
    Store.open(tmp_path).close()
    with Store.open(tmp_path, read_only=True) as reader, pytest.raises(StoreError, match="for reading only"):
        reader.set_watermark("account", NOW)


def test_a_store_of_a_newer_version_is_refused(tmp_path):
    Store.open(tmp_path).close()
    with sqlite3.connect(tmp_path / "store.sqlite") as connection:
        connection.execute("INSERT INTO schema_versions VALUES (99, 'From the future', '2030-01-01T00:00:00Z')")
    connection.close()
    for read_only in (False, True):
        with pytest.raises(StoreError, match=r"newer version.*99.*\n.*upgrade"):
            Store.open(tmp_path, read_only=read_only)


def test_a_store_without_tables_is_made_by_the_first_writer(tmp_path):
    sqlite3.connect(tmp_path / "store.sqlite").close()
    (tmp_path / "store.sqlite").touch()
    with pytest.raises(StoreError, match="older version"):
        Store.open(tmp_path, read_only=True)
    with Store.open(tmp_path) as store:
        assert store.runs().is_empty()
    with sqlite3.connect(tmp_path / "store.sqlite") as connection:
        assert connection.execute("SELECT version, name FROM schema_versions").fetchall() == [
            (number, name) for number, (name, _) in enumerate(STEPS, 1)
        ]
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_file_that_is_no_store_is_said_to_be_damaged(tmp_path):
    (tmp_path / "store.sqlite").write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError, match=r"damaged.*\n.*backup"):
        Store.open(tmp_path)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:-20]), "is damaged"),
        (lambda path: path.write_bytes(b"x" * path.stat().st_size), "is damaged"),
    ],
    ids=["missing", "cut", "overwritten"],
)
def test_a_snapshot_that_cannot_be_read_says_what_to_do(store, harm, words):
    store.save_records("there", "account", pl.DataFrame({"id": ["a"] * 100}))
    (path,) = (store.folder / "snapshots").iterdir()
    harm(path)
    with pytest.raises(StoreError, match=rf'there records of "account".*{words}.*\n.*pull --full'):
        store.records("there", "account")
    store.save_records("there", "account", pl.DataFrame({"id": ["b"]}))
    assert store.records("there", "account")["id"].to_list() == ["b"]


def test_a_closed_store_says_so(tmp_path):
    store = Store.open(tmp_path)
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.runs()
