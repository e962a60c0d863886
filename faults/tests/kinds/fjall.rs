//! Kinds of errors of fjall.

use std::fs;

use arbour_core::ErrorKind::*;
use arbour_core::engine::keyspace::{CATALOG, stored_key};
use arbour_core::{DynStore, KvStore as _, StoreOptions};
use arbour_fjall::FjallStore;
use fjall::{Database, KeyspaceCreateOptions, PersistMode};

use crate::bed::{Bed, Engine, Line, Seen, made, seen, try_table};
use crate::{any_engine, device};

pub(crate) const ENGINE: Engine = Engine {
    name: "fjall",
    open: |path, options| FjallStore::open(path, options).map(DynStore::new),
    has_files: true,
};

fn table() -> Vec<Line> {
    vec![
        made(Locked, any_engine::locked, &["another process or handle"], None),
        made(
            ReadOnly,
            device::read_only_medium,
            &["Read-only file system (os error 30)", "a copy of it"],
            "os error 30",
        ),
        made(Corrupted, damaged, &["the files are damaged", "ChecksumMismatch"], "Checksum"),
        made(TooNew, newer, &["the store has format 2"], None),
        made(Unsupported, read_only, &["fjall cannot open a database read-only"], None),
        made(NotFound, any_engine::not_found, &["there is no store", "do not allow"], "os error 2"),
        made(Moved, any_engine::moved, &["renamed or deleted"], "os error 2"),
        made(DiskFull, device::full, &["No space left on device (os error 28)"], "os error 28"),
        made(Io, device::io, &["cannot be reached", "(os error 5)"], "os error 5"),
        made(
            CommitUnknown,
            device::commit_unknown,
            &["see whether it took effect", "Input/output error"],
            "Input/output",
        ),
        made(Engine, out_of_numbers, &["all 4294967295 numbers", "copy the store"], None),
    ]
}

fn damaged(bed: &Bed) -> Seen {
    any_engine::damaged(bed, "")
}

fn newer(bed: &Bed) -> Seen {
    let mark = bed.closed_store().join("arbour");
    fs::write(mark, "arbour-fjall 2\n").expect("it is the test's own");
    seen(bed.open_with(&StoreOptions::new()))
}

fn read_only(bed: &Bed) -> Seen {
    bed.closed_store();
    seen(bed.open_with(&StoreOptions::new().read_only(true)))
}

/// Gives the highest possible number to a tree, without Arbour.
fn out_of_numbers(bed: &Bed) -> Seen {
    let change = || {
        let database = Database::builder(bed.closed_store()).open()?;
        let entries = database.keyspace("entries", KeyspaceCreateOptions::default)?;
        let last = stored_key(CATALOG, b"last");
        entries.insert(last.as_ref(), (u32::MAX - 1).to_be_bytes())?;
        database.persist(PersistMode::SyncAll)
    };
    change().expect("the store is a database of fjall's");
    seen(bed.open().tree("one more"))
}

#[test]
fn each_kind_says_what_and_why_and_what_next() {
    try_table(ENGINE, &any_engine::table_with(table()));
}
