//! Bodies that are artifacts, on their way out and on their way in: whole or not at all.

use std::io::{self, Read, Seek, SeekFrom, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use lockstep_gate::{ArtifactReader, ArtifactSink, Artifacts, LooseArtifacts, Secrets};
use lockstep_model::request::{HttpRequest, HttpResponse};
use lockstep_model::{Digest, Failure, Secret};

use super::server::Server;
use super::{HttpDriver, LOOPBACK, get, granted, perform_with};

fn send(request: &HttpRequest, artifacts: &dyn Artifacts) -> Result<HttpResponse, Failure> {
    perform_with(&HttpDriver::new().unwrap(), &granted(request, LOOPBACK), Duration::from_secs(30), artifacts)
}

fn numbers() -> Vec<u8> {
    (0..400_000_u64).flat_map(u64::to_be_bytes).collect()
}

/// Takes one request of any size: its head, and how many bytes came after it with which digest.
fn taker() -> (SocketAddr, Receiver<(String, u64, Digest)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, (sender, receiver)) = (listener.local_addr().unwrap(), channel());
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count == 1) {
                head.push(byte[0]);
            }
            let head = String::from_utf8(head).unwrap();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |length| length.parse().unwrap());
            let mut body = Vec::new();
            let _ = Read::by_ref(&mut stream).take(length).read_to_end(&mut body);
            if body.len() as u64 == length {
                answer(&mut stream);
            }
            sender.send((head, body.len() as u64, Digest::of(&body))).unwrap();
        }
    });
    (address, receiver)
}

fn answer(stream: &mut TcpStream) {
    // The client may have gone, which is its right.
    let _ = stream.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n");
}

#[test]
fn an_artifact_goes_out_whole_with_its_length_and_markers_in_it_mean_nothing() {
    let (artifacts, (address, taken)) = (LooseArtifacts::default(), taker());
    for bytes in [numbers(), Vec::new(), b"{{secret:KEY:0123}}".to_vec()] {
        let body_artifact = Some(artifacts.keep(&bytes).unwrap());
        let request = HttpRequest { body_artifact, ..HttpRequest::to("PUT", &format!("http://{address}/")) };
        assert_eq!(send(&request, &artifacts).unwrap().status, 201);
        let (head, length, digest) = taken.recv().unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", bytes.len())) && !head.contains("chunked"), "{head}");
        assert_eq!((length, Some(digest)), (bytes.len() as u64, body_artifact));
    }
}

/// Artifacts of which nothing can be read beyond a megabyte.
struct Broken(LooseArtifacts);

struct BrokenReader(u64);

impl Read for BrokenReader {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = bytes.len().min(usize::try_from((1_u64 << 20).saturating_sub(self.0)).unwrap());
        self.0 += count as u64;
        if count == 0 { Err(io::Error::other("the disk is gone")) } else { Ok(count) }
    }
}

impl Seek for BrokenReader {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Ok(self.0)
    }
}

impl ArtifactReader for BrokenReader {
    fn size(&self) -> u64 {
        2 << 20
    }
}

impl Artifacts for Broken {
    fn open(&self, _: Digest) -> Result<Box<dyn ArtifactReader>, Failure> {
        Ok(Box::new(BrokenReader(0)))
    }

    fn create(&self, id: &str) -> Result<ArtifactSink, Failure> {
        self.0.create(id)
    }

    fn create_scrubbed(&self, id: &str) -> Result<ArtifactSink, Failure> {
        self.0.create_scrubbed(id)
    }
}

#[test]
fn an_artifact_that_cannot_be_read_to_its_end_is_not_taken_for_a_whole_one_and_leaves_an_effect_in_doubt() {
    let (address, taken) = taker();
    for (method, code) in [("PUT", "artifact.store"), ("POST", "in-doubt")] {
        let request = HttpRequest { body_artifact: Some(Digest::ZERO), ..HttpRequest::to(method, &format!("http://{address}/")) };
        let failure = send(&request, &Broken(LooseArtifacts::default())).unwrap_err();
        assert!(failure.code() == code && failure.message().contains("the disk is gone"), "{method}: {failure}");
        let (head, length, _) = taken.recv().unwrap();
        assert!(head.contains("content-length: 2097152\r\n") && length < 2 << 20, "{method}: the server got {length} bytes for a whole");
    }
}

fn into(id: &str, request: HttpRequest) -> HttpRequest {
    HttpRequest { into_artifact: Some(id.to_owned()), ..request }
}

#[test]
fn an_answer_beyond_every_limit_becomes_an_artifact_unpacked_and_without_secrets() {
    let secrets = Secrets::new("seed");
    secrets.learn("KEY", Secret::new(b"hunter2-and-more".to_vec()));
    let marker = secrets.marker("KEY");
    let artifacts = LooseArtifacts::without(secrets);
    let text = format!("{}hunter2-and-more{}", "x".repeat(5 << 20), "y".repeat(5 << 20));
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let mut said = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", packed.len()).into_bytes();
    said.extend(packed);
    let response = send(&into("dump", get(&Server::saying(said).url("/"))), &artifacts).unwrap();
    let artifact = response.body_artifact.unwrap();
    assert!(response.body.is_empty() && !response.truncated && artifact.id == "dump");
    let expected = text.replace("hunter2-and-more", &marker);
    assert!(artifacts.bytes(artifact.digest).unwrap() == expected.as_bytes(), "{} bytes", artifact.size);
}

#[test]
fn an_answer_that_is_no_success_stays_a_body() {
    let server = Server::saying("HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\ngone");
    let response = send(&into("dump", get(&server.url("/"))), &LooseArtifacts::default()).unwrap();
    assert_eq!((response.status, response.body.as_text(), response.body_artifact), (404, Some("gone"), None));
}

#[test]
fn an_answer_that_breaks_off_becomes_no_artifact() {
    let server = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
    for (method, code) in [("GET", "http.protocol"), ("POST", "in-doubt")] {
        let failure = send(&into("dump", HttpRequest::to(method, &server.url("/"))), &LooseArtifacts::default()).unwrap_err();
        assert_eq!(failure.code(), code, "{failure}");
    }
    // What was created has been let go of: there is room for as many as before.
    let artifacts = LooseArtifacts::default();
    for _ in 0..40 {
        send(&into("dump", get(&server.url("/"))), &artifacts).unwrap_err();
    }
}
