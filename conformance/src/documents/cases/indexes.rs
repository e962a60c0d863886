//! Indexes: their contents and their order.

use std::collections::BTreeSet;

use arbour::Result;
use arbour::documents::layout::{documents_tree, index_tree};
use arbour::documents::{Declaration, DocError, DocId, Field, Filter, Index};
use arbour_core::KvStore;
use serde_json::{Value, json};

use super::claims::{found, load, means, member, raw, refused};
pub(super) use super::orders::{
    compound_mixed_directions, numbers_in_order, texts_in_order, words_begin_and_fold, words_found,
};
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader, TestWriter};

/// Users with a unique address, a unique pair of names, and others that are not unique.
fn users() -> Declaration<Value> {
    Declaration::new("users")
        .field(Field::path("email"))
        .field(Field::path("first"))
        .field(Field::path("last"))
        .field(Field::path("born"))
        .field(Field::path("tags").many())
        .index(Index::on("born"))
        .index(Index::on("tags"))
        .index(Index::on("first").then("last").unique())
        .index(Index::on("email").unique())
        .index(Index::descending("born").then("email").named("newest"))
}

const TREES: [&str; 5] = ["born", "tags", "first,last", "email", "newest"];

/// The entries of all indexes of the users, each with its index.
fn all_entries<S: KvStore>(store: &S) -> Result<BTreeSet<(&'static str, Vec<u8>)>> {
    let mut all = BTreeSet::new();
    for index in TREES {
        for (key, value) in raw(store, &index_tree("users", index))? {
            assert!(value.is_empty(), "an entry of an index has no value");
            all.insert((index, key));
        }
    }
    Ok(all)
}

/// Case 5. A document that is refused because another document has its values leaves no trace, in
/// any index, whichever index refuses it; and its values can be used once they are free.
pub(super) fn unique_refused_leaves_no_residue<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let users = bed.open(self::users())?;
    let ada = json!({"id": "ada", "email": "a@x", "first": "ada", "last": "king", "tags": [1]});
    let bob = json!({"id": "bob", "email": "b@x", "first": "bob", "last": "king", "born": 1});
    load(bed.store(), &users, &[ada, bob])?;
    drop(users);
    bed.settle()?;
    let users = bed.open(self::users())?;
    let before = (all_entries(bed.store())?, raw(bed.store(), &documents_tree("users"))?);
    for body in [
        json!({"id": "new", "email": "a@x", "first": "n", "last": "n", "born": 9, "tags": [8, 9]}),
        json!({"id": "new", "email": "n@x", "first": "ada", "last": "king", "born": 9, "tags": [9]}),
        json!({"id": "bob", "email": "a@x", "first": "bob", "last": "b", "born": 2, "tags": [9]}),
        json!({"id": "bob", "email": "c@x", "first": "ada", "last": "king", "born": 2}),
    ] {
        // Refused within a transaction that is committed anyway.
        bed.store().write(|transaction| {
            let error = refused(users.writer(transaction)?.set(&body), "values that are taken");
            assert!(matches!(error, DocError::Unique { .. }), "{error:?}");
            Ok(())
        })?;
        let after = (all_entries(bed.store())?, raw(bed.store(), &documents_tree("users"))?);
        assert_eq!(after, before, "{body} left something");
    }
    bed.store().write(|transaction| {
        let mut users = users.writer(transaction)?;
        users.update("ada", &json!({"email": "other@x"}))?;
        users.update("bob", &json!({"email": "a@x"}))?;
        users.remove("ada")?;
        users.insert(&json!({"id": "new", "email": "b@x", "first": "ada", "last": "king"}))
    })?;
    drop(users);
    bed.settle()?;
    let users = bed.open(self::users())?;
    let snapshot = bed.store().snapshot()?;
    let reader = users.reader(&snapshot);
    for (email, holder) in [("a@x", "bob"), ("b@x", "new"), ("other@x", "")] {
        assert_eq!(found(&reader, &Query::new(Filter::eq("email", email)))?, holder, "{email}");
    }
    Ok(())
}

/// J9. The refusal names the fields, their values and the document that has them.
pub(super) fn unique_names_field_value_holder<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let users = bed.open(self::users())?;
    let ada = json!({"id": "ada", "email": "a@x", "first": 1815, "last": true});
    load(bed.store(), &users, &[json!({"id": "0"}), ada, json!({"id": "z"})])?;
    drop(users);
    bed.settle()?;
    let users = bed.open(self::users())?;
    for (body, names, taken) in [
        (json!({"id": "new", "email": "a@x"}), vec!["email"], vec![json!("a@x")]),
        (
            json!({"id": "new", "first": 1815.0, "last": true}),
            vec!["first", "last"],
            vec![json!(1815), json!(true)],
        ),
        (json!({"id": "z", "email": "a@x"}), vec!["email"], vec![json!("a@x")]),
    ] {
        let error = refused(bed.store().write(|t| users.writer(t)?.set(&body)), "what is taken");
        let told = error.to_string();
        let DocError::Unique { collection, fields, values, holder, foreign_index: None } = error
        else {
            unreachable!("it is another error: {error:?}");
        };
        assert_eq!(
            (collection.as_str(), &fields),
            ("users", &names.iter().map(|name| (*name).to_owned()).collect())
        );
        let as_numbers = |value: &Value| value.as_f64().map_or(value.clone(), Value::from);
        let of = |values: &[Value]| values.iter().map(as_numbers).collect::<Vec<_>>();
        assert_eq!(of(&values), of(&taken));
        assert_eq!(holder, DocId::from("ada"));
        assert!(told.contains("ada") && names.iter().all(|name| told.contains(name)), "{told}");
    }
    // A document does not conflict with itself.
    let again = json!({"id": "ada", "email": "a@x", "first": 1815, "last": true, "born": 1});
    assert_eq!(bed.store().write(|t| users.writer(t)?.set(&again))?.revision, 2);
    Ok(())
}

/// J9. Null never equals null: many documents may lack a unique value, or a part of one.
pub(super) fn unique_ignores_null<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let users = bed.open(self::users())?;
    let bodies = [
        json!({"id": "a"}),
        json!({"id": "b", "email": null, "first": "x"}),
        json!({"id": "c", "first": "x", "last": null}),
        json!({"id": "d", "last": "x"}),
        json!({"id": "e", "last": "x", "first": null}),
        json!({"id": "f", "last": "x", "first": "", "email": ""}),
    ];
    load(bed.store(), &users, &bodies)?;
    drop(users);
    bed.settle()?;
    let users = bed.open(self::users())?;
    let taken = json!({"id": "g", "email": ""});
    let error = refused(bed.store().write(|t| users.writer(t)?.set(&taken)), "an empty text");
    assert!(matches!(error, DocError::Unique { .. }), "{error:?}");
    let snapshot = bed.store().snapshot()?;
    let reader = users.reader(&snapshot);
    means(&reader, &Filter::is_null("email"), "a b c d e")?;
    means(&reader, &Filter::eq("first", "x"), "b c")?;
    means(&reader, &Filter::eq("last", "x").and(Filter::is_null("first")), "d e")?;
    Ok(())
}

/// Case 6. A write moves the entries whose values it changes, and leaves all others as they are:
/// one entry removed and one added, in each affected index.
pub(super) fn update_moves_exactly_what_changed<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let users = bed.open(self::users())?;
    let body = |id: &str| {
        json!({
            "id": id, "email": format!("{id}@x"), "first": id, "last": "k", "born": 1,
            "tags": ["x", id],
        })
    };
    load(bed.store(), &users, &["a", "b", "c"].map(body))?;
    drop(users);
    bed.settle()?;
    let users = bed.open(self::users())?;
    // The changes of a document, and how many entries each index loses and gains.
    type Moved = [(usize, usize); 5];
    let changes: [(Value, Moved); 8] = [
        (json!({"unindexed": 1}), [(0, 0); 5]),
        (json!({"born": 2}), [(1, 1), (0, 0), (0, 0), (0, 0), (1, 1)]),
        (json!({"tags": ["b", "y", "x"]}), [(0, 0), (0, 1), (0, 0), (0, 0), (0, 0)]),
        (json!({"tags": ["z", "b"]}), [(0, 0), (2, 1), (0, 0), (0, 0), (0, 0)]),
        (json!({"email": "new@x"}), [(0, 0), (0, 0), (0, 0), (1, 1), (1, 1)]),
        (json!({"last": null}), [(0, 0), (0, 0), (1, 1), (0, 0), (0, 0)]),
        (json!({"born": 2.0, "email": "new@x"}), [(0, 0); 5]),
        (json!({"tags": null}), [(0, 0), (2, 1), (0, 0), (0, 0), (0, 0)]),
    ];
    for (changes, moved) in changes {
        let before = all_entries(bed.store())?;
        bed.store().write(|t| users.writer(t)?.update("b", &changes))?;
        let after = all_entries(bed.store())?;
        for (index, expected) in TREES.into_iter().zip(moved) {
            let of_index = |entry: &&(&str, Vec<u8>)| entry.0 == index;
            let lost = before.difference(&after).filter(of_index).count();
            let gained = after.difference(&before).filter(of_index).count();
            assert_eq!((lost, gained), expected, "{index} by {changes}");
        }
    }
    let of_b = all_entries(bed.store())?;
    bed.store().write(|t| users.writer(t)?.remove("b"))?;
    let left = all_entries(bed.store())?;
    assert_eq!(of_b.difference(&left).count(), 5, "an entry in each index");
    for id in ["a", "c"] {
        bed.store().write(|t| users.writer(t)?.remove(id))?;
    }
    assert_eq!(all_entries(bed.store())?, BTreeSet::new());
    Ok(())
}

/// Case 7, J9. A sparse index holds no document that has null in it, and is not used for queries
/// that need those.
pub(super) fn sparse_omits_null<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let declaration = || {
        Declaration::<Value>::new("things")
            .field(Field::path("a"))
            .field(Field::path("b"))
            .index(Index::on("a").sparse())
            .index(Index::on("a").then("b").sparse())
            .index(Index::on("b"))
    };
    let bodies = [
        json!({"id": "p", "a": 1, "b": 1}),
        json!({"id": "q", "a": 2}),
        json!({"id": "r", "a": null, "b": 2}),
        json!({"id": "s"}),
        json!({"id": "t", "a": false, "b": ""}),
    ];
    let things = bed.open(declaration())?;
    load(bed.store(), &things, &bodies)?;
    drop(things);
    bed.settle()?;
    let things = bed.open(declaration())?;
    for (index, entries) in [("a", 3), ("a,b", 2), ("b", 5)] {
        assert_eq!(raw(bed.store(), &index_tree("things", index))?.len(), entries, "{index}");
    }
    let snapshot = bed.store().snapshot()?;
    let reader = things.reader(&snapshot);
    means(&reader, &Filter::is_null("a"), "r s")?;
    means(&reader, &Filter::eq("a", 2), "q")?;
    means(&reader, &Filter::at_least("a", 1), "p q")?;
    means(&reader, &Filter::eq("a", 1).and(Filter::eq("b", 1)), "p")?;
    means(&reader, &Filter::eq("a", 2).and(Filter::is_null("b")), "q")?;
    means(&reader, &Filter::All, "p q r s t")?;
    // Sorting by a field that some documents lack loses none of them.
    assert_eq!(found(&reader, &Query::new(Filter::All).ascending("a"))?, "r s t p q");
    assert_eq!(found(&reader, &Query::new(Filter::All).descending("a"))?, "q p t s r");
    let by_both = Query::new(Filter::at_least("a", 0)).ascending("a").ascending("b");
    assert_eq!(found(&reader, &by_both)?, "p q");
    bed.store().write(|t| things.writer(t)?.update("p", &json!({"a": null})))?;
    assert_eq!(raw(bed.store(), &index_tree("things", "a,b"))?.len(), 1);
    Ok(())
}

/// A fraction is read back to its last bit, so its entry is removed with the document.
pub(super) fn fractions_leave_nothing<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let declaration = || {
        Declaration::<Value>::new("things").field(Field::path("v")).index(Index::on("v").unique())
    };
    let values = [
        0.1 + 0.2,
        1.0 / 3.0,
        -1.5e-300,
        f64::MIN_POSITIVE,
        f64::MAX,
        5e-324,
        123_456.789e-20,
        9.109_383_713_9e-31,
        6.022_140_76e23,
        2.5e-308,
        f64::EPSILON,
        -1e-7,
    ];
    let bodies: Vec<Value> =
        values.iter().enumerate().map(|(n, v)| json!({"id": n.to_string(), "v": v})).collect();
    let things = bed.open(declaration())?;
    load(bed.store(), &things, &bodies)?;
    drop(things);
    bed.settle()?;
    let things = bed.open(declaration())?;
    for (number, value) in values.iter().enumerate() {
        let id = number.to_string();
        let snapshot = bed.store().snapshot()?;
        let stored =
            things.reader(&snapshot).get(&id)?.map(|stored| member(&stored.body, "v").as_f64());
        assert_eq!(stored, Some(Some(*value)), "to the last bit");
        let by_value = things.reader(&snapshot).get_by("v", *value)?;
        assert_eq!(by_value.map(|found| member(&found, "id")), Some(json!(id)));
        bed.store().write(|transaction| {
            let mut things = things.writer(transaction)?;
            things.update(&id, &json!({"other": 1}))?;
            things.remove(&id)
        })?;
        let left = raw(bed.store(), &index_tree("things", "v"))?.len();
        assert_eq!(left, values.len() - number - 1, "{value:e} is left in the index");
    }
    Ok(())
}

/// Case 8. For a multi-valued field the index has each value once, and a document is found once,
/// however many of its values are requested.
pub(super) fn many_values_deduped<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let declaration = || {
        Declaration::<Value>::new("things")
            .field(Field::path("tags").many())
            .field(Field::path("born"))
            .index(Index::on("tags"))
            .index(Index::on("tags").then("born").named("both"))
    };
    let bodies = [
        json!({"id": "a", "tags": ["x", "y", "x", "x"], "born": 1}),
        json!({"id": "b", "tags": [1, 1.0, "1", true]}),
        json!({"id": "c", "tags": "x", "born": 3}),
        json!({"id": "d", "tags": []}),
        json!({"id": "e", "tags": ["y", "z", "x"], "born": 0}),
        json!({"id": "f"}),
    ];
    let things = bed.open(declaration())?;
    load(bed.store(), &things, &bodies)?;
    drop(things);
    bed.settle()?;
    let things = bed.open(declaration())?;
    let of = |store, id: &str| -> Result<usize> {
        let entries = raw(store, &index_tree("things", "tags"))?;
        Ok(entries.iter().filter(|(key, _)| key.ends_with(id.as_bytes())).count())
    };
    for (id, entries) in [("a", 2), ("b", 3), ("c", 1), ("e", 3)] {
        assert_eq!(of(bed.store(), id)?, entries, "{id}");
    }
    let snapshot = bed.store().snapshot()?;
    let reader = things.reader(&snapshot);
    means(&reader, &Filter::contains_any("tags", ["x"]), "a c e")?;
    means(&reader, &Filter::contains_any("tags", ["x", "y", "z"]), "a c e")?;
    means(&reader, &Filter::contains_all("tags", ["x", "y", "x"]), "a e")?;
    means(&reader, &Filter::contains_any("tags", [json!(1)]), "b")?;
    means(&reader, &Filter::contains_any("tags", [json!("1"), json!(true)]), "b")?;
    means(&reader, &Filter::is_null("tags"), "d f")?;
    let by_born = Query::new(Filter::contains_any("tags", ["x", "y"])).ascending("born");
    assert_eq!(found(&reader, &by_born)?, "e a c");
    assert_eq!(reader.count(&Filter::contains_any("tags", ["x", "y"]))?, 3);
    Ok(())
}
