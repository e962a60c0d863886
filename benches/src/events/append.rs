//! What appending costs relative to putting the same entries.

use arbour::events::Log;
use arbour_core::{MemoryStore, Result, StoreOptions};

use super::deposit::appends;
use super::log::{LOG, append};
use super::record::records;
use crate::comparison::{Bound, Rows, time};
use crate::scratch::Scratch;
use crate::subject::Native;
use crate::tables::Tables as _;

/// Appending has to reach this part of the engine's own rate.
const SHARE: f64 = 0.8;

/// Appends events in transactions of a thousand to an empty log. Opening the stores is not timed.
pub(super) fn measure<N: Native>(rows: &mut Rows<'_>, scratch: &Scratch) -> Result<()> {
    let appends = appends(rows.scale.entries)?;
    let batches = records(&MemoryStore::new(), &appends)?;
    let count = rows.scale.entries as usize;
    rows.of(N::NAME, Bound::Ratio(1.0 / SHARE)).row(
        "append in batches of 1,000",
        count,
        || {
            let raw = N::create_raw(&scratch.store("raw")?)?;
            time(|| batches.iter().try_for_each(|records| raw.put_records(records)))
        },
        || {
            let store = N::open(&scratch.store("arbour")?, &StoreOptions::new())?;
            let log = Log::open(&store, LOG)?;
            time(|| appends.iter().try_for_each(|events| append(&store, &log, events)))
        },
    )
}
