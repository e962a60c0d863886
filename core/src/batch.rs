//! Batches of writes.

use crate::{Operation, Tree};

/// A list of writes that are applied together, in order, or not at all.
///
/// Keys and values are copied into one buffer, so adding a write needs no allocation of its own. If
/// a key is written several times, the last write wins.
///
/// ```
/// use arbour_core::{Batch, Durability, KvStore, MemoryStore};
/// let store = MemoryStore::new();
/// let tree = store.tree("fruit")?;
/// let mut batch = Batch::new();
/// batch.put(&tree, b"apple", b"green");
/// batch.delete(&tree, b"apple");
/// batch.put(&tree, b"apple", b"red");
/// store.apply(batch, Durability::PowerLoss)?;
/// assert_eq!(store.get(&tree, b"apple")?.as_deref(), Some(&b"red"[..]));
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// One handle for each run of writes to the same tree.
    trees: Vec<Tree>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    key_start: usize,
    value_start: usize,
    end: usize,
    tree: u32,
    is_put: bool,
}

/// One write of a [`Batch`].
///
/// ```
/// use arbour_core::engine::Write;
/// use arbour_core::{Batch, KvStore, MemoryStore};
/// let tree = MemoryStore::new().tree("fruit")?;
/// let mut batch = Batch::new();
/// batch.put(&tree, b"apple", b"green");
/// assert!(matches!(batch.iter().next(), Some(Write { key: b"apple", value: Some(b"green"), .. })));
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write<'a> {
    /// The tree written to.
    pub tree: &'a Tree,
    /// The key written.
    pub key: &'a [u8],
    /// The value to store, or `None` to delete the key.
    pub value: Option<&'a [u8]>,
}

impl Write<'_> {
    /// Returns the operation: a put or a delete.
    ///
    /// ```
    /// # use arbour_core::engine::Write;
    /// # use arbour_core::{KvStore, MemoryStore, Operation};
    /// let tree = MemoryStore::new().tree("fruit")?;
    /// assert_eq!(Write { tree: &tree, key: b"a", value: None }.operation(), Operation::Delete);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn operation(&self) -> Operation {
        if self.value.is_some() { Operation::Put } else { Operation::Delete }
    }
}

impl Batch {
    /// Creates an empty batch.
    ///
    /// ```
    /// let batch = arbour_core::Batch::new();
    /// assert!(batch.is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates an empty batch with room for a number of writes, whose keys and values have this
    /// many bytes in total. The batch then does not have to be moved as it grows.
    ///
    /// ```
    /// # use arbour_core::{Batch, KvStore, MemoryStore};
    /// let users = MemoryStore::new().tree("users")?;
    /// let mut batch = Batch::with_capacity(1, 7);
    /// batch.put(&users, b"ada", b"1815");
    /// assert_eq!(batch.len(), 1);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_capacity(writes: usize, bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            entries: Vec::with_capacity(writes),
            trees: Vec::new(),
        }
    }

    /// Returns the number of writes.
    ///
    /// ```
    /// # use arbour_core::{Batch, KvStore, MemoryStore};
    /// let tree = MemoryStore::new().tree("fruit")?;
    /// let mut batch = Batch::new();
    /// batch.delete(&tree, b"apple");
    /// batch.delete(&tree, b"apple");
    /// assert_eq!(batch.len(), 2);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns the length of all keys and values together, in bytes.
    ///
    /// ```
    /// # use arbour_core::{Batch, KvStore, MemoryStore};
    /// let tree = MemoryStore::new().tree("fruit")?;
    /// let mut batch = Batch::new();
    /// batch.put(&tree, b"apple", b"green");
    /// assert_eq!(batch.byte_len(), 10);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// Tells whether there is nothing to write. Applying an empty batch does not access the disk.
    ///
    /// ```
    /// assert!(arbour_core::Batch::new().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Removes all writes, and keeps the memory for later ones.
    ///
    /// ```
    /// # use arbour_core::{Batch, KvStore, MemoryStore};
    /// let tree = MemoryStore::new().tree("fruit")?;
    /// let mut batch = Batch::new();
    /// batch.put(&tree, b"apple", b"green");
    /// batch.clear();
    /// assert!(batch.is_empty());
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
        self.trees.clear();
    }

    /// Returns the writes in the order they were added.
    ///
    /// ```
    /// # use arbour_core::{Batch, KvStore, MemoryStore};
    /// let tree = MemoryStore::new().tree("fruit")?;
    /// let mut batch = Batch::new();
    /// batch.put(&tree, b"b", b"2");
    /// batch.delete(&tree, b"a");
    /// let keys: Vec<_> = batch.iter().map(|write| write.key).collect();
    /// assert_eq!(keys, [b"b", b"a"]);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = Write<'_>> {
        self.entries.iter().filter_map(|entry| self.write(entry))
    }

    /// Returns the write at a position.
    pub(crate) fn get(&self, position: usize) -> Option<Write<'_>> {
        self.entries.get(position).and_then(|entry| self.write(entry))
    }

    /// Entries hold only offsets into `bytes` and `trees` that were pushed with them, so the result
    /// is always `Some`; an `Option` avoids a panic.
    #[inline]
    fn write(&self, entry: &Entry) -> Option<Write<'_>> {
        let value = self.bytes.get(entry.value_start..entry.end)?;
        Some(Write {
            tree: self.trees.get(entry.tree as usize)?,
            key: self.bytes.get(entry.key_start..entry.value_start)?,
            value: entry.is_put.then_some(value),
        })
    }

    /// Adds a put. Lengths are checked when the batch is applied.
    ///
    /// ```
    /// # use arbour_core::{Batch, KvStore, MemoryStore};
    /// let tree = MemoryStore::new().tree("fruit")?;
    /// let mut batch = Batch::new();
    /// batch.put(&tree, b"apple", b"green");
    /// assert_eq!(batch.len(), 1);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[inline]
    pub fn put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) {
        self.push(tree, key, Some(value));
    }

    /// Adds a delete. Applying it does nothing if the key is absent.
    ///
    /// ```
    /// # use arbour_core::{Batch, KvStore, MemoryStore};
    /// let tree = MemoryStore::new().tree("fruit")?;
    /// let mut batch = Batch::new();
    /// batch.delete(&tree, b"apple");
    /// assert_eq!(batch.iter().next().unwrap().value, None);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[inline]
    pub fn delete(&mut self, tree: &Tree, key: &[u8]) {
        self.push(tree, key, None);
    }

    #[inline]
    fn push(&mut self, tree: &Tree, key: &[u8], value: Option<&[u8]>) {
        if self.trees.last() != Some(tree) {
            self.trees.push(tree.clone());
        }
        let content = value.unwrap_or_default();
        self.bytes.reserve(key.len() + content.len());
        let key_start = self.bytes.len();
        self.bytes.extend_from_slice(key);
        let value_start = self.bytes.len();
        self.bytes.extend_from_slice(content);
        self.entries.push(Entry {
            key_start,
            value_start,
            end: self.bytes.len(),
            tree: (self.trees.len() - 1) as u32,
            is_put: value.is_some(),
        });
    }
}
