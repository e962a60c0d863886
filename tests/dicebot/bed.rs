//! A place for a store, and a way to run a test on every engine.

use std::time::Duration;

use arbour::{DynStore, KeyRange, KvRead as _, KvStore as _, StoreOptions};
use tempfile::TempDir;

use crate::database::{Database, LIMIT_DEFAULT, Scope};

/// The scope that most tests use.
pub(crate) const ADA: Scope<'static> = Scope { user: "@a:x", room: "!r:x" };

/// The trees, by the names they have on disk.
pub(crate) const VALUES: &str = "room_user_variables";
pub(crate) const COUNTS: &str = "room_user_variable_count";

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
        let path = folder.path().join(format!("bot.{scheme}"));
        Self { folder, url: format!("{scheme}:{}", path.display()) }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn open(&self) -> Database<DynStore> {
        // Many threads may have to wait for each other's commits on a slow machine.
        let options = StoreOptions::new().busy_timeout(Duration::from_secs(120));
        let store = arbour::open_with(&self.url, &options).unwrap();
        Database::open(store, LIMIT_DEFAULT).unwrap()
    }

    /// Opens the store as it is.
    pub(crate) fn open_store(&self) -> DynStore {
        arbour::open(&self.url).unwrap()
    }

    /// Opens another store of the same engine, which is empty and lies beside.
    pub(crate) fn open_empty(&self) -> DynStore {
        let Some((scheme, _)) = self.url.split_once(':').filter(|(_, path)| !path.is_empty())
        else {
            return self.open_store();
        };
        let number = self.folder.path().read_dir().unwrap().count();
        let path = self.folder.path().join(format!("empty{number}"));
        arbour::open(&format!("{scheme}:{}", path.display())).unwrap()
    }
}

/// Returns a tree as it is stored.
pub(crate) fn dump(database: &Database<DynStore>, tree: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    use arbour::Cursor as _;
    let store = database.store();
    let tree = store.tree(tree).unwrap();
    let snapshot = store.snapshot().unwrap();
    let mut cursor = snapshot.scan(&tree, KeyRange::all(), arbour::Direction::Forward).unwrap();
    let mut entries = Vec::new();
    while let Some((key, value)) = cursor.next().unwrap() {
        entries.push((key.to_vec(), value.to_vec()));
    }
    entries
}

/// Stores an entry past the database.
pub(crate) fn put_raw(database: &Database<DynStore>, tree: &str, key: &[u8], value: &[u8]) {
    let store = database.store();
    store.put(&store.tree(tree).unwrap(), key, value).unwrap();
}

/// Deletes an entry past the database.
pub(crate) fn delete_raw(database: &Database<DynStore>, tree: &str, key: &[u8]) {
    let store = database.store();
    store.delete(&store.tree(tree).unwrap(), key).unwrap();
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
