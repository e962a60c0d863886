//! Finding what stands at a path in a document, without turning all of it into JSON.
//!
//! A document is given to a serializer that follows the path: it looks at the names of members, goes
//! into the one that leads on, and passes over the others. So a field of a type of the program's costs
//! a comparison for each member before it, whatever the codec of the body.

use std::any::Any;

use serde::Serialize;
use serde::ser::{
    Error as _, Impossible, SerializeMap, SerializeStruct, SerializeStructVariant, Serializer,
};
use serde_json::{Error, Value};

/// Returns what stands at a path in a document, as JSON; null if there is nothing. So it is in an array,
/// and where a document cannot be serialized, which encoding its body finds out.
pub(super) fn at<D: Serialize + 'static>(document: &D, path: &[String]) -> Value {
    if let Some(json) = (document as &dyn Any).downcast_ref::<Value>() {
        let found = path.iter().try_fold(json, |value, name| value.get(name));
        return found.cloned().unwrap_or_default();
    }
    descend(document, path).ok().flatten().unwrap_or_default()
}

fn descend<T: Serialize + ?Sized>(value: &T, path: &[String]) -> Result<Option<Value>, Error> {
    match path.split_first() {
        None => serde_json::to_value(value).map(Some),
        Some((name, rest)) => value.serialize(Follow { name, rest }),
    }
}

/// Follows a path into a value.
struct Follow<'p> {
    name: &'p str,
    rest: &'p [String],
}

/// Looks at the members of an object.
struct Members<'p> {
    name: &'p str,
    rest: &'p [String],
    found: Option<Value>,
    /// Whether the key that was read last is the name.
    is_next: bool,
}

impl<'p> Follow<'p> {
    fn members(self) -> Members<'p> {
        Members { name: self.name, rest: self.rest, found: None, is_next: false }
    }
}

impl Members<'_> {
    fn look<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Error> {
        if name == self.name {
            self.found = descend(value, self.rest)?;
        }
        Ok(())
    }
}

/// What is no object has no members.
macro_rules! has_no_members {
    ($($method:ident $type:ty),* $(,)?) => {$(
        fn $method(self, _: $type) -> Result<Option<Value>, Error> {
            Ok(None)
        }
    )*};
}

impl<'p> Serializer for Follow<'p> {
    type Ok = Option<Value>;
    type Error = Error;
    type SerializeSeq = Impossible<Option<Value>, Error>;
    type SerializeTuple = Impossible<Option<Value>, Error>;
    type SerializeTupleStruct = Impossible<Option<Value>, Error>;
    type SerializeTupleVariant = Impossible<Option<Value>, Error>;
    type SerializeMap = Members<'p>;
    type SerializeStruct = Members<'p>;
    type SerializeStructVariant = Variant<'p>;

    has_no_members! {
        serialize_bool bool, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32,
        serialize_i64 i64, serialize_u8 u8, serialize_u16 u16, serialize_u32 u32,
        serialize_u64 u64, serialize_f32 f32, serialize_f64 f64, serialize_char char,
        serialize_str &str, serialize_bytes &[u8], serialize_unit_struct &'static str,
    }

    fn serialize_none(self) -> Result<Option<Value>, Error> {
        Ok(None)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Option<Value>, Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Option<Value>, Error> {
        Ok(None)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
    ) -> Result<Option<Value>, Error> {
        Ok(None)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Option<Value>, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Option<Value>, Error> {
        if variant == self.name { descend(value, self.rest) } else { Ok(None) }
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Error> {
        Err(no_object())
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Error> {
        Err(no_object())
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        Err(no_object())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Err(no_object())
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members<'p>, Error> {
        Ok(self.members())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members<'p>, Error> {
        Ok(self.members())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Variant<'p>, Error> {
        let inner = match self.rest.split_first() {
            Some((name, rest)) if variant == self.name => Some(Follow { name, rest }.members()),
            _ => None,
        };
        Ok(Variant { inner })
    }
}

/// An array has no members, and its elements are not to be visited to find that out.
fn no_object() -> Error {
    Error::custom("an array has no members")
}

impl SerializeMap for Members<'_> {
    type Ok = Option<Value>;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.is_next = serde_json::to_value(key)?.as_str() == Some(self.name);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        if self.is_next {
            self.found = descend(value, self.rest)?;
        }
        Ok(())
    }

    fn end(self) -> Result<Option<Value>, Error> {
        Ok(self.found)
    }
}

impl SerializeStruct for Members<'_> {
    type Ok = Option<Value>;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.look(name, value)
    }

    fn end(self) -> Result<Option<Value>, Error> {
        Ok(self.found)
    }
}

/// The members of an enum's variant, if the path leads into it.
struct Variant<'p> {
    inner: Option<Members<'p>>,
}

impl SerializeStructVariant for Variant<'_> {
    type Ok = Option<Value>;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.inner.as_mut().map_or(Ok(()), |members| members.look(name, value))
    }

    fn end(self) -> Result<Option<Value>, Error> {
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
            more: BTreeMap::from([("born".into(), json!({"year": 1815}))]),
            square: Shape::Square { side: 6 },
            circle: Shape::Circle(address()),
            dot: Shape::Dot,
        }
    }

    #[test]
    fn a_path_leads_where_it_leads_in_the_json() {
        let json = serde_json::to_value(person()).unwrap();
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
}
