//! Progress reports, and cancelling.

use std::ops::ControlFlow;
use std::time::Duration;

use arbour::Result;
use arbour::migrations::{Run, Step};

use super::claims::{app, counts_rooms, fill_rooms, ran, traced, traces};
use crate::Factory;
use crate::migrations::MigrationBed;

/// A long step in one transaction reports progress too, at least once each second.
pub(super) fn told_within_atomic_steps<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), 60)?;
    let slow = || {
        Step::numbered(1).atomic(|trees| {
            trees.each("rooms", |_, _, _| {
                std::thread::sleep(Duration::from_millis(20));
                Ok(())
            })
        })
    };
    let mut told = Vec::new();
    app([slow()]).run_with(&**bed.store(), &Run::default(), &mut |progress| {
        told.push((progress.elapsed, progress.done));
        ControlFlow::Continue(())
    })?;
    bed.settle()?;
    // 1.2 s, and a quarter of a second between.
    assert!(told.len() >= 4, "told {told:?}");
    assert!(told.is_sorted(), "{told:?}");
    let mut between = told.iter().zip(told.iter().skip(1)).map(|(one, next)| next.0 - one.0);
    assert!(between.all(|gap| gap < Duration::from_secs(1)), "{told:?}");
    assert!(told.iter().any(|(_, entries)| (1..60).contains(entries)), "{told:?}");
    Ok(())
}

/// Progress counts steps and entries, reports the total if it is known, and continues counting in
/// the next run.
pub(super) fn told_by_entries<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), 9)?;
    let visits =
        || Step::numbered(2).each("rooms", |trees, room, _| Ok(trees.put("visited", room, b"")?));
    let migrations = || app([traced(1), visits()]).chunk_entries(3);
    let mut told = Vec::new();
    let mut run = |bed: &MigrationBed<F>, until: u64| {
        let told = &mut told;
        migrations().run_with(&**bed.store(), &Run::default(), &mut |progress| {
            let step = format!("{}/{} {}", progress.number, progress.of, progress.step);
            told.push((step, progress.done, progress.total));
            if progress.done > 0 && progress.total == Some(9) {
                assert!(progress.rate() > 0.0);
                assert!(progress.left().is_some());
            }
            let is_over = progress.done >= until && progress.number == progress.of;
            if is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    };
    assert!(run(bed, 3)?.is_cancelled);
    bed.settle()?;
    assert!(!run(bed, 100)?.is_cancelled);
    let last = |step: &str| {
        let of = told.iter().filter(|(told, ..)| told == step);
        of.map(|(_, entries, total)| (*entries, *total)).collect::<Vec<_>>()
    };
    assert_eq!(last("2/2 rooms 2"), [(0, None), (3, Some(9))]);
    // It detects the end only by reading once more, in a commit of its own.
    assert_eq!(last("1/1 rooms 2"), [(3, None), (6, Some(9)), (9, Some(9)), (9, Some(9))]);
    assert!(last("1/2 rooms 1").len() >= 2, "its begin and its end");
    Ok(())
}

/// The callback can cancel the run: before a step, of which nothing is kept then, or within one, of
/// which nothing is kept either, however the step handles the cancellation.
pub(super) fn cancelled_within_a_step<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), 40)?;
    let before = bed.contents()?;
    let slow = || {
        Step::numbered(1).atomic(|trees| {
            let _ = trees.each("rooms", |trees, room, _| {
                std::thread::sleep(Duration::from_millis(20));
                Ok(trees.put("copies", room, b"")?)
            });
            Ok(())
        })
    };
    let migrations = || app([slow(), traced(2)]);
    let cancel = |bed: &MigrationBed<F>, after: u64| {
        migrations().run_with(&**bed.store(), &Run::default(), &mut |progress| {
            if progress.done >= after { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    };
    for after in [0, 1] {
        let report = cancel(bed, after)?;
        assert!(report.is_cancelled && report.steps.is_empty(), "{report:?}");
        bed.settle()?;
        assert_eq!(bed.contents()?, before, "nothing is kept");
        assert_eq!(migrations().plan(&**bed.store())?.steps.len(), 2);
    }
    // After a step, the run is cancelled before the next one.
    let quick = || app([counts_rooms(1).atomic(|_| Ok(())), traced(2)]);
    let report = quick().run_with(&**bed.store(), &Run::default(), &mut |progress| {
        if progress.number == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    assert!(report.is_cancelled);
    assert_eq!((ran(&report), traces(bed)?), ("rooms 1".to_owned(), String::new()));
    Ok(())
}
