"""What a backup says of itself. It asks no interface by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .failure import assertion
from .sealed import Artifact


@dataclass(frozen=True)
class BackupTable:
    """A table of a backup."""

    name: str
    """With the schema, where the engine has more than one."""
    rows: int
    """How many rows it has."""
    checksum: str
    """Of all its rows, in whichever order."""


class Backup:
    """A backup that was made in this run."""

    def __init__(self, handle: Any) -> None:
        self.handle = handle
        """The host's handle."""

    def artifact(self) -> Artifact:
        """Its bytes."""
        return Artifact(self.handle.artifact())

    def database(self) -> str:
        """The name of the database in the grant."""
        return self.handle.database()

    def engine(self) -> str:
        """`postgresql`, `mariadb`, `mysql` or `sqlite`."""
        return self.handle.engine()

    def format(self) -> str:
        """`postgresql-archive`, `mariadb-sql`, `mysql-sql` or `sqlite-file`."""
        return self.handle.format()

    def server_version(self) -> str:
        """As the server said it."""
        return self.handle.server_version()

    def tables(self) -> list[BackupTable]:
        """Every table in it, by name."""
        return [BackupTable(table.label, int(table.rows), table.checksum) for table in self.handle.tables()]

    def rows(self) -> int:
        """How many rows its tables have in all."""
        return sum(table.rows for table in self.tables())

    def expect_rows(self, table: str, at_least: int) -> Backup:
        """Fails with `step.assertion` unless this table is in it, and has at least so many rows."""
        found = next((there for there in self.tables() if there.name == table), None)
        if found is None:
            raise assertion(f"the backup has no table `{table}`")
        if found.rows < at_least:
            raise assertion(f"table `{table}` has {found.rows} rows in the backup, expected at least {at_least}")
        return self
