//! The client that asks all the time: the witness that a deployment was not noticed.
//!
//! Every request has a connection of its own, as from a new client each time, and nothing is tried twice: one failed request is one failed request.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use hyper::Uri;
use serde_json::{Value, json};

use crate::ask;

/// What to ask, how long.
#[derive(Debug, Args)]
pub(crate) struct PollArgs {
    /// An `http://127.0.0.1:PORT/path`.
    #[arg(long)]
    url: Uri,
    /// One JSON line for every request.
    #[arg(long, value_name = "FILE")]
    log: PathBuf,
    /// Ends when this file exists.
    #[arg(long, value_name = "FILE")]
    stop_file: PathBuf,
    /// The pause between two requests.
    #[arg(long, value_name = "MS", default_value_t = 2)]
    pause_ms: u64,
    /// Ends after that long in any case, so that a forgotten poller does not stay for ever.
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    at_most: u64,
}

/// Why nothing was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PollError {
    #[error("`{0}` is not an http URL on 127.0.0.1 with a port")]
    Url(Uri),
    #[error("cannot write {path}: {cause}")]
    Log { path: PathBuf, cause: io::Error },
}

/// What was met in all.
#[derive(Debug, Default)]
struct Tally {
    requests: u64,
    failed: u64,
    versions: BTreeMap<String, u64>,
    first_failure: Option<String>,
    longest: Duration,
}

/// Asks until told to stop; the tally as JSON.
pub(crate) async fn poll(args: PollArgs) -> Result<Value, PollError> {
    let address = address(&args.url)?;
    let path = args.url.path_and_query().map_or("/", |path| path.as_str());
    let failed = |cause| PollError::Log { path: args.log.clone(), cause };
    let mut log = OpenOptions::new().create(true).append(true).open(&args.log).map_err(failed)?;
    let began = Instant::now();
    let mut tally = Tally::default();
    while !args.stop_file.exists() && began.elapsed() < Duration::from_secs(args.at_most) {
        let asked = Instant::now();
        let outcome = once(address, path).await;
        let line = tally.add(outcome, asked.elapsed(), asked - began);
        log.write_all(format!("{line}\n").as_bytes()).map_err(failed)?;
        tokio::time::sleep(Duration::from_millis(args.pause_ms)).await;
    }
    Ok(json!({
        "requests": tally.requests,
        "failed": tally.failed,
        "versions": tally.versions,
        "first_failure": tally.first_failure,
        "longest_ms": millis(tally.longest),
    }))
}

impl Tally {
    /// Counts one request and returns the line about it.
    fn add(&mut self, outcome: Result<Option<String>, String>, took: Duration, at: Duration) -> Value {
        self.requests += 1;
        self.longest = self.longest.max(took);
        let (version, failure) = match outcome {
            Ok(version) => (version, None),
            Err(failure) => (None, Some(failure)),
        };
        if let Some(version) = &version {
            *self.versions.entry(version.clone()).or_default() += 1;
        }
        if let Some(failure) = &failure {
            self.failed += 1;
            self.first_failure.get_or_insert_with(|| failure.clone());
        }
        json!({ "at_ms": millis(at), "took_ms": millis(took), "version": version, "failure": failure })
    }
}

/// The version that answered, or why the request failed.
async fn once(address: SocketAddr, path: &str) -> Result<Option<String>, String> {
    let answer = ask::get(address, path).await.map_err(|cause| cause.to_string())?;
    if !answer.status().is_success() {
        return Err(format!("status {}: {}", answer.status().as_u16(), String::from_utf8_lossy(answer.body())));
    }
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    Ok(body.get("version").and_then(Value::as_str).map(str::to_owned))
}

/// Only loopback: the poller never pauses for long, and nobody else has asked for that.
fn address(url: &Uri) -> Result<SocketAddr, PollError> {
    let local = url.scheme_str() == Some("http") && matches!(url.host(), Some("127.0.0.1" | "localhost"));
    let Some(port) = url.port_u16().filter(|_| local) else {
        return Err(PollError::Url(url.clone()));
    };
    Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

/// Milliseconds with a fraction, as a person reads them.
fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
