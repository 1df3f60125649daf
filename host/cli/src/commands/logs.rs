//! `lockstep logs`: what a procedure and its programs said.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lockstep_api::{Code, Exit};
use lockstep_gate::SystemClock;
use lockstep_journal::RunStatus;
use lockstep_journal::event::{Outcome, Stored};
use lockstep_model::{Clock as _, Content};
use serde::Serialize;
use serde_json::Value;

use super::calls::{Became, Call, calls};
use crate::context::Context;
use crate::error::CliError;
use crate::journal::Run;
use crate::signals;
use crate::ui::{Style, Ui, harmless};

/// Print the log messages of a run and the output of its programs
///
/// With --json one object a line: time, call, stream, text.
#[derive(Debug, clap::Args)]
pub(crate) struct LogsArgs {
    /// The run: its id, the beginning of it, or `latest`
    run: String,
    /// Only this step's
    #[arg(long, value_name = "STEP")]
    step: Option<String>,
    /// Go on printing what another process adds, until the run has ended; Ctrl-C ends it before
    #[arg(long, short)]
    follow: bool,
}

/// How often a run is looked at that another process drives.
const GLANCE: Duration = Duration::from_millis(200);

/// One line of a log.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
struct LogLine {
    time: String,
    call: String,
    /// `debug`, `info`, `warn`, `error`, `progress`, `stdout` or `stderr`.
    stream: String,
    text: String,
}

/// Does it.
///
/// # Errors
/// When there is no such run.
pub(super) fn run(args: &LogsArgs, context: &Context) -> Result<Exit, CliError> {
    let mut run = Run::find(context, &args.run)?;
    let ui = context.ui();
    let mut printed = BTreeSet::new();
    if !args.follow {
        print_new(&run, args, ui, &mut printed)?;
        return Ok(Exit::Done);
    }
    let ended = signals::wish_to_end()?;
    print_new(&run, args, ui, &mut printed)?;
    let mut seen = None;
    let mut said = None;
    while !has_ended(&run) && !ui.reader_gone() && !ended.load(Ordering::Relaxed) {
        say_standing(&run, ui, &mut said);
        SystemClock.wait_until(SystemClock.now().after(GLANCE));
        if let Some(newer) = newer(&run, &mut seen)? {
            run = newer;
            print_new(&run, args, ui, &mut printed)?;
        }
    }
    Ok(Exit::Done)
}

fn has_ended(run: &Run) -> bool {
    matches!(run.state.status, RunStatus::Finished(_))
}

/// Says once that nothing will come until somebody does something.
fn say_standing(run: &Run, ui: &Ui, said: &mut Option<u64>) {
    if run.state.outcome().is_some() && *said != Some(run.state.next_seq) {
        *said = Some(run.state.next_seq);
        let why = run.state.reason.as_deref().map(|reason| format!(": {}", harmless(reason))).unwrap_or_default();
        ui.say(format!("the run is {}{why}; more comes when somebody goes on with it", run.state.status));
    }
}

/// The run as it is now, when the store has grown since `seen`.
fn newer(run: &Run, seen: &mut Option<u64>) -> Result<Option<Run>, CliError> {
    let look = || -> Result<Option<(u64, Run)>, CliError> {
        let size = run.store.head()?.size;
        if *seen == Some(size) {
            return Ok(None);
        }
        Ok(Some((size, Run::read(run.store.clone(), run.state.run)?)))
    };
    match look() {
        Ok(found) => Ok(found.map(|(size, run)| {
            *seen = Some(size);
            run
        })),
        // The other process is just writing.
        Err(error) if error.code() == Code::StoreLocked => Ok(None),
        Err(error) => Err(error),
    }
}

/// Prints what has not been printed. A call says everything at once, when it has its outcome.
fn print_new(run: &Run, args: &LogsArgs, ui: &Ui, printed: &mut BTreeSet<u64>) -> Result<(), CliError> {
    for call in calls(&run.records) {
        let wanted = args.step.as_deref().is_none_or(|step| call.id.step.as_str() == step);
        if !wanted || call.outcome.is_none() || !printed.insert(call.seq) {
            continue;
        }
        for line in lines(run, &call)? {
            if ui.json() { ui.print_json(&line)? } else { show(ui, &line) }
        }
    }
    Ok(())
}

fn show(ui: &Ui, line: &LogLine) {
    let style = match line.stream.as_str() {
        "error" | "stderr" => Style::Bad,
        "warn" => Style::Warn,
        _ => Style::Dim,
    };
    ui.data(format!("{} {} {}  {}", ui.out(Style::Dim, &line.time), line.call, ui.out(style, &line.stream), harmless(&line.text)));
}

/// What a call said: one line of a log message, every line of a program's outputs.
fn lines(run: &Run, call: &Call<'_>) -> Result<Vec<LogLine>, CliError> {
    let time = call.shown().time.to_string();
    let line = |stream: &str, text: String| LogLine { time: time.clone(), call: call.id.to_string(), stream: stream.to_owned(), text };
    match (call.asked.interface.as_str(), &call.outcome) {
        ("log", _) => Ok(vec![line(&call.asked.function, message(run.value(&call.asked.request)?, &call.asked.summary))]),
        ("shell", Some(Became::Outcome(Outcome::Returned(stored)))) => {
            let response = run.value(stored)?;
            let mut lines = Vec::new();
            for stream in ["stdout", "stderr"] {
                let text = response.as_ref().map_or_else(|| gone(run, stored), |response| output(response, stream));
                lines.extend(text.lines().map(|text| line(stream, text.to_owned())));
            }
            Ok(lines)
        }
        _ => Ok(Vec::new()),
    }
}

/// A log message whole, with its fields.
fn message(request: Option<Value>, summary: &str) -> String {
    let Some(request) = request else { return summary.to_owned() };
    let Some(message) = request.get("message").and_then(Value::as_str) else { return summary.to_owned() };
    let mut text = message.to_owned();
    if let (Some(done), Some(total)) = (request.get("done").and_then(Value::as_u64), request.get("total").and_then(Value::as_u64)) {
        text = format!("{done}/{total} {text}");
    }
    for field in request.get("fields").and_then(Value::as_array).into_iter().flatten() {
        if let (Some(key), Some(value)) = (field.get(0).and_then(Value::as_str), field.get(1).and_then(Value::as_str)) {
            text.push_str(&format!("  {key}={value}"));
        }
    }
    text
}

fn output(response: &Value, stream: &str) -> String {
    let content = response.get(stream).and_then(|content| serde_json::from_value::<Content>(content.clone()).ok());
    content.map(|content| String::from_utf8_lossy(&content.0).into_owned()).unwrap_or_default()
}

/// What is left of an output whose bytes were removed.
fn gone(run: &Run, stored: &Stored) -> String {
    match stored {
        Stored::Inline(_) => String::new(),
        Stored::Blob { preview, size, .. } => {
            format!("(the {size} bytes of this call's response are not kept any more, {}; they began: {preview})", run.why_gone())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{message, output};

    #[test]
    fn a_message_is_shown_with_its_fields_and_progress() {
        let request = json!({"does": "message", "level": "info", "message": "deployed", "fields": [["slot", "blue"]]});
        assert_eq!(message(Some(request), "x"), "deployed  slot=blue");
        assert_eq!(message(Some(json!({"does": "progress", "done": 2, "total": 5, "message": "pods"})), "x"), "2/5 pods");
        assert_eq!(message(None, "summary"), "summary");
    }

    #[test]
    fn an_output_that_is_no_text_is_shown_as_far_as_it_is() {
        assert_eq!(output(&json!({"stdout": {"base64": "YWL/"}}), "stdout"), "ab\u{fffd}");
        assert_eq!(output(&json!({"stdout": "one\ntwo"}), "stdout"), "one\ntwo");
        assert_eq!(output(&json!({}), "stderr"), "");
    }
}
