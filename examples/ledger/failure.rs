//! Why the program failed, in one line for a person.

use std::io;
use std::path::PathBuf;

use arbour::events::EventError;

use crate::account::Refusal;
use crate::counted::counted;
use crate::import::ImportError;

/// A failure of the program.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The log, the documents or their stores refused or failed.
    #[error("{}", with_next_move(.0))]
    Store(#[from] arbour::Error),
    /// The order is not allowed with the current accounts.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It is in the log, and could not be applied to the documents.
    #[error("position {position} is in the log, but the account does not show it: {reason}")]
    NotApplied {
        /// The position of the event.
        position: u64,
        /// The reason.
        reason: String,
    },
    /// The account is unknown, because one of its events could not be applied.
    #[error(
        "what {stream:?} has is not known, for its event at position {position} could not be \
         applied: see `status`"
    )]
    Unknown {
        /// The stream of the account.
        stream: String,
        /// The position of the event.
        position: u64,
    },
    /// A dead-lettered event failed again.
    #[error("position {position} could not be applied again: {reason}")]
    FailsAgain {
        /// The position of the event.
        position: u64,
        /// The reason.
        reason: String,
    },
    /// The import ended early.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The file to import cannot be opened.
    #[error("cannot read {}: {cause}", path.display())]
    Input {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        #[source]
        cause: io::Error,
    },
    /// The two versions cannot be compared, because one is folded from more events than the other.
    #[error("{0} cannot be compared, for events were appended meanwhile: rebuild again")]
    Moved(&'static str),
    /// The rebuilt documents differ from the existing ones.
    #[error(
        "{0} came out otherwise than they were, which are kept: this is a mistake of the program"
    )]
    Differ(&'static str),
    /// The output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    /// Tells whether the reader of the output has stopped reading, as `head` does: that is not a
    /// failure.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Formats an error on one line: what happened, its cause if that helps, and what to do.
pub(crate) fn with_next_move(error: &arbour::Error) -> String {
    match error.downcast_ref() {
        Some(EventError::Foreign { log, reader, .. }) => format!(
            "{log}: it is another log than {reader} was made from: name the log that belongs to the \
             store, with --log if it has its own"
        ),
        // Opening a log creates it if it does not exist.
        Some(EventError::Truncated { newest: 0, reader, applied, .. }) => format!(
            "the log is empty, and the {reader} of the store were folded from {}: name the log that \
             belongs to the store, with --log if it has its own",
            counted(*applied, "event", "events")
        ),
        _ => error.in_one_line(),
    }
}
