"""How a command ended, and what a procedure may expect of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from . import json
from .failure import LockstepError, answer, assertion, fail
from .sealed import Artifact


class Exit:
    """The end of a command. Every `expect_…` gives it back, so that expectations stand in a row."""

    def __init__(self, line: str, success_is_said: bool, exit: Any) -> None:
        self._origin = f"`{line}`"
        self._success_is_said = success_is_said
        self._exit = exit

    def code(self) -> int:
        """The exit code; 128 and the signal's number when a signal ended it."""
        return self._exit.code()

    def is_success(self) -> bool:
        """Whether the exit code is one that means success: 0, unless `Command.success_codes` or the grant say otherwise."""
        return self._exit.is_success()

    def stdout(self) -> bytes:
        """Standard output."""
        return self._exit.stdout()

    def text(self) -> str:
        """Standard output as text, without the line end that programs put last."""
        try:
            return answer(self._exit.stdout_text).rstrip()
        except LockstepError as failure:
            raise failure.context(f"{self._origin}: the output is not text") from None

    def lines(self) -> list[str]:
        """The lines of standard output."""
        return self.text().splitlines()

    def stderr(self) -> bytes:
        """Standard error."""
        return self._exit.stderr()

    def stdout_artifact(self) -> Artifact:
        """What standard output has become. Fails when it was not to become an artifact, or the program did not succeed."""
        sealed = self._exit.stdout_artifact()
        if sealed is None:
            raise fail(f"{self._origin}: its standard output has become no artifact: it ended with {self.code()}")
        return Artifact(sealed)

    def truncated(self) -> bool:
        """Whether an output was longer than the grant's limit, and has been cut."""
        return self._exit.truncated()

    def duration(self) -> timedelta:
        """How long it took."""
        return timedelta(milliseconds=self._exit.duration())

    def json(self) -> Any:
        """Standard output, read as JSON."""
        return json.read(self._origin, self.text())

    def json_path(self, pointer: str) -> Any:
        """The value at a JSON pointer of standard output, `/items/0/name` for example."""
        return json.path(self._origin, self.text(), pointer)

    def expect_success(self) -> Exit:
        """Fails unless the exit code is one that means success: 0, unless command or grant say otherwise."""
        success = self.is_success()
        if not success and not self._success_is_said and self.code() != 0:
            return self.expect_code(0)
        return self._hold(success, lambda: f"exit code {self.code()} does not mean success here{self._last_words()}")

    def expect_code(self, expected: int) -> Exit:
        """Fails unless the exit code is that one."""
        return self._hold(self.code() == expected, lambda: f"expected exit code {expected}, found {self.code()}{self._last_words()}")

    def expect_no_output(self) -> Exit:
        """Fails when it wrote anything to standard output."""
        return self._hold(not self.stdout().strip(), lambda: f"expected no output, found {json.shown(_lossy(self.stdout()))}")

    def expect_text(self, expected: str) -> Exit:
        """Fails unless standard output contains the text."""
        text = self.text()
        return self._hold(expected in text, lambda: f"expected {json.quoted(expected)} in the output, found {json.shown(text)}")

    def expect_json(self, pointer: str, expected: object) -> Exit:
        """Fails unless the value at a JSON pointer of standard output is that one."""
        json.expect(self._origin, self.text(), pointer, expected)
        return self

    def _hold(self, holds: bool, otherwise: Callable[[], str]) -> Exit:
        if not holds:
            raise assertion(f"{self._origin}: {otherwise()}")
        return self

    def _last_words(self) -> str:
        """What it complained about: its standard error, or its output when that is empty."""
        complaint, output = _lossy(self.stderr()).strip(), _lossy(self.stdout()).strip()
        if complaint:
            return f"; it complained: {json.shown(complaint)}"
        return f"; it said: {json.shown(output)}" if output else ""


def _lossy(content: bytes) -> str:
    return content.decode("utf-8", "replace")
