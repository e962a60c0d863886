//! What can go wrong, and what to do then.

use arbour::ErrorKind;
use arbour::migrations::MigrationError;

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
        /// What was tried: `CREATE DIRECTORY` or `OPEN`.
        operation: &'static str,
        /// Why it failed.
        #[source]
        cause: arbour::Error,
    },
    /// The database is open, and an operation on it failed.
    #[error("{query} in {path}: {}", cause.in_one_line())]
    Query {
        /// The URL of the store.
        path: String,
        /// What was asked, as in `GET event:1` or `BATCH 3 ops`.
        query: String,
        /// Why it failed.
        #[source]
        cause: arbour::Error,
    },
    /// A migration was refused or failed. The replica that was current is so still, with every
    /// byte it had; unless the kind is [`CommitUnknown`](ErrorKind::CommitUnknown), after which it
    /// may be the other one, complete.
    #[error("MIGRATE in {path}: {cause}: mend that and run it again")]
    Migration {
        /// The URL of the store.
        path: String,
        /// Why, with the [`Fault`](super::Fault) behind it if the decisions were wrong.
        #[source]
        cause: MigrationError,
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

    /// Returns what the store reports, or `None` if it was not the store that failed.
    pub fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Init { cause, .. } | Self::Query { cause, .. } => Some(cause.kind()),
            Self::Migration { cause, .. } => cause.store_error().map(arbour::Error::kind),
        }
    }
}
