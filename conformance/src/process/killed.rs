//! A writer killed again and again.

use std::path::Path;
use std::thread;
use std::time::Duration;

use arbour_core::{Durability, KvStore, Result, StoreOptions};
use tempfile::TempDir;

use super::workload::{Replay, commit, last_number};
use super::{Part, Running, io, say};
use crate::Factory;
use crate::random::{Random, number_from, seed};

/// How many kills unless `ARBOUR_KILLS` says otherwise.
const KILLS: u64 = 10;

/// Kills a writing process at random moments, and panics if the store then lacks a transaction
/// that was acknowledged as durable, or holds one by half: what the test
/// `process::killed_writer_loses_nothing` does.
///
/// The child commits numbered transactions of mixed durability over several trees and tells of
/// each when its commit has returned. After the kill the store has to hold exactly the
/// transactions up to some number: none less than the last one acknowledged at
/// [`ProcessCrash`](Durability::ProcessCrash) or above, in all trees alike. It has to take
/// another one, and then the next child goes on. Some children are killed while they open the
/// store, before they wrote; those do not count.
///
/// `test` is the test's own path: `module_path!()` and its name. The environment variable
/// `ARBOUR_KILLS` sets how often is killed (10 times else; 200 for a long run), `ARBOUR_SEED`
/// the seed. The seed repeats what is written, but no run repeats the moment of a kill.
///
/// A killed process takes nothing of what the operating system was given along: this proves
/// nothing about the loss of power.
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

/// The child's part: it never ends by itself, but for an error.
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
    /// The last at `ProcessCrash` or above.
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

/// Kills after some acknowledgements and a moment more, so that it falls anywhere in a commit;
/// or, one time in six, a moment after the start.
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
    // Usable and writable, and what is written now stays.
    commit(&store, seed, last + 1, Some(Durability::PowerLoss))?;
    replay.advance_to(last + 1);
    replay.check(&store)?;
    store.close()
}
