//! Forwarding methods of the contract from a wrapper to the store, snapshot or transaction it
//! holds.

/// Generates methods of the contract that call the same method of the wrapped value.
///
/// Use it in an `impl` of [`KvStore`](crate::KvStore), [`KvRead`](crate::KvRead) or
/// [`KvWrite`](crate::KvWrite), with the methods that the wrapper does not change. `reads` stands
/// for every method of `KvRead`, and `types of R` for its associated types. If a wrapper omits a
/// provided method, it gets the contract's default: correct, but `len` becomes a full scan.
/// `arbour_conformance::check_forwarding` detects omitted methods.
///
/// ```
/// use arbour_core::engine::{TreeName, forward};
/// use arbour_core::{Batch, Capabilities, Durability, KvStore, MemoryStore, Result, Stats, Tree};
/// # use std::{path::Path, time::Duration};
///
/// /// A store that does not wait for the disk when it is closed.
/// struct Hasty(MemoryStore);
///
/// impl KvStore for Hasty {
///     type Snapshot<'s> = <MemoryStore as KvStore>::Snapshot<'s>;
///     type Transaction<'s> = <MemoryStore as KvStore>::Transaction<'s>;
///
///     forward!(self => self.0; capabilities, open_tree, snapshot, send_snapshot, begin_with);
///     forward!(self => self.0; writer_wait, apply, sync, stats, compact, backup);
///
///     fn close(&self) -> Result<()> {
///         Ok(())
///     }
/// }
///
/// let store = Hasty(MemoryStore::new());
/// store.put(&store.tree("users")?, b"ada", b"1815")?;
/// assert_eq!(store.stats()?.entries, 1);
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[macro_export]
macro_rules! __forward {
    (types of $read:ty) => {
        type Value<'t>
            = <$read as $crate::KvRead>::Value<'t>
        where
            Self: 't;
        type Cursor<'t>
            = <$read as $crate::KvRead>::Cursor<'t>
        where
            Self: 't;
    };
    ($self:ident => $inner:expr; $($method:ident),+ $(,)?) => {
        $($crate::__forward_method! { $method $self $inner })+
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __forward_method {
    (capabilities $self:ident $inner:expr) => {
        #[inline]
        fn capabilities(&$self) -> &$crate::Capabilities {
            $inner.capabilities()
        }
    };
    (open_tree $self:ident $inner:expr) => {
        #[inline]
        fn open_tree(&$self, name: $crate::engine::TreeName<'_>) -> $crate::Result<$crate::Tree> {
            $inner.open_tree(name)
        }
    };
    (snapshot $self:ident $inner:expr) => {
        #[inline]
        fn snapshot(&$self) -> $crate::Result<Self::Snapshot<'_>> {
            $inner.snapshot()
        }
    };
    (send_snapshot $self:ident $inner:expr) => {
        #[inline]
        fn send_snapshot(&$self) -> $crate::Result<$crate::engine::SendSnapshot<'_>> {
            $inner.send_snapshot()
        }
    };
    (begin_with $self:ident $inner:expr) => {
        #[inline]
        fn begin_with(
            &$self,
            durability: $crate::Durability,
        ) -> $crate::Result<Self::Transaction<'_>> {
            $inner.begin_with(durability)
        }
    };
    (writer_wait $self:ident $inner:expr) => {
        #[inline]
        fn writer_wait(&$self) -> ::core::time::Duration {
            $inner.writer_wait()
        }
    };
    (apply $self:ident $inner:expr) => {
        #[inline]
        fn apply(&$self, batch: $crate::Batch, durability: $crate::Durability) -> $crate::Result<()> {
            $inner.apply(batch, durability)
        }
    };
    (sync $self:ident $inner:expr) => {
        #[inline]
        fn sync(&$self) -> $crate::Result<()> {
            $inner.sync()
        }
    };
    (close $self:ident $inner:expr) => {
        #[inline]
        fn close(&$self) -> $crate::Result<()> {
            $inner.close()
        }
    };
    (stats $self:ident $inner:expr) => {
        #[inline]
        fn stats(&$self) -> $crate::Result<$crate::Stats> {
            $inner.stats()
        }
    };
    (compact $self:ident $inner:expr) => {
        #[inline]
        fn compact(&$self) -> $crate::Result<()> {
            $inner.compact()
        }
    };
    (backup $self:ident $inner:expr) => {
        #[inline]
        fn backup(&$self, destination: &::std::path::Path) -> $crate::Result<()> {
            $inner.backup(destination)
        }
    };
    (reads $self:ident $inner:expr) => {
        $crate::__forward! {
            $self => $inner;
            get, get_with, multi_get, contains, scan, prefix, first, last, len, open_tree,
            trees, prefetch
        }
    };
    (get $self:ident $inner:expr) => {
        #[inline]
        fn get(
            &$self,
            tree: &$crate::Tree,
            key: &[u8],
        ) -> $crate::Result<::core::option::Option<Self::Value<'_>>> {
            $inner.get(tree, key)
        }
    };
    (get_with $self:ident $inner:expr) => {
        #[inline]
        fn get_with<Output>(
            &$self,
            tree: &$crate::Tree,
            key: &[u8],
            read: impl ::core::ops::FnOnce(&[u8]) -> Output,
        ) -> $crate::Result<::core::option::Option<Output>> {
            $inner.get_with(tree, key, read)
        }
    };
    (multi_get $self:ident $inner:expr) => {
        #[inline]
        fn multi_get(
            &$self,
            tree: &$crate::Tree,
            keys: &[impl ::core::convert::AsRef<[u8]>],
        ) -> $crate::Result<::std::vec::Vec<::core::option::Option<Self::Value<'_>>>> {
            $inner.multi_get(tree, keys)
        }
    };
    (contains $self:ident $inner:expr) => {
        #[inline]
        fn contains(&$self, tree: &$crate::Tree, key: &[u8]) -> $crate::Result<bool> {
            $inner.contains(tree, key)
        }
    };
    (scan $self:ident $inner:expr) => {
        #[inline]
        fn scan(
            &$self,
            tree: &$crate::Tree,
            range: $crate::KeyRange<'_>,
            direction: $crate::Direction,
        ) -> $crate::Result<Self::Cursor<'_>> {
            $inner.scan(tree, range, direction)
        }
    };
    (prefix $self:ident $inner:expr) => {
        #[inline]
        fn prefix(&$self, tree: &$crate::Tree, prefix: &[u8]) -> $crate::Result<Self::Cursor<'_>> {
            $inner.prefix(tree, prefix)
        }
    };
    (first $self:ident $inner:expr) => {
        #[inline]
        fn first(
            &$self,
            tree: &$crate::Tree,
            range: $crate::KeyRange<'_>,
        ) -> $crate::Result<::core::option::Option<(::std::vec::Vec<u8>, ::std::vec::Vec<u8>)>> {
            $inner.first(tree, range)
        }
    };
    (last $self:ident $inner:expr) => {
        #[inline]
        fn last(
            &$self,
            tree: &$crate::Tree,
            range: $crate::KeyRange<'_>,
        ) -> $crate::Result<::core::option::Option<(::std::vec::Vec<u8>, ::std::vec::Vec<u8>)>> {
            $inner.last(tree, range)
        }
    };
    (len $self:ident $inner:expr) => {
        #[inline]
        fn len(&$self, tree: &$crate::Tree) -> $crate::Result<u64> {
            $inner.len(tree)
        }
    };
    (trees $self:ident $inner:expr) => {
        #[inline]
        fn trees(&$self) -> $crate::Result<::std::vec::Vec<::std::string::String>> {
            $inner.trees()
        }
    };
    (prefetch $self:ident $inner:expr) => {
        #[inline]
        fn prefetch(
            &$self,
            reads: &dyn ::core::ops::Fn() -> ::std::vec::Vec<$crate::engine::Prefetch>,
        ) -> $crate::Result<bool> {
            $inner.prefetch(reads)
        }
    };
    (put $self:ident $inner:expr) => {
        #[inline]
        fn put(&mut $self, tree: &$crate::Tree, key: &[u8], value: &[u8]) -> $crate::Result<()> {
            $inner.put(tree, key, value)
        }
    };
    (delete $self:ident $inner:expr) => {
        #[inline]
        fn delete(&mut $self, tree: &$crate::Tree, key: &[u8]) -> $crate::Result<()> {
            $inner.delete(tree, key)
        }
    };
    (delete_range $self:ident $inner:expr) => {
        #[inline]
        fn delete_range(
            &mut $self,
            tree: &$crate::Tree,
            range: $crate::KeyRange<'_>,
        ) -> $crate::Result<()> {
            $inner.delete_range(tree, range)
        }
    };
    (check $self:ident $inner:expr) => {
        #[inline]
        fn check(&$self, write: &$crate::engine::Write<'_>) -> $crate::Result<()> {
            $inner.check(write)
        }
    };
    (commit_checks $self:ident $inner:expr) => {
        #[inline]
        fn commit_checks(&mut $self) -> &mut $crate::engine::CommitChecks {
            $inner.commit_checks()
        }
    };
    (commit $self:ident $inner:expr) => {
        #[inline]
        fn commit($self) -> $crate::Result<()> {
            $inner.commit()
        }
    };
    (rollback $self:ident $inner:expr) => {
        #[inline]
        fn rollback($self) -> $crate::Result<()> {
            $inner.rollback()
        }
    };
}
