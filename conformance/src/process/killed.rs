//! A writer that is killed again and again.

use std::path::Path;
use std::thread;
use std::time::Duration;

use arbour_core::{Durability, KvStore, Result, StoreOptions};
use tempfile::TempDir;

use super::workload::{Replay, commit, last_number};
use super::{Part, Running, io, say};
use crate::Factory;
use crate::random::{Random, number_from, seed};

/// The number of kills, unless `ARBOUR_KILLS` sets another.
const KILLS: u64 = 10;

/// Kills a writing process at random moments, and panics if the store then lacks a transaction that
/// was acknowledged as durable, or holds a part of one. The test
/// `process::killed_writer_loses_nothing` calls it.
///
/// The child commits numbered transactions of mixed durability over several trees and reports each
/// one when its commit has returned. After the kill the store has to hold exactly the transactions
/// up to some number, in all trees, and at least those up to the last one acknowledged at
/// [`ProcessCrash`](Durability::ProcessCrash) or above. It has to accept another transaction, and
/// then the next child continues. Some children are killed while they open the store, before they
/// write; those do not count.
///
/// `test` is the test's own path: `module_path!()` and its name. The environment variable
/// `ARBOUR_KILLS` sets the number of kills (default 10; 200 for a long run), `ARBOUR_SEED` the
/// seed. The seed repeats what is written, but not the moment of a kill.
///
/// Killing a process does not lose data that the operating system already has, so this proves
/// nothing about a loss of power.
///
/// ```no_run
/// use arbour_conformance::{BTreeFactory, process};
/// #[test]
/// fn killed() -> arbour_core::Result<()> {
///     let test = concat!(module_path!(), "::killed");
///     process::killed_writer_loses_nothing(&BTreeFactory, test)
/// }
/// ```
///
/// # Errors
/// What the engine reports.
pub fn killed_writer_loses_nothing<F: Factory>(factory: &F, test: &str) -> Result<()> {
    if let Some(part) = Part::of_this_process() {
        return write_until_killed(factory, &part);
    }
    let kills_wanted = number_from("ARBOUR_KILLS").unwrap_or(KILLS);
    let seed = seed();
    println!("ARBOUR_SEED={seed}");
    let mut random = Random::new(seed);
    let folder = TempDir::with_prefix("arbour-killed-").map_err(io)?;
    let path = folder.path().join("store");
    let mut replay = Replay::new(seed);
    let (mut kills, mut early, mut acknowledged) = (0, 0, 0);
    while kills < kills_wanted {
        let heard = run_and_kill(test, &path, seed, &mut random)?;
        check(factory, &path, seed, &mut replay, heard)?;
        acknowledged += heard.count;
        if heard.count > 0 { kills += 1 } else { early += 1 }
    }
    println!("{kills} killed while writing, {early} before; {acknowledged} commits acknowledged");
    assert_eq!(kills, kills_wanted, "every writer has to be killed while it writes");
    Ok(())
}

/// The child's role: it never ends by itself, except on an error.
fn write_until_killed<F: Factory>(factory: &F, part: &Part) -> Result<()> {
    let store = part.open(factory)?;
    let mut number = last_number(&store)?;
    loop {
        number += 1;
        let durability = commit(&store, part.seed, number, None)?;
        say(format_args!("ack {number} {durability}"))?;
    }
}

/// What a writer acknowledged before it died.
#[derive(Clone, Copy, Default)]
struct Heard {
    count: u64,
    newest: u64,
    /// The last one at `ProcessCrash` or above.
    durable: u64,
}

impl Heard {
    fn note(&mut self, line: &str) {
        let mut words = line.split(' ').skip(1);
        let number = words.next().and_then(|number| number.parse().ok());
        let durability = words.next();
        self.newest = number.expect("a writer acknowledges a number");
        self.count += 1;
        if durability != Some(Durability::None.to_string().as_str()) {
            self.durable = self.newest;
        }
    }
}

/// Kills after some acknowledgements and a short delay, so that the kill falls anywhere in a
/// commit; one time in six, shortly after the start instead.
fn run_and_kill(test: &str, path: &Path, seed: u64, random: &mut Random) -> Result<Heard> {
    let mut writer = Running::start(test, path, seed)?;
    let mut heard = Heard::default();
    if random.one_in(6) {
        thread::sleep(Duration::from_micros(random.below(20_000)));
    } else {
        for _ in 0..=random.below(40) {
            let line = writer.listen();
            heard.note(&line.expect("a writer goes on until it is killed"));
        }
        thread::sleep(Duration::from_micros(random.below(3_000)));
    }
    let status = writer.kill()?;
    let by_itself = matches!(status.code(), Some(0 | 101));
    assert!(!by_itself, "the writer ended before it was killed: {status}");
    while let Some(line) = writer.listen() {
        heard.note(&line);
    }
    Ok(heard)
}

fn check<F: Factory>(
    factory: &F,
    path: &Path,
    seed: u64,
    replay: &mut Replay,
    heard: Heard,
) -> Result<()> {
    let before = replay.number();
    let store = factory.open(path, &StoreOptions::new())?;
    let last = last_number(&store)?;
    let durable = heard.durable.max(before);
    assert!(
        last >= durable,
        "transaction {durable} was acknowledged as durable, but the last in the store is {last}"
    );
    let newest = heard.newest.max(before);
    assert!(last <= newest + 1, "{last} is in the store, but {newest} was the last committed");
    replay.advance_to(last);
    replay.check(&store)?;
    // The store is usable and writable, and new writes stay.
    commit(&store, seed, last + 1, Some(Durability::PowerLoss))?;
    replay.advance_to(last + 1);
    replay.check(&store)?;
    store.close()
}
