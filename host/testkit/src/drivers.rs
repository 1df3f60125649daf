//! Drivers that perform nothing and remember what they were asked to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use lockstep_gate::{CallContext, Driver, Drivers};
use lockstep_grant::{Grantable, Granted};
use lockstep_model::request::{FilesRequest, FilesResponse, HttpRequest, HttpResponse, ShellRequest, ShellResponse, Timing};
use lockstep_model::{Content, Digest, Failure, Request};

/// What a driver was asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Performed {
    /// The request's one line.
    pub summary: String,
    /// The request as the driver got it, values of secrets in it.
    pub request: String,
    /// The idempotency key; empty for a read.
    pub key: String,
}

/// The world of a test: counts, and answers with 200, exit code 0 or nothing, unless told otherwise.
#[derive(Clone, Default)]
pub struct FakeDrivers {
    performed: Arc<Mutex<Vec<Performed>>>,
    answers: Arc<Mutex<VecDeque<Result<Content, Failure>>>>,
}

impl FakeDrivers {
    /// For a house.
    pub fn drivers(&self) -> Drivers {
        let all = Arc::new(self.clone());
        Drivers { http: all.clone(), shell: all.clone(), files: all }
    }

    /// Everything performed so far, in order.
    pub fn performed(&self) -> Vec<Performed> {
        self.performed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The summaries of everything performed so far.
    pub fn summaries(&self) -> Vec<String> {
        self.performed().into_iter().map(|performed| performed.summary).collect()
    }

    /// The next calls are answered with these, in order: a body or output, or a failure.
    pub fn answer(&self, answers: impl IntoIterator<Item = Result<&'static str, Failure>>) {
        let answers = answers.into_iter().map(|answer| answer.map(Content::from));
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).extend(answers);
    }

    fn perform<R: Grantable>(&self, call: &Granted<R>, context: &CallContext<'_>) -> Result<Content, Failure> {
        let request = serde_json::to_string(call.request()).unwrap_or_default();
        let performed = Performed { summary: call.request().summary(), request, key: context.idempotency_key.to_owned() };
        self.performed.lock().unwrap_or_else(PoisonError::into_inner).push(performed);
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap_or_else(|| Ok(Content::default()))
    }
}

impl Driver<HttpRequest> for FakeDrivers {
    fn perform(&self, call: &Granted<HttpRequest>, context: &CallContext<'_>) -> Result<HttpResponse, Failure> {
        let body = Self::perform(self, call, context)?;
        Ok(HttpResponse { status: 200, headers: Vec::new(), body, truncated: false, url: call.request().url.clone(), timing: Timing::default() })
    }
}

impl Driver<ShellRequest> for FakeDrivers {
    fn perform(&self, call: &Granted<ShellRequest>, context: &CallContext<'_>) -> Result<ShellResponse, Failure> {
        let stdout = Self::perform(self, call, context)?;
        Ok(ShellResponse { code: 0, stdout, stderr: Content::default(), truncated: false, duration: 1 })
    }
}

impl Driver<FilesRequest> for FakeDrivers {
    fn perform(&self, call: &Granted<FilesRequest>, context: &CallContext<'_>) -> Result<FilesResponse, Failure> {
        let content = Self::perform(self, call, context)?;
        Ok(match call.request().function() {
            "read" => FilesResponse::Bytes(content),
            "look" => FilesResponse::Entry(None),
            "entries" => FilesResponse::Names(Vec::new()),
            "digest" => FilesResponse::Digest(Digest::of(&content.0)),
            "disk-free" => FilesResponse::Free("1000000000".to_owned()),
            _ => FilesResponse::Nothing,
        })
    }
}
