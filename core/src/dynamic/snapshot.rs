//! Reading a store of any engine.

use super::erased::ErasedRead;
use super::value::DynValue;
use crate::{Cursor, Direction, KeyRange, KvRead, Result, Tree};

/// A cursor of any engine.
pub(super) type DynCursor<'t> = Box<dyn Cursor + 't>;

/// A snapshot of a [`DynStore`](crate::DynStore).
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
}

/// Implements reading by forwarding each call to the erased reader. A snapshot and a transaction
/// hold different trait objects, so this macro serves both.
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

            fn trees(&self) -> Result<Vec<String>> {
                self.$field.erased_trees()
            }

            fn contains(&self, tree: &Tree, key: &[u8]) -> Result<bool> {
                self.$field.erased_contains(tree, key)
            }

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
        }
    };
}

read_through!(DynSnapshot, snapshot);

pub(super) use read_through;
