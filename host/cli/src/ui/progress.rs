//! How far something long has come: a line on a terminal that is gone afterwards, nothing elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Ui;

/// One line that changes.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// An empty line, where there is a terminal.
    pub(crate) fn new(ui: &Ui) -> Self {
        let target = if ui.can_draw() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template("     {msg} {pos}/{len} {bar:30.cyan/dim}").unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(ProgressBar::with_draw_target(None, target).with_style(style))
    }

    /// Shows that `done` of `all` are done.
    pub(crate) fn show(&self, what: &str, done: usize, all: usize) {
        self.0.set_length(all as u64);
        self.0.set_position(done as u64);
        self.0.set_message(what.to_owned());
    }

    /// Takes the line away.
    pub(crate) fn end(&self) {
        self.0.finish_and_clear();
    }
}
