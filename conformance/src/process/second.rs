//! Two processes and one store.

use arbour_core::{Durability, KvStore, KvWrite, Result, StoreOptions};

use crate::harness::{Factory, Part, assert_refused, new_folder, say, start_beside, start_patient};

/// The child's report when it could open the store.
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
    let folder = new_folder()?;
    let path = folder.path().join("store");
    let store = factory.open(&path, &StoreOptions::new())?;
    let tree = store.tree("t")?;
    write(&store, b"by the parent")?;

    if store.capabilities().multi_process {
        let said = start_beside(test, &path)?.finish()?;
        assert_eq!(said, [DONE], "several processes may have the store open");
        let beside = store.get(&tree, b"by the child")?;
        assert!(beside.is_some(), "what the other process committed is to be seen");
    } else {
        assert_refused(test, &path)?;
    }
    // The refused process has done no harm.
    write(&store, b"by the parent again")?;
    store.close()?;
    drop(store);

    let said = start_patient(test, &path)?.finish()?;
    assert_eq!(said, [DONE], "a store that was closed is free");
    let store = factory.open(&path, &StoreOptions::new())?;
    let tree = store.tree("t")?;
    for key in [&b"by the parent"[..], b"by the parent again", b"by the child"] {
        let found = store.get(&tree, key)?;
        assert!(found.is_some(), "{} is missing", key.escape_ascii());
    }
    Ok(())
}

/// The child's role: opens the store and writes to it.
fn write_beside<F: Factory>(factory: &F, part: &Part) -> Result<()> {
    let Some(store) = part.open_beside(factory)? else { return Ok(()) };
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
