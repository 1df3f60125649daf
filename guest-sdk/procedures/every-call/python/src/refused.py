"""Says how something was refused."""

from collections.abc import Callable

from lockstep import LockstepError, log


def refused(what: str, act: Callable[[], object]) -> None:
    try:
        act()
        log.info(f"{what}: not refused")
    except LockstepError as failure:
        log.info(f"{what}: {failure.code}")
