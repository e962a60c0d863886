//! What a query should find, computed over plain JSON: every document is checked, and all are
//! sorted. It shares only the types of queries with the code under test.

use std::cmp::Ordering;
use std::ops::Bound;

use crate::documents::Query;
use arbour::documents::Filter;
use arbour_core::Direction;
use serde_json::{Number, Value};

/// Returns the bodies that a query matches, in its order, whatever its limit.
pub(super) fn answer<'b>(bodies: &'b [Value], query: &Query<Value>) -> Vec<&'b Value> {
    let mut found: Vec<&Value> = bodies.iter().filter(|body| means(&query.filter, body)).collect();
    found.sort_by(|one, other| {
        let mut order = Ordering::Equal;
        let mut last = Direction::Forward;
        for (field, direction) in &query.sort {
            order = order.then_with(|| {
                directed(*direction, compare(&value(one, field), &value(other, field)))
            });
            last = *direction;
        }
        order.then_with(|| directed(last, compare(&value(one, "id"), &value(other, "id"))))
    });
    found
}

/// Returns the values of a field in the bodies, without nulls; for a multi-valued field, the
/// distinct values of each body.
pub(super) fn values(bodies: &[&Value], field: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for body in bodies {
        let mut of_body = many(body, field);
        sort_and_dedup(&mut of_body);
        all.extend(of_body);
    }
    all
}

/// Sorts values and keeps each once.
pub(super) fn sort_and_dedup(values: &mut Vec<Value>) {
    values.sort_by(compare);
    values.dedup_by(|one, other| compare(one, other).is_eq());
}

fn directed(direction: Direction, order: Ordering) -> Ordering {
    if direction == Direction::Reverse { order.reverse() } else { order }
}

/// The value of a field: the member of its name, or for `length` the length of the text in `c`.
fn value(body: &Value, field: &str) -> Value {
    match field {
        "length" => body["c"].as_str().map(str::len).into(),
        "flag" if body["flag"] == false => Value::Null,
        _ => body[field].clone(),
    }
}

/// All values of a field; null counts as none.
fn many(body: &Value, field: &str) -> Vec<Value> {
    match value(body, field) {
        Value::Array(values) => values.into_iter().filter(|value| !value.is_null()).collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(false) => 1,
        Value::Bool(true) => 2,
        Value::Number(_) => 3,
        _ => 4,
    }
}

/// Compares scalars: by kind, then by value.
pub(super) fn compare(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => compare_numbers(one, other),
        (Value::String(one), Value::String(other)) => one.cmp(other),
        _ => rank(one).cmp(&rank(other)),
    }
}

fn compare_numbers(one: &Number, other: &Number) -> Ordering {
    match (one.as_i128(), other.as_i128()) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => {
            let (one, other) = (one.as_f64().unwrap_or(0.0), other.as_f64().unwrap_or(0.0));
            one.partial_cmp(&other).unwrap_or(Ordering::Equal)
        }
    }
}

fn are_of_one_sort(one: &Value, other: &Value) -> bool {
    one.is_boolean() && other.is_boolean()
        || one.is_number() && other.is_number()
        || one.is_string() && other.is_string()
}

fn is_above(value: &Value, bound: &Bound<Value>) -> bool {
    match bound {
        Bound::Included(bound) => are_of_one_sort(value, bound) && compare(value, bound).is_ge(),
        Bound::Excluded(bound) => are_of_one_sort(value, bound) && compare(value, bound).is_gt(),
        Bound::Unbounded => true,
    }
}

fn is_below(value: &Value, bound: &Bound<Value>) -> bool {
    match bound {
        Bound::Included(bound) => are_of_one_sort(value, bound) && compare(value, bound).is_le(),
        Bound::Excluded(bound) => are_of_one_sort(value, bound) && compare(value, bound).is_lt(),
        Bound::Unbounded => true,
    }
}

fn is_one_of(value: &Value, values: &[Value]) -> bool {
    values.iter().any(|one| compare(value, one).is_eq())
}

/// Tells whether a filter matches a body.
fn means(filter: &Filter<Value>, body: &Value) -> bool {
    match filter {
        Filter::All => true,
        Filter::Eq(field, wanted) => compare(&value(body, field), wanted).is_eq(),
        Filter::Range(field, lower, upper) => {
            let value = value(body, field);
            !value.is_null() && is_above(&value, lower) && is_below(&value, upper)
        }
        Filter::In(field, values) => is_one_of(&value(body, field), values),
        Filter::Prefix(field, beginning) => {
            value(body, field).as_str().is_some_and(|text| text.starts_with(beginning))
        }
        Filter::Substring(field, part) => {
            let part = part.to_lowercase();
            value(body, field).as_str().is_some_and(|text| text.to_lowercase().contains(&part))
        }
        Filter::ContainsAny(field, wanted) => {
            many(body, field).iter().any(|value| is_one_of(value, wanted))
        }
        Filter::ContainsAll(field, wanted) => {
            let values = many(body, field);
            wanted.iter().all(|value| is_one_of(value, &values))
        }
        Filter::Words(field, text) => {
            let of = |text: &str| text.to_lowercase().split(' ').map(str::to_owned).collect();
            let words: Vec<String> = value(body, field).as_str().map(of).unwrap_or_default();
            text.to_lowercase().split(' ').all(|wanted| words.iter().any(|word| word == wanted))
        }
        Filter::IsNull(field) => many(body, field).is_empty(),
        Filter::And(filters) => filters.iter().all(|filter| means(filter, body)),
        Filter::Or(filters) => filters.iter().any(|filter| means(filter, body)),
        Filter::Not(filter) => !means(filter, body),
        Filter::Custom(_, predicate) => predicate(body),
        other => unreachable!("the oracle does not know {other:?}"),
    }
}
