//! Bytes as values of fields.
//!
//! A `Vec<u8>` is a list of numbers, as every other `Vec` of values is a list: its type alone cannot say
//! which of the two is meant.

use std::borrow::Cow;

use serde_json::Value;

use super::IndexValue;
use crate::documents::FieldKind;

/// Implements the trait for types that are compared with slices.
macro_rules! bytes {
    ($([$($parameters:tt)*] $type:ty),* $(,)?) => {$(
        impl<$($parameters)*> IndexValue for $type {
            const KIND: FieldKind = FieldKind::Bytes;
            type Arg<'a> = &'a [u8];

            fn field_value(&self) -> Value {
                Self::arg_value(&&self[..])
            }

            fn arg_value(arg: &&[u8]) -> Value {
                Value::from(*arg)
            }
        }
    )*};
}

bytes! { [] Box<[u8]>, [] Cow<'static, [u8]>, [const N: usize] [u8; N] }
