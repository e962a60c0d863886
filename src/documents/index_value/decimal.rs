//! The decimal numbers of `rust_decimal` as values of fields.

use rust_decimal::Decimal;
use serde_json::Value;

use super::{IndexValue, plain};
use crate::documents::FieldKind;

plain! {
    Decimal, Decimal, |decimal| decimal.to_string().into();
}
