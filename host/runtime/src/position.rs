//! Where a guest was when it trapped or was stopped: the names of its functions, from the innermost out.

use rustc_demangle::demangle;
use wasmtime::{FrameInfo, WasmBacktrace};

/// How many functions are shown: where it happened and who called, not the way there from the start.
const SHOWN: usize = 8;
/// A name may have all of a function's types in it.
const LONGEST_NAME: usize = 120;

/// Where the guest was that ended with `error`; none when it was not in a function. Guest-controlled text: not scrubbed yet.
pub(crate) fn position(error: &wasmtime::Error) -> Option<String> {
    let frames = error.downcast_ref::<WasmBacktrace>()?.frames();
    let functions: Vec<String> = frames.iter().take(SHOWN).map(name).collect();
    (!functions.is_empty()).then(|| functions.join(" <- "))
}

/// Rust's names are read back, those of other languages stand as they are. A component that was stripped has only numbers.
fn name(frame: &FrameInfo) -> String {
    let Some(name) = frame.func_name() else { return format!("function {}", frame.func_index()) };
    format!("{:#}", demangle(name)).chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect()
}
