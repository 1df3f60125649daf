//! PostgreSQL: each effect is a transaction whose id is noted before it is committed, so that its end can always be asked for.

pub(crate) mod backup;
mod bounded;
mod cell;
mod connect;
mod encrypted;
pub(crate) mod migrations;

use std::cell::Cell;
use std::pin::pin;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use lockstep_gate::Settled;
use lockstep_grant::{Compiled, DbTerms};
use lockstep_model::Failure;
use lockstep_model::request::{DbAsk, DbColumn, DbDone, DbResponse, DbRows, DbStatement, DbValue};
use lockstep_tls::Trust;
use serde_json::{Value, json};
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, SimpleQueryMessage, Statement};

use crate::line::{Kept, Line};
use crate::rows::{Gather, check_count};
use crate::server::Server;
use crate::{Work, cancelled, fault, history, is_noted, rows, value};

pub(crate) use connect::Session;
use connect::connect;

/// How often the end of a transaction that is still under way is asked for.
const PAUSE: Duration = Duration::from_millis(200);

/// How far a call has come.
#[derive(Default)]
struct Course {
    /// `COMMIT` has been sent: from here on only the server knows.
    committing: Cell<bool>,
    /// The session cannot be used again.
    spoilt: Cell<bool>,
}

pub(crate) fn perform(kept: &Kept<Session>, trust: &Trust, server: &Server, work: &Work<'_>) -> Result<DbResponse, Failure> {
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
    let too_long = session.as_ref().map_or(0, |session| session.too_long.length());
    let result = match result {
        Err(failure) if too_long > 0 && failure.code() == "db.connection-lost" => {
            Err(rows::too_many(format!("a row has {too_long} bytes, more than `bytes` of the database in the grant ({})", work.terms.bytes)))
        }
        result => result,
    };
    let under_way = course.spoilt.get() || matches!(result, Err(Failure::TimedOut(_) | Failure::InDoubt(_)));
    if let Some(used) = session.take_if(|session| under_way || session.client.is_closed())
        && under_way
    {
        used.cancel(trust, server, work.terms).await;
    }
    result
}

/// Runs the call on the session that was kept, or a new one.
async fn run(session: &mut Option<Session>, trust: &Trust, server: &Server, work: &Work<'_>, course: &Course) -> Result<DbResponse, Failure> {
    if let Some(kept) = session {
        match begin(kept, work).await {
            // It broke while nobody used it: nothing of this call has been done.
            Err(failure) if failure.code() == "db.connection-lost" => {}
            begun => return attempt(&kept.client, work, course, begun?).await,
        }
    }
    *session = None;
    let mut fresh = connect(trust, server, work.terms).await?;
    fresh.fence().await.map_err(|error| lost(&error, work.terms))?;
    let fresh = session.insert(fresh);
    let begun = begin(fresh, work).await?;
    attempt(&fresh.client, work, course, begun).await
}

/// The transaction's id, when it may change something, and the first statement.
struct Begun {
    xid: Option<String>,
    first: Option<Result<Sent, Failure>>,
}

/// A statement that the server has.
enum Sent {
    /// What comes back of it is known, and it is still to be run.
    Prepared(Statement),
    /// It gives no rows, and has concerned so many.
    Run(u64),
}

/// Sends a statement: to be prepared, or to be run in the same journey where nothing has to be known of rows that it gives. It is prepared for one call only:
/// whoever changes a table changes what the server has made of a statement, the types of its parameters included.
async fn send(client: &Client, work: &Work<'_>, compiled: &Compiled, statement: &DbStatement) -> Result<Sent, Failure> {
    let failed = |error: tokio_postgres::Error| lost(&error, work.terms);
    if compiled.returns_rows {
        return client.prepare(&compiled.sql).await.map(Sent::Prepared).map_err(failed);
    }
    let parameters = Parameter::all(compiled, statement)?;
    // Of an unknown type: the server says which it is, as of a statement that is prepared.
    let parameters: Vec<_> = parameters.iter().map(|parameter| (parameter as &(dyn ToSql + Sync), Type::UNKNOWN)).collect();
    client.execute_typed(&compiled.sql, &parameters).await.map(Sent::Run).map_err(failed)
}

/// Begins the transaction, and sends the first statement behind it in the same journey.
async fn begin(session: &Session, work: &Work<'_>) -> Result<Begun, Failure> {
    let (client, how, parts) = (&session.client, session.begin(work.reads(), work.deadline()), work.parts());
    let first = async {
        match (work.terms.statements.first(), parts.first()) {
            // Of a migration nothing is looked at before it is known to be its turn.
            (Some(compiled), Some((statement, _))) if !matches!(work.ask, DbAsk::Migrate(_)) => Some(send(client, work, compiled, statement).await),
            (Some(_) | None, Some(_) | None) => None,
        }
    };
    let (begun, first) = tokio::join!(biased; client.simple_query(&how), first);
    let begun = begun.map_err(|error| lost(&error, work.terms))?;
    let xid = begun.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    Ok(Begun { xid, first })
}

async fn attempt(client: &Client, work: &Work<'_>, course: &Course, begun: Begun) -> Result<DbResponse, Failure> {
    let result = inside(client, work, course, begun).await;
    if result.is_err() && !course.committing.get() && !course.spoilt.get() && client.batch_execute("ROLLBACK").await.is_err() {
        course.spoilt.set(true);
    }
    result
}

async fn inside(client: &Client, work: &Work<'_>, course: &Course, begun: Begun) -> Result<DbResponse, Failure> {
    let Begun { xid, mut first } = begun;
    let mut done = Vec::new();
    match work.ask {
        DbAsk::History => done.push(DbDone { affected: "0".to_owned(), returned: history::shown(migrations::rows(client, work.terms).await?) }),
        DbAsk::Migrate(migration) => {
            if migrations::enter(client, work, migration).await?.is_none() {
                client.batch_execute("ROLLBACK").await.map_err(|error| lost(&error, work.terms))?;
                return Ok(DbResponse::Migrated);
            }
        }
        DbAsk::Open
        | DbAsk::Ping
        | DbAsk::Query(_)
        | DbAsk::Execute(_)
        | DbAsk::Commit(_)
        | DbAsk::MakeBackup(_)
        | DbAsk::BackupIn(_)
        | DbAsk::VerifyBackup(_)
        | DbAsk::Restore(_) => {}
    }
    for (index, (statement, expected)) in work.parts().into_iter().enumerate() {
        let compiled = &work.terms.statements[index];
        let sent = match first.take() {
            Some(first) => first?,
            None => send(client, work, compiled, statement).await?,
        };
        let found = match sent {
            Sent::Prepared(prepared) => one(client, work, course, &prepared, compiled, statement).await?,
            Sent::Run(affected) => (affected, DbRows::default()),
        };
        check_count(index, expected, found.0)?;
        done.push(DbDone { affected: found.0.to_string(), returned: found.1 });
    }
    if work.reads() {
        if !course.spoilt.get() {
            client.batch_execute("COMMIT").await.map_err(|error| lost(&error, work.terms))?;
        }
        return Ok(work.answer(done));
    }
    if work.tentative {
        // What would only be looked at by the COMMIT is looked at now.
        client.batch_execute("SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK").await.map_err(|error| lost(&error, work.terms))?;
        return Ok(work.answer(done));
    }
    if is_noted(work.call) {
        work.context.notes.note(&json!({ "xid": xid, "done": done }))?;
    }
    course.committing.set(true);
    match client.batch_execute("COMMIT").await {
        Ok(()) => Ok(work.answer(done)),
        // The server has answered: a constraint that is only looked at now, or a serialization that failed.
        Err(error) if error.as_db_error().is_some() => Err(lost(&error, work.terms)),
        Err(error) => Err(Failure::InDoubt(format!("the connection broke after COMMIT had been sent: {error}"))),
    }
}

/// Runs what was prepared: how many rows it concerned, and which came back.
async fn one(
    client: &Client,
    work: &Work<'_>,
    course: &Course,
    prepared: &Statement,
    compiled: &Compiled,
    statement: &DbStatement,
) -> Result<(u64, DbRows), Failure> {
    let failed = |error: tokio_postgres::Error| lost(&error, work.terms);
    let columns = prepared.columns();
    let kinds = columns.iter().map(|column| cell::kind(column.name(), column.type_())).collect::<Result<Vec<_>, _>>()?;
    let described = columns.iter().zip(&kinds).map(|(column, kind)| DbColumn {
        label: column.name().to_owned(),
        kind: kind.word().to_owned(),
        declared: column.type_().name().to_owned(),
    });
    let mut gather = Gather::new(work.terms, statement, described.collect());
    let parameters = Parameter::all(compiled, statement)?;
    let mut stream = pin!(client.query_raw(prepared, parameters.iter().map(|parameter| parameter as &dyn ToSql)).await.map_err(failed)?);
    while let Some(row) = stream.try_next().await.map_err(failed)? {
        if !gather.wants_more() {
            if work.reads() {
                // What is not wanted need not be sent either: the statement is cancelled with its connection.
                course.spoilt.set(true);
                break;
            }
            continue;
        }
        let cells = kinds.iter().enumerate().map(|(index, kind)| {
            let raw: Option<cell::Raw<'_>> = row.try_get(index).map_err(failed)?;
            raw.map(|raw| kind.text(columns[index].name(), raw.0)).transpose()
        });
        gather.keep(cells.collect::<Result<_, Failure>>()?).inspect_err(|_| course.spoilt.set(true))?;
    }
    Ok((stream.rows_affected().unwrap_or_default(), gather.finish()))
}

/// A parameter as text, which the server reads as whatever type the place has.
#[derive(Debug)]
struct Parameter(Option<String>);

impl Parameter {
    /// Those of a statement, as they are bound.
    fn all(compiled: &Compiled, statement: &DbStatement) -> Result<Vec<Self>, Failure> {
        compiled.order.iter().map(|index| Self::of(&statement.parameters[*index])).collect()
    }

    fn of(given: &DbValue) -> Result<Self, Failure> {
        Ok(Self(match given {
            DbValue::Null => None,
            DbValue::Boolean(flag) => Some(flag.to_string()),
            DbValue::Integer(text) | DbValue::Decimal(text) | DbValue::Float(text) | DbValue::Json(text) => Some(text.clone()),
            DbValue::Text(text) if text.contains('\0') => return Err(value::wrong("PostgreSQL has no text with a NUL in it: bind it as bytes")),
            DbValue::Text(text) => Some(text.clone()),
            DbValue::Bytes(bytes) => Some(bytes.0.iter().fold("\\x".to_owned(), |text, byte| text + &format!("{byte:02x}"))),
            DbValue::Timestamp(text) => Some(value::instant(text)? + "+00"),
        }))
    }
}

impl ToSql for Parameter {
    fn to_sql(&self, _: &Type, out: &mut bytes::BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match &self.0 {
            None => Ok(IsNull::Yes),
            Some(text) => {
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// What an error of the client means while nothing has been committed.
fn lost(error: &tokio_postgres::Error, terms: &DbTerms) -> Failure {
    if let Some(said) = error.as_db_error() {
        let constraint = said.constraint().map(|name| format!(" (constraint `{name}`)")).unwrap_or_default();
        return fault::by_state(said.code().code(), &format!("{}{constraint}", said.message()));
    }
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    Failure::retryable("db.connection-lost", format!("the connection to database `{}` broke, and nothing was committed: {error}{cause}", terms.id))
}

/// Asks what became of the transaction that was noted.
pub(crate) async fn settle(trust: &Trust, server: &Server, work: &Work<'_>, note: Option<&Value>) -> Result<Settled<DbResponse>, Failure> {
    let Some(note) = note else {
        return Ok(Settled::DidNot("it had not come to its COMMIT: its transaction's id would have been noted first".to_owned()));
    };
    let (Some(xid), Some(done)) = (note["xid"].as_str(), serde_json::from_value::<Vec<DbDone>>(note["done"].clone()).ok()) else {
        return Ok(Settled::Unknown("what was noted cannot be read".to_owned()));
    };
    let asking = async {
        loop {
            let asked = match connect(trust, server, work.terms).await {
                Ok(session) => ask(&session.client, xid, work.terms).await,
                Err(failure) => Err(failure),
            };
            let why = match asked {
                Ok(Some(status)) if status == "committed" => return Settled::Happened(DbResponse::Done(done), format!("transaction {xid} is committed")),
                Ok(Some(status)) if status == "aborted" => return Settled::DidNot(format!("transaction {xid} is aborted")),
                Ok(Some(_)) => format!("transaction {xid} is still under way"),
                Ok(None) => return Settled::Unknown(format!("transaction {xid} is too old for the server to know")),
                Err(failure) if failure.is_retryable() => failure.to_string(),
                Err(failure) => return Settled::Unknown(failure.to_string()),
            };
            tracing::debug!(why, "asking again what became of a transaction");
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::select! {
        settled = asking => Ok(settled),
        () = tokio::time::sleep(work.deadline()) => Ok(Settled::Unknown(format!("transaction {xid} was asked for over {:?}, and the server did not tell", work.deadline()))),
        () = cancelled(work.context.interrupt) => Ok(Settled::Unknown("cancelled by the operator".to_owned())),
    }
}

async fn ask(client: &Client, xid: &str, terms: &DbTerms) -> Result<Option<String>, Failure> {
    // Its id is the server's own number; anything else is not sent.
    if xid.is_empty() || !xid.bytes().all(|b| b.is_ascii_digit()) {
        return Err(fault::plain("db.error", "what was noted is no transaction's id"));
    }
    let answer = client.simple_query(&format!("SELECT pg_xact_status('{xid}'::xid8)")).await.map_err(|error| lost(&error, terms))?;
    Ok(answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    }))
}
