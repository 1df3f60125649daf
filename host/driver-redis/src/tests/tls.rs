//! Encrypted connections: who is believed, and who is not.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use super::server::Server;
use super::{code, grant, run};

/// A server with a certificate for `name`, and the file of the authority that signed it.
fn server(name: &str) -> Option<(Server, tempfile::TempDir, u16)> {
    let dir = tempfile::tempdir().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "test");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    fs::write(dir.path().join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    fs::write(dir.path().join("server.pem"), certificate.pem()).unwrap();
    fs::write(dir.path().join("server.key"), key.serialize_pem()).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let file = |name: &str| dir.path().join(name).display().to_string();
    let lines = [
        format!("tls-port {port}"),
        format!("tls-cert-file {}", file("server.pem")),
        format!("tls-key-file {}", file("server.key")),
        format!("tls-ca-cert-file {}", file("ca.pem")),
        "tls-auth-clients no".to_owned(),
    ];
    Some((Server::start(&lines.each_ref().map(String::as_str))?, dir, port))
}

#[test]
fn a_certificate_is_verified_against_the_hosts_name_and_the_grants_authorities() {
    let Some((_server, dir, port)) = server("localhost") else { return };
    let authorities = format!("authorities = [{:?}]", dir.path().join("ca.pem"));
    run(&grant(&format!("rediss://localhost:{port}/1"), &authorities), "SET a 1").unwrap();
    let unknown = run(&grant(&format!("rediss://localhost:{port}"), ""), "PING").unwrap_err();
    assert!(unknown.code() == "redis.tls" && unknown.message().contains("authorities"), "{unknown}");
    let named = run(&grant(&format!("rediss://127.0.0.1:{port}"), &authorities), "PING").unwrap_err();
    assert!(named.code() == "redis.tls" && named.message().contains("another name"), "{named}");
}

#[test]
fn a_server_that_speaks_no_tls_is_not_spoken_to() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("rediss://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.write_all(b"-ERR Protocol error\r\n");
        let _ = stream.read(&mut [0; 1024]);
    });
    assert_eq!(code(run(&grant(&url, ""), "PING")), ("redis.tls".into(), false));
}
