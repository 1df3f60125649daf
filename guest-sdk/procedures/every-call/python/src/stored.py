"""Stores and databases."""

from decimal import Decimal

from lockstep import Ctx, db, ensure, log, redis, secs
from refused import refused


def store(ctx: Ctx) -> None:
    least, most = ctx.output("numbers")
    commands(most)
    replies(least)
    keys()
    shop = db.open("main").expect_engine("postgresql")
    shop.ping()
    changes(shop, least, most)
    rows(shop, most)
    refused_by_database(shop)


def commands(most: int) -> None:
    cache = redis.open("cache").timeout(secs(1))
    log.info(f"{cache.ping().microseconds} {cache.info()} {cache.info('memory')}")
    cache.run(["SET", "app:most", most]).expect("OK")
    cache.run_bytes(["SET", "app:ü", bytes([0, 255, 10])]).expect("OK")
    ensure(cache.run(["GET", "app:most"]).integer() == most, "another number came back")
    none = cache.run(["GET", "app:none"])
    ensure(none.is_nil(), "something came back")
    refused("a text of nothing", lambda: none.text())
    refused("bytes of nothing", lambda: none.bytes())
    refused("a number of nothing", lambda: none.integer())
    refused("a list", lambda: cache.run(["GET", "app:list"]))
    refused("another's key", lambda: cache.run(["GET", "other"]))
    refused("all keys", lambda: cache.run(["FLUSHDB"]))
    refused("no command", lambda: cache.run([]))
    refused("nobody knows", lambda: cache.run(["INCR", "app:slow"]))
    refused("no store", lambda: redis.open("none"))


def replies(least: int) -> None:
    list = redis.open("cache").run(["LRANGE", "app:list", 0, -1])
    list.part(4).expect(["deep", 0.5])
    list.part(5).expect({"size": 1})
    ensure(list.part(2).integer() == least, "another number came back")
    ensure(list.part(0).bytes() == "ü".encode(), "another text came back")
    for part in list.parts():
        log.info(f"{part.kind()} {part.count()}")
    log.info(f"{list.part(0).text()} {list.part(1).text()} {list.part(3).text()}")
    refused("no such part", lambda: list.part(6))
    refused("no number", lambda: list.part(0).integer())


def keys() -> None:
    cache = redis.open("cache")
    found = cache.scan("app:ü", 10)
    for key in found.keys():
        log.info(key.decode())
    log.info(f"{found.total().microseconds} {found.slowest().microseconds}")
    log.info(str(cache.delete_by_prefix("app:ü", 100_000)))
    refused("too many", lambda: cache.scan("app:many:", 1))
    refused("more than any", lambda: cache.scan("app:many:", 2**32 - 1))
    refused("all of them", lambda: cache.delete_by_prefix("", 1))


def changes(shop: db.Database, least: int, most: int) -> None:
    values = db.sql("INSERT INTO things VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id")
    for value in (None, True, least, 2**64 - 1, 0.5, Decimal("-0.10"), "ü € 𝄞", bytes([0, 255, 10])):
        values.bind(value)
    values.bind(db.Instant("2026-01-05T09:00:00.000001Z")).bind(db.Json({"most": most})).bind("")
    made = shop.execute(values.timeout(secs(5)).idempotent()).expect_rows(1)
    log.info(f"{made.rows()} {made.returned()[0].value()}")

    def update() -> db.Statement:
        return db.sql("UPDATE things SET note = $1 WHERE id = $2").bind("seen").bind(1)

    def note() -> db.Statement:
        return db.sql("INSERT INTO notes VALUES ($1)").bind("noted")

    done = shop.commit(db.transaction().add(update()).expect_rows(3).add(note()).timeout(secs(5)).idempotent())
    log.info(str(done.all_rows()))
    refused("other rows", lambda: shop.commit(db.transaction().add(note()).add(update()).expect_rows(2)))


def rows(shop: db.Database, most: int) -> None:
    found = shop.query(db.sql("SELECT * FROM things WHERE id <> $1").bind(3).limit_rows(2))
    columns = [f"{column.label} {column.kind} {column.declared}" for column in found.columns()]
    log.info(f"{', '.join(columns)} {len(found)} {'true' if found.truncated() else 'false'}")
    for row in found:
        log.info(f"{row.get('id')} {row.get('exact')}")
        log.info(f"{str(row.get('share') < 0).lower()} {str(row.get('there')).lower()}")
        log.info(f"{row.get('note') or 'NULL'} {row.text('at')}")
        log.info(f"{row.text('raw')} {len(row.get('raw'))}")
    first = next(iter(found))
    ensure(first.get("doc") == {"most": most}, "another document came back")
    ensure(first.bytes("raw") == bytes([0, 255, 10]), "other bytes came back")
    refused("no such column", lambda: first.text("none"))
    refused("not one row", lambda: found.one())


def refused_by_database(shop: db.Database) -> None:
    refused("there already", lambda: shop.execute(db.sql("INSERT INTO notes VALUES ($1, $1)").bind("twice")))
    refused("nobody knows", lambda: shop.execute(db.sql("UPDATE slow SET a = $1 WHERE b = $1").bind(1).timeout(secs(1))))
    refused("all rows", lambda: shop.execute(db.sql("DELETE FROM things")))
    refused("two statements", lambda: shop.query(db.sql("SELECT 1; SELECT 2")))
    refused("no statement", lambda: shop.query(db.sql("")))
    refused("an instant that is none", lambda: shop.query(db.sql("SELECT $1").bind(db.Instant("yesterday"))))
    refused("no database", lambda: db.open("none"))
