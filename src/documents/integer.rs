//! Integers of up to 128 bits in fields.

use std::fmt;

use serde_json::{Map, Value};

/// The member that marks an object as an integer.
const MEMBER: &str = "$integer";

/// An integer of up to 128 bits, signed or unsigned, as the value of a field.
///
/// JSON numbers are exact up to 64 bits. For integers beyond that, filters take, and aggregates and
/// errors return, the object `{"$integer": "DIGITS"}`, to which this type converts. In a document
/// that is a [`Value`], such an object is the integer too: its digits are stored.
///
/// ```
/// use arbour::documents::{Filter, Integer};
/// use serde_json::{Value, json};
/// let largest = Filter::<Value>::eq("serial", Integer::from(u128::MAX));
/// assert_eq!(Value::from(Integer::from(7_u128)), 7);
/// let value = json!({"$integer": "340282366920938463463374607431768211455"});
/// assert_eq!(Integer::of(&value), Some(u128::MAX.into()));
/// # let _ = largest;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Integer {
    /// Whether it is negative.
    is_negative: bool,
    magnitude: u128,
}

/// 2^128, the first float greater than all magnitudes.
const MAGNITUDES_END: f64 = 340_282_366_920_938_463_463_374_607_431_768_211_456.0;

impl Integer {
    /// Returns the integer that a value represents; `None` for any other value, including a number
    /// written with a fraction or an exponent.
    ///
    /// ```
    /// use arbour::documents::Integer;
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

    /// Parses the digits of an integer that does not fit 64 bits. Each integer has only one
    /// spelling.
    pub(super) fn wide(digits: &str) -> Option<Self> {
        // Integers that fit 64 bits have at most 20 characters.
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

    /// Returns the nearest `f64`, and the distance of the integer above it.
    pub(super) fn split(self) -> (f64, i128) {
        let float = self.magnitude as f64;
        let distance = if float < MAGNITUDES_END {
            // In either direction the distance is at most half the step between two floats, which
            // is at most 2^74.
            self.magnitude.wrapping_sub(float as u128) as i128
        } else {
            // A float of 2^128 does not fit the type: modulo 2^128 it is zero.
            self.magnitude as i128
        };
        if self.is_negative { (-float, -distance) } else { (float, distance) }
    }

    /// Returns the integer at this distance above a float, if there is one.
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

    /// Returns it as an `i128`, if it fits.
    ///
    /// ```
    /// use arbour::documents::Integer;
    /// assert_eq!(Integer::from(7_u128).as_i128(), Some(7));
    /// assert_eq!(Integer::from(u128::MAX).as_i128(), None);
    /// ```
    #[must_use]
    pub fn as_i128(self) -> Option<i128> {
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
        let signed = integer.as_i128().and_then(|signed| i64::try_from(signed).ok());
        match (signed, u64::try_from(integer.magnitude)) {
            (Some(signed), _) => signed.into(),
            (None, Ok(magnitude)) if !integer.is_negative => magnitude.into(),
            _ => Map::from_iter([(MEMBER.to_owned(), integer.to_string().into())]).into(),
        }
    }
}

/// Formats the digits.
impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_negative { "-" } else { "" })?;
        self.magnitude.fmt(f)
    }
}
