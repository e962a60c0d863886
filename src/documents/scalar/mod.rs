//! The values of fields, and bytes that sort as they do.
//!
//! null < false < true < numbers < text, and after these the values of fields whose
//! [kind](FieldKind) gives their JSON form a meaning: decimal numbers, timestamps, dates with a time,
//! dates, bytes. Numbers sort by value, whether they were written as integers or not
//! ([number](super::number)). No encoding is a prefix of another, and none contains the bytes `FE` and
//! `FF`: they are parts of a [key](crate::key) like any other.

use std::borrow::Cow;

use arbour_core::DecodeError;
use serde_json::Value;

use super::decimal::Decimal;
use super::number::{decode_integer, decode_number, encode_float, encode_integer};
use super::{FieldKind, Integer, moment};
use crate::key::{KeyPart as _, Ordered};

const NULL: u8 = 0x02;
const FALSE: u8 = 0x03;
const TRUE: u8 = 0x04;
const NUMBER: u8 = 0x05;
const TEXT: u8 = 0x06;
const DECIMAL: u8 = 0x07;
const TIMESTAMP: u8 = 0x08;
const DATE_TIME: u8 = 0x09;
const DATE: u8 = 0x0a;
const BYTES: u8 = 0x0b;

/// More days than there are between 1970 and any date that has a text.
const DAYS_END: i128 = 400_000_000;

/// The nanoseconds of a day.
const DAY: i128 = 86_400_000_000_000;

/// The type of a value. Only values of the same type are compared with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ScalarKind {
    /// Null, or a missing field.
    Null,
    /// True or false.
    Bool,
    /// A number, including an [`Integer`] beyond 64 bits.
    Number,
    /// A string.
    Text,
    /// A decimal number.
    Decimal,
    /// A moment.
    Timestamp,
    /// A date with a time, but no offset from UTC.
    DateTime,
    /// A date.
    Date,
    /// Bytes.
    Bytes,
}

impl ScalarKind {
    /// Returns the type of a value, or `None` for an array or an object other than an [`Integer`],
    /// which are not scalars.
    #[must_use]
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(Self::Null),
            Value::Bool(_) => Some(Self::Bool),
            Value::Number(_) => Some(Self::Number),
            Value::String(_) => Some(Self::Text),
            Value::Object(_) if Integer::of(value).is_some() => Some(Self::Number),
            Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Returns a noun for this type, for error messages.
    #[must_use]
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a bool",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Decimal => "a decimal number",
            Self::Timestamp => "a timestamp",
            Self::DateTime => "a date with a time",
            Self::Date => "a date",
            Self::Bytes => "bytes",
        }
    }

    /// Returns the type of an encoded value, by its first byte.
    #[must_use]
    pub(super) fn of_encoded(bytes: &[u8]) -> Self {
        match bytes.first() {
            Some(&(FALSE | TRUE)) => Self::Bool,
            Some(&NUMBER) => Self::Number,
            Some(&TEXT) => Self::Text,
            Some(&DECIMAL) => Self::Decimal,
            Some(&TIMESTAMP) => Self::Timestamp,
            Some(&DATE_TIME) => Self::DateTime,
            Some(&DATE) => Self::Date,
            Some(&BYTES) => Self::Bytes,
            _ => Self::Null,
        }
    }

    /// Returns the lowest and the highest first byte of encoded values of this type.
    #[must_use]
    pub(super) fn first_bytes(self) -> (u8, u8) {
        match self {
            Self::Null => (NULL, NULL),
            Self::Bool => (FALSE, TRUE),
            Self::Number => (NUMBER, NUMBER),
            Self::Text => (TEXT, TEXT),
            Self::Decimal => (DECIMAL, DECIMAL),
            Self::Timestamp => (TIMESTAMP, TIMESTAMP),
            Self::DateTime => (DATE_TIME, DATE_TIME),
            Self::Date => (DATE, DATE),
            Self::Bytes => (BYTES, BYTES),
        }
    }
}

/// The value of a field, as its [kind](FieldKind) understands its JSON form.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar<'v> {
    /// It is what JSON has: null, a bool, a number or a text.
    Json(&'v Value),
    Decimal(Decimal),
    /// Nanoseconds from 1970.
    Timestamp(i128),
    /// Nanoseconds from 1970, as if it were in UTC.
    DateTime(i128),
    /// Days from 1970.
    Date(i128),
    Bytes(Vec<u8>),
}

impl<'v> Scalar<'v> {
    /// Reads the value of a field of a kind; `None` if the kind does not allow it.
    pub(super) fn of(kind: FieldKind, value: &'v Value) -> Option<Self> {
        let is_json = match (kind, value) {
            (_, Value::Null) | (FieldKind::Any, Value::Bool(_)) => true,
            (FieldKind::Bool, value) => value.is_boolean(),
            (FieldKind::Integer, value) => Integer::of(value).is_some(),
            (FieldKind::Number, Value::Number(_)) => true,
            (FieldKind::Any, Value::Number(_) | Value::String(_)) => true,
            (FieldKind::Any | FieldKind::Number, value) => Integer::of(value).is_some(),
            (FieldKind::Text, value) => value.is_string(),
            (FieldKind::Decimal, value) => return Decimal::of(value).map(Self::Decimal),
            (FieldKind::Timestamp, value) => return moment::timestamp(value).map(Self::Timestamp),
            (FieldKind::DateTime, value) => return moment::date_time(value).map(Self::DateTime),
            (FieldKind::Date, value) => return moment::date(value).map(Self::Date),
            (FieldKind::Bytes, value) => return bytes_of(value).map(Self::Bytes),
        };
        is_json.then_some(Self::Json(value))
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Json(Value::Null))
    }

    /// Appends the encoding, which sorts as the value does. Returns false, and appends nothing, for
    /// JSON that cannot be the value of a field.
    pub(super) fn encode(&self, bytes: &mut Vec<u8>) -> bool {
        match self {
            Self::Json(value) => return encode_scalar(value, bytes),
            Self::Decimal(decimal) => {
                bytes.push(DECIMAL);
                decimal.encode(bytes);
            }
            Self::Timestamp(nanoseconds) => encode_count(TIMESTAMP, *nanoseconds, bytes),
            Self::DateTime(nanoseconds) => encode_count(DATE_TIME, *nanoseconds, bytes),
            Self::Date(days) => encode_count(DATE, *days, bytes),
            Self::Bytes(content) => {
                bytes.push(BYTES);
                Ordered(content.as_slice()).encode_part(bytes);
            }
        }
        true
    }

    /// Returns the JSON form, which is the same for equal values.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Json(value) => (*value).clone(),
            Self::Decimal(decimal) => decimal.to_string().into(),
            Self::Timestamp(nanoseconds) => moment::timestamp_text(*nanoseconds).into(),
            Self::DateTime(nanoseconds) => moment::date_time_text(*nanoseconds).into(),
            Self::Date(days) => moment::date_text(*days).into(),
            Self::Bytes(bytes) => bytes.as_slice().into(),
        }
    }
}

fn encode_count(kind: u8, count: i128, bytes: &mut Vec<u8>) {
    bytes.push(kind);
    encode_integer(count.into(), bytes);
}

/// Returns the bytes in an array of numbers.
fn bytes_of(value: &Value) -> Option<Vec<u8>> {
    let byte = |number: &Value| u8::try_from(number.as_u64()?).ok();
    value.as_array()?.iter().map(byte).collect()
}

/// Appends the encoding of a value, which sorts as the value does: the bytes of it in an index.
/// Returns false, and appends nothing, for an array or an object, which cannot be the value of a
/// field.
///
/// ```
/// use arbour::documents::encode_scalar;
/// use serde_json::json;
/// let bytes = |value| {
///     let mut bytes = Vec::new();
///     assert!(encode_scalar(&value, &mut bytes));
///     bytes
/// };
/// assert!(bytes(json!(-1)) < bytes(json!(0.5)));
/// assert!(bytes(json!(u64::MAX - 1)) < bytes(json!(u64::MAX)));
/// assert!(bytes(json!("a")) < bytes(json!("ab")));
/// assert!(!encode_scalar(&json!({}), &mut Vec::new()));
/// ```
#[inline]
#[must_use]
pub fn encode_scalar(value: &Value, bytes: &mut Vec<u8>) -> bool {
    match value {
        Value::Null => bytes.push(NULL),
        Value::Bool(false) => bytes.push(FALSE),
        Value::Bool(true) => bytes.push(TRUE),
        Value::Number(number) => {
            bytes.push(NUMBER);
            match Integer::of(value) {
                Some(integer) => encode_integer(integer, bytes),
                None => encode_float(number.as_f64().unwrap_or_default(), 0, bytes),
            }
        }
        Value::String(text) => {
            bytes.push(TEXT);
            Ordered(text.as_str()).encode_part(bytes);
        }
        Value::Object(_) => {
            let Some(integer) = Integer::of(value) else { return false };
            bytes.push(NUMBER);
            encode_integer(integer, bytes);
        }
        Value::Array(_) => return false,
    }
    true
}

/// Appends the bytes with which every encoded text begins that starts with `beginning`.
pub(super) fn encode_text_prefix(beginning: &str, bytes: &mut Vec<u8>) {
    bytes.push(TEXT);
    Ordered(beginning).encode_part(bytes);
    // Remove the terminator of the whole text.
    bytes.pop();
}

/// Decodes the output of [`encode_scalar`] or [`Scalar::encode`] to the JSON form. A number without a fraction becomes a 64-bit integer if
/// it fits; otherwise a float if that represents it exactly, or an [`Integer`].
///
/// # Errors
/// A [`DecodeError`] if the bytes are not exactly one value.
pub(super) fn decode_scalar(bytes: &[u8]) -> Result<Value, DecodeError> {
    match bytes.split_first() {
        Some((&NULL, [])) => Ok(Value::Null),
        Some((&FALSE, [])) => Ok(Value::Bool(false)),
        Some((&TRUE, [])) => Ok(Value::Bool(true)),
        Some((&NUMBER, number)) => decode_number(number),
        Some((&TEXT, text)) => Ordered::<String>::decode_part(text).map(|text| text.0.into()),
        Some((&DECIMAL, decimal)) => Ok(Scalar::Decimal(Decimal::decode(decimal)?).to_json()),
        Some((&TIMESTAMP, count)) => {
            Ok(Scalar::Timestamp(decode_count(count, DAYS_END * DAY)?).to_json())
        }
        Some((&DATE_TIME, count)) => {
            Ok(Scalar::DateTime(decode_count(count, DAYS_END * DAY)?).to_json())
        }
        Some((&DATE, count)) => Ok(Scalar::Date(decode_count(count, DAYS_END)?).to_json()),
        Some((&BYTES, bytes)) => {
            Ok(Scalar::Bytes(Ordered::<Vec<u8>>::decode_part(bytes)?.0).to_json())
        }
        other => Err(not_scalar(other.map(|(first, _)| *first))),
    }
}

/// Reads a count of nanoseconds or days, which is less than `end` on either side of zero.
fn decode_count(bytes: &[u8], end: i128) -> Result<i128, DecodeError> {
    let count = decode_integer(bytes)?;
    if (-end..end).contains(&count) {
        return Ok(count);
    }
    Err(DecodeError::new("a time or a date", format!("the number {count}")))
}

fn not_scalar(first: Option<u8>) -> DecodeError {
    let found: Cow<'static, str> = match first {
        Some(byte) => format!("the first byte {byte:02X}").into(),
        None => "no bytes".into(),
    };
    DecodeError::new("a value of a field", found)
}

#[cfg(test)]
mod tests;
