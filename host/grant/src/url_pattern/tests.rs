//! Spellings of URLs against patterns: what must match, and every trick that must not.

use proptest::prelude::*;

use super::{Purpose, UrlPattern, UrlPatternError};
use crate::http_url::HttpUrl;
use crate::judge::{Mismatch, Side};

fn check(pattern: &str, url: &str, expect: Result<(), Mismatch>) {
    let parsed = UrlPattern::parse(pattern, Purpose::Allow).unwrap();
    assert_eq!(parsed.matches(&HttpUrl::parse(url).unwrap(), Side::Allow), expect, "{pattern} against {url}");
}

#[test]
fn spellings_of_the_same_url_match() {
    for (pattern, url) in [
        ("https://api.example.com/health", "https://api.example.com/health"),
        ("https://api.example.com/health", "HTTPS://API.example.COM:443/health"),
        ("https://api.example.com/health", "https://api.example.com./health"),
        ("https://api.example.com/health", "https://api.example.com/x/../health"),
        ("https://api.example.com/health", "https://api.example.com/%68ealth"),
        ("https://api.example.com/health", "https://api.example.com/health#frag"),
        ("https://api.example.com/health", "https://api.example.com/health?"),
        ("https://API.Example.com./health", "https://api.example.com/health"),
        ("http://127.0.0.1:8080/**", "http://2130706433:8080/x"),
        ("http://[::1]:8080/", "http://[0:0::1]:8080"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("https://x/a%20b", "https://x/a%20b"),
        ("https://x/%C3%BC", "https://x/ü"),
    ] {
        check(pattern, url, Ok(()));
    }
}

#[test]
fn another_scheme_host_or_port_does_not_match() {
    for (pattern, url, mismatch) in [
        ("https://example.com/", "http://example.com/", Mismatch::Scheme),
        ("http://example.com/", "https://example.com:80/", Mismatch::Scheme),
        ("https://example.com/", "https://example.com.evil.example/", Mismatch::Host),
        ("https://example.com/", "https://evilexample.com/", Mismatch::Host),
        ("https://example.com/", "https://www.example.com/", Mismatch::Host),
        ("https://*.example.com/", "https://example.com/", Mismatch::Host),
        ("https://*.example.com/", "https://evilexample.com/", Mismatch::Host),
        ("https://*.example.com/", "https://a.example.com.evil.example/", Mismatch::Host),
        ("http://127.0.0.1/", "http://127.0.0.2/", Mismatch::Host),
        ("https://example.com/", "https://example.com:8443/", Mismatch::Port),
        ("https://example.com:8443/", "https://example.com/", Mismatch::Port),
        ("http://example.com/", "http://example.com:443/", Mismatch::Port),
    ] {
        check(pattern, url, Err(mismatch));
    }
    check("https://*.example.com/", "https://a.example.com/", Ok(()));
    check("https://*.example.com/", "https://a.b.example.com/", Ok(()));
    check("https://example.com:*/", "https://example.com:8443/", Ok(()));
}

#[test]
fn a_path_matches_part_by_part() {
    for (pattern, url, expect) in [
        ("https://x/", "https://x", true),
        ("https://x/", "https://x/a", false),
        ("https://x/a", "https://x/a/", false),
        ("https://x/a/", "https://x/a", false),
        ("https://x/a", "https://x/A", false),
        ("https://x/v/*/status", "https://x/v/1/status", true),
        ("https://x/v/*/status", "https://x/v/1/2/status", false),
        ("https://x/v/*/status", "https://x/v//status", false),
        ("https://x/v/*", "https://x/v/", false),
        ("https://x/v/r-*", "https://x/v/r-17", true),
        ("https://x/v/r-*", "https://x/v/s-17", false),
        ("https://x/v/**", "https://x/v/", true),
        ("https://x/v/**", "https://x/v/a/b/c", true),
        ("https://x/v/**", "https://x/v", false),
        ("https://x/v/**", "https://x/vv", false),
        ("https://x/v/**", "https://x/v/../admin", false),
        ("https://x/v/**", "https://x/v/%2e%2e/admin", false),
        ("https://x/v/**", "https://x/v/%2E./admin", false),
        ("https://x/**", "https://x/", true),
        ("https://x/a%2Ab", "https://x/a*b", true),
        ("https://x/a%2Ab", "https://x/aab", false),
    ] {
        check(pattern, url, if expect { Ok(()) } else { Err(Mismatch::Path) });
    }
}

#[test]
fn what_servers_disagree_about_matches_only_where_it_is_spelled() {
    for (pattern, url, expect) in [
        ("https://x/public/*", "https://x/public/..%2Fadmin", false),
        ("https://x/public/**", "https://x/public/..%2Fadmin", false),
        ("https://x/public/**", "https://x/public/..%5cadmin", false),
        ("https://x/public/**", "https://x/public/%252e%252e/admin", false),
        ("https://x/public/**", "https://x/public//admin", false),
        ("https://x/public/**", "https://x/public/;/admin", false),
        ("https://x/*/admin", "https://x//admin", false),
        ("https://x/projects/group%2Fname", "https://x/projects/group%2fname", true),
        ("https://x/projects/group%2Fname", "https://x/projects/group/name", false),
        ("https://x//a", "https://x//a", true),
    ] {
        check(pattern, url, if expect { Ok(()) } else { Err(Mismatch::Path) });
    }
}

#[test]
fn a_deny_matches_every_spelling_and_every_query() {
    for (pattern, url) in [
        ("https://x/admin", "https://x/admin?x=1"),
        ("https://x/admin", "https://x/%61dmin"),
        ("https://x/admin/**", "https://x/admin/a%2Fb"),
        ("https://x/admin/**", "https://x/admin//b"),
        ("https://x/admin/*", "https://x/admin/%2e%252e"),
        ("https://x/**", "https://x/;/b"),
    ] {
        let parsed = UrlPattern::parse(pattern, Purpose::Deny).unwrap();
        assert_eq!(parsed.matches(&HttpUrl::parse(url).unwrap(), Side::Deny), Ok(()), "{pattern} against {url}");
    }
}

#[test]
fn a_query_is_allowed_only_where_the_pattern_has_one() {
    for (pattern, url, expect) in [
        ("https://x/h", "https://x/h?a=1", false),
        ("https://x/h", "https://x/h?&", false),
        ("https://x/h?*", "https://x/h", true),
        ("https://x/h?*", "https://x/h?a=1&b", true),
        ("https://x/h?a=1", "https://x/h", false),
        ("https://x/h?a=1", "https://x/h?a=1", true),
        ("https://x/h?a=1", "https://x/h?%61=%31", true),
        ("https://x/h?a=1", "https://x/h?a=1&b=2", false),
        ("https://x/h?a=1", "https://x/h?b=2&a=1", false),
        ("https://x/h?page=*", "https://x/h?page=7", true),
        ("https://x/h?page=*", "https://x/h?page=7&admin=1", false),
        ("https://x/h?page=*&size=10", "https://x/h?page=7&size=10", true),
    ] {
        check(pattern, url, if expect { Ok(()) } else { Err(Mismatch::Query) });
    }
}

#[test]
fn a_pattern_that_says_too_little_or_too_much_is_refused() {
    for (pattern, expect) in [
        ("example.com/", UrlPatternError::Scheme),
        ("ftp://example.com/", UrlPatternError::Scheme),
        ("HTTP://example.com/", UrlPatternError::Scheme),
        ("*://example.com/", UrlPatternError::Scheme),
        ("https://example.com", UrlPatternError::NoPath),
        ("https://example.com?x", UrlPatternError::NoPath),
        ("https://*/", UrlPatternError::Host("*".into())),
        ("https://*:443/", UrlPatternError::Host("*".into())),
        ("https://*.*.com/", UrlPatternError::Host("*.*.com".into())),
        ("https://api-*.example.com/", UrlPatternError::Host("api-*.example.com".into())),
        ("https://*.10.0.0.1/", UrlPatternError::Host("*.10.0.0.1".into())),
        ("https:///x", UrlPatternError::Host(String::new())),
        ("https://a..b/", UrlPatternError::Host("a..b".into())),
        ("https://x:/", UrlPatternError::Port(String::new())),
        ("https://x:0/", UrlPatternError::Port("0".into())),
        ("https://x:80*/", UrlPatternError::Port("80*".into())),
        ("https://user:pw@x/", UrlPatternError::Credentials),
        ("https://x/#a", UrlPatternError::Fragment),
        ("https://x/a b", UrlPatternError::Character),
        ("https://x\\y/", UrlPatternError::Character),
        ("https://x/a/../b", UrlPatternError::Dots),
        ("https://x/%2e%2e/b", UrlPatternError::Dots),
        ("https://x/**/b", UrlPatternError::Rest),
        ("https://x/a**", UrlPatternError::Rest),
        ("https://x/%", UrlPatternError::Escape),
        ("https://x/?%z", UrlPatternError::Escape),
    ] {
        assert_eq!(UrlPattern::parse(pattern, Purpose::Allow), Err(expect), "{pattern}");
    }
    assert_eq!(UrlPattern::parse("https://x/?a=1", Purpose::Deny), Err(UrlPatternError::DenyQuery));
}

#[test]
fn a_destination_without_a_path_is_the_whole_origin_and_no_other() {
    let origin = UrlPattern::parse("https://api.example.com", Purpose::Destination).unwrap();
    for (url, expect) in [
        ("https://api.example.com/", Ok(())),
        ("https://api.example.com/a//b?c", Ok(())),
        ("http://api.example.com/", Err(Mismatch::Scheme)),
        ("https://api.example.com:8443/", Err(Mismatch::Port)),
        ("https://api.example.com.evil.example/", Err(Mismatch::Host)),
    ] {
        assert_eq!(origin.matches(&HttpUrl::parse(url).unwrap(), Side::Allow), expect, "{url}");
    }
}

proptest! {
    #[test]
    fn no_spelling_of_a_path_gets_above_the_allowed_part(tail in "(/|\\.|%2e|%2E|%2f|%5c|%252e|a|;|\\?|#){0,12}") {
        let pattern = UrlPattern::parse("https://x/public/**", Purpose::Allow).unwrap();
        if let Ok(url) = HttpUrl::parse(&format!("https://x/public/{tail}")) && pattern.matches(&url, Side::Allow).is_ok() {
            let decoded = String::from_utf8(crate::http_url::percent_decode(url.as_str()).unwrap()).unwrap();
            prop_assert!(decoded.starts_with("https://x/public/"), "{}", decoded);
            prop_assert!(!decoded.contains("..") || decoded.split('/').all(|part| part != ".."), "{}", decoded);
        }
    }

    #[test]
    fn only_labels_before_a_dot_are_below_a_domain(host in "[a-z.-]{1,6}") {
        let pattern = UrlPattern::parse("https://*.example.com/", Purpose::Allow).unwrap();
        if let Ok(url) = HttpUrl::parse(&format!("https://{host}example.com/")) {
            prop_assert_eq!(pattern.matches(&url, Side::Allow).is_ok(), host.len() > 1 && host.ends_with('.'));
        }
    }
}
