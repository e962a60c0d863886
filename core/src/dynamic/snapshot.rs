//! Reading a store of any engine.

use super::erased_read::ErasedRead;
use super::value::DynValue;
use crate::engine::{TreeName, forward};
use crate::{Cursor, Direction, KeyRange, KvRead, Result, Tree};

/// A cursor of any engine.
pub(super) type DynCursor<'t> = Box<dyn Cursor + 't>;

/// A snapshot of a [`DynStore`](crate::DynStore), or the state that a transaction of any store is
/// about to commit: [`KvWrite::before_commit`](crate::KvWrite::before_commit).
///
/// It borrows the store and stays on its thread. To hold a snapshot across an `await` or to send it to
/// another thread, take an [owned snapshot](crate::DynStore::owned_snapshot).
///
/// ```
/// use arbour_core::{DynSnapshot, DynStore, KvRead, KvStore, MemoryStore};
/// let store = DynStore::new(MemoryStore::new());
/// let snapshot: DynSnapshot<'_> = store.snapshot()?;
/// assert!(snapshot.trees()?.is_empty());
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct DynSnapshot<'s> {
    snapshot: Box<dyn ErasedRead + 's>,
}

impl<'s> DynSnapshot<'s> {
    pub(super) fn new(snapshot: Box<dyn ErasedRead + 's>) -> Self {
        Self { snapshot }
    }

    /// Erases the type of a borrowed reader.
    pub(crate) fn lent<R: KvRead>(reader: &'s R) -> Self {
        Self::new(Box::new(Lent { reader }))
    }
}

struct Lent<'r, R> {
    reader: &'r R,
}

impl<R: KvRead> KvRead for Lent<'_, R> {
    forward!(types of R);
    forward!(self => self.reader; reads);
}

/// A snapshot of any engine that can move between threads.
///
/// [`KvStore::send_snapshot`](crate::KvStore::send_snapshot) returns it. An engine whose snapshot is
/// [`Send`] wraps that one; another engine needs a second kind of snapshot. The engine's type is
/// erased, so `KvStore` has no associated type for it.
///
/// ```
/// use arbour_core::engine::SendSnapshot;
/// use arbour_core::{KvRead, KvStore, MemoryStore};
/// let store = MemoryStore::new();
/// let snapshot = SendSnapshot::new(store.snapshot()?);
/// assert!(snapshot.trees()?.is_empty());
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct SendSnapshot<'s> {
    snapshot: Box<dyn ErasedRead + Send + 's>,
}

impl<'s> SendSnapshot<'s> {
    /// Erases the type of a snapshot.
    ///
    /// ```
    /// # use arbour_core::{KvStore, MemoryStore, engine::SendSnapshot};
    /// # let store = MemoryStore::new();
    /// let snapshot = SendSnapshot::new(store.snapshot()?);
    /// # let _ = snapshot;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn new(snapshot: impl KvRead + Send + 's) -> Self {
        Self { snapshot: Box::new(snapshot) }
    }
}

/// Implements reading by forwarding each call to the erased reader. A snapshot and a transaction
/// hold different trait objects, so this macro serves all.
macro_rules! read_through {
    ($type:ident, $field:ident) => {
        impl KvRead for $type<'_> {
            type Value<'t>
                = DynValue
            where
                Self: 't;
            type Cursor<'t>
                = DynCursor<'t>
            where
                Self: 't;

            #[inline]
            fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<DynValue>> {
                self.$field.erased_get(tree, key)
            }

            fn scan(
                &self,
                tree: &Tree,
                range: KeyRange<'_>,
                direction: Direction,
            ) -> Result<DynCursor<'_>> {
                self.$field.erased_scan(tree, range, direction)
            }

            fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
                self.$field.erased_resolve(name)
            }

            fn trees(&self) -> Result<Vec<String>> {
                self.$field.erased_trees()
            }

            fn contains(&self, tree: &Tree, key: &[u8]) -> Result<bool> {
                self.$field.erased_contains(tree, key)
            }

            #[inline]
            fn get_with<R>(
                &self,
                tree: &Tree,
                key: &[u8],
                read: impl FnOnce(&[u8]) -> R,
            ) -> Result<Option<R>> {
                // The erased call takes an `FnMut`, although it calls the closure at most once.
                let mut read = Some(read);
                let mut result = None;
                self.$field.erased_get_with(tree, key, &mut |value| {
                    result = read.take().map(|read| read(value));
                })?;
                Ok(result)
            }

            fn len(&self, tree: &Tree) -> Result<u64> {
                self.$field.erased_len(tree)
            }

            fn prefetch(&self, reads: &dyn Fn() -> Vec<$crate::engine::Prefetch>) -> Result<bool> {
                self.$field.erased_prefetch(reads)
            }
        }
    };
}

read_through!(DynSnapshot, snapshot);
read_through!(SendSnapshot, snapshot);

pub(super) use read_through;
