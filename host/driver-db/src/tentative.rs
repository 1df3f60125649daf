//! What a dry run may have a database do: statements in a transaction that is rolled back, where the grant lets it and the engine can.

use lockstep_gate::Trial;
use lockstep_grant::Engine;
use lockstep_model::request::{DbAsk, DbResponse};

use crate::{DbDriver, Work, mysql};

/// The failure of a trial that was not made, with why as its message.
pub(crate) const NO_TRIAL: &str = "db.no-trial";

/// Has the database try what is asked.
pub(crate) fn trial(driver: &DbDriver, work: Work<'_>) -> Trial<DbResponse> {
    if let Some(why) = why_not(&work) {
        return Trial::Untried(why);
    }
    match driver.run(&work) {
        Err(failure) if failure.code() == NO_TRIAL => Trial::Untried(failure.message().to_owned()),
        told => Trial::Told(told),
    }
}

fn why_not(work: &Work<'_>) -> Option<String> {
    let (terms, statements) = (work.terms, &work.terms.statements);
    match work.ask {
        DbAsk::Execute(_) | DbAsk::Commit(_) => {}
        // Its row of the history is rolled back with it, and so is the history's table, where a transaction holds that.
        DbAsk::Migrate(_) if matches!(terms.engine, Engine::Postgresql | Engine::Sqlite) => {}
        DbAsk::Open
        | DbAsk::Ping
        | DbAsk::Query(_)
        | DbAsk::History
        | DbAsk::Migrate(_)
        | DbAsk::MakeBackup(_)
        | DbAsk::BackupIn(_)
        | DbAsk::VerifyBackup(_)
        | DbAsk::Restore(_) => return Some("nobody can try it without its happening".to_owned()),
    }
    if !terms.dry_run {
        return Some(format!("`dry-run = true` in [db.{}] of the grant lets it be executed in a transaction that is rolled back", terms.id));
    }
    if statements.iter().any(|statement| mysql::unheld(terms.engine, statement)) {
        return Some(format!("{} commits by itself what changes the schema", terms.engine.word()));
    }
    statements.iter().any(|statement| statement.reaches_beyond).then(|| "it calls a function whose work no ROLLBACK takes back".to_owned())
}
