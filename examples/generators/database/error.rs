//! What can go wrong, and what to do about it.

use arbour::ErrorKind;

/// A failed operation of the database. Unless it says otherwise, nothing was changed.
///
/// The classes and guards of the original are variants to match: `isDatabaseInitializationError`
/// is `matches!(error, Error::Init { .. })`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database could not be opened.
    #[error("{operation} {path}: {}", cause.in_one_line())]
    Init {
        /// The URL of the store.
        path: String,
        /// The attempted operation: `CREATE DIRECTORY` or `OPEN`.
        operation: &'static str,
        /// The cause.
        #[source]
        cause: arbour::Error,
    },
    /// The database is open, and an operation on it failed.
    #[error("{query} in {path}: {}", cause.in_one_line())]
    Query {
        /// The URL of the store.
        path: String,
        /// The query, such as `GET event:1` or `BATCH 3 ops`.
        query: String,
        /// The cause.
        #[source]
        cause: arbour::Error,
    },
    /// A migration was refused or failed. The current replica is still the same, byte for byte,
    /// unless the kind is [`CommitUnknown`](ErrorKind::CommitUnknown): then the other one may be
    /// current, complete.
    #[error("MIGRATE in {path}: {cause}: mend that and run it again")]
    Migration {
        /// The URL of the store.
        path: String,
        /// The cause, with the [`Fault`](super::Fault) as its source if the decisions were wrong.
        #[source]
        cause: arbour::Error,
    },
}

impl Error {
    /// Returns the URL of the store.
    pub fn path(&self) -> &str {
        match self {
            Self::Init { path, .. } | Self::Query { path, .. } | Self::Migration { path, .. } => {
                path
            }
        }
    }

    /// Returns what the caller can do next.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Init { cause, .. }
            | Self::Query { cause, .. }
            | Self::Migration { cause, .. } => cause.kind(),
        }
    }
}
