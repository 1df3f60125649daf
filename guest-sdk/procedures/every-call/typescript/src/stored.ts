// Stores and databases.

import { type Ctx, db, ensure, log, redis, secs } from "lockstep-sdk";

import { refused } from "./refused.js";

export function store(ctx: Ctx): void {
    const [least, most] = ctx.output<[bigint, bigint]>("numbers");
    commands(most);
    replies(least);
    keys();
    const shop = db.open("main").expectEngine("postgresql");
    shop.ping();
    changes(shop, least, most);
    rows(shop, most);
    refusedByDatabase(shop);
}

function commands(most: bigint): void {
    const cache = redis.open("cache").timeout(secs(1));
    log.info(`${cache.ping().milliseconds * 1_000} ${cache.info()} ${cache.info("memory")}`);
    cache.run(["SET", "app:most", most]).expect("OK");
    cache.runBytes(["SET", "app:ü", new Uint8Array([0, 255, 10])]).expect("OK");
    ensure(cache.run(["GET", "app:most"]).integer() === most, "another number came back");
    const none = cache.run(["GET", "app:none"]);
    ensure(none.isNil(), "something came back");
    refused("a text of nothing", () => none.text());
    refused("bytes of nothing", () => none.bytes());
    refused("a number of nothing", () => none.integer());
    refused("a list", () => cache.run(["GET", "app:list"]));
    refused("another's key", () => cache.run(["GET", "other"]));
    refused("all keys", () => cache.run(["FLUSHDB"]));
    refused("no command", () => cache.run([]));
    refused("nobody knows", () => cache.run(["INCR", "app:slow"]));
    refused("no store", () => redis.open("none"));
}

function replies(least: bigint): void {
    const list = redis.open("cache").run(["LRANGE", "app:list", 0, -1]);
    list.part(4).expect(["deep", 0.5]);
    list.part(5).expect({ size: 1 });
    ensure(list.part(2).integer() === least, "another number came back");
    ensure(list.part(0).bytes().join() === "195,188", "another text came back");
    for (const part of list.parts()) {
        log.info(`${part.kind()} ${part.count()}`);
    }
    log.info(`${list.part(0).text()} ${list.part(1).text()} ${list.part(3).text()}`);
    refused("no such part", () => list.part(6));
    refused("no number", () => list.part(0).integer());
}

function keys(): void {
    const cache = redis.open("cache");
    const found = cache.scan("app:ü", 10);
    for (const key of found.keys()) {
        log.info(new TextDecoder().decode(key));
    }
    log.info(`${found.total().milliseconds * 1_000} ${found.slowest().milliseconds * 1_000}`);
    log.info(String(cache.deleteByPrefix("app:ü", 100_000)));
    refused("too many", () => cache.scan("app:many:", 1));
    refused("more than any", () => cache.scan("app:many:", 0xffff_ffff));
    refused("all of them", () => cache.deleteByPrefix("", 1));
}

function changes(shop: db.Database, least: bigint, most: bigint): void {
    const values = db.sql("INSERT INTO things VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id");
    values.bind(null).bind(true).bind(least).bind(2n ** 64n - 1n).bind(0.5).bind(db.decimal("-0.10")).bind("ü € 𝄞").bind(new Uint8Array([0, 255, 10]));
    values.bind(db.instant("2026-01-05T09:00:00.000001Z")).bind(db.json({ most })).bind("");
    const made = shop.execute(values.timeout(secs(5)).idempotent()).expectRows(1);
    log.info(`${made.rows()} ${made.returned()[0]?.value<bigint>()}`);
    const update = () => db.sql("UPDATE things SET note = $1 WHERE id = $2").bind("seen").bind(1);
    const note = () => db.sql("INSERT INTO notes VALUES ($1)").bind("noted");
    const done = shop.commit(db.transaction().add(update()).expectRows(3).add(note()).timeout(secs(5)).idempotent());
    log.info(`[${done.allRows().join(", ")}]`);
    refused("other rows", () => shop.commit(db.transaction().add(note()).add(update()).expectRows(2)));
}

function rows(shop: db.Database, most: bigint): void {
    const found = shop.query(db.sql("SELECT * FROM things WHERE id <> $1").bind(3).limitRows(2));
    const columns = found.columns.map(({ label, kind, declared }) => `${label} ${kind} ${declared}`);
    log.info(`${columns.join(", ")} ${found.length} ${found.truncated()}`);
    for (const row of found) {
        log.info(`${row.get<number | bigint>("id")} ${row.get<string>("exact")}`);
        log.info(`${row.get<number>("share") < 0} ${row.get<boolean>("there")}`);
        log.info(`${row.get<string | null>("note") ?? "NULL"} ${row.text("at")}`);
        log.info(`${row.text("raw")} ${row.bytes("raw")?.length}`);
    }
    const first = [...found][0];
    ensure(first?.get<{ most: bigint }>("doc").most === most, "another document came back");
    ensure(first.get<Uint8Array>("raw").join() === "0,255,10", "other bytes came back");
    refused("no such column", () => first.text("none"));
    refused("not one row", () => found.one());
}

function refusedByDatabase(shop: db.Database): void {
    refused("there already", () => shop.execute(db.sql("INSERT INTO notes VALUES ($1, $1)").bind("twice")));
    refused("nobody knows", () => shop.execute(db.sql("UPDATE slow SET a = $1 WHERE b = $1").bind(1).timeout(secs(1))));
    refused("all rows", () => shop.execute(db.sql("DELETE FROM things")));
    refused("two statements", () => shop.query(db.sql("SELECT 1; SELECT 2")));
    refused("no statement", () => shop.query(db.sql("")));
    refused("an instant that is none", () => shop.query(db.sql("SELECT $1").bind(db.instant("yesterday"))));
    refused("no database", () => db.open("none"));
}
