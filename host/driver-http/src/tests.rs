//! The driver against real servers on the loopback, through a real grant.

mod addresses;
mod artifacts;
mod network;
mod packed;
mod plain;
mod polling;
mod redirects;
mod server;
mod tls;
mod trouble;
mod two;
mod ways;

use std::path::Path;
use std::time::Duration;

use lockstep_gate::{Artifacts, CallContext, Driver as _, Interrupt, LooseArtifacts, NoLiveOutput, NoNotes};
use lockstep_grant::{Decision, Grant, Grantable as _, Granted};
use lockstep_model::Failure;
use lockstep_model::request::{Header, HttpRequest, HttpResponse};

use super::HttpDriver;

const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Everything on the loopback, by either name.
const LOOPBACK: &str = r#"
[http]
allow = ["* http://127.0.0.1:*/**?*", "* http://localhost:*/**?*", "* https://localhost:*/**?*", "* https://127.0.0.1:*/**?*", "GET http://no-such-host.invalid/"]
private-addresses = ["127.0.0.0/8", "::1"]
"#;

fn send_granted(request: &HttpRequest, grant: &str) -> Result<HttpResponse, Failure> {
    send_within(request, grant, Duration::from_secs(30))
}

fn send_within(request: &HttpRequest, grant: &str, time_left: Duration) -> Result<HttpResponse, Failure> {
    perform(&HttpDriver::new().unwrap(), request, grant, time_left)
}

fn perform(driver: &HttpDriver, request: &HttpRequest, grant: &str, time_left: Duration) -> Result<HttpResponse, Failure> {
    perform_with(driver, &granted(request, grant), time_left, &LooseArtifacts::default())
}

fn granted(request: &HttpRequest, grant: &str) -> Granted<HttpRequest> {
    let grant = Grant::parse(grant, "test.toml", Path::new("/")).unwrap();
    match request.clone().decide(&grant) {
        Decision::Allowed(granted) => granted,
        Decision::Denied(denial) => panic!("{denial:?}"),
    }
}

fn perform_with(driver: &HttpDriver, granted: &Granted<HttpRequest>, time_left: Duration, artifacts: &dyn Artifacts) -> Result<HttpResponse, Failure> {
    driver.perform(granted, &CallContext { idempotency_key: KEY, time_left, interrupt: &Interrupt::default(), notes: &NoNotes, live: &NoLiveOutput, artifacts })
}

fn send(request: &HttpRequest) -> Result<HttpResponse, Failure> {
    send_granted(request, LOOPBACK)
}

fn get(url: &str) -> HttpRequest {
    HttpRequest::to("GET", url)
}

fn with_headers(request: HttpRequest, headers: &[(&str, &str)]) -> HttpRequest {
    let headers = headers.iter().map(|&(name, value)| Header { name: name.into(), value: value.into() }).collect();
    HttpRequest { headers, ..request }
}
