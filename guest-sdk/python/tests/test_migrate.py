"""Migration tools that are programs: what is run, and what is made of what they print."""

import json
import unittest
from typing import Any

from lockstep import LockstepError, migrate, secs

from . import host


def flyway(*states: tuple[str, str]) -> str:
    return json.dumps({"schemaVersion": "1", "migrations": [{"version": version, "state": state} for version, state in states]})


class Tools(unittest.TestCase):
    def prints(self, *outputs: str) -> None:
        """The program prints these, one after the other, and ends with 0."""
        host.begin()
        rest = iter(outputs)
        host.answers["run"] = lambda: host.exit(0, next(rest))

    def fails(self, act: Any, message: str) -> None:
        with self.assertRaises(LockstepError) as raised:
            act()
        self.assertEqual((raised.exception.message, raised.exception.code), (message, "step.assertion"))

    def stands(self, tool: migrate.Tool, applied: list[str], pending: list[str], *outputs: str) -> None:
        self.prints(*outputs)
        self.assertEqual(tool.status(), {"applied": applied, "pending": pending})

    def is_odd(self, tool: migrate.Tool, message: str, *outputs: str) -> None:
        self.prints(*outputs)
        self.fails(tool.status, message)

    def test_what_is_printed_is_taken_apart_or_is_a_failure_that_shows_it(self) -> None:
        alembic, prisma, sqlx, fly = migrate.alembic("/a"), migrate.prisma("/p"), migrate.sqlx("/s"), migrate.flyway("/f")
        info = "INFO  [alembic.runtime.migration] Context impl SQLiteImpl.\n"
        self.stands(alembic, ["27c6a30d7c24"], ["ae1027a6acf"], f"{info}27c6a30d7c24\n", "27c6a30d7c24\nae1027a6acf (head) (mergepoint)\n")
        self.stands(alembic, [], [], info, "")
        pending = "2 found\nFollowing migrations have not yet been applied:\n20240115_init\n20240116_users\n\nTo apply migrations in production, run:\n"
        self.stands(prisma, [], ["20240115_init", "20240116_users"], pending)
        self.stands(prisma, [], [], "Database schema is up to date!")
        self.is_odd(prisma, "what Prisma printed is not understood: Error: P1001", "Error: P1001\n")
        empty = "Following migrations have not yet been applied:"
        self.is_odd(prisma, f"what Prisma printed is not understood: {empty}", f"{empty}\n\n")
        self.stands(sqlx, ["20230101000000"], ["20230201000000"], "20230101000000/installed create users\n20230201000000/pending add mail\n")
        self.is_odd(sqlx, "migration 2 was changed after it had been applied", "2/installed (different checksum) users\n")
        self.is_odd(sqlx, "what sqlx printed is not understood: what/ever", "what/ever\n")
        self.is_odd(sqlx, "what sqlx printed is not understood: 2/there users", "2/there users\n")
        self.stands(fly, ["1"], ["2"], flyway(("1", "Success"), ("2", "Pending"), ("", "Pending"), ("3", "Available")))
        self.is_odd(fly, "migration 2 is in the state `Failed`", flyway(("2", "Failed")))
        self.is_odd(fly, "what Flyway printed is not understood: []", "[]")
        number = '{"migrations":[{"version":1,"state":"Success"}]}'
        self.is_odd(fly, f"what Flyway printed is not understood: {number}", number)

    def test_a_way_forward_has_a_reason(self) -> None:
        self.prints("", "2 (head)", "2 (head)")
        alembic = migrate.alembic("/a").first(["-c", "shop.ini"]).directory("/srv").env("DATABASE_URL", "…").timeout(secs(9))
        self.assertEqual(alembic.up("copied at noon"), {"applied": ["2"], "pending": []})
        self.assertEqual(
            host.said[:7],
            [
                ("info", "migrating with /a: copied at noon", []),
                ("command", "/a", ["-c", "shop.ini", "upgrade", "head"]),
                ("directory", "/srv"),
                ("env", "DATABASE_URL", "…"),
                ("timeout", 9_000),
                ("idempotent",),
                ("run",),
            ],
        )
        self.fails(lambda: alembic.up(" "), "a migration needs a backup, or a reason why none is needed")
        self.fails(lambda: migrate.expect_nothing_pending({"applied": [], "pending": ["1", "2"]}), "migrations are pending: 1, 2")

    def back(self, tool: migrate.Tool, recorded: list[str], *outputs: str) -> list[str]:
        """What was run that changes something."""
        self.prints(*outputs)
        tool.down_to({"applied": recorded, "pending": []})
        return [" ".join(line[2]) for line, after in zip(host.said, host.said[1:]) if line[0] == "command" and after == ("idempotent",)]

    def test_a_way_back_names_where_it_leads(self) -> None:
        alembic, sqlx, fly = migrate.alembic("/a"), migrate.sqlx("/s"), migrate.flyway("/f")
        self.assertEqual(self.back(alembic, ["1"], "1", "1"), [])
        self.assertEqual(self.back(alembic, ["1"], "2", "2", "", "1", "2"), ["downgrade 1"])
        self.assertEqual(self.back(sqlx, ["1"], "1/installed a\n2/installed b", "", "1/installed a"), ["migrate revert --target-version 1"])
        self.assertEqual(self.back(sqlx, [], "1/installed a", "", "1/pending a"), ["migrate revert --target-version 0"])
        three = flyway(("1", "Success"), ("2", "Success"), ("3", "Success"))
        self.assertEqual(self.back(fly, ["1"], three, "", flyway(("1", "Success"), ("2", "Undone"))), ["undo -target=2"])
        self.assertEqual(self.back(fly, [], three, "", flyway()), ["undo -target=1"])
        self.fails(lambda: self.back(migrate.prisma("/p"), []), "Prisma has no way back: restore the backup")
        nothing = "nothing was applied when it was recorded, and back to nothing is no way back: restore the backup"
        self.fails(lambda: self.back(alembic, [], "1", "1"), nothing)
        self.fails(lambda: self.back(alembic, ["1", "2"], "3", "3"), "Alembic had several heads when it was recorded: no one revision leads back there")
        self.fails(lambda: self.back(fly, ["7"], three), "version 7 was applied when it was recorded, and is not any more")
        self.fails(lambda: self.back(fly, ["1"], flyway()), "version 1 was applied when it was recorded, and is not any more")
        two = "1/installed a\n2/installed b"
        self.fails(lambda: self.back(sqlx, ["1"], two, "", two), "the database stands at 1, 2 where 1 was recorded")
