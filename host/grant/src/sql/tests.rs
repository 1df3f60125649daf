//! How statements are judged, as an attacker would write them.

use lockstep_model::request::{DbStatement, DbValue};

use super::{Engine, Judged, SqlError, StatementClass, compile};

const ALL: [Engine; 3] = [Engine::Postgresql, Engine::Mariadb, Engine::Sqlite];

fn statement(sql: &str, parameters: usize) -> DbStatement {
    DbStatement { sql: sql.to_owned(), parameters: vec![DbValue::Text("x".to_owned()); parameters], ..DbStatement::default() }
}

fn class(engine: Engine, sql: &str) -> Result<StatementClass, SqlError> {
    compile(engine, &statement(sql, 0), &[], &Judged::default()).map(|compiled| compiled.class)
}

fn everywhere(sql: &str, expected: StatementClass) {
    for engine in ALL {
        assert_eq!(class(engine, sql), Ok(expected), "{}: {sql}", engine.word());
    }
}

fn refused(engine: Engine, sql: &str) {
    let found = class(engine, sql);
    assert!(found.is_err(), "{}: {sql} is {found:?}", engine.word());
}

#[test]
fn ordinary_statements_have_the_class_that_a_person_would_give_them() {
    use StatementClass::{Ddl, Destructive, Read, Write};
    for (sql, expected) in [
        ("SELECT 1", Read),
        ("SELECT count(*), max(id) FROM orders WHERE state = 'open';", Read),
        ("WITH old AS (SELECT id FROM orders) SELECT id FROM old UNION ALL SELECT 2", Read),
        ("SELECT a, row_number() OVER (PARTITION BY b ORDER BY a) FROM t", Read),
        ("VALUES (1), (2)", Read),
        ("INSERT INTO t (a) VALUES (1)", Write),
        ("INSERT INTO t (a) SELECT b FROM s", Write),
        ("UPDATE t SET a = 1 WHERE b = 2", Write),
        ("DELETE FROM t WHERE b = 2", Write),
        ("UPDATE t SET a = 1", Destructive),
        ("DELETE FROM t", Destructive),
        ("DELETE FROM t WHERE 1 = 1", Destructive),
        ("UPDATE t SET a = 1 WHERE TRUE", Destructive),
        ("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL)", Ddl),
        ("CREATE INDEX i ON t (a)", Ddl),
        ("CREATE VIEW v AS SELECT a FROM t", Ddl),
        ("ALTER TABLE t ADD COLUMN c INTEGER", Ddl),
        ("ALTER TABLE t RENAME COLUMN a TO b", Ddl),
        ("ALTER TABLE t DROP COLUMN c", Destructive),
        ("DROP TABLE t", Destructive),
        ("EXPLAIN SELECT 1", Read),
    ] {
        everywhere(sql, expected);
    }
    for (sql, expected) in [
        ("TRUNCATE t", Destructive),
        ("ALTER TABLE t ALTER COLUMN a TYPE integer", Destructive),
        ("ALTER TABLE t ALTER COLUMN a SET NOT NULL", Ddl),
        ("SELECT nextval('s')", Write),
        ("SELECT a FROM t FOR UPDATE", Write),
        ("INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2 RETURNING a", Write),
        ("SELECT pg_catalog.lower(a) FROM t", Read),
        ("SELECT * FROM generate_series(1, 3) AS g", Read),
    ] {
        assert_eq!(class(Engine::Postgresql, sql), Ok(expected), "{sql}");
    }
}

#[test]
fn what_hides_a_change_in_a_read_is_found_or_refused() {
    let pg = Engine::Postgresql;
    for (sql, expected) in [
        ("WITH gone AS (DELETE FROM t RETURNING a) SELECT a FROM gone", StatementClass::Destructive),
        ("WITH gone AS (DELETE FROM t WHERE a = 1 RETURNING a) SELECT a FROM gone", StatementClass::Write),
        ("WITH x AS (INSERT INTO t VALUES (1) RETURNING a) SELECT * FROM x", StatementClass::Write),
        ("EXPLAIN ANALYZE DELETE FROM t", StatementClass::Destructive),
        ("EXPLAIN (ANALYZE) UPDATE t SET a = 1 WHERE b = 1", StatementClass::Write),
    ] {
        assert_eq!(class(pg, sql), Ok(expected), "{sql}");
    }
    for sql in [
        "SELECT * INTO copied FROM t",
        "SELECT pg_terminate_backend(1)",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT * FROM dblink('host=x', 'DROP TABLE t') AS d(a int)",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "SELECT query_to_xml('DELETE FROM t', true, true, '')",
        "SELECT a FROM t WHERE pg_sleep(100) IS NULL",
        "SELECT a FROM t ORDER BY pg_terminate_backend(a)",
        "SELECT public.lower(a) FROM t",
        "SELECT \"pg_terminate_backend\"(1)",
        "COPY t TO PROGRAM 'sh'",
        "COPY t FROM STDIN",
        "SET ROLE admin",
        "RESET ALL",
        "DO $$ BEGIN DELETE FROM t; END $$",
        "CALL wipe()",
        "VACUUM FULL",
        "LISTEN x",
        "NOTIFY x",
        "BEGIN",
        "COMMIT",
        "SAVEPOINT a",
        "PREPARE p AS DELETE FROM t",
        "EXECUTE p",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE EXTENSION dblink",
        "CREATE ROLE r SUPERUSER",
        "GRANT ALL ON t TO public",
        "CREATE TEMPORARY TABLE t (a int)",
        "LOAD 'x'",
        "LOCK TABLE t",
        "INSERT INTO t VALUES (pg_read_file('/etc/passwd'))",
        "CREATE TABLE t (a text DEFAULT pg_read_file('/etc/passwd'))",
    ] {
        refused(pg, sql);
    }
    for sql in [
        "SELECT LOAD_FILE('/etc/passwd')",
        "SELECT a FROM t INTO OUTFILE '/tmp/x'",
        "SELECT a INTO OUTFILE '/tmp/x' FROM t",
        "SELECT a INTO DUMPFILE '/tmp/x' FROM t",
        "SELECT a INTO @x FROM t",
        "SELECT @@global.general_log",
        "SELECT @a := 1",
        "SELECT 1 /*! INTO OUTFILE '/tmp/x' */",
        "SELECT 1 /*M!100000 , LOAD_FILE('/etc/passwd') */",
        "SELECT /*+ SET_VAR(sql_mode = '') */ 1",
        "SELECT SLEEP(100)",
        "SELECT BENCHMARK(1000000, md5('x'))",
        "SELECT GET_LOCK('x', 10)",
        "SELECT 1 --1, LOAD_FILE('/etc/passwd')",
        "LOAD DATA INFILE '/etc/passwd' INTO TABLE t",
        "SET GLOBAL general_log = 1",
        "KILL 1",
        "FLUSH TABLES",
        "HANDLER t OPEN",
        "LOCK TABLES t WRITE",
        "USE mysql",
    ] {
        refused(Engine::Mariadb, sql);
    }
    for sql in [
        "PRAGMA query_only = 0",
        "ATTACH DATABASE '/etc/x' AS x",
        "SELECT load_extension('/tmp/x.so')",
        "SELECT writefile('/tmp/x', 'y')",
        "SELECT readfile('/etc/passwd')",
        "SELECT * FROM fts3_tokenizer('x')",
        "VACUUM INTO '/tmp/x'",
        "DETACH DATABASE x",
    ] {
        refused(Engine::Sqlite, sql);
    }
}

#[test]
fn only_one_statement_is_taken_and_only_text_with_one_reading() {
    for engine in ALL {
        assert_eq!(class(engine, "SELECT 1; DROP TABLE t"), Err(SqlError::Several(2)), "{}", engine.word());
        assert_eq!(class(engine, ""), Err(SqlError::Several(0)));
        for sql in
            ["SELECT 1 /* a /* b */ */", "SELECT 1\u{0}", "SELECT\u{a0}1", "SELECT 1 -- a\rDROP TABLE t", "SELEC 1", "SELECT 'a", "SELECT 1 1 1", "-- only"]
        {
            refused(engine, sql);
        }
    }
}

#[test]
fn a_chain_of_operators_as_long_as_a_guest_likes_does_no_harm() {
    for engine in ALL {
        let most = format!("SELECT 1{}", "+1".repeat(900));
        assert_eq!(class(engine, &most), Ok(StatementClass::Read));
        let chains = ["+1", " OR 1", " UNION SELECT 1", "::int", "[1]", " IS NULL", " COLLATE a", "||''", "->1"];
        for piece in chains {
            refused(engine, &format!("SELECT 1{}", piece.repeat(20_000)));
        }
        for (open, close) in [("(", ")"), ("(SELECT ", ")"), ("NOT ", ""), ("- ", ""), ("CASE WHEN 1 THEN ", " END")] {
            refused(engine, &format!("SELECT {}1{}", open.repeat(5_000), close.repeat(5_000)));
        }
    }
}

#[test]
fn placeholders_become_the_engines_own_and_nothing_else_in_the_text_changes() {
    let sql = "SELECT '$1', \"$1\", a -- $1\n FROM t /* $2 */ WHERE b = $2 AND c = $1 OR d = $2 AND e = 'ä$1ö'";
    let sent = |engine| {
        let compiled = compile(engine, &statement(sql, 2), &[], &Judged::default()).unwrap();
        (compiled.sql, compiled.order)
    };
    assert_eq!(sent(Engine::Postgresql), (sql.to_owned(), vec![0, 1]));
    let with = |b: &str, c: &str, d: &str| sql.replace("b = $2 AND c = $1 OR d = $2", &format!("b = {b} AND c = {c} OR d = {d}"));
    assert_eq!(sent(Engine::Sqlite), (with("?2", "?1", "?2"), vec![0, 1]));
    assert_eq!(sent(Engine::Mariadb), (with("?", "?", "?"), vec![1, 0, 1]));
    let decimal = DbStatement { sql: "SELECT $1".to_owned(), parameters: vec![DbValue::Decimal("-12.340".to_owned())], ..DbStatement::default() };
    assert_eq!(compile(Engine::Mariadb, &decimal, &[], &Judged::default()).unwrap().sql, "SELECT CAST(? AS DECIMAL(5, 3))");
}

#[test]
fn a_placeholder_without_a_parameter_and_a_parameter_without_a_placeholder_are_refused() {
    for engine in ALL {
        for (sql, parameters) in
            [("SELECT $1", 0), ("SELECT $2", 1), ("SELECT 1", 1), ("SELECT $1, $3", 3), ("SELECT $0", 1), ("SELECT $01", 1), ("SELECT $65", 65)]
        {
            let found = compile(engine, &statement(sql, parameters), &[], &Judged::default());
            assert!(matches!(found, Err(SqlError::Placeholder(_))), "{}: {sql}: {found:?}", engine.word());
        }
    }
    refused(Engine::Mariadb, "SELECT ?");
    refused(Engine::Sqlite, "SELECT ?");
    refused(Engine::Sqlite, "SELECT :name");
    refused(Engine::Sqlite, "SELECT @name");
}

#[test]
fn a_function_that_the_operator_trusts_is_let_through_by_its_full_name() {
    let trusted = ["shop.total".to_owned()];
    let judged = |sql: &str| compile(Engine::Postgresql, &statement(sql, 0), &trusted, &Judged::default()).map(|compiled| compiled.class);
    assert_eq!(judged("SELECT shop.total(1)"), Ok(StatementClass::Read));
    assert_eq!(judged("SELECT total(1)"), Err(SqlError::Function("`total`".to_owned())));
    assert!(judged("SELECT other.total(1)").is_err());
}

#[test]
fn what_no_transaction_takes_back_is_known() {
    let trusted = ["shop.post".to_owned()];
    let beyond = |sql: &str| compile(Engine::Postgresql, &statement(sql, 0), &trusted, &Judged::default()).unwrap().reaches_beyond;
    assert!(beyond("INSERT INTO t (a) VALUES (shop.post(1))"));
    assert!(beyond("INSERT INTO t (a) VALUES (nextval('s'))"));
    assert!(beyond("SELECT 1 FROM t WHERE a = (SELECT shop.post(1))"));
    assert!(!beyond("INSERT INTO t (a) VALUES (lower('A'))"));
    assert!(!beyond("DELETE FROM t"));
}

#[test]
fn a_statement_that_is_said_again_is_what_it_was_found_to_be_and_no_other_is() {
    let judged = Judged::default();
    let class = |sql: &str| compile(Engine::Postgresql, &statement(sql, 0), &[], &judged).map(|compiled| (compiled.class, compiled.returns_rows));
    for round in 0..3 {
        assert_eq!(class("SELECT 1"), Ok((StatementClass::Read, true)), "{round}");
        assert_eq!(class("DELETE FROM t"), Ok((StatementClass::Destructive, false)), "{round}");
        assert_eq!(class("DELETE FROM t WHERE a = 1 RETURNING a"), Ok((StatementClass::Write, true)), "{round}");
        assert!(class("SELECT pg_sleep(1)").is_err(), "{round}");
        for other in 0..70 {
            assert_eq!(class(&format!("INSERT INTO t (a) VALUES ({other})")), Ok((StatementClass::Write, false)), "{other}");
        }
    }
}
