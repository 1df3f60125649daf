//! Everything that is waiting is committed together, by one thread at a time.
//!
//! Who waits for his job and finds nobody at it commits everything himself: waking a thread and being woken by it would cost as much as writing the records.
//! Where several wait at once, a thread does it for all of them: while it is woken they gather. It also commits what nobody waits for, once that has lingered,
//! so that an outcome shares a commit with the intent that follows it.

use std::collections::VecDeque;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use lockstep_journal::StoreError;

use crate::commit::{Answer, Job, Ledger};

/// So many jobs at most wait or are committed together: a store that cannot keep up slows its callers down instead of filling the memory.
const MOST_JOBS: usize = 256;

/// So long a job lingers that nobody waits for. A process that is killed meanwhile loses it, as if it had been killed a moment earlier.
const LINGER: Duration = Duration::from_millis(1);

/// When nothing has been written for so long, what has been put off is done.
const QUIET: Duration = Duration::from_millis(100);

/// Writes to the ledger. Dropping it lets what is waiting be written, and waits for that.
pub(crate) struct Writer {
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread and those who wait share.
struct Desk {
    queue: Queue,
    ledger: Mutex<Ledger>,
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    /// There is something to be done now.
    called: Condvar,
    /// There is room again.
    room: Condvar,
}

struct Waiting {
    posts: VecDeque<Post>,
    /// When the first of them came.
    since: Instant,
    /// Somebody waits for one of them.
    awaited: bool,
    /// The thread will not look by itself.
    asleep: bool,
    /// Somebody commits what was waiting before.
    committing: bool,
    /// No more than one waited for the last commit.
    alone: bool,
    /// Somebody waits for room.
    full: bool,
    /// Jobs that nobody waited for and that are not committed yet.
    unseen: usize,
    /// Nothing will be posted any more.
    closed: bool,
    /// The thread has ended, or whoever committed has come to grief.
    ended: bool,
}

impl Default for Waiting {
    fn default() -> Self {
        let (posts, since) = (VecDeque::new(), Instant::now());
        Self { posts, since, awaited: false, asleep: false, committing: false, alone: true, full: false, unseen: 0, closed: false, ended: false }
    }
}

struct Post {
    job: Job,
    answer: Option<SyncSender<Answer>>,
}

/// All that waited, in the hands of the one who commits it. However that ends, the next one is let in.
struct Turn<'a> {
    queue: &'a Queue,
    posts: VecDeque<Post>,
}

impl Writer {
    pub(crate) fn start(ledger: Ledger) -> Result<Self, StoreError> {
        let desk = Arc::new(Desk { queue: Queue::default(), ledger: Mutex::new(ledger) });
        let taken = Arc::clone(&desk);
        let thread = thread::Builder::new().name("store-writer".into()).spawn(move || taken.write_all());
        let thread = thread.map_err(|error| StoreError::Medium(format!("the store's thread cannot be started: {error}")))?;
        Ok(Self { desk, thread: Some(thread) })
    }

    /// Commits a job; waits for it if it says so.
    pub(crate) fn write(&self, job: Job) -> Answer {
        let queue = &self.desk.queue;
        if !job.awaited {
            return queue.post(Post { job, answer: None }).map(|_| None);
        }
        let (answer, answered) = sync_channel(1);
        if let Some(turn) = queue.post(Post { job, answer: Some(answer) })? {
            turn.commit(&mut self.desk.ledger());
        }
        answered.recv().map_err(|_| gone())?
    }

    /// Returns once everything handed over before is committed or has failed, so that a reader sees what its own process wrote.
    pub(crate) fn settle(&self) -> Result<(), StoreError> {
        if self.desk.queue.lock().unseen == 0 {
            return Ok(());
        }
        self.write(Job { awaited: true, ..Job::default() }).map(drop)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.desk.queue.lock().closed = true;
        self.desk.queue.called.notify_one();
        if let Some(thread) = self.thread.take() {
            // It has no result, and its panic has been told by the panic hook.
            let _ = thread.join();
        }
    }
}

impl Desk {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread's next turn: once somebody waits for it, or what waits has lingered. None when no more will come.
    fn next(&self) -> Option<Turn<'_>> {
        let queue = &self.queue;
        loop {
            let mut waiting = queue.linger(queue.lock());
            if waiting.posts.is_empty() && !waiting.closed {
                drop(waiting);
                waiting = queue.linger(self.sleep());
            }
            let waiting = queue.called.wait_while(waiting, |waiting| waiting.committing).unwrap_or_else(PoisonError::into_inner);
            if !waiting.posts.is_empty() {
                return Some(queue.turn(waiting));
            }
            if waiting.closed {
                return None;
            }
        }
    }

    /// Until there is something to be done; the first quiet moment is used for what has been put off.
    fn sleep(&self) -> MutexGuard<'_, Waiting> {
        let queue = &self.queue;
        let nothing = |waiting: &mut Waiting| {
            waiting.asleep = waiting.posts.is_empty() && !waiting.closed;
            waiting.asleep
        };
        if self.ledger().has_put_off() {
            let (waiting, silence) = queue.called.wait_timeout_while(queue.lock(), QUIET, nothing).unwrap_or_else(PoisonError::into_inner);
            if !silence.timed_out() {
                return waiting;
            }
            drop(waiting);
            self.ledger().catch_up();
        }
        queue.called.wait_while(queue.lock(), nothing).unwrap_or_else(PoisonError::into_inner)
    }

    /// What the thread does, until nothing more will come.
    fn write_all(&self) {
        let _ended = Ended(&self.queue);
        while let Some(turn) = self.next() {
            turn.commit(&mut self.ledger());
        }
        self.ledger().pay();
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a post. Who waits for it may have to commit it himself, with all that came before.
    fn post(&self, post: Post) -> Result<Option<Turn<'_>>, StoreError> {
        let full = |waiting: &mut Waiting| {
            waiting.full = waiting.posts.len() >= MOST_JOBS && !waiting.ended;
            waiting.full
        };
        let mut waiting = self.room.wait_while(self.lock(), full).unwrap_or_else(PoisonError::into_inner);
        if waiting.ended {
            return Err(gone());
        }
        let awaited = post.answer.is_some();
        if waiting.posts.is_empty() {
            waiting.since = Instant::now();
        }
        waiting.unseen += usize::from(!awaited);
        waiting.posts.push_back(post);
        if awaited && waiting.alone && !waiting.committing {
            return Ok(Some(self.turn(waiting)));
        }
        let call = waiting.asleep || (awaited && !waiting.awaited) || waiting.posts.len() == MOST_JOBS;
        waiting.asleep = false;
        waiting.awaited |= awaited;
        drop(waiting);
        if call {
            self.called.notify_one();
        }
        Ok(None)
    }

    /// Nothing is committed any more: whoever waits for an answer or for room is told.
    fn end(&self) {
        let mut waiting = self.lock();
        waiting.ended = true;
        waiting.posts.clear();
        drop(waiting);
        self.room.notify_all();
    }

    /// All that waits, which is never more than one commit takes. So a job waits for the commit under way and shares the next, however much another run writes.
    fn turn(&self, mut waiting: MutexGuard<'_, Waiting>) -> Turn<'_> {
        (waiting.awaited, waiting.committing) = (false, true);
        let posts = std::mem::take(&mut waiting.posts);
        let full = std::mem::take(&mut waiting.full);
        drop(waiting);
        if full {
            self.room.notify_all();
        }
        Turn { queue: self, posts }
    }

    /// Until somebody waits for what is there, or it has lingered, or nothing has come for as long.
    fn linger<'a>(&self, mut waiting: MutexGuard<'a, Waiting>) -> MutexGuard<'a, Waiting> {
        let lingering = |waiting: &mut Waiting| !waiting.awaited && !waiting.closed && waiting.posts.len() < MOST_JOBS;
        let mut left = LINGER;
        loop {
            let (after, silence) = self.called.wait_timeout_while(waiting, left, lingering).unwrap_or_else(PoisonError::into_inner);
            waiting = after;
            left = LINGER.saturating_sub(waiting.since.elapsed());
            if !silence.timed_out() || waiting.posts.is_empty() || left.is_zero() {
                return waiting;
            }
        }
    }
}

impl Turn<'_> {
    fn commit(mut self, ledger: &mut Ledger) {
        let (jobs, answers): (Vec<Job>, Vec<_>) = std::mem::take(&mut self.posts).into_iter().map(|Post { job, answer }| (job, answer)).unzip();
        let results = ledger.commit(&jobs);
        let waited = jobs.iter().filter(|job| job.awaited).count();
        let mut waiting = self.queue.lock();
        waiting.unseen -= jobs.len() - waited;
        waiting.alone = waited <= 1;
        drop(waiting);
        for (answer, result) in answers.iter().zip(results) {
            if let Some(answer) = answer {
                // Who asked may have gone.
                let _ = answer.send(result);
            }
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.queue.end();
        }
        let mut waiting = self.queue.lock();
        waiting.committing = false;
        let call = waiting.awaited || waiting.closed || !waiting.posts.is_empty();
        drop(waiting);
        if call {
            self.queue.called.notify_one();
        }
    }
}

/// However the thread ends, that is the end of the queue.
struct Ended<'a>(&'a Queue);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

fn gone() -> StoreError {
    StoreError::Medium("the store's thread has ended".into())
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
        let _under_way = queue.turn(queue.lock());
        for _ in 1..MOST_JOBS {
            queue.post(post(None)).unwrap();
        }
        queue.post(post(Some(sync_channel(1).0))).unwrap();
        thread::scope(|scope| {
            let late = scope.spawn(|| queue.post(post(None)));
            // It finds no place until this commit has taken everything.
            let mut next = queue.turn(queue.room_is_waited_for());
            let next = std::mem::take(&mut next.posts);
            assert!(next.iter().any(|post| post.answer.is_some()), "it does not share the next commit");
            assert_eq!(next.len(), MOST_JOBS, "more wait than one commit takes");
            late.join().unwrap().unwrap();
        });
        assert_eq!(queue.lock().posts.len(), 1);
    }

    #[test]
    fn who_is_alone_commits_himself_and_where_several_wait_the_thread_does() {
        let queue = Queue::default();
        let led = queue.post(post(Some(sync_channel(1).0))).unwrap().unwrap();
        assert_eq!(led.posts.len(), 1);
        assert!(queue.post(post(Some(sync_channel(1).0))).unwrap().is_none(), "two commit at once");
        drop(led);
        queue.lock().alone = false;
        assert!(queue.post(post(Some(sync_channel(1).0))).unwrap().is_none(), "the others have no time to gather");
    }

    #[test]
    fn whoever_comes_to_grief_in_a_commit_leaves_nobody_waiting() {
        let queue = Queue::default();
        let turn = queue.turn(queue.lock());
        for _ in 0..MOST_JOBS {
            queue.post(post(None)).unwrap();
        }
        thread::scope(|scope| {
            let late = scope.spawn(|| queue.post(post(None)).is_err());
            drop(queue.room_is_waited_for());
            let grief = scope.spawn(move || {
                let _turn = turn;
                panic!("planted");
            });
            assert!(grief.join().is_err());
            assert!(late.join().unwrap(), "a job was taken that nobody will commit");
        });
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
