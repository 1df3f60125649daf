//! PostgreSQL: `pg_dump` in the snapshot that the rows are counted in, and back in one transaction, whose id is noted before it is committed.

use std::sync::mpsc::{Sender, channel};
use std::thread;

use lockstep_gate::{PrivateName, Settled, Tool};
use lockstep_model::request::{DbBackup, DbBackupOrder, DbResponse, DbRestore, DbTable};
use lockstep_model::{Failure, Secret};
use serde_json::{Value, json};
use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use super::connect::{Session, connect};
use super::lost;
use crate::backup::{self, BURIAL, Job, PipeEnd, Task, after, bury, expect, pipe, same, well};
use crate::line::Mover;
use crate::server::Server;
use crate::tally::Tally;
use crate::{DbDriver, fault};

/// The forms in which a session writes values, so that two of them write the same one alike.
const FORMS: &str = "SET extra_float_digits = 1; SET bytea_output = 'hex'; SET IntervalStyle = 'postgres'; SET lc_monetary = 'C'; \
    SET search_path = pg_catalog; SET row_security = off";
/// Begins what a dump and its count have in common.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT pg_export_snapshot(), current_setting('server_version')";
/// The tables of a database that have rows of their own, and whose rows a dump has.
const TABLES: &str = "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind = 'r' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' \
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')";
/// What an empty database has none of.
const THINGS: &str = "SELECT (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%') \
    + (SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%') \
    + (SELECT count(*) FROM pg_namespace WHERE nspname NOT IN ('public', 'information_schema') AND nspname NOT LIKE 'pg\\_%')";
/// Takes everything away that a dump brings, and leaves the schema `public` as a new database has it.
const CLEAR: &str = "DO $lockstep$ DECLARE thing record; BEGIN \
    FOR thing IN SELECT evtname FROM pg_event_trigger LOOP EXECUTE format('DROP EVENT TRIGGER %I CASCADE', thing.evtname); END LOOP; \
    FOR thing IN SELECT pubname FROM pg_publication LOOP EXECUTE format('DROP PUBLICATION %I CASCADE', thing.pubname); END LOOP; \
    FOR thing IN SELECT nspname FROM pg_namespace WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%' \
        LOOP EXECUTE format('DROP SCHEMA %I CASCADE', thing.nspname); END LOOP; \
    FOR thing IN SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' LOOP EXECUTE format('DROP EXTENSION %I CASCADE', thing.extname); END LOOP; \
    FOR thing IN SELECT fdwname FROM pg_foreign_data_wrapper LOOP EXECUTE format('DROP FOREIGN DATA WRAPPER %I CASCADE', thing.fdwname); END LOOP; \
    PERFORM lo_unlink(oid) FROM pg_largeobject_metadata; \
    CREATE SCHEMA public; COMMENT ON SCHEMA public IS 'standard public schema'; GRANT USAGE ON SCHEMA public TO PUBLIC; \
    IF current_setting('server_version_num')::integer < 150000 THEN GRANT CREATE ON SCHEMA public TO PUBLIC; \
    ELSE ALTER SCHEMA public OWNER TO pg_database_owner; END IF; \
    END $lockstep$;\n";
/// How the line begins in which a restore says its transaction's id.
const SAYS_ID: &str = "lockstep-transaction ";

pub(crate) fn perform(driver: &DbDriver, job: &Job<'_>) -> Result<DbResponse, Failure> {
    let postgres = Postgres { driver, job, server: job.work.server()? };
    match job.task {
        Task::Make(order) => postgres.make(order).map(DbResponse::Backup),
        Task::Verify(backup) => postgres.verify(backup).map(|()| DbResponse::Verified),
        Task::Restore(restore) => postgres.restore(restore).map(|()| DbResponse::Restored),
    }
}

/// Asks what became of the transaction that was noted.
pub(crate) fn settle(driver: &DbDriver, job: &Job<'_>, note: &Value) -> Result<Settled<DbResponse>, Failure> {
    let server = job.work.server()?;
    let note = json!({ "xid": note["xid"], "done": [] });
    Ok(match Mover::new()?.wait(super::settle(&driver.trust, &server, job.work, Some(&note)))? {
        Settled::Happened(_, seen) => Settled::Happened(DbResponse::Restored, seen),
        other @ (Settled::NobodyToAsk | Settled::DidNot(_) | Settled::Unknown(_)) => other,
    })
}

struct Postgres<'a> {
    driver: &'a DbDriver,
    job: &'a Job<'a>,
    server: Server,
}

impl Postgres<'_> {
    fn make(&self, order: &DbBackupOrder) -> Result<DbBackup, Failure> {
        let terms = self.job.work.terms;
        let program = self.job.program(&terms.programs.dump, "pg_dump")?;
        let mover = Mover::new()?;
        // Open until the dump is there: the snapshot lives as long as its transaction.
        let (session, snapshot, server_version, tables) = mover.wait(self.job.within(async {
            let session = self.connect(&self.server).await?;
            let begun = self.rows(&session.client, SNAPSHOT).await?;
            let tables = self.tally(&session.client).await?;
            let (snapshot, version) = begun.first().map(|row| (cell(row, 0), cell(row, 1))).unwrap_or_default();
            Ok((session, snapshot, version, tables))
        }))?;
        expect(order, &tables, None)?;
        let mut sink = self.job.work.context.artifacts.create(&order.artifact)?;
        let mut bytes = 0;
        let mut take = |piece: &[u8]| {
            bytes += piece.len() as u64;
            sink.append(piece)
        };
        let args = vec!["--format=custom".to_owned(), "--no-password".to_owned(), format!("--snapshot={snapshot}")];
        let end = self.job.run(Tool { program, args, env: self.env(&self.server), private: self.private()?, stdin: None, stdout: &mut take })?;
        well("pg_dump", &end)?;
        drop((session, mover));
        expect(order, &tables, Some(bytes))?;
        let engine = terms.engine;
        let (database, format) = (terms.id.clone(), backup::format(engine).to_owned());
        Ok(DbBackup { artifact: sink.finish()?, database, engine: engine.word().to_owned(), format, server_version, tables })
    }

    fn verify(&self, backup: &DbBackup) -> Result<(), Failure> {
        let (mover, name) = (Mover::new()?, self.job.scratch());
        let scratch = self.server.with_database(&name);
        let drop_it = || mover.wait(bury(self.drop_scratch(&name)));
        // What a crashed host has left.
        drop_it()?;
        let tried = mover.wait(self.job.within(self.create_scratch(&name))).and_then(|()| {
            self.load(backup, &scratch, false, None)?;
            let found = mover.wait(self.job.within(async {
                let session = self.connect(&scratch).await?;
                self.rows(&session.client, "BEGIN READ ONLY").await?;
                self.tally(&session.client).await
            }))?;
            same(backup, &found)
        });
        after(tried, drop_it())
    }

    fn restore(&self, DbRestore { backup, over }: &DbRestore) -> Result<(), Failure> {
        if !over {
            let things = Mover::new()?.wait(self.job.within(async {
                let session = self.connect(&self.server).await?;
                let things = self.rows(&session.client, THINGS).await?;
                Ok(things.first().map(|row| cell(row, 0)).unwrap_or_default())
            }))?;
            if things != "0" {
                let text =
                    format!("database `{}` has {things} tables, functions or other things in it: `restore-over` takes their place", self.job.work.terms.id);
                return Err(fault::plain("db.not-empty", text));
            }
        }
        let note = |id: &str| self.job.work.context.notes.note(&json!({ "xid": id }));
        self.load(backup, &self.server, *over, Some(&note))
    }

    async fn connect(&self, server: &Server) -> Result<Session, Failure> {
        let session = connect(&self.driver.trust, server, self.job.work.terms).await?;
        // What is made for a trial has to be dropped also when the time is over.
        let limit = session.limited(self.job.left().max(BURIAL));
        self.rows(&session.client, &format!("{FORMS}; SET statement_timeout = {limit}")).await?;
        Ok(session)
    }

    async fn rows(&self, client: &Client, sql: &str) -> Result<Vec<SimpleQueryRow>, Failure> {
        let messages = client.simple_query(sql).await.map_err(|error| lost(&error, self.job.work.terms))?;
        Ok(messages.into_iter().filter_map(|message| if let SimpleQueryMessage::Row(row) = message { Some(row) } else { None }).collect())
    }

    /// Rows and checksum of every table, as the session's transaction sees them.
    async fn tally(&self, client: &Client) -> Result<Vec<DbTable>, Failure> {
        let mut tally = Tally::default();
        for row in self.rows(client, TABLES).await? {
            let (schema, table) = (cell(&row, 0), cell(&row, 1));
            let counted = format!(
                "SELECT count(*), coalesce(sum(('x' || left(md5((lockstep_row.*)::text), 16))::bit(64)::bigint::numeric), 0) FROM ONLY {}.{} AS lockstep_row",
                quoted(&schema),
                quoted(&table)
            );
            let counted = self.rows(client, &counted).await?;
            let unreadable = || fault::plain("db.error", format!("the rows of `{schema}.{table}` could not be counted"));
            let counted = counted.first().ok_or_else(unreadable)?;
            let (rows, sum) = (cell(counted, 0).parse().map_err(|_| unreadable())?, cell(counted, 1).parse::<i128>().map_err(|_| unreadable())?);
            // What is beyond 64 bits is left out, as in a sum that wraps.
            let sum = u64::try_from(sum.rem_euclid(1 << 64)).map_err(|_| unreadable())?;
            tally.counted(format!("{schema}.{table}"), rows, sum);
        }
        tally.finish()
    }

    async fn drop_scratch(&self, name: &str) -> Result<(), Failure> {
        let session = self.connect(&self.server).await?;
        self.rows(&session.client, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(name))).await.map(drop)
    }

    /// Empty, with the character set and order of the database itself.
    async fn create_scratch(&self, name: &str) -> Result<(), Failure> {
        let session = self.connect(&self.server).await?;
        let like = "SELECT quote_literal(pg_encoding_to_char(encoding)), quote_literal(datcollate), quote_literal(datctype) \
            FROM pg_database WHERE datname = current_database()";
        let like = self.rows(&session.client, like).await?;
        let like = like.first().map(|row| format!("ENCODING {} LC_COLLATE {} LC_CTYPE {}", cell(row, 0), cell(row, 1), cell(row, 2))).unwrap_or_default();
        self.rows(&session.client, &format!("CREATE DATABASE {} TEMPLATE template0 {like}", quoted(name))).await.map(drop)
    }

    /// Restores a backup in one transaction. `note` hears of its id, and has kept it, before it is committed.
    fn load(&self, backup: &DbBackup, into: &Server, over: bool, note: Option<Note<'_>>) -> Result<(), Failure> {
        let programs = &self.job.work.terms.programs;
        let (unpack, client) = (self.job.program(&programs.unpack, "pg_restore")?, self.job.program(&programs.client, "psql")?);
        let archive = self.job.open(backup)?;
        let (writes, reads) = pipe();
        let (says, hears) = channel();
        let mut listens = Listens { note, says: Some(says), line: Vec::new() };
        thread::scope(|scope| {
            let job = self.job;
            let unpacked = scope.spawn(move || {
                writes.write(format!("BEGIN;\nSELECT '{SAYS_ID}' || pg_current_xact_id();\n{}", if over { CLEAR } else { "" }).as_bytes())?;
                let mut take = |piece: &[u8]| writes.write(piece);
                let args = vec!["--file=-".to_owned()];
                let end = job.run(Tool { program: unpack, args, env: Vec::new(), private: Vec::new(), stdin: Some(archive), stdout: &mut take })?;
                well("pg_restore", &end)?;
                commit(writes, &hears)
            });
            let args = ["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--no-password", "--set=ON_ERROR_STOP=1"].map(str::to_owned).to_vec();
            let mut take = |piece: &[u8]| listens.take(piece);
            let tool = Tool { program: client, args, env: self.env(into), private: self.private()?, stdin: Some(Box::new(reads)), stdout: &mut take };
            let ran = self.job.run(tool);
            // Nothing is heard any more: who still waits for the id gives up.
            listens.says = None;
            let unpacked = unpacked.join().unwrap_or_else(|_| Err(fault::plain("db.tool", "reading the archive panicked")));
            let ran = ran.and_then(|end| match end.code {
                LOST => Err(Failure::InDoubt(format!("`psql` has lost its connection: {}", end.complaint))),
                _ => well("psql", &end),
            });
            ended(ran, unpacked)
        })
    }

    /// Where the programs find the server: nothing of it is in an argument.
    fn env(&self, server: &Server) -> Vec<(&'static str, String)> {
        let url = &server.url;
        vec![
            ("PGHOST", url.host.clone()),
            ("PGPORT", url.port.to_string()),
            ("PGUSER", url.user.clone()),
            ("PGDATABASE", url.database.clone()),
            ("PGSSLMODE", if server.encrypted { "verify-full" } else { "disable" }.to_owned()),
            ("PGGSSENCMODE", "disable".to_owned()),
            ("PGAPPNAME", "lockstep".to_owned()),
            ("PGCLIENTENCODING", "UTF8".to_owned()),
            ("PGOPTIONS", "-c client_min_messages=warning".to_owned()),
            ("LC_ALL", "C".to_owned()),
        ]
    }

    fn private(&self) -> Result<Vec<(PrivateName, Secret<String>)>, Failure> {
        let mut private = Vec::new();
        if let Some(password) = &self.server.password {
            let password = password.expose().replace('\\', "\\\\").replace(':', "\\:");
            private.push((PrivateName::Variable("PGPASSFILE"), Secret::new(format!("*:*:*:*:{password}\n"))));
        }
        if self.server.encrypted {
            let authorities = self.driver.trust.pem(&self.job.work.terms.authorities)?;
            private.push((PrivateName::Variable("PGSSLROOTCERT"), Secret::new(authorities)));
        }
        Ok(private)
    }
}

/// The exit code of a `psql` whose connection broke.
const LOST: i32 = 2;

/// Tells `psql` to commit, once its transaction's id is kept.
fn commit(writes: PipeEnd, hears: &std::sync::mpsc::Receiver<()>) -> Result<(), Failure> {
    hears.recv().map_err(|_| fault::plain("db.tool", "`psql` ended before the transaction could be committed"))?;
    writes.write(b"\nCOMMIT;\n")?;
    writes.finish();
    Ok(())
}

/// What counts when both ended: the archive's own trouble has only killed the other.
fn ended(ran: Result<(), Failure>, unpacked: Result<(), Failure>) -> Result<(), Failure> {
    match (ran, unpacked) {
        (Ok(()), unpacked) => unpacked,
        // It was killed because there was nothing more to read, and nothing was committed.
        (Err(Failure::InDoubt(_)), Err(failure)) => Err(failure),
        (Err(failure), _) => Err(failure),
    }
}

/// Keeps the transaction's id.
type Note<'a> = &'a dyn Fn(&str) -> Result<(), Failure>;

/// Hears the transaction's id.
struct Listens<'a> {
    note: Option<Note<'a>>,
    says: Option<Sender<()>>,
    line: Vec<u8>,
}

impl Listens<'_> {
    fn take(&mut self, piece: &[u8]) -> Result<(), Failure> {
        /// What is no line of ours is not kept.
        const LONGEST: usize = 200;
        let Some(says) = &self.says else { return Ok(()) };
        self.line.extend(piece.iter().take(LONGEST));
        let text = String::from_utf8_lossy(&self.line);
        let Some((line, _)) = text.split_once('\n') else { return Ok(()) };
        let Some(id) = line.strip_prefix(SAYS_ID) else {
            return Err(fault::plain("db.tool", "`psql` did not begin with its transaction's id"));
        };
        if let Some(note) = self.note {
            note(id)?;
        }
        // Who waits for it may have given up.
        let _ = says.send(());
        self.says = None;
        Ok(())
    }
}

fn cell(row: &SimpleQueryRow, index: usize) -> String {
    row.try_get(index).ok().flatten().unwrap_or_default().to_owned()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
