//! Changing members of documents.

use arbour::Result;
use arbour::documents::{DocError, DocId, Filter, Precondition};
use arbour_core::KvStore;
use serde_json::json;

use super::claims::{found, invalid, load, refused};
use super::samples::people;
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader, TestWriter};

/// J13. An update replaces the named members of the document, each as a whole, and null removes a
/// member. An absent document is not created, and an id in the changes is ignored.
pub(super) fn update_merges_shallow_null_deletes<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let people = bed.open(self::people())?;
    let before = json!({
        "id": "ada", "born": 1815, "kept": false, "spouse": "william", "tags": [1, 2],
        "address": {"city": "london", "street": {"name": "st james's", "number": 12}},
    });
    load(bed.store(), &people, &[before])?;
    drop(people);
    bed.settle()?;
    let people = bed.open(self::people())?;
    let changes = json!({
        "id": "bob", "born": 1816, "spouse": null, "never was": null, "tags": [3], "new": {},
        "address": {"street": null},
    });
    let written = bed.store().write(|t| people.writer(t)?.update("ada", &changes))?;
    assert_eq!((written.id, written.revision), (DocId::from("ada"), 2));
    let missing = bed.store().write(|t| people.writer(t)?.update("bob", &json!({"born": 1})));
    let error = refused(missing, "an update of what is not there");
    let is_right = matches!(&error, DocError::Missing { id, .. } if *id == DocId::from("bob"));
    assert!(is_right, "{error:?}");
    drop(people);
    bed.settle()?;
    let after = json!({
        "id": "ada", "born": 1816, "kept": false, "tags": [3], "new": {},
        "address": {"street": null},
    });
    let people = bed.open(self::people())?;
    let snapshot = bed.store().snapshot()?;
    let reader = people.reader(&snapshot);
    let stored = reader.get("ada")?.expect("it was updated");
    assert_eq!((stored.revision, stored.body), (2, after));
    assert_eq!(found(&reader, &Query::new(Filter::eq("born", 1816)))?, "ada");
    assert_eq!(found(&reader, &Query::new(Filter::eq("born", 1815)))?, "");
    assert_eq!(found(&reader, &Query::new(Filter::All))?, "ada");
    Ok(())
}

/// A patch merges objects within objects, replaces arrays, and null removes a member at any depth:
/// the examples of RFC 7396, as members of a document.
pub(super) fn patch_merges_deep<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let examples = [
        (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
        (json!({"a": "b"}), json!({"a": null}), json!({})),
        (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
        (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
        (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
        (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
        (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
        (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
    ];
    let people = bed.open(self::people())?;
    for (number, (before, _, _)) in examples.iter().enumerate() {
        load(bed.store(), &people, &[json!({"id": format!("{number}"), "deep": before})])?;
    }
    drop(people);
    bed.settle()?;
    let people = bed.open(self::people())?;
    for (number, (_, patch, after)) in examples.iter().enumerate() {
        let id = number.to_string();
        let patch = json!({"deep": patch, "id": "another"});
        let written = bed.store().write(|t| people.writer(t)?.patch(&id, &patch))?;
        assert_eq!(written.revision, 2);
        let stored = people.reader(&bed.store().snapshot()?).get(&id)?.expect("it was patched");
        assert_eq!(stored.body, json!({"id": id, "deep": after}), "{patch}");
    }
    let missing = bed.store().write(|t| people.writer(t)?.patch("nobody", &json!({"a": 1})));
    let error = refused(missing, "a patch of what is not there");
    assert!(matches!(error, DocError::Missing { .. }), "{error:?}");
    Ok(())
}

/// J13. An upsert updates the document with the given id, or inserts it, without the nulls.
pub(super) fn upsert_inserts_or_updates<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let people = bed.open(self::people())?;
    let changes = json!({
        "id": "ada", "born": 1815, "kept": true, "spouse": null, "address": {"city": "london"},
    });
    let written = bed.store().write(|t| people.writer(t)?.upsert(&changes))?;
    assert!(written.is_new);
    drop(people);
    bed.settle()?;
    let people = bed.open(self::people())?;
    let stored = people.reader(&bed.store().snapshot()?).get("ada")?.expect("it was made");
    let made = json!({"id": "ada", "born": 1815, "kept": true, "address": {"city": "london"}});
    assert_eq!(stored.body, made);
    let changes = json!({"id": "ada", "born": null, "address": {"street": "st james's"}, "x": 1});
    let written = bed.store().write(|t| people.writer(t)?.upsert(&changes))?;
    assert_eq!(written.revision, 2);
    let nameless = bed.store().write(|t| people.writer(t)?.upsert(&json!({"born": 1})));
    let error = refused(nameless, "an upsert without an id");
    assert!(matches!(error, DocError::Required { .. }), "{error:?}");
    drop(people);
    bed.settle()?;
    let people = bed.open(self::people())?;
    let snapshot = bed.store().snapshot()?;
    let reader = people.reader(&snapshot);
    let stored = reader.get("ada")?.expect("it was updated");
    let updated = json!({"id": "ada", "kept": true, "address": {"street": "st james's"}, "x": 1});
    assert_eq!((stored.revision, stored.body), (2, updated));
    assert_eq!(found(&reader, &Query::new(Filter::is_null("born")))?, "ada");
    assert_eq!(reader.count(&Filter::All)?, 1);
    Ok(())
}

/// Changes that are not an object change nothing; a closure can change everything but the id, and
/// its error is passed on.
pub(super) fn changes_must_be_an_object<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let people = bed.open(self::people())?;
    load(bed.store(), &people, &[json!({"id": "ada", "born": 1815})])?;
    for changes in [json!(null), json!([]), json!("born"), json!(7)] {
        let outcome = bed.store().write(|t| people.writer(t)?.update("ada", &changes));
        invalid(outcome, "an update that is no object");
    }
    let closure = bed.store().write(|transaction| {
        people.writer(transaction)?.modify("ada", Precondition::None, |_| {
            Err(DocError::Invalid { collection: String::new(), reason: "the closure's".into() }
                .into())
        })
    });
    let error = refused(closure, "a change whose closure refuses");
    assert!(error.to_string().contains("the closure's"), "{error}");
    let scalar = bed.store().write(|t| people.writer(t)?.patch("ada", &json!(7)));
    refused(scalar, "a patch that makes a document a number");
    drop(people);
    bed.settle()?;
    let people = bed.open(self::people())?;
    let stored = people.reader(&bed.store().snapshot()?).get("ada")?.expect("it is there");
    assert_eq!((stored.revision, stored.body), (1, json!({"id": "ada", "born": 1815})));
    let modified = bed.store().write(|transaction| {
        people.writer(transaction)?.modify("ada", Precondition::Revision(1), |person| {
            assert_eq!(person, json!({"id": "ada", "born": 1815}));
            Ok(json!({"id": "bob", "died": 1852}))
        })
    })?;
    assert_eq!((modified.id, modified.revision), (DocId::from("ada"), 2));
    let stored = people.reader(&bed.store().snapshot()?).get("ada")?.expect("it is there");
    assert_eq!(stored.body, json!({"id": "ada", "died": 1852}));
    Ok(())
}
