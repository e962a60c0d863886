//! How an index that another program declared ends: outdated by a write, and dropped.

use std::ops::ControlFlow;

use arbour::Result;
use arbour::documents::layout::{CATALOG_TREE, index_tree};
use arbour::documents::{Declaration, DocError, Field, FieldKind, Filter, Index};
use arbour::key::Key as _;
use arbour_core::KvStore;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::claims::{load, means, raw, refused};
use crate::Factory;
use crate::documents::{
    DocBed, DocFactory, Query, TestCollection, TestDocuments, TestReader, TestWriter,
};

/// Enough documents for several chunks.
const CROWD: usize = 1_200;

fn plain(name: &str) -> Declaration<Value> {
    Declaration::new(name).field(Field::path("a").of(FieldKind::Any))
}

/// Returns the states of indexes as a line.
fn states<S: KvStore>(store: &S, collection: &impl TestCollection<Value>) -> Result<String> {
    let states = collection.indexes(&store.snapshot()?)?;
    let states = states.iter().map(|index| format!("{} {:?}", index.name, index.state));
    Ok(states.collect::<Vec<_>>().join(", "))
}

/// An index that only a closure can compute, and one whose field does not allow what another program
/// writes, are not used from that write on, and are built anew when their program opens next. Until then
/// and afterwards, searches are right. The other program is refused nothing.
pub(super) fn computed_is_built_anew<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let double = |body: &Value| body["a"].as_i64().map(|a| a * 2).into();
    let indexed = || {
        plain("things")
            .field(Field::computed("double", double))
            .field(Field::path("size").of(FieldKind::Integer))
            .index(Index::on("double"))
            .index(Index::on("size"))
            .index(Index::on("a"))
    };
    let bodies: Vec<Value> =
        (0..9).map(|n| json!({"id": n.to_string(), "a": n, "size": n})).collect();
    let old = bed.open(plain("things"))?;
    load(bed.store(), &old, &bodies)?;
    let new = bed.open(indexed())?;
    let readable = "double Readable, size Readable, a Readable";
    assert_eq!(states(bed.store(), &new)?, readable);
    // A write that is refused outdates nothing.
    let taken = bed.store().write(|t| Ok(old.writer(t)?.insert(&json!({"id": "1"})).is_err()))?;
    assert!(taken);
    assert_eq!(states(bed.store(), &new)?, readable);
    let rolled_back: Result<()> = bed.store().write(|transaction| {
        old.writer(transaction)?.remove("1")?;
        Err(arbour::Error::new(arbour::ErrorKind::Failed, arbour::Operation::Layer, "on purpose"))
    });
    assert!(rolled_back.is_err());
    assert_eq!(states(bed.store(), &new)?, readable);
    // Each kind of write outdates what it has to.
    bed.store().write(|t| old.writer(t)?.set(&json!({"id": "1", "a": 7, "size": 4})))?;
    assert_eq!(states(bed.store(), &new)?, "double WriteOnly, size Readable, a Readable");
    bed.store().write(|t| old.writer(t)?.set(&json!({"id": "2", "a": 7, "size": "four"})))?;
    assert_eq!(states(bed.store(), &new)?, "double WriteOnly, size WriteOnly, a Readable");
    bed.store().write(|t| new.writer(t)?.set(&json!({"id": "2", "a": 7, "size": 3})))?;
    let snapshot = bed.store().snapshot()?;
    let reader = new.reader(&snapshot);
    let query = Query::new(Filter::eq("double", 14));
    assert!(reader.explain(&query)?.scans_all(), "it is not used");
    means(&reader, &Filter::eq("double", 14), "1 2 7")?;
    means(&reader, &Filter::eq("size", 4), "1 4")?;
    means(&reader, &Filter::eq("a", 7), "1 2 7")?;
    drop(reader);
    drop(snapshot);
    drop((old, new));
    bed.settle()?;
    let new = bed.open(indexed())?;
    assert_eq!(states(bed.store(), &new)?, readable);
    let snapshot = bed.store().snapshot()?;
    let reader = new.reader(&snapshot);
    assert!(!reader.explain(&query)?.scans_all());
    means(&reader, &Filter::eq("double", 14), "1 2 7")?;
    means(&reader, &Filter::eq("size", 3), "2 3")?;
    drop(reader);
    drop(snapshot);
    let old = bed.open(plain("things"))?;
    bed.store().write(|t| old.writer(t)?.remove("7"))?;
    assert_eq!(states(bed.store(), &new)?, "double WriteOnly, size Readable, a Readable");
    means(&new.reader(&bed.store().snapshot()?), &Filter::eq("double", 14), "1 2")
}

/// Takes from the record of a collection what an earlier version of Arbour did not store.
fn forget_declarations<F: Factory, M: DocFactory>(bed: &DocBed<F, M>, name: &str) -> Result<()> {
    let catalog = bed.layer_tree(CATALOG_TREE)?;
    let key = ("collection", name).to_key_bytes();
    let record = bed.store().get(&catalog, &key)?.unwrap_or_default();
    let (format, json) = record.split_at(1);
    let mut json: Value = serde_json::from_slice(json).expect("the record is JSON");
    let indexes = json.get_mut("indexes").and_then(Value::as_array_mut);
    for index in indexes.expect("a record has indexes") {
        let declared = index.as_object_mut().and_then(|index| index.remove("declared"));
        assert!(declared.is_some(), "{index}: it says how it is declared");
    }
    bed.store().put(&catalog, &key, &[format, json.to_string().as_bytes()].concat())
}

/// An index that a program with an earlier version of Arbour declared is used by that program at once, and
/// built anew for it once another one has written, which could not know its fields.
pub(super) fn unrecorded_is_built_anew<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let indexed = || plain("things").index(Index::on("a"));
    let bodies: Vec<Value> = (0..9).map(|n| json!({"id": n.to_string(), "a": n})).collect();
    load(bed.store(), &bed.open(indexed())?, &bodies)?;
    forget_declarations(bed, "things")?;
    bed.settle()?;
    let declared = bed.declare(indexed())?;
    assert_eq!(states(bed.store(), &declared)?, "a Readable", "nothing has to be built");
    // Opening has recorded the declaration, so another program keeps the index right.
    let other = bed.open(plain("things"))?;
    bed.store().write(|t| other.writer(t)?.set(&json!({"id": "1", "a": 7})))?;
    assert_eq!(states(bed.store(), &declared)?, "a Readable");
    means(&declared.reader(&bed.store().snapshot()?), &Filter::eq("a", 7), "1 7")?;
    drop((declared, other));
    forget_declarations(bed, "things")?;
    bed.settle()?;
    let other = bed.open(plain("things"))?;
    bed.store().write(|t| other.writer(t)?.set(&json!({"id": "2", "a": 7})))?;
    let declared = bed.declare(indexed())?;
    assert_eq!(states(bed.store(), &declared)?, "a WriteOnly");
    means(&declared.reader(&bed.store().snapshot()?), &Filter::eq("a", 7), "1 2 7")?;
    let declared = bed.open(indexed())?;
    assert_eq!(states(bed.store(), &declared)?, "a Readable");
    means(&declared.reader(&bed.store().snapshot()?), &Filter::eq("a", 7), "1 2 7")
}

#[derive(Clone, Serialize, Deserialize)]
struct Old {
    id: String,
    name: String,
}

#[derive(Clone, Serialize, Deserialize)]
struct New {
    id: String,
    name: String,
    #[serde(default = "three")]
    size: u32,
}

fn three() -> u32 {
    3
}

/// A type may read a default where a stored document has nothing. Another program that stores documents
/// without the field, because its type lacks it, does not leave them under another value in an index.
pub(super) fn types_default_is_respected<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let old =
        || Declaration::<Old>::new("typed").field(Field::path("name")).index(Index::on("name"));
    let new = || {
        Declaration::<New>::new("typed")
            .field(Field::path("name"))
            .field(Field::path("size").of(FieldKind::Integer))
            .index(Index::on("name"))
            .index(Index::on("size"))
    };
    let of_old = |id: &str| Old { id: id.to_owned(), name: "x".to_owned() };
    let of_new = |id: &str, size| New { id: id.to_owned(), name: "x".to_owned(), size };
    let earlier = bed.open(old())?;
    load(bed.store(), &earlier, &["a", "b", "c"].map(of_old))?;
    let later = bed.open(new())?;
    load(bed.store(), &later, &[of_new("d", 3), of_new("e", 4)])?;
    means(&later.reader(&bed.store().snapshot()?), &Filter::eq("size", 3), "a b c d")?;
    // What is left out, removed, and written by the program that knows the field.
    bed.store().write(|t| earlier.writer(t)?.set(&of_old("e")))?;
    means(&later.reader(&bed.store().snapshot()?), &Filter::eq("size", 3), "a b c d e")?;
    let again = bed.open(new())?;
    bed.store().write(|t| earlier.writer(t)?.remove("a"))?;
    means(&again.reader(&bed.store().snapshot()?), &Filter::eq("size", 3), "b c d e")?;
    load(bed.store(), &again, &[of_new("b", 4)])?;
    drop((earlier, later, again));
    bed.settle()?;
    let later = bed.open(new())?;
    let snapshot = bed.store().snapshot()?;
    let indexed = Query::new(Filter::eq("size", 3)).require_index();
    assert_eq!(super::claims::found(&later.reader(&snapshot), &indexed)?, "c d e");
    means(&later.reader(&snapshot), &Filter::eq("size", 4), "b")
}

fn crowd() -> Declaration<Value> {
    plain("crowd").field(Field::path("code")).index(Index::on("a"))
}

fn with_code() -> Declaration<Value> {
    crowd().index(Index::on("code").unique())
}

fn fill<F: Factory, M: DocFactory>(bed: &DocBed<F, M>) -> Result<()> {
    let body = |n: usize| json!({"id": format!("{n:05}"), "a": n % 7, "code": n});
    let bodies: Vec<Value> = (0..CROWD).map(body).collect();
    load(bed.store(), &bed.open(with_code())?, &bodies)
}

/// An index is dropped in chunks, by its name in the store, also if dropping it ended early in between.
/// Then nothing of it is left, and everything else is as it was.
pub(super) fn index_dropped_in_chunks<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    fill(bed)?;
    let mut calls = 0;
    loop {
        calls += 1;
        let documents = bed.documents_of(bed.store());
        let is_gone = documents.drop_index("crowd", "code", &mut |progress| {
            assert_eq!((&*progress.step, progress.total.is_some()), ("code", true));
            ControlFlow::Break(())
        })?;
        let names = documents.collections()?.into_iter().flat_map(|found| found.indexes);
        assert_eq!(
            names.map(|index| index.name).collect::<Vec<_>>(),
            ["a"],
            "it is listed no more"
        );
        if is_gone {
            break;
        }
        drop(documents);
        bed.reopen()?;
        assert!(calls < 100, "a drop ends");
    }
    assert!(calls > 2, "{calls} calls removed several chunks");
    bed.settle()?;
    assert_eq!(raw(bed.store(), &index_tree("crowd", "code"))?, []);
    assert_eq!(raw(bed.store(), &index_tree("crowd", "a"))?.len(), CROWD);
    let documents = bed.documents_of(bed.store());
    for (collection, index) in [("crowd", "code"), ("crowd", "none"), ("none", "code")] {
        let is_gone =
            documents.drop_index(collection, index, &mut |_| ControlFlow::Continue(()))?;
        assert!(is_gone, "{index} of {collection} was not there");
    }
    let crowd = bed.open(crowd())?;
    means(&crowd.reader(&bed.store().snapshot()?), &Filter::eq("code", 5), "00005")
}

/// A program that declares an index which is dropped under it searches without it at once, and its writes
/// leave nothing in it. When it opens next, also in the middle of the drop, it has a complete one.
pub(super) fn dropped_while_used<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    fill(bed)?;
    let using = bed.open(with_code())?;
    let documents = bed.documents_of(bed.store());
    let is_gone = documents.drop_index("crowd", "code", &mut |_| ControlFlow::Break(()))?;
    assert!(!is_gone, "it ended early");
    assert_eq!(states(bed.store(), &using)?, "a Readable, code Disabled");
    bed.store().write(|transaction| {
        let mut using = using.writer(transaction)?;
        using.remove("00001")?;
        using.set(&json!({"id": "00002", "a": 1, "code": 5}))?;
        using.insert(&json!({"id": "new", "a": 1, "code": 5}))
    })?;
    let find = |collection: &_, code: usize| -> Result<String> {
        let snapshot = bed.store().snapshot()?;
        super::claims::found(
            &TestCollection::reader(collection, &snapshot),
            &Query::new(Filter::eq("code", code)),
        )
    };
    assert_eq!(find(&using, 5)?, "00002 00005 new", "a dropped index refuses nothing");
    assert_eq!(find(&using, 1)?, "");
    let error = refused(bed.store().write(|t| using.enable(t, "code")), "enabling what is gone");
    assert!(matches!(error, DocError::Invalid { .. }), "{error}");
    // It is declared anew in the middle of the drop, which ends the drop.
    let opened = bed.open(with_code())?;
    assert_eq!(states(bed.store(), &opened)?, "a Readable, code UniquePending");
    assert!(documents.drop_index("crowd", "none", &mut |_| ControlFlow::Continue(()))?);
    assert_eq!(find(&opened, 5)?, "00002 00005 new");
    bed.store().write(|transaction| {
        let mut using = using.writer(transaction)?;
        using.remove("00002")?;
        using.remove("new")
    })?;
    drop((using, opened, documents));
    bed.settle()?;
    let opened = bed.open(with_code())?;
    assert_eq!(states(bed.store(), &opened)?, "a Readable, code Readable");
    assert_eq!(raw(bed.store(), &index_tree("crowd", "code"))?.len(), CROWD - 2);
    let report = opened.scrub(bed.store(), &mut super::claims::go_on)?;
    assert!(report.is_clean(), "{report:?}");
    Ok(())
}
