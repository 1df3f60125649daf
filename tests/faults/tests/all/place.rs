//! A server that answers whatever it hears with the same, and a client of it.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Longer than anything here takes: a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server, and what it has heard, a chunk each; an empty one is the end of a connection.
pub(crate) struct Echo {
    pub(crate) address: SocketAddr,
    heard: Receiver<Vec<u8>>,
}

impl Echo {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, heard) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, tell) = (stream.unwrap(), tell.clone());
                std::thread::spawn(move || {
                    let mut chunk = vec![0; 64 << 10];
                    loop {
                        let length = stream.read(&mut chunk).unwrap_or(0);
                        if length == 0 {
                            break;
                        }
                        let _ = tell.send(chunk[..length].to_vec());
                        if stream.write_all(&chunk[..length]).is_err() {
                            break;
                        }
                    }
                    let _ = tell.send(vec![]);
                });
            }
        });
        Self { address, heard }
    }

    pub(crate) fn heard(&self) -> Vec<u8> {
        self.heard.recv_timeout(PATIENCE).unwrap()
    }

    pub(crate) fn heard_nothing(&self) -> bool {
        self.heard.try_recv().is_err()
    }
}

pub(crate) fn client(address: SocketAddr) -> TcpStream {
    let client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.set_write_timeout(Some(PATIENCE)).unwrap();
    client
}

pub(crate) fn say(client: &mut TcpStream, words: &[u8]) {
    client.write_all(words).unwrap();
}

pub(crate) fn hear(client: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut words = vec![0; length];
    client.read_exact(&mut words).unwrap();
    words
}

/// More than any test says: a connection that goes on has not ended.
const ENOUGH: usize = 64 << 20;

/// What is heard until the connection ends, and whether it was reset.
pub(crate) fn hear_all(client: &mut TcpStream) -> (Vec<u8>, bool) {
    let mut all = Vec::new();
    let mut chunk = [0; 64 << 10];
    loop {
        assert!(all.len() < ENOUGH, "the connection does not end");
        match client.read(&mut chunk) {
            Ok(0) => return (all, false),
            Ok(length) => all.extend_from_slice(&chunk[..length]),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
                return (all, true);
            }
        }
    }
}
