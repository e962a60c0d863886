//! Values of fields as bytes that sort as the values do.
//!
//! null < false < true < numbers < text. Numbers of JSON sort by what they are worth, whether they
//! were written as integers or not: the nearest `f64` first, then how far the integer is from it, so
//! that integers of 64 bits keep their order where an `f64` has no bits left for them. `-0.0` is `0`.
//! No value is the beginning of another, and none holds the bytes `FE` and `FF`: they are parts of a
//! [key](crate::key) like any other.

use std::borrow::Cow;

use serde_json::{Number, Value};

use crate::DecodeError;
use crate::key::{KeyPart as _, Ordered};

const NULL: u8 = 0x02;
const FALSE: u8 = 0x03;
const TRUE: u8 = 0x04;
const NUMBER: u8 = 0x05;
const TEXT: u8 = 0x06;

/// The bytes of an `f64` in a key.
const FLOAT_BYTES: usize = 10;

/// What is added to the distance of an integer from its nearest `f64`, which is at most 1,024.
const DISTANCE_ZERO: i128 = 0x1000;

/// The sort of a value: values of one sort are compared with each other, those of two are not.
///
/// ```
/// use arbour_core::documents::ScalarKind;
/// assert_eq!(ScalarKind::of(&serde_json::json!(1.5)), Some(ScalarKind::Number));
/// assert_eq!(ScalarKind::of(&serde_json::json!([])), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScalarKind {
    /// Nothing, or no field at all.
    Null,
    /// True or false.
    Bool,
    /// Any number of JSON.
    Number,
    /// A string.
    Text,
}

impl ScalarKind {
    /// Returns the sort of a value, or `None` for an array or an object, which are no scalars.
    ///
    /// ```
    /// # use arbour_core::documents::ScalarKind;
    /// assert_eq!(ScalarKind::of(&serde_json::Value::Null), Some(ScalarKind::Null));
    /// ```
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(Self::Null),
            Value::Bool(_) => Some(Self::Bool),
            Value::Number(_) => Some(Self::Number),
            Value::String(_) => Some(Self::Text),
            Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Returns the lowest and the highest first byte of values of this sort.
    ///
    /// ```
    /// use arbour_core::documents::{ScalarKind, encode_scalar};
    /// let mut bytes = Vec::new();
    /// encode_scalar(&serde_json::json!("ada"), &mut bytes)?;
    /// let (low, high) = ScalarKind::Text.first_bytes();
    /// assert!((low..=high).contains(&bytes[0]));
    /// # Ok::<(), arbour_core::documents::NotScalar>(())
    /// ```
    #[must_use]
    pub fn first_bytes(self) -> (u8, u8) {
        match self {
            Self::Null => (NULL, NULL),
            Self::Bool => (FALSE, TRUE),
            Self::Number => (NUMBER, NUMBER),
            Self::Text => (TEXT, TEXT),
        }
    }
}

/// An array or an object where a null, a bool, a number or a string is needed.
///
/// ```
/// use arbour_core::documents::encode_scalar;
/// assert!(encode_scalar(&serde_json::json!({}), &mut Vec::new()).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an array or an object is no value of a field")]
pub struct NotScalar;

/// Appends the bytes of a value, which sort as the value does.
///
/// # Errors
/// For arrays and objects; nothing was appended.
///
/// ```
/// use arbour_core::documents::encode_scalar;
/// # use serde_json::json;
/// let bytes = |value| {
///     let mut bytes = Vec::new();
///     encode_scalar(&value, &mut bytes).map(|()| bytes)
/// };
/// assert!(bytes(json!(-1))? < bytes(json!(0.5))?);
/// assert!(bytes(json!(u64::MAX - 1))? < bytes(json!(u64::MAX))?);
/// assert!(bytes(json!("a"))? < bytes(json!("ab"))?);
/// # Ok::<(), arbour_core::documents::NotScalar>(())
/// ```
#[inline]
pub fn encode_scalar(value: &Value, bytes: &mut Vec<u8>) -> Result<(), NotScalar> {
    match value {
        Value::Null => bytes.push(NULL),
        Value::Bool(false) => bytes.push(FALSE),
        Value::Bool(true) => bytes.push(TRUE),
        Value::Number(number) => {
            bytes.push(NUMBER);
            encode_number(number, bytes);
        }
        Value::String(text) => {
            bytes.push(TEXT);
            Ordered(text.as_str()).encode_part(bytes);
        }
        Value::Array(_) | Value::Object(_) => return Err(NotScalar),
    }
    Ok(())
}

/// Appends what the bytes of every text begin with that begins with `beginning`.
///
/// ```
/// use arbour_core::documents::{encode_scalar, encode_text_prefix};
/// let (mut text, mut prefix) = (Vec::new(), Vec::new());
/// encode_scalar(&serde_json::json!("libssl"), &mut text)?;
/// encode_text_prefix("lib", &mut prefix);
/// assert!(text.starts_with(&prefix));
/// # Ok::<(), arbour_core::documents::NotScalar>(())
/// ```
pub fn encode_text_prefix(beginning: &str, bytes: &mut Vec<u8>) {
    bytes.push(TEXT);
    Ordered(beginning).encode_part(bytes);
    // The end of the whole text.
    bytes.pop();
}

fn encode_number(number: &Number, bytes: &mut Vec<u8>) {
    let (float, distance) = match integer(number) {
        Some(integer) => {
            let float = integer as f64;
            (float, integer - float as i128)
        }
        None => (number.as_f64().unwrap_or_default(), 0),
    };
    // Minus zero is zero, so that it is found by it.
    (float + 0.0).encode_part(bytes);
    let distance = (distance + DISTANCE_ZERO) as u16;
    bytes.extend_from_slice(&[(distance >> 7) as u8, (distance & 0x7f) as u8]);
}

fn integer(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

/// Reads what [`encode_scalar`] wrote. A number without a fraction comes back as an integer where
/// one of 64 bits holds it.
///
/// # Errors
/// If they are not the bytes of exactly one value.
///
/// ```
/// use arbour_core::documents::{decode_scalar, encode_scalar};
/// let mut bytes = Vec::new();
/// encode_scalar(&serde_json::json!("ada"), &mut bytes).unwrap();
/// assert_eq!(decode_scalar(&bytes)?, "ada");
/// # Ok::<(), arbour_core::DecodeError>(())
/// ```
pub fn decode_scalar(bytes: &[u8]) -> Result<Value, DecodeError> {
    match bytes.split_first() {
        Some((&NULL, [])) => Ok(Value::Null),
        Some((&FALSE, [])) => Ok(Value::Bool(false)),
        Some((&TRUE, [])) => Ok(Value::Bool(true)),
        Some((&NUMBER, number)) => decode_number(number).map(Value::Number),
        Some((&TEXT, text)) => Ordered::<String>::decode_part(text).map(|text| text.0.into()),
        other => Err(not_scalar(other.map(|(first, _)| *first))),
    }
}

fn not_scalar(first: Option<u8>) -> DecodeError {
    let found: Cow<'static, str> = match first {
        Some(byte) => format!("the first byte {byte:02X}").into(),
        None => "no bytes".into(),
    };
    DecodeError::new("a value of a field", found)
}

fn decode_number(bytes: &[u8]) -> Result<Number, DecodeError> {
    let wrong = || DecodeError::new("12 bytes of a number", format!("{}", bytes.len()));
    let (float, distance) = bytes.split_at_checked(FLOAT_BYTES).ok_or_else(wrong)?;
    let &[high, low] = distance else { return Err(wrong()) };
    if high > 0x7f || low > 0x7f {
        return Err(DecodeError::new("a distance of 14 bits", format!("{high:02X} {low:02X}")));
    }
    let float = f64::decode_part(float)?;
    let distance = i128::from(high) << 7 | i128::from(low);
    // Beyond the integers of 64 bits no distance was written, and the cast stays in its range.
    let integer = float as i128 + (distance - DISTANCE_ZERO);
    if float.fract() == 0.0 {
        if let Ok(integer) = i64::try_from(integer) {
            return Ok(integer.into());
        }
        if let Ok(integer) = u64::try_from(integer) {
            return Ok(integer.into());
        }
    }
    Number::from_f64(float).ok_or_else(|| DecodeError::new("a finite number", float.to_string()))
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn bytes(value: &Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode_scalar(value, &mut bytes).unwrap();
        bytes
    }

    /// Compares by what the numbers are worth, in arithmetic wide enough to be exact.
    fn compare(left: &Value, right: &Value) -> Ordering {
        let number = |value: &Value| match value {
            Value::Number(number) => integer(number).ok_or(number.as_f64().unwrap_or_default()),
            _ => Err(0.0),
        };
        match (left, right) {
            (Value::Number(_), Value::Number(_)) => match (number(left), number(right)) {
                (Ok(left), Ok(right)) => left.cmp(&right),
                (Ok(left), Err(right)) => compare_mixed(left, right),
                (Err(left), Ok(right)) => compare_mixed(right, left).reverse(),
                (Err(left), Err(right)) => left.partial_cmp(&right).unwrap(),
            },
            (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
            (Value::String(left), Value::String(right)) => left.cmp(right),
            _ => ScalarKind::of(left).cmp(&ScalarKind::of(right)),
        }
    }

    fn compare_mixed(integer: i128, float: f64) -> Ordering {
        if float >= 1e30 {
            return Ordering::Less;
        }
        if float <= -1e30 {
            return Ordering::Greater;
        }
        integer
            .cmp(&(float.floor() as i128))
            .then_with(|| if float.fract() == 0.0 { Ordering::Equal } else { Ordering::Less })
    }

    fn scalar() -> impl Strategy<Value = Value> {
        let awkward = prop::sample::select(vec![
            json!(0),
            json!(-0.0),
            json!(0.5),
            json!(-0.5),
            json!(1),
            json!(-1),
            json!(1e300),
            json!(-1e300),
            json!(i64::MIN),
            json!(i64::MAX),
            json!(u64::MAX),
            json!(u64::MAX - 1),
            json!(9_007_199_254_740_992_i64),
            json!(9_007_199_254_740_993_i64),
            json!(9_007_199_254_740_992.0),
            json!(1.844_674_407_370_955_2e19),
            json!(5e-324),
            json!(""),
            json!("\0"),
            json!("a"),
            json!("a\0"),
            json!("ab"),
            json!("\u{1}"),
        ]);
        prop_oneof![
            awkward,
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>()
                .prop_filter("JSON has finite numbers", |float| float.is_finite())
                .prop_map(Value::from),
            (-100i64..100).prop_map(|number| json!(number as f64 / 4.0)),
            ".{0,4}".prop_map(Value::from),
        ]
    }

    proptest! {
        #[test]
        fn bytes_sort_as_values_do(left in scalar(), right in scalar()) {
            prop_assert_eq!(bytes(&left).cmp(&bytes(&right)), compare(&left, &right));
        }

        #[test]
        fn values_come_back(value in scalar()) {
            let bytes = bytes(&value);
            let back = decode_scalar(&bytes).unwrap();
            prop_assert_eq!(compare(&value, &back), Ordering::Equal);
            prop_assert!(bytes.iter().all(|byte| *byte < 0xfe));
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..16)) {
            let _ = decode_scalar(&bytes);
        }

        #[test]
        fn a_prefix_is_that_of_the_texts_that_begin_so(text in ".{0,4}", start in ".{0,2}") {
            let mut prefix = Vec::new();
            encode_text_prefix(&start, &mut prefix);
            let is_prefix = bytes(&json!(text)).starts_with(&prefix);
            prop_assert_eq!(is_prefix, text.starts_with(&start));
        }
    }

    #[test]
    fn the_bytes_are_those_of_old() {
        assert_eq!(bytes(&Value::Null), [0x02]);
        assert_eq!(bytes(&json!(true)), [0x04]);
        assert_eq!(bytes(&json!("a\0b")), b"\x06a\x01\x01b\x00");
        let one = [0x05, 0x01, 0x3f, 0x78, 0, 0, 0, 0, 0, 0, 0, 0x20, 0];
        assert_eq!(bytes(&json!(1)), one);
        assert_eq!(bytes(&json!(1.0)), one);
    }
}
