//! Handshakes in memory: who is believed, and what messages say of the others.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConnection, ServerConfig, ServerConnection};
use tempfile::TempDir;

use crate::Trust;

const TRUST: fn() -> Trust = || Trust::new("test.tls", "the store");

/// An authority of its own, in a file.
struct Authority {
    dir: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let (key, dir) = (KeyPair::generate().unwrap(), tempfile::tempdir().unwrap());
        fs::write(dir.path().join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { dir, issuer: Issuer::new(params, key) }
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    fn server(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> ServerConnection {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let config = config.with_single_cert(vec![certificate], PrivateKeyDer::Pkcs8(key.serialize_der().into())).unwrap();
        ServerConnection::new(Arc::new(config)).unwrap()
    }
}

/// A handshake with a host of that name. What fails it is wrapped as drivers' libraries do.
fn shake(mut server: ServerConnection, host: &str, authorities: &[PathBuf]) -> Result<(), String> {
    let trust = TRUST();
    let config = trust.config(authorities, None).map_err(|failure| failure.to_string())?;
    let mut client = ClientConnection::new(Arc::new(config), trust.name(host).map_err(|failure| failure.to_string())?).unwrap();
    let told = |error: rustls::Error| {
        let failure = trust.broke_off("the far side", &io::Error::other(io::Error::new(io::ErrorKind::InvalidData, error)));
        assert!(failure.code() == "test.tls" && !failure.is_retryable(), "{failure:?}");
        failure.message().to_owned()
    };
    while client.is_handshaking() || server.is_handshaking() {
        let mut there = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut there).unwrap();
        }
        let mut there = there.as_slice();
        while !there.is_empty() {
            server.read_tls(&mut there).unwrap();
        }
        // What the server thinks of a client that gives up is not of interest.
        let _ = server.process_new_packets();
        let mut back = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut back).unwrap();
        }
        let mut back = back.as_slice();
        while !back.is_empty() {
            client.read_tls(&mut back).unwrap();
        }
        client.process_new_packets().map_err(told)?;
    }
    Ok(())
}

#[test]
fn a_certificate_is_believed_for_the_name_it_is_for_and_the_authorities_of_the_grant() {
    let authority = Authority::named("test");
    let authorities = [authority.file()];
    for (certified, host) in [("localhost", "localhost"), ("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"), ("::1", "::1")] {
        shake(authority.server(certified, |_| {}), host, &authorities).expect(host);
    }
    let another = shake(authority.server("elsewhere.test", |_| {}), "localhost", &authorities).unwrap_err();
    assert!(another.contains("another name"), "{another}");
    let address = shake(authority.server("localhost", |_| {}), "127.0.0.1", &authorities).unwrap_err();
    assert!(address.contains("another name"), "{address}");
    let old = authority.server("localhost", |params| (params.not_before, params.not_after) = (date_time_ymd(2000, 1, 1), date_time_ymd(2001, 1, 1)));
    let expired = shake(old, "localhost", &authorities).unwrap_err();
    assert!(expired.contains("has expired"), "{expired}");
    let stranger = shake(Authority::named("stranger").server("localhost", |_| {}), "localhost", &authorities).unwrap_err();
    assert!(stranger.contains("signed by nobody this host trusts") && stranger.contains("`authorities` of the store in the grant"), "{stranger}");
}

#[test]
fn authorities_that_cannot_be_read_are_named_and_nothing_is_believed_in_their_place() {
    let authority = Authority::named("test");
    for content in [None, Some(""), Some("-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n"), Some("no PEM")] {
        match content {
            Some(content) => fs::write(authority.file(), content).unwrap(),
            None => fs::remove_file(authority.file()).unwrap(),
        }
        for message in [TRUST().config(&[authority.file()], None).map(drop), TRUST().certificates(&[authority.file()]).map(drop)].map(Result::unwrap_err) {
            assert!(message.code() == "test.tls" && message.message().contains("ca.pem"), "{content:?}: {message}");
        }
    }
}

#[test]
fn what_no_certificate_can_be_for_is_said() {
    for host in ["", "a b", "[::1", "-.test", "a..b"] {
        let failure = TRUST().name(host).unwrap_err();
        assert!(failure.message().contains("not a name that a certificate can be for"), "{host}: {failure}");
    }
}

#[test]
fn a_connection_that_broke_may_be_tried_again_and_is_not_called_untrusted() {
    let failure = TRUST().broke_off("the far side", &io::ErrorKind::ConnectionReset.into());
    assert!(failure.is_retryable() && failure.message().contains("broke off"), "{failure:?}");
    assert!(TRUST().refused("the far side", &io::Error::other("something else")).is_none());
}
