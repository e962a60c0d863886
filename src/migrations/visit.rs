//! Visiting entries: in which order, how many, and how far.

use std::time::Duration;

use arbour_core::{Direction, Error};

use super::source::Source;
use crate::too_large::is_transaction_too_large;

/// A visit in progress.
pub(super) struct Visit {
    pub(super) source: Source,
    pub(super) direction: Direction,
    /// The key of the entry handed out last.
    pub(super) at: Vec<u8>,
    /// Whether the step deleted entries that may have been read ahead.
    pub(super) is_stale: bool,
}

/// The limits of a chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    pub(super) entries: u64,
    pub(super) bytes: u64,
    pub(super) time: Duration,
}

impl Budget {
    /// Halves the entries if this is why a transaction failed. Returns whether to run it again.
    pub(super) fn shrinks_after(&mut self, error: &Error) -> bool {
        let is_cut = is_transaction_too_large(error) && self.entries > 1;
        if is_cut {
            self.entries /= 2;
        }
        is_cut
    }

    pub(super) const UNBOUNDED: Self =
        Self { entries: u64::MAX, bytes: u64::MAX, time: Duration::MAX };
}

/// What a visit hands out: the entries of a source in one direction, within the limits of a chunk.
pub(super) struct Walk<'w> {
    pub(super) source: &'w Source,
    pub(super) direction: Direction,
    /// The key after which the visit continues.
    pub(super) after: Option<&'w [u8]>,
    pub(super) budget: &'w Budget,
}

/// The result of a visit.
pub(super) struct Visited {
    /// The key of the last entry handed out.
    pub(super) last: Option<Vec<u8>>,
    /// Whether the visit reached the end.
    pub(super) is_end: bool,
}

/// Entries that were read ahead.
#[derive(Default)]
pub(super) struct Window {
    pub(super) bytes: Vec<u8>,
    /// Where each key begins, where its value begins, and where it ends.
    pub(super) entries: Vec<(usize, usize, usize)>,
}

impl Window {
    pub(super) fn push(&mut self, key: &[u8], value: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(key);
        let middle = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.entries.push((start, middle, self.bytes.len()));
    }

    pub(super) fn get(&self, number: usize) -> Option<(&[u8], &[u8])> {
        let (start, middle, end) = *self.entries.get(number)?;
        Some((self.bytes.get(start..middle)?, self.bytes.get(middle..end)?))
    }
}

impl Visit {
    /// Tells whether the visit has yet to reach a key of a tree.
    pub(super) fn is_ahead(&self, tree: &str, key: &[u8]) -> bool {
        let is_ahead = match self.direction {
            Direction::Forward => *key > *self.at,
            Direction::Reverse => *key < *self.at,
        };
        is_ahead && self.source.tree == tree
    }
}
