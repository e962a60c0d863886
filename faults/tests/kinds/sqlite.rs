//! Kinds of errors of SQLite.

use std::time::Duration;

use arbour_core::ErrorKind::*;
use arbour_core::{Durability, DynStore, KvStore as _, KvWrite as _, StoreOptions};
use arbour_sqlite::{SqliteStore, sql_error};
use rusqlite::Connection;

use crate::bed::{Bed, Engine, Line, Seen, elsewhere, made, seen, try_table};
use crate::{any_engine, device};

pub(crate) const ENGINE: Engine = Engine {
    name: "sqlite",
    open: |path, options| SqliteStore::open(path, options).map(DynStore::new),
    has_files: true,
};

fn table() -> Vec<Line> {
    vec![
        made(Locked, locked, &["another process or handle has the database"], "locked"),
        made(ReadOnly, any_engine::read_only, &["read-only"], None),
        made(Corrupted, damaged, &["the database file is damaged", "Tree"], None),
        made(TooNew, newer, &["the file has format 7", "reads format 1"], None),
        elsewhere(Unsupported, "backends/sqlite/tests/document_views: text_of_another_encoding"),
        made(NotFound, any_engine::not_found, &["there is no file", "do not allow"], "os error 2"),
        made(Moved, any_engine::moved, &["renamed or deleted"], "os error 2"),
        made(DiskFull, device::full, &["database or disk is full"], "is full"),
        made(Io, device::io, &["failed to read or write", "disk I/O error"], "I/O error"),
        made(
            CommitUnknown,
            device::commit_unknown,
            &["see whether it took effect", "disk I/O error"],
            "I/O error",
        ),
        made(
            Engine,
            poisoned,
            &["rolled back, because an earlier write in it failed: run it again", "is full"],
            "is full",
        ),
    ]
}

fn damaged(bed: &Bed) -> Seen {
    any_engine::damaged(bed, "")
}

/// Other processes may write, but a process that wants the file for itself keeps all others out.
fn locked(bed: &Bed) -> Seen {
    let other = Connection::open(bed.closed_store()).expect("the file is there");
    let exclusive = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE";
    other.execute_batch(exclusive).expect("nothing else has it open");
    let options = StoreOptions::new().busy_timeout(Duration::from_millis(20));
    seen(bed.open_with(&options))
}

/// The `user_version` is a big-endian number at offset 60.
fn newer(bed: &Bed) -> Seen {
    any_engine::overwrite(&bed.closed_store(), 60, &7_u32.to_be_bytes());
    seen(bed.open_with(&StoreOptions::new()))
}

/// Commits a transaction that a full database has rolled back.
fn poisoned(bed: &Bed) -> Seen {
    let store = SqliteStore::open(bed.path(), &StoreOptions::new()).expect("the store opens");
    let tree = store.tree("t").expect("the name is good");
    store.put(&tree, b"a", b"1").expect("it is written");
    let limited = store.with_write_connection(Durability::PowerLoss, |connection| {
        let limit = connection.execute_batch("PRAGMA max_page_count = 40");
        limit.map_err(|cause| sql_error(cause, arbour_core::Operation::Apply))
    });
    limited.expect("it is a pragma of SQLite's");
    let mut transaction = store.begin().expect("nothing else writes");
    let full = transaction.put(&tree, b"b", &[2; 1 << 20]).err();
    assert_eq!(full.map(|error| error.kind()), Some(DiskFull));
    seen(transaction.commit())
}

#[test]
fn each_kind_says_what_and_why_and_what_next() {
    try_table(ENGINE, &any_engine::table_with(table()));
}
