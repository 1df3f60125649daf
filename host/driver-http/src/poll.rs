//! Asks again until the answer is the one that is waited for.
//!
//! One call, whatever it takes: the journal has its last answer and how often it was asked. The operator sees each try while it happens.

use std::future::Future;
use std::time::Duration;

use lockstep_gate::Stream;
use lockstep_model::Failure;
use lockstep_model::request::{HttpResponse, JsonPart, Until};
use serde_json::Value;
use tokio::time::Instant;

use crate::Call;
use crate::course::Course;

/// Answers as `until` says, asked by `ask`. The deadline around this ends it as well; that it does so first is not certain, so this one says what it saw.
pub(crate) async fn until<F: Future<Output = Result<HttpResponse, Failure>>>(
    until: &Until,
    call: &Call<'_>,
    course: &Course,
    ask: impl Fn() -> F,
) -> Result<HttpResponse, Failure> {
    let (one, every) = (Duration::from_millis(call.request.timeout_milliseconds.into()), Duration::from_millis(until.every_milliseconds.into()));
    let ends = Instant::now() + Duration::from_millis(until.within_milliseconds.into()).min(call.context.time_left);
    let (mut tries, mut last) = (0_u32, None);
    loop {
        tries = tries.saturating_add(1);
        let began = Instant::now();
        let answer = tokio::time::timeout_at(ends.min(began + one), ask()).await;
        let (seen, wait) = match answer {
            Ok(Ok(response)) if is_it(until, &response) => return Ok(HttpResponse { tries, ..response }),
            Ok(Ok(response)) => (format!("status {}", response.status), response.retry_after().unwrap_or_default()),
            Ok(Err(failure)) if failure.is_retryable() => (failure.message().to_owned(), Duration::ZERO),
            Ok(Err(failure)) => return Err(failure),
            // What was seen before says more than that the time was over while it was asked once more.
            Err(_) => (last.take().unwrap_or_else(|| "no answer in time".to_owned()), Duration::ZERO),
        };
        call.context.live.output(Stream::Stderr, format!("try {tries}: {seen}\n").as_bytes());
        let next = (began + every).max(Instant::now() + wait);
        if next >= ends {
            let within = Duration::from_millis(until.within_milliseconds.into());
            let message = format!("asked {tries} times within {within:?}, and the answer was never the one waited for; the last was: {seen}");
            return Err(Failure::TimedOut(message));
        }
        course.enters(format!("waiting to ask again; the last answer, number {tries}, was: {seen}"));
        last = Some(seen);
        tokio::time::sleep_until(next).await;
    }
}

/// Whether the answer is the one that is waited for.
fn is_it(until: &Until, response: &HttpResponse) -> bool {
    let status = if until.statuses.is_empty() { response.status < 400 } else { until.statuses.contains(&response.status) };
    let has = |text: &String| text.is_empty() || response.body.0.windows(text.len()).any(|window| window == text.as_bytes());
    status && until.text.iter().all(has) && is_json(&until.json, &response.body.0)
}

fn is_json(parts: &[JsonPart], body: &[u8]) -> bool {
    if parts.is_empty() {
        return true;
    }
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return false };
    parts.iter().all(|part| match body.pointer(&part.pointer) {
        Some(Value::String(text)) => *text == part.value,
        Some(other) => serde_json::to_string(other).is_ok_and(|text| text == part.value),
        None => false,
    })
}
