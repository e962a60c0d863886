//! Why the program failed, in one line for a person.

use std::io;

use arbour::events::EventError;

/// A failure of the program.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The stores, the things or the queue refused or failed.
    #[error("{}", with_next_move(.0))]
    Store(#[from] arbour::Error),
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

fn with_next_move(error: &arbour::Error) -> String {
    match error.downcast_ref() {
        Some(EventError::Foreign { .. } | EventError::Truncated { .. }) => {
            format!(
                "{error}: name the queue that belongs to the store, with --queue if it has its own"
            )
        }
        _ => error.in_one_line(),
    }
}
