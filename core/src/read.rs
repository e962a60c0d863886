//! Reading through snapshots and transactions.

use crate::engine::{Prefetch, TreeName};
use crate::{Cursor, Direction, KeyRange, Result, Tree};

/// Reads one state of the store: a snapshot, or a transaction that includes its own writes.
///
/// Keys are ordered by unsigned bytes. A tree that was never written reads as empty.
///
/// ```
/// use arbour_core::{KvRead, KvStore, MemoryStore};
/// let store = MemoryStore::new();
/// let users = store.tree("users")?;
/// store.put(&users, b"ada", b"1815")?;
/// let snapshot = store.snapshot()?;
/// store.put(&users, b"ada", b"changed later")?;
/// let born = snapshot.get(&users, b"ada")?.map(|value| value.as_ref().to_vec());
/// assert_eq!(born.as_deref(), Some(&b"1815"[..]));
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a snapshot nor a transaction",
    label = "cannot be read",
    note = "take a snapshot of a store: `let snapshot = store.snapshot()?`, and pass `&snapshot`; or read \
            what a transaction sees: pass the transaction that `store.write(|transaction| ..)` lends"
)]
pub trait KvRead {
    /// The bytes of a value, borrowed from the engine if it can lend them.
    type Value<'t>: AsRef<[u8]>
    where
        Self: 't;

    /// The entries of a range.
    type Cursor<'t>: Cursor
    where
        Self: 't;

    /// Returns the value of a key, or `None` if the key is absent.
    ///
    /// # Errors
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) for a handle of another store;
    /// otherwise errors of the engine. A failed read changes nothing.
    ///
    /// ```
    /// # use arbour_core::{KvRead, KvStore, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// assert!(store.snapshot()?.get(&users, b"nobody")?.is_none());
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<Self::Value<'_>>>;

    /// Reads the entries of a range in order, without copying them.
    ///
    /// # Errors
    /// As [`get`](Self::get); the cursor reports later failures.
    ///
    /// ```
    /// # use arbour_core::{Cursor, Direction, KeyRange, KvRead, KvStore, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// store.put(&users, b"ada", b"1815")?;
    /// let snapshot = store.snapshot()?;
    /// let mut cursor = snapshot.scan(&users, KeyRange::all(), Direction::Forward)?;
    /// while let Some((name, born)) = cursor.next()? {
    ///     println!("{name:?} was born in {born:?}");
    /// }
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Self::Cursor<'_>>;

    /// Resolves an already validated name, as [`KvStore::open_tree`](crate::KvStore::open_tree) does:
    /// for a layer that learns the name of a tree in a transaction, where it has no store at hand.
    ///
    /// # Errors
    /// Errors of the engine.
    ///
    /// ```
    /// # use arbour_core::engine::TreeName;
    /// # use arbour_core::{KvRead, KvStore, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let name = TreeName::layer("arbour/meta")?;
    /// assert!(store.snapshot()?.open_tree(name)? == store.open_tree(name)?);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree>;

    /// Returns the names of the trees that hold an entry, sorted by bytes, including those of
    /// Arbour's own layers under `arbour/`.
    ///
    /// # Errors
    /// Errors of the engine.
    ///
    /// ```
    /// # use arbour_core::{KvRead, KvStore, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let (users, rooms) = (store.tree("users")?, store.tree("rooms")?);
    /// store.put(&users, b"ada", b"")?;
    /// assert_eq!(store.snapshot()?.trees()?, ["users"]);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn trees(&self) -> Result<Vec<String>>;

    /// Tells whether a key is present.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// ```
    /// # use arbour_core::{KvRead, KvStore, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// store.put(&users, b"ada", b"")?; // an empty value is a value
    /// assert!(store.snapshot()?.contains(&users, b"ada")?);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn contains(&self, tree: &Tree, key: &[u8]) -> Result<bool> {
        Ok(self.get(tree, key)?.is_some())
    }

    /// Calls `read` with the value of a key and returns its result, or `None` if the key is absent.
    /// Unlike [`get`](Self::get), this copies nothing on any engine, including those chosen at run
    /// time.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// ```
    /// # use arbour_core::{KvRead, KvStore, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// store.put(&users, b"ada", b"1815")?;
    /// assert_eq!(store.snapshot()?.get_with(&users, b"ada", |value| value.len())?, Some(4));
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn get_with<R>(
        &self,
        tree: &Tree,
        key: &[u8],
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>>
    where
        Self: Sized,
    {
        Ok(self.get(tree, key)?.map(|value| read(value.as_ref())))
    }

    /// Returns the values of many keys, in the order requested, including duplicates.
    ///
    /// # Errors
    /// As [`get`](Self::get); the first failure fails the call.
    ///
    /// ```
    /// # use arbour_core::{KvRead, KvStore, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// store.put(&users, b"ada", b"1815")?;
    /// let snapshot = store.snapshot()?;
    /// let found = snapshot.multi_get(&users, &[b"bob", b"ada"])?;
    /// assert!(found[0].is_none() && found[1].is_some());
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn multi_get(
        &self,
        tree: &Tree,
        keys: &[impl AsRef<[u8]>],
    ) -> Result<Vec<Option<Self::Value<'_>>>>
    where
        Self: Sized,
    {
        self.prefetch(&|| {
            let keys = keys.iter().map(|key| key.as_ref().to_vec());
            keys.map(|key| Prefetch::Value(tree.clone(), key)).collect()
        })?;
        keys.iter().map(|key| self.get(tree, key.as_ref())).collect()
    }

    /// Tells the engine what is about to be read. An engine on a server reads all of it in one round
    /// trip, and answers these reads from there. Others ignore it, and do not call the closure.
    ///
    /// What is read afterwards is the same as without it. Returns whether the engine reads ahead.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// See [`Prefetch`] for an example.
    fn prefetch(&self, reads: &dyn Fn() -> Vec<Prefetch>) -> Result<bool> {
        let _ = reads;
        Ok(false)
    }

    /// Reads the entries whose keys begin with `prefix`, including the prefix itself, in ascending
    /// order.
    ///
    /// # Errors
    /// As [`scan`](Self::scan).
    ///
    /// ```
    /// # use arbour_core::{Cursor, KvRead, KvStore, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let events = store.tree("events")?;
    /// store.put(&events, b"a\xff\xff", b"1")?;
    /// store.put(&events, b"b", b"2")?;
    /// let snapshot = store.snapshot()?;
    /// let mut cursor = snapshot.prefix(&events, b"a\xff")?;
    /// assert_eq!(cursor.next()?, Some((&b"a\xff\xff"[..], &b"1"[..])));
    /// assert_eq!(cursor.next()?, None);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn prefix(&self, tree: &Tree, prefix: &[u8]) -> Result<Self::Cursor<'_>> {
        self.scan(tree, KeyRange::prefix(prefix), Direction::Forward)
    }

    /// Returns a copy of the first entry of a range, or `None` if the range is empty.
    ///
    /// # Errors
    /// As [`scan`](Self::scan).
    ///
    /// ```
    /// # use arbour_core::{KeyRange, KvRead, KvStore, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// assert_eq!(store.snapshot()?.first(&users, KeyRange::all())?, None);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn first(&self, tree: &Tree, range: KeyRange<'_>) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
        let mut cursor = self.scan(tree, range, Direction::Forward)?;
        Ok(cursor.next()?.map(|(key, value)| (key.to_vec(), value.to_vec())))
    }

    /// Returns a copy of the last entry of a range, or `None` if the range is empty.
    ///
    /// # Errors
    /// As [`scan`](Self::scan).
    ///
    /// ```
    /// # use arbour_core::{KeyRange, KvRead, KvStore, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let log = store.tree("log")?;
    /// store.put(&log, &7u64.to_be_bytes(), b"seventh")?;
    /// let (position, _) = store.snapshot()?.last(&log, KeyRange::all())?.unwrap();
    /// assert_eq!(position, 7u64.to_be_bytes());
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn last(&self, tree: &Tree, range: KeyRange<'_>) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
        let mut cursor = self.scan(tree, range, Direction::Reverse)?;
        Ok(cursor.next()?.map(|(key, value)| (key.to_vec(), value.to_vec())))
    }

    /// Returns the exact number of entries of a tree. Engines that do not keep the count scan the
    /// tree.
    ///
    /// # Errors
    /// As [`scan`](Self::scan).
    ///
    /// ```
    /// # use arbour_core::{KvRead, KvStore, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// store.put(&users, b"ada", b"")?;
    /// assert_eq!(store.snapshot()?.len(&users)?, 1);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn len(&self, tree: &Tree) -> Result<u64> {
        let mut cursor = self.scan(tree, KeyRange::all(), Direction::Forward)?;
        let mut count = 0;
        while cursor.next()?.is_some() {
            count += 1;
        }
        Ok(count)
    }
}
