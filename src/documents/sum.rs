//! Summing the numbers of a field.

use arbour_core::{Error, Result};
use serde_json::{Number, Value};

use super::decimal::Decimal;
use super::scalar::ScalarKind;
use super::{Body, Declaration, DocError, FieldKind, Ids, Integer};

/// Adds numbers: exactly, as long as all are integers.
pub(super) struct Sum {
    /// Whether the field has decimal numbers.
    is_decimal: bool,
    /// `None` after an overflow of 128 bits.
    decimals: Option<Decimal>,
    /// `None` after an overflow of 128 bits.
    integers: Option<i128>,
    floats: f64,
    has_floats: bool,
    count: u64,
    /// The first value that is not a number.
    other: Option<Value>,
}

impl Sum {
    /// Starts a sum over a field.
    ///
    /// # Errors
    /// [`KindMismatch`](DocError::KindMismatch) if the field is declared to hold no numbers.
    pub(super) fn of<D: Body>(declaration: &Declaration<D>, field: &str) -> Result<Self> {
        let declared = declaration.fields.iter().find(|declared| declared.name == field);
        let kind = match (declared, &declaration.ids) {
            (Some(field), _) => field.kind,
            (None, Ids::Integer | Ids::ChosenInteger) => FieldKind::Integer,
            (None, _) if field == declaration.id_name() => FieldKind::Text,
            // An unknown field is refused later.
            (None, _) => FieldKind::Any,
        };
        let is_decimal = kind == FieldKind::Decimal;
        if is_decimal || kind.is_compared_with(ScalarKind::Number) {
            return Ok(Self {
                is_decimal,
                decimals: Some(Decimal::ZERO),
                integers: Some(0),
                floats: 0.0,
                has_floats: false,
                count: 0,
                other: None,
            });
        }
        Err(DocError::KindMismatch {
            collection: declaration.name.clone(),
            field: field.to_owned(),
            declared: kind.expected(),
            asked: "a sum of numbers",
        }
        .into())
    }

    pub(super) fn add(&mut self, value: &Value) {
        if self.is_decimal {
            self.count += 1;
            let sum = self.decimals.zip(Decimal::of(value));
            self.decimals = sum.and_then(|(sum, decimal)| sum.checked_add(decimal));
        } else if let Some(integer) = Integer::of(value) {
            self.count += 1;
            let sum = self.integers.zip(integer.as_i128());
            self.integers = sum.and_then(|(sum, integer)| sum.checked_add(integer));
        } else if let Some(float) = value.as_f64() {
            self.count += 1;
            self.floats += float;
            self.has_floats = true;
        } else if self.other.is_none() {
            self.other = Some(value.clone());
        }
    }

    fn as_float(&self) -> Option<f64> {
        let sum = self.decimals?.to_f64() + self.integers? as f64 + self.floats;
        sum.is_finite().then_some(sum)
    }

    /// Returns the sum: an integer if all numbers were integers, and text if the field has decimal
    /// numbers.
    ///
    /// # Errors
    /// [`WrongType`](DocError::WrongType) if there were values, but no numbers;
    /// [`SumRange`](DocError::SumRange).
    pub(super) fn total<D>(self, declaration: &Declaration<D>, field: &str) -> Result<Value> {
        if let (0, Some(found)) = (self.count, &self.other) {
            return Err(DocError::WrongType {
                collection: declaration.name.clone(),
                field: field.to_owned(),
                expected: "a number to be summed",
                found: Box::new(found.clone()),
            }
            .into());
        }
        if self.is_decimal {
            let sum = self.decimals.map(|sum| sum.to_string().into());
            return sum.ok_or_else(|| out_of_range(declaration, field, "decimals of 128 bits"));
        }
        if self.has_floats {
            let sum = self.as_float().and_then(Number::from_f64).map(Value::Number);
            return sum.ok_or_else(|| out_of_range(declaration, field, "the floats of 64 bits"));
        }
        let sum = self.integers.and_then(Number::from_i128).map(Value::Number);
        sum.ok_or_else(|| out_of_range(declaration, field, "the integers of 64 bits"))
    }

    /// Returns the mean; `None` if there were no numbers.
    ///
    /// # Errors
    /// [`SumRange`](DocError::SumRange).
    pub(super) fn mean<D>(self, declaration: &Declaration<D>, field: &str) -> Result<Option<f64>> {
        if self.count == 0 {
            return Ok(None);
        }
        let sum = self.as_float();
        let sum = sum.ok_or_else(|| out_of_range(declaration, field, "the floats of 64 bits"))?;
        Ok(Some(sum / self.count as f64))
    }
}

#[cold]
fn out_of_range<D>(declaration: &Declaration<D>, field: &str, range: &'static str) -> Error {
    DocError::SumRange { collection: declaration.name.clone(), field: field.to_owned(), range }
        .into()
}
