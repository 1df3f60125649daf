//! Waiting until an object is so: looked at again and again, and a look that fails in a way that may pass is no end of it.

use std::time::Duration;

use lockstep_model::Failure;
use lockstep_model::request::KubeResponse;
use serde_json::Value;

use crate::failures::{passes, told};
use crate::object;
use crate::session::Session;

/// The first pause between two looks; each is half as long again, up to the longest.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(1);

/// Pauses between looks, longer and longer.
pub(crate) struct Pauses(Duration);

impl Pauses {
    pub(crate) fn new() -> Self {
        Self(FIRST)
    }

    pub(crate) async fn next(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 3 / 2).min(LONGEST);
    }
}

/// Looks until `is` says yes. The caller has the deadline.
async fn until(session: &Session<'_>, mut is: impl FnMut(Option<&Value>) -> bool) -> Result<Option<Value>, Failure> {
    let mut pauses = Pauses::new();
    loop {
        match session.object().await {
            Ok(object) if is(object.as_ref()) => return Ok(object),
            Err(failure) if !passes(&failure) => return Err(failure),
            Ok(_) | Err(_) => pauses.next().await,
        }
    }
}

pub(crate) async fn for_condition(session: &Session<'_>, condition: &str, status: &str) -> Result<KubeResponse, Failure> {
    let has = |object: &Value| {
        let conditions = object::list(object, "/status/conditions");
        conditions.iter().any(|found| found["type"] == condition && found["status"] == status) && is_observed(object)
    };
    let object = until(session, |object| object.is_some_and(has)).await?;
    Ok(KubeResponse::Text(object.map(object::shown).unwrap_or_default()))
}

pub(crate) async fn for_json(session: &Session<'_>, pointer: &str, value: &str) -> Result<KubeResponse, Failure> {
    let has = |object: &Value| object.pointer(pointer).is_some_and(|found| written(found) == value);
    let object = until(session, |object| object.is_some_and(has)).await?;
    Ok(KubeResponse::Text(object.map(object::shown).unwrap_or_default()))
}

pub(crate) async fn for_deleted(session: &Session<'_>) -> Result<KubeResponse, Failure> {
    let mut first: Option<String> = None;
    let is_another = |object: &Value, first: &mut Option<String>| {
        let uid = object::text(object, "/metadata/uid");
        first.get_or_insert_with(|| uid.to_owned()) != uid
    };
    until(session, |object| object.is_none_or(|object| is_another(object, &mut first))).await?;
    Ok(KubeResponse::Nothing)
}

/// What stands at a place now, for whoever has waited for something else.
pub(crate) async fn stands(session: &Session<'_>, pointer: &str) -> String {
    match session.object().await {
        Ok(Some(object)) => told(format!("; at {pointer} it has {}", object.pointer(pointer).map_or_else(|| "nothing".to_owned(), Value::to_string))),
        Ok(None) => "; it is not there".to_owned(),
        Err(failure) => format!("; and it cannot be looked at: {failure}"),
    }
}

/// Whether its controller has seen what is wanted now: else its status is about the past.
pub(crate) fn is_observed(object: &Value) -> bool {
    let observed = object.pointer("/status/observedGeneration").and_then(Value::as_u64);
    observed.is_none_or(|observed| observed >= object::count(object, "/metadata/generation"))
}

/// A string, or a number or flag as it is written.
fn written(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
