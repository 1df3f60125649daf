"""One step as the author declares it: the function, its undo beside it, and what the host should do around them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from wit_world.imports import plan

from . import given, json
from .ctx import Ctx
from .failure import LockstepError, codes, fail
from .units import minutes, whole_millis, whole_secs

Act = Callable[[Ctx], Any]
"""What does or undoes a step."""


class Step:
    """A declared step. Without further words: it needs the step before it, is tried once, and has nothing to undo."""

    def __init__(self, id: str, title: str, phase: str | None, run: Act | None) -> None:
        self.id = given.text("a step's id", id)
        """Its id."""
        self._title = given.text("a title", title)
        self._phase = phase
        self._run = run if run is None else given.act(f"what does the step `{id}`", run)
        self._undo: Act | None = None
        self._says: dict[str, Callable[[plan.Step], None]] = {}

    def __call__(self, run: Act) -> Step:
        """Takes the function that does it, as a decorator: `@p.step("greet", "Greet them")`."""
        self._run = given.act(f"what does the step `{self.id}`", run)
        return self

    def about(self, text: str) -> Step:
        """What it does and why, at length."""
        checked = given.text("what a step is about", text)
        return self._saying("about", lambda step: step.about(checked))

    def needs(self, steps: Iterable[str]) -> Step:
        """The steps that must have succeeded before it, instead of the one declared before it. An empty list: none."""
        ids = given.texts("the steps that it needs", steps)
        return self._saying("needs", lambda step: step.needs(ids))

    def undo(self, undo: Act) -> Step:
        """The function that undoes it, also as a decorator. It may find the step half done, and must look before it removes."""
        self._undo = given.act(f"what undoes the step `{self.id}`", undo)
        return self._saying("reversal", lambda step: step.undoable())

    def irreversible(self) -> Step:
        """It cannot be undone: the point of no return."""
        self._undo = None
        return self._saying("reversal", lambda step: step.irreversible())

    def timeout(self, longest: timedelta) -> Step:
        """How long one attempt may take."""
        seconds = whole_secs("a timeout", longest)
        return self._saying("timeout", lambda step: step.timeout(seconds))

    def retry(self, attempts: int, backoff: timedelta, longest: timedelta | None = None) -> Step:
        """Tries in all, the wait before the second, doubled before each further one, and the longest wait: without it a minute."""
        tries, first = given.whole("the number of tries", attempts), whole_millis("the wait between two tries", backoff)
        most = max(whole_millis("the longest wait", minutes(1)), first) if longest is None else whole_millis("the longest wait", longest)
        return self._saying("retry", lambda step: step.retry(tries, first, most))

    def retry_on(self, codes: Iterable[str]) -> Step:
        """The only failure codes to try again after, `http.connect` for example. Without it: every failure that says it is retryable."""
        only = given.texts("the codes", codes)
        return self._saying("retry_on", lambda step: step.retry_on(only))

    def on_failure_pause(self) -> Step:
        """When no attempt is left: stop and wait for an operator."""
        return self._saying("on_failure", lambda step: step.on_failure_pause())

    def on_failure_undo(self) -> Step:
        """When no attempt is left: undo everything done so far."""
        return self._saying("on_failure", lambda step: step.on_failure_undo())

    def on_failure_continue(self) -> Step:
        """When no attempt is left: go on with the steps that do not need it."""
        return self._saying("on_failure", lambda step: step.on_failure_continue())

    def expected(self, usually: timedelta) -> Step:
        """How long it usually takes, shown beside the measured time."""
        seconds = whole_secs("the usual time", usually)
        return self._saying("expected", lambda step: step.expected(seconds))

    def declare(self) -> None:
        """Declares it to the host."""
        step = plan.Step(self.id, self._title)
        if self._phase is not None:
            step.phase(self._phase)
        for says in self._says.values():
            says(step)

    def run(self) -> str | None:
        """Runs it and gives its output as JSON text."""
        if self._run is None:
            raise fail(f"step `{self.id}` has no function: `@p.step(…)` stands before one").with_code(codes.UNKNOWN)
        output = self._finished(self._run)
        if output is None:
            return None
        try:
            return given.text("the step's output", json.write("the step's output", output))
        except LockstepError as failure:
            raise failure.with_code(codes.OUTPUT) from None

    def run_undo(self) -> None:
        """Undoes it."""
        if self._undo is None:
            raise fail(f"step `{self.id}` declares no undo").with_code(codes.UNKNOWN)
        self._finished(self._undo)

    def _saying(self, what: str, says: Callable[[Any], None]) -> Step:
        """Said twice, the later word holds."""
        self._says[what] = says
        return self

    def _finished(self, act: Act) -> Any:
        output = act(Ctx(self.id))
        if inspect.iscoroutine(output):
            output.close()
            raise fail(f"step `{self.id}` is an `async def`: a call of the host is done when it returns, so write `def`")
        return output
