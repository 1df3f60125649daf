//! Releases a change of a database: its migrations are applied, the rows are counted before and after, and what was applied is taken back when a count is wrong,
//! by the migrations' own files or by the backup, as the operator has chosen: one of the two, never both.

use lockstep::db::{Database, History, Migrations};
use lockstep::prelude::*;

lockstep::procedure!(database_release);

const OLD_ROWS: &str = "SELECT count(*) AS orders FROM orders WHERE email IS NOT NULL";

const BACKUP: &str = "before-release";
/// A database with a table in it does not become smaller.
const SMALLEST_BACKUP: u64 = 100;

fn database_release(p: &mut Procedure) {
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
    p.step("back-up", "The whole database is copied into an artifact, unless there is a reason why not", back_up);
    p.step("try-backup", "The copy is restored into a scratch database, and has every row in it", try_backup);
    p.phase("Migration");
    p.step("migrate", "Every migration of the release is applied", migrate).undo(go_back);
    p.phase("Data gate");
    p.step("gate", "There are as many addresses as orders that have one", gate);
}

/// Every step asks again which engine it is: a run may be resumed under another grant.
fn open(ctx: &Ctx) -> Result<Database> {
    db::open("shop")?.expect_engine(&ctx.parameter::<String>("engine")?)
}

/// Why no backup is needed, if somebody has said so.
fn no_backup(ctx: &Ctx) -> Result<Option<String>> {
    Ok(Some(ctx.parameter::<String>("no-backup")?).filter(|reason| !reason.is_empty()))
}

fn migrations(ctx: &Ctx) -> Result<Migrations> {
    let migrations = db::migrations("/migrations")?;
    Ok(match no_backup(ctx)? {
        Some(reason) => migrations.without_backup(reason),
        None => migrations,
    })
}

fn engine(ctx: &Ctx) -> Result<()> {
    open(ctx)?.ping()
}

fn by_backup(ctx: &Ctx) -> Result<bool> {
    Ok(ctx.parameter::<String>("way-back")? == "backup")
}

fn record(ctx: &Ctx) -> Result<History> {
    ensure!(!by_backup(ctx)? || no_backup(ctx)?.is_none(), "the way back is the backup, and there is to be none: leave `no-backup` or `way-back` out");
    open(ctx)?.history()
}

fn count(ctx: &Ctx) -> Result<u32> {
    open(ctx)?.query(db::sql(OLD_ROWS))?.value()
}

fn back_up(ctx: &Ctx) -> Result<()> {
    if no_backup(ctx)?.is_none() {
        let backup = open(ctx)?.backup(db::backup(BACKUP).at_least_bytes(SMALLEST_BACKUP))?;
        info!("{} rows are kept in {BACKUP}", backup.rows());
    }
    Ok(())
}

fn try_backup(ctx: &Ctx) -> Result<()> {
    if no_backup(ctx)?.is_some() {
        return Ok(());
    }
    let shop = open(ctx)?;
    shop.verify_backup(&shop.backup_named(BACKUP)?)
}

fn migrate(ctx: &Ctx) -> Result<Vec<String>> {
    let applied = migrations(ctx)?.up(&open(ctx)?)?;
    info!("applied: {}", applied.join(", "));
    Ok(applied)
}

/// To what was recorded, not a number of steps back: it does not matter how far `migrate` came.
fn go_back(ctx: &Ctx) -> Result<()> {
    let (shop, recorded) = (open(ctx)?, ctx.output::<History>("record")?);
    if !by_backup(ctx)? {
        let back = migrations(ctx)?.down_to(&shop, &recorded)?;
        info!("taken back: {}", back.join(", "));
    } else if shop.history()? != recorded {
        shop.restore_over(&shop.backup_named(BACKUP)?)?;
        info!("{BACKUP} is in the place of everything that was there");
    }
    // Where nothing was migrated there is nothing to put back, and what others have written since the backup stays.
    Ok(())
}

fn gate(ctx: &Ctx) -> Result<u32> {
    let counts = "SELECT (SELECT count(*) FROM orders WHERE email IS NOT NULL) AS old_rows, (SELECT count(*) FROM contacts) AS new_rows";
    let rows = open(ctx)?.query(db::sql(counts))?;
    let row = rows.one()?;
    let (before, old, new): (u32, u32, u32) = (ctx.output("count")?, row.get("old_rows")?, row.get("new_rows")?);
    ensure!(old == new, "{old} orders have an address, and {new} are in `contacts`");
    ensure!(new >= before, "{before} orders had an address, and {new} are in `contacts`");
    let expected: u32 = ctx.parameter("expected")?;
    ensure!(expected == 0 || expected == new, "{new} addresses are in `contacts`, expected {expected}");
    Ok(new)
}
