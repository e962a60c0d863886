//! A place for a store, and a way to run a test on every engine.

use std::time::Duration;

use arbour::{
    Cursor as _, Direction, ErrorKind, KeyRange, KvRead as _, KvStore as _, StoreOptions,
};
use tempfile::TempDir;

use crate::database::{self, Database, Error};

/// The entries of a tree, as they are stored.
pub(crate) type Dump = Vec<(Vec<u8>, Vec<u8>)>;

/// A place for a store that is gone when the test ends.
pub(crate) struct Bed {
    pub(crate) folder: TempDir,
    url: String,
}

impl Bed {
    pub(crate) fn memory() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), url: "memory:".to_owned() }
    }

    pub(crate) fn redb() -> Self {
        Self::of("redb")
    }

    /// A store of an engine that keeps it at a path.
    pub(crate) fn of(scheme: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format!("generators.{scheme}"));
        Self { folder, url: format!("{scheme}:{}", path.display()) }
    }

    /// Another place for a store of the same engine.
    pub(crate) fn another(&self) -> Self {
        if self.scheme() == "memory" { Self::memory() } else { Self::of(self.scheme()) }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn scheme(&self) -> &str {
        self.url.split(':').next().unwrap()
    }

    pub(crate) fn open(&self) -> Database {
        open(&self.url)
    }
}

/// Opens the database a URL names.
pub(crate) fn open(url: &str) -> Database {
    // Threads may have to wait for each other's commits on a slow machine.
    let options = StoreOptions::new().busy_timeout(Duration::from_secs(120));
    database::get(url, &options).unwrap()
}

/// Returns a tree as it is stored.
pub(crate) fn dump(database: &Database, tree: &str) -> Dump {
    let store = database.store();
    let tree = store.tree(tree).unwrap();
    let snapshot = store.snapshot().unwrap();
    let mut cursor = snapshot.scan(&tree, KeyRange::all(), Direction::Forward).unwrap();
    let mut entries = Vec::new();
    while let Some((key, value)) = cursor.next().unwrap() {
        entries.push((key.to_vec(), value.to_vec()));
    }
    entries
}

/// Stores an entry past the database.
pub(crate) fn put_raw(database: &Database, tree: &str, key: &[u8], value: &[u8]) {
    let store = database.store();
    store.put(&store.tree(tree).unwrap(), key, value).unwrap();
}

/// Returns what a query that failed was called, and of what kind the failure is.
#[track_caller]
pub(crate) fn failed<T: std::fmt::Debug>(result: Result<T, Error>) -> (String, ErrorKind) {
    match result {
        Err(Error::Query { query, cause, .. }) => (query, cause.kind()),
        other => panic!("no failed query: {other:?}"),
    }
}

/// Makes a test per engine of each function, which takes a [`Bed`].
macro_rules! on_every_engine {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            #[test]
            fn memory() {
                super::$name(&crate::bed::Bed::memory());
            }

            $crate::bed::at_a_path!($name);
        })+
    };
}
pub(crate) use on_every_engine;

/// The same on the engines that keep what is stored.
macro_rules! on_every_persistent_engine {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            $crate::bed::at_a_path!($name);
        })+
    };
}
pub(crate) use on_every_persistent_engine;

macro_rules! at_a_path {
    ($name:ident) => {
        #[test]
        fn redb() {
            super::$name(&crate::bed::Bed::redb());
        }

        #[cfg(feature = "rocksdb")]
        #[test]
        fn rocksdb() {
            super::$name(&crate::bed::Bed::of("rocksdb"));
        }

        #[cfg(feature = "sled")]
        #[test]
        fn sled() {
            super::$name(&crate::bed::Bed::of("sled"));
        }

        #[cfg(feature = "sqlite")]
        #[test]
        fn sqlite() {
            super::$name(&crate::bed::Bed::of("sqlite"));
        }
    };
}
pub(crate) use at_a_path;
