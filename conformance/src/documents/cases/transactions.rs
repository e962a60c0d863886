//! Documents and the transactions they are written in.

use std::thread;

use arbour::Result;
use arbour::documents::layout::{documents_tree, index_tree};
use arbour::documents::{DocError, DocId, Filter, Precondition, Written};
use arbour_core::{ErrorKind, KvRead, KvStore, KvWrite, Limits, StoreOptions};
use serde_json::json;

use super::claims::{found, load, member, raw, refused, refused_by_store};
use super::samples::people;
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader, TestWriter};

/// How many threads race, and how often.
const THREADS: u64 = 4;
const ROUNDS: u64 = 10;

/// Case 3. If several threads insert the same document, one succeeds, and the others fail because
/// it exists. If several change the same revision, one succeeds, and the others get the current
/// one.
pub(super) fn racing_inserts_one_wins<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let people = bed.open(self::people())?;
    let (store, people) = (bed.store(), &people);
    for round in 0..ROUNDS {
        for precondition in [Precondition::Absent, Precondition::Revision(1)] {
            let verdicts: Vec<(u64, Result<Written>)> = thread::scope(|scope| {
                let race = |me| {
                    let body = json!({"id": round.to_string(), "by": me});
                    move || {
                        let put = store.write(|t| people.writer(t)?.put(&body, precondition));
                        (me, put)
                    }
                };
                let threads: Vec<_> = (0..THREADS).map(|me| scope.spawn(race(me))).collect();
                threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
            });
            let winners: Vec<u64> =
                verdicts.iter().filter(|(_, put)| put.is_ok()).map(|(me, _)| *me).collect();
            assert_eq!(winners.len(), 1, "round {round}: {verdicts:?}");
            let id = DocId::from(round.to_string());
            let stored = people.reader(&store.snapshot()?).get(&id)?.expect("one has written it");
            let by = member(&stored.body, "by").as_u64();
            assert_eq!(by.as_slice(), winners, "round {round}");
            for error in verdicts.into_iter().filter_map(|(_, put)| put.err()) {
                let is_right = match error.downcast_ref() {
                    Some(DocError::Exists { id: told, .. }) => {
                        precondition == Precondition::Absent && *told == id
                    }
                    Some(DocError::Revision { expected: 1, actual: 2, current, .. }) => {
                        **current == stored.body
                    }
                    _ => false,
                };
                assert!(is_right, "round {round}, {precondition:?}: {error:?}");
            }
        }
    }
    Ok(())
}

/// A refused write has written nothing; the transaction continues, and its writes before and after
/// are committed.
pub(super) fn refused_write_leaves_the_rest<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let people = bed.open(self::people())?;
    let before = [
        json!({"id": "ada", "born": 1815, "email": "ada@x"}),
        json!({"id": "bob", "born": 1900, "email": "bob@x"}),
    ];
    load(bed.store(), &people, &before)?;
    drop(people);
    bed.settle()?;
    let people = bed.open(self::people())?;
    bed.store().write(|transaction| {
        let mut people = people.writer(transaction)?;
        people.set(&json!({"id": "cid", "born": 1950, "email": "cid@x"}))?;
        let refusals = [
            people.insert(&json!({"id": "new", "born": 2000, "email": "cid@x"})),
            people.set(&json!({"id": "bob", "born": 1901, "email": "ada@x"})),
            people.update("ada", &json!({"born": "long ago", "email": "new@x"})),
            people.change_id("ada", "bob"),
            people.insert(&json!({"id": "bob", "email": "new@x"})),
        ];
        for refusal in refusals {
            refused(refusal, "one of the five");
        }
        assert_eq!(found(&people, &Query::new(Filter::at_least("born", 0)))?, "ada bob cid");
        people.set(&json!({"id": "dan", "born": 1815, "email": "new@x"})).map(drop)
    })?;
    drop(people);
    bed.settle()?;
    let people = bed.open(self::people())?;
    let snapshot = bed.store().snapshot()?;
    let reader = people.reader(&snapshot);
    assert_eq!(found(&reader, &Query::new(Filter::All))?, "ada bob cid dan");
    for body in before {
        let (id, email) = (member(&body, "id"), member(&body, "email"));
        let id = id.as_str().unwrap_or_default();
        let stored = reader.get(id)?.expect("it was there before");
        assert_eq!((stored.revision, &stored.body), (1, &body));
        assert_eq!(found(&reader, &Query::new(Filter::eq("email", email)))?, id);
    }
    assert_eq!(found(&reader, &Query::new(Filter::eq("born", 1815)))?, "ada dan");
    for born in [1901, 2000] {
        assert_eq!(found(&reader, &Query::new(Filter::eq("born", born)))?, "", "{born}");
    }
    assert_eq!(raw(bed.store(), &index_tree("people", "born"))?.len(), 4);
    assert_eq!(raw(bed.store(), &index_tree("people", "email"))?.len(), 4);
    Ok(())
}

/// The writes of a transaction that was rolled back leave nothing, not even in indexes.
pub(super) fn rolled_back_with_the_transaction<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let trees =
        [documents_tree("people"), index_tree("people", "born"), index_tree("people", "email")];
    let people = bed.open(self::people())?;
    load(bed.store(), &people, &[json!({"id": "ada", "born": 1815, "email": "ada@x"})])?;
    let store = bed.store();
    let before = trees.iter().map(|tree| raw(store, tree)).collect::<Result<Vec<_>, _>>()?;
    for is_dropped in [false, true] {
        let mut transaction = store.begin()?;
        let mut writer = people.writer(&mut transaction)?;
        writer.set(&json!({"id": "bob", "born": 1900}))?;
        writer.update("ada", &json!({"born": 1816, "email": "lovelace@x"}))?;
        writer.change_id("ada", "zoe")?;
        assert_eq!(found(&writer, &Query::new(Filter::All))?, "bob zoe");
        drop(writer);
        if is_dropped { drop(transaction) } else { transaction.rollback()? }
    }
    let error = store.write(|transaction| {
        people.writer(transaction)?.remove("ada")?;
        people.writer(transaction)?.insert(&json!({"born": 1}))
    });
    refused(error, "a document without an id");
    drop(people);
    bed.settle()?;
    let people = bed.open(self::people())?;
    let store = bed.store();
    let after = trees.iter().map(|tree| raw(store, tree)).collect::<Result<Vec<_>, _>>()?;
    assert_eq!(after, before);
    let snapshot = store.snapshot()?;
    assert_eq!(found(&people.reader(&snapshot), &Query::new(Filter::eq("born", 1815)))?, "ada");
    Ok(())
}

/// Documents of two collections and the program's own entries change together or not at all, and a
/// snapshot sees all of it or nothing.
pub(super) fn atomic_with_other_trees<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let (people, own) = (bed.open(self::people())?, bed.store().tree("t")?);
    let others = bed.open(arbour::documents::Declaration::new("others"))?;
    let before = bed.store().snapshot()?;
    let ada = json!({"id": "ada", "born": 1815});
    bed.store().write(|transaction| {
        transaction.put(&own, b"a", b"1")?;
        people.writer(transaction)?.insert(&ada)?;
        others.writer(transaction)?.insert(&ada)?;
        transaction.put(&own, b"b", b"2")
    })?;
    assert_eq!(people.reader(&before).get("ada")?, None);
    assert_eq!(others.reader(&before).get("ada")?, None);
    let failed = bed.store().write(|transaction| {
        transaction.put(&own, b"a", b"3")?;
        others.writer(transaction)?.remove("ada")?;
        people.writer(transaction)?.insert(&ada)
    });
    refused(failed, "an insert of what is there");
    drop((before, people, others));
    bed.settle()?;
    let own = bed.store().tree("t")?;
    let people = bed.open(self::people())?;
    let others = bed.open(arbour::documents::Declaration::new("others"))?;
    let snapshot = bed.store().snapshot()?;
    assert_eq!(snapshot.get_with(&own, b"a", <[u8]>::to_vec)?, Some(b"1".to_vec()));
    assert_eq!(snapshot.get_with(&own, b"b", <[u8]>::to_vec)?, Some(b"2".to_vec()));
    for stored in [people.reader(&snapshot).get("ada")?, others.reader(&snapshot).get("ada")?] {
        assert_eq!(stored.map(|stored| stored.body), Some(ada.clone()));
    }
    Ok(())
}

/// A document or an id over the store's limits is refused as the store refuses it, and nothing of it is
/// written.
pub(super) fn over_limit_refused<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let own = bed.capabilities().limits;
    let limits = Limits { key_bytes_max: 200, value_bytes_max: 4000, ..own };
    let options = StoreOptions::new().limits(limits);
    bed.reopen_with(&options)?;
    let people = bed.open(self::people())?;
    load(bed.store(), &people, &[json!({"id": "ada", "email": "ada@x", "born": 1815})])?;
    let too_much = [
        json!({"id": "new", "born": 2, "email": "new@x", "text": "x".repeat(4001)}),
        json!({"id": "i".repeat(201), "born": 2, "email": "new@x"}),
        json!({"id": "ada", "born": 2, "email": "new@x", "text": "x".repeat(4001)}),
    ];
    bed.store().write(|transaction| {
        let mut people = people.writer(transaction)?;
        for body in &too_much {
            refused_by_store(people.set(body), ErrorKind::TooLarge, "what is too large");
        }
        people.set(&json!({"id": "fits", "text": "x".repeat(3000), "born": 1})).map(drop)
    })?;
    drop(people);
    if bed.capabilities().persistent {
        bed.reopen_with(&options)?;
    }
    let people = bed.open(self::people())?;
    let snapshot = bed.store().snapshot()?;
    let reader = people.reader(&snapshot);
    assert_eq!(found(&reader, &Query::new(Filter::All))?, "ada fits");
    assert_eq!(found(&reader, &Query::new(Filter::at_least("born", 0)))?, "ada fits");
    let stored = reader.get("ada")?.map(|stored| (stored.revision, stored.body));
    assert_eq!(stored, Some((1, json!({"id": "ada", "email": "ada@x", "born": 1815}))));
    assert_eq!(raw(bed.store(), &index_tree("people", "born"))?.len(), 2);
    assert_eq!(raw(bed.store(), &index_tree("people", "email"))?.len(), 2);
    Ok(())
}
