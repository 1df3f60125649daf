//! Ctrl-C: once stops the run after the call that is under way, twice ends the process at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use lockstep_api::Exit;
use lockstep_gate::Interrupt;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;

use crate::error::CliError;

/// Connects the signals to the interrupt. `say` is called once, when the wish has been heard.
///
/// # Errors
/// When the system allows no handler.
pub(crate) fn listen(interrupt: &Interrupt, say: impl Fn() + Send + 'static) -> Result<(), CliError> {
    let failed = |error: std::io::Error| CliError::internal(format!("no signal handler: {error}"));
    let second = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the second signal finds the flag that the first has set. The journal is durable before each effect, so ending at
        // once leaves a run that can be resumed, at worst with a call in doubt.
        flag::register_conditional_shutdown(signal, i32::from(Exit::Stuck.number()), Arc::clone(&second)).map_err(failed)?;
        flag::register(signal, Arc::clone(&second)).map_err(failed)?;
        flag::register(signal, interrupt.flag()).map_err(failed)?;
    }
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(failed)?;
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            if signals.forever().next().is_some() && second.load(Ordering::SeqCst) {
                say();
            }
        })
        .map_err(failed)?;
    Ok(())
}
