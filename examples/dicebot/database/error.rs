//! What can go wrong, and what to do then.

use arbour::ErrorKind;
use arbour::migrations::MigrationError;

use super::Scope;

/// A failed operation of the database. Unless it says otherwise, nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The variable is not there.
    #[error("{user:?} has no variable {name:?} in room {room:?}: list shows those there are")]
    NotFound {
        /// Whose variable.
        user: String,
        /// In which room.
        room: String,
        /// What it is called.
        name: String,
    },
    /// The scope is full. Variables that are there already can still be changed.
    #[error(
        "{user:?} has all {limit} variables allowed in room {room:?}: delete one, or raise the limit"
    )]
    TooManyEntries {
        /// Whose variables.
        user: String,
        /// In which room.
        room: String,
        /// How many there may be.
        limit: u32,
    },
    /// The stored count cannot be true: it is negative, or counts fewer variables than are there.
    #[error(
        "the count of {user:?} in room {room:?} is {stored}, which cannot be: repair the store"
    )]
    ImpossibleCount {
        /// Whose variables are counted.
        user: String,
        /// In which room.
        room: String,
        /// What is stored.
        stored: i32,
    },
    /// The number that the sled program kept is higher than any it had. Nothing was changed.
    #[error(
        "the sled program left version {stored}, and this one knows up to {known} of it: upgrade this one"
    )]
    CannotDowngrade {
        /// The version that is stored.
        stored: u32,
        /// The highest that can be taken over.
        known: u32,
    },
    /// A step was refused or failed.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// The store failed.
    #[error("{}", with_next_move(.0))]
    Store(#[from] arbour::Error),
}

impl Error {
    /// Makes the error of a variable that is not there.
    pub(super) fn not_found(scope: Scope<'_>, name: &str) -> Self {
        Self::NotFound {
            user: scope.user.to_owned(),
            room: scope.room.to_owned(),
            name: name.to_owned(),
        }
    }

    /// Makes the error of a scope that is full.
    pub(super) fn too_many_entries(scope: Scope<'_>, limit: u32) -> Self {
        Self::TooManyEntries { user: scope.user.to_owned(), room: scope.room.to_owned(), limit }
    }

    /// Makes the error of a count that cannot be true.
    pub(super) fn impossible_count(scope: Scope<'_>, stored: i32) -> Self {
        Self::ImpossibleCount { user: scope.user.to_owned(), room: scope.room.to_owned(), stored }
    }
}

/// Puts a store's error into one line: what happened, its cause where that is what helps, and
/// what to do.
fn with_next_move(error: &arbour::Error) -> String {
    let mut line = error.to_string();
    let kind = error.kind();
    if matches!(kind, ErrorKind::Io | ErrorKind::Engine | ErrorKind::CommitUnknown) {
        let mut cause = std::error::Error::source(error);
        while let Some(deeper) = cause {
            line = format!("{line}: {deeper}");
            cause = deeper.source();
        }
    }
    match kind {
        // The cause says it; the kind could only point there.
        ErrorKind::Io | ErrorKind::Engine => line,
        _ => format!("{line}: {}", kind.next_move()),
    }
}
