//! Columns of a JsonModel: ids, fields, computed values, defaults, indexes (`J1` to `J9`, `J11`).

use arbour::Result;
use arbour::documents::{BodyCodec, Declaration, DocError, Field, FieldKind, Filter, Ids, Index};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::bed::Bed;
use crate::collection::{Things, ids};
use crate::engines::on_every_engine;
use crate::things;

on_every_engine!(
    wrong_declarations_are_refused,
    ids_are_chosen_or_made,
    fields_are_found_at_paths_and_by_other_names,
    computed_fields_are_computed_anew_when_they_change,
    types_of_ones_own_are_documents,
    defaults_are_written_and_required_fields_asked_for,
    false_takes_no_room,
    indexes_are_sparse_unique_and_compound,
);

fn bare(name: &str) -> Declaration<Value> {
    Declaration::new(name)
}

/// J1.
fn wrong_declarations_are_refused(bed: &Bed) {
    let store = bed.open();
    let refused = |declaration| Things::open_in(&store, declaration).err().unwrap();
    let unknown = refused(bare("things").index(Index::on("count")));
    assert!(matches!(unknown.downcast_ref(), Some(DocError::UnknownField { .. })), "{unknown}");
    let twice = refused(bare("things").field(Field::path("a")).field(Field::path("a")));
    assert!(matches!(twice.downcast_ref(), Some(DocError::Invalid { .. })), "{twice}");
    let nameless = refused(bare(""));
    assert!(matches!(nameless.downcast_ref(), Some(DocError::Invalid { .. })), "{nameless}");
}

/// J2.
fn ids_are_chosen_or_made(bed: &Bed) {
    let store = bed.open();
    let things = |ids: Ids| {
        let declaration = bare(&format!("{ids:?}")[..4]).id("id", ids).field(Field::path("name"));
        Things::open_in(&store, declaration).unwrap()
    };
    let made = |things: &Things| -> Result<Value> {
        Ok(things.put(json!({"name": "The Tale of Genji"}))?["id"].clone())
    };

    let integers = things(Ids::Integer);
    integers.put(json!({"id": 5})).unwrap();
    assert_eq!(made(&integers).unwrap(), 6);
    integers.write(|things, transaction| things.delete(transaction, 6)).unwrap();
    assert_eq!(made(&integers).unwrap(), 7, "an id is given once");
    assert_eq!(integers.get(7).unwrap(), json!({"id": 7, "name": "The Tale of Genji"}));

    let slugs = things(Ids::Slug { field: "name".to_owned() });
    assert_eq!(made(&slugs).unwrap(), "the-tale-of-genji");
    assert_eq!(made(&slugs).unwrap(), "the-tale-of-genji-2");

    let uuids = things(Ids::Uuid);
    let (first, second) = (made(&uuids).unwrap(), made(&uuids).unwrap());
    assert!(first.as_str() < second.as_str(), "they sort by when they were made");

    let missing = made(&things(Ids::Chosen)).unwrap_err();
    assert!(matches!(missing.downcast_ref(), Some(DocError::Required { .. })), "{missing}");
}

/// J3, J11.
fn fields_are_found_at_paths_and_by_other_names(bed: &Bed) {
    let size = Field::path("box.size").named("size").of(FieldKind::Integer);
    let things =
        Things::open(bed, things::declaration("things").field(size).index(Index::on("size")));
    let thing = json!({"id": 1, "box": {"size": 7, "color": "red"}});
    things.fill([thing.clone(), json!({"id": 2, "box": {"size": 8}}), json!({"id": 3})]);
    assert_eq!(things.find_by_index(Filter::eq("size", 7)), "1");
    assert_eq!(things.get(1), Some(thing), "nothing is moved out of the document");
    let refused = things.put(json!({"id": 4, "box": {"size": "large"}})).unwrap_err();
    assert!(matches!(refused.downcast_ref(), Some(DocError::WrongType { .. })), "{refused}");
}

/// J4, and J5 as far as a value depends on the document.
fn computed_fields_are_computed_anew_when_they_change(bed: &Bed) {
    let store = bed.open();
    let open = |revision, factor: i64| {
        let compute =
            move |thing: &Value| thing["count"].as_i64().map(|count| count * factor).into();
        let field = Field::computed("worth", compute).revised(revision);
        let declaration = things::declaration("things").field(field).index(Index::on("worth"));
        Things::open_in(&store, declaration).unwrap()
    };
    let worth = |things: &Things, worth: i64| things.find_by_index(Filter::eq("worth", worth));
    let before = open(0, 2);
    before.fill([json!({"id": 1, "count": 3}), json!({"id": 2})]);
    assert_eq!(worth(&before, 6), "1");
    let after = open(1, 10);
    assert_eq!((worth(&after, 6), worth(&after, 30)), (String::new(), "1".to_owned()));
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Thing {
    id: i64,
    name: String,
    #[serde(default)]
    tags: Vec<String>,
}

/// J6, J22. A type reads and writes a document; a collection may store it in another codec, and
/// read what was stored with an earlier one.
fn types_of_ones_own_are_documents(bed: &Bed) {
    let store = bed.open();
    let declaration = || {
        Declaration::<Thing>::new("things").id("id", Ids::Integer).field(Field::path("tags").many())
    };
    let any = Things::open_in(&store, bare("things").id("id", Ids::Integer)).unwrap();
    any.fill([json!({"id": 1, "name": "no tags"})]);
    drop(any);
    let in_json = Things::open_in(&store, declaration()).unwrap();
    assert_eq!(in_json.get(1).unwrap().tags, [""; 0]);
    let unfit = in_json
        .write(|things, transaction| things.update_json(transaction, 1, &json!({"name": null})))
        .unwrap_err();
    assert!(matches!(unfit.downcast_ref(), Some(DocError::Unfit { .. })), "{unfit}");
    drop(in_json);
    let compact = declaration().codec(BodyCodec::bincode()).also_reads(BodyCodec::json());
    let compact = Things::open_in(&store, compact).unwrap();
    let two = Thing { id: 2, name: "two".to_owned(), tags: vec!["new".to_owned()] };
    compact.fill([two.clone()]);
    assert_eq!((compact.get(1).unwrap().name.as_str(), compact.get(2)), ("no tags", Some(two)));
    assert_eq!(compact.find(Filter::contains_any("tags", ["new"])), "2");
}

/// J7.
fn defaults_are_written_and_required_fields_asked_for(bed: &Bed) {
    let declaration = things::declaration("things")
        .field(Field::path("stock").default(7))
        .field(Field::path("name").required());
    let things = Things::open(bed, declaration);
    things.fill([json!({"id": 1, "name": ""}), json!({"id": 2, "name": "b", "stock": 0})]);
    assert_eq!(things.get(1), Some(json!({"id": 1, "name": "", "stock": 7})));
    assert_eq!(things.find(Filter::eq("stock", 7)), "1");
    let missing = things.put(json!({"id": 3, "name": null})).unwrap_err();
    assert!(matches!(missing.downcast_ref(), Some(DocError::Required { .. })), "{missing}");
}

/// J8.
fn false_takes_no_room(bed: &Bed) {
    let field = Field::path("is_new").of(FieldKind::Bool).false_is_null();
    let things = Things::open(
        bed,
        things::declaration("things").field(field).index(Index::on("is_new").sparse()),
    );
    things.fill([
        json!({"id": 1, "is_new": true}),
        json!({"id": 2, "is_new": false}),
        json!({"id": 3}),
    ]);
    assert_eq!(things.find_by_index(Filter::eq("is_new", true)), "1");
    assert_eq!(things.find(Filter::is_null("is_new")), "2 3");
    assert_eq!(things.get(2), Some(json!({"id": 2, "is_new": false})), "it stays what it was");
}

/// J9, and features that strato-db lacks: several fields, both directions.
fn indexes_are_sparse_unique_and_compound(bed: &Bed) {
    let declaration = things::declaration("things")
        .field(Field::path("kind"))
        .field(Field::path("code"))
        .index(Index::on("kind").then_descending("count"))
        .index(Index::on("code").unique());
    let things = Things::open(bed, declaration);
    things.fill([
        json!({"id": 1, "kind": "a", "count": 1, "code": "x"}),
        json!({"id": 2, "kind": "a", "count": 3}),
        json!({"id": 3, "kind": "b", "count": 2}),
        json!({"id": 4, "kind": "a"}),
    ]);
    let taken = things.put(json!({"id": 9, "code": "x"})).unwrap_err();
    assert!(matches!(taken.downcast_ref(), Some(DocError::Unique { .. })), "{taken}");
    let of_a = things.read(|things, snapshot| {
        let of_a = things.find(Filter::eq("kind", "a")).descending("count");
        of_a.require_index().stored(snapshot)
    });
    assert_eq!(ids(&of_a.items), "2 1 4");
    assert_eq!(things.find_by_index(Filter::at_least("count", 2)), "2 3");
    let null =
        things.read(|things, snapshot| things.find(Filter::is_null("count")).explain(snapshot));
    assert!(null.scans_all(), "a sparse index has no nulls: {null}");
}
