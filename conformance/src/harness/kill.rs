//! A process that is killed again and again.

use std::fmt;
use std::iter;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use arbour_core::Result;
use tempfile::TempDir;

use super::child::Running;
use super::folder::new_folder;
use crate::random::{Random, number_from, seed};

/// A child that has reported enough runs on for less than this before it is killed, so that the
/// kill falls anywhere in its work.
const PAUSE_MAX_MICROS: u64 = 4_000;

/// One child in this many is killed without waiting for a report, while it starts and opens the
/// store.
const EARLY_ONE_IN: u64 = 6;

/// How long after its start such a child is killed at the latest.
const EARLY_MAX_MICROS: u64 = 20_000;

/// With more children in a row that could not be killed at work, the test gives up.
const FUTILE_MAX: u64 = 20;

/// The exit code of a test that panicked.
const PANICKED: i32 = 101;

/// Starts children and kills them at random moments. The seed is that of `ARBOUR_SEED`; it repeats
/// what the children do, but not the moment of a kill.
pub(crate) struct Killer<'t> {
    test: &'t str,
    lines_max: u64,
    kills_wanted: u64,
    kills: u64,
    early: u64,
    /// How many children since the last kill could not be killed at work.
    futile: u64,
    seed: u64,
    random: Random,
    folder: TempDir,
}

/// What a child reported before it died.
pub(crate) struct Killed {
    /// All the lines it printed.
    pub(crate) lines: Vec<String>,
    /// Whether it ended by itself before it was killed.
    pub(crate) is_finished: bool,
}

impl<'t> Killer<'t> {
    /// Kills children that run `test`. `kills` is the number of kills unless `ARBOUR_KILLS` sets
    /// another. A child is killed after at most `lines_max` reports.
    pub(crate) fn new(test: &'t str, kills: u64, lines_max: u64) -> Result<Self> {
        let seed = seed();
        println!("ARBOUR_SEED={seed}");
        Ok(Self {
            test,
            lines_max,
            kills_wanted: number_from("ARBOUR_KILLS").unwrap_or(kills),
            kills: 0,
            early: 0,
            futile: 0,
            seed,
            random: Random::new(seed),
            folder: new_folder()?,
        })
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// Returns a path in the folder of the test.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Tells whether fewer children were killed than wanted. Those that were killed before they
    /// reported anything do not count.
    pub(crate) fn wants_another(&self) -> bool {
        self.kills < self.kills_wanted
    }

    /// Starts a child on the store at `path`, and kills it unless it ends before.
    pub(crate) fn kill_next(&mut self, path: &Path) -> Result<Killed> {
        let mut child = Running::start(self.test, path, self.seed)?;
        let mut lines = Vec::new();
        if self.random.one_in(EARLY_ONE_IN) {
            self.pause(EARLY_MAX_MICROS);
        } else {
            let wanted = 1 + self.random.below(self.lines_max) as usize;
            lines.extend(iter::from_fn(|| child.listen()).take(wanted));
            self.pause(PAUSE_MAX_MICROS);
        }
        let status = child.kill()?;
        assert_ne!(status.code(), Some(PANICKED), "the child panicked, having said {lines:?}");
        // What it printed before it died counts too, although it was not waited for.
        lines.extend(iter::from_fn(|| child.listen()));
        let is_finished = status.code() == Some(0);
        if !is_finished && !lines.is_empty() {
            self.kills += 1;
            self.futile = 0;
        } else {
            self.early += u64::from(!is_finished);
            self.futile += 1;
        }
        assert!(
            self.futile <= FUTILE_MAX,
            "no child in a row of {} could be killed at work: {self}",
            self.futile
        );
        Ok(Killed { lines, is_finished })
    }

    fn pause(&mut self, micros_max: u64) {
        thread::sleep(Duration::from_micros(self.random.below(micros_max)));
    }
}

/// Says how many children were killed.
impl fmt::Display for Killer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} killed at work, {} before", self.kills, self.early)
    }
}

impl Killed {
    /// Returns the numbers that the child reported, in order.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u64> {
        self.lines.iter().map(|line| line.parse().expect("a child reports a number"))
    }
}
