//! Exact decimal numbers in fields.

use std::fmt;

use arbour_core::DecodeError;
use serde_json::Value;

use super::Integer;
use super::number::{decode_integer, encode_integer, number_bytes};

/// The most digits after the point, as many as `rust_decimal` has.
const FRACTION_DIGITS: usize = 28;

/// One, in units of the last digit after the point.
const ONE: u128 = 10_u128.pow(FRACTION_DIGITS as u32);

/// A decimal number: the next integer below it, and the fraction above that integer.
///
/// Comparing the two in this order compares the numbers, negative ones too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Decimal {
    floor: i128,
    /// Less than [`ONE`].
    fraction: u128,
}

impl Decimal {
    pub(super) const ZERO: Self = Self { floor: 0, fraction: 0 };

    /// Returns the decimal number that a JSON value means: a text of digits with an optional sign
    /// and point, or an integer. A JSON number with a fraction is none, because it is a binary
    /// fraction, which is rarely the decimal one that its program meant.
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Self::parse(text),
            value => Some(Self { floor: Integer::of(value)?.as_i128()?, fraction: 0 }),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number =
            |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) {
            return None;
        }
        let whole: i128 = whole.parse().ok()?;
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > FRACTION_DIGITS {
            return None;
        }
        let fraction: u128 = format!("{fraction:0<FRACTION_DIGITS$}").parse().ok()?;
        Some(match (is_negative, fraction) {
            (false, _) => Self { floor: whole, fraction },
            (true, 0) => Self { floor: -whole, fraction },
            (true, _) => Self { floor: (-whole).checked_sub(1)?, fraction: ONE - fraction },
        })
    }

    /// Adds exactly; `None` if the integer part of the sum does not fit 128 bits.
    pub(super) fn checked_add(self, other: Self) -> Option<Self> {
        let fraction = self.fraction + other.fraction;
        let (carry, fraction) = if fraction < ONE { (0, fraction) } else { (1, fraction - ONE) };
        let floor = self.floor.checked_add(other.floor)?.checked_add(carry)?;
        Some(Self { floor, fraction })
    }

    /// Returns the nearest float, for means.
    pub(super) fn to_f64(self) -> f64 {
        self.to_string().parse().unwrap_or(self.floor as f64)
    }

    /// Appends bytes that sort as decimal numbers do: the floor as a number, then pairs of digits of
    /// the fraction, each as one byte above zero, up to the last pair that is not zero, then zero.
    pub(super) fn encode(self, bytes: &mut Vec<u8>) {
        encode_integer(self.floor.into(), bytes);
        let digits = format!("{:0FRACTION_DIGITS$}", self.fraction);
        let digits = digits.trim_end_matches('0').as_bytes();
        bytes.extend(digits.chunks(2).map(|pair| {
            let digit = |at: usize| pair.get(at).map_or(0, |digit| digit - b'0');
            1 + 10 * digit(0) + digit(1)
        }));
        bytes.push(0);
    }

    /// Reads the output of [`encode`](Self::encode).
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let wrong = || DecodeError::new("a decimal number", format!("{} bytes", bytes.len()));
        let (floor, fraction) = bytes.split_at_checked(number_bytes(bytes)).ok_or_else(wrong)?;
        let floor = decode_integer(floor)?;
        let Some((0, pairs)) = fraction.split_last() else { return Err(wrong()) };
        if pairs.len() > FRACTION_DIGITS / 2 || pairs.iter().any(|pair| !(1..=100).contains(pair)) {
            return Err(wrong());
        }
        let mut digits: String = pairs.iter().map(|pair| format!("{:02}", pair - 1)).collect();
        digits.extend(std::iter::repeat_n('0', FRACTION_DIGITS - digits.len()));
        let fraction = digits.parse().map_err(|_| wrong())?;
        Ok(Self { floor, fraction })
    }
}

/// Formats all digits, without zeros at the end of the fraction.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_negative = self.floor < 0;
        let (whole, fraction) = match (is_negative, self.fraction) {
            (true, 1..) => (self.floor.saturating_add(1).unsigned_abs(), ONE - self.fraction),
            _ => (self.floor.unsigned_abs(), self.fraction),
        };
        write!(f, "{}{whole}", if is_negative { "-" } else { "" })?;
        if fraction == 0 {
            return Ok(());
        }
        let digits = format!("{fraction:0FRACTION_DIGITS$}");
        write!(f, ".{}", digits.trim_end_matches('0'))
    }
}
