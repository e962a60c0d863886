//! What can be wrong with a commit.

use super::lines::LINE_BYTES_MAX;
use super::records::RECORD_BYTES_MAX;

/// How much of a text an error shows.
const CHARACTERS_SHOWN: usize = 60;

/// How much of a hash is shown: enough for git and for a person.
const HASH_CHARACTERS_SHOWN: usize = 10;

/// A commit that cannot be read: nothing of it is appended.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {fault}", place(*.line, .hash.as_deref()))]
pub struct BadRecord {
    /// The line that is wrong, from 1.
    pub line: u64,
    /// The hash of the commit, if that is known.
    pub hash: Option<String>,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a commit.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The line is too long to be read.
    #[error("it is longer than {LINE_BYTES_MAX} bytes")]
    LongLine,
    /// The commit is too long to be read.
    #[error("the commit is longer than {RECORD_BYTES_MAX} bytes")]
    LongRecord,
    /// A byte of the line, counted from 1, is not UTF-8.
    #[error("byte {0} is not UTF-8")]
    NotText(usize),
    /// The line comes before the first commit.
    #[error("{0:?} is of no commit: the first line begins with \"commit\"")]
    NoCommit(String),
    /// The line begins a commit, but fields are missing.
    #[error(
        "a commit has a hash, a time, a day, an author and a subject, split by tabs: \
         `ledger import --help` says how git prints them"
    )]
    NotHeader,
    /// The hash is invalid.
    #[error("{0:?} is no hash of a commit")]
    NotHash(String),
    /// The time is invalid.
    #[error("{0:?} is no number of seconds since 1970")]
    NotTime(String),
    /// The day is invalid.
    #[error("{0:?} is no day, as 2026-01-31 is")]
    NotDay(String),
    /// The line is not a change of a file.
    #[error("{0:?} is no change of a file: it needs two numbers and a path, split by tabs")]
    NotChange(String),
    /// The path is invalid.
    #[error("{0:?} is no path")]
    NotPath(String),
    /// A path or a name is too long for an id.
    #[error("{0:?} and so on is longer than {max} bytes", max = super::header::NAME_BYTES_MAX)]
    LongName(String),
}

/// Adds the position of a fault.
pub(super) fn place(line: u64, hash: Option<&str>) -> String {
    match hash {
        Some(hash) => format!("line {line} ({})", short(hash)),
        None => format!("line {line}"),
    }
}

/// Returns the beginning of a hash.
pub(super) fn short(hash: &str) -> String {
    hash.chars().take(HASH_CHARACTERS_SHOWN).collect()
}

/// Returns the shown part of a text: for a long one only its beginning.
pub(super) fn beginning(text: &str) -> String {
    text.chars().take(CHARACTERS_SHOWN).collect()
}
