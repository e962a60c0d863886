//! Why the program failed, in one line for a person.

use std::io;

use arbour::documents::DocError;
use arbour::events::EventError;

/// A failure of the program.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The stores, the things or the queue refused or failed.
    #[error("{}", with_next_move(.0))]
    Events(#[from] EventError),
    /// The output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

impl From<arbour::Error> for Failure {
    fn from(error: arbour::Error) -> Self {
        Self::Events(error.into())
    }
}

impl From<DocError> for Failure {
    fn from(error: DocError) -> Self {
        Self::Events(error.into())
    }
}

impl Failure {
    /// Tells whether the reader of the output has stopped reading, as `head` does: that is not a
    /// failure.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

fn with_next_move(error: &EventError) -> String {
    match error {
        EventError::Store(error) | EventError::Document(DocError::Store(error)) => {
            error.in_one_line()
        }
        EventError::Foreign { .. } | EventError::Truncated { .. } => {
            format!(
                "{error}: name the queue that belongs to the store, with --queue if it has its own"
            )
        }
        _ => error.to_string(),
    }
}
