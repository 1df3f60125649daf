//! What a method and a path ask for.

use hyper::Method;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Route {
    /// `GET /health`
    Health,
    /// `GET /version`
    Version,
    /// `GET /metrics`
    Metrics,
    /// `POST /login`
    Login,
    /// `GET /account`
    Account,
    /// `GET /switches`
    ReadSwitches,
    /// `POST /switches`
    SetSwitches,
    /// `GET /requests`
    Requests,
    /// `GET /effects`
    ReadEffects,
    /// `POST /effects`
    DoEffect,
    /// A path that exists, with a method that does not.
    WrongMethod,
    /// No such path.
    Unknown,
}

impl Route {
    /// `HEAD` is `GET`; hyper leaves the body out.
    pub(super) fn of(method: &Method, path: &str) -> Route {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        match (method.as_str(), path) {
            ("GET", "/health") => Route::Health,
            ("GET", "/version") => Route::Version,
            ("GET", "/metrics") => Route::Metrics,
            ("POST", "/login") => Route::Login,
            ("GET", "/account") => Route::Account,
            ("GET", "/switches") => Route::ReadSwitches,
            ("POST", "/switches") => Route::SetSwitches,
            ("GET", "/requests") => Route::Requests,
            ("GET", "/effects") => Route::ReadEffects,
            ("POST", "/effects") => Route::DoEffect,
            (_, "/health" | "/version" | "/metrics" | "/login" | "/account" | "/switches" | "/requests" | "/effects") => Route::WrongMethod,
            _ => Route::Unknown,
        }
    }

    /// Whether it only looks at the service from outside, or sets its switches.
    pub(super) fn observes(self) -> bool {
        matches!(self, Route::Metrics | Route::ReadSwitches | Route::SetSwitches | Route::Requests | Route::ReadEffects)
    }

    /// Whether it is work that `failing` makes fail. Health is not: a fault that the health check does not see is the interesting one.
    pub(super) fn works(self) -> bool {
        matches!(self, Route::Version | Route::Login | Route::Account | Route::DoEffect)
    }
}
