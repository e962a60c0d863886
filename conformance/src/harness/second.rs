//! Two processes with one store.

use std::path::Path;

use arbour_core::{ErrorKind, Result, StoreOptions};

use super::child::{Part, Running, say};
use super::factory::Factory;

/// The seed of a child that opens the store once.
const AT_ONCE: u64 = 0;

/// The seed of a child that waits for a moment until it can open the store.
const PATIENT: u64 = 1;

/// What a child reports if the engine does not let it open the store.
const REFUSED: &str = "refused";

/// Starts a process that opens the store while this one may have it open.
pub(crate) fn start_beside(test: &str, path: &Path) -> Result<Running> {
    Running::start(test, path, AT_ONCE)
}

/// Starts a process that has to be able to open the store.
pub(crate) fn start_patient(test: &str, path: &Path) -> Result<Running> {
    Running::start(test, path, PATIENT)
}

/// Asserts that another process cannot open the store, which this one has open.
pub(crate) fn assert_refused(test: &str, path: &Path) -> Result<()> {
    let said = start_beside(test, path)?.finish()?;
    assert_eq!(said, [REFUSED], "only one process may have the store open");
    Ok(())
}

impl Part {
    /// Opens the store as one of several processes. If the engine refuses that with
    /// [`Locked`](ErrorKind::Locked), tells the parent and returns `None`.
    pub(crate) fn open_beside<F: Factory>(&self, factory: &F) -> Result<Option<F::Store>> {
        let opened = match self.seed {
            PATIENT => self.open(factory),
            _ => factory.open(&self.path, &StoreOptions::new()),
        };
        match opened {
            Err(error) if error.kind() == ErrorKind::Locked => say(REFUSED).map(|()| None),
            opened => opened.map(Some),
        }
    }
}
