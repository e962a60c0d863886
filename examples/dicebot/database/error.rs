//! What can go wrong, and what to do about it.

use super::Scope;

/// A failed operation of the database. Unless it says otherwise, nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The variable does not exist.
    #[error("{user:?} has no variable {name:?} in room {room:?}: list shows those there are")]
    NotFound {
        /// The user.
        user: String,
        /// The room.
        room: String,
        /// The name.
        name: String,
    },
    /// The scope is full. Existing variables can still be changed.
    #[error(
        "{user:?} has all {limit} variables allowed in room {room:?}: delete one, or raise the limit"
    )]
    TooManyEntries {
        /// The user.
        user: String,
        /// The room.
        room: String,
        /// The maximum number.
        limit: u32,
    },
    /// The stored count is impossible: it is negative, or lower than the number of variables.
    #[error(
        "the count of {user:?} in room {room:?} is {stored}, which cannot be: repair the store"
    )]
    ImpossibleCount {
        /// The user whose variables are counted.
        user: String,
        /// The room.
        room: String,
        /// The stored count.
        stored: i32,
    },
    /// The number that the sled program kept is higher than any of its versions. Nothing was
    /// changed.
    #[error(
        "the sled program left version {stored}, and this one knows up to {known} of it: upgrade this one"
    )]
    CannotDowngrade {
        /// The stored version.
        stored: u32,
        /// The highest supported version.
        known: u32,
    },
    /// The store failed.
    #[error("{}", .0.in_one_line())]
    Store(#[from] arbour::Error),
}

impl Error {
    /// Makes the error of an absent variable.
    pub(super) fn not_found(scope: Scope<'_>, name: &str) -> Self {
        Self::NotFound {
            user: scope.user.to_owned(),
            room: scope.room.to_owned(),
            name: name.to_owned(),
        }
    }

    /// Makes the error of a full scope.
    pub(super) fn too_many_entries(scope: Scope<'_>, limit: u32) -> Self {
        Self::TooManyEntries { user: scope.user.to_owned(), room: scope.room.to_owned(), limit }
    }

    /// Makes the error of an impossible count.
    pub(super) fn impossible_count(scope: Scope<'_>, stored: i32) -> Self {
        Self::ImpossibleCount { user: scope.user.to_owned(), room: scope.room.to_owned(), stored }
    }
}
