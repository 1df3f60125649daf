//! What this host shows of itself, and the proxies by which it goes: as the grant says, to whom the grant says, and to nobody else.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use lockstep_gate::LooseArtifacts;
use lockstep_model::request::{HttpRequest, HttpResponse};
use lockstep_model::{Failure, Secret};

use super::server::Server;
use super::tls::{Authority, serving};
use super::{HttpDriver, LOOPBACK, get, granted, perform_with, send_granted};

/// Sends it with the values of the secrets that the grant places.
fn send_placing(request: &HttpRequest, grant: &str, secrets: &[(&str, &str)]) -> Result<HttpResponse, Failure> {
    let value = |id: &str| secrets.iter().find(|(known, _)| *known == id).map(|(_, value)| Secret::new(value.as_bytes().to_vec()));
    let placed = granted(request, grant).with_placed(value);
    perform_with(&HttpDriver::new().unwrap(), &placed, Duration::from_secs(30), &LooseArtifacts::default())
}

/// The grant with an identity for servers at `to`.
fn with_identity(grant: &str, to: &str) -> String {
    format!(
        "{grant}\n[http.identities.own]\nto = [{to:?}]\ncertificate = {{ secret = \"CERTIFICATE\" }}\nkey = {{ secret = \"KEY\" }}\n\
         [secrets]\nCERTIFICATE = {{ env = \"C\", to = [\"http.identities.own\"] }}\nKEY = {{ env = \"K\", to = [\"http.identities.own\"] }}\n"
    )
}

#[test]
fn a_server_that_wants_a_certificate_is_shown_the_grants_and_no_other_server_is() {
    let authority = Authority::named("test");
    let server = serving(authority.asking("localhost"));
    let request = get(&server.url_by_name("https", "/"));
    let (certificate, key) = authority.identity();
    let secrets = [("CERTIFICATE", certificate.as_str()), ("KEY", key.as_str())];
    let origin = server.url_by_name("https", "");
    assert_eq!(send_placing(&request, &with_identity(&authority.grant(), &origin), &secrets).unwrap().body.as_text(), Some("ok"));
    for grant in [authority.grant(), with_identity(&authority.grant(), "https://elsewhere.test")] {
        send_placing(&request, &grant, &secrets).unwrap_err();
    }
    let (certificate, key) = Authority::named("stranger").identity();
    let refused = send_placing(&request, &with_identity(&authority.grant(), &origin), &[("CERTIFICATE", &certificate), ("KEY", &key)]).unwrap_err();
    assert_eq!(refused.code(), "http.tls", "{refused}");
    assert_eq!(server.asked().len(), 1, "a request was read of a host that had not shown itself");
}

#[test]
fn an_identity_that_cannot_be_used_is_told_without_its_bytes_and_nothing_is_sent() {
    let authority = Authority::named("test");
    let server = serving(authority.asking("localhost"));
    let grant = with_identity(&authority.grant(), &server.url_by_name("https", ""));
    let ((certificate, key), (_, another)) = (authority.identity(), authority.identity());
    for (certificate, key) in [("hunter2", key.as_str()), (certificate.as_str(), "hunter2"), (certificate.as_str(), another.as_str())] {
        let failure = send_placing(&get(&server.url_by_name("https", "/")), &grant, &[("CERTIFICATE", certificate), ("KEY", key)]).unwrap_err();
        assert!(failure.code() == "http.tls" && failure.message().contains("what this host is to show of itself"), "{failure}");
        assert!(!failure.message().contains("hunter2") && !failure.message().contains("BEGIN"), "{failure}");
    }
    assert!(server.asked().is_empty());
}

#[test]
fn a_redirect_to_what_needs_another_identity_is_not_followed() {
    let authority = Authority::named("test");
    let there = serving(authority.asking("localhost"));
    let location = there.url_by_name("https", "/");
    let here = Server::saying(format!("HTTP/1.1 302 x\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"));
    let grant = with_identity(&authority.grant(), &there.url_by_name("https", ""));
    let (certificate, key) = authority.identity();
    let request = HttpRequest { redirects: 1, ..get(&here.url("/")) };
    let failure = send_placing(&request, &grant, &[("CERTIFICATE", &certificate), ("KEY", &key)]).unwrap_err();
    assert!(failure.code() == "http.redirects" && failure.message().contains("another identity"), "{failure}");
}

/// A proxy that lets everything through to one place, or answers with a status. Its threads end with the test program.
struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn to(place: SocketAddr, answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, asked) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let heard = Arc::clone(&asked);
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count == 1) {
                    head.push(byte[0]);
                }
                heard.lock().unwrap().push(String::from_utf8(head).unwrap());
                stream.write_all(answer.as_bytes()).unwrap();
                let Some(there) = TcpStream::connect(place).ok().filter(|_| answer.starts_with("HTTP/1.1 200")) else { continue };
                for (mut one, mut other) in [(stream.try_clone().unwrap(), there.try_clone().unwrap()), (there, stream)] {
                    thread::spawn(move || {
                        let _ = std::io::copy(&mut one, &mut other);
                        let _ = other.shutdown(std::net::Shutdown::Write);
                    });
                }
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// The grant that sends everything below `behind.test` through a proxy, to which one logs in.
fn by_proxy(proxy: SocketAddr, authority: Option<&Authority>) -> String {
    let own = authority
        .map_or(LOOPBACK.to_owned(), Authority::grant)
        .replace("allow = [", "allow = [\"* https://behind.test:*/**\", \"* http://behind.test:*/**\", ");
    format!(
        "{own}\n[http.proxies.corp]\nurl = \"http://{proxy}\"\nto = [\"https://behind.test:*\", \"http://behind.test:*\"]\nuser = \"lockstep\"\n\
         password = {{ secret = \"PASSWORD\" }}\n[secrets]\nPASSWORD = {{ env = \"P\", to = [\"http.proxies.corp\"] }}\n"
    )
}

/// `lockstep:hunter2`, as it is shown to a proxy.
const LOGIN: &str = "proxy-authorization: Basic bG9ja3N0ZXA6aHVudGVyMg==\r\n";
const PASSWORD: &[(&str, &str)] = &[("PASSWORD", "hunter2")];

#[test]
fn through_a_proxy_an_encrypted_server_is_verified_as_without_it_and_the_proxy_alone_sees_the_login() {
    let authority = Authority::named("test");
    let server = authority.server("behind.test", |_| {});
    let proxy = Proxy::to(server.address, "HTTP/1.1 200 Connection established\r\n\r\n");
    let grant = by_proxy(proxy.address, Some(&authority));
    // Nobody here knows the name: it is the proxy's to look up.
    assert_eq!(send_placing(&get("https://behind.test/a"), &grant, PASSWORD).unwrap().body.as_text(), Some("ok"));
    assert_eq!(proxy.asked(), [format!("CONNECT behind.test:443 HTTP/1.1\r\nhost: behind.test:443\r\n{LOGIN}\r\n")]);
    assert!(server.asked()[0].starts_with("GET /a HTTP/1.1\r\nhost: behind.test\r\n") && !server.asked()[0].contains("proxy-"), "{:?}", server.asked());
    let another = authority.server("elsewhere.test", |_| {});
    let proxy = Proxy::to(another.address, "HTTP/1.1 200 Connection established\r\n\r\n");
    let failure = send_placing(&get("https://behind.test/"), &by_proxy(proxy.address, Some(&authority)), PASSWORD).unwrap_err();
    assert!(failure.code() == "http.tls" && failure.message().contains("another name"), "{failure}");
    assert!(another.asked().is_empty());
}

#[test]
fn what_is_not_encrypted_is_given_to_the_proxy_with_the_whole_url() {
    let proxy = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    let response = send_placing(&get("http://behind.test:8080/a?b=c"), &by_proxy(proxy.address, None).replace("/**\"", "/**?*\""), PASSWORD).unwrap();
    assert_eq!((response.status, response.url.as_str()), (200, "http://behind.test:8080/a?b=c"));
    let asked = proxy.asked();
    assert!(asked[0].starts_with("GET http://behind.test:8080/a?b=c HTTP/1.1\r\nhost: behind.test:8080\r\n") && asked[0].contains(LOGIN), "{asked:?}");
    // What is not for the proxy does not go through it, and shows nothing of it.
    let straight = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    send_placing(&get(&straight.url("/")), &by_proxy(proxy.address, None), PASSWORD).unwrap();
    assert!(straight.asked()[0].starts_with("GET / HTTP/1.1\r\n") && !straight.asked()[0].contains("proxy-"), "{:?}", straight.asked());
}

#[test]
fn a_proxy_that_lets_nothing_through_is_told_from_the_server_and_no_password_is_shown() {
    for (answer, retryable) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n", false),
        ("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", false),
        ("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n", true),
    ] {
        let proxy = Proxy::to("127.0.0.1:1".parse().unwrap(), answer);
        // A request that must not be sent twice has not been sent.
        let request = HttpRequest::to("POST", "https://behind.test/");
        let failure = send_placing(&request, &by_proxy(proxy.address, None), PASSWORD).unwrap_err();
        assert_eq!((failure.code(), failure.is_retryable()), ("http.proxy", retryable), "{answer}: {failure}");
        assert!(failure.message().contains("the proxy `corp`") && !failure.message().contains("hunter2"), "{failure}");
    }
    let proxy = Server::saying("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(send_placing(&get("http://behind.test/"), &by_proxy(proxy.address, None), PASSWORD).unwrap_err().code(), "http.proxy");
    let failure = send_placing(&get("http://behind.test/"), &by_proxy("127.0.0.1:1".parse().unwrap(), None), PASSWORD).unwrap_err();
    assert!(failure.code() == "http.connect" && failure.message().contains("127.0.0.1:1"), "{failure}");
}

#[test]
fn the_address_of_a_proxy_is_checked_like_any_other() {
    let proxy = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let closed = by_proxy(proxy.address, None).replace("private-addresses = [\"127.0.0.0/8\", \"::1\"]", "private-addresses = []");
    for url in ["http://behind.test/", "https://behind.test/"] {
        let failure = send_placing(&get(url), &closed, PASSWORD).unwrap_err();
        assert!(failure.code() == "denied" && failure.message().contains("127.0.0.1"), "{failure}");
    }
    assert!(proxy.asked().is_empty());
    // An address that is written needs no looking up, by whom ever.
    let all = "[http]\nallow = [\"GET http://169.254.169.254/**\"]\n[http.proxies.all]\nurl = \"http://127.0.0.1:1\"\nto = [\"http://169.254.169.254\"]\n";
    let grant = lockstep_grant::Grant::parse(all, "test.toml", std::path::Path::new("/")).unwrap();
    let decided = lockstep_grant::Grantable::decide(&get("http://169.254.169.254/latest"), &grant);
    assert!(matches!(decided, lockstep_grant::Decision::Denied(denial) if denial.message.contains("metadata")));
}

#[test]
fn without_one_in_the_grant_no_proxy_is_asked() {
    let server = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    send_granted(&get(&server.url("/")), LOOPBACK).unwrap();
    assert!(server.asked()[0].starts_with("GET / HTTP/1.1\r\n"));
}
