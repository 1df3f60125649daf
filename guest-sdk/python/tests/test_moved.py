"""Backups and migrations: what is asked of the host, and what is made of folders and histories."""

import unittest
from types import SimpleNamespace
from typing import Any

from lockstep import LockstepError, db, migrations, minutes, secs

from . import host


class Case(unittest.TestCase):
    def setUp(self) -> None:
        host.begin()

    def fails(self, act: Any, message: str, code: str = "step.assertion") -> None:
        with self.assertRaises(LockstepError) as raised:
            act()
        self.assertEqual((raised.exception.message, raised.exception.code), (message, code))


def made() -> Any:
    """A backup as the host has it."""
    tables = [SimpleNamespace(label="public.a", rows=str(2**64 - 2), checksum="0a"), SimpleNamespace(label="public.b", rows="1", checksum="0b")]
    sealed = host.giving(id="before")
    return host.giving(artifact=sealed, database="main", engine="postgresql", format="postgresql-archive", server_version="16", tables=tables)


class Backups(Case):
    def test_are_ordered_with_what_they_must_come_to_and_say_what_they_have(self) -> None:
        host.answers["make_backup"] = host.answers["backup_in"] = made
        host.answers["by_id"] = lambda: host.giving(id="before")
        shop = db.open("main")
        backup = shop.backup(db.backup("before").at_least_bytes(2**63).at_least_rows("public.a", 7).timeout(minutes(1)))
        shop.verify_backup(backup)
        shop.restore(shop.backup_named("before"))
        shop.restore_over(shop.backup_in(backup.artifact()))
        self.assertEqual(
            [tuple(part for part in line if isinstance(part, (str, int))) for line in host.said],
            [
                ("database", "main"),
                ("backuporder", "before"),
                ("at_least_bytes", "9223372036854775808"),
                ("at_least_rows", "public.a", "7"),
                ("timeout", 60_000),
                ("make_backup",),
                ("verify_backup",),
                ("backup_in",),
                ("restore",),
                ("backup_in",),
                ("restore_over",),
            ],
        )
        said = (backup.artifact().id(), backup.database(), backup.engine(), backup.format(), backup.server_version())
        self.assertEqual(said, ("before", "main", "postgresql", "postgresql-archive", "16"))
        self.assertEqual(backup.tables()[0], db.BackupTable("public.a", 2**64 - 2, "0a"))
        self.assertEqual(backup.rows(), 2**64 - 1)
        self.assertIs(backup.expect_rows("public.b", 1), backup)
        self.fails(lambda: backup.expect_rows("public.b", 2), "table `public.b` has 1 rows in the backup, expected at least 2")
        self.fails(lambda: backup.expect_rows("b", 0), "the backup has no table `b`")
        self.fails(lambda: db.backup("before").at_least_bytes(-1), "the number of bytes must be a whole number of at least 0, found -1", "step.failed")


class Migrations(Case):
    def folder(self, *names: str) -> None:
        """A folder with these files, each with its own name for a script."""
        host.begin()
        host.folder.update({f"/moves/{name}": name for name in names})

    def seen(self, *all: tuple[str, ...]) -> None:
        """The database has seen these: version and state, and perhaps another script than the folder has."""
        rows = [(version, "a", f"sum of {script[0] if script else version + '_a.up.sql'}", state) for version, state, *script in all]
        columns = [SimpleNamespace(label=label, kind="text") for label in ("version", "title", "checksum", "state")]
        host.answers["history"] = lambda: SimpleNamespace(columns=lambda: columns, count=lambda: len(rows), cell=lambda row, column: rows[row][column])

    def done(self) -> list[tuple[Any, ...]]:
        """What was done with the database."""
        return [line for line in host.said if line[0] in ("up", "down")]

    def test_are_read_in_the_order_of_their_numbers_and_a_slip_of_a_name_leaves_nothing_out(self) -> None:
        self.folder("0010_a.up.sql", "9_a.up.sql", "0001_b_c.up.sql", "0001_b_c.down.sql", "notes.txt")
        self.assertEqual(migrations.read("/moves").versions(), ["0001", "9", "0010"])
        for slip in ("0001.up.sql", "_a.up.sql", "a_b.up.sql", "1_.up.sql", "1_a.sql", "1_a.UP.sql", "-1_a.up.sql", "18446744073709551616_a.up.sql"):
            self.folder(slip)
            message = f"/moves/{slip} is no migration: its name must be VERSION_title.up.sql or VERSION_title.down.sql"
            self.fails(lambda: migrations.read("/moves"), message)
        self.folder("1_a.up.sql", "01_a.down.sql")
        self.fails(lambda: migrations.read("/moves"), "/moves has two migrations of the number 1")
        self.folder("1_a.down.sql")
        self.fails(lambda: migrations.read("/moves"), "/moves: migration 1 goes back and has no file that goes up")

    def test_that_are_not_applied_are_and_what_is_unfinished_first(self) -> None:
        self.folder("1_a.up.sql", "2_a.up.sql", "3_a.up.sql", "3_a.down.sql", "4_a.up.sql")
        self.seen(("1", "applied"), ("2", "taken-back"), ("3", "unfinished"))
        shop, all = db.open("main"), migrations.read("/moves").timeout(secs(5)).without_backup("it is new")
        self.assertEqual(all.status(shop), migrations.Status(applied=["1"], pending=["2", "4"], unfinished=["3"]))
        host.said.clear()
        self.assertEqual(all.up(shop), ["3", "2", "4"])
        self.assertEqual(self.done(), [("up", "3"), ("up", "2"), ("up", "4")])
        at = host.said.index(("down_script", "3_a.down.sql"))
        self.assertEqual(
            host.said[at - 1 : at + 4],
            [("migration", "3", "a", "3_a.up.sql"), ("down_script", "3_a.down.sql"), ("timeout", 5_000), ("without_backup", "it is new"), ("up", "3")],
        )

    def test_do_nothing_when_a_script_was_changed_or_is_not_there(self) -> None:
        self.folder("1_a.up.sql", "2_a.up.sql")
        self.seen(("1", "applied", "another"))
        shop, all = db.open("main"), migrations.read("/moves")
        self.fails(lambda: all.up(shop), "migration 1 was changed after it had been applied: write a new one")
        self.seen(("7", "applied"))
        self.fails(lambda: all.up(shop), "migration 7 is applied, and there is no file of it")
        self.assertEqual(self.done(), [])

    def test_lead_back_to_what_was_recorded(self) -> None:
        self.folder("1_a.up.sql", "2_a.up.sql", "2_a.down.sql", "3_a.up.sql", "3_a.down.sql")
        shop, all = db.open("main"), migrations.read("/moves")
        self.seen(("1", "applied"))
        recorded = shop.history()
        self.assertEqual(recorded, [{"version": "1", "title": "a", "checksum": "sum of 1_a.up.sql", "state": "applied"}])
        self.seen(("1", "applied"), ("2", "applied"), ("3", "applied"))
        self.assertEqual(all.down_to(shop, recorded), ["3", "2"])
        self.seen(("1", "applied"), ("2", "applied"), ("3", "unfinished-back"))
        self.assertEqual(all.down_to(shop, recorded), ["3", "2"])
        self.assertEqual(self.done(), [("down", "3"), ("down", "2"), ("down", "3"), ("down", "2")])
        host.said.clear()
        self.seen(("1", "applied"), ("2", "applied"))
        self.fails(lambda: all.down_to(shop, []), "migration 1 has no file that goes back: restore the backup")
        self.seen(("2", "applied"))
        elsewhere = "migration 1 was applied when it was recorded, and is not any more: somebody else has migrated"
        self.fails(lambda: all.down_to(shop, recorded), elsewhere)
        self.seen(("1", "applied"), ("2", "unfinished"))
        self.fails(lambda: all.down_to(shop, recorded), "migration 2 is unfinished: go on with it, or restore the backup")
        self.seen(("1", "applied"), ("7", "applied"))
        self.fails(lambda: all.down_to(shop, recorded), "migration 7 is applied, and there is no file of it")
        wrong: Any = "1"
        self.fails(lambda: all.down_to(shop, wrong), "what was recorded must be what `history` of a database gave", "step.failed")
        self.assertEqual(self.done(), [])
