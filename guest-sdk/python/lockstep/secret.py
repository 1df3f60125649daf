"""Secrets by handle: the procedure places a marker, and the host puts the value in its place at the destination."""

from __future__ import annotations

from wit_world.imports import secret as host

from .failure import answer
from .given import text
from .marked import Secret

__all__ = ["Secret", "by_id"]


def by_id(id: str) -> Secret:
    """The secret that the grant declares under that id, or that a response was captured into."""
    value = answer(host.by_id, text("a secret's id", id))
    return Secret(value.id(), value.marker())
