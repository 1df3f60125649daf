//! Answers `http` by the scenario's `[[http]]`.

use std::time::Duration;

use lockstep_gate::{Artifacts, CallContext, Driver};
use lockstep_grant::Granted;
use lockstep_model::Failure;
use lockstep_model::request::{HttpRequest, HttpResponse, Timing};

use super::{Capability, World};
use crate::scenario::{HttpAnswer, HttpMatch};

impl Driver<HttpRequest> for World {
    fn perform(&self, call: &Granted<HttpRequest>, context: &CallContext<'_>) -> Result<HttpResponse, Failure> {
        let request = call.request();
        let response = self.perform(call, context, |state, id| {
            let respond = |answer: HttpAnswer, delay| response(request, answer, delay);
            self.pick(state, (Capability::Http, &self.scenario.http), |rule| is_about(rule, request), respond)
                .unwrap_or_else(|near| self.unanswered_http(state, id, request, near))
        })?;
        into_artifact(request, response, context.artifacts)
    }

    fn takes_turns(&self) -> bool {
        true
    }
}

/// The body as an artifact, where the request says so.
fn into_artifact(request: &HttpRequest, mut response: HttpResponse, artifacts: &dyn Artifacts) -> Result<HttpResponse, Failure> {
    if let Some(id) = request.into_artifact.as_ref().filter(|_| response.is_success()) {
        let mut sink = artifacts.create_scrubbed(id)?;
        sink.append(&std::mem::take(&mut response.body).0)?;
        response.body_artifact = Some(sink.finish()?);
    }
    Ok(response)
}

fn is_about(rule: &HttpMatch, request: &HttpRequest) -> bool {
    let has = |name: &String, value: &lockstep_grant::Glob| {
        request.headers.iter().any(|header| header.name.eq_ignore_ascii_case(name) && value.matches(header.value.as_bytes()))
    };
    let body = request.body.as_ref().map_or(&[][..], |body| &body.0);
    rule.request.matches(&request.method, &request.url)
        && rule.headers.iter().all(|(name, value)| has(name, value))
        && rule.body.as_ref().is_none_or(|glob| glob.matches(body))
}

fn response(request: &HttpRequest, answer: HttpAnswer, delay: Duration) -> HttpResponse {
    let took = u32::try_from(delay.as_micros()).unwrap_or(u32::MAX);
    HttpResponse {
        status: answer.status,
        headers: answer.headers,
        body: answer.body,
        truncated: false,
        body_artifact: None,
        url: request.url.clone(),
        timing: Timing { first_byte: took, total: took, ..Timing::default() },
        tries: request.until.is_some().into(),
    }
}
