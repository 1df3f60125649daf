"""Names and values as they stand in a query or a form."""

from __future__ import annotations

from collections.abc import Mapping

from .given import text, words

_UNRESERVED = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
"""What RFC 3986 calls so. The standard library's `urllib.parse` would do, at the price of a larger component."""


def add_to_query(url: str, name: str, value: object) -> str:
    """The URL with `name=value` at the end of its query, before a fragment."""
    before, hash, fragment = url.partition("#")
    _, question, query = before.partition("?")
    separator = "?" if not question else "&" if query else ""
    return f"{before}{separator}{_field(name, value)}{hash}{fragment}"


def form(fields: Mapping[str, object]) -> str:
    """The body of a form."""
    return "&".join(_field(name, value) for name, value in fields.items())


def _field(name: str, value: object) -> str:
    key = _escaped(text("a field's name", name))
    return f"{key}={_escaped(words(f'the field `{name}`', value))}"


def _escaped(text: str) -> str:
    return "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in text.encode())
