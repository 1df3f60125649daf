//! `lockstep audit secret`: whether a run used this value of a secret, or another one.

use std::io::Read as _;

use lockstep_api::{Code, Exit};
use lockstep_gate::{mark_of, mark_purpose};
use lockstep_journal::event::Event;
use lockstep_model::Secret;

use crate::context::Context;
use crate::error::CliError;
use crate::journal::Run;
use crate::ui::Style;

/// Say whether a run used this value of a secret
///
/// The value is read from standard input; one newline at its end is no part of it. Before the first call that takes a secret with it (in its request, or to log in
/// to a database, a store or a cluster) each process that drives a run notes a salted digest of the value, encrypted under the store's key: after a rotation it
/// tells which runs still used the old one. Exits with 1 when the run used another one.
#[derive(Debug, clap::Args)]
pub(super) struct SecretArgs {
    /// The run: its id, the beginning of it, or `latest`
    run: String,
    /// The secret's id in the grant
    secret: String,
}

/// Does it.
///
/// # Errors
/// When there is no such run, or it did not use the secret.
pub(super) fn run(args: &SecretArgs, context: &Context) -> Result<Exit, CliError> {
    let run = Run::find(context, &args.run)?;
    let expected = mark_of(&run.state.created.seed, &args.secret, &value()?);
    let (ui, mut uses) = (context.ui(), Vec::new());
    for record in &run.records {
        let Event::SecretUsed(used) = &record.record.event else { continue };
        if used.secret == args.secret {
            let mark = run.store.open_secret(run.state.run, &mark_purpose(&args.secret), &used.mark.0)?;
            uses.push((record.record.seq, record.record.time, mark == expected.0));
        }
    }
    if uses.is_empty() {
        return Err(CliError::new(Code::NoSuchCall, format!("no call of run {} has used secret `{}`", run.state.run, args.secret)));
    }
    if ui.json() {
        let shown: Vec<_> = uses.iter().map(|(record, time, same)| serde_json::json!({ "record": record, "time": time, "same": same })).collect();
        ui.print_json(&shown)?;
    } else {
        for (record, time, same) in &uses {
            let (style, word) = if *same { (Style::Good, "this value") } else { (Style::Warn, "another value") };
            ui.data(format!("from record {record} ({time}): {}", ui.out(style, word)));
        }
    }
    Ok(if uses.iter().all(|(_, _, same)| *same) { Exit::Done } else { Exit::Failed })
}

fn value() -> Result<Secret<Vec<u8>>, CliError> {
    let mut read = Vec::with_capacity(64 << 10);
    let result = std::io::stdin().lock().take(1 << 20).read_to_end(&mut read);
    let all = Secret::new(read);
    result.map_err(|error| CliError::new(Code::Usage, format!("standard input cannot be read: {error}")))?;
    let line = all.expose().strip_suffix(b"\n").unwrap_or(all.expose());
    Ok(Secret::new(line.to_vec()))
}
