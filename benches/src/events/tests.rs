//! Both sides have to store and read the same, or the comparison means nothing.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use arbour::documents::layout::documents_tree;
use arbour::events::layout::{PROJECTION_TREE, log_tree, stream_tree, view_name};
use arbour::events::{EventQuery, Log};
use arbour_core::{Durability, KvRead as _, KvStore, MemoryStore, Result, StoreOptions};

use super::account::{Document, NAME};
use super::backlog::{behind, catch_up};
use super::bank::{BANK, open};
use super::deposit::{BATCH, STREAM_EVENTS, appends, event, stream, stream_of};
use super::log::LOG;
use super::read::{gets, read, scan, stream_keys};
use super::record::{Shadow, is_head, records};
use super::teller::{Place, Stores};
use crate::comparison::{Bound, Scale};
use crate::scratch::Scratch;
use crate::subject::{ENGINES, Memory, Native, Visit, visit_each};
use crate::tables::{KeyValue, Record, Table, Tables as _, entries};

const EVENTS: u64 = 2_500;

/// Returns how many documents the view has.
fn accounts<S: KvStore>(store: &S) -> usize {
    entries(store, &documents_tree(&view_name(BANK, 1, NAME))).unwrap().len()
}

#[test]
fn payloads_have_about_100_bytes() {
    for append in appends(EVENTS).unwrap() {
        for event in append.events {
            assert!((95..=105).contains(&event.payload.len()), "{}", event.payload.len());
        }
    }
}

#[test]
fn each_stream_has_as_many_events_as_any_other() {
    for count in [1_000, EVENTS, 100_000] {
        let mut events = vec![0; (count / STREAM_EVENTS) as usize];
        (0..count).for_each(|number| events[stream_of(number, count) as usize] += 1);
        assert!(events.iter().all(|events| *events == STREAM_EVENTS), "{count}: {events:?}");
    }
}

struct SameEntries(usize);

impl Visit for SameEntries {
    fn visit<N: Native>(&mut self) -> Result<()> {
        let scratch = Scratch::new()?;
        let store = N::open(&scratch.store("arbour")?, &StoreOptions::new())?;
        let batches = records(&store, &appends(EVENTS)?)?;
        assert_eq!(batches.len() as u64, EVENTS.div_ceil(BATCH));
        let raw = N::create_raw(&scratch.store("raw")?)?;
        batches.iter().try_for_each(|records| raw.put_records(records))?;
        let trees = [log_tree(LOG), stream_tree(LOG)];
        let found = store.snapshot()?.trees()?;
        let empty = |tree: &String| entries(&store, tree).unwrap().is_empty();
        assert!(found.iter().all(|tree| trees.contains(tree) || empty(tree)), "{found:?}");
        for (table, tree) in Table::ALL.into_iter().zip(&trees) {
            let mut put: Vec<KeyValue> = Vec::new();
            raw.scan_of(table, |key, value| {
                put.push((key.to_vec(), value.to_vec()));
                0
            })?;
            assert!(put == entries(&store, tree)?, "{}: {tree}", N::NAME);
        }
        self.0 += 1;
        Ok(())
    }
}

#[test]
fn raw_engines_hold_the_entries_that_logs_take() {
    let mut check = SameEntries(0);
    visit_each(&[], &mut check).unwrap();
    assert_eq!(check.0, ENGINES.len() - 1, "all but the one in memory");
}

#[test]
fn records_have_what_each_transaction_put() {
    let batches = records(&MemoryStore::new(), &appends(EVENTS).unwrap()).unwrap();
    for (batch, first) in batches.iter().zip((0..).step_by(BATCH as usize)) {
        let is_event = |record: &&Record| matches!(record.as_slice(), [Some(_), Some(_)]);
        let events = batch.iter().take_while(is_event);
        assert_eq!(events.count() as u64, BATCH.min(EVENTS - first));
        let heads: Vec<&Record> = batch.iter().filter(|record| !is_event(record)).collect();
        let streams = BATCH.min(EVENTS / STREAM_EVENTS);
        assert_eq!(heads.len() as u64, streams + 1, "those of the streams, and the log's own");
        let is_head_entry =
            |entry: &Option<KeyValue>| entry.as_ref().is_none_or(|(key, _)| is_head(key));
        assert!(heads.iter().all(|record| record.iter().all(is_head_entry)));
    }
}

struct SameReads;

impl Visit for SameReads {
    fn visit<N: Native>(&mut self) -> Result<()> {
        let scratch = Scratch::new()?;
        let store = N::open(&scratch.store("arbour")?, &StoreOptions::new())?;
        let batches = records(&store, &appends(EVENTS)?)?;
        let raw = N::create_raw(&scratch.store("raw")?)?;
        batches.iter().try_for_each(|records| raw.put_records(records))?;
        let log = Log::open(&store, LOG).unwrap();
        let all = read(&store, &log, [&EventQuery::all()])?;
        assert!(all > EVENTS && all == scan(&raw)?, "{}", N::NAME);
        let keys = stream_keys(&batches.concat(), EVENTS);
        let mut sum = 0;
        for (number, keys) in (0..).zip(&keys) {
            assert_eq!(keys.len() as u64, STREAM_EVENTS);
            let seen = read(&store, &log, [&EventQuery::stream(stream(number))])?;
            assert_eq!(seen, gets(&raw, keys)?, "{}: stream {number}", N::NAME);
            sum += seen;
        }
        assert_eq!(sum, all, "each event is in one stream");
        Ok(())
    }
}

#[test]
fn both_sides_read_the_same_events() {
    visit_each(&[], &mut SameReads).unwrap();
}

#[test]
fn what_is_dispatched_is_in_the_log_and_in_the_view() {
    let scratch = Scratch::new().unwrap();
    for place in [Place::Together, Place::Apart(Durability::None)] {
        let teller = Stores::of::<Memory>(&scratch).teller("teller", place).unwrap();
        teller.dispatch(3, 4).unwrap();
        teller.dispatch(2, 1).unwrap();
        assert_eq!(teller.events.head().unwrap().position, 14);
        assert_eq!(accounts(teller.events.store()), 3, "{place:?}: one for each caller");
        let beside_views = entries(teller.events.store(), &log_tree(LOG)).unwrap();
        let is_together = beside_views.iter().any(|(key, _)| !is_head(key));
        assert_eq!(is_together, place == Place::Together);
    }
}

#[test]
fn the_same_puts_are_all_that_dispatching_changes() {
    let shadow = Shadow::new().unwrap();
    let stored = || -> HashSet<KeyValue> {
        let trees = shadow.store.snapshot().unwrap().trees().unwrap();
        trees.iter().flat_map(|tree| entries(&*shadow.store, tree).unwrap()).collect()
    };
    // The first event of a view also records the log of the view.
    shadow.records(event(stream(0), 0).unwrap()).unwrap();
    for number in 1..4 {
        let before = stored();
        let records = shadow.records(event(stream(0), number).unwrap()).unwrap();
        assert!(records.iter().all(|record| record.len() <= Table::ALL.len()));
        let put: HashSet<KeyValue> = records.into_iter().flatten().flatten().collect();
        assert_eq!(put.len(), 6, "event, its place in its stream, two heads, document, position");
        assert_eq!(stored().difference(&before).cloned().collect::<HashSet<_>>(), put);
    }
}

#[test]
fn slow_devices_keep_callers_waiting() {
    let scratch = Scratch::new().unwrap();
    let flush = Duration::from_millis(2);
    let stores = Stores::slowed::<Memory>(&scratch, flush);
    let together = stores.teller("together", Place::Together).unwrap();
    assert!(together.dispatch(1, 5).unwrap() >= 5 * flush);
    let apart = stores.teller("apart", Place::Apart(Durability::PowerLoss)).unwrap();
    assert!(apart.dispatch(1, 5).unwrap() >= 10 * flush, "the log is slow, and the view");
}

#[test]
fn a_backlog_is_applied_to_the_end() {
    let appends = appends(EVENTS).unwrap();
    for (document, expected) in
        [(Document::OfEvent, EVENTS), (Document::OfStream, EVENTS / STREAM_EVENTS)]
    {
        let store = Arc::new(MemoryStore::new());
        let events = behind(Arc::clone(&store), &appends, document).unwrap();
        assert_eq!(accounts(&*store), 0, "nothing is applied before it is timed");
        catch_up(&events, EVENTS).unwrap();
        assert_eq!(accounts(&*store) as u64, expected, "{document:?}");
        assert!(catch_up(&events, EVENTS + 1).is_err(), "too few were applied");
    }
}

#[test]
fn a_projection_keeps_its_position() {
    let store = Arc::new(MemoryStore::new());
    open(Arc::clone(&store), Document::OfStream).unwrap();
    assert!(!entries(&*store, PROJECTION_TREE).unwrap().is_empty());
}

#[test]
fn every_row_is_there() {
    let mut rows = Vec::new();
    let scale = Scale { rounds: 1, entries: 1_000, reads: 100, flushes: 2 };
    let engines = ["memory", "redb"].map(str::to_owned);
    super::measure(scale, &engines, &mut |row| rows.push(row)).unwrap();
    let bound = |engine: &str, op: &str| {
        let mut found = rows.iter().filter(|row| row.engine == engine && row.op == op);
        let row = found.next().unwrap_or_else(|| panic!("no row {op:?} of {engine:?}"));
        assert!(found.next().is_none(), "{op:?} of {engine:?} is there twice");
        row.bound
    };
    assert_eq!(bound("redb", "dispatch, raw: 1 put"), Bound::Ratio(1.0 / 0.7));
    assert_eq!(bound("redb, raw: 1 caller", "dispatch, 64"), Bound::TimesAsFast(5.0));
    assert_eq!(bound("redb, raw: 1 caller", "dispatch, 512"), Bound::TimesAsFast(8.0));
    assert_eq!(bound("redb, raw: 1 caller", "dispatch, 64, 5 ms"), Bound::TimesAsFast(40.0));
    assert_eq!(bound("redb, raw: 1 caller", "dispatch, 512, 5 ms"), Bound::TimesAsFast(200.0));
    for engine in ["memory, raw: 100000 a second", "redb, raw: 50000 a second"] {
        assert_eq!(bound(engine, "apply, a document each"), Bound::Ratio(1.0));
        assert_eq!(bound(engine, "apply, 100 to a document"), Bound::Ratio(1.0));
    }
    assert_eq!(bound("redb", "append in batches of 1,000"), Bound::Ratio(1.25));
    assert_eq!(bound("redb", "next of the log"), Bound::Ratio(2.0));
    for op in [
        "dispatch, raw: the same puts",
        "stream of 100, raw: 100 gets",
        "wait_for, raw: Arbour's snapshot",
    ] {
        assert_eq!(bound("redb", op), Bound::Informative);
    }
    let names = rows.iter().map(|row| (row.engine.clone(), row.op));
    let distinct: HashSet<_> = names.collect();
    assert_eq!(distinct.len(), rows.len());
}
