//! Reads and writes the files of the command line's own work, so that none is ever left half-written.

use std::io::{Read, Write as _};
use std::path::Path;

use lockstep_api::Code;
use lockstep_journal::BlobError;
use lockstep_journal::blobs::pump;

use crate::error::CliError;

/// Components of all languages tried are far below this; what is above it is something else.
const LONGEST: u64 = 256 << 20;

/// The longest text file that is read: grant files are written by hand.
const LONGEST_TEXT: u64 = 1 << 20;

/// All of a file.
///
/// # Errors
/// When it cannot be read, or is longer than anything that makes sense.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    read_up_to(path, LONGEST, "wasm")
}

/// All of a text file.
///
/// # Errors
/// As `read`, and when it is not UTF-8.
pub(crate) fn read_text(path: &Path) -> Result<String, CliError> {
    String::from_utf8(read_up_to(path, LONGEST_TEXT, "toml")?).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        CliError::new(Code::FileUnreadable, format!("{} is not text: byte {at} is not UTF-8", path.display()))
    })
}

/// `kind` is the extension that such files have: when there is none here, others of that kind are named.
fn read_up_to(path: &Path, longest: u64, kind: &str) -> Result<Vec<u8>, CliError> {
    let unreadable = |error: std::io::Error| CliError::unreadable(path, &error).maybe_hint(meant(path, kind));
    let file = std::fs::File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.is_dir() {
        return Err(CliError::new(Code::FileUnreadable, format!("{} is a folder", path.display())).maybe_hint(meant(path, kind)));
    }
    let mut bytes = Vec::new();
    file.take(longest + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > longest {
        return Err(CliError::new(Code::FileUnreadable, format!("{} is longer than {longest} bytes", path.display())));
    }
    Ok(bytes)
}

fn meant(path: &Path, kind: &str) -> Option<String> {
    near(path, kind).map(|files| format!("did you mean {files}?"))
}

/// What was probably meant by a path at which there is no file: files of that kind in the folder, or where `lockstep build` puts them.
pub(crate) fn near(path: &Path, kind: &str) -> Option<String> {
    const SHOWN: usize = 3;
    let folder = if path.is_dir() { path } else { path.parent()? };
    let of_kind = |folder: &Path| {
        let entries = std::fs::read_dir(if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
        let names = entries.into_iter().flatten().filter_map(|entry| Some(folder.join(entry.ok()?.file_name())));
        let mut files: Vec<_> =
            names.filter(|file| file.extension().is_some_and(|found| found == kind) && !file.ends_with("Cargo.toml") && file.is_file()).collect();
        files.sort();
        files
    };
    let built = if kind == "wasm" { of_kind(&folder.join(crate::build::OUTPUT)) } else { Vec::new() };
    let found: Vec<String> =
        of_kind(folder).into_iter().chain(built).take(SHOWN).map(|file| format!("`{}`", file.strip_prefix(".").unwrap_or(&file).display())).collect();
    (!found.is_empty() && !path.is_file()).then(|| found.join(" or "))
}

/// Writes a file beside its place and renames it.
///
/// # Errors
/// When it cannot be written; the old one is still there then.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    fill(path, |file| file.write_all(bytes).map_err(|error| CliError::unwritable(path, &error)))
}

/// Writes what a blob's reader gives to a file, piece by piece, as `write` does.
///
/// # Errors
/// As `write`, and when it cannot be read to its end or is not what its digest says.
pub(crate) fn write_from(path: &Path, reader: &mut dyn Read) -> Result<(), CliError> {
    fill(path, |file| {
        let written = pump(reader, |piece| file.write_all(piece)).map_err(BlobError::from)?;
        written.map_err(|error| CliError::unwritable(path, &error))
    })
}

fn fill(path: &Path, fill: impl FnOnce(&mut std::fs::File) -> Result<(), CliError>) -> Result<(), CliError> {
    let unwritable = |error: std::io::Error| CliError::unwritable(path, &error);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| CliError::unwritable(folder, &error))?;
    let mut file = tempfile::Builder::new().permissions(readable()).tempfile_in(folder).map_err(unwritable)?;
    fill(file.as_file_mut())?;
    file.persist(path).map_err(|error| unwritable(error.error))?;
    Ok(())
}

/// Temporary files are for their owner alone; a component is for everybody, as the process's mask allows.
fn readable() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}

#[cfg(test)]
mod tests {
    use super::{read, read_text, write};

    #[test]
    fn a_file_reads_back_what_was_written_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        write(&path, b"old").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(read(&path).unwrap(), b"new");
    }

    #[test]
    fn what_is_no_text_says_where() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.toml");
        write(&path, b"ab\xff").unwrap();
        assert!(read_text(&path).unwrap_err().to_string().contains("byte 2 is not UTF-8"));
        assert!(read(folder.path()).unwrap_err().to_string().contains("is a folder"));
    }

    #[test]
    fn where_no_file_is_those_of_its_kind_are_named() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["Cargo.toml", "env.toml", "staging.toml", "target/lockstep/shop.wasm"] {
            write(&folder.path().join(name), b"").unwrap();
        }
        let missing = read_text(&folder.path().join("prod.toml")).unwrap_err().to_string();
        assert!(missing.contains("/env.toml` or `") && missing.contains("/staging.toml`?") && !missing.contains("Cargo.toml"), "{missing}");
        assert!(read_text(folder.path()).unwrap_err().to_string().contains("/env.toml` or `"));
        assert!(read(&folder.path().join("shop.wasm")).unwrap_err().to_string().contains("target/lockstep/shop.wasm`?"));
        assert!(!read(&folder.path().join("none/shop.wasm")).unwrap_err().to_string().contains("did you mean"));
    }
}
