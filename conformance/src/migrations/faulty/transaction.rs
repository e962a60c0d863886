//! A transaction of a store with a fault.

use arbour_core::engine::forward;
use arbour_core::{Durability, KeyRange, KvRead, KvStore, KvWrite, MemoryStore, Result, Tree};

use super::MigrationFault;
use super::fault::Fate;

type Below<'s> = <MemoryStore as KvStore>::Transaction<'s>;
type Write = (Tree, Vec<u8>, Vec<u8>);

/// A transaction that writes something other than requested.
///
/// ```
/// use arbour_conformance::Factory;
/// use arbour_conformance::migrations::faulty::{DistortedFactory, DistortedTransaction};
/// use arbour_core::{KvStore, KvWrite, StoreOptions};
/// let store = DistortedFactory::sound().open("anywhere".as_ref(), &StoreOptions::new())?;
/// let transaction: DistortedTransaction<'_> = store.begin()?;
/// transaction.commit()?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct DistortedTransaction<'s> {
    store: &'s MemoryStore,
    fault: Option<MigrationFault>,
    /// `None` once it has ended.
    below: Option<Below<'s>>,
    /// The writes that stay if it is rolled back.
    outliving: Vec<Write>,
    /// The last put to a tree of the application: tree, key, and the value before.
    last: Option<(Tree, Vec<u8>, Option<Vec<u8>>)>,
}

impl<'s> DistortedTransaction<'s> {
    pub(super) fn new(
        store: &'s MemoryStore,
        fault: Option<MigrationFault>,
        durability: Durability,
    ) -> Result<Self> {
        let below = Some(store.begin_with(durability)?);
        Ok(Self { store, fault, below, outliving: Vec::new(), last: None })
    }

    fn below(&self) -> &Below<'s> {
        self.below.as_ref().expect("it ends by being consumed")
    }

    fn below_mut(&mut self) -> &mut Below<'s> {
        self.below.as_mut().expect("it ends by being consumed")
    }

    fn keeps(&self, tree: &Tree, is_range: bool) -> bool {
        self.fault.is_some_and(|fault| fault.keeps(tree.name(), is_range))
    }

    fn get_copy(&self, tree: &Tree, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.below().get_with(tree, key, <[u8]>::to_vec)
    }
}

impl<'s> KvRead for DistortedTransaction<'s> {
    forward!(types of Below<'s>);
    forward!(self => self.below(); reads);
}

impl KvWrite for DistortedTransaction<'_> {
    forward!(self => self.below(); check);
    forward!(self => self.below_mut(); commit_checks);

    fn put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) -> Result<()> {
        let Some(fault) = self.fault else {
            return self.below_mut().put(tree, key, value);
        };
        let before = self.get_copy(tree, key)?;
        if fault.outlives(tree.name()) {
            self.outliving.push((tree.clone(), key.to_vec(), value.to_vec()));
        }
        let fate = fault.put(tree.name(), key, value, before.as_deref());
        if !tree.name().starts_with("arbour/") {
            self.last = Some((tree.clone(), key.to_vec(), before));
        }
        match fate {
            Fate::Kept => self.below_mut().put(tree, key, value),
            Fate::Dropped => Ok(()),
            Fate::TakesLast => {
                if let Some((tree, key, before)) = self.last.take() {
                    match before {
                        Some(before) => self.below_mut().put(&tree, &key, &before)?,
                        None => self.below_mut().delete(&tree, &key)?,
                    }
                }
                self.below_mut().put(tree, key, value)
            }
            Fate::Changed(value) => self.below_mut().put(tree, key, &value),
        }
    }

    fn delete(&mut self, tree: &Tree, key: &[u8]) -> Result<()> {
        if self.keeps(tree, false) { Ok(()) } else { self.below_mut().delete(tree, key) }
    }

    fn delete_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()> {
        if self.keeps(tree, true) { Ok(()) } else { self.below_mut().delete_range(tree, range) }
    }

    fn commit(mut self) -> Result<()> {
        self.outliving.clear();
        self.below.take().map_or(Ok(()), KvWrite::commit)
    }

    fn rollback(self) -> Result<()> {
        Ok(())
    }
}

impl Drop for DistortedTransaction<'_> {
    fn drop(&mut self) {
        // The slot is free before the remaining writes are made.
        drop(self.below.take());
        if self.outliving.is_empty() {
            return;
        }
        let outliving = std::mem::take(&mut self.outliving);
        let written = self.store.write_with(Durability::None, |transaction| {
            outliving.iter().try_for_each(|(tree, key, value)| transaction.put(tree, key, value))
        });
        written.expect("a store in memory takes what it took before");
    }
}
