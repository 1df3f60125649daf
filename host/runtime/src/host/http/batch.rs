//! `http.batch`: requests that are sent side by side, and what became of each.

use lockstep_model::Failure;
use lockstep_model::request::{HttpRequest, HttpResponse};
use wasmtime::Result;
use wasmtime::component::Resource;

use super::{Draft, check};
use crate::bindings::lockstep::contract::http;
use crate::context::{Context, Kept};
use crate::ended::Refusal;
use crate::host::probe;

/// Each has a thread of the host while it is sent.
const MOST: usize = 100;

/// Requests being gathered; once they were sent, their responses.
pub struct Batch {
    requests: Vec<Result<HttpRequest, Failure>>,
    responses: Vec<Result<HttpResponse, Failure>>,
    /// What is wrong with the batch itself. `send` says so.
    wrong: Option<Failure>,
}

impl Kept for Batch {
    fn size(&self) -> usize {
        let requests: usize = self.requests.iter().flatten().map(probe::size_of_http).sum();
        requests + self.responses.iter().flatten().map(Kept::size).sum::<usize>()
    }
}

impl http::HostBatch for Context {
    fn new(&mut self) -> Result<Resource<Batch>> {
        self.gate("http.batch")?;
        self.keep(Batch { requests: Vec::new(), responses: Vec::new(), wrong: None })
    }

    fn add(&mut self, batch: Resource<Batch>, request: Resource<Draft>) -> Result<()> {
        let request = self.kept(&request)?.send();
        self.change(&batch, |batch| match check::room(batch.requests.len(), MOST, "requests side by side") {
            Ok(()) => batch.requests.push(request),
            Err(wrong) => {
                batch.wrong.get_or_insert(wrong);
            }
        })
    }

    fn send(&mut self, batch: Resource<Batch>) -> Result<(), Refusal> {
        let Batch { requests, wrong, .. } = self.kept(&batch)?;
        if let Some(wrong) = wrong {
            return Err(wrong.clone().into());
        }
        let requests = requests.clone();
        let sound: Vec<HttpRequest> = requests.iter().flatten().cloned().collect();
        let mut answers = self.ask_all("http.batch.send", sound)?.into_iter();
        let gone = || Err(Failure::problem("host.internal", "the gate gave fewer answers than it was asked for"));
        let responses = requests.into_iter().map(|request| request.and_then(|_| answers.next().unwrap_or_else(gone))).collect();
        Ok(self.change(&batch, |batch| batch.responses = responses)?)
    }

    fn response(&mut self, batch: Resource<Batch>, index: u32) -> Result<Resource<HttpResponse>, Refusal> {
        let found = usize::try_from(index).ok().and_then(|index| self.kept(&batch).ok()?.responses.get(index).cloned());
        let none = || Err(Failure::fixed_limit("http.limit", format!("the batch has no response {index}: it has not been sent, or has fewer requests")));
        let response = found.unwrap_or_else(none)?;
        Ok(self.keep(response)?)
    }

    fn drop(&mut self, batch: Resource<Batch>) -> Result<()> {
        self.forget(batch)
    }
}
