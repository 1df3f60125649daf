"""What an author gives is checked before it goes to the host: there a wrong type would trap, and nobody could say where."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from .failure import fail

F = TypeVar("F", bound=Callable[..., object])


def text(what: str, value: object) -> str:
    """A text, without half surrogate pairs."""
    if not isinstance(value, str):
        raise fail(f"{what} must be a str, found {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise fail(f"{what} must be valid Unicode, found half a surrogate pair in it") from None
    return str(value)


def words(what: str, value: object) -> str:
    """Anything that has a text of its own: a text, a number, a flag, a secret."""
    if value is None:
        raise fail(f"{what} must be something that has a text, found None")
    if isinstance(value, bool):
        return "true" if value else "false"
    return text(what, str(value))


def texts(what: str, values: Iterable[object]) -> list[str]:
    """Several texts."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise fail(f"{what} must be a list, found {type(values).__name__}")
    return [words(f"each of {what}", value) for value in values]


def whole(what: str, value: object) -> int:
    """A whole number from 0 to 4,294,967,295."""
    return _between(what, value, 0, 0xFFFF_FFFF)


def signed(what: str, value: object) -> int:
    """A whole number of 32 bits with a sign."""
    return _between(what, value, -0x8000_0000, 0x7FFF_FFFF)


def digits(what: str, value: object) -> str:
    """A whole number of at least 0 and of any size, as decimal digits."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise fail(f"{what} must be a whole number of at least 0, found {repr(value) if isinstance(value, (int, float)) else type(value).__name__}")
    return str(value)


def octets(what: str, value: object) -> bytes:
    """Bytes, or those of a text."""
    return text(what, value).encode() if isinstance(value, str) else content(what, value)


def content(what: str, value: object) -> bytes:
    """Bytes, as the host takes them."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise fail(f"{what} must be bytes, found {type(value).__name__}")


def act(what: str, value: F) -> F:
    """A function."""
    if not callable(value):
        raise fail(f"{what} must be a function, found {type(value).__name__}")
    return value


def _between(what: str, value: object, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        found = repr(value) if isinstance(value, (int, float)) else type(value).__name__
        raise fail(f"{what} must be a whole number from {least} to {most}, found {found}")
    return value
