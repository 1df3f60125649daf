"""A kept artifact, as `artifact` and `files` give it. It asks no interface by itself, so that `files` alone does not import the other."""

from __future__ import annotations

import builtins
from typing import Any

from .digest import expect_digest
from .failure import answer, fail
from .given import digits, whole

_AT_ONCE = 1 << 20
"""How much one read asks for: the contract's most."""


class Artifact:
    """A kept artifact."""

    def __init__(self, sealed: Any) -> None:
        self.sealed = sealed
        """The host's handle."""

    def id(self) -> str:
        """The id it was given."""
        return self.sealed.id()

    def digest(self) -> str:
        """`sha256:` and 64 hexadecimal digits."""
        return self.sealed.digest()

    def size(self) -> int:
        """Size in bytes."""
        return int(self.sealed.size())

    def bytes(self) -> builtins.bytes:
        """All of its bytes."""
        size, read = self.size(), bytearray()
        while len(read) < size:
            part = answer(self.sealed.read, len(read), _AT_ONCE)
            if not part:
                raise fail(f"artifact `{self.id()}` ends after {len(read)} of {size} bytes")
            read += part
        return builtins.bytes(read)

    def read_at(self, offset: int, count: int) -> builtins.bytes:
        """At most `count` bytes (at most 1 MiB) from `offset`, of an artifact of any size. Fewer at the end, none after it."""
        return answer(self.sealed.read_at, digits("an offset", offset), whole("the number of bytes", count))

    def text(self) -> str:
        """All of it as text."""
        try:
            return self.bytes().decode()
        except UnicodeDecodeError as error:
            raise fail(f"reading artifact `{self.id()}` as text: {error}") from None

    def expect_digest(self, pinned: str) -> Artifact:
        """Fails unless it has that digest: `sha256:` and 64 hexadecimal digits, or the digits alone."""
        expect_digest(f"artifact `{self.id()}`", self.digest(), pinned)
        return self
