//! Readers and one durable writer at once: the rate of each beside the other.

use std::rc::Rc;

use arbour_benches::contender::Contender;
use arbour_benches::report::works::{READERS_BESIDE_WRITER, WRITER_BESIDE_READERS};
use arbour_benches::workload::{Key, VALUE_BYTES};
use arbour_core::Durability;

use crate::bench::{Bench, random_keys};
use crate::threads::time_threads;
use crate::writes::Writes;

/// The number of reading threads.
const READERS: [u64; 3] = [1, 4, 16];

/// How many keys a reader gets from one snapshot.
const KEYS_A_SNAPSHOT: usize = 100;

pub(crate) fn measure(bench: &mut Bench<'_>) {
    let entries = bench.scale.entries;
    let keys = random_keys(entries, 100 * KEYS_A_SNAPSHOT);
    let writes = Writes::over(entries, VALUE_BYTES);
    for readers in READERS {
        let gets = KEYS_A_SNAPSHOT as u64;
        bench.measure_flat(&READERS_BESIDE_WRITER, Some(readers), gets, |bencher, source| {
            let contender = source.loaded(entries);
            let contender: &dyn Contender = Rc::as_ref(&contender);
            let write = |_| put(contender, &writes);
            let read = |operation| get(contender, &keys, operation);
            bencher.iter_custom(|count| time_threads(readers, count, &read, 1, &write));
        });
        bench.measure_flat(&WRITER_BESIDE_READERS, Some(readers), 1, |bencher, source| {
            let contender = source.loaded(entries);
            let contender: &dyn Contender = Rc::as_ref(&contender);
            let write = |_| put(contender, &writes);
            let read = |operation| get(contender, &keys, operation);
            bencher.iter_custom(|count| time_threads(1, count, &write, readers, &read));
        });
    }
}

fn put(contender: &dyn Contender, writes: &Writes) {
    contender.put(&[writes.next()], Durability::PowerLoss).expect("a commit succeeds");
}

fn get(contender: &dyn Contender, keys: &[Key], operation: u64) {
    let chunk = operation as usize % (keys.len() / KEYS_A_SNAPSHOT);
    let chunk = keys.chunks(KEYS_A_SNAPSHOT).nth(chunk).expect("the chunks go round");
    contender.gets(chunk).expect("keys can be read");
}
