//! What Arbour costs above an engine's own API.

use std::path::Path;
use std::sync::Arc;

use arbour_core::{
    Durability, DynStore, Error, ErrorKind, KvStore, MemoryStore, Operation, Result, StoreOptions,
};
use arbour_redb::RedbStore;
use tempfile::TempDir;

use crate::comparison::{Bound, Comparison, Row, Scale, time};
use crate::contender::Contender;
use crate::workload::{self, Entry, PREFIX_ENTRIES};
use crate::{Arbour, RawRedb, layers};

/// Measures everything and hands each row over as it is done.
///
/// # Errors
/// What a store reports.
///
/// ```
/// use arbour_benches::comparison::Scale;
/// use arbour_benches::overhead::measure;
/// let mut rows = Vec::new();
/// measure(Scale::QUICK, &mut |row| rows.push(row))?;
/// assert!(rows.iter().any(|row| row.engine == "redb" && row.op == "get"));
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub fn measure(scale: Scale, report: &mut dyn FnMut(Row)) -> Result<()> {
    let folder = TempDir::with_prefix("arbour-overhead-").map_err(|cause| {
        Error::new(ErrorKind::Io, Operation::Open, "cannot make a folder").with_source(cause)
    })?;
    let entries = workload::entries(scale.entries);
    let open = |path: &Path| RedbStore::open(path, &StoreOptions::new());
    let path = |name: &str| folder.path().join(name);

    let mut redb = Comparison { scale, engine: "redb", bound: Bound::RatioOrNanoseconds, report };
    let raw = RawRedb::create(&path("raw.redb"))?;
    let store = Arbour::new(open(&path("arbour.redb"))?)?;
    redb.loads(
        &entries,
        || RawRedb::create(&emptied(&path("raw-load.redb"))?),
        || Arbour::new(open(&emptied(&path("arbour-load.redb"))?)?),
    )?;
    redb.reads(&entries, &raw, &store)?;
    redb.commits(&entries, &raw, &store)?;
    drop((raw, store));

    // The same store on both sides, so that both read the same memory.
    above_fixed("redb, dyn above fixed", scale, &entries, open(&path("dyn.redb"))?, report)?;
    above_fixed("memory, dyn above fixed", scale, &entries, MemoryStore::new(), report)?;
    layers::measure(scale, &entries, report)
}

fn above_fixed(
    engine: &'static str,
    scale: Scale,
    entries: &[Entry],
    store: impl KvStore,
    report: &mut dyn FnMut(Row),
) -> Result<()> {
    let store = Arc::new(store);
    let dynamic = Arbour::new(DynStore::new(Arc::clone(&store)))?;
    let fixed = Arbour::new(store)?;
    let mut pair = Comparison { scale, engine, bound: Bound::Nanoseconds(30.0), report };
    pair.reads(entries, &fixed, &dynamic)?;
    // Few enough entries to stay in the cache: what is measured is the call, not the memory.
    let entries = entries.get(..1_000).unwrap_or(entries);
    let put = |contender: &dyn Contender| {
        time(|| (0..PUT_TRANSACTIONS).try_for_each(|_| contender.put(entries, Durability::None)))
    };
    let puts = entries.len() * PUT_TRANSACTIONS;
    pair.row("put in a transaction of 1,000", puts, || put(&fixed), || put(&dynamic))
}

/// How many transactions one go of the puts above makes.
const PUT_TRANSACTIONS: usize = 10;

/// Removes what an earlier round left.
fn emptied(path: &Path) -> Result<std::path::PathBuf> {
    match std::fs::remove_file(path) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            let message = "cannot remove the store of the last round";
            Err(Error::new(ErrorKind::Io, Operation::Open, message).with_source(cause))
        }
        _ => Ok(path.to_owned()),
    }
}

impl Comparison<'_> {
    fn loads<R: Contender, A: Contender>(
        &mut self,
        entries: &[Entry],
        raw: impl Fn() -> Result<R>,
        arbour: impl Fn() -> Result<A>,
    ) -> Result<()> {
        let load =
            |contender: &dyn Contender| time(|| contender.put(entries, Durability::PowerLoss));
        let op = "bulk load in one transaction";
        self.row(op, entries.len(), || load(&raw()?), || load(&arbour()?))
    }

    /// Loads both and reads them.
    fn reads(
        &mut self,
        entries: &[Entry],
        raw: &dyn Contender,
        arbour: &dyn Contender,
    ) -> Result<()> {
        raw.put(entries, Durability::PowerLoss)?;
        arbour.put(entries, Durability::PowerLoss)?;
        let Scale { entries: count, reads, .. } = self.scale;
        let random = |below, count| workload::random_entries(below, count).into_iter();
        let keys: Vec<_> = random(count, reads).map(workload::key).collect();
        let prefixes: Vec<_> =
            random(count / PREFIX_ENTRIES, reads / 50).map(workload::prefix).collect();
        let gets = |contender: &dyn Contender| time(|| contender.gets(&keys));
        self.row("get", keys.len(), || gets(raw), || gets(arbour))?;
        // The other side has just had the caches to itself; what it cost to read the pages again
        // would hide what the calls cost.
        let scan = |contender: &dyn Contender| {
            contender.scan()?;
            time(|| contender.scan())
        };
        self.row("next of a scan", entries.len(), || scan(raw), || scan(arbour))?;
        if matches!(self.bound, Bound::Nanoseconds(_)) {
            // A call that opens a cursor is held to the bound by the prefix scan's hundred calls.
            return Ok(());
        }
        let scans = |contender: &dyn Contender| {
            contender.prefix_scans(&prefixes)?;
            time(|| contender.prefix_scans(&prefixes))
        };
        self.row("prefix scan of 100", prefixes.len(), || scans(raw), || scans(arbour))
    }

    fn commits(
        &mut self,
        entries: &[Entry],
        raw: &dyn Contender,
        arbour: &dyn Contender,
    ) -> Result<()> {
        let (flushes, many) = (self.scale.flushes, self.scale.flushes * 20);
        for (op, durability, puts, count) in [
            ("commit of 1 put, power loss", Durability::PowerLoss, 1, flushes),
            ("commit of 10 puts, power loss", Durability::PowerLoss, 10, flushes),
            ("commit of 10 puts, process crash", Durability::ProcessCrash, 10, flushes),
            ("commit of 10 puts, none", Durability::None, 10, many),
        ] {
            let commit = |contender: &dyn Contender| {
                let mut chunks = entries.chunks_exact(puts).cycle().take(count);
                time(|| chunks.try_for_each(|chunk| contender.put(chunk, durability)))
            };
            self.row(op, count, || commit(raw), || commit(arbour))?;
        }
        let apply = |contender: &dyn Contender| {
            let mut chunks = entries.chunks_exact(100).cycle().take(flushes);
            time(|| chunks.try_for_each(|chunk| contender.apply(chunk, Durability::PowerLoss)))
        };
        self.row("apply of 100 puts, power loss", flushes, || apply(raw), || apply(arbour))
    }
}
