from datetime import UTC, datetime, timedelta

from toolkit.schedule import due, next_time, run_forever

NIGHTLY = "0 2 * * *"
SIX_HOURLY = "0 */6 * * *"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def test_CAT_4_a_nightly_job_comes_round_once_a_night():
    assert next_time(NIGHTLY, at(2, 1)) == at(2, 2)
    assert next_time(NIGHTLY, at(2, 2)) == at(3, 2)


def test_CAT_22_a_job_that_ran_tonight_is_not_due_again_until_tomorrow():
    schedule = {"push_health": NIGHTLY}
    assert due(schedule, {"push_health": at(1, 2)}, at(2, 1, 59)) == []
    assert due(schedule, {"push_health": at(1, 2)}, at(2, 2)) == ["push_health"]
    assert due(schedule, {"push_health": at(2, 2)}, at(2, 23)) == []


def test_nights_that_were_missed_are_made_up_for_once():
    assert due({"push_health": NIGHTLY}, {"push_health": at(1, 2)}, at(9, 12)) == ["push_health"]


def test_jobs_run_in_the_order_of_their_times():
    last = {"push_health": at(1, 3), "pull": at(1, 18)}
    assert due({"push_health": NIGHTLY, "pull": SIX_HOURLY}, last, at(2, 3)) == ["pull", "push_health"]


def test_a_job_that_fails_does_not_end_the_schedule():
    now = [at(2, 1, 59)]
    last: dict[str, datetime] = {}
    seen = []

    def fail() -> None:
        last["push_health"] = now[0]
        raise RuntimeError("the org is down")

    def wait(seconds: float) -> None:
        now[0] += timedelta(seconds=seconds)

    running = run_forever({"push_health": NIGHTLY}, {"push_health": fail}, lambda: last, lambda: now[0], wait)
    for _ in range(2):
        name, outcome = next(running)
        seen.append((name, str(outcome), now[0].day))
    assert seen == [("push_health", "the org is down", 2), ("push_health", "the org is down", 3)]
