//! Many trees in one keyspace of an engine: the position of a tree's entries among those of all.
//!
//! ```text
//! 00000000 NAME         number of the tree of that name    the catalog
//! 0000002a KEY          value                              an entry of tree 42
//! ```
//!
//! Numbers are big-endian, so that a tree is one range and ranges keep the order of keys.
//! [`TreeCatalog`](crate::engine::TreeCatalog) assigns them.
//!
//! Engines whose own trees are expensive store all of Arbour's trees in one of them. RocksDB writes
//! and reads back the options of all its column families to create one, which takes 30 ms for the
//! first and twice that for the three-hundredth; fjall takes 33 and 65 ms for a keyspace. Each of
//! them is also flushed to files of its own.
//!
//! ```
//! use arbour_core::engine::keyspace::{is_of, key_of, stored_key};
//! let stored = stored_key(42, b"ada");
//! assert_eq!(stored.as_ref(), b"\0\0\0\x2aada");
//! assert!(is_of(42, stored.as_ref()));
//! assert_eq!(key_of(stored.as_ref()), b"ada");
//! ```

use std::ops::Bound;

use smallvec::SmallVec;

/// The number of the tree that maps the names of the others to their numbers.
///
/// ```
/// use arbour_core::engine::keyspace::{CATALOG, first_of};
/// assert_eq!(first_of(CATALOG), [0; 4]);
/// ```
pub const CATALOG: u32 = 0;

/// How many bytes precede the key in a stored key.
///
/// ```
/// use arbour_core::engine::keyspace::{NUMBER_BYTES, stored_key};
/// assert_eq!(stored_key(7, b"").as_ref().len(), NUMBER_BYTES);
/// ```
pub const NUMBER_BYTES: usize = size_of::<u32>();

/// Returns the key under which a key of a tree is stored. Few are long enough to need an
/// allocation.
///
/// ```
/// use arbour_core::engine::keyspace::stored_key;
/// assert!(stored_key(1, &[0xff; 80]).as_ref() < stored_key(2, b"").as_ref());
/// ```
#[must_use]
#[inline]
pub fn stored_key(tree: u32, key: &[u8]) -> impl AsRef<[u8]> + use<> {
    let mut stored = SmallVec::<[u8; 64]>::new();
    stored.extend_from_slice(&tree.to_be_bytes());
    stored.extend_from_slice(key);
    stored
}

/// Returns the key within its tree; an empty one if the stored key has no number.
///
/// ```
/// use arbour_core::engine::keyspace::key_of;
/// assert_eq!(key_of(b"\0\0\0\x07ada"), b"ada");
/// ```
#[must_use]
#[inline]
pub fn key_of(stored: &[u8]) -> &[u8] {
    stored.get(NUMBER_BYTES..).unwrap_or_default()
}

/// Tells whether a stored key belongs to a tree.
///
/// ```
/// use arbour_core::engine::keyspace::is_of;
/// assert!(is_of(7, b"\0\0\0\x07ada"));
/// ```
#[must_use]
pub fn is_of(tree: u32, stored: &[u8]) -> bool {
    stored.starts_with(&tree.to_be_bytes())
}

/// Returns the first stored key that a range with this start may contain.
///
/// ```
/// use arbour_core::engine::keyspace::lower_bound;
/// use std::ops::Bound;
/// assert_eq!(lower_bound(7, Bound::Excluded(b"a")), b"\0\0\0\x07a\0");
/// ```
#[must_use]
pub fn lower_bound(tree: u32, start: Bound<&[u8]>) -> Vec<u8> {
    match start {
        Bound::Unbounded => first_of(tree),
        Bound::Included(key) => joined(tree, key, &[]),
        Bound::Excluded(key) => joined(tree, key, &[0]),
    }
}

/// Returns the first stored key after all that a range with this end may contain.
///
/// ```
/// use arbour_core::engine::keyspace::upper_bound;
/// use std::ops::Bound;
/// assert_eq!(upper_bound(7, Bound::Unbounded), b"\0\0\0\x08");
/// ```
#[must_use]
pub fn upper_bound(tree: u32, end: Bound<&[u8]>) -> Vec<u8> {
    match end {
        // The last number is never assigned to a tree.
        Bound::Unbounded => first_of(tree.saturating_add(1)),
        Bound::Included(key) => joined(tree, key, &[0]),
        Bound::Excluded(key) => joined(tree, key, &[]),
    }
}

/// Returns the first stored key that a tree may contain.
///
/// ```
/// use arbour_core::engine::keyspace::first_of;
/// assert_eq!(first_of(7), b"\0\0\0\x07");
/// ```
#[must_use]
pub fn first_of(tree: u32) -> Vec<u8> {
    tree.to_be_bytes().to_vec()
}

fn joined(tree: u32, key: &[u8], rest: &[u8]) -> Vec<u8> {
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

    fn stored(tree: u32, key: &[u8]) -> Vec<u8> {
        stored_key(tree, key).as_ref().to_vec()
    }

    #[test]
    fn a_tree_is_one_range() {
        for tree in [1, 0xff, 0x100, 0xffff_ffff - 1] {
            let (first, end) =
                (lower_bound(tree, Bound::Unbounded), upper_bound(tree, Bound::Unbounded));
            for key in [&b""[..], b"\0", b"a", &[0xff; 80]] {
                let stored = stored(tree, key);
                assert!(first <= stored && stored < end, "{key:?} in {tree}");
                assert!(is_of(tree, &stored) && !is_of(tree - 1, &stored));
                assert_eq!(key_of(&stored), key);
            }
            assert!(stored(tree - 1, &[0xff; 80]) < first);
            assert!(stored(tree + 1, b"") >= end);
        }
    }

    #[test]
    fn bounds_include_and_exclude() {
        let key = &b"k"[..];
        let (at, after) = (stored(7, b"k"), stored(7, b"k\0"));
        assert_eq!(lower_bound(7, Bound::Included(key)), at);
        assert_eq!(lower_bound(7, Bound::Excluded(key)), after);
        assert_eq!(upper_bound(7, Bound::Included(key)), after);
        assert_eq!(upper_bound(7, Bound::Excluded(key)), at);
    }
}
