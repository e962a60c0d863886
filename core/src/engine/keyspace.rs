//! The position of a tree's entries among those of all trees, for an engine that keeps all in one
//! ordered map: [`TreeLayer`](crate::engine::TreeLayer) does, and so do fjall and LMDB.
//!
//! ```text
//! 00000000 NAME         number of the tree of that name    the catalog
//! 0000002a KEY          value                              an entry of tree 42
//! ```
//!
//! Numbers are big-endian, so that a tree is one range and ranges keep the order of keys. The last
//! number is never given to a tree.
//!
//! ```
//! use arbour_core::engine::keyspace::{key_of, lower_bound, stored_key, upper_bound};
//! use std::ops::Bound;
//! let stored = stored_key(42, b"ada");
//! assert_eq!(*stored, *b"\0\0\0\x2aada");
//! assert_eq!(key_of(&stored), b"ada");
//! assert!(lower_bound(42, Bound::Unbounded) <= stored && stored < upper_bound(42, Bound::Unbounded));
//! ```

use std::ops::Bound;

use smallvec::SmallVec;

/// The number of a tree, with which its keys begin.
///
/// ```
/// use arbour_core::engine::keyspace::{CATALOG, TreeNumber};
/// let first: TreeNumber = CATALOG + 1;
/// assert_eq!(first, 1);
/// ```
pub type TreeNumber = u32;

/// A key with the number of its tree before it. Few are long enough to need an allocation.
///
/// ```
/// use arbour_core::engine::keyspace::{StoredKey, stored_key};
/// let stored: StoredKey = stored_key(1, b"k");
/// assert_eq!(stored.len(), 5);
/// ```
pub type StoredKey = SmallVec<[u8; INLINE_BYTES]>;

/// Up to this length a stored key needs no allocation.
const INLINE_BYTES: usize = 64;

/// The tree that maps the names of the others to their numbers.
pub const CATALOG: TreeNumber = 0;

/// How much longer a stored key is than the key, in bytes.
pub const NUMBER_BYTES: usize = size_of::<TreeNumber>();

/// Returns the stored form of a key.
///
/// ```
/// use arbour_core::engine::keyspace::stored_key;
/// assert_eq!(*stored_key(1, b"k"), *b"\0\0\0\x01k");
/// ```
#[must_use]
#[inline]
pub fn stored_key(tree: TreeNumber, key: &[u8]) -> StoredKey {
    // Every get and put makes one. `extend_from_slice`, called twice, is not inlined: it took 90
    // instructions more.
    let bytes = NUMBER_BYTES + key.len();
    let mut stored = match bytes <= INLINE_BYTES {
        true => StoredKey::from_buf_and_len([0; INLINE_BYTES], bytes),
        false => StoredKey::from_elem(0, bytes),
    };
    if let Some((number, rest)) = stored.split_first_chunk_mut() {
        *number = tree.to_be_bytes();
        rest.copy_from_slice(key);
    }
    stored
}

/// Returns the key within its tree.
///
/// ```
/// use arbour_core::engine::keyspace::key_of;
/// assert_eq!(key_of(b"\0\0\0\x01k"), b"k");
/// ```
#[must_use]
#[inline]
pub fn key_of(stored: &[u8]) -> &[u8] {
    stored.get(NUMBER_BYTES..).unwrap_or_default()
}

/// Tells whether a stored key belongs to a tree.
///
/// ```
/// use arbour_core::engine::keyspace::{is_of, stored_key};
/// assert!(is_of(1, &stored_key(1, b"k")) && !is_of(2, &stored_key(1, b"k")));
/// ```
#[must_use]
#[inline]
pub fn is_of(tree: TreeNumber, stored: &[u8]) -> bool {
    stored.starts_with(&tree.to_be_bytes())
}

/// Returns the first stored key that a range may contain.
///
/// ```
/// use arbour_core::engine::keyspace::{lower_bound, stored_key};
/// use std::ops::Bound;
/// assert_eq!(lower_bound(1, Bound::Excluded(b"k")), stored_key(1, b"k\0"));
/// ```
#[must_use]
pub fn lower_bound(tree: TreeNumber, start: Bound<&[u8]>) -> StoredKey {
    match start {
        Bound::Unbounded => first_of(tree),
        Bound::Included(key) => stored_key(tree, key),
        Bound::Excluded(key) => after(tree, key),
    }
}

/// Returns the first stored key after all that a range may contain.
///
/// ```
/// use arbour_core::engine::keyspace::{first_of, upper_bound};
/// use std::ops::Bound;
/// assert_eq!(upper_bound(1, Bound::Unbounded), first_of(2));
/// ```
#[must_use]
pub fn upper_bound(tree: TreeNumber, end: Bound<&[u8]>) -> StoredKey {
    match end {
        Bound::Unbounded => first_of(tree.saturating_add(1)),
        Bound::Included(key) => after(tree, key),
        Bound::Excluded(key) => stored_key(tree, key),
    }
}

/// Returns the first stored key that a tree may contain.
///
/// ```
/// assert_eq!(*arbour_core::engine::keyspace::first_of(1), [0, 0, 0, 1]);
/// ```
#[must_use]
pub fn first_of(tree: TreeNumber) -> StoredKey {
    stored_key(tree, &[])
}

fn after(tree: TreeNumber, key: &[u8]) -> StoredKey {
    let mut stored = stored_key(tree, key);
    stored.push(0);
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
        assert_eq!(lower_bound(7, Bound::Included(key)), at);
        assert_eq!(lower_bound(7, Bound::Excluded(key)), after);
        assert_eq!(upper_bound(7, Bound::Included(key)), after);
        assert_eq!(upper_bound(7, Bound::Excluded(key)), at);
    }
}
