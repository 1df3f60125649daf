//! The threads that move bytes: one feeds standard input, two read the outputs, one waits for the end.
//!
//! They own what they use and tell the caller through a bounded queue, so that a slow consumer slows the program and nothing grows. When the caller has gone
//! they go on reading into nothing: a daemon that kept its output open must not die of a closed pipe. They end with the pipes.

use std::io::{self, Read, Write as _};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use lockstep_gate::Stream;
use lockstep_model::Secret;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::start::Running;

/// What the kernel's pipe holds: larger reads would be short.
const CHUNK: usize = 64 * 1024;

/// Chunks under way at most: a megabyte in all.
const QUEUE: usize = 16;

/// What happens to a running program.
pub(crate) enum Event {
    /// It said something.
    Output(Stream, Vec<u8>),
    /// Nobody holds one of its outputs any more.
    Closed,
    /// The program itself has ended; it is still to be reaped.
    Exited,
}

/// Starts the threads. Nothing is left unread or unfed when this fails: the caller kills the program.
pub(crate) fn watch(running: &mut Running, stdin: Secret<Vec<u8>>) -> io::Result<Receiver<Event>> {
    let (sender, receiver) = sync_channel(QUEUE);
    if let Some(mut pipe) = running.child.stdin.take() {
        named("shell-stdin", move || {
            // A program need not read what it is given: that is its own affair.
            if let Err(error) = pipe.write_all(stdin.expose()) {
                tracing::debug!(%error, "feeding standard input");
            }
        })?;
    }
    if let Some(pipe) = running.child.stdout.take() {
        let sender = sender.clone();
        named("shell-stdout", move || read(pipe, Stream::Stdout, &sender))?;
    }
    if let Some(pipe) = running.child.stderr.take() {
        let sender = sender.clone();
        named("shell-stderr", move || read(pipe, Stream::Stderr, &sender))?;
    }
    let pid = running.pid;
    named("shell-wait", move || {
        wait_for_end(pid);
        tell(&sender, Event::Exited);
    })?;
    Ok(receiver)
}

fn named(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
}

/// Reads until nobody holds the other end, whether or not anyone still listens.
fn read(mut pipe: impl Read, stream: Stream, listener: &SyncSender<Event>) {
    let mut chunk = vec![0; CHUNK];
    loop {
        match pipe.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => tell(listener, Event::Output(stream, chunk[..count].to_vec())),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                tracing::debug!(%error, "reading an output");
                break;
            }
        }
    }
    tell(listener, Event::Closed);
}

/// Waits without reaping: until the caller does, the process id cannot become somebody else's.
fn wait_for_end(pid: Pid) {
    while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {}
}

/// Nobody listening is not a mistake: the call may be over while a daemon goes on talking.
fn tell(listener: &SyncSender<Event>, event: Event) {
    drop(listener.send(event));
}
