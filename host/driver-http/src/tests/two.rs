//! HTTP/2, which both sides agree on in the handshake: the same requests, the same answers, the same failures.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use lockstep_model::request::HttpRequest;
use tokio_rustls::TlsAcceptor;

use super::tls::Authority;
use super::{KEY, get, send_granted};

/// What a server was asked: its version, the first line's parts, the key, the host and the body.
type Asked = (Version, String, Option<String>, Option<String>, Bytes);

/// A server that speaks what of `protocols` the client likes best. Its thread ends with the test program.
struct Two {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Two {
    fn speaking(authority: &Authority, protocols: &[&str]) -> Self {
        let mut config = authority.config("localhost", |_| {});
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let (address, asked) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let heard = Arc::clone(&asked);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    let Ok(stream) = acceptor.accept(stream).await else { continue };
                    let two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    let (stream, service) = (TokioIo::new(stream), service_fn(|request| answer(Arc::clone(&heard), request)));
                    // The client ends it; one that was broken off ends with an error.
                    let _ = if two {
                        http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await
                    } else {
                        http1::Builder::new().serve_connection(stream, service).await
                    };
                }
            });
        });
        Self { address, asked }
    }

    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// `/breaks` is broken off after it was heard.
async fn answer(heard: Arc<Mutex<Vec<Asked>>>, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let header = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let host = head.uri.authority().map(|authority| authority.as_str().to_owned()).or_else(|| header("host"));
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let (line, key) = (format!("{} {}", head.method, head.uri.path()), header("idempotency-key"));
    heard.lock().unwrap().push((head.version, line, key, host, body));
    if head.uri.path() == "/breaks" { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(Response::new(Full::new(Bytes::from_static(b"two")))) }
}

#[test]
fn http_2_is_spoken_with_a_server_that_can_and_1_with_one_that_cannot() {
    let authority = Authority::named("test");
    for (protocols, version) in
        [(&["h2"][..], Version::HTTP_2), (&["h2", "http/1.1"], Version::HTTP_2), (&["http/1.1"], Version::HTTP_11), (&[], Version::HTTP_11)]
    {
        let server = Two::speaking(&authority, protocols);
        let response = send_granted(&get(&server.url("/path")), &authority.grant()).unwrap();
        assert_eq!((response.status, response.body.as_text()), (200, Some("two")));
        let post = HttpRequest { body: Some("content".into()), ..HttpRequest::to("POST", &server.url("/post")) };
        assert_eq!(send_granted(&post, &authority.grant()).unwrap().status, 200);
        let host = Some(format!("localhost:{}", server.address.port()));
        let get = (version, "GET /path".to_owned(), None, host.clone(), Bytes::new());
        let post = (version, "POST /post".to_owned(), Some(KEY.to_owned()), host, Bytes::from_static(b"content"));
        assert_eq!(server.asked(), [get, post], "{protocols:?}");
    }
}

#[test]
fn over_http_2_too_an_effect_that_is_broken_off_is_in_doubt() {
    let authority = Authority::named("test");
    let server = Two::speaking(&authority, &["h2"]);
    for (method, code) in [("GET", "http.protocol"), ("PUT", "http.protocol"), ("POST", "in-doubt")] {
        let failure = send_granted(&HttpRequest::to(method, &server.url("/breaks")), &authority.grant()).unwrap_err();
        assert_eq!((failure.code(), failure.is_retryable()), (code, code == "http.protocol"), "{method}: {failure}");
    }
    assert_eq!(server.asked().len(), 3);
}
