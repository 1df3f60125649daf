"""Times and sizes as a runbook writes them. A time is a `datetime.timedelta`."""

from __future__ import annotations

from datetime import timedelta

from .failure import fail

_MOST = 0xFFFF_FFFF
_MILLISECOND = timedelta(milliseconds=1)
_SECOND = timedelta(seconds=1)


def millis(count: float) -> timedelta:
    """So many milliseconds."""
    return timedelta(milliseconds=count)


def secs(count: float) -> timedelta:
    """So many seconds."""
    return timedelta(seconds=count)


def minutes(count: float) -> timedelta:
    """So many minutes."""
    return timedelta(minutes=count)


def kib(count: int) -> int:
    """So many KiB, in bytes."""
    return count * 1024


def mib(count: int) -> int:
    """So many MiB, in bytes."""
    return kib(count) * 1024


def gib(count: int) -> int:
    """So many GiB, in bytes."""
    return mib(count) * 1024


def lasting(what: str, duration: timedelta) -> timedelta:
    """A time that is one, and not a number of nobody knows what."""
    if not isinstance(duration, timedelta):
        raise fail(f"{what} must be a time, as `secs(30)` or `minutes(5)`, found {type(duration).__name__}")
    if duration < timedelta():
        raise fail(f"{what} must not be negative")
    return duration


def whole_millis(what: str, duration: timedelta) -> int:
    """Milliseconds as the contract takes them. What does not fit is more than any limit there."""
    return min(lasting(what, duration) // _MILLISECOND, _MOST)


def whole_secs(what: str, duration: timedelta) -> int:
    """Whole seconds as the contract takes them, rounded up: half a second must not become none."""
    return min(-(-lasting(what, duration) // _SECOND), _MOST)


def spoken_time(duration: timedelta) -> str:
    """A time as a person says it: `30 s`, `200 ms`, `1.5 s`, `5 min`."""
    ms = duration // _MILLISECOND
    if ms < 1_000:
        return f"{ms} ms"
    if ms % 60_000 == 0:
        return f"{ms // 60_000} min"
    return f"{ms // 1_000} s" if ms % 1_000 == 0 else f"{ms // 1_000}.{ms % 1_000 // 100} s"


def spoken_size(size: int) -> str:
    """A size as a person says it: `512 bytes`, `1.5 GiB`."""
    for unit, word in ((gib(1), "GiB"), (mib(1), "MiB"), (kib(1), "KiB")):
        if size >= unit:
            return f"{size // unit}.{size % unit * 10 // unit} {word}"
    return f"{size} bytes"
