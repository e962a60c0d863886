//! A backup of the store before a migration.

use std::ops::ControlFlow;
use std::time::Duration;

use arbour::Result;
use arbour::migrations::{MigrationError, Run, Target};
use arbour_core::{ErrorKind, KvStore, StoreOptions};

use super::claims::{app, counts_rooms, fill_rooms, ran, refused, refused_by_store, traced};
use crate::Factory;
use crate::migration_fixture::Pinned;
use crate::migrations::MigrationBed;

/// A requested backup is made before anything runs, if anything is pending; if the engine cannot
/// make one, nothing runs.
pub(super) fn backup_first_or_refused<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), 9)?;
    bed.settle()?;
    let before = bed.everything()?;
    let contents = bed.contents()?;
    let store = &**bed.store();
    let migrations = || app([counts_rooms(1)]).chunk_entries(3);
    let path = bed.path("backup");
    // Short, because the backup contains the lease as it was held.
    let options = Run::default().backup_first(&path).lease(Duration::from_millis(500));
    let mut on = |_: arbour::Progress| ControlFlow::Continue(());
    if !bed.capabilities().hot_backup {
        let error = refused(migrations().run_with(store, &options, &mut on), "a backup");
        assert!(matches!(error, MigrationError::NoBackup { .. }), "{error:?}");
        assert_eq!(bed.everything()?, before, "nothing ran");
        migrations().run(store)?;
        let error =
            refused(migrations().downgrade_with(store, &options.to(Target::Nothing)), "undoing");
        assert!(matches!(error, MigrationError::NoDown { .. }), "{error:?}");
        bed.note_negative();
        return Ok(());
    }
    // If a file is already there, nothing runs, and the file stays.
    std::fs::write(&path, b"of before").map_err(crate::harness::io)?;
    let taken = migrations().run_with(store, &options, &mut on);
    refused_by_store(taken, ErrorKind::InvalidArgument, "a backup where something is");
    assert_eq!(bed.contents()?, contents, "nothing ran");
    std::fs::remove_file(&path).map_err(crate::harness::io)?;
    let mut cancelled = |progress: arbour::Progress| {
        if progress.done > 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    assert!(migrations().run_with(store, &options, &mut cancelled)?.is_cancelled);
    // The backup that was made before the run began is the one to keep.
    let report = migrations().run_with(store, &options, &mut on)?;
    assert_eq!(ran(&report), "rooms 1");
    assert_eq!(
        ran(&migrations().run_with(store, &options, &mut on)?),
        "",
        "and none is made for nothing"
    );
    let backup = bed.factory().open(&path, &StoreOptions::new())?;
    assert_eq!(Pinned::of(&backup)?, contents, "it holds what was there before");
    // It is a store like any other: a run in progress elsewhere is not in progress in it.
    migrations().run(&backup)?;
    app([counts_rooms(1), traced(2)]).run(&backup)?;
    assert_eq!(Pinned::of(&backup)?.to_string().lines().count(), 19);
    backup.close()
}
