//! The definition of a typed tree.

use std::fmt;
use std::marker::PhantomData;

use arbour_core::{KvStore, Result};

use super::{OpenTree, Types};

/// Defines a tree: its name, the types of its keys and values, and the codec.
///
/// It is a constant of the program, like redb's `TableDefinition`, and must be opened on a store to
/// be used. `K` is an owned [`Key`](crate::key::Key), `C` a [`Codec`](crate::codec::Codec) of `V`.
///
/// ```
/// use arbour::codec::ZeroCopy;
/// use arbour::{KvStore, MemoryStore, TypedTree};
/// use zerocopy::little_endian::I32;
///
/// /// The score of a user in a room, by name.
/// const SCORES: TypedTree<((String, String), String), I32, ZeroCopy> = TypedTree::new("scores");
///
/// let store = MemoryStore::new();
/// let scores = SCORES.open(&store)?;
/// store.write(|transaction| {
///     scores.put(transaction, (("@ada:x", "!room:x"), "strength"), &I32::new(-2))
/// })?;
/// let score = scores.get(&store.snapshot()?, (("@ada:x", "!room:x"), "strength"))?;
/// assert_eq!(score, Some(I32::new(-2)));
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct TypedTree<K, V, C> {
    name: &'static str,
    types: Types<K, V, C>,
}

impl<K, V, C> TypedTree<K, V, C> {
    /// Defines a tree of this name, which [`open`](Self::open) validates.
    ///
    /// ```
    /// use arbour::{TypedTree, codec::Raw};
    /// const AVATARS: TypedTree<String, Vec<u8>, Raw> = TypedTree::new("avatars");
    /// # let _ = AVATARS;
    /// ```
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, types: PhantomData }
    }

    /// Returns the name of the tree.
    ///
    /// ```
    /// use arbour::{TypedTree, codec::Raw};
    /// const AVATARS: TypedTree<String, Vec<u8>, Raw> = TypedTree::new("avatars");
    /// assert_eq!(AVATARS.name(), "avatars");
    /// ```
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Resolves the tree in a store. The tree may be empty, and is not created by this.
    ///
    /// # Errors
    /// As [`KvStore::tree`].
    ///
    /// ```
    /// use arbour::{KvStore, MemoryStore, TypedTree, codec::Raw};
    /// const AVATARS: TypedTree<String, Vec<u8>, Raw> = TypedTree::new("avatars");
    /// let store = MemoryStore::new();
    /// let avatars = AVATARS.open(&store)?;
    /// assert!(avatars.get(&store.snapshot()?, "ada")?.is_none());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn open<S: KvStore>(&self, store: &S) -> Result<OpenTree<K, V, C>> {
        store.tree(self.name).map(OpenTree::new)
    }
}

impl<K, V, C> Clone for TypedTree<K, V, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V, C> Copy for TypedTree<K, V, C> {}

impl<K, V, C> fmt::Debug for TypedTree<K, V, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedTree").field(&self.name).finish()
    }
}
