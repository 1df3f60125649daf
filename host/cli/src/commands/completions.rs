//! `lockstep completions`: what a shell needs to complete the command line.

use clap::CommandFactory as _;
use clap_complete::Shell;
use lockstep_api::Exit;
use serde::Serialize;

use crate::args::Args;
use crate::context::Context;
use crate::error::CliError;

/// Print the completions of a shell
#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

#[derive(Serialize)]
struct Completions {
    shell: String,
    script: String,
}

/// Does it.
///
/// # Errors
/// None.
pub(super) fn run(args: &CompletionsArgs, context: &Context) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "lockstep", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    if context.ui().json() {
        context.ui().print_json(&Completions { shell: args.shell.to_string(), script })?;
    } else {
        context.ui().raw(&script);
    }
    Ok(Exit::Done)
}
