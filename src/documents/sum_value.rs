//! Values that can be summed.

use serde::de::DeserializeOwned;

use super::IndexValue;

/// A type of which the values of a field can be added up: integers, floats, and options of them.
/// `#[derive(IndexValue)]` implements it for a newtype of one.
///
/// ```
/// use arbour::documents::SumValue;
/// fn sums_to<V: SumValue<Sum = S>, S>() {}
/// sums_to::<u32, i128>();
/// sums_to::<Option<f32>, f64>();
/// ```
#[diagnostic::on_unimplemented(
    message = "values of type `{Self}` cannot be summed",
    label = "only numbers can be summed",
    note = "a sum needs an integer, a float, a decimal number, or a newtype of one"
)]
pub trait SumValue: IndexValue {
    /// The type of the sum: `i128` for integers, which are added exactly, `f64` for floats, and
    /// `Decimal` for the decimal numbers of `rust_decimal`, which are added exactly too.
    type Sum: DeserializeOwned;
}

macro_rules! sums {
    ($($sum:ty: $($type:ty),*;)*) => {
        $($(impl SumValue for $type {
            type Sum = $sum;
        })*)*
    };
}

sums! {
    i128: i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize;
    f64: f32, f64;
}

#[cfg(feature = "rust_decimal")]
sums! {
    rust_decimal::Decimal: rust_decimal::Decimal;
}

impl<V: SumValue> SumValue for Option<V> {
    type Sum = V::Sum;
}

impl<V: SumValue> SumValue for Box<V> {
    type Sum = V::Sum;
}
