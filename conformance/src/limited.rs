//! A store that says it accepts less than it does.

use std::sync::Arc;

use arbour_core::engine::forward;
use arbour_core::{Capabilities, KvStore, Limits};

/// A store with lower limits in its capabilities. It enforces none of them, so that what a layer writes
/// beyond them can be found.
pub(crate) struct Limited<S> {
    store: Arc<S>,
    capabilities: Capabilities,
}

impl<S: KvStore> Limited<S> {
    pub(crate) fn new(store: Arc<S>, limits: Limits) -> Self {
        let mut capabilities = store.capabilities().clone();
        capabilities.limits = limits;
        Self { store, capabilities }
    }
}

impl<S: KvStore> KvStore for Limited<S> {
    type Snapshot<'s>
        = S::Snapshot<'s>
    where
        Self: 's;
    type Transaction<'s>
        = S::Transaction<'s>
    where
        Self: 's;

    forward!(self => self.store; open_tree, snapshot, send_snapshot, begin_with, writer_wait, apply);
    forward!(self => self.store; sync, close, stats, compact, backup);

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }
}
