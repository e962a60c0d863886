//! Any engine through Arbour.

use std::path::Path;

use arbour_core::{
    Batch, Cursor, Direction, Durability, DynStore, ErrorKind, KeyRange, KvRead, KvStore, KvWrite,
    StoreOptions, Tree,
};

use crate::engine::{Attempt, Engine, Opening, Raw, Store};
use crate::model::{Change, Contents, Entry, TREES};

/// Describes an engine of Arbour; most of them are alike.
macro_rules! engine {
    ($name:literal, $store:path) => {
        Engine {
            name: $name,
            open: |path, opening| {
                let options = StoreOptions::new()
                    .create(opening == Opening::Create)
                    .verify(opening == Opening::Verified);
                Ok(Box::new(Open { store: DynStore::new(<$store>::open(path, &options)?) }))
            },
            raw: Some(Raw { name: concat!("raw-", $name), reads: true }),
            verifies: true,
            names_full_device: true,
        }
    };
}

#[cfg(feature = "fjall")]
pub(super) const FJALL: Engine = engine!("fjall", arbour_fjall::FjallStore);

#[cfg(feature = "redb")]
pub(super) const REDB: Engine = engine!("redb", arbour_redb::RedbStore);

#[cfg(feature = "sled")]
pub(super) const SLED: Engine = engine!("sled", arbour_sled::SledStore);

#[cfg(feature = "sqlite")]
pub(super) const SQLITE: Engine =
    Engine { names_full_device: false, ..engine!("sqlite", arbour_sqlite::SqliteStore) };

/// Without itself beside it: only unsafe code opens it.
#[cfg(feature = "lmdb")]
pub(super) const LMDB: Engine = Engine { raw: None, ..engine!("lmdb", arbour_lmdb::LmdbStore) };

#[cfg(feature = "rocksdb")]
pub(super) const ROCKSDB: Engine = Engine {
    raw: Some(Raw { name: "raw-rocksdb", reads: false }),
    ..engine!("rocksdb", arbour_rocksdb::RocksdbStore)
};

struct Open {
    store: DynStore,
}

impl Open {
    fn tree(&self, tree: usize) -> arbour_core::Result<Tree> {
        self.store.tree(TREES.get(tree).copied().unwrap_or_default())
    }

    fn scan(&self, tree: usize, direction: Direction) -> Attempt<Vec<Entry>> {
        let snapshot = self.store.snapshot()?;
        let mut entries = entries(snapshot.scan(&self.tree(tree)?, KeyRange::all(), direction)?)?;
        if direction == Direction::Reverse {
            entries.reverse();
        }
        Ok(entries)
    }
}

fn entries(mut cursor: impl Cursor) -> arbour_core::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    while let Some((key, value)) = cursor.next()? {
        entries.push((key.to_vec(), value.to_vec()));
    }
    Ok(entries)
}

impl Store for Open {
    fn commit(&self, changes: &[Change], durability: Durability) -> Attempt<()> {
        // There are two ways to commit; the changes decide which one is used.
        if changes.len().is_multiple_of(4) {
            let mut batch = Batch::new();
            for Change { tree, key, value } in changes {
                match value {
                    Some(value) => batch.put(&self.tree(*tree)?, key.as_slice(), value.as_slice()),
                    None => batch.delete(&self.tree(*tree)?, key.as_slice()),
                }
            }
            return Ok(self.store.apply(batch, durability)?);
        }
        let mut transaction = self.store.begin_with(durability)?;
        for Change { tree, key, value } in changes {
            match value {
                Some(value) => transaction.put(&self.tree(*tree)?, key, value)?,
                None => transaction.delete(&self.tree(*tree)?, key)?,
            }
        }
        Ok(transaction.commit()?)
    }

    fn reads(&self, tree: usize, keys: &[&[u8]]) -> Vec<(&'static str, Attempt<Vec<Entry>>)> {
        let gets = || {
            let (snapshot, tree) = (self.store.snapshot()?, self.tree(tree)?);
            let mut found = Vec::new();
            for key in keys {
                if let Some(value) = snapshot.get_with(&tree, key, <[u8]>::to_vec)? {
                    found.push((key.to_vec(), value));
                }
            }
            Ok(found)
        };
        vec![
            ("scan", self.scan(tree, Direction::Forward)),
            ("reverse scan", self.scan(tree, Direction::Reverse)),
            ("get", gets()),
        ]
    }

    fn sync(&self) -> Attempt<()> {
        Ok(self.store.sync()?)
    }

    fn held(&self, meanwhile: &mut dyn FnMut() -> Attempt<()>) -> Attempt<Option<Contents>> {
        let snapshot = self.store.snapshot()?;
        meanwhile()?;
        let mut contents = Contents::default();
        for (tree, into) in contents.iter_mut().enumerate() {
            let cursor = snapshot.scan(&self.tree(tree)?, KeyRange::all(), Direction::Forward)?;
            *into = entries(cursor)?.into_iter().collect();
        }
        Ok(Some(contents))
    }

    fn backup(&self, to: &Path) -> Attempt<bool> {
        if !self.store.capabilities().hot_backup {
            return Ok(false);
        }
        self.store.backup(to)?;
        Ok(true)
    }

    fn others(&self) -> Vec<(&'static str, Attempt<()>)> {
        let able = |result: arbour_core::Result<()>| match result {
            Err(error) if error.kind() == ErrorKind::Unsupported => Ok(()),
            result => Ok(result?),
        };
        let savepoint = || {
            let (tree, mut transaction) = (self.tree(0)?, self.store.begin()?);
            transaction.put(&tree, b"other", b"")?;
            transaction.savepoint(|inner| inner.delete_range(&tree, KeyRange::all()))?;
            transaction.first(&tree, KeyRange::all())?;
            transaction.rollback()
        };
        vec![
            ("trees", able(self.store.snapshot().and_then(|read| read.trees().map(drop)))),
            ("stats", able(self.store.stats().map(drop))),
            ("savepoint", able(savepoint())),
            ("compact", able(self.store.compact())),
            ("stats after compact", able(self.store.stats().map(drop))),
        ]
    }

    fn close(self: Box<Self>) -> Attempt<()> {
        Ok(self.store.close()?)
    }
}
