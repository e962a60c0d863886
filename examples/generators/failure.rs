//! Why the program failed, in one line for a person.

use std::io;
use std::path::PathBuf;

use crate::database;

/// How much of a line an error shows.
const CHARACTERS_SHOWN: usize = 100;

/// A failure of the program.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The database refused or failed.
    #[error(transparent)]
    Database(#[from] database::Error),
    /// There is no value under a key.
    #[error("there is nothing under {0:?}: keys shows what there is")]
    NotFound(String),
    /// There is no such event, nor a modifier of it.
    #[error("there is no event {0:?} and no modifier of it: keys event: shows those there are")]
    NoEvent(String),
    /// A line of a batch is not an operation.
    #[error("line {number} ({line:?}): {cause}: nothing is stored, mend that and run it again")]
    Line {
        /// The number of the line, from 1.
        number: usize,
        /// Its text, shortened.
        line: String,
        /// What is wrong.
        #[source]
        cause: serde_json::Error,
    },
    /// The file with the operations cannot be read.
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

impl Failure {
    /// Makes the error of one line.
    pub(crate) fn of_line(number: usize, line: &str, cause: serde_json::Error) -> Self {
        let mut shown: String = line.chars().take(CHARACTERS_SHOWN).collect();
        if shown.len() < line.len() {
            shown.push_str("...");
        }
        Self::Line { number, line: shown, cause }
    }

    /// Tells whether the reader of the output has stopped reading, as `head` does: that is not a
    /// failure.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Only what is printed is written as JSON here.
impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Output(error.into())
    }
}
