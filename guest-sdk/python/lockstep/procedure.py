"""What a procedure says about itself: its name, its parameters and its steps.

Pure data. The author's function fills it in, and `entry` passes on to the host the part it asked for. So one function serves for describing, planning,
running and undoing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, overload

from wit_world.imports import plan, run

from . import given
from .ctx import read
from .step import Act, Step

T = TypeVar("T")


class Description:
    """The procedure's name."""

    def __init__(self, id: str, version: str) -> None:
        self._id, self._version = given.text("a procedure's id", id), given.text("a version", version)
        self._title: str | None = None

    def title(self, text: str) -> Description:
        """One line for the operator."""
        self._title = given.text("a title", text)
        return self

    def declare(self) -> None:
        """Declares it to the host."""
        description = plan.Description(self._id, self._version)
        if self._title is not None:
            description.title(self._title)


class Parameter:
    """Something the procedure needs to be told."""

    def __init__(self, id: str) -> None:
        self.id = given.text("a parameter's id", id)
        """Its id."""
        self.otherwise: str | None = None
        """Its fallback."""
        self._title: str | None = None
        self._choices: list[str] = []

    def title(self, text: str) -> Parameter:
        """One line for the operator."""
        self._title = given.text("a title", text)
        return self

    def fallback(self, value: object) -> Parameter:
        """The value when none is given."""
        self.otherwise = given.words("a fallback", value)
        return self

    def choices(self, values: Iterable[object]) -> Parameter:
        """The only values allowed."""
        self._choices = given.texts("the choices", values)
        return self

    def declare(self) -> None:
        """Declares it to the host."""
        parameter = plan.Parameter(self.id)
        if self._title is not None:
            parameter.title(self._title)
        if self.otherwise is not None:
            parameter.fallback(self.otherwise)
        if self._choices:
            parameter.choices(self._choices)


class Procedure:
    """The procedure being declared."""

    def __init__(self, describing: bool) -> None:
        self._describing = describing
        self._phase: str | None = None
        self.description: Description | None = None
        """What `describe` was told."""
        self.parameters: list[Parameter] = []
        """What was declared with `parameter`."""
        self.steps: list[Step] = []
        """What was declared with `step`."""

    def describe(self, id: str, version: str) -> Description:
        """Names the procedure: `id` in kebab case, `version` as semver. Once."""
        self.description = Description(id, version)
        return self.description

    def parameter(self, id: str) -> Parameter:
        """Declares something the procedure needs to be told, as in `-p id=value`. Required unless it has a `fallback`."""
        self.parameters.append(Parameter(id))
        return self.parameters[-1]

    def phase(self, heading: str) -> None:
        """The heading that the steps declared from here on stand under, in plans and reports."""
        self._phase = given.text("a phase", heading)

    def step(self, id: str, title: str, run: Act | None = None) -> Step:
        """Declares a step: its id (`a-z`, `0-9`, `-`), one line for the operator, and the function that does it. Without one it is a decorator.

        What the function returns is the step's output, written as JSON, which later steps read with `Ctx.output`; None is none.
        """
        self.steps.append(Step(id, title, self._phase, run))
        return self.steps[-1]

    @overload
    def value(self, id: str) -> str | None: ...
    @overload
    def value(self, id: str, reader: Callable[[str], T]) -> T | None: ...
    def value(self, id: str, reader: Callable[[str], Any] = str) -> Any:
        """The value of a parameter, to decide which steps there are: `p.value("count", int)`.

        None when it has neither value nor fallback, as when the procedure is only being described.
        """
        asked = given.text("a parameter's id", id)
        if self._describing:
            text = next((parameter.otherwise for parameter in self.parameters if parameter.id == asked), None)
        else:
            text = run.parameter(asked)
        return None if text is None else read(asked, text, reader)

    def environment(self) -> str:
        """The name of the environment of this run. Empty while the procedure is only being described."""
        return "" if self._describing else run.environment()
