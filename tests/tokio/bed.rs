//! A store of each engine, and what the tests write to it.

use arbour::tokio::{Options, Store};
use arbour::{DynTransaction, KvRead as _, KvStore as _, KvWrite as _, Result, StoreOptions, Tree};
use tempfile::TempDir;

/// A store of one engine in a folder of its own, with two trees.
pub(crate) struct Bed {
    pub(crate) store: Store,
    pub(crate) engine: &'static str,
    pub(crate) left: Tree,
    pub(crate) right: Tree,
    _folder: TempDir,
}

const ENGINES: &[&str] = &[
    "memory",
    #[cfg(feature = "redb")]
    "redb",
    #[cfg(feature = "sqlite")]
    "sqlite",
    #[cfg(feature = "sled")]
    "sled",
    #[cfg(feature = "rocksdb")]
    "rocksdb",
];

/// Opens a store of each engine.
pub(crate) fn beds() -> impl Iterator<Item = Bed> {
    beds_with(&Options::new(), &StoreOptions::new())
}

pub(crate) fn beds_with(
    options: &Options,
    store_options: &StoreOptions,
) -> impl Iterator<Item = Bed> + use<> {
    let (options, store_options) = (options.clone(), store_options.clone());
    ENGINES.iter().map(move |engine| Bed::open(engine, &options, &store_options))
}

impl Bed {
    fn open(engine: &'static str, options: &Options, store_options: &StoreOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = match engine {
            "memory" => "memory:".to_owned(),
            engine => format!("{engine}:{}", folder.path().join("store").display()),
        };
        let store = arbour::open_with(&url, store_options).unwrap();
        let (left, right) = (store.tree("left").unwrap(), store.tree("right").unwrap());
        let store = Store::with_options(store, options);
        Self { store, engine, left, right, _folder: folder }
    }

    /// Returns a closure that writes a key to both trees.
    pub(crate) fn put(
        &self,
        key: &str,
    ) -> impl Fn(&mut DynTransaction<'_>) -> Result<()> + Send + use<> {
        let (left, right, key) = (self.left.clone(), self.right.clone(), key.to_owned());
        move |tx| {
            tx.put(&left, key.as_bytes(), b"")?;
            tx.put(&right, key.as_bytes(), b"")
        }
    }

    /// Tells whether a key was committed. It must be in both trees or in none.
    pub(crate) fn has(&self, key: &str) -> bool {
        let snapshot = self.store.blocking().snapshot().unwrap();
        let left = snapshot.contains(&self.left, key.as_bytes()).unwrap();
        let right = snapshot.contains(&self.right, key.as_bytes()).unwrap();
        assert_eq!(left, right, "{}: half of {key} was committed", self.engine);
        left
    }
}
