//! Taking back an unfinished migration, and going back to the earlier program.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use arbour::Result;
use arbour::documents::{Collection, Filter};
use arbour::migrations::{
    MigrationError, Migrations, RecordState, Report, Run, Step, StepId, StepTrees, Target,
};
use arbour_core::engine::TreeName;
use arbour_core::{Durability, KvStore, MemoryStore};
use serde_json::Value;

use super::claims::{
    app, assert_counted, at, counts_rooms, fill_rooms, grouped, place, ran, refused, room, trace,
    traced, traces,
};
use super::documents::{declaration, fill_users};
use crate::Factory;
use crate::breaking::{Break, Breaking};
use crate::migration_fixture::Pinned;
use crate::migrations::MigrationBed;

const ROOMS: usize = 5;

/// How many commits the migration takes: one, three for the rooms, four for the users, one.
const COMMITS: usize = 9;

/// Appends to each topic. It is not idempotent, and neither is its undoing.
fn marks_rooms(number: u64) -> Step {
    Step::numbered(number)
        .each("rooms", |trees, room, topic| {
            Ok(trees.put("rooms", room, &[topic, b"!"].concat())?)
        })
        .undo_each(|trees, room, topic| {
            let topic = topic.strip_suffix(b"!").ok_or("a topic that is not marked")?;
            Ok(trees.put("rooms", room, topic)?)
        })
}

/// Moves a member of each user, whose undoing moves it back.
fn moves_members(number: u64) -> Step {
    Step::numbered(number)
        .each_document("users", |_, user: &mut Value| {
            let first = user.as_object_mut().and_then(|user| user.remove("first"));
            user["name"] = first.ok_or("a user without a first name")?;
            Ok(())
        })
        .undo_each_document(|_, user: &mut Value| {
            let name = user.as_object_mut().and_then(|user| user.remove("name"));
            user["first"] = name.ok_or("a user without a name")?;
            Ok(())
        })
}

/// What the newer program does, which fails at its end until it is mended.
fn newer(is_mended: &Arc<AtomicBool>) -> Migrations {
    let is_mended = Arc::clone(is_mended);
    let first = traced(2).down(|trees| Ok(trees.delete("trace", &[0])?));
    let last = Step::numbered(5).atomic(move |trees| {
        if !is_mended.load(Ordering::SeqCst) {
            return Err("not yet".into());
        }
        Ok(trees.put("last", b"key", b"")?)
    });
    app([first, marks_rooms(3), moves_members(4), last]).chunk_entries(2)
}

/// Options that make commits cheap, and leave no lease that has to expire.
fn quick() -> Run {
    Run::default().durability(Durability::None).lease(Duration::ZERO)
}

fn users_without_name<S: KvStore>(store: &S) -> Result<()> {
    let users = fill_users(store)?;
    let all = users.find(Filter::All).list(&store.snapshot()?)?;
    all.into_iter().try_for_each(|mut user| {
        user.as_object_mut().map(|user| user.remove("name"));
        store.write_with(Durability::None, |transaction| {
            users.put(transaction, user.clone()).map(drop)
        })
    })
}

/// Makes the store anew as the earlier program left it.
fn begin_anew<F: Factory>(bed: &MigrationBed<F>) -> Result<()> {
    crate::migration_fixture::clear(&**bed.store())?;
    fill_rooms(&**bed.store(), ROOMS)?;
    users_without_name(&**bed.store())
}

/// What the store holds for a reader: rooms, other trees, and users without their revisions.
fn seen<S: KvStore>(store: &S) -> Result<(String, Vec<Value>)> {
    let pinned = Pinned::of(store)?.to_string();
    let users = Collection::open(store, declaration())?;
    let report = users.scrub(store, &mut |_| ControlFlow::Continue(()))?;
    assert!(report.is_clean(), "{report:?}");
    Ok((pinned, users.all().list(&store.snapshot()?)?))
}

/// Continues for this many commits.
fn for_commits(commits: usize) -> impl FnMut(arbour::Progress) -> ControlFlow<()> {
    let (mut left, mut last) = (commits, None);
    move |progress| {
        let now = (progress.number, progress.done);
        // A step that begins is told too.
        if progress.done > 0 && last != Some(now) {
            left = left.saturating_sub(1);
        }
        last = Some(now);
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn run_for<S: KvStore>(migrations: &Migrations, store: &S, commits: usize) -> Result<Report> {
    migrations.run_with(store, &quick(), &mut for_commits(commits))
}

fn abandon<S: KvStore>(migrations: &Migrations, store: &S) -> Result<Report> {
    migrations.abandon_with(store, &quick(), &mut |_| ControlFlow::Continue(()))
}

/// Wherever a run stops, and wherever taking it back stops, the store can be brought to both ends:
/// to what it was, and to what it becomes.
pub(super) fn both_ends_from_every_commit<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let mended = Arc::new(AtomicBool::new(true));
    begin_anew(bed)?;
    let before = seen(&**bed.store())?;
    newer(&mended).run_with(&**bed.store(), &quick(), &mut |_| ControlFlow::Continue(()))?;
    let after = seen(&**bed.store())?;
    assert_ne!(before, after);
    assert!(!newer(&mended).status(&**bed.store())?.is_unfinished);
    assert_eq!(ran(&abandon(&newer(&mended), &**bed.store())?), "", "it is complete");
    for commits in 1..COMMITS {
        for undone in 0..=commits {
            for is_abandoned in [true, false] {
                begin_anew(bed)?;
                let store = &**bed.store();
                run_for(&newer(&mended), store, commits)?;
                let mut listener = for_commits(undone);
                if undone > 0 {
                    newer(&mended).abandon_with(store, &quick(), &mut listener)?;
                }
                if is_abandoned {
                    abandon(&newer(&mended), store)?;
                    assert_eq!(seen(store)?, before, "{commits} forward, {undone} back");
                    assert!(
                        newer(&mended)
                            .status(store)?
                            .steps
                            .iter()
                            .all(|step| step.record.is_none())
                    );
                } else {
                    run_for(&newer(&mended), store, usize::MAX)?;
                    assert_eq!(seen(store)?, after, "{commits} forward, {undone} back");
                }
                assert!(!newer(&mended).status(store)?.is_unfinished);
                assert_eq!(ran(&abandon(&newer(&mended), store)?), "", "nothing is unfinished");
            }
        }
    }
    Ok(())
}

/// The process may die at any step of a run or of taking it back, in a commit too.
pub(super) fn killed_anywhere_is_taken_back<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let failing = Arc::new(AtomicBool::new(false));
    begin_anew(bed)?;
    let before = seen(&**bed.store())?;
    for breaks in [Break::Before, Break::After] {
        for steps in (1..).step_by(3) {
            begin_anew(bed)?;
            let store = bed.store();
            let migrations = newer(&failing);
            let breaking = Breaking::new(Arc::clone(store), breaks, steps);
            let all = &mut |_| ControlFlow::Continue(());
            let died = migrations.run_with(&breaking, &quick(), all);
            assert!(died.is_err(), "the last step fails");
            let is_whole = !breaking.is_broken();
            let breaking = Breaking::new(Arc::clone(store), breaks, steps);
            // It may have nothing to do, or end before it breaks.
            let _ = migrations.abandon_with(&breaking, &quick(), all);
            if steps % 2 == 0 {
                bed.settle()?;
            }
            abandon(&migrations, &**bed.store())?;
            assert_eq!(seen(&**bed.store())?, before, "{breaks:?} after {steps} steps");
            if is_whole {
                break;
            }
        }
    }
    Ok(())
}

/// If a step cannot be undone, or a part of it cannot, nothing is undone and the error names the step.
/// A call before any step has begun writes nothing.
pub(super) fn refuses_what_it_cannot_undo<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), ROOMS)?;
    let store = &**bed.store();
    let before = bed.everything()?;
    let marks = || marks_rooms(2);
    let fails = || Step::numbered(3).atomic(|_| Err("never".into()));
    assert_eq!(ran(&app([marks()]).abandon(store)?), "", "nothing has begun");
    assert_eq!(bed.everything()?, before);

    let migrations = app([traced(1), marks(), fails()]);
    refused(migrations.run(store), "a step that fails");
    let started = bed.everything()?;
    let status = migrations.status(store)?;
    assert!(status.is_unfinished);
    let shown: Vec<_> = status.steps.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "step 1 of \"rooms\": done, 1 entries read; cannot be undone",
            "step 2 of \"rooms\": done, 5 entries read; can be undone",
            "step 3 of \"rooms\": pending",
        ]
    );
    let error = refused(migrations.abandon(store), "a step without undo");
    let is_first = matches!(&error, MigrationError::NoDown { step: StepId::Number(1), .. });
    assert!(is_first, "{error:?}");
    assert_eq!(bed.everything()?, started, "nothing is undone");

    crate::migration_fixture::clear(store)?;
    fill_rooms(store, ROOMS)?;
    let whole = app([counts_rooms(1).down(|_| Ok(()))]).chunk_entries(2);
    run_for(&whole, store, 1)?;
    assert!(!at(&whole.status(store)?.steps, 0).can_be_undone, "only a whole step can be");
    let error = refused(whole.abandon(store), "a part of a step that is undone as a whole");
    assert!(matches!(&error, MigrationError::Unfinished { .. }), "{error:?}");
    let wrong = Step::numbered(1).atomic(|_| Ok(())).undo_each(|_, _, _| Ok(()));
    let error = refused(app([wrong]).run(store), "what is undone for each, and not done for each");
    assert!(matches!(&error, MigrationError::Invalid { .. }), "{error:?}");
    Ok(())
}

/// If undoing fails at an entry, the error names it, its chunk is kept as it was, and what was undone
/// stays undone.
pub(super) fn failed_undo_is_resumed<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), ROOMS)?;
    let fails = Step::numbered(2).atomic(|_| Err("never".into()));
    let migrations = app([marks_rooms(1), fails]).chunk_entries(2);
    refused(migrations.run(&**bed.store()), "a step that fails");
    bed.put("rooms", &room(1), b"changed by hand")?;
    let error = migrations.abandon(&**bed.store()).expect_err("a topic that is not marked");
    let key = place(&error).and_then(|place| place.key.clone());
    assert_eq!(key.as_deref(), Some("room 000001"), "{error:?}");
    bed.settle()?;
    let topics = |bed: &MigrationBed<F>| -> Result<Vec<String>> {
        let topic = |number| bed.get("rooms", &room(number)).map(Option::unwrap_or_default);
        (0..ROOMS).map(|number| Ok(String::from_utf8_lossy(&topic(number)?).into_owned())).collect()
    };
    assert_eq!(topics(bed)?, ["topic 0!", "changed by hand", "topic 2!", "topic 3", "topic 4"]);
    let status = migrations.status(&**bed.store())?;
    let state = at(&status.steps, 0).record.as_ref().map(|record| record.state);
    assert_eq!(state, Some(RecordState::Running));
    bed.put("rooms", &room(1), b"mended!")?;
    migrations.abandon(&**bed.store())?;
    assert_eq!(topics(bed)?, ["topic 0", "mended", "topic 2", "topic 3", "topic 4"]);
    Ok(())
}

/// A store is copied to another engine in the middle of a migration, which can be completed and abandoned
/// there.
pub(super) fn copied_half_way<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let mended = Arc::new(AtomicBool::new(true));
    begin_anew(bed)?;
    let before = seen(&**bed.store())?;
    run_for(&newer(&mended), &**bed.store(), 3)?;
    bed.settle()?;
    let copy = || -> Result<MemoryStore> {
        let copy = MemoryStore::new();
        for (name, entries) in bed.everything()? {
            let tree = copy.open_tree(TreeName::stored(&name)?)?;
            entries.iter().try_for_each(|(key, value)| copy.put(&tree, key, value))?;
        }
        Ok(copy)
    };
    let taken_back = copy()?;
    assert_eq!(ran(&abandon(&newer(&mended), &taken_back)?), "rooms 3, rooms 2");
    assert_eq!(seen(&taken_back)?, before);
    let completed = copy()?;
    run_for(&newer(&mended), &completed, usize::MAX)?;
    run_for(&newer(&mended), &**bed.store(), usize::MAX)?;
    assert_eq!(seen(&completed)?, seen(&**bed.store())?);
    Ok(())
}

/// After a failed run the earlier program opens the store and writes to it if each step that has run,
/// in full or in part, is declared compatible; otherwise it is told which step, and what to do.
pub(super) fn compatible_steps_let_the_earlier_program_open<F: Factory>(
    bed: &mut MigrationBed<F>,
) -> Result<()> {
    fill_rooms(&**bed.store(), ROOMS)?;
    let earlier = || app([traced(1)]);
    earlier().run(&**bed.store())?;
    let added = || counts_rooms(2).compatible();
    let fails = |trees: &mut StepTrees<'_>| {
        trace(trees, "3")?;
        Err("the disk is missing".into())
    };
    let newer = || app([traced(1), added(), Step::numbered(3).atomic(fails)]).chunk_entries(2);
    for commits in [1, 2, usize::MAX] {
        let _ = run_for(&newer(), &**bed.store(), commits);
        bed.settle()?;
        let store = &**bed.store();
        assert_eq!(ran(&earlier().run(store)?), "", "the earlier program opens");
        assert!(at(&newer().status(store)?.steps, 1).is_compatible);
    }
    // The same holds for a program that has no step of the group at all.
    let other = grouped([("users", vec![traced(9)])]).allow_missing();
    assert_eq!(other.plan(&**bed.store())?.steps.len(), 1);

    let (cancelled, mended) = (marks_rooms(4), traced(3));
    let newest = app([traced(1), added(), mended, cancelled]).chunk_entries(2);
    let store = &**bed.store();
    run_for(&newest, store, 2)?;
    let error = earlier().run(store).expect_err("a step that is not compatible");
    let text = error.to_string();
    assert!(text.contains("step 3 of \"rooms\"") && text.contains("`abandon`"), "{text}");
    let error = refused(earlier().run(store), "a step that is not compatible");
    assert!(
        matches!(&error, MigrationError::TooNew { problems, .. } if problems.len() == 2),
        "{error:?}"
    );
    Ok(())
}

/// Two programs with different steps open the store at the same moment: each step runs once, and the
/// earlier program is refused or not as the newer step declares.
pub(super) fn two_programs_at_once<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    for round in 0..4 {
        crate::migration_fixture::clear(&**bed.store())?;
        fill_rooms(&**bed.store(), ROOMS)?;
        let is_compatible = round % 2 == 0;
        let newest = if is_compatible { traced(2).compatible() } else { traced(2) };
        let earlier = || app([counts_rooms(1)]).chunk_entries(1);
        let newer = || app([counts_rooms(1), newest.clone()]).chunk_entries(1);
        let store = bed.store();
        let (old, new) = thread::scope(|scope| {
            let old = scope.spawn(|| earlier().run(&**store));
            let new = scope.spawn(|| newer().run(&**store));
            (old.join().expect("no panic"), new.join().expect("no panic"))
        });
        new?;
        match old {
            Ok(_) => {}
            Err(error) => {
                assert!(!is_compatible, "{error}");
                let is_too_new =
                    matches!(error.downcast_ref(), Some(MigrationError::TooNew { .. }));
                assert!(is_too_new, "{error:?}");
            }
        }
        assert_counted(&**bed.store(), ROOMS)?;
        assert_eq!(traces(bed)?, "2");
        let again = earlier().run(&**bed.store());
        assert_eq!(again.is_ok(), is_compatible, "{again:?}");
    }
    Ok(())
}

/// A complete migration is undone in chunks too, and from any of them it can go forward again.
pub(super) fn downgrades_in_chunks<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let migrations = || app([marks_rooms(1)]).chunk_entries(2);
    fill_rooms(&**bed.store(), ROOMS)?;
    let before = bed.contents()?.to_string();
    migrations().run(&**bed.store())?;
    let after = bed.contents()?.to_string();
    bed.settle()?;
    let report = migrations().downgrade(&**bed.store(), Target::Nothing)?;
    assert_eq!(at(&report.steps, 0).counts.chunks, 3);
    assert_eq!(bed.contents()?.to_string(), before);
    migrations().run(&**bed.store())?;
    assert_eq!(bed.contents()?.to_string(), after);
    Ok(())
}
