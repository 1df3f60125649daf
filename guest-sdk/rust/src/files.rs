//! Files below the mounts that the grant names. Paths are absolute, as the grant shows them to the procedure.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::artifact::{self, Artifact};
use crate::bindings::lockstep::contract::{files as host, types};
use crate::clock::Timestamp;
use crate::units::spoken_size;
use crate::{Context, Failure, Probe, Result, json};

/// The whole of a file.
pub fn read(path: &str) -> Result<Vec<u8>> {
    answer(host::read(path))
}

/// The whole of a file as text.
pub fn read_text(path: &str) -> Result<String> {
    answer(host::read_text(path))
}

/// The whole of a file, read as JSON.
pub fn read_json<T: DeserializeOwned>(path: &str) -> Result<T> {
    json::read(path, &read_text(path)?)
}

/// Replaces or makes a file; nobody ever sees it half-written.
pub fn write(path: &str, bytes: &[u8]) -> Result<()> {
    answer(host::write(path, bytes))
}

/// Replaces or makes a file from text: as [`write()`].
pub fn write_text(path: &str, text: &str) -> Result<()> {
    answer(host::write_text(path, text))
}

/// Replaces or makes a file from a value, as JSON on several lines.
pub fn write_json(path: &str, value: impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(&value).with_context(|| format!("writing {path}"))?;
    write_text(path, &format!("{text}\n"))
}

/// Adds text at the end of a file, making it if needed. The one call here that must not be repeated: a crash in it leaves it in doubt.
pub fn append_text(path: &str, text: &str) -> Result<()> {
    answer(host::append_text(path, text))
}

/// As [`append_text()`], with a way for the host to find out whether it happened when its outcome was lost.
pub fn append_text_probed(path: &str, text: &str, probe: &Probe) -> Result<()> {
    answer(host::append_text_probed(path, text, &probe.ready()?))
}

/// What is there, without following a last link; none when nothing is.
pub fn look(path: &str) -> Result<Option<Entry>> {
    let Some(entry) = answer(host::look(path))? else { return Ok(None) };
    let size = entry.size().parse::<u64>().with_context(|| format!("reading the size of {path}"))?;
    let kind = match entry.kind().as_str() {
        "file" => Kind::File,
        "directory" => Kind::Directory,
        "link" => Kind::Link,
        _ => Kind::Other,
    };
    Ok(Some(Entry { kind, size, modified: entry.modified().parse()?, target: entry.target() }))
}

/// Whether anything is there.
pub fn exists(path: &str) -> Result<bool> {
    Ok(look(path)?.is_some())
}

/// Where a link points; none when there is no link.
pub fn link_target(path: &str) -> Result<Option<String>> {
    Ok(look(path)?.and_then(|entry| entry.target))
}

/// The names in a directory, sorted.
pub fn entries(path: &str) -> Result<Vec<String>> {
    answer(host::entries(path))
}

/// Makes a directory and those above it. There already is well.
pub fn make_directory(path: &str) -> Result<()> {
    answer(host::make_directory(path))
}

/// Removes a file, a link, or a directory and all in it. Not there is well.
pub fn remove(path: &str) -> Result<()> {
    answer(host::remove(path))
}

/// Points the link at `path` to `target` in one step: a reader sees the old target or the new one, never none.
pub fn link(path: &str, target: &str) -> Result<()> {
    answer(host::link(path, target))
}

/// The SHA-256 of a file: `sha256:` and 64 hexadecimal digits.
pub fn digest(path: &str) -> Result<String> {
    answer(host::digest(path))
}

/// Fails unless the file has that digest.
pub fn expect_digest(path: &str, pinned: &str) -> Result<()> {
    artifact::expect_digest(path, &digest(path)?, pinned)
}

/// Bytes free for the mount's file system.
pub fn disk_free(path: &str) -> Result<u64> {
    answer(host::disk_free(path))?.parse::<u64>().with_context(|| format!("reading the free space at {path}"))
}

/// Fails unless so many bytes are free: `files::expect_disk_free("/app", gib(1))?`.
pub fn expect_disk_free(path: &str, bytes: u64) -> Result<()> {
    let free = disk_free(path)?;
    if free >= bytes {
        return Ok(());
    }
    Err(Failure::assertion(format!("{path}: expected at least {} free, found {}", spoken_size(bytes), spoken_size(free))))
}

/// Copies a file into a new artifact.
pub fn keep(path: &str, id: &str) -> Result<Artifact> {
    answer(host::keep(path, id)).map(Artifact::of)
}

/// Writes an artifact as a file.
pub fn place(path: &str, artifact: &Artifact) -> Result<()> {
    answer(host::place(path, artifact.sealed(), false))
}

/// Writes an artifact as a program: a file that may be executed.
pub fn place_program(path: &str, artifact: &Artifact) -> Result<()> {
    answer(host::place(path, artifact.sealed(), true))
}

/// What [`look`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Size in bytes.
    pub size: u64,
    /// Its last change.
    pub modified: Timestamp,
    /// Where a link points.
    pub target: Option<String>,
}

/// What can be at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A plain file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A socket, a device and the like.
    Other,
}

/// The host's answer; its messages name the path themselves.
fn answer<T>(given: std::result::Result<T, types::Failure>) -> Result<T> {
    given.map_err(Failure::from_host)
}
