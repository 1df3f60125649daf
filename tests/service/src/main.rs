//! The service that the demo and the tests deploy, and the front before it: a test fixture, not part of the product.
//!
//! A procedure is only shown to work when it deploys something real: a process of its own that serves, breaks, drains and is replaced. All verbs are in
//! one binary so that a release is one file with a `VERSION` beside it. Everything listens on loopback only.

mod ask;
mod faults;
mod front;
mod listen;
mod poll;
mod release;
mod reply;
mod service;
mod shared;
mod supervise;
mod unit;
mod verbs;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use verbs::Cli;

fn main() -> ExitCode {
    match verbs::run(Cli::parse()) {
        Ok(said) => {
            // A reader that has gone away is no failure of what was done.
            let _ = writeln!(io::stdout(), "{said}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            note(&format!("lockstep-service: {failure}"));
            ExitCode::FAILURE
        }
    }
}

/// Says something on standard error, which in the background is the log in the state directory.
fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
