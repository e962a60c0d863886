//! An engine with short keys: what cannot be stored is refused before anything is written, and long
//! values are indexed like any others.

use std::sync::Arc;

use arbour::Result;
use arbour::documents::layout::index_tree;
use arbour::documents::{
    Declaration, DocError, DocId, Field, Filter, Index, IndexState, Precondition,
};
use arbour_core::{KvStore, Limits, StoreOptions};
use serde_json::{Value, json};

use super::claims::{build, found, go_on, load, means, raw, refused};
use super::cursors::both_ways;
use super::orders::in_order;
use super::samples::people;
use crate::Factory;
use crate::documents::{
    DocBed, DocFactory, Query, TestCollection, TestDocuments as _, TestReader, TestWriter,
};
use crate::harness::refused_as_too_large;
use crate::limited::Limited;

/// The longest key of the store.
const KEY_BYTES_MAX: usize = 200;

/// Opens the store with short keys.
fn shorten_keys<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let limits = Limits { key_bytes_max: KEY_BYTES_MAX, ..bed.capabilities().limits };
    bed.reopen_with(&StoreOptions::new().limits(limits))
}

/// Returns a text that is longer than a key, with this end.
fn long(end: &str) -> String {
    "s".repeat(300) + end
}

/// Asserts that a call was refused because a key of 201 bytes is too long.
#[track_caller]
fn too_long<T>(result: Result<T>, what: &str) {
    let text = refused_as_too_large(result, what);
    assert!(text.contains("201") && text.contains("200"), "{what}: {text}");
}

/// An id or a subscriber with a key that is too long is refused by every call, with the limit and the
/// length. Nothing of it is written, and the transaction continues.
pub(super) fn long_keys_refused<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    shorten_keys(bed)?;
    let notes = || {
        Declaration::<Value>::new("notes").field(Field::path("n")).index(Index::on("n")).with_feed()
    };
    let collection = bed.open(notes())?;
    load(bed.store(), &collection, &[json!({"id": "a", "n": 1})])?;
    let id = "i".repeat(KEY_BYTES_MAX + 1);
    let body = json!({"id": id, "n": 2});
    bed.store().write(|transaction| {
        let mut writer = collection.writer(transaction)?;
        too_long(writer.insert(&body), "an insert");
        too_long(writer.set(&body), "a put");
        too_long(writer.upsert(&body), "an upsert");
        too_long(writer.insert_whole(body.clone()), "a whole insert");
        too_long(writer.put_whole(body.clone()), "a whole put");
        too_long(writer.upsert_whole(body.clone(), |_| {}), "a whole upsert");
        too_long(writer.change_id("a", &*id), "another id");
        let mut verdicts = writer.put_many([&body], Precondition::None)?;
        too_long(verdicts.remove(0), "one of many");
        assert_eq!(writer.get(&*id)?, None, "an id that no document has");
        assert!(!writer.delete(&*id, Precondition::None)?, "there is nothing to remove");
        drop(writer);
        too_long(collection.acknowledge(transaction, &id, Some(1)), "a subscriber");
        let longest = json!({"id": "i".repeat(KEY_BYTES_MAX), "n": 3});
        collection.writer(transaction)?.insert(&longest).map(drop)
    })?;
    drop(collection);
    bed.settle()?;
    let collection = bed.open(notes())?;
    let snapshot = bed.store().snapshot()?;
    let expected = format!("a {}", "i".repeat(KEY_BYTES_MAX));
    means(&collection.reader(&snapshot), &Filter::at_least("n", 0), &expected)?;
    assert_eq!(collection.newest_change(&snapshot)?, 2, "no change that was refused");
    assert_eq!(raw(bed.store(), &index_tree("notes", "n"))?.len(), 2);
    Ok(())
}

/// Values that are longer than a key, and have the same start as others, are found, compared and sorted
/// like short ones.
pub(super) fn long_values_in_order<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    shorten_keys(bed)?;
    let mut values = vec![json!("s")];
    values.extend((150..205).step_by(6).map(|length| json!("s".repeat(length))));
    let ends = ["", "\0", "a", "aa", "ab", "b", "s", "z"];
    values.extend(ends.iter().map(|end| json!(long(end))));
    values.push(json!("s".repeat(290) + "t"));
    values.push(json!("t".repeat(1000)));
    values.push(json!("u"));
    in_order(bed, &values)
}

/// A collection with long values, with indexes or without.
fn articles(has_indexes: bool) -> Declaration<Value> {
    let plain = Declaration::new(if has_indexes { "indexed" } else { "plain" })
        .field(Field::path("title"))
        .field(Field::path("year"))
        .field(Field::path("tags").many());
    if !has_indexes {
        return plain;
    }
    plain
        .index(Index::on("title"))
        .index(Index::descending("title").named("down"))
        .index(Index::on("title").then_descending("year"))
        .index(Index::on("year").then("title"))
        .index(Index::on("tags"))
        .index(Index::words("title").named("words"))
}

fn article_bodies() -> Vec<Value> {
    let mut bodies = Vec::new();
    for number in 0..24 {
        // Several have the same title, and the ids are not in the order of the titles.
        let end = ["b", "a", "", "c"].get(number % 4).copied().unwrap_or_default();
        let title = if number % 5 == 0 { format!("short {end}") } else { long(end) };
        let tags = [long(&(number % 3).to_string()), long("x"), "x".to_owned()];
        let id = format!("{}-{}", (number * 7) % 24, "i".repeat(number * 5));
        bodies.push(json!({"id": id, "title": title, "year": number % 3, "tags": tags}));
    }
    bodies
}

fn article_queries() -> Vec<Query<Value>> {
    let all = || Query::new(Filter::All);
    let (a, b) = (long("a"), long("b"));
    vec![
        all().ascending("title"),
        all().descending("title"),
        all().ascending("title").descending("year"),
        all().ascending("year").ascending("title"),
        Query::new(Filter::eq("title", a.clone())),
        Query::new(Filter::eq("title", a.clone())).descending("year"),
        Query::new(Filter::above("title", a.clone())).ascending("title"),
        Query::new(Filter::below("title", b)).descending("title"),
        Query::new(Filter::prefix("title", &"s".repeat(250))).ascending("title"),
        Query::new(Filter::eq("year", 1).and(Filter::at_least("title", a.clone()))),
        Query::new(Filter::contains_any("tags", [long("1")])),
        Query::new(Filter::contains_any("tags", [long("x")])).ascending("title"),
        Query::new(Filter::words("title", &a)),
    ]
}

/// Queries over long values have the same pages with indexes and without, in both directions.
pub(super) fn long_values_paged<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    shorten_keys(bed)?;
    for has_indexes in [false, true] {
        load(bed.store(), &bed.open(articles(has_indexes))?, &article_bodies())?;
    }
    bed.settle()?;
    let (plain, indexed) = (bed.open(articles(false))?, bed.open(articles(true))?);
    let snapshot = bed.store().snapshot()?;
    let (plain, indexed) = (plain.reader(&snapshot), indexed.reader(&snapshot));
    for query in article_queries() {
        let expected = found(&plain, &query)?;
        assert_ne!(expected, "", "{query:?} finds something");
        assert_eq!(found(&indexed, &query)?, expected, "{query:?}");
        assert_eq!(indexed.count(&query.filter)?, plain.count(&query.filter)?, "{query:?}");
        for limit in [1, 3] {
            let (forward, back) = both_ways(&indexed, &query.clone().limit(limit))?;
            assert_eq!(forward.join(" "), expected, "{query:?}, {limit} a page");
            assert_eq!(back.join(" "), expected, "back, {query:?}, {limit} a page");
        }
    }
    for field in ["title", "tags"] {
        assert_eq!(indexed.distinct(&Filter::All, field)?, plain.distinct(&Filter::All, field)?);
        assert_eq!(indexed.count_by(&Filter::All, field)?, plain.count_by(&Filter::All, field)?);
    }
    Ok(())
}

/// A unique index tells long values with the same start apart, and refuses equal ones.
pub(super) fn long_values_unique<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    shorten_keys(bed)?;
    let people = bed.open(self::people())?;
    let person = |id: &str, end: &str| json!({"id": id, "email": long(end)});
    load(bed.store(), &people, &[person("ada", "a"), person("bob", "b"), person("cy", "")])?;
    bed.store().write(|transaction| {
        let mut people = people.writer(transaction)?;
        let error = refused(people.insert(&person("dan", "a")), "a value that is taken");
        let is_right = matches!(&error, DocError::Unique { holder, values, .. }
            if *holder == DocId::from("ada") && *values == [json!(long("a"))]);
        assert!(is_right, "{error:?}");
        people.set(&person("ada", "aa"))?;
        people.insert(&person("dan", "a"))?;
        people.delete("bob", Precondition::None)?;
        people.insert(&person("eve", "b")).map(drop)
    })?;
    drop(people);
    bed.settle()?;
    let people = bed.open(self::people())?;
    let snapshot = bed.store().snapshot()?;
    let reader = people.reader(&snapshot);
    assert_eq!(reader.get_by("email", long("a"))?, Some(person("dan", "a")));
    assert_eq!(reader.get_by("email", long("c"))?, None);
    assert_eq!(found(&reader, &Query::new(Filter::All).ascending("email"))?, "cy dan ada eve");
    let plain = || Declaration::<Value>::new("others").field(Field::path("email"));
    let equal = [person("1", "a"), person("2", "b"), person("3", "a")];
    load(bed.store(), &bed.open(plain())?, &equal)?;
    let others = bed.open(plain().index(Index::on("email").unique()))?;
    let duplicates = others.duplicates(&bed.store().snapshot()?, "email", 9)?;
    let expected = (vec![json!(long("a"))], vec![DocId::from("1"), DocId::from("3")]);
    assert_eq!(duplicates, [expected]);
    Ok(())
}

/// A write moves exactly the entries of the values that changed, long or short; a build makes the same
/// ones, and a damaged one is found and mended.
pub(super) fn long_values_leave_nothing<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    shorten_keys(bed)?;
    let people = bed.open(self::people())?;
    let person = |id: &str, email: &str| json!({"id": id, "born": 1, "email": email});
    let first = [person("ada", &long("a")), person("bob", &long("b")), person("cy", "short")];
    load(bed.store(), &people, &first)?;
    load(bed.store(), &people, &[person("ada", "short a"), person("cy", &long("c"))])?;
    bed.store().write(|transaction| {
        let mut people = people.writer(transaction)?;
        people.insert(&person("eve", &long("e")))?;
        people.change_id("bob", "rob")?;
        people.delete("eve", Precondition::None).map(drop)
    })?;
    drop(people);
    bed.settle()?;
    let people = bed.open(self::people())?;
    let tree = index_tree("people", "email");
    let sound = raw(bed.store(), &tree)?;
    assert_eq!(sound.len(), 3, "one for each of ada, cy and rob");
    assert!(sound.iter().any(|(key, value)| value.is_empty() && key.ends_with(b"\xffada")));
    let (damaged, _) = sound.iter().find(|(_, value)| !value.is_empty()).expect("a long one");
    let report = people.scrub(bed.store(), &mut go_on)?;
    assert!(report.is_clean(), "{report:?}");
    bed.store().write(|transaction| people.disable(transaction, "email"))?;
    bed.store().write(|transaction| people.enable(transaction, "email"))?;
    build(bed.store(), &people, IndexState::Readable)?;
    assert_eq!(raw(bed.store(), &tree)?, sound, "a build makes the same entries");
    let email = bed.layer_tree(&tree)?;
    bed.store().put(&email, damaged, b"something else")?;
    let report = people.scrub(bed.store(), &mut go_on)?;
    assert_eq!((report.missing_count, report.dangling_count), (1, 1), "{report:?}");
    people.mend(bed.store(), &mut go_on)?;
    assert_eq!(raw(bed.store(), &tree)?, sound, "the entry is mended");
    bed.store().delete(&email, damaged)?;
    let report = people.mend(bed.store(), &mut go_on)?;
    assert_eq!((report.missing_count, report.dangling_count), (1, 0), "{report:?}");
    assert_eq!(raw(bed.store(), &tree)?, sound, "the entry is there again");
    Ok(())
}

/// An index that was built where keys may be longer is built anew, and one that was built where they are
/// shorter is used as it is.
pub(super) fn other_limits_are_noticed<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let person = |id: &str, end: &str| json!({"id": id, "email": long(end)});
    let lengths = |bed: &DocBed<F, M>| -> Result<Vec<usize>> {
        let entries = raw(bed.store(), &index_tree("people", "email"))?;
        Ok(entries.iter().map(|(key, _)| key.len()).collect())
    };
    load(bed.store(), &bed.open(people())?, &[person("bob", "b"), person("ada", "a")])?;
    assert!(lengths(bed)?.iter().all(|length| *length > KEY_BYTES_MAX), "they are whole");
    let limits = Limits { key_bytes_max: KEY_BYTES_MAX, ..bed.capabilities().limits };
    let limited = Limited::new(Arc::clone(bed.shared_store()), limits);
    let people = bed.documents_of(&limited).collection(self::people())?;
    load(&limited, &people, &[person("cy", "c"), person("bob", "bb")])?;
    assert!(lengths(bed)?.iter().all(|length| *length <= KEY_BYTES_MAX), "all are built anew");
    drop(people);
    bed.settle()?;
    let people = bed.open(self::people())?;
    load(bed.store(), &people, &[person("dan", "d"), person("ada", "aa")])?;
    assert!(lengths(bed)?.iter().all(|length| *length <= KEY_BYTES_MAX), "they stay as they are");
    let all = Query::new(Filter::All).ascending("email");
    assert_eq!(found(&people.reader(&bed.store().snapshot()?), &all)?, "ada bob cy dan");
    let report = people.scrub(bed.store(), &mut go_on)?;
    assert!(report.is_clean() && report.entries == 8, "{report:?}");
    Ok(())
}
