//! Kinds of errors of sled.

use std::fs;

use arbour_core::ErrorKind::*;
use arbour_core::{DynStore, StoreOptions};
use arbour_sled::SledStore;

use crate::bed::{Bed, Engine, Line, Seen, made, never, seen, try_table};
use crate::{any_engine, device};

pub(crate) const ENGINE: Engine = Engine {
    name: "sled",
    open: |path, options| SledStore::open(path, options).map(DynStore::new),
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
        made(Corrupted, damaged, &["changed since the store was closed"], None),
        made(TooNew, newer, &["the store has format 2", "reads format 1"], None),
        made(Unsupported, read_only, &["sled cannot open a database read-only"], None),
        made(NotFound, any_engine::not_found, &["there is no store", "do not allow"], "os error 2"),
        made(Moved, any_engine::moved, &["renamed or deleted"], "os error 2"),
        made(DiskFull, device::full, &["No space left on device (os error 28)"], "os error 28"),
        made(Io, device::io, &["cannot open the files", "(os error 5)"], "os error 5"),
        made(
            CommitUnknown,
            device::commit_unknown,
            &["see whether", "Input/output error"],
            "Input/output",
        ),
        never(Engine, "only a bug of sled's is of this kind; error.rs maps it"),
    ]
}

fn damaged(bed: &Bed) -> Seen {
    any_engine::damaged(bed, "db")
}

fn newer(bed: &Bed) -> Seen {
    let seal = bed.closed_store().join("seal");
    let line = fs::read_to_string(&seal).expect("a closed store has a seal");
    let newer = line.replacen("arbour-sled 1 ", "arbour-sled 2 ", 1);
    fs::write(&seal, newer).expect("it is the test's own");
    seen(bed.open_with(&StoreOptions::new()))
}

fn read_only(bed: &Bed) -> Seen {
    bed.closed_store();
    seen(bed.open_with(&StoreOptions::new().read_only(true)))
}

#[test]
fn each_kind_says_what_and_why_and_what_next() {
    try_table(ENGINE, &any_engine::table_with(table()));
}
