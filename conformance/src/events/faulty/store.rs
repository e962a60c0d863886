//! A store with a fault.

use std::path::Path;
use std::sync::Arc;

use arbour_core::engine::forward;
use arbour_core::{Batch, Durability, KvStore, KvWrite, MemoryStore, Result, StoreOptions};
use parking_lot::Mutex;

use super::transaction::Write;
use super::{EventFault, TamperedTransaction};
use crate::{Factory, MemoryFactory};

/// Makes stores in memory with a fault, or without one.
///
/// ```
/// use arbour_conformance::events::EventSuite;
/// use arbour_conformance::events::faulty::TamperedFactory;
/// use arbour_conformance::{Axis, run};
/// run(&EventSuite, TamperedFactory::sound(), Axis::Fixed, "log", "positions_contiguous")?;
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TamperedFactory(Option<EventFault>);

impl TamperedFactory {
    /// Makes stores with this fault.
    ///
    /// ```
    /// use arbour_conformance::events::faulty::{EventFault, TamperedFactory};
    /// let factory = TamperedFactory::new(EventFault::KeyForgotten);
    /// # let _ = factory;
    /// ```
    #[must_use]
    pub fn new(fault: EventFault) -> Self {
        Self(Some(fault))
    }

    /// Makes stores without a fault.
    ///
    /// ```
    /// # use arbour_conformance::events::faulty::TamperedFactory;
    /// let factory = TamperedFactory::sound();
    /// # let _ = factory;
    /// ```
    #[must_use]
    pub fn sound() -> Self {
        Self(None)
    }
}

impl Factory for TamperedFactory {
    type Store = Tampered;

    fn open(&self, path: &Path, options: &StoreOptions) -> Result<Tampered> {
        let store = MemoryFactory.open(path, options)?;
        Ok(Tampered { store, fault: self.0, delayed: Arc::default() })
    }
}

/// A store in memory whose transactions write something other than requested.
///
/// ```
/// use arbour_conformance::Factory;
/// use arbour_conformance::events::faulty::{Tampered, TamperedFactory};
/// use arbour_core::{KvStore, StoreOptions};
/// let store: Tampered = TamperedFactory::sound().open("anywhere".as_ref(), &StoreOptions::new())?;
/// assert_eq!(store.capabilities().engine, "memory");
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct Tampered {
    store: MemoryStore,
    fault: Option<EventFault>,
    /// Writes for the next transaction.
    delayed: Arc<Mutex<Vec<Write>>>,
}

impl KvStore for Tampered {
    type Snapshot<'s> = <MemoryStore as KvStore>::Snapshot<'s>;
    type Transaction<'s> = TamperedTransaction<'s>;

    forward!(self => self.store; capabilities, open_tree, snapshot, send_snapshot, writer_wait);
    forward!(self => self.store; sync, close, stats, compact, backup);

    fn begin_with(&self, durability: Durability) -> Result<TamperedTransaction<'_>> {
        TamperedTransaction::new(self.fault, self.store.begin_with(durability)?, &self.delayed)
    }

    fn apply(&self, batch: Batch, durability: Durability) -> Result<()> {
        let mut transaction = self.begin_with(durability)?;
        transaction.apply(&batch)?;
        transaction.commit()
    }
}
