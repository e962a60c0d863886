//! sled without Arbour: what it flushes stays in the device's cache.

use arbour_core::Durability;
use sled::transaction::{ConflictableTransactionError, TransactionError, Transactional as _};
use sled::{Batch, Db, Tree};

use crate::engine::{Attempt, Engine, Refusal, Store};
use crate::model::{Change, Entry, TREES};

pub(super) const ENGINE: Engine = Engine {
    name: "raw-sled",
    open: |path, _| Ok(Box::new(Open(sled::open(path).map_err(Refusal::raw)?))),
    raw: None,
    verifies: false,
    names_full_device: false,
};

struct Open(Db);

impl Open {
    fn tree(&self, tree: usize) -> sled::Result<Tree> {
        self.0.open_tree(format!("tree/{}", TREES.get(tree).copied().unwrap_or_default()))
    }

    fn write(&self, changes: &[Change]) -> sled::Result<()> {
        let trees = [self.tree(0)?, self.tree(1)?];
        let mut batches = [Batch::default(), Batch::default()];
        for Change { tree, key, value } in changes {
            let Some(batch) = batches.get_mut(*tree) else { continue };
            match value {
                Some(value) => batch.insert(key.as_slice(), value.as_slice()),
                None => batch.remove(key.as_slice()),
            }
        }
        let changed = trees.transaction(|views| {
            for (view, batch) in views.iter().zip(&batches) {
                view.apply_batch(batch)?;
            }
            Ok::<_, ConflictableTransactionError<()>>(())
        });
        changed.or_else(|failure| match failure {
            TransactionError::Abort(()) => Ok(()),
            TransactionError::Storage(cause) => Err(cause),
        })
    }

    fn scan(&self, tree: usize) -> sled::Result<Vec<Entry>> {
        let entries = self.tree(tree)?;
        entries.iter().map(|entry| entry.map(|(k, v)| (k.to_vec(), v.to_vec()))).collect()
    }
}

impl Store for Open {
    fn commit(&self, changes: &[Change], durability: Durability) -> Attempt<()> {
        self.write(changes).map_err(Refusal::raw)?;
        if durability == Durability::None { Ok(()) } else { self.sync() }
    }

    fn reads(&self, tree: usize, _: &[&[u8]]) -> Vec<(&'static str, Attempt<Vec<Entry>>)> {
        vec![("scan", self.scan(tree).map_err(Refusal::raw))]
    }

    fn sync(&self) -> Attempt<()> {
        self.0.flush().map(drop).map_err(Refusal::raw)
    }

    fn close(self: Box<Self>) -> Attempt<()> {
        self.sync()
    }
}
