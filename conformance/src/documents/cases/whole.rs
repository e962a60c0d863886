//! Writes that take and return whole documents, and writes of all documents that match.

use arbour::Result;
use arbour::documents::{Declaration, DocError, DocId, Field, Filter, Ids, Index};
use arbour_core::KvStore;
use serde_json::{Value, json};

use super::claims::{found, invalid, load, member, refused};
use super::samples::{package_bodies, packages, people};
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader, TestWriter};

/// Parcels with made ids, a default and a unique code.
fn parcels() -> Declaration<Value> {
    Declaration::new("parcels")
        .id("id", Ids::Integer)
        .field(Field::path("state").default("new"))
        .field(Field::path("code"))
        .index(Index::on("code").unique())
}

fn put_member(document: &mut Value, name: &str, value: Value) {
    if let Some(members) = document.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// An insert and a put return the document that is stored: with its id and its defaults.
pub(super) fn stored_is_returned<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let parcels = bed.open(self::parcels())?;
    let first = json!({"code": "x"});
    let first = bed.store().write(|t| parcels.writer(t)?.insert_whole(first.clone()))?;
    assert_eq!(first, json!({"id": 1, "state": "new", "code": "x"}));
    let put = json!({"id": 1, "state": null, "code": "y"});
    let put = bed.store().write(|t| parcels.writer(t)?.put_whole(put.clone()))?;
    assert_eq!(put, json!({"id": 1, "state": "new", "code": "y"}));
    let made = json!({"id": null, "state": "sent"});
    let made = bed.store().write(|t| parcels.writer(t)?.put_whole(made.clone()))?;
    assert_eq!(made, json!({"id": 2, "state": "sent"}));
    let again = bed.store().write(|t| parcels.writer(t)?.insert_whole(made.clone()));
    let error = refused(again, "an insert of what is there");
    assert!(matches!(error, DocError::Exists { .. }), "{error:?}");
    drop(parcels);
    bed.settle()?;
    let parcels = bed.open(self::parcels())?;
    let snapshot = bed.store().snapshot()?;
    let reader = parcels.reader(&snapshot);
    for document in [put, made] {
        let id = DocId::from(document.get("id").and_then(Value::as_i64).unwrap_or_default());
        assert_eq!(reader.get(&id)?.map(|stored| stored.body), Some(document));
    }
    assert_eq!(reader.count(&Filter::All)?, 2);
    Ok(())
}

/// A closure changes a document, and gets the one that is stored. It cannot change the id, and what
/// it makes is checked as every write is.
pub(super) fn changed_by_closure<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let people = bed.open(self::people())?;
    let ada = json!({"id": "ada", "born": 1815, "email": "ada@x"});
    load(bed.store(), &people, &[ada, json!({"id": "bob", "email": "bob@x"})])?;
    drop(people);
    bed.settle()?;
    let people = bed.open(self::people())?;
    let set = |name: &'static str, value: Value| {
        move |person: &mut Value| put_member(person, name, value.clone())
    };
    let born = set("born", json!(1816));
    let changed = bed.store().write(|t| people.writer(t)?.modify_whole("ada", &born))?;
    assert_eq!(changed, json!({"id": "ada", "born": 1816, "email": "ada@x"}));
    let absent = bed.store().write(|t| people.writer(t)?.modify_whole("eve", |_| {}));
    let error = refused(absent, "a change of what is not there");
    assert!(matches!(&error, DocError::Missing { id, .. } if *id == DocId::from("eve")));
    let other = set("id", json!("eve"));
    let renamed = bed.store().write(|t| people.writer(t)?.modify_whole("ada", &other));
    invalid(renamed, "a change of the id");
    let taken = set("email", json!("bob@x"));
    let taken = bed.store().write(|t| people.writer(t)?.modify_whole("ada", &taken));
    let error = refused(taken, "a value that is taken");
    assert!(matches!(error, DocError::Unique { .. }), "{error:?}");

    let new = || json!({"id": "eve", "born": 1});
    for expected in [1, 2, 3] {
        let older = |person: &mut Value| {
            let born = member(person, "born").as_i64().unwrap_or_default();
            put_member(person, "born", (born + 1).into());
        };
        let upserted = bed.store().write(|t| people.writer(t)?.upsert_whole(new(), older))?;
        assert_eq!(upserted, json!({"id": "eve", "born": expected}));
    }
    drop(people);
    bed.settle()?;
    let people = bed.open(self::people())?;
    let snapshot = bed.store().snapshot()?;
    let reader = people.reader(&snapshot);
    assert_eq!(found(&reader, &Query::new(Filter::at_least("born", 3)))?, "ada eve");
    assert_eq!(found(&reader, &Query::new(Filter::eq("email", "ada@x")))?, "ada");
    let ada = reader.get("ada")?.expect("it was loaded");
    assert_eq!((ada.revision, member(&ada.body, "born")), (2, json!(1816)));
    Ok(())
}

/// All documents that match are deleted or changed, even if the change makes them match no longer;
/// if one cannot be, none is.
pub(super) fn all_that_match<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    for has_indexes in [false, true] {
        load(bed.store(), &bed.open(packages(has_indexes))?, &package_bodies())?;
    }
    bed.settle()?;
    let sized = || Filter::eq("size", 3);
    for has_indexes in [false, true] {
        let collection = bed.open(packages(has_indexes))?;
        let grown = bed.store().write(|transaction| {
            let mut writer = collection.writer(transaction)?;
            writer.update_where(Filter::at_least("size", 3), |package| {
                put_member(package, "size", json!(4))
            })
        })?;
        assert_eq!(grown, 3);
        let deleted = bed.store().write(|transaction| {
            let mut writer = collection.writer(transaction)?;
            let none = writer.delete_where(sized())?;
            let net = Filter::eq("section", "net").and(Filter::is_null("size"));
            Ok((none, writer.delete_where(net)?))
        })?;
        assert_eq!(deleted, (0, 1));
        // The second change of the same transaction fails, and what it has changed by then is
        // undone: the earlier one stays.
        bed.store().write(|transaction| {
            let mut writer = collection.writer(transaction)?;
            writer.update_where(Filter::eq("id", "b"), |package| {
                put_member(package, "size", json!(9))
            })?;
            let mut changed = 0;
            let refused = writer.update_where(Filter::eq("section", "net"), |package| {
                changed += 1;
                put_member(package, "size", json!(100));
                if changed == 3 {
                    put_member(package, "id", json!("another"));
                }
            });
            invalid(refused, "a change of the id of the third document");
            Ok(())
        })?;
    }
    bed.settle()?;
    for has_indexes in [false, true] {
        let collection = bed.open(packages(has_indexes))?;
        let snapshot = bed.store().snapshot()?;
        let reader = collection.reader(&snapshot);
        assert_eq!(found(&reader, &Query::new(Filter::All))?, "a b c e f g h");
        assert_eq!(found(&reader, &Query::new(Filter::eq("size", 4)))?, "a f g");
        assert_eq!(found(&reader, &Query::new(Filter::at_least("size", 5)))?, "b");
        assert_eq!(found(&reader, &Query::new(Filter::eq("size", 100)))?, "");
    }
    Ok(())
}
