"""Databases that the grant names. A statement has placeholders `$1`, `$2`, … with every engine, and its values beside it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from wit_world.imports import db as host

from . import artifact, given
from .backup import Backup, BackupTable
from .failure import answer, assertion
from .history import Applied, seen
from .rows import Row, Rows
from .sealed import Artifact
from .units import whole_millis
from .value import Instant, Json, bound

__all__ = [
    "Applied",
    "Backup",
    "BackupOrder",
    "BackupTable",
    "Database",
    "Done",
    "Instant",
    "Json",
    "Row",
    "Rows",
    "Statement",
    "Transaction",
    "backup",
    "open",
    "sql",
    "transaction",
]


class Done:
    """What statements that change something came to."""

    def __init__(self, done: Any) -> None:
        self._done = done

    def rows(self) -> int:
        """How many rows the first statement concerned."""
        return int(self._done.affected(0))

    def all_rows(self) -> list[int]:
        """How many rows each statement concerned."""
        return [int(self._done.affected(statement)) for statement in range(self._done.count())]

    def returned(self) -> list[Rows]:
        """What `RETURNING` gave, of each statement."""
        return [Rows(self._done.returned(statement)) for statement in range(self._done.count())]

    def expect_rows(self, rows: int) -> Done:
        """Fails with `step.assertion` unless the first statement concerned so many rows.

        It has been committed all the same: to keep nothing otherwise, use `Transaction.expect_rows`.
        """
        found = self.rows()
        if found != rows:
            raise assertion(f"{found} rows were concerned, expected {rows}")
        return self


class Statement:
    """A statement being built. Nothing happens before it is handed to a database."""

    def __init__(self, text: str) -> None:
        self._text = given.text("a statement", text)
        self._says: list[Callable[[Any], None]] = []

    def bind(self, value: Any) -> Statement:
        """The value of the next placeholder: `None`, a text, a flag, an `int`, a `float`, a `Decimal`, bytes, a `datetime` with a time zone, `db.Json` or `db.Instant`."""
        return self._saying(bound(value))

    def timeout(self, longest: timedelta) -> Statement:
        """Deadline, after which the server is told to stop. Without it the step's."""
        milliseconds = whole_millis("a timeout", longest)
        return self._saying(lambda statement: statement.timeout(milliseconds))

    def limit_rows(self, rows: int) -> Statement:
        """Has the first rows, at most so many."""
        most = given.whole("the number of rows", rows)
        return self._saying(lambda statement: statement.limit_rows(most))

    def idempotent(self) -> Statement:
        """Says that repeating it does no harm, so that a crash does not leave it in doubt."""
        return self._saying(lambda statement: statement.idempotent())

    def ready(self) -> Any:
        """In the host's words."""
        statement = host.Statement(self._text)
        for says in self._says:
            says(statement)
        return statement

    def _saying(self, says: Callable[[Any], None]) -> Statement:
        self._says.append(says)
        return self


class Transaction:
    """Statements that are committed together."""

    def __init__(self) -> None:
        self._says: list[Callable[[Any], None]] = []

    def add(self, statement: Statement) -> Transaction:
        """Adds a statement."""
        return self._saying(lambda transaction: transaction.add(statement.ready()))

    def expect_rows(self, rows: int) -> Transaction:
        """How many rows the statement added last must concern: with any other number nothing is kept."""
        wanted = given.whole("the number of rows", rows)
        return self._saying(lambda transaction: transaction.expect_rows(wanted))

    def timeout(self, longest: timedelta) -> Transaction:
        """Deadline, after which the server is told to stop. Without it the step's."""
        milliseconds = whole_millis("a timeout", longest)
        return self._saying(lambda transaction: transaction.timeout(milliseconds))

    def idempotent(self) -> Transaction:
        """Says that repeating it does no harm, so that a crash does not leave it in doubt."""
        return self._saying(lambda transaction: transaction.idempotent())

    def ready(self) -> Any:
        """In the host's words."""
        transaction = host.Transaction()
        for says in self._says:
            says(transaction)
        return transaction

    def _saying(self, says: Callable[[Any], None]) -> Transaction:
        self._says.append(says)
        return self


class BackupOrder:
    """A backup being ordered. Nothing happens before it is handed to a database."""

    def __init__(self, id: str) -> None:
        self._id = given.text("an artifact's id", id)
        self._says: list[Callable[[Any], None]] = []

    def at_least_bytes(self, count: int) -> BackupOrder:
        """With less it is no backup, and fails with `db.backup-too-small`."""
        least = given.digits("the number of bytes", count)
        return self._saying(lambda order: order.at_least_bytes(least))

    def at_least_rows(self, table: str, rows: int) -> BackupOrder:
        """With fewer rows in this table it is no backup. Tables of PostgreSQL are named with their schema: `public.orders`."""
        name, least = given.text("a table", table), given.digits("the number of rows", rows)
        return self._saying(lambda order: order.at_least_rows(name, least))

    def timeout(self, longest: timedelta) -> BackupOrder:
        """Deadline. Without it the step's."""
        milliseconds = whole_millis("a timeout", longest)
        return self._saying(lambda order: order.timeout(milliseconds))

    def ready(self) -> Any:
        """In the host's words."""
        order = host.BackupOrder(self._id)
        for says in self._says:
            says(order)
        return order

    def _saying(self, says: Callable[[Any], None]) -> BackupOrder:
        self._says.append(says)
        return self


class Database:
    """A database of the grant."""

    def __init__(self, name: str, handle: Any) -> None:
        self._name = name
        self.handle = handle
        """The host's handle."""

    def engine(self) -> str:
        """What the grant says it is, and a server is held to: `postgresql`, `mariadb`, `mysql` or `sqlite`."""
        return self.handle.engine()

    def expect_engine(self, engine: str) -> Database:
        """Fails with `step.assertion` unless it is this engine: what follows was written for it."""
        found = self.engine()
        if found != engine:
            raise assertion(f"database `{self._name}` is {found}, expected {engine}")
        return self

    def ping(self) -> None:
        """Connects, if need be, and gets an answer."""
        answer(self.handle.ping)

    def query(self, statement: Statement) -> Rows:
        """Runs a statement that only reads."""
        return Rows(answer(self.handle.query, statement.ready()))

    def execute(self, statement: Statement) -> Done:
        """Runs one statement, in a transaction of its own."""
        return Done(answer(self.handle.execute, statement.ready()))

    def commit(self, transaction: Transaction) -> Done:
        """Runs all statements and commits them, or keeps nothing of them."""
        return Done(answer(self.handle.commit, transaction.ready()))

    def backup(self, order: BackupOrder) -> Backup:
        """Copies the whole database into an artifact, as it is at one moment.

        Ordered once more under the same id, as by a step that is tried again, it is the backup that was made first.
        """
        return Backup(answer(self.handle.make_backup, order.ready()))

    def backup_named(self, id: str) -> Backup:
        """The backup that an earlier step has made under this id. Fails when the run has none."""
        return self.backup_in(artifact.by_id(id))

    def backup_in(self, content: Artifact) -> Backup:
        """What an artifact is a backup of. Fails when it is none."""
        return Backup(answer(self.handle.backup_in, content.sealed))

    def verify_backup(self, backup: Backup) -> None:
        """Restores a backup into a scratch database that the host makes and drops, and compares rows and checksum of every table. Touches nothing else."""
        answer(self.handle.verify_backup, backup.handle)

    def restore(self, backup: Backup) -> None:
        """Restores a backup into this database, which has to be empty."""
        answer(self.handle.restore, backup.handle)

    def restore_over(self, backup: Backup) -> None:
        """Restores a backup into this database in the place of everything that is in it."""
        answer(self.handle.restore_over, backup.handle)

    def history(self) -> list[Applied]:
        """The migrations that it has seen, in the order in which they were applied: what a step returns before it migrates, to go back there."""
        return seen(Rows(answer(host.Migration.history, self.handle)))


def open(name: str) -> Database:
    """The database that the grant has under this name. Nothing is connected yet."""
    checked = given.text("a database's name", name)
    return Database(checked, answer(host.Database.open, checked))


def sql(text: str) -> Statement:
    """Begins a statement: `db.sql("SELECT count(*) FROM orders WHERE state = $1").bind("open")`."""
    return Statement(text)


def transaction() -> Transaction:
    """Begins a transaction."""
    return Transaction()


def backup(id: str) -> BackupOrder:
    """Begins the order of a backup, whose artifact gets this id: `shop.backup(db.backup("before-release").at_least_rows("public.orders", 1_000))`."""
    return BackupOrder(id)
