"""The names that every Python author knows, answered by the host: each answer is a journaled value.

`time`, `datetime`, `random`, `uuid`, `secrets` and `os.urandom` draw on the run's clock and randomness; `print` and `logging` become log lines. The build
calls `begin` before the project is imported, so that `from time import time` is the run's as well, and `take_over` when it has been: from then on there is a
host to ask, and there are no files to import from.
"""

from __future__ import annotations

import builtins
import datetime
import io
import linecache
import logging
import os
import random
import sys
import time
import traceback
import uuid
from collections.abc import Callable
from importlib.machinery import PathFinder
from typing import Any, NoReturn

from . import clock, log
from . import random as drawn
from .failure import LockstepError, codes

_MICROSECOND = datetime.timedelta(microseconds=1)
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_built = False
"""Whether everything has been imported, so that what runs now runs in a run."""


def _asked() -> None:
    if not _built:
        raise RuntimeError("a module asks for time, randomness or output while it is imported: that is at build time, when there is no run to answer")


def _nanoseconds() -> int:
    _asked()
    return (clock.now() - _EPOCH) // _MICROSECOND * 1_000


def _seconds() -> float:
    return _nanoseconds() / 1e9


def _broken_down(native: Callable[..., Any]) -> Callable[..., Any]:
    """A function that takes the instant itself when it is given none."""
    return lambda seconds=None: native(_seconds() if seconds is None else seconds)


class _Datetime(datetime.datetime):
    """As the library's, but for the instant: that is the run's."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> _Datetime:
        return cls.fromtimestamp(_seconds(), tz)

    @classmethod
    def utcnow(cls) -> _Datetime:
        return cls.fromtimestamp(_seconds(), datetime.UTC).replace(tzinfo=None)

    @classmethod
    def today(cls) -> _Datetime:
        return cls.now()


class _Date(datetime.date):
    """As the library's, but for the day: that is the run's."""

    @classmethod
    def today(cls) -> _Date:
        return cls.fromtimestamp(_seconds())


class _Lines(io.TextIOBase):
    """A stream that becomes log lines."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._begun = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        _asked()
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._say(_valid(line))
        return len(text)

    def finish(self) -> None:
        """Says what stands on a line that was not ended."""
        if self._begun:
            self.write("\n")


class _Logged(logging.Handler):
    """The library's loggers, in the run's log."""

    def emit(self, record: logging.LogRecord) -> None:
        _asked()
        levels = ((logging.ERROR, log.error), (logging.WARNING, log.warn), (logging.INFO, log.info))
        say = next((say for level, say in levels if record.levelno >= level), log.debug)
        say(_valid(self.format(record)))


def _valid(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


class _Refused(LockstepError, PermissionError):
    """What a library that can do without a file catches."""


def _refused(name: str, instead: str) -> Callable[..., NoReturn]:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise _Refused("failed", f"`{name}` is not for procedures: {instead}", codes.FAILED, False)

    return refuse


def _time() -> None:
    time.time, time.time_ns = _seconds, _nanoseconds
    time.monotonic = time.perf_counter = time.process_time = time.thread_time = _seconds
    time.monotonic_ns = time.perf_counter_ns = time.process_time_ns = time.thread_time_ns = _nanoseconds
    time.gmtime, time.localtime, time.ctime = _broken_down(time.gmtime), _broken_down(time.gmtime), _broken_down(time.ctime)
    native = time.strftime
    time.strftime = lambda form, at=None: native(form, time.gmtime() if at is None else at)
    time.sleep = lambda seconds: clock.pause(datetime.timedelta(seconds=seconds))
    datetime.datetime, datetime.date = _Datetime, _Date  # type: ignore[misc]
    logging.time = time  # type: ignore[attr-defined]


def _bytes(count: int) -> bytes:
    _asked()
    return drawn.bytes(count)


def _randomness() -> None:
    os.urandom = random._urandom = _bytes  # type: ignore[attr-defined]
    run = random.SystemRandom()
    for name in ("random", "uniform", "triangular", "randint", "choice", "randrange", "sample", "shuffle", "choices", "normalvariate", "lognormvariate"):
        setattr(random, name, getattr(run, name))
    for name in ("expovariate", "vonmisesvariate", "gammavariate", "gauss", "betavariate", "binomialvariate", "paretovariate", "weibullvariate", "randbytes"):
        setattr(random, name, getattr(run, name))
    random.getrandbits = run.getrandbits
    uuid.uuid4 = lambda: uuid.UUID(bytes=_bytes(16), version=4)
    uuid.uuid1 = lambda *_: uuid.uuid4()


def _speech() -> None:
    sys.stdout, sys.stderr = out, err
    logging.basicConfig(handlers=[_Logged()], level=logging.INFO, format="%(message)s", force=True)
    logging.raiseExceptions = False


def _sources() -> None:
    """A traceback shows the lines of the procedure, which cannot be read from files any more."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and not file.startswith("/python/"):
            lines = linecache.getlines(file)
            linecache.cache[file] = (sum(map(len, lines)), None, lines, file)
    # It parses the line to mark the operator in it, and the parser opens files when it fails, which here ends the component.
    traceback._extract_caret_anchors_from_line_segment = lambda segment: None  # type: ignore[attr-defined]
    sys.path.clear()
    sys.path_importer_cache.clear()
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not PathFinder]


def _refusals() -> None:
    own = "`lockstep.files` reads and writes below the mounts that the grant names"
    builtins.open = io.open = io.open_code = _refused("open", own)  # type: ignore[assignment]
    for name in ("open", "stat", "lstat", "access", "listdir", "scandir", "readlink", "mkdir", "rmdir", "remove", "unlink", "rename", "replace", "utime"):
        setattr(os, name, _refused(f"os.{name}", own))
    os.system = os.popen = _refused("os.system", "`lockstep.shell` runs the programs that the grant allows")  # type: ignore[assignment]
    builtins.input = _refused("input", "declare a parameter: `p.parameter(…)`")  # type: ignore[assignment]


out = _Lines(log.info)
"""Standard output."""
err = _Lines(log.warn)
"""Standard error."""


def begin() -> None:
    """Puts the journaled ones in their places."""
    _time()
    _randomness()
    _speech()


def take_over() -> None:
    """From here on there is a run, and nothing else: what was imported is all there is, and it is all in memory, its source lines as well."""
    global _built
    _built = True
    _sources()
    _refusals()
