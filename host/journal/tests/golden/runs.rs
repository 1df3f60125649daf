//! The runs of the golden journal. What a version can write happens in one of them, and each is legal from its first record to its last.

use lockstep_journal::SealedRecord;
use lockstep_journal::event::{
    ArtifactSealed, Attempt, BackupMade, BackupVerified, BytesReleased, CallAnswered, CallDenied, CallFinished, CallNoted, CallProbed, CallResolved,
    CallStarted, DivergenceFound, Event, LeaseReleased, Outcome, ParametersChanged, Phase, PlanDeclared, ProbeAnswer, Reason, RunFinished, RunMigrated,
    RunResumed, RunWaiting, RunWoken, SecretCaptured, SecretUsed, StepFailed, StepMarkedDone, StepSkipped, StepSucceeded, UndoBegan, UndoFailed,
    ValueRemembered,
};
use lockstep_model::request::{DbBackup, DbTable, SealedArtifact};
use lockstep_model::{Content, EffectClass, Failure, RunOutcome};
use serde_json::json;

use crate::pen::{Pen, asked, blob, call, created, digest, inline, plan, step, undo_call};
use crate::released::released;

/// Every run, as its records.
pub(crate) fn all() -> Vec<Vec<SealedRecord>> {
    vec![succeeded(), undone(), diverged(), by_hand(), noted(), released()]
}

/// What the artifact says of itself as a backup.
pub(crate) fn backup(id: &str) -> DbBackup {
    let artifact = SealedArtifact { id: id.into(), digest: digest("an artifact"), size: "70000".into() };
    let table = DbTable { label: "public.orders".into(), rows: "3".into(), checksum: "00ff00ff00ff00ff".into() };
    let (engine, format) = ("postgresql".into(), "postgresql-archive".into());
    DbBackup { artifact, database: "main".into(), engine, format, server_version: "15.18".into(), tables: vec![table] }
}

pub(crate) fn planned() -> Event {
    Event::PlanDeclared(declared())
}

fn declared() -> PlanDeclared {
    PlanDeclared { digest: digest("plan"), plan: plan() }
}

pub(crate) fn attempt(name: &str, attempt: u32) -> Attempt {
    Attempt { step: step(name), attempt }
}

fn reason(text: &str) -> Reason {
    Reason { reason: text.into() }
}

fn resumed(text: &str, grant: &str) -> Event {
    let grant_file = format!("/etc/lockstep/{grant}.toml");
    Event::RunResumed(RunResumed { reason: text.into(), grant: digest(grant), grant_file, lease: 2 })
}

pub(crate) fn step_succeeded(name: &str, attempt: u32, output: Option<&str>) -> Event {
    Event::StepSucceeded(StepSucceeded { step: step(name), attempt, output: output.map(str::to_owned) })
}

pub(crate) fn finished(outcome: RunOutcome) -> Event {
    Event::RunFinished(RunFinished { outcome })
}

/// Everything that a step can do, a step that is tried again, one left out, and what retention does at last.
fn succeeded() -> Vec<SealedRecord> {
    let mut pen = Pen::new(1);
    let clock = asked("clock", "now", "now", inline(json!({})));
    let put = asked("http", "send", "PUT https://shop.example.com/slot", inline(json!({"method": "PUT", "body": "{\"slot\":\"blue\"}"})));
    let shell = asked("shell", "run", "/usr/bin/tar --extract", blob("a long request"));
    let query = asked("http", "send", "GET https://shop.example.com/health", blob("a long query"));
    let denied = asked("shell", "run", "/bin/rm --recursive /", inline(json!({"program": "/bin/rm"})));
    pen.host(created(true)).host(planned()).host(Event::StepStarted(attempt("build", 1)));
    pen.host(Event::CallAnswered(Box::new(CallAnswered {
        id: call("build", 1, 1),
        asked: clock,
        rule: "default".into(),
        outcome: Outcome::Returned(inline(
            json!({"microseconds": "1767225600000000", "fraction": 0.25, "large": 1e21, "none": null, "list": [1, "two", true]}),
        )),
    })));
    pen.host(Event::CallStarted(Box::new(CallStarted {
        id: call("build", 1, 2),
        asked: put,
        class: EffectClass::Idempotent,
        rule: "http.allow[0]".into(),
        key: "b3f1".into(),
    })));
    pen.host(Event::CallFinished(CallFinished { id: call("build", 1, 2), outcome: Outcome::Returned(inline(json!({"status": 204}))) }));
    pen.host(Event::CallStarted(Box::new(CallStarted {
        id: call("build", 1, 3),
        asked: shell,
        class: EffectClass::AtMostOnce,
        rule: "shell.allow[1], production.toml:14".into(),
        key: "b3f2".into(),
    })));
    pen.host(Event::CallFinished(CallFinished { id: call("build", 1, 3), outcome: Outcome::Returned(blob("a long response")) }));
    for (number, hint) in [(4, Some("add `/bin/rm`")), (5, None)] {
        pen.host(Event::CallDenied(Box::new(CallDenied {
            id: call("build", 1, number),
            asked: denied.clone(),
            rule: "default".into(),
            message: "`/bin/rm` is not allowed".into(),
            hint: hint.map(str::to_owned),
        })));
    }
    pen.host(Event::ValueRemembered(ValueRemembered { step: step("build"), key: "before".into(), value: "1.9.9".into() }));
    pen.host(Event::ArtifactSealed(ArtifactSealed { step: step("build"), id: "image".into(), digest: digest("an artifact"), size: "70000".into() }));
    pen.host(Event::BackupMade(Box::new(BackupMade { step: step("build"), backup: backup("image") })));
    pen.host(Event::BackupVerified(BackupVerified { step: step("build"), artifact: "image".into() }));
    pen.host(Event::SecretCaptured(SecretCaptured { step: step("build"), secret: "TOKEN".into(), sealed: digest("a sealed token") }));
    pen.host(Event::SecretUsed(SecretUsed { secret: "TOKEN".into(), mark: Content(b"a sealed mark".to_vec()) }));
    pen.host(step_succeeded("build", 1, Some("{\"image\":\"shop:2.0.0\"}")));
    pen.host(Event::StepStarted(attempt("switch", 1)));
    pen.host(Event::CallAnswered(Box::new(CallAnswered {
        id: call("switch", 1, 1),
        asked: query,
        rule: "http.allow[1]".into(),
        outcome: Outcome::Failed(Failure::TimedOut("after 30 s".into())),
    })));
    let retry_at = Some(pen.time(60));
    let failure = Failure::retryable("http.status", "503");
    pen.host(Event::StepFailed(StepFailed { step: step("switch"), attempt: 1, failure, retry_at }));
    pen.host(Event::StepStarted(attempt("switch", 2))).host(step_succeeded("switch", 2, None));
    pen.by("ada", Event::StepSkipped(StepSkipped { step: step("announce"), reason: "it is night".into() }));
    pen.host(finished(RunOutcome::Succeeded));
    pen.by("grace", Event::BytesReleased(BytesReleased { ended_before: pen.time(86_400), blobs: 6 }));
    pen.lay_down()
}

/// Crashes, doubts and answers, pauses, and an undo that does not work at once.
fn undone() -> Vec<SealedRecord> {
    let mut pen = Pen::new(2);
    let post = asked("http", "send", "POST https://shop.example.com/switch", inline(json!({"method": "POST"})));
    let started = |id| {
        let asked = post.clone();
        Event::CallStarted(Box::new(CallStarted { id, asked, class: EffectClass::AtMostOnce, rule: "http.allow[2]".into(), key: "c4d5".into() }))
    };
    let resolved = |id, outcome: Option<Outcome>, text: &str| Event::CallResolved(CallResolved { id, outcome, reason: text.into() });
    pen.host(created(false)).by("ada", Event::RunPaused(reason("interrupted"))).by("ada", resumed("resumed by ada", "grant")).host(planned());
    pen.host(Event::StepStarted(attempt("build", 1))).host(step_succeeded("build", 1, None)).host(Event::StepStarted(attempt("switch", 1)));
    pen.host(started(call("switch", 1, 1))).host(Event::RunStuck(reason("call switch/1/1 is in doubt")));
    pen.by("ada", resolved(call("switch", 1, 1), None, "the log has no such request")).by("ada", resumed("it did not happen", "another grant"));
    pen.host(started(call("switch", 1, 1))).host(Event::RunStuck(reason("call switch/1/1 is in doubt")));
    pen.by("ada", resolved(call("switch", 1, 1), Some(Outcome::Returned(inline(json!({"status": 200})))), "the log has it"))
        .by("ada", resumed("done", "grant"));
    let denied = Failure::Denied("`/bin/rm` is not allowed (rule: default)".into());
    pen.host(Event::StepFailed(StepFailed { step: step("switch"), attempt: 1, failure: denied, retry_at: None }));
    let began = |to: Option<&str>| Event::UndoBegan(UndoBegan { reason: "it failed".into(), cause: RunOutcome::Denied, to: to.map(step) });
    pen.host(began(Some("build"))).host(Event::UndoStarted(attempt("switch", 1))).host(started(undo_call("switch", 1, 1)));
    let doubt = Failure::InDoubt("the connection was lost".into());
    pen.host(Event::CallFinished(CallFinished { id: undo_call("switch", 1, 1), outcome: Outcome::Failed(doubt.clone()) }));
    pen.host(Event::UndoFailed(UndoFailed { step: step("switch"), attempt: 1, failure: doubt }));
    pen.host(Event::RunStuck(reason("the undo of `switch` failed"))).by("ada", began(None));
    pen.host(Event::UndoStarted(attempt("switch", 2))).host(Event::UndoSucceeded(attempt("switch", 2)));
    pen.host(finished(RunOutcome::Undone));
    pen.lay_down()
}

/// A component that is not what it was.
fn diverged() -> Vec<SealedRecord> {
    let mut pen = Pen::new(3);
    pen.host(created(false)).host(planned()).host(Event::StepStarted(attempt("build", 1)));
    let post = asked("http", "send", "POST https://shop.example.com/switch", inline(json!({"method": "POST"})));
    let id = call("build", 1, 1);
    let (class, rule, key) = (EffectClass::AtMostOnce, "http.allow[2]".to_owned(), "d6e7".to_owned());
    pen.host(Event::CallStarted(Box::new(CallStarted { id: id.clone(), asked: post, class, rule, key })));
    for answer in [ProbeAnswer::Unknown, ProbeAnswer::Happened(Outcome::Returned(inline(json!({"status": 200}))))] {
        let (probe, detail) = ("GET https://shop.example.com/live".to_owned(), "status 200".to_owned());
        pen.host(Event::CallProbed(Box::new(CallProbed { id: id.clone(), probe, answer, detail })));
    }
    let position = Some("shop::build <- shop::run_step".to_owned());
    let asked = format!("clock.now {} now", digest("now"));
    pen.host(Event::DivergenceFound(DivergenceFound { id: call("build", 1, 2), recorded: "the end of the step".into(), asked, position }));
    pen.by("ada", Event::RunMigrated(RunMigrated { component: digest("a mended component"), reason: "it asks for the time no more".into() }));
    pen.lay_down()
}

/// A wait, an environment taken away, and what an operator does instead of the procedure.
fn by_hand() -> Vec<SealedRecord> {
    let mut pen = Pen::new(4);
    let waiting = |until| Event::RunWaiting(RunWaiting { until, reason: "soaking".into() });
    let done = |name: &str, phase, output: Option<&str>| {
        let evidence = "https://shop.example.com/version".into();
        Event::StepMarkedDone(StepMarkedDone { step: step(name), phase, evidence, output: output.map(str::to_owned) })
    };
    let (soon, later) = (pen.time(600), pen.time(1_200));
    pen.host(created(true)).host(planned()).host(waiting(soon)).host(Event::RunWoken(RunWoken { lease: 2 })).host(waiting(later));
    let released = LeaseReleased { environment: "production".into(), lease: 3, reason: "the machine is gone".into() };
    pen.by("ada", Event::LeaseReleased(released));
    let changed = [("slot".to_owned(), "green".to_owned())].into();
    pen.by("ada", Event::ParametersChanged(Box::new(ParametersChanged { changed, declared: declared(), reason: "blue is taken".into() })));
    pen.by("ada", done("build", Phase::Step, Some("{\"image\":\"shop:2.0.0\"}"))).by("ada", resumed("by hand", "grant"));
    pen.host(Event::StepStarted(attempt("switch", 1))).host(step_succeeded("switch", 1, None));
    pen.by("ada", Event::UndoBegan(UndoBegan { reason: "a complaint".into(), cause: RunOutcome::Failed, to: None }));
    pen.host(Event::UndoStarted(attempt("switch", 1)));
    pen.host(Event::UndoFailed(UndoFailed { step: step("switch"), attempt: 1, failure: Failure::problem("http.tls", "expired") }));
    pen.host(Event::RunStuck(reason("the undo of `switch` failed"))).by("ada", done("switch", Phase::Undo, None)).by("ada", resumed("by hand", "grant"));
    pen.host(finished(RunOutcome::Undone));
    pen.lay_down()
}

/// A driver that notes by what name the far side knows what it does, and what that name told after a crash.
fn noted() -> Vec<SealedRecord> {
    let mut pen = Pen::new(5);
    pen.host(created(false)).host(planned()).host(Event::StepStarted(attempt("build", 1))).host(step_succeeded("build", 1, None));
    pen.host(Event::StepStarted(attempt("switch", 1)));
    let statement = json!({"database": "main", "ask": {"call": "execute", "with": {"sql": "UPDATE slots SET live = $1 WHERE id = 7", "parameters": [{"kind": "boolean", "value": true}]}}});
    let execute = asked("db", "execute", "main: UPDATE slots SET live = $1 WHERE id = 7", inline(statement));
    let query = json!({"database": "main", "ask": {"call": "query", "with": {"sql": "SELECT id, live FROM slots"}}});
    let rows = json!({"got": "rows", "with": {
        "columns": [{"label": "id", "kind": "integer", "declared": "int4"}, {"label": "live", "kind": "boolean", "declared": "bool"}],
        "rows": [["7", null]], "truncated": false
    }});
    let (asked_for, outcome) = (asked("db", "query", "main: SELECT id, live FROM slots", inline(query)), Outcome::Returned(inline(rows)));
    pen.host(Event::CallAnswered(Box::new(CallAnswered { id: call("switch", 1, 1), asked: asked_for, rule: "db.main".into(), outcome })));
    let id = call("switch", 1, 2);
    let (class, rule, key) = (EffectClass::AtMostOnce, "db.main".to_owned(), "e8f9".to_owned());
    pen.host(Event::CallStarted(Box::new(CallStarted { id: id.clone(), asked: execute, class, rule, key })));
    let done = json!([{"affected": "1"}]);
    pen.host(Event::CallNoted(Box::new(CallNoted { id: id.clone(), note: inline(json!({"xid": "1042", "done": done.clone()})) })));
    let answer = ProbeAnswer::Happened(Outcome::Returned(inline(json!({"got": "done", "with": done}))));
    pen.host(Event::CallProbed(Box::new(CallProbed { id, probe: "db: what became of it".into(), answer, detail: "transaction 1042 is committed".into() })));
    pen.host(step_succeeded("switch", 1, None)).by("ada", Event::StepSkipped(StepSkipped { step: step("announce"), reason: "it is night".into() }));
    pen.host(finished(RunOutcome::Succeeded));
    pen.lay_down()
}
