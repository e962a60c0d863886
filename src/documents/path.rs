//! Reading the value at a path in a document without converting all of it to JSON.
//!
//! The document is serialized into a serializer that follows the path. It compares the names of
//! members, descends into the matching one, and skips the others. Reading a field of a Rust type
//! therefore costs one comparison for each member before it, whatever the codec of the body.

use std::any::Any;
use std::fmt::{self, Display};

use serde::Serialize;
use serde::ser::{
    Error as _, Impossible, SerializeMap, SerializeStruct, SerializeStructVariant, Serializer,
};
use serde_json::{Map, Value};

use super::json::json_key;
use super::to_json;

/// The member that marks an object as an unreadable value, which no field allows.
const ERROR: &str = "$error";

/// Returns the value at a path in a document as JSON. It is null if nothing is there or an array is
/// in the way. If the path leads through something that JSON cannot represent, it is an object that
/// says so, which no field allows.
pub(super) fn at<D: Serialize + 'static>(document: &D, path: &[String]) -> Value {
    if let Some(json) = (document as &dyn Any).downcast_ref::<Value>() {
        let found = path.iter().try_fold(json, |value, name| value.get(name));
        return found.cloned().unwrap_or_default();
    }
    match descend(document, path) {
        Ok(found) => found.unwrap_or_default(),
        Err(Stop::Array) => Value::Null,
        Err(Stop::Failed(reason)) => Map::from_iter([(ERROR.to_owned(), reason.into())]).into(),
    }
}

/// Why following a path stopped.
#[derive(Debug)]
enum Stop {
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

fn descend<T: Serialize + ?Sized>(value: &T, path: &[String]) -> Result<Option<Value>, Stop> {
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

impl<'p> Follow<'p> {
    fn members(self) -> Members<'p> {
        Members { name: self.name, rest: self.rest, found: None, is_next: false }
    }
}

impl Members<'_> {
    fn look<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Stop> {
        if name == self.name {
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
    type SerializeSeq = Impossible<Option<Value>, Stop>;
    type SerializeTuple = Impossible<Option<Value>, Stop>;
    type SerializeTupleStruct = Impossible<Option<Value>, Stop>;
    type SerializeTupleVariant = Impossible<Option<Value>, Stop>;
    type SerializeMap = Members<'p>;
    type SerializeStruct = Members<'p>;
    type SerializeStructVariant = Variant<'p>;

    has_no_members! {
        serialize_bool bool, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32,
        serialize_i64 i64, serialize_u8 u8, serialize_u16 u16, serialize_u32 u32,
        serialize_u64 u64, serialize_i128 i128, serialize_u128 u128, serialize_f32 f32, serialize_f64 f64, serialize_char char,
        serialize_str &str, serialize_bytes &[u8], serialize_unit_struct &'static str,
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
        if variant == self.name { descend(value, self.rest) } else { Ok(None) }
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Stop> {
        Err(Stop::Array)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Stop> {
        Err(Stop::Array)
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Stop> {
        Err(Stop::Array)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Stop> {
        Err(Stop::Array)
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
            Some((name, rest)) if variant == self.name => Some(Follow { name, rest }.members()),
            _ => None,
        };
        Ok(Variant { inner })
    }
}

impl SerializeMap for Members<'_> {
    type Ok = Option<Value>;
    type Error = Stop;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Stop> {
        let key = json_key(key)
            .ok_or_else(|| Stop::custom("a path through keys that JSON has no text for"))?;
        self.is_next = key == self.name;
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    #[derive(Serialize)]
    struct Address {
        city: String,
    }

    #[derive(Serialize)]
    struct Wrapped(Address);

    #[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
    struct Wide(u128);

    #[derive(Serialize)]
    enum Shape {
        Square { side: u32 },
        Circle(Address),
        Dot,
    }

    #[derive(Serialize)]
    struct Person {
        name: &'static str,
        address: Option<Address>,
        wrapped: Wrapped,
        tags: Vec<u32>,
        pair: (u32, u32),
        extra: BTreeMap<String, u32>,
        by_number: BTreeMap<i16, Address>,
        by_char: BTreeMap<char, u8>,
        by_bool: BTreeMap<bool, u8>,
        by_wide: BTreeMap<Wide, u8>,
        ratio: f32,
        #[serde(flatten)]
        more: BTreeMap<String, Value>,
        square: Shape,
        circle: Shape,
        dot: Shape,
    }

    fn person() -> Person {
        let address = || Address { city: "London".into() };
        Person {
            name: "Ada",
            address: Some(address()),
            wrapped: Wrapped(address()),
            tags: vec![1, 2],
            pair: (3, 4),
            extra: BTreeMap::from([("x".into(), 5)]),
            by_number: BTreeMap::from([(-7, address())]),
            by_char: BTreeMap::from([('é', 1)]),
            by_bool: BTreeMap::from([(true, 1)]),
            by_wide: BTreeMap::from([(Wide(u128::MAX), 1)]),
            ratio: 0.1,
            more: BTreeMap::from([("born".into(), json!({"year": 1815}))]),
            square: Shape::Square { side: 6 },
            circle: Shape::Circle(address()),
            dot: Shape::Dot,
        }
    }

    #[test]
    fn a_path_leads_where_it_leads_in_the_json() {
        let json = serde_json::to_string(&person()).unwrap();
        let json: Value = serde_json::from_str(&json).unwrap();
        let lookup = |path: &[String]| {
            path.iter().try_fold(&json, |value, name| value.get(name)).cloned().unwrap_or_default()
        };
        for (path, is_there) in [
            ("name", true),
            ("address.city", true),
            ("wrapped.city", true),
            ("tags", true),
            ("extra.x", true),
            ("born.year", true),
            ("by_number.-7.city", true),
            ("by_char.é", true),
            ("by_bool.true", true),
            ("by_wide.340282366920938463463374607431768211455", true),
            ("ratio", true),
            ("by_number.7.city", false),
            ("square.Square.side", true),
            ("circle.Circle.city", true),
            ("dot", true),
            ("nothing", false),
            ("name.length", false),
            ("address.street", false),
            ("square.Circle.side", false),
            ("circle.Square", false),
            ("dot.Dot", false),
        ] {
            let path: Vec<String> = path.split('.').map(str::to_owned).collect();
            let found = at(&person(), &path);
            assert_eq!(found, lookup(&path), "{path:?}");
            assert_eq!(!found.is_null(), is_there, "{path:?}");
            assert_eq!(at(&json, &path), found, "{path:?}");
        }
    }

    #[test]
    fn an_array_has_no_members() {
        for path in ["tags.0", "pair.0"] {
            let path: Vec<String> = path.split('.').map(str::to_owned).collect();
            assert_eq!(at(&person(), &path), Value::Null);
        }
    }

    #[test]
    fn a_path_through_keys_without_a_text_says_so() {
        let by_pair = BTreeMap::from([((1, 2), 3)]);
        let found = at(&by_pair, &["1".to_owned()]);
        assert!(found.to_string().contains("keys that JSON has no text for"), "{found}");
    }
}
