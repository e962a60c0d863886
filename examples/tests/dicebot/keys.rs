//! D1, D3, D4: the bytes of keys, and that scopes do not overlap.

use arbour::{Cursor as _, KvRead as _, KvStore as _};

use crate::bed::{ADA, Bed, COUNTS, VALUES, dump};
use crate::database::Scope;
use crate::engines::on_every_engine;

on_every_engine!(
    bytes_are_those_of_the_seed,
    scopes_are_exact,
    prefixes_end_where_they_should,
    lists_are_in_the_order_of_bytes,
);

fn bytes_are_those_of_the_seed(bed: &Bed) {
    let database = bed.open();
    database.variables.set(ADA, "str", -2).unwrap();
    // @a:x FE !r:x FF str
    let key = b"\x40\x61\x3a\x78\xfe\x21\x72\x3a\x78\xff\x73\x74\x72".to_vec();
    let value = b"\xfe\xff\xff\xff".to_vec();
    assert_eq!(dump(&database, VALUES), [(key, value)]);
    let key = b"\x40\x61\x3a\x78\xfe\x21\x72\x3a\x78".to_vec();
    let count = b"\x01\x00\x00\x00".to_vec();
    assert_eq!(dump(&database, COUNTS), [(key, count)]);
}

fn scopes_are_exact(bed: &Bed) {
    let variables = bed.open().variables;
    let mut value = 0;
    for user in ["a", "ab", ""] {
        for room in ["r", "r2", ""] {
            for name in ["s", "st", "str"] {
                value += 1;
                variables.set(Scope { user, room }, name, value).unwrap();
            }
        }
    }
    let (user, room) = ("a", "r");
    let of = |name: &str, value| (name.to_owned(), value);
    assert_eq!(
        variables.list(Scope { user, room }).unwrap(),
        [of("s", 1), of("st", 2), of("str", 3)]
    );
    assert_eq!(variables.count(Scope { user: "ab", room }).unwrap(), 3);

    let (ab_c, a_bc) = (Scope { user: "ab", room: "c" }, Scope { user: "a", room: "bc" });
    variables.set(ab_c, "x", 1).unwrap();
    variables.set(a_bc, "x", 2).unwrap();
    assert_eq!(variables.get(ab_c, "x").unwrap(), 1);
    assert_eq!(variables.get(a_bc, "x").unwrap(), 2);
    assert!(variables.verify().unwrap().findings.is_empty());
}

/// The upper bound of a prefix that ends in FF is not found by adding one to its last byte.
fn prefixes_end_where_they_should(bed: &Bed) {
    let database = bed.open();
    let store = database.store();
    let tree = store.tree("prefixes").unwrap();
    let keys: [&[u8]; 9] =
        [b"\x00", b"a", b"a\xfe", b"a\xff", b"a\xff\x00", b"a\xff\xff", b"b", b"\xff", b"\xff\xff"];
    for key in keys {
        store.put(&tree, key, b"").unwrap();
    }
    let prefixes: [&[u8]; 6] = [b"a\xff", b"\xff", b"", b"a", b"\xff\xff", b"a\xfe"];
    for prefix in prefixes {
        let mut expected: Vec<&[u8]> = keys.to_vec();
        expected.retain(|key| key.starts_with(prefix));
        expected.sort_unstable();
        let snapshot = store.snapshot().unwrap();
        let mut cursor = snapshot.prefix(&tree, prefix).unwrap();
        let mut found = Vec::new();
        while let Some((key, _)) = cursor.next().unwrap() {
            found.push(key.to_vec());
        }
        assert_eq!(found, expected, "under {}", prefix.escape_ascii());
    }
}

fn lists_are_in_the_order_of_bytes(bed: &Bed) {
    let variables = bed.open().variables;
    let names = ["\u{ff21}", "😀", "ÿ", "~", "a", "A", "", "日本", "\u{7f}", "é"];
    for name in names {
        variables.set(ADA, name, 1).unwrap();
    }
    let mut expected = names.to_vec();
    expected.sort_unstable_by_key(|name| name.as_bytes());
    let listed: Vec<String> = variables.list(ADA).unwrap().into_iter().map(|v| v.0).collect();
    assert_eq!(listed, expected);
}
