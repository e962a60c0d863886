//! How fast the events in a log are applied.

use std::sync::Arc;
use std::time::Duration;

use arbour::events::{Append, Events, Log};
use arbour_core::{Error, ErrorKind, KvStore, Operation, Result, StoreOptions};

use super::account::Document;
use super::bank::{BANK, open_behind};
use super::deposit::appends;
use super::log::{LOG, append};
use crate::comparison::{Bound, Rows, figure, time};
use crate::scratch::Scratch;
use crate::subject::Subject;

/// The required rate of applied events per second if nothing is written to a device.
const IN_MEMORY: f64 = 100_000.0;

/// The required rate otherwise.
const ON_DEVICE: f64 = 50_000.0;

/// Times catching up with a log from its beginning, beside the required rate. The log is written
/// before.
pub(super) fn measure<S: Subject>(rows: &mut Rows<'_>, scratch: &Scratch) -> Result<()> {
    let count = rows.scale.entries;
    let appends = appends(count)?;
    let (rate, bound) = match S::NAME {
        "memory" => (IN_MEMORY, Bound::Ratio(1.0)),
        "redb" | "sqlite" => (ON_DEVICE, Bound::Ratio(1.0)),
        _ => (ON_DEVICE, Bound::Informative),
    };
    let mut rows = rows.of(format!("{}, raw: {rate} a second", S::NAME), bound);
    for (op, document) in [
        ("apply, a document each", Document::OfEvent),
        ("apply, 100 to a document", Document::OfStream),
    ] {
        rows.row(
            op,
            count as usize,
            || figure(count as usize, rate),
            || {
                let path = scratch.store("backlog")?;
                let store = Arc::new(S::open(&path, &StoreOptions::new())?);
                let events = behind(Arc::clone(&store), &appends, document)?;
                S::settle(&store, &path)?;
                catch_up(&events, count)
            },
        )?;
    }
    Ok(())
}

/// Writes a log, and opens events whose projection has applied nothing of it.
pub(super) fn behind<S: KvStore>(
    store: Arc<S>,
    appends: &[Append],
    document: Document,
) -> Result<Events> {
    let log = Log::open(&*store, LOG)?;
    appends.iter().try_for_each(|events| append(&*store, &log, events))?;
    open_behind(store, document)
}

/// Times applying all events of a log. A halted projection would look fast.
pub(super) fn catch_up(events: &Events, count: u64) -> Result<Duration> {
    time(|| match events.catch_up(BANK)? {
        applied if applied == count => Ok(applied),
        applied => {
            let message = format!("{applied} of {count} events were applied");
            Err(Error::new(ErrorKind::Engine, Operation::Commit, message))
        }
    })
}
