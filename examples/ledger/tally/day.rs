//! What happened on a day.

use serde::{Deserialize, Serialize};

use super::{Counts, Share, Tally};
use crate::commit::Commit;

/// A day: a document.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Day {
    pub(crate) day: String,
    #[serde(flatten)]
    pub(crate) counts: Counts,
}

impl Tally for Day {
    const VIEW: &'static str = "days";
    const ID: &'static str = "day";

    fn shares(commit: &Commit) -> Vec<Share<'_>> {
        vec![Share { id: &commit.day, lines: commit.lines() }]
    }

    fn count(before: Option<Self>, share: &Share<'_>, _commit: &Commit, _time: i64) -> Self {
        let mut day =
            before.unwrap_or_else(|| Self { day: share.id.to_owned(), counts: Counts::default() });
        day.counts.count(share.lines);
        day
    }
}
