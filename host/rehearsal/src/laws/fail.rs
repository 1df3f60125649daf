//! Fail at a call: once, with a failure that trying again may mend and with one that it will not. The run must come to an end, and leave nothing behind.

use lockstep_journal::event::{CallId, Phase};
use lockstep_model::plan::Undo;
use lockstep_model::{Failure, RunOutcome};

use super::{Law, Problem, Progress, Verdict, affordable, each, unanswered};
use crate::expectations::left_behind;
use crate::rehearsal::{Onlookers, Play, Rehearsal};
use crate::world::Fault;

/// How a call fails: whether trying again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Retryable,
    Final,
}

/// How one failure ended.
enum Ending {
    Well,
    /// Stuck, with a step behind it that cannot be undone: an operator is needed by design.
    NoReturn,
    Wrong(Problem),
}

pub(super) fn hold(rehearsal: &Rehearsal, at: Option<&str>, plain: &Play, progress: Progress<'_>) -> Result<Verdict, String> {
    let all = places(plain);
    let places = match at {
        None => affordable(&all, plain.records.len()),
        Some(at) => all.iter().filter(|(fault, _)| fault.call.to_string() == at).cloned().collect(),
    };
    if let Some(at) = at.filter(|_| places.is_empty()) {
        return Err(format!("`{at}` is no call of this scenario that could fail: expected STEP/ATTEMPT/CALL, as `lockstep simulate` and `lockstep test` say"));
    }
    let mut verdict = Verdict { law: Law::Fail, tried: places.len(), places: all.len(), notes: Vec::new(), problems: Vec::new() };
    let mut no_return = 0;
    for ending in each(&places, progress, |(fault, kind)| try_one(rehearsal, plain, fault, *kind)) {
        match ending {
            Ending::Well => {}
            Ending::NoReturn => no_return += 1,
            Ending::Wrong(problem) => verdict.problems.push(problem),
        }
    }
    if no_return > 0 {
        verdict.notes.push(format!("failures past the point of no return: {no_return}, where a run needs an operator by design"));
    }
    Ok(verdict)
}

/// Every call that reached the world, failing in each way. An undo that fails for good leaves a run stuck, as it must: it fails here only to be tried again.
fn places(plain: &Play) -> Vec<(Fault, Kind)> {
    let kinds = |phase| match phase {
        Phase::Step => &[Kind::Retryable, Kind::Final][..],
        Phase::Undo => &[Kind::Retryable][..],
    };
    let each = |(call, interface): (&CallId, &'static str)| {
        kinds(call.phase).iter().map(|kind| (Fault { call: call.clone(), failure: failure(interface, *kind) }, *kind)).collect::<Vec<_>>()
    };
    plain.performed.iter().map(|call| (&call.id, call.interface)).flat_map(each).collect()
}

/// What the driver of an interface gives when the call did not happen.
fn failure(interface: &str, kind: Kind) -> Failure {
    let code = match (interface, kind) {
        ("http", Kind::Retryable) => "http.connect",
        ("http", Kind::Final) => "http.tls",
        ("shell", Kind::Retryable) => "shell.start",
        ("shell", Kind::Final) => "shell.program-missing",
        ("redis", Kind::Retryable) => "redis.connect",
        ("redis", Kind::Final) => "redis.denied-by-server",
        ("kube", Kind::Retryable) => "kube.connect",
        ("kube", Kind::Final) => "kube.forbidden",
        ("db", Kind::Retryable) => "db.connect",
        ("db", Kind::Final) => "db.permission",
        _ => "files.io",
    };
    match kind {
        Kind::Retryable => Failure::retryable(code, "the rehearsal lets this call fail once"),
        Kind::Final => Failure::problem(code, "the rehearsal lets this call fail once"),
    }
}

fn try_one(rehearsal: &Rehearsal, plain: &Play, fault: &Fault, kind: Kind) -> Ending {
    let at = fault.call.to_string();
    let way = match kind {
        Kind::Retryable => "in a way that may pass",
        Kind::Final => "for good",
    };
    let what = plain.performed.iter().find(|call| call.id == fault.call).map(|call| call.summary.clone()).unwrap_or_default();
    let wrong = |what: String, details: Vec<String>| Ending::Wrong(Problem { at: Some(at.clone()), what, details });
    let (play, met) = match rehearsal.play_with(&Onlookers::default(), Some(fault.clone())) {
        Ok(played) => played,
        Err(error) => return wrong(format!("when `{what}` fails {way}: {error}"), Vec::new()),
    };
    if let Some(call) = play.unanswered.first() {
        let mut problem = unanswered(Some(at.clone()), call);
        problem.what = format!("when `{what}` fails {way}, {}", problem.what);
        return Ending::Wrong(problem);
    }
    if !met {
        return wrong(format!("`{what}` was not asked for again: the procedure does not do the same twice"), Vec::new());
    }
    let left = left_behind(&play);
    match play.report.outcome {
        RunOutcome::Succeeded | RunOutcome::Undone | RunOutcome::Failed | RunOutcome::Denied if left.is_empty() => Ending::Well,
        outcome @ (RunOutcome::Paused | RunOutcome::Stuck) if plain.report.outcome == outcome => Ending::Well,
        RunOutcome::Paused | RunOutcome::Stuck if past_no_return(&play) => Ending::NoReturn,
        outcome => {
            let reason = play.report.state.reason.clone().into_iter();
            wrong(format!("when `{what}` fails {way}, the run is {outcome}"), left.into_iter().chain(reason).collect())
        }
    }
}

/// Whether a step that cannot be undone has done something.
fn past_no_return(play: &Play) -> bool {
    let state = &play.report.state;
    let irreversible = state.plan.steps.iter().filter(|step| step.undo == Undo::Irreversible);
    irreversible.filter_map(|step| state.steps.get(&step.id)).any(|step| step.effects > 0)
}
