//! A store with a fault.

use std::path::Path;

use arbour_core::engine::forward;
use arbour_core::{
    Batch, Capabilities, Durability, KvStore, KvWrite, Limits, MemoryStore, Result, StoreOptions,
};

use super::{DistortedTransaction, MigrationFault};
use crate::{Factory, MemoryFactory};

/// Makes stores in memory with a fault, or without one.
///
/// ```
/// use arbour_conformance::migrations::MigrationSuite;
/// use arbour_conformance::migrations::faulty::DistortedFactory;
/// use arbour_conformance::{Axis, run};
/// run(&MigrationSuite, DistortedFactory::sound(), Axis::Fixed, "journal", "runs_once")?;
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct DistortedFactory(Option<MigrationFault>);

impl DistortedFactory {
    /// Makes stores with this fault.
    ///
    /// ```
    /// use arbour_conformance::migrations::faulty::{MigrationFault, DistortedFactory};
    /// let factory = DistortedFactory::new(MigrationFault::JournalForgotten);
    /// # let _ = factory;
    /// ```
    #[must_use]
    pub fn new(fault: MigrationFault) -> Self {
        Self(Some(fault))
    }

    /// Makes stores without a fault.
    ///
    /// ```
    /// # use arbour_conformance::migrations::faulty::DistortedFactory;
    /// let factory = DistortedFactory::sound();
    /// # let _ = factory;
    /// ```
    #[must_use]
    pub fn sound() -> Self {
        Self(None)
    }
}

impl Factory for DistortedFactory {
    type Store = Distorted;

    fn open(&self, path: &Path, options: &StoreOptions) -> Result<Distorted> {
        let store = MemoryFactory.open(path, options)?;
        let mut capabilities = store.capabilities().clone();
        if self.0 == Some(MigrationFault::LimitsUntold) {
            capabilities.limits = Limits::default();
        }
        Ok(Distorted { store, capabilities, fault: self.0 })
    }
}

/// A store in memory whose transactions write something other than requested.
///
/// ```
/// use arbour_conformance::Factory;
/// use arbour_conformance::migrations::faulty::{Distorted, DistortedFactory};
/// use arbour_core::{KvStore, StoreOptions};
/// let store: Distorted = DistortedFactory::sound().open("anywhere".as_ref(), &StoreOptions::new())?;
/// assert_eq!(store.capabilities().engine, "memory");
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct Distorted {
    store: MemoryStore,
    capabilities: Capabilities,
    fault: Option<MigrationFault>,
}

impl KvStore for Distorted {
    type Snapshot<'s> = <MemoryStore as KvStore>::Snapshot<'s>;
    type Transaction<'s> = DistortedTransaction<'s>;

    forward!(self => self.store; open_tree, snapshot, send_snapshot, writer_wait);
    forward!(self => self.store; sync, close, stats, compact, backup);

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn begin_with(&self, durability: Durability) -> Result<DistortedTransaction<'_>> {
        DistortedTransaction::new(&self.store, self.fault, durability)
    }

    fn apply(&self, batch: Batch, durability: Durability) -> Result<()> {
        let mut transaction = self.begin_with(durability)?;
        transaction.apply(&batch)?;
        transaction.commit()
    }
}
