//! The record of what ran.

use std::sync::Arc;

use arbour::Result;
use arbour::migrations::layout::{JOURNAL_TREE, LEASE_TREE};
use arbour::migrations::{MigrationError, Migrations, RecordState, Step, StepId, Target};
use arbour_core::engine::TreeName;
use arbour_core::{ErrorKind, KvStore, KvWrite as _};

use super::claims::{
    app, assert_counted, at, counts_rooms, fill_rooms, place, ran, refused, refused_by_store,
    traced, traces,
};
use crate::Factory;
use crate::counting::Counting;
use crate::migrations::MigrationBed;
use crate::migrations::bed::Entries;

/// What has run does not run again.
pub(super) fn runs_once<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), 10)?;
    let migrations = || app([traced(1), counts_rooms(2)]).chunk_entries(3);
    assert_eq!(ran(&migrations().run(&**bed.store())?), "rooms 1, rooms 2");
    bed.settle()?;
    for _ in 0..2 {
        assert_eq!(ran(&migrations().run(&**bed.store())?), "");
    }
    assert_eq!(traces(bed)?, "1");
    assert_counted(&**bed.store(), 10)?;
    Ok(())
}

/// The journal records which content ran, by which program, under which epoch, and how much it did.
pub(super) fn says_what_ran<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), 10)?;
    let clears = || {
        Step::named("clear").atomic(|trees| {
            trees.get("rooms", b"absent")?;
            Ok(trees.delete_range("counts", arbour_core::KeyRange::all())?)
        })
    };
    let version = |version, steps| {
        let group = std::iter::Iterator::fold(
            Vec::into_iter(steps),
            arbour::migrations::Group::new("rooms"),
            arbour::migrations::Group::step,
        );
        Migrations::new("app", version).format(3).chunk_entries(4).group(group)
    };
    version("1.0", vec![counts_rooms(1)]).run(&**bed.store())?;
    bed.settle()?;
    let newest = version("1.1", vec![counts_rooms(1), clears().min_reader(2).min_writer(3)]);
    let report = newest.run(&**bed.store())?;
    let status = newest.status(&**bed.store())?;
    assert_eq!((status.min_reader, status.min_writer), (Some(2), Some(3)));
    assert_eq!(status.runner, None, "nobody is at it");
    let steps: Vec<_> = status.steps.iter().map(|step| (&step.step, step.is_declared)).collect();
    assert_eq!(steps, [(&StepId::Number(1), true), (&StepId::from("clear"), true)]);
    let records: Vec<_> = status.steps.iter().filter_map(|step| step.record.as_ref()).collect();
    assert_eq!(records.len(), 2);
    let (counted, cleared) = (at(&records, 0), at(&records, 1));
    let counts = |counts: arbour::migrations::Counts| {
        (counts.entries, counts.puts, counts.deletes, counts.chunks)
    };
    // Each of ten rooms, and the get of its count.
    assert_eq!(counts(counted.counts), (20, 10, 0, 3));
    assert_eq!(counts(cleared.counts), (1, 0, 10, 1));
    assert_eq!(at(&report.steps, 0).counts, cleared.counts);
    assert_eq!((counted.program.as_str(), cleared.program.as_str()), ("app 1.0", "app 1.1"));
    assert_eq!((counted.state, counted.format), (RecordState::Done, 3));
    assert_ne!(counted.revision, cleared.revision);
    assert!(0 < counted.started && counted.started <= cleared.started);
    assert!(counted.epoch < cleared.epoch, "{} is before {}", counted.epoch, cleared.epoch);
    Ok(())
}

/// Opening a store whose migrations are all done is one read, and no transaction.
pub(super) fn one_read_when_done<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), 10)?;
    let steps = || (1..=9).map(traced).chain([counts_rooms(10).min_reader(1)]);
    let migrations = || app(steps()).format(1);
    let none = app([]);
    let counting = Counting::new(Arc::clone(bed.store()));
    none.run(&counting)?;
    assert_eq!(counting.take(), (1, 0), "where there are none, one read says so");
    migrations().run(&counting)?;
    bed.settle()?;
    let counting = Counting::new(Arc::clone(bed.store()));
    for _ in 0..3 {
        migrations().run(&counting)?;
        assert_eq!(counting.take(), (1, 0));
    }
    Ok(())
}

/// A changed byte of the journal is detected wherever it is, tree and key are named, and nothing
/// runs.
pub(super) fn damage_is_named<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    app([traced(1), traced(2)]).run(&**bed.store())?;
    bed.settle()?;
    let store = &**bed.store();
    let more = || app([traced(1), traced(2), traced(3)]);
    let before = bed.everything()?;
    for (tree, entries) in before.iter().filter(|(tree, _)| tree.starts_with("arbour/")) {
        assert!([JOURNAL_TREE, LEASE_TREE].contains(&tree.as_str()), "{tree}");
        for (key, value) in entries {
            let places = [0, 1, value.len() / 2, value.len() - 1];
            let changed = places.map(|place| {
                let change =
                    |(number, byte): (usize, &u8)| byte.wrapping_sub((number == place).into());
                value.iter().enumerate().map(change).collect::<Vec<u8>>()
            });
            let cut = [0, 1, value.len() - 1].map(|end| value.iter().take(end).copied().collect());
            for damaged in changed.into_iter().chain(cut) {
                bed.put(tree, key, &damaged)?;
                let error = refused(more().run(store), "a damaged journal");
                let names_it = matches!(
                    &error,
                    MigrationError::Damaged { tree: found, key: at, .. }
                        if found == tree && *at == key.escape_ascii().to_string()
                );
                assert!(names_it, "{error:?}");
                assert_eq!(traces(bed)?, "1 2", "nothing runs");
                if tree == JOURNAL_TREE {
                    refused(more().plan(store), "a plan by a damaged journal");
                    refused(more().dry_run(store), "a dry run by a damaged journal");
                    refused(more().status(store), "the status of a damaged journal");
                    refused(more().verify(store), "a damaged journal");
                    refused(more().downgrade(store, Target::Nothing), "by a damaged journal");
                }
            }
            bed.put(tree, key, value)?;
        }
    }
    // An invalid key.
    bed.put(JOURNAL_TREE, b"no step", b"")?;
    refused(more().run(store), "an entry of no step");
    Ok(())
}

/// A journal of a newer Arbour is distinguished from a damaged one.
pub(super) fn newer_layout_is_told<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    app([traced(1)]).run(&**bed.store())?;
    for (tree, entries) in bed.everything()? {
        for (key, value) in entries.iter().filter(|_| tree.starts_with("arbour/")) {
            let (format, rest) = value.split_first().expect("a value begins with its format");
            bed.put(&tree, key, &[&[format + 1], rest].concat())?;
            let ran = app([traced(1), traced(2)]).run(&**bed.store());
            refused_by_store(ran, ErrorKind::TooNew, "a newer journal");
            bed.put(&tree, key, value)?;
        }
    }
    bed.settle()?;
    assert_eq!(traces(bed)?, "1");
    Ok(())
}

/// An entry that is lost, or is an older one, is detected by the head, and a lost head by the
/// entries: otherwise steps that have run would run again.
pub(super) fn lost_entry_is_found<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    app([traced(1)]).run(&**bed.store())?;
    let before = bed.everything()?;
    app([traced(1), traced(2)]).run(&**bed.store())?;
    bed.settle()?;
    let store = &**bed.store();
    let journal = store.open_tree(TreeName::layer(JOURNAL_TREE)?)?;
    let after = bed.everything()?;
    let of = |all: &[(String, Entries)]| {
        let found = all.iter().find(|(tree, _)| tree == JOURNAL_TREE);
        found.map(|(_, entries)| entries.clone()).unwrap_or_default()
    };
    assert_eq!(of(&after).len(), 3, "two steps and the head");
    let is_found = |what: &str| -> Result<()> {
        let error = refused(app([traced(1), traced(2), traced(3)]).run(store), what);
        assert!(matches!(error, MigrationError::Damaged { .. }), "{what}: {error:?}");
        assert_eq!(traces(bed)?, "1 2", "{what}");
        Ok(())
    };
    for (key, value) in of(&after) {
        store.write(|transaction| transaction.delete(&journal, &key))?;
        is_found("an entry that is lost")?;
        bed.put(JOURNAL_TREE, &key, &value)?;
    }
    let old_head = of(&before).pop().unwrap_or_default();
    bed.put(JOURNAL_TREE, &old_head.0, &old_head.1)?;
    is_found("a head of before")
}

/// A store that another tool has migrated continues from where it was.
pub(super) fn adopts_what_others_ran<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let migrations = || app([traced(1), traced(2), traced(3)]);
    let error =
        refused(migrations().adopt(&**bed.store(), Target::step("users", 1)), "no such step");
    assert!(matches!(error, MigrationError::NotFound { .. }), "{error:?}");
    migrations().adopt(&**bed.store(), Target::number(2))?;
    bed.settle()?;
    let store = &**bed.store();
    assert_eq!(traces(bed)?, "", "nothing ran");
    let status = migrations().status(store)?;
    let states: Vec<_> =
        status.steps.iter().map(|step| step.record.as_ref().map(|record| record.state)).collect();
    assert_eq!(states, [Some(RecordState::Adopted), Some(RecordState::Adopted), None]);
    let error = refused(migrations().adopt(store, Target::Newest), "a journal that is there");
    assert!(matches!(error, MigrationError::Journaled { .. }), "{error:?}");
    assert_eq!(ran(&migrations().run(store)?), "rooms 3");
    Ok(())
}

/// `verify` runs the check of the newest step of each group, and compares the journal with the
/// program.
pub(super) fn verifies_what_should_hold<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let has = |key: &'static [u8]| {
        move |trees: &mut arbour::migrations::StepTrees<'_>| {
            trees.get("rooms", key)?.map(drop).ok_or_else(|| "the room is missing".into())
        }
    };
    let migrations = || {
        app([
            Step::numbered(1)
                .atomic(|trees| Ok(trees.put("rooms", b"attic", b"")?))
                .check(has(b"attic")),
            Step::numbered(2)
                .atomic(|trees| {
                    trees.delete("rooms", b"attic")?;
                    Ok(trees.put("rooms", b"study", b"")?)
                })
                .check(has(b"study")),
            traced(3),
        ])
    };
    migrations().run(&**bed.store())?;
    bed.settle()?;
    let store = &**bed.store();
    assert!(migrations().verify(store)?.is_empty(), "a later step may change what held");
    let before = bed.everything()?;
    store.delete(&store.tree("rooms")?, b"study")?;
    let found = migrations().verify(store)?;
    assert_eq!(found.len(), 1, "{found:?}");
    let place = found.first().and_then(place);
    assert_eq!(place.map(|place| &place.step), Some(&StepId::Number(2)));
    bed.put("rooms", b"study", b"")?;
    assert_eq!(bed.everything()?, before, "verifying writes nothing");
    let found = app([traced(3)]).verify(store)?;
    let missing = found.first().and_then(|error| error.downcast_ref());
    assert!(
        matches!(missing, Some(MigrationError::Refused { problems }) if problems.len() == 2),
        "two steps are missing: {found:?}"
    );
    Ok(())
}
