"""What a command of Redis gave, and what a procedure may expect of it. It asks no interface by itself."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

from . import json
from .failure import LockstepError, answer


class Reply:
    """A value, or a list of replies."""

    def __init__(self, line: str, reply: Any) -> None:
        self._line = line
        self._reply = reply

    def kind(self) -> str:
        """`nil`, `integer`, `text`, `number`, `boolean`, `list`, `map` or `error`. More kinds may come."""
        return self._reply.kind()

    def is_nil(self) -> bool:
        """Whether there was nothing."""
        return self.kind() == "nil"

    def text(self) -> str:
        """A text, or a number, flag or error as it is written."""
        return self._given(self._reply.text)

    def bytes(self) -> builtins.bytes:
        """As `text`, as bytes."""
        return self._given(self._reply.bytes)

    def integer(self) -> int:
        """A whole number, from an integer or from a text that is one."""
        return int(self._given(self._reply.integer))

    def count(self) -> int:
        """How many parts a list has; a map has two for each entry."""
        return self._reply.count()

    def part(self, index: int) -> Reply:
        """One part of a list or map, counted from 0; of a map key and value in turn."""
        return Reply(f"{self._line}, part {index}", self._given(self._reply.part, index))

    def parts(self) -> list[Reply]:
        """All parts of a list or map."""
        return [self.part(index) for index in range(self.count())]

    def json(self) -> Any:
        """All of it read as JSON: a list as a list, a map as a dict."""
        return json.read(self._line, self._reply.json())

    def expect(self, expected: object) -> Reply:
        """Fails unless it is `expected`: a text, a number, a list."""
        json.expect(self._line, self._reply.json(), "", expected)
        return self

    def _given(self, call: Callable[..., Any], *args: int) -> Any:
        try:
            return answer(call, *args)
        except LockstepError as failure:
            raise failure.context(self._line) from None
