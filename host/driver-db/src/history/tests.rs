//! What is to be done next, for every state that the history can be in.

use lockstep_gate::Settled;
use lockstep_model::Digest;
use lockstep_model::request::{DbDirection, DbMigration};

use super::{Entry, Next, next, settled, shown};

const KEY: &str = "this call";

fn migration(version: &str, direction: DbDirection) -> DbMigration {
    let (title, script) = ("title".to_owned(), "SELECT 1".to_owned());
    let checksum = Digest::of(b"up");
    DbMigration { version: version.to_owned(), title, checksum, direction, script, unverified: None, timeout_milliseconds: None }
}

/// `"1 up 3/3"`, `"2 up 1/3 under-way by-us"`.
fn entry(said: &str) -> Entry {
    let mut words = said.split(' ');
    let (version, direction) = (words.next().unwrap(), words.next().unwrap());
    let (done, statements) = words.next().unwrap().split_once('/').unwrap();
    let rest: Vec<&str> = words.collect();
    Entry {
        version: version.to_owned(),
        title: "title".to_owned(),
        checksum: if rest.contains(&"changed") { Digest::of(b"other") } else { Digest::of(b"up") }.to_string(),
        place: version.parse().unwrap(),
        direction: direction.to_owned(),
        statements: statements.parse().unwrap(),
        done: done.parse().unwrap(),
        under_way: rest.contains(&"under-way"),
        call_key: if rest.contains(&"by-us") { KEY } else { "another" }.to_owned(),
        changed_at: "2026-01-01T00:00:00Z".to_owned(),
    }
}

/// What is to be done: `from N`, `nothing`, or the code.
fn decided(rows: &[&str], version: &str, direction: DbDirection) -> String {
    let rows: Vec<Entry> = rows.iter().map(|said| entry(said)).collect();
    match next(&rows, &migration(version, direction), 3, KEY) {
        Ok(Next::Nothing) => "nothing".to_owned(),
        Ok(Next::From(way)) => format!("from {}", way.0.done),
        Err(failure) => failure.code().to_owned(),
    }
}

#[test]
fn a_migration_has_its_turn_once_and_goes_on_where_it_stopped() {
    use DbDirection::{Down, Up};
    for (rows, version, direction, expected) in [
        (&[][..], "1", Up, "from 0"),
        (&["1 up 3/3"], "2", Up, "from 0"),
        // Two branches were merged: the older number comes later.
        (&["2 up 3/3"], "1", Up, "from 0"),
        (&["1 up 3/3"], "1", Up, "db.migration-order"),
        (&["1 up 3/3 by-us"], "1", Up, "nothing"),
        (&["1 up 3/3 changed"], "1", Up, "db.migration-changed"),
        (&["1 up 1/3"], "1", Up, "from 1"),
        (&["1 up 1/3 changed"], "1", Up, "db.migration-changed"),
        (&["1 up 1/3 under-way"], "1", Up, "db.migration-unfinished"),
        (&["1 up 1/3 under-way by-us"], "1", Up, "db.migration-unfinished"),
        (&["1 up 1/2"], "1", Up, "db.migration-unfinished"),
        (&["1 up 1/3"], "2", Up, "db.migration-unfinished"),
        (&["1 up 1/3"], "1", Down, "db.migration-unfinished"),
        (&["1 down 3/3"], "1", Up, "from 0"),
        (&["1 down 3/3 changed"], "1", Up, "from 0"),
        (&["1 up 3/3"], "1", Down, "from 0"),
        (&["1 up 3/3 changed"], "1", Down, "db.migration-changed"),
        (&["1 up 3/3", "2 up 3/3"], "1", Down, "db.migration-order"),
        (&["1 up 3/3", "2 down 3/3"], "1", Down, "from 0"),
        (&["1 down 3/3"], "1", Down, "db.migration-order"),
        (&["1 down 3/3 by-us"], "1", Down, "nothing"),
        (&["1 down 2/3"], "1", Down, "from 2"),
        (&[], "1", Down, "db.migration-order"),
    ] {
        assert_eq!(decided(rows, version, direction), expected, "{rows:?} {version} {direction:?}");
    }
}

#[test]
fn what_became_of_a_call_is_told_by_its_row_alone_and_never_guessed() {
    let told = |said: &str| match settled(&[entry(said)], &migration("1", DbDirection::Up), KEY) {
        Settled::Happened(..) => "happened",
        Settled::DidNot(_) => "did-not",
        Settled::Unknown(_) => "unknown",
        Settled::NobodyToAsk => "nobody",
    };
    for (said, expected) in [
        ("1 up 3/3 by-us", "happened"),
        ("1 up 3/3", "did-not"),
        ("2 up 3/3 by-us", "did-not"),
        ("1 down 3/3 by-us", "did-not"),
        ("1 up 2/3 by-us", "did-not"),
        ("1 up 2/3 under-way by-us", "unknown"),
    ] {
        assert_eq!(told(said), expected, "{said}");
    }
}

#[test]
fn the_contract_sees_each_state_by_its_name_and_a_strange_row_is_refused() {
    let rows = shown(["1 up 3/3", "2 up 1/3", "3 down 3/3", "4 down 1/3"].map(entry).to_vec());
    let states: Vec<&str> = rows.rows.iter().filter_map(|row| row[3].as_deref()).collect();
    assert_eq!(states, ["applied", "unfinished", "taken-back", "unfinished-back"]);
    let cells = |place: &str| ["1", "t", "c", place, "up", "1", "1", "0", "k", "now"].map(|cell| Some(cell.to_owned())).to_vec();
    assert!(Entry::of(cells("1")).is_ok());
    assert_eq!(Entry::of(cells("first")).unwrap_err().code(), "db.migration-history");
    assert_eq!(Entry::of(vec![None; 10]).unwrap_err().code(), "db.migration-history");
}
