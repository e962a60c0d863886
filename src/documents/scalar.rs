//! Encoding the values of fields to bytes that sort as the values do.
//!
//! null < false < true < numbers < text. Numbers sort by value, whether they were written as
//! integers or not: first the nearest `f64`, then the distance of the integer from it, so that
//! integers keep their order where an `f64` lacks the precision. A distance of up to 2,048, which
//! suffices for 64 bits, takes two bytes; a longer one, which 128-bit integers can have, takes
//! twelve, with a first byte below or above that of all short ones. `-0.0` is `0`. No encoding is a
//! prefix of another, and none contains the bytes `FE` and `FF`: they are parts of a
//! [key](crate::key) like any other.

use std::borrow::Cow;

use arbour_core::DecodeError;
use serde_json::{Number, Value};

use super::Integer;
use crate::key::{KeyPart as _, Ordered};

const NULL: u8 = 0x02;
const FALSE: u8 = 0x03;
const TRUE: u8 = 0x04;
const NUMBER: u8 = 0x05;
const TEXT: u8 = 0x06;

/// The bytes of an `f64` in a key.
const FLOAT_BYTES: usize = 10;

/// Added to a short distance of an integer from its nearest `f64`.
const DISTANCE_ZERO: i128 = 0x1000;

/// The longest distance encoded in two bytes. A 64-bit integer needs at most 1,024.
const SHORT_DISTANCE_MAX: u128 = 0x800;

/// The first byte of a long distance below a float, less than that of all short distances.
const LONG_BELOW: u8 = 0x00;

/// The first byte of a long distance above a float, greater than that of all short distances.
const LONG_ABOVE: u8 = 0x40;

/// The number of seven-bit groups of a long distance: 2^74 fits.
const LONG_GROUPS: u32 = 11;

/// The highest number of that many groups. Distances below a float are subtracted from it, so that
/// the longest sorts first.
const LONG_MAX: u128 = (1 << (7 * LONG_GROUPS)) - 1;

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
        }
    }
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

fn encode_integer(integer: Integer, bytes: &mut Vec<u8>) {
    let (float, distance) = integer.split();
    encode_float(float, distance, bytes);
}

fn encode_float(float: f64, distance: i128, bytes: &mut Vec<u8>) {
    // Adding zero converts -0.0 to 0.0, so that both are found as the same number.
    (float + 0.0).encode_part(bytes);
    let length = distance.unsigned_abs();
    if length <= SHORT_DISTANCE_MAX {
        let distance = (distance + DISTANCE_ZERO) as u16;
        bytes.extend_from_slice(&[(distance >> 7) as u8, (distance & 0x7f) as u8]);
        return;
    }
    let (first, groups) =
        if distance < 0 { (LONG_BELOW, LONG_MAX - length) } else { (LONG_ABOVE, length) };
    bytes.push(first);
    bytes.extend((0..LONG_GROUPS).rev().map(|group| (groups >> (7 * group)) as u8 & 0x7f));
}

/// Decodes the output of [`encode_scalar`]. A number without a fraction becomes a 64-bit integer if
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

fn decode_number(bytes: &[u8]) -> Result<Value, DecodeError> {
    let wrong = || DecodeError::new("a number of 12 or 22 bytes", format!("{}", bytes.len()));
    let (float, distance) = bytes.split_at_checked(FLOAT_BYTES).ok_or_else(wrong)?;
    let float = f64::decode_part(float)?;
    let distance = decode_distance(distance).ok_or_else(wrong)?;
    if let Some(integer) = Integer::joined(float, distance) {
        let value = Value::from(integer);
        if distance != 0 || value.is_number() {
            return Ok(value);
        }
    }
    let number = Number::from_f64(float);
    number.map(Value::Number).ok_or_else(|| DecodeError::new("a finite number", float.to_string()))
}

/// Decodes the distance of an integer above its float.
fn decode_distance(bytes: &[u8]) -> Option<i128> {
    let (&first, rest) = bytes.split_first()?;
    if bytes.iter().any(|byte| *byte > 0x7f) {
        return None;
    }
    if let [low] = rest {
        return Some((i128::from(first) << 7 | i128::from(*low)) - DISTANCE_ZERO);
    }
    if rest.len() != LONG_GROUPS as usize {
        return None;
    }
    let groups = rest.iter().fold(0_u128, |groups, byte| groups << 7 | u128::from(*byte));
    match first {
        LONG_ABOVE => i128::try_from(groups).ok(),
        LONG_BELOW => i128::try_from(LONG_MAX - groups).ok().map(|length| -length),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn bytes(value: &Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        assert!(encode_scalar(value, &mut bytes));
        bytes
    }

    #[test]
    fn an_encoded_text_begins_with_its_prefix() {
        let mut prefix = Vec::new();
        encode_text_prefix("lib", &mut prefix);
        assert!(bytes(&json!("libssl")).starts_with(&prefix));
        assert!(!bytes(&json!("li")).starts_with(&prefix));
    }

    #[test]
    fn the_first_byte_tells_the_kind() {
        for (value, kind) in [
            (json!(null), Some(ScalarKind::Null)),
            (json!(true), Some(ScalarKind::Bool)),
            (json!(1.5), Some(ScalarKind::Number)),
            (json!("ada"), Some(ScalarKind::Text)),
            (json!([]), None),
        ] {
            assert_eq!(ScalarKind::of(&value), kind, "{value}");
            if let Some((low, high)) = kind.map(ScalarKind::first_bytes) {
                assert!((low..=high).contains(&bytes(&value)[0]), "{value}");
            }
        }
    }

    /// Compares numbers by value, in arithmetic wide enough to be exact.
    fn compare(left: &Value, right: &Value) -> Ordering {
        let is_number = |value| ScalarKind::of(value) == Some(ScalarKind::Number);
        match (left, right) {
            (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
            (Value::String(left), Value::String(right)) => left.cmp(right),
            _ if is_number(left) && is_number(right) => worth(left).cmp(&worth(right)),
            _ => ScalarKind::of(left).cmp(&ScalarKind::of(right)),
        }
    }

    /// Returns the whole part of a number, rounded down, in limbs, and the fraction above it.
    fn worth(value: &Value) -> (bool, Vec<i64>) {
        let digits = match Integer::of(value) {
            Some(integer) => format!("{integer}.0"),
            None => format!("{:.1080}", value.as_f64().unwrap()),
        };
        let (is_negative, digits) = match digits.strip_prefix('-') {
            Some(digits) => (true, digits.to_owned()),
            None => (false, digits),
        };
        let (whole, fraction) = digits.split_once('.').unwrap();
        let all = format!("{whole:0>400}{fraction:0<1080}");
        let is_zero = all.bytes().all(|digit| digit == b'0');
        let sign = if is_negative { -1 } else { 1 };
        let digits = all.bytes().map(|digit| sign * i64::from(digit - b'0')).collect();
        (!is_negative || is_zero, digits)
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
            any::<i128>().prop_map(|wide| Integer::from(wide).into()),
            any::<u128>().prop_map(|wide| Integer::from(wide).into()),
            (0_u32..128, -3000_i128..3000).prop_map(|(power, distance)| {
                Integer::from((1_u128 << power).saturating_add_signed(distance)).into()
            }),
            (0_u32..127).prop_map(|power| json!((1_u128 << power) as f64)),
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

    #[test]
    fn integers_of_128_bits_are_exact_to_the_last() {
        let edges = [
            i128::MIN.into(),
            (i128::MIN + 1).into(),
            (-(1_i128 << 100) - 1).into(),
            (-(1_i128 << 100)).into(),
            i128::from(i64::MIN).into(),
            0_i128.into(),
            Integer::from(u64::MAX as u128),
            (u64::MAX as u128 + 1).into(),
            (u64::MAX as u128 + 2).into(),
            (u128::MAX / 2).into(),
            (u128::MAX / 2 + 1).into(),
            (u128::MAX - 1).into(),
            u128::MAX.into(),
        ];
        for (place, left) in edges.iter().enumerate() {
            for (other, right) in edges.iter().enumerate() {
                let (left, right) = (bytes(&(*left).into()), bytes(&(*right).into()));
                assert_eq!(left.cmp(&right), place.cmp(&other), "{place} and {other}");
            }
            let read = decode_scalar(&bytes(&(*left).into())).unwrap();
            assert_eq!(bytes(&read), bytes(&(*left).into()), "{left}");
        }
    }
}
