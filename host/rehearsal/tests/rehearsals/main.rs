//! Rehearsals of scripted procedures: what a scenario says, and whether the laws find what is wrong.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod db;
mod files;
mod laws;
mod parse;
mod play;
mod time;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use lockstep_engine::Procedure;
use lockstep_gate::Gate;
use lockstep_model::Failure;
use lockstep_model::request::{HttpRequest, ShellRequest};
use lockstep_rehearsal::{Onlookers, Play, Rehearsal, Scenario, Setting};
use lockstep_testkit::ask;

/// What every rehearsal here may do.
const GRANT: &str = r#"
[http]
allow = ["* https://api.test/**"]

[[shell.allow]]
program = "/usr/bin/deploy"
args = ["**"]
directories = [{ mount = "/site/**" }]

[files.mounts."/site"]
path = "site"
allow = ["read", "write", "remove"]

[db.shop]
engine = "sqlite"
path = "shop.db"
allow = ["read", "write", "ddl", "destructive"]

[db.shop.backup]
allow = ["make", "verify", "restore-over"]

[secrets]
KEY = { env = "KEY", to = ["https://api.test"] }
"#;

fn scenario(text: &str) -> Scenario {
    Scenario::parse(text, "s.toml", Path::new("/"), None).unwrap()
}

fn rehearsal(procedure: impl Procedure + 'static, text: &str) -> Rehearsal {
    put_together(procedure, scenario(text))
}

fn put_together(procedure: impl Procedure + 'static, scenario: Scenario) -> Rehearsal {
    let setting = Setting {
        procedure: Arc::new(procedure),
        grant: lockstep_testkit::grant(GRANT),
        grant_file: "/test.toml".to_owned(),
        environment: "test".to_owned(),
        parameters: BTreeMap::new(),
        engine: "lockstep test".to_owned(),
    };
    Rehearsal::new(scenario, setting).unwrap()
}

fn play(procedure: impl Procedure + 'static, text: &str) -> (Rehearsal, Play) {
    let rehearsal = rehearsal(procedure, text);
    let play = rehearsal.play(&Onlookers::default()).unwrap();
    (rehearsal, play)
}

/// What the plain law says, a line each.
fn unmet(procedure: impl Procedure + 'static, text: &str) -> Vec<String> {
    let (rehearsal, play) = play(procedure, text);
    rehearsal.plain(&play).problems.into_iter().flat_map(|problem| std::iter::once(problem.what).chain(problem.details)).collect()
}

fn send(gate: &Gate, method: &str, path: &str) -> Result<(u16, String), Failure> {
    let response = ask(gate, HttpRequest::to(method, &format!("https://api.test{path}")))?;
    Ok((response.status, response.body.as_text().unwrap_or_default().to_owned()))
}

fn deploy(gate: &Gate, args: &[&str]) -> Result<i32, Failure> {
    ask(gate, ShellRequest::command("/usr/bin/deploy", args)).map(|exit| exit.code)
}

/// A failure of the procedure's own, unless it holds.
fn ensure(holds: bool, what: &str) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::retryable("step.assertion", what)) }
}

fn nothing(_: &Gate) -> Result<(), Failure> {
    Ok(())
}
