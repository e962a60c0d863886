//! A failing device: what was acknowledged stays, and nothing more is.
//!
//! The system limits the length of the files that a process may write. SQLite reports that as a
//! failed write, in the same way as a failed fsync.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "what helps a test may panic as the test may")]

use std::path::Path;
use std::process::Command;

use arbour_core::{
    Batch, Durability, Error, ErrorKind, KvRead as _, KvStore as _, KvWrite as _, Operation,
    Result, StoreOptions,
};
use arbour_sqlite::{SqliteOptions, SqliteStore};

const CHILD: &str = "ARBOUR_CHILD_PATH";

/// Runs a test of this executable again, in a process whose files may have this many kibibytes.
fn run_with_room(test: &str, path: &Path, kibibytes: u64) {
    let limit = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", kibibytes * 2);
    let mut child = Command::new("sh");
    child.args(["-c", &limit]).arg(std::env::current_exe().unwrap());
    child.args([test, "--exact", "--nocapture"]).env(CHILD, path);
    let output = child.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn open(path: &Path, checkpoint_pages: u32) -> SqliteStore {
    let sqlite = SqliteOptions::new().checkpoint_pages(checkpoint_pages);
    SqliteStore::open_with(path, &StoreOptions::new(), &sqlite).unwrap()
}

fn put(store: &SqliteStore, number: u8, bytes: usize) -> Result<()> {
    store.put(&store.tree("t")?, &[number], &vec![number; bytes])
}

/// Asserts that every way to commit is refused, even though there would be space, and that reading
/// is not.
fn refuses_until_it_is_opened_again(store: &SqliteStore, entries: u64) {
    let tree = store.tree("t").unwrap();
    let mut batch = Batch::new();
    batch.put(&tree, b"small", b"");
    let nothing = |_: &arbour_sqlite::rusqlite::Connection| Ok::<_, Error>(());
    let refused = [
        (Operation::Begin, store.begin().map(drop)),
        (Operation::Begin, store.begin_with(Durability::None).map(drop)),
        (Operation::Apply, store.apply(batch, Durability::ProcessCrash)),
        (Operation::Apply, store.put(&tree, b"small", b"")),
        (Operation::Sync, store.sync()),
        (Operation::Compact, store.compact()),
        (Operation::Begin, store.with_write_connection(Durability::PowerLoss, nothing)),
    ];
    for (operation, result) in refused {
        let error = result.expect_err("it is refused");
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Io, operation), "{error:?}");
        assert!(error.message().contains("until it is opened again"), "{error}");
        assert!(error.in_one_line().contains("disk I/O error"), "{}", error.in_one_line());
        assert!(error.path().is_some());
    }
    assert_eq!(store.snapshot().unwrap().len(&tree).unwrap(), entries);
}

/// Opens the store again, as the error advises, and asserts that it has this many entries and
/// accepts more.
fn goes_on(path: &Path, entries: u64) {
    let store = open(path, 0);
    let tree = store.tree("t").unwrap();
    assert_eq!(store.snapshot().unwrap().len(&tree).unwrap(), entries);
    put(&store, 200, 10).unwrap();
    assert_eq!(store.snapshot().unwrap().len(&tree).unwrap(), entries + 1);
}

#[test]
fn after_a_failed_commit_nothing_is_committed() {
    let Some(path) = std::env::var_os(CHILD) else {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        run_with_room("after_a_failed_commit_nothing_is_committed", &path, 1024);
        assert_eq!(open(&path, 0).stats().unwrap().entries, 4);
        return;
    };
    let path = Path::new(&path);
    let store = open(path, 0);
    for number in 0..3 {
        put(&store, number, 100 << 10).unwrap();
    }
    let mut transaction = store.begin().unwrap();
    let tree = store.tree("t").unwrap();
    transaction.put(&tree, b"large", &vec![1; 900 << 10]).unwrap();
    let error = transaction.commit().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CommitUnknown, "{error:?}");
    refuses_until_it_is_opened_again(&store, 3);
    store.close().unwrap();
    goes_on(path, 3);
}

#[test]
fn after_a_failed_checkpoint_nothing_is_committed() {
    let Some(path) = std::env::var_os(CHILD) else {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        run_with_room("after_a_failed_checkpoint_nothing_is_committed", &path, 1024);
        assert_eq!(open(&path, 0).stats().unwrap().entries, 13);
        return;
    };
    let path = Path::new(&path);
    // The file gets 600 KiB, which leaves it less space than the log has.
    let store = open(path, 0);
    for number in 0..6 {
        put(&store, number, 100 << 10).unwrap();
    }
    store.close().unwrap();
    let store = open(path, 150);
    for number in 6..12 {
        // The log is long enough to be moved by the last of these.
        let written = put(&store, number, 100 << 10);
        written.unwrap();
    }
    refuses_until_it_is_opened_again(&store, 12);
    store.close().unwrap();
    goes_on(path, 12);
}
