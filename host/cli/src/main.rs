//! The binary `lockstep`: reads the command line, does what it says, and ends with a published exit code.

mod args;
mod build;
mod commands;
mod component;
mod context;
mod descriptors;
mod environment;
mod error;
mod fsio;
mod internal;
mod journal;
mod rehearsals;
mod runs;
#[cfg(test)]
mod sample;
mod secrets;
mod signals;
mod stopwatch;
mod ui;
mod wiring;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|verb| verb == lockstep_driver_shell::LAUNCH) {
        return internal::launch(words);
    }
    descriptors::keep_to_this_process();
    environment::keep_memory_private();
    let exit = internal::guarded(|| match args::parse() {
        Ok(parsed) => {
            let context = context::Context::new(&parsed.global);
            commands::dispatch(&parsed.command, &context).unwrap_or_else(|error| context.ui().fail(&error))
        }
        Err(exit) => exit,
    });
    ExitCode::from(exit.number())
}
