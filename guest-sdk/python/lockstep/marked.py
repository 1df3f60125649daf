"""A secret as `secret` gives it and others take it. It asks no interface by itself, so that `http` alone does not import the other."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Secret:
    """A secret of this run. In a text and in JSON it is its marker: safe anywhere, of use only where the grant lets it go."""

    id: str
    """The id it has in the grant."""
    marker: str = field(repr=False)
    """The text that stands for the value in a header, a body, a variable or a standard input."""

    def __str__(self) -> str:
        return self.marker

    def __json__(self) -> str:
        return self.marker
