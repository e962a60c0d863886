//! A transaction of a store with a fault.

use std::collections::HashMap;

use arbour_core::engine::{self, forward};
use arbour_core::{ErrorKind, KeyRange, KvRead, KvStore, KvWrite, MemoryStore, Result, Tree};
use parking_lot::Mutex;

use super::EventFault;
use super::fault::Fate;

type Below<'s> = <MemoryStore as KvStore>::Transaction<'s>;

/// A put that waits for the next transaction: tree, key, value.
pub(super) type Write = (Tree, Vec<u8>, Vec<u8>);

/// A transaction that writes something other than requested.
///
/// ```
/// use arbour_conformance::Factory;
/// use arbour_conformance::events::faulty::{TamperedFactory, TamperedTransaction};
/// use arbour_core::{KvStore, KvWrite, StoreOptions};
/// let store = TamperedFactory::sound().open("anywhere".as_ref(), &StoreOptions::new())?;
/// let transaction: TamperedTransaction<'_> = store.begin()?;
/// transaction.commit()?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct TamperedTransaction<'s> {
    fault: Option<EventFault>,
    below: Below<'s>,
    /// The number of puts to each tree.
    counts: HashMap<String, usize>,
    /// The number of deletions in each tree.
    deletions: HashMap<String, usize>,
    delayed: Vec<Write>,
    /// Where the next transaction finds the delayed writes.
    next: &'s Mutex<Vec<Write>>,
}

impl<'s> TamperedTransaction<'s> {
    /// Makes the writes that the transaction before has delayed, and begins.
    pub(super) fn new(
        fault: Option<EventFault>,
        mut below: Below<'s>,
        next: &'s Mutex<Vec<Write>>,
    ) -> Result<Self> {
        for (tree, key, value) in std::mem::take(&mut *next.lock()) {
            below.put(&tree, &key, &value)?;
        }
        let (counts, deletions) = (HashMap::new(), HashMap::new());
        Ok(Self { fault, below, counts, deletions, delayed: Vec::new(), next })
    }

    /// Tells whether the key of a write is too long, and the fault hides it.
    fn cuts(&self, write: &engine::Write<'_>) -> bool {
        self.fault == Some(EventFault::LongNameCut)
            && self.below.check(write).is_err_and(|error| error.kind() == ErrorKind::TooLarge)
    }

    fn keeps(&mut self, tree: &Tree) -> bool {
        let Some(fault) = self.fault else { return false };
        let count = self.deletions.entry(tree.name().to_owned()).or_default();
        *count += 1;
        fault.keeps(tree.name(), *count - 1)
    }
}

impl<'s> KvRead for TamperedTransaction<'s> {
    forward!(types of Below<'s>);
    forward!(self => self.below; reads);
}

impl KvWrite for TamperedTransaction<'_> {
    forward!(self => self.below; commit_checks, rollback);

    fn check(&self, write: &engine::Write<'_>) -> Result<()> {
        if self.cuts(write) { Ok(()) } else { self.below.check(write) }
    }

    fn put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) -> Result<()> {
        let Some(fault) = self.fault else {
            return self.below.put(tree, key, value);
        };
        if let Some((_, cut)) = key.split_last()
            && self.cuts(&engine::Write { tree, key, value: Some(value) })
        {
            return self.put(tree, cut, value);
        }
        let before = self.below.get_with(tree, key, <[u8]>::to_vec)?;
        if before.is_some_and(|before| fault.keeps_before(tree.name(), &before, value)) {
            return Ok(());
        }
        let count = self.counts.entry(tree.name().to_owned()).or_default();
        *count += 1;
        match fault.put(tree.name(), key, value, *count - 1) {
            Fate::Kept => self.below.put(tree, key, value),
            Fate::Dropped => Ok(()),
            Fate::Delayed => {
                self.delayed.push((tree.clone(), key.to_vec(), value.to_vec()));
                Ok(())
            }
            Fate::Leaked => {
                self.next.lock().push((tree.clone(), key.to_vec(), value.to_vec()));
                self.below.put(tree, key, value)
            }
            Fate::Changed(value) => self.below.put(tree, key, &value),
        }
    }

    fn delete(&mut self, tree: &Tree, key: &[u8]) -> Result<()> {
        if self.keeps(tree) { Ok(()) } else { self.below.delete(tree, key) }
    }

    fn delete_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()> {
        let keeps_range = self.fault.is_some_and(|fault| fault.keeps_range(tree.name()));
        if keeps_range || self.keeps(tree) {
            return Ok(());
        }
        self.below.delete_range(tree, range)
    }

    fn commit(self) -> Result<()> {
        self.below.commit()?;
        self.next.lock().extend(self.delayed);
        Ok(())
    }
}
