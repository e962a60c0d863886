//! The work of an author.

use serde::{Deserialize, Serialize};

use super::{Counts, Share, Tally};
use crate::commit::Commit;

/// An author: a document.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Author {
    pub(crate) author: String,
    #[serde(flatten)]
    pub(crate) counts: Counts,
    /// The day of the first commit. A log may begin with the newest.
    pub(crate) first: String,
    /// The day of the last one.
    pub(crate) last: String,
}

impl Tally for Author {
    const VIEW: &'static str = "authors";
    const ID: &'static str = "author";

    fn shares(commit: &Commit) -> Vec<Share<'_>> {
        vec![Share { id: &commit.author, lines: commit.lines() }]
    }

    fn count(before: Option<Self>, share: &Share<'_>, commit: &Commit, _time: i64) -> Self {
        let day = &commit.day;
        let mut author = before.unwrap_or_else(|| Self {
            author: share.id.to_owned(),
            counts: Counts::default(),
            first: day.clone(),
            last: day.clone(),
        });
        author.counts.count(share.lines);
        author.first = author.first.min(day.clone());
        author.last = author.last.max(day.clone());
        author
    }
}
