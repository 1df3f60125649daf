//! Databases that are large, and disks that are full.

use std::process::Stdio;

use rusqlite::Connection;

use super::super::bad_input::in_namespace;
use super::{REASON, Shop};
use crate::place::Ran;

/// What a run may take more for a database of a hundred megabytes than for one of a few rows: pieces on their way, and what allocators keep.
const MORE: u64 = 24 << 10;

/// A table of a hundred megabytes that no program can make much smaller.
fn fill(shop: &Shop) {
    let rows = match shop.engine {
        "postgresql" => "SELECT i, (SELECT string_agg(md5((i * 31 + j)::text), '') FROM generate_series(1, 30) j) FROM generate_series(1, 110000) i".to_owned(),
        "mariadb" => "SELECT seq, REPEAT(MD5(seq), 30) FROM seq_1_to_110000".to_owned(),
        _ => "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 110000) SELECT i, hex(randomblob(480)) FROM n".to_owned(),
    };
    shop.ask(&format!("CREATE TABLE large (id INTEGER PRIMARY KEY, label VARCHAR(1000)); INSERT INTO large (id, label) {rows}"));
}

/// The most memory that a release has taken, in KiB: what the kernel keeps for the process itself, read until it ends.
fn peak(shop: &Shop) -> Option<u64> {
    let args = shop.release(&["way-back=backup", "expected=7"]);
    let mut command = shop.command(None, &args.iter().map(String::as_str).collect::<Vec<_>>());
    let mut running = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let (status, mut peak) = (format!("/proc/{}/status", running.id()), None);
    while running.try_wait().unwrap().is_none() {
        let said = std::fs::read_to_string(&status).unwrap_or_default();
        let now = said.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<u64>().ok());
        peak = peak.max(now);
        std::thread::yield_now();
    }
    assert_eq!(running.wait().unwrap().code(), Some(6), "{}", shop.engine);
    peak
}

/// It is copied, tried and put back, and taken into memory by none of the three.
#[test]
fn a_database_of_a_hundred_megabytes_takes_the_memory_of_one_of_a_few_rows() {
    for shop in Shop::everywhere() {
        // The first compiles the component.
        peak(&shop);
        let few = peak(&shop);
        fill(&shop);
        let (Some(few), Some(many)) = (few, peak(&shop)) else {
            crate::place::missing("/proc/PID/status, the peak of a program's memory");
            return;
        };
        let artifacts = shop.lockstep(&["artifacts", "ls", "latest", "--json"]).expect(0).json();
        let size: u64 = artifacts[0]["size"].as_str().unwrap_or_else(|| panic!("{artifacts}")).parse().unwrap();
        eprintln!("{}: a backup of {} MB; at most {few} KiB resident for a few rows, {many} KiB for a hundred megabytes", shop.engine, size >> 20);
        assert!(size > 50 << 20, "{}: {size}", shop.engine);
        assert!(many < few + MORE, "{}: {few} KiB for a few rows, {many} KiB for a hundred megabytes", shop.engine);
        assert_eq!(shop.ask("SELECT count(*) FROM large"), "110000", "{}", shop.engine);
    }
}

/// On a disk of its own of that size. What is on it at the end is `out.db`, and what is beside it `left`.
fn on_a_disk_of(shop: &Shop, size: &str, more: &[&str]) -> Option<Ran> {
    let args = shop.release(more);
    // This writes the grant.
    shop.command(None, &[]);
    let grant = std::fs::read_to_string(shop.place.path().join("shop.toml")).unwrap().replace("\"shop.db\"", "\"small/shop.db\"");
    shop.place.write("small.toml", grant);
    let args: Vec<String> = args.iter().map(|arg| format!("'{}'", if arg == "shop.toml" { "small.toml" } else { arg })).collect();
    let script = format!(
        "mkdir -p small; mount -t tmpfs -o size={size} tmpfs small; cp shop.db small/\n\
         code=0; \"$LOCKSTEP\" --store store {} || code=$?\n\
         cp small/shop.db out.db; ls -A small > left; exit $code",
        args.join(" ")
    );
    in_namespace(&shop.place, &script)
}

/// Everything that was there, in the file that is there now.
fn is_whole(shop: &Shop) {
    let out = Connection::open(shop.place.path().join("out.db")).unwrap();
    let one = |sql: &str| out.query_row(sql, (), |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(one("PRAGMA integrity_check"), "ok");
    for (sql, count) in [("orders", "300"), ("ballast", "4000"), ("sqlite_schema WHERE name IN ('contacts', 'more')", "0")] {
        assert_eq!(one(&format!("SELECT CAST(count(*) AS TEXT) FROM {sql}")), count, "{sql}");
    }
    assert_eq!(std::fs::read_to_string(shop.place.path().join("left")).unwrap(), "shop.db\n");
}

#[test]
fn a_full_disk_under_a_database_is_told_as_such_and_nothing_is_lost_or_half_done() {
    let shop = Shop::sqlite();
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000) SELECT i, hex(randomblob(150)) FROM n";
    shop.ask(&format!("CREATE TABLE ballast (id INTEGER PRIMARY KEY, label TEXT); INSERT INTO ballast (id, label) {rows}"));
    // The copy does not fit beside the database.
    let Some(ran) = on_a_disk_of(&shop, "2m", &[]) else { return };
    assert!(ran.code != 0 && format!("{}{}", ran.stdout, ran.stderr).contains("db.full"), "{}\n{}", ran.stdout, ran.stderr);
    is_whole(&shop);
    // The copy fits, and what the migration makes does not: it is taken back whole, with those before it.
    shop.migration("0003_more.up.sql", "CREATE TABLE more (id INTEGER PRIMARY KEY, label TEXT); INSERT INTO more (id, label) SELECT id, label FROM ballast");
    shop.migration("0003_more.down.sql", "DROP TABLE more");
    let ran = on_a_disk_of(&shop, "2m", &[REASON]).unwrap();
    assert_eq!(ran.code, 6, "{}\n{}", ran.stdout, ran.stderr);
    assert!(format!("{}{}", ran.stdout, ran.stderr).contains("db.full"), "{}\n{}", ran.stdout, ran.stderr);
    is_whole(&shop);
    shop.run(&[]).expect(0);
    assert_eq!(shop.ask("SELECT count(*) FROM more"), "4000", "with room there is nothing left of it in the way");
}
