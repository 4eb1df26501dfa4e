"""What is due when: the [schedule] section of the mapping file, turned into times and run unattended.

Cron expressions are read in the workspace's time zone (UTC). A step that was missed, because the machine was off, runs
once when the scheduler comes back; it never runs twice for one appointed time. The store's lock keeps a scheduled run
and a person's run apart.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from apscheduler.triggers.cron import CronTrigger


def next_time(cron: str, after: datetime) -> datetime:
    """Return the first appointed time of a five-field cron expression strictly after `after`, in UTC."""
    found = CronTrigger.from_crontab(cron, timezone=UTC).get_next_fire_time(after, after)
    if found is None:
        raise ValueError(f"{cron!r} never comes round")
    return datetime.fromtimestamp(found.timestamp(), UTC)


def due(schedule: Mapping[str, str], last_runs: Mapping[str, datetime], now: datetime) -> list[str]:
    """Return the jobs of `schedule` (name -> cron) whose appointed time has come, in the order of those times.

    A job that never ran counts from the start of today (UTC), so a new workspace does not wait a day for its first
    nightly push and does not catch up on the past either.
    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    appointed = {name: next_time(cron, last_runs.get(name, midnight)) for name, cron in schedule.items()}
    return [name for name, at in sorted(appointed.items(), key=lambda each: (each[1], each[0])) if at <= now]


def run_forever(
    schedule: Mapping[str, str],
    jobs: Mapping[str, Callable[[], object]],
    last_runs: Callable[[], Mapping[str, datetime]],
    clock: Callable[[], datetime],
    wait: Callable[[float], object],
) -> Iterator[tuple[str, object | Exception]]:
    """Run what is due, wait for the next appointed time, and so on; yield each job's name and result or error.

    `wait` is given the seconds until the next look (at most a minute, so that a suspended machine catches up soon).
    """
    while True:
        yield from run_due(due(schedule, last_runs(), clock()), jobs)
        upcoming = min(next_time(cron, clock()) for cron in schedule.values())
        wait(min(60.0, max(1.0, (upcoming - clock()).total_seconds())))


def run_due(names: Sequence[str], jobs: Mapping[str, Callable[[], object]]) -> Iterator[tuple[str, object | Exception]]:
    """Run these jobs one after the other; yield each one's name and its result or error."""
    for name in names:
        try:
            yield name, jobs[name]()
        except Exception as error:  # noqa: BLE001 - one failed night must not end the ones after it
            yield name, error
