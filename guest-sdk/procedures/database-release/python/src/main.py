"""Releases a change of a database: its migrations are applied, the rows are counted before and after, and what was applied is taken back when a count is wrong,
by the migrations' own files or by the backup, as the operator has chosen: one of the two, never both."""

from lockstep import Ctx, Procedure, db, ensure, log, migrations, procedure

OLD_ROWS = "SELECT count(*) AS orders FROM orders WHERE email IS NOT NULL"

BACKUP = "before-release"
SMALLEST_BACKUP = 100
"""A database with a table in it does not become smaller."""


@procedure
def database_release(p: Procedure) -> None:
    p.describe("database-release", "0.1.0").title("Give the e-mail addresses of orders a table of their own")
    p.parameter("engine").title("What the database is").choices(["postgresql", "mariadb", "sqlite"]).fallback("postgresql")
    p.parameter("no-backup").title("Why no backup of this run is needed; without a reason there must be one").fallback("")
    p.parameter("expected").title("How many addresses there must be afterwards; 0 for as many as were counted").fallback(0)
    way_back = p.parameter("way-back").choices(["migrations", "backup"]).fallback("migrations")
    way_back.title("How a release that fails is taken back: by what each migration has for it, or by the backup, which takes back what others wrote since as well")

    p.phase("Pre-flight")
    p.step("engine", "The database is what the release was written for, and answers", engine)
    p.step("record", "What is applied by now is recorded: the way back leads there", record)
    p.step("count", "The orders that have an address are counted", count)
    p.phase("Backup")
    p.step("back-up", "The whole database is copied into an artifact, unless there is a reason why not", back_up)
    p.step("try-backup", "The copy is restored into a scratch database, and has every row in it", try_backup)
    p.phase("Migration")
    p.step("migrate", "Every migration of the release is applied", migrate).undo(go_back)
    p.phase("Data gate")
    p.step("gate", "There are as many addresses as orders that have one", gate)


def shop_of(ctx: Ctx) -> db.Database:
    """Every step asks again which engine it is: a run may be resumed under another grant."""
    return db.open("shop").expect_engine(ctx.parameter("engine"))


def no_backup(ctx: Ctx) -> str | None:
    """Why no backup is needed, if somebody has said so."""
    return ctx.parameter("no-backup") or None


def of_the_release(ctx: Ctx) -> migrations.Migrations:
    all, reason = migrations.read("/migrations"), no_backup(ctx)
    return all if reason is None else all.without_backup(reason)


def engine(ctx: Ctx) -> None:
    shop_of(ctx).ping()


def by_backup(ctx: Ctx) -> bool:
    return ctx.parameter("way-back") == "backup"


def record(ctx: Ctx) -> list[db.Applied]:
    message = "the way back is the backup, and there is to be none: leave `no-backup` or `way-back` out"
    ensure(not by_backup(ctx) or no_backup(ctx) is None, message)
    return shop_of(ctx).history()


def count(ctx: Ctx) -> int:
    return shop_of(ctx).query(db.sql(OLD_ROWS)).value()


def back_up(ctx: Ctx) -> None:
    if no_backup(ctx) is None:
        backup = shop_of(ctx).backup(db.backup(BACKUP).at_least_bytes(SMALLEST_BACKUP))
        log.info(f"{backup.rows()} rows are kept in {BACKUP}")


def try_backup(ctx: Ctx) -> None:
    if no_backup(ctx) is None:
        shop = shop_of(ctx)
        shop.verify_backup(shop.backup_named(BACKUP))


def migrate(ctx: Ctx) -> list[str]:
    applied = of_the_release(ctx).up(shop_of(ctx))
    log.info(f"applied: {', '.join(applied)}")
    return applied


def go_back(ctx: Ctx) -> None:
    """To what was recorded, not a number of steps back: it does not matter how far `migrate` came.

    Where nothing was migrated there is nothing to put back, and what others have written since the backup stays.
    """
    shop, recorded = shop_of(ctx), ctx.output("record")
    if not by_backup(ctx):
        back = of_the_release(ctx).down_to(shop, recorded)
        log.info(f"taken back: {', '.join(back)}")
    elif shop.history() != recorded:
        shop.restore_over(shop.backup_named(BACKUP))
        log.info(f"{BACKUP} is in the place of everything that was there")


def gate(ctx: Ctx) -> int:
    counts = "SELECT (SELECT count(*) FROM orders WHERE email IS NOT NULL) AS old_rows, (SELECT count(*) FROM contacts) AS new_rows"
    row = shop_of(ctx).query(db.sql(counts)).one()
    before, old, new = ctx.output("count"), row.get("old_rows"), row.get("new_rows")
    ensure(old == new, f"{old} orders have an address, and {new} are in `contacts`")
    ensure(new >= before, f"{before} orders had an address, and {new} are in `contacts`")
    expected = ctx.parameter("expected", int)
    ensure(expected in (0, new), f"{new} addresses are in `contacts`, expected {expected}")
    return new
