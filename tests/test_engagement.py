"""Touches, silence, coverage and the community as figures: frames in, frames out."""

from datetime import UTC, date, datetime, timedelta

import polars as pl

from toolkit.engagement import by_kind, community, coverage, known_tags, last_touches, pulses, touches, untouched
from toolkit.frames import INTERACTIONS, MEMBERS, conform

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
ACCOUNTS = pl.DataFrame({"id": ["a", "b", "c"], "csm": ["Ada", "Ben", None]})


def held(*rows: tuple[str, str, str, int, str | None]) -> pl.DataFrame:
    """Return interactions of id, account, kind, days ago and what it is a copy of."""
    frame = pl.DataFrame(
        [
            {"id": id_, "account_id": account, "kind": kind, "at": NOW - timedelta(days=days), "duplicate_of": copy}
            for id_, account, kind, days, copy in rows
        ],
        schema_overrides={"duplicate_of": pl.String},
    )
    unsaid = {name: None for name in INTERACTIONS.schema if name not in frame.columns}
    return conform(
        frame.with_columns(**{name: pl.lit(None) for name in unsaid} | {"object": pl.col("kind")}), INTERACTIONS
    )


SOME = held(
    ("1", "a", "call", 3, None),
    ("2", "a", "meeting", -4, None),
    ("3", "a", "call", 3, "1"),
    ("4", "b", "email", 90, None),
    ("5", "b", "note", 200, None),
)


def test_DSH_6_a_meeting_to_come_and_a_copy_are_no_touches():
    assert sorted(touches(SOME, NOW)["id"]) == ["1", "4", "5"]
    assert last_touches(SOME, NOW).select("account_id", "touch", "days_silent").rows() == [
        ("a", "call", 3),
        ("b", "email", 90),
    ]


def test_DSH_6_without_a_touch_in_so_many_days_never_touched_first():
    assert untouched(ACCOUNTS, SOME, NOW, 89)["id"].to_list() == ["c", "b"]
    assert untouched(ACCOUNTS, SOME, NOW, 90)["id"].to_list() == ["c"]


def test_DSH_6_touches_are_counted_by_csm_and_kind_within_the_period():
    assert by_kind(SOME, ACCOUNTS, NOW, 90).rows() == [("Ada", "call", 1, 1), ("Ben", "email", 1, 1)]
    assert by_kind(SOME, ACCOUNTS, NOW, 365).select("csm", "kind").rows() == [
        ("Ben", "email"),
        ("Ben", "note"),
        ("Ada", "call"),
    ]


def test_DSH_6_coverage_tells_none_from_not_mapped():
    contacts = pl.DataFrame(
        {
            "id": ["k", "l"],
            "account_id": ["a", "a"],
            "champion": [True, False],
            "sponsor": [False, False],
            "key_user": [None, None],
        },
        schema_overrides={"key_user": pl.Boolean},
    )
    assert known_tags(contacts) == ("champion", "sponsor")
    assert coverage(ACCOUNTS, contacts).rows() == [
        ("a", 2, 1, 0, None, None),
        ("b", 0, 0, 0, None, None),
        ("c", 0, 0, 0, None, None),
    ]


def test_CC_1_members_of_an_account_are_counted_and_what_they_did_is_added_up():
    members = conform(
        pl.DataFrame({"member_id": ["m", "n", "o"], "account_id": ["b", "b", None]}).with_columns(
            **{name: pl.lit(None) for name in ("email", "contact_id", "contact_there_id", "account_there_id")}
        ),
        MEMBERS,
    )
    activity = pl.DataFrame(
        {"id": ["m", "n"], "posts": [2, 3], "seen": [date(2026, 1, 1), date(2026, 2, 1)], "nick": ["x", "y"]}
    )
    assert community(ACCOUNTS, members, activity).rows() == [("b", 2, 5, date(2026, 2, 1))]
    assert community(ACCOUNTS, members).rows() == [("b", 2)]


def test_DSH_6_pulses_come_with_their_age_the_oldest_first():
    assert pulses(ACCOUNTS, NOW) is None
    felt = ACCOUNTS.with_columns(
        pulse=pl.Series(["good", "bad", None]), pulse_at=pl.Series(["2026-10-30", "2026-08-01", None])
    )
    assert pulses(felt, NOW).select("id", "days").rows() == [("b", 93), ("a", 3)]
