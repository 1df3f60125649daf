//! `artifact`: bytes named once in a run. A draft is gathered here, as the guest's memory, and goes through the gate when it is sealed.

use lockstep_model::request::{ArtifactRequest, ArtifactResponse, SealedArtifact};
use lockstep_model::{Content, Failure};
use wasmtime::Result;
use wasmtime::component::Resource;

use crate::bindings::lockstep::contract::artifact;
use crate::context::{Context, Kept};
use crate::ended::Refusal;
use crate::shown::shown;

use super::unexpected;

/// The largest artifact.
const LARGEST: usize = 64 << 20;
const LONGEST_ID: usize = 64;

/// An artifact being written.
pub struct Draft {
    id: String,
    bytes: Vec<u8>,
    /// There were more bytes than may be. What was gathered has been let go.
    too_large: bool,
}

impl Kept for Draft {
    fn size(&self) -> usize {
        self.id.len() + self.bytes.len()
    }
}

impl Draft {
    fn append(&mut self, bytes: &[u8]) {
        if self.too_large || self.bytes.len() + bytes.len() > LARGEST {
            self.too_large = true;
            self.bytes = Vec::new();
            return;
        }
        self.bytes.extend_from_slice(bytes);
    }

    fn seal(&self) -> Result<ArtifactRequest, Failure> {
        if !is_id(&self.id) {
            let text = format!("artifact id `{}`: expected 1 to {LONGEST_ID} of a-z, 0-9, - and .", shown(&self.id));
            return Err(Failure::problem("artifact.id", text));
        }
        if self.too_large {
            return Err(Failure::fixed_limit("artifact.limit", format!("artifact `{}` has more than {LARGEST} bytes", self.id)));
        }
        Ok(ArtifactRequest::Seal { id: self.id.clone(), bytes: Content(self.bytes.clone()) })
    }
}

fn is_id(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.')
}

impl artifact::Host for Context {
    fn by_id(&mut self, id: String) -> Result<Option<Resource<SealedArtifact>>> {
        self.gate("artifact.by-id")?;
        if !is_id(&id) {
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

    fn drop(&mut self, sealed: Resource<SealedArtifact>) -> Result<()> {
        self.forget(sealed)
    }
}

impl artifact::HostDraft for Context {
    fn new(&mut self, id: String) -> Result<Resource<Draft>> {
        self.gate("artifact.draft")?;
        self.keep(Draft { id, bytes: Vec::new(), too_large: false })
    }

    fn append(&mut self, draft: Resource<Draft>, bytes: Vec<u8>) -> Result<()> {
        self.change(&draft, |draft| draft.append(&bytes))
    }

    fn append_text(&mut self, draft: Resource<Draft>, text: String) -> Result<()> {
        self.change(&draft, |draft| draft.append(text.as_bytes()))
    }

    fn seal(&mut self, draft: Resource<Draft>) -> Result<Resource<SealedArtifact>, Refusal> {
        let request = self.kept(&draft)?.seal()?;
        match self.ask("artifact.draft.seal", request)? {
            ArtifactResponse::Sealed(sealed) => Ok(self.keep(sealed)?),
            ArtifactResponse::Found(_) | ArtifactResponse::Bytes(_) => Err(unexpected("artifact.draft.seal").into()),
        }
    }

    fn drop(&mut self, draft: Resource<Draft>) -> Result<()> {
        self.forget(draft)
    }
}
