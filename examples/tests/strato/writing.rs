//! Writing documents, and transactions (`J12` to `J15`, `J22`, `S5`).

use arbour::documents::{Collection, DocError, Filter, Precondition};
use arbour::{Error, ErrorKind, KvRead as _, KvStore as _, KvWrite, Operation, Result};
use serde_json::{Value, json};

use crate::bed::Bed;
use crate::collection::Things;
use crate::engines::on_every_engine;
use crate::things;

on_every_engine!(
    put_inserts_or_replaces,
    update_merges_members,
    closures_change_one_or_all_that_match,
    deleting_what_is_not_there_does_nothing,
    ids_can_be_changed,
    what_writes_is_ones_own_to_wrap,
    a_transaction_spans_collections_and_trees,
);

fn open(bed: &Bed) -> Things {
    let things = Things::open(bed, things::declaration("things"));
    things.fill([json!({"id": 5, "name": "hi", "count": 3})]);
    things
}

/// J12. What was put is read in the same transaction.
fn put_inserts_or_replaces(bed: &Bed) {
    let things = open(bed);
    let thing = json!({"id": 5, "name": "ho"});
    let (put, read) = things
        .write(|things, transaction| {
            let put = things.put(transaction, thing.clone())?;
            Ok((put, things.get(transaction, 5)?))
        })
        .unwrap();
    assert_eq!((&put, read.as_ref()), (&thing, Some(&thing)));
    let there =
        things.write(|things, transaction| things.insert(transaction, thing.clone())).unwrap_err();
    assert!(matches!(there.downcast_ref(), Some(DocError::Exists { .. })), "{there}");
    let inserted = things
        .write(|things, transaction| things.insert(transaction, json!({"name": "new"})))
        .unwrap();
    assert_eq!(inserted, json!({"id": 6, "name": "new"}));
    let bulk = [json!({"id": 5}), json!({"id": 7})];
    let verdicts = things
        .write(|things, transaction| things.put_many(transaction, &bulk, Precondition::Absent))
        .unwrap();
    assert_eq!(verdicts.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, true]);
}

/// J13, and features that strato-db lacks: deep merges, and writes that require an unchanged
/// document.
fn update_merges_members(bed: &Bed) {
    let things = open(bed);
    things
        .write(|things, transaction| {
            things.update_json(transaction, 5, &json!({"name": null, "box": {"size": 1}}))
        })
        .unwrap();
    assert_eq!(things.get(5), Some(json!({"id": 5, "count": 3, "box": {"size": 1}})));
    things
        .write(|things, transaction| {
            things.patch_json(transaction, 5, &json!({"box": {"color": "red"}}))
        })
        .unwrap();
    assert_eq!(things.get(5).unwrap()["box"], json!({"size": 1, "color": "red"}));
    let missing = things
        .write(|things, transaction| things.update_json(transaction, 6, &json!({})))
        .unwrap_err();
    assert!(matches!(missing.downcast_ref(), Some(DocError::Missing { .. })), "{missing}");
    for changes in [json!({"id": 6, "count": 1}), json!({"id": 6, "name": "six"})] {
        things.write(|things, transaction| things.upsert_json(transaction, &changes)).unwrap();
    }
    assert_eq!(things.get(6), Some(json!({"id": 6, "count": 1, "name": "six"})));
    let stale = things
        .write(|things, transaction| {
            things.put_if(transaction, &json!({"id": 5}), Precondition::Revision(1))
        })
        .unwrap_err();
    assert!(matches!(stale.downcast_ref(), Some(DocError::Revision { actual: 3, .. })), "{stale}");
}

/// J13, J14, and what strato-db leaves to a loop of the program.
fn closures_change_one_or_all_that_match(bed: &Bed) {
    let things = open(bed);
    let double = |thing: &mut Value| thing["count"] = (thing["count"].as_i64().unwrap() * 2).into();
    let modified =
        things.write(|things, transaction| things.modify(transaction, 5, double)).unwrap();
    assert_eq!(modified, json!({"id": 5, "name": "hi", "count": 6}));
    for count in [1, 2] {
        let first = json!({"id": 6, "count": 1});
        let upserted = things
            .write(|things, transaction| things.upsert(transaction, first.clone(), double))
            .unwrap();
        assert_eq!(upserted, json!({"id": 6, "count": count}));
    }
    let above_one = || Filter::above("count", 1);
    let changed = things
        .write(|things, transaction| things.update_where(transaction, above_one(), double))
        .unwrap();
    assert_eq!((changed, things.find(Filter::is_in("count", [4, 12]))), (2, "5 6".to_owned()));
    let deleted =
        things.write(|things, transaction| things.delete_where(transaction, above_one())).unwrap();
    assert_eq!((deleted, things.find(Filter::All)), (2, String::new()));
}

/// J14.
fn deleting_what_is_not_there_does_nothing(bed: &Bed) {
    let things = open(bed);
    assert!(things.write(|things, transaction| things.delete(transaction, 5)).unwrap());
    assert!(!things.write(|things, transaction| things.delete(transaction, 5)).unwrap());
    assert_eq!(things.get(5), None);
}

/// J15.
fn ids_can_be_changed(bed: &Bed) {
    let things = open(bed);
    things.fill([json!({"id": 6})]);
    let taken =
        things.write(|things, transaction| things.change_id(transaction, 5, 6)).unwrap_err();
    assert!(matches!(taken.downcast_ref(), Some(DocError::Exists { .. })), "{taken}");
    let missing =
        things.write(|things, transaction| things.change_id(transaction, 9, 10)).unwrap_err();
    assert!(matches!(missing.downcast_ref(), Some(DocError::Missing { .. })), "{missing}");
    things.write(|things, transaction| things.change_id(transaction, 5, 50)).unwrap();
    assert_eq!((things.get(5), things.get(50).unwrap()["name"].clone()), (None, json!("hi")));
}

/// J22. A function replaces an overridden method.
fn what_writes_is_ones_own_to_wrap(bed: &Bed) {
    fn put_in_capitals<W: KvWrite>(
        things: &Collection<Value>,
        transaction: &mut W,
        id: i64,
        name: &str,
    ) -> Result<Value> {
        things.put(transaction, json!({"id": id, "name": name.to_uppercase()}))
    }
    let things = open(bed);
    things.write(|things, transaction| put_in_capitals(things, transaction, 1, "one")).unwrap();
    assert_eq!(things.get(1), Some(json!({"id": 1, "name": "ONE"})));
}

/// S5. All or nothing, over everything in a store; a refused write does not end the transaction.
fn a_transaction_spans_collections_and_trees(bed: &Bed) {
    let things = open(bed);
    let tree = things.store.tree("visits").unwrap();
    let write = |fails: bool| {
        things.store.write(|transaction| {
            transaction.put(&tree, b"today", b"1")?;
            things.collection.update_json(transaction, 5, &json!({"count": 4}))?;
            things.collection.insert(transaction, json!({"id": 5})).unwrap_err();
            if fails {
                let own = Error::new(ErrorKind::InvalidArgument, Operation::Apply, "of one's own");
                return Err(own);
            }
            Ok(())
        })
    };
    write(true).unwrap_err();
    assert!(!things.store.snapshot().unwrap().contains(&tree, b"today").unwrap());
    assert_eq!(things.get(5).unwrap()["count"], 3);
    write(false).unwrap();
    assert!(things.store.snapshot().unwrap().contains(&tree, b"today").unwrap());
    assert_eq!(things.get(5).unwrap()["count"], 4);
}
