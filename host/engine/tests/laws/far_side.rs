//! A small world that remembers: values that are set and removed, lists that are added to, and everything that ever arrived there.
//!
//! It does what it is asked every time it is asked. It knows idempotency keys only to write them down, so that what is done twice shows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use lockstep_gate::{CallContext, Driver, Drivers, Trial};
use lockstep_grant::{Grantable, Granted};
use lockstep_journal::Json;
use lockstep_journal::event::{Outcome, Stored};
use lockstep_model::request::{FilesRequest, FilesResponse, HttpRequest, HttpResponse, Response, ShellRequest, ShellResponse, Timing};
use lockstep_model::{Content, EffectClass, Failure};
use lockstep_testkit::FakeDrivers;

use crate::disk::Disk;

/// What can be seen of the world.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct View {
    values: BTreeMap<String, String>,
    lists: BTreeMap<String, Vec<String>>,
}

/// One call as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) summary: String,
    pub(crate) class: EffectClass,
    /// Empty for a read.
    pub(crate) key: String,
    /// With the values of secrets in it.
    pub(crate) request: String,
}

/// What goes wrong with one arrival, counted from 0.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Nothing was done, and the answer says so.
    Refuses(usize, Failure),
    /// It was done, and the answer says that it failed.
    FailsAfterwards(usize, Failure),
    /// It was done, and the process of the caller ends before the answer comes: the disk takes no append any more.
    KillsItsCaller(usize),
}

/// The world of a trial. A clone is the same world.
#[derive(Clone)]
pub(crate) struct FarSide(Arc<Mutex<Inside>>);

struct Inside {
    view: View,
    arrived: Vec<Arrival>,
    /// The outcome of the latest call of each key, as the journal would have it.
    outcomes: BTreeMap<String, Outcome>,
    fault: Option<Fault>,
    disk: Disk,
    /// What arrived that must not have.
    wrongs: Vec<String>,
}

impl FarSide {
    /// A world with a few values in it, asked by a host whose journal is on that disk.
    pub(crate) fn new(disk: &Disk) -> Self {
        let mut view = View::default();
        view.values.insert("v0".to_owned(), "there before".to_owned());
        view.lists.insert("l0".to_owned(), vec!["there before".to_owned()]);
        let (arrived, outcomes, wrongs) = Default::default();
        Self(Arc::new(Mutex::new(Inside { view, arrived, outcomes, fault: None, disk: disk.clone(), wrongs })))
    }

    pub(crate) fn with_fault(self, fault: Fault) -> Self {
        self.inside().fault = Some(fault);
        self
    }

    /// The host's journal is on another disk from here on.
    pub(crate) fn is_asked_from(&self, disk: &Disk) {
        self.inside().disk = disk.clone();
    }

    pub(crate) fn drivers(&self) -> Drivers {
        let all = Arc::new(self.clone());
        Drivers { http: all.clone(), shell: all.clone(), files: all, ..FakeDrivers::default().drivers() }
    }

    pub(crate) fn view(&self) -> View {
        let mut view = self.inside().view.clone();
        view.lists.retain(|_, entries| !entries.is_empty());
        view
    }

    pub(crate) fn arrived(&self) -> Vec<Arrival> {
        self.inside().arrived.clone()
    }

    pub(crate) fn effects(&self) -> Vec<Arrival> {
        self.arrived().into_iter().filter(|arrival| arrival.class.is_effect()).collect()
    }

    /// How often a key arrived, and what the latest call of it came to.
    pub(crate) fn heard_of(&self, key: &str) -> (usize, Option<Outcome>) {
        let inside = self.inside();
        (inside.arrived.iter().filter(|arrival| arrival.key == key).count(), inside.outcomes.get(key).cloned())
    }

    pub(crate) fn wrongs(&self) -> Vec<String> {
        self.inside().wrongs.clone()
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap()
    }

    fn perform<R: Grantable>(
        &self,
        call: &Granted<R>,
        context: &CallContext<'_>,
        act: impl FnOnce(&mut View, &R) -> Result<R::Response, Failure>,
    ) -> Result<R::Response, Failure> {
        let mut inside = self.inside();
        let key = if call.class().is_effect() { context.idempotency_key.to_owned() } else { String::new() };
        let request = serde_json::to_string(call.request()).unwrap();
        let arrival = Arrival { summary: call.request().summary(), class: call.class(), key: key.clone(), request };
        if call.class().is_effect() && !inside.disk.has_durable_intent(&key) {
            inside.wrongs.push(format!("{} arrived without a durable intent", arrival.summary));
        }
        if inside.disk.is_sick() {
            inside.wrongs.push(format!("{} arrived after the store had failed", arrival.summary));
        }
        if call.class().is_effect() && inside.disk.has_lost_the_lease_for(&key) {
            inside.wrongs.push(format!("{} arrived after the lease was lost", arrival.summary));
        }
        let number = inside.arrived.len();
        inside.arrived.push(arrival);
        let outcome = match inside.fault.clone() {
            Some(Fault::Refuses(at, failure)) if at == number => Err(failure),
            Some(Fault::FailsAfterwards(at, failure)) if at == number => act(&mut inside.view, call.request()).and(Err(failure)),
            Some(Fault::KillsItsCaller(at)) if at == number => {
                inside.disk.mend(crate::disk::Fate::Refuses(1, lockstep_journal::StoreError::Medium("the process is dead".to_owned())));
                act(&mut inside.view, call.request())
            }
            Some(Fault::Refuses(..) | Fault::FailsAfterwards(..) | Fault::KillsItsCaller(_)) | None => act(&mut inside.view, call.request()),
        };
        inside.outcomes.insert(key, recorded(outcome.as_ref(), call.class()));
        outcome
    }
}

/// As the gate would record it: a deadline that cut off what must not be done twice leaves a doubt.
fn recorded<T: Response>(outcome: Result<&T, &Failure>, class: EffectClass) -> Outcome {
    match outcome {
        Ok(response) => Outcome::Returned(Stored::Inline(Json::of(response).unwrap())),
        Err(Failure::TimedOut(text)) if class == EffectClass::AtMostOnce => Outcome::Failed(Failure::InDoubt(text.clone())),
        Err(failure) => Outcome::Failed(failure.clone()),
    }
}

impl View {
    /// `GET`, `PUT` and `DELETE` of a value; `POST /list/entry` adds to a list, `DELETE /list/entry` takes out of it; what is `broken` always fails.
    fn http(&mut self, request: &HttpRequest) -> Result<HttpResponse, Failure> {
        let path = request.url.strip_prefix("http://app.test/").unwrap_or_default();
        let text = request.body.as_ref().and_then(Content::as_text).unwrap_or_default().to_owned();
        let mut status = 200;
        let mut body = Content::default();
        match (request.method.as_str(), path.split_once('/')) {
            (_, Some(("broken", "slow"))) => return Err(Failure::TimedOut("no answer".to_owned())),
            (_, Some(("broken", _))) => return Err(Failure::retryable("http.connect", "refused")),
            ("GET", _) => match self.values.get(path) {
                Some(value) => body = value.as_str().into(),
                None => status = 404,
            },
            ("PUT", _) => {
                self.values.insert(path.to_owned(), text);
            }
            ("DELETE", Some((list, entry))) => self.lists.entry(list.to_owned()).or_default().retain(|there| there != entry),
            ("DELETE", None) => {
                self.values.remove(path);
            }
            (_, Some((list, entry))) => self.lists.entry(list.to_owned()).or_default().push(entry.to_owned()),
            (_, None) => self.lists.entry(path.to_owned()).or_default().push(text),
        }
        Ok(HttpResponse {
            status,
            headers: Vec::new(),
            body,
            truncated: false,
            body_artifact: None,
            url: request.url.clone(),
            timing: Timing::default(),
            tries: 0,
        })
    }

    /// `tool list entry` adds to a list, as `POST` does.
    fn shell(&mut self, request: &ShellRequest) -> ShellResponse {
        if let [list, entry] = &request.args[..] {
            self.lists.entry(list.clone()).or_default().push(entry.clone());
        }
        ShellResponse { code: 0, success: None, stdout: "done".into(), stderr: Content::default(), truncated: false, stdout_artifact: None, duration: 1 }
    }
}

impl Driver<HttpRequest> for FarSide {
    fn perform(&self, call: &Granted<HttpRequest>, context: &CallContext<'_>) -> Result<HttpResponse, Failure> {
        Self::perform(self, call, context, View::http)
    }

    /// As the world would do it, and takes it back.
    fn try_out(&self, call: &Granted<HttpRequest>, _: &CallContext<'_>) -> Trial<HttpResponse> {
        Trial::Told(self.view().http(call.request()))
    }
}

impl Driver<ShellRequest> for FarSide {
    fn perform(&self, call: &Granted<ShellRequest>, context: &CallContext<'_>) -> Result<ShellResponse, Failure> {
        Self::perform(self, call, context, |view, request| Ok(view.shell(request)))
    }
}

impl Driver<FilesRequest> for FarSide {
    fn perform(&self, call: &Granted<FilesRequest>, context: &CallContext<'_>) -> Result<FilesResponse, Failure> {
        Self::perform(self, call, context, |_, _| Ok(FilesResponse::Nothing))
    }
}
