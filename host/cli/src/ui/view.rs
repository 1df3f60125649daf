//! What an operator sees of a run while it goes on: every record that matters becomes a line, said by a screen that can draw or by one that only prints.

mod lines;

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use lockstep_gate::{Live, Stream};
use lockstep_journal::event::{CallId, Event};
use lockstep_journal::{LeaseKept, Observer, RunState, SealedRecord};
use lockstep_model::{StepId, Timestamp};

use super::{LiveView, Screen, Style, Ui, clock_time, harmless, paint};
use crate::stopwatch::Stopwatch;
use lines::{Line, line_of};

/// Takes records, calls and output, and shows them.
pub(crate) struct View {
    screen: Mutex<Box<dyn Screen>>,
    watch: Mutex<Stopwatch>,
    color: bool,
}

impl View {
    /// The view that fits the terminal, of a run that has these records already.
    pub(crate) fn new(ui: &Ui, before: &[SealedRecord]) -> Self {
        let screen: Box<dyn Screen> = if ui.quiet() {
            Box::new(Nothing)
        } else if ui.can_draw() {
            Box::new(LiveView::new())
        } else {
            Box::new(Plain { color: ui.colors_talk() })
        };
        Self { screen: Mutex::new(screen), watch: Mutex::new(Stopwatch::of(before)), color: ui.colors_talk() }
    }

    /// Says something that is no record.
    pub(crate) fn say(&self, text: &str) {
        self.with(|screen| screen.line(text, None));
    }

    /// Nothing more will come: what was drawn is cleared away, what was said stays.
    pub(crate) fn end(&self) {
        self.with(|screen| screen.end());
    }

    fn with(&self, show: impl FnOnce(&mut dyn Screen)) {
        show(&mut **self.screen.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn painted(&self, line: &Line) -> String {
        let mark = paint(self.color, line.style, line.mark);
        let text = harmless(&line.text);
        let text = if line.dim { paint(self.color, Style::Dim, &text) } else { text };
        format!("{mark} {text}")
    }
}

impl Observer for View {
    fn recorded(&self, record: &SealedRecord, state: &RunState) {
        let event = &record.record.event;
        let line = {
            let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
            watch.see(record);
            line_of(event, state, record.record.time, &watch)
        };
        self.with(|screen| {
            match event {
                Event::StepStarted(attempt) => screen.begin(&attempt.step, &title(state, &attempt.step), progress(state)),
                Event::UndoStarted(attempt) => screen.begin(&attempt.step, &format!("undo: {}", title(state, &attempt.step)), progress(state)),
                Event::StepSucceeded(_) | Event::StepFailed(_) | Event::UndoSucceeded(_) | Event::UndoFailed(_) => screen.finish(),
                Event::RunWaiting(waiting) => screen.wait(&harmless(&waiting.reason), waiting.until.since(record.record.time)),
                Event::RunWoken(_) | Event::RunPaused(_) | Event::UndoBegan(_) => screen.finish(),
                _ => {}
            }
            if let Some(line) = line {
                screen.line(&self.painted(&line), Some(&clock_time(record.record.time)));
            }
        });
    }
}

impl Live for View {
    fn call_begins(&self, _: &CallId, what: &str) {
        self.with(|screen| screen.call(&harmless(what)));
    }

    fn output(&self, id: &CallId, _: Stream, line: &str) {
        self.with(|screen| screen.output(&id.step, &harmless(line)));
    }

    fn environment_taken(&self, kept: &LeaseKept, until: Timestamp) {
        let run = kept.run.map(|run| run.to_string()).unwrap_or_default();
        let text = format!("environment {} belongs to run {run} of {}, for {}: waiting for it until {until}", kept.environment, kept.holder, kept.reason);
        self.say(&harmless(&text));
    }
}

fn title(state: &RunState, step: &StepId) -> String {
    state.plan.steps.iter().find(|declared| declared.id == *step).map_or_else(String::new, |declared| harmless(&declared.title))
}

/// The number of the step that has begun, and of all.
fn progress(state: &RunState) -> (usize, usize) {
    (state.started.len(), state.plan.steps.len())
}

/// For what is not a terminal: each line with the time of day, nothing is ever taken back.
struct Plain {
    color: bool,
}

impl Screen for Plain {
    fn line(&mut self, text: &str, time: Option<&str>) {
        let time = time.map(|time| format!("{} ", paint(self.color, Style::Dim, time))).unwrap_or_default();
        super::write_err(&format!("{time}{text}\n"));
    }

    fn begin(&mut self, _: &StepId, _: &str, _: (usize, usize)) {}

    fn wait(&mut self, _: &str, _: Duration) {}

    fn call(&mut self, _: &str) {}

    fn output(&mut self, step: &StepId, line: &str) {
        super::write_err(&format!("{}\n", paint(self.color, Style::Dim, &format!("  {step} | {line}"))));
    }

    fn finish(&mut self) {}

    fn end(&mut self) {}
}

/// For `--quiet`.
struct Nothing;

impl Screen for Nothing {
    fn line(&mut self, _: &str, _: Option<&str>) {}

    fn begin(&mut self, _: &StepId, _: &str, _: (usize, usize)) {}

    fn wait(&mut self, _: &str, _: Duration) {}

    fn call(&mut self, _: &str) {}

    fn output(&mut self, _: &StepId, _: &str) {}

    fn finish(&mut self) {}

    fn end(&mut self) {}
}
