//! Durability: a commit survives no less than was requested.
//!
//! A copy of an open store's files is what the death of the process would leave. What a loss of
//! power would leave cannot be tested here.

use arbour_core::{Batch, Durability, KvStore, KvWrite, Result, StoreOptions, Tree};

use super::claims::{commit, everything, make};
use super::files::copy_files;
use crate::{Bed, Factory};

/// The levels of an engine are sorted; they include the strongest if it persists, and are empty if
/// it does not. Each requested level is rounded up. Case 100.
pub(super) fn never_lowered<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let capabilities = bed.capabilities();
    let levels = &capabilities.durability;
    assert!(levels.is_sorted_by(|weaker, stronger| weaker < stronger), "{levels:?}");
    assert_eq!(levels.is_empty(), !capabilities.persistent, "{levels:?}");
    for requested in Durability::ALL {
        let effective = capabilities.effective_durability(requested);
        assert_eq!(effective.is_some(), capabilities.persistent, "of {requested}");
        assert!(effective.is_none_or(|level| level >= requested), "{requested} was lowered");
        assert!(effective.is_none_or(|level| levels.contains(&level)), "of {requested}");
    }
    if !capabilities.persistent {
        bed.negative();
    }
    Ok(())
}

/// Commits and batches of every level are visible at once, and present after a clean close, each
/// without a later commit to flush it. Case 100.
pub(super) fn clean_close_keeps_every_level<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let persistent = bed.capabilities().persistent;
    for durability in Durability::ALL {
        for batched in [false, true] {
            let t = bed.tree("t")?;
            let key = format!("{durability}, batched {batched}");
            write_at(bed.store(), &t, durability, batched, &key)?;
            let seen = bed.store().get(&t, key.as_bytes())?;
            assert_eq!(seen.as_deref(), Some(&b"1"[..]), "{key}: not visible at once");
            bed.reopen()?;
            let found = bed.store().get(&bed.tree("t")?, key.as_bytes())?;
            assert_eq!(found.is_some(), persistent, "{key}: after a clean close");
        }
    }
    if !persistent {
        bed.negative();
    }
    Ok(())
}

fn write_at<S: KvStore>(
    store: &S,
    tree: &Tree,
    durability: Durability,
    batched: bool,
    key: &str,
) -> Result<()> {
    if batched {
        let mut batch = Batch::new();
        batch.put(tree, key.as_bytes(), b"1");
        store.apply(batch, durability)
    } else {
        store.write_with(durability, |transaction| transaction.put(tree, key.as_bytes(), b"1"))
    }
}

/// Opens what would be left of the open store if the process died now, and returns the entries of a
/// tree.
fn left<F: Factory>(bed: &Bed<F>, name: &str, tree: &str) -> Result<String> {
    // A server outlives the process, and shows the same store to another one.
    let path = if bed.capabilities().remote {
        bed.path().to_owned()
    } else {
        let copy = bed.other_path(name);
        copy_files(bed.path(), &copy)?;
        copy
    };
    let store = bed.factory().open(&path, &StoreOptions::new())?;
    let found = everything(&store.snapshot()?, &store.tree(tree)?)?;
    store.close()?;
    Ok(found)
}

/// A commit that has to survive the process has left it when it returns. Case 98. An engine that
/// keeps its log in a buffer of its own loses the commit here.
pub(super) fn commits_outlive_the_process<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    if !bed.capabilities().persistent {
        commit(bed.store(), &bed.tree("t")?, "a=1")?;
        assert_eq!(left(bed, "left", "t")?, "", "what does not persist was found");
        bed.negative();
        return Ok(());
    }
    let (store, t) = (bed.store(), bed.tree("t")?);
    for (name, durability) in [("crash", Durability::ProcessCrash), ("loss", Durability::PowerLoss)]
    {
        store.write_with(durability, |transaction| make(transaction, &t, "-a b=1 c=1"))?;
        assert_eq!(left(bed, name, "t")?, "b=1 c=1", "a commit at {durability}");
        write_at(store, &t, durability, true, "a")?;
        assert_eq!(left(bed, &format!("{name}, batch"), "t")?, "a=1 b=1 c=1", "{durability}");
    }
    // Uncommitted writes are in no copy, however many there are.
    let mut transaction = store.begin()?;
    for number in 0..2000_u32 {
        transaction.put(&t, &number.to_be_bytes(), &[7; 200])?;
    }
    assert_eq!(left(bed, "uncommitted", "t")?, "a=1 b=1 c=1", "beside a transaction");
    transaction.rollback()
}

/// After `sync`, even commits without durability survive the death of the process.
pub(super) fn sync_makes_durable<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (bed.store(), bed.tree("t")?);
    store.sync()?;
    for key in ["a", "b", "c"] {
        write_at(store, &t, Durability::None, key == "b", key)?;
    }
    store.sync()?;
    if !bed.capabilities().persistent {
        bed.negative();
        return Ok(());
    }
    assert_eq!(left(bed, "synced", "t")?, "a=1 b=1 c=1");
    bed.store().sync()?;
    assert_eq!(left(bed, "synced twice", "t")?, "a=1 b=1 c=1");
    Ok(())
}
