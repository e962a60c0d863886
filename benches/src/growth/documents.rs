//! The operations of documents, measured while what multiplies their cost grows.

use std::ops::ControlFlow;

use arbour::Progress;
use arbour::documents::{
    Collection, Declaration, DocumentStore as _, Field, FieldKind, Filter, Ids, Index, Selection,
};
use arbour_core::{Durability, KvStore, KvWrite as _, Result};
use serde_json::{Value, json};

use super::{Case, time, time_steady};
use crate::workload::random_entries;

/// How often an operation is repeated that does not change the size of the store.
const TIMES: u64 = 200;

/// How many documents share a searched value.
const ON_SHELF: u64 = 10;

pub(super) fn cases<S: KvStore>() -> Vec<Case<S>> {
    [collections(), ordered_ids(), indexes_and_feeds(), whole_collections()]
        .into_iter()
        .flatten()
        .collect()
}

fn collections<S: KvStore>() -> Vec<Case<S>> {
    vec![
        Case::<S>::new("document: put over", "documents", |store, size| {
            let notes = filled(&**store, size)?;
            time_steady(TIMES, || put(&**store, &notes, size, TIMES))
        }),
        Case::<S>::new("document: get", "documents", |store, size| {
            let notes = filled(&**store, size)?;
            let snapshot = store.snapshot()?;
            let ids: Vec<_> = random_entries(size, TIMES as usize).into_iter().map(id).collect();
            time_steady(TIMES, || ids.iter().try_for_each(|id| notes.get(&snapshot, id).map(drop)))
        }),
        Case::<S>::new("document: search by index", "documents", |store, size| {
            let notes = filled(&**store, size)?;
            let snapshot = store.snapshot()?;
            let shelves = random_entries(size / ON_SHELF, TIMES as usize);
            time_steady(TIMES, || {
                shelves.iter().try_for_each(|shelf| {
                    notes.find(Filter::eq("shelf", *shelf)).list(&snapshot).map(drop)
                })
            })
        })
        .fewer(2),
        Case::<S>::new("document: read by pages, per document", "documents", |store, size| {
            let notes = filled(&**store, size)?;
            let snapshot = store.snapshot()?;
            time(size, || {
                let mut page = by_shelf(&notes).limit(50);
                while let Some(next) = page.page(&snapshot)?.next {
                    page = page.at(next);
                }
                Ok(())
            })
        })
        .fewer(2),
    ]
}

fn ordered_ids<S: KvStore>() -> Vec<Case<S>> {
    vec![
        Case::<S>::new("document: take first of an index", "documents taken", |store, size| {
            let notes = filled(&**store, size)?;
            let mut transaction = store.begin_with(Durability::None)?;
            let first = by_shelf(&notes).limit(1);
            let work = time(size, || {
                while let Some(found) = first.stored(&transaction)?.items.pop() {
                    notes.delete(&mut transaction, &found.id)?;
                }
                Ok(())
            })?;
            transaction.commit()?;
            Ok(work)
        })
        .fewer(4),
        Case::<S>::new("document: insert, slug", "documents of one title", |store, size| {
            let ids = Ids::Slug { field: "title".to_owned() };
            let declaration = Declaration::new("notes").id("id", ids).field(Field::path("title"));
            let notes = Collection::open(&**store, declaration)?;
            let mut transaction = store.begin_with(Durability::None)?;
            let work = time(size, || {
                (0..size).try_for_each(|_| {
                    let note: Value = json!({"title": "The Tale of Genji"});
                    notes.insert(&mut transaction, note).map(drop)
                })
            })?;
            transaction.commit()?;
            Ok(work)
        })
        .fewer(4),
    ]
}

fn indexes_and_feeds<S: KvStore>() -> Vec<Case<S>> {
    vec![
        Case::<S>::new("document: put, per index", "indexes", |store, size| {
            let mut declaration = Declaration::new("notes");
            for number in 0..size {
                let name = format!("field-{number}");
                let field = Field::path(&name).of(FieldKind::Integer);
                declaration = declaration.field(field).index(Index::on(&name));
            }
            let notes = Collection::open(&**store, declaration)?;
            let puts = 50;
            let documents = (0..puts).map(|number| {
                let fields = (0..size).map(|field| (format!("field-{field}"), json!(number)));
                let mut document = serde_json::Map::from_iter(fields);
                document.insert("id".to_owned(), json!(id(number)));
                Value::Object(document)
            });
            let documents: Vec<_> = documents.collect();
            let mut transaction = store.begin_with(Durability::None)?;
            let work = time(puts * size, || {
                documents
                    .into_iter()
                    .try_for_each(|document| notes.put(&mut transaction, document).map(drop))
            })?;
            transaction.commit()?;
            Ok(work)
        })
        .fewer(1_000),
        Case::<S>::new("document: next of the feed", "changes before it", |store, size| {
            let declaration = Declaration::<Value>::new("notes").with_feed();
            let notes = Collection::open(&**store, declaration)?;
            put(&**store, &notes, size, size)?;
            let snapshot = store.snapshot()?;
            time_steady(TIMES, || {
                (0..TIMES).try_for_each(|_| notes.changes(&snapshot, size - 1, 1).map(drop))
            })
        })
        .fewer(2),
    ]
}

/// What is done with all documents, in chunks.
fn whole_collections<S: KvStore>() -> Vec<Case<S>> {
    vec![
        Case::<S>::new("document: drop, per document", "documents", |store, size| {
            filled(&**store, size)?;
            time(size, || store.drop_collection("notes", go_on).map(drop))
        }),
        Case::<S>::new("document: upgrade, per document", "documents", |store, size| {
            filled(&**store, size)?;
            let later = declaration().upgrade_json(1, |mut note| {
                if let Some(fields) = note.as_object_mut() {
                    fields.insert("kind".to_owned(), json!("note"));
                }
                Ok(note)
            });
            let later = Collection::open(&**store, later)?;
            time(size, || later.finish_upgrade(&**store, &mut go_on).map(drop))
        }),
    ]
}

fn go_on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn id(number: u64) -> String {
    format!("note-{number:08}")
}

fn by_shelf(notes: &Collection<Value>) -> Selection<Value> {
    notes.find(Filter::at_least("shelf", 0)).ascending("shelf")
}

fn declaration() -> Declaration<Value> {
    let shelf = Field::path("shelf").of(FieldKind::Integer);
    Declaration::new("notes").field(shelf).index(Index::on("shelf"))
}

/// Opens a collection with an index and puts documents in it.
fn filled<S: KvStore>(store: &S, size: u64) -> Result<Collection<Value>> {
    let notes = Collection::open(store, declaration())?;
    put(store, &notes, size, size)?;
    Ok(notes)
}

/// Puts this many of the documents of a collection of a size, in one transaction.
fn put<S: KvStore>(store: &S, notes: &Collection<Value>, size: u64, count: u64) -> Result<()> {
    let mut transaction = store.begin_with(Durability::None)?;
    for number in 0..count {
        let number = number * 7_919 % size;
        let note: Value = json!({"id": id(number), "shelf": number / ON_SHELF, "title": "a note"});
        notes.put(&mut transaction, note)?;
    }
    transaction.commit()
}
