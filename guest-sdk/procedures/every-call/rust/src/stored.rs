//! Stores and databases.

use lockstep::db::{Decimal, Instant, Json};
use lockstep::prelude::*;
use lockstep::serde_json;

use crate::refused;

pub fn store(ctx: &Ctx) -> Result<()> {
    let [least, most]: [i64; 2] = ctx.output("numbers")?;
    commands(most)?;
    replies(least)?;
    keys()?;
    let shop = db::open("main")?.expect_engine("postgresql")?;
    shop.ping()?;
    changes(&shop, least, most)?;
    rows(&shop, most)?;
    refused_by_database(&shop);
    Ok(())
}

fn commands(most: i64) -> Result<()> {
    let cache = redis::open("cache")?.timeout(secs(1));
    info!("{} {} {}", cache.ping()?.as_micros(), cache.info("")?, cache.info("memory")?);
    cache.run(["SET", "app:most", &most.to_string()])?.expect("OK")?;
    cache.run_bytes([b"SET".to_vec(), "app:ü".into(), vec![0, 255, 10]])?.expect("OK")?;
    ensure!(cache.run(["GET", "app:most"])?.integer()? == most, "another number came back");
    let none = cache.run(["GET", "app:none"])?;
    ensure!(none.is_nil(), "something came back");
    refused("a text of nothing", none.text());
    refused("bytes of nothing", none.bytes());
    refused("a number of nothing", none.integer());
    refused("a list", cache.run(["GET", "app:list"]));
    refused("another's key", cache.run(["GET", "other"]));
    refused("all keys", cache.run(["FLUSHDB"]));
    refused("no command", cache.run([""; 0]));
    refused("nobody knows", cache.run(["INCR", "app:slow"]));
    refused("no store", redis::open("none"));
    Ok(())
}

fn replies(least: i64) -> Result<()> {
    let list = redis::open("cache")?.run(["LRANGE", "app:list", "0", "-1"])?;
    list.part(4)?.expect(json!(["deep", 0.5]))?;
    list.part(5)?.expect(json!({ "size": 1 }))?;
    ensure!(list.part(2)?.integer()? == least, "another number came back");
    ensure!(list.part(0)?.bytes()? == "ü".as_bytes(), "another text came back");
    for part in list.parts()? {
        info!("{} {}", part.kind(), part.count());
    }
    info!("{} {} {}", list.part(0)?.text()?, list.part(1)?.text()?, list.part(3)?.text()?);
    refused("no such part", list.part(6));
    refused("no number", list.part(0)?.integer());
    Ok(())
}

fn keys() -> Result<()> {
    let cache = redis::open("cache")?;
    let found = cache.scan("app:ü", 10)?;
    for key in found.keys() {
        info!("{}", String::from_utf8_lossy(&key));
    }
    info!("{} {}", found.total().as_micros(), found.slowest().as_micros());
    info!("{}", cache.delete_by_prefix("app:ü", 100_000)?);
    refused("too many", cache.scan("app:many:", 1));
    refused("more than any", cache.scan("app:many:", u32::MAX));
    refused("all of them", cache.delete_by_prefix("", 1));
    Ok(())
}

fn changes(shop: &db::Database, least: i64, most: i64) -> Result<()> {
    let values = db::sql("INSERT INTO things VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id");
    let values = values.bind(None::<&str>).bind(true).bind(least).bind(u64::MAX).bind(0.5).bind(Decimal("-0.10")).bind("ü € 𝄞").bind(vec![0, 255, 10]);
    let values = values.bind(Instant("2026-01-05T09:00:00.000001Z")).bind(Json(json!({ "most": most }))).bind("");
    let made = shop.execute(values.timeout(secs(5)).idempotent())?.expect_rows(1)?;
    info!("{} {}", made.rows(), made.returned()[0].value::<i64>()?);
    let update = || db::sql("UPDATE things SET note = $1 WHERE id = $2").bind("seen").bind(1);
    let note = || db::sql("INSERT INTO notes VALUES ($1)").bind("noted");
    let done = shop.commit(db::transaction().add(update()).expect_rows(3).add(note()).timeout(secs(5)).idempotent())?;
    info!("{:?}", done.all_rows());
    refused("other rows", shop.commit(db::transaction().add(note()).add(update()).expect_rows(2)));
    Ok(())
}

fn rows(shop: &db::Database, most: i64) -> Result<()> {
    let found = shop.query(db::sql("SELECT * FROM things WHERE id <> $1").bind(3).limit_rows(2))?;
    let columns: Vec<_> = found.columns().iter().map(|column| format!("{} {} {}", column.label, column.kind, column.declared)).collect();
    info!("{} {} {}", columns.join(", "), found.len(), found.truncated());
    for row in found.iter() {
        info!("{} {}", row.get::<i64>("id")?, row.text("exact")?.unwrap_or_default());
        info!("{} {}", row.get::<f64>("share")? < 0.0, row.get::<bool>("there")?);
        info!("{} {}", row.text("note")?.unwrap_or("NULL"), row.text("at")?.unwrap_or_default());
        info!("{} {}", row.text("raw")?.unwrap_or_default(), row.bytes("raw")?.unwrap_or_default().len());
    }
    let first = found.iter().next().context("reading the first row")?;
    let doc: serde_json::Value = first.get("doc")?;
    ensure!(doc == json!({ "most": most }), "another document came back");
    ensure!(first.bytes("raw")?.as_deref() == Some(&[0, 255, 10]), "other bytes came back");
    refused("no such column", first.text("none"));
    refused("not one row", found.one());
    Ok(())
}

fn refused_by_database(shop: &db::Database) {
    refused("there already", shop.execute(db::sql("INSERT INTO notes VALUES ($1, $1)").bind("twice")));
    refused("nobody knows", shop.execute(db::sql("UPDATE slow SET a = $1 WHERE b = $1").bind(1).timeout(secs(1))));
    refused("all rows", shop.execute(db::sql("DELETE FROM things")));
    refused("two statements", shop.query(db::sql("SELECT 1; SELECT 2")));
    refused("no statement", shop.query(db::sql("")));
    refused("an instant that is none", shop.query(db::sql("SELECT $1").bind(Instant("yesterday"))));
    refused("no database", db::open("none"));
}
