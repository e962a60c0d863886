//! How long one caller waits until an event is in the log and in the view.

use std::cell::Cell;
use std::time::Duration;

use arbour_core::{Durability, Result};

use super::deposit::{event, stream};
use super::record::Shadow;
use super::teller::{Place, Stores};
use crate::comparison::{Bound, Rows, figure};
use crate::contender::Contender;
use crate::scratch::Scratch;
use crate::subject::{Native, Subject};
use crate::tables::{Record, Tables as _};
use crate::threads::at_once;
use crate::workload::{Entry, VALUE_BYTES, key, value};

/// Dispatching has to reach this part of the engine's own rate of commits of one put.
const SHARE: f64 = 0.7;

/// The rate at which strato-db dispatches and applies events, on SQLite with `synchronous = FULL`:
/// measured once, like its figures for documents.
const STRATO_DB: f64 = 503.0;

const PLACES: [(&str, Place); 3] = [
    ("dispatch, raw: 1 put", Place::Together),
    ("dispatch, two stores, raw: 1 put", Place::Apart(Durability::PowerLoss)),
    ("same, views at none, raw: 1 put", Place::Apart(Durability::None)),
];

/// Compares dispatching one event and waiting until it is applied with a commit of one put of as
/// many bytes with the engine's own API. If the views are in another store there are two commits,
/// so there is no bound. Finally it is compared with a commit of exactly the entries that it puts,
/// which shows how much of the difference is the engine's.
pub(super) fn measure<N: Native>(rows: &mut Rows<'_>, scratch: &Scratch) -> Result<()> {
    let flushes = rows.scale.flushes;
    for (op, place) in PLACES {
        let raw = Putter::new(N::create_raw(&scratch.store("raw")?)?);
        let teller = Stores::of::<N>(scratch).teller("one", place)?;
        let is_bound = place == Place::Together;
        let bound = if is_bound { Bound::Ratio(1.0 / SHARE) } else { Bound::Informative };
        rows.of(N::NAME, bound).row(
            op,
            flushes,
            || raw.puts(flushes),
            || teller.dispatch(1, flushes),
        )?;
    }
    let raw = N::create_raw(&scratch.store("raw")?)?;
    let teller = Stores::of::<N>(scratch).teller("one", Place::Together)?;
    let (shadow, number) = (Shadow::new()?, Cell::new(0));
    rows.of(N::NAME, Bound::Informative).row(
        "dispatch, raw: the same puts",
        flushes,
        || {
            let first = number.replace(number.get() + flushes as u64);
            let numbers = (first..).take(flushes);
            let records = numbers.map(|number| shadow.records(event(stream(0), number)?));
            let records = records.collect::<Result<Vec<_>>>()?;
            raw.settle()?;
            at_once(vec![records], |records: Vec<Vec<Record>>| {
                records.iter().try_for_each(|records| raw.put_records(records))
            })
        },
        || teller.dispatch(1, flushes),
    )
}

/// Prints the time of a dispatch beside that of strato-db.
pub(super) fn beside_strato_db<S: Subject>(rows: &mut Rows<'_>, scratch: &Scratch) -> Result<()> {
    let flushes = rows.scale.flushes;
    let teller = Stores::of::<S>(scratch).teller("one", Place::Together)?;
    let engine = format!("{}, strato-db's figures", S::NAME);
    rows.of(engine, Bound::Informative).row(
        "dispatch",
        flushes,
        || figure(flushes, STRATO_DB),
        || teller.dispatch(1, flushes),
    )
}

/// Commits puts one by one, each with a key after all others, like those of a log.
struct Putter<R> {
    raw: R,
    put: Cell<u64>,
}

impl<R: Contender> Putter<R> {
    fn new(raw: R) -> Self {
        Self { raw, put: Cell::new(0) }
    }

    fn puts(&self, count: usize) -> Result<Duration> {
        let first = self.put.replace(self.put.get() + count as u64);
        let numbers = (first..).take(count);
        let entries: Vec<Entry> =
            numbers.map(|number| (key(number), value(number, VALUE_BYTES))).collect();
        self.raw.settle()?;
        // In a thread, like the other side.
        let raw = &self.raw;
        at_once(vec![entries], |entries: Vec<Entry>| {
            entries.chunks(1).try_for_each(|entry| raw.put(entry, Durability::PowerLoss))
        })
    }
}
