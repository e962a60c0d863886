//! JSON bodies with exact integers.
//!
//! In JSON text, an integer beyond 64 bits is written as its digits. A type of the program reads
//! them into its own integer; a [`Value`] has none, and gets an [`Integer`] instead, which is
//! written as digits again. Programs with and without such types can therefore read each other's
//! documents.

use std::any::Any;

use arbour_core::{DecodeError, EncodeError};
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Integer;
use crate::codec::{Codec as _, Json, write_json};

/// From this magnitude on, a JSON number may be an integer that does not fit 64 bits.
const WIDE: f64 = 9_223_372_036_854_775_808.0;

pub(super) fn encode<D: Serialize + DeserializeOwned + 'static>(
    body: &D,
    bytes: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    match (body as &dyn Any).downcast_ref::<Value>() {
        Some(json) => write_json(&Exact(json), bytes).map(drop),
        None => Json::encode(body, bytes),
    }
}

pub(super) fn decode<D: Serialize + DeserializeOwned + 'static>(
    bytes: &[u8],
) -> Result<D, DecodeError> {
    let body: D = Json::decode(bytes)?;
    let json = (&body as &dyn Any).downcast_ref::<Value>();
    if json.is_some_and(may_be_inexact)
        && let Some(text) = with_integers(bytes)
    {
        return Json::decode(&text);
    }
    Ok(body)
}

/// JSON that writes integers beyond 64 bits as digits.
struct Exact<'v>(&'v Value);

impl Serialize for Exact<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(elements) => serializer.collect_seq(elements.iter().map(Exact)),
            Value::Object(members) => match Integer::of(self.0) {
                Some(integer) => match integer.as_i128() {
                    Some(signed) => serializer.serialize_i128(signed),
                    None => serializer.serialize_u128(integer.magnitude()),
                },
                None => {
                    let members = members.iter().map(|(name, value)| (name, Exact(value)));
                    serializer.collect_map(members)
                }
            },
            scalar => scalar.serialize(serializer),
        }
    }
}

/// Tells whether a number may have been an integer with more digits than it has now.
fn may_be_inexact(json: &Value) -> bool {
    match json {
        Value::Number(number) => {
            number.is_f64() && number.as_f64().is_some_and(|float| float.abs() >= WIDE)
        }
        Value::Array(elements) => elements.iter().any(may_be_inexact),
        Value::Object(members) => members.values().any(may_be_inexact),
        _ => false,
    }
}

/// Rewrites valid JSON with an [`Integer`] for each integer that does not fit 64 bits; `None` if
/// there is none.
fn with_integers(text: &[u8]) -> Option<Vec<u8>> {
    let is_of_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    let mut written = Vec::with_capacity(text.len() + 64);
    let mut rest = text;
    let mut any = false;
    while let Some((&first, after)) = rest.split_first() {
        let length = match first {
            b'"' => 1 + string_length(after),
            b'-' | b'0'..=b'9' => rest.iter().take_while(|byte| is_of_number(byte)).count(),
            _ => 1,
        };
        let (token, next) = rest.split_at_checked(length)?;
        let digits = std::str::from_utf8(token).ok();
        let integer = digits.and_then(Integer::wide).map(Value::from);
        match integer {
            Some(integer) => {
                any = true;
                written.extend_from_slice(integer.to_string().as_bytes());
            }
            None => written.extend_from_slice(token),
        }
        rest = next;
    }
    any.then_some(written)
}

/// Returns the length of a string after its opening quote, including the closing one.
fn string_length(text: &[u8]) -> usize {
    let mut is_escaped = false;
    let end = text.iter().position(|byte| {
        let is_end = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |end| end + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_program_without_types_reads_what_one_with_types_wrote_and_the_other_way_round() {
        let typed =
            ("a \"340282366920938463463374607431768211455\\".to_owned(), u128::MAX, i128::MIN);
        let mut text = Vec::new();
        encode(&typed, &mut text).unwrap();
        let json: Value = decode(&text).unwrap();
        let (most, least) =
            (Value::from(Integer::from(u128::MAX)), Value::from(Integer::from(i128::MIN)));
        let expected = json!([typed.0, most, least]);
        assert_eq!(json, expected);
        let mut again = Vec::new();
        encode(&json, &mut again).unwrap();
        assert_eq!(again, text);
        assert_eq!(decode::<(String, u128, i128)>(&again).unwrap(), typed);
    }

    #[test]
    fn integers_beyond_128_bits_are_floats_as_all_readers_of_json_have_it() {
        let json: Value = decode(b"[1000000000000000000000000000000000000000]").unwrap();
        assert_eq!(json, json!([1e39]));
    }

    proptest! {
        #[test]
        fn any_text_and_number_is_kept(text in ".{0,20}", float in any::<f64>(), wide: u128) {
            let float = if float.is_finite() { float } else { 1e300 };
            let json = json!({ (text.clone()): [text, float], "n": Value::from(Integer::from(wide)) });
            let mut bytes = Vec::new();
            encode(&json, &mut bytes).unwrap();
            prop_assert_eq!(decode::<Value>(&bytes).unwrap(), json);
        }
    }
}
