//! Reads of one thread, without a writer.

use std::hint::black_box;

use arbour_benches::report::works::{GET, MULTI_GET, PREFIX_SCAN, SCAN};
use arbour_benches::workload::{self, PREFIX_ENTRIES};

use crate::bench::{Bench, random_keys};

/// How many keys are read in one run.
const READS: usize = 1_000;

/// How many keys a call of multi-get reads.
const KEYS_A_CALL: usize = 100;

/// How many prefixes are read in one run.
const PREFIXES: usize = 100;

pub(crate) fn measure(bench: &mut Bench<'_>) {
    for entries in bench.scale.sizes.iter().copied() {
        let keys = random_keys(entries, READS);
        bench.measure(&GET, Some(entries), READS as u64, |bencher, source| {
            let contender = source.loaded(entries);
            bencher.iter(|| contender.gets(black_box(&keys)).expect("keys can be read"));
        });
        bench.measure_flat(&SCAN, Some(entries), entries, |bencher, source| {
            let contender = source.loaded(entries);
            bencher.iter(|| contender.scan().expect("entries can be read"));
        });
    }
    let entries = bench.scale.entries;
    let keys = random_keys(entries, READS);
    bench.measure(&MULTI_GET, None, READS as u64, |bencher, source| {
        let contender = source.loaded(entries);
        bencher.iter(|| {
            let calls = black_box(&keys).chunks(KEYS_A_CALL);
            let seen = calls.map(|call| contender.multi_get(call).expect("keys can be read"));
            seen.sum::<u64>()
        });
    });
    let groups = workload::random_entries(entries / PREFIX_ENTRIES, PREFIXES);
    let prefixes: Vec<_> = groups.into_iter().map(workload::prefix).collect();
    bench.measure(&PREFIX_SCAN, None, PREFIXES as u64, |bencher, source| {
        let contender = source.loaded(entries);
        bencher.iter(|| contender.prefix_scans(black_box(&prefixes)).expect("entries can be read"));
    });
}
