//! Why the program failed, in one line for a person.

use std::io;
use std::path::PathBuf;

use crate::import::ImportError;

/// A failure of the program.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The store or the collection refused or failed.
    #[error("{}", .0.in_one_line())]
    Store(#[from] arbour::Error),
    /// The import ended early.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// There is no such package.
    #[error("there is no package {0:?}: `search --prefix` shows those whose names begin alike")]
    NotFound(String),
    /// The file to import cannot be opened.
    #[error("cannot read {}: {cause}", path.display())]
    Input {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        #[source]
        cause: io::Error,
    },
    /// A package cannot be written as JSON.
    #[error("cannot print the package: {0}")]
    Json(#[from] serde_json::Error),
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
