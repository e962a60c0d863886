//! Faults of which documents match.

use std::ops::Bound;

use arbour::documents::{Body, Declaration, Field, Filter, Ids};
use serde_json::Value;

use super::DocFault;
use super::declaration::value;

/// Changes the filter of the caller.
pub(super) fn bend<D: Body>(
    fault: DocFault,
    declaration: &Declaration<D>,
    filter: &Filter<D>,
) -> Filter<D> {
    let again = |filter: &Filter<D>| bend(fault, declaration, filter);
    let each = |filters: &[Filter<D>]| filters.iter().map(again).collect();
    match filter {
        Filter::And(filters) => match (fault, filters.first()) {
            (DocFault::RestForgotten, Some(first)) => again(first),
            _ => Filter::And(each(filters)),
        },
        Filter::Or(filters) => Filter::Or(each(filters)),
        Filter::Not(filter) if fault == DocFault::NotSkipsNull => {
            let mut fields = Vec::new();
            compared(filter, &mut fields);
            let opposite = again(filter).not();
            fields.iter().fold(opposite, |all, field| all.and(Filter::is_null(field).not()))
        }
        Filter::Not(filter) => again(filter).not(),
        other => bend_one(fault, declaration, other),
    }
}

fn bend_one<D: Body>(
    fault: DocFault,
    declaration: &Declaration<D>,
    filter: &Filter<D>,
) -> Filter<D> {
    match (fault, filter) {
        (DocFault::NullConditionSkipped, Filter::Eq(_, Value::Null)) => Filter::All,
        (DocFault::EmptyListMeansAll, Filter::In(_, values)) if values.is_empty() => Filter::All,
        (DocFault::RangeTakesBounds, Filter::Range(field, lower, upper)) => {
            Filter::Range(field.clone(), included(lower), included(upper))
        }
        (
            DocFault::RangeTakesText,
            Filter::Range(
                field,
                Bound::Included(Value::Number(_)) | Bound::Excluded(Value::Number(_)),
                Bound::Unbounded,
            ),
        ) => filter.clone().or(Filter::at_least(field, "")),
        (DocFault::UuidsAreNoTexts, Filter::Prefix(field, _))
            if declaration.ids == Ids::Uuid && *field == declaration.id_name() =>
        {
            Filter::In(field.clone(), Vec::new())
        }
        (DocFault::PrefixIgnoresCase, Filter::Prefix(field, beginning)) => {
            let beginning = beginning.to_lowercase();
            of_texts(declaration, field, filter, move |text| {
                text.to_lowercase().starts_with(&beginning)
            })
        }
        (DocFault::SubstringMindsCase, Filter::Substring(field, part)) => {
            let part = part.clone();
            of_texts(declaration, field, filter, move |text| text.contains(&part))
        }
        (DocFault::ContainsAllIsAny, Filter::ContainsAll(field, values)) => {
            Filter::ContainsAny(field.clone(), values.clone())
        }
        (DocFault::WordsAreSubstring, Filter::Words(field, text)) => Filter::substring(field, text),
        (DocFault::StarIsIgnored, Filter::Words(field, text)) => {
            Filter::words(field, &text.replace('*', ""))
        }
        (DocFault::WordsMindAccents, Filter::Words(field, text)) if text == "cafe" => {
            filter.clone().and(Filter::substring(field, text))
        }
        _ => filter.clone(),
    }
}

fn included(bound: &Bound<Value>) -> Bound<Value> {
    match bound {
        Bound::Excluded(value) => Bound::Included(value.clone()),
        other => other.clone(),
    }
}

/// Applies a closure to a field's texts; an undeclared field is left to the sound store.
fn of_texts<D: Body>(
    declaration: &Declaration<D>,
    field: &str,
    filter: &Filter<D>,
    is_meant: impl Fn(&str) -> bool + Send + Sync + 'static,
) -> Filter<D> {
    let Some(field) = declaration.fields.iter().find(|declared| declared.name == field) else {
        return filter.clone();
    };
    let field: Field<D> = field.clone();
    Filter::custom(&format!("{filter:?}"), move |body| match value(&field, body) {
        Value::String(text) => is_meant(&text),
        Value::Array(values) => values.iter().filter_map(Value::as_str).any(&is_meant),
        _ => false,
    })
}

/// Collects the fields that a filter compares; in SQL the comparison is unknown if they are null.
fn compared<'f, D>(filter: &'f Filter<D>, fields: &mut Vec<&'f str>) {
    match filter {
        Filter::Eq(field, value) if !value.is_null() => fields.push(field),
        Filter::Range(field, ..)
        | Filter::In(field, _)
        | Filter::Prefix(field, _)
        | Filter::Substring(field, _) => fields.push(field),
        Filter::And(filters) | Filter::Or(filters) => {
            filters.iter().for_each(|filter| compared(filter, fields));
        }
        _ => {}
    }
}
