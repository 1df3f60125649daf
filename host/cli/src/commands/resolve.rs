//! `lockstep resolve`: an operator says what became of a call in doubt.

use std::io::{IsTerminal as _, Write as _};

use clap::ValueEnum;
use lockstep_api::{Code, Exit};
use lockstep_engine::{EngineError, resolve};
use lockstep_journal::event::{CallStarted, Event, Outcome, Stored};
use lockstep_journal::{Json, RunStatus};
use lockstep_model::Failure;
use serde_json::{Value, json};

use super::act::house;
use super::calls::parse_call;
use crate::context::{Context, program};
use crate::error::CliError;
use crate::journal::Run;

/// Say what became of a call whose outcome is not known
///
/// Lockstep does not guess. Look at the far side first, then answer; `lockstep resume` goes on from there.
#[derive(Debug, clap::Args)]
pub(crate) struct ResolveArgs {
    /// The run: its id, the beginning of it, or `latest`
    run: String,
    /// What became of it
    #[arg(value_enum)]
    answer: Answer,
    /// Which call, when it is to be named: STEP/ATTEMPT/CALL
    #[arg(long, value_name = "CALL")]
    call: Option<String>,
    /// Why you think so, for the journal
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// With `done`: the response that the procedure is to get, as the journal writes it
    #[arg(long, value_name = "JSON")]
    output: Option<String>,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Answer {
    /// It happened: the procedure goes on as if the answer had come
    Done,
    /// It did not happen: it is done when the run goes on
    NotDone,
    /// Nobody knows: the procedure is told so and finds out by itself
    Unknown,
}

impl Answer {
    /// As it is written on the command line.
    fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NotDone => "not-done",
            Self::Unknown => "unknown",
        }
    }
}

/// Does it.
///
/// # Errors
/// When no call of the run is in doubt, or no reason is given.
pub(super) fn run(args: &ResolveArgs, context: &Context) -> Result<Exit, CliError> {
    let run = Run::find_to_act(context, &args.run)?;
    let id = run.state.run;
    if let RunStatus::Finished(outcome) = run.state.status {
        return Err(EngineError::Ended { run: id, outcome }.into());
    }
    let no_call = |message: String| CliError::new(Code::NoSuchCall, message).hint(format!("`lockstep show {id}` shows how it stands"));
    let call = run.state.in_doubt().ok_or_else(|| {
        no_call(format!("no call of run {id} is known to be in doubt")).hint(format!("after a crash, `lockstep resume {id}` finds out first"))
    })?;
    if let Some(named) = &args.call
        && parse_call(named).as_ref() != Some(&call.id)
    {
        return Err(no_call(format!("call `{named}` is not in doubt: it is {}", call.id)));
    }
    let started = run.records.iter().rev().find_map(|record| match &record.record.event {
        Event::CallStarted(started) if started.id == call.id => Some(&**started),
        _ => None,
    });
    let started = started.ok_or_else(|| CliError::internal("a call in doubt has no record"))?;
    let reason = args.reason.clone().map_or_else(|| ask_reason(context), Ok)?;
    let outcome = outcome(args, started, &reason)?;
    resolve(&house(run.store.clone())?, id, call.id.clone(), outcome, reason)?;
    let ui = context.ui();
    if ui.json() {
        ui.print_json(&json!({"run": id, "call": call.id.to_string(), "answer": args.answer.word()}))?;
    } else {
        ui.say(format!("call {} is resolved; next: {} resume {id}", call.id, program()));
    }
    Ok(Exit::Done)
}

fn outcome(args: &ResolveArgs, started: &CallStarted, reason: &str) -> Result<Option<Outcome>, CliError> {
    Ok(match args.answer {
        Answer::NotDone => None,
        Answer::Unknown => Some(Outcome::Failed(Failure::InDoubt(reason.to_owned()))),
        Answer::Done => {
            let result: Value = match args.output.as_deref() {
                Some(text) => serde_json::from_str(text).map_err(|error| CliError::new(Code::Usage, format!("--output is not JSON: {error}")))?,
                None => usual_result(started)?,
            };
            let result = Json::of(&result).map_err(|error| CliError::new(Code::Usage, format!("--output cannot be recorded: {error}")))?;
            Some(Outcome::Returned(Stored::Inline(result)))
        }
    })
}

/// What a call gives when all went well and nothing is known but that.
fn usual_result(started: &CallStarted) -> Result<Value, CliError> {
    match started.asked.interface.as_str() {
        "shell" => Ok(json!({"code": 0, "stdout": "", "stderr": "", "truncated": false, "duration": 0})),
        "files" => Ok(json!({"gives": "nothing"})),
        "kube" if started.asked.function == "delete" => Ok(json!({"gives": "nothing"})),
        other => Err(CliError::new(Code::Usage, format!("what `{other}.{}` gave cannot be made up", started.asked.function))
            .detail(&started.asked.summary)
            .hint("give the response that the procedure is to get: `--output JSON`, in the form that `lockstep audit show` prints")
            .hint("or answer `unknown`: the procedure is told that it may have happened")),
    }
}

/// An answer without a reason is worth nothing later.
pub(super) fn ask_reason(context: &Context) -> Result<String, CliError> {
    let missing = || CliError::new(Code::Usage, "an answer needs a reason").hint("give it as `--reason TEXT`");
    if context.ui().json() || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(missing());
    }
    context.ui().ask("How do you know? ");
    let _ = std::io::stderr().flush();
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|_| missing())?;
    let reason = line.trim();
    if reason.is_empty() { Err(missing()) } else { Ok(reason.to_owned()) }
}
