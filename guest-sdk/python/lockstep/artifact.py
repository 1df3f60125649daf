"""Bytes named once in a run: the same id gives the same bytes in every later step and in every undo."""

from __future__ import annotations

from wit_world.imports import artifact as host

from . import given
from .failure import answer, fail
from .sealed import Artifact

__all__ = ["Artifact", "Draft", "by_id", "draft", "from_bytes", "from_text", "maybe_by_id"]


class Draft:
    """An artifact being written. Nothing of it exists until it is sealed."""

    def __init__(self, id: str) -> None:
        self._draft = host.Draft(given.text("an artifact's id", id))

    def append(self, content: bytes) -> Draft:
        """Adds bytes at the end."""
        self._draft.append(given.content("an artifact's content", content))
        return self

    def append_text(self, text: str) -> Draft:
        """Adds text at the end."""
        self._draft.append_text(given.text("an artifact's content", text))
        return self

    def seal(self) -> Artifact:
        """Stores the bytes and gives them their id."""
        return Artifact(answer(self._draft.seal))


def from_text(id: str, text: str) -> Artifact:
    """Keeps text as an artifact of this run."""
    return draft(id).append_text(text).seal()


def from_bytes(id: str, content: bytes) -> Artifact:
    """Keeps bytes as an artifact of this run."""
    return draft(id).append(content).seal()


def draft(id: str) -> Draft:
    """Begins an artifact that is written in parts."""
    return Draft(id)


def by_id(id: str) -> Artifact:
    """The artifact of that id. Fails when the run has none."""
    found = maybe_by_id(id)
    if found is None:
        raise fail(f"this run has no artifact `{id}`")
    return found


def maybe_by_id(id: str) -> Artifact | None:
    """The artifact of that id, when the run has one."""
    found = host.by_id(given.text("an artifact's id", id))
    return None if found is None else Artifact(found)
