//! Crash after an append and go on: a fresh engine over the records that are kept, in a world that remembers. Once that engine sits every sleep out with the
//! guest in memory, and once it lets go of the guest each time, as a host does whose sleeps are long.

use std::time::Duration;

use lockstep_engine::{EngineError, House, RunReport, resolve, resume, start};
use lockstep_gate::Secrets;
use lockstep_journal::event::{Event, Outcome, Stored};
use lockstep_journal::{JournalError, Json, Store};
use lockstep_model::{Failure, RunId, RunOutcome};

use super::{FEWEST_PLACES, Law, MOST_RECORDS, Problem, Progress, Verdict, affordable, each, unanswered};
use crate::rehearsal::{Onlookers, Play, Rehearsal};
use crate::stage::Stage;

/// A run that needs more answers than this goes in a circle.
const MOST_ANSWERS: usize = 100;

/// One crash and what came after it.
struct Recovered {
    play: Play,
    /// Calls that had to be put to an operator.
    doubts: usize,
    twice: Vec<String>,
}

pub(super) fn hold(rehearsal: &Rehearsal, at: Option<&str>, plain: &Play, progress: Progress<'_>) -> Result<Verdict, String> {
    // The last append ends the run: after it there is nothing to go on with.
    let all: Vec<usize> = (1..plain.appends).collect();
    let places = match at {
        None => affordable(&all, plain.records.len()),
        Some(at) => vec![
            at.parse()
                .ok()
                .filter(|place| all.contains(place))
                .ok_or_else(|| format!("`{at}` is no place of a crash: expected the number of appends kept, 1 to {}", all.len()))?,
        ],
    };
    let mut verdict = Verdict { law: Law::Crash, tried: places.len(), places: all.len(), notes: Vec::new(), problems: Vec::new() };
    let mut doubts = 0;
    let one = |(place, sleeps): &(usize, Sleeps)| match recover(rehearsal, *place, *sleeps) {
        Ok(recovered) => (recovered.doubts, judge(plain, &recovered, *place, *sleeps)),
        Err(what) => (0, vec![Problem { at: Some(place.to_string()), what: format!("{what}{}", sleeps.words()), details: Vec::new() }]),
    };
    for (found, problems) in each(&tries(plain, &places), progress, one) {
        doubts += found;
        verdict.problems.extend(problems);
    }
    if doubts > 0 {
        verdict.notes.push(format!("calls in doubt after the crash: {doubts}, each put to an operator who knew what the scripted world knows"));
    }
    Ok(verdict)
}

/// How the host that goes on sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sleeps {
    /// With the guest in memory.
    Holding,
    /// Without: waking is replay.
    LettingGo,
}

impl Sleeps {
    fn longest_hold(self) -> Duration {
        match self {
            Self::Holding => Duration::MAX,
            Self::LettingGo => Duration::ZERO,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Holding => "",
            Self::LettingGo => ", when every sleep lets go of the guest",
        }
    }
}

/// Every place once, and a second time when there are sleeps to let go of the guest in, unless these are thousands: each of them costs a replay.
fn tries(plain: &Play, places: &[usize]) -> Vec<(usize, Sleeps)> {
    let sleeps = |event: &Event| matches!(event, Event::CallStarted(call) if call.asked.interface == "clock" && call.asked.function.starts_with("sleep"));
    let sleeps = plain.records.iter().filter(|record| sleeps(&record.record.event)).count();
    let records_each = plain.records.len() * (1 + sleeps);
    let again = if sleeps == 0 || records_each * FEWEST_PLACES > MOST_RECORDS { Vec::new() } else { affordable(places, records_each) };
    places.iter().map(|place| (*place, Sleeps::Holding)).chain(again.into_iter().map(|place| (place, Sleeps::LettingGo))).collect()
}

fn recover(rehearsal: &Rehearsal, appends: usize, sleeps: Sleeps) -> Result<Recovered, String> {
    let stage = Stage::new(rehearsal, Onlookers::default());
    let before = stage.world.things();
    match start(&stage.house(stage.store_for(appends)), rehearsal.start()) {
        Err(EngineError::Journal(JournalError::Store(_))) => {}
        Ok(report) => return Err(format!("the run ended before the crash: {}", report.outcome)),
        Err(error) => return Err(format!("before the crash: {error}")),
    }
    let run = stage.memory.runs().ok().and_then(|runs| runs.first().copied()).ok_or("nothing was kept")?;
    let records = stage.memory.records(run).map_err(|error| error.to_string())?;
    stage.world.crashed(&records);
    let mut doubts = 0;
    let report = go_on(&stage, run, sleeps, &mut doubts).map_err(|error| format!("after the crash: {error}"))?;
    let twice = stage.world.done_twice().into_iter().map(|call| format!("{} `{}` was done twice", call.id, call.summary)).collect();
    let play = stage.play(report, before, appends).map_err(|error| error.to_string())?;
    Ok(Recovered { play, doubts, twice })
}

/// Resumes, and answers what is asked, until the run stands.
fn go_on(stage: &Stage<'_>, run: RunId, sleeps: Sleeps, doubts: &mut usize) -> Result<RunReport, EngineError> {
    loop {
        let house = House { longest_hold: sleeps.longest_hold(), ..stage.house(std::sync::Arc::new(stage.memory.clone())) };
        let report = resume(&house, stage.resume(run))?;
        let Some(call) = report.state.in_doubt().map(|call| call.id.clone()).filter(|_| *doubts < MOST_ANSWERS) else { return Ok(report) };
        *doubts += 1;
        let secrets = Secrets::new(&report.state.created.seed);
        for rule in stage.grant().secrets() {
            if let Ok(Some(value)) = house.secrets.value(rule, stage.grant()) {
                secrets.learn(&rule.id, value);
            }
        }
        let outcome = stage.world.outcome_of(&call).map(|answer| match answer {
            Ok(mut value) => {
                secrets.scrub_json(&mut value);
                match Json::of(&value) {
                    Ok(json) => Outcome::Returned(Stored::Inline(json)),
                    Err(error) => Outcome::Failed(Failure::problem("host.internal", error.to_string())),
                }
            }
            Err(failure) => Outcome::Failed(failure),
        });
        resolve(&house, run, call, outcome, "the scripted world knows".to_owned())?;
    }
}

/// What is not as without the crash.
fn judge(plain: &Play, recovered: &Recovered, place: usize, sleeps: Sleeps) -> Vec<Problem> {
    let (play, at) = (&recovered.play, place.to_string());
    if let Some(call) = play.unanswered.first() {
        return vec![unanswered(Some(at), call)];
    }
    let mut details = recovered.twice.clone();
    let (expected, found) = (&plain.report, &play.report);
    if expected.outcome != found.outcome {
        let why = found.state.reason.as_ref().filter(|_| found.outcome != RunOutcome::Succeeded).map(|reason| format!(" ({reason})")).unwrap_or_default();
        details.push(format!("outcome: was {}, is {}{why}", expected.outcome, found.outcome));
    }
    for (id, step) in &expected.state.steps {
        let is = found.state.steps.get(id).map_or("not there", |step| step.status.word());
        if step.status.word() != is {
            details.push(format!("step {id}: was {}, is {is}", step.status.word()));
        }
    }
    details.extend(plain.after.differences(&play.after));
    if details.is_empty() {
        return Vec::new();
    }
    vec![Problem { what: format!("a crash after append {at} makes a difference{}", sleeps.words()), at: Some(at), details }]
}
