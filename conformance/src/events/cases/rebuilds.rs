//! Rebuilding a view beside the one that is read.

use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

use arbour::events::VersionState::{self, Active, Building, Kept, New};
use arbour::events::{EventError, Events};
use arbour::{Progress, Result};
use arbour_core::{KvRead, KvStore, StoreOptions};
use serde_json::json;

use super::claims::{applied, balances, invalid, refused};
use crate::Factory;
use crate::events::EventBed;
use crate::events::ledger::{cents, event};

/// Enough events for several chunks of a rebuild.
const CROWD: i64 = 1100;

fn both<F: Factory>(bed: &EventBed<F>) -> Result<Events> {
    bed.builder().projection(bed.ledger("bank", 1)?).projection(bed.ledger("bank", 2)?).build()
}

fn fill<F: Factory>(bed: &EventBed<F>) -> Result<()> {
    let log = bed.log()?;
    bed.log_store().write(|transaction| {
        for number in 0..CROWD {
            let stream = format!("account {}", number % 7);
            log.append(transaction, &cents(&stream, number)?.into())?;
        }
        Ok(())
    })
}

/// Returns the roles of the existing versions.
fn states(events: &Events) -> Result<Vec<VersionState>> {
    Ok(events.versions("bank")?.iter().map(|version| version.state).collect())
}

fn go_on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Case 34. A new version is built while the old one is read and updated, and replaces it once it
/// is complete; it is the same as the old one.
pub(super) fn rebuilt_beside_old<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    bed.open()?;
    fill(bed)?;
    bed.open()?.catch_up("bank")?;
    bed.settle()?;
    let events = both(bed)?;
    let (mut chunks, mut failure) = (0, None);
    let is_done = events.rebuild("bank", 2, &mut |progress| {
        assert!(Some(progress.done) < progress.total, "{progress:?}");
        chunks += 1;
        let served = applied(&events, cents("late", 1).expect("it is an event"));
        let served = served.map(|result| result.get("cents").cloned());
        if served.as_ref().ok() != Some(&Some(json!(chunks))) {
            failure = Some(format!("{served:?}"));
        }
        ControlFlow::Continue(())
    })?;
    assert!(is_done && chunks >= 2, "{chunks} chunks");
    assert_eq!(failure, None, "the old version is read and written meanwhile");
    assert_eq!(states(&events)?, [Kept, Active]);
    assert_eq!(events.digest("bank", 2)?, events.digest("bank", 1)?);
    applied(&events, cents("late", 1)?)?;
    assert_ne!(events.digest("bank", 2)?, events.digest("bank", 1)?, "the old one is as it was");
    drop(events);
    bed.settle()?;
    let events = both(bed)?;
    assert_eq!(applied(&events, cents("late", 1)?)?.get("cents"), Some(&json!(chunks + 2)));
    assert_eq!(events.catch_up("bank")?, events.head()?.position);
    Ok(())
}

/// A caller that catches up gets progress reports, and can stop: what was applied stays.
pub(super) fn catching_up_tells_how_far<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    fill(bed)?;
    let open = |bed: &EventBed<F>| bed.open_with(|bank| bank.behind());
    let events = open(bed)?;
    let mut told = Vec::new();
    let applied = events.catch_up_with("bank", &mut |progress| {
        told.push((progress.done, progress.total));
        ControlFlow::Break(())
    })?;
    assert!((1..CROWD as u64).contains(&applied), "{applied}");
    assert_eq!(told, [(applied, Some(CROWD as u64))]);
    drop(events);
    bed.settle()?;
    let events = open(bed)?;
    assert_eq!(events.status()?.first().map(|bank| bank.applied), Some(applied));
    let mut done = applied;
    let newest = events.catch_up_with("bank", &mut |progress| {
        assert!(progress.done > done, "{progress:?} after {done}");
        assert!(Some(progress.done) < progress.total, "{progress:?}");
        done = progress.done;
        ControlFlow::Continue(())
    })?;
    assert!(newest == CROWD as u64 && done > applied, "{newest}, and last told of {done}");
    let mut told = Vec::new();
    let again = events.catch_up_with("bank", &mut |progress| {
        told.push(progress.done);
        ControlFlow::Continue(())
    })?;
    assert_eq!((again, told), (newest, Vec::new()), "nothing was left");
    Ok(())
}

/// An interrupted rebuild is resumed, even after a restart.
pub(super) fn rebuild_resumes<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    bed.open()?;
    fill(bed)?;
    let mut done = 0;
    for round in 0.. {
        let events = both(bed)?;
        let finished = events.rebuild("bank", 2, &mut |progress| {
            assert!(progress.done > done, "{progress:?} after {done}: it began again");
            done = progress.done;
            ControlFlow::Break(())
        })?;
        drop(events);
        bed.settle()?;
        let states = states(&bed.builder().build()?)?;
        assert_eq!(
            states,
            [if finished { Kept } else { Active }, if finished { Active } else { Building }]
        );
        if finished {
            assert!(round >= 2, "{round} chunks");
            break;
        }
    }
    let events = both(bed)?;
    assert_eq!(events.catch_up("bank")?, CROWD as u64);
    bed.builder().projection(bed.ledger("bank", 1)?).build()?;
    let first = bed.builder().projection(bed.ledger("other", 1)?).build()?;
    first.catch_up("other")?;
    assert_eq!(first.digest("other", 1)?, events.digest("bank", 2)?);
    Ok(())
}

/// A rebuild that meets a failing event halts and reports it; the version that is read continues.
pub(super) fn rebuild_stands_at_failure<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    bed.scene.mend(true);
    let events = bed.open()?;
    applied(&events, cents("a", 1)?)?;
    applied(&events, event("a", json!({"cents": 2, "fail": "reduce"}))?)?;
    bed.scene.mend(false);
    drop(events);
    bed.settle()?;
    let events = both(bed)?;
    refused(events.rebuild("bank", 2, &mut go_on), "a rebuild of what fails");
    assert_eq!(applied(&events, cents("a", 4)?)?.get("cents"), Some(&json!(7)));
    refused(events.rebuild("bank", 2, &mut go_on), "a rebuild that stands");
    let dead = |version| -> Result<Vec<u64>> {
        let letters = bed.builder().build()?.dead_letters_of("bank", version)?;
        Ok(letters.iter().map(|dead| dead.position).collect())
    };
    assert_eq!((dead(1)?, dead(2)?, dead(3)?), (vec![], vec![2], vec![]));
    invalid(events.dead_letters_of("a/b", 1), "a name with a slash");
    assert_eq!(states(&events)?, [Active, Building]);
    bed.scene.mend(true);
    assert!(events.rebuild("bank", 2, &mut go_on)?, "it tries again what was mended");
    assert_eq!((dead(2)?, states(&events)?), (vec![], vec![Kept, Active]));
    bed.scene.mend(false);
    invalid(events.rebuild("bank", 3, &mut go_on), "a version there is not");
    Ok(())
}

/// A handle that was opened before a switch keeps the version that it knows up to date, and leaves the
/// new one alone.
pub(super) fn older_handle_knows_the_switch<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let old = bed.open()?;
    applied(&old, cents("a", 1)?)?;
    let new = both(bed)?;
    assert!(new.rebuild("bank", 2, &mut go_on)?);
    assert_eq!(applied(&old, cents("a", 2)?)?.get("cents"), Some(&json!(3)));
    assert_eq!(old.catch_up("bank")?, 2);
    invalid(old.forget("bank", 2), "the version that is read, which it does not know");
    assert_eq!(old.active_version("bank")?, Some(2));
    assert_eq!(new.catch_up("bank")?, 2);
    drop((old, new));
    bed.settle()?;
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 3 2");
    assert_eq!(balances(&**bed.views(), "bank", 2)?, "a 3 2");
    let none = bed.builder().build()?;
    invalid(none.forget("bank", 2), "the version that is read, by who knows none");
    assert_eq!(none.active_version("shop")?, None);
    Ok(())
}

/// If a program declares only a newer version than the one that is read, opening builds it, and it is
/// read from then on. A program that declares only an earlier version has its own.
pub(super) fn newer_version_takes_over<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    bed.open()?;
    fill(bed)?;
    bed.open()?.catch_up("bank")?;
    bed.settle()?;
    let only = |version| bed.builder().projection(bed.ledger("bank", version)?).build();
    let newer = only(3)?;
    assert_eq!(newer.active_version("bank")?, Some(3), "it has all");
    // The newest event is applied on top of all before it.
    assert_eq!(applied(&newer, cents("late", 5)?)?.get("cents"), Some(&json!(5)));
    assert_eq!(newer.active_version("bank")?, Some(3), "it is read once it has all");
    assert_eq!(states(&newer)?, [Kept, Active]);
    assert_eq!(newer.status()?.first().map(|bank| (bank.applied, bank.lag)), Some((1101, 0)));
    let older = only(2)?;
    assert_eq!(applied(&older, cents("late", 1)?)?.get("cents"), Some(&json!(6)));
    assert_eq!(older.active_version("bank")?, Some(3), "the newer one stays");
    assert_eq!(newer.catch_up("bank")?, 1102);
    drop((newer, older));
    bed.settle()?;
    // One that is not inline, by any kind of wait.
    let behind = |version| -> Result<Events> {
        let bank = bed.ledger("bank", version)?.behind();
        bed.builder().projection(bank).build()
    };
    let next = behind(4)?;
    assert_eq!(next.active_version("bank")?, Some(3));
    assert_eq!(next.catch_up("bank")?, 1102);
    assert_eq!(next.active_version("bank")?, Some(4));
    let next = behind(5)?;
    next.wait_for("bank", 1102, std::time::Duration::from_secs(60))?;
    assert_eq!(next.active_version("bank")?, Some(5));
    assert_eq!(next.digest("bank", 5)?, next.digest("bank", 4)?);
    Ok(())
}

/// Opening builds the versions of inline projections that are new, so nothing is missing for a program that
/// only reads. At an event that fails, it opens as far as it is; what was trimmed is an error.
pub(super) fn opening_builds_what_is_new<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    bed.scene.mend(true);
    fill(bed)?;
    let log = bed.log()?;
    let fails = event("late", json!({"cents": 2, "fail": "reduce"}))?;
    bed.log_store().write(|transaction| log.append(transaction, &fails.clone().into()))?;
    let newest = CROWD as u64 + 1;
    let first = bed.open()?;
    let expected = balances(&**bed.views(), "bank", 1)?;
    assert!(expected.ends_with("late 2 1"), "{expected}");
    assert_eq!(first.status()?.first().map(|bank| (bank.applied, bank.lag)), Some((newest, 0)));
    drop(first);
    bed.settle()?;

    // Interrupted after each commit, it is resumed where it was.
    let mut done = 0;
    for round in 0.. {
        let newer =
            bed.builder().projection(bed.ledger("bank", 2)?).build_with(&mut |progress| {
                assert!(
                    progress.step == "bank" && progress.done > done,
                    "{progress:?} after {done}"
                );
                done = progress.done;
                ControlFlow::Break(())
            })?;
        let is_active = newer.active_version("bank")? == Some(2);
        drop(newer);
        bed.settle()?;
        if is_active {
            assert!(round >= 2, "{round} chunks");
            break;
        }
        assert_eq!(balances(&**bed.views(), "bank", 1)?, expected, "the earlier one is whole");
    }
    assert_eq!(balances(&**bed.views(), "bank", 2)?, expected);

    bed.scene.mend(false);
    let halted = bed.builder().projection(bed.ledger("bank", 3)?).build()?;
    let status = halted.status()?;
    let bank = status.first().map(|bank| (bank.applied, bank.is_active()));
    assert_eq!(bank, Some((newest - 1, false)), "it is opened, to be repaired");
    drop(halted);
    // What is gone cannot be built.
    let log = bed.log()?;
    bed.log_store().write(|transaction| log.trim(transaction, 10, 10).map(drop))?;
    let gone = bed.builder().projection(bed.ledger("bank", 4)?).build();
    let error = gone.map(drop).expect_err("events that were trimmed");
    let is_gone = matches!(error.downcast_ref(), Some(EventError::Archived { asked: 1, .. }));
    assert!(is_gone, "{error:?}");
    Ok(())
}

/// While two programs run that each declare a version, both views are right; and the earlier program
/// can come back after the newer one was alone.
pub(super) fn earlier_program_comes_back<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let only =
        |bed: &EventBed<F>, version| bed.builder().projection(bed.ledger("bank", version)?).build();
    let cents_after = |events: &Events, more: i64| -> Result<Option<serde_json::Value>> {
        Ok(applied(events, cents("a", more)?)?.get("cents").cloned())
    };
    let earlier = only(bed, 1)?;
    assert_eq!(cents_after(&earlier, 1)?, Some(json!(1)));
    let newer = only(bed, 2)?;
    assert_eq!(balances(&**bed.views(), "bank", 2)?, "a 1 1", "opening has built it");
    assert_eq!(newer.active_version("bank")?, Some(2));
    assert_eq!(cents_after(&earlier, 2)?, Some(json!(3)), "the earlier program goes on");
    assert_eq!(cents_after(&newer, 4)?, Some(json!(7)), "with what the earlier one appended");
    assert_eq!(cents_after(&earlier, 8)?, Some(json!(15)), "with what the newer one appended");
    assert_eq!(newer.catch_up("bank")?, 4);
    assert_eq!(newer.digest("bank", 1)?, newer.digest("bank", 2)?);
    drop(earlier);
    for _ in 0..150 {
        cents_after(&newer, 1)?;
    }
    drop(newer);
    bed.settle()?;
    let earlier = only(bed, 1)?;
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 165 154", "opening has caught up");
    assert_eq!(earlier.active_version("bank")?, Some(2), "the newer version stays active");
    assert_eq!(cents_after(&earlier, 1)?, Some(json!(166)));
    drop(earlier);
    bed.settle()?;
    let newer = only(bed, 2)?;
    assert_eq!(balances(&**bed.views(), "bank", 2)?, "a 166 155");
    // The way back for readers of the active version, too.
    let both = both(bed)?;
    assert!(both.rebuild("bank", 1, &mut go_on)?);
    assert_eq!(newer.active_version("bank")?, Some(1));
    Ok(())
}

/// The two programs dispatch at once while the newer one builds its version and switches.
pub(super) fn two_programs_dispatch_through_the_switch<F: Factory>(
    bed: &mut EventBed<F>,
) -> Result<()> {
    const EACH: i64 = 40;
    // On a busy machine the other thread has the writer for more than the usual five seconds.
    bed.reopen_with(&StoreOptions::new().busy_timeout(Duration::from_secs(60)))?;
    let only = |version| bed.builder().projection(bed.ledger("bank", version)?).build();
    bed.open()?;
    fill(bed)?;
    let earlier = only(1)?;
    let dispatch = |events: &Events| {
        (0..EACH).try_for_each(|_| applied(events, cents("shared", 1)?).map(drop))
    };
    let newer = thread::scope(|scope| {
        let writer = scope.spawn(|| dispatch(&earlier));
        let newer = scope.spawn(|| {
            let newer = only(2)?;
            dispatch(&newer)?;
            Ok::<_, arbour::Error>(newer)
        });
        writer.join().expect("no panic")?;
        newer.join().expect("no panic")
    })?;
    assert_eq!((earlier.catch_up("bank")?, newer.catch_up("bank")?), (1180, 1180));
    assert_eq!(newer.digest("bank", 1)?, newer.digest("bank", 2)?);
    drop((earlier, newer));
    bed.settle()?;
    assert!(balances(&**bed.views(), "bank", 1)?.ends_with("shared 80 80"));
    Ok(())
}

/// A forgotten version leaves nothing, and the version that is read cannot be forgotten.
pub(super) fn forgotten_leaves_nothing<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.open()?;
    applied(&events, cents("a", 1)?)?;
    drop(events);
    bed.settle()?;
    let events = both(bed)?;
    events.rebuild("bank", 2, &mut go_on)?;
    invalid(events.forget("bank", 2), "the version that is read");
    events.forget("bank", 1)?;
    drop(events);
    bed.settle()?;
    let trees = bed.views().snapshot()?.trees()?;
    let left: Vec<&String> = trees.iter().filter(|tree| tree.contains("bank.1")).collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(balances(&**bed.views(), "bank", 2)?, "a 1 1");
    // Declared again, it is a new one.
    let events = both(bed)?;
    let status = events.status()?;
    let applied: Vec<_> = status.iter().map(|version| (version.applied, version.state)).collect();
    assert_eq!(applied, [(0, New), (1, Active)]);
    assert_eq!(states(&events)?, [Active], "there is but one");
    Ok(())
}
