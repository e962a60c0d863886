//! What reading a log costs relative to scanning its entries.

use std::ops::ControlFlow;

use arbour::events::{EventQuery, Log};
use arbour_core::{KvStore, Result, StoreOptions};

use super::deposit::{STREAM_EVENTS, appends, stream, stream_of};
use super::log::LOG;
use super::record::{EVENTS, is_head, records};
use crate::comparison::{Bound, Rows, time};
use crate::contender::Contender as _;
use crate::scratch::Scratch;
use crate::subject::Native;
use crate::tables::{Record, Tables};
use crate::workload::random_entries;

/// Reading has to reach this part of the engine's own rate.
const SHARE: f64 = 0.5;

/// Reads the whole log, and then streams of it, whose events are scattered over the log.
pub(super) fn measure<N: Native>(rows: &mut Rows<'_>, scratch: &Scratch) -> Result<()> {
    let count = rows.scale.entries;
    let path = scratch.store("arbour")?;
    let store = N::open(&path, &StoreOptions::new())?;
    let batches = records(&store, &appends(count)?)?;
    let raw = N::create_raw(&scratch.store("raw")?)?;
    batches.iter().try_for_each(|records| raw.put_records(records))?;
    let keys = stream_keys(&batches.concat(), count);
    drop(batches);
    raw.settle()?;
    N::settle(&store, &path)?;
    let log = Log::open(&store, LOG)?;
    let all = EventQuery::all();
    rows.of(N::NAME, Bound::Ratio(1.0 / SHARE)).row(
        "next of the log",
        count as usize,
        // The other side has just replaced the contents of the caches.
        || scan(&raw).and_then(|_| time(|| scan(&raw))),
        || read(&store, &log, [&all]).and_then(|_| time(|| read(&store, &log, [&all]))),
    )?;
    let reads = rows.scale.reads / STREAM_EVENTS as usize;
    let streams = random_entries(count / STREAM_EVENTS, reads);
    let keys: Vec<_> = streams.iter().filter_map(|number| keys.get(*number as usize)).collect();
    let queries: Vec<_> =
        streams.iter().map(|number| EventQuery::stream(stream(*number))).collect();
    rows.of(N::NAME, Bound::Informative).row(
        "stream of 100, raw: 100 gets",
        queries.len(),
        || time(|| keys.iter().map(|keys| gets(&raw, keys)).sum::<Result<u64>>()),
        || time(|| read(&store, &log, &queries)),
    )
}

/// Counts an event, and looks at its last byte: a stored event ends with the payload.
fn look_at_end(bytes: &[u8]) -> u64 {
    1 + bytes.last().map_or(0, |byte| u64::from(*byte))
}

/// Reads the results of queries, all in one snapshot.
pub(super) fn read<'q, S: KvStore>(
    store: &S,
    log: &Log,
    queries: impl IntoIterator<Item = &'q EventQuery>,
) -> Result<u64> {
    let snapshot = store.snapshot()?;
    let mut seen = 0;
    for query in queries {
        let read = log.each(&snapshot, query, |event| {
            seen += look_at_end(event.payload);
            Ok(ControlFlow::Continue(()))
        });
        read?;
    }
    Ok(seen)
}

/// Reads all events with the engine's own API.
pub(super) fn scan(raw: &impl Tables) -> Result<u64> {
    raw.scan_of(EVENTS, |key, value| if is_head(key) { 0 } else { look_at_end(value) })
}

/// Gets events with the engine's own API.
pub(super) fn gets(raw: &impl Tables, keys: &[Vec<u8>]) -> Result<u64> {
    raw.get_from(EVENTS, keys, look_at_end)
}

/// Returns the keys of the events of each stream.
pub(super) fn stream_keys(records: &[Record], count: u64) -> Vec<Vec<Vec<u8>>> {
    let mut keys = vec![Vec::new(); (count / STREAM_EVENTS) as usize];
    let events = records.iter().filter_map(|record| record.first()?.as_ref());
    let events = events.filter(|(key, _)| !is_head(key));
    for ((key, _), number) in events.zip(0..) {
        if let Some(keys) = keys.get_mut(stream_of(number, count) as usize) {
            keys.push(key.clone());
        }
    }
    keys
}
