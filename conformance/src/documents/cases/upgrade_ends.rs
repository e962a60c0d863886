//! The end of an upgrade: in chunks, while the earlier program writes, after a crash, or by giving it up.

use std::iter::once;
use std::ops::ControlFlow;
use std::sync::{Arc, Barrier};
use std::thread;

use arbour::documents::layout::unchecked_tree;
use arbour::documents::{DocError, Filter};
use arbour::{Progress, Result};
use arbour_core::{ErrorKind, KvStore};
use serde_json::json;

use super::claims::{found, go_on, invalid, load, raw, refused};
use super::people::{FEW, contents, crowd, earlier, headers, later, person, set, versions};
use crate::breaking::{Break, Breaking};
use crate::documents::{
    DocBed, DocFactory, Query, TestCollection, TestDocuments, TestReader, TestWriter,
};
use crate::{Factory, things_per_commit};

/// More documents than two chunks hold.
const CROWD: usize = 1_200;

/// An upgrade goes on where a break has ended it. The earlier program reads, writes and finds until one
/// commit switches to the new version. From then on it is refused with both versions, whether its handle
/// was open before or is new. Revisions do not change, and all indexes are complete at the end.
pub(super) fn finished_in_chunks<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    load(bed.store(), &bed.open(earlier())?, &crowd(CROWD))?;
    bed.settle()?;
    let (old, new) = (bed.open(earlier())?, bed.open(later())?);
    let (mut calls, mut refusals, mut last) = (0, 0, 0);
    while !new.finish_upgrade(bed.store(), &mut |progress| {
        assert!(progress.step != "people" || progress.total.is_some());
        ControlFlow::Break(())
    })? {
        calls += 1;
        // A chunk has few documents if transactions are small, or writers many.
        assert!(calls < 60 + CROWD / things_per_commit(bed.store()), "an upgrade ends");
        let number = CROWD + calls;
        let write = set(bed.store(), &old, &person(number));
        let is_switched = versions(bed)?.0 == 2;
        if is_switched {
            refusals += 1;
            let error = refused(write, "a write by the earlier program");
            assert!(matches!(error, DocError::Upgraded { stored: 2, known: 1, .. }), "{error:?}");
            let read = refused(old.indexes(&bed.store().snapshot()?), "a question by it");
            assert!(matches!(read, DocError::Upgraded { .. }), "{read:?}");
            let error = bed.open(earlier()).map(drop).expect_err("it cannot open");
            assert_eq!(error.kind(), ErrorKind::TooNew);
            assert!(error.to_string().contains("backup"), "{error}");
            // What is converted and what is not can be read and written.
            set(
                bed.store(),
                &new,
                &json!({"id": format!("p{calls:05}"), "name": format!("new {calls}")}),
            )?;
        } else {
            write?;
            last = number;
            let snapshot = bed.store().snapshot()?;
            let indexed = Query::new(Filter::eq("name", format!("name {number}"))).require_index();
            for reader in [old.reader(&snapshot), new.reader(&snapshot)] {
                assert_eq!(found(&reader, &indexed)?, format!("p{number:05}"));
            }
        }
    }
    assert!(last > CROWD && refusals > 2, "{last} {refusals}: the switch is between chunks");
    assert!(headers(bed.store())?.iter().all(|header| header.schema == 2));
    let unwritten = headers(bed.store())?.iter().filter(|header| header.revision == 1).count();
    assert_eq!(unwritten, last - refusals, "the upgrade leaves revisions as they are");
    assert!(new.indexes(&bed.store().snapshot()?)?.iter().all(|index| index.state.is_complete()));
    assert!(new.undeclared_indexes(&bed.store().snapshot()?)?.is_empty(), "nobody has them now");
    assert!(new.scrub(bed.store(), &mut go_on)?.is_clean());
    assert!(raw(bed.store(), &unchecked_tree("people"))?.is_empty());
    let before = contents(bed.store())?;
    assert!(new.finish_upgrade(bed.store(), &mut go_on)?, "there is nothing left to do");
    assert_eq!(contents(bed.store())?, before);
    Ok(())
}

/// What the earlier program writes while an upgrade checks all documents is checked too, however far the
/// check is.
pub(super) fn written_meanwhile_is_checked<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    load(bed.store(), &bed.open(earlier())?, &crowd(FEW))?;
    bed.settle()?;
    let (old, new) = (bed.open(earlier())?, bed.open(later())?);
    assert!(!new.finish_upgrade(bed.store(), &mut |_| ControlFlow::Break(()))?);
    set(bed.store(), &old, &json!({"id": "p00001", "name": "ada", "year": "unknown"}))?;
    let finished =
        refused(new.finish_upgrade(bed.store(), &mut go_on), "what was written meanwhile");
    assert!(finished.to_string().contains("p00001"), "{finished}");
    set(bed.store(), &old, &json!({"id": "p00002", "name": "bob", "year": 7}))?;
    assert!(bed.store().write(|t| old.writer(t)?.remove("p00001"))?);
    assert!(new.finish_upgrade(bed.store(), &mut go_on)?);
    let snapshot = bed.store().snapshot()?;
    let indexed = Query::new(Filter::eq("name", "bob")).require_index();
    assert_eq!(found(&new.reader(&snapshot), &indexed)?, "p00002");
    assert_eq!(new.reader(&snapshot).count(&Filter::All)?, FEW as u64 - 1);
    Ok(())
}

/// An upgrade that has not switched can be abandoned, by either program, and leaves nothing behind. One
/// that has switched cannot.
pub(super) fn abandoned_leaves_nothing<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    load(bed.store(), &bed.open(earlier())?, &crowd(FEW))?;
    bed.settle()?;
    let (old, new) = (bed.open(earlier())?, bed.open(later())?);
    assert!(!new.abandon_upgrade(bed.store())?, "none was begun");
    for abandoning in [&old, &new] {
        assert!(!new.finish_upgrade(bed.store(), &mut |_| ControlFlow::Break(()))?);
        assert_eq!(versions(bed)?, (1, Some(2)));
        load(bed.store(), &old, &crowd(550))?;
        let before = contents(bed.store())?;
        assert!(before.iter().any(|(name, _)| *name == unchecked_tree("people")));
        assert!(abandoning.abandon_upgrade(bed.store())?);
        assert_eq!(versions(bed)?, (1, None));
        assert!(raw(bed.store(), &unchecked_tree("people"))?.is_empty());
        set(bed.store(), &old, &person(1))?;
        assert!(
            raw(bed.store(), &unchecked_tree("people"))?.is_empty(),
            "no write is noted any more"
        );
    }
    let commits = |progress: Progress| {
        if progress.done > FEW as u64 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    assert!(!new.finish_upgrade(bed.store(), &mut { commits })?);
    invalid(new.abandon_upgrade(bed.store()), "an upgrade that has switched");
    assert!(new.finish_upgrade(bed.store(), &mut go_on)?);
    assert!(!new.abandon_upgrade(bed.store())?, "it is finished");
    Ok(())
}

/// A process that dies while it upgrades, after any commit or before the first, leaves a store that both
/// programs can use, or one that is at the new version; the next call completes it.
pub(super) fn killed_at_each_commit<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let kills = once((Break::Before, 1)).chain((1..).map(|commit| (Break::After, commit)));
    let mut switched = 0;
    for (breaks, commit) in kills {
        bed.documents_of(bed.store()).drop_collection("people", &mut go_on)?;
        load(bed.store(), &bed.open(earlier())?, &crowd(FEW))?;
        let breaking = Breaking::at_commit(Arc::clone(bed.shared_store()), breaks, commit);
        let finished =
            bed.documents_of(&breaking).declare(later())?.finish_upgrade(&breaking, &mut go_on);
        let is_killed = breaking.is_broken();
        assert_eq!(finished.is_err(), is_killed, "commit {commit}: {finished:?}");
        drop(breaking);
        bed.reopen()?;
        let is_switched = versions(bed)?.0 == 2;
        assert!(!(is_switched && breaks == Break::Before), "nothing was committed");
        let new = bed.open(later())?;
        if is_switched {
            switched += 1;
            assert!(bed.open(earlier()).is_err());
        } else {
            let old = bed.open(earlier())?;
            set(bed.store(), &old, &person(1))?;
            let indexed = Query::new(Filter::eq("year", 7)).require_index();
            let snapshot = bed.store().snapshot()?;
            assert_eq!(old.reader(&snapshot).search(&indexed)?.items.len(), FEW / 50);
        }
        {
            let snapshot = bed.store().snapshot()?;
            let reader = new.reader(&snapshot);
            assert_eq!(reader.count(&Filter::eq("born", 7))?, FEW as u64 / 50);
            let indexed = Query::new(Filter::eq("name", "name 7")).require_index();
            assert_eq!(found(&reader, &indexed)?, "p00007");
        }
        assert!(new.finish_upgrade(bed.store(), &mut go_on)?);
        let headers = headers(bed.store())?;
        assert!(headers.len() == FEW && headers.iter().all(|header| header.schema == 2));
        assert!(new.scrub(bed.store(), &mut go_on)?.is_clean());
        let snapshot = bed.store().snapshot()?;
        let indexed = Query::new(Filter::eq("born", 7)).require_index();
        assert_eq!(new.reader(&snapshot).search(&indexed)?.items.len(), FEW / 50);
        if !is_killed {
            break;
        }
    }
    assert!(switched > 3, "{switched} kills after the switch");
    bed.settle()
}

/// Two programs of different versions that open a collection at the same moment both get it, if it is
/// there. If it is new, one of them creates it in its version, and an earlier one is told.
pub(super) fn opened_at_once<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    for round in 0..20 {
        let exists = round % 2 == 0;
        if exists {
            load(bed.store(), &bed.open(earlier())?, &crowd(3))?;
        }
        let start = Barrier::new(2);
        let open = |declaration| {
            start.wait();
            bed.open(declaration).map(drop)
        };
        let (old, new) = thread::scope(|scope| {
            let old = scope.spawn(|| open(earlier()));
            let new = open(later());
            (old.join().expect("it does not panic"), new)
        });
        new?;
        let (version, upgrading_to) = versions(bed)?;
        assert_eq!(upgrading_to, None);
        match old {
            Ok(()) => assert_eq!(version, 1, "the earlier program has it"),
            Err(error) => {
                let is_told = matches!(error.downcast_ref(), Some(DocError::Upgraded { .. }));
                assert!(!exists && version == 2 && is_told, "{error}");
            }
        }
        let new = bed.open(later())?;
        set(bed.store(), &new, &json!({"id": "x", "name": "eve", "born": 7}))?;
        assert!(headers(bed.store())?.iter().all(|header| header.schema == version));
        let indexed = Query::new(Filter::eq("name", "eve")).require_index();
        assert_eq!(found(&new.reader(&bed.store().snapshot()?), &indexed)?, "x");
        bed.documents_of(bed.store()).drop_collection("people", &mut go_on)?;
    }
    bed.settle()
}
