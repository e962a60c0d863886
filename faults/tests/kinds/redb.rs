//! Kinds of errors of redb.

use arbour_core::ErrorKind::*;
use arbour_core::{DynStore, StoreOptions};
use arbour_redb::RedbStore;

use crate::bed::{Bed, Engine, Line, Seen, made, never, seen, try_table};
use crate::{any_engine, device};

pub(crate) const ENGINE: Engine = Engine {
    name: "redb",
    open: |path, options| RedbStore::open(path, options).map(DynStore::new),
    has_files: true,
};

fn table() -> Vec<Line> {
    vec![
        made(Locked, any_engine::locked, &["another process or handle"], "already open"),
        made(ReadOnly, any_engine::read_only, &["opened read-only"], None),
        made(
            ReadOnly,
            device::read_only_medium,
            &["Read-only file system (os error 30)", "a copy of it"],
            "os error 30",
        ),
        made(Corrupted, damaged, &["the store is damaged"], "redb panicked"),
        made(TooNew, newer, &["a newer version of redb", "found 4"], "found 4"),
        made(Unsupported, older, &["an older format of redb", "redb 2.6"], "2"),
        made(NotFound, any_engine::not_found, &["there is no store", "do not allow"], "os error 2"),
        made(Moved, any_engine::moved, &["renamed or deleted"], "os error 2"),
        made(DiskFull, device::full, &["No space left on device (os error 28)"], "os error 28"),
        made(Io, device::io, &["failed to read or write", "(os error 5)"], "os error 5"),
        made(
            CommitUnknown,
            device::commit_unknown,
            &["see whether it took effect", "(os error 5)"],
            "os error 5",
        ),
        never(Engine, "all that redb reports has a kind of its own; error.rs maps what may come"),
    ]
}

fn damaged(bed: &Bed) -> Seen {
    any_engine::damaged(bed, "")
}

/// Writes another version into both commit slots of a closed store.
fn of_version(bed: &Bed, version: u8) -> Seen {
    let path = bed.closed_store();
    for slot in [64, 192] {
        any_engine::overwrite(&path, slot, &[version]);
    }
    seen(bed.open_with(&StoreOptions::new()))
}

fn newer(bed: &Bed) -> Seen {
    of_version(bed, 4)
}

fn older(bed: &Bed) -> Seen {
    of_version(bed, 2)
}

#[test]
fn each_kind_says_what_and_why_and_what_next() {
    try_table(ENGINE, &any_engine::table_with(table()));
}
