//! G2, G3: prefixes that include all of Unicode in the order of bytes, and segments that cannot be
//! confused.

use serde_json::json;

use crate::bed::Bed;
use crate::database::{Op, key};
use crate::engines::on_every_engine;

on_every_engine!(
    a_prefix_holds_all_of_unicode,
    lists_are_in_the_order_of_bytes,
    segments_are_exact,
    keys_with_a_zero_or_nothing_in_them_are_keys,
);

/// The original ends its ranges at U+00FF, and never lists what comes after it.
fn a_prefix_holds_all_of_unicode(bed: &Bed) {
    let database = bed.open();
    let names = ["", "a", "~z", "é", "ÿ", "日本", "😀"];
    let expected = names.map(|name| format!("event:{name}"));
    let mut ops: Vec<Op> = expected.iter().rev().map(|key| Op::put(key, 1)).collect();
    ops.extend(["eventz:1", "event", "event9", "even", "f"].map(|key| Op::put(key, 2)));
    database.batch(&ops).unwrap();
    assert_eq!(database.keys("event:").unwrap(), expected);
    let entries = database.get_all("event:").unwrap();
    assert_eq!(entries, expected.map(|key| (key, json!(1))));
    assert_eq!(database.keys("event:\u{10ffff}").unwrap(), [""; 0]);
    assert_eq!(database.keys("").unwrap().len(), 12);
}

/// JavaScript compares units of sixteen bits, by which the second comes before the first.
fn lists_are_in_the_order_of_bytes(bed: &Bed) {
    let database = bed.open();
    for key in ["😀", "\u{ff21}", "z", "Z", "\u{7f}", "a\u{0}", "a"] {
        database.put(key, &json!(key)).unwrap();
    }
    let expected = ["Z", "a", "a\u{0}", "z", "\u{7f}", "\u{ff21}", "😀"];
    assert_eq!(database.keys("").unwrap(), expected);
    let listed = database.get_all("").unwrap().into_iter().map(|(key, _)| key);
    assert_eq!(listed.collect::<Vec<_>>(), expected);
}

/// The prefix `modifier:1` of the original has the modifiers of 10 too, and those of "1:x".
fn segments_are_exact(bed: &Bed) {
    let database = bed.open();
    for id in ["1", "10", "1:x", "1%", ""] {
        for name in ["place", "a:b", ""] {
            let key = key::join(&["modifier", id, name]);
            database.put(&key, &json!([id, name])).unwrap();
        }
    }
    let values = |segments: &[&str]| {
        let found = database.get_all(&key::prefix(segments)).unwrap();
        found.into_iter().map(|(_, value)| value).collect::<Vec<_>>()
    };
    assert_eq!(values(&["modifier"]).len(), 15);
    for id in ["1", "10", "1:x", "1%", ""] {
        let expected = [json!([id, ""]), json!([id, "a:b"]), json!([id, "place"])];
        assert_eq!(values(&["modifier", id]), expected, "{id:?}");
    }
    assert!(values(&["modifier", "1", "a"]).is_empty());
}

fn keys_with_a_zero_or_nothing_in_them_are_keys(bed: &Bed) {
    let database = bed.open();
    let keys = ["", "\u{0}", "\u{0}\u{0}", "a\u{0}b"];
    for key in keys {
        database.put(key, &json!(key)).unwrap();
    }
    assert_eq!(database.keys("").unwrap(), keys);
    assert_eq!(database.keys("\u{0}").unwrap(), keys[1..3]);
    for key in keys {
        assert_eq!(database.get(key).unwrap(), Some(json!(key)));
    }
}

#[test]
fn ordinary_segments_are_the_keys_of_the_original() {
    assert_eq!(key::join(&["event", "2024-01-01-001"]), "event:2024-01-01-001");
    assert_eq!(
        key::join(&["modifier", "2024-01-01-001", "location"]),
        "modifier:2024-01-01-001:location"
    );
    assert_eq!(key::prefix(&["generated", "summary"]), "generated:summary:");
}

#[test]
fn segments_and_keys_are_one_to_one() {
    let parts = ["", "1", ":", "::", "%", "%25", "%3A", "3A", "a:b%", "\u{0}", "é", "日本", "😀"];
    let mut keys = std::collections::BTreeSet::new();
    let mut count = 0;
    for first in parts {
        for second in parts {
            for segments in [&[first, second][..], &[first, second, ""], &[first, "", second]] {
                let key = key::join(segments);
                assert_eq!(key::split(&key).unwrap(), segments, "{key:?}");
                keys.insert(key);
                count += 1;
            }
        }
    }
    // ("", "", second) is generated twice if the second is empty, and so are similar ones.
    let twice = parts.len();
    assert_eq!(keys.len(), count - twice);
    for key in parts.map(|part| key::join(&[part])) {
        assert!(!key.contains(':'), "{key:?}");
        assert!(!keys.contains(&key), "{key:?}");
    }
}

#[test]
fn what_was_not_joined_is_not_split() {
    for key in ["%", "a%", "event:%3a", "%2", "%2 5", "event:100%:x", "%%25"] {
        assert_eq!(key::split(key), None, "{key:?}");
    }
}
