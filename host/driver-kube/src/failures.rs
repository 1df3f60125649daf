//! What a cluster's refusals and broken connections are for a procedure: documented codes, and whether trying again may help.

use std::error::Error;

use kube::core::Status;
use lockstep_model::Failure;

/// The longest message, in bytes: what a server says is not ours.
const LONGEST: usize = 12 << 10;

/// A server that refused.
pub(crate) struct Refusal {
    /// What the procedure is told.
    pub(crate) failure: Failure,
    /// How many seconds the server wants to be left alone, when it is busy and says so.
    pub(crate) rest: Option<u32>,
}

/// What the server answered instead of what was asked for. `after`: its header `Retry-After`.
pub(crate) fn refused(code: u16, body: &[u8], after: Option<&str>) -> Refusal {
    let status = serde_json::from_slice::<Status>(body).unwrap_or_default();
    let said = if status.message.is_empty() { format!("the server answered with status {code}") } else { told(status.message.clone()) };
    let in_body = status.details.as_ref().map(|details| details.retry_after_seconds).filter(|seconds| *seconds > 0);
    let rest = after.and_then(|text| text.trim().parse().ok()).or(in_body).filter(|_| matches!(code, 429 | 503 | 504));
    let later = rest.map(|seconds| format!("; it may be asked again in {seconds} s")).unwrap_or_default();
    Refusal { failure: failure(code, said, &later), rest }
}

fn failure(code: u16, said: String, later: &str) -> Failure {
    match code {
        401 => Failure::problem("kube.auth", format!("the server does not accept the credentials, which may have expired: {said}")),
        403 => Failure::problem("kube.forbidden", said),
        404 => Failure::problem("kube.missing", said),
        409 => Failure::retryable("kube.conflict", said),
        410 => Failure::retryable("kube.conflict", format!("what was asked about has expired: {said}")),
        429 | 503 | 504 => Failure::retryable("kube.throttled", format!("{said}{later}")),
        500 | 502 => Failure::retryable("kube.protocol", said),
        _ => Failure::problem("kube.invalid", said),
    }
}

/// What a library says of an exchange with the server `at` that did not come about or broke off. It knows nothing of credentials.
pub(crate) fn broken(at: &str, error: &(dyn Error + 'static)) -> Failure {
    let mut said = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if !said.iter().any(|before: &String| before.contains(&text)) {
            said.push(text);
        }
        next = error.source();
    }
    // Which of its parts noticed is the library's own affair.
    let said = said.join(": ").replace("ServiceError: ", "").replace("client error (Connect): ", "");
    let said = told(format!("`{at}`: {said}"));
    let lower = said.to_ascii_lowercase();
    if lower.contains("auth exec") || lower.contains("token file") || lower.contains("exec-plugin") {
        return Failure::problem("kube.auth", said);
    }
    // The TLS library's own words: there is no type of it here to ask.
    if ["certificate", "received fatal alert", "tls handshake", "corrupt message", "peer is incompatible"].iter().any(|word| lower.contains(word)) {
        return Failure::problem("kube.tls", said);
    }
    Failure::retryable("kube.connect", said)
}

/// Text that a person is to read, cut where it gets too long.
pub(crate) fn told(mut text: String) -> String {
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push_str(" … (cut)");
    }
    text
}

/// Whether a wait may go on in spite of it: the next look may tell more.
pub(crate) fn passes(failure: &Failure) -> bool {
    matches!(failure.code(), "kube.throttled" | "kube.connect" | "kube.protocol")
}

#[cfg(test)]
mod tests {
    use super::{Refusal, broken, refused};

    #[test]
    fn every_refusal_has_a_code_and_says_whether_trying_again_may_help() {
        for (status, code, retryable) in [
            (401, "kube.auth", false),
            (403, "kube.forbidden", false),
            (404, "kube.missing", false),
            (409, "kube.conflict", true),
            (410, "kube.conflict", true),
            (422, "kube.invalid", false),
            (400, "kube.invalid", false),
            (429, "kube.throttled", true),
            (500, "kube.protocol", true),
            (503, "kube.throttled", true),
        ] {
            let Refusal { failure, rest } = refused(status, br#"{"kind":"Status","message":"because"}"#, Some("7"));
            assert_eq!(rest, (code == "kube.throttled").then_some(7), "{status}");
            assert_eq!((failure.code(), failure.is_retryable()), (code, retryable), "{status}");
            assert!(failure.message().contains("because"), "{failure}");
        }
        assert!(refused(429, b"{}", Some("7")).failure.message().contains("in 7 s"));
        assert!(refused(503, br#"{"details":{"retryAfterSeconds":3}}"#, None).failure.message().contains("in 3 s"));
        for unusable in ["-1", "soon", "99999999999"] {
            assert_eq!(refused(429, b"{}", Some(unusable)).rest, None, "{unusable}");
        }
        assert!(refused(403, b"<html>no</html>", None).failure.message().contains("403"), "what is no status of Kubernetes is told all the same");
    }

    #[test]
    fn a_certificate_that_does_not_hold_is_not_tried_again() {
        let failure = broken("https://a.test", &std::io::Error::other("client error (Connect): invalid peer certificate: UnknownIssuer"));
        assert_eq!((failure.code(), failure.is_retryable()), ("kube.tls", false));
        assert_eq!(failure.message(), "`https://a.test`: invalid peer certificate: UnknownIssuer");
        let failure = broken("https://a.test", &std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
        assert_eq!((failure.code(), failure.is_retryable()), ("kube.connect", true));
    }
}
