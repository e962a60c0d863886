//! Why a run of the harness itself failed.

use std::io;
use std::path::PathBuf;

/// The result of a step of the harness.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of the harness, not of an engine under test.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The recorder could not be compiled.
    #[error(
        "the recorder cannot be compiled with `cc`: {reason}; it needs Linux and a C compiler \
         (Debian: apt-get install gcc libc6-dev)"
    )]
    Compile {
        /// The error of the compiler or the system.
        reason: String,
    },
    /// A file of the harness could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// A recording cannot be replayed.
    #[error("the recording cannot be replayed: {0}")]
    Recording(String),
    /// The workload did not run to its end, though no fault was injected.
    #[error("the workload failed: {0}")]
    Workload(String),
    /// An argument cannot be read.
    #[error("`{text}` is not {expected}")]
    Argument {
        /// The given text.
        text: String,
        /// The expected form.
        expected: &'static str,
    },
    /// No engine of this build has the name.
    #[error("no engine is named `{name}`; this build has {known}")]
    UnknownEngine {
        /// The requested name.
        name: String,
        /// The available names.
        known: String,
    },
}

impl Error {
    /// Returns a function that adds the path to an error of the system.
    pub(crate) fn at(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
