//! Kinds of errors of RocksDB.

use arbour_core::ErrorKind::*;
use arbour_core::{DynStore, KvStore as _, StoreOptions};
use arbour_rocksdb::RocksdbStore;
use rocksdb::{DB, Options};

use crate::bed::{Bed, Engine, Line, Seen, made, never, seen, try_table};
use crate::{any_engine, device};

pub(crate) const ENGINE: Engine = Engine {
    name: "rocksdb",
    open: |path, options| RocksdbStore::open(path, options).map(DynStore::new),
    has_files: true,
};

fn table() -> Vec<Line> {
    vec![
        made(Locked, any_engine::locked, &["another process or handle"], None),
        made(ReadOnly, any_engine::read_only, &["read-only"], None),
        made(
            ReadOnly,
            device::read_only_medium,
            &["Read-only file system", "a copy of it"],
            "Read-only file system",
        ),
        made(Corrupted, damaged, &["damaged", ".sst", "checksum mismatch"], "Corruption"),
        made(TooNew, newer, &["the store has format 2", "reads format 1"], None),
        never(Unsupported, "it has every ability of the contract"),
        made(NotFound, any_engine::not_found, &["there is no store", "do not allow"], "os error 2"),
        made(Moved, any_engine::moved, &["renamed or deleted"], "os error 2"),
        made(DiskFull, device::full, &["No space left on device"], "No space left on device"),
        made(Io, device::io, &["failed to read or write", "Input/output error"], "Input/output"),
        made(
            CommitUnknown,
            device::commit_unknown,
            &["see whether it took effect", "Input/output error"],
            "Input/output error",
        ),
        made(Engine, out_of_numbers, &["all 4294967295 numbers", "copy the store"], None),
    ]
}

fn damaged(bed: &Bed) -> Seen {
    any_engine::damaged(bed, ".sst")
}

/// Opens a closed store without Arbour.
fn raw(bed: &Bed, change: impl FnOnce(&mut DB) -> Result<(), rocksdb::Error>) {
    let (options, path) = (Options::default(), bed.closed_store());
    let families = DB::list_cf(&options, &path).expect("the store is there");
    let mut database = DB::open_cf(&options, &path, families).expect("it is RocksDB's");
    change(&mut database).expect("it can be written");
}

/// The mark of a store is the name of a column family.
fn newer(bed: &Bed) -> Seen {
    raw(bed, |database| database.create_cf("arbour-2", &Options::default()));
    seen(bed.open_with(&StoreOptions::new()))
}

/// Gives the highest possible tree number to a tree. The list of trees is the tree of number 0.
fn out_of_numbers(bed: &Bed) -> Seen {
    raw(bed, |database| {
        database.put([&[0; 4][..], b"last"].concat(), (u32::MAX - 1).to_be_bytes())
    });
    seen(bed.open().tree("one more"))
}

#[test]
fn each_kind_says_what_and_why_and_what_next() {
    try_table(ENGINE, &any_engine::table_with(table()));
}
