//! Why the program failed, in one line for a person.

use std::io;

use crate::database;

/// A failure of the program.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The database refused or failed.
    #[error(transparent)]
    Database(#[from] database::Error),
    /// It is unknown.
    #[error("nothing is known of {0}: set it first")]
    Unknown(String),
    /// The output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

impl From<arbour::Error> for Failure {
    fn from(error: arbour::Error) -> Self {
        Self::Database(error.into())
    }
}

impl Failure {
    /// Tells whether the reader of the output has stopped reading, as `head` does: that is not a
    /// failure.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}
