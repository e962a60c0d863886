//! Any engine through Arbour.

use arbour_core::{
    Batch, Cursor, Direction, Durability, KeyRange, KvRead as _, KvStore, KvWrite as _, Result,
    Tree,
};

use crate::contender::Contender;
use crate::workload::{Entry, Key, Prefix, look_at};

/// An engine used through the contract.
///
/// ```
/// use arbour_benches::Arbour;
/// use arbour_core::MemoryStore;
/// let contender = Arbour::new(MemoryStore::new())?;
/// # let _ = contender;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct Arbour<S: KvStore> {
    store: S,
    tree: Tree,
    settle: Settle<S>,
}

/// How a store settles.
type Settle<S> = Box<dyn Fn(&S) -> Result<()> + Send + Sync>;

impl<S: KvStore> Arbour<S> {
    /// Works on one tree of a store.
    ///
    /// # Errors
    /// What the store reports.
    ///
    /// ```
    /// # use arbour_benches::Arbour;
    /// # use arbour_core::{DynStore, MemoryStore};
    /// assert!(Arbour::new(DynStore::new(MemoryStore::new())).is_ok());
    /// ```
    pub fn new(store: S) -> Result<Self> {
        Self::settled_by(store, S::sync)
    }

    /// Works on one tree of a store that settles in a way of its own; [`new`](Self::new) syncs it.
    ///
    /// # Errors
    /// What the store reports.
    ///
    /// ```
    /// # use arbour_benches::{Arbour, contender::Contender};
    /// # use arbour_core::{KvStore, MemoryStore};
    /// let contender = Arbour::settled_by(MemoryStore::new(), MemoryStore::compact)?;
    /// assert!(contender.settle().is_err(), "memory cannot be compacted");
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn settled_by(
        store: S,
        settle: impl Fn(&S) -> Result<()> + Send + Sync + 'static,
    ) -> Result<Self> {
        let tree = store.tree("entries")?;
        Ok(Self { store, tree, settle: Box::new(settle) })
    }

    /// Returns the store.
    ///
    /// ```
    /// # use arbour_benches::Arbour;
    /// # use arbour_core::{KvStore, MemoryStore};
    /// let contender = Arbour::new(MemoryStore::new())?;
    /// assert_eq!(contender.store().capabilities().engine, "memory");
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn store(&self) -> &S {
        &self.store
    }
}

impl<S: KvStore> Contender for Arbour<S> {
    fn put(&self, entries: &[Entry], durability: Durability) -> Result<()> {
        let mut transaction = self.store.begin_with(durability)?;
        for (key, value) in entries {
            transaction.put(&self.tree, key, value)?;
        }
        transaction.commit()
    }

    fn apply(&self, entries: &[Entry], durability: Durability) -> Result<()> {
        let bytes = entries.iter().map(|(key, value)| key.len() + value.len()).sum();
        let mut batch = Batch::with_capacity(entries.len(), bytes);
        for (key, value) in entries {
            batch.put(&self.tree, key, value);
        }
        self.store.apply(batch, durability)
    }

    fn gets(&self, keys: &[Key]) -> Result<u64> {
        let snapshot = self.store.snapshot()?;
        let mut seen = 0;
        for key in keys {
            if let Some(value) = snapshot.get(&self.tree, key)? {
                seen += look_at(value.as_ref());
            }
        }
        Ok(seen)
    }

    fn multi_get(&self, keys: &[Key]) -> Result<u64> {
        let snapshot = self.store.snapshot()?;
        let values = snapshot.multi_get(&self.tree, keys)?;
        Ok(values.iter().flatten().map(|value| look_at(value.as_ref())).sum())
    }

    fn scan(&self) -> Result<u64> {
        let snapshot = self.store.snapshot()?;
        look_at_entries(snapshot.scan(&self.tree, KeyRange::all(), Direction::Forward)?)
    }

    fn prefix_scans(&self, prefixes: &[Prefix]) -> Result<u64> {
        let snapshot = self.store.snapshot()?;
        let mut seen = 0;
        for prefix in prefixes {
            seen += look_at_entries(snapshot.prefix(&self.tree, prefix)?)?;
        }
        Ok(seen)
    }

    fn hold(&self, meanwhile: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let _snapshot = self.store.snapshot()?;
        meanwhile()
    }

    fn settle(&self) -> Result<()> {
        (self.settle)(&self.store)
    }
}

fn look_at_entries(mut cursor: impl Cursor) -> Result<u64> {
    let mut seen = 0;
    while let Some((key, value)) = cursor.next()? {
        seen += look_at(key) + look_at(value);
    }
    Ok(seen)
}
