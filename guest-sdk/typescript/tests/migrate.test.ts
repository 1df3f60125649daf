// Migration tools that are programs: what is run, and what is made of what they print.

import assert from "node:assert/strict";
import test from "node:test";

import { codes, migrate, secs } from "../src/index.js";
import * as host from "./host.ts";

/** The program prints these, one after the other, and ends with 0. */
function prints(...outputs: string[]): void {
    host.begin();
    host.answers["run"] = () => host.exit(0, outputs.shift() ?? "", "");
}

/** The arguments of each run; those that may be repeated marked. */
function ran(): string[] {
    const lines: string[] = [];
    for (const [word, , args] of host.said) {
        if (word === "command") {
            lines.push((args as string[]).join(" "));
        } else if (word === "idempotent") {
            lines.push(`${lines.pop()} *`);
        }
    }
    return lines;
}

const FLYWAY = (...states: [string, string][]) => JSON.stringify({ schemaVersion: "1", migrations: states.map(([version, state]) => ({ version, state })) });

test("what a tool prints is taken apart, or is a failure that shows it", () => {
    const stands = (tool: migrate.Tool, applied: string[], pending: string[], ...outputs: string[]) => {
        prints(...outputs);
        assert.deepEqual(tool.status(), { applied, pending });
    };
    const fails = (tool: migrate.Tool, message: string, ...outputs: string[]) => {
        prints(...outputs);
        assert.throws(() => tool.status(), { code: codes.ASSERTION, message });
    };
    const [alembic, prisma, sqlx, flyway] = [migrate.alembic("/a"), migrate.prisma("/p"), migrate.sqlx("/s"), migrate.flyway("/f")];
    const info = "INFO  [alembic.runtime.migration] Context impl SQLiteImpl.\n";
    stands(alembic, ["27c6a30d7c24"], ["ae1027a6acf"], `${info}27c6a30d7c24\n`, "27c6a30d7c24\nae1027a6acf (head) (mergepoint)\n");
    stands(alembic, [], [], info, "");
    const pending = "2 found\nFollowing migrations have not yet been applied:\n20240115_init\n20240116_users\n\nTo apply migrations in production, run:\n";
    stands(prisma, [], ["20240115_init", "20240116_users"], pending);
    stands(prisma, [], [], "Database schema is up to date!");
    fails(prisma, "what Prisma printed is not understood: Error: P1001", "Error: P1001\n");
    fails(prisma, "what Prisma printed is not understood: Following migrations have not yet been applied:", "Following migrations have not yet been applied:\n\n");
    stands(sqlx, ["20230101000000"], ["20230201000000"], "20230101000000/installed create users\n20230201000000/pending add mail\n");
    fails(sqlx, "migration 2 was changed after it had been applied", "2/installed (different checksum) users\n");
    fails(sqlx, "what sqlx printed is not understood: what/ever", "what/ever\n");
    fails(sqlx, "what sqlx printed is not understood: 2/toString users", "2/toString users\n");
    stands(flyway, ["1"], ["2"], FLYWAY(["1", "Success"], ["2", "Pending"], ["", "Pending"], ["3", "Available"]));
    fails(flyway, "migration 2 is in the state `Failed`", FLYWAY(["2", "Failed"]));
    fails(flyway, "what Flyway printed is not understood: {}", "{}");
    fails(flyway, 'what Flyway printed is not understood: {"migrations":[{"version":1,"state":"Success"}]}', '{"migrations":[{"version":1,"state":"Success"}]}');
});

test("a way forward has a reason, and a way back names where it leads", () => {
    prints("", "2 (head)", "2 (head)");
    const alembic = migrate.alembic("/a").first(["-c", "shop.ini"]).directory("/srv").env("DATABASE_URL", "…").timeout(secs(9));
    assert.deepEqual(alembic.up("copied at noon"), { applied: ["2"], pending: [] });
    assert.deepEqual(host.said.slice(0, 7), [
        ["info", "migrating with /a: copied at noon", []],
        ["command", "/a", ["-c", "shop.ini", "upgrade", "head"]],
        ["directory", "/srv"],
        ["env", "DATABASE_URL", "…"],
        ["timeout", 9_000],
        ["idempotent"],
        ["run"],
    ]);
    assert.throws(() => alembic.up(" "), { message: "a migration needs a backup, or a reason why none is needed" });
    const back = (tool: migrate.Tool, recorded: string[], ...outputs: string[]) => {
        prints(...outputs);
        tool.downTo({ applied: recorded, pending: [] });
        return ran().filter((line) => line.endsWith("*"));
    };
    const [plain, sqlx, flyway] = [migrate.alembic("/a"), migrate.sqlx("/s"), migrate.flyway("/f")];
    assert.deepEqual(back(plain, ["1"], "1", "1"), []);
    assert.deepEqual(back(plain, ["1"], "2", "2", "", "1", "2"), ["downgrade 1 *"]);
    assert.deepEqual(back(sqlx, ["1"], "1/installed a\n2/installed b", "", "1/installed a"), ["migrate revert --target-version 1 *"]);
    assert.deepEqual(back(sqlx, [], "1/installed a", "", "1/pending a"), ["migrate revert --target-version 0 *"]);
    const three = FLYWAY(["1", "Success"], ["2", "Success"], ["3", "Success"]);
    assert.deepEqual(back(flyway, ["1"], three, "", FLYWAY(["1", "Success"], ["2", "Undone"])), ["undo -target=2 *"]);
    assert.deepEqual(back(flyway, [], three, "", FLYWAY()), ["undo -target=1 *"]);
    const fails = (tool: migrate.Tool, recorded: string[], message: string, ...outputs: string[]) =>
        assert.throws(() => back(tool, recorded, ...outputs), { code: codes.ASSERTION, message });
    fails(migrate.prisma("/p"), [], "Prisma has no way back: restore the backup");
    fails(plain, [], "nothing was applied when it was recorded, and back to nothing is no way back: restore the backup", "1", "1");
    fails(plain, ["1", "2"], "Alembic had several heads when it was recorded: no one revision leads back there", "3", "3");
    fails(flyway, ["7"], "version 7 was applied when it was recorded, and is not any more", three);
    fails(flyway, ["1"], "version 1 was applied when it was recorded, and is not any more", FLYWAY());
    fails(sqlx, ["1"], "the database stands at 1, 2 where 1 was recorded", "1/installed a\n2/installed b", "", "1/installed a\n2/installed b");
    assert.throws(() => migrate.expectNothingPending({ applied: [], pending: ["1", "2"] }), { message: "migrations are pending: 1, 2" });
});
