//! The one thread that writes: it takes everything that is waiting and commits it together.
//!
//! A batch that nobody waits for lingers, so that an outcome shares a commit with the intent that follows it. Waking a thread costs as much as writing a
//! record: only who waits wakes it, or who finds it asleep.

use std::collections::VecDeque;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use lockstep_journal::StoreError;

use crate::commit::{Answer, Job, Ledger};

/// So many jobs at most wait or are committed together: a writer that cannot keep up slows its callers down instead of filling the memory.
const MOST_JOBS: usize = 256;

/// So long a job lingers that nobody waits for. A process that is killed meanwhile loses it, as if it had been killed a moment earlier.
const LINGER: Duration = Duration::from_millis(1);

/// When nothing has been written for so long, a checkpoint that is owed is signed, and the log is written back to the database, which takes two syncs.
const QUIET: Duration = Duration::from_millis(100);

/// So many commits make that worth while: most of a megabyte of log.
const WORTH_WRITING_BACK: usize = 64;

/// A handle of the thread. Dropping it lets the thread finish what is waiting, and waits for that.
pub(crate) struct Writer {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    /// There is something to be done now.
    called: Condvar,
    /// There is room again.
    room: Condvar,
}

#[derive(Default)]
struct Waiting {
    posts: VecDeque<Post>,
    /// Somebody waits for one of them.
    awaited: bool,
    /// The thread will not look by itself.
    asleep: bool,
    /// Somebody waits for room.
    full: bool,
    /// Jobs that nobody waited for and that are not committed yet.
    unseen: usize,
    /// Nothing will be posted any more.
    closed: bool,
    /// The thread has ended.
    ended: bool,
}

struct Post {
    job: Job,
    answer: Option<SyncSender<Answer>>,
}

impl Writer {
    pub(crate) fn start(ledger: Ledger) -> Result<Self, StoreError> {
        let queue = Arc::new(Queue::default());
        let taken = Arc::clone(&queue);
        let thread = thread::Builder::new().name("store-writer".into()).spawn(move || {
            let ended = Ended(&taken);
            write_all(ledger, ended.0);
        });
        let thread = thread.map_err(|error| StoreError::Medium(format!("the store's thread cannot be started: {error}")))?;
        Ok(Self { queue, thread: Some(thread) })
    }

    /// Commits a job; waits for it if it says so.
    pub(crate) fn write(&self, job: Job) -> Answer {
        if !job.awaited {
            return self.queue.post(Post { job, answer: None }).map(|()| None);
        }
        let (answer, answered) = sync_channel(1);
        self.queue.post(Post { job, answer: Some(answer) })?;
        answered.recv().map_err(|_| gone())?
    }

    /// Returns once everything handed over before is committed or has failed, so that a reader sees what its own process wrote.
    pub(crate) fn settle(&self) -> Result<(), StoreError> {
        if self.queue.lock().unseen == 0 {
            return Ok(());
        }
        self.write(Job { awaited: true, ..Job::default() }).map(drop)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.lock().closed = true;
        self.queue.called.notify_one();
        if let Some(thread) = self.thread.take() {
            // It has no result, and its panic has been told by the panic hook.
            let _ = thread.join();
        }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn post(&self, post: Post) -> Result<(), StoreError> {
        let full = |waiting: &mut Waiting| {
            waiting.full = waiting.posts.len() >= MOST_JOBS && !waiting.ended;
            waiting.full
        };
        let mut waiting = self.room.wait_while(self.lock(), full).unwrap_or_else(PoisonError::into_inner);
        if waiting.ended {
            return Err(gone());
        }
        let awaited = post.answer.is_some();
        let call = waiting.asleep || (awaited && !waiting.awaited) || waiting.posts.len() + 1 == MOST_JOBS;
        waiting.asleep = false;
        waiting.awaited |= awaited;
        waiting.unseen += usize::from(!awaited);
        waiting.posts.push_back(post);
        drop(waiting);
        if call {
            self.called.notify_one();
        }
        Ok(())
    }

    /// Everything that is waiting, once somebody waits for it or it has lingered; nothing when no more will come.
    fn take(&self, ledger: &mut Ledger, commits: &mut usize) -> Option<VecDeque<Post>> {
        let mut waiting = self.linger(self.lock());
        if waiting.posts.is_empty() {
            drop(waiting);
            waiting = self.linger(self.sleep(ledger, commits));
        }
        let posts = self.empty(waiting);
        (!posts.is_empty()).then_some(posts)
    }

    /// All that waits, which is never more than one commit takes. So a job waits for the commit under way and shares the next, however much another run writes.
    fn empty(&self, mut waiting: MutexGuard<'_, Waiting>) -> VecDeque<Post> {
        waiting.awaited = false;
        let posts = std::mem::take(&mut waiting.posts);
        let full = std::mem::take(&mut waiting.full);
        drop(waiting);
        if full {
            self.room.notify_all();
        }
        posts
    }

    fn linger<'a>(&self, waiting: MutexGuard<'a, Waiting>) -> MutexGuard<'a, Waiting> {
        let lingering = |waiting: &mut Waiting| !waiting.awaited && !waiting.closed && waiting.posts.len() < MOST_JOBS;
        self.called.wait_timeout_while(waiting, LINGER, lingering).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Until there is something to be done; the first quiet moment is used for what has been put off.
    fn sleep(&self, ledger: &mut Ledger, commits: &mut usize) -> MutexGuard<'_, Waiting> {
        let nothing = |waiting: &mut Waiting| {
            waiting.asleep = waiting.posts.is_empty() && !waiting.closed;
            waiting.asleep
        };
        if *commits >= WORTH_WRITING_BACK || ledger.owes() {
            let (waiting, silence) = self.called.wait_timeout_while(self.lock(), QUIET, nothing).unwrap_or_else(PoisonError::into_inner);
            if !silence.timed_out() {
                return waiting;
            }
            drop(waiting);
            ledger.pay();
            if *commits >= WORTH_WRITING_BACK {
                ledger.write_back();
                *commits = 0;
            }
        }
        self.called.wait_while(self.lock(), nothing).unwrap_or_else(PoisonError::into_inner)
    }
}

/// However the thread ends, whoever waits is told.
struct Ended<'a>(&'a Queue);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.ended = true;
        waiting.posts.clear();
        drop(waiting);
        self.0.room.notify_all();
    }
}

fn gone() -> StoreError {
    StoreError::Medium("the store's thread has ended".into())
}

fn write_all(mut ledger: Ledger, queue: &Queue) {
    let mut commits = 0;
    while let Some(posts) = queue.take(&mut ledger, &mut commits) {
        let (jobs, answers): (Vec<Job>, Vec<_>) = posts.into_iter().map(|Post { job, answer }| (job, answer)).unzip();
        let results = ledger.commit(&jobs);
        commits += 1;
        queue.lock().unseen -= jobs.iter().filter(|job| !job.awaited).count();
        for (answer, result) in answers.iter().zip(results) {
            if let Some(answer) = answer {
                // Who asked may have gone.
                let _ = answer.send(result);
            }
        }
    }
    ledger.pay();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(answer: Option<SyncSender<Answer>>) -> Post {
        Post { job: Job::default(), answer }
    }

    #[test]
    fn a_job_waits_for_the_commit_under_way_and_shares_the_next_however_many_are_before_it() {
        let queue = Queue::default();
        for _ in 1..MOST_JOBS {
            queue.post(post(None)).unwrap();
        }
        queue.post(post(Some(sync_channel(1).0))).unwrap();
        thread::scope(|scope| {
            let late = scope.spawn(|| queue.post(post(None)));
            // It finds no place until this commit has taken everything.
            let next = queue.empty(queue.room_is_waited_for());
            assert!(next.iter().any(|post| post.answer.is_some()), "it does not share the next commit");
            assert_eq!(next.len(), MOST_JOBS, "more wait than one commit takes");
            late.join().unwrap().unwrap();
        });
        assert_eq!(queue.lock().posts.len(), 1);
    }

    impl Queue {
        fn room_is_waited_for(&self) -> MutexGuard<'_, Waiting> {
            loop {
                let waiting = self.lock();
                if waiting.full {
                    return waiting;
                }
                drop(waiting);
                thread::yield_now();
            }
        }
    }
}
