//! Two processes and one store.

use arbour_core::{Durability, KvStore, KvWrite, Result, StoreOptions};
use tempfile::TempDir;

use super::{Part, Running, io, say};
use crate::Factory;

/// The child's report when it could not open the store a second time.
const REFUSED: &str = "refused: Locked";
const DONE: &str = "done";

/// Opens a store in a second process while this one has it open. Panics unless that is refused with
/// [`Locked`](arbour_core::ErrorKind::Locked), or works if the capabilities say that several
/// processes may write. The test `process::second_process_by_manifest` calls it.
///
/// In both cases each process has to find what the other wrote as soon as it may read it.
///
/// `test` is the test's own path: `module_path!()` and its name.
///
/// ```no_run
/// use arbour_conformance::{BTreeFactory, process};
/// #[test]
/// fn second() -> arbour_core::Result<()> {
///     let test = concat!(module_path!(), "::second");
///     process::second_process_by_manifest(&BTreeFactory, test)
/// }
/// ```
///
/// # Errors
/// What the engine reports.
pub fn second_process_by_manifest<F: Factory>(factory: &F, test: &str) -> Result<()> {
    if let Some(part) = Part::of_this_process() {
        return write_beside(factory, &part);
    }
    let folder = TempDir::with_prefix("arbour-second-").map_err(io)?;
    let path = folder.path().join("store");
    let store = factory.open(&path, &StoreOptions::new())?;
    let tree = store.tree("t")?;
    write(&store, b"by the parent")?;

    let said = Running::start(test, &path, 0)?.finish()?;
    if store.capabilities().multi_process {
        assert_eq!(said, [DONE], "several processes may have the store open");
        let beside = store.get(&tree, b"by the child")?;
        assert!(beside.is_some(), "what the other process committed is to be seen");
    } else {
        assert_eq!(said, [REFUSED], "only one process may have the store open");
    }
    // The refused process has done no harm.
    write(&store, b"by the parent again")?;
    store.close()?;
    drop(store);

    let said = Running::start(test, &path, 1)?.finish()?;
    assert_eq!(said, [DONE], "a store that was closed is free");
    let store = factory.open(&path, &StoreOptions::new())?;
    let tree = store.tree("t")?;
    for key in [&b"by the parent"[..], b"by the parent again", b"by the child"] {
        let found = store.get(&tree, key)?;
        assert!(found.is_some(), "{} is missing", key.escape_ascii());
    }
    Ok(())
}

/// The child's role: opens the store and writes to it. The seed says whether the store should be free.
fn write_beside<F: Factory>(factory: &F, part: &Part) -> Result<()> {
    let opened = match part.seed {
        0 => factory.open(&part.path, &StoreOptions::new()),
        _ => part.open(factory),
    };
    let store = match opened {
        Ok(store) => store,
        Err(error) => return say(format_args!("refused: {}", error.kind())),
    };
    let found = store.get(&store.tree("t")?, b"by the parent")?;
    assert!(found.is_some(), "what the other process committed is to be seen");
    write(&store, b"by the child")?;
    store.close()?;
    say(DONE)
}

fn write<S: KvStore>(store: &S, key: &[u8]) -> Result<()> {
    let tree = store.tree("t")?;
    store.write_with(Durability::ProcessCrash, |transaction| transaction.put(&tree, key, b""))
}
