//! The order of encoded values, and that they can be decoded.

use std::cmp::Ordering;

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn bytes(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    assert!(encode_scalar(value, &mut bytes));
    bytes
}

#[test]
fn an_encoded_text_begins_with_its_prefix() {
    let mut prefix = Vec::new();
    encode_text_prefix("lib", &mut prefix);
    assert!(bytes(&json!("libssl")).starts_with(&prefix));
    assert!(!bytes(&json!("li")).starts_with(&prefix));
}

#[test]
fn the_first_byte_tells_the_kind() {
    for (value, kind) in [
        (json!(null), Some(ScalarKind::Null)),
        (json!(true), Some(ScalarKind::Bool)),
        (json!(1.5), Some(ScalarKind::Number)),
        (json!("ada"), Some(ScalarKind::Text)),
        (json!([]), None),
    ] {
        assert_eq!(ScalarKind::of(&value), kind, "{value}");
        if let Some((low, high)) = kind.map(ScalarKind::first_bytes) {
            assert!((low..=high).contains(&bytes(&value)[0]), "{value}");
        }
    }
}

/// Compares numbers by value, in arithmetic wide enough to be exact.
fn compare(left: &Value, right: &Value) -> Ordering {
    let is_number = |value| ScalarKind::of(value) == Some(ScalarKind::Number);
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::String(left), Value::String(right)) => left.cmp(right),
        _ if is_number(left) && is_number(right) => worth(left).cmp(&worth(right)),
        _ => ScalarKind::of(left).cmp(&ScalarKind::of(right)),
    }
}

/// Returns the whole part of a number, rounded down, in limbs, and the fraction above it.
fn worth(value: &Value) -> (bool, Vec<i64>) {
    let digits = match Integer::of(value) {
        Some(integer) => format!("{integer}.0"),
        None => format!("{:.1080}", value.as_f64().unwrap()),
    };
    let (is_negative, digits) = match digits.strip_prefix('-') {
        Some(digits) => (true, digits.to_owned()),
        None => (false, digits),
    };
    let (whole, fraction) = digits.split_once('.').unwrap();
    let all = format!("{whole:0>400}{fraction:0<1080}");
    let is_zero = all.bytes().all(|digit| digit == b'0');
    let sign = if is_negative { -1 } else { 1 };
    let digits = all.bytes().map(|digit| sign * i64::from(digit - b'0')).collect();
    (!is_negative || is_zero, digits)
}

fn scalar() -> impl Strategy<Value = Value> {
    let awkward = prop::sample::select(vec![
        json!(0),
        json!(-0.0),
        json!(0.5),
        json!(-0.5),
        json!(1),
        json!(-1),
        json!(1e300),
        json!(-1e300),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(u64::MAX - 1),
        json!(9_007_199_254_740_992_i64),
        json!(9_007_199_254_740_993_i64),
        json!(9_007_199_254_740_992.0),
        json!(1.844_674_407_370_955_2e19),
        json!(5e-324),
        json!(""),
        json!("\0"),
        json!("a"),
        json!("a\0"),
        json!("ab"),
        json!("\u{1}"),
    ]);
    prop_oneof![
        awkward,
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i128>().prop_map(|wide| Integer::from(wide).into()),
        any::<u128>().prop_map(|wide| Integer::from(wide).into()),
        (0_u32..128, -3000_i128..3000).prop_map(|(power, distance)| {
            Integer::from((1_u128 << power).saturating_add_signed(distance)).into()
        }),
        (0_u32..127).prop_map(|power| json!((1_u128 << power) as f64)),
        any::<f64>()
            .prop_filter("JSON has finite numbers", |float| float.is_finite())
            .prop_map(Value::from),
        (-100i64..100).prop_map(|number| json!(number as f64 / 4.0)),
        ".{0,4}".prop_map(Value::from),
    ]
}

proptest! {
    #[test]
    fn bytes_sort_as_values_do(left in scalar(), right in scalar()) {
        prop_assert_eq!(bytes(&left).cmp(&bytes(&right)), compare(&left, &right));
    }

    #[test]
    fn values_come_back(value in scalar()) {
        let bytes = bytes(&value);
        let back = decode_scalar(&bytes).unwrap();
        prop_assert_eq!(compare(&value, &back), Ordering::Equal);
        prop_assert!(bytes.iter().all(|byte| *byte < 0xfe));
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..16)) {
        let _ = decode_scalar(&bytes);
    }

    #[test]
    fn a_prefix_is_that_of_the_texts_that_begin_so(text in ".{0,4}", start in ".{0,2}") {
        let mut prefix = Vec::new();
        encode_text_prefix(&start, &mut prefix);
        let is_prefix = bytes(&json!(text)).starts_with(&prefix);
        prop_assert_eq!(is_prefix, text.starts_with(&start));
    }
}

#[test]
fn the_bytes_are_those_of_old() {
    assert_eq!(bytes(&Value::Null), [0x02]);
    assert_eq!(bytes(&json!(true)), [0x04]);
    assert_eq!(bytes(&json!("a\0b")), b"\x06a\x01\x01b\x00");
    let one = [0x05, 0x01, 0x3f, 0x78, 0, 0, 0, 0, 0, 0, 0, 0x20, 0];
    assert_eq!(bytes(&json!(1)), one);
    assert_eq!(bytes(&json!(1.0)), one);
}

#[test]
fn integers_of_128_bits_are_exact_to_the_last() {
    let edges = [
        i128::MIN.into(),
        (i128::MIN + 1).into(),
        (-(1_i128 << 100) - 1).into(),
        (-(1_i128 << 100)).into(),
        i128::from(i64::MIN).into(),
        0_i128.into(),
        Integer::from(u64::MAX as u128),
        (u64::MAX as u128 + 1).into(),
        (u64::MAX as u128 + 2).into(),
        (u128::MAX / 2).into(),
        (u128::MAX / 2 + 1).into(),
        (u128::MAX - 1).into(),
        u128::MAX.into(),
    ];
    for (place, left) in edges.iter().enumerate() {
        for (other, right) in edges.iter().enumerate() {
            let (left, right) = (bytes(&(*left).into()), bytes(&(*right).into()));
            assert_eq!(left.cmp(&right), place.cmp(&other), "{place} and {other}");
        }
        let read = decode_scalar(&bytes(&(*left).into())).unwrap();
        assert_eq!(bytes(&read), bytes(&(*left).into()), "{left}");
    }
}
