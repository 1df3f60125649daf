//! Performs `http` calls: one request, one connection, one response, to the very address that was checked.
//!
//! The only crate that links hyper. It connects by itself, rather than through a client that keeps connections: so that the address checked is
//! the address connected to, each part can be timed, and nothing is ever sent twice by a library's own retry.
//!
//! # Guarantees
//! The server's certificate is always verified against the host's name. No message holds a header's or a body's content.
//! # Caveats
//! No proxy is used but the grant's own, whatever the environment says. Headers of one name come back together.

mod body;
mod connect;
mod course;
mod exchange;
mod fed;
mod headers;
mod hop;
mod poll;
mod proxy;
mod redirect;
mod resolve;
mod tls;
mod wire;

#[cfg(test)]
mod tests;

use std::io;
use std::time::{Duration, Instant};

use lockstep_gate::{CallContext, Driver, Interrupt};
use lockstep_grant::{Granted, HttpTerms};
use lockstep_model::request::{HttpRequest, HttpResponse, Request};
use lockstep_model::{EffectClass, Failure};
use lockstep_tls::Trust;
use tokio::runtime::{Builder, Runtime};

use crate::body::{Body, Keep};
use crate::course::Course;
use crate::exchange::Reach;
use crate::headers::Encoding;
use crate::hop::Hop;
use crate::resolve::Names;

/// How often the operator's wish to cancel is looked for.
const GLANCE: Duration = Duration::from_millis(100);

/// What no deadline exceeds: it only keeps the arithmetic on instants sound.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// Sends requests. Calls may come from many threads at once, but not from those of an asynchronous runtime: each blocks its thread.
pub struct HttpDriver {
    /// None only while it is being dropped.
    runtime: Option<Runtime>,
    names: Names,
    trust: Trust,
}

impl HttpDriver {
    /// Starts the one thread that moves the bytes of all calls.
    ///
    /// # Errors
    /// When the host has no thread or no descriptors left.
    pub fn new() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("http").enable_io().enable_time().build()?;
        Ok(Self { runtime: Some(runtime), names: resolve::system(), trust: tls::trust() })
    }

    fn run(&self, call: &Call<'_>) -> Result<HttpResponse, Failure> {
        let Some(runtime) = &self.runtime else {
            return Err(Failure::problem("http.connect", "the http driver has been shut down"));
        };
        let (request, course) = (call.request, Course::new(call.class));
        let own = request.timeout().filter(|timeout| *timeout <= call.context.time_left);
        let allowed = own.unwrap_or(call.context.time_left).min(LONGEST);
        runtime.block_on(async {
            tokio::select! {
                answer = tokio::time::timeout(allowed, self.answer(call, &course)) => {
                    answer.unwrap_or_else(|_| Err(course.timed_out(allowed, own.is_some())))
                }
                () = cancelled(call.context.interrupt) => Err(Failure::TimedOut("cancelled by the operator".to_owned())),
            }
        })
    }

    /// Asks once, or until the answer is the one that is waited for.
    async fn answer(&self, call: &Call<'_>, course: &Course) -> Result<HttpResponse, Failure> {
        match &call.request.until {
            None => self.exchange(call, course).await,
            Some(_) if call.class == EffectClass::AtMostOnce => Err(Failure::problem(
                "http.until",
                "a request that must not be sent twice cannot be asked again until its answer is another: say `idempotent`, or wait with another request",
            )),
            Some(until) => poll::until(until, call, course, || self.exchange(call, course)).await,
        }
    }

    /// Request by request, as far as redirects are followed.
    async fn exchange(&self, call: &Call<'_>, course: &Course) -> Result<HttpResponse, Failure> {
        let (request, started) = (call.request, Instant::now());
        let mut hop = Hop::first(request)?;
        let key = call.class.is_effect().then_some(call.context.idempotency_key);
        let reach = Reach { call: call.granted, terms: call.terms, names: &self.names, trust: &self.trust, artifacts: call.context.artifacts, key };
        let mut followed = 0;
        loop {
            let answer = exchange::send(&hop, &reach, course).await?;
            if let Some(next) = redirect::next(&hop, &answer, followed, request.redirects, &call.terms.rules)? {
                hop = next;
                followed += 1;
                continue;
            }
            let encoding = Encoding::of(&hop, answer.headers());
            let headers = headers::received(answer.headers(), encoding)?;
            let status = answer.status();
            let keep = match &request.into_artifact {
                Some(id) if (200..300).contains(&status) => {
                    Keep::Artifact(call.context.artifacts.create_scrubbed(id).map_err(|failure| course.unkept(failure))?)
                }
                Some(_) | None => Keep::Memory(call.terms.body_limit),
            };
            let Body { bytes, truncated, artifact } = body::read(answer, encoding, keep, course).await?;
            let (timing, url) = (course.timing(started.elapsed()), hop.url.as_str().to_owned());
            return Ok(HttpResponse { status, headers, body: bytes.into(), truncated, body_artifact: artifact, url, timing, tries: 0 });
        }
    }
}

/// Returns once the operator cancels.
async fn cancelled(interrupt: &Interrupt) {
    while !interrupt.is_cancelled() {
        tokio::time::sleep(GLANCE).await;
    }
}

impl Driver<HttpRequest> for HttpDriver {
    fn perform(&self, call: &Granted<HttpRequest>, context: &CallContext<'_>) -> Result<HttpResponse, Failure> {
        self.run(&Call { granted: call, request: call.request(), terms: call.terms(), class: call.class(), context })
    }
}

impl Drop for HttpDriver {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A name still being looked up cannot be interrupted, and nobody waits for it any more.
            runtime.shutdown_background();
        }
    }
}

/// One call, as it was granted.
struct Call<'a> {
    granted: &'a Granted<HttpRequest>,
    request: &'a HttpRequest,
    terms: &'a HttpTerms,
    class: EffectClass,
    context: &'a CallContext<'a>,
}
