//! A schema version that is raised, while programs of the earlier version run, and the way back.

use std::ops::ControlFlow;
use std::sync::Arc;

use arbour::documents::{DocError, DocId, Filter};
use arbour::{Error, Result};
use arbour_core::KvStore;
use serde_json::json;

use super::claims::{found, go_on, load, means, refused};
use super::people::{
    FEW, contents, crowd, earlier, headers, later, person, renamed, set, upgraded,
};
pub(super) use super::upgrade_ends::{
    abandoned_leaves_nothing, finished_in_chunks, killed_at_each_commit, opened_at_once,
    written_meanwhile_is_checked,
};
use crate::Factory;
use crate::counting::Counting;
use crate::documents::{
    DocBed, DocFactory, Query, TestCollection, TestDocuments, TestReader, TestWriter,
};

/// Opening a collection with a higher version writes nothing, and reading it neither. The program of the
/// earlier version goes on, and both read what it writes.
pub(super) fn opening_writes_nothing<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    load(bed.store(), &bed.open(earlier())?, &crowd(3))?;
    bed.settle()?;
    let before = contents(bed.store())?;
    let people = bed.open(later())?;
    {
        let snapshot = bed.store().snapshot()?;
        let reader = people.reader(&snapshot);
        let body = reader.get("p00001")?.expect("it was stored").body;
        assert_eq!(body, json!({"id": "p00001", "name": "name 1", "born": 1}));
        means(&reader, &Filter::at_least("born", 1), "p00001 p00002")?;
    }
    drop(people);
    assert_eq!(contents(bed.store())?, before, "opening and reading wrote nothing");
    let (old, new) = (bed.open(earlier())?, bed.open(later())?);
    set(bed.store(), &old, &person(7))?;
    let snapshot = bed.store().snapshot()?;
    means(&new.reader(&snapshot), &Filter::eq("born", 7), "p00007")?;
    let indexed = Query::new(Filter::eq("year", 7)).require_index();
    assert_eq!(found(&old.reader(&snapshot), &indexed)?, "p00007");
    Ok(())
}

/// Opening a collection reads as little as before there were upgrades, and begins no transaction, whether
/// there is something to upgrade or not.
pub(super) fn opening_reads_little<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    load(bed.store(), &bed.open(earlier())?, &crowd(3))?;
    bed.settle()?;
    for declaration in [earlier(), later()] {
        let counting = Counting::new(Arc::clone(bed.shared_store()));
        drop(bed.documents_of(&counting).collection(declaration)?);
        // The id of the store, a document, and the record of the collection, which three snapshots read.
        assert_eq!(counting.take(), (5, 0));
    }
    Ok(())
}

/// The later program writes documents in the version that the store is at, so that the earlier one reads,
/// finds and changes them. Without a downgrade it is refused, and told what to do.
pub(super) fn written_as_the_store_is<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    load(bed.store(), &bed.open(earlier())?, &crowd(2))?;
    bed.settle()?;
    {
        let (old, new) = (bed.open(earlier())?, bed.open(later())?);
        let revision =
            set(bed.store(), &new, &json!({"id": "p00001", "name": "ada", "born": 1815}))?;
        assert_eq!(revision, 2);
        bed.store()
            .write(|t| new.writer(t)?.insert(&json!({"id": "x", "name": "bob"})).map(drop))?;
        assert!(headers(bed.store())?.iter().all(|header| header.schema == 1));
        let snapshot = bed.store().snapshot()?;
        let stored = old.reader(&snapshot).get("p00001")?.expect("it was stored").body;
        assert_eq!(stored, json!({"id": "p00001", "name": "ada", "year": 1815}));
        let indexed = Query::new(Filter::eq("year", 1815)).require_index();
        assert_eq!(found(&old.reader(&snapshot), &indexed)?, "p00001");
        means(&new.reader(&snapshot), &Filter::eq("born", 1815), "p00001")?;
        means(&new.reader(&snapshot), &Filter::is_null("born"), "x")?;
        let taken = set(bed.store(), &new, &json!({"id": "y", "name": "ada", "born": 1}));
        let taken = refused(taken, "a unique value of the earlier program");
        assert!(matches!(taken, DocError::Unique { .. }), "{taken:?}");
        assert!(old.scrub(bed.store(), &mut go_on)?.is_clean());
        assert!(new.scrub(bed.store(), &mut go_on)?.is_clean());
    }
    bed.settle()?;
    let people = bed.open(upgraded())?;
    let before = contents(bed.store())?;
    let write = set(bed.store(), &people, &json!({"id": "p00000", "name": "eve"}));
    let error = refused(write, "a write without a downgrade");
    assert!(matches!(error, DocError::NotUpgraded { stored: 1, known: 2, .. }), "{error:?}");
    assert!(error.to_string().contains("finish_upgrade"), "{error}");
    assert_eq!(contents(bed.store())?, before, "a refused write wrote nothing");
    assert!(bed.store().write(|t| people.writer(t)?.remove("p00000"))?, "it can remove");
    Ok(())
}

/// A document that the earlier version cannot hold whole is refused, with its id and what would be lost;
/// so is one whose downgrade fails, or changes a field that is promised to stay.
pub(super) fn downgrade_loses_nothing<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    load(bed.store(), &bed.open(earlier())?, &crowd(1))?;
    bed.settle()?;
    let forgetful = upgraded().downgrade_json(1, |person| {
        let mut person = renamed(person, "born", "year")?;
        let members = person.as_object_mut().ok_or("no object")?;
        if members.contains_key("secret") {
            return Err("secrets have no place".into());
        }
        members.remove("motto");
        if members.contains_key("shout") {
            members.insert("name".to_owned(), "SHOUTED".into());
        }
        Ok(person)
    });
    let people = bed.open(forgetful)?;
    let before = contents(bed.store())?;
    for (member, reason) in [("motto", "motto"), ("secret", "no place"), ("shout", "name")] {
        let body = json!({"id": "a", "name": "ada", member: true});
        let error = refused(set(bed.store(), &people, &body), "a document that would be lost");
        let is_right =
            matches!(&error, DocError::Downgrade { id, to: 1, .. } if *id == DocId::from("a"));
        assert!(is_right, "{error:?}");
        assert!(error.to_string().contains(reason), "{member}: {error}");
        assert_eq!(contents(bed.store())?, before, "a refused write wrote nothing");
    }
    set(bed.store(), &people, &json!({"id": "a", "name": "ada", "born": 1815}))?;
    assert!(people.finish_upgrade(bed.store(), &mut go_on)?);
    set(bed.store(), &people, &json!({"id": "a", "name": "ada", "motto": true, "shout": 1}))?;
    let snapshot = bed.store().snapshot()?;
    let stored = people.reader(&snapshot).get("a")?.expect("it was stored").body;
    assert_eq!(stored, json!({"id": "a", "name": "ada", "motto": true, "shout": 1}));
    Ok(())
}

/// A check names every document that cannot be upgraded, with the reason, and writes nothing; nor does an
/// upgrade that finds one, so the earlier program goes on.
pub(super) fn check_names_each_failure<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    load(bed.store(), &bed.open(earlier())?, &crowd(FEW))?;
    {
        let old = bed.open(earlier())?;
        for id in ["p00003", "p00590"] {
            set(bed.store(), &old, &json!({"id": id, "name": id, "year": "long ago"}))?;
        }
    }
    bed.settle()?;
    let (old, new) = (bed.open(earlier())?, bed.open(later())?);
    let before = contents(bed.store())?;
    let mut seen = 0;
    let failures = new.check_upgrade(bed.store(), &mut |progress| {
        seen = progress.done;
        assert_eq!(progress.total, Some(FEW as u64));
        ControlFlow::Continue(())
    })?;
    assert_eq!(seen, FEW as u64, "the progress ends with the last document");
    let failed: Vec<String> = failures.iter().map(|(id, _)| id.to_string()).collect();
    assert_eq!(failed, ["p00003", "p00590"]);
    for (_, error) in &failures {
        assert!(error.to_string().contains("the year is no number"), "{error}");
    }
    assert_eq!(contents(bed.store())?, before, "a check writes nothing");
    let finished =
        refused(new.finish_upgrade(bed.store(), &mut go_on), "an upgrade that would fail");
    assert!(finished.to_string().contains("p00003"), "{finished}");
    set(bed.store(), &old, &person(3))?;
    assert!(headers(bed.store())?.iter().all(|header| header.schema == 1));
    let finished = refused(new.finish_upgrade(bed.store(), &mut go_on), "a second failure");
    assert!(finished.to_string().contains("p00590"), "{finished}");
    set(bed.store(), &old, &person(590))?;
    assert!(new.check_upgrade(bed.store(), &mut go_on)?.is_empty());
    assert!(new.finish_upgrade(bed.store(), &mut go_on)?);
    assert!(new.check_upgrade(bed.store(), &mut go_on)?.is_empty());
    Ok(())
}

/// Programs of both versions share an index over a field that no upgrade changes, and each write of either
/// keeps it right. A document in which the promise is broken stops the upgrade.
pub(super) fn indexes_shared<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    load(bed.store(), &bed.open(earlier())?, &crowd(20))?;
    bed.settle()?;
    let (old, new) = (bed.open(earlier())?, bed.open(later())?);
    for number in 20..40 {
        let mut body = person(number);
        if number % 2 == 0 {
            set(bed.store(), &old, &body)?;
        } else {
            body = renamed(body, "year", "born").expect("an object");
            set(bed.store(), &new, &body)?;
        }
        let snapshot = bed.store().snapshot()?;
        let indexed = Query::new(Filter::eq("name", format!("name {number}"))).require_index();
        for reader in [old.reader(&snapshot), new.reader(&snapshot)] {
            assert_eq!(found(&reader, &indexed)?, format!("p{number:05}"));
        }
    }
    assert!(old.undeclared_indexes(&bed.store().snapshot()?)?.is_empty(), "it has them all");
    let unscanned = Query::new(Filter::eq("born", 7)).require_index();
    let refusal = refused(
        new.reader(&bed.store().snapshot()?).search(&unscanned).map(drop),
        "an index that the upgrade changes",
    );
    assert!(matches!(refusal, DocError::FullScan { .. }), "{refusal:?}");
    let breaking = || {
        later().upgrade_json(1, |person| {
            let mut person = renamed(person, "year", "born")?;
            if let Some(name) = person.get_mut("name") {
                *name = format!("the {name}").into();
            }
            Ok(person)
        })
    };
    let breaking = bed.open(breaking())?;
    let failures = breaking.check_upgrade(bed.store(), &mut go_on)?;
    let is_told = |(_, error): &(DocId<'static>, Error)| error.to_string().contains("unchanged");
    assert!(failures.len() == 40 && failures.iter().all(is_told), "{failures:?}");
    assert!(breaking.finish_upgrade(bed.store(), &mut go_on).is_err());
    assert!(new.finish_upgrade(bed.store(), &mut go_on)?);
    let snapshot = bed.store().snapshot()?;
    assert_eq!(new.reader(&snapshot).search(&unscanned)?.items.len(), 1);
    Ok(())
}
