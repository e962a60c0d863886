//! Kills a process that builds an index, again and again.

use std::ops::ControlFlow;
use std::path::Path;

use arbour::Result;
use arbour::documents::layout::index_tree;
use arbour::documents::{Collection, Declaration, Field, Filter, Index, IndexState};
use arbour_core::KvStore;
use serde_json::{Value, json};

use super::cases::claims::{build, load, raw};
use crate::documents::{TestCollection, TestReader};
use crate::harness::{Factory, Killer, Part, say};

/// The number of kills, unless `ARBOUR_KILLS` sets another.
const KILLS: u64 = 6;

/// A build has only a few chunks, so that a builder is killed soon after the first.
const CHUNKS_MAX: u64 = 1;

/// Enough documents for several chunks, the last of which is not full: that chunk completes the
/// build, so no further chunk reports that everything is done.
const CROWD: usize = 4100;

const INDEX: &str = "tags,-size";

fn crowd(name: &str) -> Declaration<Value> {
    Declaration::new(name).field(Field::path("size")).field(Field::path("tags").many())
}

fn indexed(name: &str) -> Declaration<Value> {
    crowd(name).index(Index::on("tags").then_descending("size"))
}

/// Kills a process while it builds an index. Panics unless the finished part is kept, the next
/// process resumes after it, the program without the index can write in between, and the index ends up
/// equal to one that existed from the start. The
/// test `documents::process::killed_builder_goes_on` calls it.
///
/// The child builds, and changes a document after each chunk. `test` is the test's own path:
/// `module_path!()` and its name. `ARBOUR_KILLS` sets the number of kills (default 6).
///
/// ```no_run
/// use arbour_conformance::{BTreeFactory, documents};
/// #[test]
/// fn killed() -> arbour::Result<()> {
///     documents::killed_builder_goes_on(&BTreeFactory, concat!(module_path!(), "::killed"))
/// }
/// ```
///
/// # Errors
/// The errors of the document store.
pub fn killed_builder_goes_on<F: Factory>(factory: &F, test: &str) -> Result<()> {
    if let Some(part) = Part::of_this_process() {
        return build_until_killed(factory, &part);
    }
    let mut killer = Killer::new(test, KILLS, CHUNKS_MAX)?;
    let mut builds = 0;
    while killer.wants_another() {
        let path = killer.path(&format!("store{builds}"));
        store_crowd(factory, &path)?;
        let mut done = 0;
        loop {
            let killed = killer.kill_next(&path)?;
            if let Some(first) = killed.numbers().next() {
                assert!(
                    first > done,
                    "{done} documents were done, the next builder began at {first}"
                );
            }
            if killed.is_finished {
                break;
            }
            done = killed.numbers().last().unwrap_or(done);
            check_between(factory, &path)?;
        }
        check_built(factory, &path)?;
        builds += 1;
    }
    println!("{killer}, in {builds} builds");
    Ok(())
}

/// The child's role: it reports how many documents are done, and ends when all are.
fn build_until_killed<F: Factory>(factory: &F, part: &Part) -> Result<()> {
    let store = part.open(factory)?;
    let documents = Collection::declare(&store, indexed("crowd"))?;
    let mut failure = None;
    documents.build(&store, &mut |progress| {
        let changed = store.write(|transaction| {
            let id = format!("{:05}", (progress.done as usize * 7919) % CROWD);
            let change = json!({"size": progress.done, "tags": ["changed", progress.done]});
            documents.update_json(transaction, &id, &change)
        });
        let said = say(progress.done);
        failure = changed.err().or(said.err());
        if failure.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    failure.map_or(Ok(()), Err)
}

/// Stores documents in a collection without an index.
fn store_crowd<F: Factory>(factory: &F, path: &Path) -> Result<()> {
    let store = factory.open(path, &Default::default())?;
    let body = |number: usize| {
        json!({
            "id": format!("{number:05}"), "size": number * 7919 % 1000,
            "tags": [number % 5, number % 7],
        })
    };
    let bodies: Vec<Value> = (0..CROWD).map(body).collect();
    load(&store, &Collection::open(&store, crowd("crowd"))?, &bodies)?;
    store.close()
}

/// Checks the state after a kill: all documents are there, and are searched without the index.
fn check_between<F: Factory>(factory: &F, path: &Path) -> Result<()> {
    let store = factory.open(path, &Default::default())?;
    let documents = Collection::declare(&store, indexed("crowd"))?;
    let snapshot = store.snapshot()?;
    let reader = documents.reader(&snapshot);
    assert_eq!(reader.count(&Filter::All)?, CROWD as u64);
    let is_tagged = |body: &Value| {
        body.get("tags").and_then(Value::as_array).is_some_and(|tags| tags.contains(&json!(3)))
    };
    let expected = reader.count(&Filter::custom("tagged 3", is_tagged))?;
    assert_eq!(reader.count(&Filter::contains_any("tags", [3]))?, expected);
    drop(snapshot);
    // The earlier program, which has no index, takes over in between, and the build goes on beside it.
    let earlier = Collection::open(&store, crowd("crowd"))?;
    store.write(|transaction| {
        for number in [3, CROWD / 2, CROWD - 3] {
            let size = earlier.all().count(transaction)? as usize + number;
            let change = json!({"size": size, "tags": ["earlier", number]});
            earlier.update_json(transaction, &*format!("{number:05}"), &change)?;
        }
        Ok(())
    })?;
    store.close()
}

/// Asserts that the index is equal to one that existed from the start.
fn check_built<F: Factory>(factory: &F, path: &Path) -> Result<()> {
    let store = factory.open(path, &Default::default())?;
    let documents = Collection::declare(&store, indexed("crowd"))?;
    build(&store, &documents, IndexState::Readable)?;
    let bodies = documents.all().list(&store.snapshot()?)?;
    load(&store, &Collection::open(&store, indexed("offline"))?, &bodies)?;
    let built = raw(&store, &index_tree("crowd", INDEX))?;
    let expected = raw(&store, &index_tree("offline", INDEX))?;
    assert!(!expected.is_empty(), "there are entries to compare");
    assert!(built == expected, "other entries than an index that was there from the start");
    store.close()
}
