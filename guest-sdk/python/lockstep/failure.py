"""Why a step, an undo or a call did not give its result: one kind of exception for every capability."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeVar

from componentize_py_types import Err
from wit_world.imports import types as host

T = TypeVar("T")

Kind = Literal["denied", "timed-out", "in-doubt", "failed"]
"""The grant does not allow it; a deadline passed; nobody knows whether it happened; or it failed."""


class codes:
    """The codes that the SDK itself gives. Capabilities have their own, listed in the contract."""

    ASSERTION = "step.assertion"
    """The world is not as the procedure expects it: `ensure` and every `expect_…`. Retried when the step declares a retry."""
    FAILED = "step.failed"
    """The procedure gave up: `fail`. Not retried."""
    EXCEPTION = "step.exception"
    """An exception that is no `LockstepError`, with its traceback. Not retried."""
    PARAMETER = "step.parameter"
    """A parameter is missing or does not read as the type asked for."""
    OUTPUT = "step.output"
    """An output or a remembered value is missing or has another shape."""
    UNKNOWN = "step.unknown"
    """The host asked for a step or an undo that the procedure does not declare for these parameters."""


_RECURSION = "limit.recursion"
"""What the host says of calls that are nested too deeply, in any language."""


class LockstepError(Exception):
    """What every capability raises, and what a step raises to fail with a code of its own."""

    def __init__(self, kind: Kind, message: str, code: str, is_retryable: bool) -> None:
        """Usually made by `fail` or `assertion`."""
        super().__init__(message)
        self.kind = kind
        """Which of the four."""
        self.message = message
        """What went wrong, for a person."""
        self.code = code
        """The problem's code, `http.tls` for example; the kind itself for the other three."""
        self.is_retryable = is_retryable
        """Whether trying again may help: what a step's retry looks at when it names no codes, and what ends `within` early."""

    def with_code(self, code: str) -> LockstepError:
        """Gives it another code. Only what failed has one to change."""
        if self.kind == "failed":
            self.code = code
        return self

    def retryable(self) -> LockstepError:
        """Says that trying again may help."""
        if self.kind == "failed":
            self.is_retryable = True
        return self

    def context(self, doing: str) -> LockstepError:
        """The same with what was being done before what went wrong."""
        return LockstepError(self.kind, f"{doing}: {self.message}", self.code, self.is_retryable)

    def __str__(self) -> str:
        return self.message if self.kind == "failed" else f"{self.kind.replace('-', ' ')}: {self.message}"


def fail(message: str) -> LockstepError:
    """A failure of the procedure's own, to be raised: code `step.failed`, not to be retried. `raise fail("nobody is on call")`."""
    return LockstepError("failed", message, codes.FAILED, False)


def assertion(message: str) -> LockstepError:
    """The world is not as expected, to be raised: retryable."""
    return LockstepError("failed", message, codes.ASSERTION, True)


def ensure(condition: object, message: str) -> None:
    """Fails the step unless something holds: `ensure(free > 3, f"only {free} slots are free")`. Code `step.assertion`."""
    if not condition:
        raise assertion(message)


@contextmanager
def context(doing: str) -> Iterator[None]:
    """Puts what is being done before the message of a failure: `with context("reading the port"): …`."""
    try:
        yield
    except LockstepError as failure:
        raise failure.context(doing) from failure


def answer(call: Callable[..., T], *args: Any) -> T:
    """What a call of the host gives; a failure that it raises becomes a `LockstepError`."""
    try:
        return call(*args)
    except Err as failure:
        raise _heard(failure.value) from None


def told(raised: BaseException) -> host.Failure:
    """What was raised, in the host's words."""
    if isinstance(raised, Err):
        return raised.value
    if not isinstance(raised, LockstepError):
        code = _RECURSION if isinstance(raised, RecursionError) else codes.EXCEPTION
        return host.Failure_Failed(host.Problem(code, _valid(_told(raised)), False))
    message = _valid(raised.message)
    match raised.kind:
        case "denied":
            return host.Failure_Denied(message)
        case "timed-out":
            return host.Failure_TimedOut(message)
        case "in-doubt":
            return host.Failure_InDoubt(message)
        case "failed":
            return host.Failure_Failed(host.Problem(_valid(raised.code), message, raised.is_retryable))


def _heard(failure: host.Failure) -> LockstepError:
    match failure:
        case host.Failure_Denied(message):
            return LockstepError("denied", message, "denied", False)
        case host.Failure_TimedOut(message):
            return LockstepError("timed-out", message, "timed-out", True)
        case host.Failure_InDoubt(message):
            return LockstepError("in-doubt", message, "in-doubt", False)
        case host.Failure_Failed(problem):
            return LockstepError("failed", problem.message, problem.code, problem.retryable)


def _told(raised: BaseException) -> str:
    """The traceback from the procedure's first frame on, with its files as they are called in the project."""
    first = raised.__traceback__
    while first is not None and first.tb_next is not None and first.tb_frame.f_globals.get("__name__", "").startswith("lockstep."):
        first = first.tb_next
    text = "".join(traceback.format_exception(type(raised), raised, first)).strip()
    return re.sub(r'File "/\d+/', 'File "', text)


def _valid(text: str) -> str:
    """Half a surrogate pair is no text to the host."""
    return text.encode("utf-8", "replace").decode("utf-8")
