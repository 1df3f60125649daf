//! A URL as it is decided about: parsed, decoded, and nothing in it that a server could read in another way.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Longest URL taken from a guest, in bytes, as the contract says.
pub(crate) const URL_MAX: usize = 8 * 1024;

/// An absolute `http` or `https` URL, in normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpUrl {
    url: Url,
    pub(crate) secure: bool,
    pub(crate) host: Host<String>,
    pub(crate) port: u16,
    pub(crate) parts: Vec<Part>,
    pub(crate) query: Option<String>,
}

/// One part of a path, percent-decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) bytes: Vec<u8>,
    /// Servers disagree about what it is: an empty part within, an encoded slash, a path parameter, something encoded twice.
    /// Only a pattern that spells it allows it, no wildcard.
    pub(crate) odd: bool,
}

/// Why a text is no URL to decide about. Never repeats the text: it may hold credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// More than 8 KiB.
    #[error("the URL is longer than {URL_MAX} bytes")]
    TooLong,
    /// A blank, a control character or a backslash.
    #[error("the URL has a blank, a control character or a backslash")]
    Character,
    /// Not `http://` or `https://`, or no host.
    #[error("the URL is not absolute, or not `http` or `https`")]
    Scheme,
    /// `user:password@`.
    #[error("the URL has credentials: send them as a header with a secret's marker")]
    Credentials,
    /// Whatever the parser does not take: a port or a host that is none.
    #[error("the URL is not valid: {0}")]
    Invalid(#[from] url::ParseError),
    /// An empty label in the host.
    #[error("the URL's host has an empty label")]
    Host,
    /// A `%` without two hexadecimal digits, or an encoded control character.
    #[error("the URL's path has an invalid escape, or an escaped control character")]
    Escape,
}

impl HttpUrl {
    /// Checks and takes apart.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if text.len() > URL_MAX {
            return Err(UrlError::TooLong);
        }
        // The parser would drop some of these and turn a backslash into a slash: others might not.
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(UrlError::Character);
        }
        let authority = authority(text).ok_or(UrlError::Scheme)?;
        if authority.contains('@') {
            return Err(UrlError::Credentials);
        }
        let mut url = Url::parse(text)?;
        url.set_fragment(None);
        if url.query() == Some("") {
            url.set_query(None);
        }
        let host = match url.host().ok_or(UrlError::Scheme)?.to_owned() {
            Host::Domain(domain) => {
                let plain = plain_domain(&domain).ok_or(UrlError::Host)?;
                if plain != domain {
                    url.set_host(Some(plain))?;
                }
                Host::Domain(plain.to_owned())
            }
            address @ (Host::Ipv4(_) | Host::Ipv6(_)) => address,
        };
        let secure = url.scheme() == "https";
        let port = url.port_or_known_default().ok_or(UrlError::Scheme)?;
        let parts = parts(url.path())?;
        let query = url.query().map(str::to_owned);
        Ok(Self { url, secure, host, port, parts, query })
    }

    /// The normal form: no fragment, no dot segments, the host in lower case and without a dot at its end.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// Whether there is nothing behind host and port.
    pub(crate) fn is_bare(&self) -> bool {
        self.url.path() == "/" && self.query.is_none()
    }

    /// The host when it is written as an address: nothing is left to resolve.
    pub fn address(&self) -> Option<IpAddr> {
        match self.host {
            Host::Domain(_) => None,
            Host::Ipv4(v4) => Some(v4.into()),
            Host::Ipv6(v6) => Some(v6.into()),
        }
    }
}

/// The addresses that a host surely has, without asking anybody: itself, or what `localhost` is everywhere.
pub(crate) fn known_addresses(host: &Host<String>) -> Vec<IpAddr> {
    match host {
        Host::Domain(domain) if domain == "localhost" => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
        Host::Domain(_) => Vec::new(),
        Host::Ipv4(v4) => vec![(*v4).into()],
        Host::Ipv6(v6) => vec![(*v6).into()],
    }
}

/// What stands between `//` and the path. The parser takes `http:host` and `http:///host` as well: others do not.
fn authority(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    let known = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    Some(&rest[..end]).filter(|authority| known && !authority.is_empty())
}

/// A domain without the dot that makes it absolute: `example.com.` is `example.com`.
pub(crate) fn plain_domain(domain: &str) -> Option<&str> {
    let plain = domain.strip_suffix('.').unwrap_or(domain);
    plain.split('.').all(|label| !label.is_empty()).then_some(plain)
}

fn parts(path: &str) -> Result<Vec<Part>, UrlError> {
    let encoded: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
    let last = encoded.len() - 1;
    let part = |(index, encoded): (usize, &&str)| {
        let bytes = percent_decode(encoded).ok_or(UrlError::Escape)?;
        if bytes.iter().any(u8::is_ascii_control) || bytes == b"." || bytes == b".." {
            return Err(UrlError::Escape);
        }
        let odd = (bytes.is_empty() && index != last) || bytes.iter().any(|byte| matches!(byte, b'/' | b'\\' | b'%' | b';'));
        Ok(Part { bytes, odd })
    };
    encoded.iter().enumerate().map(part).collect()
}

/// The bytes that `text` stands for; none when a `%` is not followed by two hexadecimal digits.
pub(crate) fn percent_decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte == b'%' {
            let (digits, after) = after.split_at_checked(2)?;
            let value = |digit: u8| char::from(digit).to_digit(16);
            bytes.push(u8::try_from(value(digits[0])? * 16 + value(digits[1])?).ok()?);
            rest = after;
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{HttpUrl, UrlError};

    fn refused(text: &str) -> UrlError {
        HttpUrl::parse(text).map(|url| url.as_str().to_owned()).expect_err(text)
    }

    #[test]
    fn a_url_is_read_as_a_server_would_read_it() {
        for (text, expect) in [
            ("http://example.com", "http://example.com/"),
            ("HTTPS://EXAMPLE.com:443/A", "https://example.com/A"),
            ("http://example.com:8080/?", "http://example.com:8080/"),
            ("http://example.com./x#top", "http://example.com/x"),
            ("http://example.com/a/../b/./c", "http://example.com/b/c"),
            ("http://example.com/a/%2e%2e/b", "http://example.com/b"),
            ("http://example.com/a/.%2E/b", "http://example.com/b"),
            ("http://example.com/../../etc", "http://example.com/etc"),
            ("http://2130706433/", "http://127.0.0.1/"),
            ("http://0x7f.1/", "http://127.0.0.1/"),
            ("http://0177.0.0.01/", "http://127.0.0.1/"),
            ("http://127.1./", "http://127.0.0.1/"),
            ("http://%31%32%37.0.0.1/", "http://127.0.0.1/"),
            ("http://[::FFFF:7f00:1]/", "http://[::ffff:7f00:1]/"),
            ("http://b\u{fc}cher.example/", "http://xn--bcher-kva.example/"),
            ("http://\u{ff45}xample.com/", "http://example.com/"),
        ] {
            assert_eq!(HttpUrl::parse(text).unwrap().as_str(), expect, "{text}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for (text, expect) in [
            ("", UrlError::Scheme),
            ("/health", UrlError::Scheme),
            ("example.com/x", UrlError::Scheme),
            ("ftp://example.com/", UrlError::Scheme),
            ("file:///etc/passwd", UrlError::Scheme),
            ("http:example.com", UrlError::Scheme),
            ("http:/example.com", UrlError::Scheme),
            ("http:///example.com", UrlError::Scheme),
            ("http://?x", UrlError::Scheme),
            ("javascript://example.com/", UrlError::Scheme),
            ("http://user@example.com/", UrlError::Credentials),
            ("http://user:password@example.com/", UrlError::Credentials),
            ("http://@example.com/", UrlError::Credentials),
            ("http://allowed.example@evil.example/", UrlError::Credentials),
            ("http://exam ple.com/", UrlError::Character),
            (" http://example.com/", UrlError::Character),
            ("http://example.com/ ", UrlError::Character),
            ("http://example.com/a b", UrlError::Character),
            ("http://example.com/a\tb", UrlError::Character),
            ("http://exam\nple.com/", UrlError::Character),
            ("http://example.com\\@evil.example/", UrlError::Character),
            ("http://example.com/a\0", UrlError::Character),
            ("http://example.com/\u{a0}", UrlError::Character),
            ("http://example..com/", UrlError::Host),
            ("http://.example.com/", UrlError::Host),
            ("http://example.com../", UrlError::Host),
            ("http://example.com/%", UrlError::Escape),
            ("http://example.com/%zz", UrlError::Escape),
            ("http://example.com/a%00b", UrlError::Escape),
            ("http://example.com/a%0d%0ab", UrlError::Escape),
        ] {
            assert_eq!(refused(text), expect, "{text:?}");
        }
        assert!(matches!(refused("http://example.com:99999/"), UrlError::Invalid(_)));
        assert!(matches!(refused("http://256.256.256.256/"), UrlError::Invalid(_)));
        assert!(matches!(refused("http://a%2fb/"), UrlError::Invalid(_)));
        assert!(matches!(refused("http://[::1/"), UrlError::Invalid(_)));
        assert_eq!(refused(&format!("http://example.com/{}", "x".repeat(8192))), UrlError::TooLong);
    }

    #[test]
    fn parts_of_a_path_that_servers_disagree_about_are_odd() {
        for (text, expect) in [
            ("http://x/a/b", &[false, false][..]),
            ("http://x/a/", &[false, false]),
            ("http://x//a", &[true, false]),
            ("http://x/a%2Fb", &[true]),
            ("http://x/..%2fadmin", &[true]),
            ("http://x/a%5Cb", &[true]),
            ("http://x/%252e%252e/b", &[true, false]),
            ("http://x/a;v=1/b", &[true, false]),
            ("http://x/%61", &[false]),
        ] {
            let odd: Vec<bool> = HttpUrl::parse(text).unwrap().parts.iter().map(|part| part.odd).collect();
            assert_eq!(odd, expect, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_normal_form_of_a_url_is_its_own_normal_form(text in "(http|https|HTTP|ftp)(://|:/|:)[a-z0-9.:@\\[\\]%-]{1,12}[/.%a-f0-9?#;\\\\ ]{0,16}") {
            if let Ok(url) = HttpUrl::parse(&text) {
                let again = HttpUrl::parse(url.as_str()).map(|again| again.as_str().to_owned());
                prop_assert_eq!(again.as_deref(), Ok(url.as_str()));
                prop_assert!(!url.as_str().contains(['@', '#', ' ', '\\']) || url.as_str().contains('?'));
            }
        }
    }
}
