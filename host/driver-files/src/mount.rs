//! A place below a mount: the one opening with ambient authority, and where a path leads from there.

use std::io;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use lockstep_grant::FilesTerms;
use lockstep_model::Failure;

use crate::fault::fault;

/// The longest path, as the contract says.
const PATH_LIMIT: usize = 4096;

/// A path below an opened mount. Nothing need stand there.
pub(crate) struct Place<'a> {
    /// The mount.
    pub(crate) root: Dir,
    /// The path below it; `.` for the mount itself.
    pub(crate) relative: &'a str,
    /// The path as the guest wrote it, for messages.
    pub(crate) shown: &'a str,
}

/// A directory to be changed, and the name in it.
pub(crate) struct Named<'a> {
    /// The directory.
    pub(crate) parent: Dir,
    /// The last part of the path.
    pub(crate) name: &'a str,
}

impl<'a> Place<'a> {
    /// Opens the mount. The path was normalised by the grant; it is looked at once more, for this is where it starts to matter.
    pub(crate) fn open(terms: &'a FilesTerms, shown: &'a str) -> Result<Self, Failure> {
        let relative = terms.relative.as_str();
        let sound = relative.is_empty() || relative.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !sound || relative.contains('\0') || relative.len() > PATH_LIMIT {
            let escaped: String = shown.chars().take(200).flat_map(char::escape_default).collect();
            return Err(Failure::problem("files.path", format!("`{escaped}` is not a plain path: no `..`, no NUL, at most {PATH_LIMIT} bytes")));
        }
        let root = Dir::open_ambient_dir(&terms.root, ambient_authority()).map_err(|error| no_mount(terms, shown, &error))?;
        Ok(Self { root, relative: if relative.is_empty() { "." } else { relative }, shown })
    }

    /// Whether it is the mount itself.
    pub(crate) fn is_mount(&self) -> bool {
        self.relative == "."
    }

    /// The path of the directory that it is in, below the mount.
    pub(crate) fn parent_path(&self) -> &'a str {
        self.relative.rsplit_once('/').map_or(".", |(parent, _)| parent)
    }

    /// Opens the directory that it is in, so that a change and the sync after it are in the same one, whatever is renamed meanwhile.
    pub(crate) fn named(&self, doing: &str) -> Result<Named<'a>, Failure> {
        if self.is_mount() {
            return Err(Failure::problem("files.kind", format!("cannot {doing} `{}`: it is the mount itself", self.shown)));
        }
        let name = self.relative.rsplit_once('/').map_or(self.relative, |(_, name)| name);
        let parent = self.root.open_dir(self.parent_path()).map_err(|error| fault(doing, self.shown, &error))?;
        Ok(Named { parent, name })
    }
}

/// Makes what was changed in a directory durable: without this a crash may take back a rename that has returned.
pub(crate) fn sync_directory(directory: &Dir) -> io::Result<()> {
    #[cfg(test)]
    tests::SYNCS.set(tests::SYNCS.get() + 1);
    // The handle itself is only a path and cannot be synced.
    directory.open(".")?.sync_all()
}

fn no_mount(terms: &FilesTerms, shown: &str, error: &io::Error) -> Failure {
    let root = terms.root.display();
    let code = if error.kind() == io::ErrorKind::NotFound { "files.missing" } else { "files.io" };
    Failure::problem(
        code,
        format!("`{shown}` is below a mount whose directory `{root}` cannot be opened on this host: {error}; make it, or correct the mount in the grant"),
    )
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    thread_local! {
        /// How many directories were synced by this thread.
        pub(crate) static SYNCS: Cell<u32> = const { Cell::new(0) };
    }
}
