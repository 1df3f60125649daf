// Backups and migrations: what is asked of the host, and what is made of folders and histories.

import assert from "node:assert/strict";
import test from "node:test";

import { codes, db, migrations, minutes, secs } from "../src/index.js";
import { Artifact } from "../src/sealed.js";
import * as host from "./host.ts";

/** A backup as the host has it. */
function made(): unknown {
    const tables = [{ label: "public.a", rows: "18446744073709551614", checksum: "0a" }, { label: "public.b", rows: "1", checksum: "0b" }];
    const sealed = host.giving({ id: "before" });
    return host.giving({ artifact: sealed, database: "main", engine: "postgresql", format: "postgresql-archive", serverVersion: "16", tables });
}

test("a backup is ordered with what it must come to, and says what it has", () => {
    host.begin();
    host.answers["makeBackup"] = host.answers["backupIn"] = made;
    host.answers["byId"] = () => host.giving({ id: "before" });
    const shop = db.open("main");
    const backup = shop.backup(db.backup("before").atLeastBytes(2n ** 63n).atLeastRows("public.a", 7).timeout(minutes(1)));
    shop.verifyBackup(backup);
    shop.restore(shop.backupNamed("before"));
    shop.restoreOver(shop.backupIn(backup.artifact()));
    const said = host.said.map(([word, ...rest]) => [word, ...rest.filter((part) => typeof part !== "object")]);
    assert.deepEqual(said, [
        ["database", "main"],
        ["order", "before"],
        ["atLeastBytes", "9223372036854775808"],
        ["atLeastRows", "public.a", "7"],
        ["timeout", 60_000],
        ["makeBackup"],
        ["verifyBackup"],
        ["byId", "before"],
        ["backupIn"],
        ["restore"],
        ["backupIn"],
        ["restoreOver"],
    ]);
    assert.equal(backup.artifact() instanceof Artifact, true);
    assert.deepEqual([backup.database(), backup.engine(), backup.format(), backup.serverVersion()], ["main", "postgresql", "postgresql-archive", "16"]);
    assert.deepEqual(backup.tables()[0], { name: "public.a", rows: 18446744073709551614n, checksum: "0a" });
    assert.equal(backup.rows(), 18446744073709551615n);
    assert.equal(backup.expectRows("public.b", 1), backup);
    const message = "table `public.b` has 1 rows in the backup, expected at least 2";
    assert.throws(() => backup.expectRows("public.b", 2), { code: codes.ASSERTION, message });
    assert.throws(() => backup.expectRows("b", 0), { message: "the backup has no table `b`" });
});

/** A folder with these files, each with its own name for a script. */
function folder(...names: string[]): void {
    host.begin();
    names.forEach((name) => (host.folder[`/moves/${name}`] = name));
}

/** The database has seen these: version and state, and perhaps another script than the folder has. */
function seen(...all: [version: string, state: string, script?: string][]): void {
    const rows = all.map(([version, state, script]) => [version, "a", `sum of ${script ?? `${version}_a.up.sql`}`, state]);
    const columns = ["version", "title", "checksum", "state"].map((label) => ({ label, kind: "text", declared: "text" }));
    const cell = (row: number, column: number) => rows[row]?.[column];
    host.answers["history"] = () => ({ columns: () => columns, count: () => rows.length, truncated: () => false, cell });
}

/** What was done with the database. */
const done = () => host.said.filter(([word]) => word === "up" || word === "down");

test("a folder is read in the order of its numbers, and a slip of a name leaves nothing out", () => {
    folder("0010_a.up.sql", "9_a.up.sql", "0001_b_c.up.sql", "0001_b_c.down.sql", "notes.txt");
    assert.deepEqual(migrations.read("/moves").versions(), ["0001", "9", "0010"]);
    for (const slip of ["0001.up.sql", "_a.up.sql", "a_b.up.sql", "1_.up.sql", "1_a.sql", "1_a.UP.sql", "-1_a.up.sql", "18446744073709551616_a.up.sql"]) {
        folder(slip);
        const message = `/moves/${slip} is no migration: its name must be VERSION_title.up.sql or VERSION_title.down.sql`;
        assert.throws(() => migrations.read("/moves"), { code: codes.ASSERTION, message });
    }
    folder("1_a.up.sql", "01_a.down.sql");
    assert.throws(() => migrations.read("/moves"), { message: "/moves has two migrations of the number 1" });
    folder("1_a.down.sql");
    assert.throws(() => migrations.read("/moves"), { message: "/moves: migration 1 goes back and has no file that goes up" });
});

test("what is not applied is, what is unfinished first", () => {
    folder("1_a.up.sql", "2_a.up.sql", "3_a.up.sql", "3_a.down.sql", "4_a.up.sql");
    seen(["1", "applied"], ["2", "taken-back"], ["3", "unfinished"]);
    const [shop, all] = [db.open("main"), migrations.read("/moves").timeout(secs(5)).withoutBackup("it is new")];
    assert.deepEqual(all.status(shop), { applied: ["1"], pending: ["2", "4"], changed: [], missing: [], unfinished: ["3"] });
    host.said.length = 0;
    assert.deepEqual(all.up(shop), ["3", "2", "4"]);
    assert.deepEqual(done(), [["up", "3"], ["up", "2"], ["up", "4"]]);
    const third = host.said.findIndex(([word]) => word === "downScript");
    assert.deepEqual(host.said.slice(third - 1, third + 4), [
        ["migration of", "3", "a", "3_a.up.sql"],
        ["downScript", "3_a.down.sql"],
        ["timeout", 5_000],
        ["withoutBackup", "it is new"],
        ["up", "3"],
    ]);
});

test("nothing is done when a script was changed or is not there", () => {
    folder("1_a.up.sql", "2_a.up.sql");
    seen(["1", "applied", "another"]);
    const [shop, all] = [db.open("main"), migrations.read("/moves")];
    assert.throws(() => all.up(shop), { code: codes.ASSERTION, message: "migration 1 was changed after it had been applied: write a new one" });
    seen(["7", "applied"]);
    assert.throws(() => all.up(shop), { message: "migration 7 is applied, and there is no file of it" });
    assert.deepEqual(done(), []);
});

test("the way back leads to what was recorded", () => {
    folder("1_a.up.sql", "2_a.up.sql", "2_a.down.sql", "3_a.up.sql", "3_a.down.sql");
    const [shop, all] = [db.open("main"), migrations.read("/moves")];
    seen(["1", "applied"]);
    const recorded = shop.history();
    assert.deepEqual(recorded, [{ version: "1", title: "a", checksum: "sum of 1_a.up.sql", state: "applied" }]);
    seen(["1", "applied"], ["2", "applied"], ["3", "applied"]);
    assert.deepEqual(all.downTo(shop, recorded), ["3", "2"]);
    seen(["1", "applied"], ["2", "applied"], ["3", "unfinished-back"]);
    assert.deepEqual(all.downTo(shop, recorded), ["3", "2"]);
    assert.deepEqual(done(), [["down", "3"], ["down", "2"], ["down", "3"], ["down", "2"]]);
    host.said.length = 0;
    seen(["1", "applied"], ["2", "applied"]);
    assert.throws(() => all.downTo(shop, []), { message: "migration 1 has no file that goes back: restore the backup" });
    seen(["2", "applied"]);
    const elsewhere = "migration 1 was applied when it was recorded, and is not any more: somebody else has migrated";
    assert.throws(() => all.downTo(shop, recorded), { code: codes.ASSERTION, message: elsewhere });
    seen(["1", "applied"], ["2", "unfinished"]);
    assert.throws(() => all.downTo(shop, recorded), { message: "migration 2 is unfinished: go on with it, or restore the backup" });
    seen(["1", "applied"], ["7", "applied"]);
    assert.throws(() => all.downTo(shop, recorded), { message: "migration 7 is applied, and there is no file of it" });
    assert.throws(() => all.downTo(shop, "1" as never), { message: "what was recorded must be what `history` of a database gave" });
    assert.deepEqual(done(), []);
});
