//! Migration tools that are programs: Alembic, Prisma, sqlx and Flyway. Each is a command that the grant allows; what it prints is taken apart, and a way back
//! always names where it leads: a step back, `-1`, would lead elsewhere when it is repeated.
//!
//! Where the migrations are plain SQL, [`db::migrations`](crate::db::migrations) needs no tool, and the host judges every statement.

mod said;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::shell::{self, Exit};
use crate::{Failure, Result};

/// Alembic. The grant's profile is `alembic`.
///
/// ```no_run
/// use lockstep::prelude::*;
/// use lockstep::migrate::{self, Tool};
///
/// fn tool() -> Tool {
///     migrate::alembic("/srv/shop/venv/bin/alembic").directory("/srv/shop")
/// }
///
/// fn record(_: &Ctx) -> Result<migrate::Status> {
///     tool().status()
/// }
///
/// fn up(_: &Ctx) -> Result<()> {
///     tool().up("the database was copied by hand at noon")?.expect_nothing_pending()
/// }
///
/// fn back(ctx: &Ctx) -> Result<()> {
///     tool().down_to(&ctx.output::<migrate::Status>("record")?)
/// }
/// ```
pub fn alembic(program: impl Into<String>) -> Tool {
    Tool::of(Kind::Alembic, program.into())
}

/// Prisma. The grant's profile is `prisma`. It has no way back: [`Tool::down_to`] fails, and `prisma migrate reset`, which empties the database, is never run.
pub fn prisma(program: impl Into<String>) -> Tool {
    Tool::of(Kind::Prisma, program.into())
}

/// The command line of sqlx.
pub fn sqlx(program: impl Into<String>) -> Tool {
    Tool::of(Kind::Sqlx, program.into())
}

/// Flyway. Its way back, `undo`, is not in every edition.
pub fn flyway(program: impl Into<String>) -> Tool {
    Tool::of(Kind::Flyway, program.into())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Alembic,
    Prisma,
    Sqlx,
    Flyway,
}

/// A tool, and how it is called.
#[derive(Debug, Clone)]
#[must_use = "nothing happens before `status`, `up` or `down_to`"]
pub struct Tool {
    kind: Kind,
    program: String,
    first: Vec<String>,
    directory: Option<String>,
    env: Vec<(String, String)>,
    timeout: Option<Duration>,
}

/// Where a database stands, as its tool says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// What is applied, the last at the end. Alembic says its heads only, and Prisma nothing.
    pub applied: Vec<String>,
    /// What is not.
    pub pending: Vec<String>,
}

impl Status {
    /// Fails with `step.assertion` when something is pending.
    pub fn expect_nothing_pending(&self) -> Result<()> {
        if self.pending.is_empty() { Ok(()) } else { Err(Failure::assertion(format!("migrations are pending: {}", self.pending.join(", ")))) }
    }
}

impl Tool {
    fn of(kind: Kind, program: String) -> Self {
        Self { kind, program, first: Vec::new(), directory: None, env: Vec::new(), timeout: None }
    }

    /// What stands before its own arguments: `prisma` for `npx`, `-c` and a file for Alembic.
    pub fn first<S: ToString>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.first.extend(args.into_iter().map(|arg| arg.to_string()));
        self
    }

    /// The working directory, absolute, one the grant allows.
    pub fn directory(mut self, path: impl Into<String>) -> Self {
        self.directory = Some(path.into());
        self
    }

    /// Sets a variable the grant allows: `DATABASE_URL` with a [`Secret`](crate::secret::Secret).
    pub fn env(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.env.push((name.into(), value.to_string()));
        self
    }

    /// Deadline of each of its runs. Without it the step's.
    pub fn timeout(mut self, longest: Duration) -> Self {
        self.timeout = Some(longest);
        self
    }

    /// Where the database stands.
    pub fn status(&self) -> Result<Status> {
        match self.kind {
            Kind::Alembic => {
                let current = said::alembic(self.run(&["current"])?.expect_success()?.text()?);
                let heads = said::alembic(self.run(&["heads"])?.expect_success()?.text()?);
                let pending = heads.into_iter().filter(|head| !current.contains(head)).collect();
                Ok(Status { applied: current, pending })
            }
            // It ends with 1 when something is pending.
            Kind::Prisma => said::prisma(self.run(&["migrate", "status"])?.text()?),
            Kind::Sqlx => said::sqlx(self.run(&["migrate", "info"])?.expect_success()?.text()?),
            Kind::Flyway => said::flyway(self.run(&["info", "-outputType=json"])?.expect_success()?.text()?),
        }
    }

    /// Applies what is pending, and says where the database stands then. `reason`: the backup that there is, or why none is needed; the journal keeps it. The
    /// host knows nothing of what a program does to a database, so that it cannot ask for one.
    pub fn up(&self, reason: &str) -> Result<Status> {
        if reason.trim().is_empty() {
            return Err(Failure::assertion("a migration needs a backup, or a reason why none is needed"));
        }
        crate::info!("migrating with {}: {reason}", self.program);
        match self.kind {
            Kind::Alembic => self.does(&["upgrade", "head"])?,
            Kind::Prisma => self.does(&["migrate", "deploy"])?,
            Kind::Sqlx => self.does(&["migrate", "run"])?,
            Kind::Flyway => self.does(&["migrate"])?,
        }
        self.status()
    }

    /// Takes back what was applied since `recorded`. Fails with `step.assertion` when the database does not stand there afterwards.
    pub fn down_to(&self, recorded: &Status) -> Result<()> {
        if self.kind != Kind::Prisma && self.status()?.applied == recorded.applied {
            return Ok(());
        }
        let last = recorded.applied.last();
        match (self.kind, last) {
            (Kind::Alembic, Some(revision)) if recorded.applied.len() == 1 => self.does(&["downgrade", revision])?,
            (Kind::Alembic, Some(_)) => return Err(Failure::assertion("Alembic had several heads when it was recorded: no one revision leads back there")),
            (Kind::Alembic, None) => {
                return Err(Failure::assertion("nothing was applied when it was recorded, and back to nothing is no way back: restore the backup"));
            }
            (Kind::Prisma, _) => return Err(Failure::assertion("Prisma has no way back: restore the backup")),
            (Kind::Sqlx, last) => self.does(&["migrate", "revert", "--target-version", last.map_or("0", String::as_str)])?,
            (Kind::Flyway, Some(version)) => {
                // Its target is the first that is taken back.
                let now = self.status()?.applied;
                let first = now.iter().skip_while(|applied| *applied != version).nth(1);
                let first = first.ok_or_else(|| Failure::assertion(format!("version {version} was applied when it was recorded, and is not any more")))?;
                self.does(&["undo", &format!("-target={first}")])?;
            }
            (Kind::Flyway, None) => {
                let now = self.status()?.applied;
                let first = now.first().ok_or_else(|| Failure::assertion("nothing is applied"))?;
                self.does(&["undo", &format!("-target={first}")])?;
            }
        }
        let now = self.status()?.applied;
        if now == recorded.applied {
            return Ok(());
        }
        Err(Failure::assertion(format!("the database stands at {} where {} was recorded", now.join(", "), recorded.applied.join(", "))))
    }

    /// What names where it leads does no harm a second time.
    fn does(&self, args: &[&str]) -> Result<()> {
        self.command(args).idempotent().run()?.expect_success().map(drop)
    }

    fn run(&self, args: &[&str]) -> Result<Exit> {
        self.command(args).run()
    }

    fn command(&self, args: &[&str]) -> shell::Command {
        let mut command = shell::command(&self.program).args(&self.first).args(args);
        for (name, value) in &self.env {
            command = command.env(name, value);
        }
        if let Some(path) = &self.directory {
            command = command.directory(path);
        }
        match self.timeout {
            Some(longest) => command.timeout(longest),
            None => command,
        }
    }
}
