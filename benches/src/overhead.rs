//! What Arbour costs above an engine's own API.
//!
//! Machines are noisy and drift, so both sides run in one process, once each round, in an order
//! that chance decides, and the median of the rounds' ratios is what counts.

use std::fmt;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arbour_core::{
    Durability, DynStore, Error, ErrorKind, KvStore, MemoryStore, Operation, Result, StoreOptions,
};
use arbour_redb::RedbStore;
use serde::Serialize;
use tempfile::TempDir;

use crate::contender::Contender;
use crate::workload::{self, Entry, PREFIX_ENTRIES};
use crate::{Arbour, RawRedb, layers};

/// One measurement: an operation done both ways.
///
/// ```
/// use arbour_benches::overhead::{Bound, Row};
/// let bound = Bound::RatioOrNanoseconds;
/// let row = Row { engine: "redb", op: "get", raw_ns: 400.0, arbour_ns: 410.0, ratio: 1.025, bound };
/// assert!(row.is_within_bound());
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The engine, and what is laid over it.
    pub engine: &'static str,
    /// The operation.
    pub op: &'static str,
    /// Nanoseconds an operation by the engine's own API: the median of the rounds.
    pub raw_ns: f64,
    /// Nanoseconds an operation by Arbour: the median of the rounds.
    pub arbour_ns: f64,
    /// The median of the rounds' ratios of Arbour to raw.
    pub ratio: f64,
    /// What it may cost.
    #[serde(skip)]
    pub bound: Bound,
}

/// What an operation may cost above the other way to do it.
///
/// ```
/// use arbour_benches::overhead::Bound;
/// assert_eq!(Bound::Nanoseconds(30.0).to_string(), "+30 ns");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// At most 1.05 times as much, or at most 25 ns more.
    RatioOrNanoseconds,
    /// At most so many nanoseconds more.
    Nanoseconds(f64),
    /// At most so many times as much.
    Ratio(f64),
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RatioOrNanoseconds => f.write_str("1.05 or +25 ns"),
            Self::Nanoseconds(nanoseconds) => write!(f, "+{nanoseconds} ns"),
            Self::Ratio(ratio) => write!(f, "{ratio:.2}"),
        }
    }
}

impl Row {
    /// Tells whether the operation costs no more than it may.
    ///
    /// ```
    /// use arbour_benches::overhead::{Bound, Row};
    /// let bound = Bound::RatioOrNanoseconds;
    /// let row = Row { engine: "redb", op: "get", raw_ns: 400.0, arbour_ns: 900.0, ratio: 2.25, bound };
    /// assert!(!row.is_within_bound());
    /// ```
    #[must_use]
    pub fn is_within_bound(&self) -> bool {
        let more = (self.ratio - 1.0) * self.raw_ns;
        match self.bound {
            Bound::RatioOrNanoseconds => self.ratio <= 1.05 || more <= 25.0,
            Bound::Nanoseconds(most) => more <= most,
            Bound::Ratio(most) => self.ratio <= most,
        }
    }
}

/// How much work is measured.
///
/// ```
/// use arbour_benches::overhead::Scale;
/// assert!(Scale::QUICK.rounds < Scale::FULL.rounds);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// How often each side runs.
    pub rounds: usize,
    /// How many entries the stores hold.
    pub entries: u64,
    /// How many keys are read in one go.
    pub reads: usize,
    /// How many transactions that wait for the device are committed in one go.
    pub flushes: usize,
}

impl Scale {
    /// What the published figures come from.
    ///
    /// ```
    /// assert!(arbour_benches::overhead::Scale::FULL.rounds >= 9);
    /// ```
    pub const FULL: Self = Self { rounds: 31, entries: 100_000, reads: 10_000, flushes: 50 };

    /// Enough to see that it runs.
    ///
    /// ```
    /// assert!(arbour_benches::overhead::Scale::QUICK.entries >= 1_000);
    /// ```
    pub const QUICK: Self = Self { rounds: 3, entries: 2_000, reads: 500, flushes: 5 };
}

/// Measures everything and hands each row over as it is done.
///
/// # Errors
/// What a store reports.
///
/// ```
/// use arbour_benches::overhead::{Scale, measure};
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

/// Two ways to do the same, and where the result goes.
pub(crate) struct Comparison<'r> {
    pub(crate) scale: Scale,
    pub(crate) engine: &'static str,
    pub(crate) bound: Bound,
    pub(crate) report: &'r mut dyn FnMut(Row),
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
        let scan = |contender: &dyn Contender| time(|| contender.scan());
        self.row("next of a scan", entries.len(), || scan(raw), || scan(arbour))?;
        if matches!(self.bound, Bound::Nanoseconds(_)) {
            // A call that opens a cursor is held to the bound by the prefix scan's hundred calls.
            return Ok(());
        }
        let scans = |contender: &dyn Contender| time(|| contender.prefix_scans(&prefixes));
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

    /// Runs both sides alternately. Each returns the time its operations took, so that
    /// preparations do not count.
    pub(crate) fn row(
        &mut self,
        op: &'static str,
        operations: usize,
        mut raw: impl FnMut() -> Result<Duration>,
        mut arbour: impl FnMut() -> Result<Duration>,
    ) -> Result<()> {
        // The first round of each fills caches and is not counted.
        raw()?;
        arbour()?;
        let (mut raws, mut arbours, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        // A fixed alternation falls into step with the allocator: identical sides were measured
        // to differ by a fifth.
        for toss in workload::random_entries(2, self.scale.rounds) {
            let (raw_time, arbour_time) = if toss == 0 {
                let raw_time = raw()?;
                (raw_time, arbour()?)
            } else {
                let arbour_time = arbour()?;
                (raw()?, arbour_time)
            };
            let nanoseconds = |time: Duration| time.as_secs_f64() * 1e9 / operations as f64;
            raws.push(nanoseconds(raw_time));
            arbours.push(nanoseconds(arbour_time));
            ratios.push(arbour_time.as_secs_f64() / raw_time.as_secs_f64());
        }
        let (raw_ns, arbour_ns, ratio) = (median(raws), median(arbours), median(ratios));
        (self.report)(Row { engine: self.engine, op, raw_ns, arbour_ns, ratio, bound: self.bound });
        Ok(())
    }
}

/// Times a piece of work whose result is not optimized away.
pub(crate) fn time<R>(work: impl FnOnce() -> Result<R>) -> Result<Duration> {
    let start = Instant::now();
    black_box(work()?);
    Ok(start.elapsed())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
