//! What a snapshot that is held for long costs concurrent writers.
//!
//! Two stores of one engine are written in turn, each for a while; one of them has a snapshot that
//! lives all the time. Both have the same entries, and the same few of them are overwritten
//! repeatedly. So the snapshot has to keep the earlier value of each, once, no matter how often it
//! changes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use arbour_core::{Durability, Result, StoreOptions};
use serde::Serialize;

use crate::comparison::median;
use crate::contender::Contender;
use crate::scratch::Scratch;
use crate::subject::{Memory, Native, Subject, Visit, contend, is_asked_for, visit_each};
use crate::workload;

/// How long the writes go on, and what is written.
///
/// ```
/// use arbour_benches::held_snapshot::Load;
/// assert_eq!(Load::FULL.held.as_secs(), 60);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How long the writes go on in the store with the snapshot.
    pub held: Duration,
    /// How long one store is written before the other's turn.
    pub window: Duration,
    /// How many entries the stores hold.
    pub entries: u64,
    /// How many of them are overwritten.
    pub changed: u64,
    /// How durable each write is.
    pub durability: Durability,
    /// Whether the engine's own API is used instead of Arbour.
    pub raw: bool,
}

impl Load {
    /// The scale of published figures: one minute, every tenth of 100,000 entries.
    ///
    /// ```
    /// use arbour_benches::held_snapshot::Load;
    /// assert!(Load::FULL.changed < Load::FULL.entries);
    /// ```
    pub const FULL: Self = Self {
        held: Duration::from_secs(60),
        window: Duration::from_millis(500),
        entries: 100_000,
        changed: 10_000,
        durability: Durability::PowerLoss,
        raw: false,
    };
}

/// What was observed of one engine.
///
/// ```
/// use arbour_benches::held_snapshot::{Load, measure};
/// use std::time::Duration;
/// let load = Load { held: Duration::from_millis(50), window: Duration::from_millis(10), ..Load::FULL };
/// let mut seen = Vec::new();
/// measure(load, &["memory".to_owned()], &mut |held| seen.push(held))?;
/// assert_eq!(seen[0].engine, "memory");
/// assert!(seen[0].writes > 0);
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Held {
    /// The engine.
    pub engine: &'static str,
    /// Whether its own API was used.
    pub raw: bool,
    /// The number of writes beside the snapshot.
    pub writes: u64,
    /// Writes per second without a snapshot: the median of the windows.
    pub free_rate: f64,
    /// Writes per second beside the snapshot: the median of the windows.
    pub held_rate: f64,
    /// The median of the ratios of neighbouring windows: with the snapshot to without.
    pub ratio: f64,
    /// The memory of the process in bytes: before, after a quarter, half, three quarters, and at
    /// the end.
    pub resident: [u64; 5],
    /// How many bytes the files without a snapshot grew.
    pub free_growth: u64,
    /// How many bytes the files grew beside the snapshot.
    pub held_growth: u64,
    /// The number of old values that Arbour keeps in memory, if it does.
    pub values_kept: Option<usize>,
    /// The maximum bytes of memory that the changed entries may take.
    #[serde(skip)]
    pub resident_growth_max: u64,
}

/// The memory that a changed entry may take: three times its key, its value and what is needed to
/// find them.
const CHANGED_BYTES_MAX: u64 = 1024;

/// The cache of each store, so that it is full early and does not look like kept values.
const CACHE_BYTES: usize = 16 << 20;

impl Held {
    /// Tells whether writers slow down by at most a tenth.
    ///
    /// ```
    /// use arbour_benches::held_snapshot::{Load, measure};
    /// # use std::time::Duration;
    /// # let moment = Duration::from_millis(10);
    /// # let load = Load { held: moment, window: moment, ..Load::FULL };
    /// measure(load, &["memory".to_owned()], &mut |held| {
    ///     println!("{}: {}", held.engine, held.is_quick());
    /// })?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn is_quick(&self) -> bool {
        self.ratio >= 0.9
    }

    /// Tells whether memory is bounded by the changed entries: once each of them was overwritten,
    /// it does not grow with the number of writes.
    ///
    /// ```
    /// use arbour_benches::held_snapshot::{Load, measure};
    /// # use std::time::Duration;
    /// # let moment = Duration::from_millis(10);
    /// # let load = Load { held: moment, window: moment, ..Load::FULL };
    /// measure(load, &["memory".to_owned()], &mut |held| {
    ///     println!("{}: {}", held.engine, held.is_bounded());
    /// })?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        let [_, _, half, _, end] = self.resident;
        end.saturating_sub(half) <= self.resident_growth_max
    }
}

/// Measures the named engines, or all if none is named.
///
/// # Errors
/// What a store reports.
///
/// ```
/// use arbour_benches::held_snapshot::{Load, measure};
/// # use std::time::Duration;
/// # let moment = Duration::from_millis(10);
/// # let load = Load { held: moment, window: moment, ..Load::FULL };
/// let mut ratio = None;
/// measure(load, &["redb".to_owned()], &mut |held| ratio = Some(held.ratio))?;
/// assert!(ratio.is_some());
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub fn measure(load: Load, asked: &[String], report: &mut dyn FnMut(Held)) -> Result<()> {
    let mut snapshots = Snapshots { load, report };
    if !load.raw && is_asked_for(Memory::NAME, asked) {
        snapshots.arbour::<Memory>()?;
    }
    visit_each(asked, &mut snapshots)
}

struct Snapshots<'r> {
    load: Load,
    report: &'r mut dyn FnMut(Held),
}

impl Visit for Snapshots<'_> {
    fn visit<N: Native>(&mut self) -> Result<()> {
        if !self.load.raw {
            return self.arbour::<N>();
        }
        let create = |path: PathBuf| N::create_raw(&path);
        self.hold(N::NAME, create, |_| None)
    }
}

impl Snapshots<'_> {
    fn arbour<S: Subject>(&mut self) -> Result<()> {
        let options = StoreOptions::new().cache_bytes(CACHE_BYTES);
        self.hold(
            S::NAME,
            |path| contend::<S>(path, &options),
            |contender| S::values_kept(contender.store()),
        )
    }

    fn hold<C: Contender>(
        &mut self,
        engine: &'static str,
        create: impl Fn(PathBuf) -> Result<C>,
        values_kept: impl Fn(&C) -> Option<usize>,
    ) -> Result<()> {
        let (scratch, load) = (Scratch::new()?, self.load);
        let (free_path, held_path) = (scratch.store("free")?, scratch.store("held")?);
        let entries = workload::entries(load.entries);
        let (free_store, held_store) = (create(free_path.clone())?, create(held_path.clone())?);
        let mut free = Side::new(&free_store, load);
        let mut held = Side::new(&held_store, load);
        for side in [&mut free, &mut held] {
            side.store.put(&entries, Durability::PowerLoss)?;
            side.store.settle()?;
            // Both stores are written a little before anything is counted.
            side.write()?;
            side.before = side.writes;
        }
        let (free_before, held_before) = (disk_bytes(&free_path), disk_bytes(&held_path));
        let mut watch = Watch::default();
        let mut kept = None;
        held_store.hold(&mut || {
            watch = take_turns(load, &mut free, &mut held)?;
            kept = values_kept(&held_store);
            Ok(())
        })?;
        let median_of =
            |rate: fn(&(f64, f64)) -> f64| median(watch.rates.iter().map(rate).collect());
        (self.report)(Held {
            engine,
            raw: load.raw,
            writes: held.writes - held.before,
            free_rate: median_of(|(free, _)| *free),
            held_rate: median_of(|(_, held)| *held),
            ratio: median_of(|(free, held)| held / free),
            resident: watch.resident,
            free_growth: disk_bytes(&free_path).saturating_sub(free_before),
            held_growth: disk_bytes(&held_path).saturating_sub(held_before),
            values_kept: kept,
            resident_growth_max: load.changed * CHANGED_BYTES_MAX,
        });
        Ok(())
    }
}

/// What was observed while writing.
#[derive(Default)]
struct Watch {
    resident: [u64; 5],
    /// For each pair of windows: writes per second without a snapshot, and with one.
    rates: Vec<(f64, f64)>,
}

/// Writes both sides in turn, in random order.
fn take_turns(load: Load, free: &mut Side<'_>, held: &mut Side<'_>) -> Result<Watch> {
    let mut watch = Watch { resident: [resident_bytes(); 5], rates: Vec::new() };
    let windows = load.held.as_nanos().div_ceil(load.window.as_nanos().max(1)).max(1) as usize;
    for (window, toss) in workload::random_entries(2, windows).into_iter().enumerate() {
        if toss == 0 {
            let free_rate = free.write()?;
            watch.rates.push((free_rate, held.write()?));
        } else {
            let held_rate = held.write()?;
            watch.rates.push((free.write()?, held_rate));
        }
        let later = watch.resident.iter_mut().skip(((window + 1) * 4).div_ceil(windows));
        later.for_each(|bytes| *bytes = resident_bytes());
    }
    Ok(watch)
}

/// A store that is overwritten.
struct Side<'s> {
    store: &'s dyn Contender,
    load: Load,
    order: Vec<u64>,
    writes: u64,
    /// The number of writes before anything was counted.
    before: u64,
}

impl<'s> Side<'s> {
    fn new(store: &'s dyn Contender, load: Load) -> Self {
        // Larger than the number of entries, so that few are left out.
        let order = workload::random_entries(load.changed, load.changed as usize * 8);
        Self { store, load, order, writes: 0, before: 0 }
    }

    /// Writes entries one by one for the time of a window, and returns the rate per second.
    fn write(&mut self) -> Result<f64> {
        let start = Instant::now();
        let before = self.writes;
        while start.elapsed() < self.load.window {
            let turn = self.writes as usize % self.order.len();
            let entry = self.order.get(turn).copied().unwrap_or(0);
            // A value that differs from the stored one, because SQLite would otherwise do nothing.
            let value = workload::value(self.writes, workload::VALUE_BYTES);
            self.store.apply(&[(workload::key(entry), value)], self.load.durability)?;
            self.writes += 1;
        }
        Ok((self.writes - before) as f64 / start.elapsed().as_secs_f64())
    }
}

/// The memory that this process uses, in bytes; zero if the system does not provide it.
fn resident_bytes() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").ok().and_then(|text| {
        text.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok())
    });
    pages.unwrap_or(0) * 4096
}

/// The size of a store and its additional files, in bytes.
fn disk_bytes(store: &Path) -> u64 {
    fn below(folder: &Path) -> io::Result<u64> {
        let mut bytes = 0;
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            // Engines remove files while they are listed.
            let Ok(about) = entry.metadata() else { continue };
            bytes += if about.is_dir() { below(&entry.path())? } else { about.len() };
        }
        Ok(bytes)
    }
    store.parent().and_then(|folder| below(folder).ok()).unwrap_or(0)
}
