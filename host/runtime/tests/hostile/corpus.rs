//! Every hostile guest, some at a time: the run has its end, the same end again when it is resumed, a way back, and a journal that verifies.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use lockstep_api::Exit;
use lockstep_engine::{EngineError, PlanFacts, Procedure, Resume, RunReport, Waits, resume, start, undo, wake};
use lockstep_grant::{Grant, Limits};
use lockstep_model::{Failure, RunOutcome};
use lockstep_runtime::LoadedProcedure;
use lockstep_testkit::resume_of;

use crate::cases::{Case, End, Guest};
use crate::components;
use crate::memory;
use crate::modes::MODES;
use crate::yard::Yard;

/// The longest failure: the contract's longest message and what the host says around it.
const LONGEST_MESSAGE: usize = 20_000;
/// So many guests at a time, each in a yard of its own: most of them do nothing but burn what they are given.
const AT_A_TIME: usize = 2;
/// The corpus is of use while it is large.
const LEAST_CASES: usize = 50;

type Contained = Result<(), String>;

#[test]
fn every_hostile_guest_is_contained() {
    let cases: Vec<&Case> = MODES.iter().chain(components::all()).collect();
    assert!(cases.len() >= LEAST_CASES, "only {} cases", cases.len());
    let (next, broken) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                let yard = Yard::new();
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = contain(&yard, case) {
                        broken.lock().unwrap().push(format!("{}: {why}", case.name));
                    }
                }
            });
        }
    });
    let broken = broken.into_inner().unwrap();
    assert!(broken.is_empty(), "{} of {} are not contained:\n{}", broken.len(), cases.len(), broken.join("\n"));
    memory::stays_bounded(cases.len());
}

#[test]
fn every_mode_of_misbehaving_has_a_case() {
    let yard = Yard::new();
    let procedure = yard.load(yard.misbehaving(), &yard.grant("")).unwrap();
    let facts = PlanFacts { environment: "yard".to_owned(), parameters: [("how".to_owned(), "every-mode".to_owned())].into() };
    let there: BTreeSet<String> = procedure.plan(&facts).unwrap().steps.iter().map(|step| step.id.to_string()).collect();
    let cases: BTreeSet<String> = MODES.iter().map(|case| case.name.to_owned()).collect();
    assert_eq!(there, cases);
    assert_eq!(cases.len(), MODES.len(), "a case is there twice");
}

fn contain(yard: &Yard, case: &Case) -> Contained {
    let runs = yard.store.runs().unwrap().len();
    let grant = yard.grant(case.limits);
    let component = match case.guest {
        Guest::Mode => yard.misbehaving().to_vec(),
        Guest::Component(make) => make(),
    };
    match (yard.load(&component, &grant), case.end) {
        (Err(error), End::Refused(part)) => has(&error.to_string(), part)?,
        (Err(error), _) => return Err(format!("it is not loaded: {error}")),
        (Ok(_), End::Refused(_)) => return Err("it is loaded".to_owned()),
        (Ok(procedure), End::NoPlan(part)) => {
            match start(&yard.house, yard.start(Arc::new(procedure), grant, how(case), false)) {
                Err(error @ (EngineError::Declaration(_) | EngineError::Plan(_))) => has(&error.to_string(), part)?,
                Err(error) => return Err(format!("another error: {error}")),
                Ok(report) => return Err(format!("it has run: {}", report.outcome)),
            }
            same("runs", &yard.store.runs().unwrap().len(), &runs)?;
        }
        (Ok(procedure), End::Waits) => waits(yard, &Arc::new(procedure), &grant, case)?,
        (Ok(procedure), End::Harmless) => {
            let report = drive(yard, &Arc::new(procedure), &grant, case, false)?;
            same("outcome", &report.outcome, &RunOutcome::Succeeded)?;
        }
        (Ok(procedure), End::Fails(code, exit)) => fails(yard, &Arc::new(procedure), &grant, case, (Told::by(code), exit))?,
        (Ok(procedure), End::Late(key, exit)) => fails(yard, &Arc::new(procedure), &grant, case, (Told::late(key), exit))?,
        (Ok(procedure), End::Pauses(code)) => fails(yard, &Arc::new(procedure), &grant, case, (Told::by(code), Exit::Stuck.number()))?,
    }
    let found = yard.verify();
    if found.is_sound() { Ok(()) } else { Err(format!("the journal does not verify: {:?}", found.findings)) }
}

fn how(case: &Case) -> Option<&'static str> {
    matches!(case.guest, Guest::Mode).then_some(case.name)
}

fn drive(yard: &Yard, procedure: &Arc<LoadedProcedure>, grant: &Arc<Grant>, case: &Case, attended: bool) -> Result<RunReport, String> {
    start(&yard.house, yard.start(procedure.clone(), Arc::clone(grant), how(case), attended)).map_err(|error| format!("there is no run: {error}"))
}

/// It is let go of, and not woken before its time; sat out, the run's own time ends it.
fn waits(yard: &Yard, procedure: &Arc<LoadedProcedure>, grant: &Arc<Grant>, case: &Case) -> Contained {
    let report = drive(yard, procedure, grant, case, false)?;
    same("outcome", &report.outcome, &RunOutcome::Waiting)?;
    let woken = wake(&yard.house, again(&report, procedure, grant)).map_err(|error| format!("woken: {error}"))?;
    same("woken before its time", &woken.is_some(), &false)?;
    let sat_out = Resume { waits: Waits::default(), ..again(&report, procedure, grant) };
    let late = resume(&yard.house, sat_out).map_err(|error| format!("sat out: {error}"))?;
    same("sat out", &late.outcome, &RunOutcome::Paused)?;
    failed(&late, Told::late("run"))?;
    let undone = undo(&yard.house, again(&report, procedure, grant), None).map_err(|error| format!("undone: {error}"))?;
    same("undone", &undone.outcome, &RunOutcome::Undone)
}

fn again(report: &RunReport, procedure: &Arc<LoadedProcedure>, grant: &Arc<Grant>) -> Resume {
    Resume { attended: true, waits: Waits { detach: true, ..Waits::default() }, ..resume_of(report.run, procedure.clone(), Arc::clone(grant)) }
}

/// Alone it ends with that exit. With a person attached the failure pauses the run; resumed it fails the same way; undone it leaves nothing, or is stuck where
/// its undo misbehaves.
fn fails(yard: &Yard, procedure: &Arc<LoadedProcedure>, grant: &Arc<Grant>, case: &Case, (told, exit): (Told, u8)) -> Contained {
    let report = drive(yard, procedure, grant, case, false)?;
    same("exit", &Exit::from(report.outcome).number(), &exit)?;
    let in_undo = exit == Exit::Stuck.number() && !matches!(case.end, End::Pauses(_));
    let report = drive(yard, procedure, grant, case, true)?;
    let again = || again(&report, procedure, grant);
    same("paused", &report.outcome, &RunOutcome::Paused)?;
    let resumed = resume(&yard.house, again()).map_err(|error| format!("resumed: {error}"))?;
    same("resumed and paused", &resumed.outcome, &RunOutcome::Paused)?;
    let undone = undo(&yard.house, again(), None).map_err(|error| format!("undone: {error}"))?;
    if in_undo {
        same("undone", &undone.outcome, &RunOutcome::Stuck)?;
        return failed(&undone, told);
    }
    failed(&report, told)?;
    failed(&resumed, told)?;
    match undone.outcome {
        RunOutcome::Undone | RunOutcome::Failed | RunOutcome::Denied => Ok(()),
        other => Err(format!("undone, it is {other}")),
    }
}

/// What a failure has to say.
#[derive(Clone, Copy)]
struct Told {
    code: &'static str,
    /// The limit that was met: a key of the grant, or one that is fixed.
    limit: Option<Limit>,
}

#[derive(Clone, Copy)]
enum Limit {
    Key(&'static str),
    Fixed,
}

impl Told {
    /// A failure of that code: `limit.memory` is raised by the key `memory`, when there is such a key.
    fn by(code: &'static str) -> Self {
        let limit = match code.split_once('.') {
            Some(("limit", key)) if Limits::KEYS.contains(&key) => Some(Limit::Key(key)),
            Some(("limit", _) | (_, "limit")) => Some(Limit::Fixed),
            Some(_) | None => None,
        };
        Self { code, limit }
    }

    /// The time is up that this key gives.
    fn late(key: &'static str) -> Self {
        Self { code: "timed-out", limit: Some(Limit::Key(key)) }
    }
}

/// The step's failure has this code, is of a bearable length, and a limit says how to raise it.
fn failed(report: &RunReport, Told { code, limit }: Told) -> Contained {
    let failures: Vec<&Failure> = report.state.steps.values().filter_map(|step| step.failure.as_ref()).collect();
    let Some(failure) = failures.first() else { return Err(format!("no step has a failure: {:?}", report.state.reason)) };
    same("code", &failure.code(), &code).map_err(|why| format!("{why}: {}", failure.message().chars().take(300).collect::<String>()))?;
    match limit {
        Some(Limit::Key(key)) => has(failure.message(), &format!("`limits.{key}` in the grant file")),
        Some(Limit::Fixed) => has(failure.message(), "fixed"),
        None => has(failure.message(), ""),
    }
}

fn has(text: &str, part: &str) -> Contained {
    if text.len() > LONGEST_MESSAGE {
        return Err(format!("a message of {} bytes", text.len()));
    }
    if text.contains(part) { Ok(()) } else { Err(format!("`{part}` is not in: {}", text.chars().take(500).collect::<String>())) }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Contained {
    if found == expected { Ok(()) } else { Err(format!("{what}: expected {expected:?}, found {found:?}")) }
}
