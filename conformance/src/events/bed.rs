//! The test bed of one case about events: a bed whose store holds the views, and the log in it or
//! in a store of its own.

use std::sync::Arc;

use arbour::documents::Collection;
use arbour::events::{Events, EventsBuilder, Log, Projection};
use arbour_core::engine::TreeName;
use arbour_core::{KvStore, Limits, Result, StoreOptions, Tree};

use super::ledger::{Ledger, Scene, accounts};
use crate::harness::{Axis, Bed, Factory, Proof, TestBed};

/// The log of every case.
pub(crate) const LOG: &str = "main";

/// What a case about events works with.
#[doc(hidden)]
pub struct EventBed<F: Factory> {
    /// The store of the log, if it is not the store of the views.
    log: Option<Arc<F::Store>>,
    bed: Bed<F>,
    /// What the models of this case share with the world outside of events.
    pub(crate) scene: Arc<Scene>,
}

impl<F: Factory> EventBed<F> {
    pub(crate) fn new(factory: F, axis: Axis) -> Result<Self> {
        let mut bed = Self { log: None, bed: Bed::new(factory, axis)?, scene: Arc::default() };
        if axis == Axis::Apart {
            bed.log = Some(Arc::new(bed.other_store("log")?));
        }
        Ok(bed)
    }

    /// Returns the store of the views.
    pub(crate) fn views(&self) -> &Arc<F::Store> {
        self.bed.shared_store()
    }

    /// Returns the store of the log.
    pub(crate) fn log_store(&self) -> &Arc<F::Store> {
        self.log.as_ref().unwrap_or(self.views())
    }

    pub(crate) fn is_apart(&self) -> bool {
        self.log.is_some()
    }

    /// Opens the log itself.
    pub(crate) fn log(&self) -> Result<Log> {
        Log::open(&**self.log_store(), LOG)
    }

    /// Starts a builder of events without projections.
    pub(crate) fn builder(&self) -> EventsBuilder {
        let builder = Events::builder(Arc::clone(self.views()), LOG);
        match &self.log {
            Some(log) => builder.log_in(Arc::clone(log)),
            None => builder,
        }
    }

    /// Makes a projection of the ledger.
    pub(crate) fn ledger(&self, name: &str, version: u32) -> Result<Projection> {
        let projection = Projection::new(name, version);
        let declaration = accounts(&projection.view("accounts"));
        let accounts = Collection::open(self.bed.store(), declaration)?;
        Ok(projection.model(Ledger::new(accounts, Arc::clone(&self.scene))))
    }

    /// Opens events with one projection, called `bank`, of the ledger.
    pub(crate) fn open(&self) -> Result<Events> {
        self.open_with(|bank| bank)
    }

    /// Does the same with a projection that is declared differently.
    pub(crate) fn open_with(&self, with: impl FnOnce(Projection) -> Projection) -> Result<Events> {
        self.builder().projection(with(self.ledger("bank", 1)?)).build()
    }

    /// Resolves a tree of the layer in the store of the views, to look at it or to damage it.
    pub(crate) fn layer_tree(&self, name: &str) -> Result<Tree> {
        self.bed.store().open_tree(TreeName::layer(name)?)
    }

    /// Opens another store, of the same engine, in the folder of the case.
    pub(crate) fn other_store(&self, name: &str) -> Result<F::Store> {
        self.open_store(name, &StoreOptions::new())
    }

    /// Opens another store that accepts values of at most this many bytes.
    pub(crate) fn small_store(&self, name: &str, value_bytes_max: usize) -> Result<F::Store> {
        let limits = Limits { value_bytes_max, ..Limits::default() };
        self.open_store(name, &StoreOptions::new().limits(limits))
    }

    fn open_store(&self, name: &str, options: &StoreOptions) -> Result<F::Store> {
        self.bed.factory().open(&self.bed.other_path(name), options)
    }

    /// Closes the stores and opens them again with other options, on every axis. A store that is not
    /// persistent is empty then.
    pub(crate) fn reopen_with(&mut self, options: &StoreOptions) -> Result<()> {
        self.bed.reopen_with(options)?;
        if let Some(log) = &self.log {
            log.close()?;
            self.log = Some(Arc::new(self.open_store("log", options)?));
        }
        Ok(())
    }

    /// Ends the writing part of a case: the stores are closed and opened again, on the axes that do
    /// so, with the same options. Earlier `Events` must not be used any more.
    pub(crate) fn settle(&mut self) -> Result<()> {
        let is_reopened = matches!(self.bed.axis(), Axis::Reopened | Axis::Apart);
        if !is_reopened || !self.bed.capabilities().persistent {
            return Ok(());
        }
        let options = self.bed.options().clone();
        self.reopen_with(&options)
    }

    /// Replaces the store of the log by another, empty one.
    pub(crate) fn lose_log(&mut self) -> Result<()> {
        if self.log.is_some() {
            self.log = Some(Arc::new(self.other_store("another log")?));
        }
        Ok(())
    }
}

impl<F: Factory> TestBed for EventBed<F> {
    fn finish(self) -> Result<Proof> {
        self.bed.finish()
    }
}
