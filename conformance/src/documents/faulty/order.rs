//! Faults of the order of documents.

use arbour::Result;
use arbour::documents::{Body, Declaration, Integer, Page, Stored, encode_scalar};
use arbour_core::Direction;
use serde_json::Value;

use super::DocFault;
use super::declaration::value_named;
use crate::documents::{Query, TestReader};

/// Searches, and sorts the result by its first field in another way.
pub(super) fn search<D: Body>(
    fault: DocFault,
    below: &impl TestReader<D>,
    declaration: &Declaration<D>,
    query: &Query<D>,
) -> Result<Page<Stored<D>>> {
    let Some((field, direction)) = query.sort.first() else { return below.search(query) };
    let mut all = query.clone();
    (all.limit, all.offset) = (None, 0);
    let mut page = below.search(&all)?;
    page.items.sort_by_cached_key(|stored| {
        sort_key(fault, &value_named(declaration, field, &stored.body))
    });
    if *direction == Direction::Reverse {
        page.items.reverse();
    }
    let limit = query.limit.unwrap_or(usize::MAX);
    page.items = page.items.into_iter().skip(query.offset).take(limit).collect();
    Ok(page)
}

/// Searches, and sorts the result by how often its texts have a word of the query.
pub(super) fn by_frequency<D: Body>(
    below: &impl TestReader<D>,
    declaration: &Declaration<D>,
    query: &Query<D>,
) -> Result<Page<Stored<D>>> {
    let mut all = query.clone();
    (all.limit, all.offset) = (None, 0);
    let mut page = below.search(&all)?;
    // The words of the query are in its filter, which is shown as a formula.
    let asked = format!("{:?}", query.filter).to_lowercase();
    page.items.sort_by_cached_key(|stored| {
        let texts = declaration.fields.iter().map(|field| {
            value_named(declaration, &field.name, &stored.body).to_string().to_lowercase()
        });
        let frequency: usize = texts
            .map(|text| text.split_whitespace().filter(|word| asked.contains(word)).count())
            .sum();
        (std::cmp::Reverse(frequency), stored.id.to_string())
    });
    let limit = query.limit.unwrap_or(usize::MAX);
    page.items = page.items.into_iter().skip(query.offset).take(limit).collect();
    Ok(page)
}

/// Returns the start of a long text, or a short one.
pub(super) fn start_of(text: &str) -> String {
    text.chars().take(100).collect()
}

fn sort_key(fault: DocFault, value: &Value) -> (Option<u8>, Vec<u8>) {
    let shown = match (fault, value) {
        (DocFault::NumbersSortAsText, Value::Number(number)) => number.to_string().into(),
        (DocFault::TextsSortWithoutCase, Value::String(text)) => text.to_lowercase().into(),
        (DocFault::SortsByStart, Value::String(text)) => start_of(text).into(),
        (DocFault::BytesSortByLength, Value::Array(bytes)) => bytes.len().into(),
        (_, value) => value.clone(),
    };
    // Only scalars have an order, and the kind decides first.
    let kind = match value {
        Value::Null => Some(0),
        Value::Bool(_) => Some(1),
        Value::Number(_) => Some(2),
        Value::String(_) => Some(3),
        Value::Array(_) => Some(4),
        value => Integer::of(value).map(|_| 2),
    };
    let mut bytes = Vec::new();
    let is_scalar = encode_scalar(&shown, &mut bytes);
    (kind.filter(|_| is_scalar), bytes)
}
