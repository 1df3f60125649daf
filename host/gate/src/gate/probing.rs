//! Probing: finding out whether a call happened whose outcome was lost, by the read that the call carries. What the answer does not say is not guessed.

mod judge;

use std::time::Duration;

use lockstep_grant::{Denial, Granted};
use lockstep_journal::event::{CallFinished, CallId, CallProbed, Event, ProbeAnswer};
use lockstep_journal::state::RecordedCall;
use lockstep_model::request::{FilesRequest, FilesResponse, Probe, ProbeRead, Seen};
use lockstep_model::{EffectClass, Failure};

use super::{NextCall, Session, Way, lock};
use crate::dispatch::Dispatch;
use crate::stop::Stop;

use judge::{Judged, Verdict, judge};

/// How long a probe is asked again while the far side cannot be reached: a service that restarts is back by then, and a person who resumes a run still waits.
const LONGEST: Duration = Duration::from_secs(60);
/// The first pause between two askings; each is twice the one before it.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest of them.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// The longest detail of a record, in characters.
const LONGEST_DETAIL: usize = 400;

/// What a probe found out, recorded.
pub(super) enum Found<R: Dispatch> {
    /// It happened; with what the guest gets.
    Happened(Result<R::Response, Failure>),
    /// It did not.
    DidNot,
    /// Nobody knows, and why.
    Unknown(String),
}

impl Way<'_> {
    /// Whether the call's probe could be asked, if it may be needed. Found out before the call itself begins, and not in the night in which it is.
    pub(super) fn may_probe<R: Dispatch>(&self, granted: Granted<R>) -> Result<Granted<R>, Denial> {
        let Some(probe) = granted.request().probe().filter(|_| granted.class() == EffectClass::AtMostOnce) else { return Ok(granted) };
        let may = match &probe.read {
            ProbeRead::Http(request) => self.decide_probe(request.clone()).map(drop),
            ProbeRead::Shell(request) => self.decide_probe(request.clone()).map(drop),
            ProbeRead::File { path, .. } => self.decide_probe(FilesRequest::Digest { path: path.clone() }).map(drop),
        };
        may.map_err(|denial| Denial { message: format!("the probe of the call: {}", denial.message), ..denial })?;
        Ok(granted)
    }

    fn decide_probe<R: Dispatch>(&self, request: R) -> Result<Granted<R>, Denial> {
        self.decide(request)?.into_probe()
    }

    /// A call that must not be done twice and whose outcome a crash has lost.
    pub(super) fn lost<R: Dispatch>(
        &self,
        session: &mut Session,
        next: NextCall,
        request: R,
        mut call: RecordedCall,
    ) -> Result<Result<R::Response, Failure>, Stop> {
        let found = match request.probe() {
            Some(probe) => Some(self.find_out(session, &call.id, &request, probe)?),
            None => match self.decide(request.clone()) {
                Ok(granted) => self.ask_driver(session, &call.id, &granted, call.key.as_deref().unwrap_or_default())?,
                Err(_) => None,
            },
        };
        let Some(found) = found else { return Err(Stop::InDoubt(Box::new(call))) };
        match found {
            Found::Happened(answer) => {
                session.effects += 1;
                Ok(answer)
            }
            Found::DidNot => {
                call.to_be_done = true;
                self.again(session, next, request, &call)
            }
            Found::Unknown(why) => {
                call.probed = Some(why);
                Err(Stop::InDoubt(Box::new(call)))
            }
        }
    }

    /// A call that must not be done twice and that a deadline or a broken connection has cut off. Not done once more here, where the guest may: what did
    /// not happen is a failure that its policy can retry.
    pub(super) fn cut_off<R: Dispatch>(
        &self,
        session: &mut Session,
        id: &CallId,
        granted: &Granted<R>,
        key: &str,
        failure: Failure,
    ) -> Result<Result<R::Response, Failure>, Stop> {
        let request = granted.request();
        let found = match request.probe() {
            Some(probe) => Some(self.find_out(session, id, request, probe)?),
            None => self.ask_driver(session, id, granted, key)?,
        };
        let failure = match found {
            None => Failure::InDoubt(failure.message().to_owned()),
            Some(found) => match found {
                Found::Happened(answer) => return Ok(answer),
                Found::DidNot => did_not(failure),
                Found::Unknown(why) => Failure::InDoubt(format!("{}; {why}", failure.message())),
            },
        };
        self.finish(session, id, request, Err(failure), |outcome| Event::CallFinished(CallFinished { id: id.clone(), outcome }))
    }

    /// Asks until there is an answer or it is clear that there will be none, and records it. None of it counts on the step's deadline.
    fn find_out<R: Dispatch>(&self, session: &mut Session, id: &CallId, request: &R, probe: &Probe) -> Result<Found<R>, Stop> {
        let began = self.now();
        let (Judged { verdict, detail }, seen) = self.ask_until(id, probe)?;
        session.budget.extend(self.now().since(began));
        let detail: String = self.run.secrets.scrub_text(&detail).chars().take(LONGEST_DETAIL).collect();
        let summary = self.run.secrets.scrub_text(&probe.summary());
        let record = |answer| Event::CallProbed(Box::new(CallProbed { id: id.clone(), probe: summary.clone(), answer, detail: detail.clone() }));
        match (verdict, seen) {
            (Verdict::Happened, Some(seen)) => {
                let response = request.took_place(seen).ok_or_else(|| Stop::Internal(format!("call {id} cannot have a probe")))?;
                self.finish(session, id, request, Ok(response), |outcome| record(ProbeAnswer::Happened(outcome))).map(Found::Happened)
            }
            (Verdict::DidNot, _) => {
                lock(&self.run.scribe).write(record(ProbeAnswer::DidNot))?;
                Ok(Found::DidNot)
            }
            (Verdict::Happened | Verdict::Unknown, _) => {
                lock(&self.run.scribe).write(record(ProbeAnswer::Unknown))?;
                Ok(Found::Unknown(format!("its probe `{summary}` does not tell: {detail}")))
            }
        }
    }

    /// The probe's answer, and what it was read off.
    fn ask_until(&self, id: &CallId, probe: &Probe) -> Result<(Judged, Option<Seen>), Stop> {
        let (around, began) = (self.surroundings(id, self.now()), self.now());
        let (end, mut pause) = (began.after(LONGEST), FIRST_PAUSE);
        self.run.live.call_begins(id, &self.run.secrets.scrub_text(&format!("probe: {}", probe.summary())));
        loop {
            if around.interrupt.is_set() {
                return Err(Stop::Interrupted);
            }
            let why = match self.ask(id, probe, end.since(self.now()))? {
                Ok(seen) if judge::is_away(probe, &seen) => judge(probe, &seen).detail,
                Ok(seen) => return Ok((judge(probe, &seen), Some(seen))),
                Err(failure) if failure.is_retryable() => failure.to_string(),
                Err(failure) => return Ok((Judged::unknown(failure.to_string()), None)),
            };
            let again = self.now().after(pause);
            if again >= end {
                return Ok((Judged::unknown(format!("asked for up to {} s: {why}", LONGEST.as_secs())), None));
            }
            around.wait(again)?;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Asks once.
    fn ask(&self, id: &CallId, probe: &Probe, time_left: Duration) -> Result<Result<Seen, Failure>, Stop> {
        match &probe.read {
            ProbeRead::Http(request) => Ok(self.ask_for(id, request.clone(), time_left)?.map(Seen::Http)),
            ProbeRead::Shell(request) => Ok(self.ask_for(id, request.clone(), time_left)?.map(Seen::Shell)),
            ProbeRead::File { path, .. } => Ok(match self.ask_for(id, FilesRequest::Digest { path: path.clone() }, time_left)? {
                Ok(FilesResponse::Digest(digest)) => Ok(Seen::File(Some(digest))),
                Ok(other) => return Err(Stop::Internal(format!("a digest was asked for and {other:?} came"))),
                Err(failure) if failure.code() == "files.missing" => Ok(Seen::File(None)),
                Err(failure) => Err(failure),
            }),
        }
    }

    fn ask_for<R: Dispatch>(&self, id: &CallId, request: R, time_left: Duration) -> Result<Result<R::Response, Failure>, Stop> {
        match self.decide_probe(request) {
            Ok(granted) => self.perform_within(time_left, id, &granted, "", self.now()),
            Err(denial) => Ok(Err(Failure::Denied(format!("{} (rule: {})", denial.message, denial.rule)))),
        }
    }
}

/// What is known not to have happened may be tried again.
fn did_not(failure: Failure) -> Failure {
    const SAYS: &str = "it was asked for afterwards, and did not happen";
    match failure {
        Failure::TimedOut(text) => Failure::TimedOut(format!("{text}; {SAYS}")),
        Failure::InDoubt(text) | Failure::Denied(text) => Failure::retryable("probe.did-not", format!("{text}; {SAYS}")),
        Failure::Failed(problem) => Failure::retryable("probe.did-not", format!("{problem}; {SAYS}")),
    }
}
