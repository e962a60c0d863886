//! The position of a tree's entries among those of all trees.
//!
//! ```text
//! 00000000            the mark of the format, and the next number    see `catalog`
//! 00000000 NAME       number of the tree of that name                the catalog
//! 0000002a KEY        value                                          an entry of tree 42
//! ```
//!
//! Numbers are big-endian, so that a tree is one range and ranges keep the order of keys.

use std::ops::Bound;

use arbour_core::Direction;
use smallvec::SmallVec;

/// The number of a tree in the file.
pub(crate) type TreeNumber = u32;

/// The number of the catalog; trees have higher ones.
pub(crate) const CATALOG: TreeNumber = 0;

/// How much longer a stored key is than the key.
pub(crate) const NUMBER_BYTES: usize = size_of::<TreeNumber>();

/// Returns the stored key of an entry. Most keys fit on the stack.
#[inline]
pub(crate) fn stored_key(tree: TreeNumber, key: &[u8]) -> SmallVec<[u8; 64]> {
    let mut stored = SmallVec::new();
    stored.extend_from_slice(&tree.to_be_bytes());
    stored.extend_from_slice(key);
    stored
}

/// Returns the key of a stored key.
#[inline]
pub(crate) fn key_of(stored: &[u8]) -> &[u8] {
    stored.get(NUMBER_BYTES..).unwrap_or_default()
}

/// Where the entries of a range end, in one direction. The engine's own ranges would compare keys byte
/// by byte at each step; most ranges end with their tree, which four bytes tell.
pub(crate) enum End {
    /// The end of the tree.
    Tree([u8; NUMBER_BYTES]),
    /// The last key in forward direction, and whether it is in the range.
    Upper(SmallVec<[u8; 64]>, bool),
    /// The first key, which comes last in reverse direction.
    Lower(SmallVec<[u8; 64]>, bool),
}

impl End {
    pub(crate) fn new(tree: TreeNumber, bound: Bound<&[u8]>, direction: Direction) -> Self {
        let (key, is_included) = match bound {
            Bound::Unbounded => return Self::Tree(tree.to_be_bytes()),
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
            Self::Tree(number) => stored.starts_with(number),
            Self::Upper(end, true) => *stored <= **end,
            Self::Upper(end, false) => *stored < **end,
            Self::Lower(end, true) => *stored >= **end,
            Self::Lower(end, false) => *stored > **end,
        }
    }
}

/// Returns the bounds of a range of a tree.
pub(crate) fn bounds(
    tree: TreeNumber,
    start: Bound<&[u8]>,
    end: Bound<&[u8]>,
) -> (Bound<SmallVec<[u8; 64]>>, Bound<SmallVec<[u8; 64]>>) {
    let start = match start {
        Bound::Unbounded => Bound::Included(stored_key(tree, &[])),
        Bound::Included(key) => Bound::Included(stored_key(tree, key)),
        Bound::Excluded(key) => Bound::Excluded(stored_key(tree, key)),
    };
    let end = match end {
        // The last number is never given to a tree.
        Bound::Unbounded => Bound::Excluded(stored_key(tree.saturating_add(1), &[])),
        Bound::Included(key) => Bound::Included(stored_key(tree, key)),
        Bound::Excluded(key) => Bound::Excluded(stored_key(tree, key)),
    };
    (start, end)
}
