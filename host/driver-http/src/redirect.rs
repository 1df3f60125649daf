//! Follows a redirect: what is asked for next is decided about as if the guest had asked for it.
//!
//! To another origin goes nothing that the guest added for this one: the driver cannot know in which header a secret was put.

use hyper::header::{self, HeaderName};
use hyper::{HeaderMap, Method};
use lockstep_grant::rules::HttpRules;
use lockstep_grant::{Denial, HttpUrl};
use lockstep_model::Failure;

use crate::exchange::Answer;
use crate::hop::{self, Hop};

/// The request that follows on an answer, if one does: `limit` redirects of `GET` and `HEAD` at most, each allowed by the grant.
pub(crate) fn next(hop: &Hop, answer: &Answer, followed: u32, limit: u32, rules: &HttpRules) -> Result<Option<Hop>, Failure> {
    let followable = matches!(answer.status(), 301 | 302 | 303 | 307 | 308) && matches!(hop.method, Method::GET | Method::HEAD);
    let Some(location) = answer.location().filter(|_| followable && limit > 0) else { return Ok(None) };
    if followed == limit {
        return Err(Failure::problem(
            "http.redirects",
            format!("more than {limit} redirects; the last was answered by `{}`: do they lead in a circle?", hop.origin()),
        ));
    }
    let url = target(hop, location)?;
    if let Err(denial) = rules.allows(hop.method.as_str(), url.as_str()) {
        return Err(denied(hop, &url, &denial));
    }
    let url = hop::plain(&url)?;
    let stays = url.origin() == hop.url.origin();
    let keeps_body = stays && matches!(answer.status(), 307 | 308);
    let mut next = Hop { method: hop.method.clone(), url, headers: hop.headers.clone(), body: hop.body.clone().filter(|_| keeps_body) };
    if !stays {
        next.headers = hop.headers.iter().filter(|(name, _)| is_harmless(name)).map(|(name, value)| (name.clone(), value.clone())).collect::<HeaderMap>();
    }
    if !keeps_body {
        next.headers.remove(header::CONTENT_TYPE);
        next.headers.remove(header::CONTENT_ENCODING);
    }
    Ok(Some(next))
}

fn target(hop: &Hop, location: &[u8]) -> Result<HttpUrl, Failure> {
    let wrong = |why: String| Failure::problem("http.redirects", format!("`{}` redirects to something that cannot be followed: {why}", hop.origin()));
    let location = str::from_utf8(location).map_err(|_| wrong("not text".to_owned()))?;
    let joined = hop.url.join(location).map_err(|error| wrong(error.to_string()))?;
    HttpUrl::parse(joined.as_str()).map_err(|error| wrong(error.to_string()))
}

/// The refusal of a redirect, without the query: it may carry a token.
fn denied(hop: &Hop, url: &HttpUrl, denial: &Denial) -> Failure {
    let shown: String = url.as_str().split('?').next().unwrap_or_default().chars().take(500).collect();
    let advice = if denial.hint.is_some() { "; if it should, allow that as well in `[http]` of the grant" } else { "" };
    Failure::Denied(format!("`{}` redirects to `{} {shown}`, which the grant does not allow (rule: {}){advice}", hop.origin(), hop.method, denial.rule))
}

/// What says only how an answer should look, not who asks.
fn is_harmless(name: &HeaderName) -> bool {
    *name == header::ACCEPT || *name == header::USER_AGENT || name.as_str().starts_with("accept-")
}
