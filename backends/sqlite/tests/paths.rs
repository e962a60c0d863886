//! Paths that SQLite would take for something else. Alone in its file, for it changes the folder the
//! whole process is in.

use arbour_core::{KvStore as _, StoreOptions};
use arbour_sqlite::SqliteStore;

#[test]
fn any_name_is_the_name_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    std::env::set_current_dir(folder.path()).unwrap();
    for name in [":memory:", "file:app?mode=memory", "file:app", "app", "./app 2", "-app"] {
        let store = SqliteStore::open(name, &StoreOptions::new()).unwrap();
        store.put(&store.tree("t").unwrap(), b"a", name.as_bytes()).unwrap();
        store.close().unwrap();
        assert!(folder.path().join(name).is_file(), "{name}");
        let store = SqliteStore::open(name, &StoreOptions::new()).unwrap();
        let found = store.get(&store.tree("t").unwrap(), b"a").unwrap();
        assert_eq!(found.as_deref(), Some(name.as_bytes()), "{name}");
    }
    let error = SqliteStore::open("", &StoreOptions::new()).unwrap_err();
    assert_eq!(error.kind(), arbour_core::ErrorKind::Io, "{error:?}");
}
