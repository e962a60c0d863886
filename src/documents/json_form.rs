//! The JSON form of a value, for its fields and for errors.
//!
//! It equals the result of reading the value's JSON text, but loses nothing: an `f32` is the number
//! with its shortest digits, as in the text, not the nearest `f64`; an integer beyond 64 bits is an
//! [`Integer`]; a float that JSON cannot represent is an object that no field allows.

use std::fmt::Display;

use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};
use serde::{Serialize, Serializer};
use serde_json::{Error, Map, Value};

use super::Integer;

/// The member that marks an object as a float that JSON cannot represent.
const FLOAT: &str = "$float";

/// The member that holds the reason why a path cannot be followed.
const ERROR: &str = "$error";

type Form = Result<Value, Error>;

/// Returns the JSON form of a value.
///
/// # Errors
/// An error if JSON has no form for the value, for example a map whose keys are not texts, numbers,
/// booleans or characters; errors of the value's own serialization.
pub(super) fn of<T: Serialize + ?Sized>(value: &T) -> Form {
    value.serialize(Former)
}

/// Returns the digits or the name of a number that JSON cannot represent, or why a value cannot be
/// read.
pub(super) fn number(value: &Value) -> Option<String> {
    match value {
        Value::Object(_) if Integer::of(value).is_some() => {
            Integer::of(value).map(|integer| integer.to_string())
        }
        Value::Object(members) if members.len() == 1 => {
            let name = members.get(FLOAT).or_else(|| members.get(ERROR));
            name.and_then(Value::as_str).map(str::to_owned)
        }
        _ => None,
    }
}

/// Finds the first number that JSON cannot represent, and its path.
pub(super) fn find_number(value: &Value) -> Option<(String, String)> {
    if let Some(number) = number(value) {
        return Some((String::new(), number));
    }
    let within = |name: &dyn Display, value: &Value| {
        let (path, number) = find_number(value)?;
        let separator = if path.is_empty() { "" } else { "." };
        Some((format!("{name}{separator}{path}"), number))
    };
    match value {
        Value::Object(members) => members.iter().find_map(|(name, value)| within(name, value)),
        Value::Array(elements) => {
            elements.iter().enumerate().find_map(|(number, value)| within(&number, value))
        }
        _ => None,
    }
}

/// Returns the JSON text of a map key.
pub(super) fn key<K: Serialize + ?Sized>(key: &K) -> Result<String, Error> {
    /// A map of one entry, which lets `serde_json` convert its key.
    struct Entry<'k, K: ?Sized>(&'k K);

    impl<K: Serialize + ?Sized> Serialize for Entry<'_, K> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map([(self.0, ())])
        }
    }

    let map = serde_json::to_value(Entry(key))?;
    let key = map.as_object().and_then(|members| members.keys().next().cloned());
    Ok(key.unwrap_or_default())
}

fn float(float: f64) -> Value {
    match serde_json::Number::from_f64(float) {
        Some(number) => number.into(),
        None => Map::from_iter([(FLOAT.to_owned(), float.to_string().into())]).into(),
    }
}

/// The serializer that builds the JSON form of a value.
struct Former;

/// The elements of an array, with the name of the variant it belongs to, if any.
struct Elements {
    elements: Vec<Value>,
    variant: Option<&'static str>,
}

/// The members of an object, with the name of the variant it belongs to, if any.
struct Members {
    members: Map<String, Value>,
    key: String,
    variant: Option<&'static str>,
}

fn named(variant: Option<&'static str>, value: Value) -> Value {
    match variant {
        Some(variant) => Map::from_iter([(variant.to_owned(), value)]).into(),
        None => value,
    }
}

impl Elements {
    fn new(length: usize, variant: Option<&'static str>) -> Self {
        // A type may report any length, so do not trust it.
        const RESERVED_MAX: usize = 1024;
        Self { elements: Vec::with_capacity(length.min(RESERVED_MAX)), variant }
    }
}

impl Members {
    fn new(variant: Option<&'static str>) -> Self {
        Self { members: Map::new(), key: String::new(), variant }
    }
}

macro_rules! formed {
    ($($method:ident $type:ty),* $(,)?) => {$(
        fn $method(self, value: $type) -> Form {
            Ok(value.into())
        }
    )*};
}

impl Serializer for Former {
    type Ok = Value;
    type Error = Error;
    type SerializeSeq = Elements;
    type SerializeTuple = Elements;
    type SerializeTupleStruct = Elements;
    type SerializeTupleVariant = Elements;
    type SerializeMap = Members;
    type SerializeStruct = Members;
    type SerializeStructVariant = Members;

    formed! {
        serialize_bool bool, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32,
        serialize_i64 i64, serialize_u8 u8, serialize_u16 u16, serialize_u32 u32,
        serialize_u64 u64, serialize_str &str,
    }

    fn serialize_i128(self, value: i128) -> Form {
        Ok(Integer::from(value).into())
    }

    fn serialize_u128(self, value: u128) -> Form {
        Ok(Integer::from(value).into())
    }

    fn serialize_f32(self, value: f32) -> Form {
        // The shortest digits of an `f32` are a different number as an `f64`. If two are equally
        // short and near, the digits of the text count.
        let digits = serde_json::to_string(&value)?;
        Ok(float(digits.parse().unwrap_or(f64::from(value))))
    }

    fn serialize_f64(self, value: f64) -> Form {
        Ok(float(value))
    }

    fn serialize_char(self, value: char) -> Form {
        Ok(value.to_string().into())
    }

    fn serialize_bytes(self, value: &[u8]) -> Form {
        Ok(value.into())
    }

    fn serialize_none(self) -> Form {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Form {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Form {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Form {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Form {
        Ok(variant.into())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Form {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Form {
        Ok(named(Some(variant), of(value)?))
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Elements, Error> {
        Ok(Elements::new(length.unwrap_or_default(), None))
    }

    fn serialize_tuple(self, length: usize) -> Result<Elements, Error> {
        Ok(Elements::new(length, None))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Elements, Error> {
        Ok(Elements::new(length, None))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Elements, Error> {
        Ok(Elements::new(length, Some(variant)))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members, Error> {
        Ok(Members::new(None))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members, Error> {
        Ok(Members::new(None))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Members, Error> {
        Ok(Members::new(Some(variant)))
    }
}

macro_rules! elements {
    ($($trait:ident $method:ident),* $(,)?) => {$(
        impl $trait for Elements {
            type Ok = Value;
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.elements.push(of(value)?);
                Ok(())
            }

            fn end(self) -> Form {
                Ok(named(self.variant, self.elements.into()))
            }
        }
    )*};
}

elements! {
    SerializeSeq serialize_element, SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field, SerializeTupleVariant serialize_field,
}

macro_rules! members {
    ($($trait:ident),* $(,)?) => {$(
        impl $trait for Members {
            type Ok = Value;
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Error> {
                self.members.insert(name.to_owned(), of(value)?);
                Ok(())
            }

            fn end(self) -> Form {
                Ok(named(self.variant, self.members.into()))
            }
        }
    )*};
}

members! { SerializeStruct, SerializeStructVariant }

impl SerializeMap for Members {
    type Ok = Value;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), Error> {
        self.key = key(name)?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let key = std::mem::take(&mut self.key);
        self.members.insert(key, of(value)?);
        Ok(())
    }

    fn end(self) -> Form {
        Ok(named(self.variant, self.members.into()))
    }
}
