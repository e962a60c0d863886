//! The steps of a path into a document.

use serde_json::Value;

/// The step of a path that leads to each element of an array.
pub(super) const EACH: &str = "[]";

/// Splits a path into the names of members and [`EACH`], outermost first: `lines[].sku` leads to the
/// member `sku` of each element of the array `lines`.
pub(super) fn split(path: &str) -> Vec<String> {
    let mut steps = Vec::new();
    for step in path.split('.') {
        let mut name = step;
        while let Some(array) = name.strip_suffix(EACH) {
            name = array;
        }
        if !name.is_empty() || step.is_empty() {
            steps.push(name.to_owned());
        }
        let arrays = (step.len() - name.len()) / EACH.len();
        steps.extend(std::iter::repeat_n(EACH.to_owned(), arrays));
    }
    steps
}

/// Returns the path that was [split](split).
pub(super) fn joined(path: &[String]) -> String {
    let mut text = String::new();
    for step in path {
        if !text.is_empty() && step != EACH {
            text.push('.');
        }
        text.push_str(step);
    }
    text
}

/// Tells whether a path leads to the elements of an array, and so may lead to many values.
pub(super) fn leads_to_many(path: &[String]) -> bool {
    path.iter().any(|step| step == EACH)
}

/// Adds what the rest of a path found in an element: one value, or those of an array further inside.
pub(super) fn add(found: Value, rest: &[String], values: &mut Vec<Value>) {
    match found {
        Value::Null => {}
        Value::Array(inner) if leads_to_many(rest) => values.extend(inner),
        value => values.push(value),
    }
}
