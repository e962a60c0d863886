//! The engines and their raw APIs, compared with criterion.

use std::hint::black_box;
use std::path::Path;

use arbour_benches::contender::Contender;
use arbour_benches::workload::{self, Entry, PREFIX_ENTRIES};
use arbour_benches::{Arbour, RawRedb, machine};
use arbour_core::{Durability, MemoryStore, Result, StoreOptions};
use arbour_redb::RedbStore;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use tempfile::TempDir;

const ENTRIES: u64 = 100_000;
const READS: usize = 1_000;

/// A contender's name and how to make one at a path.
type Maker = (&'static str, fn(&Path) -> Result<Box<dyn Contender>>);

const CONTENDERS: [Maker; 3] = [
    ("memory", |_| Ok(Box::new(Arbour::new(MemoryStore::new())?))),
    ("redb", |path| Ok(Box::new(Arbour::new(RedbStore::open(path, &StoreOptions::new())?)?))),
    ("redb-raw", |path| Ok(Box::new(RawRedb::create(path)?))),
];

fn folder() -> TempDir {
    TempDir::with_prefix("arbour-bench-").expect("a temporary folder can be made")
}

/// A contender that holds the entries.
fn loaded(make: fn(&Path) -> Result<Box<dyn Contender>>, folder: &TempDir) -> Box<dyn Contender> {
    let contender = make(&folder.path().join("store")).expect("a new store opens");
    contender
        .put(&workload::entries(ENTRIES), Durability::PowerLoss)
        .expect("the entries can be stored");
    contender
}

fn reads(criterion: &mut Criterion) {
    println!("{}; 16-byte keys, 100-byte values, {ENTRIES} entries", machine::describe());
    let random = |below, count| workload::random_entries(below, count).into_iter();
    let keys: Vec<_> = random(ENTRIES, READS).map(workload::key).collect();
    let prefixes: Vec<_> =
        random(ENTRIES / PREFIX_ENTRIES, READS / 10).map(workload::prefix).collect();
    for (name, make) in CONTENDERS {
        let folder = folder();
        let contender = loaded(make, &folder);
        let mut group = criterion.benchmark_group("get");
        group.throughput(Throughput::Elements(keys.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| contender.gets(black_box(&keys))));
        group.finish();
        let mut group = criterion.benchmark_group("scan");
        group.throughput(Throughput::Elements(ENTRIES));
        group.bench_function(name, |bencher| bencher.iter(|| contender.scan()));
        group.finish();
        let mut group = criterion.benchmark_group("prefix scan of 100");
        group.throughput(Throughput::Elements(prefixes.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| contender.prefix_scans(black_box(&prefixes)));
        });
        group.finish();
    }
}

fn bulk_load(criterion: &mut Criterion) {
    let entries = workload::entries(ENTRIES);
    let mut group = criterion.benchmark_group("bulk load in one transaction, power loss");
    group.throughput(Throughput::Elements(ENTRIES)).sample_size(10);
    for (name, make) in CONTENDERS {
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || {
                    let folder = folder();
                    let contender = make(&folder.path().join("store")).expect("a store opens");
                    (folder, contender)
                },
                |(folder, contender)| {
                    contender.put(&entries, Durability::PowerLoss).expect("it stores");
                    (folder, contender)
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn small_transactions(criterion: &mut Criterion) {
    let entries = workload::entries(ENTRIES);
    for durability in Durability::ALL {
        let mut group = criterion.benchmark_group(format!("commit of 10 puts, {durability}"));
        for (name, make) in CONTENDERS {
            let folder = folder();
            let contender = loaded(make, &folder);
            let mut chunks = entries.chunks_exact(10).cycle();
            group.bench_function(name, |bencher| {
                bencher.iter(|| {
                    let chunk: &[Entry] = chunks.next().expect("the chunks go round");
                    contender.put(chunk, durability)
                });
            });
        }
        group.finish();
    }
}

criterion_group!(engines, reads, bulk_load, small_transactions);
criterion_main!(engines);
