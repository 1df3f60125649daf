"""What a step knows about the run it belongs to."""

from __future__ import annotations

import dataclasses
import json as plain
from collections.abc import Callable
from typing import Any, TypeVar, overload

from wit_world.imports import run

from . import given, json
from .failure import LockstepError, answer, codes, fail

T = TypeVar("T")


class Ctx:
    """The run as one step sees it."""

    def __init__(self, step: str) -> None:
        self._step = step

    def step(self) -> str:
        """The id of the step being run or undone."""
        return self._step

    def run_id(self) -> str:
        """The run's id."""
        return run.id()

    def environment(self) -> str:
        """The name of the environment, `staging` for example."""
        return run.environment()

    def attempt(self) -> int:
        """Number of this attempt of the step, 1 for the first."""
        return run.attempt()

    def idempotency_key(self) -> str:
        """The key of the next call, the same in every replay: for a far side that can tell a repetition by it. `http` and `shell` send it by themselves."""
        return run.idempotency_key()

    @overload
    def parameter(self, id: str) -> str: ...
    @overload
    def parameter(self, id: str, reader: Callable[[str], T]) -> T: ...
    def parameter(self, id: str, reader: Callable[[str], Any] = str) -> Any:
        """The value of a parameter: what was given, else its fallback. `ctx.parameter("port", int)`."""
        found = self.maybe_parameter(id, reader)
        if found is None:
            raise fail(f"parameter `{id}` has no value, or the procedure does not declare it").with_code(codes.PARAMETER)
        return found

    @overload
    def maybe_parameter(self, id: str) -> str | None: ...
    @overload
    def maybe_parameter(self, id: str, reader: Callable[[str], T]) -> T | None: ...
    def maybe_parameter(self, id: str, reader: Callable[[str], Any] = str) -> Any:
        """As `parameter`, for one that may be left out."""
        text = run.parameter(given.text("a parameter's id", id))
        return None if text is None else read(id, text, reader)

    @overload
    def output(self, step: str) -> Any: ...
    @overload
    def output(self, step: str, shape: type[T]) -> T: ...
    def output(self, step: str, shape: Any = None) -> Any:
        """The output of a step that has succeeded, as a data class of yours when you name one. In an undo also the step's own."""
        found = self.maybe_output(step, shape)
        if found is None:
            raise fail(f"step `{step}` has no output").with_code(codes.OUTPUT)
        return found

    @overload
    def maybe_output(self, step: str) -> Any: ...
    @overload
    def maybe_output(self, step: str, shape: type[T]) -> T | None: ...
    def maybe_output(self, step: str, shape: Any = None) -> Any:
        """As `output`; None when the step has not succeeded, or has no output."""
        text = run.output_of(given.text("a step's id", step))
        return None if text is None else _shaped(f"the output of step `{step}`", text, shape)

    def remember(self, key: str, value: object) -> None:
        """Keeps a value for later attempts and for the undo of this step: what is about to be made, before it is made."""
        kept = given.text("what is remembered", json.write(f"what is remembered as `{key}`", value))
        answer(run.remember, given.text("a key", key), kept)

    @overload
    def recall(self, key: str) -> Any: ...
    @overload
    def recall(self, key: str, shape: type[T]) -> T | None: ...
    def recall(self, key: str, shape: Any = None) -> Any:
        """What an attempt of this step kept under the key: the latest."""
        text = run.recall(given.text("a key", key))
        return None if text is None else _shaped(f"what was remembered as `{key}`", text, shape)


def read(id: str, text: str, reader: Callable[[str], T]) -> T:
    """Reads the text of a parameter: as it is, or by `int`, `float`, `bool` (`true` or `false`), or a function of the author's that raises."""
    try:
        return _flag(text) if reader is bool else reader(text)  # type: ignore[return-value]
    except LockstepError:
        raise
    except Exception as error:
        wanted = getattr(reader, "__name__", "what is asked for")
        raise fail(f"parameter `{id}` is {json.quoted(text)}, which does not read as {wanted}: {error}").with_code(codes.PARAMETER) from None


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("expected true or false")
    return text == "true"


def _shaped(what: str, text: str, shape: Any) -> Any:
    """A value that the SDK itself wrote, so that a mismatch is a change of type between two steps."""
    found = plain.loads(text)
    if shape is None:
        return found
    try:
        return shape(**found) if dataclasses.is_dataclass(shape) else shape(found)
    except (TypeError, ValueError) as error:
        raise fail(f"{what} does not read as the type asked for: {error}").with_code(codes.OUTPUT) from None
