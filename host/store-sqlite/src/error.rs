//! What SQLite and the file system say, in the words of a store.

use std::io;
use std::path::Path;

use lockstep_journal::{BlobError, StoreError};
use rusqlite::{ErrorCode, ffi};

/// The store's word for an error of SQLite.
pub(crate) fn of_sqlite(error: rusqlite::Error) -> StoreError {
    if error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_IOERR_SHMSIZE) {
        // SQLite calls it an I/O error when there is no room for its shared memory, which lies beside the database.
        return StoreError::Full;
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(ErrorCode::ReadOnly) => StoreError::ReadOnly,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked,
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt | ErrorCode::ConstraintViolation) => StoreError::Damaged(error.to_string()),
        // Others are of the medium, or of us: a table that is not there, a column of another type.
        Some(_) => StoreError::Medium(format!("the store's database: {error}")),
        None => StoreError::Damaged(error.to_string()),
    }
}

/// The store's word for an error at a file.
pub(crate) fn of_file(path: &Path, error: &io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full,
        io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly,
        _ => StoreError::Medium(format!("{}: {error}", path.display())),
    }
}

/// A blob's word for an error of the store.
pub(crate) fn of_blob(error: &StoreError) -> BlobError {
    BlobError::Medium(error.to_string())
}
