//! Reads and writes of values from a few bytes to many pages.

use std::hint::black_box;

use arbour_benches::report::works::{VALUE_GET, VALUE_PUT};
use arbour_core::Durability;
use criterion::BatchSize;

use crate::bench::{Bench, random_keys};
use crate::writes::Writes;

/// The lengths of values, in bytes.
const LENGTHS: [usize; 5] = [16, 128, 1_024, 8_192, 65_536];

/// The maximum number of entries of a store.
const ENTRIES_MAX: usize = 10_000;

/// How many keys are read in one run.
const READS: usize = 200;

/// The number of puts in a batch.
const PUTS: usize = 10;

pub(crate) fn measure(bench: &mut Bench<'_>) {
    for length in LENGTHS {
        let entries = (bench.scale.value_bytes_total / length).min(ENTRIES_MAX) as u64;
        let keys = random_keys(entries, READS);
        bench.measure(&VALUE_GET, Some(length as u64), READS as u64, |bencher, source| {
            let contender = source.loaded_with(entries, length);
            bencher.iter(|| contender.gets(black_box(&keys)).expect("keys can be read"));
        });
        let writes = Writes::over(entries, length);
        bench.measure(&VALUE_PUT, Some(length as u64), PUTS as u64, |bencher, source| {
            let contender = source.loaded_with(entries, length);
            bencher.iter_batched(
                || writes.take(PUTS),
                |puts| contender.apply(&puts, Durability::PowerLoss).expect("a batch is applied"),
                BatchSize::SmallInput,
            );
            contender.settle().expect("a store settles");
        });
    }
}
