//! What Arbour costs above an engine's own API.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use arbour_core::{Durability, DynStore, Result, StoreOptions};

use crate::comparison::{Bound, Comparison, Row, Scale, time};
use crate::contender::Contender;
use crate::scratch::Scratch;
use crate::subject::{Memory, Native, Subject, Visit, contend, is_asked_for, visit_each};
use crate::workload::{self, Entry, PREFIX_ENTRIES};
use crate::{Arbour, group_commit, layers};

/// Measures the named engines, or all if none is named, and passes on each row as soon as it is
/// measured. The cost of the layers themselves is measured with the engine in memory.
///
/// # Errors
/// What a store reports.
///
/// ```
/// use arbour_benches::comparison::Scale;
/// use arbour_benches::overhead::measure;
/// let mut rows = Vec::new();
/// measure(Scale::QUICK, &["redb".to_owned()], &mut |row| rows.push(row))?;
/// assert!(rows.iter().any(|row| row.engine == "redb" && row.op == "get"));
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub fn measure(scale: Scale, asked: &[String], report: &mut dyn FnMut(Row)) -> Result<()> {
    let entries = workload::entries(scale.entries);
    visit_each(asked, &mut Overhead { scale, entries: &entries, report })?;
    if is_asked_for(Memory::NAME, asked) {
        let scratch = Scratch::new()?;
        dynamic::<Memory>(scale, &entries, &scratch, report)?;
        layers::measure(scale, &entries, report)?;
    }
    group_commit::measure(scale, asked, report)
}

struct Overhead<'r> {
    scale: Scale,
    entries: &'r [Entry],
    report: &'r mut dyn FnMut(Row),
}

impl Visit for Overhead<'_> {
    fn visit<N: Native>(&mut self) -> Result<()> {
        let scratch = Scratch::new()?;
        let raw = |name: &str| N::create_raw(&scratch.store(name)?);
        let arbour = |name: &str| contend::<N>(scratch.store(name)?, &StoreOptions::new());
        let mut pair = Comparison {
            scale: self.scale,
            engine: N::NAME.to_owned(),
            bound: N::BOUND,
            report: self.report,
        };
        pair.loads(self.entries, || raw("raw-load"), || arbour("arbour-load"))?;
        let (raw, arbour) = (raw("raw")?, arbour("arbour")?);
        pair.reads(self.entries, &raw, &arbour)?;
        pair.commits(self.entries, &raw, &arbour)?;
        drop((raw, arbour));
        dynamic::<N>(self.scale, self.entries, &scratch, self.report)
    }
}

/// Measures a store chosen at run time above the same one chosen at compile time.
fn dynamic<S: Subject>(
    scale: Scale,
    entries: &[Entry],
    scratch: &Scratch,
    report: &mut dyn FnMut(Row),
) -> Result<()> {
    // The same store on both sides, so that both read the same memory.
    let path = scratch.store("dynamic")?;
    let store = Arc::new(S::open(&path, &StoreOptions::new())?);
    let dynamic = Arbour::new(DynStore::new(Arc::clone(&store)))?;
    let fixed = Arbour::settled_by(store, move |store: &Arc<S::Store>| S::settle(store, &path))?;
    let engine = format!("{}, dyn above fixed", S::NAME);
    let mut pair = Comparison { scale, engine, bound: Bound::Nanoseconds(30.0), report };
    pair.reads(entries, &fixed, &dynamic)?;
    // Few enough entries to stay in the cache, so that the call is measured and not the memory.
    let entries = entries.get(..1_000).unwrap_or(entries);
    let versions = [1, 2].map(|version| workload::rewritten(entries, version));
    let put = |contender: &dyn Contender| {
        let mut rounds = versions.iter().cycle().take(PUT_TRANSACTIONS);
        time(|| rounds.try_for_each(|entries| contender.put(entries, Durability::None)))
    };
    let puts = entries.len() * PUT_TRANSACTIONS;
    pair.row("put in a transaction of 1,000", puts, || put(&fixed), || put(&dynamic))
}

/// The number of transactions in one run of the puts above: even, so that the next run begins with
/// other values than those of the last.
const PUT_TRANSACTIONS: usize = 10;

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
        for contender in [arbour, raw] {
            contender.put(entries, Durability::PowerLoss)?;
            contender.settle()?;
        }
        let Scale { entries: count, reads, .. } = self.scale;
        let random = |below, count| workload::random_entries(below, count).into_iter();
        let keys: Vec<_> = random(count, reads).map(workload::key).collect();
        let prefixes: Vec<_> =
            random(count / PREFIX_ENTRIES, reads / 50).map(workload::prefix).collect();
        let gets = |contender: &dyn Contender| time(|| contender.gets(&keys));
        self.row("get", keys.len(), || gets(raw), || gets(arbour))?;
        // The other side has just replaced the contents of the caches; the cost of reading the
        // pages again would hide the cost of the calls.
        let scan = |contender: &dyn Contender| {
            contender.scan()?;
            time(|| contender.scan())
        };
        self.row("next of a scan", entries.len(), || scan(raw), || scan(arbour))?;
        if matches!(self.bound, Bound::Nanoseconds(_)) {
            // The hundred calls of the prefix scan test the bound for calls that open a cursor.
            return Ok(());
        }
        let scans = |contender: &dyn Contender| {
            contender.prefix_scans(&prefixes)?;
            time(|| contender.prefix_scans(&prefixes))
        };
        self.row("prefix scan of 100", prefixes.len(), || scans(raw), || scans(arbour))
    }

    /// Overwrites existing entries. Deferred work of either side is completed before the other is
    /// timed, and before the side itself is timed.
    fn commits(
        &mut self,
        entries: &[Entry],
        raw: &dyn Contender,
        arbour: &dyn Contender,
    ) -> Result<()> {
        let entries = entries.get(..REWRITTEN_MAX).unwrap_or(entries);
        let raw = Rewriter::new(raw, entries);
        let arbour = Rewriter::new(arbour, entries);
        let (flushes, many) = (self.scale.flushes, self.scale.flushes * 20);
        for (op, durability, puts, count) in [
            ("commit of 1 put, power loss", Durability::PowerLoss, 1, flushes),
            ("commit of 10 puts, power loss", Durability::PowerLoss, 10, flushes),
            ("commit of 10 puts, process crash", Durability::ProcessCrash, 10, flushes),
            ("commit of 10 puts, none", Durability::None, 10, many),
        ] {
            let commit = |side: &Rewriter<'_>| {
                side.write(puts, count, |contender, chunk| contender.put(chunk, durability))
            };
            self.row(op, count, || commit(&raw), || commit(&arbour))?;
        }
        for (op, durability) in [
            ("apply of 100 puts, power loss", Durability::PowerLoss),
            ("apply of 100 puts, process crash", Durability::ProcessCrash),
        ] {
            let apply = |side: &Rewriter<'_>| {
                side.write(100, flushes, |contender, chunk| contender.apply(chunk, durability))
            };
            self.row(op, flushes, || apply(&raw), || apply(&arbour))?;
        }
        Ok(())
    }
}

/// The number of entries that are overwritten.
const REWRITTEN_MAX: usize = 20_000;

/// A contender whose entries are overwritten, each time with other values.
struct Rewriter<'c> {
    contender: &'c dyn Contender,
    versions: [Vec<Entry>; 2],
    turn: Cell<usize>,
}

impl<'c> Rewriter<'c> {
    fn new(contender: &'c dyn Contender, entries: &[Entry]) -> Self {
        let versions = [1, 2].map(|version| workload::rewritten(entries, version));
        Self { contender, versions, turn: Cell::new(0) }
    }

    /// Times `count` writes of this many puts each; no background work is left before and after.
    fn write(
        &self,
        puts: usize,
        count: usize,
        write: impl Fn(&dyn Contender, &[Entry]) -> Result<()>,
    ) -> Result<Duration> {
        let turn = self.turn.replace(self.turn.get() + 1);
        let [first, second] = &self.versions;
        // If there are fewer entries than writes, the next round uses another version too.
        let rounds = (turn..)
            .flat_map(|round| if round % 2 == 0 { first } else { second }.chunks_exact(puts));
        self.contender.settle()?;
        let taken = time(|| rounds.take(count).try_for_each(|chunk| write(self.contender, chunk)))?;
        self.contender.settle()?;
        Ok(taken)
    }
}
