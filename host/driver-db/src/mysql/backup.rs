//! MariaDB and MySQL: a dump of their own program, whose rows are counted as it passes, and back by their client.

use lockstep_gate::{PrivateName, Settled, Tool};
use lockstep_grant::Engine;
use lockstep_model::request::{DbBackup, DbBackupOrder, DbResponse, DbRestore, DbTable};
use lockstep_model::{Failure, Secret};
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;
use serde_json::json;

use super::connect::{connect, lost};
use super::dump::Dump;
use crate::backup::{self, Job, Task, after, bury, copy, expect, pipe, same, well};
use crate::line::Mover;
use crate::server::Server;
use crate::tally::difference;
use crate::{DbDriver, fault};

/// What an empty database has none of.
const THINGS: &str = "SELECT (SELECT count(*) FROM information_schema.tables WHERE table_schema = DATABASE()) \
    + (SELECT count(*) FROM information_schema.routines WHERE routine_schema = DATABASE()) \
    + (SELECT count(*) FROM information_schema.events WHERE event_schema = DATABASE())";
/// The longest row that the programs take: what the servers themselves take at most.
const LONGEST_ROW: &str = "--max-allowed-packet=1G";
/// A table that is in the database while a restore is under way, made with the empty database and dropped by the restore's last statement. Its row has the key
/// of the call: what a crash has left of a restore is known by it, and begun anew.
const MARK: &str = "lockstep_restore";
const NO_TABLE: u16 = 1146;
/// How long a restore whose host has died may go on before nobody waits for it any more.
const PATIENCE: u32 = 30;

pub(crate) fn perform(driver: &DbDriver, job: &Job<'_>) -> Result<DbResponse, Failure> {
    let mysql = Mysql { driver, job, server: job.work.server()? };
    match job.task {
        Task::Make(order) => mysql.make(order).map(DbResponse::Backup),
        Task::Verify(backup) => mysql.verify(backup).map(|()| DbResponse::Verified),
        Task::Restore(restore) => mysql.restore(restore).map(|()| DbResponse::Restored),
    }
}

/// Compares what is there with the backup, once nobody restores any more.
pub(crate) fn settle(driver: &DbDriver, job: &Job<'_>, restore: &DbRestore) -> Result<Settled<DbResponse>, Failure> {
    let mysql = Mysql { driver, job, server: job.work.server()? };
    if !Mover::new()?.wait(job.within(mysql.stands_still()))? {
        return Ok(Settled::Unknown("it is still being restored".to_owned()));
    }
    if Mover::new()?.wait(job.within(async { mysql.is_marked(&mut mysql.connect().await?).await }))? {
        return Ok(Settled::DidNot("the database has a part of the backup, and it begins anew".to_owned()));
    }
    let found = mysql.dump(&mysql.server, &mut |_| Ok(()))?;
    Ok(match difference(&restore.backup.tables, &found) {
        None => Settled::Happened(DbResponse::Restored, "the database has every row of the backup, and no other".to_owned()),
        Some(_) if found.is_empty() && !restore.over => Settled::DidNot("the database is still empty".to_owned()),
        Some(difference) => Settled::Unknown(format!("it has a part of the backup, or something else: {difference}")),
    })
}

struct Mysql<'a> {
    driver: &'a DbDriver,
    job: &'a Job<'a>,
    server: Server,
}

impl Mysql<'_> {
    fn make(&self, order: &DbBackupOrder) -> Result<DbBackup, Failure> {
        let terms = self.job.work.terms;
        let server_version = Mover::new()?.wait(self.job.within(async { self.text(&mut self.connect().await?, "SELECT VERSION()").await }))?;
        let mut sink = self.job.work.context.artifacts.create(&order.artifact)?;
        let mut bytes = 0;
        let tables = self.dump(&self.server, &mut |piece| {
            bytes += piece.len() as u64;
            sink.append(piece)
        })?;
        expect(order, &tables, Some(bytes))?;
        let (database, engine) = (terms.id.clone(), terms.engine);
        let format = backup::format(engine).to_owned();
        Ok(DbBackup { artifact: sink.finish()?, database, engine: engine.word().to_owned(), format, server_version, tables })
    }

    fn verify(&self, backup: &DbBackup) -> Result<(), Failure> {
        let (mover, name) = (Mover::new()?, self.job.scratch());
        let scratch = self.server.with_database(&name);
        let drop_it = || mover.wait(bury(self.drop_database(&name)));
        // What a crashed host has left.
        drop_it()?;
        let tried = mover.wait(self.job.within(self.create_like(&name))).and_then(|()| {
            self.load(backup, &scratch, "")?;
            same(backup, &self.dump(&scratch, &mut |_| Ok(()))?)
        });
        after(tried, drop_it())
    }

    fn restore(&self, DbRestore { backup, over }: &DbRestore) -> Result<(), Failure> {
        let (mover, terms) = (Mover::new()?, self.job.work.terms);
        let (things, marked) = mover.wait(self.job.within(async {
            let mut conn = self.connect().await?;
            Ok((self.text(&mut conn, THINGS).await?, self.is_marked(&mut conn).await?))
        }))?;
        if things != "0" && !over && !marked {
            let text = format!("database `{}` has {things} tables, views or routines in it: `restore-over` takes their place", terms.id);
            return Err(fault::plain("db.not-empty", text));
        }
        // From here on a part of it may be there, and nothing takes it back.
        self.job.work.context.notes.note(&json!({ "begun": true }))?;
        mover.wait(self.job.within(self.mark(things == "0")))?;
        let partly = |failure| match failure {
            Failure::Failed(problem) => fault::plain(&problem.code, format!("{}; the database has a part of the backup now", problem.message)),
            other @ (Failure::Denied(_) | Failure::TimedOut(_) | Failure::InDoubt(_)) => other,
        };
        self.load(backup, &self.server, &format!("\nDROP TABLE `{MARK}`;\n")).map_err(partly)
    }

    async fn connect(&self) -> Result<Conn, Failure> {
        connect(&self.driver.trust, &self.server, self.job.work.terms).await
    }

    /// Whether a restore of this call is under way, or was when its host died.
    async fn is_marked(&self, conn: &mut Conn) -> Result<bool, Failure> {
        let marked = format!("SELECT count(*) FROM {MARK} WHERE call_key = ?");
        match conn.exec_first::<u64, _, _>(marked, (self.job.work.context.idempotency_key,)).await {
            Ok(rows) => Ok(rows != Some(0)),
            Err(mysql_async::Error::Server(error)) if error.code == NO_TABLE => Ok(false),
            Err(error) => Err(lost(error, self.job.work.terms)),
        }
    }

    async fn text(&self, conn: &mut Conn, sql: &str) -> Result<String, Failure> {
        conn.query_first::<String, _>(sql).await.map(Option::unwrap_or_default).map_err(|error| lost(error, self.job.work.terms))
    }

    async fn drop_database(&self, name: &str) -> Result<(), Failure> {
        let mut conn = self.connect().await?;
        conn.query_drop(format!("DROP DATABASE IF EXISTS {}", quoted(name))).await.map_err(|error| lost(error, self.job.work.terms))
    }

    /// Empty, with the character set and order of the database itself.
    async fn create_like(&self, name: &str) -> Result<(), Failure> {
        let mut conn = self.connect().await?;
        let create = self.text(&mut conn, &created(name)).await?;
        conn.query_drop(create).await.map_err(|error| lost(error, self.job.work.terms))
    }

    /// Marks the database. One that is not empty is taken away first and made anew: what was granted on it stays granted. The server has all of it in one
    /// message, so that it comes to its end whatever becomes of this host.
    async fn mark(&self, is_empty: bool) -> Result<(), Failure> {
        let name = &self.server.url.database;
        let mut conn = self.connect().await?;
        let cleared = if is_empty { String::new() } else { format!("DROP DATABASE {}; {}; ", quoted(name), self.text(&mut conn, &created(name)).await?) };
        let (database, key) = (quoted(name), self.job.work.context.idempotency_key);
        // The key is of hexadecimal digits.
        let all = format!(
            "{cleared}CREATE TABLE {database}.{MARK} (call_key VARCHAR(64) NOT NULL PRIMARY KEY); \
             INSERT INTO {database}.{MARK} (call_key) VALUES ('{key}')"
        );
        conn.query_drop(all).await.map_err(|error| lost(error, self.job.work.terms))
    }

    /// Whether no restore of this call goes on: it holds a lock of the server for as long as its connection lives.
    async fn stands_still(&self) -> Result<bool, Failure> {
        let mut conn = self.connect().await?;
        let asked = format!("SELECT CAST(GET_LOCK('{}', {PATIENCE}) AS CHAR)", self.lock());
        Ok(self.text(&mut conn, &asked).await? == "1")
    }

    /// The name of the lock: of letters and digits.
    fn lock(&self) -> String {
        format!("{}_restore", self.job.scratch())
    }

    /// Dumps a database into `take`, and counts what is in it.
    fn dump(&self, server: &Server, take: &mut dyn FnMut(&[u8]) -> Result<(), Failure>) -> Result<Vec<DbTable>, Failure> {
        let terms = self.job.work.terms;
        let (name, more): (_, &[&str]) = match terms.engine {
            Engine::Mysql => ("mysqldump", &["--set-gtid-purged=OFF", "--column-statistics=0"]),
            Engine::Mariadb | Engine::Postgresql | Engine::Sqlite => ("mariadb-dump", &[]),
        };
        let program = self.job.program(&terms.programs.dump, name)?;
        let mut args: Vec<String> = [
            "--single-transaction",
            "--quick",
            "--routines",
            "--triggers",
            "--events",
            "--hex-blob",
            "--skip-lock-tables",
            "--skip-dump-date",
            "--no-tablespaces",
            "--default-character-set=utf8mb4",
            LONGEST_ROW,
        ]
        .iter()
        .chain(more)
        .map(|arg| (*arg).to_owned())
        .collect();
        args.extend(["--".to_owned(), server.url.database.clone()]);
        let mut dump = Dump::default();
        let mut both = |piece: &[u8]| {
            dump.take(piece)?;
            take(piece)
        };
        let end = self.job.run(Tool { program, args, env: Vec::new(), private: self.private()?, stdin: None, stdout: &mut both })?;
        well(name, &end)?;
        dump.finish()
    }

    /// Restores a dump, to the first error; then `last`.
    fn load(&self, backup: &DbBackup, into: &Server, last: &str) -> Result<(), Failure> {
        let terms = self.job.work.terms;
        let name = if terms.engine == Engine::Mysql { "mysql" } else { "mariadb" };
        let program = self.job.program(&terms.programs.client, name)?;
        let mut archive = self.job.open(backup)?;
        let (writes, reads) = pipe();
        // In this mode the client carries out nothing of its own that stands in a dump: no `\!`, no `source`.
        let args = ["--batch", "--skip-column-names", "--binary-mode", "--default-character-set=utf8mb4", LONGEST_ROW].map(str::to_owned);
        let args = args.into_iter().chain([format!("--database={}", into.url.database)]).collect();
        let lock = format!("DO GET_LOCK('{}', {PATIENCE});\n", self.lock());
        std::thread::scope(|scope| {
            let fed = scope.spawn(move || {
                writes.write(lock.as_bytes())?;
                copy(&mut *archive, |piece| writes.write(piece))?;
                writes.write(last.as_bytes())?;
                writes.finish();
                Ok(())
            });
            let ran = self.job.run(Tool { program, args, env: Vec::new(), private: self.private()?, stdin: Some(Box::new(reads)), stdout: &mut |_| Ok(()) });
            let fed = fed.join().unwrap_or_else(|_| Err(fault::plain("db.tool", "reading the backup panicked")));
            match (ran, fed) {
                // It was killed because the backup could not be read to its end.
                (Err(Failure::InDoubt(_)), Err(failure)) => Err(failure),
                (ran, _) => well(name, &ran?),
            }
        })
    }

    /// Where the programs find the server, and how they log in: a file in memory that they alone can open.
    fn private(&self) -> Result<Vec<(PrivateName, Secret<String>)>, Failure> {
        let Server { url, password, encrypted } = &self.server;
        let mut file = format!("[client]\nprotocol=tcp\nhost={}\nport={}\nuser={}\n", value(&url.host), url.port, value(&url.user));
        if let Some(password) = password {
            file.push_str(&format!("password={}\n", value(password.expose())));
        }
        let mut private = Vec::new();
        if *encrypted {
            file.push_str("ssl-verify-server-cert\n");
            private.push((PrivateName::Option("--ssl-ca"), Secret::new(self.driver.trust.pem(&self.job.work.terms.authorities)?)));
        }
        private.insert(0, (PrivateName::Option("--defaults-file"), Secret::new(file)));
        Ok(private)
    }
}

/// Asks for the statement that makes a database of this name like the one that the session is in.
fn created(name: &str) -> String {
    let create = format!("CREATE DATABASE {}", quoted(name)).replace('\\', "\\\\").replace('\'', "''");
    format!(
        "SELECT CONCAT('{create} CHARACTER SET ', default_character_set_name, ' COLLATE ', default_collation_name) \
         FROM information_schema.schemata WHERE schema_name = DATABASE()"
    )
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A value of an option file.
fn value(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
