//! Kinds of errors of LMDB.

use arbour_core::ErrorKind::*;
use arbour_core::{DynStore, StoreOptions};
use arbour_lmdb::LmdbStore;

use crate::bed::{Bed, Engine, Line, Seen, elsewhere, made, never, seen, try_table};
use crate::{any_engine, device};

pub(crate) const ENGINE: Engine = Engine {
    name: "lmdb",
    open: |path, options| LmdbStore::open(path, options).map(DynStore::new),
    has_files: true,
};

fn table() -> Vec<Line> {
    vec![
        made(Locked, locked, &["this process has opened the store read-only", "close it"], None),
        made(ReadOnly, any_engine::read_only, &["read-only"], None),
        made(
            ReadOnly,
            device::read_only_medium,
            &["Read-only file system (os error 30)", "a copy of it"],
            "os error 30",
        ),
        made(Corrupted, damaged, &["of the data file is damaged"], None),
        made(TooNew, newer, &["version 2 of LMDB's format, not 1"], None),
        elsewhere(Unsupported, "backends/lmdb/src/folder.rs: network_file_systems_are_known"),
        made(NotFound, any_engine::not_found, &["there is no store", "do not allow"], "os error 2"),
        made(Moved, any_engine::moved, &["renamed or deleted"], "os error 2"),
        made(DiskFull, device::full, &["No space left on device (os error 28)"], "os error 28"),
        made(Io, device::io, &["(os error 5)"], "os error 5"),
        made(
            CommitUnknown,
            device::commit_unknown,
            &["see whether it took effect", "(os error 5)"],
            "os error 5",
        ),
        never(
            Engine,
            "no number of a tree is that high unless unsafe code writes it; error.rs maps",
        ),
    ]
}

/// A store that this process reads only is opened for writing.
fn locked(bed: &Bed) -> Seen {
    bed.closed_store();
    let reader = bed.open_with(&StoreOptions::new().read_only(true)).expect("it is a store");
    let seen = seen(bed.open_with(&StoreOptions::new()));
    drop(reader);
    seen
}

fn damaged(bed: &Bed) -> Seen {
    any_engine::damaged(bed, "data.mdb")
}

/// The version is at offset 20 of both pages at the head of the file, each as long as the system's pages.
fn newer(bed: &Bed) -> Seen {
    let data = bed.closed_store().join("data.mdb");
    any_engine::overwrite(&data, 20, &2_u32.to_ne_bytes());
    seen(bed.open_with(&StoreOptions::new()))
}

#[test]
fn each_kind_says_what_and_why_and_what_next() {
    try_table(ENGINE, &any_engine::table_with(table()));
}
