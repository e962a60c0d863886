//! What filters mean: the same with indexes as without.

use std::fmt::Debug;
use std::ops::Bound::{Excluded, Included, Unbounded};

use arbour::Result;
use arbour::documents::{Declaration, DocError, Field, Filter, Index};
use arbour_core::KvStore;
use serde_json::{Value, json};

use super::claims::{invalid, load, means, refused};
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader};

/// Things of many kinds, in a collection without an index, or in one with an index over each field
/// and some over several.
fn things(has_indexes: bool) -> Declaration<Value> {
    let plain = Declaration::new(if has_indexes { "indexed" } else { "plain" })
        .field(Field::path("v"))
        .field(Field::path("meta.name").named("name"))
        .field(Field::path("tags").many());
    if !has_indexes {
        return plain;
    }
    plain
        .index(Index::on("v"))
        .index(Index::descending("name"))
        .index(Index::on("name").then_descending("v").sparse())
        .index(Index::on("tags"))
}

fn bodies() -> Vec<Value> {
    vec![
        json!({"id": "a", "v": 1, "meta": {"name": "libssl"}, "tags": ["new", "hot"]}),
        json!({"id": "b", "v": 2, "meta": {"name": "lib"}, "tags": ["hot"]}),
        json!({"id": "c", "v": -1.5, "meta": {"name": "Li"}, "tags": []}),
        json!({"id": "d", "v": "1", "meta": {"name": "web"}, "tags": ["old", 1]}),
        json!({"id": "e", "v": true, "meta": {"name": "libxml"}, "tags": "new"}),
        json!({"id": "f", "v": null, "meta": {"name": ""}, "tags": ["new", "old", "hot"]}),
        json!({"id": "g", "meta": {"name": "lib\u{0}"}}),
        json!({"id": "h", "v": false, "meta": 7, "tags": null}),
        json!({"id": "i", "v": "", "meta": {"name": "Straße lib"}}),
    ]
}

/// Stores the things in both collections and asserts what filters match in them.
fn filters_mean<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
    expected: &[(Filter<Value>, &str)],
) -> Result<()> {
    for has_indexes in [false, true] {
        load(bed.store(), &bed.open(things(has_indexes))?, &bodies())?;
    }
    bed.settle()?;
    for has_indexes in [false, true] {
        let collection = bed.open(things(has_indexes))?;
        let snapshot = bed.store().snapshot()?;
        for (filter, ids) in expected {
            means(&collection.reader(&snapshot), filter, ids)?;
        }
    }
    Ok(())
}

/// J18. A value is found exactly: a number by its numeric value, a text to its last byte.
pub(super) fn equal<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    filters_mean(
        bed,
        &[
            (Filter::eq("v", 1), "a"),
            (Filter::eq("v", 1.0), "a"),
            (Filter::eq("v", "1"), "d"),
            (Filter::eq("v", true), "e"),
            (Filter::eq("v", false), "h"),
            (Filter::eq("v", ""), "i"),
            (Filter::eq("v", 0), ""),
            (Filter::eq("name", "lib"), "b"),
            (Filter::eq("name", "lib\u{0}"), "g"),
            (Filter::eq("name", ""), "f"),
            (Filter::eq("name", "LIB"), ""),
            (Filter::eq("id", "c"), "c"),
            (Filter::eq("id", "nobody"), ""),
        ],
    )
}

/// J10. One of several values, given in any order and any number.
pub(super) fn in_list<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    filters_mean(
        bed,
        &[
            (Filter::is_in("v", [json!(2), json!("1"), json!(true), json!(2.0)]), "b d e"),
            (Filter::is_in("v", [7, 1, 7, 2, 1]), "a b"),
            (Filter::is_in("v", [json!(""), json!(false)]), "h i"),
            (Filter::is_in("v", Vec::<Value>::new()), ""),
            (Filter::is_in("v", [404]), ""),
            (Filter::is_in("name", ["web", "lib", "nothing"]), "b d"),
            (Filter::is_in("id", ["i", "a", "nobody", "a"]), "a i"),
        ],
    )
}

/// J10. Ranges with every kind of bound, including empty and inverted ranges.
pub(super) fn ranges<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let numbers = |lower, upper| Filter::range("v", lower, upper);
    filters_mean(
        bed,
        &[
            (Filter::at_least("v", 1), "a b"),
            (Filter::above("v", 1), "b"),
            (Filter::at_most("v", 1), "a c"),
            (Filter::below("v", 1), "c"),
            (numbers(Included(json!(-1.5)), Included(json!(2))), "a b c"),
            (numbers(Excluded(json!(-1.5)), Excluded(json!(2))), "a"),
            (numbers(Included(json!(1)), Excluded(json!(1))), ""),
            (numbers(Excluded(json!(1)), Excluded(json!(1))), ""),
            (numbers(Included(json!(1)), Included(json!(1))), "a"),
            (numbers(Included(json!(2)), Included(json!(1))), ""),
            (Filter::above("name", "lib"), "a d e g"),
            (Filter::at_least("name", "lib"), "a b d e g"),
            (Filter::below("name", "lib"), "c f i"),
            (Filter::range("name", Included(json!("")), Excluded(json!("lib\u{0}"))), "b c f i"),
            (Filter::at_least("v", "1"), "d"),
            (Filter::below("v", "1"), "i"),
            (Filter::at_least("v", true), "e"),
            (Filter::below("v", true), "h"),
            (Filter::above("id", "g"), "h i"),
            (Filter::range("id", Included(json!("b")), Excluded(json!("d"))), "b c"),
        ],
    )
}

/// Texts that begin with a prefix, to the last byte, and none that merely look similar.
pub(super) fn prefixes<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    filters_mean(
        bed,
        &[
            (Filter::prefix("name", "lib"), "a b e g"),
            (Filter::prefix("name", "libs"), "a"),
            (Filter::prefix("name", "lib\u{0}"), "g"),
            (Filter::prefix("name", ""), "a b c d e f g i"),
            (Filter::prefix("name", "Stra\u{df}"), "i"),
            (Filter::prefix("name", "LIB"), ""),
            (Filter::prefix("v", ""), "d i"),
            (Filter::prefix("v", "1"), "d"),
            (Filter::prefix("id", "a"), "a"),
            (Filter::prefix("id", ""), "a b c d e f g h i"),
        ],
    )
}

/// J10. Texts that contain a part, in any case of letters.
pub(super) fn substrings<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    filters_mean(
        bed,
        &[
            (Filter::substring("name", "lib"), "a b e g i"),
            (Filter::substring("name", "LI"), "a b c e g i"),
            (Filter::substring("name", "stra\u{df}e L"), "i"),
            (Filter::substring("name", "\u{0}"), "g"),
            (Filter::substring("name", ""), "a b c d e f g i"),
            (Filter::substring("v", "1"), "d"),
        ],
    )
}

/// J10. At least one of the field's many values is among these.
pub(super) fn contains_any<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    filters_mean(
        bed,
        &[
            (Filter::contains_any("tags", ["new"]), "a e f"),
            (Filter::contains_any("tags", ["new", "old"]), "a d e f"),
            (Filter::contains_any("tags", ["old", "new", "old"]), "a d e f"),
            (Filter::contains_any("tags", [json!(1), json!("nothing")]), "d"),
            (Filter::contains_any("tags", [json!("1")]), ""),
            (Filter::contains_any("tags", Vec::<Value>::new()), ""),
        ],
    )
}

/// J10. Each of these is among the field's many values.
pub(super) fn contains_all<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    filters_mean(
        bed,
        &[
            (Filter::contains_all("tags", ["new"]), "a e f"),
            (Filter::contains_all("tags", ["new", "hot"]), "a f"),
            (Filter::contains_all("tags", ["hot", "old", "new", "hot"]), "f"),
            (Filter::contains_all("tags", [json!("old"), json!(1)]), "d"),
            (Filter::contains_all("tags", ["new", "nothing"]), ""),
        ],
    )
}

/// Nothing, null and a path that leads nowhere are equal; false, zero and the empty text are
/// different.
pub(super) fn nulls<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    filters_mean(
        bed,
        &[
            (Filter::is_null("v"), "f g"),
            (Filter::eq("v", Value::Null), "f g"),
            (Filter::is_null("name"), "h"),
            (Filter::is_null("tags"), "c g h i"),
            (Filter::is_null("v").not(), "a b c d e h i"),
            (Filter::is_null("id"), ""),
            (Filter::is_null("v").and(Filter::is_null("tags")), "g"),
        ],
    )
}

/// Nested filters, to some depth, and their negations, including null.
pub(super) fn and_or_not<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let lib = || Filter::prefix("name", "lib");
    let hot = || Filter::contains_any("tags", ["hot"]);
    let one = || Filter::eq("v", 1);
    filters_mean(
        bed,
        &[
            (lib().and(hot()), "a b"),
            (lib().or(hot()), "a b e f g"),
            (lib().and(hot().not()), "e g"),
            (lib().not().and(hot().not()), "c d h i"),
            (lib().or(hot()).not(), "c d h i"),
            (lib().and(hot()).and(one()), "a"),
            (one().or(Filter::eq("v", 2)).or(Filter::eq("v", "1")).or(one()), "a b d"),
            (one().or(Filter::is_null("v")).and(hot()), "a f"),
            (Filter::at_least("v", 0).and(Filter::at_most("v", 1)), "a"),
            (Filter::eq("v", 1).and(Filter::eq("v", 2)), ""),
            (Filter::at_least("v", 1).not(), "c d e f g h i"),
            (Filter::at_least("v", 1).not().not(), "a b"),
            (Filter::eq("name", "web").or(Filter::substring("name", "stra")), "d i"),
            (Filter::And(Vec::new()), "a b c d e f g h i"),
            (Filter::Or(Vec::new()), ""),
            (Filter::Or(vec![Filter::All, one()]), "a b c d e f g h i"),
            (Filter::And(vec![Filter::Or(vec![one(), lib()]), hot(), Filter::All]), "a b"),
            (Filter::prefix("id", "a").or(one()).or(Filter::eq("id", "b")), "a b"),
        ],
    )
}

/// J10. A closure decides, alone and together with other filters, and sees the document.
pub(super) fn custom<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let has_meta = || Filter::custom("has meta", |body: &Value| body["meta"].is_object());
    filters_mean(
        bed,
        &[
            (has_meta(), "a b c d e f g i"),
            (has_meta().not(), "h"),
            (has_meta().and(Filter::at_least("v", 1)), "a b"),
            (has_meta().not().or(Filter::eq("v", 1)), "a h"),
            (Filter::custom("by id", |body: &Value| body["id"] == "d"), "d"),
        ],
    )
}

/// A number is neither below nor above a text, and null is in no range; a range from one kind to
/// another, or of arrays, is refused.
pub(super) fn sorts_of_values_are_not_compared<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    filters_mean(
        bed,
        &[
            (Filter::at_least("v", i64::MIN), "a b c"),
            (Filter::at_most("v", 1e300), "a b c"),
            (Filter::at_least("v", ""), "d i"),
            (Filter::at_most("v", "\u{10ffff}"), "d i"),
            (Filter::at_least("v", false), "e h"),
            (Filter::at_most("v", true), "e h"),
            (Filter::at_least("v", i64::MIN).not(), "d e f g h i"),
        ],
    )?;
    for has_indexes in [false, true] {
        let collection = bed.open(things(has_indexes))?;
        let snapshot = bed.store().snapshot()?;
        let reader = collection.reader(&snapshot);
        for filter in [
            Filter::range("v", Included(json!(1)), Included(json!("1"))),
            Filter::range("v", Excluded(json!(false)), Excluded(json!(1))),
            Filter::range("v", Included(json!([])), Unbounded),
            Filter::eq("v", json!({})),
            Filter::is_in("v", [json!(1), json!([1])]),
        ] {
            cannot_be(&reader, &filter);
        }
    }
    Ok(())
}

/// Asserts that a filter is refused as impossible, wherever it occurs.
fn cannot_be(reader: &impl TestReader<Value>, filter: &Filter<Value>) {
    let places = [
        filter.clone(),
        filter.clone().not(),
        Filter::eq("v", 1).and(filter.clone()),
        Filter::eq("v", 1).or(filter.clone()),
    ];
    for filter in places {
        invalid(reader.search(&Query::new(filter.clone())).map(drop), &format!("{filter:?}"));
        invalid(reader.count(&filter), &format!("the count of {filter:?}"));
    }
}

/// A multi-valued field can only be asked what it contains: it equals nothing, is in no range, and
/// sorts nothing.
pub(super) fn many_are_not_compared<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    for has_indexes in [false, true] {
        let collection = bed.open(things(has_indexes))?;
        load(bed.store(), &collection, &bodies())?;
        let snapshot = bed.store().snapshot()?;
        let reader = collection.reader(&snapshot);
        for filter in [
            Filter::eq("tags", "new"),
            Filter::at_least("tags", "new"),
            Filter::is_in("tags", ["new"]),
            Filter::prefix("tags", "n"),
        ] {
            cannot_be(&reader, &filter);
        }
        let sorted = reader.search(&Query::new(Filter::All).ascending("tags"));
        invalid(sorted.map(drop), "a sort by many values");
    }
    Ok(())
}

/// An undeclared field is refused, wherever it is named, and the error lists the declared ones.
pub(super) fn unknown_field_refused<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let collection = bed.open(things(true))?;
    load(bed.store(), &collection, &bodies())?;
    drop(collection);
    bed.settle()?;
    let collection = bed.open(things(true))?;
    let snapshot = bed.store().snapshot()?;
    let reader = collection.reader(&snapshot);
    let unknown = || Filter::eq("meta", 1);
    let filters = [
        unknown(),
        unknown().not(),
        Filter::eq("v", 1).or(unknown()),
        Filter::eq("v", "nothing is so").and(unknown()),
        Filter::is_null("meta"),
        Filter::prefix("meta", "x"),
        Filter::words("meta", "x"),
        Filter::contains_all("meta", ["x"]),
        Filter::at_least("meta", 1),
    ];
    for filter in filters {
        tells_fields(reader.search(&Query::new(filter.clone())).map(drop), &filter);
        tells_fields(reader.count(&filter), &filter);
        tells_fields(reader.explain(&Query::new(filter.clone())), &filter);
        tells_fields(reader.exists(&filter), &filter);
    }
    let all = || Filter::All;
    let sorted = Query::new(all()).ascending("v").descending("meta");
    tells_fields(reader.search(&sorted).map(drop), &"a sort");
    tells_fields(reader.min(&all(), "meta"), &"a minimum");
    tells_fields(reader.sum(&unknown(), "v"), &"a sum");
    tells_fields(reader.distinct(&all(), "meta"), &"distinct values");
    Ok(())
}

#[track_caller]
fn tells_fields<T: Debug>(result: Result<T>, what: &dyn Debug) {
    let error = refused(result, &format!("{what:?} of a field that is not declared"));
    let is_right = matches!(
        &error,
        DocError::UnknownField { field, known, .. }
            if field == "meta" && ["v", "name", "tags", "id"].iter().all(|name| known.iter().any(|k| k == name))
    );
    assert!(is_right, "{what:?}: {error:?}");
}
