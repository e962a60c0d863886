//! Steps over the documents of a collection.

#![expect(clippy::indexing_slicing, reason = "an absent member of a JSON value is null")]

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arbour::Result;
use arbour::documents::{Collection, Declaration, DocumentStore as _, Field, Filter, Index};
use arbour::migrations::{MigrationError, Run, Step, Target};
use arbour_core::{Durability, KvStore};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::claims::{app, at, place, refused, traced, traces};
use crate::Factory;
use crate::migrations::MigrationBed;

/// How many users there are. Every third has the name already.
const USERS: u64 = 10;

/// The collection as the program that opens it declares it: with indexes of every kind, a default
/// and a feed.
pub(super) fn declaration() -> Declaration<Value> {
    Declaration::new("users")
        .field(Field::path("name"))
        .field(Field::path("meta.mail").named("mail"))
        .field(Field::path("tags").many())
        .field(Field::path("rank").default("new; or not"))
        .index(Index::on("name").then_descending("id"))
        .index(Index::on("mail").unique().sparse())
        .index(Index::on("tags"))
        .index(Index::on("rank"))
        .index(Index::words("name"))
        .with_feed()
}

pub(super) fn user(number: u64) -> Value {
    let mut user = json!({
        "id": format!("user {number:02}"),
        "first": "Ada",
        "tags": ["a", format!("b{number}")],
        "meta": {"mail": format!("{number}@example.org")},
    });
    if number.is_multiple_of(3) {
        user["name"] = "none".into();
    }
    user
}

/// Opens the collection, and stores the users if it is new.
pub(super) fn fill_users<S: KvStore>(store: &S) -> Result<Collection<Value>> {
    let users = Collection::open(store, declaration())?;
    store.write_with(Durability::None, |transaction| {
        (0..USERS).try_for_each(|number| users.insert(transaction, user(number)).map(drop))
    })?;
    Ok(users)
}

/// Names users after their first name, and changes their tags and addresses.
pub(super) fn names_users(number: u64) -> Step {
    let rename = |user: &mut Value| {
        let Some(first) = user["first"].as_str().map(str::to_owned) else { return };
        user["name"] = format!("{first} Lovelace").into();
        user["meta"]["mail"] = format!("new {}", user["meta"]["mail"]).into();
        user["tags"] = json!(["c"]);
    };
    Step::numbered(number).revision("names users").each_document(
        "users",
        move |_, user: &mut Value| {
            if user["name"].is_null() {
                rename(user);
            }
            Ok(())
        },
    )
}

/// Returns what is wrong with the indexes of the users, by a count through each and by a scrub.
fn assert_right<S: KvStore>(store: &S, users: &Collection<Value>) -> Result<()> {
    let snapshot = store.snapshot()?;
    let by_name = |name: &str| users.find(Filter::eq("name", name)).require_index();
    assert_eq!(by_name("none").count(&snapshot)?, 4, "documents that stay as they are");
    assert_eq!(by_name("Ada Lovelace").count(&snapshot)?, 6, "documents that are changed");
    for number in 0..USERS {
        let id = format!("user {number:02}");
        let stored = users.get_stored(&snapshot, &*id)?.expect("it is there");
        let mut expected = user(number);
        expected["rank"] = "new; or not".into();
        let revision = if number.is_multiple_of(3) { 1 } else { 2 };
        if revision == 2 {
            expected["name"] = "Ada Lovelace".into();
            expected["meta"]["mail"] = format!("new {}", expected["meta"]["mail"]).into();
            expected["tags"] = json!(["c"]);
        }
        assert_eq!((stored.body, stored.revision), (expected, revision), "{id}");
    }
    let changes = users.changes(&snapshot, 0, 100)?;
    assert_eq!(changes.len() as u64, USERS + 6, "each change once in the feed");
    let old = users.get_by(&snapshot, "mail", "\"1@example.org\"")?;
    assert!(old.is_none(), "an address that nobody has any more");
    let report = users.scrub(store, &mut |_| ControlFlow::Continue(()))?;
    assert!(report.is_clean(), "{report:?}");
    Ok(())
}

/// Row 19 of what outsiders found: a step reaches documents through their collection, and after any
/// interruption each is changed once, with its indexes, its revision and the feed.
pub(super) fn changed_through_their_collection<F: Factory>(
    bed: &mut MigrationBed<F>,
) -> Result<()> {
    for commits in 0..=5 {
        crate::migration_fixture::clear(&**bed.store())?;
        fill_users(&**bed.store())?;
        let migrations = app([names_users(1)]).chunk_entries(3);
        let mut told = 0;
        let report = migrations.run_with(&**bed.store(), &Run::default(), &mut |progress| {
            let total = (progress.done > 0).then_some(USERS);
            assert_eq!(progress.total, total, "it is known how many there are");
            told += 1;
            if told > commits { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        assert_eq!(report.is_cancelled, commits < 5, "after {commits} commits");
        if commits == 2 {
            bed.settle()?;
        }
        migrations.run(&**bed.store())?;
        let store = &**bed.store();
        // The declaration is the one that is stored, so nothing is built anew.
        let users = Collection::declare(store, declaration())?;
        assert!(users.indexes(&store.snapshot()?)?.iter().all(|index| index.state.is_complete()));
        assert_right(store, &users)?;
    }
    Ok(())
}

/// A user as a step reads it, without the tags.
#[derive(Serialize, Deserialize)]
struct Member {
    id: String,
    first: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    meta: Value,
}

/// A step and its undo may read documents as values of types. What they leave as it is stays as it is stored,
/// also what the type does not have; a document that is none of the type is named.
pub(super) fn changed_as_values_of_a_type<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_users(&**bed.store())?;
    let step = Step::numbered(1)
        .each_document("users", |_, member: &mut Member| {
            let name = format!("{} Lovelace", member.first);
            member.name.get_or_insert(name);
            Ok(())
        })
        .undo_each_document(|_, member: &mut Member| {
            member.name = member.name.take().filter(|name| name == "none");
            Ok(())
        });
    let migrations = || app([step.clone()]).chunk_entries(3);
    migrations().run(&**bed.store())?;
    bed.settle()?;
    let users = Collection::open(&**bed.store(), declaration())?;
    let users_of = |expected: fn(u64) -> (Value, bool, u64)| -> Result<()> {
        let snapshot = bed.store().snapshot()?;
        for number in 0..USERS {
            let stored = users.get_stored(&snapshot, &*format!("user {number:02}"))?;
            let stored = stored.expect("it is there");
            let found =
                (stored.body["name"].clone(), !stored.body["tags"].is_null(), stored.revision);
            assert_eq!(found, expected(number), "{number}");
        }
        Ok(())
    };
    users_of(|number| match number.is_multiple_of(3) {
        true => (json!("none"), true, 1),
        false => (json!("Ada Lovelace"), false, 2),
    })?;
    migrations().downgrade(&**bed.store(), Target::Nothing)?;
    users_of(|number| match number.is_multiple_of(3) {
        true => (json!("none"), true, 1),
        false => (Value::Null, false, 3),
    })?;
    let report = users.scrub(&**bed.store(), &mut |_| ControlFlow::Continue(()))?;
    assert!(report.is_clean(), "{report:?}");
    bed.store()
        .write(|transaction| users.update_json(transaction, "user 04", &json!({"first": null})))?;
    let error = migrations().run(&**bed.store()).expect_err("a document without a first name");
    assert_eq!(place(&error).and_then(|place| place.document.as_deref()), Some("user 04"));
    assert!(error.to_string().contains("missing field `first`"), "{error}");
    Ok(())
}

/// What a step does to a document that must not be done.
type Fault = fn(&mut Value);

/// The document that fails is named, and nothing of its chunk is stored; what was stored before
/// stays, and the next run continues there.
pub(super) fn failing_document_is_named<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let users = fill_users(&**bed.store())?;
    let store = &**bed.store();
    let is_mended = Arc::new(AtomicBool::new(false));
    let step = |fault: Fault| {
        let is_mended = Arc::clone(&is_mended);
        Step::numbered(1).each_document("users", move |trees, user: &mut Value| {
            trees.put("seen", user["id"].as_str().unwrap_or_default().as_bytes(), b"")?;
            user["seen"] = true.into();
            if user["id"] == "user 04" && !is_mended.load(Ordering::SeqCst) {
                fault(user);
            }
            if user["id"].is_null() { Err("no id".into()) } else { Ok(()) }
        })
    };
    let faults: [(Fault, &str); 4] = [
        (|user| user["meta"]["mail"] = "1@example.org".into(), "taken by \"user 01\""),
        (|user| user["name"] = json!({"is": "an object"}), "\"name\" must be"),
        (|user| user["id"] = "another".into(), "gives it another id"),
        (|user| user["id"] = Value::Null, "no id"),
    ];
    for (fault, reason) in faults {
        let error = app([step(fault)]).chunk_entries(3).run(store).expect_err("one is refused");
        let document = place(&error).and_then(|place| place.document.as_deref());
        assert_eq!(document, Some("user 04"), "{error:?}");
        let text = error.to_string();
        let prefix = "step 1 of \"rooms\", at document \"user 04\" of collection \"users\": ";
        assert!(text.starts_with(prefix) && text.contains(reason), "{text}");
        let snapshot = store.snapshot()?;
        let seen = |id: &str| {
            Ok::<_, arbour::Error>(users.get(&snapshot, id)?.map(|user| user["seen"] == true))
        };
        assert_eq!((seen("user 02")?, seen("user 03")?), (Some(true), Some(false)));
        assert_eq!(bed.get("seen", b"user 02")?.as_deref(), Some(&b""[..]));
        assert_eq!(bed.get("seen", b"user 03")?, None, "its chunk is rolled back");
    }
    is_mended.store(true, Ordering::SeqCst);
    app([step(|_| ())]).chunk_entries(3).run(store)?;
    let snapshot = store.snapshot()?;
    let stored = users.get_stored(&snapshot, "user 04")?.expect("it is there");
    assert_eq!((&stored.body["seen"], stored.revision), (&json!(true), 2));
    Ok(())
}

/// If the store does not tell how an index is maintained, no step runs; a document that only its
/// type can read is named.
pub(super) fn needs_what_the_store_tells<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let store = &**bed.store();
    let length =
        Field::computed("length", |user: &Value| user["name"].as_str().map_or(0, str::len).into());
    let computed = Declaration::<Value>::new("users").field(length).index(Index::on("length"));
    let users = Collection::open(store, computed)?;
    store.write(|transaction| users.insert(transaction, json!({"id": "ada"})))?;
    let before = bed.everything()?;
    let migrations = || app([traced(1), names_users(2)]);
    for result in [migrations().run(store), migrations().dry_run(store)] {
        let error = result.expect_err("an index over what a closure computes");
        assert!(error.to_string().contains("the index \"length\" is maintained"), "{error}");
        assert!(matches!(place(&error).map(|place| place.document.clone()), Some(None)));
    }
    assert_eq!(bed.everything()?, before, "the step before has not run");

    // An upgrade that only the type knows.
    assert!(store.drop_collection("users", |_| ControlFlow::Continue(()))?);
    let plain = || Declaration::<Value>::new("users");
    let users = Collection::open(store, plain())?;
    store.write(|transaction| users.insert(transaction, json!({"id": "ada"})))?;
    let upgraded = Collection::open(store, plain().upgrade_json(1, Ok))?;
    let is_converted = upgraded.finish_upgrade(store, &mut |_| ControlFlow::Break(()))?;
    assert!(!is_converted, "the store is at the next version, and the document is not");
    let error = migrations().run(store).expect_err("a document of an older version");
    assert_eq!(place(&error).and_then(|place| place.document.as_deref()), Some("ada"));
    assert!(error.to_string().contains("schema version 1 and the collection is at 2"), "{error}");
    assert_eq!(traces(bed)?, "1");
    Ok(())
}

/// A tree is not a collection, and a collection is not a tree: a step that takes one for the other
/// fails instead of visiting nothing.
pub(super) fn trees_and_collections_are_told_apart<F: Factory>(
    bed: &mut MigrationBed<F>,
) -> Result<()> {
    let nothing = app([names_users(1)]).run(&**bed.store())?;
    assert_eq!(at(&nothing.steps, 0).counts.puts, 0, "there is no such collection");
    crate::migration_fixture::clear(&**bed.store())?;
    fill_users(&**bed.store())?;
    bed.put("rooms", b"study", b"")?;
    let store = &**bed.store();
    let as_tree = [
        Step::numbered(1).each("users", |_, _, _| Ok(())),
        Step::numbered(1).atomic(|trees| trees.each("users", |_, _, _| Ok(()))),
    ];
    for step in as_tree {
        let error = refused(app([step]).run(store), "a collection as a tree");
        let is_right = matches!(&error, MigrationError::IsCollection { collection, .. } if collection == "users");
        assert!(is_right, "{error:?}");
    }
    let as_collection = [
        Step::numbered(1).each_document("rooms", |_, _: &mut Value| Ok(())),
        Step::numbered(1).atomic(|trees| trees.each_document("rooms", |_, _: &mut Value| Ok(()))),
    ];
    for step in as_collection {
        let error = refused(app([step]).run(store), "a tree as a collection");
        assert!(
            matches!(&error, MigrationError::IsTree { tree, .. } if tree == "rooms"),
            "{error:?}"
        );
    }
    // An atomic step that ignores what a document lacks is not committed.
    let ignores = Step::numbered(1).atomic(|trees| {
        let taken = trees.each_document("users", |_, user: &mut Value| {
            user["meta"]["mail"] = "same".into();
            Ok(())
        });
        assert!(taken.is_err(), "all ask for the same address");
        Ok(())
    });
    let error = app([ignores]).run(store).expect_err("a document that is refused");
    let cause = place(&error).is_some().then(|| std::error::Error::source(&error)).flatten();
    assert!(cause.is_some(), "{error:?}");
    assert!(error.to_string().contains("taken by"), "{error}");
    Ok(())
}

/// A dry run reports the documents and index entries that would change, and writes nothing.
pub(super) fn dry_run_of_documents_writes_nothing<F: Factory>(
    bed: &mut MigrationBed<F>,
) -> Result<()> {
    fill_users(&**bed.store())?;
    bed.settle()?;
    let before = bed.everything()?;
    let report = app([names_users(1)]).chunk_entries(3).dry_run(&**bed.store())?;
    assert_eq!(bed.everything()?, before);
    let changes = |tree: &str| {
        let of_tree = report.changes.iter().find(|changes| changes.tree == tree);
        of_tree.map_or((0, 0, 0), |of| (of.added.count, of.changed.count, of.removed.count))
    };
    assert_eq!(changes("arbour/doc/users"), (0, 6, 0));
    assert_eq!(changes("arbour/index/users/mail"), (6, 0, 6));
    Ok(())
}
