//! Queries other than pages.

use std::ops::ControlFlow;
use std::rc::Rc;

use arbour::Result;
use arbour::documents::{Collection, DocCache, DocError, Filter};
use arbour_core::KvStore;
use serde_json::{Value, json};

use super::claims::{found, ids, invalid, load, refused};
pub(super) use super::explains::{explain_shows_choice, fewest_rows_read, full_scan_forbidden};
use super::samples::{package_bodies, packages};
pub(super) use super::visits::threads_visit_each_once;
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader, TestWriter};

/// Calls a check on a collection with indexes and on one without, both with the same packages.
macro_rules! on_both {
    ($bed:ident, |$reader:ident, $has_indexes:ident| $check:block) => {{
        for has_indexes in [false, true] {
            load($bed.store(), &$bed.open(packages(has_indexes))?, &package_bodies())?;
        }
        $bed.settle()?;
        for $has_indexes in [false, true] {
            let collection = $bed.open(packages($has_indexes))?;
            let snapshot = $bed.store().snapshot()?;
            let $reader = collection.reader(&snapshot);
            $check
        }
        arbour::Result::<()>::Ok(())
    }};
}

/// J18. Documents are sorted by the requested fields, null first, then by id in the last field's
/// direction; offset and limit are respected. Without a sort they come by id.
pub(super) fn sorted_limited_offset<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    on_both!(bed, |reader, has_indexes| {
        let all = || Query::new(Filter::All);
        let net = || Query::new(Filter::eq("section", "net"));
        for (query, expected) in [
            (all(), "a b c d e f g h"),
            (all().ascending("id"), "a b c d e f g h"),
            (all().descending("id"), "h g f e d c b a"),
            (all().ascending("size"), "d h c b a f g e"),
            (all().descending("size"), "e g f a b c h d"),
            (all().ascending("section").ascending("size"), "f d h c a g b e"),
            (all().ascending("section").descending("size"), "f g a c h d e b"),
            (all().descending("section").ascending("size"), "b e d h c a g f"),
            (all().ascending("section").descending("id"), "f h g d c a e b"),
            (all().descending("size").ascending("id"), "e a f g b c h d"),
            (net(), "a c d g h"),
            (net().descending("size"), "g a c h d"),
            (net().ascending("name"), "h a c d g"),
        ] {
            assert_eq!(found(&reader, &query)?, expected, "{has_indexes}, {query:?}");
            let in_order: Vec<&str> = expected.split(' ').collect();
            for (offset, limit) in [(0, 1), (0, 3), (2, 2), (3, 100), (7, 1), (8, 1), (100, 5)] {
                let part: Vec<&str> = in_order.iter().copied().skip(offset).take(limit).collect();
                let query = query.clone().offset(offset).limit(limit);
                let page = reader.search(&query)?;
                assert_eq!(ids(&page.items), part.join(" "), "{query:?}, {offset}, {limit}");
                let goes_on = offset + limit < in_order.len();
                assert_eq!(page.next.is_some(), goes_on, "{query:?}, {offset}, {limit}");
            }
            let rest = in_order.get(2..).unwrap_or_default().join(" ");
            assert_eq!(found(&reader, &query.offset(2))?, rest);
        }
    })
}

fn text(document: &Value, name: &str) -> String {
    document.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// J16. A get by many ids returns the documents in the requested order, repeated if an id is
/// repeated, and nothing for an absent id.
pub(super) fn many_in_order<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    on_both!(bed, |reader, _has_indexes| {
        let many = reader.get_many(["c", "nobody", "a", "c", "h"])?;
        let told: Vec<String> = many
            .into_iter()
            .map(|found| found.map_or("none".to_owned(), |found| text(&found, "id")))
            .collect();
        assert_eq!(told.join(" "), "c none a c h");
        assert_eq!(reader.get_many(Vec::<&str>::new())?, Vec::new());
    })
}

/// J17. A cache reads each document once and remembers absent ones; it belongs to one snapshot, and
/// later writes are visible in the next.
pub(super) fn cached_once<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    load(bed.store(), &bed.open(packages(true))?, &package_bodies())?;
    bed.settle()?;
    let collection = bed.open(packages(true))?;
    let cached = Collection::open(bed.store(), packages(true))?;
    let snapshot = bed.store().snapshot()?;
    let cache = DocCache::new(&cached, &snapshot);
    let first = cache.get("a")?.expect("it was loaded");
    bed.store().write(|transaction| {
        let mut writer = collection.writer(transaction)?;
        writer.set(&json!({"id": "a", "changed": true}))?;
        writer.set(&json!({"id": "i"}))
    })?;
    let again = cache.get("a")?.expect("it is cached");
    assert!(Rc::ptr_eq(&first, &again), "it was read twice");
    assert_eq!(again.get("size"), Some(&json!(3)));
    for _ in 0..2 {
        assert_eq!(cache.get("i")?, None, "it was not there at that moment");
    }
    assert_eq!(cache.len(), 2);
    let snapshot = bed.store().snapshot()?;
    let cache = DocCache::new(&cached, &snapshot);
    assert!(cache.is_empty());
    let changed = cache.get("a")?.expect("it was changed");
    assert_eq!(changed.get("changed"), Some(&json!(true)));
    assert!(cache.get("i")?.is_some());
    Ok(())
}

/// J16. A document can be found by a unique field, including the id; another field is refused.
pub(super) fn by_unique_field<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    on_both!(bed, |reader, has_indexes| {
        let id = |found: Option<Value>| found.map(|found| text(&found, "id"));
        assert_eq!(id(reader.get_by("id", "c")?).as_deref(), Some("c"));
        assert_eq!(id(reader.get_by("id", "nobody")?), None);
        if has_indexes {
            assert_eq!(id(reader.get_by("name", "n5")?).as_deref(), Some("e"));
            assert_eq!(id(reader.get_by("name", "n")?), None);
            assert_eq!(id(reader.get_by("name", 5)?), None);
        } else {
            invalid(reader.get_by("name", "n5"), "a field no index is over");
        }
        for field in ["section", "size", "tags"] {
            invalid(reader.get_by(field, 3), "a field that is not unique");
        }
    })
}

/// J20. `one` is the first, `all` ignores the limit, and `count` and `exists` agree with them.
pub(super) fn one_all_exists_count<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    on_both!(bed, |reader, _has_indexes| {
        for (filter, expected) in [
            (Filter::All, "h g f e d c b a"),
            (Filter::eq("section", "net"), "h g d c a"),
            (Filter::at_least("size", 3), "g f a"),
            (Filter::contains_any("tags", ["x", "y"]), "f c b a"),
            (Filter::eq("section", "net").and(Filter::eq("size", 3)), "g a"),
            (Filter::eq("section", "nothing"), ""),
        ] {
            let query = Query::new(filter.clone()).descending("id").limit(2).offset(1);
            let first = reader.one(&Query::new(filter.clone()).descending("id"))?;
            let first = first.map(|stored| stored.id.to_string());
            assert_eq!(first.as_deref(), expected.split_whitespace().next(), "{filter:?}");
            assert_eq!(ids(&reader.all(&query)?), expected);
            let count = expected.split_whitespace().count() as u64;
            assert_eq!(reader.count(&filter)?, count, "{filter:?}");
            assert_eq!(reader.exists(&filter)?, count > 0, "{filter:?}");
        }
    })
}

/// J20. Sums of integers are exact, sums and averages ignore nulls and values that are not numbers,
/// and least and greatest follow the sort order.
pub(super) fn aggregates<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    on_both!(bed, |reader, _has_indexes| {
        let (all, net) = (Filter::All, Filter::eq("section", "net"));
        let none = Filter::eq("section", "nothing");
        assert_eq!(reader.min(&all, "size")?, Some(json!(true)), "a bool is before numbers");
        assert_eq!(reader.max(&all, "size")?, Some(json!("big")));
        let numbers = net.clone().and(Filter::at_least("size", -100));
        assert_eq!(reader.min(&numbers, "size")?, Some(json!(-3)));
        let greatest = reader.max(&numbers, "size")?.and_then(|value| value.as_f64());
        assert_eq!(greatest, Some(3.0));
        assert_eq!(reader.min(&none, "size")?, None);
        assert_eq!(reader.max(&none, "size")?, None);
        assert_eq!(reader.sum(&all, "size")?.as_f64(), Some(3.0 + 1.5 - 3.0 + 3.0 + 3.0));
        assert_eq!(reader.sum(&numbers, "size")?.as_f64(), Some(3.0));
        assert_eq!(reader.sum(&none, "size")?, 0);
        assert_eq!(reader.average(&all, "size")?, Some(7.5 / 5.0));
        assert_eq!(reader.average(&net, "size")?, Some(1.0));
        assert_eq!(reader.average(&none, "size")?, None);
        assert_eq!(reader.average(&all, "name")?, None);
        assert_eq!(reader.min(&all, "name")?, Some(json!("n1")));
        assert_eq!(reader.max(&net, "name")?, Some(json!("n7")));
        assert_eq!(reader.min(&all, "tags")?, Some(json!(2)), "of many values");
        assert_eq!(reader.max(&all, "id")?, Some(json!("h")));
        let mut values = Vec::new();
        reader.values(&net, "size", |value| values.push(value.to_string()))?;
        values.sort();
        assert_eq!(values.len(), 4, "all but null: {values:?}");
    })?;
    let large = bed.open(packages(true))?;
    let bodies: Vec<Value> = (0..3)
        .map(|n| json!({"id": format!("large {n}"), "section": "large", "size": i64::MAX / 4 - n}))
        .collect();
    load(bed.store(), &large, &bodies)?;
    let snapshot = bed.store().snapshot()?;
    let sum = large.reader(&snapshot).sum(&Filter::eq("section", "large"), "size")?;
    assert_eq!(sum, i64::MAX / 4 * 3 - 3, "to the last digit");
    Ok(())
}

/// J18. The distinct values of a field come once each and in order, numbers by value, without
/// nulls.
pub(super) fn distinct_values<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    on_both!(bed, |reader, _has_indexes| {
        let shown = |values: Vec<Value>| {
            let as_float = |value: &Value| value.as_f64().map_or(value.clone(), Value::from);
            values.iter().map(|value| as_float(value).to_string()).collect::<Vec<_>>().join(" ")
        };
        let net = Filter::eq("section", "net");
        for (filter, field, expected) in [
            (Filter::All, "section", r#""net" "web""#),
            (Filter::All, "size", r#"true -3.0 1.5 3.0 "big""#),
            (net.clone(), "size", "true -3.0 3.0"),
            (Filter::All, "tags", r#"2.0 "x" "y""#),
            (net.clone(), "tags", r#"2.0 "x" "y""#),
            (Filter::eq("section", "nothing"), "size", ""),
            (net.not(), "section", r#""web""#),
            (Filter::at_least("size", 3), "name", r#""n1" "n6" "n7""#),
        ] {
            assert_eq!(shown(reader.distinct(&filter, field)?), expected, "{field} of {filter:?}");
        }
    })
}

/// J21. Each document is visited once, sorted if requested, until the visitor stops or fails.
pub(super) fn each_streams_and_stops<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    on_both!(bed, |reader, _has_indexes| {
        let visited = |query: &Query<Value>, enough: usize| -> Result<Vec<String>> {
            let mut visited = Vec::new();
            reader.each(query, |document| {
                visited.push(document.id.to_string());
                let is_enough = visited.len() >= enough;
                let flow =
                    if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
                Ok(flow)
            })?;
            Ok(visited)
        };
        let net = Query::new(Filter::eq("section", "net"));
        let by_size = net.clone().descending("size");
        assert_eq!(visited(&by_size, 100)?.join(" "), "g a c h d");
        assert_eq!(visited(&by_size, 2)?.join(" "), "g a");
        assert_eq!(visited(&by_size.clone().limit(3), 100)?.join(" "), "g a c");
        let by_name = net.clone().ascending("name");
        assert_eq!(visited(&by_name, 3)?.join(" "), "h a c", "sorted without an index");
        let mut any = visited(&net, 100)?;
        any.sort();
        assert_eq!(any.join(" "), "a c d g h");
        assert_eq!(visited(&net.clone().limit(2), 100)?.len(), 2);
        assert_eq!(visited(&Query::new(Filter::All), 1)?.len(), 1);
        let mut calls = 0;
        let failed = reader.each(&by_size, |_| {
            calls += 1;
            let error = DocError::Invalid { collection: String::new(), reason: "mine".into() };
            if calls == 2 { Err(error.into()) } else { Ok(ControlFlow::Continue(())) }
        });
        let error = refused(failed, "a visitor's own error");
        assert_eq!((error.to_string(), calls), (": mine".to_owned(), 2));
    })
}

/// J18. The total is returned only if requested, and is that of the filter, whichever page it is
/// requested with.
pub(super) fn totals<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    on_both!(bed, |reader, _has_indexes| {
        for (filter, total) in [
            (Filter::All, 8),
            (Filter::eq("section", "net"), 5),
            (Filter::contains_any("tags", ["x", "y"]), 4),
            (Filter::substring("name", "n"), 7),
            (Filter::eq("section", "nothing"), 0),
        ] {
            let query = Query::new(filter).ascending("size");
            assert_eq!(reader.search(&query)?.total, None);
            let query = query.with_total().limit(2);
            let page = reader.search(&query)?;
            assert_eq!(page.total, Some(total), "{query:?}");
            assert_eq!(reader.search(&query.clone().offset(1))?.total, Some(total), "{query:?}");
            if let Some(next) = page.next {
                assert_eq!(reader.search(&query.clone().at(next))?.total, Some(total), "{query:?}");
            }
        }
    })
}
