//! What may stand in a request. Functions of the guest's input alone: what they refuse is the same in every replay and needs no record.
//!
//! The grant takes the URL apart for good; here it is only kept from being long, ambiguous or a place for a password.

use std::fmt::Display;

use lockstep_model::Failure;

use crate::shown::shown;

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const LONGEST_URL: usize = 8 << 10;
const LONGEST_NAME: usize = 256;
const LONGEST_VALUE: usize = 16 << 10;
const LONGEST_POINTER: usize = 4 << 10;
/// Set by the host: a guest that sets them could send another request than the one recorded.
const HOSTS_OWN: [&str; 9] =
    ["proxy-authorization", "host", "content-length", "connection", "idempotency-key", "transfer-encoding", "upgrade", "te", "trailer"];

/// The method in upper case.
pub(super) fn method(given: &str) -> Result<String, Failure> {
    match METHODS.into_iter().find(|method| method.eq_ignore_ascii_case(given)) {
        Some(method) => Ok(method.to_owned()),
        None => Err(Failure::problem("http.protocol", format!("method `{}`: expected one of {}", shown(given), METHODS.join(", ")))),
    }
}

pub(super) fn url(given: &str) -> Result<(), Failure> {
    // What stands before an `@` may be a password: it is never shown.
    let wrong = |what: String| Err(Failure::problem("http.url", what));
    if given.len() > LONGEST_URL {
        return wrong(format!("a URL of {} bytes, at most {LONGEST_URL}", given.len()));
    }
    if let Some((at, c)) = given.char_indices().find(|(_, c)| c.is_whitespace() || c.is_control()) {
        return wrong(format!(
            "the URL has {} at byte {at}: write it as %20 or the like",
            if c == ' ' { "a space".to_owned() } else { format!("`{}`", c.escape_default()) }
        ));
    }
    let rest = match given.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") => rest,
        Some((scheme, _)) => return wrong(format!("the URL's scheme is `{}`: expected http or https", shown(scheme))),
        None => return wrong("the URL is not absolute: expected it to begin with http:// or https://".to_owned()),
    };
    let path = rest.split('?').next().unwrap_or_default().to_ascii_lowercase();
    if ["{{secret:", "%7b%7bsecret"].iter().any(|marker| path.contains(marker)) {
        return wrong("the URL has a secret's marker before its `?`: one is put in for in the query, in headers and in bodies only".to_owned());
    }
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    if authority.contains('@') {
        return wrong("the URL has credentials before its `@`: send them in a header, as a secret's marker".to_owned());
    }
    if authority.is_empty() || authority.starts_with(':') {
        return wrong("the URL has no host".to_owned());
    }
    Ok(())
}

/// The value without surrounding blanks.
pub(super) fn header(name: &str, value: &str) -> Result<String, Failure> {
    let wrong = |what: String| Err(Failure::problem("http.header", what));
    if name.len() > LONGEST_NAME || value.len() > LONGEST_VALUE {
        return wrong(format!("a header's name of {} and value of {} bytes, at most {LONGEST_NAME} and {LONGEST_VALUE}", name.len(), value.len()));
    }
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(token) {
        return wrong(format!("`{}` is not the name of a header", shown(name)));
    }
    if HOSTS_OWN.iter().any(|own| own.eq_ignore_ascii_case(name)) {
        return wrong(format!("the host sets `{}` itself", name.to_ascii_lowercase()));
    }
    // The value may be a password typed in by mistake: only its place is shown.
    match value.char_indices().find(|(_, c)| c.is_control() && *c != '\t') {
        Some((at, control)) => wrong(format!("the value of `{name}` has the control character {} at byte {at}", control.escape_default())),
        None => Ok(value.trim_matches([' ', '\t']).to_owned()),
    }
}

pub(super) fn capture(pointer: &str, secret: &str) -> Result<(), Failure> {
    if pointer.len() > LONGEST_POINTER || secret.len() > LONGEST_NAME {
        let text = format!("a capture's pointer of {} and id of {} bytes, at most {LONGEST_POINTER} and {LONGEST_NAME}", pointer.len(), secret.len());
        return Err(Failure::fixed_limit("http.limit", text));
    }
    if pointer.is_empty() || pointer.starts_with('/') {
        return Ok(());
    }
    Err(Failure::problem("http.capture", format!("`{}` is not a JSON pointer: expected it to begin with /", shown(pointer))))
}

pub(super) fn at_most<N: PartialOrd + Display>(number: N, most: N, what: &str, unit: &str) -> Result<N, Failure> {
    if number <= most { Ok(number) } else { Err(Failure::fixed_limit("http.limit", format!("{what} {number} {unit}, at most {most}"))) }
}

/// That one more is not one too many.
pub(super) fn room(count: usize, most: usize, what: &str) -> Result<(), Failure> {
    if count < most { Ok(()) } else { Err(Failure::fixed_limit("http.limit", format!("more than {most} {what}"))) }
}

#[cfg(test)]
mod tests {
    use super::{capture, header, method, url};

    fn refused(url_text: &str) -> String {
        let failure = url(url_text).unwrap_err();
        assert_eq!(failure.code(), "http.url");
        failure.message().to_owned()
    }

    #[test]
    fn a_url_is_refused_with_what_and_where() {
        assert!(refused("https://example.com/a b").contains("a space at byte 21"));
        assert!(refused("https://example.com/a\r\nHost: x").contains("\\r"));
        assert!(refused("file:///etc/passwd").contains("`file`"));
        assert!(refused("/relative").contains("absolute"));
        assert!(refused("https:///path").contains("no host"));
        assert!(refused(&format!("https://example.com/{}", "a".repeat(8_192))).contains("at most 8192"));
        assert!(url("HTTPS://example.com:8443/a?b=c@d").is_ok());
    }

    #[test]
    fn a_password_in_a_url_is_refused_and_not_shown() {
        for with_password in ["https://user:hunter2@example.com/", "https://hunter2@example.com", "http://a:hunter2@b\\c"] {
            let message = refused(with_password);
            assert!(message.contains("credentials") && !message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn a_marker_that_nothing_would_be_put_in_for_is_refused() {
        for path in ["{{secret:KEY:0123}}", "a/%7B%7Bsecret%3AKEY", "a/%7b%7bsecret:KEY"] {
            assert!(refused(&format!("https://example.com/{path}?a=b")).contains("before its `?`"));
        }
        assert!(url("https://example.com/a?token={{secret:KEY:0123}}").is_ok());
    }

    #[test]
    fn a_method_is_upper_case_and_known() {
        assert_eq!(method("get").unwrap(), "GET");
        for wrong in ["CONNECT", "TRACE", "", "GET /", &"G".repeat(1 << 20)] {
            let failure = method(wrong).unwrap_err();
            assert!(failure.message().len() < 300, "{failure}");
        }
    }

    #[test]
    fn a_header_cannot_smuggle_another() {
        assert_eq!(header("x-a", " b ").unwrap(), "b");
        for (name, value) in [("x-a", "b\r\nx-c: d"), ("x a", "b"), ("", "b"), ("Host", "b"), ("Transfer-Encoding", "chunked"), ("x-a", "b\0")] {
            assert_eq!(header(name, value).unwrap_err().code(), "http.header", "{name}: {value}");
        }
    }

    #[test]
    fn a_pointer_is_a_pointer() {
        assert!(capture("", "TOKEN").is_ok() && capture("/a/0", "TOKEN").is_ok());
        assert_eq!(capture("token", "TOKEN").unwrap_err().code(), "http.capture");
        assert_eq!(capture("/a", &"T".repeat(1_000)).unwrap_err().code(), "http.limit");
    }
}
