//! One transaction for everything that is waiting: what is wrong with one batch does not concern its neighbours.
//!
//! A commit that nobody waits for is written to SQLite's log without a sync, and is then in the hands of the operating system: it survives this process.
//! The sync of the next durable commit is of the same file and covers it. So an effect, a durable intent and a written outcome, costs one sync.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::slice;
use std::time::{Duration, Instant};

use lockstep_journal::act::ActAnswer;
use lockstep_journal::checkpoint::Signer;
use lockstep_journal::lease::{LeaseEnd, LeaseUse};
use lockstep_journal::ledger::Frontier;
use lockstep_journal::store::Wake;
use lockstep_journal::{Durability, SealedRecord, StoreError};
use lockstep_model::{Digest, RunId};
use rusqlite::{CachedStatement, Connection, OptionalExtension};

use crate::error::of_sqlite;
use crate::{acts, blobs, leases, schema};

/// Checkpoints that nobody waits for come so far apart at most: steps that end sooner after one another share one. A signature takes longer than a record.
const CHECKPOINTS_APART: Duration = Duration::from_millis(100);

/// So many commits make it worth while to write the log back to the database in a quiet moment, which takes two syncs: most of a megabyte of log.
const WORTH_WRITING_BACK: usize = 64;

/// More runs than this at once have their places looked up again, so that a process of weeks does not grow.
const MOST_PLACES: usize = 4096;

/// A batch on its way to the ledger.
pub(crate) struct Job {
    pub(crate) records: Vec<Row>,
    /// Encrypted, with the digests of what they were before: the caller's thread does both.
    pub(crate) blobs: Vec<(Digest, Vec<u8>)>,
    pub(crate) forget: Vec<Digest>,
    pub(crate) checkpoint: bool,
    pub(crate) lease: Option<LeaseUse>,
    pub(crate) wake: Option<Wake>,
    pub(crate) answers: Vec<(u64, ActAnswer)>,
    pub(crate) aside: Option<Aside>,
    pub(crate) durability: Durability,
    /// Whether someone waits for the answer.
    pub(crate) awaited: bool,
}

/// A record as it is kept: what it says stays with the caller's thread.
pub(crate) struct Row {
    run: RunId,
    seq: u64,
    hash: Digest,
    bytes: Vec<u8>,
}

impl From<SealedRecord> for Row {
    fn from(SealedRecord { record, bytes, hash }: SealedRecord) -> Self {
        Self { run: record.run, seq: record.seq, hash, bytes }
    }
}

/// Where a run's next record has its place.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Its sequence number.
    next: u64,
    /// The indices of the run's first record and of its last one, once it has any.
    ends: Option<(i64, i64)>,
}

impl Default for Job {
    /// Nothing, which nobody waits for.
    fn default() -> Self {
        Self {
            records: Vec::new(),
            blobs: Vec::new(),
            forget: Vec::new(),
            checkpoint: false,
            lease: None,
            wake: None,
            answers: Vec::new(),
            aside: None,
            durability: Durability::Written,
            awaited: false,
        }
    }
}

/// What is to be done beside the ledger in the same transaction: done once more when that has to be tried again.
pub(crate) type Aside = Box<dyn Fn(&Connection) -> Result<(), StoreError> + Send>;

/// The checkpoint that was asked for, or nothing.
pub(crate) type Answer = Result<Option<String>, StoreError>;

/// What the jobs of a transaction share.
struct Shared<'a> {
    /// Adds a record.
    insert: CachedStatement<'a>,
    /// The leases that have been found to be the newest: by their runs and tokens.
    held: BTreeSet<(RunId, u64)>,
}

/// The end of the ledger, where records are added.
pub(crate) struct Ledger {
    connection: Connection,
    signer: Signer,
    end: End,
    /// What the connection does at a commit.
    syncs: Option<Durability>,
    /// Commits since the log was last written back.
    commits: usize,
    /// Once a sync has failed nobody knows what the disk has: nothing more is written until the store is opened again.
    broken: Option<StoreError>,
}

/// What a transaction changes, so that it can be taken back as a whole.
#[derive(Clone, Default)]
struct End {
    frontier: Frontier,
    /// Of runs written to lately.
    places: BTreeMap<RunId, Place>,
    /// Runs with a batch that failed while nobody waited: the next batch is told.
    failed: BTreeMap<RunId, StoreError>,
    /// Since when a checkpoint is owed that nobody waits for.
    owed: Option<Instant>,
}

impl Job {
    fn is_nothing(&self) -> bool {
        let kept = self.records.is_empty() && self.blobs.is_empty() && self.forget.is_empty() && !self.checkpoint;
        let beside = self.lease.is_none() && self.wake.is_none() && self.answers.is_empty() && self.aside.is_none();
        kept && beside && self.durability == Durability::Written
    }

    fn runs(&self) -> impl Iterator<Item = RunId> {
        self.records.iter().map(|record| record.run)
    }
}

impl Ledger {
    pub(crate) fn new(connection: Connection, signer: Signer) -> Result<Self, StoreError> {
        let mut ledger = Self { connection, signer, end: End::default(), syncs: None, commits: 0, broken: None };
        ledger.end.frontier = ledger.kept_frontier()?;
        Ok(ledger)
    }

    /// Commits the jobs in their order and gives one answer for each.
    pub(crate) fn commit(&mut self, jobs: &[Job]) -> Vec<Answer> {
        if jobs.iter().all(Job::is_nothing) {
            return jobs.iter().map(|_| Ok(None)).collect();
        }
        if let Some(error) = &self.broken {
            return jobs.iter().map(|_| Err(error.clone())).collect();
        }
        self.commits += 1;
        match self.transaction(jobs) {
            Ok(answers) => answers,
            // A large batch may find the disk full where a small one does not.
            Err(_) if jobs.len() > 1 && self.broken.is_none() => jobs.iter().flat_map(|job| self.commit(slice::from_ref(job))).collect(),
            Err(error) => {
                for job in jobs.iter().filter(|job| !job.awaited) {
                    self.end.failed.extend(job.runs().map(|run| (run, error.clone())));
                }
                jobs.iter().map(|_| Err(error.clone())).collect()
            }
        }
    }

    /// Whether a checkpoint is owed.
    fn owes(&self) -> bool {
        self.end.owed.is_some() && self.broken.is_none()
    }

    /// Writes the checkpoint that is owed, when nobody waits for anything. What fails here is owed on.
    pub(crate) fn pay(&mut self) {
        if self.owes() {
            let _ = self.transaction(&[]);
        }
    }

    /// Whether there is something to be done when nobody waits.
    pub(crate) fn has_put_off(&self) -> bool {
        self.owes() || (self.commits >= WORTH_WRITING_BACK && self.broken.is_none())
    }

    /// Does it: writes the checkpoint that is owed, and the log back to the database. A disk that fails here tells of it once, to nobody who waits: so whoever
    /// asks next is told. Anything else fails again at a commit, where someone hears of it.
    pub(crate) fn catch_up(&mut self) {
        self.pay();
        if self.commits >= WORTH_WRITING_BACK && self.broken.is_none() {
            let written = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
            self.broken = written.err().filter(schema::has_failed).map(of_sqlite);
            self.commits = 0;
        }
    }

    fn transaction(&mut self, jobs: &[Job]) -> Result<Vec<Answer>, StoreError> {
        let durable = jobs.iter().any(|job| job.durability == Durability::Durable);
        self.sync_at_commit(if durable { Durability::Durable } else { Durability::Written })?;
        self.run("BEGIN IMMEDIATE").map_err(of_sqlite)?;
        let filled = self.fill(jobs).and_then(|filled| self.end_transaction().map(|()| filled));
        match filled {
            Ok((end, answers)) => {
                self.end = end;
                Ok(answers)
            }
            Err(error) => {
                // After some failures SQLite has rolled back by itself.
                if !self.connection.is_autocommit() {
                    self.connection.execute_batch("ROLLBACK").map_err(of_sqlite)?;
                }
                Err(error)
            }
        }
    }

    fn end_transaction(&mut self) -> Result<(), StoreError> {
        self.run("COMMIT").map_err(|error| {
            let error = of_sqlite(error);
            if matches!(error, StoreError::Medium(_)) {
                self.broken = Some(error.clone());
            }
            error
        })
    }

    fn run(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }

    fn fill(&self, jobs: &[Job]) -> Result<(End, Vec<Answer>), StoreError> {
        let mut end = self.caught_up()?;
        let insert = self.connection.prepare_cached("INSERT INTO record (idx, run, seq, before, hash, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
        let mut shared = Shared { insert: insert.map_err(of_sqlite)?, held: BTreeSet::new() };
        let answers = jobs.iter().map(|job| self.take(job, &mut end, &mut shared)).collect::<Result<_, _>>()?;
        self.file(jobs.iter().flat_map(Job::runs).collect(), &mut end)?;
        if end.owed.is_some_and(|since| jobs.is_empty() || since.elapsed() >= CHECKPOINTS_APART) {
            self.write_checkpoint(&mut end)?;
        }
        let (size, frontier) = (to_kept(end.frontier.size())?, end.frontier.to_bytes());
        // Even when nothing has changed: without a page to write SQLite would not sync what was written before.
        let mut update = self.connection.prepare_cached("UPDATE head SET size = ?1, frontier = ?2").map_err(of_sqlite)?;
        update.execute((size, frontier)).map_err(of_sqlite)?;
        Ok((end, answers))
    }

    /// The end of the ledger as it is now: another process may have added to it.
    fn caught_up(&self) -> Result<End, StoreError> {
        let mut size = self.connection.prepare_cached("SELECT size FROM head").map_err(of_sqlite)?;
        let size: i64 = size.query_row([], |row| row.get(0)).map_err(of_sqlite)?;
        let mut end = self.end.clone();
        if size != to_kept(end.frontier.size())? {
            end.frontier = self.kept_frontier()?;
            end.places.clear();
        }
        if end.places.len() > MOST_PLACES {
            end.places.clear();
        }
        Ok(end)
    }

    fn kept_frontier(&self) -> Result<Frontier, StoreError> {
        let sql = "SELECT size, frontier, (SELECT ifnull(max(idx), -1) + 1 FROM record) FROM head";
        let kept = self.connection.query_row(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, i64>(2)?)));
        let (size, frontier, records) = kept.map_err(of_sqlite)?;
        // Nothing is added to a ledger that has lost its end.
        if size != records {
            return Err(StoreError::Damaged(format!("its ledger has {records} records, {size} by its kept head")));
        }
        let frontier = u64::try_from(size).ok().and_then(|size| Frontier::from_bytes(size, &frontier));
        frontier.ok_or_else(|| StoreError::Damaged("the ledger's head is malformed".into()))
    }

    /// The outer error ends the transaction, the inner one refuses this job alone: then nothing of it has been written.
    fn take(&self, job: &Job, end: &mut End, shared: &mut Shared<'_>) -> Result<Answer, StoreError> {
        if let Some(error) = job.runs().find_map(|run| end.failed.get(&run).cloned()) {
            // Kept until somebody hears of it.
            if job.awaited {
                end.failed.retain(|failed, _| !job.runs().any(|run| run == *failed));
            }
            return Ok(Err(error));
        }
        if let Err(error) = self.may_write(job, end, &mut shared.held)? {
            if !job.awaited {
                end.failed.extend(job.runs().map(|run| (run, error.clone())));
            }
            return Ok(Err(error));
        }
        self.write(job, end, &mut shared.insert)?;
        self.write_beside(job)?;
        if job.aside.is_some() || job.lease.as_ref().is_some_and(|used| used.end != LeaseEnd::Kept) {
            shared.held.clear();
        }
        if job.checkpoint && !job.awaited {
            end.owed.get_or_insert_with(Instant::now);
            return Ok(Ok(None));
        }
        Ok(Ok(job.checkpoint.then(|| self.write_checkpoint(end)).transpose()?))
    }

    /// Whether the job's lease is the newest and every record has its place, which it is given then.
    fn may_write(&self, job: &Job, end: &mut End, held: &mut BTreeSet<(RunId, u64)>) -> Result<Result<(), StoreError>, StoreError> {
        if let Some(LeaseUse { lease, .. }) = &job.lease
            && !held.contains(&(lease.run, lease.token))
        {
            if !leases::holds(&self.connection, lease)? {
                return Ok(Err(StoreError::LeaseLost { run: lease.run, environment: lease.environment.clone() }));
            }
            held.insert((lease.run, lease.token));
        }
        self.places(job, end)
    }

    /// Whether every record of the job comes where its run's next one belongs.
    fn places(&self, job: &Job, end: &mut End) -> Result<Result<(), StoreError>, StoreError> {
        for (at, &Row { run, seq, .. }) in job.records.iter().enumerate() {
            // Nearly always the one before it.
            let next = match job.records[..at].iter().rev().find(|before| before.run == run) {
                Some(before) => before.seq + 1,
                None => self.place(run, end)?.next,
            };
            if seq < next {
                return Ok(Err(StoreError::Conflict { run, seq }));
            }
            if seq > next {
                return Ok(Err(StoreError::Gap { run, seq, expected: next }));
            }
        }
        Ok(Ok(()))
    }

    fn place<'a>(&self, run: RunId, end: &'a mut End) -> Result<&'a mut Place, StoreError> {
        Ok(match end.places.entry(run) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(self.kept_place(run)?),
        })
    }

    fn kept_place(&self, run: RunId) -> Result<Place, StoreError> {
        let mut kept = self.connection.prepare_cached("SELECT first, last, next FROM run WHERE run = ?1").map_err(of_sqlite)?;
        let kept = kept.query_row([run.to_bytes()], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?))).optional().map_err(of_sqlite)?;
        let Some((first, last, next)) = kept else { return Ok(Place::default()) };
        let next = u64::try_from(next).map_err(|_| StoreError::Damaged(format!("a record of run {run} has a negative number")))?;
        Ok(Place { next, ends: Some((first, last)) })
    }

    fn write(&self, job: &Job, end: &mut End, insert: &mut CachedStatement<'_>) -> Result<(), StoreError> {
        let since = to_kept(end.frontier.size())?;
        for Row { run, seq, hash, bytes } in &job.records {
            let index = to_kept(end.frontier.size())?;
            let place = self.place(*run, end)?;
            let (first, before) = place.ends.map_or((index, None), |(first, last)| (first, Some(last)));
            insert.execute((index, run.to_bytes(), to_kept(*seq)?, before, hash.0, bytes)).map_err(of_sqlite)?;
            *place = Place { next: seq + 1, ends: Some((first, index)) };
            end.frontier.push(hash);
        }
        for (digest, sealed) in &job.blobs {
            blobs::keep(&self.connection, *digest, sealed, since)?;
        }
        blobs::remove(&self.connection, &job.forget, i64::MAX).map(drop)
    }

    /// Writes down where the records of these runs are found.
    fn file(&self, runs: BTreeSet<RunId>, end: &mut End) -> Result<(), StoreError> {
        let sql = "INSERT INTO run (run, first, last, next) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (run) DO UPDATE SET last = ?3, next = ?4";
        let mut file = self.connection.prepare_cached(sql).map_err(of_sqlite)?;
        for run in runs {
            let Place { next, ends } = *self.place(run, end)?;
            let Some((first, last)) = ends else { continue };
            file.execute((run.to_bytes(), first, last, to_kept(next)?)).map_err(of_sqlite)?;
        }
        Ok(())
    }

    fn write_beside(&self, job: &Job) -> Result<(), StoreError> {
        for (id, answer) in &job.answers {
            acts::set_answer(&self.connection, *id, answer)?;
        }
        job.wake.map_or(Ok(()), |wake| leases::wake(&self.connection, wake))?;
        job.lease.as_ref().map_or(Ok(()), |used| leases::end(&self.connection, used))?;
        job.aside.as_ref().map_or(Ok(()), |aside| aside(&self.connection))
    }

    /// The same head is signed once.
    fn write_checkpoint(&self, end: &mut End) -> Result<String, StoreError> {
        let size = to_kept(end.frontier.size())?;
        end.owed = None;
        let mut kept = self.connection.prepare_cached("SELECT note FROM checkpoint WHERE size = ?1").map_err(of_sqlite)?;
        if let Some(note) = kept.query_row([size], |row| row.get(0)).optional().map_err(of_sqlite)? {
            return Ok(note);
        }
        let note = self.signer.sign(&end.frontier.head());
        let mut insert = self.connection.prepare_cached("INSERT INTO checkpoint (size, note) VALUES (?1, ?2)").map_err(of_sqlite)?;
        insert.execute((size, &note)).map_err(of_sqlite)?;
        Ok(note)
    }

    /// Told outside of a transaction, where alone SQLite listens.
    fn sync_at_commit(&mut self, durability: Durability) -> Result<(), StoreError> {
        if self.syncs != Some(durability) {
            self.connection
                .execute_batch(match durability {
                    Durability::Written => "PRAGMA synchronous = NORMAL",
                    Durability::Durable => "PRAGMA synchronous = FULL",
                })
                .map_err(of_sqlite)?;
            self.syncs = Some(durability);
        }
        Ok(())
    }
}

/// SQLite's integers are signed.
pub(crate) fn to_kept(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Damaged("a number of the ledger is out of range".into()))
}

#[cfg(test)]
mod tests;
