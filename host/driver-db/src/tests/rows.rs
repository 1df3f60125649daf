//! Values without loss.

use lockstep_model::request::DbValue;

use super::place::{Place, sql, with};

fn one(place: &Place, text: &str) -> (String, Option<String>) {
    let rows = place.query(sql(text)).unwrap_or_else(|failure| panic!("{text}: {failure}"));
    (rows.columns[0].kind.clone(), rows.rows[0][0].clone())
}

#[test]
fn postgresql_gives_every_value_without_loss_or_says_which_cast_to_write() {
    let Some(place) = Place::postgres() else { return };
    for (text, kind, value) in [
        ("SELECT true", "boolean", "true"),
        ("SELECT 9223372036854775807::bigint", "integer", "9223372036854775807"),
        (
            "SELECT 123456789012345678901234567890.123456789012345678901234567890::numeric",
            "decimal",
            "123456789012345678901234567890.123456789012345678901234567890",
        ),
        ("SELECT -0.000100::numeric", "decimal", "-0.000100"),
        ("SELECT 10000::numeric", "decimal", "10000"),
        ("SELECT 0.00::numeric", "decimal", "0.00"),
        ("SELECT 'NaN'::numeric", "decimal", "NaN"),
        ("SELECT 0.1::float8", "float", "0.1"),
        ("SELECT 'infinity'::float8", "float", "inf"),
        ("SELECT 'NaN'::float4", "float", "NaN"),
        ("SELECT '2026-01-02 03:04:05.123456'::timestamp", "timestamp", "2026-01-02T03:04:05.123456"),
        ("SELECT '2026-01-02 03:04:05.123456+02'::timestamptz", "timestamp-tz", "2026-01-02T01:04:05.123456Z"),
        ("SELECT 'infinity'::timestamptz", "timestamp-tz", "infinity"),
        ("SELECT '1999-12-31'::date", "date", "1999-12-31"),
        ("SELECT '23:59:59.999999'::time", "time", "23:59:59.999999"),
        ("SELECT '\\x00ff10'::bytea", "bytes", "AP8Q"),
        ("SELECT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("SELECT '{\"a\": 1}'::jsonb", "json", "{\"a\": 1}"),
        ("SELECT '1 year 2 months 3 days 00:00:00.000005'::interval", "interval", "P14M3DT0.000005S"),
    ] {
        assert_eq!(one(&place, text), (kind.to_owned(), Some(value.to_owned())), "{text}");
    }
    assert_eq!(one(&place, "SELECT NULL::numeric"), ("decimal".to_owned(), None));
    place.setup("CREATE TYPE mood AS ENUM ('sad', 'glad')");
    assert_eq!(one(&place, "SELECT 'glad'::mood"), ("text".to_owned(), Some("glad".to_owned())));
    let failure = place.query(sql("SELECT ARRAY[1, 2] AS numbers")).unwrap_err();
    assert!(failure.code() == "db.column-type" && failure.message().contains("CAST(\"numbers\" AS text)"), "{failure}");
    assert_eq!(one(&place, "SELECT CAST(ARRAY[1, 2] AS text)").1.as_deref(), Some("{1,2}"));
}

/// All connections of a server share a limit of prepared statements.
#[test]
fn mariadb_prepares_a_statement_that_comes_again_once_and_keeps_few_of_them() {
    let Some(place) = Place::mariadb() else { return };
    place.setup("CREATE TABLE t (id INTEGER PRIMARY KEY)");
    let count = |what: &str| -> u32 {
        let asked = format!("SELECT variable_value FROM information_schema.session_status WHERE variable_name = '{what}'");
        place.query(sql(&asked)).unwrap().rows[0][0].as_deref().unwrap().parse().unwrap()
    };
    let insert = |id: u32| place.execute(with("INSERT INTO t (id) VALUES ($1)", [DbValue::Integer(id.to_string())])).unwrap();
    insert(1);
    let before = count("Com_stmt_prepare");
    (2..10).for_each(|id| drop(insert(id)));
    assert_eq!(count("Com_stmt_prepare"), before, "the same statement is prepared anew");
    for id in 0..50 {
        place.execute(sql(&format!("DELETE FROM t WHERE id = {id}"))).unwrap();
    }
    let (prepared, closed) = (count("Com_stmt_prepare"), count("Com_stmt_close"));
    assert!((50..60).contains(&prepared) && prepared - closed <= 34, "{prepared} were prepared, {closed} closed");
}

/// Between two calls on the same connection somebody else changes the table: what the server knew of the statement is not what counts.
#[test]
fn a_table_that_was_changed_meanwhile_is_read_and_written_as_it_is_now() {
    for place in [Place::postgres(), Place::mariadb()].into_iter().flatten() {
        let (number, wider) = if place.engine == "postgresql" { ("REAL", "ALTER COLUMN n TYPE DOUBLE PRECISION") } else { ("FLOAT", "MODIFY n DOUBLE") };
        place.setup(&format!("CREATE TABLE t (id INTEGER PRIMARY KEY, n {number})"));
        let insert = |id: &str| place.execute(with("INSERT INTO t (id, n) VALUES ($1, $2)", [DbValue::Integer(id.into()), DbValue::Float("0.1".into())]));
        let all = || place.query(sql("SELECT * FROM t ORDER BY id")).unwrap();
        for (id, columns) in [("1", 2), ("2", 2)] {
            insert(id).unwrap();
            assert_eq!(all().columns.len(), columns, "{}", place.engine);
        }
        place.setup(&format!("ALTER TABLE t {wider}"));
        place.setup("ALTER TABLE t ADD COLUMN label VARCHAR(10) DEFAULT 'new'");
        insert("3").unwrap();
        let rows = all();
        let last = rows.rows.last().unwrap().iter().map(|cell| cell.as_deref().unwrap_or_default()).collect::<Vec<_>>();
        assert_eq!(last, ["3", "0.1", "new"], "{}", place.engine);
        assert_eq!(rows.columns.len(), 3, "{}", place.engine);
    }
}

#[test]
fn parameters_arrive_as_what_they_are() {
    let Some(place) = Place::postgres() else { return };
    place.setup("CREATE TABLE t (a numeric, b timestamptz, c bytea, d jsonb, e boolean, f float8, g text)");
    let values = [
        DbValue::Decimal("12345678901234567890.123456789".into()),
        DbValue::Timestamp("2026-01-02T03:04:05.123456+02:00".into()),
        DbValue::Bytes(vec![0, 255, 92].into()),
        DbValue::Json("{\"a\":\"'\"}".into()),
        DbValue::Boolean(true),
        DbValue::Float("NaN".into()),
        DbValue::Null,
    ];
    place.execute(with("INSERT INTO t (a, b, c, d, e, f, g) VALUES ($1, $2, $3, $4, $5, $6, $7)", values)).unwrap();
    let rows = place.query(sql("SELECT a, b, c, d, e, f, g FROM t")).unwrap();
    let cells: Vec<_> = rows.rows[0].iter().map(|cell| cell.as_deref().unwrap_or("NULL")).collect();
    assert_eq!(cells, ["12345678901234567890.123456789", "2026-01-02T01:04:05.123456Z", "AP9c", "{\"a\": \"'\"}", "true", "NaN", "NULL"]);
}

#[test]
fn mariadb_gives_every_value_without_loss() {
    let Some(place) = Place::mariadb() else { return };
    place.setup(
        "CREATE TABLE t (a BIGINT UNSIGNED, b DECIMAL(40, 10), c DATETIME(6), d DATE, e BLOB, f BIT(10), g DOUBLE, h ENUM('x', 'y'), i TIME(6), j YEAR)",
    );
    place.setup(
        "INSERT INTO t VALUES (18446744073709551615, 123456789012345678901234567890.0123456789, '2026-01-02 03:04:05.123456', '2026-01-02', x'00ff', b'1000000001', 0.1, 'y', '-25:00:00.000001', 2026)",
    );
    let rows = place.query(sql("SELECT * FROM t")).unwrap();
    let cells: Vec<_> = rows.rows[0].iter().map(|cell| cell.as_deref().unwrap_or("NULL")).collect();
    let expected = [
        "18446744073709551615",
        "123456789012345678901234567890.0123456789",
        "2026-01-02T03:04:05.123456",
        "2026-01-02",
        "AP8=",
        "513",
        "0.1",
        "y",
        "-25:00:00.000001",
        "2026",
    ];
    assert_eq!(cells, expected);
    // As a text it would be compared as a number of floating point, and be another.
    let exact = |digits: &str| place.query(with("SELECT count(*) FROM t WHERE b = $1", [DbValue::Decimal(digits.into())])).unwrap().rows[0][0].clone();
    assert_eq!(exact("123456789012345678901234567890.0123456789").as_deref(), Some("1"));
    assert_eq!(exact("123456789012345678901234567890.0123456788").as_deref(), Some("0"));
}

#[test]
fn sqlite_gives_what_each_value_is_and_refuses_a_column_of_two_kinds() {
    let place = Place::sqlite();
    place.setup("CREATE TABLE t (a, b)");
    place.setup("INSERT INTO t VALUES (1, x'00ff'), (2.5, NULL)");
    let rows = place.query(sql("SELECT a, b FROM t ORDER BY a")).unwrap();
    assert_eq!(rows.columns.iter().map(|column| column.kind.as_str()).collect::<Vec<_>>(), ["float", "bytes"]);
    assert_eq!(rows.rows, vec![vec![Some("1".to_owned()), Some("AP8=".to_owned())], vec![Some("2.5".to_owned()), None]]);
    place.setup("INSERT INTO t VALUES ('three', NULL)");
    assert_eq!(place.query(sql("SELECT a FROM t")).unwrap_err().code(), "db.column-type");
    place.setup("INSERT INTO t VALUES (CAST(x'ff' AS TEXT), NULL)");
    let failure = place.query(sql("SELECT a FROM t WHERE rowid = 4")).unwrap_err();
    assert!(failure.code() == "db.invalid-utf8" && failure.message().contains("`a`"), "{failure}");
}

#[test]
fn a_row_that_is_longer_than_the_grant_allows_is_not_taken_into_memory() {
    for place in [Place::postgres(), Place::mariadb()].into_iter().flatten() {
        let small = place.again("bytes = \"64KiB\"");
        let failure = small.query(sql("SELECT repeat('x', 8000000)")).unwrap_err();
        assert_eq!(failure.code(), "db.limit", "{}: {failure}", place.engine);
        small.ping().unwrap();
    }
}
