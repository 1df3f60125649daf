"""Backups and migrations."""

from lockstep import Ctx, artifact, db, ensure, log, migrations, minutes, secs
from refused import refused


def forward(ctx: Ctx) -> list[db.Applied]:
    shop = db.open("main")
    recorded = shop.history()
    ctx.remember("recorded", recorded)
    refused("no backup was tried", lambda: migrations.read("/migrations").up(shop))
    backups(shop)
    all = migrations.read("/migrations").timeout(secs(5))
    log.info(" ".join(all.versions()))
    log.info(" ".join(all.up(shop)))
    log.info(" ".join(all.down_to(shop, recorded)))
    all.without_backup('the "first" one of ü was tried').up(shop)
    stand = all.status(shop)
    log.info(f"{len(stand.applied)} {len(stand.pending)} {len(stand.changed)} {len(stand.missing)} {len(stand.unfinished)}")
    refused("a slip of a name", lambda: migrations.read("/migrations/slips"))
    return shop.history()


def back(ctx: Ctx) -> None:
    recorded = ctx.recall("recorded")
    if recorded is not None:
        log.info(" ".join(migrations.read("/migrations").down_to(db.open("main"), recorded)))


def backups(shop: db.Database) -> None:
    order = db.backup("before").at_least_bytes(1).at_least_rows("public.ü", 1 << 62)
    made = shop.backup(order.timeout(minutes(1)))
    log.info(f"{made.database()} {made.engine()} {made.format()} {made.server_version()}")
    for table in made.tables():
        log.info(f"{table.name} {table.rows} {table.checksum}")
    log.info(f"{made.rows()} {made.artifact().text()}")
    made.expect_rows("public.things", 2)
    refused("too few rows", lambda: made.expect_rows("public.things", 3))
    refused("no such table", lambda: made.expect_rows("things", 1))
    named = shop.backup_named("before")
    ensure(named.artifact().digest() == made.artifact().digest(), "another backup came back")
    shop.verify_backup(named)
    shop.restore_over(named)
    refused("a database that is not empty", lambda: shop.restore(named))
    refused("too few rows to keep", lambda: shop.backup(db.backup("small").at_least_rows("public.none", 1)))
    refused("no backup", lambda: shop.backup_in(artifact.by_id("odd")))
