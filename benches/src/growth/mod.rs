//! How the cost of one operation grows with the contents of a store.
//!
//! Each case does the same operation in stores that hold 1, 4, 16 and 64 times as much of one
//! thing: entries, deleted keys, snapshots, handles, documents of one title, dead letters. A cost
//! that is constant or logarithmic stays within the bound; an operation that walks over everything
//! costs sixty-four times as much in the end.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arbour_core::{KvStore, Result, StoreOptions};
use serde::Serialize;

use crate::scratch::Scratch;
use crate::subject::{Memory, Native, Subject, Visit, is_asked_for, visit_each};

mod contract;
mod documents;
mod events;
mod migrations;
mod raw;

/// The maximum factor by which a cost may grow from the smallest to the largest size.
///
/// ```
/// assert!(arbour_benches::growth::BOUND < 64.0);
/// ```
pub const BOUND: f64 = 1.5;

/// The sizes of most cases. A case with expensive preparation uses a part of them.
const SIZES: [u64; 4] = [1_000, 4_000, 16_000, 64_000];

/// A run that takes longer than this is not repeated with the next size, because its growth is
/// known by then.
const LONG: Duration = Duration::from_secs(10);

/// How long rounds are added to a figure, including the time to fill their stores.
const PATIENCE: Duration = Duration::from_secs(3);

/// How much time is measured for each figure, because a single moment depends on the contents of
/// the caches.
const ENOUGH: Duration = Duration::from_millis(60);

/// The maximum number of rounds for that.
const ROUNDS_MAX: usize = 200;

/// What is measured.
///
/// ```
/// assert_eq!(arbour_benches::growth::TOPICS.len(), 4);
/// ```
pub const TOPICS: [&str; 4] = ["contract", "documents", "events", "migrations"];

/// How the cost of one operation of one engine grew.
///
/// ```
/// use arbour_benches::growth::Growth;
/// let costs = vec![(1_000, 200.0), (64_000, 280.0)];
/// let growth = Growth { engine: "redb", operation: "get", by: "entries", costs, is_bound: true };
/// assert!((growth.factor() - 1.4).abs() < 1e-9 && growth.is_within_bound());
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Growth {
    /// The engine.
    pub engine: &'static str,
    /// The operation.
    pub operation: &'static str,
    /// What grows.
    pub by: &'static str,
    /// The sizes, and the cost of one operation at each, in nanoseconds.
    pub costs: Vec<(u64, f64)>,
    /// Whether the bound applies; the engine's own growth is only shown.
    pub is_bound: bool,
}

impl Growth {
    /// Returns how many times as expensive the operation is at the largest size.
    ///
    /// ```
    /// use arbour_benches::growth::Growth;
    /// let growth = Growth { engine: "redb", operation: "get", by: "entries", costs: vec![], is_bound: true };
    /// assert!(growth.factor().is_nan());
    /// ```
    #[must_use]
    pub fn factor(&self) -> f64 {
        match (self.costs.first(), self.costs.last()) {
            (Some((_, first)), Some((_, last))) => last / first,
            _ => f64::NAN,
        }
    }

    /// Tells whether the growth is within the bound.
    ///
    /// ```
    /// use arbour_benches::growth::Growth;
    /// let costs = vec![(1_000, 1.0), (64_000, 64.0)];
    /// let growth = Growth { engine: "redb", operation: "get", by: "entries", costs, is_bound: true };
    /// assert!(!growth.is_within_bound());
    /// ```
    #[must_use]
    pub fn is_within_bound(&self) -> bool {
        !self.is_bound || self.factor() <= BOUND
    }
}

/// The number of timed operations, and their total time.
struct Work {
    operations: u64,
    taken: Duration,
}

/// Does something once and returns how many operations that was.
fn time(operations: u64, work: impl FnOnce() -> Result<()>) -> Result<Work> {
    let (began, began_running) = (Instant::now(), running());
    work()?;
    let taken = match (began_running, running()) {
        (Some(before), Some(after)) => after.saturating_sub(before),
        _ => began.elapsed(),
    };
    Ok(Work { operations, taken })
}

/// Repeats something until it has taken long enough to be measured.
fn time_steady(times: u64, mut work: impl FnMut() -> Result<()>) -> Result<Work> {
    let mut whole = Work { operations: 0, taken: Duration::ZERO };
    let began = Instant::now();
    while whole.operations == 0 || whole.taken < ENOUGH && began.elapsed() < 8 * ENOUGH {
        let rounds = if whole.operations == 0 { 1 } else { 16 };
        let more = time(rounds * times, || (0..rounds).try_for_each(|_| work()))?;
        whole.operations += more.operations;
        whole.taken += more.taken;
    }
    Ok(whole)
}

/// The processor time of this thread, if the system provides it: the load of other programs must
/// not look like growth. No case waits for a device.
#[cfg(unix)]
fn running() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let (seconds, nanoseconds) = (time.tv_sec.try_into().ok()?, time.tv_nsec.try_into().ok()?);
    Some(Duration::new(seconds, nanoseconds))
}

#[cfg(not(unix))]
fn running() -> Option<Duration> {
    None
}

/// An operation whose growth is measured.
struct Case<S> {
    operation: &'static str,
    by: &'static str,
    /// The sizes are divided by this, depending on how expensive it is to make one of the things
    /// that grow.
    fewer: u64,
    /// Fills a new store up to a size and times the operation in it.
    run: fn(&Arc<S>, u64) -> Result<Work>,
}

impl<S> Case<S> {
    fn new(
        operation: &'static str,
        by: &'static str,
        run: fn(&Arc<S>, u64) -> Result<Work>,
    ) -> Self {
        Self { operation, by, fewer: 1, run }
    }

    fn fewer(mut self, fewer: u64) -> Self {
        self.fewer = fewer;
        self
    }
}

/// Which cases to measure.
///
/// ```
/// let all = arbour_benches::growth::Asked::default();
/// assert!(all.engines.is_empty() && all.operation.is_empty());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The engines; all if none is named.
    pub engines: Vec<String>,
    /// The topics; all if none is named.
    pub topics: Vec<String>,
    /// A part of the name of an operation.
    pub operation: String,
}

/// Measures the requested cases. Each figure is the average of this many rounds or more, each in a
/// store of its own.
///
/// # Errors
/// What a store reports.
///
/// ```no_run
/// let asked = arbour_benches::growth::Asked { operation: "get".to_owned(), ..Default::default() };
/// arbour_benches::growth::measure(3, &asked, &mut |growth| {
///     println!("{} {}: {:.2}", growth.operation, growth.by, growth.factor());
/// })?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub fn measure(rounds: usize, asked: &Asked, report: &mut dyn FnMut(Growth)) -> Result<()> {
    let mut grower = Grower { rounds, asked, report };
    if is_asked_for(Memory::NAME, &asked.engines) {
        grower.show::<Memory>("get, map of the standard library", "entries", raw::map_get)?;
        grower.grow::<Memory>()?;
    }
    visit_each(&asked.engines, &mut grower)
}

struct Grower<'r> {
    rounds: usize,
    asked: &'r Asked,
    report: &'r mut dyn FnMut(Growth),
}

impl Visit for Grower<'_> {
    fn visit<N: Native>(&mut self) -> Result<()> {
        self.show::<N>("get, engine alone", "entries", raw::get::<N>)?;
        self.show::<N>("put over, engine alone", "entries", raw::put_over::<N>)?;
        self.show::<N>("batch, engine alone, per put", "puts", raw::batch::<N>)?;
        self.grow::<N>()
    }
}

impl Grower<'_> {
    /// Shows the growth of things other than Arbour. No bound applies to it.
    fn show<E: Subject>(
        &mut self,
        operation: &'static str,
        by: &'static str,
        measure: impl FnOnce(usize) -> Result<Vec<(u64, f64)>>,
    ) -> Result<()> {
        if self.is_topic("contract") && operation.contains(&self.asked.operation) {
            let costs = measure(self.rounds)?;
            (self.report)(Growth { engine: E::NAME, operation, by, costs, is_bound: false });
        }
        Ok(())
    }

    fn is_topic(&self, topic: &str) -> bool {
        is_asked_for(topic, &self.asked.topics)
    }

    fn grow<E: Subject>(&mut self) -> Result<()> {
        let mut cases = Vec::new();
        if self.is_topic("contract") {
            cases.extend(contract::cases());
        }
        if self.is_topic("documents") {
            cases.extend(documents::cases());
        }
        if self.is_topic("events") {
            cases.extend(events::cases());
        }
        if self.is_topic("migrations") {
            cases.extend(migrations::cases());
        }
        cases.retain(|case: &Case<_>| case.operation.contains(&self.asked.operation));
        let scratch = Scratch::new()?;
        for case in cases {
            let mut costs = Vec::new();
            for size in SIZES.map(|size| (size / case.fewer).max(1)) {
                let (cost, longest) = self.cost::<E>(&case, &scratch.store("store")?, size)?;
                costs.push((size, cost));
                if longest > LONG {
                    break;
                }
            }
            let Case { operation, by, .. } = case;
            (self.report)(Growth { engine: E::NAME, operation, by, costs, is_bound: true });
        }
        Ok(())
    }

    /// Returns the average cost of one operation, and the duration of the longest round.
    fn cost<E: Subject>(
        &self,
        case: &Case<E::Store>,
        path: &Path,
        size: u64,
    ) -> Result<(f64, Duration)> {
        let (mut operations, mut taken, mut longest) = (0, Duration::ZERO, Duration::ZERO);
        let began_all = Instant::now();
        for round in 0..ROUNDS_MAX {
            let began = Instant::now();
            let path = path.with_extension(round.to_string());
            let store = Arc::new(E::open(&path, &StoreOptions::new())?);
            let work = (case.run)(&store, size)?;
            store.close()?;
            operations += work.operations;
            taken += work.taken;
            longest = longest.max(began.elapsed());
            let is_enough =
                round + 1 >= self.rounds && (taken >= ENOUGH || began_all.elapsed() > PATIENCE);
            if is_enough || longest > LONG {
                break;
            }
        }
        Ok((taken.as_nanos() as f64 / operations.max(1) as f64, longest))
    }
}
