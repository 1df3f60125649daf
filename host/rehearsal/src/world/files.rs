//! Performs `files` on the tree in memory, with the failures that the real driver gives.

use std::io::Read as _;

use lockstep_gate::artifacts::unreadable;
use lockstep_gate::{Artifacts, CallContext, Driver};
use lockstep_grant::Granted;
use lockstep_model::request::{Entry, EntryKind, FilesRequest, FilesResponse};
use lockstep_model::{Clock, Content, Digest, Failure, Timestamp};

use super::{Scripted, World};
use crate::tree::{Lost, Tree, What};

impl Driver<FilesRequest> for World {
    fn perform(&self, call: &Granted<FilesRequest>, context: &CallContext<'_>) -> Result<FilesResponse, Failure> {
        self.perform(call, context, |state, _| {
            let at = Place { tree: &mut state.things.files, path: call.request().path(), is_mount: call.terms().relative.is_empty(), now: self.clock.now() };
            Scripted { gives: self.files(at, call.request(), context.artifacts), delay: std::time::Duration::ZERO, rule: None }
        })
    }
}

/// A path and the tree that it is in.
struct Place<'a> {
    tree: &'a mut Tree,
    path: &'a str,
    is_mount: bool,
    now: Timestamp,
}

impl World {
    fn files(&self, at: Place<'_>, request: &FilesRequest, artifacts: &dyn Artifacts) -> Result<FilesResponse, Failure> {
        match request {
            FilesRequest::Read { .. } => at.bytes("read").map(|bytes| FilesResponse::Bytes(Content(bytes))),
            FilesRequest::Write { bytes, .. } => at.write(&bytes.0, None),
            FilesRequest::AppendText { text, .. } => at.append(text),
            FilesRequest::Look { .. } => at.look(),
            FilesRequest::Entries { .. } => at.entries(),
            FilesRequest::MakeDirectory { .. } => at.make_directory(),
            FilesRequest::Remove { .. } => at.remove(),
            FilesRequest::Link { target, .. } => at.link(target),
            FilesRequest::Digest { .. } => at.bytes("read").map(|bytes| FilesResponse::Digest(Digest::of(&bytes))),
            FilesRequest::DiskFree { .. } => Ok(FilesResponse::Free(self.scenario.disk_free.to_string())),
            FilesRequest::Keep { artifact, .. } => {
                let mut sink = artifacts.create(artifact)?;
                sink.append(&at.bytes("keep")?)?;
                sink.finish().map(FilesResponse::Kept)
            }
            FilesRequest::Place { digest, executable, .. } => {
                let mut bytes = Vec::new();
                artifacts.open(*digest)?.read_to_end(&mut bytes).map_err(unreadable)?;
                at.write(&bytes, Some(*executable))
            }
        }
    }
}

impl Place<'_> {
    fn bytes(&self, doing: &str) -> Result<Vec<u8>, Failure> {
        let path = self.tree.follow(self.path).map_err(|lost| self.lost(doing, lost))?;
        match self.tree.at(&path).map(|node| &node.what) {
            Some(What::File { bytes, .. }) => Ok(bytes.clone()),
            Some(What::Directory | What::Link(_)) | None => Err(self.problem(doing, "files.kind", "it is a directory, not a file")),
        }
    }

    /// A new file in the place of what stands there, a link as such. Without a word about it the old permissions stay.
    fn write(self, bytes: &[u8], executable: Option<bool>) -> Result<FilesResponse, Failure> {
        let path = self.parent("write")?;
        let before = match self.tree.at(&path).map(|node| &node.what) {
            Some(What::Directory) => return Err(self.problem("write", "files.kind", "it is a directory")),
            Some(What::File { executable, .. }) => *executable,
            Some(What::Link(_)) | None => false,
        };
        let executable = executable.unwrap_or(before);
        self.tree.put(path, What::File { bytes: bytes.to_vec(), executable }, self.now);
        Ok(FilesResponse::Nothing)
    }

    fn append(self, text: &str) -> Result<FilesResponse, Failure> {
        let path = match self.tree.follow(self.path) {
            Ok(path) => path,
            Err(Lost::Missing) => self.parent("append to")?,
            Err(lost) => return Err(self.lost("append to", lost)),
        };
        let (mut all, executable) = match self.tree.at(&path).map(|node| &node.what) {
            Some(What::File { bytes, executable }) => (bytes.clone(), *executable),
            Some(What::Directory) => return Err(self.problem("append to", "files.kind", "it is a directory, not a file")),
            Some(What::Link(_)) | None => (Vec::new(), false),
        };
        all.extend_from_slice(text.as_bytes());
        self.tree.put(path, What::File { bytes: all, executable }, self.now);
        Ok(FilesResponse::Nothing)
    }

    fn look(self) -> Result<FilesResponse, Failure> {
        let found = self.tree.place(self.path).ok().and_then(|path| self.tree.at(&path));
        let entry = found.map(|node| {
            let (kind, size, target) = match &node.what {
                What::File { bytes, .. } => (EntryKind::File, bytes.len(), None),
                What::Directory => (EntryKind::Directory, 0, None),
                What::Link(target) => (EntryKind::Link, target.len(), Some(target.clone())),
            };
            Entry { kind, size: size.to_string(), modified: node.modified, target }
        });
        Ok(FilesResponse::Entry(entry))
    }

    fn entries(self) -> Result<FilesResponse, Failure> {
        let path = self.tree.follow(self.path).map_err(|lost| self.lost("list", lost))?;
        match self.tree.at(&path).map(|node| &node.what) {
            Some(What::Directory) => Ok(FilesResponse::Names(self.tree.names(&path))),
            Some(What::File { .. } | What::Link(_)) | None => Err(self.problem("list", "files.kind", "it, or something on the way to it, is not a directory")),
        }
    }

    fn make_directory(self) -> Result<FilesResponse, Failure> {
        let ends = self.path.match_indices('/').map(|(end, _)| end).chain([self.path.len()]).filter(|end| *end > 0);
        for end in ends {
            match self.tree.follow(&self.path[..end]) {
                Ok(path) if matches!(self.tree.at(&path).map(|node| &node.what), Some(What::Directory)) => {}
                Err(Lost::Missing) => {
                    let path = self.tree.place(&self.path[..end]).map_err(|lost| self.lost("make directory", lost))?;
                    self.tree.put(path, What::Directory, self.now);
                }
                Ok(_) | Err(Lost::NotADirectory) => return Err(self.problem("make directory", "files.exists", "a file stands there, or on the way")),
                Err(lost @ Lost::Circle) => return Err(self.lost("make directory", lost)),
            }
        }
        Ok(FilesResponse::Nothing)
    }

    fn remove(self) -> Result<FilesResponse, Failure> {
        match self.tree.place(self.path) {
            _ if self.is_mount => Err(self.problem("remove", "files.kind", "it is the mount itself")),
            Ok(path) => {
                self.tree.remove(&path);
                Ok(FilesResponse::Nothing)
            }
            Err(Lost::Missing) => Ok(FilesResponse::Nothing),
            Err(lost) => Err(self.lost("remove", lost)),
        }
    }

    fn link(self, target: &str) -> Result<FilesResponse, Failure> {
        let path = self.parent("link")?;
        match self.tree.at(&path).map(|node| &node.what) {
            Some(What::File { .. } | What::Directory) => {
                Err(self.problem("link", "files.exists", "something stands there that is no link, and only a link is replaced; remove it first"))
            }
            Some(What::Link(_)) | None => {
                self.tree.put(path, What::Link(target.to_owned()), self.now);
                Ok(FilesResponse::Nothing)
            }
        }
    }

    /// The place without links on the way, in a directory that is there.
    fn parent(&self, doing: &str) -> Result<String, Failure> {
        if self.is_mount {
            return Err(self.problem(doing, "files.kind", "it is the mount itself"));
        }
        self.tree.place(self.path).map_err(|lost| self.lost(doing, lost))
    }

    fn lost(&self, doing: &str, lost: Lost) -> Failure {
        match lost {
            Lost::Missing => self.problem(doing, "files.missing", "it is not there, or the directory it would be in is not (`make-directory` makes it)"),
            Lost::NotADirectory => self.problem(doing, "files.kind", "something on the way to it is not a directory"),
            Lost::Circle => self.problem(doing, "files.path", "its links lead in a circle"),
        }
    }

    fn problem(&self, doing: &str, code: &str, why: &str) -> Failure {
        Failure::problem(code, format!("cannot {doing} `{}`: {why}", self.path))
    }
}
