//! Why the program failed, in one line for a person.

use std::io;
use std::path::PathBuf;

use crate::database;
use crate::import::ImportError;

/// A failure of the program.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The database refused or failed.
    #[error(transparent)]
    Database(#[from] database::Error),
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
