//! Reading typed entries.

use std::ops::RangeBounds;

use arbour_core::engine::Buffer;
use arbour_core::{Cursor, Direction, KeyRange, KvRead, Result};

use super::{OpenTree, TypedCursor};
use crate::codec::{Codec, InPlace};
use crate::key::{Key, KeyPrefix};

/// The cursor of a scan through a reader `R`.
type Scan<'r, R, K, V, C> = TypedCursor<<R as KvRead>::Cursor<'r>, K, V, C>;

impl<K: Key<Owned = K>, V, C: Codec<V>> OpenTree<K, V, C> {
    /// Returns the value of a key, or `None` if the key is absent.
    ///
    /// # Errors
    /// [`Decode`](crate::ErrorKind::Decode) if the value does not have the tree's type; otherwise
    /// as [`KvRead::get`].
    ///
    /// ```
    /// # use arbour::{ErrorKind, KvStore, MemoryStore, TypedTree, codec::Bincode};
    /// # const BORN: TypedTree<String, u32, Bincode> = TypedTree::new("born");
    /// # let store = MemoryStore::new();
    /// # let born = BORN.open(&store)?;
    /// store.write(|transaction| born.put(transaction, "ada", &1815))?;
    /// store.put(born.raw(), b"bob", b"")?;
    /// let snapshot = store.snapshot()?;
    /// assert_eq!(born.get(&snapshot, "ada")?, Some(1815));
    /// assert_eq!(born.get(&snapshot, "nobody")?, None);
    /// let error = born.get(&snapshot, "bob").unwrap_err();
    /// assert_eq!((error.kind(), error.key()), (ErrorKind::Decode, Some("bob")));
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[inline]
    pub fn get<R: KvRead>(&self, reader: &R, key: impl Key<Owned = K>) -> Result<Option<V>> {
        let mut bytes = Buffer::new();
        key.encode_key(&mut bytes);
        let decoded = reader.get_with(&self.tree, &bytes, C::decode)?;
        decoded.transpose().map_err(|error| self.bad_value(error, &bytes))
    }

    /// Calls `read` with the value of a key in place, neither copied nor decoded, and returns its
    /// result, or `None` if the key is absent.
    ///
    /// # Errors
    /// As [`get`](Self::get); in that case `read` was not called.
    ///
    /// ```
    /// use arbour::codec::ZeroCopy;
    /// use arbour::{KvStore, MemoryStore, TypedTree};
    /// use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};
    /// use zerocopy::little_endian::U64;
    ///
    /// #[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
    /// #[repr(C)]
    /// struct Sample { at: U64, values: [U64; 500] }
    ///
    /// const SAMPLES: TypedTree<u64, Sample, ZeroCopy> = TypedTree::new("samples");
    /// let store = MemoryStore::new();
    /// let samples = SAMPLES.open(&store)?;
    /// let sample = Sample { at: U64::new(7), values: [U64::new(1); 500] };
    /// store.write(|transaction| samples.put(transaction, 1u64, &sample))?;
    /// let at = samples.view(&store.snapshot()?, 1u64, |sample| sample.at.get())?;
    /// assert_eq!(at, Some(7));
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[inline]
    pub fn view<R: KvRead, O>(
        &self,
        reader: &R,
        key: impl Key<Owned = K>,
        read: impl FnOnce(&C::View) -> O,
    ) -> Result<Option<O>>
    where
        C: InPlace<V>,
    {
        let mut bytes = Buffer::new();
        key.encode_key(&mut bytes);
        let viewed = reader.get_with(&self.tree, &bytes, |bytes| C::view(bytes).map(read))?;
        viewed.transpose().map_err(|error| self.bad_value(error, &bytes))
    }

    /// Tells whether a key is present, without reading its value.
    ///
    /// # Errors
    /// As [`KvRead::contains`].
    ///
    /// ```
    /// # use arbour::{KvStore, MemoryStore, TypedTree, codec::Bincode};
    /// # const BORN: TypedTree<String, u32, Bincode> = TypedTree::new("born");
    /// # let store = MemoryStore::new();
    /// # let born = BORN.open(&store)?;
    /// assert!(!born.contains(&store.snapshot()?, "nobody")?);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[inline]
    pub fn contains<R: KvRead>(&self, reader: &R, key: impl Key<Owned = K>) -> Result<bool> {
        let mut bytes = Buffer::new();
        key.encode_key(&mut bytes);
        reader.contains(&self.tree, &bytes)
    }

    /// Reads all entries in either direction, ordered by the bytes of their keys.
    ///
    /// # Errors
    /// As [`KvRead::scan`]; the cursor reports later failures.
    ///
    /// ```
    /// # use arbour::{Direction, KvStore, MemoryStore, TypedTree, codec::Bincode};
    /// # const BORN: TypedTree<String, u32, Bincode> = TypedTree::new("born");
    /// # let store = MemoryStore::new();
    /// # let born = BORN.open(&store)?;
    /// store.write(|transaction| {
    ///     born.put(transaction, "ada", &1815)?;
    ///     born.put(transaction, "bob", &1832)
    /// })?;
    /// let snapshot = store.snapshot()?;
    /// let mut cursor = born.scan(&snapshot, Direction::Reverse)?;
    /// assert_eq!(cursor.next().transpose()?, Some(("bob".to_string(), 1832)));
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn scan<'r, R: KvRead>(
        &self,
        reader: &'r R,
        direction: Direction,
    ) -> Result<Scan<'r, R, K, V, C>> {
        self.scan_bytes(reader, KeyRange::all(), direction)
    }

    /// Reads the entries between two keys. An inverted range is empty.
    ///
    /// Keys are compared by their bytes. If a string is not the last part of the key, wrap it in
    /// [`Ordered`](crate::key::Ordered) to compare it as a string.
    ///
    /// # Errors
    /// As [`scan`](Self::scan).
    ///
    /// ```
    /// # use arbour::{Direction, KvStore, MemoryStore, TypedTree, codec::Raw};
    /// const SEEN: TypedTree<u64, (), Raw> = TypedTree::new("seen");
    /// let store = MemoryStore::new();
    /// let seen = SEEN.open(&store)?;
    /// store.write(|transaction| (1..=9u64).try_for_each(|at| seen.put(transaction, at, &())))?;
    /// let snapshot = store.snapshot()?;
    /// let mut cursor = seen.range(&snapshot, 3..5u64, Direction::Forward)?;
    /// assert_eq!(cursor.next().transpose()?, Some((3, ())));
    /// assert_eq!(cursor.next().transpose()?, Some((4, ())));
    /// assert_eq!(cursor.next().transpose()?, None);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn range<'r, R: KvRead, Q: Key<Owned = K>>(
        &self,
        reader: &'r R,
        range: impl RangeBounds<Q>,
        direction: Direction,
    ) -> Result<Scan<'r, R, K, V, C>> {
        self.scan_bytes(reader, Self::byte_range(&range).as_key_range(), direction)
    }

    /// Reads the entries under a prefix: a leading group of the key, or one of the
    /// [other prefixes](KeyPrefix).
    ///
    /// # Errors
    /// As [`scan`](Self::scan).
    ///
    /// ```
    /// # use arbour::{Direction, KvStore, MemoryStore, TypedTree, codec::Bincode};
    /// use arbour::key::Parts;
    /// const SCORES: TypedTree<((String, String), String), i32, Bincode> =
    ///     TypedTree::new("scores");
    /// let store = MemoryStore::new();
    /// let scores = SCORES.open(&store)?;
    /// store.write(|transaction| {
    ///     scores.put(transaction, (("ada", "room"), "luck"), &7)?;
    ///     scores.put(transaction, (("ada", "room2"), "luck"), &8)?;
    ///     scores.put(transaction, (("adam", "room"), "luck"), &9)
    /// })?;
    /// let snapshot = store.snapshot()?;
    /// let in_room = scores.prefix(&snapshot, ("ada", "room"), Direction::Forward)?;
    /// assert_eq!(in_room.into_iter().count(), 1);
    /// let of_ada = scores.prefix(&snapshot, Parts("ada"), Direction::Forward)?;
    /// assert_eq!(of_ada.into_iter().count(), 2);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn prefix<'r, R: KvRead>(
        &self,
        reader: &'r R,
        prefix: impl KeyPrefix<K>,
        direction: Direction,
    ) -> Result<Scan<'r, R, K, V, C>> {
        let mut bytes = Buffer::new();
        prefix.encode_prefix(&mut bytes);
        self.scan_bytes(reader, KeyRange::prefix(&bytes), direction)
    }

    fn scan_bytes<'r, R: KvRead>(
        &self,
        reader: &'r R,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Scan<'r, R, K, V, C>> {
        let cursor = reader.scan(&self.tree, range, direction)?;
        Ok(TypedCursor::new(cursor, self.clone()))
    }

    /// Returns the first entry, or `None` if the tree is empty.
    ///
    /// # Errors
    /// As [`TypedCursor::next`].
    ///
    /// ```
    /// # use arbour::{KvStore, MemoryStore, TypedTree, codec::Bincode};
    /// # const BORN: TypedTree<String, u32, Bincode> = TypedTree::new("born");
    /// # let store = MemoryStore::new();
    /// # let born = BORN.open(&store)?;
    /// assert_eq!(born.first(&store.snapshot()?)?, None);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn first<R: KvRead>(&self, reader: &R) -> Result<Option<(K, V)>> {
        self.scan(reader, Direction::Forward)?.next().transpose()
    }

    /// Returns the last entry, or `None` if the tree is empty.
    ///
    /// # Errors
    /// As [`TypedCursor::next`].
    ///
    /// ```
    /// # use arbour::{KvStore, MemoryStore, TypedTree, codec::Bincode};
    /// # const BORN: TypedTree<String, u32, Bincode> = TypedTree::new("born");
    /// # let store = MemoryStore::new();
    /// # let born = BORN.open(&store)?;
    /// store.write(|transaction| born.put(transaction, "ada", &1815))?;
    /// assert_eq!(born.last(&store.snapshot()?)?, Some(("ada".to_string(), 1815)));
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn last<R: KvRead>(&self, reader: &R) -> Result<Option<(K, V)>> {
        self.scan(reader, Direction::Reverse)?.next().transpose()
    }

    /// Counts the entries of the tree, decodable or not; see [`KvRead::len`].
    ///
    /// # Errors
    /// As [`KvRead::len`].
    ///
    /// ```
    /// # use arbour::{KvStore, MemoryStore, TypedTree, codec::Bincode};
    /// # const BORN: TypedTree<String, u32, Bincode> = TypedTree::new("born");
    /// # let store = MemoryStore::new();
    /// # let born = BORN.open(&store)?;
    /// assert_eq!(born.len(&store.snapshot()?)?, 0);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn len<R: KvRead>(&self, reader: &R) -> Result<u64> {
        reader.len(&self.tree)
    }

    /// Counts the entries under a prefix by scanning them, decodable or not.
    ///
    /// # Errors
    /// As [`KvRead::scan`].
    ///
    /// ```
    /// # use arbour::{KvStore, MemoryStore, TypedTree, codec::Raw};
    /// const MEMBERS: TypedTree<(String, String), (), Raw> = TypedTree::new("members");
    /// let store = MemoryStore::new();
    /// let members = MEMBERS.open(&store)?;
    /// store.write(|transaction| {
    ///     members.put(transaction, ("room", "ada"), &())?;
    ///     members.put(transaction, ("room2", "bob"), &())
    /// })?;
    /// assert_eq!(members.count(&store.snapshot()?, "room")?, 1);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn count<R: KvRead>(&self, reader: &R, prefix: impl KeyPrefix<K>) -> Result<u64> {
        let mut cursor = self.prefix(reader, prefix, Direction::Forward)?.into_raw();
        let mut count = 0;
        while cursor.next()?.is_some() {
            count += 1;
        }
        Ok(count)
    }
}
