//! Kinds of errors of the store in memory.

use arbour_core::ErrorKind::*;
use arbour_core::{DynStore, KvStore as _, MemoryStore};

use crate::any_engine;
use crate::bed::{Bed, Engine, Line, Seen, elsewhere, made, never, seen, try_table};

const ENGINE: Engine = Engine {
    name: "memory",
    open: |_, options| MemoryStore::open(options).map(DynStore::new),
    has_files: false,
};

const NO_FILES: &str = "it keeps no files";

fn table() -> Vec<Line> {
    vec![
        never(Locked, NO_FILES),
        made(ReadOnly, any_engine::read_only, &["read-only"], None),
        never(Corrupted, NO_FILES),
        never(TooNew, NO_FILES),
        made(Unsupported, no_backup, &["a memory store cannot"], None),
        made(NotFound, any_engine::not_found, &["`create(false)` forbids"], None),
        never(Moved, NO_FILES),
        never(DiskFull, NO_FILES),
        never(Io, NO_FILES),
        elsewhere(CommitUnknown, "core/tests/group_commit.rs: a group that is held up"),
        never(Engine, "there is no engine below it"),
    ]
}

fn no_backup(bed: &Bed) -> Seen {
    seen(bed.open().backup(&bed.folder().join("backup")))
}

#[test]
fn each_kind_says_what_and_why_and_what_next() {
    try_table(ENGINE, &any_engine::table_with(table()));
}
