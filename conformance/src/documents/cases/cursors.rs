//! Pages: from one to the next and back.

use arbour::Result;
use arbour::documents::{Declaration, DocError, Field, Filter, Index};
use arbour_core::{KvStore, MemoryStore};
use serde_json::{Value, json};

use super::claims::{ids, load, refused};
use crate::Factory;
use crate::documents::{
    DocBed, DocFactory, Query, TestCollection, TestDocuments, TestReader, TestWriter,
};

/// Things in two collections, with indexes and without.
fn things(has_indexes: bool) -> Declaration<Value> {
    let plain = Declaration::new(if has_indexes { "indexed" } else { "plain" })
        .field(Field::path("v"))
        .field(Field::path("w"))
        .field(Field::path("tags").many());
    if !has_indexes {
        return plain;
    }
    let both = Index::on("w").then_descending("v");
    plain.index(Index::on("v")).index(both).index(Index::on("tags"))
}

/// Values of every kind, some of them several times.
fn bodies() -> Vec<Value> {
    let values = [
        json!(null),
        json!(-5),
        json!(3),
        json!(""),
        json!(-0.0),
        json!(3),
        json!(-5.5),
        json!(null),
        json!(true),
        json!("x"),
        json!(i64::MIN),
        json!(0),
        json!("x\0"),
        json!(false),
        json!(3.0),
        json!(u64::MAX),
        json!(-5),
        json!(null),
    ];
    values
        .into_iter()
        .enumerate()
        .map(|(n, v)| json!({"id": format!("{n:02}"), "v": v, "w": n % 3, "tags": [n % 2, "all"]}))
        .collect()
}

/// Every kind of query: by an index, forward and backward, sorted afterwards, of unions, of all
/// documents.
fn queries() -> Vec<Query<Value>> {
    let some = || Filter::eq("w", 1);
    let either = || Filter::eq("v", 3).or(Filter::eq("w", 2));
    vec![
        Query::new(Filter::All),
        Query::new(Filter::All).descending("id"),
        Query::new(Filter::All).ascending("v"),
        Query::new(Filter::All).descending("v"),
        Query::new(Filter::All).descending("v").ascending("id"),
        Query::new(Filter::All).ascending("w").descending("v"),
        Query::new(Filter::All).ascending("w").ascending("v"),
        Query::new(some()),
        Query::new(some()).descending("v"),
        Query::new(some()).ascending("v"),
        Query::new(either()).ascending("v"),
        Query::new(either()),
        Query::new(Filter::at_least("v", -5)),
        Query::new(Filter::at_least("v", -5)).descending("v"),
        Query::new(Filter::contains_any("tags", [json!(1), json!("all")])).ascending("v"),
        Query::new(Filter::contains_any("tags", [json!(1)])),
        Query::new(Filter::is_in("id", ["17", "03", "05", "16", "00"])).descending("v"),
        Query::new(Filter::is_null("v")).ascending("w"),
        Query::new(Filter::eq("v", "nothing")),
    ]
}

/// Reads all pages forward, and backward again from the last one, and returns the ids found both
/// ways.
pub(super) fn both_ways(
    reader: &impl TestReader<Value>,
    query: &Query<Value>,
) -> Result<(Vec<String>, Vec<String>)> {
    const PAGES_MAX: usize = 100;
    let mut forward = Vec::new();
    let mut page = reader.search(query)?;
    assert!(page.previous.is_none(), "nothing is before the first page of {query:?}");
    while let Some(next) = page.next {
        forward.push(ids(&page.items));
        assert!(forward.len() < PAGES_MAX, "{query:?} does not end: {forward:?}");
        page = reader.search(&query.clone().at(next))?;
    }
    forward.push(ids(&page.items));
    let mut back = vec![ids(&page.items)];
    while let Some(previous) = page.previous {
        page = reader.search(&query.clone().at(previous))?;
        assert!(page.next.is_some(), "something is behind a page reached backwards: {query:?}");
        back.push(ids(&page.items));
        assert!(back.len() < PAGES_MAX, "{query:?} has no beginning: {back:?}");
    }
    back.reverse();
    Ok((forward, back))
}

/// J19. Successive pages are the whole result, without a gap and without a repetition, backwards
/// too; each in the requested order.
pub(super) fn pages_forward_and_back<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    for has_indexes in [false, true] {
        load(bed.store(), &bed.open(things(has_indexes))?, &bodies())?;
    }
    bed.settle()?;
    for has_indexes in [false, true] {
        let collection = bed.open(things(has_indexes))?;
        let snapshot = bed.store().snapshot()?;
        let reader = collection.reader(&snapshot);
        for query in queries() {
            let all = ids(&reader.search(&query)?.items);
            for limit in [1, 2, 5, 100] {
                let (forward, back) = both_ways(&reader, &query.clone().limit(limit))?;
                let what = format!("{has_indexes}, {query:?}, {limit} a page");
                assert_eq!(forward.join(" "), all, "forward, {what}");
                assert_eq!(back.join(" "), all, "back, {what}");
                let full = |page: &String| page.split(' ').count() == limit;
                let last = forward.len().saturating_sub(1);
                assert!(forward.iter().take(last).all(full), "{what}: {forward:?}");
            }
        }
    }
    Ok(())
}

/// J19. The last page says that it is the last, even if it is full, and the first page says that it
/// is the first. A page reached by a cursor can skip documents.
pub(super) fn last_page_says_so<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let bodies: Vec<Value> = bodies().into_iter().take(6).collect();
    for has_indexes in [false, true] {
        load(bed.store(), &bed.open(things(has_indexes))?, &bodies)?;
    }
    bed.settle()?;
    for has_indexes in [false, true] {
        let collection = bed.open(things(has_indexes))?;
        let snapshot = bed.store().snapshot()?;
        let reader = collection.reader(&snapshot);
        for query in [Query::new(Filter::All), Query::new(Filter::All).ascending("v")] {
            for limit in 1..=7 {
                let query = query.clone().limit(limit);
                let (forward, back) = both_ways(&reader, &query)?;
                assert_eq!(forward.len(), 6_usize.div_ceil(limit), "{query:?}, {forward:?}");
                assert!(back.len() >= forward.len(), "{query:?}, {back:?}");
            }
            let all: Vec<String> =
                reader.all(&query)?.iter().map(|stored| stored.id.to_string()).collect();
            let unlimited = reader.search(&query)?;
            assert!(unlimited.next.is_none() && unlimited.previous.is_none());
            let first = reader.search(&query.clone().limit(2))?;
            let next = first.next.expect("four are left");
            let later = reader.search(&query.clone().at(next).offset(1).limit(2))?;
            assert_eq!(ids(&later.items), all.get(3..5).unwrap_or_default().join(" "));
            assert!(later.next.is_some() && later.previous.is_some());
            let end = reader.search(&query.clone().at(later.next.expect("one is left")))?;
            assert_eq!(ids(&end.items), all.get(5..).unwrap_or_default().join(" "));
            assert!(end.next.is_none());
        }
    }
    Ok(())
}

/// Case 12. Nothing is lost where pages end at nulls, at values below zero, or at texts with any
/// characters: each document is a page of its own, in every order.
pub(super) fn nulls_and_negatives<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    for has_indexes in [false, true] {
        load(bed.store(), &bed.open(things(has_indexes))?, &bodies())?;
    }
    bed.settle()?;
    let up = "00 07 17 13 08 10 06 01 16 04 11 02 05 14 15 03 09 12";
    let down = "12 09 03 15 14 05 02 11 04 16 01 06 10 08 13 17 07 00";
    for has_indexes in [false, true] {
        let collection = bed.open(things(has_indexes))?;
        let snapshot = bed.store().snapshot()?;
        let reader = collection.reader(&snapshot);
        for (query, expected) in [
            (Query::new(Filter::All).ascending("v"), up),
            (Query::new(Filter::All).descending("v"), down),
        ] {
            let (forward, back) = both_ways(&reader, &query.limit(1))?;
            assert_eq!(forward.join(" "), expected, "{has_indexes}");
            assert_eq!(back.join(" "), expected, "{has_indexes}");
        }
    }
    Ok(())
}

/// Case 12. A cursor stands for a position, not for a count: inserts and removals in the meantime,
/// even of the document at the cursor, make no page lose or repeat a document that was there all
/// the time. A cursor stays valid after the store was closed and opened.
pub(super) fn stable_under_writes<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    for has_indexes in [false, true] {
        for descending in [false, true] {
            let query = Query::new(Filter::at_least("v", 0)).limit(3);
            let query = if descending { query.descending("v") } else { query.ascending("v") };
            let bodies: Vec<Value> =
                (0..9).map(|n| json!({"id": format!("{n}"), "v": n * 10})).collect();
            let collection = bed.open(things(has_indexes))?;
            load(bed.store(), &collection, &bodies)?;
            let first = collection.reader(&bed.store().snapshot()?).search(&query)?;
            assert_eq!(ids(&first.items), if descending { "8 7 6" } else { "0 1 2" });
            let next = first.next.expect("six are left");
            drop(collection);
            bed.settle()?;
            let collection = bed.open(things(has_indexes))?;
            bed.store().write(|transaction| {
                let mut things = collection.writer(transaction)?;
                for id in if descending { ["6", "8", "4"] } else { ["2", "0", "4"] } {
                    things.remove(id)?;
                }
                for v in [5, 35, 55, 75] {
                    things.set(&json!({"id": format!("new{v}"), "v": v}))?;
                }
                Ok(())
            })?;
            let snapshot = bed.store().snapshot()?;
            let reader = collection.reader(&snapshot);
            let second = reader.search(&query.clone().at(next))?;
            let expected = if descending { "new55 5 new35" } else { "3 new35 5" };
            assert_eq!(ids(&second.items), expected, "{has_indexes}");
            let third = reader.search(&query.clone().at(second.next.expect("some are left")))?;
            assert_eq!(ids(&third.items), if descending { "3 2 1" } else { "new55 6 7" });
            let back = second.previous.expect("the first page is before it");
            let back = reader.search(&query.clone().at(back))?;
            assert_eq!(ids(&back.items), if descending { "new75 7" } else { "new5 1" });
            assert!(back.previous.is_none() && back.next.is_some(), "{has_indexes}");
            drop(reader);
            drop(snapshot);
            drop(collection);
            bed.reopen()?;
            let collection = bed.open(things(has_indexes))?;
            bed.store().write(|transaction| {
                let mut things = collection.writer(transaction)?;
                let all = things.all(&Query::new(Filter::All))?;
                all.iter().try_for_each(|stored| things.remove(&stored.id).map(drop))
            })?;
        }
    }
    Ok(())
}

/// Case 13. A cursor is valid for its query, in its collection, in its store, and for no other; the
/// limit may change.
pub(super) fn of_another_query_refused<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    for has_indexes in [false, true] {
        load(bed.store(), &bed.open(things(has_indexes))?, &bodies())?;
    }
    bed.settle()?;
    let (indexed, plain) = (bed.open(things(true))?, bed.open(things(false))?);
    let snapshot = bed.store().snapshot()?;
    let (indexed, plain) = (indexed.reader(&snapshot), plain.reader(&snapshot));
    let queries = queries();
    for (number, query) in queries.iter().enumerate() {
        let page = indexed.search(&query.clone().limit(1))?;
        let Some(next) = page.next else { continue };
        let more = indexed.search(&query.clone().at(next.clone()).limit(7))?;
        assert!(!more.items.is_empty(), "another limit, {query:?}");
        for (_, other) in queries.iter().enumerate().filter(|(other, _)| *other != number) {
            let what = format!("a cursor of {query:?} for {other:?}");
            is_no_cursor(indexed.search(&other.clone().at(next.clone()).limit(1)).map(drop), &what);
        }
        let query = query.clone().at(next);
        is_no_cursor(plain.search(&query).map(drop), "a cursor of another collection");
    }
    let other = MemoryStore::new();
    let collection = bed.documents_of(&other).collection(things(true))?;
    load(&other, &collection, &bodies())?;
    let query = Query::new(Filter::All).ascending("v").limit(3);
    let next = indexed.search(&query)?.next.expect("more are left");
    let snapshot = other.snapshot()?;
    let elsewhere = collection.reader(&snapshot).search(&query.at(next));
    is_no_cursor(elsewhere.map(drop), "a cursor of another store");
    Ok(())
}

#[track_caller]
fn is_no_cursor(result: Result<()>, what: &str) {
    let error = refused(result, what);
    assert!(matches!(error, DocError::Cursor { .. }), "{what}: {error:?}");
}

/// A text that was changed on its way, in any part, or that never was a cursor, is refused.
pub(super) fn tampered_refused<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    load(bed.store(), &bed.open(things(true))?, &bodies())?;
    bed.settle()?;
    let collection = bed.open(things(true))?;
    let snapshot = bed.store().snapshot()?;
    let reader = collection.reader(&snapshot);
    let query = Query::new(Filter::All).ascending("v").limit(3);
    let cursor = reader.search(&query)?.next.expect("more are left");
    let text: Vec<char> = cursor.chars().collect();
    let mut forged: Vec<String> =
        vec![String::new(), " ".into(), "AAAA".into(), "\u{1f60a}".into()];
    for place in 0..text.len() {
        let with = |new: char| {
            let change = |(number, old): (usize, &char)| if number == place { new } else { *old };
            text.iter().enumerate().map(change).collect::<String>()
        };
        let others = ['A', 'B', 'g', '0', '_', '='].into_iter();
        forged.extend(others.filter(|new| text.get(place) != Some(new)).map(with));
        forged.push(text.iter().take(place).collect());
    }
    forged.push(format!("{cursor}A"));
    forged.push(format!("{cursor}="));
    forged.push(format!("{cursor}{cursor}"));
    for forged in forged {
        let searched = reader.search(&query.clone().at(&forged));
        is_no_cursor(searched.map(drop), &format!("the cursor {forged:?}"));
    }
    assert_eq!(ids(&reader.search(&query.at(cursor))?.items), "13 08 10");
    Ok(())
}
