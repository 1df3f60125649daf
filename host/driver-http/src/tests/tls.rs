//! Encrypted exchanges: who is believed, and who is not.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lockstep_model::{EffectClass, Failure};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

use super::server::Server;
use super::{LOOPBACK, get, send, send_granted, send_within};

/// An authority of its own.
pub(super) struct Authority {
    dir: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("ca.pem"), certificate.pem()).unwrap();
        Self { dir, issuer: Issuer::new(params, key) }
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// The grant that believes it.
    pub(super) fn grant(&self) -> String {
        LOOPBACK.replace("[http]", &format!("[http]\nauthorities = [{:?}]", self.file()))
    }

    /// What a server needs whose certificate it has signed for `name`.
    pub(super) fn config(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> ServerConfig {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
            .unwrap()
    }

    /// The same of one that wants to be shown a certificate signed by this authority.
    pub(super) fn asking(&self, name: &str) -> ServerConfig {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.file()).unwrap()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap().with_client_cert_verifier(verifier);
        config.with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into())).unwrap()
    }

    /// A certificate that it has signed, and its key, as PEM.
    pub(super) fn identity(&self) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["lockstep.test".to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    pub(super) fn server(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Server {
        serving(self.config(name, change))
    }
}

/// A server that says `ok`, encrypted so.
pub(super) fn serving(config: ServerConfig) -> Server {
    let config = Arc::new(config);
    Server::accepting(
        "127.0.0.1",
        move |stream| Ok(Box::new(StreamOwned::new(ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?, stream))),
        |_, connection| connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap_or_default(),
    )
}

fn refusal(server: &Server, grant: &str) -> String {
    let failure = send_granted(&get(&server.url_by_name("https", "/")), grant).unwrap_err();
    assert!(failure.code() == "http.tls" && !failure.is_retryable(), "{failure}");
    assert!(server.asked().is_empty(), "something was sent to a server that is not trusted");
    failure.message().to_owned()
}

#[test]
fn an_authority_of_the_grant_is_believed() {
    let authority = Authority::named("test");
    let server = authority.server("localhost", |_| {});
    let response = send_granted(&get(&server.url_by_name("https", "/")), &authority.grant()).unwrap();
    assert!(response.body.as_text() == Some("ok") && response.timing.tls > 0);
    assert!(server.asked()[0].contains(&format!("host: localhost:{}\r\n", server.address.port())));
    let by_address = authority.server("127.0.0.1", |_| {});
    assert_eq!(send_granted(&get(&by_address.url("/").replace("http:", "https:")), &authority.grant()).unwrap().status, 200);
}

#[test]
fn an_authority_that_nobody_named_is_not_believed() {
    let server = Authority::named("unknown").server("localhost", |_| {});
    let message = refusal(&server, &Authority::named("test").grant());
    assert!(message.contains("authorities"), "{message}");
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::named("test");
    let message = refusal(&authority.server("example.com", |_| {}), &authority.grant());
    assert!(message.contains("another name"), "{message}");
}

#[test]
fn a_certificate_that_has_expired_is_refused() {
    let authority = Authority::named("test");
    let server = authority.server("localhost", |params| {
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
    });
    let message = refusal(&server, &authority.grant());
    assert!(message.contains("expired"), "{message}");
}

#[test]
fn a_server_that_does_not_encrypt_is_told_from_one_that_is_not_trusted() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let (mut stream, _) = listener.accept().unwrap();
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    let failure = send_granted(&get(&url), &Authority::named("test").grant()).unwrap_err();
    assert!(failure.code() == "http.tls" && failure.message().contains("does not speak TLS"), "{failure}");
}

#[test]
fn a_handshake_that_breaks_off_may_be_tried_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    std::thread::spawn(move || drop(listener.accept().unwrap()));
    let failure = send_granted(&get(&url), &Authority::named("test").grant()).unwrap_err();
    assert!(failure.code() == "http.tls" && failure.is_retryable(), "{failure}");
}

#[test]
fn a_handshake_has_the_same_deadline() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}/", silent.local_addr().unwrap().port());
    let failure = send_within(&get(&url), &Authority::named("test").grant(), Duration::from_millis(150)).unwrap_err();
    let Failure::TimedOut(message) = failure else { panic!("{failure}") };
    assert!(message.contains("TLS handshake") && message.contains("the step's time"), "{message}");
}

#[test]
fn an_authority_file_that_is_none_is_named() {
    let authority = Authority::named("test");
    let server = authority.server("localhost", |_| {});
    for content in [None, Some("no certificate"), Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")] {
        match content {
            Some(content) => fs::write(authority.file(), content).unwrap(),
            None => fs::remove_file(authority.file()).unwrap(),
        }
        let message = refusal(&server, &authority.grant());
        assert!(message.contains("ca.pem"), "{message}");
    }
}

#[test]
fn a_url_that_is_not_encrypted_needs_no_authority() {
    let server = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(send(&get(&server.url("/"))).unwrap().status, 200);
}

#[test]
fn a_metadata_address_is_refused_whatever_the_grant_says() {
    let hop = crate::hop::Hop::first(&get("http://169.254.169.254/latest")).unwrap();
    let all = ["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()];
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let course = crate::course::Course::new(EffectClass::Read);
    let failure = runtime.block_on(crate::resolve::resolve((hop.host().unwrap(), 80), "it", &crate::resolve::system(), &all, &course)).unwrap_err();
    assert!(matches!(&failure, Failure::Denied(message) if message.contains("169.254.169.254")), "{failure}");
}
