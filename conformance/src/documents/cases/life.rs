//! The life of an index: built while others write, interrupted and resumed, disabled.

use std::ops::ControlFlow;

use arbour::Result;
use arbour::documents::layout::index_tree;
use arbour::documents::{Declaration, DocError, DocId, Field, Filter, Index, IndexState};
use arbour_core::KvStore;
use serde_json::{Value, json};

pub(super) use super::built::unique_while_built;
use super::claims::{build, found, go_on, invalid, load, raw, refused};
pub(super) use super::redeclared::{
    new_field_is_derived, redeclared_is_rebuilt, removed_index_is_kept, stale_handle_refused,
};
pub(super) use super::scrubs::{dangling_is_named, scrub_finds_and_mends};
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader, TestWriter};

/// Enough documents for several chunks of a build.
const CROWD: usize = 3000;

const INDEXES: [&str; 3] = ["size", "tags,-size", "code"];

fn crowd(name: &str) -> Declaration<Value> {
    Declaration::new(name)
        .field(Field::path("size"))
        .field(Field::path("tags").many())
        .field(Field::path("code"))
}

fn indexed(name: &str) -> Declaration<Value> {
    crowd(name)
        .index(Index::on("size"))
        .index(Index::on("tags").then_descending("size"))
        .index(Index::on("code").unique())
}

fn one_of_the_crowd(number: usize) -> Value {
    json!({
        "id": format!("{number:05}"), "size": number * 7919 % 1000, "code": format!("c{number}"),
        "tags": [number % 5, number % 7],
    })
}

/// Stores the crowd in a collection without an index.
fn load_crowd<F: Factory, M: DocFactory>(bed: &DocBed<F, M>, name: &str) -> Result<()> {
    let bodies: Vec<Value> = (0..CROWD).map(one_of_the_crowd).collect();
    load(bed.store(), &bed.open(crowd(name))?, &bodies)
}

/// Changes documents that a build has passed, and some that it has not reached yet.
fn change<S: KvStore>(store: &S, crowd: &impl TestCollection<Value>, round: usize) -> Result<()> {
    store.write(|transaction| {
        let mut crowd = crowd.writer(transaction)?;
        for place in (round..CROWD).step_by(CROWD / 10 + 1) {
            let id = format!("{place:05}");
            match place % 3 {
                0 => crowd.update(&id, &json!({"size": -1, "tags": [round, "new"]})).map(drop)?,
                1 => crowd.remove(&id).map(drop)?,
                _ => crowd.change_id(&id, format!("{id} moved")).map(drop)?,
            }
            crowd.set(&json!({"id": format!("{id} new"), "size": place, "tags": "new"}))?;
        }
        Ok(())
    })
}

/// Case 15. An index that is built while others write ends up equal to one that existed from the
/// start; until then writes maintain it and searches do not use it.
pub(super) fn online_build_is_offline_build<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    load_crowd(bed, "online")?;
    bed.settle()?;
    let online = bed.declare(indexed("online"))?;
    let states = online.indexes(&bed.store().snapshot()?)?;
    let names: Vec<&str> = states.iter().map(|index| index.name.as_str()).collect();
    assert_eq!(names, INDEXES);
    assert!(states.iter().all(|index| index.state == IndexState::WriteOnly), "{states:?}");
    let (mut rounds, mut done, mut failure) = (0, 0, None);
    let built = online.build(bed.store(), &mut |progress| {
        assert!(progress.done >= done && progress.total > Some(0), "{progress:?} after {done}");
        done = progress.done;
        let changed = change(bed.store(), &online, rounds).and_then(|()| {
            let snapshot = bed.store().snapshot()?;
            let (reader, query) = (online.reader(&snapshot), Query::new(Filter::eq("size", -1)));
            let is_complete =
                online.indexes(&snapshot)?.iter().all(|index| index.state.is_complete());
            assert!(is_complete || reader.explain(&query)?.scans_all(), "it is not complete");
            let expected = reader
                .all(&Query::new(Filter::custom("minus one", |body: &Value| body["size"] == -1)))?;
            assert_eq!(reader.count(&query.filter)?, expected.len() as u64);
            Ok(())
        });
        rounds += 1;
        failure = failure.take().or(changed.err());
        ControlFlow::Continue(())
    })?;
    assert!(failure.is_none(), "a write while an index is built: {failure:?}");
    assert!(rounds >= 2, "a build of {CROWD} documents has several chunks, not {rounds}");
    assert!(built.iter().all(|index| index.state == IndexState::Readable), "{built:?}");
    let snapshot = bed.store().snapshot()?;
    let all = online.reader(&snapshot).all(&Query::new(Filter::All))?;
    let bodies: Vec<Value> = all.into_iter().map(|stored| stored.body).collect();
    load(bed.store(), &bed.open(indexed("offline"))?, &bodies)?;
    for index in INDEXES {
        let online = raw(bed.store(), &index_tree("online", index))?;
        let offline = raw(bed.store(), &index_tree("offline", index))?;
        assert_eq!(online.len(), offline.len(), "{index}");
        assert!(online == offline, "{index}: other entries than one that was there from the start");
    }
    Ok(())
}

/// Case 16. A build that is interrupted after any chunk, with the store closed and opened, resumes
/// there and not at the beginning, and ends up the same as an uninterrupted one.
pub(super) fn build_resumes_at_each_chunk<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let with =
        |index: &str| crowd("crowd").index(Index::on("tags").then_descending("size").named(index));
    load_crowd(bed, "crowd")?;
    bed.settle()?;
    let whole = bed.declare(with("whole"))?;
    let mut chunks = 0;
    let built = whole.build(bed.store(), &mut |_| {
        chunks += 1;
        ControlFlow::Continue(())
    })?;
    assert!(built.iter().all(|index| index.state == IndexState::Readable), "{built:?}");
    assert!(chunks >= 3, "a build of {CROWD} documents has several chunks, not {chunks}");
    let expected = raw(bed.store(), &index_tree("crowd", "whole"))?;
    drop(whole);
    for broken in 1..=chunks {
        let name = format!("broken {broken}");
        // What was declared earlier is cleared first, so that it takes no chunks later.
        drop(bed.open(crowd("crowd"))?);
        let collection = bed.declare(with(&name))?;
        let mut calls = 0;
        collection.build(bed.store(), &mut |_| {
            calls += 1;
            if calls == broken { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        assert_eq!(calls, broken, "a break ends it");
        drop(collection);
        bed.reopen()?;
        let collection = bed.declare(with(&name))?;
        let states = collection.indexes(&bed.store().snapshot()?)?;
        let is_left = states.iter().all(|index| index.state == IndexState::WriteOnly);
        assert!(is_left || broken == chunks, "{broken}: {states:?}");
        let mut rest = 0;
        let built = collection.build(bed.store(), &mut |_| {
            rest += 1;
            ControlFlow::Continue(())
        })?;
        assert!(built.iter().all(|index| index.state == IndexState::Readable), "{built:?}");
        assert!(broken + rest <= chunks + 1, "{broken} and {rest} of {chunks}: it began anew");
        let entries = raw(bed.store(), &index_tree("crowd", &name))?;
        assert_eq!(entries.len(), expected.len(), "broken at {broken}");
        assert!(entries == expected, "broken at {broken}: other entries than in one go");
    }
    Ok(())
}

/// Case 17. A unique index over documents with equal values is pending: it is used, it reports
/// them, and it admits no more; once they are corrected and it is built again, it is like any
/// other.
pub(super) fn unique_pending_then_readable<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let plain = || Declaration::<Value>::new("users").field(Field::path("email"));
    let unique = || plain().index(Index::on("email").unique());
    let emails = ["x", "y", "x", "z", "z", "z"];
    let mut bodies: Vec<Value> = ["a", "b", "c", "d", "e", "f"]
        .into_iter()
        .zip(emails)
        .map(|(id, email)| json!({"id": id, "email": email}))
        .collect();
    bodies.extend(["g", "h"].map(|id| json!({"id": id})));
    load(bed.store(), &bed.open(plain())?, &bodies)?;
    bed.settle()?;
    let users = bed.declare(unique())?;
    let early =
        refused(users.duplicates(&bed.store().snapshot()?, "email", 9), "an early question");
    assert!(
        matches!(early, DocError::IndexState { state: IndexState::WriteOnly, .. }),
        "{early:?}"
    );
    build(bed.store(), &users, IndexState::UniquePending)?;
    drop(users);
    bed.settle()?;
    let users = bed.declare(unique())?;
    let snapshot = bed.store().snapshot()?;
    let duplicate = |email: &str, holders: &[&'static str]| {
        (vec![email.into()], holders.iter().map(|id| DocId::from(*id)).collect())
    };
    let expected = [duplicate("x", &["a", "c"]), duplicate("z", &["d", "e", "f"])];
    assert_eq!(users.duplicates(&snapshot, "email", 9)?, expected);
    assert_eq!(users.duplicates(&snapshot, "email", 1)?, expected[..1]);
    invalid(users.duplicates(&snapshot, "name", 1), "an index there is not");
    let query = Query::new(Filter::eq("email", "z"));
    assert!(!users.reader(&snapshot).explain(&query)?.scans_all());
    assert_eq!(found(&users.reader(&snapshot), &query)?, "d e f");
    for email in ["x", "y"] {
        let more = json!({"id": "more", "email": email});
        let error = refused(bed.store().write(|t| users.writer(t)?.set(&more)), "one more");
        assert!(matches!(error, DocError::Unique { .. }), "{error:?}");
    }
    bed.store().write(|transaction| {
        let mut users = users.writer(transaction)?;
        users.update("a", &json!({"email": "w"}))?;
        users.remove("d")?;
        users.update("e", &json!({"other": 1}))?;
        users.update("f", &json!({"email": null}))
    })?;
    build(bed.store(), &users, IndexState::Readable)?;
    assert_eq!(users.duplicates(&bed.store().snapshot()?, "email", 9)?, []);
    drop(snapshot);
    for (email, holder) in [("x", "c"), ("w", "a"), ("z", "e")] {
        let more = json!({"id": "more", "email": email});
        let error = refused(bed.store().write(|t| users.writer(t)?.set(&more)), "one more");
        let is_right =
            matches!(&error, DocError::Unique { holder: told, .. } if *told == DocId::from(holder));
        assert!(is_right, "{error:?}");
    }
    Ok(())
}

/// A disabled index is neither maintained nor used, and refuses nothing, and everything is found
/// without it; it stays disabled until it is enabled, and then a build completes it.
pub(super) fn disabled_is_not_used<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let declaration = || {
        Declaration::<Value>::new("things")
            .field(Field::path("size"))
            .field(Field::path("code"))
            .index(Index::on("size"))
            .index(Index::on("code").unique())
    };
    let things = bed.open(declaration())?;
    let body = |id: &str, size: u32, code: &str| json!({"id": id, "size": size, "code": code});
    load(bed.store(), &things, &[body("a", 1, "x"), body("b", 2, "y"), body("c", 1, "z")])?;
    bed.store().write(|transaction| {
        things.disable(transaction, "size")?;
        things.disable(transaction, "code")
    })?;
    invalid(bed.store().write(|t| things.disable(t, "name")), "an index there is not");
    drop(things);
    bed.settle()?;
    let things = bed.open(declaration())?;
    let states = things.indexes(&bed.store().snapshot()?)?;
    assert!(states.iter().all(|index| index.state == IndexState::Disabled), "{states:?}");
    let before = raw(bed.store(), &index_tree("things", "size"))?;
    bed.store().write(|transaction| {
        let mut things = things.writer(transaction)?;
        things.set(&body("d", 1, "x"))?;
        things.update("b", &json!({"size": 1}))?;
        things.remove("c")
    })?;
    let after = raw(bed.store(), &index_tree("things", "size"))?;
    assert!(after.is_empty() || after == before, "nobody keeps it");
    let (one, x) = (Query::new(Filter::eq("size", 1)), Query::new(Filter::eq("code", "x")));
    let snapshot = bed.store().snapshot()?;
    let reader = things.reader(&snapshot);
    assert!(reader.explain(&one)?.scans_all() && reader.explain(&x)?.scans_all());
    assert_eq!((found(&reader, &one)?, found(&reader, &x)?), ("a b d".into(), "a d".into()));
    build(bed.store(), &things, IndexState::Disabled)?;
    bed.store().write(|transaction| {
        things.enable(transaction, "size")?;
        things.enable(transaction, "code")
    })?;
    invalid(bed.store().write(|t| things.enable(t, "name")), "an index there is not");
    let built = things.build(bed.store(), &mut go_on)?;
    let built: Vec<IndexState> = built.iter().map(|index| index.state).collect();
    assert_eq!(built, [IndexState::Readable, IndexState::UniquePending]);
    let snapshot = bed.store().snapshot()?;
    let reader = things.reader(&snapshot);
    assert!(!reader.explain(&one)?.scans_all());
    assert_eq!((found(&reader, &one)?, found(&reader, &x)?), ("a b d".into(), "a d".into()));
    assert_eq!(raw(bed.store(), &index_tree("things", "size"))?.len(), 3);
    Ok(())
}
