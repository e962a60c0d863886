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
    #[error("{operation} {path}: {}", with_next_move(cause))]
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
    #[error("{query} in {path}: {}", with_next_move(cause))]
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
