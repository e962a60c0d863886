//! Reading and searching (`J10`, `J16` to `J21`).

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use arbour::documents::{
    DocCache, DocError, Field, Filter, Index, Page, Selection, Stored, TypedField,
};
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
    aggregates_are_grouped_by_a_field,
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
    things.fill((1..=10).map(thing));
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
        assert_eq!(things.find(filter.clone()), expected, "{filter:?}");
    }
    let unknown =
        things.read(|things, snapshot| Ok(things.find(Filter::eq("color", 1)).list(snapshot)));
    let unknown = unknown.unwrap_err();
    assert!(matches!(unknown.downcast_ref(), Some(DocError::UnknownField { .. })), "{unknown}");
}

/// J16.
fn documents_are_got_by_id_by_unique_field_and_many_at_once(bed: &Bed) {
    open(bed).read(|things, snapshot| {
        assert_eq!(things.get(snapshot, 7)?.unwrap()["count"], 4);
        assert_eq!(things.get_by(snapshot, "name", "Thing number 7")?.unwrap()["id"], 7);
        let many = things.get_many(snapshot, [9, 99, 1, 9])?;
        let found: Vec<_> = many.iter().map(|thing| thing.as_ref()?["id"].as_i64()).collect();
        assert_eq!(found, [Some(9), None, Some(1), Some(9)]);
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
    let sorted = || things.collection.all().ascending("kind").descending("count").limit(4);
    let page = |selection: Selection<Value>| -> Page<Stored<Value>> {
        things.read(|_, snapshot| selection.stored(snapshot))
    };
    let first = page(sorted().with_total());
    assert_eq!((ids(&first.items).as_str(), first.total), ("3 6 9 1", Some(10)));
    let second = page(sorted().at(first.next.unwrap()));
    assert_eq!((ids(&second.items).as_str(), second.total), ("4 7 10 2", None));
    let last = page(sorted().at(second.next.unwrap()));
    assert_eq!((ids(&last.items).as_str(), last.next), ("5 8", None));
    let back = page(sorted().at(last.previous.unwrap()));
    assert_eq!(ids(&back.items), "4 7 10 2");
    let front = page(sorted().at(back.previous.unwrap()));
    assert_eq!((ids(&front.items).as_str(), front.previous), ("3 6 9 1", None));
    assert_eq!(ids(&page(sorted().offset(7).limit(2)).items), "2 5");
}

/// J19. A cursor of strato-db is a position in any query.
fn a_cursor_is_of_its_query(bed: &Bed) {
    open(bed).read(|things, snapshot| {
        let next = things.find(Filter::eq("kind", "a")).limit(1).page(snapshot)?.next.unwrap();
        let other = things.find(Filter::eq("kind", "b")).at(next).page(snapshot).unwrap_err();
        assert!(matches!(other.downcast_ref(), Some(DocError::Cursor { .. })), "{other}");
        Ok(())
    });
}

/// J20.
fn aggregates_need_no_documents(bed: &Bed) {
    open(bed).read(|things, snapshot| {
        let (all, of_a) = (things.all(), things.find(Filter::eq("kind", "a")));
        assert_eq!(of_a.clone().ascending("count").first(snapshot)?.unwrap()["id"], 9);
        assert!(of_a.exists(snapshot)? && !things.find(Filter::eq("kind", "d")).exists(snapshot)?);
        assert_eq!((all.count(snapshot)?, of_a.count(snapshot)?), (10, 3));
        assert_eq!(of_a.min(snapshot, "count")?, Some(json!(2)));
        assert_eq!(all.max(snapshot, "count")?, Some(json!(10)));
        assert_eq!(all.sum(snapshot, "count")?, 55);
        assert_eq!(of_a.average(snapshot, "count")?, Some(5.0));
        assert_eq!(all.distinct(snapshot, "kind")?, ["a", "b", "c"]);
        Ok(())
    });
}

/// J20, and what strato-db leaves to SQL.
fn aggregates_are_grouped_by_a_field(bed: &Bed) {
    const KIND: TypedField<Value, String> = TypedField::new("kind");
    const COUNT: TypedField<Value, i64> = TypedField::new("count");
    fn of<N>(a: N, b: N, c: N) -> [(String, N); 3] {
        [("a", a), ("b", b), ("c", c)].map(|(kind, number)| (kind.to_owned(), number))
    }
    open(bed).read(|things, snapshot| {
        let all = things.all();
        assert_eq!(all.count_by(snapshot, KIND)?, of(3, 4, 3));
        assert_eq!(all.sum_by(snapshot, KIND, COUNT)?, of(15, 22, 18));
        assert_eq!(all.min_by(snapshot, KIND, COUNT)?, of(2, 1, 3));
        assert_eq!(all.max_by(snapshot, KIND, COUNT)?, of(8, 10, 9));
        Ok(())
    });
}

/// J21. A limit applies to all visited documents.
fn documents_are_visited_one_by_one_and_by_threads(bed: &Bed) {
    open(bed).read(|things, snapshot| {
        let mut visited = Vec::new();
        things.all().limit(4).each(snapshot, |thing| {
            visited.push(thing);
            Ok(ControlFlow::Continue(()))
        })?;
        assert_eq!(ids(&visited), "1 2 3 4");
        let (sum, five) = (AtomicU64::new(0), NonZeroUsize::new(5).unwrap());
        things.all().each_concurrent(snapshot, five, |thing| {
            sum.fetch_add(thing.body["count"].as_u64().unwrap(), Ordering::Relaxed);
            Ok(ControlFlow::Continue(()))
        })?;
        assert_eq!(sum.into_inner(), 55);
        Ok(())
    });
}
