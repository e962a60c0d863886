//! A folder for a store.

use std::time::Duration;

use arbour::{DynStore, KeyRange, KvRead as _, KvStore as _, StoreOptions};
use tempfile::TempDir;

use crate::database::{Database, LIMIT_DEFAULT, Scope};

/// The scope that most tests use.
pub(crate) const ADA: Scope<'static> = Scope { user: "@a:x", room: "!r:x" };

/// The trees, by the names they have on disk.
pub(crate) const VALUES: &str = "room_user_variables";
pub(crate) const COUNTS: &str = "room_user_variable_count";

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
        let path = folder.path().join(format!("bot.{scheme}"));
        let url = match scheme {
            "memory" => "memory:".to_owned(),
            _ => format!("{scheme}:{}", path.display()),
        };
        Self { folder, url }
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

    /// Opens the store without migrating it.
    pub(crate) fn open_store(&self) -> DynStore {
        arbour::open(&self.url).unwrap()
    }

    /// Opens another, empty store of the same engine.
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

/// Stores an entry without the database.
pub(crate) fn put_raw(database: &Database<DynStore>, tree: &str, key: &[u8], value: &[u8]) {
    let store = database.store();
    store.put(&store.tree(tree).unwrap(), key, value).unwrap();
}

/// Deletes an entry without the database.
pub(crate) fn delete_raw(database: &Database<DynStore>, tree: &str, key: &[u8]) {
    let store = database.store();
    store.delete(&store.tree(tree).unwrap(), key).unwrap();
}
