//! Prefixes that end in the middle of a string.

use super::ordered::escape_from;
use super::{Key, KeyPart, KeyPrefix, Ordered};

/// Selects keys whose first part begins with a string or byte string, wherever that part ends.
///
/// This is a separate type because it is rarely what is meant: with `ada` it also finds `adam`. Put
/// it after other groups or parts with [`Within`](super::Within).
///
/// ```
/// use arbour::TypedTree;
/// use arbour::codec::Raw;
/// use arbour::key::{StartsWith, Within};
/// use arbour::{Direction, KvRead, KvStore, MemoryStore};
///
/// const NAMES: TypedTree<(u64, String), (), Raw> = TypedTree::new("names");
/// let store = MemoryStore::new();
/// let names = NAMES.open(&store)?;
/// store.write(|transaction| {
///     names.put(transaction, (1u64, "ada"), &())?;
///     names.put(transaction, (1u64, "adam"), &())?;
///     names.put(transaction, (1u64, "bob"), &())
/// })?;
/// let snapshot = store.snapshot()?;
/// assert_eq!(names.count(&snapshot, Within(1u64, StartsWith("ad")))?, 2);
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct StartsWith<'a, T: ?Sized>(
    /// The start of the part.
    pub &'a T,
);

impl<T: ?Sized> Clone for StartsWith<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for StartsWith<'_, T> {}

impl<K: Key, T: ?Sized> KeyPrefix<K> for StartsWith<'_, T>
where
    K::First: PartPrefix<Prefix = T>,
{
    fn encode_prefix(&self, key: &mut Vec<u8>) {
        K::First::encode_part_prefix(self.0, key);
    }
}

/// A part whose encoding begins with the encoding of each prefix of its value: a string or byte
/// string, [`Ordered`] or not.
pub trait PartPrefix {
    /// The type of such a prefix: `str` for [`String`].
    type Prefix: ?Sized;

    /// Appends the encoding of the start of a part.
    fn encode_part_prefix(prefix: &Self::Prefix, key: &mut Vec<u8>);
}

impl PartPrefix for String {
    type Prefix = str;

    fn encode_part_prefix(prefix: &str, key: &mut Vec<u8>) {
        prefix.encode_part(key);
    }
}

impl PartPrefix for Vec<u8> {
    type Prefix = [u8];

    fn encode_part_prefix(prefix: &[u8], key: &mut Vec<u8>) {
        prefix.encode_part(key);
    }
}

impl<P: PartPrefix> PartPrefix for Ordered<P> {
    type Prefix = P::Prefix;

    fn encode_part_prefix(prefix: &P::Prefix, key: &mut Vec<u8>) {
        let start = key.len();
        P::encode_part_prefix(prefix, key);
        escape_from(start, key);
    }
}
