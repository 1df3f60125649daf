//! Artifacts as drivers and drafts reach them: bytes of any size, in and out, in constant memory.
//!
//! What is written here is no artifact of the run before the outcome of the call that made it is recorded: see `Response::artifacts`.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lockstep_journal::blobs::Measure;
use lockstep_journal::memory::MemoryStore;
use lockstep_journal::{BlobDraft, BlobError, Blobs, Scribe};
use lockstep_model::request::SealedArtifact;
use lockstep_model::{Digest, Failure};

use crate::secrets::{ScrubStream, Secrets};

pub use lockstep_journal::BlobReader as ArtifactReader;
pub use lockstep_journal::blobs::{Behind, pump};

/// So many of one attempt are written at a time: each may have an open file.
const MOST_AT_ONCE: u32 = 16;

/// The artifacts of a run, and room for new ones.
pub trait Artifacts: Send + Sync {
    /// Opens the bytes of an artifact. What reading fails with is made a failure by `unreadable`.
    ///
    /// # Errors
    /// `artifact.corrupt` when they are not there any more or are seen not to be what the digest says, `artifact.store` when the store cannot be read.
    fn open(&self, digest: Digest) -> Result<Box<dyn ArtifactReader>, Failure>;

    /// Begins an artifact of bytes that are kept as they are.
    ///
    /// # Errors
    /// `artifact.id`, `artifact.limit` when too many are written at once.
    fn create(&self, id: &str) -> Result<ArtifactSink, Failure>;

    /// Begins an artifact of what comes from outside: values of secrets are taken out of it, also where they come in parts.
    ///
    /// # Errors
    /// As `create`.
    fn create_scrubbed(&self, id: &str) -> Result<ArtifactSink, Failure>;
}

/// An artifact being written. Dropped, it leaves nothing behind.
pub struct ArtifactSink {
    id: String,
    /// The digest of the run's artifact of that id: then the bytes are compared and not kept once more.
    known: Option<Digest>,
    draft: Box<dyn BlobDraft>,
    scrub: Option<ScrubStream>,
    room: Room,
}

impl ArtifactSink {
    /// Adds bytes at the end.
    ///
    /// # Errors
    /// `artifact.room` when the run has no room for them, `artifact.store` when the store cannot keep them.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let Self { id, draft, scrub, room, .. } = self;
        let mut put = |bytes: &[u8]| put(id, &mut **draft, room, bytes);
        match scrub {
            None => put(bytes),
            Some(scrub) => scrub.pass(bytes, &mut put),
        }
    }

    /// Keeps it, durably. It is the run's once the call's outcome is recorded.
    ///
    /// # Errors
    /// `artifact.taken` when the run has another artifact of this id; as `append`.
    pub fn finish(self) -> Result<SealedArtifact, Failure> {
        let Self { id, known, mut draft, scrub, mut room } = self;
        if let Some(scrub) = scrub {
            scrub.end(&mut |bytes| put(&id, &mut *draft, &mut room, bytes))?;
        }
        let kept = draft.finish().map_err(|error| unkept(&id, &error))?;
        match known {
            Some(known) if known != kept.digest => Err(taken(&id, known, Some(kept.digest))),
            Some(_) | None => Ok(SealedArtifact { id, digest: kept.digest, size: kept.size.to_string() }),
        }
    }
}

fn put(id: &str, draft: &mut dyn BlobDraft, room: &mut Room, bytes: &[u8]) -> Result<(), Failure> {
    room.take(bytes.len())?;
    draft.write_all(bytes).map_err(|error| unkept(id, &error.into()))
}

/// What the drafts of one attempt take together.
#[derive(Default)]
pub(crate) struct Streams {
    bytes: AtomicU64,
    open: AtomicU32,
}

/// The part of it that one draft takes, until it is finished or dropped.
struct Room {
    streams: Arc<Streams>,
    taken: u64,
    /// What the run may have beside what it has.
    left: u64,
    most: u64,
}

impl Room {
    fn of(streams: &Arc<Streams>, most: u64, had: u64) -> Result<Self, Failure> {
        let open = streams.open.fetch_add(1, Ordering::Relaxed);
        let room = Self { streams: Arc::clone(streams), taken: 0, left: most.saturating_sub(had), most };
        if open >= MOST_AT_ONCE {
            let text = format!("more than {MOST_AT_ONCE} artifacts are written at once: seal one, or drop it, before the next");
            return Err(Failure::fixed_limit("artifact.limit", text));
        }
        Ok(room)
    }

    fn take(&mut self, bytes: usize) -> Result<(), Failure> {
        let bytes = bytes as u64;
        self.taken += bytes;
        if self.streams.bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) > self.left {
            let text =
                format!("the artifacts of the run have more than {} bytes in all: raise `limits.artifacts` in the grant file if they have to", self.most);
            return Err(Failure::problem("artifact.room", text));
        }
        Ok(())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.streams.bytes.fetch_sub(self.taken, Ordering::Relaxed);
        self.streams.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The artifacts of a run under way.
pub(crate) struct RunArtifacts<'a> {
    pub(crate) scribe: &'a Mutex<Scribe>,
    pub(crate) secrets: &'a Secrets,
    /// Bytes of all artifacts of the run, at most.
    pub(crate) most: u64,
    pub(crate) streams: &'a Arc<Streams>,
}

impl RunArtifacts<'_> {
    fn begin(&self, id: &str, scrub: Option<ScrubStream>) -> Result<ArtifactSink, Failure> {
        check_artifact_id(id)?;
        let (store, known, had) = {
            let scribe = self.scribe.lock().unwrap_or_else(PoisonError::into_inner);
            let artifacts = &scribe.state().artifacts;
            let had = artifacts.values().filter_map(|there| there.size.parse::<u64>().ok()).fold(0, u64::saturating_add);
            (Arc::clone(scribe.store()), artifacts.get(id).map(|there| there.digest), had)
        };
        let (draft, most): (Box<dyn BlobDraft>, _) = match known {
            Some(_) => (Box::<Measure>::default(), u64::MAX),
            None => (store.draft().map_err(|error| unkept(id, &error))?, self.most),
        };
        Ok(ArtifactSink { id: id.to_owned(), known, draft, scrub, room: Room::of(self.streams, most, had)? })
    }
}

impl Artifacts for RunArtifacts<'_> {
    fn open(&self, digest: Digest) -> Result<Box<dyn ArtifactReader>, Failure> {
        let store = Arc::clone(self.scribe.lock().unwrap_or_else(PoisonError::into_inner).store());
        opened(store.open_blob(digest), digest)
    }

    fn create(&self, id: &str) -> Result<ArtifactSink, Failure> {
        self.begin(id, None)
    }

    fn create_scrubbed(&self, id: &str) -> Result<ArtifactSink, Failure> {
        self.begin(id, Some(self.secrets.stream()))
    }
}

/// A sink that only measures: for an attempt that is replayed and must write nothing.
pub(crate) fn measuring(id: &str, streams: &Arc<Streams>) -> Result<ArtifactSink, Failure> {
    check_artifact_id(id)?;
    Ok(ArtifactSink { id: id.to_owned(), known: None, draft: Box::<Measure>::default(), scrub: None, room: Room::of(streams, u64::MAX, 0)? })
}

/// Artifacts of no run, in memory: for tests of drivers.
#[derive(Default)]
pub struct LooseArtifacts {
    store: MemoryStore,
    streams: Arc<Streams>,
    secrets: Option<Secrets>,
}

impl LooseArtifacts {
    /// With values to be taken out of what is scrubbed.
    pub fn without(secrets: Secrets) -> Self {
        Self { secrets: Some(secrets), ..Self::default() }
    }

    /// Keeps bytes, to be opened.
    ///
    /// # Errors
    /// Never: there is memory.
    pub fn keep(&self, bytes: &[u8]) -> Result<Digest, Failure> {
        self.store.keep_blob(bytes).map_err(|error| unkept("", &error))
    }

    /// The bytes of an artifact.
    ///
    /// # Errors
    /// When there are none.
    pub fn bytes(&self, digest: Digest) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        self.open(digest)?.read_to_end(&mut bytes).map_err(unreadable)?;
        Ok(bytes)
    }

    fn begin(&self, id: &str, scrub: Option<ScrubStream>) -> Result<ArtifactSink, Failure> {
        check_artifact_id(id)?;
        let draft = self.store.draft().map_err(|error| unkept(id, &error))?;
        Ok(ArtifactSink { id: id.to_owned(), known: None, draft, scrub, room: Room::of(&self.streams, u64::MAX, 0)? })
    }
}

impl Artifacts for LooseArtifacts {
    fn open(&self, digest: Digest) -> Result<Box<dyn ArtifactReader>, Failure> {
        opened(self.store.open_blob(digest), digest)
    }

    fn create(&self, id: &str) -> Result<ArtifactSink, Failure> {
        self.begin(id, None)
    }

    fn create_scrubbed(&self, id: &str) -> Result<ArtifactSink, Failure> {
        self.begin(id, self.secrets.as_ref().map(Secrets::stream))
    }
}

/// That it is one: 1 to 64 of `a-z`, `0-9`, `-` and `.`.
///
/// # Errors
/// `artifact.id`.
pub fn check_artifact_id(id: &str) -> Result<(), Failure> {
    const LONGEST: usize = 64;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    if (1..=LONGEST).contains(&id.len()) && id.bytes().all(plain) {
        Ok(())
    } else {
        let shown: String = id.chars().take(40).flat_map(char::escape_default).collect();
        Err(Failure::problem("artifact.id", format!("artifact id `{shown}`: expected 1 to {LONGEST} of a-z, 0-9, - and .")))
    }
}

/// What reading an artifact failed with.
pub fn unreadable(error: std::io::Error) -> Failure {
    unread(&error.into())
}

pub(crate) fn opened(found: Result<Option<Box<dyn ArtifactReader>>, BlobError>, digest: Digest) -> Result<Box<dyn ArtifactReader>, Failure> {
    found.map_err(|error| unread(&error))?.ok_or_else(|| {
        Failure::problem("artifact.corrupt", format!("the bytes of the artifact {digest} are not in the store any more: its retention has removed them"))
    })
}

/// The id has other bytes already; `found` are those it was to have, if they are known.
pub(crate) fn taken(id: &str, there: Digest, found: Option<Digest>) -> Failure {
    let found = found.map(|found| format!("; this one has {found}")).unwrap_or_default();
    Failure::problem("artifact.taken", format!("the run has an artifact `{id}` already, with digest {there}{found}"))
}

fn unread(error: &BlobError) -> Failure {
    match error {
        BlobError::Corrupt(_) | BlobError::NoKey { .. } => Failure::problem("artifact.corrupt", error.to_string()),
        BlobError::Medium(why) => Failure::retryable("artifact.store", format!("the store could not read an artifact: {why}")),
    }
}

fn unkept(id: &str, error: &BlobError) -> Failure {
    Failure::retryable("artifact.store", format!("the store could not keep artifact `{id}`: {error}"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lockstep_model::Secret;

    use super::{Artifacts as _, LooseArtifacts, MOST_AT_ONCE, Room, Streams};
    use crate::secrets::Secrets;

    #[test]
    fn a_value_that_comes_in_two_parts_is_not_in_the_artifact() {
        let secrets = Secrets::new("seed");
        secrets.learn("KEY", Secret::new(b"hunter2-and-more".to_vec()));
        let marker = secrets.marker("KEY");
        let artifacts = LooseArtifacts::without(secrets);
        let mut sink = artifacts.create_scrubbed("log").unwrap();
        sink.append(b"key: hunter2-").unwrap();
        sink.append(b"and-more, and hunter2").unwrap();
        let sealed = sink.finish().unwrap();
        let text = String::from_utf8(artifacts.bytes(sealed.digest).unwrap()).unwrap();
        assert_eq!(text, format!("key: {marker}, and hunter2"));
        assert_eq!(sealed.size, text.len().to_string());
    }

    #[test]
    fn room_is_shared_by_all_that_is_written_and_given_back() {
        let streams = Arc::new(Streams::default());
        let mut one = Room::of(&streams, 100, 40).unwrap();
        let mut two = Room::of(&streams, 100, 40).unwrap();
        one.take(50).unwrap();
        two.take(10).unwrap();
        let failure = two.take(1).unwrap_err();
        assert!(failure.code() == "artifact.room" && failure.message().contains("100 bytes") && failure.message().contains("limits.artifacts"), "{failure}");
        drop(two);
        one.take(10).unwrap();
    }

    #[test]
    fn no_more_than_a_few_are_written_at_once() {
        let artifacts = LooseArtifacts::default();
        let mut open: Vec<_> = (0..MOST_AT_ONCE).map(|number| artifacts.create(&number.to_string()).unwrap()).collect();
        assert_eq!(artifacts.create("more").err().unwrap().code(), "artifact.limit");
        open.pop();
        artifacts.create("more").unwrap();
        assert_eq!(artifacts.create("NO").err().unwrap().code(), "artifact.id");
    }
}
