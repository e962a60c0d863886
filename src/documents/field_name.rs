//! Naming a field by its constant or by a text.

use arbour_core::{Error, Result};
use serde::de::value::{Error as ValueError, I128Deserializer, U128Deserializer};
use serde::de::{DeserializeOwned, IntoDeserializer as _};
use serde_json::Value;

use super::collection::Collection;
use super::{Body, DocError, IndexValue, Integer, SumValue, TypedField};

/// A field, named by its constant (`Ticket::STATUS`), which knows the type of its values, or by a
/// text (`"status"`), whose values are JSON.
///
/// ```
/// use arbour::documents::{FieldName, TypedField};
/// use serde_json::Value;
/// const BORN: TypedField<Value, i32> = TypedField::new("born");
/// assert_eq!(BORN.field_name(), FieldName::<Value>::field_name(&"born"));
/// ```
pub trait FieldName<D> {
    /// The type of the values; for a field with many values, of one of them.
    type Value: DeserializeOwned;

    /// Returns the name.
    fn field_name(&self) -> &str;

    /// Returns the value that an index returns as JSON, if it is one of this type.
    #[doc(hidden)]
    fn typed(value: &Value) -> Option<Self::Value> {
        from_value(value)
    }
}

/// A field that can be summed: named by a text, or with values that are a [`SumValue`].
///
/// ```
/// use arbour::documents::{SumField, TypedField};
/// use serde_json::Value;
/// const FEE: TypedField<Value, u32> = TypedField::new("fee");
/// fn sum_of<F: SumField<Value, Sum = i128>>(_: F) {}
/// sum_of(FEE);
/// ```
pub trait SumField<D>: FieldName<D> {
    /// The type of the sum.
    type Sum: DeserializeOwned;
}

impl<D> FieldName<D> for &str {
    type Value = Value;

    fn field_name(&self) -> &str {
        self
    }

    fn typed(value: &Value) -> Option<Value> {
        Some(value.clone())
    }
}

impl<D> SumField<D> for &str {
    type Sum = Value;
}

impl<D, V: IndexValue + DeserializeOwned> FieldName<D> for TypedField<D, V> {
    type Value = V;

    fn field_name(&self) -> &str {
        self.name()
    }

    fn typed(value: &Value) -> Option<V> {
        V::from_plain(value).or_else(|| from_value(value))
    }
}

impl<D, V: IndexValue + DeserializeOwned> FieldName<D> for TypedField<D, Vec<V>> {
    type Value = V;

    fn field_name(&self) -> &str {
        self.name()
    }

    fn typed(value: &Value) -> Option<V> {
        V::from_plain(value).or_else(|| from_value(value))
    }
}

impl<D, V: IndexValue + DeserializeOwned> FieldName<D> for TypedField<D, Option<Vec<V>>> {
    type Value = V;

    fn field_name(&self) -> &str {
        self.name()
    }

    fn typed(value: &Value) -> Option<V> {
        V::from_plain(value).or_else(|| from_value(value))
    }
}

impl<D, V: SumValue + DeserializeOwned> SumField<D> for TypedField<D, V> {
    type Sum = V::Sum;
}

impl<D, V: SumValue + DeserializeOwned> SumField<D> for TypedField<D, Vec<V>> {
    type Sum = V::Sum;
}

/// Converts the value of a field to its type.
///
/// # Errors
/// [`WrongType`](DocError::WrongType) if the type does not admit it.
pub(super) fn typed_value<D: Body, F: FieldName<D>>(
    collection: &Collection<D>,
    field: &F,
    value: Value,
) -> Result<F::Value> {
    let typed = F::typed(&value);
    typed.ok_or_else(|| wrong_type::<D, F::Value>(collection, field.field_name(), value))
}

/// Converts the sum of a field to its type.
///
/// # Errors
/// [`WrongType`](DocError::WrongType) if the type does not admit it.
pub(super) fn typed_sum<D: Body, F: SumField<D>>(
    collection: &Collection<D>,
    field: &F,
    sum: Value,
) -> Result<F::Sum> {
    let typed = from_value(&sum);
    typed.ok_or_else(|| wrong_type::<D, F::Sum>(collection, field.field_name(), sum))
}

fn from_value<V: DeserializeOwned>(value: &Value) -> Option<V> {
    // JSON has no numbers beyond 64 bits, so such an integer goes to the type directly.
    let wide = Integer::of(value).filter(|_| value.is_object());
    match wide.map(|integer| (integer, integer.as_i128())) {
        Some((_, Some(signed))) => {
            let signed: I128Deserializer<ValueError> = signed.into_deserializer();
            V::deserialize(signed).ok()
        }
        Some((integer, None)) => {
            let magnitude: U128Deserializer<ValueError> = integer.magnitude().into_deserializer();
            V::deserialize(magnitude).ok()
        }
        None => V::deserialize(value).ok(),
    }
}

#[cold]
fn wrong_type<D: Body, V>(collection: &Collection<D>, field: &str, found: Value) -> Error {
    DocError::WrongType {
        collection: collection.declaration().name.clone(),
        field: field.to_owned(),
        expected: std::any::type_name::<V>(),
        found: Box::new(found),
    }
    .into()
}
