//! What is counted for commits: by author, by file, by day.

mod author;
mod counts;
mod day;
mod file;
mod fold;

use arbour::documents::{Body, Declaration, Field, FieldKind, Ids, Index};

use crate::commit::{Commit, Lines};

pub(crate) use author::Author;
pub(crate) use counts::Counts;
pub(crate) use day::Day;
pub(crate) use file::File;
pub(crate) use fold::fold;

/// The number of commits, as filters and orders name it in all of them.
pub(crate) const COMMITS: &str = "commits";

/// A document that counts commits.
pub(crate) trait Tally: Body {
    /// The name of its collection.
    const VIEW: &'static str;
    /// The path of its id.
    const ID: &'static str;

    /// Returns the ids for which a commit is counted: each once, and always in the same order.
    fn shares(commit: &Commit) -> Vec<Share<'_>>;

    /// Counts a commit, in the existing document or a new one.
    fn count(before: Option<Self>, share: &Share<'_>, commit: &Commit, time: i64) -> Self;
}

/// The part of a commit that one document counts.
pub(crate) struct Share<'c> {
    pub(crate) id: &'c str,
    pub(crate) lines: Lines,
}

/// Declares a collection of counts.
pub(crate) fn declaration<D: Tally>(name: &str) -> Declaration<D> {
    Declaration::new(name)
        .id(D::ID, Ids::Chosen)
        .field(Field::path(COMMITS).of(FieldKind::Integer))
        .index(Index::descending(COMMITS))
}
