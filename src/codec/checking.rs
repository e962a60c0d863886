//! The serializer that checks a value while writing it.

use std::fmt::Display;

use arbour_core::Limits;
use serde::ser::{Serialize, Serializer};

use super::checked::{Check, Checked, Place};
use super::inside::Inside;

/// Forwards to the serializer of the format.
pub(super) struct Checking<'c, S> {
    pub(super) below: S,
    pub(super) check: &'c Check,
    pub(super) place: Place,
}

impl<S: Serializer> Checking<'_, S> {
    /// Enters arrays or objects, counting their depth.
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
        self.check.loses == super::checked::Loses::NullLike
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

/// Numbers and booleans.
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
        Ok(Inside::new(below, check, depth).of_variant(variant))
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
        Ok(Inside::new(below, check, depth).of_variant(variant))
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.below.collect_str(value)
    }

    fn is_human_readable(&self) -> bool {
        self.below.is_human_readable()
    }
}

impl<T: Serialize + ?Sized> Serialize for Checked<'_, T> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Checking { below: serializer, check: self.check, place: self.place })
    }
}
