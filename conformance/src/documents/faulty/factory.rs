//! Making faulty document stores.

use arbour_core::KvStore;

use super::memory::Memory;
use super::{DocFault, FaultyDocuments};
use crate::documents::DocFactory;

/// Makes document stores that are wrong in one way.
///
/// ```
/// use arbour_conformance::documents::DocFactory;
/// use arbour_conformance::documents::faulty::{DocFault, FaultyDocFactory};
/// let store = arbour_core::MemoryStore::new();
/// let documents = FaultyDocFactory::new(DocFault::SetInsertsOnly).documents(&store);
/// # let _ = documents;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FaultyDocFactory {
    fault: Option<DocFault>,
    /// Kept for ever, because a factory is copied at will; there is one for each fault.
    memory: &'static Memory,
}

impl FaultyDocFactory {
    /// Makes a factory of document stores with this fault. Use it for one store: the factory keeps
    /// what a fault remembers outside of the store.
    ///
    /// ```
    /// use arbour_conformance::documents::faulty::{DocFault, FaultyDocFactory};
    /// let factory = FaultyDocFactory::new(DocFault::TotalIsOfPage);
    /// # let _ = factory;
    /// ```
    #[must_use]
    pub fn new(fault: DocFault) -> Self {
        Self { fault: Some(fault), ..Self::sound() }
    }

    /// Makes a factory of the same document stores without a fault. It shows that the suite rejects
    /// the fault itself, and not the code around it.
    ///
    /// ```
    /// use arbour_conformance::documents::faulty::FaultyDocFactory;
    /// use arbour_conformance::documents::DocumentSuite;
    /// use arbour_conformance::{Axis, MemoryFactory, run};
    /// let suite = DocumentSuite(FaultyDocFactory::sound());
    /// run(&suite, MemoryFactory, Axis::Fixed, "writes", "set_overwrites")?;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn sound() -> Self {
        Self { fault: None, memory: Box::leak(Box::default()) }
    }
}

impl DocFactory for FaultyDocFactory {
    type Docs<'s, S: KvStore> = FaultyDocuments<'s, S>;

    fn documents<'s, S: KvStore>(&self, store: &'s S) -> FaultyDocuments<'s, S> {
        FaultyDocuments { store, fault: self.fault, memory: self.memory }
    }
}
