"""Looking into JSON so that a miss says what was there instead."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from .failure import assertion, fail

_SHOWN = 300
"""How much of a found text a message shows: enough to recognise a page, too little to fill a terminal."""


def read(origin: str, text: str) -> Any:
    """Reads `text`, which came from `origin`, as JSON."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise assertion(f"{origin}: expected JSON, found {shown(text)} ({error})") from None


def write(what: str, value: object, indent: int | None = None) -> str:
    """A value as JSON text. Data classes and secrets have one as well; what has none is the author's mistake."""
    separators = (",", ":") if indent is None else (",", ": ")
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators, default=_plain)
    except (TypeError, ValueError) as error:
        raise fail(f"writing {what}: {error}") from None


def path(origin: str, text: str, pointer: str) -> Any:
    """The value at the JSON pointer."""
    if pointer and not pointer.startswith("/"):
        raise fail(f'{quoted(pointer)} is not a JSON pointer: it must begin with `/`, as in "/items/0/name"')
    found = read(origin, text)
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isascii() and key.isdigit() and str(int(key)) == key and int(key) < len(found):
            found = found[int(key)]
        else:
            raise assertion(f"{origin}: expected something at {pointer}, found none in {shown(text)}")
    return found


def expect(origin: str, text: str, pointer: str, expected: object) -> None:
    """Fails unless the value at the JSON pointer is `expected`."""
    wanted = _same(json.loads(write("what is expected", expected)))
    found = _same(path(origin, text, pointer))
    if found != wanted:
        raise assertion(f"{origin}: expected {pointer} to be {wanted}, found {shown(found)}")


def shown(text: str) -> str:
    """Text cut to what a message can carry."""
    text = text.strip()
    if len(text) <= _SHOWN:
        return text or "nothing"
    return f"{text[:_SHOWN]}… ({len(text.encode())} bytes in all)"


def quoted(text: str) -> str:
    """A text between quotation marks."""
    return json.dumps(text, ensure_ascii=False)


def _same(value: object) -> str:
    """JSON text in which the same value is always the same text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _plain(value: object) -> object:
    if hasattr(value, "__json__"):
        return value.__json__()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
