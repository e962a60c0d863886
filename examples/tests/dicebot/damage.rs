//! D11, D13: damaged entries are named, wrong counts are detected and repaired.

use std::error::Error as _;

use arbour::{DecodeError, ErrorKind};

use crate::bed::{ADA, Bed, COUNTS, VALUES, delete_raw, dump, put_raw};
use crate::database::{Error, Finding};
use crate::engines::on_every_engine;

on_every_engine!(
    a_value_of_another_length_is_an_error,
    a_name_that_is_no_text_is_an_error,
    a_damaged_count_is_an_error,
    an_impossible_count_is_an_error,
    wrong_counts_are_found_and_repaired,
    undecodable_entries_are_found_and_left,
    the_zeros_of_the_seed_are_right,
);

const STR: &[u8] = b"@a:x\xfe!r:x\xffstr";
const ADAS_COUNT: &[u8] = b"@a:x\xfe!r:x";

fn decode_error<T: std::fmt::Debug>(result: Result<T, Error>) -> arbour::Error {
    let Err(Error::Store(error)) = result else {
        panic!("no error of the store: {result:?}");
    };
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.source().unwrap().is::<DecodeError>());
    error
}

fn a_value_of_another_length_is_an_error(bed: &Bed) {
    let database = bed.open();
    let variables = &database.variables;
    variables.set(ADA, "dex", 6).unwrap();
    for damaged in [&b"\x01\x02\x03"[..], b"\x01\x02\x03\x04\x05", b""] {
        put_raw(&database, VALUES, STR, damaged);
        for error in [decode_error(variables.get(ADA, "str")), decode_error(variables.list(ADA))] {
            assert_eq!(error.tree(), Some(VALUES));
            assert_eq!(error.key(), Some(r"@a:x\xfe!r:x\xffstr"));
        }
    }
    assert_eq!(variables.get(ADA, "dex").unwrap(), 6);
    // A damaged entry can be set again, or deleted.
    variables.repair().unwrap();
    variables.set(ADA, "str", 5).unwrap();
    assert_eq!(variables.get(ADA, "str").unwrap(), 5);
    put_raw(&database, VALUES, STR, b"");
    variables.delete(ADA, "str").unwrap();
    assert!(variables.verify().unwrap().findings.is_empty());
}

fn a_name_that_is_no_text_is_an_error(bed: &Bed) {
    let database = bed.open();
    put_raw(&database, VALUES, b"@a:x\xfe!r:x\xff\xc3(", &[0; 4]);
    let error = decode_error(database.variables.list(ADA));
    assert_eq!(error.tree(), Some(VALUES));
    assert_eq!(error.key(), Some(r"@a:x\xfe!r:x\xff\xc3("));
    assert!(error.message().contains("UTF-8"), "{error}");
}

fn a_damaged_count_is_an_error(bed: &Bed) {
    let database = bed.open();
    let variables = &database.variables;
    variables.set(ADA, "str", 5).unwrap();
    put_raw(&database, COUNTS, ADAS_COUNT, b"\x01\x00\x00");
    let before = [VALUES, COUNTS].map(|tree| dump(&database, tree));
    for error in [
        decode_error(variables.count(ADA)),
        decode_error(variables.set(ADA, "dex", 6)),
        decode_error(variables.delete(ADA, "str")),
    ] {
        assert_eq!(error.tree(), Some(COUNTS));
        assert_eq!(error.key(), Some(r"@a:x\xfe!r:x"));
    }
    assert_eq!([VALUES, COUNTS].map(|tree| dump(&database, tree)), before);
}

/// The original clamps at zero, which hides that the count had drifted.
fn an_impossible_count_is_an_error(bed: &Bed) {
    let database = bed.open();
    let variables = &database.variables;
    variables.set(ADA, "str", 5).unwrap();
    put_raw(&database, COUNTS, ADAS_COUNT, &(-1_i32).to_le_bytes());
    let impossible = [
        variables.count(ADA).unwrap_err(),
        variables.set(ADA, "dex", 6).unwrap_err(),
        variables.delete(ADA, "str").unwrap_err(),
    ];
    for error in impossible {
        assert!(matches!(error, Error::ImpossibleCount { stored: -1, .. }), "{error}");
    }
    delete_raw(&database, COUNTS, ADAS_COUNT);
    let error = variables.delete(ADA, "str").unwrap_err();
    assert!(matches!(error, Error::ImpossibleCount { stored: 0, .. }), "{error}");
    assert_eq!(variables.get(ADA, "str").unwrap(), 5);
}

fn wrong_counts_are_found_and_repaired(bed: &Bed) {
    let database = bed.open();
    let variables = &database.variables;
    let users = ["a", "ab", "b", "c"];
    for user in users {
        let scope = crate::database::Scope { user, ..ADA };
        for name in ["str", "dex", "int"] {
            variables.set(scope, name, 1).unwrap();
        }
    }
    let sound = dump(&database, COUNTS);
    let report = variables.verify().unwrap();
    assert_eq!((report.variables, report.scopes), (12, 4));
    assert!(report.findings.is_empty());

    put_raw(&database, COUNTS, b"a\xfe!r:x", &5_i32.to_le_bytes());
    delete_raw(&database, COUNTS, b"ab\xfe!r:x");
    put_raw(&database, COUNTS, b"b\xfe!r:x", b"abc");
    put_raw(&database, COUNTS, b"nobody\xfe!r:x", &1_i32.to_le_bytes());
    put_raw(&database, COUNTS, b"no scope", &1_i32.to_le_bytes());
    let report = variables.verify().unwrap();
    let found: Vec<String> = report.findings.iter().map(name).collect();
    let expected = [
        // FE sorts after every letter, so "ab" comes before "a".
        "ab misses 3",
        "a is 5, not 3",
        r"undecodable b\xfe!r:x",
        "undecodable no scope",
        "nobody has 1 too many",
    ];
    assert_eq!(found, expected);

    let repaired = variables.repair().unwrap();
    assert_eq!(repaired.findings.iter().map(name).collect::<Vec<_>>(), expected);
    assert!(variables.verify().unwrap().findings.is_empty());
    assert_eq!(dump(&database, COUNTS), sound);
}

fn name(finding: &Finding) -> String {
    match finding {
        Finding::Wrong { user, stored, actual, .. } => format!("{user} is {stored}, not {actual}"),
        Finding::Missing { user, actual, .. } => format!("{user} misses {actual}"),
        Finding::Surplus { user, stored, .. } => format!("{user} has {stored} too many"),
        Finding::Undecodable(error) => format!("undecodable {}", error.key().unwrap()),
    }
}

fn undecodable_entries_are_found_and_left(bed: &Bed) {
    let database = bed.open();
    let variables = &database.variables;
    variables.set(ADA, "str", 5).unwrap();
    variables.set(ADA, "dex", 6).unwrap();
    put_raw(&database, VALUES, STR, b"abc");
    put_raw(&database, VALUES, b"@a:x\xfe!r:x\xff\xc3(", &[0; 4]);
    put_raw(&database, VALUES, b"no delimiter", &[0; 4]);
    let before = [VALUES, COUNTS].map(|tree| dump(&database, tree));
    for report in [variables.verify(), variables.repair(), variables.verify()] {
        let report = report.unwrap();
        // A variable with a damaged value still counts.
        assert_eq!(report.variables, 2);
        assert_eq!(
            report.findings.iter().map(name).collect::<Vec<_>>(),
            [
                r"undecodable @a:x\xfe!r:x\xffstr",
                r"undecodable @a:x\xfe!r:x\xff\xc3(",
                "undecodable no delimiter"
            ]
        );
        assert!(!report.findings.iter().any(|found| variables.is_of_counts(found)));
    }
    assert_eq!([VALUES, COUNTS].map(|tree| dump(&database, tree)), before);
}

fn the_zeros_of_the_seed_are_right(bed: &Bed) {
    let database = bed.open();
    put_raw(&database, COUNTS, ADAS_COUNT, &[0; 4]);
    assert!(database.variables.verify().unwrap().findings.is_empty());
    assert_eq!(database.variables.count(ADA).unwrap(), 0);
    database.variables.set(ADA, "str", 5).unwrap();
    assert_eq!(database.variables.count(ADA).unwrap(), 1);
}
