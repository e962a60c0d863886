//! The numbers that all documents of commits have.

use serde::{Deserialize, Serialize};

use crate::commit::Lines;

/// The number of commits, and of lines in them.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) commits: u64,
    #[serde(flatten)]
    pub(crate) lines: Lines,
}

impl Counts {
    pub(super) fn count(&mut self, lines: Lines) {
        self.commits += 1;
        self.lines.add(lines);
    }
}
