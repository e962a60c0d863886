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
    /// There is nothing under a key.
    #[error("there is nothing under {0:?}: keys shows what there is")]
    NotFound(String),
    /// There is no such event, nor a modifier of it.
    #[error("there is no event {0:?} and no modifier of it: keys event: shows those there are")]
    NoEvent(String),
    /// A line of a batch is no operation.
    #[error("line {number} ({line:?}): {cause}: nothing is stored, mend that and run it again")]
    Line {
        /// Which line, from 1.
        number: usize,
        /// What is in it, cut.
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
        /// What the system said.
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

    /// Tells whether the reader of the output has seen enough, as `head` has: no failure at all.
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
