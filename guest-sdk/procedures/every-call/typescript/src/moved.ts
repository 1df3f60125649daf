// Backups and migrations.

import { artifact, type Ctx, db, ensure, log, migrations, minutes, secs } from "lockstep-sdk";

import { refused } from "./refused.js";

export function forward(ctx: Ctx): db.History {
    const shop = db.open("main");
    const recorded = shop.history();
    ctx.remember("recorded", recorded);
    refused("no backup was tried", () => migrations.read("/migrations").up(shop));
    backups(shop);
    const all = migrations.read("/migrations").timeout(secs(5));
    log.info(all.versions().join(" "));
    log.info(all.up(shop).join(" "));
    log.info(all.downTo(shop, recorded).join(" "));
    all.withoutBackup('the "first" one of ü was tried').up(shop);
    const { applied, pending, changed, missing, unfinished } = all.status(shop);
    log.info([applied, pending, changed, missing, unfinished].map((versions) => versions.length).join(" "));
    refused("a slip of a name", () => migrations.read("/migrations/slips"));
    return shop.history();
}

export function back(ctx: Ctx): void {
    const recorded = ctx.recall<db.History>("recorded");
    if (recorded !== undefined) {
        log.info(migrations.read("/migrations").downTo(db.open("main"), recorded).join(" "));
    }
}

function backups(shop: db.Database): void {
    const order = db.backup("before").atLeastBytes(1).atLeastRows("public.ü", 2n ** 62n);
    const made = shop.backup(order.timeout(minutes(1)));
    log.info(`${made.database()} ${made.engine()} ${made.format()} ${made.serverVersion()}`);
    for (const { name, rows, checksum } of made.tables()) {
        log.info(`${name} ${rows} ${checksum}`);
    }
    log.info(`${made.rows()} ${made.artifact().text()}`);
    made.expectRows("public.things", 2);
    refused("too few rows", () => made.expectRows("public.things", 3));
    refused("no such table", () => made.expectRows("things", 1));
    const named = shop.backupNamed("before");
    ensure(named.artifact().digest() === made.artifact().digest(), "another backup came back");
    shop.verifyBackup(named);
    shop.restoreOver(named);
    refused("a database that is not empty", () => shop.restore(named));
    refused("too few rows to keep", () => shop.backup(db.backup("small").atLeastRows("public.none", 1)));
    refused("no backup", () => shop.backupIn(artifact.byId("odd")));
}
