//! MariaDB and MySQL: a transaction's end can be asked for when the grant gives it a ledger, a row of the same transaction with the call's key.

pub(crate) mod backup;
mod cell;
mod connect;
mod dump;
pub(crate) mod migrations;

use std::cell::Cell;
use std::time::{Duration, Instant};

use lockstep_gate::Settled;
use lockstep_grant::{Compiled, Engine};
use lockstep_model::Failure;
use lockstep_model::request::{DbAsk, DbColumn, DbDone, DbResponse, DbRows, DbStatement, DbValue};
use lockstep_tls::Trust;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Params, Value};

use crate::line::{Kept, Line};
use crate::rows::{Gather, check_count};
use crate::server::Server;
use crate::tentative::NO_TRIAL;
use crate::{Work, cancelled, fault, history, value};
#[cfg(test)]
pub(crate) use connect::FRESH;
pub(crate) use connect::Session;
use connect::{connect, lost};

/// The pause before the ledger is asked again.
const PAUSE: Duration = Duration::from_secs(1);
const COMMIT: &str = "COMMIT";
/// What a call has given, in bytes, so that it is written into the ledger with the COMMIT: that of statements which give no rows.
const SHORT: usize = 16 << 10;
/// The table of the ledger. Whoever inserts a key first has the call; another waits at it until the first transaction has ended.
const LEDGER: &str = "CREATE TABLE IF NOT EXISTS lockstep_ledger (call_key CHAR(64) CHARACTER SET ascii NOT NULL PRIMARY KEY, \
    done LONGTEXT CHARACTER SET utf8mb4 NOT NULL, made_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP) ENGINE = InnoDB";

/// Whether no transaction of this engine holds what a statement does: it commits by itself.
pub(crate) fn unheld(engine: Engine, statement: &Compiled) -> bool {
    match engine {
        Engine::Mariadb | Engine::Mysql => statement.changes_schema,
        Engine::Postgresql | Engine::Sqlite => false,
    }
}

/// How far a call has come.
#[derive(Default)]
struct Course {
    /// The session cannot be used again.
    spoilt: Cell<bool>,
}

pub(crate) fn perform(kept: &Kept<Session>, trust: &Trust, server: &Server, work: &Work<'_>) -> Result<DbResponse, Failure> {
    let schema = work.terms.statements.iter().filter(|statement| unheld(work.terms.engine, statement)).count();
    if schema > 0 && work.terms.statements.len() > 1 && !matches!(work.ask, DbAsk::Migrate(_)) {
        let message =
            format!("{} commits by itself what changes the schema: such a statement is executed alone, not in a transaction", work.terms.engine.word());
        return Err(fault::plain("db.transaction", message));
    }
    let key = server.key(work.terms);
    let mut line = kept.take(&key)?;
    let Line { session, mover } = &mut line;
    let result = mover.wait(within(session, trust, server, work));
    kept.give_back(key, line);
    result
}

/// Runs the call until its deadline, or until the operator cancels. A session that is left can be used again.
async fn within(session: &mut Option<Session>, trust: &Trust, server: &Server, work: &Work<'_>) -> Result<DbResponse, Failure> {
    let course = Course::default();
    let result = tokio::select! {
        result = run(session, trust, server, work, &course) => result,
        () = tokio::time::sleep(work.deadline()) => Err(work.timed_out()),
        () = cancelled(work.context.interrupt) => Err(Failure::TimedOut("cancelled by the operator".to_owned())),
    };
    let under_way = course.spoilt.get() || matches!(result, Err(Failure::TimedOut(_) | Failure::InDoubt(_)));
    if let Some(used) = session.take_if(|_| under_way) {
        connect::kill(trust, server, work.terms, used.conn).await;
    }
    result
}

/// Runs the call on the session that was kept, or a new one.
async fn run(session: &mut Option<Session>, trust: &Trust, server: &Server, work: &Work<'_>, course: &Course) -> Result<DbResponse, Failure> {
    if let Some(kept) = session {
        match begin(kept, work).await {
            // It broke while nobody used it: nothing of this call has been done.
            Err(failure) if failure.code() == "db.connection-lost" => {}
            begun => return attempt(kept, work, course, begun).await,
        }
    }
    *session = None;
    let fresh = session.insert(Session::open(trust, server, work.terms).await?);
    let begun = begin(fresh, work).await;
    attempt(fresh, work, course, begun).await
}

/// Whether no transaction holds all of what is asked for.
fn alone(work: &Work<'_>) -> bool {
    work.terms.statements.iter().any(|statement| unheld(work.terms.engine, statement))
}

/// Whether the call has a row of the ledger. A migration has one of its history.
fn in_ledger(work: &Work<'_>) -> bool {
    work.terms.ledger && !work.tentative && !work.reads() && !alone(work) && !matches!(work.ask, DbAsk::Migrate(_))
}

/// Sends what has to be there before the first statement, in one journey, or nothing: in this session a transaction begins with its first statement. Enters the
/// call into the ledger; when it is there, it has been done, and this is what came of it.
async fn begin(session: &mut Session, work: &Work<'_>) -> Result<Option<DbResponse>, Failure> {
    let failed = |error| lost(error, work.terms);
    let transaction = if work.reads() {
        Some("START TRANSACTION READ ONLY".to_owned())
    } else if in_ledger(work) {
        Some(entry(work)?)
    } else {
        // Nothing of the call has been done yet: a session that is not there any more is found out now, and another one is opened.
        let is_asked = !session.is_fresh() || alone(work) || matches!(work.ask, DbAsk::Migrate(_));
        is_asked.then(|| "DO 0".to_owned())
    };
    let longest = connect::longest(work.deadline());
    let parts: Vec<_> = session.limited(work.terms.engine, longest).into_iter().chain(transaction).collect();
    if parts.is_empty() {
        return Ok(None);
    }
    let (begin, conn) = (parts.join("; "), &mut session.conn);
    let mut begun = conn.query_drop(&begin).await;
    if let Err(mysql_async::Error::Server(error)) = &begun
        && error.code == 1146
    {
        // There is no ledger yet. To make it commits; nothing else is in the transaction.
        conn.query_drop(LEDGER).await.map_err(failed)?;
        begun = conn.query_drop(&begin).await;
    }
    match begun {
        Ok(()) => {
            session.limit = Some(longest);
            Ok(None)
        }
        Err(mysql_async::Error::Server(error)) if error.code == 1062 => {
            let key = work.context.idempotency_key;
            let done: Option<String> = conn.exec_first("SELECT done FROM lockstep_ledger WHERE call_key = ?", (key,)).await.map_err(failed)?;
            Work::recorded(&done.unwrap_or_default()).map(Some)
        }
        Err(error) => Err(failed(error)),
    }
}

/// The row of the ledger before anything is done.
fn entry(work: &Work<'_>) -> Result<String, Failure> {
    Ok(format!("INSERT INTO lockstep_ledger (call_key, done) VALUES ('{}', '')", key(work)?))
}

/// The call's key as it stands in the text of a statement. It is the host's own, and digits: nothing of a guest's is in the text.
fn key<'a>(work: &Work<'a>) -> Result<&'a str, Failure> {
    let key = work.context.idempotency_key;
    let is_one = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_one { Ok(key) } else { Err(fault::plain("db.error", "the call's key is none")) }
}

async fn attempt(session: &mut Session, work: &Work<'_>, course: &Course, begun: Result<Option<DbResponse>, Failure>) -> Result<DbResponse, Failure> {
    let conn = &mut session.conn;
    let result = match begun {
        Ok(None) => inside(conn, work, course).await,
        Ok(Some(recorded)) => conn.query_drop("ROLLBACK").await.map(|()| recorded).map_err(|error| lost(error, work.terms)),
        Err(failure) => Err(failure),
    };
    if let Err(failure) = &result
        && (failure.code() == "db.connection-lost" || course.spoilt.get() || conn.query_drop("ROLLBACK").await.is_err())
    {
        course.spoilt.set(true);
    }
    session.heard = Instant::now();
    result
}

async fn inside(conn: &mut Conn, work: &Work<'_>, course: &Course) -> Result<DbResponse, Failure> {
    if let DbAsk::Migrate(migration) = work.ask {
        return migrations::perform(conn, work, course, migration).await;
    }
    if work.tentative {
        all_take_back(conn, work).await?;
    }
    let alone = alone(work);
    let mut done = Vec::new();
    if let DbAsk::History = work.ask {
        done.push(DbDone { affected: "0".to_owned(), returned: history::shown(migrations::rows(conn, work.terms).await?) });
    }
    for (index, (statement, expected)) in work.parts().into_iter().enumerate() {
        let found = one(conn, work, course, &work.terms.statements[index], statement).await;
        let (affected, returned) = match found {
            Err(failure) if alone && failure.code() == "db.connection-lost" => {
                course.spoilt.set(true);
                return Err(Failure::InDoubt(format!("{}; what changes the schema commits by itself", failure.message())));
            }
            found => found?,
        };
        check_count(index, expected, affected)?;
        done.push(DbDone { affected: affected.to_string(), returned });
    }
    if work.reads() {
        if !course.spoilt.get() {
            conn.query_drop("COMMIT").await.map_err(|error| lost(error, work.terms))?;
        }
        return Ok(work.answer(done));
    }
    if work.tentative {
        conn.query_drop("ROLLBACK").await.map_err(|error| lost(error, work.terms))?;
        return Ok(DbResponse::Done(done));
    }
    let last = if in_ledger(work) { told(conn, work, &done).await? } else { COMMIT.to_owned() };
    commit(conn, course, &last).await.map(|()| DbResponse::Done(done))
}

/// Writes into the ledger what came of the call: with the COMMIT, in the message that is returned, or at once when it is long.
async fn told(conn: &mut Conn, work: &Work<'_>, done: &[DbDone]) -> Result<String, Failure> {
    let text = serde_json::to_string(done).map_err(|error| fault::plain("db.error", error.to_string()))?;
    if text.len() <= SHORT {
        // In digits: rows that came back are somebody else's text.
        let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        return Ok(format!("UPDATE lockstep_ledger SET done = _utf8mb4 X'{digits}' WHERE call_key = '{}'; {COMMIT}", key(work)?));
    }
    let update = "UPDATE lockstep_ledger SET done = ? WHERE call_key = ?";
    conn.exec_drop(update, (text, work.context.idempotency_key)).await.map_err(|error| lost(error, work.terms))?;
    Ok(COMMIT.to_owned())
}

/// Sends what ends in COMMIT. What the server answers, it answers before it has committed.
async fn commit(conn: &mut Conn, course: &Course, last: &str) -> Result<(), Failure> {
    match conn.query_drop(last).await {
        Ok(()) => Ok(()),
        Err(mysql_async::Error::Server(error)) => Err(fault::by_number(error.code, &error.message)),
        Err(error) => {
            course.spoilt.set(true);
            Err(Failure::InDoubt(format!("the connection broke after COMMIT had been sent: {error}")))
        }
    }
}

/// That a ROLLBACK takes back whatever the statements do, triggers included: no table of this database, or of one that they name, is of an engine without
/// transactions.
async fn all_take_back(conn: &mut Conn, work: &Work<'_>) -> Result<(), Failure> {
    let look = "SELECT CONCAT(t.table_name, ' (', t.engine, ')') FROM information_schema.tables t \
        JOIN information_schema.engines e ON e.engine = t.engine \
        WHERE t.table_type = 'BASE TABLE' AND COALESCE(e.transactions, 'NO') <> 'YES' \
        AND (t.table_schema = DATABASE() OR LOCATE(t.table_schema, ?) > 0) LIMIT 1";
    let said: String = work.terms.statements.iter().map(|statement| statement.sql.as_str()).collect();
    let found: Option<String> = conn.exec_first(look, (said,)).await.map_err(|error| lost(error, work.terms))?;
    found.map_or(Ok(()), |table| Err(fault::plain(NO_TRIAL, format!("{table} has no transactions, so that a ROLLBACK might not take everything back"))))
}

/// Runs one statement: how many rows it concerned, and which came back.
async fn one(conn: &mut Conn, work: &Work<'_>, course: &Course, compiled: &Compiled, statement: &DbStatement) -> Result<(u64, DbRows), Failure> {
    let failed = |error| lost(error, work.terms);
    let parameters = compiled.order.iter().map(|index| parameter(&statement.parameters[*index])).collect::<Result<Vec<_>, _>>()?;
    let parameters = if parameters.is_empty() { Params::Empty } else { Params::Positional(parameters) };
    let prepared = conn.prep(compiled.sql.as_str()).await.map_err(failed)?;
    let mut result = conn.exec_iter(&prepared, parameters).await.map_err(failed)?;
    let columns = result.columns();
    let columns = columns.as_deref().unwrap_or_default();
    let kinds = columns.iter().map(cell::kind).collect::<Result<Vec<_>, _>>();
    let kinds = kinds.inspect_err(|_| course.spoilt.set(true))?;
    let described = columns.iter().zip(&kinds).map(|(column, kind)| DbColumn {
        label: column.name_str().into_owned(),
        kind: kind.word().to_owned(),
        declared: cell::declared(column).to_owned(),
    });
    let mut gather = Gather::new(work.terms, statement, described.collect());
    while let Some(row) = result.next().await.map_err(|error| lost(error, work.terms)).inspect_err(|_| course.spoilt.set(true))? {
        if !gather.wants_more() {
            if work.reads() {
                course.spoilt.set(true);
                return Ok((0, gather.finish()));
            }
            continue;
        }
        let cells = row.unwrap().into_iter().zip(&kinds).zip(columns).map(|((value, kind), column)| kind.text(&column.name_str(), value));
        let kept = cells.collect::<Result<_, Failure>>().and_then(|cells| gather.keep(cells));
        kept.inspect_err(|_| course.spoilt.set(true))?;
    }
    Ok((result.affected_rows(), gather.finish()))
}

fn parameter(given: &DbValue) -> Result<Value, Failure> {
    Ok(match given {
        DbValue::Null => Value::NULL,
        DbValue::Boolean(flag) => Value::Int((*flag).into()),
        DbValue::Integer(text) => match (text.parse::<i64>(), text.parse::<u64>()) {
            (Ok(number), _) => Value::Int(number),
            (Err(_), Ok(number)) => Value::UInt(number),
            (Err(_), Err(_)) => return Err(value::wrong("a parameter that is an integer has more than 64 bits: bind it as a decimal")),
        },
        DbValue::Float(text) => match value::float(text)? {
            number if number.is_finite() => Value::Double(number),
            _ => return Err(value::wrong("MariaDB and MySQL have neither NaN nor infinity")),
        },
        DbValue::Decimal(text) | DbValue::Text(text) | DbValue::Json(text) => Value::Bytes(text.as_bytes().to_vec()),
        DbValue::Bytes(bytes) => Value::Bytes(bytes.0.clone()),
        DbValue::Timestamp(text) => Value::Bytes(value::instant(text)?.into_bytes()),
    })
}

/// Looks the call up in the ledger, behind whoever is still at it.
pub(crate) async fn settle(trust: &Trust, server: &Server, work: &Work<'_>) -> Result<Settled<DbResponse>, Failure> {
    let asking = async {
        loop {
            match look(trust, server, work).await {
                Err(failure) if failure.is_retryable() => tokio::time::sleep(PAUSE).await,
                looked => return looked,
            }
        }
    };
    tokio::select! {
        settled = asking => settled,
        () = tokio::time::sleep(work.deadline()) => Ok(Settled::Unknown(format!("the ledger was asked for {:?} and did not tell", work.deadline()))),
        () = cancelled(work.context.interrupt) => Ok(Settled::Unknown("cancelled by the operator".to_owned())),
    }
}

async fn look(trust: &Trust, server: &Server, work: &Work<'_>) -> Result<Settled<DbResponse>, Failure> {
    let mut conn = connect(trust, server, work.terms).await?;
    // A key that is there and not committed yet is waited for.
    let look = "SELECT done FROM lockstep_ledger WHERE call_key = ? LOCK IN SHARE MODE";
    match conn.exec_first::<String, _, _>(look, (work.context.idempotency_key,)).await {
        Ok(Some(done)) => Ok(Settled::Happened(Work::recorded(&done)?, "the ledger has it".to_owned())),
        Ok(None) => Ok(Settled::DidNot("the ledger does not have it".to_owned())),
        Err(mysql_async::Error::Server(error)) if error.code == 1146 => Ok(Settled::DidNot("there is no ledger yet".to_owned())),
        Err(error) => Err(lost(error, work.terms)),
    }
}
