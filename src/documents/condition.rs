//! A filter with its fields resolved and its values encoded.

use std::any::Any;
use std::ops::Bound;
use std::sync::Arc;

use arbour_core::Result;
use serde_json::Value;

use super::fields::Fields;
use super::scalar::{Scalar, ScalarKind, decode_scalar, encode_text_prefix};
use super::schema::{FieldRef, Schema};
use super::words::{AskedWord, asked, words};
use super::{Body, DocId, Filter, Ids};
use crate::key::{prefix_end, successor};

/// The bytes from `start` up to but excluding `end`; `None` means no end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: Vec<u8>,
    pub(super) end: Option<Vec<u8>>,
}

impl Span {
    /// The encoded texts that begin with this.
    pub(super) fn of_beginning(beginning: &str) -> Self {
        let mut start = Vec::new();
        encode_text_prefix(beginning, &mut start);
        Self { end: prefix_end(&start), start }
    }

    pub(super) fn contains(&self, bytes: &[u8]) -> bool {
        bytes >= self.start.as_slice() && self.end.as_deref().is_none_or(|end| bytes < end)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end <= self.start)
    }
}

/// A predicate of any type of documents.
type Predicate = Arc<dyn Fn(&dyn Any) -> bool + Send + Sync>;

/// The conditions of a filter, on the encoded form that values have in indexes. A document
/// therefore matches by the same rule whether an index finds it or it is checked itself.
pub(super) enum Condition {
    All,
    /// The field has one of these values, which are sorted and may include null. For a multi-valued
    /// field, at least one of its values is among them.
    Points(FieldRef, Vec<Vec<u8>>),
    /// The value of the field is within the range.
    Within(FieldRef, Span),
    /// The key of the document is within the range.
    KeyWithin(Span),
    /// The multi-valued field contains each of these values.
    Each(FieldRef, Vec<Vec<u8>>),
    /// The text contains each of these words.
    Words(FieldRef, Vec<AskedWord>),
    /// The lower-cased text contains this.
    Substring(FieldRef, String),
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Custom(Predicate),
}

impl Condition {
    /// Resolves a filter.
    ///
    /// # Errors
    /// [`UnknownField`](DocError::UnknownField), and [`Invalid`](DocError::Invalid) for a
    /// comparison that the field does not support.
    pub(super) fn of<D: Body>(schema: &Schema, filter: &Filter<D>) -> Result<Self> {
        match filter {
            Filter::All => Ok(Self::All),
            Filter::Eq(name, value) => {
                Self::points(schema, single(schema, name), std::slice::from_ref(value))
            }
            Filter::In(name, values) => Self::points(schema, single(schema, name), values),
            Filter::ContainsAny(name, values) => Self::points(schema, many(schema, name), values),
            Filter::ContainsAll(name, values) => Self::each(schema, name, values),
            Filter::IsNull(name) => Self::points(schema, schema.field(name), &[Value::Null]),
            Filter::Range(name, lower, upper) => Self::range(schema, name, lower, upper),
            Filter::Prefix(name, beginning) => Self::prefix(schema, name, beginning),
            Filter::Substring(name, part) => Self::substring(schema, name, part),
            Filter::Words(name, text) => Self::words(schema, name, text),
            Filter::And(filters) => Self::all_of(schema, filters).map(Self::And),
            Filter::Or(filters) => Self::all_of(schema, filters).map(Self::Or),
            Filter::Not(filter) => Ok(Self::of(schema, filter)?.opposite(schema)),
            Filter::Custom(_, predicate) => {
                let predicate = Arc::clone(predicate);
                let means = move |body: &dyn Any| body.downcast_ref().is_some_and(&*predicate);
                Ok(Self::Custom(Arc::new(means)))
            }
        }
    }

    fn points(schema: &Schema, field: Result<FieldRef>, values: &[Value]) -> Result<Self> {
        let field = field?;
        Ok(Self::Points(field, points(schema, field, values)?))
    }

    fn each(schema: &Schema, name: &str, values: &[Value]) -> Result<Self> {
        let field = many(schema, name)?;
        Ok(Self::Each(field, points(schema, field, values)?))
    }

    /// A range of ids is a range of the keys of documents, if the keys sort as the ids do.
    fn range(
        schema: &Schema,
        name: &str,
        lower: &Bound<Value>,
        upper: &Bound<Value>,
    ) -> Result<Self> {
        let field = single(schema, name)?;
        let span = span(schema, field, lower, upper)?;
        Ok(match (field, key_span(&schema.ids, lower, upper)) {
            (FieldRef::Id, Some(span)) => Self::KeyWithin(span),
            _ => Self::Within(field, span),
        })
    }

    fn prefix(schema: &Schema, name: &str, beginning: &str) -> Result<Self> {
        let field = text(schema, single(schema, name)?)?;
        if field == FieldRef::Id && is_text(&schema.ids) {
            let start = beginning.as_bytes().to_vec();
            return Ok(Self::KeyWithin(Span { end: prefix_end(&start), start }));
        }
        Ok(Self::Within(field, Span::of_beginning(beginning)))
    }

    fn substring(schema: &Schema, name: &str, part: &str) -> Result<Self> {
        Ok(Self::Substring(text(schema, single(schema, name)?)?, part.to_lowercase()))
    }

    fn words(schema: &Schema, name: &str, asked_for: &str) -> Result<Self> {
        Ok(Self::Words(text(schema, schema.field(name)?)?, asked(asked_for)))
    }

    /// "Not null" means any value at all, which an index can answer with a range.
    fn opposite(self, schema: &Schema) -> Self {
        match self {
            Self::Points(field, points) if is_null_only(&points) && !schema.has_many(field) => {
                Self::Within(field, any_value())
            }
            condition => Self::Not(Box::new(condition)),
        }
    }

    fn all_of<D: Body>(schema: &Schema, filters: &[Filter<D>]) -> Result<Vec<Self>> {
        filters.iter().map(|filter| Self::of(schema, filter)).collect()
    }

    /// Tells whether a document matches.
    pub(super) fn means(&self, schema: &Schema, id_key: &[u8], fields: &dyn Fields) -> bool {
        match self {
            Self::All => true,
            Self::Points(field, points) => any_value_of(schema, *field, fields, |bytes| {
                points.binary_search_by(|point| point.as_slice().cmp(bytes)).is_ok()
            }),
            Self::Within(field, span) => {
                any_value_of(schema, *field, fields, |bytes| span.contains(bytes))
            }
            Self::KeyWithin(span) => span.contains(id_key),
            Self::Each(field, values) => {
                let mut found = vec![false; values.len()];
                any_value_of(schema, *field, fields, |bytes| {
                    if let Ok(number) = values.binary_search_by(|value| value.as_slice().cmp(bytes))
                        && let Some(found) = found.get_mut(number)
                    {
                        *found = true;
                    }
                    false
                });
                found.into_iter().all(|found| found)
            }
            Self::Words(field, asked) => {
                let mut present = Vec::new();
                texts_of(schema, *field, fields, |text| present.extend(words(text)));
                asked.iter().all(|asked| present.iter().any(|word| asked.is(word)))
            }
            Self::Substring(field, part) => {
                let mut found = false;
                texts_of(schema, *field, fields, |text| {
                    found |= text.to_lowercase().contains(part.as_str());
                });
                found
            }
            Self::And(conditions) => {
                conditions.iter().all(|condition| condition.means(schema, id_key, fields))
            }
            Self::Or(conditions) => {
                conditions.iter().any(|condition| condition.means(schema, id_key, fields))
            }
            Self::Not(condition) => !condition.means(schema, id_key, fields),
            Self::Custom(predicate) => predicate(fields.body()),
        }
    }

    /// Lists the conditions that must all hold and are equivalent to this one.
    pub(super) fn conjuncts<'c>(&'c self, conjuncts: &mut Vec<&'c Self>) {
        match self {
            Self::All => {}
            Self::And(conditions) => {
                conditions.iter().for_each(|condition| condition.conjuncts(conjuncts));
            }
            condition => conjuncts.push(condition),
        }
    }

    /// Tells whether every matching document has a value in a field.
    pub(super) fn excludes_null(&self, of: FieldRef) -> bool {
        match self {
            Self::Points(field, points) => {
                *field == of && !points.iter().any(|point| is_null(point))
            }
            Self::Within(field, _) | Self::Substring(field, _) => *field == of,
            Self::Each(field, values) => *field == of && values.iter().any(|value| !is_null(value)),
            Self::Words(field, words) => *field == of && !words.is_empty(),
            Self::And(conditions) => conditions.iter().any(|condition| condition.excludes_null(of)),
            _ => false,
        }
    }
}

/// Tells whether an encoded value of a field satisfies a closure. A field without a value counts as
/// null.
fn any_value_of(
    schema: &Schema,
    field: FieldRef,
    fields: &dyn Fields,
    mut satisfies: impl FnMut(&[u8]) -> bool,
) -> bool {
    let (mut bytes, mut any) = (Vec::with_capacity(32), false);
    let mut visit = |value: &Scalar<'_>| {
        bytes.clear();
        if !any && value.encode(&mut bytes) {
            any = satisfies(&bytes);
        }
    };
    if fields.scalars(schema, field, &mut visit).is_err() {
        // A value of an excluded type predates the declared type: treat it as null.
        visit(&Scalar::Json(&Value::Null));
    }
    any
}

/// Visits the texts of a field.
pub(super) fn texts_of(
    schema: &Schema,
    field: FieldRef,
    fields: &dyn Fields,
    mut visit: impl FnMut(&str),
) {
    // As above: a value of an excluded type is not part of the text.
    let _ = fields.scalars(schema, field, &mut |value| {
        if let Scalar::Json(Value::String(text)) = value {
            visit(text);
        }
    });
}

/// Encodes the values that a field is compared with, sorted and without duplicates.
fn points(schema: &Schema, field: FieldRef, values: &[Value]) -> Result<Vec<Vec<u8>>> {
    let points: Result<Vec<_>> =
        values.iter().map(|value| schema.encode_asked(field, value)).collect();
    let mut points = points?;
    points.sort_unstable();
    points.dedup();
    Ok(points)
}

/// Finds a field that has one value.
fn single(schema: &Schema, name: &str) -> Result<FieldRef> {
    let field = schema.field(name)?;
    if schema.has_many(field) {
        return Err(schema.invalid(format!("{name:?} has many values: ask what it contains")));
    }
    Ok(field)
}

/// Checks that a field can be asked for texts.
fn text(schema: &Schema, field: FieldRef) -> Result<FieldRef> {
    schema.check_asked(field, ScalarKind::Text)?;
    Ok(field)
}

/// Finds a multi-valued field.
fn many(schema: &Schema, name: &str) -> Result<FieldRef> {
    let field = schema.field(name)?;
    if !schema.has_many(field) {
        return Err(schema.invalid(format!(
            "{name:?} has one value: ask whether it is that, or one of several"
        )));
    }
    Ok(field)
}

fn is_null(point: &[u8]) -> bool {
    decode_scalar(point).is_ok_and(|value| value.is_null())
}

fn is_null_only(points: &[Vec<u8>]) -> bool {
    matches!(points, [point] if is_null(point))
}

/// The range of all values except null.
fn any_value() -> Span {
    let (low, _) = ScalarKind::Bool.first_bytes();
    let (_, high) = ScalarKind::Bytes.first_bytes();
    Span { start: vec![low], end: Some(vec![high + 1]) }
}

/// The range of the values between two bounds of the same type.
fn span(
    schema: &Schema,
    field: FieldRef,
    lower: &Bound<Value>,
    upper: &Bound<Value>,
) -> Result<Span> {
    let lower = bound(schema, field, lower)?;
    let upper = bound(schema, field, upper)?;
    let kind = |bound: &Bound<Vec<u8>>| match bound {
        Bound::Included(bytes) | Bound::Excluded(bytes) => Some(ScalarKind::of_encoded(bytes)),
        Bound::Unbounded => None,
    };
    let kind = match (kind(&lower), kind(&upper)) {
        (Some(lower), Some(upper)) if lower != upper => {
            let name = schema.field_name(field);
            let reason =
                format!("the bounds of {name:?} must be of one kind: numbers, texts or bools");
            return Err(schema.invalid(reason));
        }
        (Some(kind), _) | (None, Some(kind)) => kind,
        (None, None) => return Ok(any_value()),
    };
    let (low, high) = kind.first_bytes();
    let start = match lower {
        Bound::Included(bytes) => bytes,
        Bound::Excluded(bytes) => after(bytes),
        Bound::Unbounded => vec![low],
    };
    let end = match upper {
        Bound::Included(bytes) => after(bytes),
        Bound::Excluded(bytes) => bytes,
        Bound::Unbounded => vec![high + 1],
    };
    Ok(Span { start, end: Some(end) })
}

/// Encodes a bound of a range.
fn bound(schema: &Schema, field: FieldRef, bound: &Bound<Value>) -> Result<Bound<Vec<u8>>> {
    let encoded = |value: &Value| {
        if value.is_null() {
            let reason = "null cannot bound a range: use a value, or ask what is not null";
            return Err(schema.invalid(reason.to_owned()));
        }
        schema.encode_asked(field, value)
    };
    Ok(match bound {
        Bound::Included(value) => Bound::Included(encoded(value)?),
        Bound::Excluded(value) => Bound::Excluded(encoded(value)?),
        Bound::Unbounded => Bound::Unbounded,
    })
}

/// Returns the first bytes after everything that begins with an encoded value.
fn after(value: Vec<u8>) -> Vec<u8> {
    // An encoded value contains no byte FF, so the end of the prefix always exists.
    prefix_end(&value).unwrap_or(value)
}

fn is_text(ids: &Ids) -> bool {
    matches!(ids, Ids::Chosen | Ids::Slug { .. })
}

/// The range of the keys of documents with ids between two bounds; `None` if ids do not support the
/// comparison.
fn key_span(ids: &Ids, lower: &Bound<Value>, upper: &Bound<Value>) -> Option<Span> {
    let key = |value: &Value| {
        let id = match value {
            Value::String(text) if is_text(ids) => DocId::from(text),
            Value::Number(number) if matches!(ids, Ids::Integer | Ids::ChosenInteger) => {
                DocId::from(number.as_i64()?)
            }
            _ => return None,
        };
        let mut key = Vec::new();
        id.encode(&mut key);
        Some(key)
    };
    let start = match lower {
        Bound::Included(value) => key(value)?,
        Bound::Excluded(value) => successor(&key(value)?),
        Bound::Unbounded => Vec::new(),
    };
    let end = match upper {
        Bound::Included(value) => Some(successor(&key(value)?)),
        Bound::Excluded(value) => Some(key(value)?),
        Bound::Unbounded => None,
    };
    Some(Span { start, end })
}
