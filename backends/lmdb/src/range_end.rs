//! Where a scan ends.

use std::ops::Bound;

use arbour_core::Direction;
use arbour_core::engine::keyspace::{StoredKey, TreeNumber, is_of, stored_key};

/// Where the entries of a range end, in one direction. The engine's own ranges would compare keys byte
/// by byte at each step; most ranges end with their tree, which four bytes tell.
pub(crate) enum RangeEnd {
    /// The end of the tree.
    Tree(TreeNumber),
    /// The last key in forward direction, and whether it is in the range.
    Upper(StoredKey, bool),
    /// The first key, which comes last in reverse direction.
    Lower(StoredKey, bool),
}

impl RangeEnd {
    pub(crate) fn new(tree: TreeNumber, bound: Bound<&[u8]>, direction: Direction) -> Self {
        let (key, is_included) = match bound {
            Bound::Unbounded => return Self::Tree(tree),
            Bound::Included(key) => (stored_key(tree, key), true),
            Bound::Excluded(key) => (stored_key(tree, key), false),
        };
        match direction {
            Direction::Forward => Self::Upper(key, is_included),
            Direction::Reverse => Self::Lower(key, is_included),
        }
    }

    /// Tells whether a stored key is still before the end.
    #[inline]
    pub(crate) fn admits(&self, stored: &[u8]) -> bool {
        match self {
            Self::Tree(number) => is_of(*number, stored),
            Self::Upper(end, true) => *stored <= **end,
            Self::Upper(end, false) => *stored < **end,
            Self::Lower(end, true) => *stored >= **end,
            Self::Lower(end, false) => *stored > **end,
        }
    }
}
