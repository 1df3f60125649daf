// Releases a change of a database: its migrations are applied, the rows are counted before and after, and what was applied is taken back when a count is wrong,
// by the migrations' own files or by the backup, as the operator has chosen: one of the two, never both.

import { type Ctx, db, ensure, log, migrations, type Procedure } from "lockstep-sdk";

const OLD_ROWS = "SELECT count(*) AS orders FROM orders WHERE email IS NOT NULL";

const BACKUP = "before-release";
/** A database with a table in it does not become smaller. */
const SMALLEST_BACKUP = 100;

export default function databaseRelease(p: Procedure): void {
    p.describe("database-release", "0.1.0").title("Give the e-mail addresses of orders a table of their own");
    p.parameter("engine").title("What the database is").choices(["postgresql", "mariadb", "sqlite"]).fallback("postgresql");
    p.parameter("no-backup").title("Why no backup of this run is needed; without a reason there must be one").fallback("");
    p.parameter("expected").title("How many addresses there must be afterwards; 0 for as many as were counted").fallback(0);
    p.parameter("way-back")
        .title("How a release that fails is taken back: by what each migration has for it, or by the backup, which takes back what others wrote since as well")
        .choices(["migrations", "backup"])
        .fallback("migrations");

    p.phase("Pre-flight");
    p.step("engine", "The database is what the release was written for, and answers", engine);
    p.step("record", "What is applied by now is recorded: the way back leads there", record);
    p.step("count", "The orders that have an address are counted", count);
    p.phase("Backup");
    p.step("back-up", "The whole database is copied into an artifact, unless there is a reason why not", backUp);
    p.step("try-backup", "The copy is restored into a scratch database, and has every row in it", tryBackup);
    p.phase("Migration");
    p.step("migrate", "Every migration of the release is applied", migrate).undo(goBack);
    p.phase("Data gate");
    p.step("gate", "There are as many addresses as orders that have one", gate);
}

/** Every step asks again which engine it is: a run may be resumed under another grant. */
function open(ctx: Ctx): db.Database {
    return db.open("shop").expectEngine(ctx.parameter("engine"));
}

/** Why no backup is needed, if somebody has said so. */
function noBackup(ctx: Ctx): string | undefined {
    return ctx.parameter("no-backup") || undefined;
}

function ofTheRelease(ctx: Ctx): migrations.Migrations {
    const [all, reason] = [migrations.read("/migrations"), noBackup(ctx)];
    return reason === undefined ? all : all.withoutBackup(reason);
}

function engine(ctx: Ctx): void {
    open(ctx).ping();
}

function byBackup(ctx: Ctx): boolean {
    return ctx.parameter("way-back") === "backup";
}

function record(ctx: Ctx): db.History {
    ensure(!byBackup(ctx) || noBackup(ctx) === undefined, "the way back is the backup, and there is to be none: leave `no-backup` or `way-back` out");
    return open(ctx).history();
}

function count(ctx: Ctx): number {
    return open(ctx).query(db.sql(OLD_ROWS)).value(Number);
}

function backUp(ctx: Ctx): void {
    if (noBackup(ctx) === undefined) {
        const backup = open(ctx).backup(db.backup(BACKUP).atLeastBytes(SMALLEST_BACKUP));
        log.info(`${backup.rows()} rows are kept in ${BACKUP}`);
    }
}

function tryBackup(ctx: Ctx): void {
    if (noBackup(ctx) !== undefined) {
        return;
    }
    const shop = open(ctx);
    shop.verifyBackup(shop.backupNamed(BACKUP));
}

function migrate(ctx: Ctx): string[] {
    const applied = ofTheRelease(ctx).up(open(ctx));
    log.info(`applied: ${applied.join(", ")}`);
    return applied;
}

/** To what was recorded, not a number of steps back: it does not matter how far `migrate` came. */
function goBack(ctx: Ctx): void {
    const [shop, recorded] = [open(ctx), ctx.output<db.History>("record")];
    if (!byBackup(ctx)) {
        const back = ofTheRelease(ctx).downTo(shop, recorded);
        log.info(`taken back: ${back.join(", ")}`);
    } else if (JSON.stringify(shop.history()) !== JSON.stringify(recorded)) {
        shop.restoreOver(shop.backupNamed(BACKUP));
        log.info(`${BACKUP} is in the place of everything that was there`);
    }
    // Where nothing was migrated there is nothing to put back, and what others have written since the backup stays.
}

function gate(ctx: Ctx): number {
    const counts = "SELECT (SELECT count(*) FROM orders WHERE email IS NOT NULL) AS old_rows, (SELECT count(*) FROM contacts) AS new_rows";
    const row = open(ctx).query(db.sql(counts)).one();
    const [before, old, now] = [ctx.output<number>("count"), row.get("old_rows", Number), row.get("new_rows", Number)];
    ensure(old === now, `${old} orders have an address, and ${now} are in \`contacts\``);
    ensure(now >= before, `${before} orders had an address, and ${now} are in \`contacts\``);
    const expected = ctx.parameter("expected", Number);
    ensure(expected === 0 || expected === now, `${now} addresses are in \`contacts\`, expected ${expected}`);
    return now;
}
