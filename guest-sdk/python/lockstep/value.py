"""Values for placeholders, each bound as what it is. It asks no interface by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from . import given, json

# The library's own class, of which those are that `datetime.now()` gives in a run and those that were made before it.
from .clock import datetime, written
from .failure import fail


@dataclass(frozen=True)
class Instant:
    """An instant of RFC 3339, as it is written: `db.Instant("2026-01-02T03:04:05Z")`."""

    text: str


@dataclass(frozen=True)
class Json:
    """A JSON document: `db.Json({"a": 1})`."""

    value: Any


def bound(value: Any) -> Callable[[Any], None]:
    """How a value is said to a statement."""
    if value is None:
        return lambda statement: statement.bind_null()
    if isinstance(value, bool):
        return lambda statement: statement.bind_boolean(value)
    if isinstance(value, int):
        digits = str(value)
        return lambda statement: statement.bind_integer(digits)
    if isinstance(value, float):
        return lambda statement: statement.bind_float(value)
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, str):
        text = given.text("a value", value)
        return lambda statement: statement.bind_text(text)
    if isinstance(value, Json):
        document = given.text("a JSON document", json.write("a JSON document", value.value))
        return lambda statement: statement.bind_json(document)
    if isinstance(value, Instant):
        instant = given.text("an instant", value.text)
        return lambda statement: statement.bind_timestamp(instant)
    if isinstance(value, datetime):
        return _instant(value)
    content = given.content("a value", value)
    return lambda statement: statement.bind_bytes(content)


def _decimal(value: Decimal) -> Callable[[Any], None]:
    if not value.is_finite():
        raise fail(f"a value is {value}, which has no digits: bind it as a float")
    digits = format(value, "f")
    return lambda statement: statement.bind_decimal(digits)


def _instant(value: datetime) -> Callable[[Any], None]:
    if value.tzinfo is None:
        raise fail("a datetime without a time zone is no instant: give it one, or bind its text")
    instant = written(value)
    return lambda statement: statement.bind_timestamp(instant)
