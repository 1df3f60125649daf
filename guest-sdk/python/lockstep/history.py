"""The migrations that a database has seen, as plain values: a step returns them, and a later one reads them. It asks no interface by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from .failure import assertion, fail
from .rows import Row, Rows


class Applied(TypedDict):
    """A migration that a database has seen."""

    version: str
    """Which one."""
    title: str
    """What it is about."""
    checksum: str
    """Of its script that goes up."""
    state: str
    """`applied`, `taken-back`, `unfinished` or `unfinished-back`."""


def seen(rows: Rows) -> list[Applied]:
    """What the host's rows say."""

    def text(row: Row, label: str) -> str:
        found = row.text(label)
        if found is None:
            raise assertion(f"column `{label}` is NULL")
        return found

    return [Applied(version=text(row, "version"), title=text(row, "title"), checksum=text(row, "checksum"), state=text(row, "state")) for row in rows]


def versions(history: list[Applied]) -> list[str]:
    """The versions that are applied, in the order in which they were."""
    if not isinstance(history, list) or not all(isinstance(applied, Mapping) and {"version", "state"} <= applied.keys() for applied in history):
        raise fail("what was recorded must be what `history` of a database gave")
    return [applied["version"] for applied in history if applied["state"] == "applied"]
