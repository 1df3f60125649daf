"""Migration tools that are programs: Alembic, Prisma, sqlx and Flyway.

Each is a command that the grant allows; what it prints is taken apart, and a way back always names where it leads: a step back, `-1`, would lead elsewhere
when it is repeated. Where the migrations are plain SQL, `migrations` needs no tool, and the host judges every statement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TypedDict

from . import given, json, log
from .failure import LockstepError, assertion
from .shell import Command, Exit, command

__all__ = ["Status", "Tool", "alembic", "expect_nothing_pending", "flyway", "prisma", "sqlx"]

_UP = {"Alembic": ["upgrade", "head"], "Prisma": ["migrate", "deploy"], "sqlx": ["migrate", "run"], "Flyway": ["migrate"]}


class Status(TypedDict):
    """Where a database stands, as its tool says: what a step returns before it migrates, to go back there."""

    applied: list[str]
    """What is applied, the last at the end. Alembic says its heads only, and Prisma nothing."""
    pending: list[str]
    """What is not."""


class Tool:
    """A tool, and how it is called. Nothing happens before `status`, `up` or `down_to`."""

    def __init__(self, kind: str, program: str) -> None:
        self._kind = kind
        self._program = given.text("a program", program)
        self._first: list[str] = []
        self._says: list[Callable[[Command], Command]] = []

    def first(self, args: Iterable[object]) -> Tool:
        """What stands before its own arguments: `prisma` for `npx`, `-c` and a file for Alembic."""
        self._first += given.texts("the arguments", args)
        return self

    def directory(self, path: str) -> Tool:
        """The working directory, absolute, one the grant allows."""
        return self._saying(lambda command: command.directory(path))

    def env(self, name: str, value: object) -> Tool:
        """Sets a variable the grant allows: `DATABASE_URL` with a secret."""
        return self._saying(lambda command: command.env(name, value))

    def timeout(self, longest: timedelta) -> Tool:
        """Deadline of each of its runs. Without it the step's."""
        return self._saying(lambda command: command.timeout(longest))

    def status(self) -> Status:
        """Where the database stands."""
        if self._kind == "Alembic":
            applied = _revisions(self._said("current"))
            return Status(applied=applied, pending=[head for head in _revisions(self._said("heads")) if head not in applied])
        if self._kind == "Prisma":
            # It ends with 1 when something is pending.
            return _of_prisma(self._run("migrate", "status").text())
        if self._kind == "sqlx":
            return _of_sqlx(self._said("migrate", "info"))
        return _of_flyway(self._said("info", "-outputType=json"))

    def up(self, reason: str) -> Status:
        """Applies what is pending, and says where the database stands then.

        `reason`: the backup that there is, or why none is needed; the journal keeps it. The host knows nothing of what a program does to a database, so that it
        cannot ask for one.
        """
        if not given.text("a reason", reason).strip():
            raise assertion("a migration needs a backup, or a reason why none is needed")
        log.info(f"migrating with {self._program}: {reason}")
        self._does(_UP[self._kind])
        return self.status()

    def down_to(self, recorded: Status) -> None:
        """Takes back what was applied since `recorded`, which `status` gave. Fails with `step.assertion` when the database does not stand there afterwards."""
        if self._kind == "Prisma":
            raise assertion("Prisma has no way back: restore the backup")
        there, before = recorded["applied"], self.status()["applied"]
        if before == there:
            return
        self._does(self._back(there, before))
        now = self.status()["applied"]
        if now != there:
            raise assertion(f"the database stands at {', '.join(now)} where {', '.join(there)} was recorded")

    def _back(self, there: list[str], now: list[str]) -> list[str]:
        """The arguments that lead back to what was recorded."""
        if self._kind == "sqlx":
            return ["migrate", "revert", "--target-version", there[-1] if there else "0"]
        if self._kind == "Flyway":
            # Its target is the first that is taken back.
            if there and there[-1] not in now[:-1]:
                raise assertion(f"version {there[-1]} was applied when it was recorded, and is not any more")
            after = now[now.index(there[-1]) + 1 :] if there else now
            if not after:
                raise assertion("nothing is applied")
            return ["undo", f"-target={after[0]}"]
        if not there:
            raise assertion("nothing was applied when it was recorded, and back to nothing is no way back: restore the backup")
        if len(there) > 1:
            raise assertion("Alembic had several heads when it was recorded: no one revision leads back there")
        return ["downgrade", there[0]]

    def _does(self, args: list[str]) -> None:
        """What names where it leads does no harm a second time."""
        self._command(args).idempotent().run().expect_success()

    def _said(self, *args: str) -> str:
        return self._run(*args).expect_success().text()

    def _run(self, *args: str) -> Exit:
        return self._command(args).run()

    def _command(self, args: Iterable[str]) -> Command:
        made = command(self._program).args(self._first).args(args)
        for says in self._says:
            says(made)
        return made

    def _saying(self, says: Callable[[Command], Command]) -> Tool:
        self._says.append(says)
        return self


def alembic(program: str) -> Tool:
    """Alembic. The grant's profile is `alembic`."""
    return Tool("Alembic", program)


def prisma(program: str) -> Tool:
    """Prisma. The grant's profile is `prisma`. It has no way back: `down_to` fails, and `prisma migrate reset`, which empties the database, is never run."""
    return Tool("Prisma", program)


def sqlx(program: str) -> Tool:
    """The command line of sqlx."""
    return Tool("sqlx", program)


def flyway(program: str) -> Tool:
    """Flyway. Its way back, `undo`, is not in every edition."""
    return Tool("Flyway", program)


def expect_nothing_pending(status: Status) -> None:
    """Fails with `step.assertion` when something is pending."""
    if status["pending"]:
        raise assertion(f"migrations are pending: {', '.join(status['pending'])}")


def _not_understood(tool: str, text: str) -> LockstepError:
    return assertion(f"what {tool} printed is not understood: {json.shown(text)}")


def _revisions(text: str) -> list[str]:
    """A revision a line: `1975ea83b712 (head)`."""
    found = (re.fullmatch(r"([A-Za-z0-9_.-]+)( \(.*)?", line.strip()) for line in text.splitlines())
    return [revision[1] for revision in found if revision]


def _of_prisma(text: str) -> Status:
    """Names after a line that ends in `not yet been applied:`, until an empty one."""
    lines = iter([line.strip() for line in text.splitlines()])
    pending: list[str] = []
    if any(line.endswith("not yet been applied:") for line in lines):
        for line in lines:
            if not line:
                break
            pending.append(line)
    elif "Database schema is up to date" in text:
        return Status(applied=[], pending=[])
    if not pending:
        raise _not_understood("Prisma", text)
    return Status(applied=[], pending=pending)


def _of_sqlx(text: str) -> Status:
    """`20230101000000/installed create users`."""
    status = Status(applied=[], pending=[])
    for line in text.splitlines():
        if "/" not in line:
            continue
        found = re.fullmatch(r"([0-9]+)/(.*)", line.strip())
        if found is None:
            raise _not_understood("sqlx", line)
        version, rest = found.groups()
        if rest.startswith("installed (different checksum)"):
            raise assertion(f"migration {version} was changed after it had been applied")
        word = rest.split(" ")[0]
        if word == "installed":
            status["applied"].append(version)
        elif word == "pending":
            status["pending"].append(version)
        else:
            raise _not_understood("sqlx", line)
    return status


def _of_flyway(text: str) -> Status:
    """JSON with `migrations`, each with `version` and `state`."""
    value = json.read("what Flyway printed", text)
    migrations = value.get("migrations") if isinstance(value, dict) else None
    if not isinstance(migrations, list):
        raise _not_understood("Flyway", text)
    status = Status(applied=[], pending=[])
    for migration in migrations:
        version, state = (migration.get("version"), migration.get("state")) if isinstance(migration, dict) else (None, None)
        if not isinstance(version, str) or not isinstance(state, str):
            raise _not_understood("Flyway", text)
        if not version or state in ("Available", "Above Target", "Below Baseline"):
            # Repeatable ones have no version, and undo scripts stand beside what they undo.
            continue
        if state in ("Success", "Out of Order", "Baseline"):
            status["applied"].append(version)
        elif state in ("Pending", "Undone"):
            status["pending"].append(version)
        else:
            raise assertion(f"migration {version} is in the state `{state}`")
    return status
