//! Writing documents, one by one and many at once.

use arbour::Result;
use arbour::documents::{DocError, DocId, Filter, Precondition, Written};
use arbour_core::KvStore;
use serde_json::json;

use super::claims::{found, ids, load, refused};
pub(super) use super::merges::{
    changes_must_be_an_object, patch_merges_deep, update_merges_shallow_null_deletes,
    upsert_inserts_or_updates,
};
use super::samples::people;
pub(super) use super::transactions::{
    atomic_with_other_trees, over_limit_refused, racing_inserts_one_wins,
    refused_write_leaves_the_rest, rolled_back_with_the_transaction,
};
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader, TestWriter};

/// Case 1, J12, J14, J16. What is written is read, to the last member; a replacement leaves nothing
/// of the earlier body; a removed document is gone, and inserted again it is new.
pub(super) fn insert_get_replace_delete<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let body = json!({
        "id": "ada", "born": 1815, "": [[], {}, null, [1, [2]]], "nothing": null, "no": false,
        "text": "\0 \"quoted\" \u{fffd} \u{1f60a} \n", "most": u64::MAX, "least": i64::MIN,
        "fraction": -1.5e-300, "nested": {"id": "not she", "deep": {"deeper": "x".repeat(3000)}},
    });
    let people = bed.open(self::people())?;
    bed.store().write(|transaction| {
        let mut people = people.writer(transaction)?;
        let written = people.insert(&body)?;
        assert_eq!(written, Written { id: DocId::from("ada"), revision: 1, is_new: true });
        let own = people.get("ada")?.expect("a transaction reads what it wrote");
        assert_eq!((own.revision, &own.body), (1, &body));
        Ok(())
    })?;
    drop(people);
    bed.settle()?;
    let replaced = json!({"id": "ada", "nested": []});
    let people = bed.open(self::people())?;
    let stored = people.reader(&bed.store().snapshot()?).get("ada")?.expect("it was inserted");
    assert_eq!((stored.id, stored.revision, stored.body), (DocId::from("ada"), 1, body));
    let write = bed.store().write(|transaction| {
        people.writer(transaction)?.put(&replaced, Precondition::Revision(1))
    })?;
    assert_eq!((write.revision, write.is_new), (2, false));
    drop(people);
    bed.settle()?;
    let people = bed.open(self::people())?;
    let stored = people.reader(&bed.store().snapshot()?).get("ada")?.expect("it was replaced");
    assert_eq!((stored.revision, stored.body), (2, replaced));
    let removed = bed.store().write(|transaction| {
        people.writer(transaction)?.delete("ada", Precondition::Revision(2))
    })?;
    assert!(removed);
    drop(people);
    bed.settle()?;
    let people = bed.open(self::people())?;
    let snapshot = bed.store().snapshot()?;
    assert_eq!(people.reader(&snapshot).get("ada")?, None);
    assert_eq!(people.reader(&snapshot).count(&Filter::All)?, 0);
    let again = json!({"id": "ada"});
    let write = bed.store().write(|transaction| people.writer(transaction)?.insert(&again))?;
    assert!(write.is_new);
    assert_eq!(people.reader(&snapshot).get("ada")?, None, "a snapshot of before");
    Ok(())
}

/// J12. `set` stores the document as a whole, whether it exists or not.
pub(super) fn set_overwrites<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let people = bed.open(self::people())?;
    for revision in 1..=3 {
        let body = json!({"id": "ada", (format!("member {revision}")): revision});
        let written = bed.store().write(|transaction| {
            let mut people = people.writer(transaction)?;
            people.set(&json!({"id": format!("beside {revision}")}))?;
            people.set(&body)
        })?;
        let is_new = revision == 1;
        assert_eq!(written, Written { id: DocId::from("ada"), revision, is_new });
    }
    let twice = bed.store().write(|transaction| {
        let mut people = people.writer(transaction)?;
        people.set(&json!({"id": "ada", "born": 1}))?;
        people.put(&json!({"id": "ada", "born": 1815}), Precondition::Present)
    })?;
    assert_eq!(twice.revision, 5);
    drop(people);
    bed.settle()?;
    let people = bed.open(self::people())?;
    let snapshot = bed.store().snapshot()?;
    let reader = people.reader(&snapshot);
    let stored = reader.get("ada")?.expect("it was set");
    assert_eq!((stored.revision, stored.body), (5, json!({"id": "ada", "born": 1815})));
    assert_eq!(reader.count(&Filter::All)?, 4);
    assert_eq!(found(&reader, &Query::new(Filter::eq("born", 1815)))?, "ada");
    assert_eq!(found(&reader, &Query::new(Filter::eq("born", 1)))?, "");
    let missing = json!({"id": "nobody"});
    let error = refused(
        bed.store()
            .write(|transaction| people.writer(transaction)?.put(&missing, Precondition::Present)),
        "one that has to be there",
    );
    assert!(
        matches!(&error, DocError::Missing { id, .. } if *id == DocId::from("nobody")),
        "{error:?}"
    );
    Ok(())
}

/// Case 2. A caller that expects another revision gets the current one and the current document,
/// and nothing but the document: no header, no revision within it.
pub(super) fn conflict_returns_current<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let now = json!({"id": "ada", "born": 1815});
    let people = bed.open(self::people())?;
    load(bed.store(), &people, &[json!({"id": "ada"}), now.clone()])?;
    drop(people);
    bed.settle()?;
    let people = bed.open(self::people())?;
    let mine = json!({"id": "ada", "born": 1});
    for known in [0, 1, 3, u64::MAX] {
        let precondition = Precondition::Revision(known);
        let puts = bed.store().write(|t| people.writer(t)?.put(&mine, precondition).map(drop));
        let deletes =
            bed.store().write(|t| people.writer(t)?.delete("ada", precondition).map(drop));
        let modifies = bed.store().write(|t| {
            people.writer(t)?.modify("ada", precondition, |_| Ok(mine.clone())).map(drop)
        });
        for outcome in [puts, deletes, modifies] {
            let error = refused(outcome, "a write of one who knew another revision");
            let DocError::Revision { id, expected, actual, current, .. } = error else {
                unreachable!("it is another error: {error:?}");
            };
            assert_eq!((id, expected, actual), (DocId::from("ada"), known, 2));
            assert_eq!(*current, now);
        }
    }
    let nobody = json!({"id": "nobody"});
    let puts =
        bed.store().write(|t| people.writer(t)?.put(&nobody, Precondition::Revision(7)).map(drop));
    let deletes = bed
        .store()
        .write(|t| people.writer(t)?.delete("nobody", Precondition::Revision(7)).map(drop));
    for outcome in [puts, deletes] {
        let error = refused(outcome, "a revision of what is not there");
        let is_right = matches!(
            &error,
            DocError::Revision { expected: 7, actual: 0, current, .. } if current.is_null()
        );
        assert!(is_right, "{error:?}");
    }
    let insert = bed.store().write(|t| people.writer(t)?.insert(&mine));
    let error = refused(insert, "an insert of what is there");
    let is_right = matches!(&error, DocError::Exists { id, .. } if *id == DocId::from("ada"));
    assert!(is_right, "{error:?}");
    let snapshot = bed.store().snapshot()?;
    let stored = people.reader(&snapshot).get("ada")?.expect("nothing removed it");
    assert_eq!((stored.revision, stored.body), (2, now), "refused writes changed it");
    assert_eq!(people.reader(&snapshot).count(&Filter::All)?, 1);
    Ok(())
}

/// Case 4. Each document of a bulk write gets a result of its own, and a refused one does not
/// affect the others.
pub(super) fn bulk_verdict_per_row<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let people = bed.open(self::people())?;
    load(bed.store(), &people, &[json!({"id": "ada", "email": "ada@x"})])?;
    let bodies = [
        json!({"id": "bob", "email": "bob@x"}),
        json!({"id": "ada", "email": "other@x"}),
        json!({"id": "cid", "email": "bob@x"}),
        json!({"id": "dan", "born": "long ago"}),
        json!({"born": 1}),
        json!({"id": "eve", "email": "eve@x", "born": 1999}),
        json!({"id": "eve", "email": "eve@x"}),
        json!({"id": "fay", "email": "other@x"}),
    ];
    let verdicts = bed
        .store()
        .write(|transaction| people.writer(transaction)?.put_many(&bodies, Precondition::Absent))?;
    let told: Vec<&str> = verdicts
        .iter()
        .map(|verdict| match verdict {
            Ok(written) if written.is_new => "new",
            Ok(_) => "overwritten",
            Err(error) => match error.downcast_ref() {
                Some(DocError::Exists { .. }) => "exists",
                Some(DocError::Unique { .. }) => "unique",
                Some(DocError::WrongType { .. }) => "wrong type",
                Some(DocError::Required { .. }) => "required",
                _ => "another error",
            },
        })
        .collect();
    let expected = ["new", "exists", "unique", "wrong type", "required", "new", "exists", "new"];
    assert_eq!(told, expected, "{verdicts:?}");
    drop(people);
    bed.settle()?;
    let people = bed.open(self::people())?;
    let snapshot = bed.store().snapshot()?;
    let reader = people.reader(&snapshot);
    assert_eq!(found(&reader, &Query::new(Filter::All))?, "ada bob eve fay");
    let holders = [("ada@x", "ada"), ("bob@x", "bob"), ("eve@x", "eve"), ("other@x", "fay")];
    for (email, holder) in holders {
        let query = Query::new(Filter::eq("email", email));
        assert_eq!(found(&reader, &query)?, holder, "{email}");
    }
    assert_eq!(found(&reader, &Query::new(Filter::at_least("born", 0)))?, "eve");
    Ok(())
}

/// J14. Removing an absent document is not an error, even in an empty collection, unless the caller
/// requires it to exist.
pub(super) fn remove_missing_is_ok<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let people = bed.open(self::people())?;
    assert!(!bed.store().write(|t| people.writer(t)?.remove("nobody"))?);
    let bodies = ["ada", "bob", "cid"].map(|id| json!({"id": id, "born": 1800}));
    load(bed.store(), &people, &bodies)?;
    drop(people);
    bed.settle()?;
    let people = bed.open(self::people())?;
    assert!(!bed.store().write(|t| people.writer(t)?.remove("nobody"))?);
    let missing = bed.store().write(|t| people.writer(t)?.delete("nobody", Precondition::Present));
    let error = refused(missing, "the removal of what has to be there");
    assert!(matches!(error, DocError::Missing { .. }), "{error:?}");
    assert!(bed.store().write(|t| people.writer(t)?.remove("bob"))?);
    assert!(!bed.store().write(|t| people.writer(t)?.remove("bob"))?);
    drop(people);
    bed.settle()?;
    let people = bed.open(self::people())?;
    let snapshot = bed.store().snapshot()?;
    let reader = people.reader(&snapshot);
    assert_eq!(found(&reader, &Query::new(Filter::All))?, "ada cid");
    assert_eq!(found(&reader, &Query::new(Filter::eq("born", 1800)))?, "ada cid");
    Ok(())
}

/// J15. A document can be given another id: it is then found by the new id, in the document and in
/// indexes, and no longer by the old one. The old id has to exist and the new one has to be free.
pub(super) fn change_id_moves<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let people = bed.open(self::people())?;
    let bodies =
        [json!({"id": "ada", "born": 1815, "email": "ada@x"}), json!({"id": "bob", "born": 1815})];
    load(bed.store(), &people, &bodies)?;
    drop(people);
    bed.settle()?;
    let people = bed.open(self::people())?;
    let moved = bed.store().write(|t| people.writer(t)?.change_id("ada", "zoe"))?;
    assert_eq!(moved.id, DocId::from("zoe"));
    assert!(moved.revision >= 1, "{moved:?}");
    let changes = [("ada", "new", false), ("nobody", "new", false), ("zoe", "bob", true)];
    for (from, to, is_taken) in changes {
        let outcome = bed.store().write(|t| people.writer(t)?.change_id(from, to));
        let error = refused(outcome, "a change of an id");
        let is_right = match &error {
            DocError::Exists { id, .. } => is_taken && *id == DocId::from(to),
            DocError::Missing { id, .. } => !is_taken && *id == DocId::from(from),
            _ => false,
        };
        assert!(is_right, "{from} to {to}: {error:?}");
    }
    drop(people);
    bed.settle()?;
    let people = bed.open(self::people())?;
    let snapshot = bed.store().snapshot()?;
    let reader = people.reader(&snapshot);
    assert_eq!(reader.get("ada")?, None);
    let stored = reader.get("zoe")?.expect("it was moved there");
    assert_eq!(stored.revision, moved.revision);
    assert_eq!(stored.body, json!({"id": "zoe", "born": 1815, "email": "ada@x"}));
    assert_eq!(found(&reader, &Query::new(Filter::eq("born", 1815)))?, "bob zoe");
    assert_eq!(reader.get_by("email", "ada@x")?, Some(stored.body));
    assert_eq!(ids(&reader.search(&Query::new(Filter::All))?.items), "bob zoe");
    Ok(())
}
