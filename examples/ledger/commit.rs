//! A commit, as an event contains it.

use arbour::events::Event;
use serde::{Deserialize, Serialize};

/// A commit of a repository: an event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(rename = "commit-imported")]
pub struct Commit {
    /// Its hash in git.
    pub hash: String,
    /// Its author.
    pub author: String,
    /// Its day in the author's time zone, such as `2026-01-31`.
    pub day: String,
    /// Its first line.
    pub subject: String,
    /// Its changes; a merge has none.
    pub files: Vec<Change>,
}

/// What a commit did to a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The path of the file.
    pub path: String,
    /// Its path before, if it was renamed or copied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// How many lines were added and removed; `None` for a binary file, such as an image.
    pub lines: Option<Lines>,
}

/// How many lines were added and removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    /// How many were added.
    pub added: u64,
    /// How many were removed.
    pub removed: u64,
}

impl Lines {
    /// Adds other counts to these.
    pub fn add(&mut self, other: Self) {
        self.added = self.added.saturating_add(other.added);
        self.removed = self.removed.saturating_add(other.removed);
    }
}

impl Commit {
    /// Returns the lines of all files together.
    pub fn lines(&self) -> Lines {
        let mut sum = Lines::default();
        self.files.iter().filter_map(|change| change.lines).for_each(|lines| sum.add(lines));
        sum
    }
}
