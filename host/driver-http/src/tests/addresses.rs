//! Addresses in every spelling: none of them reaches what the grant does not name, and a redirect to one does not either.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lockstep_grant::{Decision, Grant, Grantable as _};
use lockstep_model::request::HttpRequest;

use super::server::Server;
use super::{HttpDriver, get, perform, send_granted};

/// Anything, at any public address.
const PUBLIC: &str = r#"
[http]
allow = ["* http://*.example:*/**?*"]
"#;

/// The metadata address and the loopback, as browsers, libraries and resolvers spell them.
const SPELLINGS: &[&str] = &[
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0xA9.0xFE.0xA9.0xFE",
    "0251.0376.0251.0376",
    "025177524776",
    "169.254.43518",
    "169.16689662",
    "0xa9.254.0251.254",
    "169.254.169.254.",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[0:0:0:0:0:ffff:a9fe:a9fe]",
    "[::a9fe:a9fe]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:a9fe:a9fe::]",
    "[2002:a9fe:a9fe::1]",
    "[fd00:ec2::254]",
    "[FD00:0EC2:0000::0254]",
    "%31%36%39.254.169.254",
    "①⑥⑨.②⑤④.①⑥⑨.②⑤④",
    "１６９.２５４.１６９.２５４",
    "169。254。169。254",
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "017700000001",
    "0177.0.0.01",
    "127.0.0.1.",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::]",
    "[::]",
    "0.0.0.0",
    "0",
    "10.0.0.1",
    "167772161",
    "192.168.1.1",
    "172.16.0.1",
    "100.64.0.1",
    "169.254.1.1",
    "[fe80::1]",
    "[fc00::1]",
    "224.0.0.1",
    "255.255.255.255",
    "[ff02::1]",
];

/// What is no URL at all, for us: zone ids, user names, what a lenient library would read as a host.
const NO_URLS: &[&str] = &[
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "[::1%lo]",
    "user@169.254.169.254",
    "public.example@169.254.169.254",
    "public.example:80@169.254.169.254",
    "public.example\\@169.254.169.254",
    "169.254.169.254\\.public.example",
    "256.256.256.256",
    "0x1ffffffff",
    "[::ffff:169.254.169.254",
    "[169.254.169.254]",
    "public.example\t169.254.169.254",
];

fn rule_of(grant: &str, url: &str) -> Result<(), String> {
    let grant = Grant::parse(grant, "test.toml", Path::new("/")).unwrap();
    match HttpRequest::to("GET", url).decide(&grant) {
        Decision::Allowed(_) => Ok(()),
        Decision::Denied(denial) => Err(denial.message),
    }
}

#[test]
fn no_spelling_of_a_private_or_metadata_address_is_let_through() {
    for host in SPELLINGS {
        // Even when a rule spells this very host: the address is what counts.
        let spelled = format!("[http]\nallow = [\"* http://{host}/**?*\"]\n");
        let url = format!("http://{host}/latest/meta-data/");
        if Grant::parse(&spelled, "test.toml", Path::new("/")).is_ok() {
            let message = rule_of(&spelled, &url).expect_err(host);
            assert!(message.contains("not public") || message.contains("metadata") || message.contains("not allowed"), "{host}: {message}");
        }
        rule_of(PUBLIC, &url).expect_err(host);
    }
}

#[test]
fn no_grant_opens_a_metadata_address_in_any_spelling() {
    for host in &SPELLINGS[..23] {
        let all = format!("[http]\nallow = [\"* http://{host}/**?*\"]\nprivate-addresses = [\"0.0.0.0/0\", \"::/0\"]\n");
        if Grant::parse(&all, "test.toml", Path::new("/")).is_ok() {
            rule_of(&all, &format!("http://{host}/latest/")).expect_err(host);
        }
    }
}

#[test]
fn what_libraries_disagree_about_is_no_url() {
    for host in NO_URLS {
        let url = format!("http://{host}/");
        let anything = "[http]\nallow = [\"* http://*.example:*/**?*\"]\nprivate-addresses = [\"0.0.0.0/0\", \"::/0\"]\n";
        rule_of(anything, &url).expect_err(host);
        rule_of(anything, &format!("http://a.example/?x=http://{host}/")).unwrap_or_default();
    }
}

#[test]
fn a_redirect_to_any_spelling_is_refused() {
    for host in SPELLINGS.iter().chain(NO_URLS) {
        if host.contains(['\t', '\\']) || !host.is_ascii() {
            continue;
        }
        let server = Server::saying(format!("HTTP/1.1 302 x\r\nlocation: http://{host}/\r\ncontent-length: 0\r\n\r\n"));
        let grant = format!("[http]\nallow = [\"GET http://127.0.0.1:{}/\"]\nprivate-addresses = [\"127.0.0.1\"]\n", server.address.port());
        let failure = send_granted(&HttpRequest { redirects: 5, ..get(&server.url("/")) }, &grant).unwrap_err();
        assert!(matches!(failure.code(), "denied" | "http.redirects"), "{host}: {failure}");
    }
}

#[test]
fn a_name_that_looks_like_another_is_another() {
    let grant = "[http]\nallow = [\"GET https://apple.example/**\"]\n";
    assert!(rule_of(grant, "https://apple.example/a").is_ok());
    // A Cyrillic а, and the same written out.
    for url in
        ["https://\u{430}pple.example/a", "https://xn--pple-43d.example/a", "https://apple.example.evil.example/a", "https://apple.example%2eevil.example/a"]
    {
        rule_of(grant, url).expect_err(url);
    }
}

#[test]
fn a_name_that_leads_elsewhere_the_second_time_is_connected_to_where_it_was_checked() {
    let named = Server::saying_at("127.0.0.2", "HTTP/1.1 302 x\r\nlocation: /again\r\ncontent-length: 5\r\n\r\nnamed");
    let other = Server::saying_at("127.0.0.3", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nother");
    let (places, asked) = ([named.address, other.address], Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    let rebinding = move |_: &str, _: u16| -> std::io::Result<Vec<SocketAddr>> { Ok(vec![places[count.fetch_add(1, Ordering::Relaxed).min(1)]]) };
    let mut driver = HttpDriver::new().unwrap();
    driver.names = Arc::new(rebinding);
    let grant = format!("{PUBLIC}private-addresses = [\"127.0.0.2\"]\n");
    let request = get("http://rebound.example/");
    let response = perform(&driver, &request, &grant, Duration::from_secs(30)).unwrap();
    assert_eq!((response.body.as_text(), asked.load(Ordering::Relaxed)), (Some("named"), 1));
    // A redirect to the same name is a connection of its own: where it leads by then is checked as well.
    asked.store(0, Ordering::Relaxed);
    let failure = perform(&driver, &HttpRequest { redirects: 1, ..request }, &grant, Duration::from_secs(30)).unwrap_err();
    assert!(failure.code() == "denied" && failure.message().contains("127.0.0.3"), "{failure}");
    assert!(other.asked().is_empty(), "the other server was asked");
}
