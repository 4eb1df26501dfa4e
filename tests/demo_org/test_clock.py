from datetime import UTC, date, datetime, timedelta, timezone

from toolkit.demo_org.clock import Clock, to_stamp

START = datetime(2026, 11, 2, 8, 0, 0, tzinfo=UTC)


def test_a_clock_with_a_start_stands_still_but_for_its_ticks():
    clock = Clock(START)
    assert clock.now() == clock.now() == START
    clock.advance()
    assert clock.now() == START + timedelta(seconds=1)
    clock.advance(timedelta(days=1))
    assert clock.today() == date(2026, 11, 3)
    assert clock.stamp() == "2026-11-03T08:00:01.000Z"


def test_the_tick_can_be_chosen():
    clock = Clock(START, tick=timedelta(minutes=5))
    clock.advance()
    assert clock.stamp() == "2026-11-02T08:05:00.000Z"


def test_a_clock_without_a_start_tells_the_real_time_in_whole_seconds():
    clock = Clock()
    clock.advance(timedelta(days=9))
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=2)
    assert clock.now().microsecond == 0


def test_other_time_zones_are_brought_to_utc():
    there = datetime(2026, 5, 1, 9, 25, 37, tzinfo=timezone(timedelta(hours=2)))
    assert to_stamp(there) == "2026-05-01T07:25:37.000Z"
    assert Clock(there).now().tzinfo is UTC
