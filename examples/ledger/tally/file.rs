//! The history of a file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Counts, Share, Tally};
use crate::commit::{Commit, Lines};

/// A file: a document. A renamed file is another one from then on.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct File {
    pub(crate) path: String,
    #[serde(flatten)]
    pub(crate) counts: Counts,
    /// The author of the last change.
    pub(crate) author: String,
    /// The day of the last change.
    pub(crate) last: String,
    /// Its time, in milliseconds since 1970.
    time: i64,
}

impl Tally for File {
    const VIEW: &'static str = "files";
    const ID: &'static str = "path";

    fn shares(commit: &Commit) -> Vec<Share<'_>> {
        let mut files = BTreeMap::<&str, Lines>::new();
        for change in &commit.files {
            files.entry(&change.path).or_default().add(change.lines.unwrap_or_default());
        }
        files.into_iter().map(|(id, lines)| Share { id, lines }).collect()
    }

    fn count(before: Option<Self>, share: &Share<'_>, commit: &Commit, time: i64) -> Self {
        let mut file = before.unwrap_or_else(|| Self {
            path: share.id.to_owned(),
            counts: Counts::default(),
            author: String::new(),
            last: String::new(),
            time: i64::MIN,
        });
        file.counts.count(share.lines);
        if time >= file.time {
            file.author.clone_from(&commit.author);
            file.last.clone_from(&commit.day);
            file.time = time;
        }
        file
    }
}
