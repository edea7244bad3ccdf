//! What goes wrong inside the SQLite store, and what of it a caller is told.

use rusqlite::{Error, ErrorCode, ffi};
use wg_core::port::StoreError;

use super::place::Place;

/// An error before it is told: its place is not known yet.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error(transparent)]
    Sqlite(#[from] Error),
    /// Rows that no version of this program writes.
    #[error("{0}")]
    Nonsense(String),
    #[error(transparent)]
    Told(#[from] StoreError),
}

impl Trouble {
    pub(super) fn nonsense(what: impl Into<String>) -> Self {
        Self::Nonsense(what.into())
    }

    /// For the caller.
    pub(super) fn tell(self, place: &Place) -> StoreError {
        match self {
            Self::Sqlite(error) => tell(&error, place),
            Self::Nonsense(what) => place.damaged(what),
            Self::Told(error) => error,
        }
    }
}

/// What a caller is told of an error of SQLite.
pub(super) fn tell(error: &Error, place: &Place) -> StoreError {
    match error {
        Error::SqliteFailure(code, message) => {
            let what = message.clone().unwrap_or_else(|| code.to_string());
            tell_code(*code, what, place)
        }
        Error::SqlInputError { error, msg, .. } => tell_code(*error, msg.clone(), place),
        // A column that does not hold what the schema says.
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::Utf8Error(..)
        | Error::InvalidColumnType(..) => place.damaged(error.to_string()),
        other => StoreError::Failed(other.to_string()),
    }
}

fn tell_code(code: ffi::Error, what: String, place: &Place) -> StoreError {
    let database = place.database();
    match code.code {
        ErrorCode::DiskFull => StoreError::Full,
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => place.damaged(what),
        // Every statement and constraint here is fixed: one that fails met rows or a schema of somebody else.
        ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch => place.damaged(what),
        ErrorCode::Unknown if code.extended_code == ffi::SQLITE_ERROR => place.damaged(what),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => {
            StoreError::Busy(what)
        }
        ErrorCode::OperationInterrupted => StoreError::Deadline,
        ErrorCode::ReadOnly if code.extended_code == ffi::SQLITE_READONLY_DBMOVED => {
            StoreError::Failed(format!("{} was moved away or replaced meanwhile", database.display()))
        }
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen => {
            if !database.exists() {
                return place.absent();
            }
            StoreError::ReadOnly(format!("{}: {what}", place.folder.display()))
        }
        // Growing the shared memory or the log fails so where the disk is full or a quota is reached.
        ErrorCode::SystemIoFailure if place.is_full() => StoreError::Full,
        ErrorCode::SystemIoFailure if code.extended_code == ffi::SQLITE_IOERR_SHORT_READ => {
            place.damaged("it ends too early")
        }
        ErrorCode::SystemIoFailure if code.extended_code == ffi::SQLITE_IOERR_CORRUPTFS => {
            place.damaged("the file system under it is damaged")
        }
        _ => StoreError::Failed(format!("{}: {what} ({})", database.display(), code.extended_code)),
    }
}
