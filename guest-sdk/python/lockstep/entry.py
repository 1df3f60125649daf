"""How the host comes in: the four exports of the contract, answered from one declaration. `lockstep build` writes the few lines that call this."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from componentize_py_types import Err

from . import journaled
from .failure import codes, fail, told
from .procedure import Procedure
from .step import Step

Declare = Callable[[Procedure], object]
"""The function that declares a procedure."""

_declared: list[Declare] = []


def procedure(declare: Declare) -> Declare:
    """Makes a function the procedure of this component: `@procedure` before `def hello(p: Procedure) -> None`. Once."""
    _declared.append(declare)
    return declare


class Exported:
    """What the component exports."""

    def describe(self) -> None:
        """Tells the host name, version, title and parameters. It has no way to fail: what goes wrong here goes wrong in `plan` as well, which says so."""
        declared = Procedure(describing=True)
        try:
            _declare(declared)
        except Exception:
            if declared.description is None:
                declared.describe("undescribed", "0.0.0")
        if declared.description is not None:
            declared.description.declare()
        for parameter in declared.parameters:
            parameter.declare()

    def plan(self) -> None:
        """Tells the host the steps."""
        with _outcome():
            for step in _steps():
                step.declare()

    def run_step(self, step: str) -> str | None:
        """Runs one step and gives its output."""
        with _outcome():
            return _find(step).run()

    def undo_step(self, step: str) -> None:
        """Undoes one step."""
        with _outcome():
            _find(step).run_undo()


def _declare(declared: Procedure) -> None:
    if len(_declared) != 1:
        raise TypeError(f"`@procedure` must stand before exactly one function of the project, found {len(_declared)}")
    _declared[0](declared)


def _steps() -> list[Step]:
    declared = Procedure(describing=False)
    _declare(declared)
    return declared.steps


def _find(id: str) -> Step:
    for step in _steps():
        if step.id == id:
            return step
    raise fail(f"the procedure declares no step `{id}` for these parameters").with_code(codes.UNKNOWN)


@contextmanager
def _outcome() -> Iterator[None]:
    """The runtime takes the contract's failure raised as it is, and traps on anything else: also on the attempt to leave, as `sys.exit` is."""
    try:
        yield
    except BaseException as raised:
        raise Err(told(raised)) from None
    finally:
        journaled.out.finish()
        journaled.err.finish()
