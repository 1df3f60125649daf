//! Whatever goes in as a typed value comes out as it was, on every engine.

use lockstep_model::request::DbValue;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::place::{Place, everywhere, sql, with};

/// One of each kind, and what is expected back.
type Given = (i64, f64, String, Vec<u8>, bool, i64);

fn given() -> impl Strategy<Value = Given> {
    // PostgreSQL has no text with a NUL; an instant of the years 1 to 9999, in microseconds.
    let text = any::<String>().prop_map(|text| text.replace('\0', ""));
    let float = any::<f64>()
        .prop_filter("NaN, infinities and a zero with a sign are not everywhere", |number| number.is_finite() && (*number != 0.0 || number.is_sign_positive()));
    (any::<i64>(), float, text, prop::collection::vec(any::<u8>(), 0..300), any::<bool>(), 0..4_102_444_800_000_000_i64)
}

fn schema(engine: &str) -> &'static str {
    match engine {
        "postgresql" => "CREATE TABLE t (i BIGINT, f DOUBLE PRECISION, s TEXT, b BYTEA, o BOOLEAN, d NUMERIC, w TIMESTAMPTZ)",
        "mariadb" => "CREATE TABLE t (i BIGINT, f DOUBLE, s LONGTEXT CHARACTER SET utf8mb4, b LONGBLOB, o BOOLEAN, d DECIMAL(30, 9), w DATETIME(6))",
        _ => "CREATE TABLE t (i INTEGER, f REAL, s TEXT, b BLOB, o INTEGER, d TEXT, w TEXT)",
    }
}

fn there_and_back(place: &Place, given: &Given) -> Result<(), TestCaseError> {
    let (integer, float, text, bytes, flag, micros) = given;
    let decimal = format!("{}.{:09}", integer, micros % 1_000_000_000);
    let instant = jiff::Timestamp::from_microsecond(*micros).unwrap();
    let values = [
        DbValue::Integer(integer.to_string()),
        DbValue::Float(format!("{float:?}")),
        DbValue::Text(text.clone()),
        DbValue::Bytes(bytes.clone().into()),
        DbValue::Boolean(*flag),
        DbValue::Decimal(decimal.clone()),
        DbValue::Timestamp(instant.to_string()),
    ];
    place.execute(sql("DELETE FROM t")).unwrap();
    place.execute(with("INSERT INTO t (i, f, s, b, o, d, w) VALUES ($1, $2, $3, $4, $5, $6, $7)", values)).unwrap();
    let rows = place.query(sql("SELECT i, f, s, b, o, d, w FROM t")).unwrap();
    let cell = |at: usize| rows.rows[0][at].clone().unwrap();
    prop_assert_eq!(cell(0), integer.to_string(), "{}", place.engine);
    prop_assert_eq!(cell(1).parse::<f64>().unwrap().to_bits(), float.to_bits(), "{}", place.engine);
    prop_assert_eq!(&cell(2), text, "{}", place.engine);
    prop_assert_eq!(cell(3), base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes), "{}", place.engine);
    prop_assert_eq!(["true", "1"].contains(&cell(4).as_str()), *flag, "{}", place.engine);
    prop_assert_eq!(cell(5), decimal, "{}", place.engine);
    let back = cell(6).replace(' ', "T").trim_end_matches('Z').to_owned() + "Z";
    prop_assert_eq!(back.parse::<jiff::Timestamp>().unwrap(), instant, "{}: {}", place.engine, cell(6));
    Ok(())
}

#[test]
fn what_goes_in_as_a_typed_value_comes_out_as_it_was_on_every_engine() {
    everywhere(|place| {
        place.setup(schema(place.engine));
        let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
        runner.run(&given(), |given| there_and_back(place, &given)).unwrap();
    });
}
