//! The one thread that writes: it takes everything that is waiting and commits it together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use lockstep_journal::StoreError;

use crate::commit::{Answer, Job, Ledger};

/// So many jobs at most wait or are committed together: a writer that cannot keep up slows its callers down instead of filling the memory.
const MOST_JOBS: usize = 256;

/// When nothing has been written for so long, the log is written back to the database, which takes two syncs.
const QUIET: Duration = Duration::from_millis(100);

/// So many commits make that worth while: most of a megabyte of log.
const WORTH_WRITING_BACK: usize = 64;

/// A handle of the thread. Dropping it lets the thread finish what is waiting, and waits for that.
pub(crate) struct Writer {
    jobs: Option<SyncSender<Post>>,
    thread: Option<JoinHandle<()>>,
    /// Jobs that nobody waited for and that are not committed yet.
    unseen: Arc<AtomicUsize>,
}

struct Post {
    job: Job,
    answer: Option<SyncSender<Answer>>,
}

impl Writer {
    pub(crate) fn start(ledger: Ledger) -> Result<Self, StoreError> {
        let (jobs, posted) = sync_channel(MOST_JOBS);
        let unseen = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&unseen);
        let thread = thread::Builder::new().name("store-writer".into()).spawn(move || write_all(ledger, &posted, &counter));
        let thread = thread.map_err(|error| StoreError::Medium(format!("the store's thread cannot be started: {error}")))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread), unseen })
    }

    /// Commits a job; waits for it if it says so.
    pub(crate) fn write(&self, job: Job) -> Answer {
        if !job.awaited {
            self.unseen.fetch_add(1, Ordering::AcqRel);
            return self.post(Post { job, answer: None }).map(|()| None);
        }
        let (answer, answered) = sync_channel(1);
        self.post(Post { job, answer: Some(answer) })?;
        answered.recv().map_err(|_| gone())?
    }

    /// Returns once everything handed over before is committed or has failed, so that a reader sees what its own process wrote.
    pub(crate) fn settle(&self) -> Result<(), StoreError> {
        if self.unseen.load(Ordering::Acquire) == 0 {
            return Ok(());
        }
        self.write(Job { awaited: true, ..Job::default() }).map(drop)
    }

    fn post(&self, post: Post) -> Result<(), StoreError> {
        self.jobs.as_ref().ok_or_else(gone)?.send(post).map_err(|_| gone())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // It has no result, and its panic has been told by the panic hook.
            let _ = thread.join();
        }
    }
}

fn gone() -> StoreError {
    StoreError::Medium("the store's thread has ended".into())
}

fn write_all(mut ledger: Ledger, posted: &Receiver<Post>, unseen: &AtomicUsize) {
    let mut commits = 0;
    while let Some(first) = next(posted, &ledger, &mut commits) {
        let (mut jobs, mut answers) = (Vec::new(), Vec::new());
        for Post { job, answer } in std::iter::once(first).chain(posted.try_iter().take(MOST_JOBS)) {
            jobs.push(job);
            answers.push(answer);
        }
        let results = ledger.commit(&jobs);
        commits += 1;
        unseen.fetch_sub(jobs.iter().filter(|job| !job.awaited).count(), Ordering::AcqRel);
        for (answer, result) in answers.iter().zip(results) {
            if let Some(answer) = answer {
                // Who asked may have gone.
                let _ = answer.send(result);
            }
        }
    }
}

/// Waits for the next job, and uses the first quiet moment to write the log back.
fn next(posted: &Receiver<Post>, ledger: &Ledger, commits: &mut usize) -> Option<Post> {
    if *commits >= WORTH_WRITING_BACK {
        match posted.recv_timeout(QUIET) {
            Ok(post) => return Some(post),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {
                ledger.write_back();
                *commits = 0;
            }
        }
    }
    posted.recv().ok()
}
