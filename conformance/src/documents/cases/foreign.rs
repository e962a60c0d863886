//! Indexes that another program declared: two versions of one program, side by side on one store.

use std::ops::ControlFlow;

use arbour::Result;
use arbour::documents::layout::index_tree;
use arbour::documents::{Declaration, DocError, Field, FieldKind, Filter, Index, IndexState};
use arbour_core::KvStore;
use serde_json::{Value, json};

use super::claims::{build, go_on, load, member, raw, refused};
pub(super) use super::foreign_ends::{
    computed_is_built_anew, dropped_while_used, index_dropped_in_chunks,
    types_default_is_respected, unrecorded_is_built_anew,
};
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader, TestWriter};
use crate::random::{Random, seed};

/// How many writes the two versions make, and how many documents there are at most.
const WRITES: u64 = 120;
const IDS: u64 = 16;

/// Enough documents for several chunks of a build.
const CROWD: usize = 1_600;

/// The earlier version.
pub(super) fn old(name: &str) -> Declaration<Value> {
    Declaration::new(name)
        .field(Field::path("a"))
        .field(Field::path("b"))
        .field(Field::path("text"))
        .field(Field::path("code"))
        .index(Index::on("a"))
        .index(Index::descending("b").then("a"))
        .index(Index::words("text"))
        .index(Index::on("b").named("by"))
        .index(Index::on("code").unique())
}

/// The later version: it has other fields and indexes, and another index of the name `by`.
pub(super) fn new(name: &str) -> Declaration<Value> {
    Declaration::new(name)
        .field(Field::path("a"))
        .field(Field::path("b").of(FieldKind::Integer))
        .field(Field::path("deep.tags").named("tags").many())
        .field(Field::path("lines[].sku"))
        .field(Field::path("flag").false_is_null())
        .field(Field::path("size").default(3))
        .field(Field::path("email"))
        .index(Index::on("a"))
        .index(Index::on("tags").then_descending("b"))
        .index(Index::on("lines[].sku"))
        .index(Index::on("flag").sparse())
        .index(Index::on("size").then("id"))
        .index(Index::on("a").then("b").named("by"))
        .index(Index::on("email").unique())
}

/// The indexes of both, by the names in the store and in the declaration.
const OF_OLD: [(&str, &str); 5] =
    [("a", "a"), ("-b,a", "-b,a"), ("text:words", "text:words"), ("by", "by"), ("code", "code")];
const OF_NEW: [(&str, &str); 7] = [
    ("a", "a"),
    ("tags,-b", "tags,-b"),
    ("lines[].sku", "lines[].sku"),
    ("flag", "flag"),
    ("size,id", "size,id"),
    ("by/2", "by"),
    ("email", "email"),
];

fn random_body(random: &mut Random) -> Value {
    let words = ["red", "Green", "bl\u{fc}e"];
    let text: Vec<&str> =
        (0..random.below(3)).filter_map(|n| words.get(n as usize).copied()).collect();
    let optional = |random: &mut Random| {
        if random.one_in(3) { Value::Null } else { json!(random.below(9)) }
    };
    json!({
        "id": random.below(IDS).to_string(), "a": optional(random), "b": random.below(4),
        "text": text.join(" "), "code": optional(random), "email": optional(random),
        "deep": {"tags": [random.below(3), random.below(3)]}, "flag": random.one_in(2),
        "size": if random.one_in(2) { json!(random.below(5)) } else { Value::Null },
        "lines": [{"sku": random.below(3)}, {}],
    })
}

/// Makes a random write. A value that is taken is refused by both.
fn write_once<S: KvStore>(
    store: &S,
    collection: &impl TestCollection<Value>,
    random: &mut Random,
) -> Result<()> {
    let body = random_body(random);
    let (removes, moves) = (random.one_in(5), random.one_in(6));
    let target = random.below(IDS).to_string();
    store.write(|transaction| {
        let mut documents = collection.writer(transaction)?;
        let id = member(&body, "id");
        let id = id.as_str().unwrap_or_default();
        let written = if removes {
            documents.remove(id).map(drop)
        } else if moves {
            documents.change_id(id, &*target).map(drop)
        } else {
            documents.set(&body).map(drop)
        };
        match written {
            Err(error) => match error.downcast_ref() {
                Some(
                    DocError::Unique { .. } | DocError::Exists { .. } | DocError::Missing { .. },
                ) => Ok(()),
                _ => Err(error),
            },
            written => written,
        }
    })
}

/// Asserts that the indexes of a version have the entries that they would have if it were alone.
pub(super) fn is_as_if_alone<F: Factory, M: DocFactory>(
    bed: &DocBed<F, M>,
    name: &str,
    declaration: fn(&str) -> Declaration<Value>,
    indexes: &[(&str, &str)],
) -> Result<()> {
    let shared = bed.declare(declaration(name))?;
    let bodies = shared.reader(&bed.store().snapshot()?).all(&Query::new(Filter::All))?;
    let bodies: Vec<Value> = bodies.into_iter().map(|stored| stored.body).collect();
    let alone = format!("{name} alone {}", indexes.len());
    let fresh = bed.open(declaration(&alone))?;
    bed.store().write(|transaction| {
        let mut fresh = fresh.writer(transaction)?;
        for stored in fresh.all(&Query::new(Filter::All))? {
            fresh.remove(&stored.id)?;
        }
        Ok(())
    })?;
    load(bed.store(), &fresh, &bodies)?;
    for (stored, declared) in indexes {
        let entries = raw(bed.store(), &index_tree(name, stored))?;
        assert_eq!(entries, raw(bed.store(), &index_tree(&alone, declared))?, "{name} {stored}");
    }
    Ok(())
}

/// Asserts that searches by the indexes of both versions find what a check of each document finds.
fn searches_agree<S: KvStore>(
    store: &S,
    old: &impl TestCollection<Value>,
    new: &impl TestCollection<Value>,
) -> Result<()> {
    let snapshot = store.snapshot()?;
    let (old, new) = (old.reader(&snapshot), new.reader(&snapshot));
    for value in 0..9 {
        for field in ["a", "b", "code"] {
            agree(&old, Filter::eq(field, value), move |body| body[field] == value)?;
        }
        for field in ["a", "email"] {
            agree(&new, Filter::eq(field, value), move |body| body[field] == value)?;
        }
        let is_tagged = move |body: &Value| {
            let tags = body.pointer("/deep/tags").and_then(Value::as_array);
            tags.is_some_and(|tags| tags.contains(&json!(value)))
        };
        agree(&new, Filter::contains_any("tags", [value]), is_tagged)?;
    }
    let is_flagged = |body: &Value| body["flag"] == true;
    agree(&new, Filter::eq("flag", true), is_flagged)?;
    let is_green = |body: &Value| body["text"].as_str().is_some_and(|text| text.contains("Green"));
    agree(&old, Filter::words("text", "green"), is_green)
}

fn agree(
    reader: &impl TestReader<Value>,
    filter: Filter<Value>,
    is_meant: impl Fn(&Value) -> bool + Send + Sync + 'static,
) -> Result<()> {
    let what = format!("{filter:?}");
    let indexed = reader.all(&Query::new(filter).require_index())?;
    let scanned = reader.all(&Query::new(Filter::custom("each document", is_meant)))?;
    let sorted = |found: Vec<arbour::documents::Stored<Value>>| {
        let mut ids: Vec<String> = found.into_iter().map(|stored| stored.id.to_string()).collect();
        ids.sort();
        ids
    };
    assert_eq!(sorted(indexed), sorted(scanned), "{what}");
    Ok(())
}

/// Two versions of a program declare different fields and indexes and write in turn, at random. Each
/// keeps the indexes of the other right, also those that were declared after it was opened, and neither
/// removes any by being opened again.
pub(super) fn undeclared_are_kept<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let seed = seed();
    println!("ARBOUR_SEED={seed}");
    let mut random = Random::new(seed);
    let alone = bed.open(old("shared"))?;
    for _ in 0..WRITES / 4 {
        write_once(bed.store(), &alone, &mut random)?;
    }
    let beside = bed.open(new("shared"))?;
    for number in 0..WRITES {
        if random.one_in(2) {
            write_once(bed.store(), &alone, &mut random)?;
        } else {
            write_once(bed.store(), &beside, &mut random)?;
        }
        if number % 8 == 0 {
            searches_agree(bed.store(), &alone, &beside)?;
        }
    }
    drop((alone, beside));
    bed.settle()?;
    for declaration in [old, new, old] {
        let mut chunks = 0;
        let opened = bed.declare(declaration("shared"))?;
        let built = opened.build(bed.store(), &mut |_| {
            chunks += 1;
            ControlFlow::Continue(())
        })?;
        assert!(built.iter().all(|index| index.state == IndexState::Readable), "{built:?}");
        assert_eq!(chunks, 0, "nothing is built again");
        let undeclared = opened.undeclared_indexes(&bed.store().snapshot()?)?;
        assert_eq!(built.len() + undeclared.len(), OF_OLD.len() + OF_NEW.len() - 1);
        for _ in 0..WRITES / 4 {
            write_once(bed.store(), &opened, &mut random)?;
        }
        assert!(opened.scrub(bed.store(), &mut go_on)?.is_clean());
    }
    is_as_if_alone(bed, "shared", old, &OF_OLD)?;
    is_as_if_alone(bed, "shared", new, &OF_NEW)
}

/// A unique index refuses values that are taken for every program, whether it declares the index or not.
/// The error names the index, and says that another program declared it.
pub(super) fn unique_refuses_for_all<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let plain = || Declaration::<Value>::new("users").field(Field::path("name"));
    let unique =
        || plain().field(Field::path("mail.to").named("email")).index(Index::on("email").unique());
    let body = |id: &str, email: &str| json!({"id": id, "mail": {"to": email}, "name": "x"});
    let old = bed.open(plain())?;
    load(bed.store(), &old, &[body("ada", "a@x"), json!({"id": "nil"})])?;
    let new = bed.open(unique())?;
    drop((old, new));
    bed.settle()?;
    let old = bed.open(plain())?;
    let before = raw(bed.store(), &index_tree("users", "email"))?;
    for body in [body("bob", "a@x"), body("nil", "a@x")] {
        let error = refused(bed.store().write(|t| old.writer(t)?.set(&body)), "a taken address");
        let told = error.to_string();
        let DocError::Unique { fields, foreign_index, values, holder, .. } = error else {
            unreachable!("it is another error: {told}");
        };
        assert_eq!((fields, values), (vec!["email".to_owned()], vec![json!("a@x")]));
        assert_eq!(
            (holder.to_string(), foreign_index.as_deref()),
            ("ada".to_owned(), Some("email"))
        );
        assert!(told.contains("another program") && told.contains("\"email\""), "{told}");
    }
    assert_eq!(raw(bed.store(), &index_tree("users", "email"))?, before, "nothing is left");
    // Own writes, nulls and freed values are no conflict.
    bed.store().write(|transaction| {
        let mut old = old.writer(transaction)?;
        old.set(&body("ada", "a@x"))?;
        old.set(&json!({"id": "nil too"}))?;
        old.set(&body("ada", "b@x"))?;
        old.set(&body("bob", "a@x"))?;
        old.set(&body("bob", "c@x"))?;
        old.set(&body("ada", "a@x"))?;
        old.set(&body("bob", "b@x")).map(drop)
    })?;
    let new = bed.open(unique())?;
    let snapshot = bed.store().snapshot()?;
    let reader = new.reader(&snapshot);
    for (email, id) in [("a@x", "ada"), ("b@x", "bob")] {
        assert_eq!(
            reader.get_by("email", email)?.map(|found| member(&found, "id")),
            Some(json!(id))
        );
    }
    Ok(())
}

/// While one version builds its indexes, the other writes. Each value that is taken is refused, whether
/// the build has reached its document or not, and the indexes are complete in the end.
pub(super) fn built_beside_another<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let plain = |name: &str| Declaration::<Value>::new(name).field(Field::path("a"));
    let indexed = |name: &str| {
        plain(name)
            .field(Field::path("code"))
            .index(Index::on("code").unique())
            .index(Index::descending("a"))
    };
    let body = |n: usize| json!({"id": format!("{n:05}"), "code": format!("c{n}"), "a": n % 7});
    let bodies: Vec<Value> = (0..CROWD).map(body).collect();
    let writing = bed.open(plain("codes"))?;
    load(bed.store(), &writing, &bodies)?;
    let building = bed.declare(indexed("codes"))?;
    let mut round = 0;
    let mut failure = None;
    let write = |round: usize| {
        bed.store().write(|transaction| {
            let mut codes = writing.writer(transaction)?;
            for taken in ["c0", "c900", &format!("c{}", CROWD - 2)] {
                let error = refused(codes.insert(&json!({"id": "new", "code": taken})), taken);
                assert!(matches!(error, DocError::Unique { .. }), "round {round}: {error:?}");
            }
            codes.insert(&json!({"id": format!("0 {round}"), "code": round, "a": 3}))?;
            codes.remove(&*format!("{:05}", 100 + round * 17))?;
            codes.update(&*format!("{:05}", 20 + round), &json!({"a": 100}))?;
            codes.update(&*format!("{:05}", CROWD - 20 - round), &json!({"a": 100}))
        })
    };
    write(0)?;
    let built = building.build(bed.store(), &mut |_| {
        round += 1;
        failure = failure.take().or(write(round).err());
        ControlFlow::Continue(())
    })?;
    assert!(failure.is_none(), "a write while the index is built: {failure:?}");
    assert!(round >= 3, "{round} chunks");
    assert!(built.iter().all(|index| index.state == IndexState::Readable), "{built:?}");
    write(round + 1)?;
    drop((writing, building));
    bed.settle()?;
    let building = bed.declare(indexed("codes"))?;
    build(bed.store(), &building, IndexState::Readable)?;
    let snapshot = bed.store().snapshot()?;
    let bodies = building.reader(&snapshot).all(&Query::new(Filter::All))?;
    let bodies: Vec<Value> = bodies.into_iter().map(|stored| stored.body).collect();
    load(bed.store(), &bed.open(indexed("alone"))?, &bodies)?;
    for index in ["code", "-a"] {
        let entries = raw(bed.store(), &index_tree("codes", index))?;
        assert_eq!(entries, raw(bed.store(), &index_tree("alone", index))?, "{index}");
    }
    Ok(())
}
