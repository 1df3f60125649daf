//! Backups and migrations.

use lockstep::db::{Database, History};
use lockstep::prelude::*;

use crate::refused;

pub fn forward(ctx: &Ctx) -> Result<History> {
    let shop = db::open("main")?;
    let recorded = shop.history()?;
    ctx.remember("recorded", &recorded)?;
    refused("no backup was tried", db::migrations("/migrations")?.up(&shop));
    backups(&shop)?;
    let all = db::migrations("/migrations")?.timeout(secs(5));
    info!("{}", all.versions().join(" "));
    info!("{}", all.up(&shop)?.join(" "));
    info!("{}", all.down_to(&shop, &recorded)?.join(" "));
    let all = all.without_backup("the \"first\" one of ü was tried");
    all.up(&shop)?;
    let stand = all.status(&shop)?;
    let [applied, pending, changed] = [stand.applied, stand.pending, stand.changed].map(|versions| versions.len());
    info!("{applied} {pending} {changed} {} {}", stand.missing.len(), stand.unfinished.len());
    refused("a slip of a name", db::migrations("/migrations/slips"));
    shop.history()
}

pub fn back(ctx: &Ctx) -> Result<()> {
    if let Some(recorded) = ctx.recall::<History>("recorded")? {
        let back = db::migrations("/migrations")?.down_to(&db::open("main")?, &recorded)?;
        info!("{}", back.join(" "));
    }
    Ok(())
}

fn backups(shop: &Database) -> Result<()> {
    let order = db::backup("before").at_least_bytes(1).at_least_rows("public.ü", 1 << 62);
    let made = shop.backup(order.timeout(minutes(1)))?;
    info!("{} {} {} {}", made.database(), made.engine(), made.format(), made.server_version());
    for table in made.tables() {
        info!("{} {} {}", table.name, table.rows, table.checksum);
    }
    info!("{} {}", made.rows(), made.artifact().text()?);
    made.expect_rows("public.things", 2)?;
    refused("too few rows", made.expect_rows("public.things", 3));
    refused("no such table", made.expect_rows("things", 1));
    let named = shop.backup_named("before")?;
    ensure!(named.artifact().digest() == made.artifact().digest(), "another backup came back");
    shop.verify_backup(&named)?;
    shop.restore_over(&named)?;
    refused("a database that is not empty", shop.restore(&named));
    refused("too few rows to keep", shop.backup(db::backup("small").at_least_rows("public.none", 1)));
    refused("no backup", shop.backup_in(&artifact::by_id("odd")?));
    Ok(())
}
