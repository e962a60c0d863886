//! A writer that is killed again and again.

use std::path::Path;

use arbour_core::{Durability, KvStore, Result, StoreOptions};

use super::workload::{Replay, commit, last_number};
use crate::harness::{Factory, Killer, Part, say};

/// The number of kills, unless `ARBOUR_KILLS` sets another.
const KILLS: u64 = 10;

/// How many commits a writer reports at most before it is killed.
const COMMITS_MAX: u64 = 40;

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
    let mut killer = Killer::new(test, KILLS, COMMITS_MAX)?;
    let path = killer.path("store");
    let mut replay = Replay::new(killer.seed());
    let mut acknowledged = 0;
    while killer.wants_another() {
        let killed = killer.kill_next(&path)?;
        assert!(!killed.is_finished, "the writer ended before it was killed");
        acknowledged += killed.lines.len();
        check(factory, &path, killer.seed(), &mut replay, Heard::of(&killed.lines))?;
    }
    println!("{killer}; {acknowledged} commits acknowledged");
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
    newest: u64,
    /// The last one at `ProcessCrash` or above.
    durable: u64,
}

impl Heard {
    fn of(lines: &[String]) -> Self {
        let mut heard = Self::default();
        for line in lines {
            let mut words = line.split(' ').skip(1);
            let number = words.next().and_then(|number| number.parse().ok());
            heard.newest = number.expect("a writer acknowledges a number");
            if words.next() != Some(Durability::None.to_string().as_str()) {
                heard.durable = heard.newest;
            }
        }
        heard
    }
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
