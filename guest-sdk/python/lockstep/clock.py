"""Time, as a journaled value: a replay sees the instants of the first time. `time.time()` and `datetime.now()` ask for the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from wit_world.imports import clock as host

from .failure import answer, fail
from .units import lasting, whole_millis, whole_secs

_LONGEST_PAUSE = timedelta(seconds=10)
"""The longest wait that one call of the contract's `pause` takes."""


def now() -> datetime:
    """The instant, in UTC."""
    return datetime.fromisoformat(host.now())


def pause(duration: timedelta) -> None:
    """Waits inside the step, for polling: the step's deadline goes on meanwhile. For anything longer than a minute use `sleep`."""
    left = lasting("a pause", duration)
    while left:
        following = min(left, _LONGEST_PAUSE)
        answer(host.pause, whole_millis("a pause", following))
        left -= following


def sleep(duration: timedelta) -> None:
    """Waits for minutes or weeks: the run holds no memory meanwhile, a crash does not lengthen the wait, and the step's deadline stands still."""
    answer(host.sleep, whole_secs("a sleep", duration))


def sleep_until(instant: datetime) -> None:
    """As `sleep`, until an instant with a time zone. One in the past returns at once."""
    if not isinstance(instant, datetime) or instant.tzinfo is None:
        raise fail("the instant to sleep until must be a datetime with a time zone")
    answer(host.sleep_until, written(instant))


def written(instant: datetime) -> str:
    """As the contract writes it: `2026-03-01T12:00:00.000000Z`."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
