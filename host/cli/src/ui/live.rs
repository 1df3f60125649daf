//! The view of a run on a terminal: what is over scrolls up and stays, below it the step under way, its current call and the end of its output.

use std::collections::VecDeque;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use lockstep_model::StepId;

use super::duration;

/// How many lines of a program's output are shown below its step.
const TAIL: usize = 4;

/// How often the elapsed time moves: often enough to see that something is alive.
const TICK: Duration = Duration::from_millis(120);

/// Where a view is shown.
pub(crate) trait Screen: Send {
    /// A line that stays. `time` is when it happened, for screens that say so.
    fn line(&mut self, text: &str, time: Option<&str>);

    /// A step or undo begins; its number among all.
    fn begin(&mut self, step: &StepId, title: &str, number: (usize, usize));

    /// The run waits for so long from now.
    fn wait(&mut self, what: &str, time: Duration);

    /// Its current call.
    fn call(&mut self, what: &str);

    /// A line of output of the current call.
    fn output(&mut self, step: &StepId, line: &str);

    /// The step or undo is over.
    fn finish(&mut self);

    /// Nothing more will come.
    fn end(&mut self);
}

/// Draws on standard error.
pub(crate) struct LiveView {
    bars: MultiProgress,
    step: Option<Shown>,
}

/// The step under way.
struct Shown {
    head: ProgressBar,
    call: Option<ProgressBar>,
    tail: VecDeque<ProgressBar>,
}

impl LiveView {
    /// An empty view.
    pub(crate) fn new() -> Self {
        Self { bars: MultiProgress::with_draw_target(ProgressDrawTarget::stderr()), step: None }
    }

    fn below(&self, template: &str, after: &ProgressBar, text: &str) -> ProgressBar {
        let bar = self.bars.insert_after(after, ProgressBar::new_spinner().with_style(style(template)));
        bar.set_message(text.to_owned());
        bar
    }
}

/// The templates are our own: one that does not parse would be drawn without a style.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

impl Screen for LiveView {
    fn line(&mut self, text: &str, _: Option<&str>) {
        if self.bars.println(text).is_err() {
            super::write_err(&format!("{text}\n"));
        }
    }

    fn begin(&mut self, step: &StepId, title: &str, (number, all): (usize, usize)) {
        self.finish();
        let head = self.bars.add(ProgressBar::new_spinner().with_style(style("{spinner:.cyan} {prefix} {wide_msg:.dim} {elapsed:.dim}")));
        head.set_prefix(step.to_string());
        head.set_message(format!("{title}  ({number} of {all})"));
        head.enable_steady_tick(TICK);
        self.step = Some(Shown { head, call: None, tail: VecDeque::new() });
    }

    fn wait(&mut self, what: &str, time: Duration) {
        self.finish();
        let left = move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            // A terminal that cannot be written to is found out elsewhere.
            let _ = out.write_str(&duration(Duration::from_secs(time.saturating_sub(state.elapsed()).as_secs())));
        };
        let style = style("{spinner:.dim} waiting {left:.cyan} {wide_msg:.dim}").with_key("left", left);
        let head = self.bars.add(ProgressBar::new_spinner().with_style(style));
        head.set_message(what.to_owned());
        head.enable_steady_tick(TICK);
        self.step = Some(Shown { head, call: None, tail: VecDeque::new() });
    }

    fn call(&mut self, what: &str) {
        let Some(shown) = &mut self.step else { return };
        for line in shown.tail.drain(..) {
            line.finish_and_clear();
        }
        if let Some(call) = &shown.call {
            call.set_message(what.to_owned());
            return;
        }
        let head = shown.head.clone();
        let call = self.below("  {wide_msg:.cyan}", &head, what);
        if let Some(shown) = &mut self.step {
            shown.call = Some(call);
        }
    }

    fn output(&mut self, _: &StepId, line: &str) {
        let Some(shown) = &self.step else { return };
        let after = shown.tail.back().or(shown.call.as_ref()).unwrap_or(&shown.head).clone();
        let line = self.below("  │ {wide_msg:.dim}", &after, line);
        if let Some(shown) = &mut self.step {
            shown.tail.push_back(line);
            if shown.tail.len() > TAIL
                && let Some(oldest) = shown.tail.pop_front()
            {
                oldest.finish_and_clear();
                self.bars.remove(&oldest);
            }
        }
    }

    fn finish(&mut self) {
        let Some(shown) = self.step.take() else { return };
        for bar in shown.tail.into_iter().chain(shown.call).chain([shown.head]) {
            bar.finish_and_clear();
            self.bars.remove(&bar);
        }
    }

    fn end(&mut self) {
        self.finish();
        // The terminal may be gone; there is nobody to tell then.
        let _ = self.bars.clear();
    }
}
