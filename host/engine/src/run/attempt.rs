//! One attempt: the guest behind its gate, and what its end means for the run.

use std::time::Duration;

use lockstep_gate::{Allowance, Budget, Gate, Secrets, Stop};
use lockstep_journal::event::{Event, Phase};
use lockstep_journal::state::RecordedCall;
use lockstep_model::plan::Step;
use lockstep_model::request::TextPlace;
use lockstep_model::{Failure, StepId, Timestamp};

use super::Drive;
use super::acts::Turn;
use crate::error::EngineError;

/// The longest output of a step: larger data goes by artifact.
const LONGEST_OUTPUT: usize = 64 << 10;

/// How an attempt ended.
pub(super) enum End {
    /// With its output.
    Done(Option<String>),
    /// The step or undo has failed.
    Failed {
        /// Why.
        failure: Failure,
        /// How long the far side wants to be left alone, when it said so.
        rest: Option<Duration>,
    },
    /// The guest was stopped, and the run turns.
    Turned(Turn),
    /// The guest was let go of until then.
    Waits(Timestamp),
}

impl Drive<'_> {
    /// Runs the guest through a gate of its own; what the journal has of this attempt is replayed first.
    pub(super) fn attempt(&self, step: &Step, phase: Phase, attempt: u32) -> Result<End, EngineError> {
        let gate = Gate::open(self.passage.clone(), step.id.clone(), phase, attempt, self.budget(step, phase));
        let ended = match phase {
            Phase::Step => self.procedure.run_step(&step.id, gate.clone()),
            Phase::Undo => self.procedure.undo_step(&step.id, gate.clone()).map(|()| None),
        };
        let open = self.read(|state| state.steps.get(&step.id).and_then(|step| step.open_call().cloned()));
        match (gate.stopped(), open) {
            // A limit met while replaying says nothing about the call that has no outcome.
            (Some(Stop::Limit(_) | Stop::Untried(_) | Stop::Internal(_)), Some(call)) => return self.stopped(Stop::InDoubt(Box::new(call)), &step.id),
            (Some(stop), _) => return self.stopped(stop, &step.id),
            (None, _) => {}
        }
        if ended_by_itself(&ended)
            && let Err(stop) = gate.close()
        {
            return self.stopped(stop, &step.id);
        }
        let open = self.read(|state| state.steps.get(&step.id).and_then(|step| step.open_call().cloned()));
        if let Some(call) = open {
            return self.stopped(Stop::InDoubt(Box::new(call)), &step.id);
        }
        Ok(match ended.and_then(|output| checked_output(output, &self.passage.secrets)) {
            Ok(output) => End::Done(output),
            Err(failure) => End::Failed { failure: self.scrub(failure), rest: gate.rest() },
        })
    }

    fn budget(&self, step: &Step, phase: Phase) -> Budget {
        let limits = self.passage.grant.limits();
        let (longest, key) = match phase {
            Phase::Step => (limits.step, "step"),
            Phase::Undo => (limits.undo, "undo"),
        };
        let by_grant = |key, time: Duration| format!("`limits.{key}` in the grant file gives it {} s", time.as_secs());
        let asked = step.timeout_seconds.map(|seconds| Duration::from_secs(seconds.into()));
        let (attempt_time, allowed) = match asked {
            Some(asked) if asked < longest => (asked, format!("the procedure gives it {} s", asked.as_secs())),
            Some(_) | None => (longest, by_grant(key, longest)),
        };
        let deadline = self.house.clock.now().after(attempt_time);
        let run_over = self.read(|state| state.created_at).after(limits.run);
        let (deadline, allowed) = match phase {
            Phase::Step if run_over < deadline => (run_over, by_grant("run", limits.run)),
            // The way back stays open when the run's own time is up.
            Phase::Step | Phase::Undo => (deadline, allowed),
        };
        let of = Allowance::of;
        Budget { deadline, allowed, calls: of(limits.calls.into()), bytes: of(limits.bytes), output: of(limits.output), log: of(limits.log) }
    }

    fn scrub(&self, mut failure: Failure) -> Failure {
        let text = match &mut failure {
            Failure::Denied(text) | Failure::TimedOut(text) | Failure::InDoubt(text) => text,
            Failure::Failed(problem) => &mut problem.message,
        };
        self.passage.secrets.scrub(TextPlace::Text(text));
        failure
    }

    /// What the host's reason to stop a guest means for the run.
    fn stopped(&self, stop: Stop, step: &StepId) -> Result<End, EngineError> {
        let report = match stop {
            Stop::Journal(error) => return Err(EngineError::Journal(error)),
            Stop::Limit(failure) => return Ok(End::Failed { failure: self.scrub(failure), rest: None }),
            Stop::Untried(text) => return Ok(End::Failed { failure: Failure::problem("run.dry-run", text), rest: None }),
            Stop::Internal(text) => return Ok(End::Failed { failure: Failure::problem("host.internal", text), rest: None }),
            Stop::Waiting(until) => return Ok(End::Waits(until)),
            Stop::Diverged(found) => {
                let mut scribe = self.scribe();
                scribe.note(Event::DivergenceFound(*found))?;
                scribe.let_go()?;
                drop(scribe);
                self.report()
            }
            Stop::InDoubt(call) => self.stop(Event::RunStuck, in_doubt(&call))?,
            Stop::Interrupted | Stop::Cancelled => return self.hear(&format!("in step `{step}`")).map(End::Turned),
        };
        Ok(End::Turned(Turn::Stopped(Box::new(report))))
    }
}

/// Why a run is stuck on a call.
pub(super) fn in_doubt(call: &RecordedCall) -> String {
    let RecordedCall { id, function, summary, time, probed, .. } = call;
    let probed = probed.as_ref().map(|probed| format!("; {probed}")).unwrap_or_default();
    format!("call {id} of step `{}` is in doubt: `{function} {summary}` was begun at {time} and its outcome is not known{probed}", id.step)
}

/// Whether the guest came to its end: one that was cut off may leave records unasked for without having diverged.
fn ended_by_itself(ended: &Result<Option<String>, Failure>) -> bool {
    match ended {
        Ok(_) | Err(Failure::Denied(_) | Failure::InDoubt(_)) => true,
        Err(Failure::TimedOut(_)) => false,
        Err(Failure::Failed(problem)) => !problem.code.starts_with("limit."),
    }
}

/// The output as it is recorded: JSON of at most the contract's length, without values of secrets.
pub(crate) fn checked_output(output: Option<String>, secrets: &Secrets) -> Result<Option<String>, Failure> {
    let Some(output) = output else { return Ok(None) };
    if output.len() > LONGEST_OUTPUT {
        let what = format!("the step's output has {} bytes, at most {LONGEST_OUTPUT} (an artifact may have more)", output.len());
        return Err(Failure::fixed_limit("limit.step-output", what));
    }
    match serde_json::from_str::<serde_json::Value>(&output) {
        Err(error) => Err(Failure::problem("step.output", format!("the step's output is not JSON: {error}"))),
        Ok(mut value) => {
            let before = value.clone();
            secrets.scrub_json(&mut value);
            // As the guest wrote it, unless something had to be taken out.
            Ok(Some(if value == before { output } else { value.to_string() }))
        }
    }
}
