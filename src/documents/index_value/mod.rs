//! Values that a field can have.

use std::borrow::Cow;

use serde_json::Value;
use uuid::Uuid;

use super::{FieldKind, Integer, json_form};

mod bytes;
#[cfg(feature = "chrono")]
mod chrono;
#[cfg(feature = "rust_decimal")]
mod decimal;
#[cfg(feature = "jiff")]
mod jiff;
#[cfg(test)]
#[cfg(all(feature = "chrono", feature = "jiff", feature = "rust_decimal", feature = "time"))]
mod tests;
#[cfg(feature = "time")]
mod time;

/// A type of which a field can have a value: it can be indexed, compared, filtered and sorted by.
///
/// Numbers, booleans, texts, UUIDs, bytes (`Box<[u8]>` and `[u8; N]`) and options of them are such
/// types. A feature of this crate
/// named after another crate makes its types such ones, and compares them as that crate does:
///
/// | feature | types | kind |
/// |---|---|---|
/// | `jiff` | `Timestamp`, `ZonedDateTime` | [`Timestamp`](FieldKind::Timestamp) |
/// | | `civil::DateTime`, `civil::Date` | [`DateTime`](FieldKind::DateTime), [`Date`](FieldKind::Date) |
/// | `time` | `OffsetDateTime` | [`Timestamp`](FieldKind::Timestamp) |
/// | | `PrimitiveDateTime`, `Date` | [`DateTime`](FieldKind::DateTime), [`Date`](FieldKind::Date) |
/// | `chrono` | `DateTime` of any time zone | [`Timestamp`](FieldKind::Timestamp) |
/// | | `NaiveDateTime`, `NaiveDate` | [`DateTime`](FieldKind::DateTime), [`Date`](FieldKind::Date) |
/// | `rust_decimal` | `Decimal` | [`Decimal`](FieldKind::Decimal) |
///
/// `#[derive(IndexValue)]` implements it for enums whose variants have no content, which are stored as
/// their names, and for newtypes, which are stored as their content.
///
#[cfg_attr(feature = "derive", doc = "```")]
#[cfg_attr(not(feature = "derive"), doc = "```text")]
/// use arbour::documents::{DocId, IndexValue};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, IndexValue)]
/// #[serde(rename_all = "snake_case")]
/// enum Status { Open, WaitingForCustomer }
///
/// #[derive(Serialize, Deserialize, IndexValue)]
/// struct TicketId(u64);
///
/// assert_eq!(Status::WaitingForCustomer.field_value(), "waiting_for_customer");
/// assert_eq!(DocId::from(&TicketId(7)), DocId::Integer(7));
/// ```
///
/// Implement it by hand for a type with a serialization of its own. The values returned here must be
/// equal, as values of [`KIND`](Self::KIND), to what [`to_json`](super::to_json) returns for the same
/// value, or filters will not find it:
///
/// ```
/// use arbour::documents::{FieldKind, IndexValue, to_json};
/// use serde::{Serialize, Serializer};
/// use serde_json::Value;
///
/// struct Cents(i64);
///
/// impl Serialize for Cents {
///     fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
///         serializer.serialize_i64(self.0)
///     }
/// }
///
/// impl IndexValue for Cents {
///     const KIND: FieldKind = FieldKind::Integer;
///     type Arg<'a> = Cents;
///
///     fn field_value(&self) -> Value {
///         self.0.into()
///     }
///
///     fn arg_value(arg: &Cents) -> Value {
///         arg.field_value()
///     }
/// }
///
/// assert_eq!(Cents(5).field_value(), to_json("prices", &Cents(5))?);
/// # Ok::<(), arbour::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "a field cannot have values of type `{Self}`",
    label = "not an `IndexValue`",
    note = "derive `IndexValue` for an enum without contents or for a newtype; mark a `Vec` with \
            `#[document(many)]`, and ask what it `contains`; for a part of a larger value use \
            `#[document(path(\"...\", type = ...))]` on the struct",
    note = "for a moment, a date or a decimal number, enable the feature of `arbour` that is named \
            after its crate: `jiff`, `time`, `chrono` or `rust_decimal`; bytes are a `Box<[u8]>` or an \
            array"
)]
pub trait IndexValue {
    /// The kind that the field is declared with.
    const KIND: FieldKind;

    /// What filters compare the field with: `&str` for texts, otherwise the type itself, without its
    /// option.
    type Arg<'a>;

    /// Returns the value as a document has it.
    fn field_value(&self) -> Value;

    /// Returns the argument of a filter as a document has it.
    fn arg_value(arg: &Self::Arg<'_>) -> Value;

    /// Returns the value of the JSON form that aggregates have for it, if serde would not read that.
    #[doc(hidden)]
    fn from_plain(_: &Value) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
}

/// A type whose values are texts: fields of it can be searched by their beginning and their words.
///
/// ```
/// use arbour::documents::TextValue;
/// fn is_text<T: TextValue>() {}
/// is_text::<Option<String>>();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a text",
    label = "only a text has words, a beginning and parts",
    note = "`words`, `prefix` and `substring` need a `String` or a newtype of one"
)]
pub trait TextValue: IndexValue {}

/// A list whose elements are the values of one field: a `Vec`, or an option of one.
///
/// ```
/// use arbour::documents::ManyValues;
/// assert_eq!(vec![1, 2].field_values(), [1, 2]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of values",
    label = "not a `Vec`",
    note = "`many` and `contains` need a `Vec` whose elements are an `IndexValue`; a field with one \
            value has no `many`, and is compared by `eq`, or by `words` and `prefix` if it is a text"
)]
pub trait ManyValues {
    /// The type of an element.
    type Item: IndexValue;

    /// Returns the elements as a document has them.
    fn field_values(&self) -> Vec<Value>;
}

impl<T: IndexValue> ManyValues for Vec<T> {
    type Item = T;

    fn field_values(&self) -> Vec<Value> {
        self.iter().map(T::field_value).collect()
    }
}

impl<M: ManyValues> ManyValues for Option<M> {
    type Item = M::Item;

    fn field_values(&self) -> Vec<Value> {
        self.as_ref().map(M::field_values).unwrap_or_default()
    }
}

/// Implements the trait for types that are compared with themselves.
macro_rules! plain {
    ($($type:ty, $kind:ident, $value:expr;)*) => {$(
        impl IndexValue for $type {
            const KIND: FieldKind = FieldKind::$kind;
            type Arg<'a> = Self;

            fn field_value(&self) -> Value {
                let value: fn(&Self) -> Value = $value;
                value(self)
            }

            fn arg_value(arg: &Self) -> Value {
                arg.field_value()
            }
        }
    )*};
}

#[cfg(any(feature = "chrono", feature = "jiff", feature = "rust_decimal", feature = "time"))]
use plain;

plain! {
    i8, Integer, |integer| (*integer).into();
    i16, Integer, |integer| (*integer).into();
    i32, Integer, |integer| (*integer).into();
    i64, Integer, |integer| (*integer).into();
    i128, Integer, |integer| Integer::from(*integer).into();
    isize, Integer, |integer| (*integer).into();
    u8, Integer, |integer| (*integer).into();
    u16, Integer, |integer| (*integer).into();
    u32, Integer, |integer| (*integer).into();
    u64, Integer, |integer| (*integer).into();
    u128, Integer, |integer| Integer::from(*integer).into();
    usize, Integer, |integer| (*integer).into();
    f32, Number, float;
    f64, Number, float;
    bool, Bool, |bool| (*bool).into();
    char, Text, |char| char.to_string().into();
    Uuid, Text, |uuid| uuid.to_string().into();
}

/// Returns the number with the digits that the JSON text of a document has: not those of the nearest
/// `f64` of an `f32`.
fn float<F: serde::Serialize>(float: &F) -> Value {
    json_form::of(float).unwrap_or_default()
}

/// Implements the trait for texts, which are compared with `&str`.
macro_rules! texts {
    ($($type:ty),*) => {$(
        impl IndexValue for $type {
            const KIND: FieldKind = FieldKind::Text;
            type Arg<'a> = &'a str;

            fn field_value(&self) -> Value {
                Value::from(&**self)
            }

            fn arg_value(arg: &&str) -> Value {
                Value::from(*arg)
            }
        }

        impl TextValue for $type {}
    )*};
}

texts! { String, Box<str>, Cow<'static, str> }

impl<T: IndexValue> IndexValue for Option<T> {
    const KIND: FieldKind = T::KIND;
    type Arg<'a> = T::Arg<'a>;

    fn field_value(&self) -> Value {
        self.as_ref().map(T::field_value).unwrap_or_default()
    }

    fn arg_value(arg: &T::Arg<'_>) -> Value {
        T::arg_value(arg)
    }

    fn from_plain(value: &Value) -> Option<Self> {
        T::from_plain(value).map(Some)
    }
}

impl<T: TextValue> TextValue for Option<T> {}

impl<T: IndexValue> IndexValue for Box<T> {
    const KIND: FieldKind = T::KIND;
    type Arg<'a> = T::Arg<'a>;

    fn field_value(&self) -> Value {
        T::field_value(self)
    }

    fn arg_value(arg: &T::Arg<'_>) -> Value {
        T::arg_value(arg)
    }
}

impl<T: TextValue> TextValue for Box<T> {}
