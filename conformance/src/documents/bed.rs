//! The test bed of one case about documents: a bed, and a document store on its store.

use std::sync::Arc;

use arbour::documents::{Body, Declaration};
use arbour_core::engine::TreeName;
use arbour_core::{Capabilities, KvStore, Result, StoreOptions, Tree};

use super::DocFactory;
use crate::documents::TestDocuments;
use crate::harness::{Axis, Bed, Factory, Proof, TestBed};

/// What a case about documents works with.
#[doc(hidden)]
pub struct DocBed<F: Factory, M: DocFactory> {
    bed: Bed<F>,
    documents: M,
}

/// An open collection of a bed.
pub(crate) type Opened<'b, F, M, D> =
    <<M as DocFactory>::Docs<'b, <F as Factory>::Store> as TestDocuments>::Collection<D>;

impl<F: Factory, M: DocFactory> DocBed<F, M> {
    /// Opens a new store in a new folder.
    ///
    /// # Errors
    /// The errors of the engine or the file system.
    pub(crate) fn new(factory: F, documents: M, axis: Axis) -> Result<Self> {
        Ok(Self { bed: Bed::new(factory, axis)?, documents })
    }

    /// Returns the store.
    pub(crate) fn store(&self) -> &F::Store {
        self.bed.store()
    }

    /// Returns the store in a form that another store can be made of.
    pub(crate) fn shared_store(&self) -> &Arc<F::Store> {
        self.bed.shared_store()
    }

    /// Returns the capabilities of the store.
    pub(crate) fn capabilities(&self) -> &Capabilities {
        self.bed.capabilities()
    }

    /// Opens a collection and builds its indexes.
    ///
    /// # Errors
    /// The errors of the document store.
    pub(crate) fn open<D: Body>(&self, declaration: Declaration<D>) -> Result<Opened<'_, F, M, D>> {
        self.documents.documents(self.store()).collection(declaration)
    }

    /// Opens a collection without building its indexes.
    ///
    /// # Errors
    /// The errors of the document store.
    pub(crate) fn declare<D: Body>(
        &self,
        declaration: Declaration<D>,
    ) -> Result<Opened<'_, F, M, D>> {
        self.documents.documents(self.store()).declare(declaration)
    }

    /// Makes a document store under test on another store.
    pub(crate) fn documents_of<'s, S: KvStore>(&self, store: &'s S) -> M::Docs<'s, S> {
        self.documents.documents(store)
    }

    /// Resolves a tree of the layer, to look at what is stored or to damage it.
    ///
    /// # Errors
    /// The errors of the engine.
    pub(crate) fn layer_tree(&self, name: &str) -> Result<Tree> {
        self.store().open_tree(TreeName::layer(name)?)
    }

    /// Ends the writing part of a case: on the `reopened` axis the store is closed and opened
    /// again. Earlier collections were dropped, and have to be opened again.
    ///
    /// # Errors
    /// The errors of the engine.
    pub(crate) fn settle(&mut self) -> Result<()> {
        self.bed.settle()
    }

    /// Closes the store and opens it again with other options, on every axis.
    ///
    /// # Errors
    /// The errors of the engine.
    pub(crate) fn reopen_with(&mut self, options: &StoreOptions) -> Result<()> {
        self.bed.reopen_with(options)
    }

    /// Closes the store and opens it again, if it is persistent, on every axis.
    ///
    /// # Errors
    /// The errors of the engine.
    pub(crate) fn reopen(&mut self) -> Result<()> {
        if self.capabilities().persistent { self.bed.reopen() } else { Ok(()) }
    }
}

impl<F: Factory, M: DocFactory> TestBed for DocBed<F, M> {
    fn finish(self) -> Result<Proof> {
        self.bed.finish()
    }
}
