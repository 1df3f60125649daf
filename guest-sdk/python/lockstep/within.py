"""Looking again and again: until something holds, or that it goes on holding."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from . import clock
from .failure import LockstepError, assertion, context
from .units import lasting, secs, spoken_time

T = TypeVar("T")


class Within:
    """A wait being described: see `within`."""

    def __init__(self, deadline: timedelta) -> None:
        self._deadline = lasting("a deadline", deadline)
        self._every = secs(1)

    def every(self, wait: timedelta) -> Within:
        """How long to wait between two looks. Without it a second."""
        self._every = lasting("a wait", wait)
        return self

    def until(self, check: Callable[[], T]) -> T:
        """Looks until the check raises nothing, and gives what it returned. A failure that is not retryable ends the wait at once: what is denied stays
        denied."""
        start, looks = clock.now(), 0
        while True:
            looks += 1
            try:
                return check()
            except LockstepError as failure:
                if not failure.is_retryable:
                    raise
                last = str(failure)
            left = self._deadline - (clock.now() - start)
            if left <= timedelta():
                raise assertion(f"not within {spoken_time(self._deadline)} ({looks} tries), last: {last}")
            with context(f"waiting up to {spoken_time(self._deadline)}, last: {last}"):
                clock.pause(min(left, self._every))


class During:
    """A watch being described: see `during`."""

    def __init__(self, span: timedelta) -> None:
        self._span = lasting("a span", span)
        self._every = secs(1)

    def every(self, wait: timedelta) -> During:
        """How long to wait between two looks. Without it a second."""
        self._every = lasting("a wait", wait)
        return self

    def always(self, check: Callable[[], object]) -> None:
        """Looks until the span is over, once at its end as well. The first failure is the watch's."""
        start = clock.now()
        while True:
            passed = min(clock.now() - start, self._span)
            with context(f"after {spoken_time(passed)} of {spoken_time(self._span)}"):
                check()
            left = self._span - passed
            if not left:
                return
            clock.pause(min(left, self._every))


def within(deadline: timedelta) -> Within:
    """Waits until a check holds, for at most that long: `within(secs(30)).every(millis(200)).until(check)`."""
    return Within(deadline)


def during(span: timedelta) -> During:
    """Watches for that long that a check goes on holding, a soak: `during(minutes(5)).every(secs(10)).always(check)`."""
    return During(span)
