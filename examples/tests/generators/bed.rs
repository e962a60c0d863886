//! A folder for a store.

use std::time::Duration;

use arbour::{
    Cursor as _, Direction, ErrorKind, KeyRange, KvRead as _, KvStore as _, StoreOptions,
};
use tempfile::TempDir;

use crate::database::{self, Database, Error};

/// The entries of a tree, as they are stored.
pub(crate) type Dump = Vec<(Vec<u8>, Vec<u8>)>;

/// A folder for a store that is removed when the test ends.
pub(crate) struct Bed {
    pub(crate) folder: TempDir,
    url: String,
}

impl Bed {
    pub(crate) fn redb() -> Self {
        Self::of("redb")
    }

    /// A store of an engine.
    pub(crate) fn of(scheme: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format!("generators.{scheme}"));
        let url = match scheme {
            "memory" => "memory:".to_owned(),
            _ => format!("{scheme}:{}", path.display()),
        };
        Self { folder, url }
    }

    /// Another folder for a store of the same engine.
    pub(crate) fn another(&self) -> Self {
        Self::of(self.scheme())
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

/// Opens the database that a URL names.
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

/// Stores an entry without the database.
pub(crate) fn put_raw(database: &Database, tree: &str, key: &[u8], value: &[u8]) {
    let store = database.store();
    store.put(&store.tree(tree).unwrap(), key, value).unwrap();
}

/// Returns the name of a failed query, and the kind of its failure.
#[track_caller]
pub(crate) fn failed<T: std::fmt::Debug>(result: Result<T, Error>) -> (String, ErrorKind) {
    match result {
        Err(Error::Query { query, cause, .. }) => (query, cause.kind()),
        other => panic!("no failed query: {other:?}"),
    }
}
