//! Values of other crates' types sort as those crates sort them, whatever their form in JSON.

use std::fmt::Debug;

use chrono::{FixedOffset, TimeZone as _, Utc};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use super::IndexValue;
use crate::documents::scalar::{Scalar, decode_scalar};
use crate::documents::{FieldKind, to_json};

/// The nanoseconds of the first and the last second that all three crates have.
const RANGE: std::ops::Range<i128> = -377_705_000_000_000_000_000..253_402_200_000_000_000_000;

fn bytes_of(kind: FieldKind, value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    let scalar = Scalar::of(kind, value);
    assert!(scalar.is_some_and(|scalar| scalar.encode(&mut bytes)), "{value} is no {kind:?}");
    bytes
}

/// Returns the bytes of a value in an index, which are those of its form in a document, those of its
/// form in a filter, and those of the form that aggregates return.
fn bytes<V: IndexValue + Serialize>(value: &V) -> Vec<u8> {
    let bytes = bytes_of(V::KIND, &to_json("", value).unwrap());
    assert_eq!(bytes_of(V::KIND, &value.field_value()), bytes);
    let plain = decode_scalar(&bytes).unwrap();
    assert_eq!(bytes_of(V::KIND, &plain), bytes, "{plain}");
    assert!(bytes.iter().all(|byte| *byte < 0xfe), "{plain}");
    bytes
}

/// Asserts that two values sort in an index as they do in the program, and that what the index
/// returns is the value.
fn compare<V>(left: &V, right: &V)
where
    V: IndexValue + Serialize + DeserializeOwned + Ord + Debug,
{
    assert_eq!(bytes(left).cmp(&bytes(right)), left.cmp(right), "{left:?} and {right:?}");
    compare_back(left);
}

fn compare_back<V>(value: &V)
where
    V: IndexValue + Serialize + DeserializeOwned + PartialEq + Debug,
{
    let plain = decode_scalar(&bytes(value)).unwrap();
    assert_eq!(&serde_json::from_value::<V>(plain).unwrap(), value);
}

/// Moments that are near to each other, to the borders of seconds and years, or anywhere.
fn nanoseconds() -> impl Strategy<Value = i128> {
    let borders = prop::sample::select(vec![
        0,
        1_777_636_800_000_000_000,
        -62_167_219_200_000_000_000,
        -62_135_596_800_000_000_000,
        951_782_400_000_000_000,
        4_107_542_400_000_000_000,
    ]);
    let step = prop::sample::select(vec![1, 1_000, 1_000_000, 500_000_000, 86_400_000_000_000]);
    prop_oneof![RANGE, (borders, -3_i128..3, step).prop_map(|(at, by, step)| at + by * step)]
}

fn offset() -> impl Strategy<Value = i32> {
    prop_oneof![Just(0), (-23_i32..=22).prop_map(|hours| hours * 3600 + 1800)]
}

struct Moments {
    jiff: jiff::Timestamp,
    time: time::OffsetDateTime,
    chrono: chrono::DateTime<Utc>,
    shifted: chrono::DateTime<FixedOffset>,
}

impl Moments {
    fn of(nanoseconds: i128, offset: i32) -> Self {
        let time = time::OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).unwrap();
        let seconds = nanoseconds.div_euclid(1_000_000_000) as i64;
        let fraction = nanoseconds.rem_euclid(1_000_000_000) as u32;
        let chrono = Utc.timestamp_opt(seconds, fraction).unwrap();
        Self {
            jiff: jiff::Timestamp::from_nanosecond(nanoseconds).unwrap(),
            time,
            chrono,
            shifted: chrono.with_timezone(&FixedOffset::east_opt(offset).unwrap()),
        }
    }
}

proptest! {
    #[test]
    fn timestamps_sort_as_moments(
        left in nanoseconds(), right in nanoseconds(), one in offset(), other in offset(),
    ) {
        let (left, right) = (Moments::of(left, one), Moments::of(right, other));
        compare(&left.jiff, &right.jiff);
        compare(&left.chrono, &right.chrono);
        compare(&left.shifted, &right.shifted);
        prop_assert_eq!(bytes(&left.time).cmp(&bytes(&right.time)), left.time.cmp(&right.time));
        let same = [bytes(&left.jiff), bytes(&left.chrono), bytes(&left.shifted), bytes(&left.time)];
        prop_assert!(same.windows(2).all(|pair| pair[0] == pair[1]), "{:?}", left.shifted);
        if let Ok(text) = left.time.format(&Rfc3339) {
            prop_assert_eq!(bytes_of(FieldKind::Timestamp, &text.into()), bytes(&left.jiff));
        }
        let zoned = left.jiff.to_zoned_datetime(jiff::tz::TimeZone::fixed(jiff::tz::offset(5)));
        prop_assert_eq!(bytes(&zoned), bytes(&left.jiff));
    }

    #[test]
    fn dates_sort_as_days(left in nanoseconds(), right in nanoseconds()) {
        let civil = |moment: &Moments| moment.jiff.to_zoned_datetime(jiff::tz::TimeZone::UTC).datetime();
        let (left, right) = (Moments::of(left, 0), Moments::of(right, 0));
        compare(&civil(&left), &civil(&right));
        compare(&civil(&left).date(), &civil(&right).date());
        let naive = left.chrono.naive_utc();
        compare(&naive, &right.chrono.naive_utc());
        compare(&naive.date(), &right.chrono.naive_utc().date());
        let plain = time::PrimitiveDateTime::new(left.time.date(), left.time.time());
        prop_assert_eq!(bytes(&plain), bytes(&naive));
        prop_assert_eq!(bytes(&civil(&left)), bytes(&naive));
        prop_assert_eq!(bytes(&left.time.date()), bytes(&naive.date()));
        prop_assert_eq!(bytes(&civil(&left).date()), bytes(&naive.date()));
    }

    #[test]
    fn decimals_sort_as_numbers(left in decimal(), right in decimal()) {
        compare(&left, &right);
    }

    #[test]
    fn sums_of_decimals_are_exact(
        (left, right) in any::<(i64, i64)>(), (one, other) in (0_u32..=8, 0_u32..=8),
    ) {
        let (left, right) = (Decimal::new(left, one), Decimal::new(right, other));
        // With these digits, none is rounded.
        let expected = left + right;
        let sum = number(&left).checked_add(number(&right)).map(|sum| sum.to_string());
        prop_assert_eq!(sum, Some(expected.normalize().to_string()));
    }

    #[test]
    fn bytes_sort_as_slices(
        left in prop::collection::vec(any::<u8>(), 0..4),
        right in prop::collection::vec(prop::sample::select(vec![0, 1, 0xfd, 0xff]), 0..4),
    ) {
        let (left, right) = (left.into_boxed_slice(), right.into_boxed_slice());
        compare(&left, &right);
        compare(&right, &left);
        prop_assert!(!bytes(&left).starts_with(&bytes(&right)) || left == right);
    }

    #[test]
    fn no_text_and_no_bytes_panic(
        text in "[-+0-9TZ:. \\[\\]]{0,30}", bytes in prop::collection::vec(any::<u8>(), 0..30),
        first in 7_u8..=11,
    ) {
        let text = Value::from(text);
        for kind in [FieldKind::Timestamp, FieldKind::DateTime, FieldKind::Date, FieldKind::Decimal] {
            let _ = Scalar::of(kind, &text);
        }
        let _ = decode_scalar(&[&[first][..], &bytes].concat());
    }
}

fn number(decimal: &Decimal) -> crate::documents::decimal::Decimal {
    crate::documents::decimal::Decimal::of(&decimal.to_string().into()).unwrap()
}

fn decimal() -> impl Strategy<Value = Decimal> {
    let mantissa = prop_oneof![
        -(1_i128 << 96) + 1..1_i128 << 96,
        -1000_i128..1000,
        (-9_i128..9, 0_u32..28).prop_map(|(digit, zeros)| digit * 10_i128.pow(zeros)),
    ];
    (mantissa, 0_u32..=28)
        .prop_map(|(mantissa, scale)| Decimal::from_i128_with_scale(mantissa, scale))
}

#[test]
fn forms_of_a_moment_are_equal() {
    let moment = bytes_of(FieldKind::Timestamp, &json!("2026-05-01T12:00:00.5Z"));
    for form in [
        json!("2026-05-01T12:00:00.500Z"),
        json!("2026-05-01t12:00:00.500000000000z"),
        json!("2026-05-01T14:00:00.5+02:00"),
        json!("2026-05-01T07:00:00.5-05:00[America/Chicago]"),
        json!("2026-05-01 14:00:00.5 +02:00:00"),
        json!("+002026-05-01T12:00:00.500000000Z"),
        json!([2026, 121, 14, 0, 0, 500_000_000, 2, 0, 0]),
    ] {
        assert_eq!(bytes_of(FieldKind::Timestamp, &form), moment, "{form}");
    }
}

#[test]
fn what_is_no_date_is_refused() {
    for (kind, value) in [
        (FieldKind::Timestamp, json!("2026-05-01T12:00:00")),
        (FieldKind::Timestamp, json!("2026-05-01")),
        (FieldKind::Timestamp, json!("2026-02-29T12:00:00Z")),
        (FieldKind::Timestamp, json!("2026-05-01T24:00:00Z")),
        (FieldKind::Timestamp, json!("2026-05-01T12:00:61Z")),
        (FieldKind::Timestamp, json!("2026-05-01T12:00:00.Z")),
        (FieldKind::Timestamp, json!("2026-05-01T12:00:00.0000000001Z")),
        (FieldKind::Timestamp, json!("2026-05-01T12:00:00Z ")),
        (FieldKind::Timestamp, json!(1_777_636_800)),
        (FieldKind::Timestamp, json!([2026, 121, 14, 0, 0, 0])),
        (FieldKind::DateTime, json!("2026-05-01T12:00:00Z")),
        (FieldKind::DateTime, json!([2026, 366, 12, 0, 0, 0])),
        (FieldKind::Date, json!("2026-04-31")),
        (FieldKind::Date, json!("26-04-30")),
        (FieldKind::Date, json!("2026-5-1")),
        (FieldKind::Date, json!("1900-02-29")),
        (FieldKind::Date, json!([2026, 0])),
        (FieldKind::Decimal, json!(0.5)),
        (FieldKind::Decimal, json!("")),
        (FieldKind::Decimal, json!("-")),
        (FieldKind::Decimal, json!(".5")),
        (FieldKind::Decimal, json!("1e3")),
        (FieldKind::Decimal, json!("1_000")),
        (FieldKind::Decimal, json!("0.00000000000000000000000000001")),
        (FieldKind::Decimal, json!("170141183460469231731687303715884105728")),
        (FieldKind::Bytes, json!("AQI=")),
        (FieldKind::Bytes, json!([256])),
        (FieldKind::Bytes, json!([-1])),
    ] {
        assert_eq!(Scalar::of(kind, &value), None, "{value} as {kind:?}");
    }
}

#[test]
fn the_bytes_in_an_index_do_not_change() {
    let number = [1, 0x3f, 0x78, 0, 0, 0, 0, 0, 0, 0, 0x20, 0];
    let with = |first: u8, last: &[u8]| [&[first][..], &number, last].concat();
    for (kind, value, bytes) in [
        (FieldKind::Timestamp, json!("1970-01-01T00:00:00.000000001Z"), with(8, &[])),
        (FieldKind::DateTime, json!("1970-01-01T00:00:00.000000001"), with(9, &[])),
        (FieldKind::Date, json!("1970-01-02"), with(10, &[])),
        (FieldKind::Decimal, json!("1.025"), with(7, &[3, 51, 0])),
        (FieldKind::Decimal, json!(1), with(7, &[0])),
        (FieldKind::Bytes, json!([0, 1, 2, 0xff]), vec![11, 1, 1, 1, 2, 2, 0xfd, 3, 0]),
    ] {
        assert_eq!(bytes_of(kind, &value), bytes, "{value}");
    }
}

#[test]
fn a_leap_second_is_the_last_moment_before_it() {
    let leap = |text: &str| bytes_of(FieldKind::Timestamp, &text.into());
    assert_eq!(leap("2016-12-31T23:59:60Z"), leap("2016-12-31T23:59:59.999999999Z"));
    assert_eq!(leap("2016-12-31T23:59:60.7Z"), leap("2016-12-31T23:59:60Z"));
    let chrono: chrono::DateTime<Utc> = "2016-12-31T23:59:60.5Z".parse().unwrap();
    assert_eq!(bytes(&chrono), leap("2016-12-31T23:59:60Z"));
}
