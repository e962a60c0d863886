//! Reading and searching (`J10`, `J16` to `J21`).

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use arbour::documents::{DocCache, DocError, Field, Filter, Index, Page, Query, Stored};
use serde_json::{Value, json};

use crate::bed::Bed;
use crate::collection::{Things, ids};
use crate::engines::on_every_engine;
use crate::things;

on_every_engine!(
    every_modifier_of_a_search_is_a_filter,
    documents_are_got_by_id_by_unique_field_and_many_at_once,
    a_cache_reads_each_document_once,
    a_search_sorts_limits_counts_and_pages_both_ways,
    a_cursor_is_of_its_query,
    aggregates_need_no_documents,
    documents_are_visited_one_by_one_and_by_threads,
);

/// Ten things: 1 to 10, with counts of 10 to 1, in three kinds.
fn open(bed: &Bed) -> Things {
    let declaration = things::declaration("things")
        .field(Field::path("kind"))
        .field(Field::path("name"))
        .field(Field::path("tags").many())
        .index(Index::on("kind"))
        .index(Index::on("name").unique())
        .index(Index::words("name"))
        .index(Index::on("tags"));
    let things = Things::open(bed, declaration);
    let kinds = ["a", "b", "c"];
    let thing = |n: u64| {
        let tags = ["even", "small"].into_iter().filter(|tag| match *tag {
            "even" => n.is_multiple_of(2),
            _ => n < 4,
        });
        json!({
            "id": n, "count": 11 - n, "kind": kinds[n as usize % 3],
            "name": format!("Thing number {n}"), "tags": tags.collect::<Vec<_>>(),
        })
    };
    things.fill(&(1..=10).map(thing).collect::<Vec<_>>());
    things
}

/// J10.
fn every_modifier_of_a_search_is_a_filter(bed: &Bed) {
    let things = open(bed);
    for (filter, expected) in [
        (Filter::is_in("kind", ["a", "b"]), "1 3 4 6 7 9 10"),
        (Filter::contains_any("tags", ["even"]), "2 4 6 8 10"),
        (Filter::contains_any("tags", ["even", "small"]), "1 2 3 4 6 8 10"),
        (Filter::contains_all("tags", ["even", "small"]), "2"),
        (Filter::substring("name", "ING NUMBER 1"), "1 10"),
        (Filter::words("name", "10 thing"), "10"),
        (Filter::prefix("name", "Thing number 1"), "1 10"),
        (
            Filter::custom("odd", |thing: &Value| thing["id"].as_i64().unwrap() % 2 == 1),
            "1 3 5 7 9",
        ),
        (Filter::is_null("tags"), "5 7 9"),
        (Filter::above("count", 8).and(Filter::eq("kind", "c").not()), "1"),
        (Filter::eq("count", 1).or(Filter::eq("count", 10)), "1 10"),
        (Filter::All, "1 2 3 4 5 6 7 8 9 10"),
    ] {
        assert_eq!(things.meant(filter.clone()), expected, "{filter:?}");
    }
    let unknown = things
        .read(|things, snapshot| Ok(things.search(snapshot, &Query::new(Filter::eq("color", 1)))));
    assert!(
        matches!(unknown.as_ref().unwrap_err().downcast_ref(), Some(DocError::UnknownField { .. })),
        "{unknown:?}"
    );
}

/// J16.
fn documents_are_got_by_id_by_unique_field_and_many_at_once(bed: &Bed) {
    open(bed).read(|things, snapshot| {
        assert_eq!(things.get(snapshot, 7)?.unwrap().body["count"], 4);
        assert_eq!(things.get_by(snapshot, "name", "Thing number 7")?.unwrap().id, 7.into());
        let many = things.get_many(snapshot, [9, 99, 1, 9])?;
        let found: Vec<_> =
            many.iter().map(|thing| thing.as_ref().map(|thing| &thing.id)).collect();
        assert_eq!(found, [Some(&9.into()), None, Some(&1.into()), Some(&9.into())]);
        Ok(())
    });
}

/// J17, E10. Nothing can change under it, because it belongs to one snapshot.
fn a_cache_reads_each_document_once(bed: &Bed) {
    open(bed).read(|things, snapshot| {
        let cache = DocCache::new(things, snapshot);
        let (first, again) = (cache.get(3)?.unwrap(), cache.get(3)?.unwrap());
        assert!(Rc::ptr_eq(&first, &again));
        assert!(cache.get(99)?.is_none() && cache.get(99)?.is_none());
        assert_eq!(cache.len(), 2);
        Ok(())
    });
}

/// J18, J19.
fn a_search_sorts_limits_counts_and_pages_both_ways(bed: &Bed) {
    let things = open(bed);
    let query = || Query::new(Filter::All).ascending("kind").descending("count").limit(4);
    let page = |query: Query<Value>| -> Page<Value> {
        things.read(|things, snapshot| things.search(snapshot, &query))
    };
    let first = page(query().with_total());
    assert_eq!((ids(&first.items).as_str(), first.total), ("3 6 9 1", Some(10)));
    let second = page(query().at(first.next.unwrap()));
    assert_eq!((ids(&second.items).as_str(), second.total), ("4 7 10 2", None));
    let last = page(query().at(second.next.unwrap()));
    assert_eq!((ids(&last.items).as_str(), last.next), ("5 8", None));
    let back = page(query().at(last.previous.unwrap()));
    assert_eq!(ids(&back.items), "4 7 10 2");
    let front = page(query().at(back.previous.unwrap()));
    assert_eq!((ids(&front.items).as_str(), front.previous), ("3 6 9 1", None));
    assert_eq!(things.find(&query().offset(7).limit(2)), "2 5");
}

/// J19. A cursor of strato-db is a position in any query.
fn a_cursor_is_of_its_query(bed: &Bed) {
    open(bed).read(|things, snapshot| {
        let next =
            things.search(snapshot, &Query::new(Filter::eq("kind", "a")).limit(1))?.next.unwrap();
        let other = things.search(snapshot, &Query::new(Filter::eq("kind", "b")).at(next));
        assert!(
            matches!(other.as_ref().unwrap_err().downcast_ref(), Some(DocError::Cursor { .. })),
            "{other:?}"
        );
        Ok(())
    });
}

/// J20.
fn aggregates_need_no_documents(bed: &Bed) {
    open(bed).read(|things, snapshot| {
        let of_a = Filter::eq("kind", "a");
        assert_eq!(
            things.one(snapshot, &Query::new(of_a.clone()).ascending("count"))?.unwrap().id,
            9.into()
        );
        assert_eq!(ids(&things.all(snapshot, &Query::new(of_a.clone()))?), "3 6 9");
        assert!(
            things.exists(snapshot, &of_a)?
                && !things.exists(snapshot, &Filter::eq("kind", "d"))?
        );
        assert_eq!(
            (things.count(snapshot, &Filter::All)?, things.count(snapshot, &of_a)?),
            (10, 3)
        );
        assert_eq!(things.min(snapshot, &of_a, "count")?, Some(json!(2)));
        assert_eq!(things.max(snapshot, &Filter::All, "count")?, Some(json!(10)));
        assert_eq!(things.sum(snapshot, &Filter::All, "count")?, 55.into());
        assert_eq!(things.average(snapshot, &of_a, "count")?, Some(5.0));
        assert_eq!(things.distinct(snapshot, &Filter::All, "kind")?, ["a", "b", "c"]);
        Ok(())
    });
}

/// J21. A limit applies to all visited documents.
fn documents_are_visited_one_by_one_and_by_threads(bed: &Bed) {
    open(bed).read(|things, snapshot| {
        let mut visited = Vec::new();
        things.each(snapshot, &Query::new(Filter::All).limit(4), |thing: Stored<Value>| {
            visited.push(thing);
            Ok(ControlFlow::Continue(()))
        })?;
        assert_eq!(ids(&visited), "1 2 3 4");
        let (sum, five) = (AtomicU64::new(0), NonZeroUsize::new(5).unwrap());
        things.each_concurrent(snapshot, &Query::new(Filter::All), five, |thing| {
            sum.fetch_add(thing.body["count"].as_u64().unwrap(), Ordering::Relaxed);
            Ok(ControlFlow::Continue(()))
        })?;
        assert_eq!(sum.into_inner(), 55);
        Ok(())
    });
}
