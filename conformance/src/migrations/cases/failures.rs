//! Steps that fail.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use arbour::Result;
use arbour::migrations::{MigrationError, Migrations, Step, StepId};
use arbour_core::{ErrorKind, KeyRange, KvStore};

use super::claims::{
    app, assert_counted, at, counts_rooms, fill_rooms, place, ran, refused, refused_by_store, room,
    traced, traces,
};
use crate::Factory;
use crate::breaking::{Break, Breaking};
use crate::harness::Undisturbed;
use crate::migration_fixture::quick;
use crate::migrations::MigrationBed;

/// Asserts that an error names a step of the group `rooms`, a tree and a key.
fn assert_at(error: &MigrationError, step: u64, tree: &str, key: &str) {
    let place = error.place();
    let found =
        place.map(|at| (at.group.as_str(), &at.step, at.tree.as_deref(), at.key.as_deref()));
    let step = StepId::Number(step);
    assert_eq!(found, Some(("rooms", &step, Some(tree), Some(key))), "{error:?}");
}

/// A program whose second step writes and then does what `fails` does, unless it is repaired.
fn failing(
    is_mended: &Arc<AtomicBool>,
    fails: fn() -> Result<(), Box<dyn std::error::Error + Send + Sync>>,
) -> Migrations {
    let is_mended = Arc::clone(is_mended);
    let step = Step::numbered(2).atomic(move |trees| {
        trees.put("rooms", b"new", b"")?;
        trees.delete("rooms", &room(0))?;
        trees.delete_range("rooms", KeyRange::prefix(b"room 00000"))?;
        trees.put("rooms", b"a\xff\0", b"")?;
        if is_mended.load(Ordering::SeqCst) { Ok(()) } else { fails() }
    });
    app([traced(1), step, traced(3)])
}

/// Case 44. Nothing of a failed step is kept, earlier steps stay, the error says where and keeps
/// its source, the store reads as before, and the next run resumes there.
pub(super) fn error_keeps_nothing<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    #[derive(Debug)]
    struct OwnError;
    impl std::fmt::Display for OwnError {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("no more rooms")
        }
    }
    impl std::error::Error for OwnError {}

    fill_rooms(&**bed.store(), 20)?;
    let is_mended = Arc::default();
    let migrations = failing(&is_mended, || Err(OwnError.into()));
    app([traced(1)]).run(&**bed.store())?;
    let before = bed.contents()?;
    let error = refused(migrations.run(&**bed.store()), "a step that fails");
    assert_at(&error, 2, "rooms", r"a\xff\x00");
    let source = std::error::Error::source(&error);
    assert!(source.is_some_and(|source| source.is::<OwnError>()), "{source:?}");
    bed.settle()?;
    assert_eq!(bed.contents()?, before, "the store reads as before");
    is_mended.store(true, Ordering::SeqCst);
    assert_eq!(ran(&migrations.run(&**bed.store())?), "rooms 2, rooms 3");
    assert_eq!(traces(bed)?, "1 3");
    assert_eq!(bed.get("rooms", &room(0))?, None);
    Ok(())
}

/// The same holds for a step that panics.
pub(super) fn panic_keeps_nothing<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), 20)?;
    let is_mended = Arc::default();
    // Unwinds as a panic does, but prints nothing.
    let migrations = failing(&is_mended, || std::panic::resume_unwind(Box::new("no more rooms")));
    app([traced(1)]).run(&**bed.store())?;
    let before = bed.contents()?;
    let error = refused(migrations.run(&**bed.store()), "a step that panics");
    assert_at(&error, 2, "rooms", r"a\xff\x00");
    let says =
        matches!(&error, MigrationError::Panicked { message, .. } if message == "no more rooms");
    assert!(says, "{error:?}");
    bed.settle()?;
    assert_eq!(bed.contents()?, before, "the store reads as before");
    is_mended.store(true, Ordering::SeqCst);
    assert_eq!(ran(&migrations.run(&**bed.store())?), "rooms 2, rooms 3");
    Ok(())
}

/// An error of the store that a step takes for the end of the entries is not committed. Two of
/// dicebot's steps ended at the first entry that could not be read, and continued.
pub(super) fn swallowed_store_error_fails<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), 4)?;
    let before = bed.contents()?;
    let migrations = || {
        app([Step::numbered(1).atomic(|trees| {
            for number in 0..10 {
                let _ = trees.put("new", &room(number), b"");
            }
            Ok(())
        })])
    };
    // Snapshots, the lease and its commit, and then some puts.
    let mut was_in_step = 0;
    for steps in 1..12 {
        let breaking = Breaking::new(Arc::clone(bed.store()), Break::Before, steps);
        let ran = migrations().run_with(&breaking, &quick(), &mut |_| ControlFlow::Continue(()));
        let error = refused_by_store(ran, ErrorKind::Io, "a store that broke");
        was_in_step += u32::from(place(&error).is_some_and(|place| place.key.is_some()));
        assert_eq!(bed.contents()?, before, "nothing is kept");
    }
    assert!(was_in_step > 2, "only {was_in_step} breaks were within the step");
    migrations().run(&**bed.store())?;
    bed.settle()?;
    assert!(bed.get("new", &room(9))?.is_some());
    Ok(())
}

/// A key or value that the store does not accept is refused with the key; a step may handle that.
pub(super) fn refusals_name_the_key<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let long = vec![b'k'; bed.capabilities().limits.key_bytes_max + 1];
    let puts =
        |long: Vec<u8>| Step::numbered(1).atomic(move |trees| Ok(trees.put("rooms", &long, b"")?));
    let error = refused_by_store(
        app([puts(long.clone())]).run(&**bed.store()),
        ErrorKind::TooLarge,
        "a long key",
    );
    let key = place(&error).and_then(|place| place.key.clone());
    assert!(key.is_some_and(|key| key.starts_with("kkk") && key.ends_with("bytes)")), "{error:?}");
    let spared = Step::numbered(1).atomic(move |trees| match trees.put("rooms", &long, b"") {
        Err(error) if error.kind() == ErrorKind::TooLarge => Ok(trees.put("rooms", b"short", b"")?),
        other => Ok(other?),
    });
    app([spared]).run(&**bed.store())?;
    bed.settle()?;
    assert!(bed.get("rooms", b"short")?.is_some());
    // The same holds for an invalid name.
    let nameless = Step::numbered(2).atomic(|trees| Ok(trees.put("", b"k", b"")?));
    let first = Step::numbered(1).atomic(|_| Ok(()));
    let ran = app([first, nameless]).run(&**bed.store());
    refused_by_store(ran, ErrorKind::InvalidArgument, "a tree without a name");
    Ok(())
}

/// The check of a step runs in its last commit, which is not made if the check fails; a check
/// cannot write.
pub(super) fn failed_check_keeps_nothing<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), 5)?;
    let before = bed.contents()?;
    let writes = || Step::numbered(1).atomic(|trees| Ok(trees.put("new", b"k", b"")?));
    let wrong = writes().check(|trees| match trees.get("new", b"k")? {
        Some(_) => Err("it was written".into()),
        None => Ok(()),
    });
    let error = refused(app([wrong]).run(&**bed.store()), "a check that fails");
    assert!(matches!(error, MigrationError::CheckFailed { .. }), "{error:?}");
    assert_at(&error, 1, "new", "k");
    let writing = writes().check(|trees| Ok(trees.put("new", b"l", b"")?));
    refused_by_store(
        app([writing]).run(&**bed.store()),
        ErrorKind::ReadOnly,
        "a check that writes",
    );
    let last = counts_rooms(1).check(|_| Err("not yet".into()));
    refused(app([last]).chunk_entries(2).run(&**bed.store()), "a check of the last chunk");
    bed.settle()?;
    assert_eq!(bed.get("counts", &room(3))?.as_deref(), Some(&[1][..]), "chunks before it stay");
    assert_eq!(bed.get("counts", &room(4))?, None, "the last chunk is not kept");
    assert_eq!(bed.get("new", b"k")?, None);
    app([counts_rooms(1)]).run(&**bed.store())?;
    assert_counted(&**bed.store(), 5)?;
    assert_ne!(bed.contents()?, before);
    Ok(())
}

/// If a step in chunks fails, the chunks before it stay, and the next run resumes after them.
pub(super) fn failed_chunk_keeps_those_before<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
    fill_rooms(&**bed.store(), 10)?;
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let step = Step::numbered(1).each("rooms", move |trees, key, _| {
        trees.put("counts", key, &[1])?;
        if counted.fetch_add(1, Ordering::SeqCst) == 7 { Err("this once".into()) } else { Ok(()) }
    });
    let migrations = app([step]).chunk_entries(3);
    let error = refused(migrations.run(&**bed.store()), "an entry that fails");
    assert_at(&error, 1, "rooms", &room(7).escape_ascii().to_string());
    bed.settle()?;
    for number in 0..10 {
        let is_there = bed.get("counts", &room(number))?.is_some();
        assert_eq!(is_there, number < 6, "{number}");
    }
    let report = migrations.run(&**bed.store())?;
    assert_eq!(at(&report.steps, 0).counts.puts, 4, "it goes on behind the last commit");
    assert_counted(&**bed.store(), 10)?;
    Ok(())
}

/// A store that fails at a commit, for example because it is full, ends the run with its error and
/// the step.
pub(super) fn full_store_ends_the_run<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), 10)?;
    let migrations = || app([counts_rooms(1)]).chunk_entries(2);
    let mut ended = Vec::new();
    for steps in 10..40 {
        let breaking = Breaking::new(Arc::clone(bed.store()), Break::Before, steps);
        let run = migrations().run_with(&breaking, &quick(), &mut |_| ControlFlow::Continue(()));
        if run.is_ok() {
            break;
        }
        let error = refused_by_store(run, ErrorKind::Io, "a store that broke");
        ended.push(place(&error).map(|place| place.step.clone()));
    }
    assert!(ended.contains(&Some(StepId::Number(1))), "{ended:?}");
    bed.settle()?;
    migrations().run(&**bed.store())?;
    assert_counted(&**bed.store(), 10)?;
    Ok(())
}

/// The trees of Arbour's own layers stay consistent; a step can read them and not write them.
pub(super) fn layers_are_not_written<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let store = &**bed.store();
    store.put(
        &store.open_tree(arbour_core::engine::TreeName::layer("arbour/doc/notes")?)?,
        b"k",
        b"v",
    )?;
    let reads = Step::numbered(1).atomic(|trees| {
        let found = trees.get("arbour/doc/notes", b"k")?.ok_or("it can be read")?;
        Ok(trees.put("found", b"k", &found)?)
    });
    app([reads]).run(store)?;
    let tree = "arbour/doc/notes";
    let writes: [Step; 3] = [
        Step::numbered(1).atomic(move |trees| Ok(trees.put(tree, b"k", b"")?)),
        Step::numbered(1).atomic(move |trees| Ok(trees.delete(tree, b"k")?)),
        Step::numbered(1).atomic(move |trees| Ok(trees.delete_range(tree, KeyRange::all())?)),
    ];
    for step in writes {
        let migrations =
            Migrations::new("other", "1").group(arbour::migrations::Group::new("other").step(step));
        let ran = migrations.allow_missing().run(store);
        refused_by_store(ran, ErrorKind::InvalidArgument, "writing a layer's tree");
    }
    bed.settle()?;
    assert_eq!(bed.get("found", b"k")?.as_deref(), Some(&b"v"[..]));
    assert_eq!(bed.get(tree, b"k")?.as_deref(), Some(&b"v"[..]));
    Ok(())
}
