//! Ctrl-C: once stops the run after the call that is under way, twice in the middle of it, three times ends the process at once.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use lockstep_api::Exit;
use lockstep_gate::Interrupt;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::error::CliError;

/// A flag that Ctrl-C sets, for what can be ended at any time.
///
/// # Errors
/// When the system allows no handler.
pub(crate) fn wish_to_end() -> Result<Arc<AtomicBool>, CliError> {
    let wish = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&wish)).map_err(|error| no_handler(&error))?;
    }
    Ok(wish)
}

fn no_handler(error: &std::io::Error) -> CliError {
    CliError::internal(format!("no signal handler: {error}"))
}

/// Connects the signals to the interrupt. `say` is called with what has been understood.
///
/// # Errors
/// When the system allows no handler.
pub(crate) fn listen(interrupt: &Interrupt, say: impl Fn(&str) + Send + 'static) -> Result<(), CliError> {
    let failed = |error: std::io::Error| no_handler(&error);
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(failed)?;
    let interrupt = interrupt.clone();
    let listen = move || {
        for (count, _) in signals.forever().enumerate() {
            match count {
                0 => {
                    interrupt.pause();
                    say("stopping after the call that is under way; Ctrl-C again stops in the middle of it");
                }
                1 => {
                    interrupt.cancel();
                    say("stopping now; Ctrl-C again ends the process");
                }
                // The journal is durable before each effect: at worst a call is left in doubt.
                _ => std::process::exit(i32::from(Exit::Stuck.number())),
            }
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(listen).map_err(failed)?;
    Ok(())
}
