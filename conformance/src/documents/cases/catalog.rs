//! The list of the collections of a store, and dropping one.

use std::iter::once;
use std::ops::ControlFlow;
use std::sync::Arc;

use arbour::Result;
use arbour::documents::layout::{documents_tree, feed_ack_tree, feed_tree, index_tree};
use arbour::documents::{
    Declaration, DocError, DocId, Field, FieldKind, Filter, Ids, Index, IndexState,
};
use arbour_core::KvStore;
use serde_json::{Value, json};

use super::claims::{go_on, load, raw, refused};
use crate::Factory;
use crate::breaking::{Break, Breaking};
use crate::documents::{
    DocBed, DocFactory, Query, TestCollection, TestDocuments, TestReader, TestWriter,
};

/// Enough documents for several chunks.
const CROWD: usize = 1_200;

/// Enough documents for two chunks.
const FEW: usize = 501;

fn crowd() -> Declaration<Value> {
    Declaration::new("crowd")
        .id("meta.id", Ids::Integer)
        .field(Field::path("size").of(FieldKind::Integer))
        .field(Field::path("tags[].name"))
        .field(Field::computed("double", |body: &Value| {
            (body["size"].as_i64().unwrap_or(0) * 2).into()
        }))
        .index(Index::on("size"))
        .index(Index::on("tags[].name"))
        .with_feed()
}

fn other() -> Declaration<Value> {
    // Its name begins with that of the collection that is dropped.
    Declaration::new("crowd2").field(Field::path("size")).index(Index::on("size"))
}

fn fill<F: Factory, M: DocFactory>(bed: &DocBed<F, M>, count: usize) -> Result<()> {
    let body = |number: usize| json!({"size": number % 7, "tags": [{"name": "a"}, {"name": "b"}]});
    let bodies: Vec<Value> = (0..count).map(body).collect();
    load(bed.store(), &bed.open(crowd())?, &bodies)?;
    load(bed.store(), &bed.open(other())?, &[json!({"id": "a", "size": 1})])
}

/// The collections of a store are listed by name, with their ids, fields, indexes and the states of
/// the indexes. The list does not depend on which collections are open.
pub(super) fn collections_listed<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    assert!(bed.documents_of(bed.store()).collections()?.is_empty(), "a new store has none");
    drop(bed.open(other())?);
    drop(bed.open(crowd())?);
    bed.store().write(|t| bed_collection(bed)?.disable(t, "size"))?;
    bed.settle()?;
    let collections = bed.documents_of(bed.store()).collections()?;
    let names: Vec<&str> = collections.iter().map(|found| &*found.name).collect();
    assert_eq!(names, ["crowd", "crowd2"]);
    let [crowd, other] = collections.as_slice() else { return Ok(()) };
    assert_eq!((&*crowd.id, &*crowd.ids), ("meta.id", "an integer of 64 bits"));
    assert_eq!((crowd.schema, crowd.feed, crowd.is_dropping), (1, true, false));
    let fields: Vec<_> = crowd
        .fields
        .iter()
        .map(|field| (&*field.name, field.path.as_deref(), &*field.kind, field.many))
        .collect();
    assert_eq!(
        fields,
        [
            ("size", Some("size"), "Integer", false),
            ("tags[].name", Some("tags[].name"), "Any", true),
            ("double", None, "Any", false),
        ]
    );
    let indexes: Vec<_> = crowd.indexes.iter().map(|index| (&*index.name, index.state)).collect();
    let (disabled, readable) = (IndexState::Disabled, IndexState::Readable);
    assert_eq!(indexes, [("size", disabled), ("tags[].name", readable)]);
    assert!(!other.feed, "each has its own");
    Ok(())
}

fn bed_collection<F: Factory, M: DocFactory>(
    bed: &DocBed<F, M>,
) -> Result<crate::documents::bed::Opened<'_, F, M, Value>> {
    bed.declare(crowd())
}

/// A collection is dropped in chunks. A drop that ended early leaves a collection that says so and
/// can be neither opened nor written; the next drop resumes it. Then nothing of it is left, and other
/// collections are untouched.
pub(super) fn dropped_in_chunks<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    fill(bed, CROWD)?;
    let handle = bed.open(crowd())?;
    let (mut calls, mut last) = (0, None);
    loop {
        calls += 1;
        let documents = bed.documents_of(bed.store());
        let is_gone = documents.drop_collection("crowd", &mut |progress| {
            assert_eq!(progress.step, "crowd");
            assert!(last.is_none_or(|last| progress.total < Some(last)), "{progress:?}");
            last = progress.total;
            ControlFlow::Break(())
        })?;
        if is_gone {
            break;
        }
        let collections = bed.documents_of(bed.store()).collections()?;
        let states: Vec<_> = collections.iter().map(|found| found.is_dropping).collect();
        assert_eq!(states, [true, false], "it is listed as being dropped");
        let error = refused(bed.open(crowd()).map(drop), "opening what is being dropped");
        assert!(matches!(error, DocError::Dropping { .. }), "{error}");
        let body = json!({"meta": {"id": 9_999}, "size": 1});
        let write = bed.store().write(|t| handle.writer(t)?.set(&body));
        let error = refused(write, "writing what is being dropped");
        assert!(matches!(error, DocError::Dropping { .. }), "{error}");
        assert!(calls < 100, "a drop ends");
    }
    assert!(calls > 5, "{calls} calls removed several chunks");
    drop(handle);
    bed.settle()?;
    nothing_is_left(bed)
}

/// A process that dies while a collection is dropped, after any commit or before the first, leaves a
/// whole collection, or one that is being dropped and answers nothing, or none. The next drop completes
/// it, and the name can be used again.
pub(super) fn killed_at_each_commit<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    // What is stored before a commit is what was stored after the one before it.
    let kills = once((Break::Before, 1)).chain((1..).map(|commit| (Break::After, commit)));
    for (breaks, commit) in kills {
        fill(bed, FEW)?;
        let breaking = Breaking::at_commit(Arc::clone(bed.shared_store()), breaks, commit);
        let dropped = bed.documents_of(&breaking).drop_collection("crowd", &mut go_on);
        let is_killed = breaking.is_broken();
        assert_eq!(dropped.is_err(), is_killed, "commit {commit}: {dropped:?}");
        drop(breaking);
        bed.reopen()?;
        check_killed(bed, breaks == Break::Before)?;
        assert!(bed.documents_of(bed.store()).drop_collection("crowd", &mut go_on)?);
        nothing_is_left(bed)?;
        assert!(bed.documents_of(bed.store()).drop_collection("crowd", &mut go_on)?);
        if !is_killed {
            assert!(commit > 5, "{commit} commits removed several chunks");
            break;
        }
    }
    bed.settle()
}

/// Checks what a process finds that opens the store after another one died.
fn check_killed<F: Factory, M: DocFactory>(bed: &DocBed<F, M>, is_whole: bool) -> Result<()> {
    let collections = bed.documents_of(bed.store()).collections()?;
    let [crowd_found @ .., other] = collections.as_slice() else { return Ok(()) };
    assert_eq!((&*other.name, other.is_dropping), ("crowd2", false));
    let Some(found) = crowd_found.first() else {
        assert!(!is_whole, "it is gone before anything was committed");
        let documents = raw(bed.store(), &documents_tree("crowd"))?;
        assert!(documents.is_empty(), "{} documents of no collection", documents.len());
        return Ok(());
    };
    assert_eq!((&*found.name, found.is_dropping), ("crowd", !is_whole));
    if is_whole {
        let crowd = bed.open(crowd())?;
        let snapshot = bed.store().snapshot()?;
        let reader = crowd.reader(&snapshot);
        assert_eq!(reader.count(&Filter::All)?, FEW as u64);
        let indexed = Query::new(Filter::at_least("size", 0)).require_index();
        assert_eq!(reader.search(&indexed)?.items.len(), FEW);
        return Ok(());
    }
    let error = refused(bed.open(crowd()).map(drop), "opening what is being dropped");
    assert!(matches!(error, DocError::Dropping { .. }), "{error}");
    Ok(())
}

fn nothing_is_left<F: Factory, M: DocFactory>(bed: &DocBed<F, M>) -> Result<()> {
    let documents = bed.documents_of(bed.store());
    let names: Vec<String> = documents.collections()?.into_iter().map(|found| found.name).collect();
    assert_eq!(names, ["crowd2"]);
    for tree in [
        documents_tree("crowd"),
        index_tree("crowd", "size"),
        index_tree("crowd", "tags[].name"),
        feed_tree("crowd"),
        feed_ack_tree("crowd"),
    ] {
        assert!(raw(bed.store(), &tree)?.is_empty(), "{tree}");
    }
    assert!(documents.drop_collection("crowd", &mut |_| ControlFlow::Continue(()))?);
    let other = bed.open(other())?;
    let snapshot = bed.store().snapshot()?;
    let indexed = Query::new(Filter::eq("size", 1)).require_index();
    assert_eq!(other.reader(&snapshot).search(&indexed)?.items.len(), 1);
    drop(snapshot);
    let anew = bed.open(crowd())?;
    let body = json!({"size": 1});
    let stored = bed.store().write(|t| anew.writer(t)?.insert(&body))?;
    assert_eq!((stored.id, stored.revision), (DocId::Integer(1), 1), "a new collection");
    let snapshot = bed.store().snapshot()?;
    assert_eq!(anew.reader(&snapshot).count(&Filter::All)?, 1);
    Ok(())
}
