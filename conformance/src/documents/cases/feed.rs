//! The feed: the recorded changes, for subscribers that follow them.

use std::collections::BTreeMap;

use arbour::Result;
use arbour::documents::{Change, Declaration, DocError, DocId, Field, Filter, Index, Precondition};
use arbour_core::KvStore;
use serde_json::{Value, json};

use super::claims::{invalid, load, refused};
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader, TestWriter};

fn notes() -> Declaration<Value> {
    Declaration::new("notes").field(Field::path("n")).index(Index::on("n").unique()).with_feed()
}

/// Reads all changes after a position, this many at a time, and asserts that none is left out.
fn follow<S: KvStore>(
    store: &S,
    notes: &impl TestCollection<Value>,
    after: u64,
    limit: usize,
) -> Result<Vec<Change>> {
    let (mut position, mut all) = (after, Vec::new());
    loop {
        let changes = notes.changes(&store.snapshot()?, position, limit)?;
        assert!(changes.len() <= limit, "{changes:?}");
        if changes.is_empty() {
            return Ok(all);
        }
        for change in changes {
            assert_eq!(change.position, position + 1, "none is left out: {change:?}");
            position = change.position;
            all.push(change);
        }
    }
}

/// The revisions of all documents, by id.
type Revisions = BTreeMap<DocId<'static>, u64>;

/// Applies the changes to a copy.
fn replayed(copy: &mut Revisions, changes: &[Change]) {
    for change in changes {
        match change.revision {
            Some(revision) => copy.insert(change.id.clone(), revision),
            None => copy.remove(&change.id),
        };
    }
}

fn revisions<S: KvStore>(store: &S, notes: &impl TestCollection<Value>) -> Result<Revisions> {
    let all = notes.reader(&store.snapshot()?).all(&Query::new(Filter::All))?;
    Ok(all.into_iter().map(|stored| (stored.id, stored.revision)).collect())
}

/// Case 19. Every write of every kind is a change, in the order of writing and with the revision it
/// made. A subscriber that follows with pauses, in steps of any length, ends up with the contents
/// of the collection.
pub(super) fn resumes_without_loss<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let notes = bed.open(self::notes())?;
    assert_eq!(notes.newest_change(&bed.store().snapshot()?)?, 0);
    bed.store().write(|transaction| {
        let mut notes = notes.writer(transaction)?;
        notes.insert(&json!({"id": "a", "n": 1}))?;
        notes.insert(&json!({"id": "b", "n": 2}))?;
        notes.set(&json!({"id": "a", "n": 3}))?;
        notes.update("b", &json!({"n": 4}))?;
        notes.remove("nobody")?;
        notes.remove("a")
    })?;
    let changes = follow(bed.store(), &notes, 0, 100)?;
    let told: Vec<(String, Option<u64>)> =
        changes.iter().map(|change| (change.id.to_string(), change.revision)).collect();
    let expected = [("a", Some(1)), ("b", Some(1)), ("a", Some(2)), ("b", Some(2)), ("a", None)];
    assert_eq!(told, expected.map(|(id, revision)| (id.to_owned(), revision)));
    assert!(changes.last().is_some_and(Change::is_removal));
    assert_eq!(notes.newest_change(&bed.store().snapshot()?)?, 5);
    let mut copy = Revisions::new();
    replayed(&mut copy, &changes);
    drop(notes);
    let mut position = 5;
    for (round, limit) in [1, 2, 3, 100].into_iter().enumerate() {
        let notes = bed.open(self::notes())?;
        let id = format!("round {round}");
        bed.store().write(|transaction| {
            let mut notes = notes.writer(transaction)?;
            notes.upsert(&json!({"id": "b", "n": 100 + round}))?;
            notes.insert(&json!({"id": &id, "n": 200 + round}))?;
            notes.patch(&id, &json!({"more": {}}))?;
            notes.change_id(&id, format!("renamed {round}"))?;
            notes.put_many(&[json!({"id": "a"}), json!({"id": "c"})], Precondition::None)?;
            notes.remove("c")
        })?;
        drop(notes);
        bed.settle()?;
        let notes = bed.open(self::notes())?;
        let changes = follow(bed.store(), &notes, position, limit)?;
        assert!(changes.len() >= 7, "a change for each write: {changes:?}");
        position += changes.len() as u64;
        replayed(&mut copy, &changes);
        assert_eq!(copy, revisions(bed.store(), &notes)?, "round {round}");
        assert_eq!(notes.newest_change(&bed.store().snapshot()?)?, position);
        let whole = follow(bed.store(), &notes, 0, limit)?;
        assert_eq!(whole.len() as u64, position, "all can be read again");
    }
    let plain = bed.open(Declaration::<Value>::new("plain"))?;
    invalid(plain.changes(&bed.store().snapshot()?, 0, 1), "the changes of one without a feed");
    Ok(())
}

/// Case 19. A write that was rolled back or refused is not a change, and takes no position.
pub(super) fn nothing_from_rolled_back<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let notes = bed.open(self::notes())?;
    load(bed.store(), &notes, &[json!({"id": "a", "n": 1})])?;
    let mut transaction = bed.store().begin()?;
    notes.writer(&mut transaction)?.set(&json!({"id": "rolled back"}))?;
    drop(transaction);
    let failed = bed.store().write(|transaction| {
        notes.writer(transaction)?.remove("a")?;
        notes.writer(transaction)?.insert(&json!({}))
    });
    refused(failed, "a document without an id");
    let before = bed.store().snapshot()?;
    bed.store().write(|transaction| {
        let mut notes = notes.writer(transaction)?;
        refused(notes.insert(&json!({"id": "a"})), "what is there");
        refused(notes.set(&json!({"id": "new", "n": 1})), "what is taken");
        refused(notes.update("nobody", &json!({"n": 2})), "what is not there");
        refused(notes.change_id("nobody", "c"), "an id that is not there");
        Ok(())
    })?;
    load(bed.store(), &notes, &[json!({"id": "b"})])?;
    assert_eq!(notes.newest_change(&before)?, 1, "a snapshot of before");
    assert_eq!(notes.changes(&before, 0, 100)?.len(), 1);
    drop(before);
    drop(notes);
    bed.settle()?;
    let notes = bed.open(self::notes())?;
    let changes = follow(bed.store(), &notes, 0, 3)?;
    let made =
        |position, id: &'static str| Change { position, id: DocId::from(id), revision: Some(1) };
    assert_eq!(changes, [made(1, "a"), made(2, "b")]);
    Ok(())
}

/// Trimmed changes are not skipped silently; positions continue after them, even if no change is
/// left, in a store that was closed and opened.
pub(super) fn trimmed_is_refused<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let notes = bed.open(self::notes())?;
    for n in 0..10 {
        load(bed.store(), &notes, &[json!({"id": "a", "n": n})])?;
    }
    assert_eq!(bed.store().write(|t| notes.trim_changes(t, 100))?, 0);
    assert_eq!(bed.store().write(|t| notes.trim_changes(t, 3))?, 7);
    drop(notes);
    bed.settle()?;
    let notes = bed.open(self::notes())?;
    let snapshot = bed.store().snapshot()?;
    for asked in [0, 3, 6] {
        let error = refused(notes.changes(&snapshot, asked, 100), "changes that were given up");
        let is_right = matches!(
            error,
            DocError::Trimmed { asked: told, oldest: 7, .. } if told == asked
        );
        assert!(is_right, "{error:?}");
    }
    assert_eq!(follow(bed.store(), &notes, 7, 2)?.len(), 3);
    assert_eq!(notes.changes(&snapshot, 10, 100)?, []);
    drop(snapshot);
    assert_eq!(bed.store().write(|t| notes.trim_changes(t, 0))?, 3);
    drop(notes);
    bed.settle()?;
    let notes = bed.open(self::notes())?;
    assert_eq!(notes.newest_change(&bed.store().snapshot()?)?, 10, "none is left, but ten were");
    let error = refused(notes.changes(&bed.store().snapshot()?, 9, 1), "the last was given up");
    assert!(matches!(error, DocError::Trimmed { .. }), "{error:?}");
    load(bed.store(), &notes, &[json!({"id": "b"})])?;
    let changes = follow(bed.store(), &notes, 10, 1)?;
    assert_eq!(changes.iter().map(|change| change.position).collect::<Vec<_>>(), [11]);
    Ok(())
}

/// Changes that a subscriber has not acknowledged are kept for it. Its position is stored in the
/// transaction of the acknowledgement, and forgetting the subscriber releases the changes.
pub(super) fn unacknowledged_is_kept<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let notes = bed.open(self::notes())?;
    for n in 0..10 {
        load(bed.store(), &notes, &[json!({"id": "a", "n": n})])?;
    }
    assert_eq!(notes.acknowledged(&bed.store().snapshot()?, "mailer")?, None);
    bed.store().write(|transaction| {
        notes.acknowledge(transaction, "mailer", Some(8))?;
        notes.acknowledge(transaction, "slow", Some(4))
    })?;
    let failed = bed.store().write(|transaction| {
        notes.acknowledge(transaction, "slow", Some(10))?;
        notes.writer(transaction)?.insert(&json!({}))
    });
    refused(failed, "a document without an id");
    drop(notes);
    bed.settle()?;
    let notes = bed.open(self::notes())?;
    let snapshot = bed.store().snapshot()?;
    assert_eq!(notes.acknowledged(&snapshot, "mailer")?, Some(8));
    assert_eq!(notes.acknowledged(&snapshot, "slow")?, Some(4), "it was rolled back");
    assert_eq!(notes.acknowledged(&snapshot, "slow!")?, None);
    drop(snapshot);
    assert_eq!(bed.store().write(|t| notes.trim_changes(t, 0))?, 4, "the slow one needs the rest");
    assert_eq!(follow(bed.store(), &notes, 4, 4)?.len(), 6);
    bed.store().write(|t| notes.acknowledge(t, "slow", Some(6)))?;
    assert_eq!(bed.store().write(|t| notes.trim_changes(t, 5))?, 1, "five are to be kept");
    bed.store().write(|t| notes.acknowledge(t, "slow", None))?;
    drop(notes);
    bed.settle()?;
    let notes = bed.open(self::notes())?;
    assert_eq!(notes.acknowledged(&bed.store().snapshot()?, "slow")?, None);
    assert_eq!(bed.store().write(|t| notes.trim_changes(t, 0))?, 3, "up to the mailer's");
    assert_eq!(follow(bed.store(), &notes, 8, 100)?.len(), 2);
    Ok(())
}

/// The acknowledged position of a subscriber only moves forward, and not beyond the newest change:
/// otherwise it would get changes twice, or changes that it has not seen would be trimmed. A
/// subscriber that was forgotten may begin anywhere.
pub(super) fn acknowledged_moves_forward_only<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let notes = bed.open(self::notes())?;
    let acknowledge =
        |store: &F::Store, position| store.write(|t| notes.acknowledge(t, "mailer", position));
    for n in 0..6 {
        load(bed.store(), &notes, &[json!({"id": "a", "n": n})])?;
    }
    for beyond in [7, u64::MAX] {
        let error = refused(acknowledge(bed.store(), Some(beyond)), "the newest change is 6");
        let is_beyond = matches!(
            &error,
            DocError::Beyond { subscriber, asked, newest: 6, .. }
                if subscriber == "mailer" && *asked == beyond
        );
        assert!(is_beyond, "{error:?}");
        assert_eq!(notes.acknowledged(&bed.store().snapshot()?, "mailer")?, None);
    }
    acknowledge(bed.store(), Some(6))?;
    assert_eq!(bed.store().write(|t| notes.trim_changes(t, 0))?, 6);
    // No change is left, but six is still the newest position.
    refused(acknowledge(bed.store(), Some(7)), "the newest change was the sixth");
    for earlier in [0, 5, 6] {
        acknowledge(bed.store(), Some(earlier))?;
        assert_eq!(notes.acknowledged(&bed.store().snapshot()?, "mailer")?, Some(6), "{earlier}");
    }
    load(bed.store(), &notes, &[json!({"id": "b"})])?;
    bed.store().write(|t| {
        notes.writer(t)?.insert(&json!({"id": "c"}))?;
        notes.acknowledge(t, "mailer", Some(8))
    })?;
    assert_eq!(notes.acknowledged(&bed.store().snapshot()?, "mailer")?, Some(8), "its own change");
    acknowledge(bed.store(), None)?;
    acknowledge(bed.store(), Some(7))?;
    drop(notes);
    bed.settle()?;
    let notes = bed.open(self::notes())?;
    assert_eq!(notes.acknowledged(&bed.store().snapshot()?, "mailer")?, Some(7));
    Ok(())
}
