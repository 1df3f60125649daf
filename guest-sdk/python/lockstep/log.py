"""What the procedure says to the operator. Values of secrets are taken out by the host before anything is shown. `print` and `logging` end up here too."""

from __future__ import annotations

from wit_world.imports import log as host
from wit_world.imports.types import Pair

from .given import text, whole, words


def debug(message: str, **fields: object) -> None:
    """For the author."""
    host.debug(text("a message", message), _pairs(fields))


def info(message: str, **fields: object) -> None:
    """For the operator, with fields for machines to read: `log.info("started", slot="blue", port=8081)`."""
    host.info(text("a message", message), _pairs(fields))


def warn(message: str, **fields: object) -> None:
    """Something the operator should look at; the run goes on."""
    host.warn(text("a message", message), _pairs(fields))


def error(message: str, **fields: object) -> None:
    """Something is wrong. Saying so fails nothing: `raise fail(…)` does."""
    host.error(text("a message", message), _pairs(fields))


def progress(done: int, total: int, message: str) -> None:
    """How far a long piece of work is, shown live."""
    host.progress(whole("what is done", done), whole("the total", total), text("a message", message))


def _pairs(fields: dict[str, object]) -> list[Pair]:
    return [Pair(key, words(f"the field `{key}`", value)) for key, value in fields.items()]
