//! Transactions of one thread.

use arbour_benches::report::Work;
use arbour_benches::report::works::{
    BULK_LOAD, COMMIT_NONE, COMMIT_POWER_LOSS, COMMIT_PROCESS_CRASH,
};
use arbour_benches::workload::{self, VALUE_BYTES};
use arbour_core::Durability;
use criterion::BatchSize;

use crate::bench::Bench;
use crate::writes::Writes;

/// How many puts a small transaction holds.
const PUTS: usize = 10;

/// Measures small transactions over existing keys, at each durability.
pub(crate) fn measure(bench: &mut Bench<'_>) {
    let entries = bench.scale.entries;
    for work in [COMMIT_NONE, COMMIT_PROCESS_CRASH, COMMIT_POWER_LOSS] {
        let durability = durability(&work);
        let writes = Writes::over(entries, VALUE_BYTES);
        bench.measure(&work, None, 1, |bencher, source| {
            let contender = source.loaded(entries);
            bencher.iter_batched(
                || writes.take(PUTS),
                |puts| contender.put(&puts, durability).expect("a commit succeeds"),
                BatchSize::SmallInput,
            );
            contender.settle().expect("a store settles");
        });
    }
}

/// Measures the load of a new store in one transaction.
pub(crate) fn measure_bulk_load(bench: &mut Bench<'_>) {
    let count = bench.scale.entries;
    let mut entries = Vec::new();
    bench.measure_flat(&BULK_LOAD, None, count, |bencher, source| {
        if entries.is_empty() {
            entries = workload::entries(count);
        }
        bencher.iter_batched(
            || source.empty(),
            |contender| {
                contender.put(&entries, durability(&BULK_LOAD)).expect("a commit succeeds");
                contender
            },
            BatchSize::PerIteration,
        );
    });
}

fn durability(work: &Work) -> Durability {
    work.durability.expect("work that commits says how")
}
