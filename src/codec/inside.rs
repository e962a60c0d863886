//! The contents of an array or an object that is checked while it is written.

use std::fmt::{self, Display};

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::checked::{Check, Checked, Place};

/// The contents of an array or an object.
pub(super) struct Inside<'c, S> {
    below: S,
    check: &'c Check,
    depth: usize,
    /// The number of the next element.
    number: usize,
    /// The name of the enum variant that it belongs to.
    variant: Option<&'static str>,
    /// The key of the next value, if keys and values are written separately.
    key: Option<String>,
}

impl<'c, S> Inside<'c, S> {
    #[inline]
    pub(super) fn new(below: S, check: &'c Check, depth: usize) -> Self {
        Self { below, check, depth, number: 0, variant: None, key: None }
    }

    /// Marks it as the contents of a variant, which JSON wraps in an object with the variant's
    /// name.
    pub(super) fn of_variant(mut self, variant: &'static str) -> Self {
        self.variant = Some(variant);
        self
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

    /// Adds the place of a refusal while it propagates.
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

    /// Handles a skipped member.
    fn skip<E: serde::ser::Error>(&self, name: &'static str) -> Result<(), E> {
        #[cfg(feature = "bincode")]
        if self.check.loses == super::checked::Loses::SkippedFields {
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
        // Flattened maps write keys separately; all others write entries, and pay nothing for
        // names.
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

/// Displays the key of a map.
struct Key<'k, K: ?Sized>(&'k K);

impl<K: Serialize + ?Sized> Display for Key<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A composite key has no name of its own.
        if self.0.serialize(&mut *f).is_err() { f.write_str("?") } else { Ok(()) }
    }
}
