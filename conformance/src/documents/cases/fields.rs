//! Fields: what is derived from a document, and what is required of it.

use arbour::Result;
use arbour::documents::layout::index_tree;
use arbour::documents::{
    Declaration, DocError, DocId, Field, FieldKind, Filter, Index, IndexState,
};
use arbour_core::KvStore;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::claims::{build, found, load, means, member, raw, refused};
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader, TestWriter};

/// J7. If a document has nothing or null there, the default is written into it, and can be found.
/// False, zero and the empty text are values.
pub(super) fn default_filled<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let declaration = || {
        Declaration::<Value>::new("things")
            .field(Field::path("stock").default(7))
            .field(Field::path("meta.state").named("state").default("new"))
            .field(Field::path("tags").many().default(json!(["x", "y"])))
            .index(Index::on("stock"))
            .index(Index::on("tags"))
    };
    let bodies = [
        json!({"id": "a"}),
        json!({"id": "b", "stock": null, "meta": {"state": null, "more": 1}, "tags": null}),
        json!({"id": "c", "stock": 0, "meta": {"state": ""}, "tags": []}),
        json!({"id": "d", "stock": false, "meta": {"state": "old"}, "tags": ["z"]}),
    ];
    let things = bed.open(declaration())?;
    load(bed.store(), &things, &bodies)?;
    drop(things);
    bed.settle()?;
    let things = bed.open(declaration())?;
    let snapshot = bed.store().snapshot()?;
    let reader = things.reader(&snapshot);
    let full =
        |id: &str, meta: Value| json!({"id": id, "stock": 7, "meta": meta, "tags": ["x", "y"]});
    let filled = [
        full("a", json!({"state": "new"})),
        full("b", json!({"state": "new", "more": 1})),
        bodies[2].clone(),
        bodies[3].clone(),
    ];
    for (stored, expected) in reader.search(&Query::new(Filter::All))?.items.iter().zip(filled) {
        assert_eq!(stored.body, expected);
    }
    means(&reader, &Filter::eq("stock", 7), "a b")?;
    means(&reader, &Filter::eq("stock", 0), "c")?;
    means(&reader, &Filter::eq("state", "new"), "a b")?;
    means(&reader, &Filter::eq("state", ""), "c")?;
    means(&reader, &Filter::contains_any("tags", ["y", "z"]), "a b d")?;
    means(&reader, &Filter::is_null("tags"), "c")?;
    bed.store().write(|t| things.writer(t)?.update("d", &json!({"stock": null})))?;
    let stored = things.reader(&bed.store().snapshot()?).get("d")?.map(|stored| stored.body);
    assert_eq!(stored.map(|body| member(&body, "stock")), Some(json!(7)), "filled again");
    Ok(())
}

/// J7. A document without a required field is refused, and the field is named; false, zero and the
/// empty text are values, and a default is one too.
pub(super) fn required_refused<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let declaration = || {
        Declaration::<Value>::new("things")
            .field(Field::path("meta.name").named("name").required())
            .field(Field::path("stock").required().default(0))
            .index(Index::on("name"))
    };
    let things = bed.open(declaration())?;
    for body in [
        json!({"id": "new"}),
        json!({"id": "new", "meta": {"name": null}}),
        json!({"id": "new", "meta": "name"}),
        json!({"id": "new", "name": "elsewhere"}),
    ] {
        let set = bed.store().write(|t| things.writer(t)?.set(&body));
        let error = refused(set, "one without its name");
        let is_right = matches!(&error, DocError::Required { field, .. } if field == "name");
        assert!(is_right, "{body}: {error:?}");
    }
    let bodies = [json!(""), json!(false), json!(0)];
    let bodies: Vec<Value> = bodies
        .iter()
        .enumerate()
        .map(|(id, name)| json!({"id": id.to_string(), "meta": {"name": name}}))
        .collect();
    load(bed.store(), &things, &bodies)?;
    let taken =
        bed.store().write(|t| things.writer(t)?.patch("1", &json!({"meta": {"name": null}})));
    let error = refused(taken, "a patch that takes the name away");
    assert!(matches!(error, DocError::Required { .. }), "{error:?}");
    drop(things);
    bed.settle()?;
    let things = bed.open(declaration())?;
    let snapshot = bed.store().snapshot()?;
    let reader = things.reader(&snapshot);
    assert_eq!(found(&reader, &Query::new(Filter::All))?, "0 1 2");
    assert_eq!(reader.count(&Filter::eq("stock", 0))?, 3);
    let stored = reader.get("1")?.map(|stored| (stored.revision, stored.body));
    let expected = json!({"id": "1", "meta": {"name": false}, "stock": 0});
    assert_eq!(stored, Some((1, expected)));
    Ok(())
}

/// J8. If false counts as null, it is found as null, and a sparse index holds only what is true.
pub(super) fn false_is_null_is_sparse<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let declaration = || {
        Declaration::<Value>::new("doors")
            .field(Field::path("open").of(FieldKind::Bool).false_is_null())
            .index(Index::on("open").sparse())
    };
    let open = [json!(true), json!(false), json!(null), json!(true), json!(false)];
    let bodies: Vec<Value> =
        "abcde".chars().zip(open).map(|(id, open)| json!({"id": id, "open": open})).collect();
    let doors = bed.open(declaration())?;
    load(bed.store(), &doors, &bodies)?;
    drop(doors);
    bed.settle()?;
    assert_eq!(raw(bed.store(), &index_tree("doors", "open"))?.len(), 2);
    let doors = bed.open(declaration())?;
    means(&doors.reader(&bed.store().snapshot()?), &Filter::eq("open", true), "a d")?;
    means(&doors.reader(&bed.store().snapshot()?), &Filter::is_null("open"), "b c e")?;
    bed.store().write(|transaction| {
        let mut doors = doors.writer(transaction)?;
        doors.update("a", &json!({"open": false}))?;
        doors.update("e", &json!({"open": true}))
    })?;
    let snapshot = bed.store().snapshot()?;
    means(&doors.reader(&snapshot), &Filter::eq("open", true), "d e")?;
    assert_eq!(raw(bed.store(), &index_tree("doors", "open"))?.len(), 2);
    let stored = doors.reader(&snapshot).get("a")?.map(|stored| stored.body);
    assert_eq!(stored, Some(json!({"id": "a", "open": false})), "the document says false");
    Ok(())
}

/// J4. A computed value is updated at every write, can be sorted and found like any field, and is
/// not stored in the document.
pub(super) fn computed_at_write<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let declaration = || {
        let words = |body: &Value| body["text"].as_str().map(|t| t.split(' ').count()).into();
        let letters = |body: &Value| {
            let text = body["text"].as_str().unwrap_or_default();
            text.chars().filter(|c| c.is_alphabetic()).map(String::from).collect::<Vec<_>>().into()
        };
        Declaration::<Value>::new("texts")
            .field(Field::computed("words", words))
            .field(Field::computed("letters", letters).many())
            .index(Index::on("words"))
            .index(Index::on("letters"))
    };
    let bodies = [
        json!({"id": "a", "text": "x y z"}),
        json!({"id": "b", "text": "x"}),
        json!({"id": "c"}),
        json!({"id": "d", "text": "y x"}),
    ];
    let texts = bed.open(declaration())?;
    load(bed.store(), &texts, &bodies)?;
    drop(texts);
    bed.settle()?;
    let texts = bed.open(declaration())?;
    let snapshot = bed.store().snapshot()?;
    let reader = texts.reader(&snapshot);
    means(&reader, &Filter::at_least("words", 2), "a d")?;
    means(&reader, &Filter::is_null("words"), "c")?;
    means(&reader, &Filter::contains_all("letters", ["x", "y"]), "a d")?;
    assert_eq!(found(&reader, &Query::new(Filter::All).descending("words"))?, "a d b c");
    let stored = reader.get("a")?.map(|stored| stored.body);
    assert_eq!(stored.as_ref(), bodies.first());
    bed.store().write(|t| texts.writer(t)?.update("a", &json!({"text": "q"})))?;
    drop(reader);
    drop(snapshot);
    drop(texts);
    bed.settle()?;
    let texts = bed.open(declaration())?;
    let snapshot = bed.store().snapshot()?;
    means(&texts.reader(&snapshot), &Filter::at_least("words", 2), "d")?;
    means(&texts.reader(&snapshot), &Filter::eq("words", 1), "a b")?;
    means(&texts.reader(&snapshot), &Filter::contains_any("letters", ["q", "z"]), "a")?;
    Ok(())
}

/// A value of another kind than the field's is refused, whether the field has an index or not; the
/// error names the field, its kind and the actual kind.
pub(super) fn wrong_type_refused<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let kinds = [
        (FieldKind::Any, vec![json!([]), json!({}), json!([1])], vec![json!(1), json!("x")]),
        (FieldKind::Bool, vec![json!(0), json!("true")], vec![json!(true), json!(false)]),
        (
            FieldKind::Integer,
            vec![json!(1.5), json!("1"), json!(true), json!([1])],
            vec![json!(i64::MIN), json!(u64::MAX)],
        ),
        (FieldKind::Number, vec![json!("1"), json!(false)], vec![json!(-1.5), json!(3)]),
        (FieldKind::Text, vec![json!(1), json!(true), json!({})], vec![json!(""), json!("\0")]),
    ];
    for (number, (kind, wrong, fits)) in kinds.iter().enumerate() {
        let plain = |name: &str| {
            Declaration::<Value>::new(&format!("{name} {number}"))
                .field(Field::path("of.it").named("field").of(*kind))
                .field(Field::path("many").many().of(*kind))
        };
        let indexed = plain("indexed").index(Index::on("field")).index(Index::on("many"));
        let fit = fits.first().expect("there is one");
        for declaration in [plain("plain"), indexed] {
            let collection = bed.open(declaration)?;
            for value in wrong {
                let bodies = [
                    (json!({"id": "a", "of": {"it": value}}), "field", value),
                    (json!({"id": "a", "many": [fit, value]}), "many", value),
                ];
                for (body, name, value) in bodies {
                    let set = bed.store().write(|t| collection.writer(t)?.set(&body));
                    let error = refused(set, &format!("{value} of {kind:?}"));
                    let is_right = matches!(
                        &error,
                        DocError::WrongType { field, expected, found, .. }
                            if field == name && *expected == kind.expected()
                            && (**found == *value || **found == member(&body, "many"))
                    );
                    assert!(is_right, "{body}: {error:?}");
                }
            }
            let snapshot = bed.store().snapshot()?;
            assert_eq!(collection.reader(&snapshot).count(&Filter::All)?, 0);
            let fits = json!({"id": "a", "of": {"it": fit}, "many": fits});
            load(bed.store(), &collection, &[fits, json!({"id": "b", "of": {"it": null}})])?;
        }
    }
    Ok(())
}

/// A thing of the program, as serde writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Thing {
    id: String,
    display_name: String,
    size: Option<u64>,
    kind: Kind,
    tags: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Round,
    Square,
}

/// Declares things of any type: the value at a path is what serde writes there.
fn things<D: arbour::documents::Body>() -> Declaration<D> {
    Declaration::new("things")
        .field(Field::path("displayName"))
        .field(Field::path("size").of(FieldKind::Integer))
        .field(Field::path("kind"))
        .field(Field::path("tags").many())
        .index(Index::on("kind").then_descending("size"))
        .index(Index::on("tags"))
        .index(Index::on("displayName").unique())
}

/// A collection of a type of the program and one of any JSON are the same, index by index: each
/// reads what the other wrote, and nothing is rebuilt.
pub(super) fn typed_and_schemaless_alike<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let thing = |id: &str, size, kind| Thing {
        id: id.to_owned(),
        display_name: format!("the {id}"),
        size,
        kind,
        tags: vec![id.to_owned(), "all".to_owned()],
    };
    let typed = [thing("a", Some(3), Kind::Round), thing("b", None, Kind::Round)];
    let collection = bed.open(things::<Thing>())?;
    load(bed.store(), &collection, &typed)?;
    drop(collection);
    bed.settle()?;
    let collection = bed.declare(things::<Value>())?;
    build(bed.store(), &collection, IndexState::Readable)?;
    let json = json!({
        "id": "c", "displayName": "the c", "size": 5, "kind": "Round", "tags": ["c", "all"],
    });
    load(bed.store(), &collection, &[json])?;
    let snapshot = bed.store().snapshot()?;
    let stored = collection.reader(&snapshot).get("b")?.map(|stored| stored.body);
    let expected = json!({
        "id": "b", "displayName": "the b", "size": null, "kind": "Round", "tags": ["b", "all"],
    });
    assert_eq!(stored, Some(expected));
    let by_size = Query::new(Filter::eq("kind", "Round")).descending("size");
    assert_eq!(found(&collection.reader(&snapshot), &by_size)?, "c a b");
    drop((snapshot, collection));
    bed.settle()?;
    let collection = bed.declare(things::<Thing>())?;
    let states = collection.indexes(&bed.store().snapshot()?)?;
    assert!(states.iter().all(|index| index.state == IndexState::Readable), "{states:?}");
    let snapshot = bed.store().snapshot()?;
    let reader = collection.reader(&snapshot);
    let stored = reader.get("c")?.map(|stored| stored.body);
    assert_eq!(stored, Some(thing("c", Some(5), Kind::Round)));
    let by_size = Query::new(Filter::eq("kind", "Round")).descending("size");
    assert_eq!(found(&reader, &by_size)?, "c a b");
    let taken = Thing { display_name: "the a".into(), ..thing("d", Some(1), Kind::Square) };
    let set = bed.store().write(|t| collection.writer(t)?.set(&taken));
    let error = refused(set, "a name that is taken");
    let is_right = matches!(&error, DocError::Unique { holder, .. } if *holder == DocId::from("a"));
    assert!(is_right, "{error:?}");
    let unfit = bed.store().write(|t| collection.writer(t)?.update("a", &json!({"tags": 7})));
    let error = refused(unfit, "JSON that is no thing");
    assert!(matches!(error, DocError::Unfit { .. }), "{error:?}");
    let patched =
        bed.store().write(|t| collection.writer(t)?.patch("a", &json!({"kind": "Square"})))?;
    let stored = collection.reader(&bed.store().snapshot()?).get(&patched.id)?;
    assert_eq!(stored.map(|stored| stored.body), Some(thing("a", Some(3), Kind::Square)));
    Ok(())
}
