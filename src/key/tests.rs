//! Properties of every part: the round trip, the order, the free delimiters, and that decoding
//! accepts only what encoding produces.

use std::cmp::Ordering;
use std::fmt::Debug;

use proptest::prelude::*;

use super::*;

fn encode(part: &(impl KeyPart + ?Sized)) -> Vec<u8> {
    let mut key = Vec::new();
    part.encode_part(&mut key);
    key
}

fn by_value(key: impl Key) -> Vec<u8> {
    key.to_key_bytes()
}

fn prefix_bytes<K>(prefix: impl KeyPrefix<K>) -> Vec<u8> {
    let mut bytes = Vec::new();
    prefix.encode_prefix(&mut bytes);
    bytes
}

/// Checks a single value.
fn check_part<P: KeyPart<Owned = P> + PartialEq + Debug>(part: &P) {
    let bytes = encode(part);
    assert!(bytes.iter().all(|byte| *byte < PART_DELIMITER), "{part:?} is {bytes:x?}");
    assert_eq!(&P::decode_part(&bytes).unwrap(), part);
}

/// Checks that two values sort as their bytes do, whatever follows them.
fn check_order<P: PrefixFree + Ord + Debug>(left: &P, right: &P) {
    for (behind_left, behind_right) in [(0x00, 0xff), (0xff, 0x00)] {
        let (mut left_bytes, mut right_bytes) = (encode(left), encode(right));
        left_bytes.push(behind_left);
        right_bytes.push(behind_right);
        if left != right {
            assert_eq!(left_bytes.cmp(&right_bytes), left.cmp(right), "{left:?} {right:?}");
        }
    }
    assert_eq!(encode(left).cmp(&encode(right)), left.cmp(right));
}

/// Checks that bytes which can be decoded are exactly those that encoding produces.
fn check_canonical<P: KeyPart<Owned = P>>(bytes: &[u8]) {
    if let Ok(part) = P::decode_part(bytes) {
        assert_eq!(encode(&part), bytes);
    }
}

fn check_canonical_key<K: Key<Owned = K>>(bytes: &[u8]) {
    if let Ok(key) = K::decode_key(bytes) {
        assert_eq!(key.to_key_bytes(), bytes);
    }
}

/// Byte strings rich in bytes with a special meaning.
fn tricky_bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        3 => prop::sample::select(vec![0u8, 1, 2, 3, 4, 0x7f, 0x80, 0xfc, 0xfd, 0xfe, 0xff]),
        1 => any::<u8>(),
    ];
    prop::collection::vec(byte, 0..14)
}

fn tricky_text() -> impl Strategy<Value = String> {
    prop_oneof!["[\0\u{1}\u{2}ab]{0,4}", any::<String>()]
}

/// Every bit pattern, including NaNs with payloads.
fn any_float() -> impl Strategy<Value = f64> {
    any::<u64>().prop_map(f64::from_bits)
}

proptest! {
    #[test]
    fn integers_keep_their_values_and_their_order(
        a: u64, b: u64, c: i64, d: i64, e: u32, f: i32, g: u16, h: i16, i: u8, j: i8,
    ) {
        check_order(&a, &b);
        check_order(&c, &d);
        check_order(&Descending(c), &Descending(d));
        check_part(&a);
        check_part(&c);
        check_part(&e);
        check_part(&f);
        check_part(&g);
        check_part(&h);
        check_part(&i);
        check_part(&j);
        check_part(&Descending(a));
        assert_eq!(encode(&e), encode(&u64::from(e)), "narrow integers are widened");
        assert_eq!(encode(&f), encode(&i64::from(f)));
    }

    #[test]
    fn close_integers_keep_their_order(a: u64, distance in -2i64..=2) {
        check_order(&a, &a.wrapping_add_signed(distance));
        check_order(&a.cast_signed(), &a.cast_signed().wrapping_add(distance));
    }

    #[test]
    fn floats_keep_every_bit_and_the_total_order(a in any_float(), b in any_float()) {
        assert_eq!(f64::decode_part(&encode(&a)).unwrap().to_bits(), a.to_bits());
        assert_eq!(encode(&a).cmp(&encode(&b)), a.total_cmp(&b));
        let (left, right) = (encode(&Descending(a)), encode(&Descending(b)));
        assert_eq!(left.cmp(&right), b.total_cmp(&a));
    }

    #[test]
    fn byte_strings_keep_their_values_and_their_order(a in tricky_bytes(), b in tricky_bytes()) {
        check_part(&a);
        assert_eq!(encode(&a).cmp(&encode(&b)), a.cmp(&b));
        check_part(&Ordered(a.clone()));
        check_part(&Descending(Ordered(a.clone())));
        check_order(&Ordered(a.clone()), &Ordered(b.clone()));
        check_order(&Descending(Ordered(a)), &Descending(Ordered(b)));
    }

    #[test]
    fn a_beginning_sorts_first(a in tricky_bytes(), more in tricky_bytes()) {
        let longer = [a.clone(), more].concat();
        check_order(&Ordered(a.clone()), &Ordered(longer.clone()));
        check_order(&Descending(Ordered(a)), &Descending(Ordered(longer)));
    }

    #[test]
    fn fixed_byte_strings_keep_their_values_and_their_order(
        a in tricky_bytes(), b in tricky_bytes(),
    ) {
        let byte = |bytes: &[u8], position| bytes.get(position).copied().unwrap_or_default();
        let fixed = |bytes: &[u8]| -> [u8; 4] { std::array::from_fn(|at| byte(bytes, at)) };
        let (a, b) = (fixed(&a), fixed(&b));
        check_part(&a);
        check_part(&Descending(a));
        check_order(&a, &b);
        check_order(&Descending(a), &Descending(b));
    }

    #[test]
    fn text_keeps_its_value_and_its_order(a in tricky_text(), b in tricky_text()) {
        check_part(&a);
        assert_eq!(encode(&a).cmp(&encode(&b)), a.cmp(&b));
        check_part(&Ordered(a.clone()));
        check_order(&Ordered(a.clone()), &Ordered(b.clone()));
        check_order(&Descending(Ordered(a)), &Descending(Ordered(b)));
    }

    #[test]
    fn keys_decode_to_themselves_and_borrowed_keys_are_the_same(
        a in tricky_text(), b in tricky_bytes(), c: i64, d in tricky_text(), e: bool,
    ) {
        let key = ((a, b), (c, Ordered(d)), e);
        let bytes = key.to_key_bytes();
        let borrowed =
            ((key.0.0.as_str(), key.0.1.as_slice()), (&key.1.0, Ordered(key.1.1.0.as_str())), &e);
        assert_eq!(borrowed.to_key_bytes(), bytes);
        assert_eq!(by_value(&key), bytes, "a reference to a key is a key");
        type K = ((String, Vec<u8>), (i64, Ordered<String>), bool);
        assert_eq!(K::decode_key(&bytes).unwrap(), key);
    }

    #[test]
    fn different_keys_have_different_bytes(
        a in tricky_text(), b in tricky_text(), c in tricky_text(), d in tricky_text(),
    ) {
        let (left, right) = ((a.as_str(), b.as_str()), (c.as_str(), d.as_str()));
        assert_eq!(left == right, left.to_key_bytes() == right.to_key_bytes());
        assert_eq!(left == right, (left,).to_key_bytes() == (right,).to_key_bytes());
    }

    #[test]
    fn a_prefix_holds_its_keys_and_no_others(
        a in "[ab]{0,2}", b in "[ab]{0,2}", c in "[ab]{0,2}", d in "[ab]{0,2}",
    ) {
        type K = ((String, String), String);
        let key = ((a.as_str(), b.as_str()), "x").to_key_bytes();
        let group = prefix_bytes::<K>((c.as_str(), d.as_str()));
        assert_eq!(key.starts_with(&group), (&a, &b) == (&c, &d));
        let part = prefix_bytes::<K>(Parts(c.as_str()));
        assert_eq!(key.starts_with(&part), a == c);
        let start = prefix_bytes::<K>(StartsWith(c.as_str()));
        assert_eq!(key.starts_with(&start), a.starts_with(&c));
    }

    #[test]
    fn the_beginning_of_a_part_is_a_prefix_of_its_bytes(a in tricky_bytes(), b in tricky_bytes()) {
        let prefix = prefix_bytes::<(Vec<u8>, u64)>(StartsWith(b.as_slice()));
        assert_eq!((&a, 7u64).to_key_bytes().starts_with(&prefix), a.starts_with(&b));
        let prefix = prefix_bytes::<(Ordered<Vec<u8>>, u64)>(StartsWith(b.as_slice()));
        assert_eq!((Ordered(&a), 7u64).to_key_bytes().starts_with(&prefix), a.starts_with(&b));
    }

    #[test]
    fn only_canonical_bytes_decode(bytes in tricky_bytes()) {
        check_canonical::<String>(&bytes);
        check_canonical::<Vec<u8>>(&bytes);
        check_canonical::<[u8; 3]>(&bytes);
        check_canonical::<u64>(&bytes);
        check_canonical::<u8>(&bytes);
        check_canonical::<i64>(&bytes);
        check_canonical::<i16>(&bytes);
        check_canonical::<f64>(&bytes);
        check_canonical::<bool>(&bytes);
        check_canonical::<Ordered<String>>(&bytes);
        check_canonical::<Ordered<Vec<u8>>>(&bytes);
        check_canonical::<Descending<bool>>(&bytes);
        check_canonical::<Descending<Ordered<Vec<u8>>>>(&bytes);
        check_canonical_key::<(Vec<u8>, Vec<u8>)>(&bytes);
        check_canonical_key::<((Vec<u8>, bool),)>(&bytes);
        check_canonical_key::<((String, Vec<u8>, bool), String, String, Vec<u8>)>(&bytes);
    }

    #[test]
    fn only_canonical_numbers_decode(
        bytes in prop::collection::vec(prop_oneof![0u8..2, 0u8..0x81, any::<u8>()], 10),
    ) {
        check_canonical::<u64>(&bytes);
        check_canonical::<u32>(&bytes);
        check_canonical::<i64>(&bytes);
        check_canonical::<i8>(&bytes);
        check_canonical::<f64>(&bytes);
        check_canonical::<Descending<u64>>(&bytes);
    }
}

/// The encoding of every part. Never change these bytes: existing stores contain them.
#[test]
fn the_bytes_are_pinned() {
    let ten = |first: &[u8], last: u8| [first, &vec![0; 9 - first.len()], &[last]].concat();
    assert_eq!(encode("é\0"), b"\xc3\xa9\0");
    assert_eq!(encode(&[0, 0xfc, 0xfd, 0xfe, 0xff][..]), b"\0\xfc\xfd\x01\xfd\x02\xfd\x03");
    assert_eq!(encode(&300u64), [0, 0, 0, 0, 0, 0, 0, 0, 2, 0x2c]);
    assert_eq!(encode(&u64::MAX), [1, 127, 127, 127, 127, 127, 127, 127, 127, 127]);
    assert_eq!(encode(&0i64), ten(&[1], 0));
    assert_eq!(encode(&-1i64), [0, 127, 127, 127, 127, 127, 127, 127, 127, 127]);
    assert_eq!(encode(&i64::MIN), ten(&[], 0));
    assert_eq!(encode(&0.0f64), ten(&[1], 0));
    assert_eq!(encode(&-0.0f64), [0, 127, 127, 127, 127, 127, 127, 127, 127, 127]);
    assert_eq!(encode(&1.0f64), ten(&[1, 63, 120], 0));
    assert_eq!((encode(&false), encode(&true)), (vec![0], vec![1]));
    assert_eq!(encode(&Ordered("a\0\u{1}\u{2}")), b"a\x01\x01\x01\x02\x02\0");
    assert_eq!(encode(&Ordered(&b"\xfd\xff"[..])), b"\xfd\x01\x02\xfd\x03\0");
    assert_eq!(encode(&Descending(Ordered(&b"\xff"[..]))), [0x00, 0xfa, 0xfd]);
    assert_eq!(encode(&Descending(true)), [0xfc]);
}

/// Key D1 of the acceptance list drawn from dicebot, and the collision of its first schema.
#[test]
fn keys_are_those_of_dicebot() {
    let key = (("@a:x", "!r:x"), "str").to_key_bytes();
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "40613a78fe21723a78ff737472");
    assert_ne!(("ab", "c").to_key_bytes(), ("a", "bc").to_key_bytes());
    assert_ne!((("ab", "c"),).to_key_bytes(), (("a", "bc"),).to_key_bytes());
}

#[test]
fn special_floats_are_in_total_order() {
    let mut floats = [f64::NAN, 1.0, 0.0, -0.0, -1.0, f64::NEG_INFINITY, f64::INFINITY, -f64::NAN];
    floats.sort_by_key(encode);
    assert!(floats.is_sorted_by(|a, b| a.total_cmp(b) == Ordering::Less), "{floats:?}");
}

#[test]
fn errors_say_what_was_expected_where() {
    let message = |bytes: &[u8]| {
        <((String, u64), Ordered<String>)>::decode_key(bytes).unwrap_err().to_string()
    };
    assert_eq!(message(b"a\xff\xffb"), "expected 2 groups split by FF, found 3");
    assert_eq!(message(b"a\xffb"), "group 1: expected 2 parts split by FE, found 1");
    assert_eq!(message(b"a\xfe7\xffb"), "group 1, part 2: expected 10 bytes of a number, found 1");
    let seven = b"a\xfe\0\0\0\0\0\0\0\0\0\x07\xff".to_vec();
    let after = |rest: &[u8]| message(&[&seven, rest].concat());
    assert_eq!(after(b"b"), "group 2: expected 00 at the end, found 62");
    assert_eq!(after(b"\x01\x03\0"), "group 2: expected 01 or 02 after 01, found 03");
    assert_eq!(after(b"\x80\0"), "group 2: expected UTF-8, found 80 at offset 0");
    assert_eq!(
        u8::decode_part(&encode(&256u64)).unwrap_err().to_string(),
        "expected a number of u8, found 256"
    );
}

#[test]
fn prefixes_end_at_a_delimiter() {
    type Three = (String, u64, (bool, String));
    assert_eq!(prefix_bytes::<Three>("a"), b"a\xff");
    assert_eq!(prefix_bytes::<Three>(Within("a", 0u64)), b"a\xff\0\0\0\0\0\0\0\0\0\0\xff");
    assert_eq!(
        prefix_bytes::<Three>(Within("a", Within(0u64, Parts(true)))),
        b"a\xff\0\0\0\0\0\0\0\0\0\0\xff\x01\xfe"
    );
    type OneGroup = ((String, String, String),);
    assert_eq!(prefix_bytes::<OneGroup>(Parts("a")), b"a\xfe");
    assert_eq!(prefix_bytes::<OneGroup>(Parts(("a", "b"))), b"a\xfeb\xfe");
    assert_eq!(prefix_bytes::<OneGroup>(Within(Parts("a"), StartsWith("b"))), b"a\xfeb");
    assert_eq!(prefix_bytes::<String>(StartsWith("a")), b"a");
}
