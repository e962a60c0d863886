//! JSON bodies with exact integers.
//!
//! In JSON text, an integer beyond 64 bits is written as its digits. A type of the program reads
//! them into its own integer; a [`Value`] has none, and gets an [`Integer`] instead, which is
//! written as digits again. Programs with and without such types can therefore read each other's
//! documents.

use std::any::Any;
use std::fmt;

use arbour_core::{DecodeError, EncodeError};
use serde::de::{DeserializeOwned, DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::Integer;
use crate::AnyResult;
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

/// Converts the text of a body, with exact integers.
pub(super) fn convert(
    bytes: &[u8],
    convert: impl FnOnce(Value) -> AnyResult<Value>,
) -> AnyResult<Vec<u8>> {
    let mut converted = Vec::with_capacity(bytes.len());
    encode(&convert(decode(bytes)?)?, &mut converted)?;
    Ok(converted)
}

/// Decodes the members of an object that have these names, and skips the others, which is quicker than
/// to decode all of it.
pub(super) fn decode_members(bytes: &[u8], names: &[String]) -> Result<Value, DecodeError> {
    let mut text = serde_json::Deserializer::from_slice(bytes);
    match text.deserialize_map(Members(names)) {
        Ok(members) if !may_be_inexact(&members) => Ok(members),
        _ => decode(bytes),
    }
}

/// Reads the members of an object that have certain names.
struct Members<'n>(&'n [String]);

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = object.next_key_seed(Name(self.0))? {
            match name {
                Some(name) => {
                    members.insert(name.to_owned(), object.next_value()?);
                }
                None => object.next_value::<IgnoredAny>().map(drop)?,
            }
        }
        Ok(members.into())
    }
}

/// Reads the name of a member; `None` if it is not one of these.
struct Name<'n>(&'n [String]);

impl<'de, 'n> DeserializeSeed<'de> for Name<'n> {
    type Value = Option<&'n str>;

    fn deserialize<D: Deserializer<'de>>(self, name: D) -> Result<Self::Value, D::Error> {
        name.deserialize_str(self)
    }
}

impl<'n> Visitor<'_> for Name<'n> {
    type Value = Option<&'n str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().find(|wanted| *wanted == name).map(String::as_str))
    }
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
    fn the_named_members_are_decoded_as_with_all_others() {
        let names = ["a".to_owned(), "wide".to_owned()];
        let text = br#"{"skipped": [{"a": 1}, "\u0041"], "\u0061": {"b": [1, 2.5]}, "c": null}"#;
        assert_eq!(decode_members(text, &names).unwrap(), json!({"a": {"b": [1, 2.5]}}));
        let text = br#"{"wide": 340282366920938463463374607431768211455}"#;
        assert_eq!(decode_members(text, &names).unwrap(), decode::<Value>(text).unwrap());
        assert_eq!(decode_members(b"[1]", &names).unwrap(), json!([1]));
        assert!(decode_members(br#"{"a": 1"#, &names).is_err());
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
