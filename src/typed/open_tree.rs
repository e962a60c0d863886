//! A typed tree of a store, which encodes and decodes its keys and values.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Bound, RangeBounds};

use arbour_core::{DecodeError, Error, KeyRange, Result, Tree};

use super::Types;
use crate::codec::Codec;
use crate::key::{Key, KeyPrefix};

/// A [`TypedTree`](crate::TypedTree) resolved in a store. It reads and writes typed entries through
/// any snapshot or transaction of that store.
///
/// Keys are passed as any [`Key<Owned = K>`](Key), so a tree of [`String`] keys is queried with
/// `&str`. An entry that does not have the tree's types is an error of kind
/// [`Decode`](crate::ErrorKind::Decode) that names the tree and the key; it never reads as absent.
///
/// ```
/// use arbour::codec::Bincode;
/// use arbour::{KvStore, MemoryStore, TypedTree};
///
/// const BORN: TypedTree<String, u32, Bincode> = TypedTree::new("born");
/// let store = MemoryStore::new();
/// let born = BORN.open(&store)?;
/// store.write(|transaction| born.put(transaction, "ada", &1815))?;
/// assert_eq!(born.get(&store.snapshot()?, "ada")?, Some(1815));
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct OpenTree<K, V, C> {
    pub(super) tree: Tree,
    types: Types<K, V, C>,
}

impl<K, V, C> OpenTree<K, V, C> {
    /// Adds types to a handle, for trees whose names are known only at run time or belong to a
    /// layer. The stored entries are checked against these types only when they are read.
    ///
    /// ```
    /// use arbour::codec::Raw;
    /// use arbour::{KvStore, MemoryStore, OpenTree};
    /// let store = MemoryStore::new();
    /// let rooms = ["lobby", "garden"].map(|name| store.tree(name));
    /// for room in rooms {
    ///     let messages: OpenTree<u64, Vec<u8>, Raw> = OpenTree::new(room?);
    ///     assert!(messages.last(&store.snapshot()?)?.is_none());
    /// }
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn new(tree: Tree) -> Self {
        Self { tree, types: PhantomData }
    }

    /// Returns the handle, for the untyped operations.
    ///
    /// ```
    /// use arbour::{KvStore, MemoryStore, TypedTree, codec::Raw};
    /// const AVATARS: TypedTree<String, Vec<u8>, Raw> = TypedTree::new("avatars");
    /// let avatars = AVATARS.open(&MemoryStore::new())?;
    /// assert_eq!(avatars.raw().name(), "avatars");
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn raw(&self) -> &Tree {
        &self.tree
    }

    /// Adds the tree and the key to the decode error of a value.
    pub(super) fn bad_value(&self, error: DecodeError, key: &[u8]) -> Error {
        error.within("value").into_error(self.tree.name(), key)
    }
}

impl<K: Key<Owned = K>, V, C> OpenTree<K, V, C> {
    /// Returns the encoding of a key, for the untyped operations.
    ///
    /// ```
    /// use arbour::{KvStore, MemoryStore, TypedTree, codec::Raw};
    /// const MEMBERS: TypedTree<(String, String), (), Raw> = TypedTree::new("members");
    /// let members = MEMBERS.open(&MemoryStore::new())?;
    /// assert_eq!(members.key_bytes(("room", "ada")), b"room\xffada");
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn key_bytes(&self, key: impl Key<Owned = K>) -> Vec<u8> {
        key.to_key_bytes()
    }

    /// Returns the encoding of a prefix, for the untyped operations.
    ///
    /// ```
    /// use arbour::{KvStore, MemoryStore, TypedTree, codec::Raw};
    /// const MEMBERS: TypedTree<(String, String), (), Raw> = TypedTree::new("members");
    /// let members = MEMBERS.open(&MemoryStore::new())?;
    /// assert_eq!(members.prefix_bytes("room"), b"room\xff");
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn prefix_bytes(&self, prefix: impl KeyPrefix<K>) -> Vec<u8> {
        let mut bytes = Vec::new();
        prefix.encode_prefix(&mut bytes);
        bytes
    }

    /// Returns the byte range between two typed bounds.
    pub(super) fn byte_range<Q: Key<Owned = K>>(range: &impl RangeBounds<Q>) -> ByteRange {
        let bytes = |bound: Bound<&Q>| bound.map(Key::to_key_bytes);
        ByteRange(bytes(range.start_bound()), bytes(range.end_bound()))
    }
}

impl<K: Key<Owned = K>, V, C: Codec<V>> OpenTree<K, V, C> {
    /// Decodes an entry that was read by an untyped operation.
    ///
    /// # Errors
    /// [`Decode`](crate::ErrorKind::Decode) if the key or the value does not have the tree's type.
    ///
    /// ```
    /// use arbour::{KeyRange, KvRead, KvStore, MemoryStore, TypedTree, codec::Raw};
    /// const AVATARS: TypedTree<String, Vec<u8>, Raw> = TypedTree::new("avatars");
    /// let store = MemoryStore::new();
    /// let avatars = AVATARS.open(&store)?;
    /// store.put(avatars.raw(), b"ada", b"image")?;
    /// let (key, value) = store.snapshot()?.first(avatars.raw(), KeyRange::all())?.unwrap();
    /// assert_eq!(avatars.decode(&key, &value)?, ("ada".to_string(), b"image".to_vec()));
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn decode(&self, key: &[u8], value: &[u8]) -> Result<(K, V)> {
        let typed_key = K::decode_key(key)
            .map_err(|error| error.within("key").into_error(self.tree.name(), key))?;
        let typed_value = C::decode(value).map_err(|error| self.bad_value(error, key))?;
        Ok((typed_key, typed_value))
    }
}

/// The encoded bounds of a typed range.
pub(super) struct ByteRange(Bound<Vec<u8>>, Bound<Vec<u8>>);

impl ByteRange {
    pub(super) fn as_key_range(&self) -> KeyRange<'_> {
        KeyRange::from_bounds(
            self.0.as_ref().map(Vec::as_slice),
            self.1.as_ref().map(Vec::as_slice),
        )
    }
}

impl<K, V, C> Clone for OpenTree<K, V, C> {
    fn clone(&self) -> Self {
        Self { tree: self.tree.clone(), types: PhantomData }
    }
}

impl<K, V, C> fmt::Debug for OpenTree<K, V, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OpenTree").field(&self.tree.name()).finish()
    }
}
