//! What operators ask of a run: carried out between two calls by the process that drives it, or at once when none does.

use std::collections::BTreeMap;
use std::time::Duration;

use lockstep_journal::event::{Event, LeaseReleased, ParametersChanged, Phase, PlanDeclared, Reason, StepMarkedDone, StepSkipped, UndoBegan};
use lockstep_journal::state::StepState;
use lockstep_journal::{Act, JournalError, PostedAct, RunStatus, Scribe};
use lockstep_model::{EffectClass, RunId, RunOutcome};

use super::{Drive, Resume, RunReport, resume_after};
use crate::declare::{DeclaredPlan, given, plan};
use crate::error::EngineError;
use crate::house::House;
use crate::lease;
use crate::procedure::PlanFacts;

/// How often a posted act's answer is looked for.
const LOOK: Duration = Duration::from_millis(100);
/// So long an operator waits for the process that drives the run: it hears an act within a quarter of a second, but a call may have to end first.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where a run goes after acts were heard.
pub(super) enum Turn {
    /// As it went.
    On,
    /// What has failed is tried again at once.
    Again,
    /// Backwards.
    Back,
    /// Nowhere: it stands still.
    Stopped(Box<RunReport>),
}

/// What becomes of an act that another process is to carry out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// It is done, or begun.
    Done,
    /// It may not be, and why.
    Refused(String),
    /// Nobody has answered yet: the process is in the middle of a call. It is done when that has ended.
    NotYet,
}

impl Drive<'_> {
    /// Whether there is something to hear.
    pub(super) fn is_called(&self) -> bool {
        self.passage.interrupt.is_set() || !self.inbox.is_empty()
    }

    /// Carries out what was asked at other terminals, and heeds the interrupt of this one. `place` says where the run is.
    pub(super) fn hear(&self, place: &str) -> Result<Turn, EngineError> {
        let cancelled = self.passage.interrupt.is_cancelled();
        self.passage.interrupt.clear();
        let mut turn = Turn::On;
        while let Some(posted) = self.inbox.take() {
            match self.carry_out(&posted, place, cancelled)? {
                Turn::On => {}
                Turn::Again => turn = Turn::Again,
                Turn::Back => return Ok(Turn::Back),
                Turn::Stopped(report) => return Ok(Turn::Stopped(report)),
            }
        }
        // What is left of the wish is this terminal's own.
        if self.passage.interrupt.is_set() {
            if self.waits.hand_on && !cancelled {
                return self.rest(self.house.clock.now(), &format!("handed on {place}")).map(Turn::Stopped);
            }
            return Ok(Turn::Stopped(Box::new(self.stand(self.house.actor.clone(), &format!("stopped by the operator {place}"), cancelled)?)));
        }
        Ok(turn)
    }

    fn carry_out(&self, posted: &PostedAct, place: &str, cancelled: bool) -> Result<Turn, EngineError> {
        let PostedAct { id, actor, act, .. } = posted;
        let event = match act {
            Act::Pause { reason } | Act::Cancel { reason } => {
                let verb = if cancelled { "cancelled" } else { "paused" };
                self.scribe().answer_act(*id, Ok(()));
                return Ok(Turn::Stopped(Box::new(self.stand(actor.clone(), &format!("{verb} by {actor} {place}: {reason}"), cancelled)?)));
            }
            Act::Retry { parameters, .. } if parameters.is_empty() => {
                self.scribe().answer_act(*id, Ok(()));
                return Ok(Turn::Again);
            }
            Act::Retry { .. } => {
                self.scribe().answer_act(*id, Err("parameters are changed while the run is paused: pause it first".to_owned()));
                return Ok(Turn::On);
            }
            Act::Skip { .. } | Act::MarkDone { .. } => by_hand(act, &self.scribe().state().status),
            Act::Undo { to, reason } => Event::UndoBegan(UndoBegan { reason: self.scrub_text(reason), cause: RunOutcome::Failed, to: to.clone() }),
        };
        let back = matches!(event, Event::UndoBegan(_));
        let mut scribe = self.scribe();
        match scribe.note_as(actor.clone(), event) {
            Ok(()) => scribe.answer_act(*id, Ok(())),
            Err(error) => match EngineError::of_act(error) {
                EngineError::Refused(why) => {
                    scribe.answer_act(*id, Err(why));
                    scribe.hand_over()?;
                    return Ok(Turn::On);
                }
                error => return Err(error),
            },
        }
        scribe.hand_over()?;
        Ok(if back { Turn::Back } else { Turn::On })
    }

    /// The run stands still until somebody comes: stuck when a call that must not be done twice was cut off, else paused. An older doubt is found again,
    /// and its probe asked, when the run is resumed.
    fn stand(&self, actor: String, reason: &str, cut_off: bool) -> Result<RunReport, EngineError> {
        let open = |step: &StepState| step.open_call().filter(|call| cut_off && call.class == EffectClass::AtMostOnce).cloned();
        let doubt = self.read(|state| state.steps.values().find_map(open));
        match doubt {
            Some(call) => self.stop_as(actor, Event::RunStuck, format!("{reason}; {}", super::attempt::in_doubt(&call))),
            None => self.stop_as(actor, Event::RunPaused, reason.to_owned()),
        }
    }
}

/// The record of what was done, or left out, by hand.
fn by_hand(act: &Act, status: &RunStatus) -> Event {
    match act {
        Act::MarkDone { step, evidence, output } => {
            let phase = if goes_back(status) { Phase::Undo } else { Phase::Step };
            Event::StepMarkedDone(StepMarkedDone { step: step.clone(), phase, evidence: evidence.clone(), output: output.clone() })
        }
        Act::Skip { step, reason } => Event::StepSkipped(StepSkipped { step: step.clone(), reason: reason.clone() }),
        Act::Pause { reason } | Act::Cancel { reason } | Act::Retry { reason, .. } | Act::Undo { reason, .. } => {
            Event::RunPaused(Reason { reason: reason.clone() })
        }
    }
}

fn goes_back(status: &RunStatus) -> bool {
    match status {
        RunStatus::Undoing => true,
        RunStatus::Waiting(_, before) | RunStatus::Paused(before) | RunStatus::Stuck(before) | RunStatus::Diverged(before) => goes_back(before),
        RunStatus::Planning | RunStatus::Running | RunStatus::Finished(_) => false,
    }
}

/// Carries out an act that only leaves a record: pause, cancel, skip, mark-done. `resume` goes on from it.
///
/// # Errors
/// `RunTaken` when another process drives the run: `post` reaches it there. When the act may not be: nothing is recorded.
pub fn act(house: &House, run: RunId, act: &Act) -> Result<(), EngineError> {
    let mut scribe = open(house, run, act.verb())?;
    let event = by_hand(act, &scribe.state().status);
    let noted = scribe.note(event);
    scribe.let_go()?;
    noted.map_err(EngineError::of_act)
}

/// Asks the process that drives the run to carry out an act, and waits a while for its answer.
///
/// # Errors
/// When the store does not answer.
pub fn post(house: &House, run: RunId, act: &Act) -> Result<Heard, EngineError> {
    let store = &house.store;
    let id = store.post_act(run, &house.actor, house.clock.now(), act).map_err(JournalError::from)?;
    let until = house.clock.now().after(PATIENCE);
    loop {
        match store.act_answer(id).map_err(JournalError::from)? {
            Some(Ok(())) => return Ok(Heard::Done),
            Some(Err(why)) => return Ok(Heard::Refused(why)),
            None => {}
        }
        let now = house.clock.now();
        if now >= until || house.interrupt.is_set() {
            return Ok(Heard::NotYet);
        }
        house.clock.wait_until(until.min(now.after(LOOK)));
    }
}

/// Tries what has failed again, with other parameters if any are given.
///
/// # Errors
/// As `resume`, and when the run is not paused, a parameter does not fit, or the new plan is another one for a step that was started.
pub fn retry(house: &House, resume: Resume, parameters: &BTreeMap<String, String>) -> Result<RunReport, EngineError> {
    resume_after(house, resume, |scribe, resume| match scribe.state().outcome() {
        // One that a crash has left as it was is stopped first: that somebody wants it tried again must outlive the next crash.
        None if parameters.is_empty() => Ok(scribe.note(Event::RunPaused(Reason { reason: resume.reason.clone() }))?),
        Some(_) if parameters.is_empty() => Ok(()),
        None | Some(_) => change(scribe, resume, parameters),
    })
}

fn change(scribe: &mut Scribe, resume: &Resume, parameters: &BTreeMap<String, String>) -> Result<(), EngineError> {
    let state = scribe.state();
    let description = state.created.procedure.clone();
    let changed = given(&description, &resume.grant, parameters)?;
    let mut all = state.parameters.clone();
    all.extend(changed.clone());
    let facts = PlanFacts { environment: state.created.environment.clone(), parameters: all };
    let DeclaredPlan { plan, digest, .. } = plan(&*resume.procedure, description, facts)?;
    let declared = PlanDeclared { digest, plan };
    let changed = ParametersChanged { changed, declared, reason: resume.reason.clone() };
    scribe.note(Event::ParametersChanged(Box::new(changed))).map_err(EngineError::of_act)
}

/// Takes an environment away from the run that has it. Whoever drives that run can write no record any more, and so does nothing further.
///
/// # Errors
/// When no run has the environment.
pub fn release(house: &House, environment: &str, reason: &str) -> Result<RunId, EngineError> {
    let leases = house.store.leases().map_err(JournalError::from)?;
    let owner = leases.iter().find(|kept| kept.environment == environment).and_then(|kept| kept.run);
    let run = owner.ok_or_else(|| EngineError::NotTaken(environment.to_owned()))?;
    let lease = lease::ask(house, environment, run, reason, true)?.map_err(EngineError::EnvironmentTaken)?;
    let token = lease.token;
    let mut scribe = Scribe::open(house.desk(Some(lease)), run)?;
    if scribe.state().outcome().is_none_or(|outcome| !outcome.is_final()) {
        let reason = format!("released by {}: {reason}", house.actor);
        scribe.note(Event::LeaseReleased(LeaseReleased { environment: environment.to_owned(), lease: token, reason }))?;
    }
    scribe.give_back()?;
    Ok(run)
}

/// A run that nobody drives, and its lease.
pub(crate) fn open(house: &House, run: RunId, reason: &str) -> Result<Scribe, EngineError> {
    let mut scribe = Scribe::open(house.desk(None), run)?;
    if let RunStatus::Finished(outcome) = scribe.state().status {
        return Err(EngineError::Ended { run, outcome });
    }
    let lease = lease::take(house, &scribe.state().created.environment.clone(), run, reason, Duration::ZERO)?;
    scribe.hold(lease);
    Ok(scribe)
}
