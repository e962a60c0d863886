//! Encoding numbers to bytes that sort as the numbers do.
//!
//! First the nearest `f64`, then the distance of the integer from it, so that integers keep their
//! order where an `f64` lacks the precision. A distance of up to 2,048, which suffices for 64 bits,
//! takes two bytes; a longer one, which 128-bit integers can have, takes twelve, with a first byte
//! below or above that of all short ones. `-0.0` is `0`. No encoding is a prefix of another, and none
//! contains the bytes `FE` and `FF`.

use arbour_core::DecodeError;
use serde_json::{Number, Value};

use super::Integer;
use crate::key::KeyPart as _;

/// The bytes of an `f64` in a key.
const FLOAT_BYTES: usize = 10;

/// Added to a short distance of an integer from its nearest `f64`.
const DISTANCE_ZERO: i128 = 0x1000;

/// The longest distance encoded in two bytes. A 64-bit integer needs at most 1,024.
const SHORT_DISTANCE_MAX: u128 = 0x800;

/// The first byte of a long distance below a float, less than that of all short distances.
const LONG_BELOW: u8 = 0x00;

/// The first byte of a long distance above a float, greater than that of all short distances.
const LONG_ABOVE: u8 = 0x40;

/// The number of seven-bit groups of a long distance: 2^74 fits.
const LONG_GROUPS: u32 = 11;

/// The highest number of that many groups. Distances below a float are subtracted from it, so that
/// the longest sorts first.
const LONG_MAX: u128 = (1 << (7 * LONG_GROUPS)) - 1;

/// The bytes of a number with a short distance.
const NUMBER_BYTES_MIN: usize = FLOAT_BYTES + 2;

/// Appends the bytes of an integer.
pub(super) fn encode_integer(integer: Integer, bytes: &mut Vec<u8>) {
    let (float, distance) = integer.split();
    encode_float(float, distance, bytes);
}

/// Appends the bytes of a float, and of the distance of an integer above it.
pub(super) fn encode_float(float: f64, distance: i128, bytes: &mut Vec<u8>) {
    // Adding zero converts -0.0 to 0.0, so that both are found as the same number.
    (float + 0.0).encode_part(bytes);
    let length = distance.unsigned_abs();
    if length <= SHORT_DISTANCE_MAX {
        let distance = (distance + DISTANCE_ZERO) as u16;
        bytes.extend_from_slice(&[(distance >> 7) as u8, (distance & 0x7f) as u8]);
        return;
    }
    let (first, groups) =
        if distance < 0 { (LONG_BELOW, LONG_MAX - length) } else { (LONG_ABOVE, length) };
    bytes.push(first);
    bytes.extend((0..LONG_GROUPS).rev().map(|group| (groups >> (7 * group)) as u8 & 0x7f));
}

/// Returns the length of the number that bytes begin with.
pub(super) fn number_bytes(bytes: &[u8]) -> usize {
    match bytes.get(FLOAT_BYTES) {
        Some(&(LONG_BELOW | LONG_ABOVE)) => FLOAT_BYTES + 1 + LONG_GROUPS as usize,
        _ => NUMBER_BYTES_MIN,
    }
}

/// Reads the output of [`encode_integer`] or [`encode_float`].
pub(super) fn decode_number(bytes: &[u8]) -> Result<Value, DecodeError> {
    let (float, distance) = decode_parts(bytes)?;
    if let Some(integer) = Integer::joined(float, distance) {
        let value = Value::from(integer);
        if distance != 0 || value.is_number() {
            return Ok(value);
        }
    }
    let number = Number::from_f64(float);
    number.map(Value::Number).ok_or_else(|| DecodeError::new("a finite number", float.to_string()))
}

/// Reads the output of [`encode_integer`].
pub(super) fn decode_integer(bytes: &[u8]) -> Result<i128, DecodeError> {
    let (float, distance) = decode_parts(bytes)?;
    let integer = Integer::joined(float, distance).and_then(Integer::as_i128);
    integer.ok_or_else(|| DecodeError::new("an integer of 128 bits", float.to_string()))
}

fn decode_parts(bytes: &[u8]) -> Result<(f64, i128), DecodeError> {
    let wrong = || DecodeError::new("a number of 12 or 22 bytes", format!("{}", bytes.len()));
    let (float, distance) = bytes.split_at_checked(FLOAT_BYTES).ok_or_else(wrong)?;
    Ok((f64::decode_part(float)?, decode_distance(distance).ok_or_else(wrong)?))
}

/// Decodes the distance of an integer above its float.
fn decode_distance(bytes: &[u8]) -> Option<i128> {
    let (&first, rest) = bytes.split_first()?;
    if bytes.iter().any(|byte| *byte > 0x7f) {
        return None;
    }
    if let [low] = rest {
        return Some((i128::from(first) << 7 | i128::from(*low)) - DISTANCE_ZERO);
    }
    if rest.len() != LONG_GROUPS as usize {
        return None;
    }
    let groups = rest.iter().fold(0_u128, |groups, byte| groups << 7 | u128::from(*byte));
    match first {
        LONG_ABOVE => i128::try_from(groups).ok(),
        LONG_BELOW => i128::try_from(LONG_MAX - groups).ok().map(|length| -length),
        _ => None,
    }
}
