//! What moving a whole store costs relative to loading its entries with the engine's own API.

use std::io::Cursor;
use std::sync::Arc;

use arbour::transfer::{self};
use arbour_core::{Durability, MemoryStore, Result, StoreOptions};

use crate::Arbour;
use crate::comparison::{Bound, Comparison, Row, Scale, time};
use crate::contender::Contender as _;
use crate::scratch::Scratch;
use crate::subject::{Native, Visit, visit_each};
use crate::workload::{self, Entry};

/// The bound of a transfer: 0.7 of the rate of a raw bulk load.
const BOUND: Bound = Bound::Ratio(1.0 / 0.7);

/// Measures transfers into the named engines, or into all if none is named, and passes on each row
/// as soon as it is measured. The source is in memory, because the destination is the slower of the
/// two. The raw side loads everything in one transaction that survives a loss of power; a transfer
/// also reads everything back and compares it.
///
/// # Errors
/// What a store or a transfer reports.
///
/// ```
/// use arbour_benches::comparison::Scale;
/// use arbour_benches::transfer::measure;
/// let mut rows = Vec::new();
/// measure(Scale::QUICK, &["redb".to_owned()], &mut |row| rows.push(row))?;
/// assert!(rows.iter().any(|row| row.engine == "redb" && row.op == "copy, raw: bulk load"));
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub fn measure(scale: Scale, asked: &[String], report: &mut dyn FnMut(Row)) -> Result<()> {
    let entries = workload::entries(scale.entries);
    let source = Arc::new(MemoryStore::new());
    Arbour::new(Arc::clone(&source))?.put(&entries, Durability::None)?;
    let mut dump = Vec::new();
    transfer::dump(&source, &mut dump)?;
    visit_each(asked, &mut Transfers { scale, entries: &entries, source, dump, report })
}

struct Transfers<'r> {
    scale: Scale,
    entries: &'r [Entry],
    source: Arc<MemoryStore>,
    dump: Vec<u8>,
    report: &'r mut dyn FnMut(Row),
}

impl Visit for Transfers<'_> {
    fn visit<N: Native>(&mut self) -> Result<()> {
        let Self { scale, entries, source, dump, report } = self;
        let scratch = Scratch::new()?;
        let raw = || {
            let raw = N::create_raw(&scratch.store("raw")?)?;
            time(|| raw.put(entries, Durability::PowerLoss))
        };
        let open = || N::open(&scratch.store("arbour")?, &StoreOptions::new());
        let mut rows =
            Comparison { scale: *scale, engine: N::NAME.to_owned(), bound: BOUND, report: *report };
        rows.row("copy, raw: bulk load", entries.len(), raw, || {
            let store = open()?;
            time(|| Ok(transfer::copy(source, &store)?.entries))
        })?;
        rows.row("load of a dump, raw: bulk load", entries.len(), raw, || {
            let store = open()?;
            time(|| Ok(transfer::load(Cursor::new(dump.as_slice()), &store)?.entries))
        })
    }
}
