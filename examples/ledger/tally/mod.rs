//! What is counted of commits: by author, by file, by day.

mod author;
mod counts;
mod day;
mod file;
mod model;

use arbour::documents::{Declaration, Document, Field, FieldKind, Ids, Index};

use crate::commit::{Commit, Lines};

pub(crate) use author::Author;
pub(crate) use counts::Counts;
pub(crate) use day::Day;
pub(crate) use file::File;
pub(crate) use model::{Tallies, imported};

/// The number of commits, as filters and orders call it in all of them.
pub(crate) const COMMITS: &str = "commits";

/// A document that counts commits.
pub(crate) trait Tally: Document {
    /// What its collection is called.
    const VIEW: &'static str;
    /// Where its id stands.
    const ID: &'static str;

    /// Returns whom or what a commit is counted for: each id once, and in the same order always.
    fn shares(commit: &Commit) -> Vec<Share<'_>>;

    /// Counts a commit, in the document that was there before, or a new one.
    fn count(before: Option<Self>, share: &Share<'_>, commit: &Commit, time: i64) -> Self;
}

/// What a commit has to do with one document.
pub(crate) struct Share<'c> {
    pub(crate) id: &'c str,
    pub(crate) lines: Lines,
}

/// Declares a collection of what is counted.
pub(crate) fn declaration<D: Tally>(name: &str) -> Declaration<D> {
    Declaration::new(name)
        .id(D::ID, Ids::Chosen)
        .field(Field::path(COMMITS).of(FieldKind::Integer))
        .index(Index::descending(COMMITS))
}
