//! A far side that breaks off, throttles, floods and talks nonsense: what a real API server cannot be asked to do.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kube::{Client, Config};
use lockstep_gate::{CallContext, Interrupt, LooseArtifacts, NoLiveOutput, NoNotes};
use lockstep_grant::Grant;
use lockstep_model::Failure;
use lockstep_model::request::{KubeCall, KubeRequest, KubeResponse, KubeVersion};
use serde_json::{Value, json};

use super::{everything, granted};
use crate::exchange::Cluster;
use crate::session::Session;

/// What it does with a request: an answer, or none when it hangs up.
type Answers = dyn Fn(&str, &str, &mut TcpStream) + Send + Sync;

/// Asks a far side that answers so. Without TLS, which stands in front of all this and has its own tests.
fn ask(request: KubeRequest, answers: Arc<Answers>) -> Result<KubeResponse, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let answers = answers.clone();
            std::thread::spawn(move || {
                if let Some((head, body)) = received(&mut stream) {
                    answers(&head, &body, &mut stream);
                }
            });
        }
    });
    let grant = Grant::parse(&everything("unused", "unused"), "test.toml", Path::new("/")).unwrap();
    let granted = granted(request, &grant);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut config = Config::new(format!("http://{address}").parse().unwrap());
        config.default_retry = false;
        let cluster = Cluster::of(Client::try_from(config).unwrap(), "the far side".to_owned());
        let context = CallContext {
            idempotency_key: "key",
            time_left: Duration::from_secs(20),
            interrupt: &Interrupt::default(),
            notes: &NoNotes,
            live: &NoLiveOutput,
            artifacts: &LooseArtifacts::default(),
        };
        let session = Session { request: granted.request(), terms: granted.terms(), context: &context, cluster: &cluster };
        crate::within_deadline(&session).await
    })
}

/// The request's first line and its body.
fn received(stream: &mut TcpStream) -> Option<(String, String)> {
    let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut part).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        if body.len() >= length {
            return Some((head.lines().next()?.to_owned(), body.to_owned()));
        }
    }
}

fn answer(stream: &mut TcpStream, status: &str, headers: &str, body: &str) {
    let _ = write!(stream, "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{headers}connection: close\r\n\r\n{body}", body.len());
}

/// Says what kinds there are; whatever else is asked is for `then`.
fn after_kinds(then: impl Fn(&str, &str, &mut TcpStream) + Send + Sync + 'static) -> Arc<Answers> {
    Arc::new(move |head, body, stream| {
        if head.starts_with("GET /apis/apps/v1 ") {
            let kinds = json!({"resources": [{"name": "deployments", "kind": "Deployment", "namespaced": true}]});
            return answer(stream, "200 OK", "", &kinds.to_string());
        }
        then(head, body, stream);
    })
}

fn read() -> KubeRequest {
    KubeRequest::of("apps/v1", "Deployment", "shop", "api", KubeCall::Read)
}

/// A deployment, with the mark of a change.
fn deployment(mark: Option<Value>, generation: u32) -> String {
    let mut object = json!({"kind": "Deployment", "metadata": {"name": "api", "uid": "u1", "generation": generation, "resourceVersion": "9"},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "api", "image": "api:1"}]}}}});
    if let Some(mark) = mark {
        object["metadata"]["annotations"] = json!({"lockstep.dev/call": mark});
    }
    object.to_string()
}

/// A change of it as it was recorded.
fn restart() -> KubeRequest {
    let before = KubeVersion { uid: "u1".to_owned(), version: "generation 4".to_owned() };
    KubeRequest::of("apps/v1", "Deployment", "shop", "api", KubeCall::Restart { before })
}

#[test]
fn a_server_that_throttles_says_when_it_may_be_asked_again() {
    let throttled = |status: &'static str| after_kinds(move |_, _, stream| answer(stream, status, "retry-after: 7\r\n", r#"{"message":"slow down"}"#));
    for status in ["429 Too Many Requests", "503 Service Unavailable"] {
        let failure = ask(read(), throttled(status)).unwrap_err();
        assert_eq!((failure.code(), failure.is_retryable()), ("kube.throttled", true));
        assert!(failure.message().contains("in 7 s"), "{failure}");
    }
}

#[test]
fn a_server_that_is_busy_is_left_alone_as_long_as_it_says_and_the_change_is_made_once() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = asked.clone();
    let answers = after_kinds(move |head, _, stream| {
        if head.starts_with("PATCH ") {
            heard.lock().unwrap().push(Instant::now());
            if heard.lock().unwrap().len() == 1 {
                return answer(stream, "429 Too Many Requests", "retry-after: 1\r\n", r#"{"message":"slow down"}"#);
            }
        }
        answer(stream, "200 OK", "", &deployment(None, 4));
    });
    assert!(matches!(ask(restart(), answers), Ok(KubeResponse::Change(_))));
    let asked = asked.lock().unwrap();
    assert!(asked.len() == 2 && asked[1].duration_since(asked[0]) >= Duration::from_secs(1), "{asked:?}");
}

#[test]
fn an_answer_without_end_is_cut_off_and_memory_is_not_filled() {
    let flood = after_kinds(|_, _, stream| {
        let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n");
        while stream.write_all(&[b' '; 1 << 16]).is_ok() {}
    });
    let failure = ask(read(), flood).unwrap_err();
    assert_eq!((failure.code(), failure.is_retryable()), ("kube.limit", false), "{failure}");
}

#[test]
fn nonsense_and_a_broken_connection_are_what_they_are() {
    let failure = ask(read(), after_kinds(|_, _, stream| answer(stream, "200 OK", "", "<html>"))).unwrap_err();
    assert_eq!(failure.code(), "kube.protocol");
    let failure = ask(read(), after_kinds(|_, _, _| {})).unwrap_err();
    assert_eq!((failure.code(), failure.is_retryable()), ("kube.connect", true));
}

#[test]
fn a_connection_that_breaks_after_the_change_was_sent_is_settled_by_the_mark_and_the_change_is_made_once() {
    let made = Arc::new(AtomicU32::new(0));
    let mark = Mutex::new(None);
    let counted = made.clone();
    let answers = after_kinds(move |head, body, stream| {
        if head.starts_with("PATCH ") {
            counted.fetch_add(1, Ordering::SeqCst);
            let patch: Value = serde_json::from_str(body).unwrap();
            assert_eq!(patch["metadata"]["resourceVersion"], "9", "only for the state that was looked at");
            *mark.lock().unwrap() = Some(patch["metadata"]["annotations"]["lockstep.dev/call"].clone());
            // It has happened, and nobody says so.
            return;
        }
        let mark = mark.lock().unwrap().clone();
        let generation = if mark.is_some() { 5 } else { 4 };
        answer(stream, "200 OK", "", &deployment(mark, generation));
    });
    let response = ask(restart(), answers).unwrap();
    assert!(matches!(response, KubeResponse::Change(_)), "{response:?}");
    assert_eq!(made.load(Ordering::SeqCst), 1);
}

#[test]
fn a_change_that_arrived_and_was_never_answered_is_known_by_its_mark_when_it_is_asked_for_again() {
    let made = Arc::new(AtomicU32::new(0));
    let mark = Mutex::new(None);
    let counted = made.clone();
    let answers = after_kinds(move |head, body, stream| {
        if head.starts_with("PATCH ") {
            counted.fetch_add(1, Ordering::SeqCst);
            let patch: Value = serde_json::from_str(body).unwrap();
            *mark.lock().unwrap() = Some(patch["metadata"]["annotations"]["lockstep.dev/call"].clone());
            // It has happened; nothing is said until the other side has hung up.
            let _ = stream.read(&mut [0]);
            return;
        }
        let mark = mark.lock().unwrap().clone();
        let generation = if mark.is_some() { 5 } else { 4 };
        answer(stream, "200 OK", "", &deployment(mark, generation));
    });
    let restart = || KubeRequest { timeout_milliseconds: Some(500), ..restart() };
    let failure = ask(restart(), answers.clone()).unwrap_err();
    assert_eq!((failure.code(), made.load(Ordering::SeqCst)), ("timed-out", 1), "{failure}");
    assert!(matches!(ask(restart(), answers), Ok(KubeResponse::Change(_))));
    assert_eq!(made.load(Ordering::SeqCst), 1);
}
