//! A serializer that follows a path into a value.
//!
//! It compares the names of members, descends into the matching one, and skips the others. Reading a
//! field of a Rust type therefore costs one comparison for each member before it, whatever the codec of
//! the body.

use std::fmt::{self, Display};

use serde::Serialize;
use serde::ser::{
    Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::Value;

use super::json::json_key;
use super::steps::{EACH, add};
use super::to_json;

/// Why following a path stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// The path leads into an array, which has no members; its elements are not visited.
    Array,
    Failed(String),
}

impl serde::ser::Error for Stop {
    fn custom<T: Display>(reason: T) -> Self {
        Self::Failed(reason.to_string())
    }
}

impl std::error::Error for Stop {}

impl Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Array => f.write_str("an array has no members"),
            Self::Failed(reason) => f.write_str(reason),
        }
    }
}

/// Returns what is at a path in a value, if anything is.
pub(super) fn descend<T: Serialize + ?Sized>(
    value: &T,
    path: &[String],
) -> Result<Option<Value>, Stop> {
    match path.split_first() {
        None => to_json("", value).map(Some).map_err(Stop::custom),
        Some((name, rest)) => value.serialize(Follow { name, rest }),
    }
}

/// Follows a path into a value.
struct Follow<'p> {
    name: &'p str,
    rest: &'p [String],
}

/// Compares the members of an object with the next name of the path.
struct Members<'p> {
    name: &'p str,
    rest: &'p [String],
    found: Option<Value>,
    /// Whether the last key read is the name.
    is_next: bool,
}

/// Follows the rest of a path into each element of an array.
struct Elements<'p> {
    rest: &'p [String],
    values: Vec<Value>,
}

impl<'p> Follow<'p> {
    fn members(self) -> Members<'p> {
        Members { name: self.name, rest: self.rest, found: None, is_next: false }
    }

    fn elements(self) -> Result<Elements<'p>, Stop> {
        if self.name == EACH {
            return Ok(Elements { rest: self.rest, values: Vec::new() });
        }
        Err(Stop::Array)
    }
}

impl Elements<'_> {
    fn look<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), Stop> {
        match descend(element, self.rest) {
            Ok(found) => add(found.unwrap_or_default(), self.rest, &mut self.values),
            // Only this element has an array where the path has a member.
            Err(Stop::Array) => {}
            Err(failed) => return Err(failed),
        }
        Ok(())
    }
}

impl Members<'_> {
    fn look<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Stop> {
        // A member may have the name that means each element.
        if name == self.name && name != EACH {
            self.found = descend(value, self.rest)?;
        }
        Ok(())
    }
}

/// Values other than objects have no members.
macro_rules! has_no_members {
    ($($method:ident $type:ty),* $(,)?) => {$(
        fn $method(self, _: $type) -> Result<Option<Value>, Stop> {
            Ok(None)
        }
    )*};
}

impl<'p> Serializer for Follow<'p> {
    type Ok = Option<Value>;
    type Error = Stop;
    type SerializeSeq = Elements<'p>;
    type SerializeTuple = Elements<'p>;
    type SerializeTupleStruct = Elements<'p>;
    type SerializeTupleVariant = Elements<'p>;
    type SerializeMap = Members<'p>;
    type SerializeStruct = Members<'p>;
    type SerializeStructVariant = Variant<'p>;

    has_no_members! {
        serialize_bool bool, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32,
        serialize_i64 i64, serialize_u8 u8, serialize_u16 u16, serialize_u32 u32,
        serialize_u64 u64, serialize_i128 i128, serialize_u128 u128, serialize_f32 f32, serialize_f64 f64, serialize_char char,
        serialize_str &str, serialize_unit_struct &'static str,
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Option<Value>, Stop> {
        let is_each = self.name == EACH && self.rest.is_empty();
        Ok(is_each.then(|| bytes.into()))
    }

    fn serialize_none(self) -> Result<Option<Value>, Stop> {
        Ok(None)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Option<Value>, Stop> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Option<Value>, Stop> {
        Ok(None)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
    ) -> Result<Option<Value>, Stop> {
        Ok(None)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Option<Value>, Stop> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Option<Value>, Stop> {
        let is_next = variant == self.name && variant != EACH;
        if is_next { descend(value, self.rest) } else { Ok(None) }
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Elements<'p>, Stop> {
        self.elements()
    }

    fn serialize_tuple(self, _: usize) -> Result<Elements<'p>, Stop> {
        self.elements()
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Elements<'p>, Stop> {
        self.elements()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Elements<'p>, Stop> {
        // The array is the member of an object that is named after the variant.
        match self.rest.split_first() {
            Some((name, rest)) if variant == self.name => Follow { name, rest }.elements(),
            _ => Err(Stop::Array),
        }
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members<'p>, Stop> {
        Ok(self.members())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members<'p>, Stop> {
        Ok(self.members())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Variant<'p>, Stop> {
        let inner = match self.rest.split_first() {
            Some((name, rest)) if variant == self.name && variant != EACH => {
                Some(Follow { name, rest }.members())
            }
            _ => None,
        };
        Ok(Variant { inner })
    }
}

macro_rules! elements {
    ($($trait:ident $method:ident),* $(,)?) => {$(
        impl $trait for Elements<'_> {
            type Ok = Option<Value>;
            type Error = Stop;

            fn $method<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), Stop> {
                self.look(element)
            }

            fn end(self) -> Result<Option<Value>, Stop> {
                Ok(Some(self.values.into()))
            }
        }
    )*};
}

elements! {
    SerializeSeq serialize_element, SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field, SerializeTupleVariant serialize_field,
}

impl SerializeMap for Members<'_> {
    type Ok = Option<Value>;
    type Error = Stop;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Stop> {
        let key = json_key(key)
            .ok_or_else(|| Stop::custom("a path through keys that JSON has no text for"))?;
        self.is_next = key == self.name && key != EACH;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        if self.is_next {
            self.found = descend(value, self.rest)?;
        }
        Ok(())
    }

    fn end(self) -> Result<Option<Value>, Stop> {
        Ok(self.found)
    }
}

impl SerializeStruct for Members<'_> {
    type Ok = Option<Value>;
    type Error = Stop;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        self.look(name, value)
    }

    fn end(self) -> Result<Option<Value>, Stop> {
        Ok(self.found)
    }
}

/// The members of an enum variant, if the path leads into it.
struct Variant<'p> {
    inner: Option<Members<'p>>,
}

impl SerializeStructVariant for Variant<'_> {
    type Ok = Option<Value>;
    type Error = Stop;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        self.inner.as_mut().map_or(Ok(()), |members| members.look(name, value))
    }

    fn end(self) -> Result<Option<Value>, Stop> {
        Ok(self.inner.and_then(|members| members.found))
    }
}
