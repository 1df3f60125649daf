//! A server that says exactly what a test wants, byte by byte, and remembers what it was asked.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A connection, encrypted or not.
pub(super) trait Duplex: Read + Write {}

impl<S: Read + Write> Duplex for S {}

/// A server on a free port of the loopback. Its thread ends with the test program.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers each request with what `answer` makes of it, then closes.
    pub(super) fn answering(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Self {
        Self::talking(move |asked, connection| {
            let answer = answer(asked);
            // The client may have gone, which is its right.
            connection.write_all(&answer).unwrap_or_default();
        })
    }

    /// Always the same answer.
    pub(super) fn saying(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::answering(move |_| answer.clone())
    }

    /// Always the same answer, on another address of the loopback.
    pub(super) fn saying_at(ip: &str, answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::accepting(ip, |stream| Ok(Box::new(stream)), move |_, connection| connection.write_all(&answer).unwrap_or_default())
    }

    /// Reads each request and hands the connection to `talk`.
    pub(super) fn talking(talk: impl Fn(&str, &mut dyn Duplex) + Send + 'static) -> Self {
        Self::accepting("127.0.0.1", |stream| Ok(Box::new(stream)), talk)
    }

    /// As `talking`, over what `wrap` makes of a connection.
    pub(super) fn accepting(
        ip: &str,
        wrap: impl Fn(TcpStream) -> io::Result<Box<dyn Duplex>> + Send + 'static,
        talk: impl Fn(&str, &mut dyn Duplex) + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind((ip, 0)).unwrap();
        let (address, asked) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let heard = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let Ok(mut connection) = wrap(stream) else { continue };
                let Ok(request) = read_request(&mut *connection) else { continue };
                heard.lock().unwrap().push(request.clone());
                talk(&request, &mut *connection);
            }
        });
        Self { address, asked }
    }

    /// A URL of this server, by its address.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A URL of this server, by its name.
    pub(super) fn url_by_name(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://localhost:{}{path}", self.address.port())
    }

    /// The requests so far, head and body.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn read_request(connection: &mut dyn Duplex) -> io::Result<String> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let count = connection.read(&mut chunk)?;
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            continue;
        };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |length| length.parse().unwrap());
        if body.len() >= length {
            return Ok(text);
        }
    }
}
