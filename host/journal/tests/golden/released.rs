//! A release of a database: a backup that is made and verified, a migration up and back, and the backup restored over what was left.

use lockstep_journal::event::{
    ArtifactSealed, BackupMade, BackupVerified, CallAnswered, CallFinished, CallId, CallNoted, CallProbed, CallStarted, Event, Outcome, ProbeAnswer,
    StepFailed, UndoBegan,
};
use lockstep_journal::{Json, SealedRecord};
use lockstep_model::request::{DbAsk, DbBackupOrder, DbColumn, DbDirection, DbMigration, DbRequest, DbResponse, DbRestore, DbRows};
use lockstep_model::{EffectClass, Failure, Request as _, RunOutcome};
use serde_json::json;

use crate::pen::{Pen, asked, call, created, digest, inline, step, undo_call};
use crate::runs::{attempt, backup, finished, planned, step_succeeded};

pub(crate) fn released() -> Vec<SealedRecord> {
    let mut pen = Pen::new(6);
    let before = backup("before");
    pen.host(created(true)).host(planned()).host(Event::StepStarted(attempt("build", 1)));
    pen.host(begun(call("build", 1, 1), DbAsk::MakeBackup(DbBackupOrder { artifact: "before".into(), timeout_milliseconds: None, ..order() })));
    let (id, digest, size) = ("before".to_owned(), digest("an artifact"), "70000".to_owned());
    pen.host(Event::ArtifactSealed(ArtifactSealed { step: step("build"), id, digest, size }));
    pen.host(Event::BackupMade(Box::new(BackupMade { step: step("build"), backup: before.clone() })));
    pen.host(ended(call("build", 1, 1), &DbResponse::Backup(before.clone())));
    pen.host(begun(call("build", 1, 2), DbAsk::VerifyBackup(before.clone())));
    pen.host(Event::BackupVerified(BackupVerified { step: step("build"), artifact: "before".into() }));
    pen.host(ended(call("build", 1, 2), &DbResponse::Verified)).host(step_succeeded("build", 1, None));

    pen.host(Event::StepStarted(attempt("switch", 1))).host(history());
    pen.host(begun(call("switch", 1, 2), migration("0001", DbDirection::Up, None)));
    pen.host(ended(call("switch", 1, 2), &DbResponse::Migrated));
    // The host died in the second one, and the row of the history says what became of it.
    pen.host(begun(call("switch", 1, 3), migration("0002", DbDirection::Up, Some("a column that nobody reads yet"))));
    pen.host(probed(call("switch", 1, 3), "the history has it as applied", &DbResponse::Migrated));
    let failure = Failure::problem("shop.counts", "3 orders before, 2 after");
    pen.host(Event::StepFailed(StepFailed { step: step("switch"), attempt: 1, failure, retry_at: None }));

    pen.host(Event::UndoBegan(UndoBegan { reason: "`switch` failed".into(), cause: RunOutcome::Failed, to: None }));
    pen.host(Event::UndoStarted(attempt("switch", 1)));
    pen.host(begun(undo_call("switch", 1, 1), migration("0002", DbDirection::Down, None)));
    let refused = Failure::problem("db.undefined", "column \"label\" does not exist (42703)");
    pen.host(Event::CallFinished(CallFinished { id: undo_call("switch", 1, 1), outcome: Outcome::Failed(refused) }));
    pen.host(begun(undo_call("switch", 1, 2), DbAsk::Restore(DbRestore { backup: before, over: true })));
    pen.host(Event::CallNoted(Box::new(CallNoted { id: undo_call("switch", 1, 2), note: inline(json!({"xid": "1043"})) })));
    pen.host(probed(undo_call("switch", 1, 2), "transaction 1043 is committed", &DbResponse::Restored));
    pen.host(Event::UndoSucceeded(attempt("switch", 1))).host(finished(RunOutcome::Undone));
    pen.lay_down()
}

fn order() -> DbBackupOrder {
    serde_json::from_value(json!({"artifact": "", "timeout-milliseconds": 600_000})).unwrap()
}

fn migration(version: &str, direction: DbDirection, unverified: Option<&str>) -> DbAsk {
    let script = match direction {
        DbDirection::Up => "ALTER TABLE orders ADD COLUMN label TEXT;\nUPDATE orders SET label = 'ö' WHERE id > 0;",
        DbDirection::Down => "ALTER TABLE orders DROP COLUMN label;",
    };
    let (version, title, checksum) = (version.to_owned(), "labels".to_owned(), digest("the script that goes up"));
    DbAsk::Migrate(DbMigration {
        version,
        title,
        checksum,
        direction,
        script: script.to_owned(),
        unverified: unverified.map(str::to_owned),
        timeout_milliseconds: Some(60_000),
    })
}

fn begun(id: CallId, ask: DbAsk) -> Event {
    let request = DbRequest { database: "main".to_owned(), ask };
    let (class, key) = (request.class(), format!("{:x}{:x}", id.attempt, id.call));
    assert_ne!(class, EffectClass::Read);
    let asked = asked("db", request.function(), &request.summary(), inline(serde_json::to_value(&request).unwrap()));
    Event::CallStarted(Box::new(CallStarted { id, asked, class, rule: "db.main".to_owned(), key }))
}

fn returned(response: &DbResponse) -> Outcome {
    Outcome::Returned(lockstep_journal::event::Stored::Inline(Json::of(response).unwrap()))
}

fn ended(id: CallId, response: &DbResponse) -> Event {
    Event::CallFinished(CallFinished { id, outcome: returned(response) })
}

fn probed(id: CallId, detail: &str, response: &DbResponse) -> Event {
    let (probe, detail, answer) = ("db: what became of it".to_owned(), detail.to_owned(), ProbeAnswer::Happened(returned(response)));
    Event::CallProbed(Box::new(CallProbed { id, probe, answer, detail }))
}

/// Nothing has been migrated yet.
fn history() -> Event {
    let request = DbRequest { database: "main".to_owned(), ask: DbAsk::History };
    let column = |label: &str| DbColumn { label: label.to_owned(), kind: "text".to_owned(), declared: "text".to_owned() };
    let rows = DbRows { columns: ["version", "title"].map(column).to_vec(), rows: Vec::new(), truncated: false };
    let asked = asked("db", request.function(), &request.summary(), inline(serde_json::to_value(&request).unwrap()));
    let (id, rule, outcome) = (call("switch", 1, 1), "db.main".to_owned(), returned(&DbResponse::Rows(rows)));
    Event::CallAnswered(Box::new(CallAnswered { id, asked, rule, outcome }))
}
