//! The command line as a whole: the options that every verb has, and how what is wrong with it is said.

use std::path::PathBuf;

use clap::error::{ContextKind, ErrorKind};
use clap::{Parser, ValueEnum};
use lockstep_api::{Code, Exit};
use serde_json::json;

use crate::commands::Command;
use crate::error::CliError;
use crate::ui::Ui;

/// Runs deployment runbooks as programs: every effect permitted, recorded and resumable.
///
/// A procedure is a WebAssembly component that declares steps. Lockstep runs it step by step; each thing it asks for is checked against the
/// environment's grant file, recorded in a tamper-evident journal before and after it happens, and answered from there after a crash.
#[derive(Debug, Parser)]
#[command(name = "lockstep", version, disable_help_subcommand = false, max_term_width = 110)]
#[command(after_help = "\
Begin with:  lockstep new hello --lang rust && cd hello && lockstep build && lockstep run
Exit codes:  0 done, 1 failed with nothing left behind, 2 usage, 3 denied with nothing left behind,
             4 paused or stuck, 5 waiting, 6 undone after a failure or denial, 7 diverged, 70 internal
Every error has a code and a page: `lockstep explain CODE`.")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every verb has.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct GlobalArgs {
    /// The store's folder; else LOCKSTEP_STORE, else `lockstep` in the XDG state directory
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) store: Option<PathBuf>,
    /// Print the result as JSON, one value; `logs` and `audit export` print one a line
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// When to use colour: auto, always or never; NO_COLOR is respected
    #[arg(long, value_name = "WHEN", default_value = "auto", hide_possible_values = true, hide_default_value = true, global = true)]
    pub(crate) color: ColorChoice,
    /// Say nothing but results and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// In any case
    Always,
    /// Not at all
    Never,
}

/// Reads the command line. An error has been said when this returns one.
pub(crate) fn parse() -> Result<Args, Exit> {
    Args::try_parse().map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion if Ui::before_arguments().json() => shown_as_json(&error),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // A closed pipe is the reader's wish.
            let _ = error.print();
            Exit::Done
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            Exit::Usage
        }
        _ => Ui::before_arguments().fail(&usage(&error)),
    })
}

/// `--help` and `--version` as the JSON that `--json` asks for.
fn shown_as_json(error: &clap::Error) -> Exit {
    let value = match error.kind() {
        ErrorKind::DisplayVersion => json!({"version": env!("CARGO_PKG_VERSION"), "contract": crate::component::CONTRACT_VERSION}),
        _ => json!({"help": error.render().to_string()}),
    };
    let ui = Ui::before_arguments();
    ui.print_json(&value).map_or_else(|error| ui.fail(&error), |()| Exit::Done)
}

/// What clap says, as an error of ours.
fn usage(error: &clap::Error) -> CliError {
    let plain = error.render().to_string();
    let mut lines = plain.trim_start_matches("error: ").lines().map(str::trim_end).filter(|line| !line.is_empty());
    let mut shown = CliError::new(Code::Usage, lines.next().unwrap_or("the command line is not understood"));
    for line in lines {
        if line.starts_with("For more information") {
            continue;
        }
        match line.trim_start().strip_prefix("tip: ") {
            Some(tip) => shown = shown.hint(tip),
            None if line.starts_with("Usage:") => shown = shown.hint(format!("usage: {}", line.trim_start_matches("Usage:").trim())),
            None => shown = shown.detail(line.trim_start()),
        }
    }
    if plain.contains("lockstep grant explain") && error.get(ContextKind::InvalidArg).is_some() {
        // What looks like an option is mostly one of the program that is asked about.
        shown = shown.hint("what is asked is one argument, between quotes: `lockstep grant explain --env FILE '/usr/bin/git status --porcelain'`");
    }
    if error.get(ContextKind::InvalidSubcommand).is_some() {
        return shown.hint("`lockstep help` lists the verbs");
    }
    if error.get(ContextKind::Usage).is_some() { shown } else { shown.hint("the verb's `--help` says what may stand there") }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::Args;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn an_unknown_verb_is_an_error_with_a_hint() {
        let error = super::usage(&Args::try_parse_from(["lockstep", "rnu"]).unwrap_err());
        let text = error.render(false);
        assert!(text.starts_with("error[LS0001]: unrecognized subcommand 'rnu'"), "{text}");
        assert!(text.contains("hint: "), "{text}");
    }

    #[test]
    fn global_options_stand_before_or_after_the_verb() {
        for line in [["lockstep", "--json", "runs"], ["lockstep", "runs", "--json"]] {
            assert!(Args::try_parse_from(line).unwrap().global.json);
        }
    }
}
