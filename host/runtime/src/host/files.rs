//! `files`: paths and contents are checked for length and form here; where a path leads is for the grant and the driver.

use lockstep_model::request::{Entry, EntryKind, FilesRequest, FilesResponse, Probe, SealedArtifact};
use lockstep_model::{Content, Failure};
use wasmtime::Result;
use wasmtime::component::Resource;

use crate::bindings::lockstep::contract::files;
use crate::context::Context;
use crate::ended::Refusal;
use crate::shown::shown;

use super::probe::Draft;
use super::text::as_text;
use super::unexpected;

const LONGEST_PATH: usize = 4 << 10;
const LARGEST_FILE: usize = 16 << 20;
const LONGEST_ID: usize = 256;

/// The path, when it could be one: absolute, without NUL, without a way up.
fn path(given: String) -> Result<String, Failure> {
    let wrong = |what: &str| Failure::problem("files.path", format!("path `{}` {what}", shown(&given)));
    if given.len() > LONGEST_PATH {
        return Err(wrong(&format!("has {} bytes, at most {LONGEST_PATH}", given.len())));
    }
    if given.contains('\0') {
        return Err(wrong("has a NUL"));
    }
    if !given.starts_with('/') {
        return Err(wrong("is not absolute"));
    }
    if given.split('/').any(|part| part == "..") {
        return Err(wrong("has `..` in it"));
    }
    Ok(given)
}

/// Where a link points. `..` may stand in it; whether it leads outside is found out by the driver, which knows what is there.
fn target(given: String) -> Result<String, Failure> {
    if given.is_empty() || given.len() > LONGEST_PATH || given.contains('\0') {
        let text = format!("a link's target `{}` of {} bytes: expected 1 to {LONGEST_PATH} without NUL", shown(&given), given.len());
        return Err(Failure::problem("files.path", text));
    }
    Ok(given)
}

fn content(bytes: Vec<u8>) -> Result<Content, Failure> {
    if bytes.len() > LARGEST_FILE {
        return Err(Failure::fixed_limit("files.limit", format!("writing {} bytes at once, at most {LARGEST_FILE} (an artifact may have more)", bytes.len())));
    }
    Ok(Content(bytes))
}

impl Context {
    /// A function that gives nothing.
    fn effect(&mut self, function: &'static str, request: FilesRequest) -> Result<(), Refusal> {
        self.ask(function, request)?;
        Ok(())
    }

    fn contents(&mut self, function: &'static str, given: String) -> Result<Vec<u8>, Refusal> {
        self.gate(function)?;
        match self.ask(function, FilesRequest::Read { path: path(given)? })? {
            FilesResponse::Bytes(Content(bytes)) => Ok(bytes),
            _ => Err(unexpected(function).into()),
        }
    }

    fn append(&mut self, function: &'static str, given: String, text: String, probe: Option<Box<Probe>>) -> Result<(), Refusal> {
        self.gate(function)?;
        if text.len() > LARGEST_FILE {
            return Err(Failure::fixed_limit("files.limit", format!("appending {} bytes at once, at most {LARGEST_FILE}", text.len())).into());
        }
        self.effect(function, FilesRequest::AppendText { path: path(given)?, text, probe })
    }

    fn write_file(&mut self, function: &'static str, given: String, bytes: Vec<u8>) -> Result<(), Refusal> {
        self.gate(function)?;
        self.effect(function, FilesRequest::Write { path: path(given)?, bytes: content(bytes)? })
    }
}

impl files::Host for Context {
    fn read(&mut self, given: String) -> Result<Vec<u8>, Refusal> {
        self.contents("files.read", given)
    }

    fn read_text(&mut self, given: String) -> Result<String, Refusal> {
        let what = format!("`{}`", shown(&given));
        let bytes = self.contents("files.read-text", given)?;
        Ok(as_text(&bytes, "files.invalid-utf8", &what)?)
    }

    fn write(&mut self, given: String, bytes: Vec<u8>) -> Result<(), Refusal> {
        self.write_file("files.write", given, bytes)
    }

    fn write_text(&mut self, given: String, text: String) -> Result<(), Refusal> {
        self.write_file("files.write-text", given, text.into_bytes())
    }

    fn append_text(&mut self, given: String, text: String) -> Result<(), Refusal> {
        self.append("files.append-text", given, text, None)
    }

    fn append_text_probed(&mut self, given: String, text: String, probe: Resource<Draft>) -> Result<(), Refusal> {
        let probe = self.kept(&probe)?.finished()?;
        self.append("files.append-text-probed", given, text, Some(probe))
    }

    fn digest_probe(&mut self, given: String, digest: String) -> Result<Resource<Draft>> {
        self.gate("files.digest-probe")?;
        self.keep(Draft::of_file(path(given), &digest))
    }

    fn look(&mut self, given: String) -> Result<Option<Resource<Entry>>, Refusal> {
        self.gate("files.look")?;
        match self.ask("files.look", FilesRequest::Look { path: path(given)? })? {
            FilesResponse::Entry(Some(entry)) => Ok(Some(self.keep(entry)?)),
            FilesResponse::Entry(None) => Ok(None),
            _ => Err(unexpected("files.look").into()),
        }
    }

    fn entries(&mut self, given: String) -> Result<Vec<String>, Refusal> {
        self.gate("files.entries")?;
        match self.ask("files.entries", FilesRequest::Entries { path: path(given)? })? {
            FilesResponse::Names(names) => Ok(names),
            _ => Err(unexpected("files.entries").into()),
        }
    }

    fn make_directory(&mut self, given: String) -> Result<(), Refusal> {
        self.gate("files.make-directory")?;
        self.effect("files.make-directory", FilesRequest::MakeDirectory { path: path(given)? })
    }

    fn remove(&mut self, given: String) -> Result<(), Refusal> {
        self.gate("files.remove")?;
        self.effect("files.remove", FilesRequest::Remove { path: path(given)? })
    }

    fn link(&mut self, given: String, pointed_to: String) -> Result<(), Refusal> {
        self.gate("files.link")?;
        self.effect("files.link", FilesRequest::Link { path: path(given)?, target: target(pointed_to)? })
    }

    fn digest(&mut self, given: String) -> Result<String, Refusal> {
        self.gate("files.digest")?;
        match self.ask("files.digest", FilesRequest::Digest { path: path(given)? })? {
            FilesResponse::Digest(digest) => Ok(digest.to_string()),
            _ => Err(unexpected("files.digest").into()),
        }
    }

    fn disk_free(&mut self, given: String) -> Result<String, Refusal> {
        self.gate("files.disk-free")?;
        match self.ask("files.disk-free", FilesRequest::DiskFree { path: path(given)? })? {
            FilesResponse::Free(bytes) => Ok(bytes),
            _ => Err(unexpected("files.disk-free").into()),
        }
    }

    fn keep(&mut self, given: String, artifact: String) -> Result<Resource<SealedArtifact>, Refusal> {
        self.gate("files.keep")?;
        if artifact.len() > LONGEST_ID {
            return Err(Failure::problem("artifact.id", format!("an artifact id of {} bytes", artifact.len())).into());
        }
        match self.ask("files.keep", FilesRequest::Keep { path: path(given)?, artifact })? {
            FilesResponse::Kept(sealed) => Ok(Context::keep(self, sealed)?),
            _ => Err(unexpected("files.keep").into()),
        }
    }

    fn place(&mut self, given: String, artifact: Resource<SealedArtifact>, executable: bool) -> Result<(), Refusal> {
        let digest = self.kept(&artifact)?.digest;
        self.effect("files.place", FilesRequest::Place { path: path(given)?, digest, executable })
    }
}

impl files::HostEntry for Context {
    fn kind(&mut self, entry: Resource<Entry>) -> Result<String> {
        Ok(match self.kept(&entry)?.kind {
            EntryKind::File => "file",
            EntryKind::Directory => "directory",
            EntryKind::Link => "link",
            EntryKind::Other => "other",
        }
        .to_owned())
    }

    fn size(&mut self, entry: Resource<Entry>) -> Result<String> {
        Ok(self.kept(&entry)?.size.clone())
    }

    fn modified(&mut self, entry: Resource<Entry>) -> Result<String> {
        Ok(self.kept(&entry)?.modified.to_string())
    }

    fn target(&mut self, entry: Resource<Entry>) -> Result<Option<String>> {
        Ok(self.kept(&entry)?.target.clone())
    }

    fn drop(&mut self, entry: Resource<Entry>) -> Result<()> {
        self.forget(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::{content, path, target};

    #[test]
    fn a_path_that_could_lead_outside_is_refused() {
        assert_eq!(path("/app/a..b/c".to_owned()).unwrap(), "/app/a..b/c");
        for wrong in ["", "app", "/app/../etc", "/app/..", "/app/a\0b", &format!("/{}", "a".repeat(4_096))] {
            let failure = path(wrong.to_owned()).unwrap_err();
            assert_eq!(failure.code(), "files.path");
            assert!(failure.message().len() < 400, "{failure}");
        }
    }

    #[test]
    fn a_target_may_go_up_and_a_content_may_not_be_huge() {
        assert!(target("../releases/2.0.0".to_owned()).is_ok());
        assert_eq!(target(String::new()).unwrap_err().code(), "files.path");
        assert_eq!(content(vec![0; (16 << 20) + 1]).unwrap_err().code(), "files.limit");
    }
}
