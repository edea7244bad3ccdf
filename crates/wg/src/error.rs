//! What a verb can end with when it does not end well: a kind (which decides the exit code), a message, a
//! cause, and hints that can be typed. Printing it is `output/failure.rs`'s, leaving is `main.rs`'s.

use std::fmt;
use std::io;

use wg_core::port::StoreError;
use wg_core::rejection::{Rejection, RejectionKind};

/// The class of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The reader of our output went away: nothing went wrong.
    Closed,
    /// Refused, or tried and failed.
    Refused,
    /// The command line makes no sense.
    Usage,
    /// What was named is not there.
    NotFound,
    /// Somebody else was first.
    Conflict,
    /// It may work later.
    Later,
}

impl Kind {
    /// The exit code of `interfaces.md`.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::Refused => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Conflict => 4,
            Self::Later => 75,
        }
    }
}

/// Why a verb did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its class.
    pub kind: Kind,
    /// The line after `error:`.
    pub message: String,
    /// The line after `cause:`.
    pub cause: Option<String>,
    /// The lines after `hint:`.
    pub hints: Vec<String>,
}

/// What a verb gives back.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// A failure of this kind.
    #[must_use]
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), cause: None, hints: Vec::new() }
    }

    /// Refused, or tried and failed.
    #[must_use]
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Kind::Refused, message)
    }

    /// The command line makes no sense.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// What was named is not there.
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// With a cause.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// With one more hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// All of it but the hints, in one line.
    #[must_use]
    pub fn in_a_line(&self) -> String {
        self.cause.iter().fold(self.message.clone(), |line, cause| format!("{line}: {cause}"))
    }

    /// That a file could not be used.
    #[must_use]
    pub fn file(what: &str, path: &std::path::Path, error: &io::Error) -> Self {
        Self::refused(format!("can't {what} {}", path.display())).because(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
impl std::error::Error for Failure {}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        let kind = match rejection.kind() {
            RejectionKind::Refused => Kind::Refused,
            RejectionKind::NotFound => Kind::NotFound,
            RejectionKind::Conflict => Kind::Conflict,
        };
        Self { hints: rejection.hint().into_iter().collect(), ..Self::new(kind, rejection.to_string()) }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let (kind, hint) = match &error {
            StoreError::Busy(_) | StoreError::Conflict | StoreError::Deadline => {
                (Kind::Later, Some("try again in a moment"))
            }
            StoreError::Absent(_) => (Kind::NotFound, Some("wg init")),
            StoreError::Newer { .. } => (Kind::Refused, Some("use the newer wg; nothing was changed")),
            StoreError::Damaged { .. } => {
                (Kind::Refused, Some("wg doctor (it says how to restore a backup)"))
            }
            StoreError::Full => (Kind::Refused, Some("make room on the disk; nothing was changed")),
            _ => (Kind::Refused, None),
        };
        Self { hints: hint.map(str::to_owned).into_iter().collect(), ..Self::new(kind, error.to_string()) }
    }
}

/// Only writing our own output gives bare errors of this type: files say theirs by [`Failure::file`].
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(Kind::Closed, "the reader of the output has gone"),
            _ => Self::refused("can't write the output").because(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_the_exit_codes_of_the_manual() {
        let codes: Vec<u8> =
            [Kind::Closed, Kind::Refused, Kind::Usage, Kind::NotFound, Kind::Conflict, Kind::Later]
                .map(Kind::exit_code)
                .to_vec();
        assert_eq!(codes, [0, 1, 2, 3, 4, 75]);
    }

    #[test]
    fn a_gone_reader_is_no_failure_and_a_full_disk_is() {
        assert_eq!(Failure::from(io::Error::from(io::ErrorKind::BrokenPipe)).kind, Kind::Closed);
        assert_eq!(Failure::from(io::Error::from(io::ErrorKind::StorageFull)).kind, Kind::Refused);
    }
}
