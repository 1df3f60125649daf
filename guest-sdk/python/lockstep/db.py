"""Databases that the grant names. A statement has placeholders `$1`, `$2`, … with every engine, and its values beside it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from wit_world.imports import db as host

from . import given
from .failure import answer, assertion
from .rows import Row, Rows
from .units import whole_millis
from .value import Instant, Json, bound

__all__ = ["Database", "Done", "Instant", "Json", "Row", "Rows", "Statement", "Transaction", "open", "sql", "transaction"]


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


class Database:
    """A database of the grant."""

    def __init__(self, name: str, database: Any) -> None:
        self._name = name
        self._database = database

    def engine(self) -> str:
        """What the grant says it is, and a server is held to: `postgresql`, `mariadb`, `mysql` or `sqlite`."""
        return self._database.engine()

    def expect_engine(self, engine: str) -> Database:
        """Fails with `step.assertion` unless it is this engine: what follows was written for it."""
        found = self.engine()
        if found != engine:
            raise assertion(f"database `{self._name}` is {found}, expected {engine}")
        return self

    def ping(self) -> None:
        """Connects, if need be, and gets an answer."""
        answer(self._database.ping)

    def query(self, statement: Statement) -> Rows:
        """Runs a statement that only reads."""
        return Rows(answer(self._database.query, statement.ready()))

    def execute(self, statement: Statement) -> Done:
        """Runs one statement, in a transaction of its own."""
        return Done(answer(self._database.execute, statement.ready()))

    def commit(self, transaction: Transaction) -> Done:
        """Runs all statements and commits them, or keeps nothing of them."""
        return Done(answer(self._database.commit, transaction.ready()))


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
