//! The position of a tree's entries among those of all trees.
//!
//! ```text
//! 00000000 NAME         number of the tree of that name    the catalog
//! 0000002a KEY          value                              an entry of tree 42
//! ```
//!
//! Numbers are big-endian, so that a tree is one range and ranges keep the order of keys.
//!
//! A column family for each tree was measured and rejected: creating one writes and reads back the
//! options of all, which takes 30 ms for the first and twice that for the three-hundredth, and each
//! of them is flushed to files of its own.

use std::ops::Bound;

use smallvec::SmallVec;

/// The number of a tree, with which its keys begin.
pub(crate) type TreeNumber = u32;

/// The tree that maps the names of the others to their numbers.
pub(crate) const CATALOG: TreeNumber = 0;

pub(crate) const NUMBER_BYTES: usize = size_of::<TreeNumber>();

/// A key in RocksDB's form. Few are long enough to need an allocation.
pub(crate) type StoredKey = SmallVec<[u8; 64]>;

#[inline]
pub(crate) fn stored_key(tree: TreeNumber, key: &[u8]) -> StoredKey {
    let mut stored = StoredKey::new();
    stored.extend_from_slice(&tree.to_be_bytes());
    stored.extend_from_slice(key);
    stored
}

/// Returns the key within its tree.
#[inline]
pub(crate) fn key_of(stored: &[u8]) -> &[u8] {
    stored.get(NUMBER_BYTES..).unwrap_or_default()
}

/// Tells whether a stored key belongs to a tree.
pub(crate) fn is_of(tree: TreeNumber, stored: &[u8]) -> bool {
    stored.starts_with(&tree.to_be_bytes())
}

/// Returns the first key that a range may contain.
pub(crate) fn lower_bound(tree: TreeNumber, start: Bound<&[u8]>) -> Vec<u8> {
    match start {
        Bound::Unbounded => first_of(tree),
        Bound::Included(key) => joined(tree, key, &[]),
        Bound::Excluded(key) => joined(tree, key, &[0]),
    }
}

/// Returns the first key after all that a range may contain.
pub(crate) fn upper_bound(tree: TreeNumber, end: Bound<&[u8]>) -> Vec<u8> {
    match end {
        // The last number is never assigned to a tree.
        Bound::Unbounded => first_of(tree.saturating_add(1)),
        Bound::Included(key) => joined(tree, key, &[0]),
        Bound::Excluded(key) => joined(tree, key, &[]),
    }
}

/// Returns the first key that a tree may contain.
pub(crate) fn first_of(tree: TreeNumber) -> Vec<u8> {
    tree.to_be_bytes().to_vec()
}

fn joined(tree: TreeNumber, key: &[u8], rest: &[u8]) -> Vec<u8> {
    let mut stored = Vec::with_capacity(NUMBER_BYTES + key.len() + rest.len());
    stored.extend_from_slice(&tree.to_be_bytes());
    stored.extend_from_slice(key);
    stored.extend_from_slice(rest);
    stored
}

#[cfg(test)]
mod tests {
    use std::ops::Bound;

    use super::{is_of, key_of, lower_bound, stored_key, upper_bound};

    #[test]
    fn a_tree_is_one_range() {
        for tree in [1, 0xff, 0x100, 0xffff_ffff - 1] {
            let (first, end) =
                (lower_bound(tree, Bound::Unbounded), upper_bound(tree, Bound::Unbounded));
            for key in [&b""[..], b"\0", b"a", &[0xff; 80]] {
                let stored = stored_key(tree, key);
                assert!(*first <= *stored && *stored < *end, "{key:?} in {tree}");
                assert!(is_of(tree, &stored) && !is_of(tree - 1, &stored));
                assert_eq!(key_of(&stored), key);
            }
            assert!(*stored_key(tree - 1, &[0xff; 80]) < *first);
            assert!(*stored_key(tree + 1, b"") >= *end);
        }
    }

    #[test]
    fn bounds_include_and_exclude() {
        let key = &b"k"[..];
        let (at, after) = (stored_key(7, b"k"), stored_key(7, b"k\0"));
        assert_eq!(lower_bound(7, Bound::Included(key)), *at);
        assert_eq!(lower_bound(7, Bound::Excluded(key)), *after);
        assert_eq!(upper_bound(7, Bound::Included(key)), *after);
        assert_eq!(upper_bound(7, Bound::Excluded(key)), *at);
    }
}
