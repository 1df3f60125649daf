"""Migrations from files: `0001_orders.up.sql` and `0001_orders.down.sql` in a folder of a mount. What the database has seen stands in its own history.

A module of its own, so that who only asks a database does not import `files`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from wit_world.imports import db as host

from . import files, given
from .db import Database
from .failure import LockstepError, answer, assertion
from .history import Applied, versions
from .units import whole_millis

__all__ = ["Migrations", "Status", "read"]

_NAME = re.compile(r"([0-9]+)_(.+)\.(up|down)\.sql", re.DOTALL)
_LARGEST = 2**64 - 1
"""The largest number that a version may be."""


@dataclass
class Status:
    """How a folder and a database stand to each other: versions."""

    applied: list[str] = field(default_factory=list)
    """Those that are applied."""
    pending: list[str] = field(default_factory=list)
    """Those that are not."""
    changed: list[str] = field(default_factory=list)
    """Those that were applied with another script than the folder has now."""
    missing: list[str] = field(default_factory=list)
    """Those that are applied and not in the folder."""
    unfinished: list[str] = field(default_factory=list)
    """Those of which only a part is done."""


@dataclass
class _Migration:
    version: str
    title: str
    scripts: dict[str, str] = field(default_factory=dict)
    """By `up` and `down`."""


class Migrations:
    """The migrations of a folder, in their order. Nothing happens before `up` or `down_to`."""

    def __init__(self, all: list[_Migration]) -> None:
        self._all = {migration.version: migration for migration in all}
        self._says: list[Callable[[Any], None]] = []

    def timeout(self, longest: timedelta) -> Migrations:
        """Deadline of each migration, after which the server is told to stop. Without it the step's."""
        milliseconds = whole_millis("a timeout", longest)
        return self._saying(lambda migration: migration.timeout(milliseconds))

    def without_backup(self, reason: str) -> Migrations:
        """Says why no backup of the database need have been verified in this run. The reason stands in the journal."""
        why = given.text("a reason", reason)
        return self._saying(lambda migration: migration.without_backup(why))

    def versions(self) -> list[str]:
        """The versions, in their order."""
        return list(self._all)

    def status(self, database: Database) -> Status:
        """How folder and database stand to each other."""
        history = database.history()
        status = Status()
        for migration in self._all.values():
            self._list(status, migration, history).append(migration.version)
        status.missing = [applied["version"] for applied in history if applied["state"] != "taken-back" and applied["version"] not in self._all]
        return status

    def up(self, database: Database) -> list[str]:
        """Applies every migration that is not, in order, and says which. One that a crash or a failure left unfinished is gone on with first.

        Fails with `step.assertion`, before anything is done, when a script was changed after it had been applied or the folder lacks one that is applied.
        """
        status = self.status(database)
        if status.changed:
            raise assertion(f"migration {status.changed[0]} was changed after it had been applied: write a new one")
        if status.missing:
            raise _lacking(status.missing[0])
        todo = status.unfinished + status.pending
        for version in todo:
            answer(self._ready(self._found(version)).up, database.handle)
        return todo

    def down_to(self, database: Database, recorded: list[Applied]) -> list[str]:
        """Takes back what was applied since `recorded`, which `Database.history` gave, last in first out, and says which.

        Nothing is taken back that was applied before, and nothing at all when the folder lacks a file that goes back, or somebody else has taken back what was
        recorded.
        """
        history = database.history()
        unfinished = next((applied for applied in history if applied["state"].startswith("unfinished")), None)
        if unfinished is not None and unfinished["state"] == "unfinished":
            raise assertion(f"migration {unfinished['version']} is unfinished: go on with it, or restore the backup")
        before, now = versions(recorded), versions(history)
        for version in before:
            if version not in now:
                raise assertion(f"migration {version} was applied when it was recorded, and is not any more: somebody else has migrated")
        back = [] if unfinished is None else [unfinished["version"]]
        back += [version for version in reversed(now) if version not in before]
        for version in back:
            if "down" not in self._found(version).scripts:
                raise assertion(f"migration {version} has no file that goes back: restore the backup")
        for version in back:
            answer(self._ready(self._found(version)).down, database.handle)
        return back

    def _list(self, status: Status, migration: _Migration, history: list[Applied]) -> list[str]:
        applied = next((applied for applied in history if applied["version"] == migration.version), None)
        if applied is not None and applied["state"].startswith("unfinished"):
            return status.unfinished
        if applied is None or applied["state"] != "applied":
            return status.pending
        return status.applied if applied["checksum"] == self._ready(migration).checksum() else status.changed

    def _found(self, version: str) -> _Migration:
        if version not in self._all:
            raise _lacking(version)
        return self._all[version]

    def _ready(self, migration: _Migration) -> Any:
        """In the host's words."""
        made = host.Migration(migration.version, migration.title, migration.scripts["up"])
        if "down" in migration.scripts:
            made.down_script(migration.scripts["down"])
        for says in self._says:
            says(made)
        return made

    def _saying(self, says: Callable[[Any], None]) -> Migrations:
        self._says.append(says)
        return self


def read(folder: str) -> Migrations:
    """Reads the migrations in a folder. A file `VERSION_title.up.sql` goes up, `VERSION_title.down.sql` goes back; a version is digits, in the order of their number.

    Other files ending in `.sql` fail, so that a slip of a name leaves nothing out.
    """
    found: dict[int, _Migration] = {}
    for name in files.entries(folder):
        if not name.endswith(".sql"):
            continue
        named = _NAME.fullmatch(name)
        if named is None or int(named[1]) > _LARGEST:
            raise assertion(f"{folder}/{name} is no migration: its name must be VERSION_title.up.sql or VERSION_title.down.sql")
        number, version, title, way = int(named[1]), *named.groups()
        text = files.read_text(f"{folder}/{name}")
        migration = found.setdefault(number, _Migration(version, title))
        if (migration.version, migration.title) != (version, title) or way in migration.scripts:
            raise assertion(f"{folder} has two migrations of the number {number}")
        migration.scripts[way] = text
    for _, migration in sorted(found.items()):
        if "up" not in migration.scripts:
            raise assertion(f"{folder}: migration {migration.version} goes back and has no file that goes up")
    return Migrations([found[number] for number in sorted(found)])


def _lacking(version: str) -> LockstepError:
    return assertion(f"migration {version} is applied, and there is no file of it")
