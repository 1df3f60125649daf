//! What an operator reads: results on standard output, everything else on standard error. Nothing else in the program prints.

mod live;
mod progress;
mod style;
mod table;
mod view;
mod words;

use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use lockstep_api::Exit;
use serde::Serialize;

pub(crate) use live::{LiveView, Screen};
pub(crate) use progress::Progress;
pub(crate) use style::{Style, paint};
pub(crate) use table::Table;
pub(crate) use view::View;
pub(crate) use words::{bytes, clock_time, duration, first_line, harmless, harmless_json, instant, plural, shell_word};

use crate::args::{ColorChoice, GlobalArgs};
use crate::environment;
use crate::error::CliError;

/// Whether somebody who read standard output reads no more.
static READER_GONE: AtomicBool = AtomicBool::new(false);

/// How to talk: where colours go, what is wanted, whether a person is there.
#[derive(Debug, Clone)]
pub(crate) struct Ui {
    json: bool,
    quiet: bool,
    color_out: bool,
    color_err: bool,
    terminal: bool,
}

impl Ui {
    /// As the command line and the terminal say.
    pub(crate) fn new(global: &GlobalArgs) -> Self {
        let allowed = |terminal: bool| match global.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && !environment::no_color(),
        };
        let (out, err) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        Self { json: global.json, quiet: global.quiet, color_out: allowed(out), color_err: allowed(err), terminal: err && !environment::dumb_terminal() }
    }

    /// For an error on the command line itself, when nothing is known but what the arguments look like.
    pub(crate) fn before_arguments() -> Self {
        let json = std::env::args_os().any(|arg| arg == "--json");
        let terminal = std::io::stderr().is_terminal();
        Self { json, quiet: false, color_out: false, color_err: terminal && !environment::no_color(), terminal }
    }

    /// Whether results are wanted as JSON.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// Whether only results and errors are wanted.
    pub(crate) fn quiet(&self) -> bool {
        self.quiet
    }

    /// Whether standard error is a terminal that can be drawn on.
    pub(crate) fn can_draw(&self) -> bool {
        self.terminal && !self.quiet
    }

    /// Whether standard error takes colours.
    pub(crate) fn colors_talk(&self) -> bool {
        self.color_err
    }

    /// Whether standard output takes colours.
    pub(crate) fn colors_data(&self) -> bool {
        self.color_out
    }

    /// A text in a style, for standard output.
    pub(crate) fn out(&self, style: Style, text: &str) -> String {
        paint(self.color_out, style, text)
    }

    /// A text in a style, for standard error.
    pub(crate) fn err(&self, style: Style, text: &str) -> String {
        paint(self.color_err, style, text)
    }

    /// Data, a line.
    pub(crate) fn data(&self, line: impl AsRef<str>) {
        write_out(&format!("{}\n", line.as_ref()));
    }

    /// Data as it is.
    pub(crate) fn raw(&self, text: &str) {
        write_out(text);
    }

    /// Whether data go nowhere any more.
    pub(crate) fn reader_gone(&self) -> bool {
        READER_GONE.load(Ordering::Relaxed)
    }

    /// A result as one line of JSON.
    ///
    /// # Errors
    /// When it is no JSON, which no result of ours is.
    pub(crate) fn print_json(&self, value: &impl Serialize) -> Result<(), CliError> {
        let text = serde_json::to_string(value).map_err(|error| CliError::internal(format!("a result is not JSON: {error}")))?;
        self.data(harmless_json(text));
        Ok(())
    }

    /// Talk, a line; left out when only results are wanted.
    pub(crate) fn say(&self, line: impl AsRef<str>) {
        if !self.quiet {
            write_err(&format!("{}\n", line.as_ref()));
        }
    }

    /// A question, without the end of the line.
    pub(crate) fn ask(&self, question: &str) {
        write_err(question);
    }

    /// Says what went wrong and gives the exit code.
    pub(crate) fn fail(&self, error: &CliError) -> Exit {
        write_err(&error.render(self.color_err));
        if self.json {
            // The error is on standard error in any case.
            let _ = self.print_json(&error.line());
        }
        error.exit()
    }

    /// Says what went wrong when the result says it as well.
    pub(crate) fn say_error(&self, error: &CliError) {
        write_err(&error.render(self.color_err));
    }
}

/// A reader who has gone away wants no more: that is no error of ours.
fn write_out(text: &str) {
    let mut out = std::io::stdout().lock();
    if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
        READER_GONE.store(true, Ordering::Relaxed);
    }
}

fn write_err(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
