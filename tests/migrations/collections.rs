//! Steps over things other than trees.

use arbour::documents::layout::documents_tree;
use arbour::documents::{Collection, Declaration};
use arbour::migrations::{Group, MigrationError, Migrations, Step};
use arbour::{KvStore as _, MemoryStore};
use serde_json::{Value, json};

fn migrations() -> Migrations {
    let step = Step::numbered(1).each("users", |trees, user, _| Ok(trees.put("seen", user, b"")?));
    Migrations::new("app", "1.2").group(Group::new("users").step(step))
}

fn with_documents() -> MemoryStore {
    let store = MemoryStore::new();
    let users = Collection::open(&store, Declaration::<Value>::new("users")).unwrap();
    store.write(|transaction| users.insert(transaction, json!({"id": "ada"}))).unwrap();
    store
}

#[test]
fn a_collection_is_no_tree_to_visit() {
    let store = with_documents();
    for _ in 0..2 {
        let error = migrations().run(&store).unwrap_err();
        let is_right = matches!(
            error.downcast_ref(),
            Some(MigrationError::IsCollection { collection, .. }) if collection == "users"
        );
        assert!(is_right, "{error:?}");
        assert_eq!(
            error.to_string(),
            "step 1 of \"users\": there is no tree \"users\", but a collection of documents of that \
             name: visit its documents with `each_document`"
        );
    }
    let tried = migrations().dry_run(&store);
    assert!(
        matches!(
            tried.as_ref().unwrap_err().downcast_ref(),
            Some(MigrationError::IsCollection { .. })
        ),
        "{tried:?}"
    );
    assert!(migrations().status(&store).unwrap().steps[0].record.is_none(), "it has not run");
}

#[test]
fn a_tree_of_the_name_of_a_collection_is_visited() {
    let store = with_documents();
    store.put(&store.tree("users").unwrap(), b"eve", b"").unwrap();
    migrations().run(&store).unwrap();
    let seen = store.tree("seen").unwrap();
    assert!(store.get(&seen, b"eve").unwrap().is_some());
    assert!(store.get(&seen, b"ada").unwrap().is_none());
}

#[test]
fn a_tree_that_is_not_there_has_nothing_to_visit() {
    let store = MemoryStore::new();
    assert_eq!(migrations().run(&store).unwrap().steps.len(), 1);
}

#[test]
fn a_step_sees_the_names_of_all_trees_that_hold_something() {
    let store = with_documents();
    store.put(&store.tree("rooms").unwrap(), b"1", b"").unwrap();
    store.tree("empty").unwrap();
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let names = seen.clone();
    let step = Step::numbered(1).atomic(move |trees| {
        trees.put("added", b"key", b"")?;
        *names.lock().unwrap() = trees.names()?;
        Ok(())
    });
    Migrations::new("app", "1").group(Group::new("users").step(step)).run(&store).unwrap();
    let seen = seen.lock().unwrap();
    let own: Vec<_> = seen.iter().filter(|name| !name.starts_with("arbour/")).collect();
    assert_eq!(own, ["added", "rooms"]);
    assert!(seen.contains(&documents_tree("users")), "{seen:?}");
    assert!(seen.is_sorted(), "{seen:?}");
}
