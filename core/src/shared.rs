//! A store with several owners.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::TreeName;
use crate::{Batch, Capabilities, Durability, KvStore, Result, Stats, Tree};

/// A shared store is a store: what takes one by value takes a share of one too.
impl<S: KvStore> KvStore for Arc<S> {
    type Snapshot<'s>
        = S::Snapshot<'s>
    where
        Self: 's;
    type Transaction<'s>
        = S::Transaction<'s>
    where
        Self: 's;

    fn capabilities(&self) -> &Capabilities {
        (**self).capabilities()
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        (**self).open_tree(name)
    }

    fn snapshot(&self) -> Result<Self::Snapshot<'_>> {
        (**self).snapshot()
    }

    fn begin_with(&self, durability: Durability) -> Result<Self::Transaction<'_>> {
        (**self).begin_with(durability)
    }

    fn writer_wait(&self) -> Duration {
        (**self).writer_wait()
    }

    fn apply(&self, batch: Batch, durability: Durability) -> Result<()> {
        (**self).apply(batch, durability)
    }

    fn sync(&self) -> Result<()> {
        (**self).sync()
    }

    fn close(&self) -> Result<()> {
        (**self).close()
    }

    fn stats(&self) -> Result<Stats> {
        (**self).stats()
    }

    fn compact(&self) -> Result<()> {
        (**self).compact()
    }

    fn backup(&self, destination: &Path) -> Result<()> {
        (**self).backup(destination)
    }
}
