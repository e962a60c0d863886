//! The contenders, and their work.

use arbour_core::{Durability, Result};

use crate::workload::{Entry, Key, Prefix};

/// One way to do the work: an engine through its own API, or through Arbour.
///
/// Raw means the fastest correct way to use the engine with the same guarantee: opened tables, kept
/// statements, raw iterators, borrowed values. Every read looks at both ends of what it reads and
/// returns a sum, so that nothing is optimized away and the results of both sides can be compared.
///
/// ```
/// use arbour_benches::contender::Contender;
/// use arbour_benches::{Arbour, workload};
/// use arbour_core::{Durability, MemoryStore};
/// let contender = Arbour::new(MemoryStore::new())?;
/// contender.put(&workload::entries(200), Durability::None)?;
/// assert_eq!(contender.scan()?, contender.prefix_scans(&[workload::prefix(0), workload::prefix(1)])?);
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub trait Contender: Send + Sync {
    /// Stores entries in one transaction.
    ///
    /// # Errors
    /// What the engine reports.
    fn put(&self, entries: &[Entry], durability: Durability) -> Result<()>;

    /// Stores entries in one batch: the fastest atomic way that reads nothing.
    ///
    /// # Errors
    /// What the engine reports.
    fn apply(&self, entries: &[Entry], durability: Durability) -> Result<()>;

    /// Reads keys in one snapshot, one after another.
    ///
    /// # Errors
    /// What the engine reports.
    fn gets(&self, keys: &[Key]) -> Result<u64>;

    /// Reads keys in one snapshot, all in one call if the engine has one for it.
    ///
    /// # Errors
    /// What the engine reports.
    fn multi_get(&self, keys: &[Key]) -> Result<u64>;

    /// Reads every entry in order.
    ///
    /// # Errors
    /// What the engine reports.
    fn scan(&self) -> Result<u64>;

    /// Reads in one snapshot the entries of each prefix in order.
    ///
    /// # Errors
    /// What the engine reports.
    fn prefix_scans(&self, prefixes: &[Prefix]) -> Result<u64>;

    /// Runs a closure while a snapshot is held; if the engine has none, it only runs the closure.
    ///
    /// # Errors
    /// The errors of the engine and of the closure.
    fn hold(&self, meanwhile: &mut dyn FnMut() -> Result<()>) -> Result<()>;

    /// Waits for background work of the engine that would otherwise disturb the next measurement,
    /// such as writing out buffers and merging files.
    ///
    /// # Errors
    /// What the engine reports.
    fn settle(&self) -> Result<()>;
}
