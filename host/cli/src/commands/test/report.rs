//! What `lockstep test` prints: a line for each law, what is broken below it with the command that shows it again, and a summary.

use std::time::Duration;

use lockstep_api::wire::{LawTested, ProblemShown, ScenarioTested, TestEnd};
use lockstep_api::{Code, Exit};
use lockstep_rehearsal::{Law, Problem, Verdict};

use super::Tested;
use crate::commands::steps::milliseconds;
use crate::error::CliError;
use crate::ui::{Style, Ui, harmless, plural};

/// Problems of one law that are shown whole; the others are counted.
const SHOWN: usize = 3;

pub(super) struct Report<'a> {
    ui: &'a Ui,
    again: String,
}

impl<'a> Report<'a> {
    /// `again` is the command that tests everything again.
    pub(super) fn new(ui: &'a Ui, again: String) -> Self {
        Self { ui, again }
    }

    /// Says what became of a law.
    pub(super) fn law(&self, scenario: &str, verdict: &Verdict, took: Duration) {
        let ui = self.ui;
        if ui.json() {
            return;
        }
        let (word, style) = if verdict.problems.is_empty() { ("PASS", Style::Good) } else { ("FAIL", Style::Bad) };
        let seconds = format!("[{:>7.3}s]", took.as_secs_f64());
        ui.data(format!("{} {} {scenario}: {}", ui.out(style, word), ui.out(Style::Dim, &seconds), what(verdict)));
        for note in verdict.notes.iter().filter(|_| !ui.quiet()) {
            ui.data(ui.out(Style::Dim, &format!("     {}", harmless(note))));
        }
        for problem in verdict.problems.iter().take(SHOWN) {
            ui.data(format!("     {}", harmless(&problem.what)));
            for detail in &problem.details {
                ui.data(format!("       {}", harmless(detail)));
            }
            ui.data(format!("     again: {}", self.again(scenario, verdict.law, problem)));
        }
        if verdict.problems.len() > SHOWN {
            let others: Vec<&str> = verdict.problems.iter().skip(SHOWN).filter_map(|problem| problem.at.as_deref()).collect();
            ui.data(format!("     and {} more, at {}", others.len(), others.join(", ")));
        }
    }

    /// Says how it went in all.
    ///
    /// # Errors
    /// When a law does not hold.
    pub(super) fn end(&self, all: &[Tested], took: Duration) -> Result<Exit, CliError> {
        let laws = || all.iter().flat_map(|tested| &tested.laws);
        let (held, broken): (Vec<_>, Vec<_>) = laws().partition(|(verdict, _)| verdict.problems.is_empty());
        let error = (!broken.is_empty()).then(|| {
            CliError::new(Code::RehearsalFailed, format!("{} of {} broken", broken.len(), plural(held.len() + broken.len(), "law")))
                .hint("each has the command that shows it again: `lockstep simulate` shows the scenario itself")
        });
        if self.ui.json() {
            self.ui.print_json(&TestEnd {
                ok: error.is_none(),
                held: held.len(),
                broken: broken.len(),
                duration: milliseconds(took),
                scenarios: all.iter().map(|tested| self.shown(tested)).collect(),
            })?;
        } else {
            let style = if error.is_none() { Style::Good } else { Style::Bad };
            let counted = format!("{} held, {} broken", held.len(), broken.len());
            self.ui.data(format!("{} in {:.3}s: {}", plural(all.len(), "scenario"), took.as_secs_f64(), self.ui.out(style, &counted)));
        }
        Ok(match error {
            None => Exit::Done,
            Some(error) => {
                self.ui.say_error(&error);
                error.exit()
            }
        })
    }

    fn shown(&self, tested: &Tested) -> ScenarioTested {
        let law = |(verdict, took): &(Verdict, Duration)| LawTested {
            law: verdict.law.to_string(),
            ok: verdict.problems.is_empty(),
            tried: verdict.tried,
            places: verdict.places,
            duration: milliseconds(*took),
            notes: verdict.notes.clone(),
            problems: verdict.problems.iter().map(|problem| self.problem(tested, verdict.law, problem)).collect(),
        };
        ScenarioTested {
            scenario: tested.name.clone(),
            file: tested.file.display().to_string(),
            describe: tested.describe.clone(),
            laws: tested.laws.iter().map(law).collect(),
        }
    }

    fn problem(&self, tested: &Tested, law: Law, problem: &Problem) -> ProblemShown {
        ProblemShown { at: problem.at.clone(), message: problem.what.clone(), details: problem.details.clone(), again: self.again(&tested.name, law, problem) }
    }

    /// The command that shows it again.
    fn again(&self, scenario: &str, law: Law, problem: &Problem) -> String {
        let at = problem.at.as_ref().map(|at| format!(" --at {at}")).unwrap_or_default();
        format!("{} --only {scenario} --law {law}{at}", self.again)
    }
}

/// `crash at 131 places`, `fail at 22 of 9004 places`.
fn what(verdict: &Verdict) -> String {
    let Verdict { law, tried, places, .. } = verdict;
    match law {
        Law::Plain => law.to_string(),
        Law::Crash | Law::Fail if tried == places => format!("{law} at {}", plural(*places, "place")),
        Law::Crash | Law::Fail => format!("{law} at {tried} of {places} places"),
    }
}
