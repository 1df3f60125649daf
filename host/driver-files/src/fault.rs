//! From what the kernel says to what an operator reads.
//!
//! One table for all functions, so that the same cause has the same code and the same advice everywhere.

use std::io::{self, ErrorKind};

use lockstep_model::Failure;
use rustix::io::Errno;

/// The failure of `doing` (`write`, `read`) something at the guest's `path`.
pub(crate) fn fault(doing: &str, path: &str, error: &io::Error) -> Failure {
    let told = |why: &str| format!("cannot {doing} `{path}`: {why}");
    let problem = |code, why: &str| Failure::problem(code, told(why));
    let Some(errno) = Errno::from_io_error(error) else {
        return match error.kind() {
            // What cap-std says of a path that leaves the mount; the kernel's own refusal has a number.
            ErrorKind::PermissionDenied => problem("files.path", "a link on the way leads out of the mount, or is absolute; links inside a mount are relative"),
            ErrorKind::TimedOut => Failure::TimedOut(told("the time that was left did not suffice")),
            _ => problem("files.io", &error.to_string()),
        };
    };
    match errno {
        Errno::NOENT => problem("files.missing", "it is not there, or the directory it would be in is not (`make-directory` makes it)"),
        Errno::EXIST => problem("files.exists", "something else stands there"),
        Errno::ISDIR => problem("files.kind", "it is a directory"),
        Errno::NOTDIR => problem("files.kind", "it, or something on the way to it, is not a directory"),
        Errno::NXIO => problem("files.kind", "it is a pipe, a socket or a device"),
        Errno::LOOP => problem("files.path", "its links lead in a circle"),
        Errno::NAMETOOLONG => problem("files.path", "a name in it is longer than the file system takes"),
        Errno::NOSPC => problem("files.full", "the file system is full; free some space and try again"),
        Errno::DQUOT => problem("files.full", "the quota of the user that runs lockstep is used up"),
        Errno::FBIG => problem("files.limit", "it would be longer than the file system or the process's limit allows"),
        Errno::ROFS => problem("files.io", "the file system is mounted read-only"),
        Errno::ACCESS | Errno::PERM => problem("files.io", "the user that runs lockstep may not; look at owner and permissions of it and of its directory"),
        Errno::BUSY | Errno::AGAIN | Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOTEMPTY => {
            Failure::retryable("files.io", told(&format!("{error}; that may pass")))
        }
        _ => problem("files.io", &error.to_string()),
    }
}

/// The failure of something at `path` being of another kind than is needed.
pub(crate) fn kind(doing: &str, path: &str, found: &str, needed: &str) -> Failure {
    Failure::problem("files.kind", format!("cannot {doing} `{path}`: it is {found}, not {needed}"))
}

/// The failure of something being longer than the contract allows.
pub(crate) fn too_long(doing: &str, path: &str, limit: u64) -> Failure {
    Failure::fixed_limit("files.limit", format!("cannot {doing} `{path}`: longer than {} MiB", limit / (1024 * 1024)))
}

#[cfg(test)]
mod tests {
    use std::io;

    use lockstep_model::Failure;
    use rustix::io::Errno;

    use super::fault;

    #[test]
    fn each_cause_has_its_code_and_its_words() {
        for (errno, code, words) in [
            (Errno::NOSPC, "files.full", "full"),
            (Errno::DQUOT, "files.full", "quota"),
            (Errno::ROFS, "files.io", "read-only"),
            (Errno::ACCESS, "files.io", "permissions"),
            (Errno::PERM, "files.io", "permissions"),
            (Errno::NOENT, "files.missing", "not there"),
            (Errno::ISDIR, "files.kind", "is a directory"),
            (Errno::NOTDIR, "files.kind", "not a directory"),
            (Errno::LOOP, "files.path", "circle"),
            (Errno::IO, "files.io", "Input/output"),
        ] {
            let failure = fault("write", "/app/x", &io::Error::from(errno));
            assert_eq!(failure.code(), code, "{errno:?}");
            assert!(failure.message().contains(words) && failure.message().starts_with("cannot write `/app/x`: "), "{failure}");
            assert!(!failure.is_retryable());
        }
    }

    #[test]
    fn what_may_pass_may_be_tried_again() {
        assert!(fault("read", "/app/x", &io::Error::from(Errno::MFILE)).is_retryable());
        assert!(matches!(fault("read", "/app/x", &io::ErrorKind::TimedOut.into()), Failure::TimedOut(_)));
    }
}
