//! Steps in chunks.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arbour::Result;
use arbour::migrations::{MigrationError, Run, Source, Step, StepStatus};
use arbour_core::KeyRange;

use super::claims::{
    app, assert_counted, at, counts_rooms, fill_rooms, place, ran, refused, room, traced,
};
use crate::Factory;
use crate::harness::Undisturbed;
use crate::migrations::MigrationBed;

/// Case 42. A run that ends in chunk k resumes after the last commit, and no entry is handed out
/// twice.
pub(super) fn resumes_at_cursor<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
    fill_rooms(&**bed.store(), 23)?;
    // Each run gets a few entries further, and then fails in the middle of a chunk.
    let left = Arc::new(AtomicUsize::new(0));
    let migrations = || {
        let left = Arc::clone(&left);
        let step = Step::numbered(1).revision("counts").each("rooms", move |trees, room, _| {
            if left.load(Ordering::SeqCst) == 0 {
                return Err("no further this time".into());
            }
            left.fetch_sub(1, Ordering::SeqCst);
            let count =
                trees.get("counts", room)?.map_or(0, |count| count.first().copied().unwrap_or(0));
            Ok(trees.put("counts", room, &[count + 1])?)
        });
        app([step]).chunk_entries(4)
    };
    let mut runs = 0;
    loop {
        left.store(6, Ordering::SeqCst);
        let ended = migrations().run(&**bed.store());
        bed.settle()?;
        runs += 1;
        match ended {
            Ok(report) => {
                assert_eq!(at(&report.steps, 0).counts.chunks, 1, "behind the commits of before");
                break;
            }
            Err(error) => assert!(place(&error).is_some() && runs < 10, "{error:?}"),
        }
    }
    // One commit of four entries in each run, and the last three in the last run.
    assert_eq!(runs, 6);
    assert_counted(&**bed.store(), 23)?;
    let status = migrations().status(&**bed.store())?;
    let record = status.steps.first().and_then(|step| step.record.clone());
    assert_eq!(record.map(|record| (record.counts.chunks, record.counts.puts)), Some((6, 23)));
    Ok(())
}

/// A step that puts an entry ahead of itself into the tree it visits would be handed its own
/// writes: it is refused with both keys, and its earlier puts are rolled back. It may put entries
/// behind itself, outside of the range and into other trees.
pub(super) fn put_ahead_is_refused<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), 5)?;
    let before = bed.contents()?;
    let ahead = |trees: &mut arbour::migrations::StepTrees<'_>, key: &[u8], value: &[u8]| {
        Ok(trees.put("rooms", &[key, b" again"].concat(), value)?)
    };
    let twice = |trees: &mut arbour::migrations::StepTrees<'_>, key: &[u8], value: &[u8]| {
        // It ignores the refusal.
        let _ = trees.put("rooms", &[key, b" again"].concat(), value);
        Ok(())
    };
    let steps = [
        Step::numbered(1).each("rooms", ahead),
        Step::numbered(1).each("rooms", twice),
        Step::numbered(1).atomic(move |trees| trees.each("rooms", ahead)),
        Step::numbered(1).chunked(move |trees, _| trees.each("rooms", twice).map(|()| None)),
    ];
    for step in steps {
        let error = refused(app([step]).run(&**bed.store()), "putting ahead");
        let names_both = matches!(
            &error,
            MigrationError::Ahead { at, put }
                if at.key.as_deref() == Some("room 000000") && put == "room 000000 again"
        );
        assert!(names_both, "{error:?}");
        assert_eq!(bed.contents()?, before);
    }
    let elsewhere = Source::tree("rooms").prefix(b"room 00000");
    let step = Step::numbered(1).each(elsewhere, |trees, key, value| {
        trees.put("rooms", key, &[value, b"!"].concat())?;
        trees.put("rooms", &[b"a ", key].concat(), value)?;
        trees.put("rooms", &[b"z ", key].concat(), value)?;
        Ok(trees.put("others", &[key, b" again"].concat(), value)?)
    });
    app([step]).chunk_entries(2).run(&**bed.store())?;
    bed.settle()?;
    assert_eq!(bed.get("rooms", &room(4))?.as_deref(), Some(&b"topic 4!"[..]));
    assert!(bed.get("rooms", b"z room 000004")?.is_some());
    assert!(bed.get("others", b"room 000004 again")?.is_some());
    Ok(())
}

/// A step is not handed entries that it deleted ahead of itself, however far was read ahead.
pub(super) fn deleted_ahead_is_not_visited<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), 12)?;
    let step = Step::numbered(1).each("rooms", |trees, key, _| {
        let number: usize = std::str::from_utf8(key.get(5..).unwrap_or_default())?.parse()?;
        trees.put("visited", key, b"")?;
        match number {
            1 => Ok(trees.delete("rooms", &room(2))?),
            4 => Ok(trees.delete_range("rooms", KeyRange::from(&room(5)[..]..&room(8)[..]))?),
            9 => Ok(trees.delete_range("rooms", KeyRange::all())?),
            _ => Ok(()),
        }
    });
    app([step]).chunk_entries(7).run(&**bed.store())?;
    bed.settle()?;
    let mut visited = Vec::new();
    for number in 0..12 {
        if bed.get("visited", &room(number))?.is_some() {
            visited.push(number);
        }
    }
    assert_eq!(visited, [0, 1, 3, 4, 8, 9]);
    Ok(())
}

/// A chunk that returns the cursor it was given would never end.
pub(super) fn standing_cursor_is_refused<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let stands = || {
        Step::numbered(1).chunked(|trees, cursor| {
            let count = cursor.map_or(0, |cursor| cursor.first().copied().unwrap_or(0));
            trees.put("counts", &[count], b"")?;
            Ok(Some(vec![(count + 1).min(3)]))
        })
    };
    let error = refused(app([stands()]).run(&**bed.store()), "a cursor that stands");
    assert!(matches!(error, MigrationError::Standing { .. }), "{error:?}");
    assert!(error.to_string().contains("return the key it has reached"), "{error}");
    bed.settle()?;
    assert!(bed.get("counts", &[2])?.is_some(), "the chunks before it stay");
    assert_eq!(bed.get("counts", &[3])?, None, "the chunk that stands is not kept");
    refused(app([stands()]).dry_run(&**bed.store()), "a cursor that stands");
    Ok(())
}

/// A chunk ends after a number of entries, bytes or milliseconds.
pub(super) fn chunks_end_in_time<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), 30)?;
    let store = &**bed.store();
    let copies = |number| {
        Step::numbered(number).each("rooms", move |trees, room, topic| {
            Ok(trees.put(&format!("copy {number}"), room, topic)?)
        })
    };
    let chunks = |report: arbour::migrations::Report| at(&report.steps, 0).counts.chunks;
    let by_entries = app([copies(1)]).chunk_entries(10).run(store)?;
    assert!((3..=4).contains(&chunks(by_entries)), "30 entries by ten");
    // An entry is about 20 bytes, read and written.
    let by_bytes = chunks(app([copies(1), copies(2)]).chunk_bytes(200).run(store)?);
    assert!((5..=15).contains(&by_bytes), "{by_bytes} chunks of 200 bytes");
    let slow = Step::numbered(3).each("rooms", |trees, room, _| {
        std::thread::sleep(Duration::from_millis(2));
        Ok(trees.put("copy 3", room, b"")?)
    });
    let in_time = app([copies(1), copies(2), slow]).chunk_time(Duration::from_millis(10));
    let in_time = chunks(in_time.run(store)?);
    assert!(in_time >= 4, "{in_time} chunks of 10 ms in 60");
    assert!(bed.get("copy 3", &room(29))?.is_some());
    Ok(())
}

/// A step can define its own progress: its cursor is whatever it returns.
pub(super) fn own_cursors<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), 10)?;
    let step = || {
        // Two rooms in each chunk, starting with the last one.
        Step::numbered(1).chunked(|trees, cursor| {
            let mut end = cursor.map(<[u8]>::to_vec);
            for _ in 0..2 {
                let rest = match &end {
                    Some(end) => KeyRange::from(..end.as_slice()),
                    None => KeyRange::all(),
                };
                let Some((key, topic)) = trees.last(Source::tree("rooms").range(rest))? else {
                    return Ok(None);
                };
                trace_room(trees, &topic)?;
                end = Some(key);
            }
            Ok(end)
        })
    };
    let mut told = 0;
    let report = app([step()]).run_with(&**bed.store(), &Run::default(), &mut |progress| {
        assert_eq!(progress.total, None);
        told += 1;
        if told == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    assert_eq!((report.is_cancelled, at(&report.steps, 0).counts.chunks), (true, 2));
    bed.settle()?;
    app([step()]).run(&**bed.store())?;
    let order = bed.get("order", b"")?.unwrap_or_default();
    assert_eq!(String::from_utf8_lossy(&order), "9876543210");
    Ok(())
}

/// Appends the number of a room to those of others.
fn trace_room(
    trees: &mut arbour::migrations::StepTrees<'_>,
    topic: &[u8],
) -> arbour_core::Result<()> {
    let order = trees.get("order", b"")?.unwrap_or_default();
    trees.put("order", b"", &[&order, topic.get(6..).unwrap_or_default()].concat())
}

/// A range is visited within its bounds, wherever it resumes.
pub(super) fn ranges_are_kept<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    for key in [&b"a"[..], b"p", b"p\xfe", b"p\xff", b"p\xff\xff", b"p\xffa", b"q", b"\xff", b""] {
        bed.put("keys", key, b"v")?;
    }
    let copies = |number: u64, source: Source| {
        Step::numbered(number).each(source, move |trees, key, value| {
            Ok(trees.put(&format!("copy {number}"), key, value)?)
        })
    };
    let keys = || Source::tree("keys");
    let steps = [
        copies(1, keys().prefix(b"p\xff")),
        copies(2, keys().range(KeyRange::from(&b"p"[..]..&b"p\xffa"[..]))),
        copies(3, keys().prefix(b"\xff")),
        copies(4, keys().range(KeyRange::from(&b"z"[..]..&b"a"[..]))),
        copies(5, keys()),
        copies(6, "absent".into()),
    ];
    let report = app(steps).chunk_entries(1).run(&**bed.store())?;
    bed.settle()?;
    assert_eq!(ran(&report), "rooms 1, rooms 2, rooms 3, rooms 4, rooms 5, rooms 6");
    let contents = bed.contents()?.to_string();
    let found = |number: u64| {
        let tree = format!("copy {number}\t");
        let keys = contents
            .lines()
            .filter_map(|line| line.strip_prefix(tree.as_str())?.split('\t').next());
        keys.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(found(1), r"p\xff p\xffa p\xff\xff");
    assert_eq!(found(2), r"p p\xfe p\xff");
    assert_eq!(found(3), r"\xff");
    assert_eq!((found(4), found(6)), (String::new(), String::new()));
    assert_eq!(found(5), r" a p p\xfe p\xff p\xffa p\xff\xff q \xff");
    Ok(())
}

/// Case 47. A run that was cancelled between two chunks resumes there, even by a program that has
/// gained further steps.
pub(super) fn cancelled_goes_on_further<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), 10)?;
    let migrations = app([counts_rooms(1), traced(2)]).chunk_entries(3);
    let report = migrations.run_with(&**bed.store(), &Run::default(), &mut |progress| {
        if progress.done >= 6 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    assert!(report.is_cancelled && !at(&report.steps, 0).is_done, "{report:?}");
    bed.settle()?;
    let store = &**bed.store();
    let planned = migrations.plan(store)?.steps;
    let entries = |step: &StepStatus| step.record.as_ref().map(|record| record.counts.entries);
    assert_eq!(planned.iter().map(entries).collect::<Vec<_>>(), [Some(6), None]);
    let more = app([counts_rooms(1), traced(2), traced(3)]).chunk_entries(3);
    let report = more.run(store)?;
    assert!(!report.is_cancelled);
    assert_eq!(ran(&report), "rooms 1, rooms 2, rooms 3");
    assert_counted(store, 10)?;
    Ok(())
}
