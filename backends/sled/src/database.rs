//! sled's database, its trees kept open, and what it takes to make it durable.

use std::collections::HashMap;
use std::fs::File;
use std::io;

use arbour_core::{
    Batch, Durability, Error, Operation, Result, Stats, StoreOptions, Tree as _, TreeHandle,
    TreeName, TreeRegistry,
};
use parking_lot::Mutex;
use sled::transaction::{ConflictableTransactionError, TransactionError, Transactional as _};

use crate::blobs::Blobs;
use crate::error;
use crate::folder::{Folder, State, damaged};
use crate::key;
use crate::shield::shielded;

/// sled's own tree has a name too, and its names begin otherwise.
const TREE_PREFIX: &str = "tree/";

/// What sled's own tree holds in a store that was made: without it sled has lost its log.
const MARK: (&str, &str) = ("arbour", "1");

/// A database that is open, in a folder that is locked.
pub(crate) struct Database {
    /// By the number of the tree; one that was never written is missing.
    trees: Vec<Option<sled::Tree>>,
    sled: sled::Db,
    /// sled's log once more: sled's own flush starts the writing and waits for it, but leaves it
    /// in the device's cache, and the length of the file in the system's.
    log: File,
    blobs: Mutex<Blobs>,
    folder: Folder,
}

impl Database {
    pub(crate) fn open(
        folder: Folder,
        state: State,
        options: &StoreOptions,
        registry: &TreeRegistry,
    ) -> Result<Self> {
        let operation = Operation::Open;
        let refused = |cause| error::system(cause, operation, "cannot open the database's files");
        let failed = |cause| error::engine(cause, operation);
        let mark = if state == State::New { State::New } else { State::Open };
        folder.mark(mark).map_err(refused)?;
        let mut config = sled::Config::new().path(folder.path());
        if let Some(bytes) = options.cache_size() {
            config = config.cache_capacity(bytes as u64);
        }
        let sled = shielded(operation, || {
            let sled = config.open().map_err(failed)?;
            if state == State::New {
                sled.insert(MARK.0, MARK.1).map_err(failed)?;
            } else if sled.get(MARK.0).map_err(failed)?.is_none() {
                return Err(damaged("sled found nothing in the database's files"));
            }
            Ok(sled)
        })?;
        let log = File::open(folder.database_file()).map_err(refused)?;
        let blobs = Mutex::new(Blobs::new(folder.blobs()));
        let mut database = Self { trees: Vec::new(), sled, log, blobs, folder };
        if state == State::New {
            database.flush(Durability::PowerLoss, operation)?;
            let folder = &database.folder;
            folder.sync_names().and_then(|()| folder.mark(State::Open)).map_err(refused)?;
        }
        database.open_trees(registry)?;
        Ok(database)
    }

    /// Opens the trees that are there: what is not among them was never written.
    fn open_trees(&mut self, registry: &TreeRegistry) -> Result<()> {
        for name in self.sled.tree_names() {
            let ours = std::str::from_utf8(&name).ok().and_then(|n| n.strip_prefix(TREE_PREFIX));
            if let Some(name) = ours.and_then(|name| TreeName::stored(name).ok()) {
                self.make_tree(&registry.resolve(name), Operation::Open)?;
            }
        }
        Ok(())
    }

    pub(crate) fn tree(&self, tree: &TreeHandle) -> Option<&sled::Tree> {
        self.trees.get(tree.index())?.as_ref()
    }

    /// Returns the trees by their numbers.
    pub(crate) fn trees(&self) -> Vec<Option<sled::Tree>> {
        self.trees.clone()
    }

    /// Makes a tree that was never written. What is left of it if nothing follows is an empty
    /// tree, which is none.
    pub(crate) fn make_tree(&mut self, tree: &TreeHandle, operation: Operation) -> Result<()> {
        let made = shielded(operation, || {
            let name = format!("{TREE_PREFIX}{}", tree.name());
            self.sled.open_tree(name).map_err(|cause| error::engine(cause, operation))
        });
        let made = made.map_err(|error| error.with_tree(tree.name()))?;
        if self.trees.len() <= tree.index() {
            self.trees.resize(tree.index() + 1, None);
        }
        if let Some(slot) = self.trees.get_mut(tree.index()) {
            *slot = Some(made);
        }
        Ok(())
    }

    /// Changes the trees in memory, all or none, and hands the changes to sled's log as one record:
    /// recovery takes all of it or nothing.
    pub(crate) fn change(&self, changes: Changes) -> Result<()> {
        let operation = Operation::Apply;
        let failed = |cause| error::engine(cause, operation);
        let batches = match changes {
            Changes::One(tree, key, value) => {
                let Some(tree) = self.tree(&tree) else { return Ok(()) };
                return shielded(operation, || {
                    let changed = match value {
                        Some(value) => tree.insert(key, value),
                        None => tree.remove(key),
                    };
                    changed.map(drop).map_err(failed)
                });
            }
            Changes::Many(batches) => batches,
        };
        // A tree that is missing here holds nothing that could be deleted.
        let (trees, mut batches): (Vec<_>, Vec<_>) = batches
            .into_iter()
            .filter_map(|(tree, batch)| Some((self.tree(&tree)?, batch)))
            .unzip();
        shielded(operation, || match trees.as_slice() {
            [] => Ok(()),
            [tree] => tree.apply_batch(batches.pop().unwrap_or_default()).map_err(failed),
            trees => {
                let changed = trees.transaction(|views| {
                    for (view, batch) in views.iter().zip(&batches) {
                        view.apply_batch(batch)?;
                    }
                    Ok::<_, ConflictableTransactionError<Error>>(())
                });
                changed.map_err(|failure| match failure {
                    TransactionError::Abort(error) => error,
                    TransactionError::Storage(cause) => failed(cause),
                })
            }
        })
    }

    /// Makes everything changed so far as durable as asked for.
    pub(crate) fn flush(&self, durability: Durability, operation: Operation) -> Result<()> {
        let refused =
            |cause: io::Error| error::system(cause, operation, "cannot make the database durable");
        let flush = || {
            shielded(operation, || {
                self.sled.flush().map(drop).map_err(|cause| error::engine(cause, operation))
            })
        };
        match durability {
            Durability::None => Ok(()),
            Durability::ProcessCrash => flush(),
            Durability::PowerLoss => {
                let mut blobs = self.blobs.lock();
                // Listed before the flush: what is listed is whole once it returns.
                let unsynced = blobs.unsynced().map_err(refused)?;
                flush()?;
                blobs.sync(unsynced).map_err(refused)?;
                self.log.sync_data().map_err(refused)
            }
        }
    }

    pub(crate) fn stats(sled: &sled::Db, trees: &[Option<sled::Tree>]) -> Result<Stats> {
        let operation = Operation::Stats;
        let failed = |cause| error::engine(cause, operation);
        shielded(operation, || {
            let mut entries = 0;
            for tree in trees.iter().flatten() {
                for entry in tree.iter() {
                    entry.map_err(failed)?;
                    entries += 1;
                }
            }
            Ok(Stats::new(entries, sled.size_on_disk().map_err(failed)?))
        })
    }

    /// Returns sled's own handle.
    pub(crate) fn sled(&self) -> &sled::Db {
        &self.sled
    }

    /// Lets go of everything. The folder is sealed if all that was written is on the device.
    ///
    /// After a failure that sled did not note, as of a large value for which the device has no
    /// room, closing sled would wait forever for a record that is never written. It is left alone
    /// then, and holds its files until the process ends.
    pub(crate) fn close(self, is_whole: bool) -> Result<()> {
        let Self { trees, sled, log, blobs, folder } = self;
        if !is_whole && sled.context.global_error().is_ok() {
            std::mem::forget((trees, sled));
            return Ok(());
        }
        shielded(Operation::Close, || {
            drop((trees, sled, log, blobs));
            Ok(())
        })?;
        if is_whole { folder.close() } else { Ok(()) }
    }
}

/// What is to be written, as sled takes it.
///
/// It is made before sled is called, because sled applies a batch under a lock that all its
/// databases in the process share: nothing else is done there.
pub(crate) enum Changes {
    /// A single write is one record of its own, and needs neither that lock nor a batch.
    One(TreeHandle, sled::IVec, Option<sled::IVec>),
    /// One tree's batch is applied as it is; those of several in one of sled's transactions, which
    /// reads each key once more.
    Many(Vec<(TreeHandle, sled::Batch)>),
}

impl Changes {
    pub(crate) fn new(batch: &Batch<TreeHandle>) -> Self {
        if batch.len() == 1
            && let Some(write) = batch.iter().next()
        {
            let key = key::encode(write.key).as_ref().into();
            return Self::One(write.tree.clone(), key, write.value.map(sled::IVec::from));
        }
        let mut batches: Vec<(TreeHandle, sled::Batch)> = Vec::new();
        let mut places = HashMap::new();
        let mut place = 0;
        for write in batch.iter() {
            if batches.get(place).is_none_or(|(tree, _)| tree != write.tree) {
                place = *places.entry(write.tree.index()).or_insert_with(|| {
                    batches.push((write.tree.clone(), sled::Batch::default()));
                    batches.len() - 1
                });
            }
            let key = key::encode(write.key);
            if let Some((_, batch)) = batches.get_mut(place) {
                match write.value {
                    Some(value) => batch.insert(key.as_ref(), value),
                    None => batch.remove(key.as_ref()),
                }
            }
        }
        Self::Many(batches)
    }
}
