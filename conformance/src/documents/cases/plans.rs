//! Random documents, random indexes, random queries.

use std::ops::Bound;

use crate::documents::Query;
use arbour::documents::{Declaration, Field, FieldKind, Filter, Index};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

/// The input of a round of the planner's case.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// The documents; a later one replaces an earlier one with the same id.
    pub(super) bodies: Vec<Value>,
    /// The ids of documents that are removed afterwards.
    pub(super) removed: Vec<String>,
    /// The numbers of the indexes.
    pub(super) indexes: Vec<usize>,
    /// The queries, each with the number of documents of a page.
    pub(super) queries: Vec<(Query<Value>, usize)>,
}

/// Fields that have one value.
pub(super) const SINGLE: [&str; 6] = ["id", "a", "b", "c", "flag", "length"];

/// Every field.
pub(super) const FIELDS: [&str; 8] = ["id", "a", "b", "c", "flag", "length", "tags", "about"];

/// How many indexes there are to choose from.
const INDEXES: usize = 18;

fn index(number: usize) -> Index {
    match number {
        0 => Index::on("a"),
        1 => Index::descending("a"),
        2 => Index::on("a").sparse().named("a sparse"),
        3 => Index::on("b"),
        4 => Index::on("b").then("a"),
        5 => Index::on("b").then_descending("a"),
        6 => Index::descending("b").then("c").then_descending("a"),
        7 => Index::on("c"),
        8 => Index::on("c").then_descending("b").sparse(),
        9 => Index::descending("c"),
        10 => Index::on("flag").sparse(),
        11 => Index::on("flag").then("a"),
        12 => Index::on("length"),
        13 => Index::on("tags"),
        14 => Index::on("tags").then_descending("a"),
        15 => Index::on("b").then("tags").named("b, tags"),
        16 => Index::words("about"),
        _ => Index::on("tags").sparse().named("tags sparse"),
    }
}

/// Declares the collection of a plan.
pub(super) fn declaration(name: &str, indexes: &[usize]) -> Declaration<Value> {
    let plain = Declaration::new(name)
        .field(Field::path("a"))
        .field(Field::path("b").of(FieldKind::Integer))
        .field(Field::path("c").of(FieldKind::Text))
        .field(Field::path("flag").of(FieldKind::Bool).false_is_null())
        .field(Field::computed("length", |body: &Value| body["c"].as_str().map(str::len).into()))
        .field(Field::path("tags").many())
        .field(Field::path("about").of(FieldKind::Text));
    indexes.iter().map(|number| index(*number)).fold(plain, Declaration::index)
}

/// Any plan.
pub(super) fn plan() -> impl Strategy<Value = Plan> {
    let removed = prop::collection::vec(id(), 0..4);
    let indexes = subsequence((0..INDEXES).collect::<Vec<_>>(), 0..6);
    let queries = prop::collection::vec((query(), 1_usize..9), 1..10);
    (prop::collection::vec(body(), 0..60), removed, indexes, queries)
        .prop_map(|(bodies, removed, indexes, queries)| Plan { bodies, removed, indexes, queries })
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof![(0..40_u32).prop_map(|number| number.to_string()), "[a-c\0]{1,3}"]
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => (-3_i64..4).prop_map(Value::from),
        2 => (-6_i64..7).prop_map(|n| json!(n as f64 / 2.0)),
        1 => any::<f64>().prop_filter("JSON has no others", |n| n.is_finite()).prop_map(Value::from),
        1 => select(vec![json!(i64::MIN), json!(i64::MAX), json!(u64::MAX), json!(-0.0)]),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec!["", "a", "ab", "A", "a\0", "b", "ba"]).prop_map(str::to_owned),
        "[abAB\0ß]{0,3}",
    ]
}

/// Any scalar but null.
fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => any::<bool>().prop_map(Value::from),
        4 => number(),
        3 => text().prop_map(Value::from),
    ]
}

fn small() -> impl Strategy<Value = Value> {
    (-2_i64..3).prop_map(Value::from)
}

fn words() -> impl Strategy<Value = String> {
    let word = select(vec!["mail", "Server", "of", "LISTS", "post"]);
    prop::collection::vec(word, 1..4).prop_map(|words| words.join(" "))
}

fn or_null(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop_oneof![1 => Just(Value::Null), 4 => value]
}

fn body() -> impl Strategy<Value = Value> {
    let tag = || prop_oneof![small(), text().prop_map(Value::from)];
    let tags = prop_oneof![
        4 => prop::collection::vec(tag(), 0..4).prop_map(Value::from),
        1 => tag(),
        1 => Just(Value::Null),
    ];
    let about = or_null(words().prop_map(Value::from));
    let (a, b, c) = (or_null(scalar()), or_null(small()), or_null(text().prop_map(Value::from)));
    let flag = or_null(any::<bool>().prop_map(Value::from));
    (id(), a, b, c, flag, tags, about).prop_map(|(id, a, b, c, flag, tags, about)| {
        let members =
            [("a", a), ("b", b), ("c", c), ("flag", flag), ("tags", tags), ("about", about)];
        let mut body = Map::from_iter([("id".to_owned(), json!(id))]);
        for (name, value) in members {
            // Null and an absent member are equal; both are tried.
            if !value.is_null() || id.len() == 1 {
                body.insert(name.to_owned(), value);
            }
        }
        body.into()
    })
}

/// A field of one value, and a value it may have.
fn field_and_value() -> impl Strategy<Value = (&'static str, Value)> {
    prop_oneof![
        3 => scalar().prop_map(|value| ("a", value)),
        3 => small().prop_map(|value| ("b", value)),
        3 => text().prop_map(|value| ("c", value.into())),
        1 => Just(("flag", json!(true))),
        1 => (0_i64..4).prop_map(|value| ("length", value.into())),
        1 => id().prop_map(|value| ("id", value.into())),
    ]
}

fn bound(value: Value) -> impl Strategy<Value = Bound<Value>> {
    prop_oneof![Just(Bound::Included(value.clone())), Just(Bound::Excluded(value))]
}

fn range() -> impl Strategy<Value = Filter<Value>> {
    let one_bound = field_and_value().prop_flat_map(|(field, value)| {
        (bound(value), any::<bool>()).prop_map(move |(bound, is_lower)| {
            let (lower, upper) =
                if is_lower { (bound, Bound::Unbounded) } else { (Bound::Unbounded, bound) };
            Filter::range(field, lower, upper)
        })
    });
    let two = prop_oneof![
        (number(), number()).prop_map(|(lower, upper)| ("a", lower, upper)),
        (small(), small()).prop_map(|(lower, upper)| ("b", lower, upper)),
        (text(), text()).prop_map(|(lower, upper)| ("c", lower.into(), upper.into())),
        (id(), id()).prop_map(|(lower, upper)| ("id", lower.into(), upper.into())),
    ];
    let two_bounds = two.prop_flat_map(|(field, lower, upper)| {
        (bound(lower), bound(upper))
            .prop_map(move |(lower, upper)| Filter::range(field, lower, upper))
    });
    prop_oneof![one_bound, two_bounds]
}

fn leaf() -> impl Strategy<Value = Filter<Value>> {
    let tags = || {
        let tag = prop_oneof![small(), text().prop_map(Value::from)];
        prop::collection::vec(tag, 0..4)
    };
    let several = prop_oneof![
        prop::collection::vec(scalar(), 0..5).prop_map(|values| Filter::is_in("a", values)),
        prop::collection::vec(small(), 1..4).prop_map(|values| Filter::is_in("b", values)),
        prop::collection::vec(id(), 1..5).prop_map(|values| Filter::is_in("id", values)),
    ];
    prop_oneof![
        1 => Just(Filter::All),
        5 => field_and_value().prop_map(|(field, value)| Filter::eq(field, value)),
        4 => range(),
        2 => several,
        2 => (select(vec!["a", "c", "id"]), text())
            .prop_map(|(field, beginning)| Filter::prefix(field, &beginning)),
        1 => (select(vec!["a", "c"]), text()).prop_map(|(field, part)| Filter::substring(field, &part)),
        2 => tags().prop_map(|values| Filter::contains_any("tags", values)),
        2 => tags().prop_map(|values| Filter::contains_all("tags", values)),
        2 => words().prop_map(|text| Filter::words("about", &text)),
        2 => select(FIELDS.to_vec()).prop_map(Filter::is_null),
        1 => Just(Filter::custom("b is odd", |body: &Value| {
            body["b"].as_i64().is_some_and(|b| b % 2 != 0)
        })),
    ]
}

fn filter() -> impl Strategy<Value = Filter<Value>> {
    leaf().prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::And),
            2 => prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::Or),
            1 => inner.prop_map(Filter::not),
        ]
    })
}

fn query() -> impl Strategy<Value = Query<Value>> {
    let sort = subsequence(SINGLE.to_vec(), 0..4).prop_shuffle();
    (filter(), sort, prop::collection::vec(any::<bool>(), SINGLE.len())).prop_map(
        |(filter, sort, reverse)| {
            sort.into_iter().zip(reverse).fold(Query::new(filter), |query, (field, reverse)| {
                if reverse { query.descending(field) } else { query.ascending(field) }
            })
        },
    )
}
