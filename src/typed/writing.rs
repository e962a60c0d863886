//! Writing typed entries.

use std::ops::RangeBounds;

use arbour_core::engine::Buffer;
use arbour_core::{Batch, KeyRange, KvWrite, Result};

use super::OpenTree;
use crate::codec::{Codec, Raw};
use crate::key::{Key, KeyPrefix};

impl<K: Key<Owned = K>, V, C: Codec<V>> OpenTree<K, V, C> {
    /// Stores a value under a key, replacing any earlier value.
    ///
    /// # Errors
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the codec cannot encode the value;
    /// nothing was written, and the transaction can continue. Otherwise as [`KvWrite::put`].
    ///
    /// ```
    /// # use arbour::{KvStore, KvWrite, MemoryStore, TypedTree, codec::Bincode};
    /// # const BORN: TypedTree<String, u32, Bincode> = TypedTree::new("born");
    /// # let store = MemoryStore::new();
    /// # let born = BORN.open(&store)?;
    /// let mut transaction = store.begin()?;
    /// born.put(&mut transaction, "ada", &1815)?;
    /// assert_eq!(born.get(&transaction, "ada")?, Some(1815));
    /// transaction.commit()?;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[inline]
    pub fn put<W: KvWrite>(
        &self,
        transaction: &mut W,
        key: impl Key<Owned = K>,
        value: &V,
    ) -> Result<()> {
        self.with_entry(key, value, |key, value| transaction.put(&self.tree, key, value))?
    }

    /// Removes a key. Does nothing if it is absent.
    ///
    /// # Errors
    /// As [`KvWrite::delete`].
    ///
    /// ```
    /// # use arbour::{KvStore, MemoryStore, TypedTree, codec::Bincode};
    /// # const BORN: TypedTree<String, u32, Bincode> = TypedTree::new("born");
    /// # let store = MemoryStore::new();
    /// # let born = BORN.open(&store)?;
    /// store.write(|transaction| born.delete(transaction, "nobody"))?;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[inline]
    pub fn delete<W: KvWrite>(&self, transaction: &mut W, key: impl Key<Owned = K>) -> Result<()> {
        let mut bytes = Buffer::new();
        key.encode_key(&mut bytes);
        transaction.delete(&self.tree, &bytes)
    }

    /// Removes every key between two keys, compared by bytes as for [`range`](Self::range). Does
    /// nothing if the range is empty or inverted.
    ///
    /// # Errors
    /// As [`KvWrite::delete_range`].
    ///
    /// ```
    /// # use arbour::{KvStore, MemoryStore, TypedTree, codec::Raw};
    /// const SEEN: TypedTree<u64, (), Raw> = TypedTree::new("seen");
    /// let store = MemoryStore::new();
    /// let seen = SEEN.open(&store)?;
    /// store.write(|transaction| {
    ///     (1..=9u64).try_for_each(|at| seen.put(transaction, at, &()))?;
    ///     seen.delete_range(transaction, ..8u64)
    /// })?;
    /// assert_eq!(seen.len(&store.snapshot()?)?, 2);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn delete_range<W: KvWrite, Q: Key<Owned = K>>(
        &self,
        transaction: &mut W,
        range: impl RangeBounds<Q>,
    ) -> Result<()> {
        transaction.delete_range(&self.tree, Self::byte_range(&range).as_key_range())
    }

    /// Removes every key under a prefix.
    ///
    /// # Errors
    /// As [`KvWrite::delete_range`].
    ///
    /// ```
    /// # use arbour::{KvStore, MemoryStore, TypedTree, codec::Raw};
    /// const MEMBERS: TypedTree<(String, String), (), Raw> = TypedTree::new("members");
    /// let store = MemoryStore::new();
    /// let members = MEMBERS.open(&store)?;
    /// store.write(|transaction| {
    ///     members.put(transaction, ("room", "ada"), &())?;
    ///     members.put(transaction, ("room2", "bob"), &())?;
    ///     members.delete_prefix(transaction, "room")
    /// })?;
    /// assert_eq!(members.len(&store.snapshot()?)?, 1);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn delete_prefix<W: KvWrite>(
        &self,
        transaction: &mut W,
        prefix: impl KeyPrefix<K>,
    ) -> Result<()> {
        let mut bytes = Buffer::new();
        prefix.encode_prefix(&mut bytes);
        transaction.delete_range(&self.tree, KeyRange::prefix(&bytes))
    }

    /// Adds a put to a batch. Lengths are checked when the batch is applied.
    ///
    /// # Errors
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the codec cannot encode the value;
    /// the batch is then unchanged.
    ///
    /// ```
    /// # use arbour::{Batch, Durability, KvStore, MemoryStore, TypedTree, codec::Bincode};
    /// # const BORN: TypedTree<String, u32, Bincode> = TypedTree::new("born");
    /// # let store = MemoryStore::new();
    /// # let born = BORN.open(&store)?;
    /// let mut batch = Batch::new();
    /// born.batch_put(&mut batch, "ada", &1815)?;
    /// store.apply(batch, Durability::PowerLoss)?;
    /// assert_eq!(born.get(&store.snapshot()?, "ada")?, Some(1815));
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[inline]
    pub fn batch_put(&self, batch: &mut Batch, key: impl Key<Owned = K>, value: &V) -> Result<()> {
        self.with_entry(key, value, |key, value| batch.put(&self.tree, key, value))
    }

    /// Adds a delete to a batch. Applying it does nothing if the key is absent.
    ///
    /// ```
    /// # use arbour::{Batch, KvStore, MemoryStore, TypedTree, codec::Bincode};
    /// # const BORN: TypedTree<String, u32, Bincode> = TypedTree::new("born");
    /// # let born = BORN.open(&MemoryStore::new())?;
    /// let mut batch = Batch::new();
    /// born.batch_delete(&mut batch, "ada");
    /// assert_eq!(batch.len(), 1);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[inline]
    pub fn batch_delete(&self, batch: &mut Batch, key: impl Key<Owned = K>) {
        let mut bytes = Buffer::new();
        key.encode_key(&mut bytes);
        batch.delete(&self.tree, &bytes);
    }

    /// Calls `write` with the encoded key and value.
    #[inline]
    fn with_entry<R>(
        &self,
        key: impl Key<Owned = K>,
        value: &V,
        write: impl FnOnce(&[u8], &[u8]) -> R,
    ) -> Result<R> {
        let (mut key_bytes, mut value_bytes) = (Buffer::new(), Buffer::new());
        key.encode_key(&mut key_bytes);
        C::with_encoded(value, &mut value_bytes, |value| write(&key_bytes, value))
            .map_err(|error| error.into_error(self.tree.name(), &key_bytes))
    }
}

impl<K: Key<Owned = K>> OpenTree<K, Vec<u8>, Raw> {
    /// Stores a borrowed byte string under a key, replacing any earlier value.
    ///
    /// # Errors
    /// As [`KvWrite::put`].
    ///
    /// ```
    /// # use arbour::{KvStore, MemoryStore, TypedTree, codec::Raw};
    /// const AVATARS: TypedTree<String, Vec<u8>, Raw> = TypedTree::new("avatars");
    /// let store = MemoryStore::new();
    /// let avatars = AVATARS.open(&store)?;
    /// store.write(|transaction| avatars.put_slice(transaction, "ada", b"image"))?;
    /// assert_eq!(avatars.get(&store.snapshot()?, "ada")?, Some(b"image".to_vec()));
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[inline]
    pub fn put_slice<W: KvWrite>(
        &self,
        transaction: &mut W,
        key: impl Key<Owned = K>,
        value: &[u8],
    ) -> Result<()> {
        let mut bytes = Buffer::new();
        key.encode_key(&mut bytes);
        transaction.put(&self.tree, &bytes, value)
    }
}
