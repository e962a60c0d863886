//! Running one test on one engine.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::{ExitCode, Termination};

use arbour_core::engine::TreeName;
use arbour_core::{DynStore, ErrorKind, KvRead as _, KvStore as _, Result};

use super::test_store::TestStore;

/// Runs a test with a new store of an engine. If the test fails, this prints what the store holds. If
/// it passes, the store is closed and opened again, and has to hold the same trees with as many
/// entries, unless it is one in memory or the test has closed it.
///
/// [`#[arbour::test]`](macro@crate::test) calls this for each engine.
///
/// # Panics
/// If the test fails, or the store cannot be opened.
///
/// ```
/// use arbour::{KvStore, testing};
/// testing::run("memory", |store| {
///     let users = store.tree("users")?;
///     store.put(&users, b"ada", b"1815")
/// });
/// ```
pub fn run<R: Termination>(engine: &str, test: impl FnOnce(&mut TestStore) -> R) {
    let mut store = match TestStore::open(engine) {
        Ok(store) => store,
        Err(error) => resume_unwind(reported(format!("the test has no store: {error}"))),
    };
    let ended = catch_unwind(AssertUnwindSafe(|| test(&mut store).report()));
    let failure = match ended {
        Ok(ExitCode::SUCCESS) => match check_reopened(&mut store) {
            Ok(()) => return,
            Err(failure) => reported(failure),
        },
        // An error that the test returned is printed by its report.
        Ok(_) => reported("the test failed".to_owned()),
        // The panic hook has printed the message already.
        Err(panic) => panic,
    };
    eprintln!("{store}");
    resume_unwind(failure)
}

/// Prints why a test fails, and returns it as the payload of a panic.
fn reported(failure: String) -> Box<dyn Any + Send> {
    eprintln!("{failure}");
    Box::new(failure)
}

/// Closes and opens the store, and checks that it holds as much as before.
fn check_reopened(store: &mut TestStore) -> Result<(), String> {
    let before = match sizes(store) {
        Err(error) if error.kind() == ErrorKind::Closed => return Ok(()),
        before => before.map_err(|error| format!("the store cannot be read: {error}"))?,
    };
    store.reopen().map_err(|error| format!("the store cannot be opened again: {error}"))?;
    let after = sizes(store).map_err(|error| format!("the store cannot be read again: {error}"))?;
    if store.capabilities().persistent && before != after {
        return Err(format!(
            "the store held other trees before it was opened again, with these entries: {before:?}"
        ));
    }
    Ok(())
}

/// Returns the number of entries of each tree.
fn sizes(store: &DynStore) -> Result<BTreeMap<String, u64>> {
    let snapshot = store.snapshot()?;
    let sizes = snapshot.trees()?.into_iter().map(|name| {
        let tree = store.open_tree(TreeName::stored(&name)?)?;
        let entries = snapshot.len(&tree)?;
        Ok((name, entries))
    });
    sizes.collect()
}
