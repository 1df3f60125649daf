//! The service itself: routes, and what every request goes through.
//!
//! Paths that only observe (`/metrics`, `/requests`, `/switches`, `GET /effects`) are never slow, failing or leaking and do not count in the metrics: whoever
//! judges the service must not be judged with it.

mod effects;
mod metrics;
mod requests;
mod route;
mod tokens;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HeaderMap};
use hyper::{Request, StatusCode};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;

use crate::faults::{Broken, Switches};
use crate::listen::{self, Handler};
use crate::reply::{self, Reply};
use crate::shared::Shared;
use crate::unit::{Unit, UnitError};

use effects::Effects;
use metrics::Metrics;
use requests::RequestLog;
use route::Route;
use tokens::Tokens;

/// Largest body taken.
const MAX_BODY_BYTES: usize = 64 << 10;
/// Most that is leaked in all: enough for any watch on memory to fire, too little to bring down the machine.
const MAX_LEAKED_BYTES: usize = 512 << 20;

/// How to serve.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Where to listen.
    pub(crate) port: u16,
    /// What `/version` says.
    pub(crate) version: String,
    /// The state directory.
    pub(crate) state: PathBuf,
    /// How it is broken from the start.
    pub(crate) broken: Option<Broken>,
    /// What `/login` wants.
    pub(crate) password: String,
}

/// Why the service does not serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServiceError {
    #[error(transparent)]
    Unit(#[from] UnitError),
    #[error("cannot listen on port {port}: {cause}")]
    Bind { port: u16, cause: io::Error },
    #[error("cannot use {path}: {cause}")]
    State { path: PathBuf, cause: io::Error },
    #[error("version {0} crashes at its start")]
    Crash(String),
}

/// Serves until `stop` turns true.
pub(crate) async fn serve(plan: Plan, stop: watch::Receiver<bool>) -> Result<(), ServiceError> {
    if plan.broken == Some(Broken::Crash) {
        return Err(ServiceError::Crash(plan.version));
    }
    let unit = Unit::hold(&plan.state)?;
    let port = plan.port;
    let service = Arc::new(Service::new(plan)?);
    let listener = listen::bind(port).await.map_err(|cause| ServiceError::Bind { port, cause })?;
    unit.announce(port, &service.version)?;
    crate::note(&format!("version {} listens on port {port}", service.version));
    listen::serve(listener, service, stop).await;
    Ok(())
}

struct Service {
    version: String,
    password: String,
    switches: Shared<Switches>,
    /// The part of a failure that is due: a ratio is met by counting and not by chance, so that a test sees the same every time.
    failure_due: Shared<f64>,
    leaked: Shared<Vec<u8>>,
    tokens: Shared<Tokens>,
    effects: Shared<Effects>,
    requests: Shared<RequestLog>,
    metrics: Shared<Metrics>,
}

impl Handler for Service {
    async fn answer(&self, request: Request<Incoming>) -> Reply {
        let started = Instant::now();
        let (head, incoming) = request.into_parts();
        let route = Route::of(&head.method, head.uri.path());
        let switches = self.switches.with(|switches| *switches);
        let faulty = !route.observes();

        let reply = match listen::body(incoming, MAX_BODY_BYTES).await {
            Err(status) => reply::problem(status, "the body was not taken"),
            Ok(_) if route.works() && self.fails(switches.failing) => reply::problem(StatusCode::INTERNAL_SERVER_ERROR, "switched to fail"),
            Ok(body) => self.perform(route, switches, &head.headers, &body),
        };
        self.requests.with(|log| log.add(&head, reply.status()));
        if faulty {
            self.leak(switches.leak_bytes);
            // After the work and its record: a client that is killed while it waits has caused the effect without hearing of it.
            tokio::time::sleep(Duration::from_millis(switches.slow_ms)).await;
            self.metrics.with(|metrics| metrics.add(reply.status(), started.elapsed()));
        }
        reply
    }
}

impl Service {
    fn new(plan: Plan) -> Result<Service, ServiceError> {
        let in_state = |name: &str| -> PathBuf { Path::new(&plan.state).join(name) };
        let failed = |path: PathBuf| move |cause| ServiceError::State { path, cause };
        let effects = in_state("effects.log");
        let requests = in_state("requests.log");
        Ok(Service {
            switches: Shared::new(Switches::from(plan.broken)),
            failure_due: Shared::default(),
            leaked: Shared::default(),
            tokens: Shared::default(),
            effects: Shared::new(Effects::open(&effects).map_err(failed(effects))?),
            requests: Shared::new(RequestLog::open(&requests).map_err(failed(requests))?),
            metrics: Shared::default(),
            version: plan.version,
            password: plan.password,
        })
    }

    fn perform(&self, route: Route, switches: Switches, headers: &HeaderMap, body: &Bytes) -> Reply {
        match route {
            Route::Health if switches.health_broken => reply::json(StatusCode::SERVICE_UNAVAILABLE, &json!({ "status": "broken", "version": self.version })),
            Route::Health => reply::json(StatusCode::OK, &json!({ "status": "ok", "version": self.version })),
            Route::Version => reply::json(StatusCode::OK, &json!({ "version": self.version })),
            Route::Login if switches.login_broken => reply::problem(StatusCode::INTERNAL_SERVER_ERROR, "login is broken"),
            Route::Login => self.login(body),
            Route::Account => self.account(headers),
            Route::SetSwitches => self.set_switches(body),
            Route::ReadSwitches => reply::json(StatusCode::OK, &json!(switches)),
            Route::DoEffect => self.effects.with(|effects| effects.record(headers)),
            Route::ReadEffects => reply::json(StatusCode::OK, &self.effects.with(|effects| effects.seen())),
            Route::Requests => reply::with_type(StatusCode::OK, "application/x-ndjson", self.requests.with(|log| log.lines())),
            Route::Metrics => {
                let leaked = self.leaked.with(|kept| kept.len());
                let text = self.metrics.with(|metrics| metrics.text(&self.version, leaked));
                reply::with_type(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text)
            }
            Route::WrongMethod => reply::problem(StatusCode::METHOD_NOT_ALLOWED, "not with this method"),
            Route::Unknown => reply::problem(StatusCode::NOT_FOUND, "no such path"),
        }
    }

    fn login(&self, body: &[u8]) -> Reply {
        #[derive(Deserialize)]
        struct Login {
            user: String,
            password: String,
        }
        let Ok(login) = serde_json::from_slice::<Login>(body) else {
            return reply::problem(StatusCode::BAD_REQUEST, "want JSON with `user` and `password`");
        };
        if login.password != self.password {
            return reply::problem(StatusCode::UNAUTHORIZED, "wrong user or password");
        }
        match self.tokens.with(|tokens| tokens.issue(login.user)) {
            Ok(token) => reply::json(StatusCode::OK, &json!({ "token": token, "expires_in": tokens::LIFETIME.as_secs() })),
            Err(cause) => reply::problem(StatusCode::INTERNAL_SERVER_ERROR, &format!("no randomness: {cause}")),
        }
    }

    fn account(&self, headers: &HeaderMap) -> Reply {
        let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
        match token.and_then(|token| self.tokens.with(|tokens| tokens.user_of(token))) {
            Some(user) => reply::json(StatusCode::OK, &json!({ "user": user, "plan": "standard", "version": self.version })),
            None => reply::problem(StatusCode::UNAUTHORIZED, "log in first"),
        }
    }

    fn set_switches(&self, body: &[u8]) -> Reply {
        match Switches::from_json(body) {
            Ok(wanted) => {
                self.switches.with(|switches| *switches = wanted);
                reply::json(StatusCode::OK, &json!(wanted))
            }
            Err(problem) => reply::problem(StatusCode::BAD_REQUEST, &problem),
        }
    }

    fn fails(&self, ratio: f64) -> bool {
        self.failure_due.with(|due| {
            *due += ratio;
            // Ten times a tenth falls short of one by a rounding error.
            let fails = *due >= 1.0 - 1e-9;
            if fails {
                *due -= 1.0;
            }
            fails
        })
    }

    fn leak(&self, bytes: u64) {
        self.leaked.with(|kept| {
            let grown = usize::try_from(bytes).map_or(MAX_LEAKED_BYTES, |bytes| kept.len().saturating_add(bytes)).min(MAX_LEAKED_BYTES);
            // Written to, since untouched memory costs nothing.
            kept.resize(grown.max(kept.len()), 0xA5);
        });
    }
}
