//! Refusing at the write what could not be read again.
//!
//! A value is written through a serializer that passes everything on to the one of the format. On the
//! way it counts how deep the value is nested, and looks for what the format would lose. Where it
//! refuses, the members and elements around the place add their names while the error goes up, so
//! that a value that is accepted pays for no path.

use std::cell::{Cell, RefCell};
use std::fmt::{self, Display};

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::EncodeError;
use crate::Limits;

/// What a format cannot give back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loses {
    /// NaN, infinities, and an option with a null in it: JSON writes null for all of them.
    #[cfg(feature = "json")]
    NullLike,
    /// Skipped fields: bincode finds fields by their order alone.
    #[cfg(feature = "bincode")]
    SkippedFields,
}

/// What was found while a value was written.
pub(super) struct Check {
    loses: Loses,
    refusal: RefCell<Option<Refusal>>,
    must_be_read: Cell<bool>,
}

struct Refusal {
    reason: String,
    /// The names of the members and the numbers of the elements that lead to the place, innermost
    /// first.
    path: Vec<String>,
}

impl Check {
    pub(super) fn new(loses: Loses) -> Self {
        Self { loses, refusal: RefCell::default(), must_be_read: Cell::new(false) }
    }

    /// Tells whether only reading tells that the value can be read: it has an integer of 128 bits, or a
    /// map whose keys are no texts. Types that serde reads by way of its own buffer, such
    /// as flattened and untagged ones, cannot read these again.
    #[cfg(feature = "json")]
    pub(super) fn must_be_read(&self) -> bool {
        self.must_be_read.get()
    }

    /// Wraps a value so that it is checked while it is written.
    pub(super) fn value<'c, T: ?Sized>(&'c self, value: &'c T) -> Checked<'c, T> {
        Checked { value, check: self, place: Place::default() }
    }

    /// Builds the error for a value that was not written: what was refused here, or else what the
    /// format says.
    #[cold]
    pub(super) fn error<E: std::error::Error + Send + Sync + 'static>(
        self,
        cause: E,
    ) -> EncodeError {
        let reason = match self.refusal.into_inner() {
            Some(Refusal { reason, path }) if path.is_empty() => reason,
            Some(Refusal { reason, path }) => {
                let path: Vec<&str> = path.iter().rev().map(String::as_str).collect();
                format!("{:?} {reason}", path.join("."))
            }
            None => cause.to_string(),
        };
        EncodeError::new(reason).with_source(cause)
    }

    #[cold]
    fn refuse<E: serde::ser::Error>(&self, reason: String) -> E {
        let error = E::custom(&reason);
        *self.refusal.borrow_mut() = Some(Refusal { reason, path: Vec::new() });
        error
    }

    /// Adds to a refusal what leads to its place.
    #[cold]
    fn within(&self, name: impl Display) {
        if let Some(refusal) = self.refusal.borrow_mut().as_mut() {
            refusal.path.push(name.to_string());
        }
    }
}

/// Where a value stands.
#[derive(Clone, Copy, Default)]
struct Place {
    /// How many arrays and objects are around it in JSON.
    depth: usize,
    is_in_some: bool,
    /// Whether it is the key of a map.
    is_key: bool,
}

/// A value that is checked while it is written.
pub(super) struct Checked<'c, T: ?Sized> {
    value: &'c T,
    check: &'c Check,
    place: Place,
}

impl<T: Serialize + ?Sized> Serialize for Checked<'_, T> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Checking { below: serializer, check: self.check, place: self.place })
    }
}

/// Passes on what is written to the serializer of the format.
struct Checking<'c, S> {
    below: S,
    check: &'c Check,
    place: Place,
}

/// The inside of an array or an object.
struct Inside<'c, S> {
    below: S,
    check: &'c Check,
    depth: usize,
    /// The number of the next element.
    number: usize,
    /// The name of the variant whose inside it is.
    variant: Option<&'static str>,
    /// The key whose value comes next, where it was written alone.
    key: Option<String>,
}

impl<'c, S> Inside<'c, S> {
    #[inline]
    fn new(below: S, check: &'c Check, depth: usize) -> Self {
        Self { below, check, depth, number: 0, variant: None, key: None }
    }

    #[inline]
    fn value<'v, T: ?Sized>(&self, value: &'v T) -> Checked<'v, T>
    where
        'c: 'v,
    {
        let place = Place { depth: self.depth, ..Place::default() };
        Checked { value, check: self.check, place }
    }

    #[inline]
    fn key_of<'v, K: ?Sized>(&self, key: &'v K) -> Checked<'v, K>
    where
        'c: 'v,
    {
        let place = Place { depth: self.depth, is_key: true, ..Place::default() };
        Checked { value: key, check: self.check, place }
    }

    /// Names the place of a refusal, on its way up.
    #[cold]
    fn within(&self, name: impl Display) {
        self.check.within(name);
        if let Some(variant) = self.variant {
            self.check.within(variant);
        }
    }

    /// Writes an element.
    #[inline]
    fn element<T: ?Sized, E>(
        &mut self,
        value: &T,
        write: impl FnOnce(&mut S, &Checked<'_, T>) -> Result<(), E>,
    ) -> Result<(), E> {
        let value = self.value(value);
        let written = write(&mut self.below, &value);
        if written.is_err() {
            self.within(self.number);
        }
        self.number += 1;
        written
    }

    /// Writes a member.
    #[inline]
    fn member<T: ?Sized, E>(
        &mut self,
        name: &'static str,
        value: &T,
        write: impl FnOnce(&mut S, &Checked<'_, T>) -> Result<(), E>,
    ) -> Result<(), E> {
        let value = self.value(value);
        let written = write(&mut self.below, &value);
        if written.is_err() {
            self.within(name);
        }
        written
    }

    /// Notes a member that is left out.
    fn skip<E: serde::ser::Error>(&self, name: &'static str) -> Result<(), E> {
        #[cfg(feature = "bincode")]
        if self.check.loses == Loses::SkippedFields {
            let error = self.check.refuse(
                "is skipped, and bincode finds members by their order alone: write it always, or \
                 use JSON"
                    .to_owned(),
            );
            self.within(name);
            return Err(error);
        }
        let _ = name;
        Ok(())
    }
}

impl<S: Serializer> Checking<'_, S> {
    /// Enters arrays and objects.
    #[inline]
    fn enter<E: serde::ser::Error>(&self, levels: usize) -> Result<usize, E> {
        let depth = self.place.depth + levels;
        if depth > Limits::DEPTH_MAX { Err(self.too_deep()) } else { Ok(depth) }
    }

    #[cold]
    fn too_deep<E: serde::ser::Error>(&self) -> E {
        let max = Limits::DEPTH_MAX;
        self.check.refuse(format!(
            "is nested deeper than {max} arrays and objects, which is the limit: store its parts as \
             documents of their own, or as a text"
        ))
    }

    #[cfg(feature = "json")]
    fn loses_null_likes(&self) -> bool {
        self.check.loses == Loses::NullLike
    }

    #[cfg(not(feature = "json"))]
    fn loses_null_likes(&self) -> bool {
        false
    }

    #[inline]
    fn check_finite<E: serde::ser::Error>(&self, float: f64) -> Result<(), E> {
        if float.is_finite() || !self.loses_null_likes() {
            return Ok(());
        }
        Err(self.check.refuse(format!(
            "is {float}, which JSON has no number for: use null in an Option, a text, or bincode"
        )))
    }

    #[inline]
    fn check_null<E: serde::ser::Error>(&self) -> Result<(), E> {
        if !self.place.is_in_some || !self.loses_null_likes() {
            return Ok(());
        }
        Err(self.check.refuse(
            "is an option with null in it, which JSON reads as None: use None, or bincode"
                .to_owned(),
        ))
    }
}

/// Numbers and bools.
macro_rules! pass_on {
    ($($method:ident $type:ty),* $(,)?) => {$(
        #[inline]
        fn $method(self, value: $type) -> Result<S::Ok, S::Error> {
            if self.place.is_key {
                self.check.must_be_read.set(true);
            }
            self.below.$method(value)
        }
    )*};
}

impl<'c, S: Serializer> Serializer for Checking<'c, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Inside<'c, S::SerializeSeq>;
    type SerializeTuple = Inside<'c, S::SerializeTuple>;
    type SerializeTupleStruct = Inside<'c, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Inside<'c, S::SerializeTupleVariant>;
    type SerializeMap = Inside<'c, S::SerializeMap>;
    type SerializeStruct = Inside<'c, S::SerializeStruct>;
    type SerializeStructVariant = Inside<'c, S::SerializeStructVariant>;

    pass_on! {
        serialize_bool bool, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32,
        serialize_i64 i64, serialize_u8 u8, serialize_u16 u16, serialize_u32 u32,
        serialize_u64 u64,
    }

    fn serialize_char(self, value: char) -> Result<S::Ok, S::Error> {
        self.below.serialize_char(value)
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<S::Ok, S::Error> {
        self.below.serialize_str(value)
    }

    fn serialize_i128(self, value: i128) -> Result<S::Ok, S::Error> {
        self.check.must_be_read.set(true);
        self.below.serialize_i128(value)
    }

    fn serialize_u128(self, value: u128) -> Result<S::Ok, S::Error> {
        self.check.must_be_read.set(true);
        self.below.serialize_u128(value)
    }

    #[inline]
    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        self.check_finite(f64::from(value))?;
        if self.place.is_key {
            self.check.must_be_read.set(true);
        }
        self.below.serialize_f32(value)
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        self.check_finite(value)?;
        if self.place.is_key {
            self.check.must_be_read.set(true);
        }
        self.below.serialize_f64(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<S::Ok, S::Error> {
        self.enter::<S::Error>(1)?;
        self.below.serialize_bytes(value)
    }

    #[inline]
    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.check_null()?;
        self.below.serialize_none()
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.below.serialize_some(&Checked {
            value,
            check: self.check,
            place: Place { is_in_some: true, ..self.place },
        })
    }

    #[inline]
    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.check_null()?;
        self.below.serialize_unit()
    }

    #[inline]
    fn serialize_unit_struct(self, name: &'static str) -> Result<S::Ok, S::Error> {
        self.check_null()?;
        self.below.serialize_unit_struct(name)
    }

    #[inline]
    fn serialize_unit_variant(
        self,
        name: &'static str,
        number: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.below.serialize_unit_variant(name, number, variant)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let value = Checked { value, check: self.check, place: self.place };
        self.below.serialize_newtype_struct(name, &value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        number: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let place = Place { depth: self.enter(1)?, ..Place::default() };
        let value = Checked { value, check: self.check, place };
        let written = self.below.serialize_newtype_variant(name, number, variant, &value);
        written.inspect_err(|_| self.check.within(variant))
    }

    #[inline]
    fn serialize_seq(self, length: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        let (depth, check) = (self.enter(1)?, self.check);
        Ok(Inside::new(self.below.serialize_seq(length)?, check, depth))
    }

    #[inline]
    fn serialize_tuple(self, length: usize) -> Result<Self::SerializeTuple, S::Error> {
        let (depth, check) = (self.enter(1)?, self.check);
        Ok(Inside::new(self.below.serialize_tuple(length)?, check, depth))
    }

    #[inline]
    fn serialize_tuple_struct(
        self,
        name: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        let (depth, check) = (self.enter(1)?, self.check);
        Ok(Inside::new(self.below.serialize_tuple_struct(name, length)?, check, depth))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        number: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        let (depth, check) = (self.enter(2)?, self.check);
        let below = self.below.serialize_tuple_variant(name, number, variant, length)?;
        Ok(Inside { variant: Some(variant), ..Inside::new(below, check, depth) })
    }

    #[inline]
    fn serialize_map(self, length: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        let (depth, check) = (self.enter(1)?, self.check);
        Ok(Inside::new(self.below.serialize_map(length)?, check, depth))
    }

    #[inline]
    fn serialize_struct(
        self,
        name: &'static str,
        length: usize,
    ) -> Result<Self::SerializeStruct, S::Error> {
        let (depth, check) = (self.enter(1)?, self.check);
        Ok(Inside::new(self.below.serialize_struct(name, length)?, check, depth))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        number: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        let (depth, check) = (self.enter(2)?, self.check);
        let below = self.below.serialize_struct_variant(name, number, variant, length)?;
        Ok(Inside { variant: Some(variant), ..Inside::new(below, check, depth) })
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.below.collect_str(value)
    }

    fn is_human_readable(&self) -> bool {
        self.below.is_human_readable()
    }
}

macro_rules! elements {
    ($($trait:ident $method:ident),* $(,)?) => {$(
        impl<S: $trait> $trait for Inside<'_, S> {
            type Ok = S::Ok;
            type Error = S::Error;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
                self.element(value, |below, value| below.$method(value))
            }

            #[inline]
            fn end(self) -> Result<S::Ok, S::Error> {
                self.below.end()
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
        impl<S: $trait> $trait for Inside<'_, S> {
            type Ok = S::Ok;
            type Error = S::Error;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), S::Error> {
                self.member(name, value, |below, value| below.serialize_field(name, value))
            }

            fn skip_field(&mut self, name: &'static str) -> Result<(), S::Error> {
                self.skip(name)?;
                self.below.skip_field(name)
            }

            #[inline]
            fn end(self) -> Result<S::Ok, S::Error> {
                self.below.end()
            }
        }
    )*};
}

members! { SerializeStruct, SerializeStructVariant }

impl<S: SerializeMap> SerializeMap for Inside<'_, S> {
    type Ok = S::Ok;
    type Error = S::Error;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), S::Error> {
        // Flattened maps write keys alone; all others write entries, and pay for no name.
        self.key = Some(Key(key).to_string());
        let key = self.key_of(key);
        self.below.serialize_key(&key)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        let value = self.value(value);
        let written = self.below.serialize_value(&value);
        if written.is_err() {
            self.within(self.key.as_deref().unwrap_or("?"));
        }
        written
    }

    #[inline]
    fn serialize_entry<K: Serialize + ?Sized, V: Serialize + ?Sized>(
        &mut self,
        key: &K,
        value: &V,
    ) -> Result<(), S::Error> {
        let value = self.value(value);
        let written = self.below.serialize_entry(&self.key_of(key), &value);
        if written.is_err() {
            self.within(Key(key));
        }
        written
    }

    #[inline]
    fn end(self) -> Result<S::Ok, S::Error> {
        self.below.end()
    }
}

/// Shows the key of a map.
struct Key<'k, K: ?Sized>(&'k K);

impl<K: Serialize + ?Sized> Display for Key<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A key of several parts has no name of its own.
        if self.0.serialize(&mut *f).is_err() { f.write_str("?") } else { Ok(()) }
    }
}
