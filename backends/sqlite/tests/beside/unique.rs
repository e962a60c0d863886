//! A unique index is unique for every process that writes, even while one of them builds it.

use std::ops::ControlFlow;
use std::path::Path;

use arbour::documents::{Collection, Declaration, DocError, Field, Index, IndexState};
use arbour_core::KvStore as _;
use arbour_sqlite::SqliteStore;
use serde_json::{Value, json};

use super::other::{Other, open, path_of_other, say};

/// Enough documents for several chunks of a build.
const CROWD: usize = 1800;

const TEST: &str = "unique::a_value_is_taken_for_all_processes_while_the_index_is_built";

fn plain() -> Declaration<Value> {
    Declaration::new("codes").field(Field::path("code"))
}

fn unique() -> Declaration<Value> {
    plain().index(Index::on("code").unique())
}

/// Inserts a document, and reports the result.
fn insert(store: &SqliteStore, codes: &Collection<Value>, id: &str, code: &str) -> String {
    let body = json!({"id": id, "code": code});
    let inserted = store.write(|transaction| codes.insert(transaction, body.clone()).map(drop));
    match inserted {
        Ok(()) => "stored".to_owned(),
        Err(error) => match error.downcast_ref() {
            Some(DocError::Unique { holder, .. }) => format!("taken by {holder}"),
            _ => format!("failed: {error}"),
        },
    }
}

/// The child's role: inserts as requested, one line with an id and a code each.
fn insert_as_told(path: &Path) {
    let store = open(path);
    let codes = Collection::declare(&store, unique()).expect("the declaration is the same");
    say("ready");
    for line in std::io::stdin().lines() {
        let line = line.expect("the parent writes text");
        let (id, code) = line.split_once(' ').expect("the parent says both");
        say(insert(&store, &codes, id, code));
    }
}

/// Lets the other process insert a document, and returns the result.
fn insert_in(other: &mut Other, id: &str, code: &str) -> String {
    other.tell(&format!("{id} {code}"));
    other.hear()
}

/// While one process builds a unique index, another is refused each value that a document has,
/// whether the document is already in the index, not yet reached, or just written by the other
/// process. If two write the same value at once, one is refused.
#[test]
fn a_value_is_taken_for_all_processes_while_the_index_is_built() {
    if let Some(path) = path_of_other() {
        return insert_as_told(&path);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path);
    let loading = Collection::open(&store, plain()).unwrap();
    store
        .write(|transaction| {
            (0..CROWD).try_for_each(|n| {
                let code = json!({"id": format!("{n:05}"), "code": format!("c{n}")});
                loading.insert(transaction, code).map(drop)
            })
        })
        .unwrap();
    let codes = Collection::declare(&store, unique()).unwrap();
    let mut other = Other::start(TEST, &path);
    assert_eq!(other.hear(), "ready");
    let mut round = 0;
    let mut stored = 0;
    let mut write_in_both = |round: usize| {
        for number in [0, CROWD / 2, CROWD - 1] {
            let (code, taken) = (format!("c{number}"), format!("taken by {number:05}"));
            assert_eq!(insert_in(&mut other, "other", &code), taken, "round {round}");
            assert_eq!(insert(&store, &codes, "own", &code), taken, "round {round}");
        }
        let (own, others) = (format!("own-{round}"), format!("other-{round}"));
        assert_eq!(insert_in(&mut other, &others, &others), "stored");
        assert_eq!(insert(&store, &codes, &own, &others), format!("taken by {others}"));
        assert_eq!(insert(&store, &codes, &own, &own), "stored");
        assert_eq!(insert_in(&mut other, "other", &own), format!("taken by {own}"));
        // Both at once.
        let (id, code) = (format!("race-own-{round}"), format!("race-{round}"));
        other.tell(&format!("race-other-{round} {code}"));
        let mut outcomes = [insert(&store, &codes, &id, &code), other.hear()];
        outcomes.sort();
        let [first, second] = outcomes;
        assert_eq!(first, "stored", "round {round}");
        assert!(second.starts_with("taken by race-"), "round {round}: {second}");
        stored += 3;
    };
    write_in_both(0);
    let built = codes.build(&store, &mut |_| {
        round += 1;
        write_in_both(round);
        ControlFlow::Continue(())
    });
    assert!(built.unwrap().iter().all(|index| index.state == IndexState::Readable));
    assert!(round >= 2, "{round} chunks");
    write_in_both(round + 1);
    drop(other);
    let snapshot = store.snapshot().unwrap();
    assert_eq!(codes.duplicates(&snapshot, "code", 1).unwrap(), []);
    let count = codes.all().count(&snapshot).unwrap();
    assert_eq!(count, (CROWD + stored) as u64);
}
