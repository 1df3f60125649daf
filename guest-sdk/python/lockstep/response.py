"""What came back, and what a procedure may expect of it."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from . import json
from .failure import LockstepError, answer, assertion, fail
from .sealed import Artifact
from .units import lasting, spoken_time


class Response:
    """A response. Every `expect_…` gives it back, so that expectations stand in a row."""

    def __init__(self, method: str, response: Any) -> None:
        self._origin = f"{method} {response.url()}"
        self._response = response
        self._text: str | None = None

    def tries(self) -> int:
        """How often it was asked until this was the answer: 0 without `until`."""
        return self._response.tries()

    def status(self) -> int:
        """100 to 599."""
        return self._response.status()

    def header(self, name: str) -> str | None:
        """The first header of that name, in any case."""
        return next((value for key, value in self.headers() if key == name.lower()), None)

    def headers(self) -> list[tuple[str, str]]:
        """All headers in the order received; names in lower case."""
        return [(pair.key.lower(), pair.value) for pair in self._response.headers()]

    def bytes(self) -> builtins.bytes:
        """The body."""
        return self._response.body()

    def text(self) -> str:
        """The body as text."""
        if self._text is None:
            try:
                self._text = answer(self._response.body_text)
            except LockstepError as failure:
                raise failure.context(f"{self._origin}: the body is not text") from None
        return self._text

    def truncated(self) -> bool:
        """Whether the body was longer than the grant's limit, and has been cut."""
        return self._response.truncated()

    def artifact(self) -> Artifact:
        """What the body has become. Fails when it was not to become an artifact, or the status is not 200 to 299."""
        sealed = self._response.body_artifact()
        if sealed is None:
            raise fail(f"{self._origin}: its body has become no artifact: it was answered with {self.status()}")
        return Artifact(sealed)

    def url(self) -> str:
        """Where it came from in the end, after redirects."""
        return self._response.url()

    def timing(self) -> Any:
        """How long each part took, in microseconds: `dns`, `connect`, `tls`, `first_byte`, `total`."""
        return self._response.timing()

    def json(self) -> Any:
        """The body, read as JSON."""
        return json.read(self._origin, self.text())

    def json_path(self, pointer: str) -> Any:
        """The value at a JSON pointer of the body, `/items/0/name` for example."""
        return json.path(self._origin, self.text(), pointer)

    def expect_status(self, expected: int) -> Response:
        """Fails unless the status is that one."""
        return self._hold(self.status() == expected, lambda: f"expected status {expected}, found {self.status()} with {self._shown_body()}")

    def expect_success(self) -> Response:
        """Fails unless the status is 200 to 299."""
        return self._hold(200 <= self.status() < 300, lambda: f"expected success, found status {self.status()} with {self._shown_body()}")

    def expect_json(self, pointer: str, expected: object) -> Response:
        """Fails unless the value at a JSON pointer of the body is that one."""
        json.expect(self._origin, self.text(), pointer, expected)
        return self

    def expect_text(self, expected: str) -> Response:
        """Fails unless the body contains the text."""
        return self._hold(expected in self.text(), lambda: f"expected {json.quoted(expected)} in the body, found {self._shown_body()}")

    def expect_header(self, name: str, expected: str) -> Response:
        """Fails unless a header of that name has the value."""
        found = self.header(name)
        holds = (name.lower(), expected) in self.headers()
        return self._hold(holds, lambda: f"expected header {name}: {expected}, found {'no such header' if found is None else found}")

    def expect_faster_than(self, limit: timedelta) -> Response:
        """Fails unless the whole exchange took less than that."""
        longest, took = lasting("a limit", limit), timedelta(microseconds=self.timing().total)
        return self._hold(took < longest, lambda: f"expected an answer within {spoken_time(longest)}, found {spoken_time(took)}")

    def _hold(self, holds: bool, otherwise: Callable[[], str]) -> Response:
        if not holds:
            raise assertion(f"{self._origin}: {otherwise()}")
        return self

    def _shown_body(self) -> str:
        try:
            return json.shown(self.text())
        except LockstepError:
            return f"{len(self.bytes())} bytes that are not text"
