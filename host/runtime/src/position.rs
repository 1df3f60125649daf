//! Where a guest was when it trapped or was stopped, from the innermost out: lines of its sources when its component says them, else the names of its functions.

use lockstep_api::lines;
use rustc_demangle::demangle;
use wasmtime::{FrameInfo, WasmBacktrace};

/// How many places are shown: where it happened and who called, not the way there from the start.
const SHOWN: usize = 8;
/// A name may have all of a function's types in it.
const LONGEST_PLACE: usize = 160;

/// Where a guest was. Guest-controlled text: not scrubbed yet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// Lines of the project's sources. Of the SDK's and the language's own functions there are none, so that they are left out.
    Lines(String),
    /// Functions of a component that does not say its lines.
    Functions(String),
}

impl Position {
    /// Of the guest that ended with `error`, whose lines are in `section`; none when it was not in a function.
    pub(crate) fn of(error: &wasmtime::Error, section: &[u8]) -> Option<Self> {
        let frames = error.downcast_ref::<WasmBacktrace>()?.frames();
        let places = frames.iter().filter_map(FrameInfo::module_offset).flat_map(|offset| lines::look_up(section, offset as u64, SHOWN));
        let mut places: Vec<String> = places.map(|place| shown(&place.to_string())).collect();
        // A recursion is at the same place as often as it likes.
        places.dedup();
        places.truncate(SHOWN);
        if !places.is_empty() {
            return Some(Self::Lines(places.join(" <- ")));
        }
        let functions: Vec<String> = frames.iter().filter_map(name).take(SHOWN).collect();
        (!functions.is_empty()).then(|| Self::Functions(functions.join(" <- ")))
    }

    /// As it is shown.
    pub(crate) fn text(&self) -> &str {
        let (Self::Lines(text) | Self::Functions(text)) = self;
        text
    }
}

/// Rust's names are read back, those of other languages stand as they are. A component that was stripped has none.
fn name(frame: &FrameInfo) -> Option<String> {
    Some(shown(&format!("{:#}", demangle(frame.func_name()?))))
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST_PLACE).collect()
}
