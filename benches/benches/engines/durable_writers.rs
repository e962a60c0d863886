//! Threads that write at once; each write is a durable commit of its own or a part of a shared one.

use std::rc::Rc;

use arbour_benches::contender::Contender;
use arbour_benches::report::works::{DURABLE_WRITERS, DURABLE_WRITERS_GROUPED};
use arbour_benches::workload::VALUE_BYTES;
use arbour_core::Durability;

use crate::bench::Bench;
use crate::threads::time_threads;
use crate::writes::Writes;

/// The number of writing threads.
const WRITERS: [u64; 4] = [1, 4, 16, 64];

pub(crate) fn measure(bench: &mut Bench<'_>) {
    let entries = bench.scale.entries;
    let writes = Writes::over(entries, VALUE_BYTES);
    for work in [DURABLE_WRITERS, DURABLE_WRITERS_GROUPED] {
        let is_grouped = work == DURABLE_WRITERS_GROUPED;
        if is_grouped && bench.entrant.is_raw {
            continue;
        }
        for writers in WRITERS {
            bench.measure_flat(&work, Some(writers), 1, |bencher, source| {
                let contender = if is_grouped {
                    source.loaded_grouped(entries)
                } else {
                    source.loaded(entries)
                };
                let contender: &dyn Contender = Rc::as_ref(&contender);
                let write = |_| {
                    let write = contender.apply(&[writes.next()], Durability::PowerLoss);
                    write.expect("a batch is applied");
                };
                bencher.iter_custom(|count| time_threads(writers, count, &write, 0, &|_| ()));
            });
        }
    }
}
