//! `artifact`: bytes named once in a run. A short draft is gathered here, as the guest's memory; a longer one is streamed to the store. Neither is an artifact
//! before it has gone through the gate, when it is sealed. What is appended is not recorded: after a crash the guest appends it again.

use lockstep_gate::artifacts::check_artifact_id;
use lockstep_gate::{ArtifactSink, Gate};
use lockstep_model::request::{ArtifactRequest, ArtifactResponse, SealedArtifact};
use lockstep_model::{Content, Failure};
use wasmtime::Result;
use wasmtime::component::Resource;

use crate::bindings::lockstep::contract::artifact;
use crate::context::{Context, Kept};
use crate::ended::Refusal;
use crate::shown::shown;

use super::unexpected;

/// What is gathered for one request at most: what is longer is streamed to the store, and is sealed by its digest.
const LONGEST_HELD: usize = 1 << 20;

/// An artifact being written.
pub struct Draft {
    id: String,
    bytes: Bytes,
}

/// What was appended so far.
enum Bytes {
    /// So little that the request takes it along.
    Held(Vec<u8>),
    /// On its way to the store.
    Streamed(Box<ArtifactSink>),
    /// In the store, under its digest: it can be sealed again, and takes nothing more.
    There(SealedArtifact),
    /// Something went wrong, which `seal` says. What was gathered has been let go.
    Wrong(Failure),
}

impl Bytes {
    fn there(there: SealedArtifact) -> (Self, Result<ArtifactRequest, Failure>) {
        let SealedArtifact { id, digest, size } = there.clone();
        (Self::There(there), Ok(ArtifactRequest::SealStreamed { id, digest, size }))
    }
}

impl Kept for Draft {
    fn size(&self) -> usize {
        let held = match &self.bytes {
            Bytes::Held(bytes) => bytes.len(),
            Bytes::Streamed(_) | Bytes::There(_) | Bytes::Wrong(_) => 0,
        };
        self.id.len() + held
    }
}

impl Draft {
    fn new(id: String) -> Self {
        let bytes = match check_artifact_id(&id) {
            Ok(()) => Bytes::Held(Vec::new()),
            Err(wrong) => Bytes::Wrong(wrong),
        };
        Self { id, bytes }
    }

    fn append(&mut self, gate: &Gate, bytes: &[u8]) {
        let appended = match &mut self.bytes {
            Bytes::Held(held) if held.len() + bytes.len() <= LONGEST_HELD => {
                held.extend_from_slice(bytes);
                return;
            }
            Bytes::Held(held) => gate.draft(&self.id).and_then(|mut sink| {
                sink.append(held)?;
                sink.append(bytes)?;
                Ok(Some(Bytes::Streamed(Box::new(sink))))
            }),
            Bytes::Streamed(sink) => sink.append(bytes).map(|()| None),
            Bytes::There(_) => Err(Failure::problem("artifact.taken", format!("artifact `{}` was sealed: its draft takes no more bytes", self.id))),
            Bytes::Wrong(_) => return,
        };
        match appended {
            Ok(None) => {}
            Ok(Some(streamed)) => self.bytes = streamed,
            Err(wrong) => self.bytes = Bytes::Wrong(wrong),
        }
    }

    fn seal(&mut self) -> Result<ArtifactRequest, Failure> {
        let (bytes, sealed) = match std::mem::replace(&mut self.bytes, Bytes::Held(Vec::new())) {
            Bytes::Held(bytes) => {
                let sealed = ArtifactRequest::Seal { id: self.id.clone(), bytes: Content(bytes.clone()) };
                (Bytes::Held(bytes), Ok(sealed))
            }
            Bytes::Streamed(sink) => match sink.finish() {
                Ok(there) => Bytes::there(there),
                Err(wrong) => (Bytes::Wrong(wrong.clone()), Err(wrong)),
            },
            Bytes::There(there) => Bytes::there(there),
            Bytes::Wrong(wrong) => (Bytes::Wrong(wrong.clone()), Err(wrong)),
        };
        self.bytes = bytes;
        sealed
    }
}

impl artifact::Host for Context {
    fn by_id(&mut self, id: String) -> Result<Option<Resource<SealedArtifact>>> {
        self.gate("artifact.by-id")?;
        if check_artifact_id(&id).is_err() {
            // No artifact can have it: nothing to ask, and nothing to record.
            return Ok(None);
        }
        match self.ask_surely("artifact.by-id", ArtifactRequest::ById { id })? {
            ArtifactResponse::Found(Some(found)) => Ok(Some(self.keep(found)?)),
            ArtifactResponse::Found(None) => Ok(None),
            ArtifactResponse::Sealed(_) | ArtifactResponse::Bytes(_) => Err(unexpected("artifact.by-id")),
        }
    }
}

impl artifact::HostSealed for Context {
    fn id(&mut self, sealed: Resource<SealedArtifact>) -> Result<String> {
        Ok(self.kept(&sealed)?.id.clone())
    }

    fn digest(&mut self, sealed: Resource<SealedArtifact>) -> Result<String> {
        Ok(self.kept(&sealed)?.digest.to_string())
    }

    fn size(&mut self, sealed: Resource<SealedArtifact>) -> Result<String> {
        Ok(self.kept(&sealed)?.size.clone())
    }

    fn read(&mut self, sealed: Resource<SealedArtifact>, offset: u32, count: u32) -> Result<Vec<u8>, Refusal> {
        let digest = self.kept(&sealed)?.digest;
        match self.ask("artifact.sealed.read", ArtifactRequest::Read { digest, offset, count })? {
            ArtifactResponse::Bytes(Content(bytes)) => Ok(bytes),
            ArtifactResponse::Sealed(_) | ArtifactResponse::Found(_) => Err(unexpected("artifact.sealed.read").into()),
        }
    }

    fn read_at(&mut self, sealed: Resource<SealedArtifact>, offset: String, count: u32) -> Result<Vec<u8>, Refusal> {
        let digest = self.kept(&sealed)?.digest;
        let Ok(first) = offset.parse::<u64>() else {
            let text = format!("offset `{}`: expected a decimal number of at most 64 bits", shown(&offset));
            return Err(Failure::fixed_limit("artifact.limit", text).into());
        };
        match self.ask("artifact.sealed.read-at", ArtifactRequest::ReadAt { digest, offset: first.to_string(), count })? {
            ArtifactResponse::Bytes(Content(bytes)) => Ok(bytes),
            ArtifactResponse::Sealed(_) | ArtifactResponse::Found(_) => Err(unexpected("artifact.sealed.read-at").into()),
        }
    }

    fn drop(&mut self, sealed: Resource<SealedArtifact>) -> Result<()> {
        self.forget(sealed)
    }
}

impl artifact::HostDraft for Context {
    fn new(&mut self, id: String) -> Result<Resource<Draft>> {
        self.gate("artifact.draft")?;
        self.keep(Draft::new(id))
    }

    fn append(&mut self, draft: Resource<Draft>, bytes: Vec<u8>) -> Result<()> {
        let gate = self.gate("artifact.draft.append")?.clone();
        self.change(&draft, |draft| draft.append(&gate, &bytes))
    }

    fn append_text(&mut self, draft: Resource<Draft>, text: String) -> Result<()> {
        artifact::HostDraft::append(self, draft, text.into_bytes())
    }

    fn seal(&mut self, draft: Resource<Draft>) -> Result<Resource<SealedArtifact>, Refusal> {
        let mut request = None;
        self.change(&draft, |draft| request = Some(draft.seal()))?;
        let request = request.ok_or_else(|| unexpected("artifact.draft.seal"))??;
        match self.ask("artifact.draft.seal", request)? {
            ArtifactResponse::Sealed(sealed) => Ok(self.keep(sealed)?),
            ArtifactResponse::Found(_) | ArtifactResponse::Bytes(_) => Err(unexpected("artifact.draft.seal").into()),
        }
    }

    fn drop(&mut self, draft: Resource<Draft>) -> Result<()> {
        self.forget(draft)
    }
}
