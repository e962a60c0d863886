//! Transactions over lists of unique elements.

use std::ops::Range;

use arbour_core::{Cursor as _, Direction, KeyRange, KvWrite, Result, Tree};

/// The key of a list.
///
/// ```
/// let key: arbour_conformance::serializability::Key = 1;
/// # let _ = key;
/// ```
pub type Key = u8;

/// An element, which only one transaction ever appends.
///
/// ```
/// let element: arbour_conformance::serializability::Element = 100;
/// # let _ = element;
/// ```
pub type Element = u64;

/// The elements of a list, in the order in which they were appended.
///
/// ```
/// let list: arbour_conformance::serializability::List = vec![100, 101];
/// # let _ = list;
/// ```
pub type List = Vec<Element>;

/// A transaction of what is tested. A list that was never written is empty.
///
/// ```
/// use arbour_conformance::serializability::Lists;
/// fn append(transaction: &mut impl Lists) -> arbour_core::Result<()> {
///     let mut list = transaction.read(1)?;
///     list.push(100);
///     transaction.write(1, list)
/// }
/// ```
pub trait Lists {
    /// Reads a list.
    ///
    /// # Errors
    /// Errors of what is tested.
    fn read(&mut self, key: Key) -> Result<List>;

    /// Reads the lists of a range of keys, as one read of a range; empty lists may be missing.
    ///
    /// # Errors
    /// Errors of what is tested.
    fn scan(&mut self, keys: Range<Key>, direction: Direction) -> Result<Vec<(Key, List)>>;

    /// Replaces a list.
    ///
    /// # Errors
    /// Errors of what is tested.
    fn write(&mut self, key: Key, list: List) -> Result<()>;

    /// Commits. Dropping the transaction rolls it back.
    ///
    /// # Errors
    /// [`Conflict`](arbour_core::ErrorKind::Conflict) if it was rolled back because of another
    /// transaction; [`CommitUnknown`](arbour_core::ErrorKind::CommitUnknown); other errors of what is
    /// tested.
    fn commit(self) -> Result<()>;
}

/// Lists in a tree, in a transaction of any kind.
///
/// ```
/// use arbour_conformance::serializability::{KvLists, Lists};
/// use arbour_core::{KvStore, MemoryStore};
/// let store = MemoryStore::new();
/// let tree = store.tree("lists")?;
/// let mut lists = KvLists::new(store.begin()?, &tree);
/// lists.write(1, vec![100])?;
/// assert_eq!(lists.read(1)?, [100]);
/// lists.commit()?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct KvLists<W> {
    transaction: W,
    tree: Tree,
}

impl<W: KvWrite> KvLists<W> {
    /// Reads and writes the lists of a tree in a transaction.
    ///
    /// ```
    /// # use arbour_conformance::serializability::KvLists;
    /// # use arbour_core::{KvStore, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let lists = KvLists::new(store.begin()?, &store.tree("lists")?);
    /// # let _ = lists;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn new(transaction: W, tree: &Tree) -> Self {
        Self { transaction, tree: tree.clone() }
    }
}

fn decoded(value: &[u8]) -> List {
    let elements = value.as_chunks().0;
    elements.iter().copied().map(Element::from_be_bytes).collect()
}

impl<W: KvWrite> Lists for KvLists<W> {
    fn read(&mut self, key: Key) -> Result<List> {
        Ok(self.transaction.get_with(&self.tree, &[key], decoded)?.unwrap_or_default())
    }

    fn scan(&mut self, keys: Range<Key>, direction: Direction) -> Result<Vec<(Key, List)>> {
        let (start, end) = ([keys.start], [keys.end]);
        let range = KeyRange::new(&start[..]..&end[..]);
        let mut cursor = self.transaction.scan(&self.tree, range, direction)?;
        let mut lists = Vec::new();
        while let Some((key, value)) = cursor.next()? {
            lists.extend(key.first().map(|key| (*key, decoded(value))));
        }
        Ok(lists)
    }

    fn write(&mut self, key: Key, list: List) -> Result<()> {
        let value: Vec<u8> = list.into_iter().flat_map(Element::to_be_bytes).collect();
        self.transaction.put(&self.tree, &[key], &value)
    }

    fn commit(self) -> Result<()> {
        self.transaction.commit()
    }
}
