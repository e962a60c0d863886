//! The options of a transfer.

use std::ops::ControlFlow;

use arbour_core::engine::TreeName;
use arbour_core::{KvRead as _, KvStore, Result};

use super::entries::{check, visit_hashed};
use super::loader::Loader;
use super::progress::{Meter, Report};
use super::record::Visit;
use super::{Digest, mark};
use crate::Progress;

/// The default number of bytes written in one commit. It is large enough to make the cost of a
/// commit negligible. Larger is slower in sled, which writes a batch in the order of a hash and
/// thus all over the tree: 8 MiB take a third longer than 1 MiB.
const CHUNK_BYTES: usize = 1 << 20;

/// The options of a transfer: whether to replace existing entries, the size of commits, and a
/// progress callback.
///
/// ```
/// use arbour::transfer::Transfer;
/// use arbour::{KvStore, MemoryStore};
/// let (old, new) = (MemoryStore::new(), MemoryStore::new());
/// new.put(&new.tree("users")?, b"eve", b"")?;
/// assert!(Transfer::new().copy(&old, &new).is_err());
/// Transfer::new().replace().copy(&old, &new)?;
/// assert_eq!(new.stats()?.entries, 0);
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct Transfer<'p> {
    replaces: bool,
    chunk_bytes: usize,
    report: Option<Box<Report<'p>>>,
    /// How many steps it has, and how many of them have begun.
    steps: usize,
    begun: usize,
}

impl Default for Transfer<'_> {
    fn default() -> Self {
        Self { replaces: false, chunk_bytes: CHUNK_BYTES, report: None, steps: 1, begun: 0 }
    }
}

/// The result of a transfer.
///
/// ```
/// use arbour::MemoryStore;
/// use arbour::transfer::{Transferred, copy};
/// let moved: Transferred = copy(&MemoryStore::new(), &MemoryStore::new())?;
/// assert_eq!(moved.entries, 0);
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transferred {
    /// How many entries.
    pub entries: u64,
    /// How many bytes of keys and values.
    pub bytes: u64,
    /// The digest of everything moved.
    pub digest: Digest,
}

impl<'p> Transfer<'p> {
    /// Creates the default options: refuse a destination with entries, write 1 MiB in each commit,
    /// and report no progress.
    ///
    /// ```
    /// # use arbour::transfer::Transfer;
    /// let transfer = Transfer::new();
    /// # let _ = transfer;
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces what the destination has. Only differences are written, in several commits. Until
    /// the end the destination holds neither the old nor the new content, and is marked.
    ///
    /// ```
    /// # use arbour::transfer::Transfer;
    /// let transfer = Transfer::new().replace();
    /// # let _ = transfer;
    /// ```
    #[must_use]
    pub fn replace(mut self) -> Self {
        self.replaces = true;
        self
    }

    /// Sets how many bytes of keys and values are written in one commit. This is what is repeated
    /// after an interruption, and what the engine and this program hold in memory. A single entry
    /// may be larger.
    ///
    /// ```
    /// # use arbour::transfer::Transfer;
    /// let transfer = Transfer::new().chunk_bytes(64 << 20);
    /// # let _ = transfer;
    /// ```
    #[must_use]
    pub fn chunk_bytes(mut self, bytes: usize) -> Self {
        self.chunk_bytes = bytes;
        self
    }

    /// Sets a callback that gets the progress several times a second, after each commit and at the
    /// end of each step. It returns whether to continue.
    ///
    /// The steps are `copy` or `load`, then `verify`, which reads the destination; `check`, which
    /// reads a dump before it is loaded; and `dump`.
    ///
    /// ```
    /// use arbour::MemoryStore;
    /// use arbour::transfer::{Transfer, TransferError};
    /// use std::ops::ControlFlow;
    /// let transfer = Transfer::new().progress(|_| ControlFlow::Break(()));
    /// let ended = transfer.copy(&MemoryStore::new(), &MemoryStore::new()).unwrap_err();
    /// assert!(matches!(ended.downcast_ref(), Some(TransferError::Cancelled)));
    /// ```
    #[must_use]
    pub fn progress(mut self, report: impl FnMut(Progress) -> ControlFlow<()> + 'p) -> Self {
        self.report = Some(Box::new(report));
        self
    }

    pub(super) fn is_watched(&self) -> bool {
        self.report.is_some()
    }

    /// Says how many steps the transfer has.
    pub(super) fn in_steps(mut self, steps: usize) -> Self {
        self.steps = steps;
        self
    }

    /// Begins the next step.
    pub(super) fn meter(&mut self, step: &'static str, total: Option<u64>) -> Meter<'_, 'p> {
        self.begun += 1;
        Meter::new(self.report.as_deref_mut(), (step, self.begun, self.steps), total)
    }

    /// Fills a store with the entries that a source visits, in order, and checks that the store
    /// then has the digest that the source returns.
    pub(super) fn fill<S: KvStore>(
        &mut self,
        store: &S,
        step: &'static str,
        total: Option<u64>,
        source: impl FnOnce(&mut Visit<'_>) -> Result<Digest>,
    ) -> Result<Transferred> {
        let may_have_entries = mark::set(store, self.replaces)?;
        let chunk_bytes = self.chunk_bytes;
        let mut meter = self.meter(step, total);
        let digest = {
            let before = if may_have_entries { Some(store.snapshot()?) } else { None };
            let mut loader = Loader::new(store, before.as_ref(), chunk_bytes);
            let digest = source(&mut |tree, key, value| {
                let is_written = loader.entry(tree, key, value)?;
                meter.entry(key, value)?;
                if is_written { meter.show() } else { Ok(()) }
            })?;
            loader.finish()?;
            digest
        };
        let (entries, bytes) = meter.finish()?;
        // The mark goes last, after everything is durable and was verified.
        check(digest, self.read_back(store, entries)?)?;
        mark::clear(store)?;
        Ok(Transferred { entries, bytes, digest })
    }

    /// Removes all entries of a store that is being filled, and its mark.
    pub(super) fn clear<S: KvStore>(&self, store: &S) -> Result<()> {
        let snapshot = store.snapshot()?;
        Loader::new(store, Some(&snapshot), self.chunk_bytes).finish()?;
        drop(snapshot);
        mark::clear(store)
    }

    fn read_back(&mut self, store: &impl KvStore, total: u64) -> Result<Digest> {
        let mut meter = self.meter("verify", Some(total));
        let digest = visit_hashed(store, &mut |_, key, value| meter.entry(key, value))?;
        meter.finish()?;
        Ok(digest)
    }

    /// Counts the entries to move, if there is a progress callback.
    pub(super) fn count(&self, store: &impl KvStore) -> Result<Option<u64>> {
        if !self.is_watched() {
            return Ok(None);
        }
        let snapshot = store.snapshot()?;
        let mut count = 0;
        for name in snapshot.trees()?.iter().filter(|name| !mark::is_left_out(name)) {
            let tree = store.open_tree(TreeName::stored(name)?)?;
            count += snapshot.len(&tree)?;
        }
        Ok(Some(count))
    }
}
