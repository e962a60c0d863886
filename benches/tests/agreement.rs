//! All contenders have to do the same work, or the comparison means nothing.

use std::path::Path;

use arbour_benches::contender::Contender;
use arbour_benches::workload::{self, PREFIX_ENTRIES};
use arbour_benches::{Arbour, RawRedb};
use arbour_core::{Durability, MemoryStore, Result};

const ENTRIES: u64 = 1_000;

fn raws(folder: &Path) -> Result<Vec<(&'static str, Box<dyn Contender>)>> {
    let path = |name: &str| folder.join(name);
    Ok(vec![
        ("redb", Box::new(RawRedb::create(&path("redb"))?)),
        #[cfg(feature = "sqlite")]
        ("sqlite", Box::new(arbour_benches::RawSqlite::create(&path("sqlite"))?)),
        #[cfg(feature = "sled")]
        ("sled", Box::new(arbour_benches::RawSled::create(&path("sled"))?)),
        #[cfg(feature = "fjall")]
        ("fjall", Box::new(arbour_benches::RawFjall::create(&path("fjall"))?)),
        #[cfg(feature = "lmdb")]
        ("lmdb", Box::new(arbour_benches::RawLmdb::create(&path("lmdb"))?)),
        #[cfg(feature = "rocksdb")]
        ("rocksdb", Box::new(arbour_benches::RawRocksdb::create(&path("rocksdb"))?)),
    ])
}

/// What every read of a contender sees, one after another.
fn readings(contender: &dyn Contender) -> Result<[u64; 4]> {
    let random = |below| workload::random_entries(below, 50).into_iter();
    // One key more than exist: an absent key counts nothing, and is not a failure.
    let keys: Vec<_> = random(ENTRIES).chain([ENTRIES]).map(workload::key).collect();
    let prefixes: Vec<_> = random(ENTRIES / PREFIX_ENTRIES).map(workload::prefix).collect();
    Ok([
        contender.gets(&keys)?,
        contender.multi_get(&keys)?,
        contender.scan()?,
        contender.prefix_scans(&prefixes)?,
    ])
}

#[test]
fn every_raw_contender_reads_what_arbour_reads() {
    let entries = workload::entries(ENTRIES);
    let (first, rest) = entries.split_at(300);
    let store = |contender: &dyn Contender| -> Result<()> {
        contender.put(first, Durability::PowerLoss)?;
        let levels = Durability::ALL.into_iter().cycle();
        for (chunk, durability) in rest.chunks(100).zip(levels) {
            contender.apply(chunk, durability)?;
        }
        contender.settle()?;
        // Overwriting entries with equal ones changes nothing that is read, even by concurrent
        // readers.
        contender.hold(&mut || contender.put(rest, Durability::None))
    };
    let memory = Arbour::new(MemoryStore::new()).expect("memory opens");
    store(&memory).expect("memory stores");
    let expected = readings(&memory).expect("memory reads");
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (name, raw) in raws(folder.path()).expect("the raw engines open") {
        store(&*raw).unwrap_or_else(|error| panic!("{name} stores: {error:?}"));
        let seen = readings(&*raw).unwrap_or_else(|error| panic!("{name} reads: {error:?}"));
        assert_eq!(seen, expected, "{name}");
    }
}

#[test]
fn every_raw_contender_serves_readers_beside_writers() {
    let entries = workload::entries(ENTRIES);
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (name, raw) in raws(folder.path()).expect("the raw engines open") {
        raw.put(&entries, Durability::None).expect("it stores");
        let expected = raw.scan().expect("it reads");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10 {
                        assert_eq!(
                            raw.scan().expect("it reads beside writers"),
                            expected,
                            "{name}"
                        );
                    }
                });
            }
            for writes in entries.chunks(250) {
                let raw = &raw;
                scope.spawn(move || {
                    for chunk in writes.chunks(50) {
                        raw.apply(chunk, Durability::None).expect("it applies beside another");
                        raw.put(chunk, Durability::None).expect("it puts beside another");
                    }
                });
            }
        });
    }
}
