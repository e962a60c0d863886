//! Stores shared by several owners.

use std::sync::Arc;

use crate::KvStore;
use crate::engine::forward;

/// A shared store is a store: code that takes a store by value accepts an `Arc` of one too.
impl<S: KvStore> KvStore for Arc<S> {
    type Snapshot<'s>
        = S::Snapshot<'s>
    where
        Self: 's;
    type Transaction<'s>
        = S::Transaction<'s>
    where
        Self: 's;

    forward!(self => (**self); capabilities, open_tree, snapshot, send_snapshot, begin_with);
    forward!(self => (**self); writer_wait, apply, sync, close, stats, compact, backup);
}
