//! Integers of up to 128 bits as values of fields.

use std::fmt;

use serde_json::{Map, Value};

/// The member that makes an object an integer.
const MEMBER: &str = "$integer";

/// An integer of up to 128 bits, signed or not, as a value of a field.
///
/// A number of JSON is exact up to 64 bits. Beyond these, filters take an integer, and aggregates and
/// errors return it, as the object `{"$integer": "DIGITS"}`, which is what this type becomes. In a
/// document that is a [`Value`] such an object is the integer too: its digits are stored.
///
/// ```
/// use arbour_core::documents::{Filter, Integer};
/// use serde_json::{Value, json};
/// let largest = Filter::<Value>::eq("serial", Integer::from(u128::MAX));
/// assert_eq!(Value::from(Integer::from(7_u128)), 7);
/// let value = json!({"$integer": "340282366920938463463374607431768211455"});
/// assert_eq!(Integer::of(&value), Some(u128::MAX.into()));
/// # let _ = largest;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Integer {
    /// Whether it is below zero.
    is_negative: bool,
    magnitude: u128,
}

/// 2 to the power of 128, the first float beyond all magnitudes.
const MAGNITUDES_END: f64 = 340_282_366_920_938_463_463_374_607_431_768_211_456.0;

impl Integer {
    /// Returns the integer that a value is; `None` for any other value, also for a number that was
    /// written with a fraction or an exponent.
    ///
    /// ```
    /// use arbour_core::documents::Integer;
    /// assert_eq!(Integer::of(&(-7).into()), Some(Integer::from(-7_i128)));
    /// assert_eq!(Integer::of(&7.5.into()), None);
    /// ```
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_i128().map(Self::from),
            Value::Object(members) if members.len() == 1 => {
                Self::wide(members.get(MEMBER)?.as_str()?)
            }
            _ => None,
        }
    }

    /// Reads the digits of an integer that 64 bits do not hold. One integer has one spelling.
    pub(super) fn wide(digits: &str) -> Option<Self> {
        // Those of 64 bits have 20 characters at most.
        if digits.len() < 19 {
            return None;
        }
        let signed = digits.parse::<i128>().map(Self::from);
        let integer = signed.or_else(|_| digits.parse::<u128>().map(Self::from)).ok()?;
        let is_wide = !Value::from(integer).is_number();
        (is_wide && integer.to_string() == digits).then_some(integer)
    }

    pub(super) fn magnitude(self) -> u128 {
        self.magnitude
    }

    /// Returns the nearest `f64`, and how far above it the integer is.
    pub(super) fn split(self) -> (f64, i128) {
        let float = self.magnitude as f64;
        let distance = if float < MAGNITUDES_END {
            // Neither way is it further than half the step between two floats, which is 2^74 at most.
            self.magnitude.wrapping_sub(float as u128) as i128
        } else {
            // From 2^128, which has no bits here: modulo 2^128 it is zero.
            self.magnitude as i128
        };
        if self.is_negative { (-float, -distance) } else { (float, distance) }
    }

    /// Returns the integer so far above a float, if both make one.
    pub(super) fn joined(float: f64, distance: i128) -> Option<Self> {
        if float.fract() != 0.0 || float.abs() > MAGNITUDES_END {
            return None;
        }
        let is_negative = float < 0.0;
        let distance = if is_negative { distance.checked_neg()? } else { distance };
        let magnitude = if float.abs() == MAGNITUDES_END {
            // 2^128 is one more than the largest magnitude.
            u128::MAX.checked_add_signed(distance.checked_add(1)?)?
        } else {
            (float.abs() as u128).checked_add_signed(distance)?
        };
        Some(Self { is_negative: is_negative && magnitude > 0, magnitude })
    }

    /// Returns it as a signed integer of 128 bits, where it is one.
    pub(super) fn signed(self) -> Option<i128> {
        if self.is_negative {
            0_i128.checked_sub_unsigned(self.magnitude)
        } else {
            i128::try_from(self.magnitude).ok()
        }
    }
}

impl From<i128> for Integer {
    fn from(integer: i128) -> Self {
        Self { is_negative: integer < 0, magnitude: integer.unsigned_abs() }
    }
}

impl From<u128> for Integer {
    fn from(magnitude: u128) -> Self {
        Self { is_negative: false, magnitude }
    }
}

impl From<Integer> for Value {
    fn from(integer: Integer) -> Self {
        let signed = integer.signed().and_then(|signed| i64::try_from(signed).ok());
        match (signed, u64::try_from(integer.magnitude)) {
            (Some(signed), _) => signed.into(),
            (None, Ok(magnitude)) if !integer.is_negative => magnitude.into(),
            _ => Map::from_iter([(MEMBER.to_owned(), integer.to_string().into())]).into(),
        }
    }
}

/// Shows the digits.
impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_negative { "-" } else { "" })?;
        self.magnitude.fmt(f)
    }
}
