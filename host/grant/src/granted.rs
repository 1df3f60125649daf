//! The witness that a request was allowed: no driver performs anything without one.

use lockstep_model::request::SecretPlace;
use lockstep_model::{EffectClass, Request, Secret};

use crate::Grant;
use crate::explain::{Explanation, Notes};
use crate::place::Place;

/// The rule of a denial when no rule allowed the request.
pub const DEFAULT: &str = "default";
/// The rule of a denial that no grant can lift: a malformed URL or path.
pub const BUILT_IN: &str = "built-in";
/// The rule of what needs no grant: the clock, randomness, artifacts, the log.
pub const ALWAYS: &str = "always";

/// A kind of request that a grant decides about.
pub trait Grantable: Request {
    /// What the grant says about how an allowed request is performed: limits, addresses, the host path of a mount.
    type Terms: std::fmt::Debug + Clone + Send + Sync;

    /// Decides. Only this crate can make the `Granted` in an allowing decision.
    fn decide(&self, grant: &Grant) -> Decision<Self>;

    /// Decides, and notes every rule that was asked.
    fn explain(&self, grant: &Grant) -> Explanation {
        Notes::default().explain(self.decide(grant))
    }

    /// Where a secret placed in this request would go.
    fn destination(&self) -> Option<Destination> {
        None
    }
}

/// Where a secret would go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// The URL of an http request.
    Url(String),
    /// The program of a shell command.
    Program(String),
    /// A connection of the grant file, by its section: `redis.cache`.
    Section(String),
}

/// What a grant says to a request.
#[derive(Debug, Clone)]
pub enum Decision<R: Grantable> {
    /// It may be performed, on these terms.
    Allowed(Granted<R>),
    /// It may not.
    Denied(Denial),
}

/// Why a request may not be performed, for the guest, the operator and the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The rule that decided, `shell.deny[2], production.toml:14`; `default` when none allowed it, `built-in` when none can.
    pub rule: String,
    /// One sentence: what may not be done.
    pub message: String,
    /// What to add to the grant file so that it may, when that is possible.
    pub hint: Option<String>,
}

impl Denial {
    /// By a deny, or by a rule that is about the request and does not go so far.
    pub(crate) fn by_rule(place: &Place, message: String) -> Self {
        let Place { name, file, line } = place;
        let hint = match name.strip_prefix("shell.allow") {
            // A deny in an allow is its profile's, which is nobody's to change.
            Some(_) => {
                format!("its profile denies it whatever else is allowed ({file}:{line}): to let it through, write rules of your own in the profile's place")
            }
            None => format!("a deny wins over every allow: change `{name}` ({file}:{line}) to let it through"),
        };
        Self { rule: place.to_string(), message, hint: Some(hint) }
    }

    /// By the absence of an allow.
    pub(crate) fn by_default(message: String, hint: Option<String>) -> Self {
        Self { rule: DEFAULT.to_owned(), message, hint }
    }

    /// By what holds whatever the grant says: the form of a request.
    pub(crate) fn built_in(message: String, hint: Option<String>) -> Self {
        Self { rule: BUILT_IN.to_owned(), message, hint }
    }

    pub(crate) fn without_hint(mut self) -> Self {
        self.hint = None;
        self
    }
}

/// A request that the grant allowed, and the terms. Can be made nowhere but in this crate.
///
/// ```compile_fail
/// // No way around the grant: the fields are private and there is no public constructor.
/// use lockstep_model::request::ClockRequest;
/// let granted = lockstep_grant::Granted { request: ClockRequest::Now, rule: String::new(), class: lockstep_model::EffectClass::Read, terms: () };
/// ```
#[derive(Debug, Clone)]
pub struct Granted<R: Grantable> {
    request: R,
    rule: String,
    class: EffectClass,
    terms: R::Terms,
    /// Secrets that the rule itself places, with their values once the gate has put them in.
    placed: Vec<(String, Option<Secret<Vec<u8>>>)>,
}

impl<R: Grantable> Granted<R> {
    pub(crate) fn new(request: R, rule: impl Into<String>, class: EffectClass, terms: R::Terms) -> Self {
        Self { request, rule: rule.into(), class, terms, placed: Vec::new() }
    }

    /// With secrets that the rule itself places, by id: the login of a connection. A procedure never sees so much as a marker of them.
    pub(crate) fn placing(mut self, ids: Vec<String>) -> Self {
        self.placed = ids.into_iter().map(|id| (id, None)).collect();
        self
    }

    /// What may be performed.
    pub fn request(&self) -> &R {
        &self.request
    }

    /// The rule that allowed it, `http.allow[0], production.toml:3`.
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// The class it counts as: the request's own, or what the rule says instead.
    pub fn class(&self) -> EffectClass {
        self.class
    }

    /// How it may be performed.
    pub fn terms(&self) -> &R::Terms {
        &self.terms
    }

    /// The ids of the secrets that the rule itself places.
    pub fn placed(&self) -> impl Iterator<Item = &str> {
        self.placed.iter().map(|(id, _)| id.as_str())
    }

    /// The value of a secret that the rule itself places; none before [`Granted::with_placed`], or when it has none.
    pub fn secret(&self, id: &str) -> Option<&Secret<Vec<u8>>> {
        self.placed.iter().find(|(placed, _)| placed == id)?.1.as_ref()
    }

    /// The same, with the values of the secrets that the rule itself places.
    #[must_use]
    pub fn with_placed(mut self, value: impl Fn(&str) -> Option<Secret<Vec<u8>>>) -> Self {
        for (id, placed) in &mut self.placed {
            *placed = value(id);
        }
        self
    }

    /// The same, with the values of secrets put in by `place`. The gate has checked where each may go.
    #[must_use]
    pub fn with_secrets(mut self, place: &mut dyn FnMut(SecretPlace<'_>)) -> Self {
        self.request.visit_secret_places(place);
        self
    }

    /// Clears the places that may hold values of secrets, once the call has been performed.
    pub fn wipe(mut self) {
        self.request.visit_secret_places(&mut |place| match place {
            SecretPlace::Text(text) | SecretPlace::Query(text) => drop(Secret::new(std::mem::take(text))),
            SecretPlace::Bytes(bytes) | SecretPlace::Json(bytes) | SecretPlace::Form(bytes) => drop(Secret::new(std::mem::take(bytes))),
        });
    }
}
