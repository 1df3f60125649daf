//! The calls of a run, in the order made, put together from their records.

use lockstep_api::wire::{CallShown, ProbeShown};
use lockstep_journal::SealedRecord;
use lockstep_journal::event::{Asked, CallId, CallProbed, Event, Outcome, Phase, ProbeAnswer};
use lockstep_model::{EffectClass, Failure, StepId, Timestamp};

use super::steps::milliseconds;

/// One call with its place and what was asked.
pub(super) struct Call<'a> {
    /// Which.
    pub(super) id: &'a CallId,
    /// The record that it was first in.
    pub(super) seq: u64,
    /// What was asked.
    pub(super) asked: &'a Asked,
    /// What became of it; none: not known.
    pub(super) outcome: Option<Became<'a>>,
    class: EffectClass,
    rule: &'a str,
    time: Timestamp,
    ended: Option<Timestamp>,
    /// What its probe said last.
    probed: Option<&'a CallProbed>,
}

/// What became of a call.
pub(super) enum Became<'a> {
    /// An outcome was recorded.
    Outcome(&'a Outcome),
    /// The grant refused it.
    Denied(Failure),
    /// An operator or its probe said that it did not happen.
    NotDone,
}

/// Every call of the records, in the order made.
pub(super) fn calls(records: &[SealedRecord]) -> Vec<Call<'_>> {
    let mut calls: Vec<Call<'_>> = Vec::new();
    for record in records {
        let (time, seq) = (record.record.time, record.record.seq);
        match &record.record.event {
            Event::CallStarted(call) => {
                calls.push(Call { id: &call.id, seq, asked: &call.asked, outcome: None, class: call.class, rule: &call.rule, time, ended: None, probed: None });
            }
            Event::CallFinished(call) => end(&mut calls, &call.id, Became::Outcome(&call.outcome), time),
            Event::CallResolved(call) => end(&mut calls, &call.id, call.outcome.as_ref().map_or(Became::NotDone, Became::Outcome), time),
            Event::CallProbed(call) => {
                match &call.answer {
                    ProbeAnswer::Happened(outcome) => end(&mut calls, &call.id, Became::Outcome(outcome), time),
                    ProbeAnswer::DidNot => end(&mut calls, &call.id, Became::NotDone, time),
                    ProbeAnswer::Unknown => {}
                }
                if let Some(shown) = calls.iter_mut().rev().find(|shown| *shown.id == call.id) {
                    shown.probed = Some(call);
                }
            }
            Event::CallAnswered(call) => calls.push(read(&call.id, seq, &call.asked, &call.rule, Became::Outcome(&call.outcome), time)),
            Event::CallDenied(call) => calls.push(read(&call.id, seq, &call.asked, &call.rule, Became::Denied(call.failure()), time)),
            _ => {}
        }
    }
    calls
}

/// A call that has one record, after it.
fn read<'a>(id: &'a CallId, seq: u64, asked: &'a Asked, rule: &'a str, became: Became<'a>, time: Timestamp) -> Call<'a> {
    Call { id, seq, asked, outcome: Some(became), class: EffectClass::Read, rule, time, ended: None, probed: None }
}

fn end<'a>(calls: &mut [Call<'a>], id: &CallId, became: Became<'a>, time: Timestamp) {
    if let Some(call) = calls.iter_mut().rev().find(|call| call.id == id) {
        call.outcome = Some(became);
        call.ended = Some(time);
    }
}

impl Call<'_> {
    /// For `--json`.
    pub(super) fn shown(&self) -> CallShown {
        let (outcome, failure) = match &self.outcome {
            None if self.class == EffectClass::AtMostOnce => ("in-doubt", None),
            None => ("open", None),
            Some(Became::Outcome(Outcome::Returned(_))) => ("returned", None),
            Some(Became::Outcome(Outcome::Failed(failure))) => ("failed", Some(failure.clone())),
            Some(Became::Denied(failure)) => ("denied", Some(failure.clone())),
            Some(Became::NotDone) => ("not-done", None),
        };
        CallShown {
            call: self.id.to_string(),
            function: format!("{}.{}", self.asked.interface, self.asked.function),
            summary: self.asked.summary.clone(),
            class: self.class.to_string(),
            rule: self.rule.to_owned(),
            outcome: outcome.to_owned(),
            failure,
            time: self.time,
            duration: self.ended.map(|ended| milliseconds(ended.since(self.time))),
            probe: self.probed.map(|probed| ProbeShown { probe: probed.probe.clone(), answer: probed.answer.word().to_owned(), detail: probed.detail.clone() }),
        }
    }
}

/// `smoke/1/3`, `undo:smoke/1/3`, or `smoke/3` for the first attempt.
pub(super) fn parse_call(text: &str) -> Option<CallId> {
    let (phase, rest) = text.strip_prefix("undo:").map_or((Phase::Step, text), |rest| (Phase::Undo, rest));
    let parts: Vec<&str> = rest.split('/').collect();
    let (step, attempt, call) = match parts.as_slice() {
        [step, attempt, call] => (step, attempt.parse().ok()?, call.parse().ok()?),
        [step, call] => (step, 1, call.parse().ok()?),
        _ => return None,
    };
    Some(CallId { step: StepId::parse(step).ok()?, phase, attempt, call })
}

#[cfg(test)]
mod tests {
    use super::parse_call;

    #[test]
    fn a_call_is_named_as_it_is_shown() {
        for name in ["smoke/1/3", "undo:smoke/2/1"] {
            assert_eq!(parse_call(name).unwrap().to_string(), name);
        }
        assert_eq!(parse_call("smoke/3").unwrap().to_string(), "smoke/1/3");
        for wrong in ["", "smoke", "smoke/x/1", "Smoke/1/1", "a/1/2/3"] {
            assert!(parse_call(wrong).is_none(), "{wrong}");
        }
    }
}
