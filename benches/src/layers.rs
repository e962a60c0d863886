//! What a layer costs above what it wraps.

use std::hint::black_box;

use arbour_core::engine::{Engine, SnapshotEngine, TransactionLayer, TreeName, TreeRegistry};
use arbour_core::{
    Batch, Capabilities, Durability, KvStore as _, KvWrite as _, MemorySnapshot, MemoryStore,
    Result, Stats, StoreOptions, Tree,
};

use crate::comparison::{Bound, Comparison, Row, Scale, time};
use crate::workload::Entry;

/// Compares a transaction that reads nothing with collecting its writes in a plain batch.
pub(crate) fn measure(scale: Scale, entries: &[Entry], report: &mut dyn FnMut(Row)) -> Result<()> {
    let layer = TransactionLayer::new(Sink::new(), &StoreOptions::new(), None);
    let tree = layer.tree("entries")?;
    let bound = Bound::Ratio(1.2);
    let engine = "TransactionLayer".to_owned();
    let mut layers = Comparison { scale, engine, bound, report };
    layers.row(
        "put, above collecting a batch",
        entries.len(),
        || {
            time(|| {
                let mut batch = Batch::new();
                for (key, value) in entries {
                    batch.put(&tree, key, value);
                }
                layer.engine().apply(&batch, Durability::None)
            })
        },
        || {
            time(|| {
                let mut transaction = layer.begin_with(Durability::None)?;
                for (key, value) in entries {
                    transaction.put(&tree, key, value)?;
                }
                transaction.commit()
            })
        },
    )
}
/// An engine that discards its input, so that only the layer's own cost is measured.
struct Sink {
    registry: TreeRegistry,
    empty: MemoryStore,
    capabilities: Capabilities,
}

impl Sink {
    fn new() -> Self {
        let capabilities = Capabilities::new("sink");
        Self { registry: TreeRegistry::new(), empty: MemoryStore::new(), capabilities }
    }
}

impl Engine for Sink {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        Ok(self.registry.resolve(name))
    }

    fn owns(&self, tree: &Tree) -> bool {
        self.registry.owns(tree)
    }

    fn apply(&self, batch: &Batch, _: Durability) -> Result<()> {
        black_box(batch.len());
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        Ok(())
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }

    fn stats(&self) -> Result<Stats> {
        Ok(Stats::default())
    }
}

impl SnapshotEngine for Sink {
    type Snapshot<'s> = MemorySnapshot<'s>;

    fn snapshot(&self) -> Result<MemorySnapshot<'_>> {
        self.empty.snapshot()
    }
}
