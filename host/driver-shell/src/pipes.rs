//! The threads that move bytes: one feeds standard input, two read the outputs, one waits for the end.
//!
//! They own what they use and tell the caller through a bounded queue, so that a slow consumer slows the program and nothing grows. When the caller has gone
//! they go on reading into nothing: a daemon that kept its output open must not die of a closed pipe. They end with the pipes.

use std::io::{self, Read, Write as _};
use std::process::ChildStdin;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use lockstep_gate::Stream;
use lockstep_gate::artifacts::{pump, unreadable};
use lockstep_model::{Failure, Secret};
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
    /// What it was to be fed with cannot be read to its end. The pipe is still open: closed, it would tell the program that this was all.
    Unfed(Failure, ChildStdin),
}

/// What goes to standard input.
pub(crate) enum Food {
    /// Bytes of the request, secrets in them.
    Bytes(Secret<Vec<u8>>),
    /// As it comes: an artifact.
    Reader(Box<dyn Read + Send>),
}

/// Starts the threads. Nothing is left unread or unfed when this fails: the caller kills the program.
pub(crate) fn watch(running: &mut Running, food: Food) -> io::Result<Receiver<Event>> {
    let (sender, receiver) = sync_channel(QUEUE);
    if let Some(pipe) = running.child.stdin.take() {
        let sender = sender.clone();
        named("shell-stdin", move || feed(pipe, food, &sender))?;
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

/// A program need not read what it is given: that is its own affair.
fn feed(mut pipe: ChildStdin, food: Food, listener: &SyncSender<Event>) {
    let fed = match food {
        Food::Bytes(bytes) => pipe.write_all(bytes.expose()),
        Food::Reader(mut reader) => match pump(&mut *reader, |piece| pipe.write_all(piece)) {
            Ok(fed) => fed,
            Err(error) => return tell(listener, Event::Unfed(unreadable(error), pipe)),
        },
    };
    if let Err(error) = fed {
        tracing::debug!(%error, "feeding standard input");
    }
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
