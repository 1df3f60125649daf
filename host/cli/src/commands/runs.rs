//! `lockstep runs`: the runs of a store.

use lockstep_api::Exit;
use lockstep_api::wire::RunLine;

use super::steps::run_line;
use crate::context::Context;
use crate::error::CliError;
use crate::journal::Run;
use crate::ui::{Style, Table, Ui, instant};
use crate::wiring;

/// List the runs, the newest last
#[derive(Debug, clap::Args)]
pub(crate) struct RunsArgs {
    /// At most so many, the newest
    #[arg(long, short = 'n', value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

/// Does it.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn run(args: &RunsArgs, context: &Context) -> Result<Exit, CliError> {
    let ui = context.ui();
    let folder = context.store()?;
    let mut lines: Vec<RunLine> = Vec::new();
    let mut unreadable: Vec<CliError> = Vec::new();
    if wiring::has_store(&folder) {
        let store = wiring::open_store_to_look(&folder)?;
        let runs = store.runs()?;
        let skipped = args.limit.map_or(0, |limit| runs.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX)));
        for run in runs.into_iter().skip(skipped) {
            match Run::read(store.clone(), run) {
                Ok(run) => lines.push(run_line(&run)),
                // One that cannot be read must not hide the others.
                Err(error) => unreadable.push(error),
            }
        }
    }
    for error in &unreadable {
        ui.say_error(error);
    }
    if ui.json() {
        ui.print_json(&lines)?;
    } else if lines.is_empty() {
        ui.say(format!("no run in {}", folder.display()));
    } else {
        table(ui, &lines);
    }
    Ok(unreadable.iter().map(CliError::exit).max().unwrap_or(Exit::Done))
}

fn table(ui: &Ui, lines: &[RunLine]) {
    let mut table = Table::headed(&["RUN", "CREATED", "PROCEDURE", "ENVIRONMENT", "OUTCOME"]);
    for line in lines {
        table.row([&line.run.to_string(), &instant(line.created), &line.procedure, &line.environment, &line.outcome]);
        table.style(4, style(&line.outcome));
    }
    ui.raw(&table.render(ui.colors_data()));
}

/// What an outcome calls for.
pub(super) fn style(outcome: &str) -> Style {
    match outcome {
        "succeeded" => Style::Good,
        "stuck" | "diverged" => Style::Bad,
        _ => Style::Warn,
    }
}
