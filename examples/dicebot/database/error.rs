//! What can go wrong, and what to do then.

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
    #[error("{}", .0.in_one_line())]
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
